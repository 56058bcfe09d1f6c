//! Numbers and addresses as digits: tables and a little arithmetic, for the writers of packets.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `"00"` to `"99"`.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
pub(in crate::output) const PAIRS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut tens = 0;
    let mut index = 0;
    while tens < 10 {
        let mut ones = 0;
        while ones < 10 {
            table[index] = [b'0' + tens, b'0' + ones];
            ones += 1;
            index += 1;
        }
        tens += 1;
    }
    table
};

/// Two hex digits for every byte.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
pub(in crate::output) const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut high = 0;
    let mut index = 0;
    while high < 16 {
        let mut low = 0;
        while low < 16 {
            table[index] = [HEX[high], HEX[low]];
            low += 1;
            index += 1;
        }
        high += 1;
    }
    table
};

/// For every byte its decimal digits with a dot behind them.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const OCTETS: [[u8; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut index = 0;
    let mut hundreds = 0;
    while hundreds < 3 {
        let mut rest = 0;
        while rest < 100 && index < 256 {
            let [tens, ones] = PAIRS[rest];
            table[index] = match (hundreds, rest) {
                (0, 0..10) => [ones, b'.', 0, 0],
                (0, _) => [tens, ones, b'.', 0],
                (_, _) => [b'0' + hundreds, tens, ones, b'.'],
            };
            rest += 1;
            index += 1;
        }
        hundreds += 1;
    }
    table
};

/// How many digits a byte has in decimal, and one for the dot.
#[inline]
fn octet_len(octet: u8) -> usize {
    usize::from(octet >= 10).saturating_add(usize::from(octet >= 100)).saturating_add(2)
}

/// The digits of up to four bytes, each with a dot behind it, first character lowest.
#[derive(Clone, Copy)]
pub(in crate::output) struct Octet<T> {
    pub(in crate::output) text: T,
    pub(in crate::output) length: usize,
}

impl Octet<u64> {
    #[inline]
    pub(in crate::output) fn of(octet: u8) -> Self {
        let text = OCTETS.get(usize::from(octet)).map_or(0, |text| u32::from_le_bytes(*text));
        Self { text: text.into(), length: octet_len(octet) }
    }

    /// Two bytes give eight characters at most.
    #[inline]
    pub(in crate::output) fn followed_by(self, next: Self) -> Octet<u128> {
        let text = self.text | next.text.wrapping_shl(bits(self.length));
        Octet { text: text.into(), length: self.length.wrapping_add(next.length) }
    }
}

impl Octet<u128> {
    #[inline]
    pub(in crate::output) fn followed_by(self, next: Self) -> Self {
        let text = self.text | next.text.wrapping_shl(bits(self.length));
        Self { text, length: self.length.wrapping_add(next.length) }
    }
}

#[inline]
fn bits(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(0).wrapping_mul(8)
}

/// Puts the digits of `octet` and `behind` at `at`; returns the place behind them.
#[inline]
pub(in crate::output) fn put_octet(text: &mut [u8], at: usize, octet: u8, behind: u8) -> usize {
    let next = at.saturating_add(octet_len(octet));
    if let (Some(slot), Some(digits)) =
        (text.get_mut(at..).and_then(<[u8]>::first_chunk_mut), OCTETS.get(usize::from(octet)))
    {
        *slot = *digits;
    }
    if let Some(last) = text.get_mut(next.saturating_sub(1)) {
        *last = behind;
    }
    next
}

#[inline]
pub(in crate::output) fn pair_of(table: &[[u8; 2]], index: usize) -> &[u8] {
    table.get(index).map_or(&[], <[u8; 2]>::as_slice)
}

/// The hex digits of sixteen bytes. Written so that compilers compute them side by side.
#[inline]
pub(in crate::output) fn hex_of(bytes: &[u8; 16]) -> [u8; 32] {
    let digit = |nibble: u8| {
        let letter = if nibble > 9 { b'a'.wrapping_sub(b'0').wrapping_sub(10) } else { 0 };
        nibble.wrapping_add(b'0').wrapping_add(letter)
    };
    let mut text = [0; 32];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// The hex digits of eight bytes.
#[inline]
pub(in crate::output) fn hex_word([a, b, c, d, e, f, g, h]: [u8; 8]) -> [u8; 16] {
    let (low, high) =
        (hex_half(u32::from_le_bytes([a, b, c, d])), hex_half(u32::from_le_bytes([e, f, g, h])));
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// The hex digits of four bytes: spreads them to eight nibbles, each in a byte of its own, then adds what makes digits.
#[inline]
pub(in crate::output) fn hex_half(word: u32) -> u64 {
    let mut spread = u64::from(word);
    spread = (spread | spread.wrapping_shl(16)) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread.wrapping_shl(8)) & 0x00ff_00ff_00ff_00ff;
    let nibbles =
        (spread & 0x000f_000f_000f_000f).wrapping_shl(8) | (spread.wrapping_shr(4) & 0x000f_000f_000f_000f);
    let letters = nibbles.wrapping_add(0x0606_0606_0606_0606).wrapping_shr(4) & 0x0101_0101_0101_0101;
    nibbles.wrapping_add(0x3030_3030_3030_3030).wrapping_add(letters.wrapping_mul(0x27))
}

/// Appends `value` in decimal.
#[inline]
pub(in crate::output) fn write_digits(value: u64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(value) {
        let end = out.len().saturating_add(octet_len(small)).saturating_sub(1);
        out.extend_from_slice(OCTETS.get(usize::from(small)).unwrap_or(&[0; 4]));
        out.truncate(end);
        return;
    }
    let high = usize::try_from(value / 100).ok().and_then(|high| PAIRS.get(high));
    if let (Some(&[thousands, hundreds]), Some(&[tens, ones])) =
        (high, usize::try_from(value % 100).ok().and_then(|low| PAIRS.get(low)))
    {
        if thousands == b'0' {
            out.extend_from_slice(&[hundreds, tens, ones]);
        } else {
            out.extend_from_slice(&[thousands, hundreds, tens, ones]);
        }
        return;
    }
    write_long(value, out);
}

#[cold]
fn write_very_long(value: u64, out: &mut Vec<u8>) {
    write_digits(value / 100_000_000, out);
    let [a, b] = four_digits(value / 10_000 % 10_000);
    let [c, d] = four_digits(value % 10_000);
    out.extend_from_slice([a, b, c, d].as_flattened());
}

/// Five digits or more.
fn write_long(value: u64, out: &mut Vec<u8>) {
    if value >= 100_000_000 {
        return write_very_long(value, out);
    }
    write_digits(value / 10_000, out);
    out.extend_from_slice(four_digits(value % 10_000).as_flattened());
}

/// The digits of a number below 10,000, all four.
#[inline]
fn four_digits(value: u64) -> [[u8; 2]; 2] {
    let pair = |value: u64| {
        usize::try_from(value).ok().and_then(|value| PAIRS.get(value)).copied().unwrap_or_default()
    };
    [pair(value / 100), pair(value % 100)]
}

/// The digits of a number below 1,000,000, all six.
#[inline]
pub(in crate::output) fn six_digits(value: u32) -> [u8; 6] {
    let pair = |value: u32| PAIRS.get(usize::try_from(value).unwrap_or(0)).copied().unwrap_or_default();
    let ([a, b], [c, d], [e, f]) = (pair(value / 10_000), pair(value / 100 % 100), pair(value % 100));
    [a, b, c, d, e, f]
}

//! Numbers and addresses as digits: tables and a little arithmetic, for all that writes packets.

use std::net::{Ipv4Addr, Ipv6Addr};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `"00"` to `"99"`.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
pub(crate) const PAIRS: [[u8; 2]; 100] = {
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
pub(crate) const HEX_PAIRS: [[u8; 2]; 256] = {
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
struct Octet<T> {
    text: T,
    length: usize,
}

impl Octet<u64> {
    #[inline]
    fn of(octet: u8) -> Self {
        let text = OCTETS.get(usize::from(octet)).map_or(0, |text| u32::from_le_bytes(*text));
        Self { text: text.into(), length: octet_len(octet) }
    }

    /// Two bytes give eight characters at most.
    #[inline]
    fn followed_by(self, next: Self) -> Octet<u128> {
        let text = self.text | next.text.wrapping_shl(bits(self.length));
        Octet { text: text.into(), length: self.length.wrapping_add(next.length) }
    }
}

impl Octet<u128> {
    #[inline]
    fn followed_by(self, next: Self) -> Self {
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
pub(crate) fn put_octet(text: &mut [u8], at: usize, octet: u8, behind: u8) -> usize {
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
fn pair_of(table: &[[u8; 2]], index: usize) -> &[u8] {
    table.get(index).map_or(&[], <[u8; 2]>::as_slice)
}

/// The hex digits of sixteen bytes. Written so that compilers compute them side by side.
#[inline]
fn hex_of(bytes: &[u8; 16]) -> [u8; 32] {
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
fn hex_word([a, b, c, d, e, f, g, h]: [u8; 8]) -> [u8; 16] {
    let (low, high) =
        (hex_half(u32::from_le_bytes([a, b, c, d])), hex_half(u32::from_le_bytes([e, f, g, h])));
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// The hex digits of four bytes: spreads them to eight nibbles, each in a byte of its own, then adds what makes digits.
#[inline]
pub(crate) fn hex_half(word: u32) -> u64 {
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
pub(crate) fn write_digits(value: u64, out: &mut Vec<u8>) {
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
pub(crate) fn six_digits(value: u32) -> [u8; 6] {
    let pair = |value: u32| PAIRS.get(usize::try_from(value).unwrap_or(0)).copied().unwrap_or_default();
    let ([a, b], [c, d], [e, f]) = (pair(value / 10_000), pair(value / 100 % 100), pair(value % 100));
    [a, b, c, d, e, f]
}

/// Two hex digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(2));
    write_hex(bytes, &mut out);
    // Digits are text.
    String::from_utf8(out).unwrap_or_default()
}

/// The bytes of hexadecimal digits without anything between them, `None` when it is no such text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Appends two hex digits for each byte.
#[inline]
pub(crate) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let end = out.len().saturating_add(bytes.len().saturating_mul(2));
    // Where the last bytes do not fill a word, the last whole word is taken again, over digits already written.
    if let Some(last) = bytes.last_chunk::<16>() {
        let (chunks, rest) = bytes.as_chunks::<16>();
        for chunk in chunks {
            out.extend_from_slice(&hex_of(chunk));
        }
        if !rest.is_empty() {
            out.truncate(end.saturating_sub(32));
            out.extend_from_slice(&hex_of(last));
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        out.extend_from_slice(&hex_word(*first));
        if bytes.len() > 8 {
            out.truncate(end.saturating_sub(16));
            out.extend_from_slice(&hex_word(*last));
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        out.extend_from_slice(&hex_half(u32::from_le_bytes(*first)).to_le_bytes());
        if bytes.len() > 4 {
            out.truncate(end.saturating_sub(8));
            out.extend_from_slice(&hex_half(u32::from_le_bytes(*last)).to_le_bytes());
        }
    } else {
        for byte in bytes {
            out.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
        }
    }
}

/// Appends an address with `behind` after it.
#[inline]
pub(crate) fn write_octets(addr: Ipv4Addr, behind: u8, out: &mut Vec<u8>) {
    if addr.is_unspecified() {
        out.extend_from_slice(&[b'0', b'.', b'0', b'.', b'0', b'.', b'0', behind]);
        return;
    }
    let [a, b, c, d] = addr.octets().map(Octet::of);
    let text = a.followed_by(b).followed_by(c.followed_by(d));
    let end = out.len().saturating_add(text.length);
    out.extend_from_slice(&text.text.to_le_bytes());
    out.truncate(end);
    // In the place of the last dot.
    if let Some(last) = out.last_mut() {
        *last = behind;
    }
}

/// Appends an address.
#[inline]
pub(crate) fn write_ip4(addr: Ipv4Addr, out: &mut Vec<u8>) {
    write_octets(addr, b'.', out);
    out.pop();
}

/// The text of six bytes with colons between them.
#[inline]
pub(crate) fn mac_text([a, b, c, d, e, f]: [u8; 6]) -> [u8; 17] {
    // Put together in whole words, first character lowest: a table, a shift and an "or" for every byte.
    let pair = |byte: u8| {
        u64::from(HEX_PAIRS.get(usize::from(byte)).map_or(0, |digits| u16::from_le_bytes(*digits)))
    };
    let low = pair(a) | pair(b).wrapping_shl(24) | pair(c).wrapping_shl(48) | 0x0000_3a00_003a_0000;
    let last = pair(f);
    let high =
        pair(d).wrapping_shl(8) | pair(e).wrapping_shl(32) | last.wrapping_shl(56) | 0x003a_0000_3a00_003a;
    let mut text = [0; 17];
    let (front, end) = text.split_at_mut(16);
    if let Some(front) = front.first_chunk_mut() {
        *front = (u128::from(low) | u128::from(high).wrapping_shl(64)).to_le_bytes();
    }
    if let ([end], [_, digit, ..]) = (end, last.to_le_bytes()) {
        *end = digit;
    }
    text
}

/// Bytes in hex with colons between them.
pub(crate) fn colons(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(3));
    write_colons(bytes, &mut out);
    // Digits are text.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends bytes in hex with colons between them.
#[inline]
pub(crate) fn write_colons(bytes: &[u8], out: &mut Vec<u8>) {
    if let Ok(mac) = bytes.try_into() {
        out.extend_from_slice(&mac_text(mac));
        return;
    }
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        out.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
    }
}

/// An address of IPv6 as RFC 5952 has it.
pub(crate) fn ip6(addr: Ipv6Addr) -> String {
    let mut out = Vec::with_capacity(40);
    write_ip6(addr, &mut out);
    // Digits are text.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends an address of IPv6 as RFC 5952 has it.
pub(crate) fn write_ip6(addr: Ipv6Addr, out: &mut Vec<u8>) {
    if let Some(mapped) = addr.to_ipv4_mapped() {
        out.extend_from_slice(b"::ffff:");
        write_ip4(mapped, out);
        return;
    }
    let (pairs, digits) = (addr.octets(), hex_of(&addr.octets()));
    let (pairs, digits) = (pairs.as_chunks::<2>().0, digits.as_chunks::<4>().0);
    // The longest run of zeros, the first of several, is left out where there is more than one: a bit for each segment that
    // begins a run of so many.
    let empty = pairs.iter().rev().fold(0_u8, |empty, pair| empty << 1 | u8::from(*pair == [0, 0]));
    let (mut runs, mut best, mut zeros) = (empty, 0_u8, 0_usize);
    while runs != 0 {
        (best, zeros) = (runs, zeros.saturating_add(1));
        runs &= runs >> 1;
    }
    let from = if zeros > 1 { usize::try_from(best.trailing_zeros()).unwrap_or(8) } else { 8 };
    let behind = from.saturating_add(zeros);
    let mut text = [0; 48];
    let mut at = 0_usize;
    for (place, (pair, digits)) in pairs.iter().zip(digits).enumerate() {
        if place >= from && place < behind {
            if place == from {
                // Where something stands before it, its colon is there already.
                if let Some(slot) = text.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                    *slot = *b"::";
                }
                at = at.saturating_add(if at == 0 { 2 } else { 1 });
            }
            continue;
        }
        // Digits, without the zeros in front of them, and a colon.
        let zeros = u16::from_be_bytes(*pair).leading_zeros().min(15) / 4;
        let shown = (u64::from(u32::from_le_bytes(*digits)) | 0x3a << 32) >> zeros.wrapping_mul(8);
        if let Some(slot) = text.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *slot = shown.to_le_bytes();
        }
        at = at.saturating_add(5).saturating_sub(usize::try_from(zeros).unwrap_or(0));
    }
    // Without the last colon, unless it is one of two.
    let length = if behind == 8 && from < 8 { at } else { at.saturating_sub(1) };
    let end = out.len().saturating_add(length);
    out.extend_from_slice(&text);
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"x".to_vec();
        write(&mut out);
        String::from_utf8(out).unwrap().strip_prefix('x').unwrap().to_owned()
    }

    proptest! {
        #[test]
        fn addresses_are_those_of_std(
            segments in any::<[u16; 8]>(), zeros in any::<u8>(), short in any::<u8>(), octets in any::<[u8; 4]>()
        ) {
            let mut segments = segments;
            for (place, segment) in segments.iter_mut().enumerate() {
                if zeros >> place & 1 == 1 {
                    *segment = 0;
                }
                if short >> place & 1 == 1 {
                    *segment >>= [0, 4, 8, 12][place % 4];
                }
            }
            let four = Ipv4Addr::from(octets);
            for addr in [Ipv6Addr::from(segments), four.to_ipv6_mapped(), four.to_ipv6_compatible()] {
                prop_assert_eq!(written(|out| write_ip6(addr, out)), addr.to_string());
            }
            prop_assert_eq!(written(|out| write_octets(four, b'/', out)), format!("{four}/"));
        }

        #[test]
        fn bytes_are_hex(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            prop_assert_eq!(written(|out| write_hex(&bytes, out)), pairs.concat());
            prop_assert_eq!(hex(&bytes), pairs.concat());
            prop_assert_eq!(written(|out| write_colons(&bytes, out)), pairs.join(":"));
        }

        #[test]
        fn numbers_are_decimal(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            prop_assert_eq!(written(|out| write_digits(value, out)), value.to_string());
        }
    }

    #[test]
    fn no_address_and_the_local_one() {
        for addr in [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST] {
            assert_eq!(written(|out| write_ip6(addr, out)), addr.to_string());
        }
    }
}

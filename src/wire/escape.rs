//! Making text from the wire safe to show: nothing in it can move a cursor, recolour a terminal or reorder a line.

use std::fmt::Write;

/// True for characters that must not reach a terminal or a ticket as they are: controls (C0, DEL, C1), bidirectional
/// overrides and isolates, zero-width and other invisible characters, line separators, private use and noncharacters.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{10ffff}')
}

/// Appends `bytes` to `out` as text: printable UTF-8 as it is, `\` doubled, hostile characters as `\x1b` or
/// `\u{202e}`, bytes that are not UTF-8 as `\xff`.
pub fn escape_into(bytes: &[u8], out: &mut impl Write) {
    if is_plain_but(bytes, b'\\', b'\\')
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        // Writing into memory cannot fail.
        let _ = out.write_str(text);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape_char(c, out);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// `bytes` as safe text; see [`escape_into`].
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    escape_into(bytes, &mut out);
    out
}

/// Text of our own that may quote foreign text (a file name, an argument): hostile characters escaped, `\` left alone.
pub fn escape_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) { escape_char(c, &mut out) } else { out.push(c) }
    }
    out
}

fn escape_char(c: char, out: &mut impl Write) {
    let _ = match c {
        '\\' => out.write_str("\\\\"),
        '\0'..='\u{7f}' if is_hostile(c) => write!(out, "\\x{:02x}", u32::from(c)),
        _ if is_hostile(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
        _ => out.write_char(c),
    };
}

/// True when every byte is printable ASCII and neither of two; looks at eight at once.
#[inline]
pub(crate) fn is_plain_but(bytes: &[u8], one: u8, other: u8) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().all(|byte| matches!(*byte, b' '..=b'~') && *byte != one && *byte != other);
    };
    let (words, _) = bytes.as_chunks::<8>();
    let odd = |word: &[u8; 8]| odd_bytes(u64::from_ne_bytes(*word), one, other);
    words.iter().fold(odd(last), |found, word| found | odd(word)) == 0
}

/// Not zero when one of eight bytes needs care: a control character, one of two that are named, or what is not ASCII.
#[inline]
fn odd_bytes(word: u64, one: u8, other: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Sets the highest bit of a byte below `limit`; of others too, but only when another one is below it.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word;
    let equal = |byte: u8| below(word ^ ONES.wrapping_mul(byte.into()), 1);
    (word | below(word, 0x20) | equal(one) | equal(other) | equal(0x7f)) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escape_sequences_are_shown_not_run() {
        assert_eq!(escape(b"\x1b[31mred\x1b[0m\r\n\t\0"), r"\x1b[31mred\x1b[0m\x0d\x0a\x09\x00");
        assert_eq!(escape("\u{9b}2J".as_bytes()), r"\u{9b}2J");
    }

    #[test]
    fn bidi_and_zero_width_are_shown() {
        assert_eq!(escape("a\u{202e}b\u{200b}c\u{feff}".as_bytes()), r"a\u{202e}b\u{200b}c\u{feff}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_as_hex() {
        assert_eq!(escape(b"caf\xe9"), r"caf\xe9");
        assert_eq!(escape("café".as_bytes()), "café");
        assert_eq!(escape(b"C:\\x"), r"C:\\x");
    }

    #[test]
    fn no_character_survives_that_is_hostile() {
        for c in '\0'..=char::MAX {
            let text = escape(c.to_string().as_bytes());
            assert!(!text.chars().any(is_hostile), "{:x}", u32::from(c));
        }
    }
}

//! The text syntax of values: separators, brackets, quotes, escapes and numbers. Knows nothing of options.

/// Why a text is not well formed, as the end of the sentence `TEXT is not …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Splits at commas outside brackets, braces and quotes; trims spaces around the items. Nothing gives no items.
pub(super) fn items(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut items = Vec::new();
    let mut depth = 0_usize;
    let (mut quoted, mut escaped) = (false, false);
    let mut begin = 0;
    for (at, byte) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth = depth.saturating_add(1),
            b']' | b'}' if !quoted => {
                depth = depth
                    .checked_sub(1)
                    .ok_or(Malformed("balanced: a bracket closes that was not opened"))?;
            }
            b',' if !quoted && depth == 0 => {
                items.push(trim(text.get(begin..at).unwrap_or_default()));
                begin = at.saturating_add(1);
            }
            _ => {}
        }
    }
    if depth > 0 || quoted {
        return Err(Malformed("balanced: a bracket or quote is not closed"));
    }
    let last = trim(text.get(begin..).unwrap_or_default());
    if !last.is_empty() || begin > 0 {
        items.push(last);
    }
    Ok(items)
}

/// `text` without spaces around it; a space that is escaped stays.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(' ')
}

/// The inside of `open … close`, when one pair of them encloses all of `text`; else `text` itself.
pub(super) fn unbracket(text: &str, open: char, close: char) -> &str {
    let text = trim(text);
    text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).unwrap_or(text)
}

/// What a quoted string says where quotes change nothing: no escape, separator or outer space in it. Else `text` itself.
pub(super) fn unquoted(text: &str) -> &str {
    let special = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}' | '"' | '\\' | '=');
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.is_empty() && trim(inner) == inner && !inner.contains(special) => inner,
        _ => text,
    }
}

/// Key and value of `key=value`, or of JSON's `"key":value`.
pub(super) fn member(item: &str) -> Option<(&str, &str)> {
    match item.strip_prefix('"') {
        Some(rest) => {
            let (key, rest) = rest.split_once('"')?;
            Some((key, trim(trim(rest).strip_prefix(':')?)))
        }
        None => item.split_once('='),
    }
}

/// True when `text` is written as members, not as one value or in the order of the members.
pub(super) fn is_record(text: &str) -> bool {
    text.starts_with('{') || text.contains('=')
}

/// The bytes of escaped text: `\\`, `\n`, `\r`, `\t`, `\0`, `\xHH`, `\u{HHHH}`, and JSON's `\b`, `\f`, `\uHHHH`; any other character after a backslash
/// stands for itself.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, Malformed> {
    const HEX: Malformed = Malformed(r"well escaped: write \x1b, \u{202e} or \\");
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let literal = if character == '\\' {
            match rest.next().ok_or(HEX)? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'x' => {
                    let digits = rest.as_str().get(..2).ok_or(HEX)?;
                    out.extend(hex(digits).ok_or(HEX)?);
                    rest.nth(1);
                    continue;
                }
                'u' if !rest.as_str().starts_with('{') => {
                    let (unit, tail) = utf16_unit(rest.as_str()).ok_or(HEX)?;
                    rest = tail.chars();
                    let second = || utf16_unit(tail.strip_prefix("\\u")?);
                    match (char::from_u32(unit.into()), second()) {
                        (Some(character), _) => character,
                        (None, Some((low, after))) => {
                            rest = after.chars();
                            char::decode_utf16([unit, low]).next().and_then(Result::ok).ok_or(HEX)?
                        }
                        (None, None) => return Err(HEX),
                    }
                }
                'u' => {
                    let body = rest.as_str().strip_prefix('{').and_then(|body| body.split_once('}'));
                    let (digits, tail) = body.filter(|(digits, _)| digits.len() <= 6).ok_or(HEX)?;
                    rest = tail.chars();
                    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or(HEX)?
                }
                other => other,
            }
        } else {
            character
        };
        out.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(out)
}

/// Four hexadecimal digits, and what follows them.
fn utf16_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, tail) = text.split_at_checked(4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u16::from_str_radix(digits, 16).ok()).flatten().map(|unit| (unit, tail))
}

/// Text that stands inside another value: quotes around it are taken off.
pub(super) fn unquote(text: &str) -> Result<Vec<u8>, Malformed> {
    let text = trim(text);
    unescape(text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text))
}

/// The bytes of pairs of hexadecimal digits; single spaces, colons and dashes between pairs are skipped.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut rest = text.as_bytes();
    while let [high, low, tail @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
        out.push(digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?);
        rest = match tail {
            [b':' | b'-' | b' ', after @ ..] if !after.is_empty() => after,
            _ => tail,
        };
    }
    rest.is_empty().then_some(out)
}

/// The bytes of `0x…`.
pub(super) fn prefixed_hex(text: &str) -> Option<Vec<u8>> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).and_then(hex)
}

/// A number, decimal or `0x…`.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// A duration in whole seconds: `3600`, `1h`, `1h30m`, `1d 2h`, `2weeks`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    if let Some(plain) = number(text) {
        return Some(plain);
    }
    let mut total = 0_u64;
    let mut rest = trim(text);
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (count, tail) = rest.split_at_checked(digits)?;
        let tail = trim(tail);
        let end = tail.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at_checked(end)?;
        let factor = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = trim(after);
    }
    (!trim(text).is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_split_only_at_their_own_level() {
        assert_eq!(items("").unwrap(), [""; 0]);
        assert_eq!(items("a, b").unwrap(), ["a", "b"]);
        assert_eq!(items("a,").unwrap(), ["a", ""]);
        assert_eq!(
            items(r#"[a,b],{c=d,e=f},"x,y",p\,q"#).unwrap(),
            ["[a,b]", "{c=d,e=f}", "\"x,y\"", r"p\,q"]
        );
        for bad in ["[a", "a]", "\"a", "{a,b"] {
            assert!(items(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescape(r"a\x1b\u{202e}\\\n\,").unwrap(), "a\x1b\u{202e}\\\n,".as_bytes());
        assert_eq!(unescape(r"\u00e9\ud83d\ude00\b\f").unwrap(), "é\u{1f600}\u{8}\u{c}".as_bytes());
        for bad in [
            r"\",
            r"\x",
            r"\x1",
            r"\xé",
            r"\ud800",
            r"\ud83dx",
            r"\u+123",
            r"\u12",
            r"\u{d800}",
            r"\u{110000}",
            r"\u{1",
            r"\u",
            r"\u{}",
        ] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
        assert_eq!(unquote(r#" "a b" "#).unwrap(), b"a b");
    }

    #[test]
    fn numbers_and_durations() {
        assert_eq!(number("0x10"), Some(16));
        assert_eq!(number("+1"), None);
        for (text, want) in [("90", 90), ("1h30m", 5400), ("1d 2h", 93_600), ("2weeks", 1_209_600), ("0s", 0)]
        {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
        for bad in ["", " ", "h", "1x", "1h30", "-1s", "99999999999999999999s", "1.5h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert_eq!(hex("01:02-03 04"), Some(vec![1, 2, 3, 4]));
        assert_eq!(hex("0"), None);
        assert_eq!(hex("01:"), None);
    }
}

//! Named fields of the JSON objects that are written by hand. Unknown is `null`, never left out.

use std::fmt::Display;
use std::io::Write as _;
use std::net::Ipv4Addr;

use crate::output::json::JsonOut;
use crate::wire::digits::{PAIRS, write_digits};
use crate::wire::options::Sink as _;

/// A value of our own whose text needs no escaping: an address, a name from a table.
pub(in crate::output) fn optional<T: Display>(name: &str, value: Option<T>, json: &mut JsonOut) {
    json.name_next(name);
    match value {
        Some(value) => {
            // Writing into a Vec cannot fail.
            let _ = write!(json.buf, "\"{value}\"");
        }
        None => json.null(),
    }
}

/// A word of our own.
pub(in crate::output) fn word(name: &str, value: &str, json: &mut JsonOut) {
    json.name_next(name);
    json.plain(value);
}

/// An address.
pub(in crate::output) fn address(name: &str, value: Option<Ipv4Addr>, json: &mut JsonOut) {
    json.name_next(name);
    match value {
        Some(value) => json.ip4(value),
        None => json.null(),
    }
}

/// Text from elsewhere, escaped.
pub(in crate::output) fn bytes(name: &str, value: Option<&[u8]>, json: &mut JsonOut) {
    json.name_next(name);
    match value {
        Some(value) => json.string(value),
        None => json.null(),
    }
}

/// A number.
pub(in crate::output) fn number<T: Into<u64>>(name: &str, value: Option<T>, json: &mut JsonOut) {
    json.name_next(name);
    match value {
        Some(value) => json.u64(value.into()),
        None => json.null(),
    }
}

/// Milliseconds of so many nanoseconds: these are kept, zeros at the end are not.
pub(in crate::output) fn milliseconds(name: &str, nanoseconds: Option<i64>, json: &mut JsonOut) {
    json.name_next(name);
    let Some(nanoseconds) = nanoseconds else { return json.null() };
    write_milliseconds(nanoseconds, &mut json.buf);
}

/// The digits of so many nanoseconds as milliseconds.
pub(in crate::output) fn write_milliseconds(nanoseconds: i64, out: &mut Vec<u8>) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let whole = nanoseconds.unsigned_abs();
    write_digits(whole / 1_000_000, out);
    let rest = whole % 1_000_000;
    let mut text = *b".000000";
    if rest > 0 {
        let pair = |value: u64| {
            let index = usize::try_from(value % 100).unwrap_or(0);
            PAIRS.get(index).copied().unwrap_or_default()
        };
        let ([a, b], [c, d], [e, f]) = (pair(rest / 10_000), pair(rest / 100), pair(rest));
        text = [b'.', a, b, c, d, e, f];
    }
    let zeros = text.iter().rev().take(5).take_while(|digit| **digit == b'0').count();
    let length = out.len().saturating_add(text.len()).saturating_sub(zeros);
    out.extend_from_slice(&text);
    out.truncate(length);
}

/// Values of our own whose text needs no escaping.
pub(in crate::output) fn list<T: Display>(
    name: &str,
    items: impl IntoIterator<Item = T>,
    json: &mut JsonOut,
) {
    json.name_next(name);
    json.begin_array();
    for item in items {
        json.plain(&item.to_string());
    }
    json.end_array();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(nanoseconds: i64) -> String {
        let mut json = JsonOut::new();
        milliseconds("t", Some(nanoseconds), &mut json);
        String::from_utf8(json.buf).unwrap()
    }

    #[test]
    fn milliseconds_keep_nanoseconds() {
        assert_eq!(ms(412_345), "\"t\":0.412345");
        assert_eq!(ms(1_000_000_000), "\"t\":1000.0");
        assert_eq!(ms(1_000_200_000), "\"t\":1000.2");
        assert_eq!(ms(-5), "\"t\":-0.000005");
        assert_eq!(ms(0), "\"t\":0.0");
    }

    #[test]
    fn unknown_is_null_and_foreign_text_is_escaped() {
        let mut json = JsonOut::new();
        json.begin_object();
        optional("a", None::<u8>, &mut json);
        bytes("b", Some("\x1b\"\u{202e}".as_bytes()), &mut json);
        number("c", None::<u32>, &mut json);
        list("e", [1, 2], &mut json);
        json.end_object();
        let text = String::from_utf8(json.buf).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wanted = serde_json::json!({
            "a": null, "b": "\u{1b}\"\u{202e}", "c": null, "e": ["1", "2"]
        });
        assert_eq!(value, wanted);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

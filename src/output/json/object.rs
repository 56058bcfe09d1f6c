//! What the objects of JSON are made of that serde does not know: the packet inside another object, milliseconds that keep
//! their nanoseconds, and strings that no terminal can be harmed by.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use super::JsonOut;
use super::told::{ToJson as _, write_milliseconds};
use crate::analysis::diagnosis::{Diagnosis, Finding};
use crate::analysis::transaction::{Closed, Exchange};
use crate::output::packet::json::PacketJson;
use crate::output::packet::record::PacketRecord;
use crate::output::transaction;
use crate::time::{Precision, Timestamp};
use crate::wire::escape::is_hostile;

/// A measured stretch of time in nanoseconds, written as milliseconds: `0.412345`, `1000.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub i64);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A float would lose digits and write small numbers with an exponent.
        written(|json| write_milliseconds(self.0, &mut json.buf)).serialize(serializer)
    }
}

/// A packet inside another object, as the packet stream writes it.
#[derive(Clone, Debug)]
pub struct PacketObject(Box<RawValue>);

impl PacketObject {
    /// The object of `record`.
    pub fn new(record: &PacketRecord<'_>) -> Self {
        Self(written(|json| PacketJson::default().write(record, json)))
    }

    /// The object that the packet stream wrote.
    pub fn from_json(json: JsonOut) -> Self {
        Self(raw(String::from_utf8(json.buf).unwrap_or_default()))
    }
}

impl Serialize for PacketObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// An exchange inside another object, as `decode --transactions` writes it.
#[derive(Clone, Debug)]
pub struct TransactionObject(Box<RawValue>);

impl TransactionObject {
    /// The object of an exchange, the `number`-th.
    pub fn new(exchange: &Exchange, number: u64, problems: &[Diagnosis]) -> Self {
        Self(written(|json| transaction::json::write(exchange, number, None, problems, json)))
    }

    /// The same of either protocol.
    pub fn of(exchange: &Closed, number: u64, problems: &[Diagnosis]) -> Self {
        match exchange {
            Closed::Four(exchange) => Self::new(exchange, number, problems),
            Closed::Six(exchange) => {
                Self(written(|json| transaction::json6::write(exchange, number, None, problems, json)))
            }
        }
    }
}

impl Serialize for TransactionObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The same, known to be of DHCPv6.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct TransactionObject6(pub TransactionObject);

/// A finding inside another object, as `decode --transactions` writes it.
#[derive(Clone, Debug)]
pub struct FindingObject(Box<RawValue>);

impl FindingObject {
    /// The object of a finding.
    pub fn new(finding: &Finding) -> Self {
        Self(written(|json| transaction::finding::Finding::from(finding).tell(json)))
    }
}

impl Serialize for FindingObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What the fast writer is told to write.
fn written(write: impl FnOnce(&mut JsonOut)) -> Box<RawValue> {
    let mut json = JsonOut::new();
    write(&mut json);
    raw(String::from_utf8(json.buf).unwrap_or_default())
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A moment as RFC 3339, as fine as `precision`.
pub fn moment(time: Timestamp, precision: Precision) -> String {
    let mut json = JsonOut::new();
    json.time(time, precision);
    String::from_utf8_lossy(&json.buf).trim_matches('"').to_owned()
}

/// Text from elsewhere: what is not UTF-8 becomes U+FFFD.
pub fn foreign(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes `value` as a line of JSON. Characters that could harm a terminal are escaped, as the packet stream does it.
pub fn line(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    if write_line(value, &mut out).is_err() {
        // Only a map with keys that are no strings could fail, and none is.
        out.clear();
        out.extend_from_slice(b"null\n");
    }
    out
}

/// The same into `out`, piece by piece.
///
/// # Errors
///
/// When `out` takes no more.
pub fn write_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Careful);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| *c != '\\' && is_hostile(*c)) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = from.split_at(c.len_utf8()).1;
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: serde_json::ser::CharEscape,
    ) -> io::Result<()> {
        use serde_json::ser::CharEscape::{
            AsciiControl, Backspace, CarriageReturn, FormFeed, LineFeed, Quote, ReverseSolidus, Solidus, Tab,
        };
        match escape {
            Quote => writer.write_all(b"\\\""),
            ReverseSolidus => writer.write_all(b"\\\\"),
            Solidus => writer.write_all(b"/"),
            LineFeed => writer.write_all(b"\\n"),
            CarriageReturn => writer.write_all(b"\\r"),
            Tab => writer.write_all(b"\\t"),
            Backspace => writer.write_all(b"\\u0008"),
            FormFeed => writer.write_all(b"\\u000c"),
            AsciiControl(byte) => write!(writer, "\\u{byte:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn milliseconds_keep_nanoseconds() {
        let text = |nanoseconds| String::from_utf8(line(&Millis(nanoseconds))).unwrap();
        assert_eq!(text(412_345), "0.412345\n");
        assert_eq!(text(1_000_000_000), "1000.0\n");
        assert_eq!(text(1_000_200_000), "1000.2\n");
        assert_eq!(text(-5), "-0.000005\n");
        assert_eq!(text(0), "0.0\n");
    }

    proptest! {
        #[test]
        fn strings_are_those_of_the_packet_stream(bytes: Vec<u8>) {
            let mut json = JsonOut::new();
            json.string(&bytes);
            json.end_line();
            prop_assert_eq!(line(&foreign(&bytes)), json.buf);
        }

        #[test]
        fn hostile_characters_are_escaped(text in "[\u{0}-\u{ff}\u{200b}-\u{2069}\u{feff}\u{e0000}-\u{e00ff}a\"]*") {
            let mut json = JsonOut::new();
            json.string(text.as_bytes());
            json.end_line();
            prop_assert_eq!(line(&text), json.buf);
        }
    }
}

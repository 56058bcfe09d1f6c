//! The contract's packet object read back: JSON → message, to the byte.

use serde_json::{Map, Value};

use super::read6::payload;
use crate::wire::HwAddr;
use crate::wire::digits::unhex;
use crate::wire::options::v4;
use crate::wire::v4::{COOKIE, FIXED_LEN, Item, Message, Op};

/// Why a JSON object is no packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has no message.
    #[error("no \"dhcp\" object in it: a line that decode --json printed is expected")]
    NoMessage,
    /// A field has a value that does not fit.
    #[error("{field}: {value} is not {expected}")]
    Field {
        /// Path of the field.
        field: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: &'static str,
    },
    /// An option's value does not fit its type.
    #[error("{0}")]
    Value(String),
}

/// Reads the message of a packet object, or of a bare `dhcp` object. Fields that are missing are zero; `raw` is
/// what counts of an option, `value` only where there is none.
pub fn read_message(json: &Value) -> Result<Message, RecordError> {
    let dhcp = json.get("dhcp").unwrap_or(json);
    let fields = dhcp.as_object().filter(|fields| fields.contains_key("op")).ok_or(RecordError::NoMessage)?;
    let object = Object { fields };
    // A message that ends inside its fixed part came with its bytes; what else is said goes over them.
    let cut = object.bytes("fixed_raw")?.map(|raw| Message::decode(raw.get(..FIXED_LEN).unwrap_or(&raw)));
    let mut message = cut.clone().unwrap_or_else(|| Message { htype: 0, hlen: 0, ..Message::new(Op(0)) });
    object.set("op", &mut message.op.0)?;
    object.set("htype", &mut message.htype)?;
    object.set("hlen", &mut message.hlen)?;
    object.set("hops", &mut message.hops)?;
    object.set("secs", &mut message.secs)?;
    message.xid = object.parsed("xid", "a transaction identifier such as 0x3903f326")?.unwrap_or(message.xid);
    message.flags = object.hex16("flags")?.unwrap_or(message.flags);
    let addresses = [
        ("ciaddr", &mut message.ciaddr),
        ("yiaddr", &mut message.yiaddr),
        ("siaddr", &mut message.siaddr),
        ("giaddr", &mut message.giaddr),
    ];
    for (key, field) in addresses {
        *field = object.parsed(key, "an IPv4 address")?.unwrap_or(*field);
    }
    if cut.is_none() {
        let chaddr: Option<HwAddr> =
            object.parsed("chaddr", "a hardware address such as 00:11:22:33:44:55")?;
        object.fill("chaddr_raw", chaddr.as_ref().map_or(&[], HwAddr::as_slice), &mut message.chaddr)?;
        object.fill("sname_raw", object.text("sname")?.as_bytes(), &mut message.sname)?;
        object.fill("file_raw", object.text("file")?.as_bytes(), &mut message.file)?;
    }
    message.cookie = match object.bytes("cookie")? {
        Some(cookie) => cookie,
        None if cut.is_some() => Vec::new(),
        None => COOKIE.to_vec(),
    };
    message.items = object.items()?;
    Ok(message)
}

/// A JSON object with typed access to its fields.
struct Object<'a> {
    fields: &'a Map<String, Value>,
}

impl Object<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    fn number<T: TryFrom<u64>>(&self, key: &str) -> Result<Option<T>, RecordError> {
        let read = |value: &Value| value.as_u64().and_then(|number| T::try_from(number).ok());
        self.read(key, "a number in range", read)
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<T>, RecordError> {
        self.read(key, expected, |value| value.as_str().and_then(|text| text.parse().ok()))
    }

    fn hex16(&self, key: &str) -> Result<Option<u16>, RecordError> {
        self.read(key, "a number such as 0x8000", |value| match value.as_u64() {
            Some(number) => u16::try_from(number).ok(),
            None => u16::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok(),
        })
    }

    fn set<T: TryFrom<u64>>(&self, key: &str, field: &mut T) -> Result<(), RecordError> {
        if let Some(value) = self.number(key)? {
            *field = value;
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<String, RecordError> {
        Ok(self.read(key, "text", |value| value.as_str().map(str::to_owned))?.unwrap_or_default())
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, RecordError> {
        self.read(key, "true or false", Value::as_bool)
    }

    fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>, RecordError> {
        self.read(key, "hex without separators", |value| value.as_str().and_then(unhex))
    }

    /// Fills a field of fixed size from its raw bytes where they are given, else from its value; the rest is zero.
    fn fill(&self, raw_key: &str, value: &[u8], field: &mut [u8]) -> Result<(), RecordError> {
        let raw = self.bytes(raw_key)?;
        for (to, from) in field.iter_mut().zip(raw.as_deref().unwrap_or(value)) {
            *to = *from;
        }
        Ok(())
    }

    fn items(&self) -> Result<Vec<Item>, RecordError> {
        let mut items = Vec::new();
        let options = self.read("options", "a list of options", |value| value.as_array().cloned())?;
        for (index, option) in options.unwrap_or_default().iter().enumerate() {
            let Some(fields) = option.as_object() else {
                return Err(wrong(format!("options[{index}]"), option, "an option object"));
            };
            Object { fields }.item(index, &mut items)?;
        }
        push_pads(self.number("pads_at_end")?, &mut items);
        // A message without cookie has no options, hence no End.
        if self.flag("end")?.unwrap_or(!self.fields.contains_key("cookie")) {
            items.push(Item::End);
        }
        let trailer = match self.bytes("trailer")? {
            Some(trailer) => trailer,
            None => vec![0; self.number::<u16>("padding")?.unwrap_or(0).into()],
        };
        if !trailer.is_empty() {
            items.push(Item::Raw(trailer));
        }
        Ok(items)
    }

    fn item(&self, index: usize, items: &mut Vec<Item>) -> Result<(), RecordError> {
        // What stands in an overloaded field came with that field's raw bytes.
        if self.get("field").is_some() {
            return Ok(());
        }
        let named = self.get("name").and_then(Value::as_str).and_then(|name| v4::SPACE.code(name));
        let code = match self.number::<u8>("code")? {
            Some(code) => code,
            None => named.and_then(|code| u8::try_from(code).ok()).ok_or_else(|| {
                wrong(format!("options[{index}].code"), &Value::Null, "an option code from 1 to 254")
            })?,
        };
        push_pads(self.number("pads_before")?, items);
        let data = match self.bytes("raw")? {
            Some(raw) => raw,
            None => self.encoded(index, code)?,
        };
        items.push(match self.fields.get("declared_length") {
            Some(_) => Item::Lying { code, declared: self.number("declared_length")?, data },
            None => Item::Option { code, data },
        });
        Ok(())
    }

    /// The payload that `value` stands for, for options edited by hand that have no `raw`.
    fn encoded(&self, index: usize, code: u8) -> Result<Vec<u8>, RecordError> {
        let value = self.get("value").unwrap_or(&Value::Null);
        let row = v4::SPACE.by_code(code.into());
        let row =
            row.ok_or_else(|| wrong(format!("options[{index}]"), value, "known by its code: give raw"))?;
        payload(&row.kind, value)
            .map_err(|error| RecordError::Value(format!("option {} ({code}): {error}", row.name)))
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, RecordError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| wrong(key.to_owned(), value, expected))
    }
}

pub(super) fn wrong(field: String, value: &Value, expected: &'static str) -> RecordError {
    let mut value = value.to_string();
    if value.len() > 60 {
        value = value.chars().take(56).chain(" ...".chars()).collect();
    }
    RecordError::Field { field, value, expected }
}

fn push_pads(pads: Option<u16>, items: &mut Vec<Item>) {
    if let Some(pads @ 1..) = pads {
        items.push(Item::Pad(pads.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::JsonOut;
    use crate::output::packet::json::PacketJson;
    use crate::output::packet::record::PacketRecord;
    use crate::wire::Mac;
    use crate::wire::frame::Datagram;
    use crate::wire::v4::Xid;
    use crate::wire::v4::{MessageType, Outline, Packet};
    use proptest::prelude::*;

    fn to_json(bytes: &[u8]) -> String {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let datagram = Datagram::bare(bytes);
        let record = PacketRecord::of(&datagram, packet, &outline, bytes.len());
        let mut json = JsonOut::new();
        PacketJson::default().write(&record, &mut json);
        String::from_utf8(json.buf).unwrap()
    }

    fn round_trip(bytes: &[u8]) -> Vec<u8> {
        let json: Value = serde_json::from_str(&to_json(bytes)).unwrap();
        read_message(&json).unwrap().encode()
    }

    fn discover() -> Vec<u8> {
        let mut message = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        message.set_option(12, b"host");
        message.set_option(55, &[1, 3, 6]);
        message.encode_padded()
    }

    #[test]
    fn odd_messages_come_back_to_the_byte() {
        let mut overloaded = discover();
        overloaded[240..243].copy_from_slice(&[52, 1, 3]);
        overloaded[108..112].copy_from_slice(&[66, 1, b'x', 255]);
        overloaded[44] = 7;
        let mut bootp = discover();
        bootp[236] = 0;
        let mut dirty = discover();
        dirty[2] = 3;
        dirty[60..64].copy_from_slice(b"a\0\xffb");
        dirty.extend([1, 2, 3]);
        for bytes in [discover(), overloaded, bootp, dirty] {
            assert_eq!(round_trip(&bytes), bytes);
        }
    }

    #[test]
    fn every_prefix_with_a_transaction_comes_back() {
        let bytes = discover();
        for len in 8..bytes.len() {
            assert_eq!(round_trip(&bytes[..len]), &bytes[..len], "{len} bytes");
        }
    }

    #[test]
    fn garbage_is_refused_with_the_field_at_fault() {
        let read = |text: &str| read_message(&serde_json::from_str(text).unwrap()).unwrap_err().to_string();
        assert_eq!(read("[]"), "no \"dhcp\" object in it: a line that decode --json printed is expected");
        assert_eq!(read(r#"{"op":900}"#), "op: 900 is not a number in range");
        assert_eq!(read(r#"{"op":1,"ciaddr":"x"}"#), "ciaddr: \"x\" is not an IPv4 address");
        assert_eq!(
            read(r#"{"op":1,"options":[{"code":53,"raw":"0"}]}"#),
            "raw: \"0\" is not hex without separators"
        );
    }

    #[test]
    fn options_written_by_hand_are_encoded_by_their_kind() {
        let json = r#"{"op":1,"options":[{"code":53,"value":"discover"},{"name":"routers","value":["10.0.0.1","10.0.0.2"]},
            {"code":51,"value":3600}]}"#;
        let message = read_message(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(message.message_type(), Some(MessageType::DISCOVER));
        assert_eq!(message.option(3), Some(vec![10, 0, 0, 1, 10, 0, 0, 2]));
        assert_eq!(message.u32_option(51), Some(3600));
        let json = r#"{"op":1,"options":[{"code":3,"value":"x"}]}"#;
        let error = read_message(&serde_json::from_str(json).unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("option routers (3): \"x\" is not"), "{error}");
    }

    proptest! {
        #[test]
        fn any_options_come_back_and_the_line_is_valid(options in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = discover();
            bytes.truncate(240);
            bytes.extend(options);
            prop_assert_eq!(round_trip(&bytes), bytes);
        }

        #[test]
        fn any_header_comes_back(header in proptest::collection::vec(any::<u8>(), 8..250)) {
            prop_assert_eq!(round_trip(&header), header);
        }
    }
}

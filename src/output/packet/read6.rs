//! The `dhcpv6` and `icmpv6` objects read back: JSON → message, to the byte.

use std::net::Ipv6Addr;

use serde_json::{Map, Value};

use super::read::{RecordError, read_message, wrong};
use crate::wire::digits::unhex;
use crate::wire::frame::Protocol;
use crate::wire::nd;
use crate::wire::options::text::escape;
use crate::wire::options::{self, Context, Kind, Space};
use crate::wire::v6::{Head, Item, Message, MessageType};

/// The bytes of a message of IPv6 in a packet object, or in a bare `dhcpv6` or `icmpv6` object; `None` where there is none.
pub fn read_six(json: &Value) -> Result<Option<(Protocol, Vec<u8>)>, RecordError> {
    let object = |key: &str| json.get(key).and_then(Value::as_object);
    if let Some(fields) = object("dhcpv6") {
        return Ok(Some((Protocol::Dhcpv6, read_v6(fields)?.encode())));
    }
    if let Some(fields) = object("icmpv6") {
        return Ok(Some((Protocol::Icmpv6, read_router(fields)?.encode())));
    }
    match json.as_object().filter(|fields| fields.contains_key("message_type") && !fields.contains_key("op"))
    {
        Some(fields) if fields.contains_key("code") => {
            Ok(Some((Protocol::Icmpv6, read_router(fields)?.encode())))
        }
        Some(fields) => Ok(Some((Protocol::Dhcpv6, read_v6(fields)?.encode()))),
        None => Ok(None),
    }
}

/// Reads a `dhcpv6` object. `raw` is what counts of an option, `value` only where there is none.
pub fn read_v6(fields: &Map<String, Value>) -> Result<Message, RecordError> {
    let get = |key: &str| fields.get(key).filter(|value| !value.is_null());
    if let Some(value) = get("fixed_raw") {
        return Ok(Message::decode(&bytes("fixed_raw", value)?));
    }
    let kind = get("message_type").ok_or(RecordError::NoMessage)?;
    let kind = match (kind.as_u64().and_then(|number| u8::try_from(number).ok()), kind.as_str()) {
        (Some(number), _) => MessageType(number),
        (_, Some(name)) => {
            name.parse().map_err(|_| wrong("message_type".into(), kind, "a DHCPv6 message type"))?
        }
        _ => return Err(wrong("message_type".into(), kind, "a DHCPv6 message type")),
    };
    let head = if kind.is_relay() {
        let addr = |key: &str| match get(key) {
            None => Ok(Ipv6Addr::UNSPECIFIED),
            Some(value) => value
                .as_str()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| wrong(key.into(), value, "an IPv6 address")),
        };
        let hop_count = get("hop_count").map_or(Ok(0), |value| {
            let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
            number.ok_or_else(|| wrong("hop_count".into(), value, "a number in range"))
        })?;
        Head::Relay { hop_count, link: addr("link_address")?, peer: addr("peer_address")? }
    } else {
        let key = if get("transaction_id").is_some() { "transaction_id" } else { "flags" };
        Head::Transaction(get(key).map_or(Ok(0), |value| {
            hex(value, 0x00ff_ffff).ok_or_else(|| wrong(key.into(), value, "a number such as 0x10b2c3"))
        })?)
    };
    let mut message = Message { kind, head, options: Vec::new(), trailer: Vec::new() };
    for (index, option) in list(fields).iter().enumerate() {
        let (code, data, declared) = item(&options::v6::SPACE, index, option)?;
        let declared = match declared {
            Some(declared) => Some(u16::try_from(declared).unwrap_or(u16::MAX)),
            None if data.len() > usize::from(u16::MAX) => {
                return Err(RecordError::Value(format!("options[{index}]: longer than an option can be")));
            }
            None => None,
        };
        message.options.push(Item { code, declared, data });
    }
    if let Some(value) = get("trailer") {
        message.trailer = bytes("trailer", value)?;
    }
    Ok(message)
}

/// Reads an `icmpv6` object; a checksum that is not given is 0, to be filled in by who sends it.
pub fn read_router(fields: &Map<String, Value>) -> Result<nd::Message, RecordError> {
    let get = |key: &str| fields.get(key).filter(|value| !value.is_null());
    if let Some(value) = get("fixed_raw") {
        return Ok(nd::Message { trailer: bytes("fixed_raw", value)?, ..nd::Message::default() });
    }
    let number = |key: &str, max: u64| match get(key) {
        None => Ok(0),
        Some(value) => value
            .as_u64()
            .filter(|number| *number <= max)
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| wrong(key.into(), value, "a number in range")),
    };
    let hexed = |key: &str, max: u32| match get(key) {
        None => Ok(0),
        Some(value) => hex(value, max).ok_or_else(|| wrong(key.into(), value, "a number such as 0xc0")),
    };
    let kind = get("message_type").ok_or(RecordError::NoMessage)?;
    let kinds = [nd::ROUTER_SOLICITATION, nd::ROUTER_ADVERTISEMENT];
    let known = kinds.into_iter().find(|known| nd::name_of(*known) == kind.as_str());
    let kind =
        known.ok_or_else(|| wrong("message_type".into(), kind, "router-solicitation or -advertisement"))?;
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let word = if kind == nd::ROUTER_ADVERTISEMENT {
        let lifetime = number("router_lifetime", 0xffff)?;
        number("hop_limit", 255)? << 24 | hexed("flags", 255)? << 16 | lifetime
    } else {
        hexed("reserved", u32::MAX)?
    };
    let header = nd::Header {
        kind,
        code: byte(number("code", 255)?),
        checksum: u16::try_from(hexed("checksum_raw", 0xffff)?).unwrap_or(0),
        word,
        reachable_time: number("reachable_time", u32::MAX.into())?,
        retrans_timer: number("retrans_timer", u32::MAX.into())?,
    };
    let mut message = nd::Message { header: Some(header), ..nd::Message::default() };
    for (index, option) in list(fields).iter().enumerate() {
        let (code, mut data, declared) = item(&options::nd::SPACE, index, option)?;
        let code =
            u8::try_from(code).map_err(|_| wrong(format!("options[{index}].code"), option, "a type"))?;
        let declared = declared.map(|units| u8::try_from(units).unwrap_or(u8::MAX));
        if declared.is_none() {
            let whole = data.len().saturating_add(2).next_multiple_of(8).saturating_sub(2);
            data.resize(whole, 0);
        }
        message.options.push(nd::Item { code, declared, data });
    }
    if let Some(value) = get("trailer") {
        message.trailer = bytes("trailer", value)?;
    }
    Ok(message)
}

fn list(fields: &Map<String, Value>) -> &[Value] {
    fields.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn bytes(key: &str, value: &Value) -> Result<Vec<u8>, RecordError> {
    value.as_str().and_then(unhex).ok_or_else(|| wrong(key.to_owned(), value, "hex without separators"))
}

/// A number, or `0x…`.
fn hex(value: &Value, max: u32) -> Option<u32> {
    let number = match value.as_str() {
        Some(text) => u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()?,
        None => u32::try_from(value.as_u64()?).ok()?,
    };
    (number <= max).then_some(number)
}

/// Code, payload and a length that is not the payload's of an option object.
fn item(
    space: &'static Space,
    index: usize,
    option: &Value,
) -> Result<(u16, Vec<u8>, Option<u64>), RecordError> {
    let field = |key: &str| option.get(key).filter(|value| !value.is_null());
    let number = field("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let named = || field("name").and_then(Value::as_str).and_then(|name| space.code(name));
    let code = number.or_else(named);
    let code =
        code.ok_or_else(|| wrong(format!("options[{index}]"), option, "an option with code or name"))?;
    let declared = field("declared_length").and_then(Value::as_u64);
    if let Some(raw) = field("raw") {
        return Ok((code, bytes(&format!("options[{index}].raw"), raw)?, declared));
    }
    let value = option.get("value").unwrap_or(&Value::Null);
    let row = space.by_code(code);
    let data = payload(row.map_or(&Kind::Opaque, |row| &row.kind), value).map_err(|error| {
        RecordError::Value(format!("option {} ({code}): {error}", row.map_or("", |row| row.name)))
    })?;
    Ok((code, data, declared))
}

/// The payload that a value written by hand says.
pub(super) fn payload(kind: &Kind, value: &Value) -> Result<Vec<u8>, String> {
    match (kind, value) {
        (Kind::Message6, Value::Object(fields)) => {
            read_v6(fields).map(|message| message.encode()).map_err(|error| error.to_string())
        }
        (Kind::Message4, Value::Object(_)) => {
            read_message(value).map(|message| message.encode()).map_err(|error| error.to_string())
        }
        (_, Value::Null) => Err("a value, or raw, is missing".to_owned()),
        (_, Value::String(text)) => {
            let mut escaped = Vec::new();
            escape(text.as_bytes(), &mut escaped);
            parse(kind, &String::from_utf8_lossy(&escaped))
        }
        // The syntax of `-o` understands JSON.
        _ => parse(kind, &value.to_string()),
    }
}

fn parse(kind: &Kind, text: &str) -> Result<Vec<u8>, String> {
    options::parse(kind, text, &Context::default()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(text: &str) -> Vec<u8> {
        read_six(&serde_json::from_str(text).unwrap()).unwrap().unwrap().1
    }

    #[test]
    fn values_written_by_hand_are_encoded_by_their_kind() {
        let text = r#"{"message_type":"advertise","transaction_id":"0x10b2c3","options":[
            {"code":1,"value":{"type":"ll","hardware_type":"ethernet","address":"02:dc:00:00:00:05"}},
            {"name":"ia-na","value":{"iaid":5,"t1":250,"t2":333,"options":[{"code":5,"value":
              {"address":"fd00:64::a","preferred_lifetime":500,"valid_lifetime":1000,"options":[]}}]}},
            {"code":13,"value":{"status":"no-prefix-avail","message":"no, \"none\""}},
            {"code":23,"value":["fd00::1","fd00::2"]},
            {"code":9,"value":{"message_type":"solicit","transaction_id":"0x000001","options":[]}}]}"#;
        let message = Message::decode(&bytes_of(text));
        assert_eq!(message.option(1).unwrap(), [0, 3, 0, 1, 2, 0xdc, 0, 0, 0, 5]);
        assert_eq!(message.option(3).unwrap().len(), 12 + 28);
        assert_eq!(&message.option(13).unwrap()[2..], b"no, \"none\"");
        assert_eq!(message.option(23).unwrap().len(), 32);
        assert_eq!(message.option(9).unwrap(), [1, 0, 0, 1]);
    }

    /// A value without the bytes that stand beside the values inside it.
    fn without_raw(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let unknown = fields.get("value").is_some_and(Value::is_null);
                let kept = fields.into_iter().filter(|(key, _)| unknown || key != "raw");
                Value::Object(kept.map(|(key, value)| (key, without_raw(value))).collect())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(without_raw).collect()),
            other => other,
        }
    }

    /// For every option of every space: what decoding shows is what `-o` and replaying read.
    #[test]
    fn the_json_of_every_value_is_read_back() {
        let (mut tried, cx) = (0, Context::default());
        for space in Space::ALL {
            for row in space.table {
                let sample = row.kind.example();
                let bytes = options::parse(&row.kind, &sample, &cx).unwrap();
                let mut json = crate::output::JsonOut::new();
                options::decode(&row.kind, &bytes, &cx, &mut json).unwrap();
                let shown: Value = serde_json::from_slice(&json.buf).unwrap();
                if shown.is_null() {
                    // Nobody knows what it means: there is its raw alone.
                    continue;
                }
                let again = payload(&row.kind, &without_raw(shown.clone()));
                assert_eq!(again, Ok(bytes), "{} {}: {shown} of {sample}", space.name, row.name);
                tried += 1;
            }
        }
        assert!(tried > 500, "{tried}");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let error = |text: &str| read_six(&serde_json::from_str(text).unwrap()).unwrap_err().to_string();
        assert!(error(r#"{"dhcpv6":{"message_type":"soliciting"}}"#).contains("message_type"));
        assert!(
            error(r#"{"dhcpv6":{"message_type":"solicit","transaction_id":"7"}}"#).contains("transaction_id")
        );
        let wrong = r#"{"dhcpv6":{"message_type":"solicit","options":[{"code":23,"value":["x"]}]}}"#;
        assert!(error(wrong).contains("dns-servers (23)"), "{}", error(wrong));
        assert_eq!(read_six(&serde_json::json!({"op": 1})), Ok(None));
    }

    /// The object of a message as decode writes it, and every other view of it.
    fn shown(protocol: Protocol, bytes: &[u8]) -> Value {
        use crate::capture::Frame;
        use crate::cli::stream::{Page, Renderer, View};
        use crate::output::when::TimeText;
        use crate::wire::escape::is_hostile;
        use crate::wire::frame::Datagram;
        let frame = Frame::of(1, bytes);
        let datagram = Datagram { protocol, ..Datagram::bare(bytes) };
        let mut found = Value::Null;
        for view in [View::Json, View::Line, View::Detail, View::Dump] {
            let mut renderer = Renderer::new(
                crate::analysis::Selection::default(),
                view,
                TimeText::default(),
                Page::default(),
            );
            assert!(renderer.datagram(&frame, &datagram));
            let text = std::str::from_utf8(renderer.bytes()).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text:?}");
            if view == View::Json {
                found = serde_json::from_str(text).unwrap();
            }
        }
        found
    }

    fn comes_back(protocol: Protocol, bytes: &[u8]) {
        let json = shown(protocol, bytes);
        match read_six(&json).unwrap() {
            Some((found, again)) => assert_eq!((found, again.as_slice()), (protocol, bytes)),
            None => assert!(bytes.is_empty()),
        }
    }

    /// A chain of relays as long as a datagram allows is shown in bounded memory.
    #[test]
    fn the_deepest_nesting_is_cut() {
        let addr = Ipv6Addr::LOCALHOST;
        let mut bytes = vec![1, 0, 0, 7];
        while bytes.len() < 65_450 {
            bytes = Message::relay(MessageType::RELAY_FORW, 1, addr, addr, &bytes).encode();
        }
        let json = shown(Protocol::Dhcpv6, &bytes);
        assert!(json.to_string().len() < 5_000_000);
        assert!(json["problems"].to_string().contains("nesting-too-deep"));
        comes_back(Protocol::Dhcpv6, &bytes);
    }

    fn options() -> impl Strategy<Value = Vec<u8>> {
        let payload = prop::collection::vec(prop_oneof![0..40_u8, any::<u8>()], 0..40);
        let option = (0_u16..152, payload).prop_map(|(code, payload)| {
            let mut bytes = code.to_be_bytes().to_vec();
            bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            bytes.extend(payload);
            bytes
        });
        prop::collection::vec(option, 0..6).prop_map(|options| options.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_options_come_back(kind in 0_u8..40, area in options(), cut in 0_usize..8) {
            let mut bytes = vec![kind, 1, 2, 3];
            if MessageType(kind).is_relay() {
                bytes.extend([7; 30]);
            }
            bytes.extend(area);
            bytes.truncate(bytes.len().saturating_sub(cut));
            comes_back(Protocol::Dhcpv6, &bytes);
        }

        #[test]
        fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            comes_back(Protocol::Dhcpv6, &bytes);
        }

        #[test]
        fn any_router_message_comes_back(
            kind in 133_u8..135,
            rest in prop::collection::vec(prop_oneof![0..5_u8, any::<u8>()], 0..120),
        ) {
            let mut bytes = vec![kind];
            bytes.extend(rest);
            comes_back(Protocol::Icmpv6, &bytes);
        }
    }
}

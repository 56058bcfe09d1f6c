//! Decoded values that stay: for those who ask for one instead of writing it down.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::{Context, ValueError};
use super::decode::decode;
use super::kind::Kind;
use super::sink::Sink;

/// A decoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// None, or bytes whose meaning is not known.
    Null,
    /// A flag.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A number that may be negative.
    Signed(i64),
    /// Text as it came, not escaped.
    Text(Vec<u8>),
    /// A name of ours.
    Name(&'static str),
    /// An IPv4 address.
    Ip4(Ipv4Addr),
    /// An IPv6 address.
    Ip6(Ipv6Addr),
    /// An IPv4 prefix.
    Prefix4(Ipv4Addr, u8),
    /// An IPv6 prefix.
    Prefix6(Ipv6Addr, u8),
    /// A hardware address.
    Hardware(Vec<u8>),
    /// Opaque bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// Keys and values, in order.
    Map(Vec<(&'static str, Value)>),
}

impl Value {
    /// Decodes `bytes` as `kind`.
    pub fn decode(kind: &Kind, bytes: &[u8], cx: &Context<'_>) -> Result<Self, ValueError> {
        let mut sink = ValueSink::default();
        decode(kind, bytes, cx, &mut sink)?;
        Ok(sink.finish())
    }

    /// The member `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|member| member.0 == key).map(|member| &member.1),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

/// Builds a [`Value`].
#[derive(Debug, Default)]
pub struct ValueSink {
    /// Lists and maps that are still open, each with the key it will stand under in the one around it.
    open: Vec<Value>,
    keys: Vec<&'static str>,
    done: Option<Value>,
}

impl ValueSink {
    /// The value; null when there was none.
    pub fn finish(self) -> Value {
        self.done.unwrap_or(Value::Null)
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(Value::List(items)) => items.push(value),
            Some(Value::Map(members)) => members.push((self.keys.pop().unwrap_or_default(), value)),
            _ => self.done = Some(value),
        }
    }

    fn close(&mut self) {
        if let Some(value) = self.open.pop() {
            self.put(value);
        }
    }
}

impl Sink for ValueSink {
    fn null(&mut self) {
        self.put(Value::Null);
    }
    fn flag(&mut self, value: bool) {
        self.put(Value::Flag(value));
    }
    fn number(&mut self, value: u64) {
        self.put(Value::Number(value));
    }
    fn signed(&mut self, value: i64) {
        self.put(Value::Signed(value));
    }
    fn text(&mut self, bytes: &[u8]) {
        self.put(Value::Text(bytes.to_vec()));
    }
    fn name(&mut self, name: &'static str) {
        self.put(Value::Name(name));
    }
    fn ip4(&mut self, addr: Ipv4Addr) {
        self.put(Value::Ip4(addr));
    }
    fn ip6(&mut self, addr: Ipv6Addr) {
        self.put(Value::Ip6(addr));
    }
    fn prefix4(&mut self, addr: Ipv4Addr, length: u8) {
        self.put(Value::Prefix4(addr, length));
    }
    fn prefix6(&mut self, addr: Ipv6Addr, length: u8) {
        self.put(Value::Prefix6(addr, length));
    }
    fn hardware(&mut self, bytes: &[u8]) {
        self.put(Value::Hardware(bytes.to_vec()));
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.put(Value::Bytes(bytes.to_vec()));
    }
    fn begin_list(&mut self) {
        self.open.push(Value::List(Vec::new()));
    }
    fn end_list(&mut self) {
        self.close();
    }
    fn begin_map(&mut self) {
        self.open.push(Value::Map(Vec::new()));
    }
    fn key(&mut self, key: &'static str) {
        self.keys.push(key);
    }
    fn end_map(&mut self) {
        self.close();
    }
}

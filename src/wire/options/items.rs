//! A value as plain text, item by item: what a column or a comparison wants of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::{Context, ValueError};
use super::decode::decode;
use super::kind::{Kind, Names};
use super::registry::Space;
use super::sink::Sink;
use super::text::TextSink;
use crate::wire::digits::write_hex;

/// The items of one value, one behind the other. Keeps its memory from value to value.
///
/// An item of a list stands alone: text is its own bytes, bytes are bare hexadecimal digits; a route and a pair are two
/// addresses with `=` between, a client identifier of the usual kind is the hardware address, and a FQDN the name; what consists of parts has the form that `-o` reads. Anything but a list is one item.
#[derive(Clone, Debug, Default)]
pub struct Items {
    text: Vec<u8>,
    ends: Vec<usize>,
    is_list: bool,
}

impl Items {
    /// Takes the place of what was there: the items of `bytes` as `kind`. On an error there is none.
    pub fn read(&mut self, kind: &Kind, bytes: &[u8], cx: &Context<'_>) -> Result<(), ValueError> {
        let mut sink = self.begin();
        let read = decode(kind, bytes, cx, &mut sink);
        if read.is_err() {
            self.ends.clear();
        }
        read
    }

    /// Forgets all items; those that are then given to the sink are the new ones.
    pub fn begin(&mut self) -> ItemSink<'_> {
        self.text.clear();
        self.ends.clear();
        self.is_list = false;
        ItemSink {
            text: TextSink::new(&mut self.text),
            ends: &mut self.ends,
            depth: 0,
            is_list: &mut self.is_list,
        }
    }

    /// The items in order; not always UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| self.text.get(begin..*end).unwrap_or_default())
    }

    /// True when they are those of a list, be it of one item.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True for an empty list, and where nothing decoded.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Fills [`Items`].
pub struct ItemSink<'a> {
    text: TextSink<'a>,
    ends: &'a mut Vec<usize>,
    /// Lists, maps and nested options that are open.
    depth: u8,
    /// The value is a list, whose items are told apart.
    is_list: &'a mut bool,
}

impl ItemSink<'_> {
    /// True where what comes next is an item of its own.
    fn at_item(&self) -> bool {
        self.depth == u8::from(*self.is_list)
    }

    fn ended(&mut self) {
        if self.at_item() {
            self.ends.push(self.text.written());
        }
    }

    fn open(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.ended();
    }

    fn list(&mut self, marked: bool) {
        if self.depth == 0 && !*self.is_list {
            *self.is_list = true;
        } else if marked {
            self.text.begin_marked_list();
        } else {
            self.text.begin_list();
        }
        self.open();
    }
}

macro_rules! scalars {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name(&mut self, $($argument: $kind),*) {
            self.text.$name($($argument),*);
            self.ended();
        })*
    };
}

impl Sink for ItemSink<'_> {
    scalars! {
        null();
        flag(value: bool);
        number(value: u64);
        signed(value: i64);
        name(name: &'static str);
        named(value: u32, name: &'static str);
        coded(value: u32, names: &'static Names);
        option_code(code: u16, space: &'static Space);
        ip4(addr: Ipv4Addr);
        ip6(addr: Ipv6Addr);
        prefix4(addr: Ipv4Addr, length: u8);
        prefix6(addr: Ipv6Addr, length: u8);
        hardware(bytes: &[u8]);
        route(destination: Ipv4Addr, length: u8, router: Ipv4Addr);
        pair(keys: &'static [&'static str; 2], first: Ipv4Addr, second: Ipv4Addr);
    }

    /// A number like any other: all ones have no name here.
    fn seconds(&mut self, value: u32, _: bool) {
        self.number(u64::from(value));
    }

    fn text(&mut self, bytes: &[u8]) {
        if self.at_item() {
            self.text.plain().extend_from_slice(bytes);
        } else {
            self.text.text(bytes);
        }
        self.ended();
    }

    fn opaque(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.at_item() {
            write_hex(bytes, self.text.plain());
        } else {
            self.text.bytes(bytes);
        }
        self.ended();
    }

    /// The address alone.
    fn ethernet_client(&mut self, mac: [u8; 6]) {
        self.hardware(&mac);
    }

    /// The name alone.
    fn fqdn(&mut self, _: u8, _: &[(u32, &'static str)], _: [u8; 2], name: &[u8]) {
        self.text(name);
    }

    fn begin_list(&mut self) {
        self.list(false);
    }

    fn begin_marked_list(&mut self) {
        self.list(true);
    }

    fn end_list(&mut self) {
        if self.depth == 1 && *self.is_list {
            self.depth = 0;
        } else {
            self.text.end_list();
            self.close();
        }
    }

    fn begin_map(&mut self) {
        self.text.begin_map();
        self.open();
    }

    fn key(&mut self, key: &'static str) {
        self.text.key(key);
    }

    fn end_map(&mut self) {
        self.text.end_map();
        self.close();
    }

    fn begin_option(&mut self, code: u16, name: Option<&'static str>, raw: &[u8], decodes: bool) {
        self.text.begin_option(code, name, raw, decodes);
        self.open();
    }

    fn end_option(&mut self, raw: &[u8]) {
        self.text.end_option(raw);
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, v4};
    use super::*;

    fn items(name: &str, text: &str) -> Vec<String> {
        let row = v4::SPACE.by_name(name).unwrap();
        let bytes = parse(&row.kind, text, &Context::default()).unwrap();
        let mut items = Items::default();
        items.read(&row.kind, &bytes, &Context::default()).unwrap();
        items.iter().map(|item| String::from_utf8_lossy(item).into_owned()).collect()
    }

    #[test]
    fn a_value_is_told_item_by_item() {
        assert_eq!(items("routers", "10.0.0.1,10.0.0.2"), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(items("host-name", "a b,c"), ["a b,c"]);
        assert_eq!(items("dhcp-lease-time", "infinite"), ["4294967295"]);
        assert_eq!(items("dhcp-message-type", "discover"), ["discover"]);
        assert_eq!(items("dhcp-parameter-request-list", "1,3,6"), ["1", "3", "6"]);
        assert_eq!(
            items("classless-static-route", "0.0.0.0/0=10.0.0.1,10.1.0.0/16=10.0.0.2"),
            ["0.0.0.0/0=10.0.0.1", "10.1.0.0/16=10.0.0.2"]
        );
        assert_eq!(items("domain-search", "a.example,b.example"), ["a.example", "b.example"]);
        assert_eq!(items("user-class", "[one,two]"), ["one", "two"]);
        assert_eq!(
            items("relay-agent-information", "circuit-id=a b,2=0x01"),
            ["circuit-id=a b", "remote-id=0x01"]
        );
        assert_eq!(items("pxe-interface-id", "type=1,major=2,minor=3"), ["type=1,major=2,minor=3"]);
        assert_eq!(items("dhcp-client-identifier", "00:11:22:33:44:55"), ["00:11:22:33:44:55"]);
    }

    #[test]
    fn what_does_not_decode_has_no_items() {
        let row = v4::SPACE.by_name("routers").unwrap();
        let mut items = Items::default();
        assert!(items.read(&row.kind, &[1, 2, 3, 4, 5], &Context::default()).is_err());
        assert!(items.is_empty() && items.iter().next().is_none());
    }
}

//! Where decoded values go.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::kind::Names;
use super::registry::Space;
use crate::wire::digits::hex_half;

/// Receives a value while it is decoded, event by event, so that JSON, text and owned values come from one decoder and
/// none of them needs memory of its own.
///
/// A value is exactly one scalar, one list or one map. Inside a list, values follow each other; inside a map every
/// value is preceded by [`Sink::key`]. When decoding fails half-way, whoever called it discards what the sink got since
/// (JSON and text writers truncate to where they stood).
pub trait Sink {
    /// No value (JSON `null`).
    fn null(&mut self);
    /// A flag.
    fn flag(&mut self, value: bool);
    /// A plain number.
    fn number(&mut self, value: u64);
    /// A number that may be negative.
    fn signed(&mut self, value: i64);
    /// A duration in seconds; `u32::MAX` (all ones) means "no end" where `infinite` is set.
    fn seconds(&mut self, value: u32, infinite: bool) {
        let _ = infinite;
        self.number(u64::from(value));
    }
    /// Text from the wire: any bytes, possibly not UTF-8, possibly hostile to a terminal. Escaping is the sink's duty.
    fn text(&mut self, bytes: &[u8]);
    /// A name from one of our own tables: safe ASCII.
    fn name(&mut self, name: &'static str);
    /// A number known by `name`: the message type and the like. The default is the name alone.
    fn named(&mut self, value: u32, name: &'static str) {
        let _ = value;
        self.name(name);
    }
    /// A number that has names for people. The default is the number alone.
    fn coded(&mut self, value: u32, names: &'static Names) {
        let _ = names;
        self.number(u64::from(value));
    }
    /// The code of an option of `space`. The default is the number alone.
    fn option_code(&mut self, code: u16, space: &'static Space) {
        let _ = space;
        self.number(u64::from(code));
    }
    /// The codes of options of `space`, one after the other, as they lie on the wire: whole codes only.
    fn option_codes(&mut self, codes: &[u8], space: &'static Space) {
        for code in space.codes(codes) {
            self.option_code(code, space);
        }
    }
    /// Bytes whose meaning is not known. The default is [`Sink::null`]: the value's own bytes stand beside it anyway.
    fn opaque(&mut self, bytes: &[u8]) {
        let _ = bytes;
        self.null();
    }
    /// An IPv4 address.
    fn ip4(&mut self, addr: Ipv4Addr);
    /// An IPv6 address.
    fn ip6(&mut self, addr: Ipv6Addr);
    /// An IPv4 prefix, `10.0.0.0/8`.
    fn prefix4(&mut self, addr: Ipv4Addr, length: u8);
    /// An IPv6 prefix, `2001:db8::/32`.
    fn prefix6(&mut self, addr: Ipv6Addr, length: u8);
    /// A hardware address, written with colons.
    fn hardware(&mut self, bytes: &[u8]);
    /// Opaque bytes, written as lower-case hex without separators.
    fn bytes(&mut self, bytes: &[u8]);
    /// A number that is written in hexadecimal, with so many digits behind `0x`: identifiers and flags. The default is text.
    fn hex_number(&mut self, value: u32, digits: u8) {
        let mut text = *b"0x00000000";
        let shown = usize::from(digits.min(8));
        if let Some(places) = text.get_mut(2..2_usize.saturating_add(shown)) {
            let digits = hex_half(value.swap_bytes()).to_le_bytes();
            let shown = digits.get(digits.len().saturating_sub(shown)..).unwrap_or_default();
            places.copy_from_slice(shown);
        }
        self.hex_text(text.get(..2_usize.saturating_add(shown)).unwrap_or_default());
    }
    /// The text of [`hex_number`](Self::hex_number).
    fn hex_text(&mut self, text: &[u8]) {
        self.text(text);
    }
    /// What people may want to know of the value that was just given. The default is nothing.
    fn remark(&mut self, remark: &str) {
        let _ = remark;
    }
    /// Hundredths of a second.
    fn hundredths(&mut self, value: u16) {
        self.number(value.into());
    }
    /// A DHCPv4 message inside another. The default is its bytes.
    fn dhcpv4(&mut self, message: &[u8]) {
        self.bytes(message);
    }
    /// Starts a list.
    fn begin_list(&mut self);
    /// Ends the innermost list.
    fn end_list(&mut self);
    /// Starts a map.
    fn begin_map(&mut self);
    /// Names the next value of the innermost map. Kebab or snake case ASCII.
    fn key(&mut self, key: &'static str);
    /// Ends the innermost map.
    fn end_map(&mut self);

    /// Where the sink stands, of one that can go back: what is nested is then decoded without a look ahead.
    fn mark(&self) -> Option<usize> {
        None
    }
    /// Goes back to where it stood, within the same list or map.
    fn back_to(&mut self, mark: usize) {
        let _ = mark;
    }

    /// True for a sink that keeps nothing: nested values that cannot fail are then skipped.
    const DISCARDS: bool = false;

    /// Starts a list that its text form must mark even where it stands alone (the two forms of a user class).
    fn begin_marked_list(&mut self) {
        self.begin_list();
    }
    /// A route: a map of `destination` and `router`.
    fn route(&mut self, destination: Ipv4Addr, length: u8, router: Ipv4Addr) {
        self.begin_map();
        self.key("destination");
        self.prefix4(destination, length);
        self.key("router");
        self.ip4(router);
        self.end_map();
    }
    /// Two addresses that belong together: a map of the two keys.
    fn pair(&mut self, keys: &'static [&'static str; 2], first: Ipv4Addr, second: Ipv4Addr) {
        self.begin_map();
        self.key(keys[0]);
        self.ip4(first);
        self.key(keys[1]);
        self.ip4(second);
        self.end_map();
    }
    /// The client identifier that nearly all clients send: a map of `type`, which is
    /// Ethernet, and `address`.
    fn ethernet_client(&mut self, mac: [u8; 6]) {
        self.begin_map();
        self.key("type");
        self.named(1, "ethernet");
        self.key("address");
        self.hardware(&mac);
        self.end_map();
    }
    /// The name that a client has or wants to have: a map of `flags`, `rcode1`, `rcode2` and `name`. Bits that are not in
    /// `names` are one number.
    fn fqdn(&mut self, bits: u8, names: &[(u32, &'static str)], rcodes: [u8; 2], name: &[u8]) {
        self.begin_map();
        self.key("flags");
        self.begin_list();
        let known = names.iter().filter(|(mask, _)| u32::from(bits) & mask != 0);
        let rest = known.fold(u32::from(bits), |rest, (mask, name)| {
            self.name(name);
            rest & !mask
        });
        if rest != 0 {
            self.number(u64::from(rest));
        }
        self.end_list();
        self.key("rcode1");
        self.number(u64::from(rcodes[0]));
        self.key("rcode2");
        self.number(u64::from(rcodes[1]));
        self.key("name");
        self.text(name);
        self.end_map();
    }
    /// Starts a nested option, a map of `code`, `name`, `value` and `raw`; exactly one value follows, then
    /// [`Sink::end_option`]. Where `decodes` is false that value is `null`.
    fn begin_option(&mut self, code: u16, name: Option<&'static str>, raw: &[u8], decodes: bool) {
        let _ = (raw, decodes);
        self.begin_map();
        self.key("code");
        self.number(u64::from(code));
        self.key("name");
        match name {
            Some(name) => self.name(name),
            None => self.null(),
        }
        self.key("value");
    }
    /// Starts a nested option that is cut: there is only `raw` of `declared` bytes. Its value is `null`;
    /// [`end_cut_option`](Self::end_cut_option) follows.
    fn begin_cut_option(&mut self, code: u16, name: Option<&'static str>, raw: &[u8], declared: usize) {
        let _ = declared;
        self.begin_option(code, name, raw, false);
    }
    /// Ends a nested option that is cut: `raw` is what is there of `declared` bytes.
    fn end_cut_option(&mut self, raw: &[u8], declared: usize) {
        self.key("raw");
        self.bytes(raw);
        self.key("declared_length");
        self.number(u64::try_from(declared).unwrap_or(u64::MAX));
        self.end_map();
    }
    /// Ends a nested option; `raw` is its payload.
    fn end_option(&mut self, raw: &[u8]) {
        self.key("raw");
        self.bytes(raw);
        self.end_map();
    }
}

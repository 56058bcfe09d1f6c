//! Where decoded values go.

use std::net::{Ipv4Addr, Ipv6Addr};

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
}

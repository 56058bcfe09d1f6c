//! Frames made once and patched in place: what a load generator sends differs in a few fields only.
//!
//! A draft is made with marks in place of the client's MAC, its address and so on. Where a mark is found in the frame,
//! the real value goes. What was set by hand stands where a mark would be, so it stays. Checksums are summed up once
//! without the patched fields, and each value adds its share (RFC 1624).

use std::net::Ipv4Addr;

use crate::engine::load::position;
use crate::engine::v4::draft::Draft;
use crate::wire::Mac;
use crate::wire::frame::build::{self, IPV4_LEN};
use crate::wire::frame::checksum::Sum;
use crate::wire::frame::numbers::UDP;

pub use crate::engine::load::MAC_MARK;
/// Stands for the transaction identifier.
pub const XID_MARK: u32 = 0xb74d_e913;
/// Stands for the client's address: offered, held or asked for.
pub const ADDRESS_MARK: Ipv4Addr = Ipv4Addr::new(251, 137, 66, 219);
/// Stands for the server's address.
pub const SERVER_MARK: Ipv4Addr = Ipv4Addr::new(252, 71, 158, 203);
/// Stands for the relay's address.
pub const RELAY_MARK: Ipv4Addr = Ipv4Addr::new(253, 93, 182, 47);
/// Stands for the MAC of the server or the router before it.
pub const SERVER_MAC_MARK: Mac = Mac([0x02, 0x5e, 0xc9, 0x78, 0xa3, 0x1f]);
/// Stands for the client's number as eight hex digits: its circuit in option 82.
pub const CIRCUIT_MARK: [u8; 8] = *b"~circui~";

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What the messages of one client differ in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values {
    /// The client's MAC.
    pub mac: [u8; 6],
    /// The transaction identifier.
    pub xid: [u8; 4],
    /// The client's address.
    pub address: [u8; 4],
    /// The server's address.
    pub server: [u8; 4],
    /// The relay's address.
    pub relay: [u8; 4],
    /// Where frames for the server go.
    pub server_mac: [u8; 6],
    /// The client's number in hex.
    pub circuit: [u8; 8],
}

impl Values {
    /// Sets the client's number.
    pub fn set_circuit(&mut self, number: u32) {
        for (place, digit) in self.circuit.iter_mut().zip((0..8_u32).rev()) {
            let nibble = number.wrapping_shr(digit.wrapping_mul(4)) & 15;
            *place = usize::try_from(nibble).ok().and_then(|nibble| HEX.get(nibble)).copied().unwrap_or(b'0');
        }
    }

    fn of(&self, which: Which) -> &[u8] {
        match which {
            Which::Mac => &self.mac,
            Which::Xid => &self.xid,
            Which::Address => &self.address,
            Which::Server => &self.server,
            Which::Relay => &self.relay,
            Which::ServerMac => &self.server_mac,
            Which::Circuit => &self.circuit,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Mac,
    Xid,
    Address,
    Server,
    Relay,
    ServerMac,
    Circuit,
}

#[derive(Clone, Copy, Debug)]
struct Patch {
    at: usize,
    which: Which,
    /// Part of the IPv4 header.
    in_ip: bool,
    /// Part of what UDP's checksum covers, the addresses of the pseudo header included.
    in_udp: bool,
    /// It starts in the low byte of a 16-bit word.
    odd: bool,
}

/// A frame with places to fill in.
#[derive(Clone, Debug)]
pub struct Template {
    frame: Vec<u8>,
    patches: Vec<Patch>,
    ip: usize,
    ip_sum: Sum,
    udp_sum: Sum,
}

impl Template {
    /// Finds the marks in `draft`.
    pub fn new(draft: &Draft) -> Self {
        let mut frame = draft.frame();
        let ip = draft.envelope.vlans.len().saturating_mul(4).saturating_add(14);
        let udp = ip.saturating_add(IPV4_LEN);
        let total = frame.get(ip..).and_then(|header| header.get(2..4)).map_or(0, |len| {
            usize::from(u16::from_be_bytes([
                len.first().copied().unwrap_or(0),
                len.last().copied().unwrap_or(0),
            ]))
        });
        let end = ip.saturating_add(total);
        let marks: [(Which, &[u8]); 7] = [
            (Which::Mac, &MAC_MARK.0),
            (Which::Xid, &XID_MARK.to_be_bytes()),
            (Which::Address, &ADDRESS_MARK.octets()),
            (Which::Server, &SERVER_MARK.octets()),
            (Which::Relay, &RELAY_MARK.octets()),
            (Which::ServerMac, &SERVER_MAC_MARK.0),
            (Which::Circuit, &CIRCUIT_MARK),
        ];
        let mut patches = Vec::new();
        for (which, mark) in marks {
            let mut from = 0;
            while let Some(found) = frame.get(from..).and_then(|rest| position(rest, mark)) {
                let at = from.saturating_add(found);
                let in_ip = (ip..udp).contains(&at);
                let in_udp = at >= udp && at < end || in_ip;
                let odd = at.wrapping_sub(ip) & 1 == 1;
                patches.push(Patch { at, which, in_ip, in_udp, odd });
                put(&mut frame, at, &[0; 8], mark.len());
                from = at.saturating_add(mark.len());
            }
        }
        put(&mut frame, ip.saturating_add(10), &[0; 2], 2);
        put(&mut frame, udp.saturating_add(6), &[0; 2], 2);
        let ip_sum = Sum::default().add_bytes(frame.get(ip..udp).unwrap_or(&[]));
        // The addresses may hold marks, so they count as they lie there.
        let zero = Ipv4Addr::UNSPECIFIED.into();
        let length = total.saturating_sub(IPV4_LEN);
        let pseudo = Sum::default().add_pseudo_header(zero, zero, UDP, length).unwrap_or_default();
        let udp_sum = pseudo
            .add_bytes(frame.get(ip.saturating_add(12)..udp).unwrap_or(&[]))
            .add_bytes(frame.get(udp..end).unwrap_or(&[]));
        Self { frame, patches, ip, ip_sum, udp_sum }
    }

    /// Appends the frame of these values to `out`.
    #[inline]
    pub fn write(&self, values: &Values, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        let frame = out.get_mut(start..).unwrap_or(&mut []);
        let (mut ip_sum, mut udp_sum) = (self.ip_sum, self.udp_sum);
        for patch in &self.patches {
            let value = values.of(patch.which);
            if let Some(place) = frame.get_mut(patch.at..patch.at.saturating_add(value.len())) {
                place.copy_from_slice(value);
            }
            if patch.in_udp {
                let share = Sum::default().add_bytes(value);
                udp_sum = udp_sum.add_sum(share, patch.odd);
                if patch.in_ip {
                    ip_sum = ip_sum.add_sum(share, patch.odd);
                }
            }
        }
        build::patch(frame, self.ip.saturating_add(10), ip_sum.checksum());
        build::patch(frame, self.ip.saturating_add(IPV4_LEN).saturating_add(6), udp_sum.udp_checksum());
    }

    /// True when every client's frame carries its own transaction identifier and MAC, without which answers cannot be
    /// told apart.
    pub fn tells_clients_apart(&self) -> bool {
        [Which::Mac, Which::Xid].iter().all(|which| self.patches.iter().any(|patch| patch.which == *which))
    }

    /// Bytes of the frame.
    pub fn len(&self) -> usize {
        self.frame.len()
    }

    /// True for a frame without bytes, which no draft makes.
    pub fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8], len: usize) {
    let bytes = bytes.get(..len).unwrap_or(bytes);
    if let Some(place) = frame.get_mut(at..at.saturating_add(bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::v4::recipe::{Recipe, Route, State};
    use crate::wire::v4::{Packet, Xid};

    fn values() -> Values {
        let mut values = Values {
            mac: [2, 0, 0, 0, 0, 0x77],
            xid: [1, 2, 3, 4],
            address: [10, 0, 0, 50],
            server: [10, 0, 0, 1],
            relay: [10, 9, 0, 1],
            server_mac: [2, 0, 0, 0, 0, 1],
            circuit: [0; 8],
        };
        values.set_circuit(0x00c0_ffee);
        values
    }

    fn marked() -> Recipe {
        let mut recipe = Recipe::new(MAC_MARK, Xid(XID_MARK));
        recipe.identity.push((61, [vec![1], MAC_MARK.0.to_vec()].concat()));
        recipe
    }

    fn real() -> Recipe {
        let values = values();
        let mut recipe = Recipe::new(Mac(values.mac), Xid(u32::from_be_bytes(values.xid)));
        recipe.identity.push((61, [vec![1], values.mac.to_vec()].concat()));
        recipe
    }

    #[test]
    fn a_patched_frame_is_the_frame_that_would_have_been_built() {
        let values = values();
        let address = Ipv4Addr::from(values.address);
        let server = Route { server: values.server.into(), next_hop: values.server.into() };
        let mark = Route { server: SERVER_MARK, next_hop: SERVER_MARK };
        let mut pairs = vec![(marked().discover(0, None), real().discover(0, None))];
        for state in State::ALL {
            pairs.push((
                marked().request(state, 0, ADDRESS_MARK, Some(mark)),
                real().request(state, 0, address, Some(server)),
            ));
        }
        pairs.push((marked().release(ADDRESS_MARK, mark), real().release(address, server)));
        let (mut marked, mut real) = (marked(), real());
        marked.overrides.giaddr = Some(RELAY_MARK);
        marked.relay = Some(mark);
        real.overrides.giaddr = Some(values.relay.into());
        real.relay = Some(server);
        for (recipe, circuit) in [(&mut marked, &CIRCUIT_MARK), (&mut real, &values.circuit)] {
            recipe.overrides.vlans = vec![5];
            let data = [&[1, 8], circuit.as_slice()].concat();
            recipe.overrides.options.push(crate::engine::OptionEdit { code: 82, data });
        }
        pairs.push((marked.discover(0, None), real.discover(0, None)));
        for (mut marked, mut real) in pairs {
            if marked.next_hop.is_some() {
                marked.envelope.dst_mac = SERVER_MAC_MARK;
                real.envelope.dst_mac = Mac(values.server_mac);
            }
            let template = Template::new(&marked);
            assert!(template.tells_clients_apart());
            let mut out = vec![9; 3];
            template.write(&values, &mut out);
            assert_eq!(out[3..], real.frame(), "{real:?}");
            assert_eq!(template.len(), real.frame().len());
        }
        assert_eq!(&values.circuit, b"00c0ffee");
    }

    #[test]
    fn every_value_gives_a_right_checksum() {
        let template = Template::new(&marked().discover(0, None));
        let mut values = values();
        for xid in (0..70_000_u32).map(|step| step.wrapping_mul(61_297)) {
            values.xid = xid.to_be_bytes();
            let mut out = Vec::new();
            template.write(&values, &mut out);
            let zero = Ipv4Addr::UNSPECIFIED.into();
            let pseudo = Sum::default().add_pseudo_header(zero, zero, 17, out.len() - 34).unwrap();
            let udp = pseudo.add_bytes(&out[26..34]).add_bytes(&out[34..]);
            let ip = Sum::default().add_bytes(&out[14..34]);
            assert_eq!((ip.checksum(), udp.checksum()), (0, 0), "{xid:#x}");
            assert_ne!(&out[40..42], &[0, 0]);
        }
    }

    #[test]
    fn what_was_set_by_hand_stays() {
        let mut recipe = marked();
        recipe.overrides.xid = Some(Xid(7));
        let template = Template::new(&recipe.discover(0, None));
        assert!(!template.tells_clients_apart());
        let mut out = Vec::new();
        template.write(&values(), &mut out);
        assert_eq!(Packet::new(&out[42..]).xid(), Some(Xid(7)));
    }
}

//! Frames of DHCPv6 made once, as pieces: what every message has alike, and places for what is a client's own.
//!
//! Unlike in DHCPv4 the places differ in length (a server's name, the leases, a number in a relay's option), so a frame is put together
//! anew, and the lengths around each place are filled in as it closes. The checksum is summed up over the whole datagram: it costs less
//! than the lengths of the places do.

use std::ops::Range;

use crate::engine::load::{MAC_MARK, position};
use crate::engine::v6::draft::Draft6;
use crate::wire::Mac;
use crate::wire::frame::build::patch;
use crate::wire::frame::checksum::Sum;
use crate::wire::frame::numbers::UDP;
use crate::wire::options::v6 as opt;
use crate::wire::v6::packet::RawOption;
use crate::wire::v6::{Options, Packet};

/// Stands for the server's DUID.
pub const SERVER_MARK: [u8; 10] = [0, 3, 0, 1, 0x02, 0x5e, 0xc9, 0x78, 0xa3, 0x1f];
/// The IAID of the `IA_NA` that stands for all IAs.
pub const IA_MARK: u32 = 0xb74d_e913;
/// Stands for the client's number in the options of relays.
pub const NUMBER_MARK: &[u8] = b"{n}";

/// Lengths that may be open at a time: two of the datagram, two for each relay.
const MAX_OPEN: usize = 24;
/// Bytes of the IPv6 header.
const IPV6_LEN: usize = 40;

/// What the messages of one client differ in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// The client's MAC.
    pub mac: Mac,
    /// The transaction identifier, 24 bits.
    pub xid: u32,
    /// Hundredths of a second since the first transmission.
    pub elapsed: u16,
    /// The server's DUID.
    pub server: &'a [u8],
    /// The client's number in the run.
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// What is alike in all.
    Bytes(Range<usize>),
    Mac,
    Xid,
    Elapsed,
    Server,
    /// The IAs, options and all.
    Leases,
    Number,
    /// Two bytes: the length of what follows until it is closed, and so much more (or less).
    Open(isize),
    Close,
}

/// A frame with places to fill in.
#[derive(Clone, Debug)]
pub struct Template6 {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    /// Where the UDP header lies.
    udp: usize,
    /// The addresses' and the protocol's share of the checksum.
    pseudo: Sum,
}

impl Template6 {
    /// Finds the marks in `draft`. `counts_elapsed`: option 8 was not set by hand.
    pub fn new(draft: &Draft6, counts_elapsed: bool) -> Self {
        let frame = draft.frame();
        let ip = draft.envelope.vlans.len().saturating_mul(4).saturating_add(14);
        let udp = ip.saturating_add(IPV6_LEN);
        let part = |range: Range<usize>| frame.get(range).unwrap_or(&[]);
        let (src, dst) = (draft.envelope.src.into(), draft.envelope.dst.into());
        let mut new = Self {
            bytes: Vec::new(),
            pieces: Vec::new(),
            udp,
            pseudo: Sum::default().add_pseudo_header(src, dst, UDP, 0).unwrap_or_default(),
        };
        new.raw(part(0..ip.saturating_add(4)));
        // The rest of the header is no payload; all of UDP's is.
        new.open(-34);
        new.raw(part(ip.saturating_add(6)..udp.saturating_add(4)));
        new.open(6);
        new.raw(&[0, 0]);
        new.message(part(udp.saturating_add(8)..frame.len()), counts_elapsed, 2);
        new.pieces.extend([Piece::Close, Piece::Close]);
        new
    }

    /// True when every client's frame carries its own transaction identifier, and a name made of its MAC if `named`: without these
    /// answers cannot be told apart.
    pub fn tells_clients_apart(&self, named: bool) -> bool {
        self.pieces.contains(&Piece::Xid) && (!named || self.pieces.contains(&Piece::Mac))
    }

    fn raw(&mut self, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        match self.pieces.last_mut() {
            Some(Piece::Bytes(range)) if range.end == start => range.end = self.bytes.len(),
            _ => self.pieces.push(Piece::Bytes(start..self.bytes.len())),
        }
    }

    fn open(&mut self, more: isize) {
        self.pieces.push(Piece::Open(more));
    }

    fn message(&mut self, bytes: &[u8], counts_elapsed: bool, depth: usize) {
        let packet = Packet::new(bytes);
        let relay = packet.is_relay();
        match bytes {
            [kind, _, _, _, ..] if !relay => {
                self.raw(&[*kind]);
                self.pieces.push(Piece::Xid);
            }
            _ => self.raw(bytes.get(..packet.header_len()).unwrap_or(bytes)),
        }
        let mut options = Options::new(packet.options());
        for option in options.by_ref() {
            let RawOption { code, data, .. } = option;
            let place = match code {
                // What lies deeper than lengths can be kept open is sent as it is.
                opt::RELAY_MSG if relay && depth.saturating_add(2) < MAX_OPEN => {
                    self.inside(code, |new| new.message(data, counts_elapsed, depth.saturating_add(1)));
                    continue;
                }
                opt::SERVERID if data == SERVER_MARK => {
                    self.inside(code, |new| new.pieces.push(Piece::Server));
                    continue;
                }
                opt::IA_NA if data.starts_with(&IA_MARK.to_be_bytes()) => Piece::Leases,
                opt::ELAPSED_TIME if counts_elapsed && data.len() == 2 && !relay => {
                    self.raw(&[0, 8, 0, 2]);
                    Piece::Elapsed
                }
                _ if relay && position(data, NUMBER_MARK).is_some() && depth.saturating_add(2) < MAX_OPEN => {
                    self.inside(code, |new| new.marked(data, NUMBER_MARK, &Piece::Number));
                    continue;
                }
                _ => {
                    self.raw(&code.to_be_bytes());
                    self.raw(&option.declared.to_be_bytes());
                    self.marked(data, &MAC_MARK.0, &Piece::Mac);
                    continue;
                }
            };
            self.pieces.push(place);
        }
        self.raw(options.rest());
    }

    fn inside(&mut self, code: u16, body: impl FnOnce(&mut Self)) {
        self.raw(&code.to_be_bytes());
        self.open(0);
        body(self);
        self.pieces.push(Piece::Close);
    }

    /// Bytes with a place wherever the mark is.
    fn marked(&mut self, mut data: &[u8], mark: &[u8], piece: &Piece) {
        while let Some(at) = position(data, mark) {
            let (before, rest) = data.split_at_checked(at).unwrap_or((data, &[]));
            self.raw(before);
            self.pieces.push(piece.clone());
            data = rest.get(mark.len()..).unwrap_or(&[]);
        }
        self.raw(data);
    }

    /// Appends the frame of these values to `out`; `leases` appends the IAs.
    #[inline]
    pub fn write(&self, values: &Values<'_>, leases: impl Fn(&mut Vec<u8>), out: &mut Vec<u8>) {
        let start = out.len();
        let mut open = [(0_usize, 0_isize); MAX_OPEN];
        let mut depth = 0_usize;
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(range) => out.extend_from_slice(self.bytes.get(range.clone()).unwrap_or(&[])),
                Piece::Mac => out.extend_from_slice(&values.mac.0),
                Piece::Xid => {
                    let [_, xid @ ..] = values.xid.to_be_bytes();
                    out.extend_from_slice(&xid);
                }
                Piece::Elapsed => out.extend_from_slice(&values.elapsed.to_be_bytes()),
                Piece::Server => out.extend_from_slice(values.server),
                Piece::Leases => leases(out),
                Piece::Number => push_number(values.number, out),
                Piece::Open(more) => {
                    if let Some(place) = open.get_mut(depth) {
                        *place = (out.len(), *more);
                    }
                    depth = depth.saturating_add(1);
                    out.extend_from_slice(&[0; 2]);
                }
                Piece::Close => {
                    depth = depth.saturating_sub(1);
                    let Some((at, more)) = open.get(depth).copied() else { continue };
                    let length = out.len().saturating_sub(at).saturating_sub(2).saturating_add_signed(more);
                    patch(out, at, u16::try_from(length).unwrap_or(u16::MAX));
                }
            }
        }
        let udp = start.saturating_add(self.udp);
        let datagram = out.get(udp..).unwrap_or(&[]);
        let length = u32::try_from(datagram.len()).unwrap_or(0);
        let sum = self.pseudo.add_word(length.to_be_bytes()).add_bytes(datagram);
        patch(out, udp.saturating_add(6), sum.udp_checksum());
    }
}

/// Appends a number in decimal digits.
fn push_number(number: u32, out: &mut Vec<u8>) {
    let mut place = number.checked_ilog10().map_or(1, |digits| 10_u32.saturating_pow(digits));
    while place > 0 {
        let digit = number.checked_div(place).and_then(|rest| rest.checked_rem(10)).unwrap_or(0);
        out.push(b'0'.saturating_add(u8::try_from(digit).unwrap_or(0)));
        place = place.checked_div(10).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 7, 10, 99, 100, 4_000_000_000, u32::MAX] {
            let mut out = Vec::new();
            push_number(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}

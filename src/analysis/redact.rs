//! Captures that may be handed on: hardware addresses, IP addresses, names and identifiers are replaced, the same by the same everywhere,
//! so that what happened can still be told.
//!
//! A [`Redactor`] changes one frame at a time, in place and without changing any length, by a secret of its own that nobody keeps: several
//! threads with the same one agree, and two runs do not. Whether a hardware address is universal or local is kept, and which have one
//! maker; of an IP address the block it is from (its first byte, of private ones the private prefix) and the last byte. Networks stay
//! networks, and so do their first and last addresses, where the masks were [learned](Redactor::learn) before.
//! Numbers, times, flags and the vendor class stay; what is not what an option should hold is nobody's number and does not.
//! Values keep their lengths and codes, and stay valid or not. Checksums are mended; one that was wrong stays wrong.
//!
//! Messages of DHCPv4 over plain IPv4, errors about such, ARP and echoes are understood; anything else is not given back, so that nothing
//! slips through.

mod replace;
mod walk;

use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use crate::analysis::diagnosis::NO_ADDRESS_LEFT;
use crate::wire::Prefix;
use crate::wire::frame::checksum::Sum;
use crate::wire::frame::numbers::{ETHERTYPE_ARP, ETHERTYPE_IPV4};
use crate::wire::frame::{Head, LinkType};
use crate::wire::options::text::is_printable;
use crate::wire::options::{Context, check, v4};
use crate::wire::v4::{COOKIE, Op, OptionArea, Outline, Packet, Span};
use replace::Networks;

/// Changes frames.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secret: RandomState,
    networks: Networks,
    outline: Outline,
    bytes: Vec<u8>,
}

impl Redactor {
    /// The frame without what names anybody, or none when it is not understood in full.
    pub fn frame(&mut self, link: LinkType, frame: &[u8]) -> Option<&[u8]> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.extend_from_slice(frame);
        let done = self.link(link, &mut bytes);
        self.bytes = bytes;
        done.map(|()| self.bytes.as_slice())
    }

    /// Takes note of the network that a message gives an address of: which is to be done with all messages before the first is redacted.
    pub fn learn(&mut self, message: &[u8]) {
        let packet = Packet::new(message);
        self.outline.read(&packet, message.len(), false);
        let mask = self.outline.find(v4::SUBNET_MASK).map(|span| span.data(&packet));
        let mask = mask.and_then(|mask| <[u8; 4]>::try_from(mask).ok()).map(Ipv4Addr::from);
        if let Some(mask) = mask.filter(|_| packet.op() == Some(Op::REPLY)) {
            for address in [packet.yiaddr(), packet.ciaddr()].into_iter().flatten() {
                if let Some(network) = Prefix::with_mask(address, mask).filter(|_| !address.is_unspecified())
                {
                    self.networks.add(network);
                }
            }
        }
    }

    fn link(&mut self, link: LinkType, frame: &mut [u8]) -> Option<()> {
        let head = Head::of(link, frame)?;
        for (at, room) in head.addresses {
            let (mac, unused) = part(frame, *at..at.saturating_add(*room)).split_first_chunk_mut::<6>()?;
            self.mac_at(mac);
            unused.fill(0);
        }
        let packet = frame.get_mut(head.packet..)?;
        match head.ether_type {
            ETHERTYPE_IPV4 => self.ipv4(packet, false),
            ETHERTYPE_ARP => self.arp(packet),
            _ => None,
        }
    }

    fn arp(&self, packet: &mut [u8]) -> Option<()> {
        let (arp, padding) = packet.split_first_chunk_mut::<28>()?;
        if !arp.starts_with(&[0, 1, 8, 0, 6, 4]) {
            return None;
        }
        self.mac_at(arp.get_mut(8..14)?);
        self.ip_at(arp.get_mut(14..18)?);
        self.mac_at(arp.get_mut(18..24)?);
        self.ip_at(arp.get_mut(24..28)?);
        padding.fill(0);
        Some(())
    }

    /// A packet, or one that an error is about: that is no error itself (RFC 1122 §3.2.2), or there would be no end of them.
    fn ipv4(&mut self, packet: &mut [u8], quoted: bool) -> Option<()> {
        let old = *packet.first_chunk::<20>()?;
        let total = usize::from(u16::from_be_bytes([old[2], old[3]]));
        // Options of IP may name hosts, and a fragment is not understood alone.
        if old[0] != 0x45 || total < 20 || u16::from_be_bytes([old[6], old[7]]) & 0x3fff != 0 {
            return None;
        }
        let (packet, padding) = packet.split_at_mut(total.min(packet.len()));
        padding.fill(0);
        let (header, payload) = packet.split_first_chunk_mut::<20>()?;
        self.ip_at(&mut header[12..16]);
        self.ip_at(&mut header[16..20]);
        let stored = u16::from_be_bytes([old[10], old[11]]);
        let sum = mended(stored, &old[12..20], &header[12..20]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        let new = *header;
        match old[9] {
            17 => self.udp(payload, &old, &new),
            1 if !quoted => self.icmp(payload),
            _ => None,
        }
    }

    /// A datagram of UDP between the addresses of an old and a new IP header.
    fn udp(&mut self, datagram: &mut [u8], old: &[u8; 20], new: &[u8; 20]) -> Option<()> {
        let (header, payload) = datagram.split_first_chunk_mut::<8>()?;
        let ports = [u16::from_be_bytes([header[0], header[1]]), u16::from_be_bytes([header[2], header[3]])];
        let cookie = payload.get(236..240).is_some_and(|cookie| cookie == COOKIE);
        if !cookie && !ports.iter().any(|port| matches!(port, 67 | 68 | 4011)) {
            return None;
        }
        let before = payload.to_vec();
        self.message(payload);
        let stored = u16::from_be_bytes([header[6], header[7]]);
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let pseudo = |ip: &[u8; 20]| {
            let at = |from: usize| {
                let octets: Option<[u8; 4]> = ip.get(from..from.saturating_add(4))?.try_into().ok();
                octets.map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
            };
            Some(Sum::default().add_pseudo_header(at(12)?, at(16)?, 17, length)?.fold())
        };
        let sum = if stored == 0 {
            0
        } else if Some(stored) == pseudo(old) {
            // The network card was to finish it.
            pseudo(new)?
        } else {
            let sum = mended(stored, &old[12..20], &new[12..20]);
            match mended(sum, &before, payload) {
                0 => u16::MAX,
                sum => sum,
            }
        };
        header[6..8].copy_from_slice(&sum.to_be_bytes());
        Some(())
    }

    /// An echo, whose data is nobody's business, or an error and the packet that it is about.
    fn icmp(&mut self, message: &mut [u8]) -> Option<()> {
        let (header, data) = message.split_first_chunk_mut::<8>()?;
        let before = data.to_vec();
        match header[0] {
            0 | 8 => data.fill(0),
            3 | 4 | 11 | 12 => self.ipv4(data, true)?,
            _ => return None,
        }
        let stored = u16::from_be_bytes([header[2], header[3]]);
        header[2..4].copy_from_slice(&mended(stored, &before, data).to_be_bytes());
        Some(())
    }

    /// A message, cut or not.
    fn message(&mut self, message: &mut [u8]) {
        let mut outline = std::mem::take(&mut self.outline);
        let copy = message.to_vec();
        let packet = Packet::new(&copy);
        outline.read(&packet, copy.len(), false);
        let cx = outline.context(&packet);
        // Of a message these are numbers; of anything else that comes to its port they may be the beginning of a text.
        let is_text = is_printable(copy.get(..12).unwrap_or(&copy));
        for numbers in [0..4, 8..12] {
            let numbers = part(message, numbers);
            if is_text { self.text_at(numbers) } else { self.numbers_at(numbers) }
        }
        self.xid_at(part(message, 4..8));
        for field in [12..16, 16..20, 20..24, 24..28] {
            self.ip_at(part(message, field));
        }
        let address = part(message, 28..44);
        match address.split_first_chunk_mut::<6>() {
            Some((mac, rest)) if copy.get(2) == Some(&6) => {
                self.own_mac_at(mac);
                self.bytes_at(rest);
            }
            _ => self.bytes_at(address),
        }
        for (field, bit, range) in [(OptionArea::Sname, 2, 44..108), (OptionArea::File, 1, 108..236)] {
            if outline.overload & bit == 0 {
                // A text ends at the first zero.
                for text in part(message, range).split_mut(|byte| *byte == 0) {
                    self.unread_at(text);
                }
            } else {
                let spans = outline.options.iter().filter(|span| span.field == field);
                let end = spans.map(|span| span.range().end).max().unwrap_or(range.start);
                self.behind_options(part(message, end..range.end));
            }
        }
        for span in outline.options.iter().filter(|span| span.first) {
            self.pieces(&outline, span, message, &cx);
        }
        self.bytes_at(part(message, usize::try_from(outline.trailer).unwrap_or(usize::MAX)..usize::MAX));
        self.outline = outline;
    }

    /// What stands behind the last option of an overloaded field: pads, an End, and what nobody reads.
    fn behind_options(&self, rest: &mut [u8]) {
        let at = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
        match rest.get_mut(at..) {
            Some([255, behind @ ..]) => self.unread_at(behind),
            Some(rest) => self.unread_at(rest),
            None => {}
        }
    }

    /// An option and those that continue it (RFC 3396): one value where together they are one.
    fn pieces(&self, outline: &Outline, first: &Span, message: &mut [u8], cx: &Context<'_>) {
        let ranges = || outline.same_code(first).map(Span::payload);
        if ranges().nth(1).is_some()
            && let Some(def) = v4::SPACE.by_code(u16::from(first.code))
        {
            let mut whole = Vec::new();
            for range in ranges() {
                whole.extend_from_slice(part(message, range));
            }
            if check(&def.kind, &whole, cx).is_ok() {
                self.option(first.code, &mut whole, cx);
                let mut rest = whole.as_slice();
                for range in ranges() {
                    let to = part(message, range);
                    if let Some((from, behind)) = rest.split_at_checked(to.len()) {
                        to.copy_from_slice(from);
                        rest = behind;
                    }
                }
                return;
            }
        }
        for range in ranges() {
            self.option(first.code, part(message, range), cx);
        }
    }

    fn option(&self, code: u8, data: &mut [u8], cx: &Context<'_>) {
        match code {
            // The vendor class.
            60 => {}
            1 if data.len() == 4 => self.mask_at(data),
            56 => self.reason_at(data),
            _ => match v4::SPACE.by_code(u16::from(code)) {
                Some(def) => walk::value(self, &def.kind, data, cx),
                None => self.unread_at(data),
            },
        }
    }

    /// Why a server refuses: what says that it has no address left stays.
    fn reason_at(&self, data: &mut [u8]) {
        let before = data.to_ascii_lowercase();
        self.unread_at(data);
        for phrase in NO_ADDRESS_LEFT {
            for (at, _) in
                before.windows(phrase.len()).enumerate().filter(|(_, said)| *said == phrase.as_bytes())
            {
                part(data, at..at.saturating_add(phrase.len())).copy_from_slice(phrase.as_bytes());
            }
        }
    }
}

/// As much of `range` as there is of `message`.
fn part(message: &mut [u8], range: Range<usize>) -> &mut [u8] {
    let end = range.end.min(message.len());
    message.get_mut(range.start.min(end)..end).unwrap_or_default()
}

/// A checksum after some bytes under it, at an even place, became others (RFC 1624): right if it was right.
fn mended(sum: u16, before: &[u8], after: &[u8]) -> u16 {
    Sum::default().add_bytes(&(!sum).to_be_bytes()).subtract(before).add_bytes(after).checksum()
}

#[cfg(test)]
mod tests;

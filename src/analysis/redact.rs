//! Captures that may be handed on: hardware addresses, IP addresses, names and identifiers are replaced, the same by the same everywhere,
//! so that what happened can still be told.
//!
//! A [`Redactor`] changes one frame at a time, in place and without changing any length, by a secret of its own that nobody keeps: several
//! threads with the same one agree, and two runs do not. Whether a hardware address is universal or local is kept; of an IP
//! address the block it is from (its first byte, of private ones the private prefix) and the last byte, and networks stay networks.
//! Numbers, times, flags and the vendor class stay; what is not what an option should hold is nobody's number and does not.
//! Checksums are mended; one that was wrong stays wrong.
//!
//! Messages of DHCPv4 over plain IPv4, ARP and echoes are understood; anything else is not given back, so that nothing slips through.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use crate::wire::Mac;
use crate::wire::frame::LinkType;
use crate::wire::frame::checksum::Sum;
use crate::wire::frame::numbers::{ETHERTYPE_ARP, ETHERTYPE_IPV4};
use crate::wire::options::text::{is_printable, without_trailing_zeros};
use crate::wire::options::{Context, Kind, check, v4};
use crate::wire::v4::{COOKIE, OptionArea, Outline, Packet, Span};

/// Changes frames.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secret: RandomState,
    outline: Outline,
    bytes: Vec<u8>,
}

/// What the secret is asked for: kinds of things do not share their replacements.
#[derive(Clone, Copy, Debug, Hash)]
enum Use {
    Mac(u8),
    Ip,
    Name,
    Bytes,
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

    fn link(&mut self, link: LinkType, frame: &mut [u8]) -> Option<()> {
        let (ether_type, behind) = match link {
            LinkType::ETHERNET => {
                let (macs, mut rest) = frame.split_first_chunk_mut::<12>()?;
                let (dst, src) = macs.split_at_mut(6);
                self.mac_at(dst);
                self.mac_at(src);
                while let [0x81 | 0x91, 0x00, _, _, ..] | [0x88, 0xa8, _, _, ..] = rest {
                    rest = rest.get_mut(4..)?;
                }
                let (kind, behind) = rest.split_first_chunk_mut::<2>()?;
                (u16::from_be_bytes(*kind), behind)
            }
            LinkType::LINUX_SLL => {
                let (head, behind) = frame.split_first_chunk_mut::<16>()?;
                self.mac_at(head.get_mut(6..12)?);
                head.get_mut(12..14)?.fill(0);
                (u16::from_be_bytes([head[14], head[15]]), behind)
            }
            LinkType::LINUX_SLL2 => {
                let (head, behind) = frame.split_first_chunk_mut::<20>()?;
                self.mac_at(head.get_mut(12..18)?);
                head.get_mut(18..20)?.fill(0);
                (u16::from_be_bytes([head[0], head[1]]), behind)
            }
            LinkType::RAW | LinkType::IPV4 | LinkType::DLT_RAW => (ETHERTYPE_IPV4, frame),
            _ => return None,
        };
        match ether_type {
            ETHERTYPE_IPV4 => self.ipv4(behind),
            ETHERTYPE_ARP => self.arp(behind),
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

    fn ipv4(&mut self, packet: &mut [u8]) -> Option<()> {
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
            1 => echo(payload),
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

    /// A message, cut or not.
    fn message(&mut self, message: &mut [u8]) {
        let mut outline = std::mem::take(&mut self.outline);
        let copy = message.to_vec();
        outline.read(&Packet::new(&copy), copy.len(), false);
        for field in [12..16, 16..20, 20..24, 24..28] {
            self.ip_at(part(message, field));
        }
        let address = part(message, 28..44);
        match address.split_first_chunk_mut::<6>() {
            Some((mac, rest)) if copy.get(1..3) == Some(&[1, 6]) => {
                self.own_mac_at(mac);
                self.bytes_at(rest);
            }
            _ => self.bytes_at(address),
        }
        for (field, bit, range) in [(OptionArea::Sname, 2, 44..108), (OptionArea::File, 1, 108..236)] {
            if outline.overload & bit == 0 {
                self.text_at(part(message, range));
            } else {
                let spans = outline.options.iter().filter(|span| span.field == field);
                let end = spans.map(|span| span.range().end).max().unwrap_or(range.start);
                self.behind_options(part(message, end..range.end));
            }
        }
        for span in outline.options.iter().filter(|span| span.first) {
            self.pieces(&outline, span, message);
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
    fn pieces(&self, outline: &Outline, first: &Span, message: &mut [u8]) {
        let ranges = || outline.same_code(first).map(Span::payload);
        if ranges().nth(1).is_some()
            && let Some(def) = v4::SPACE.by_code(u16::from(first.code))
        {
            let mut whole = Vec::new();
            for range in ranges() {
                whole.extend_from_slice(part(message, range));
            }
            if check(&def.kind, &whole, &Context::default()).is_ok() {
                self.option(first.code, &mut whole);
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
            self.option(first.code, part(message, range));
        }
    }

    fn option(&self, code: u8, data: &mut [u8]) {
        match code {
            // The vendor class.
            60 => {}
            1 if is_mask(data) => {}
            61 => match data {
                [1, mac @ ..] if mac.len() == 6 => self.own_mac_at(mac),
                [_, id @ ..] => self.bytes_at(id),
                [] => {}
            },
            81 => match data {
                [flags @ 0..16, _, _, name @ ..] if *flags & 4 != 0 => self.domain_at(name),
                [0..16, _, _, name @ ..] => self.text_at(name),
                _ => self.unread_at(data),
            },
            82 => self.relay(data),
            97 => {
                if let Some((_, id)) = data.split_first_mut() {
                    self.bytes_at(id);
                }
            }
            _ => match v4::SPACE.by_code(u16::from(code)) {
                Some(def) => self.value(&def.kind, data),
                None => self.bytes_at(data),
            },
        }
    }

    /// A value of this shape, if it is one.
    fn value(&self, kind: &Kind, data: &mut [u8]) {
        match kind {
            Kind::Text | Kind::Auto | Kind::FixedText(_) => self.text_at(data),
            Kind::Domain | Kind::Name | Kind::PartialName | Kind::Domains => self.domain_at(data),
            _ if check(kind, data, &Context::default()).is_err() => self.unread_at(data),
            Kind::Empty
            | Kind::Flag
            | Kind::U8
            | Kind::U16
            | Kind::U16Le
            | Kind::U32
            | Kind::U64
            | Kind::I32
            | Kind::Seconds
            | Kind::Lifetime
            | Kind::Enum(..)
            | Kind::Coded(..)
            | Kind::Bits(..)
            | Kind::OptionCode(_)
            | Kind::Hundredths
            | Kind::Since2000
            | Kind::List(
                Kind::U8 | Kind::U16 | Kind::U32 | Kind::Enum(..) | Kind::Coded(..) | Kind::OptionCode(_),
            ) => self.numbers_at(data),
            Kind::Ip4 | Kind::List(Kind::Ip4) => data.chunks_mut(4).for_each(|ip| self.own_ip_at(ip)),
            Kind::Pair([_, second]) | Kind::List(Kind::Pair([_, second])) => {
                for pair in data.chunks_mut(8) {
                    let (first, rest) = pair.split_at_mut(pair.len().min(4));
                    self.own_ip_at(first);
                    if *second != "mask" || !is_mask(rest) {
                        self.own_ip_at(rest);
                    }
                }
            }
            Kind::List(Kind::Route) => self.routes(data),
            _ => self.bytes_at(data),
        }
    }

    /// Relay agent information: link selection and the server's other identifier are addresses.
    fn relay(&self, mut data: &mut [u8]) {
        while let [code, length, rest @ ..] = data {
            let (value, behind) = rest.split_at_mut(usize::from(*length).min(rest.len()));
            match *code {
                5 | 11 => self.own_ip_at(value),
                _ => self.bytes_at(value),
            }
            data = behind;
        }
    }

    /// Routes of RFC 3442: a length in bits, so many bytes of the destination, the router.
    fn routes(&self, mut data: &mut [u8]) {
        while let Some((bits, rest)) = data.split_first_mut() {
            let (destination, rest) =
                rest.split_at_mut(usize::from(*bits).div_ceil(8).min(4).min(rest.len()));
            let mut whole = [0; 4];
            for (to, from) in whole.iter_mut().zip(&*destination) {
                *to = *from;
            }
            self.own_ip_at(&mut whole);
            let kept = destination.len();
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(*bits))).unwrap_or(0);
            let masked = (u32::from_be_bytes(whole) & mask).to_be_bytes();
            destination.copy_from_slice(masked.get(..kept).unwrap_or_default());
            let (router, behind) = rest.split_at_mut(rest.len().min(4));
            self.own_ip_at(router);
            data = behind;
        }
    }

    /// Names as labels with their lengths (RFC 1035), as far as they are that.
    fn domain_at(&self, data: &mut [u8]) {
        let mut at = 0_usize;
        while let [length, rest @ ..] = part(data, at..usize::MAX) {
            let taken = match (*length, rest.first()) {
                (length @ 0..64, _) => {
                    let length = usize::from(length);
                    self.text_at(part(rest, 0..length));
                    length
                }
                // To a name before this one.
                (high @ 192.., Some(low)) if usize::from(u16::from_be_bytes([high & 0x3f, *low])) < at => 1,
                _ => return self.unread_at(part(data, at..usize::MAX)),
            };
            at = at.saturating_add(1).saturating_add(taken);
        }
    }

    /// What is not what it should be: a text, or bytes.
    fn unread_at(&self, data: &mut [u8]) {
        if is_printable(without_trailing_zeros(data)) { self.text_at(data) } else { self.bytes_at(data) }
    }

    /// Numbers stay, but any bytes are numbers, names too.
    fn numbers_at(&self, data: &mut [u8]) {
        let mut in_name = Vec::with_capacity(data.len());
        for chunk in data.utf8_chunks() {
            for letter in chunk.valid().chars() {
                let is = letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_');
                in_name.extend(std::iter::repeat_n(is, letter.len_utf8()));
            }
            in_name.extend(chunk.invalid().iter().map(|_| false));
        }
        let mut at = 0_usize;
        for run in in_name.chunk_by(|before, after| before == after) {
            let end = at.saturating_add(run.len());
            if run.len() > 3 && run.first() == Some(&true) {
                self.text_at(part(data, at..end));
            }
            at = end;
        }
    }

    /// Every word of a text becomes another of the same length; what is no letter and no digit stays between them.
    fn text_at(&self, data: &mut [u8]) {
        for word in data.split_mut(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()) {
            let mut numbers = self.numbers(Use::Name, &word.to_ascii_lowercase());
            for letter in word {
                *letter = b'a'.saturating_add(u8::try_from(numbers(26)).unwrap_or(0));
            }
        }
    }

    /// Bytes of unknown meaning become others; zeros stay, and nothing becomes zero.
    fn bytes_at(&self, data: &mut [u8]) {
        if data.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut numbers = self.numbers(Use::Bytes, data);
        for byte in data.iter_mut().filter(|byte| **byte != 0) {
            *byte = u8::try_from(numbers(255)).unwrap_or(0).saturating_add(1);
        }
    }

    /// Numbers that follow from `of` and the secret.
    fn numbers(&self, what: Use, of: &[u8]) -> impl FnMut(u64) -> u64 + use<> {
        let secret = self.secret.clone();
        let seed = secret.hash_one((what, of));
        let mut count = 0_u64;
        move |below| {
            count = count.wrapping_add(1);
            secret.hash_one((seed, count)).checked_rem(below).unwrap_or(0)
        }
    }

    /// The address that stands for `mac`: one of the same kind, and never the same for two. All zeros and groups stay.
    pub fn mac(&self, mac: Mac) -> Mac {
        let [first, ..] = mac.0;
        if first & 1 != 0 || mac == Mac::ZERO {
            return mac;
        }
        // A Feistel network over the 46 bits that are not flags: 23 and 23.
        let bits = mac.0.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let (flags, high, low) = (bits >> 40 & 3, bits >> 42 << 17 | bits >> 23 & 0x1_ffff, bits & 0x7f_ffff);
        let (mut left, mut right) = (high, low);
        for round in 0..4 {
            let mixed = left ^ (self.secret.hash_one((Use::Mac(round), right)) & 0x7f_ffff);
            (left, right) = (right, mixed);
        }
        let bits = left >> 17 << 42 | flags << 40 | (left & 0x1_ffff) << 23 | right;
        let [_, _, octets @ ..] = bits.to_be_bytes();
        Mac(octets)
    }

    fn mac_at(&self, data: &mut [u8]) {
        if let Ok(octets) = <[u8; 6]>::try_from(&*data) {
            data.copy_from_slice(&self.mac(Mac(octets)).0);
        }
    }

    /// The hardware address of somebody, which a group is not.
    fn own_mac_at(&self, data: &mut [u8]) {
        match data {
            [first, ..] if *first & 1 != 0 && data != Mac::BROADCAST.0 => self.bytes_at(data),
            _ => self.mac_at(data),
        }
    }

    /// The address that stands for `ip`. Addresses with a common beginning keep one, as far as it reaches.
    pub fn ip(&self, ip: Ipv4Addr) -> Ipv4Addr {
        let kept = match ip.octets() {
            [0 | 127 | 224.., ..] | [169, 254, ..] => return ip,
            [192, 168, ..] => 16,
            [172, 16..32, ..] => 12,
            [100, 64..128, ..] => 10,
            _ => 8,
        };
        let bits = u32::from(ip);
        let mut flips = 0_u32;
        for bit in kept..24_u32 {
            let before = bits.checked_shr(32_u32.saturating_sub(bit)).unwrap_or(0);
            // The last always changes, so that no address stays.
            let flip = bit == 23 || self.secret.hash_one((Use::Ip, bit, before)) & 1 != 0;
            flips |= u32::from(flip) << 31_u32.saturating_sub(bit);
        }
        Ipv4Addr::from(bits ^ flips)
    }

    fn ip_at(&self, data: &mut [u8]) {
        match <[u8; 4]>::try_from(&*data) {
            Ok(octets) => data.copy_from_slice(&self.ip(octets.into()).octets()),
            Err(_) => self.bytes_at(data),
        }
    }

    /// The address of a host or network: what cannot be one is something else.
    fn own_ip_at(&self, data: &mut [u8]) {
        match data {
            [0 | 224..=254, ..] => self.bytes_at(data),
            _ => self.ip_at(data),
        }
    }
}

/// As much of `range` as there is of `message`.
fn part(message: &mut [u8], range: Range<usize>) -> &mut [u8] {
    let end = range.end.min(message.len());
    message.get_mut(range.start.min(end)..end).unwrap_or_default()
}

/// The mask of a network: ones, then zeros.
fn is_mask(data: &[u8]) -> bool {
    <[u8; 4]>::try_from(data).is_ok_and(|mask| {
        let mask = u32::from_be_bytes(mask);
        mask.leading_ones().saturating_add(mask.trailing_zeros()) == 32
    })
}

/// An echo: what it carries is nobody's business.
fn echo(message: &mut [u8]) -> Option<()> {
    let (header, data) = message.split_first_chunk_mut::<8>()?;
    if !matches!(header[0], 0 | 8) {
        return None;
    }
    let stored = u16::from_be_bytes([header[2], header[3]]);
    let sum = mended(stored, data, &vec![0; data.len()]);
    header[2..4].copy_from_slice(&sum.to_be_bytes());
    data.fill(0);
    Some(())
}

/// A checksum after some bytes under it, at an even place, became others (RFC 1624): right if it was right.
fn mended(sum: u16, before: &[u8], after: &[u8]) -> u16 {
    Sum::default().add_bytes(&(!sum).to_be_bytes()).subtract(before).add_bytes(after).checksum()
}

#[cfg(test)]
mod tests;

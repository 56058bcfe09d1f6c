//! Captures that may be handed on: hardware addresses, IP addresses, names and identifiers are replaced, the same by the same everywhere,
//! so that what happened can still be told.
//!
//! A [`Redactor`] changes one frame at a time, in place and without changing any length, by a secret of its own that nobody keeps: several
//! threads with the same one agree, and two runs do not. Whether a hardware address is universal or local is kept; of an IP
//! address the block it is from (its first byte, of private ones the private prefix) and the last byte, and networks stay networks.
//! Numbers, times, flags and the vendor class stay. Checksums are mended; one that was wrong stays wrong.
//!
//! Messages of DHCPv4 over plain IPv4, ARP and echoes are understood; anything else is not given back, so that nothing slips through.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr};

use crate::wire::Mac;
use crate::wire::frame::LinkType;
use crate::wire::frame::checksum::Sum;
use crate::wire::frame::numbers::{ETHERTYPE_ARP, ETHERTYPE_IPV4};
use crate::wire::options::{Kind, v4};
use crate::wire::v4::{COOKIE, Field, Outline, Packet};

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
            if let Some(ip) = message.get_mut(field) {
                self.ip_at(ip);
            }
        }
        let six = copy.get(1..3) == Some(&[1, 6]);
        if let Some(address) = message.get_mut(28..44) {
            match address.split_first_chunk_mut::<6>() {
                Some((mac, rest)) if six => {
                    self.mac_at(mac);
                    self.bytes_at(rest);
                }
                _ => self.bytes_at(address),
            }
        }
        let overloads = |field: Field| outline.options.iter().any(|span| span.field == field);
        for (field, range) in [(Field::Sname, 44..108), (Field::File, 108..236)] {
            if !overloads(field)
                && let Some(text) = message.get_mut(range)
            {
                self.text_at(text);
            }
        }
        for span in &outline.options {
            let start = span.data_offset();
            let end = start.saturating_add(usize::try_from(span.len).unwrap_or(0));
            if let Some(data) = message.get_mut(start..end) {
                self.option(span.code, data);
            }
        }
        if let Some(rest) = message.get_mut(usize::try_from(outline.trailer).unwrap_or(usize::MAX)..) {
            self.bytes_at(rest);
        }
        self.outline = outline;
    }

    fn option(&self, code: u8, data: &mut [u8]) {
        match code {
            // The mask, the parameter request list, the vendor class.
            1 | 55 | 60 => {}
            61 => match data {
                [1, mac @ ..] if mac.len() == 6 => self.mac_at(mac),
                [_, id @ ..] => self.bytes_at(id),
                [] => {}
            },
            81 => match data {
                [flags, _, _, name @ ..] if *flags & 4 != 0 => self.domain_at(name),
                [_, _, _, name @ ..] => self.text_at(name),
                _ => self.bytes_at(data),
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

    /// A value of this shape.
    fn value(&self, kind: &Kind, data: &mut [u8]) {
        match kind {
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
            ) => {}
            Kind::Ip4 | Kind::List(Kind::Ip4) => data.chunks_mut(4).for_each(|ip| self.ip_at(ip)),
            Kind::Pair([_, second]) | Kind::List(Kind::Pair([_, second])) => {
                for pair in data.chunks_mut(8) {
                    let (first, rest) = pair.split_at_mut(pair.len().min(4));
                    self.ip_at(first);
                    if *second != "mask" {
                        self.ip_at(rest);
                    }
                }
            }
            Kind::Text | Kind::Auto | Kind::FixedText(_) => self.text_at(data),
            Kind::Domain | Kind::Name | Kind::PartialName | Kind::Domains => self.domain_at(data),
            Kind::List(Kind::Route) => self.routes(data),
            _ => self.bytes_at(data),
        }
    }

    /// Relay agent information: link selection and the server's other identifier are addresses.
    fn relay(&self, mut data: &mut [u8]) {
        while let [code, length, rest @ ..] = data {
            let (value, behind) = rest.split_at_mut(usize::from(*length).min(rest.len()));
            match *code {
                5 | 11 => self.ip_at(value),
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
            self.ip_at(&mut whole);
            let kept = destination.len();
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(*bits))).unwrap_or(0);
            let masked = (u32::from_be_bytes(whole) & mask).to_be_bytes();
            destination.copy_from_slice(masked.get(..kept).unwrap_or_default());
            let (router, behind) = rest.split_at_mut(rest.len().min(4));
            self.ip_at(router);
            data = behind;
        }
    }

    /// Names as labels with their lengths (RFC 1035).
    fn domain_at(&self, mut data: &mut [u8]) {
        while let Some((length, rest)) = data.split_first_mut() {
            let take = match *length {
                0..64 => usize::from(*length),
                _ => 0,
            };
            let skip = usize::from(*length >= 192).min(rest.len());
            let (label, behind) = rest.split_at_mut(take.max(skip).min(rest.len()));
            if take > 0 {
                self.text_at(label);
            }
            data = behind;
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
mod tests {
    use super::*;
    use crate::wire::frame::{Checksum, Envelope, Walker};
    use crate::wire::v4::{Facts, Message, MessageType, Xid};
    use crate::wire::{HwAddr, frame::Ports};

    const CLIENT: Mac = Mac([0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]);

    fn offer() -> Message {
        let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
        message.set_option(12, b"alices-laptop");
        message.set_option(61, &[1, 0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]);
        let mut reply = Message::reply(MessageType::OFFER, &message);
        reply.yiaddr = [192, 168, 1, 50].into();
        for (code, value) in [
            (1, &[255, 255, 255, 0][..]),
            (3, &[192, 168, 1, 1]),
            (6, &[8, 8, 8, 8, 192, 168, 1, 1]),
            (12, b"alices-laptop"),
            (15, b"corp.example"),
            (51, &[0, 0, 14, 16]),
            (54, &[192, 168, 1, 1]),
            (61, &[1, 0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]),
            (81, b"\x04\0\0\x06alices\x04corp\0"),
            (82, &[1, 4, b'e', b't', b'h', b'1', 5, 4, 192, 168, 1, 0]),
            (121, &[24, 192, 168, 7, 192, 168, 1, 1]),
        ] {
            reply.set_option(code, value);
        }
        reply
    }

    fn frame(message: &Message) -> Vec<u8> {
        let envelope = Envelope {
            src_ip: [192, 168, 1, 1].into(),
            dst_ip: [192, 168, 1, 50].into(),
            src_port: 67,
            dst_port: 68,
            dst_mac: CLIENT,
            vlans: vec![100],
            ..Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]))
        };
        envelope.frame(&message.encode_padded())
    }

    fn read(frame: &[u8]) -> (Message, Checksum) {
        let mut found = None;
        Walker::new(Ports::default()).walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
            found = Some((Message::decode(datagram.payload), datagram.checksum));
        });
        found.unwrap()
    }

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn nothing_that_names_anybody_stays_and_what_happened_does() {
        let (mut redactor, original) = (Redactor::default(), frame(&offer()));
        let redacted = redactor.frame(LinkType::ETHERNET, &original).unwrap().to_vec();
        assert_eq!(redacted.len(), original.len());
        for secret in [
            &b"alice"[..],
            b"corp",
            b"example",
            b"laptop",
            b"eth1",
            &CLIENT.0,
            &[192, 168, 1],
            &[192, 168, 7],
        ] {
            assert!(contains(&original, secret) && !contains(&redacted, secret), "{secret:?}");
        }
        let (message, checksum) = read(&redacted);
        assert_eq!(checksum, Checksum::Good);
        let facts = Facts::of(&message);
        assert_eq!(
            (facts.kind, facts.lease_time, message.xid),
            (Some(MessageType::OFFER), Some(3600), Xid(7))
        );
        assert_eq!(facts.subnet_mask, Some([255, 255, 255, 0].into()));
        // The same is the same everywhere, and networks stay networks.
        let mac = redactor.mac(CLIENT);
        assert_eq!(message.client(), HwAddr::from(mac));
        assert_eq!(message.option(61).unwrap(), [&[1][..], &mac.0].concat());
        let server = redactor.ip([192, 168, 1, 1].into());
        assert_eq!(message.ip_option(54), Some(server));
        assert_eq!(message.ip_option(3), Some(server));
        assert_eq!(message.option(121).unwrap().get(4..8).unwrap(), server.octets());
        let [a, b, c, d] = message.yiaddr.octets();
        assert_eq!(([a, b, c], d), ([192, 168, server.octets()[2]], 50));
        let host = String::from_utf8(message.option(12).unwrap()).unwrap();
        let (first, second) = host.split_once('-').unwrap();
        assert_eq!((first.len(), second.len()), (6, 6));
        assert!(contains(&message.option(81).unwrap(), first.as_bytes()));
        // Another run tells another story.
        assert_ne!(Redactor::default().frame(LinkType::ETHERNET, &original).unwrap(), redacted);
        // Threads tell the same.
        assert_eq!(redactor.clone().frame(LinkType::ETHERNET, &original).unwrap(), redacted);
    }

    #[test]
    fn a_checksum_that_was_wrong_stays_wrong() {
        let mut redactor = Redactor::default();
        let mut wrong = frame(&offer());
        *wrong.get_mut(14 + 4 + 20 + 6).unwrap() ^= 0x55;
        assert_eq!(read(&wrong).1, Checksum::Bad);
        assert_eq!(read(redactor.frame(LinkType::ETHERNET, &wrong).unwrap()).1, Checksum::Bad);
        let mut none = frame(&offer());
        none.get_mut(14 + 4 + 20 + 6..14 + 4 + 20 + 8).unwrap().fill(0);
        assert_eq!(read(redactor.frame(LinkType::ETHERNET, &none).unwrap()).1, Checksum::Absent);
    }

    #[test]
    fn addresses_are_told_apart_and_keep_their_kind() {
        let redactor = Redactor::default();
        let mut seen = std::collections::HashSet::new();
        for number in 0..2000_u32 {
            let [_, b, c, d] = number.to_be_bytes();
            let mac = redactor.mac(Mac([0, 0x0c, b, c, d, 1]));
            assert!(seen.insert(mac) && mac.0[0].trailing_zeros() >= 2, "{mac}");
            assert_eq!(redactor.mac(Mac([2, 0x0c, b, c, d, 1])).0[0] & 3, 2);
            let ip = redactor.ip([10, 0, c, d].into());
            assert!(ip.octets()[0] == 10 && ip.octets()[3] == d && ip != Ipv4Addr::from([10, 0, c, d]));
        }
        for ip in [[0, 0, 0, 0], [255, 255, 255, 255], [127, 0, 0, 1], [169, 254, 3, 4], [224, 0, 0, 1]] {
            assert_eq!(redactor.ip(ip.into()), Ipv4Addr::from(ip));
        }
        assert_eq!(redactor.mac(Mac::BROADCAST), Mac::BROADCAST);
        assert_eq!(redactor.mac(Mac::ZERO), Mac::ZERO);
    }

    #[test]
    fn what_is_not_understood_is_not_given_back_and_nothing_panics() {
        let mut redactor = Redactor::default();
        let original = frame(&offer());
        for length in 0..original.len() {
            let cut = original.get(..length).unwrap();
            let _ = redactor.frame(LinkType::ETHERNET, cut);
        }
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let mut noise = original.clone();
            for _ in 0..rng.usize(1..20) {
                let at = rng.usize(12..noise.len());
                *noise.get_mut(at).unwrap() = rng.u8(..);
            }
            for link in [LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::LINUX_SLL2, LinkType::RAW] {
                let _ = redactor.frame(link, &noise);
            }
        }
        let mut six = original.clone();
        six.get_mut(16..18).unwrap().copy_from_slice(&[0x86, 0xdd]);
        assert_eq!(redactor.frame(LinkType::ETHERNET, &six), None);
        let mut fragment = original.clone();
        *fragment.get_mut(18 + 6).unwrap() |= 0x20;
        assert_eq!(redactor.frame(LinkType::ETHERNET, &fragment), None);
        assert_eq!(redactor.frame(LinkType::IEEE802_11, &original), None);
    }
}

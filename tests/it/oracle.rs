//! Our codec against dhcproto, which others wrote: what both read from the same bytes must be the same.
//!
//! dhcproto's known faults are kept out of the comparison: it drops trailing data of options that are too long for their
//! type, takes option 37 (default-tcp-ttl) for option 23, and refuses whole messages for one option it cannot read. So only
//! options whose payload fits their type are compared, and 37 is not.

use std::net::Ipv4Addr;

use dhcproto::v4::{self, DhcpOption};
use dhcproto::{Decodable as _, Decoder, Encodable as _};
use dhcptool::wire::Mac;
use dhcptool::wire::v4::{Message, MessageType, Outline, Packet, Xid};
use proptest::prelude::*;

fn addresses(data: &[u8]) -> Vec<Ipv4Addr> {
    data.chunks_exact(4).map(|four| Ipv4Addr::new(four[0], four[1], four[2], four[3])).collect()
}

fn number(data: &[u8]) -> u32 {
    data.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// What an option of dhcproto says, as the bytes it stands for.
fn agrees(option: &DhcpOption, data: &[u8]) -> bool {
    use DhcpOption as O;
    match option {
        O::SubnetMask(ip) | O::BroadcastAddr(ip) | O::RequestedIpAddress(ip) | O::ServerIdentifier(ip) => {
            addresses(data) == [*ip]
        }
        O::Router(ips) | O::DomainNameServer(ips) | O::NtpServers(ips) | O::NetBiosNameServers(ips) => {
            addresses(data) == *ips
        }
        O::AddressLeaseTime(seconds) | O::Renewal(seconds) | O::Rebinding(seconds) => {
            number(data) == *seconds
        }
        O::InterfaceMtu(mtu) | O::MaxMessageSize(mtu) => number(data) == u32::from(*mtu),
        O::Hostname(text) | O::DomainName(text) | O::Message(text) => text.as_bytes() == data,
        O::ClientIdentifier(bytes) | O::ClassIdentifier(bytes) => bytes == data,
        O::MessageType(kind) => [u8::from(*kind)] == data,
        _ => false,
    }
}

fn option() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let fixed = |codes: &'static [u8], len: usize| {
        (prop::sample::select(codes), prop::collection::vec(any::<u8>(), len)).boxed()
    };
    let addresses = (prop::sample::select(&[3_u8, 6, 42, 44][..]), 1..8_usize)
        .prop_flat_map(|(code, count)| (Just(code), prop::collection::vec(any::<u8>(), count * 4)));
    let text = (prop::sample::select(&[12_u8, 15, 56][..]), "[a-z0-9.-]{1,200}")
        .prop_map(|(code, text)| (code, text.into_bytes()));
    let bytes = (prop::sample::select(&[60_u8, 61][..]), prop::collection::vec(any::<u8>(), 2..200));
    prop_oneof![fixed(&[1, 28, 50, 54, 51, 58, 59], 4), fixed(&[26, 57], 2), addresses, text, bytes]
}

proptest! {
    #[test]
    fn both_read_the_same(
        xid: u32, secs: u16, yiaddr: u32, giaddr: u32, mac: [u8; 6],
        options in prop::collection::btree_map(any::<u8>(), option(), 0..8),
    ) {
        let mut message = Message::request(MessageType::DISCOVER, Xid(xid), Mac(mac));
        (message.secs, message.yiaddr, message.giaddr) = (secs, yiaddr.into(), giaddr.into());
        for (code, data) in options.values() {
            message.set_option(*code, data);
        }
        let bytes = message.encode();
        let theirs = v4::Message::decode(&mut Decoder::new(&bytes)).unwrap();
        let packet = Packet::new(&bytes);
        prop_assert_eq!(packet.xid(), Some(Xid(theirs.xid())));
        prop_assert_eq!(packet.yiaddr(), Some(theirs.yiaddr()));
        prop_assert_eq!(packet.giaddr(), Some(theirs.giaddr()));
        prop_assert_eq!(packet.chaddr(), theirs.chaddr());
        prop_assert_eq!(theirs.secs(), secs);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        prop_assert!(outline.problems.is_empty(), "{:?}", outline.problems);
        prop_assert_eq!(theirs.opts().iter().filter(|(code, _)| u8::from(**code) != 255).count(), outline.options.len());
        for (code, option) in theirs.opts().iter() {
            let code = u8::from(*code);
            if code != 255 {
                let data = message.option(code).unwrap();
                prop_assert_eq!(outline.find(code).unwrap().data(&packet), data.as_slice());
                prop_assert!(agrees(option, &data), "{code}: {option:?} is not {data:02x?}");
            }
        }
        // And back: what they write of it, we read alike.
        let again = theirs.to_vec().unwrap();
        let read = Message::decode(&again);
        for (code, data) in options.values() {
            let last = message.option(*code);
            prop_assert_eq!(read.option(*code), last, "{}: {:?}", code, data);
        }
    }
}

//! Validated facts of a server's answer.

use std::net::Ipv4Addr;

use super::message::Message;
use super::types::{MessageType, Op, Xid};
use crate::wire::HwAddr;

/// What a client needs from an OFFER, ACK or NAK. Exists only for replies that have a message type of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// OFFER, ACK or NAK.
    pub kind: MessageType,
    /// Transaction identifier.
    pub xid: Xid,
    /// The client's hardware address.
    pub client: HwAddr,
    /// `yiaddr`, `None` when zero.
    pub address: Option<Ipv4Addr>,
    /// `siaddr`, `None` when zero.
    pub next_server: Option<Ipv4Addr>,
    /// `giaddr`, `None` when zero.
    pub relay: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// Option 51, seconds; all ones means no end.
    pub lease_time: Option<u32>,
    /// Option 58 (T1), seconds.
    pub renewal_time: Option<u32>,
    /// Option 59 (T2), seconds.
    pub rebinding_time: Option<u32>,
    /// Option 1.
    pub subnet_mask: Option<Ipv4Addr>,
    /// Option 3, most preferred first.
    pub routers: Vec<Ipv4Addr>,
    /// Option 6, most preferred first.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Option 15, bytes as sent, trailing zeros dropped.
    pub domain_name: Option<Vec<u8>>,
    /// Option 56, bytes as sent.
    pub message: Option<Vec<u8>>,
}

impl Reply {
    /// The facts of `message`, `None` when it is no OFFER, ACK or NAK of a server.
    pub fn new(message: &Message) -> Option<Self> {
        let kind = message.message_type()?;
        if message.op != Op::REPLY
            || !matches!(kind, MessageType::OFFER | MessageType::ACK | MessageType::NAK)
        {
            return None;
        }
        Some(Self {
            kind,
            xid: message.xid,
            client: message.client(),
            address: specified(message.yiaddr),
            next_server: specified(message.siaddr),
            relay: specified(message.giaddr),
            server_id: message.ip_option(54),
            lease_time: message.u32_option(51),
            renewal_time: message.u32_option(58),
            rebinding_time: message.u32_option(59),
            subnet_mask: message.ip_option(1),
            routers: addresses(message, 3),
            dns_servers: addresses(message, 6),
            domain_name: text(message, 15),
            message: text(message, 56),
        })
    }
}

fn specified(addr: Ipv4Addr) -> Option<Ipv4Addr> {
    (!addr.is_unspecified()).then_some(addr)
}

fn addresses(message: &Message, code: u8) -> Vec<Ipv4Addr> {
    let data = message.option(code).unwrap_or_default();
    data.chunks_exact(4).filter_map(|piece| <[u8; 4]>::try_from(piece).ok()).map(Ipv4Addr::from).collect()
}

fn text(message: &Message, code: u8) -> Option<Vec<u8>> {
    let mut data = message.option(code)?;
    while data.last() == Some(&0) {
        data.pop();
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;

    #[test]
    fn facts_of_an_offer() {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut offer = Message::reply(MessageType::OFFER, &request);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.set_option(54, &[10, 0, 0, 1]);
        offer.set_option(51, &3600_u32.to_be_bytes());
        offer.set_option(3, &[10, 0, 0, 1, 10, 0, 0, 2]);
        offer.set_option(15, b"lab\0");
        let facts = Reply::new(&offer).unwrap();
        assert_eq!(facts.address, Some([10, 0, 0, 50].into()));
        assert_eq!(facts.server_id, Some([10, 0, 0, 1].into()));
        assert_eq!((facts.lease_time, facts.renewal_time), (Some(3600), None));
        assert_eq!(facts.routers.len(), 2);
        assert_eq!(facts.domain_name.as_deref(), Some(&b"lab"[..]));
        assert_eq!(Reply::new(&request), None);
    }
}

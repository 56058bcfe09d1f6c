//! What clients said, so that a server's answer can be held against it.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::key::ServerId;
use super::offered6;
use super::sighting::{Asked, Sighting};
use crate::wire::HwAddr;
use crate::wire::options::v4::{DHCP_REQUESTED_ADDRESS, DHCP_SERVER_IDENTIFIER};
use crate::wire::v4::{MessageType, Op, Outline, Packet, Xid};
use crate::wire::v6;

/// Clients whose REQUESTs and leases are remembered.
const MAX_CLIENTS: usize = 8192;
/// Longest DUID (RFC 9915 §11.1), and addresses remembered of one REPLY.
const MAX_DUID: usize = 130;
const MAX_ADDRESSES: usize = 16;

/// A map that forgets what was put in first.
#[derive(Clone, Debug)]
struct Recent<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    fn new() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }

    fn put(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MAX_CLIENTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}

/// What clients said, so that a server's answer can be held against it.
#[derive(Clone, Debug)]
pub struct Clients {
    /// REQUESTs: the server they name and the address they want.
    requests: Recent<(Xid, HwAddr), (Option<Ipv4Addr>, Option<Ipv4Addr>)>,
    /// Leases: the address and who gave it.
    leases: Recent<HwAddr, (Ipv4Addr, Ipv4Addr)>,
    /// DHCPv6: clients' addresses and who gave them.
    leases6: Recent<(Vec<u8>, Ipv6Addr), ServerId>,
}

impl Default for Clients {
    fn default() -> Self {
        Self { requests: Recent::new(), leases: Recent::new(), leases6: Recent::new() }
    }
}

impl Clients {
    /// Remembers a client's REQUEST; other messages are left aside.
    pub fn hear(&mut self, packet: &Packet<'_>, outline: &Outline) {
        if packet.op() != Some(Op::REQUEST) || outline.message_type != Some(MessageType::REQUEST) {
            return;
        }
        let address = |code: u8| -> Option<Ipv4Addr> {
            let data: [u8; 4] = outline.find(code)?.data(packet).try_into().ok()?;
            Some(data.into())
        };
        let wanted =
            address(DHCP_REQUESTED_ADDRESS).or(packet.ciaddr().filter(|ciaddr| !ciaddr.is_unspecified()));
        if let Some(xid) = packet.xid() {
            self.requests.put((xid, packet.client()), (address(DHCP_SERVER_IDENTIFIER), wanted));
        }
    }

    /// Remembers who bound which address to a client of DHCPv6. Returns an address that another server had bound to it, and
    /// that server.
    pub fn bound6(
        &mut self,
        packet: &v6::Packet<'_>,
        outline: &v6::Outline,
        sighting: &Sighting,
    ) -> Option<(Ipv6Addr, ServerId)> {
        let server = sighting.key.server_id.as_ref()?;
        let (client, addresses) = offered6::bound(packet, outline)?;
        if client.len() > MAX_DUID {
            return None;
        }
        let mut extended = None;
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            let key = (client.to_vec(), address);
            match self.leases6.map.get(&key) {
                Some(owner) if owner != server => extended = Some((address, owner.clone())),
                Some(_) => {}
                None => self.leases6.put(key, server.clone()),
            }
        }
        extended
    }

    /// Whom a server's message answers, judged by what the client said, and remembers the lease if it gives one.
    pub fn asked(&mut self, packet: &Packet<'_>, sighting: &Sighting) -> Asked {
        let client = sighting.client;
        let request = packet.xid().and_then(|xid| self.requests.map.get(&(xid, client)).copied());
        if sighting.kind == Some(MessageType::ACK)
            && let (Some(address), Some(server)) = (sighting.offered.address, sighting.key.named())
        {
            self.leases.put(client, (address, server));
        }
        match request {
            None => Asked::Unknown,
            Some((Some(chosen), _)) => Asked::Client { chosen: Some(chosen) },
            Some((None, wanted)) => {
                let lease = self.leases.map.get(&client).filter(|(address, _)| Some(*address) == wanted);
                Asked::Client { chosen: lease.map(|(_, server)| *server) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::tests::{key_of as key, sighting};
    use super::super::key::Key;
    use super::*;
    use crate::wire::Mac;
    use crate::wire::options::v6 as v6opt;
    use crate::wire::v4::Message;

    fn request(client: u8, server: Option<[u8; 4]>, address: [u8; 4]) -> Vec<u8> {
        let mac = Mac([2, 0, 0, 0, 9, client]);
        let mut message = Message::request(MessageType::REQUEST, Xid(7), mac);
        message.set_option(50, &address);
        if let Some(server) = server {
            message.set_option(54, &server);
        }
        message.encode()
    }

    fn hear(clients: &mut Clients, bytes: &[u8]) {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        clients.hear(&packet, &outline);
    }

    fn answer(clients: &mut Clients, client: u8, kind: MessageType, server: [u8; 4]) -> Asked {
        let mut seen = sighting(key(Some(server), 1), kind);
        seen.client = Mac([2, 0, 0, 0, 9, client]).into();
        seen.offered.address = Some([10, 0, 0, 50].into());
        let mut reply = Message::request(kind, Xid(7), Mac([2, 0, 0, 0, 9, client]));
        reply.op = Op::REPLY;
        let bytes = reply.encode();
        clients.asked(&Packet::new(&bytes), &seen)
    }

    #[test]
    fn what_the_client_chose_is_known_from_its_request_or_its_lease() {
        let mut clients = Clients::default();
        let (good, bad) = ([10, 0, 0, 1], [10, 0, 0, 66]);
        assert_eq!(answer(&mut clients, 1, MessageType::NAK, bad), Asked::Unknown);
        hear(&mut clients, &request(1, Some(good), [10, 0, 0, 50]));
        assert_eq!(
            answer(&mut clients, 1, MessageType::NAK, bad),
            Asked::Client { chosen: Some(good.into()) }
        );
        answer(&mut clients, 1, MessageType::ACK, good);
        hear(&mut clients, &request(1, None, [10, 0, 0, 50]));
        assert_eq!(
            answer(&mut clients, 1, MessageType::NAK, bad),
            Asked::Client { chosen: Some(good.into()) }
        );
        hear(&mut clients, &request(1, None, [10, 0, 0, 51]));
        assert_eq!(answer(&mut clients, 1, MessageType::NAK, bad), Asked::Client { chosen: None });
        for n in 0..20_000_u32 {
            let mut bytes = request(1, None, [10, 0, 0, 50]);
            bytes[4..8].copy_from_slice(&n.to_be_bytes());
            hear(&mut clients, &bytes);
        }
        assert_eq!(clients.requests.map.len(), MAX_CLIENTS);
    }

    fn bound6(clients: &mut Clients, duid: &[u8], addresses: u16, server: u8) -> Option<Ipv6Addr> {
        let lease = |number| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number);
            v6::message::ia_addr(address, 100, 200, &[])
        };
        let mut reply = v6::message::Message::new(v6::MessageType::REPLY, 1);
        reply.add_option(v6opt::CLIENTID, duid);
        reply.add_option(
            v6opt::IA_NA,
            v6::message::ia(1, 0, 0, &(0..addresses).map(lease).collect::<Vec<_>>()),
        );
        let bytes = reply.encode();
        let packet = v6::Packet::new(&bytes);
        let mut outline = v6::Outline::default();
        outline.read(&packet, bytes.len(), false);
        let key = Key { server_id: Some(ServerId::Ip([10, 0, 0, server].into())), ..Key::default() };
        let seen = sighting(key, MessageType::ACK);
        clients.bound6(&packet, &outline, &seen).map(|(address, _)| address)
    }

    #[test]
    fn what_one_reply_binds_is_remembered_within_bounds() {
        let mut clients = Clients::default();
        assert_eq!(bound6(&mut clients, &[7; 10], 1000, 1), None);
        assert_eq!(clients.leases6.map.len(), MAX_ADDRESSES);
        assert_eq!(bound6(&mut clients, &[7; 10], 1, 2), Some("2001:db8::".parse().unwrap()));
        // A name that no client may have.
        bound6(&mut clients, &[7; 131], 4, 1);
        assert_eq!(clients.leases6.map.len(), MAX_ADDRESSES);
        bound6(&mut clients, &[7; 130], 4, 1);
        assert_eq!(clients.leases6.map.len(), MAX_ADDRESSES + 4);
    }
}

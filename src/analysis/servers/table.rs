//! Everybody seen so far.
//!
//! Bounded whatever comes: a server that changes its face with every answer, or a thousand that do, push out only those
//! who were seen longest ago and are not on the allow list; how many were pushed out is counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::sighting::{Asked, Offered, Sighting, opt};
use crate::time::{Instant, Timestamp};
use crate::wire::v4::{MessageType, Op, Outline, Packet, Xid};
use crate::wire::{HwAddr, Mac};

/// Servers kept at a time.
pub const MAX_SERVERS: usize = 4096;
/// Server identifiers kept of one sender; who uses more is one server with many faces. A relay has fewer behind it.
pub const MAX_IDENTIFIERS: usize = 64;
/// Addresses kept of those a server offered.
const MAX_ADDRESSES: usize = 16;
/// Clients whose REQUESTs and leases are remembered.
const MAX_CLIENTS: usize = 8192;

/// By what servers are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Where it was heard.
    pub interface: Option<Arc<str>>,
    /// VLAN tags of its frames, outermost first.
    pub vlans: Vec<u16>,
    /// Source address of its packets.
    pub source_ip: Option<Ipv4Addr>,
    /// Source of its frames; the relay's for a server behind one.
    pub source_mac: Option<Mac>,
    /// `giaddr`, when not zero.
    pub relay: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
}

impl Key {
    fn source(&self) -> Self {
        Self { server_id: None, ..self.clone() }
    }
}

/// How many of each kind came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// OFFERs.
    pub offers: u64,
    /// ACKs.
    pub acks: u64,
    /// NAKs.
    pub naks: u64,
    /// BOOTP replies: no message type.
    pub bootp: u64,
    /// Anything else.
    pub other: u64,
}

/// One server and what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Who it is.
    pub key: Key,
    /// When it was first heard.
    pub first_seen: Timestamp,
    /// When it was heard last.
    pub last_seen: Timestamp,
    /// The same on the clock that silence is measured by.
    pub heard: Instant,
    /// How many messages came from it.
    pub answers: u64,
    /// Of which kinds.
    pub counts: Counts,
    /// The probes it answered.
    pub answered: Vec<&'static str>,
    /// It speaks to PXE clients.
    pub pxe: bool,
    /// The fullest of the offers it made; of equals the latest.
    pub offered: Offered,
    /// It answered an ordinary DISCOVER of ours, which asks for everything: what is missing there it does not offer.
    pub complete: bool,
    /// Addresses it offered, the latest last.
    pub addresses: Vec<Ipv4Addr>,
    /// The server in whose place it answered.
    pub claims: Option<Ipv4Addr>,
    /// It refused a request that was meant for this server.
    pub refused_for: Option<Ipv4Addr>,
    /// An address it offered that somebody uses.
    pub in_use: Option<(Ipv4Addr, Mac)>,
    /// Messages with identifiers beyond [`MAX_IDENTIFIERS`].
    pub folded: u64,
    pub(crate) rank: u64,
    pub(crate) pinned: bool,
}

/// What is known about one sender, whatever identifiers it uses.
#[derive(Clone, Debug, Default)]
struct Sender {
    identifiers: Vec<Ipv4Addr>,
    nameless: bool,
}

/// Everybody seen so far.
#[allow(clippy::struct_field_names, reason = "nothing else says what it holds")]
#[derive(Clone, Debug)]
pub struct Servers {
    limit: usize,
    servers: HashMap<Key, Server>,
    senders: HashMap<Key, Sender>,
    /// Those not pinned, by when they were heard last.
    order: BTreeMap<u64, Key>,
    clock: u64,
    /// Servers that were pushed out.
    pub forgotten: u64,
    /// Messages counted.
    pub answers: u64,
}

impl Default for Servers {
    fn default() -> Self {
        Self::with_limit(MAX_SERVERS)
    }
}

impl Servers {
    /// Keeps so many at most, pinned ones apart, of which it keeps as many again.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            servers: HashMap::new(),
            senders: HashMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            forgotten: 0,
            answers: 0,
        }
    }

    /// Counts a message. A `pinned` server is not pushed out by others. Returns the server's key.
    pub fn add(&mut self, sighting: &Sighting, pinned: bool) -> Key {
        self.answers = self.answers.saturating_add(1);
        let (key, folded) = self.attribute(&sighting.key);
        let rank = self.next_rank();
        let pinned_before = self.servers.len().saturating_sub(self.order.len());
        let server = self.servers.entry(key.clone()).or_insert_with(|| Server {
            key: key.clone(),
            first_seen: sighting.when.time,
            last_seen: sighting.when.time,
            heard: sighting.when.at,
            pinned: pinned && pinned_before < self.limit,
            ..Server::default()
        });
        self.order.remove(&server.rank);
        server.rank = rank;
        if !server.pinned {
            self.order.insert(rank, key.clone());
        }
        server.see(sighting);
        if folded {
            server.folded = server.folded.saturating_add(1);
        }
        while self.order.len() > self.limit {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.forgotten = self.forgotten.saturating_add(1);
            self.drop_server(&oldest);
        }
        key
    }

    /// Forgets a server.
    pub fn remove(&mut self, key: &Key) {
        if let Some(server) = self.servers.get(key) {
            self.order.remove(&server.rank);
            self.drop_server(key);
        }
    }

    /// Notes that `address` is used by `mac`: whoever offered it offers an address in use. Returns those who did.
    pub fn note_in_use(&mut self, interface: Option<&Arc<str>>, address: Ipv4Addr, mac: Mac) -> Vec<Key> {
        let mut guilty = Vec::new();
        for server in self.servers.values_mut() {
            if server.key.interface.as_ref() == interface && server.addresses.contains(&address) {
                server.in_use = Some((address, mac));
                guilty.push(server.key.clone());
            }
        }
        guilty
    }

    /// The server with this key.
    pub fn find(&self, key: &Key) -> Option<&Server> {
        self.servers.get(key)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    /// All of them, by interface, address and identifier.
    pub fn sorted(&self) -> Vec<&Server> {
        let mut all: Vec<&Server> = self.servers.values().collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    fn next_rank(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }

    /// Whose message it is. A message without identifier belongs to the only identifier of its sender, if there is
    /// exactly one; a sender with too many is one server. True when the identifier was folded away.
    fn attribute(&mut self, key: &Key) -> (Key, bool) {
        let source = key.source();
        let sender = self.senders.entry(source.clone()).or_default();
        match (key.server_id, sender.identifiers.as_slice()) {
            (None, [only]) => (Key { server_id: Some(*only), ..source }, false),
            (None, _) => {
                sender.nameless = true;
                (source, false)
            }
            (Some(id), []) if std::mem::take(&mut sender.nameless) => {
                sender.identifiers.push(id);
                self.rename(&source, key);
                (key.clone(), false)
            }
            (Some(id), known) if known.contains(&id) => (key.clone(), false),
            (Some(_), known) if known.len() >= MAX_IDENTIFIERS => {
                sender.nameless = true;
                (source, true)
            }
            (Some(id), _) => {
                sender.identifiers.push(id);
                (key.clone(), false)
            }
        }
    }

    fn rename(&mut self, from: &Key, to: &Key) {
        let Some(mut server) = self.servers.remove(from) else { return };
        server.key = to.clone();
        if let Some(place) = self.order.get_mut(&server.rank) {
            *place = to.clone();
        }
        self.servers.insert(to.clone(), server);
    }

    fn drop_server(&mut self, key: &Key) {
        self.servers.remove(key);
        let source = key.source();
        if let Some(sender) = self.senders.get_mut(&source) {
            match key.server_id {
                Some(id) => sender.identifiers.retain(|known| *known != id),
                None => sender.nameless = false,
            }
            if sender.identifiers.is_empty() && !sender.nameless {
                self.senders.remove(&source);
            }
        }
    }
}

impl Server {
    fn see(&mut self, sighting: &Sighting) {
        // The time of day may have been set back meanwhile.
        if sighting.when.at >= self.heard {
            (self.heard, self.last_seen) = (sighting.when.at, sighting.when.time);
        }
        self.answers = self.answers.saturating_add(1);
        let count = match sighting.kind {
            Some(MessageType::OFFER) => &mut self.counts.offers,
            Some(MessageType::ACK) => &mut self.counts.acks,
            Some(MessageType::NAK) => &mut self.counts.naks,
            None => &mut self.counts.bootp,
            Some(_) => &mut self.counts.other,
        };
        *count = count.saturating_add(1);
        self.pxe |= sighting.pxe;
        let is_nak = sighting.kind == Some(MessageType::NAK);
        let named = sighting.key.server_id;
        match &sighting.asked {
            Asked::Us { probe, bogus_server } => {
                if !self.answered.contains(probe) {
                    self.answered.push(probe);
                }
                if let Some(bogus) = *bogus_server {
                    if named == Some(bogus) || sighting.kind == Some(MessageType::ACK) {
                        self.claims.get_or_insert(bogus);
                    } else if is_nak {
                        self.refused_for.get_or_insert(bogus);
                    }
                }
            }
            Asked::Client { chosen: Some(chosen) } if named.is_some_and(|named| named != *chosen) => {
                if is_nak {
                    self.refused_for.get_or_insert(*chosen);
                } else if sighting.kind == Some(MessageType::ACK) {
                    self.claims.get_or_insert(*chosen);
                }
            }
            Asked::Client { .. } | Asked::Unknown => {}
        }
        // Answers to lease queries and the like speak of other clients' addresses.
        if !matches!(sighting.kind, None | Some(MessageType::OFFER | MessageType::ACK)) {
            return;
        }
        let offered = &sighting.offered;
        if let Some(address) = offered.address
            && !self.addresses.contains(&address)
        {
            if self.addresses.len() >= MAX_ADDRESSES {
                self.addresses.remove(0);
            }
            self.addresses.push(address);
        }
        let ordinary = matches!(sighting.asked, Asked::Us { probe: "discover", .. });
        let mut other = offered.clone();
        if ordinary || (!self.complete && offered.weight() >= self.offered.weight()) {
            self.complete |= ordinary;
            std::mem::swap(&mut self.offered, &mut other);
        }
        self.offered.keep_steering(other);
    }
}

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
}

impl Default for Clients {
    fn default() -> Self {
        Self { requests: Recent::new(), leases: Recent::new() }
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
        let wanted = address(50).or(packet.ciaddr().filter(|ciaddr| !ciaddr.is_unspecified()));
        if let Some(xid) = packet.xid() {
            self.requests.put((xid, packet.client()), (address(opt::SERVER_ID), wanted));
        }
    }

    /// Whom a server's message answers, judged by what the client said, and remembers the lease if it gives one.
    pub fn asked(&mut self, packet: &Packet<'_>, sighting: &Sighting) -> Asked {
        let client = sighting.client;
        let request = packet.xid().and_then(|xid| self.requests.map.get(&(xid, client)).copied());
        if sighting.kind == Some(MessageType::ACK)
            && let (Some(address), Some(server)) = (sighting.offered.address, sighting.key.server_id)
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
    use super::super::judge::tests::sighting;
    use super::*;
    use crate::wire::v4::Message;

    fn key(id: Option<[u8; 4]>, mac: u8) -> Key {
        Key {
            source_ip: Some([10, 0, 0, 1].into()),
            source_mac: Some(Mac([2, 0, 0, 0, 0, mac])),
            server_id: id.map(Into::into),
            ..Key::default()
        }
    }

    fn see(servers: &mut Servers, key: Key) -> Key {
        servers.add(&sighting(key, MessageType::OFFER), false)
    }

    #[test]
    fn a_message_without_identifier_belongs_to_its_senders_only_one() {
        let mut servers = Servers::default();
        see(&mut servers, key(None, 1));
        let named = see(&mut servers, key(Some([10, 0, 0, 1]), 1));
        assert_eq!(see(&mut servers, key(None, 1)), named);
        assert_eq!((servers.len(), servers.find(&named).unwrap().answers), (1, 3));
        see(&mut servers, key(Some([10, 0, 0, 2]), 1));
        assert_eq!(see(&mut servers, key(None, 1)).server_id, None);
        assert_eq!(servers.len(), 3);
        see(&mut servers, key(None, 2));
        assert_eq!(servers.len(), 4);
    }

    #[test]
    fn a_sender_of_many_faces_is_one_server() {
        let mut servers = Servers::default();
        for n in 0..100_000_u32 {
            see(&mut servers, key(Some((0x0a00_0000 + n).to_be_bytes()), 1));
        }
        assert_eq!(servers.len(), MAX_IDENTIFIERS + 1);
        let one = servers.find(&key(None, 1)).unwrap();
        assert_eq!(one.folded, 100_000 - 64);
        assert_eq!((servers.forgotten, servers.answers), (0, 100_000));
    }

    #[test]
    fn a_storm_pushes_out_the_oldest_but_not_the_pinned() {
        let mut servers = Servers::default();
        let friend = key(Some([10, 0, 0, 1]), 1);
        servers.add(&sighting(friend.clone(), MessageType::OFFER), true);
        for n in 0..100_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            let mac = Some(Mac([2, 0, 0, a, b, c]));
            see(
                &mut servers,
                Key { source_mac: mac, server_id: Some(n.to_be_bytes().into()), ..Key::default() },
            );
        }
        assert_eq!(servers.len(), MAX_SERVERS + 1);
        assert!(servers.find(&friend).is_some());
        assert_eq!(servers.forgotten, 100_000 - 4096);
        assert_eq!(servers.senders.len(), MAX_SERVERS + 1);
        assert_eq!(servers.order.len(), MAX_SERVERS);
        let some = servers.iter().next().unwrap().key.clone();
        servers.remove(&some);
        assert_eq!((servers.len(), servers.senders.len()), (MAX_SERVERS, MAX_SERVERS));
    }

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
}

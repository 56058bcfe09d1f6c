//! Who asks, for what, and all that was set by hand: from it every message of an exchange is made (RFC 9915 §16, §18.2).

use std::net::Ipv6Addr;

use super::draft::{Body, Draft6};
use crate::wire::Mac;
use crate::wire::frame::Envelope6;
use crate::wire::nd;
use crate::wire::options::nd as ndopt;
use crate::wire::options::v6 as opt;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::message::{ia, ia_addr, ia_prefix, ia_ta, oro};
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, ALL_SERVERS, CLIENT_PORT, SERVER_PORT};
use crate::wire::v6::{Duid, Item, Message, MessageType, Prefix6};

/// What is asked for unless told otherwise (option 6).
pub const DEFAULT_REQUEST_LIST: [u16; 13] = [
    opt::DNS_SERVERS,
    opt::DOMAIN_LIST,
    opt::SNTP_SERVERS,
    opt::CLIENT_FQDN,
    opt::NTP_SERVER,
    opt::AFTR_NAME,
    opt::SOL_MAX_RT,
    opt::INF_MAX_RT,
    opt::S46_CONT_MAPE,
    opt::S46_CONT_MAPT,
    opt::S46_CONT_LW,
    opt::DHCP_CAPTIVE_PORTAL,
    opt::V6_DNR,
];

/// An identity association to ask for, with hints; or one that is held, with its leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IaWish {
    /// What it is for.
    pub kind: IaKind,
    /// Its identifier.
    pub iaid: u32,
    /// Addresses wished for or held.
    pub addresses: Vec<Ipv6Addr>,
    /// Prefixes wished for or held; `::/56` is a wish for a length.
    pub prefixes: Vec<Prefix6>,
}

/// The usual IAID of the first IA of each kind: the last four bytes of the hardware address.
pub fn usual_iaid(mac: Mac) -> u32 {
    let [.., a, b, c, d] = mac.0;
    u32::from_be_bytes([a, b, c, d])
}

impl IaWish {
    /// One without a hint.
    pub fn new(kind: IaKind, iaid: u32) -> Self {
        Self { kind, iaid, addresses: Vec::new(), prefixes: Vec::new() }
    }

    /// The option. Lifetimes, T1 and T2 are zero: a server ignores what a client says (§21.4, §21.6).
    pub fn option(&self) -> Item {
        let addresses = self.addresses.iter().map(|address| ia_addr(*address, 0, 0, &[]));
        let prefixes = self.prefixes.iter().map(|prefix| ia_prefix(prefix.address, prefix.length, 0, 0, &[]));
        let inside: Vec<Item> = addresses.chain(prefixes).collect();
        let data = match self.kind {
            IaKind::Ta => ia_ta(self.iaid, &inside),
            IaKind::Na | IaKind::Pd => ia(self.iaid, 0, 0, &inside),
        };
        Item::new(self.kind.code(), data)
    }

    /// It names an address or prefix.
    pub fn has_lease(&self) -> bool {
        !self.addresses.is_empty() || !self.prefixes.is_empty()
    }
}

/// A relay that the client plays (§9, §19.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// link-address: an address of the client's link.
    pub link: Ipv6Addr,
    /// peer-address; None: the client's, or the relay before.
    pub peer: Option<Ipv6Addr>,
    /// Options beside the message.
    pub options: Vec<Item>,
    /// hop-count by hand.
    pub hop_count: Option<u8>,
}

/// What stands around messages, as far as it was set by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around6 {
    /// Source of the frame.
    pub src_mac: Option<Mac>,
    /// Destination of the frame.
    pub dst_mac: Option<Mac>,
    /// VLAN identifiers, outermost first.
    pub vlans: Vec<u16>,
    /// Source address.
    pub src: Option<Ipv6Addr>,
    /// Destination address.
    pub dst: Option<Ipv6Addr>,
    /// UDP source port.
    pub src_port: Option<u16>,
    /// UDP destination port.
    pub dst_port: Option<u16>,
    /// Hop limit.
    pub hop_limit: Option<u8>,
}

/// Who asks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe6 {
    /// The client's hardware address.
    pub mac: Mac,
    /// Its link-local address.
    pub source: Ipv6Addr,
    /// Its name; `None`: it says none.
    pub duid: Option<Duid>,
    /// Transaction identifier, 24 bits.
    pub xid: u32,
    /// The server that messages to one server name.
    pub server: Option<Duid>,
    /// Where messages go instead of to everybody.
    pub to: Option<Ipv6Addr>,
    /// What is asked for.
    pub ias: Vec<IaWish>,
    /// Option 14 in SOLICIT.
    pub rapid_commit: bool,
    /// Option 8 by hand, hundredths of a second.
    pub elapsed: Option<u16>,
    /// Options that tell who asks: 15, 16, 20, 39.
    pub identity: Vec<Item>,
    /// Option 6 by hand.
    pub request_list: Option<Vec<u16>>,
    /// Options by hand.
    pub options: Vec<Item>,
    /// Nested options by hand, for the last option of this code that a message holds; a message without one goes without them.
    pub parts: Vec<Item>,
    /// Options left out.
    pub remove: Vec<u16>,
    /// Relays, the one next to the client first.
    pub relays: Vec<Hop>,
    /// What stands around.
    pub around: Around6,
}

impl Recipe6 {
    /// The recipe of a client without wishes.
    pub fn new(mac: Mac, source: Ipv6Addr, xid: u32) -> Self {
        Self {
            mac,
            source,
            duid: Some(Duid::link_layer(mac)),
            xid: xid & 0x00ff_ffff,
            server: None,
            to: None,
            ias: Vec::new(),
            rapid_commit: false,
            elapsed: None,
            identity: Vec::new(),
            request_list: None,
            options: Vec::new(),
            parts: Vec::new(),
            remove: Vec::new(),
            relays: Vec::new(),
            around: Around6::default(),
        }
    }

    /// Where messages come from.
    pub fn source(&self) -> Ipv6Addr {
        self.around.src.unwrap_or(self.source)
    }

    /// The message of a client. `server` is who it is for, where it is for one; `elapsed` in hundredths of a second.
    pub fn message(&self, kind: MessageType, ias: &[IaWish], server: Option<&Duid>, elapsed: u16) -> Message {
        let mut message = Message::new(kind, self.xid);
        if let Some(duid) = &self.duid {
            message.add_option(opt::CLIENTID, duid.0.clone());
        }
        let names_server = matches!(
            kind,
            MessageType::REQUEST | MessageType::RENEW | MessageType::RELEASE | MessageType::DECLINE
        );
        if let Some(server) = server.filter(|_| names_server) {
            message.add_option(opt::SERVERID, server.0.clone());
        }
        if kind.is_from_client() {
            message.add_option(opt::ELAPSED_TIME, self.elapsed.unwrap_or(elapsed).to_be_bytes());
        }
        if kind == MessageType::SOLICIT && self.rapid_commit {
            message.add_option(opt::RAPID_COMMIT, []);
        }
        if let Some(list) = self.request_list(kind) {
            message.add_option(opt::ORO, oro(&list));
        }
        for item in &self.identity {
            if may_hold(item.code, kind) {
                message.options.push(item.clone());
            }
        }
        for wish in ias {
            message.options.push(wish.option());
        }
        self.by_hand(&mut message);
        message
    }

    /// Options set and left out by hand. An IA by hand takes the place of all of its kind: several may be given.
    pub fn by_hand(&self, message: &mut Message) {
        let mut fresh: Vec<u16> = Vec::new();
        for item in &self.options {
            if fresh.contains(&item.code) {
                message.options.push(item.clone());
            } else {
                fresh.push(item.code);
                message.set_option(item.code, item.data.clone());
            }
        }
        for part in &self.parts {
            if let Some(whole) = message.options.iter_mut().rev().find(|item| item.code == part.code) {
                whole.data.extend(&part.data);
            }
        }
        message.options.retain(|item| !self.remove.contains(&item.code));
    }

    /// Option 6 of a message of this type (§21.7, §21.23–21.25).
    fn request_list(&self, kind: MessageType) -> Option<Vec<u16>> {
        let informs = kind == MessageType::INFORMATION_REQUEST;
        if !informs && !matches!(kind.0, 1 | 3 | 5 | 6) {
            return None;
        }
        let list = self.request_list.clone().unwrap_or_else(|| {
            let mut list = DEFAULT_REQUEST_LIST.to_vec();
            if informs {
                list.insert(3, opt::INFORMATION_REFRESH_TIME);
            }
            list
        });
        (!list.is_empty()).then_some(list)
    }

    /// The draft that carries `message`: in the envelopes of the relays, to everybody or to the server named.
    pub fn draft(&self, message: Message) -> Draft6 {
        let relayed = !self.relays.is_empty();
        let message = self.enveloped(message);
        let usual = if relayed { ALL_SERVERS } else { ALL_RELAYS_AND_SERVERS };
        let dst = self.around.dst.or(self.to).unwrap_or(usual);
        let ports = if relayed { (SERVER_PORT, SERVER_PORT) } else { (CLIENT_PORT, SERVER_PORT) };
        let ports = (self.around.src_port.unwrap_or(ports.0), self.around.dst_port.unwrap_or(ports.1));
        let hop_limit = self.around.hop_limit.unwrap_or(hop_limit_to(dst));
        self.addressed(Body::Dhcp(message), dst, ports, hop_limit)
    }

    /// The draft of a router solicitation or advertisement; its checksum is made.
    pub fn router(&self, message: &nd::Message) -> Draft6 {
        let bytes = message.encode();
        let advertises = nd::Packet::new(&bytes).is_advertisement();
        let usual = if advertises { nd::ALL_NODES } else { nd::ALL_ROUTERS };
        let dst = self.around.dst.or(self.to).unwrap_or(usual);
        let hop_limit = self.around.hop_limit.unwrap_or(nd::HOP_LIMIT);
        self.addressed(Body::Router(bytes, true), dst, (0, 0), hop_limit)
    }

    /// The solicitation of a host (RFC 4861 §6.3.7).
    pub fn router_solicitation(&self) -> Draft6 {
        let mut message = nd::Message::solicitation();
        if !self.source().is_unspecified() {
            message.add_option(ndopt::SOURCE_LINK_LAYER_ADDRESS, &self.mac.0);
        }
        self.router(&message)
    }

    fn addressed(&self, body: Body, dst: Ipv6Addr, ports: (u16, u16), hop_limit: u8) -> Draft6 {
        let group = dst.is_multicast().then(|| Envelope6::group_mac(dst));
        let known = self.around.dst_mac.or(group);
        Draft6 {
            body,
            envelope: Envelope6 {
                dst_mac: known.unwrap_or(Mac::ZERO),
                src_mac: self.around.src_mac.unwrap_or(self.mac),
                vlans: self.around.vlans.clone(),
                src: self.source(),
                dst,
                hop_limit,
            },
            ports,
            next_hop: known.is_none().then_some(dst),
        }
    }

    /// The message in the envelopes of the relays, innermost first.
    fn enveloped(&self, message: Message) -> Message {
        let mut message = message;
        let mut peer = self.source();
        for (hop, count) in self.relays.iter().zip(0_u8..) {
            let hop_count = hop.hop_count.unwrap_or(count);
            let mut outer = Message::relay(
                MessageType::RELAY_FORW,
                hop_count,
                hop.link,
                hop.peer.unwrap_or(peer),
                &message.encode(),
            );
            // What tells who the client is stands before the message: some readers stop there.
            let carried = outer.options.pop();
            outer.options.extend(hop.options.iter().cloned());
            outer.options.extend(carried);
            message = outer;
            peer = hop.link;
        }
        message
    }
}

/// The usual hop limit to an address.
pub fn hop_limit_to(dst: Ipv6Addr) -> u8 {
    match dst.octets() {
        [0xff, scope, ..] if scope & 0x0f == 2 => 1,
        // RFC 9915 §19.1: what relays send to all servers goes up to eight hops.
        [0xff, ..] => 8,
        _ => 64,
    }
}

/// True when a client's message of this type may hold an option that tells who it is (RFC 9915, appendix B).
fn may_hold(code: u16, kind: MessageType) -> bool {
    match code {
        opt::RECONF_ACCEPT => matches!(kind.0, 1 | 3 | 5 | 6 | 11),
        opt::CLIENT_FQDN => matches!(kind.0, 1 | 3 | 5 | 6),
        _ => true,
    }
}

/// The relay that is next to a client says its hardware address (RFC 6939): the option's payload.
pub fn client_link_layer(mac: Mac) -> Item {
    let mut data = vec![0, 1];
    data.extend(mac.0);
    Item::new(opt::CLIENT_LINKLAYER_ADDR, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::neighbor::link_local as link_local_of;
    use crate::wire::v6::Facts;

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    fn recipe() -> Recipe6 {
        Recipe6 {
            ias: vec![
                IaWish::new(IaKind::Na, 5),
                IaWish { prefixes: vec!["/56".parse().unwrap()], ..IaWish::new(IaKind::Pd, 5) },
            ],
            rapid_commit: true,
            ..Recipe6::new(MAC, link_local_of(MAC), 0x10_b2c3)
        }
    }

    fn codes(message: &Message) -> Vec<u16> {
        message.options.iter().map(|item| item.code).collect()
    }

    #[test]
    fn every_message_has_what_it_must_and_nothing_else() {
        let recipe = recipe();
        let server = Duid(vec![0, 3, 0, 1, 9]);
        let made = |kind| codes(&recipe.message(kind, &recipe.ias, Some(&server), 0));
        assert_eq!(made(MessageType::SOLICIT), [1, 8, 14, 6, 3, 25]);
        assert_eq!(made(MessageType::REQUEST), [1, 2, 8, 6, 3, 25]);
        assert_eq!(made(MessageType::RENEW), [1, 2, 8, 6, 3, 25]);
        assert_eq!(made(MessageType::REBIND), [1, 8, 6, 3, 25]);
        assert_eq!(made(MessageType::RELEASE), [1, 2, 8, 3, 25]);
        let confirm = recipe.message(MessageType::CONFIRM, &recipe.ias[..1], Some(&server), 0);
        assert_eq!(codes(&confirm), [1, 8, 3]);
        let inform = recipe.message(MessageType::INFORMATION_REQUEST, &[], None, 150);
        assert_eq!(codes(&inform), [1, 8, 6]);
        let bytes = inform.encode();
        let facts = Facts::of(&bytes);
        assert!(facts.requests(32) && facts.requests(83));
        assert_eq!((facts.elapsed, facts.xid), (Some(150), Some(0x10_b2c3)));
        let anonymous = Recipe6 { duid: None, ..recipe };
        assert_eq!(codes(&anonymous.message(MessageType::INFORMATION_REQUEST, &[], None, 0)), [8, 6]);
    }

    #[test]
    fn what_was_set_by_hand_wins() {
        let mut recipe = recipe();
        recipe.options = vec![Item::new(3, [1]), Item::new(3, [2]), Item::new(200, [9])];
        recipe.remove = vec![8];
        let message = recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0);
        assert_eq!(codes(&message), [1, 14, 6, 3, 25, 3, 200]);
        assert_eq!(message.option(3), Some(&[1][..]));
    }

    #[test]
    fn relays_stand_around_each_other() {
        let mut recipe = recipe();
        let link = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let hop = |text: &str| Hop {
            link: link(text),
            peer: None,
            options: vec![Item::new(18, *b"x")],
            hop_count: None,
        };
        recipe.relays = vec![hop("fd00:64::1"), hop("fd00:65::1")];
        let draft = recipe.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0));
        assert_eq!((draft.ports, draft.envelope.dst, draft.envelope.hop_limit), ((547, 547), ALL_SERVERS, 8));
        let bytes = draft.payload();
        let facts = Facts::of(&bytes);
        assert_eq!(facts.kind, MessageType::SOLICIT);
        let seen: Vec<_> =
            facts.relays.iter().map(|relay| (relay.hop_count, relay.link, relay.peer)).collect();
        assert_eq!(
            seen,
            [(1, link("fd00:65::1"), link("fd00:64::1")), (0, link("fd00:64::1"), link_local_of(MAC))]
        );
        assert_eq!(draft.innermost(), (Some(MessageType::SOLICIT), Some(0x10_b2c3)));
    }

    #[test]
    fn a_client_speaks_to_all_on_its_link() {
        let recipe = recipe();
        let draft = recipe.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0));
        assert_eq!((draft.ports, draft.envelope.dst_mac), ((546, 547), Mac([0x33, 0x33, 0, 1, 0, 2])));
        assert_eq!((draft.envelope.hop_limit, draft.next_hop), (1, None));
        let unicast = Recipe6 { to: Some("fd00:64::1".parse().unwrap()), ..recipe.clone() };
        let draft = unicast.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0));
        assert_eq!((draft.envelope.hop_limit, draft.next_hop), (64, unicast.to));
        let router = recipe.router_solicitation();
        assert_eq!((router.envelope.dst, router.envelope.hop_limit), (nd::ALL_ROUTERS, 255));
        assert_eq!(router.payload().len(), 16);
        assert_eq!(router.name(), "ROUTER SOLICITATION");
    }
}

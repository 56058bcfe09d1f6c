//! What is known when nothing answers. The doctor says the same of the same causes: the words and the codes are here.

use std::fmt;
use std::net::Ipv4Addr;

use super::watch::{Reason, Stranger, Watch};
use crate::wire::{HwAddr, Mac};

/// The state of the link, as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// The interface is up.
    pub up: bool,
    /// It has a carrier (a cable, an association).
    pub carrier: bool,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// A socket of this machine has the servers' port (67).
    pub serves: bool,
    /// The next hop that the kernel asked for by ARP, in vain, where the kernel chose the way.
    pub unresolved: Option<Ipv4Addr>,
}

impl LinkState {
    /// What of it alone explains silence, most telling first. `clients` are the hardware addresses that asked.
    pub fn obstacles(&self, clients: &[Mac]) -> Vec<Finding> {
        if !self.up || !self.carrier {
            return vec![if self.up { Finding::NoCarrier } else { Finding::LinkDown }];
        }
        let foreign = |mac: &&Mac| self.mac.is_some_and(|own| own != **mac);
        let foreign =
            clients.iter().find(foreign).filter(|_| !clients.iter().any(|mac| Some(*mac) == self.mac));
        let here = self.serves.then_some(Finding::ServerHere);
        let unresolved = self.unresolved.map(Finding::Unresolved);
        unresolved.into_iter().chain(here).chain(foreign.map(|mac| Finding::NotOwnMac(*mac))).collect()
    }
}

/// One thing that may explain the silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The interface is down.
    LinkDown,
    /// No carrier.
    NoCarrier,
    /// Nothing of what was sent was seen leaving.
    NothingLeft(u64),
    /// The next hop did not answer ARP.
    Unresolved(Ipv4Addr),
    /// A host refused.
    Unreachable {
        /// Who says so.
        from: Ipv4Addr,
        /// The ICMP code.
        code: u8,
        /// About what destination.
        to: Ipv4Addr,
    },
    /// Somebody asked by ARP, in vain, for an address: a server whose answer cannot leave asks like that.
    AskedInVain {
        /// The address.
        address: Ipv4Addr,
        /// Who asks.
        mac: Mac,
        /// How often.
        count: u32,
    },
    /// Replies to other transactions.
    OtherXid {
        /// How many.
        count: u64,
        /// From where, the last.
        from: Option<Ipv4Addr>,
    },
    /// Replies that belong to other exchanges, of this client or of others: somebody is served.
    OtherExchanges {
        /// How many.
        count: u64,
        /// From where, the last.
        from: Option<Ipv4Addr>,
    },
    /// Replies for another client.
    OtherClient {
        /// How many.
        count: u64,
        /// For whom, the last.
        client: HwAddr,
        /// From where, the last.
        from: Option<Ipv4Addr>,
    },
    /// Replies to a port that is not ours.
    WrongPort {
        /// How many.
        count: u64,
        /// The port of the last.
        port: u16,
    },
    /// Replies of a type that answers nothing.
    WrongType(u64),
    /// OFFERs or ACKs whose address nobody could use.
    NoAddress {
        /// How many.
        count: u64,
        /// From where, the last.
        from: Option<Ipv4Addr>,
    },
    /// Servers that were not asked.
    OtherServer {
        /// How many messages.
        count: u64,
        /// Source of the last.
        from: Option<Ipv4Addr>,
        /// Its MAC.
        mac: Option<Mac>,
    },
    /// Messages too damaged to read.
    Malformed(u64),
    /// Other clients ask, and nobody was seen answering.
    OtherClientsAsk(u64),
    /// A server runs on this very machine.
    ServerHere,
    /// Not a single DHCP message was seen.
    Quiet,
    /// What was asked came from another hardware address than the card's.
    NotOwnMac(Mac),
    /// What was asked names a server (option 54), and no other answers that.
    Named(Ipv4Addr),
    /// An address was asked for after a reboot: a server that knows no such lease says nothing.
    NoLeaseKnown,
}

/// Puts what lies in the question itself, such as [`Finding::Named`], before what is only known of the segment.
pub fn ask_oneself(found: &mut Vec<Finding>, finding: Finding) {
    let vague = |finding: &Finding| {
        matches!(
            finding,
            Finding::Quiet
                | Finding::OtherClientsAsk(_)
                | Finding::OtherExchanges { .. }
                | Finding::ServerHere
                | Finding::NotOwnMac(_)
        )
    };
    let place = found.iter().position(vague).unwrap_or(found.len());
    found.insert(place, finding);
}

/// What may explain that no answer came, most telling first; never empty.
pub fn findings(watch: &Watch, link: Option<LinkState>) -> Vec<Finding> {
    let client: Vec<Mac> = watch.rule.client.mac().into_iter().collect();
    let (foreign, mut found): (Vec<Finding>, Vec<Finding>) = link
        .map(|link| link.obstacles(&client))
        .unwrap_or_default()
        .into_iter()
        .partition(|finding| matches!(finding, Finding::NotOwnMac(_)));
    // What waits in the kernel for the next hop's hardware address does not leave, and that has been said.
    found.extend(seen(watch, link.is_some_and(|link| link.unresolved.is_some())));
    if found.is_empty() {
        found.push(match stranger(watch, Reason::WrongOp) {
            Some(stranger) => Finding::OtherClientsAsk(stranger.count),
            None => Finding::Quiet,
        });
    }
    // Where nothing tells more, and all the more where others are served.
    if matches!(*found, [Finding::Quiet | Finding::OtherClientsAsk(_) | Finding::OtherExchanges { .. }]) {
        found.extend(foreign);
    }
    found
}

/// Who sent what was ignored for `reason`, if anybody did.
fn stranger(watch: &Watch, reason: Reason) -> Option<Stranger> {
    Some(watch.stranger(reason)).filter(|stranger| stranger.count > 0)
}

/// What was seen on the wire that may explain silence, most telling first. `waits` says that what was sent waits for an answer to ARP.
pub fn seen(watch: &Watch, waits: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if watch.handed > 0 && watch.left == 0 && !waits {
        found.push(Finding::NothingLeft(watch.handed));
    }
    found.extend(watch.unresolved.map(Finding::Unresolved));
    found.extend(watch.unreachable.map(|(from, code, to)| Finding::Unreachable { from, code, to }));
    let seen = |reason| stranger(watch, reason);
    found.extend(seen(Reason::OtherServer).map(|s| Finding::OtherServer {
        count: s.count,
        from: s.ip,
        mac: s.mac,
    }));
    found.extend(seen(Reason::NoAddress).map(|s| Finding::NoAddress { count: s.count, from: s.ip }));
    let (strayed, elsewhere) = match seen(Reason::OtherXid) {
        Some(other) if other.count > watch.elsewhere() => (Some(other), None),
        other => (None, other),
    };
    found.extend(strayed.map(|s| Finding::OtherXid { count: s.count, from: s.ip }));
    let other = |s: Stranger| Finding::OtherClient { count: s.count, client: s.client, from: s.ip };
    found.extend(seen(Reason::OtherClient).map(other));
    found.extend(seen(Reason::WrongPort).map(|s| Finding::WrongPort { count: s.count, port: s.port }));
    found.extend(seen(Reason::WrongType).map(|s| Finding::WrongType(s.count)));
    found.extend(seen(Reason::Malformed).map(|s| Finding::Malformed(s.count)));
    if let Some((address, mac, count)) = watch.asked_in_vain() {
        found.push(Finding::AskedInVain { address, mac, count });
    }
    found.extend(elsewhere.map(|s| Finding::OtherExchanges { count: s.count, from: s.ip }));
    found
}

impl Finding {
    /// It explains why nothing comes, or nothing goes, at all: where anything was answered, it was not that.
    pub fn is_refuted_by_an_answer(&self) -> bool {
        matches!(self, Self::NotOwnMac(_))
    }

    /// The code under which `explain` and the doctor know it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::LinkDown => Some("link-down"),
            Self::NoCarrier => Some("no-carrier"),
            Self::NothingLeft(_) => Some("frames-not-leaving"),
            Self::Unreachable { code: 3, .. } => Some("icmp-refused"),
            Self::NoAddress { .. } => Some("offer-without-address"),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = |from: &Option<Ipv4Addr>| from.map_or_else(String::new, |ip| format!(" (last from {ip})"));
        match self {
            Self::LinkDown => f.write_str("the interface is down"),
            Self::NoCarrier => f.write_str("the interface has no carrier: is the cable plugged in?"),
            Self::NothingLeft(1) => f.write_str("the frame that was sent was not seen leaving the interface"),
            Self::NothingLeft(count) => {
                write!(f, "none of the {count} frames sent was seen leaving the interface")
            }
            Self::Unresolved(ip) => write!(f, "{ip} did not answer ARP, so nothing could be sent to it"),
            Self::Unreachable { from, code: 3, to } => {
                write!(f, "{from} says that no server listens on {to} (ICMP port unreachable)")
            }
            Self::Unreachable { from, code, to } => {
                write!(f, "{from} says that {to} is unreachable (ICMP code {code})")
            }
            Self::AskedInVain { address, mac, count } => write!(
                f,
                "{mac} asked {} by ARP for {address}, which nobody has: a server that sends its offer to the \
                 address itself cannot reach a client without one; --broadcast asks it to send to everybody",
                if *count == 1 { "once".to_owned() } else { format!("{count} times") }
            ),
            Self::OtherXid { count, from: ip } => {
                write!(f, "replies to other transactions were seen: {count}{}", from(ip))
            }
            Self::OtherExchanges { count, from: ip } => {
                write!(f, "other exchanges were answered meanwhile: {count}{}", from(ip))
            }
            Self::OtherClient { count, client, from: ip } => {
                write!(f, "replies for another client, {client}, were seen: {count}{}", from(ip))
            }
            Self::WrongPort { count, port } => {
                write!(f, "replies to UDP port {port}, which is not ours, were seen: {count}")
            }
            Self::WrongType(count) => write!(f, "replies to something else were seen: {count}"),
            Self::NoAddress { count, from: ip } => {
                write!(f, "answers without an address that a client could use were seen: {count}{}", from(ip))
            }
            Self::OtherServer { count, from: ip, .. } => {
                write!(f, "other servers answered: {count}{}", from(ip))
            }
            Self::Malformed(count) => write!(f, "messages too short to read were seen: {count}"),
            Self::OtherClientsAsk(count) => {
                write!(f, "other clients' messages were seen ({count}), no server's")
            }
            Self::ServerHere => f.write_str(
                "a server on this very machine has UDP port 67 open, and what a packet socket sends need not reach it: ask \
                 from another machine",
            ),
            Self::Quiet => f.write_str("no DHCP message of anybody else was seen"),
            Self::NotOwnMac(mac) => write!(
                f,
                "{mac} is not this card's own address: a wireless network, a virtual machine's, a macvlan or a port that passes \
                 one MAC only drops it"
            ),
            Self::Named(server) => write!(
                f,
                "the message names the server {server} (option 54), which was not heard; no other answers it"
            ),
            Self::NoLeaseKnown => f.write_str(
                "a server that knows no lease of this client is silent to init-reboot (RFC 2131 4.3.2)",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v4::watch::Rule;
    use crate::wire::frame::Datagram;
    use crate::wire::v4::{Message, MessageType, Xid};

    fn watch() -> Watch {
        of(HwAddr::default())
    }

    fn of(client: HwAddr) -> Watch {
        Watch::new(Rule { xid: Xid(7), client, ports: [68, 68] }, false)
    }

    #[test]
    fn something_is_always_said() {
        assert_eq!(findings(&watch(), None), [Finding::Quiet]);
        assert_eq!(
            findings(&watch(), Some(LinkState { up: true, carrier: true, ..LinkState::default() })),
            [Finding::Quiet]
        );
    }

    #[test]
    fn a_server_that_was_named_is_said_before_guesses() {
        let server = Ipv4Addr::new(192, 168, 0, 1);
        let mac = Mac([2, 0, 0, 0, 0, 9]);
        let mut found = vec![Finding::NoCarrier, Finding::NotOwnMac(mac)];
        ask_oneself(&mut found, Finding::Named(server));
        assert_eq!(found, [Finding::NoCarrier, Finding::Named(server), Finding::NotOwnMac(mac)]);
        assert!(found[1].to_string().contains("192.168.0.1 (option 54)"), "{}", found[1]);
    }

    #[test]
    fn replies_that_could_not_have_been_ours_explain_nothing() {
        let (own, other) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 9]));
        let late = |watch: &mut Watch, kind: MessageType, client: Mac| {
            let payload = Message::reply(kind, &Message::request(MessageType::DISCOVER, Xid(8), client));
            watch.ignore(Reason::OtherXid, &Datagram::bare(&payload.encode()));
        };
        let mut watch = of(own.into());
        watch.awaits_verdict = true;
        late(&mut watch, MessageType::OFFER, own);
        late(&mut watch, MessageType::ACK, other);
        let elsewhere = Finding::OtherExchanges { count: 2, from: None };
        let mut found = findings(&watch, None);
        assert_eq!(found, std::slice::from_ref(&elsewhere));
        ask_oneself(&mut found, Finding::NoLeaseKnown);
        assert_eq!(found, [Finding::NoLeaseKnown, elsewhere.clone()]);
        // Others are served: what is odd about us is told with it.
        let link = LinkState { up: true, carrier: true, mac: Some(other), ..LinkState::default() };
        assert_eq!(findings(&watch, Some(link)), [elsewhere, Finding::NotOwnMac(own)]);
        late(&mut watch, MessageType::NAK, own);
        let mut found = findings(&watch, None);
        ask_oneself(&mut found, Finding::NoLeaseKnown);
        assert_eq!(found, [Finding::OtherXid { count: 3, from: None }, Finding::NoLeaseKnown]);
        // An OFFER is what a DISCOVER waits for, whatever its number.
        let mut watch = of(own.into());
        late(&mut watch, MessageType::OFFER, own);
        assert_eq!(findings(&watch, None), [Finding::OtherXid { count: 1, from: None }]);
    }

    #[test]
    fn who_has_a_code_says_so() {
        assert_eq!(Finding::NoCarrier.code(), Some("no-carrier"));
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(Finding::Unreachable { from, code: 3, to }.code(), Some("icmp-refused"));
        assert_eq!(Finding::Unreachable { from, code: 1, to }.code(), None);
        assert_eq!(Finding::Quiet.code(), None);
    }

    #[test]
    fn the_most_telling_comes_first() {
        let mut watch = watch();
        watch.handed = 3;
        watch.unresolved = Some([10, 0, 0, 1].into());
        watch.unreachable = Some(([10, 0, 0, 2].into(), 3, [10, 0, 0, 3].into()));
        let found = findings(&watch, Some(LinkState::default()));
        let text: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "the interface is down",
                "none of the 3 frames sent was seen leaving the interface",
                "10.0.0.1 did not answer ARP, so nothing could be sent to it",
                "10.0.0.2 says that no server listens on 10.0.0.3 (ICMP port unreachable)",
            ]
        );
        let found = findings(&self::watch(), Some(LinkState { up: true, ..LinkState::default() }));
        assert_eq!(found, [Finding::NoCarrier]);
    }

    #[test]
    fn a_server_here_and_a_foreign_address_are_named_where_nothing_else_is_known() {
        let link = LinkState {
            up: true,
            carrier: true,
            mac: Some(Mac([2, 0, 0, 0, 0, 1])),
            serves: true,
            unresolved: None,
        };
        assert_eq!(findings(&self::watch(), Some(link)), [Finding::ServerHere]);
        let link = LinkState { serves: false, ..link };
        let found = |client: Mac| findings(&of(client.into()), Some(link));
        assert_eq!(found(Mac([2, 0, 0, 0, 0, 1])), [Finding::Quiet]);
        let other = Mac([2, 0, 0, 0, 0, 9]);
        assert_eq!(found(other), [Finding::Quiet, Finding::NotOwnMac(other)]);
        // Of many clients one that has the card's address is enough to know.
        let macs = [Mac([2, 0, 0, 0, 0, 1]), other];
        assert_eq!(link.obstacles(&macs), []);
    }
}

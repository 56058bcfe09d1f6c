//! By what an answer is known (RFC 9915 §16, §19.3), and which router advertisements hosts believe (RFC 4861 §6.1.2).

use std::net::{IpAddr, Ipv6Addr};

use crate::engine::v6::draft::Draft6;
use crate::engine::v6::watch::Reason6;
use crate::wire::frame::{Checksum, Datagram, Protocol};
use crate::wire::problem::Code;
use crate::wire::v6::facts::Relay;
use crate::wire::v6::{Duid, Facts, MessageType, Packet, judge};
use crate::wire::{Mac, nd};

/// A relay's envelope as it was sent, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    hop_count: u8,
    link: Ipv6Addr,
    peer: Ipv6Addr,
    interface_id: Option<Vec<u8>>,
}

/// What an answer to this client has in it.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) client: Option<Duid>,
    /// The port that answers come to.
    pub(super) port: u16,
    /// Transaction identifiers, by lane.
    xids: Vec<Option<u32>>,
    levels: Vec<Level>,
}

impl Expected {
    /// What answers to `draft` have in them.
    pub(super) fn of(draft: &Draft6, client: Option<Duid>) -> Self {
        let payload = draft.payload();
        let level = |relay: &Relay<'_>| Level {
            hop_count: relay.hop_count,
            link: relay.link,
            peer: relay.peer,
            interface_id: relay.interface_id.map(<[u8]>::to_vec),
        };
        let levels = match draft.protocol() {
            Protocol::Icmpv6 => Vec::new(),
            _ => Facts::of(&payload).relays.iter().map(level).collect(),
        };
        Self { client, port: draft.ports.0, xids: Vec::new(), levels }
    }

    /// Says by which transaction identifier the answers of a lane are known; none: they have none.
    pub(super) fn expect(&mut self, lane: usize, xid: Option<u32>) {
        if self.xids.len() <= lane {
            self.xids.resize(lane.saturating_add(1), None);
        }
        if let Some(slot) = self.xids.get_mut(lane) {
            *slot = xid;
        }
    }

    /// True for a message of one of our transactions that names nobody else: it was meant for us, whatever else is wrong.
    pub(super) fn is_meant(&self, facts: &Facts<'_>) -> bool {
        self.xids.contains(&facts.xid)
            && facts.client_id.is_none_or(|id| self.client.as_ref().is_some_and(|own| own.as_slice() == id))
    }

    /// Whether a server's message is for us, and which lane it belongs to (RFC 9915 §16).
    pub(super) fn judge(&self, datagram: &Datagram<'_>) -> Result<usize, Reason6> {
        if datagram.quoted {
            return Err(Reason6::Quoted);
        }
        let packet = Packet::new(datagram.payload);
        let facts = Facts::of(datagram.payload);
        let relayed = packet.is_relay();
        if !packet.has_header() || datagram.cut || relayed && facts.kind.is_relay() {
            return Err(Reason6::Malformed);
        }
        if relayed == self.levels.is_empty() {
            // A relay's business, or an answer to a client where a relay asked.
            return Err(if relayed { Reason6::OtherClient } else { Reason6::WrongType });
        }
        let lane = self
            .xids
            .iter()
            .position(|xid| xid.is_some() && *xid == facts.xid)
            .or_else(|| self.xids.iter().position(|xid| xid.is_none() && facts.kind.has_flags()))
            .ok_or(Reason6::OtherXid)?;
        match (&self.client, facts.client_id) {
            (Some(own), Some(theirs)) if own.as_slice() != theirs => return Err(Reason6::OtherClient),
            (Some(_), None) if has_client_id(facts.kind) => return Err(Reason6::NoClientId),
            (None, Some(_)) => return Err(Reason6::OtherClient),
            _ => {}
        }
        if facts.server_id.is_none() && has_server_id(facts.kind) {
            return Err(Reason6::NoServerId);
        }
        if datagram.udp.is_some_and(|udp| udp.dst_port != self.port) {
            return Err(Reason6::WrongPort);
        }
        if destination(datagram).is_some_and(|dst| dst.is_multicast()) {
            return Err(Reason6::Multicast);
        }
        if matches!(datagram.checksum, Checksum::Bad | Checksum::Absent) {
            return Err(Reason6::BadChecksum);
        }
        Ok(lane)
    }

    /// In what the envelopes do not mirror those that were sent (RFC 9915 §19.3).
    pub(super) fn mismatch(&self, datagram: &Datagram<'_>) -> Option<String> {
        if self.levels.is_empty() || datagram.protocol != Protocol::Dhcpv6 {
            return None;
        }
        let facts = Facts::of(datagram.payload);
        if facts.relays.len() != self.levels.len() {
            return Some(format!("{} levels came back, {} were sent", facts.relays.len(), self.levels.len()));
        }
        for (number, (got, sent)) in facts.relays.iter().zip(&self.levels).enumerate() {
            let relay = self.levels.len().saturating_sub(number);
            let fields = [
                ("link-address", got.link.to_string(), sent.link.to_string()),
                ("peer-address", got.peer.to_string(), sent.peer.to_string()),
                ("hop-count", got.hop_count.to_string(), sent.hop_count.to_string()),
            ];
            if let Some((name, got, sent)) = fields.iter().find(|(_, got, sent)| got != sent) {
                return Some(format!("relay {relay}: {name} {got} came back, {sent} was sent"));
            }
            if sent.interface_id.is_some() && got.interface_id != sent.interface_id.as_deref() {
                return Some(format!("relay {relay}: the interface-id did not come back"));
            }
        }
        None
    }
}

/// Why hosts do not believe a router advertisement (RFC 4861 §6.1.2, RFC 6980), in words.
pub(super) fn advert_fault(datagram: &Datagram<'_>) -> Option<(Reason6, String)> {
    let packet = nd::Packet::new(datagram.payload);
    let mut outline = nd::Outline::default();
    outline.read(&packet, datagram.promised, datagram.cut);
    let problem = judge::disbelief(&packet, &outline, datagram)?;
    let source = || datagram.ip.map_or_else(String::new, |ip| format!(" {}", ip.src));
    Some(match problem.code {
        Code::HopLimitNot255 => {
            (Reason6::BadHopLimit, format!("its hop limit is {}, not 255", problem.args[0]))
        }
        Code::IcmpChecksumBad => (Reason6::BadChecksum, "its checksum is wrong".to_owned()),
        Code::FragmentedDiscovery => {
            (Reason6::Malformed, "it came in fragments, which hosts ignore".to_owned())
        }
        Code::SourceNotLinkLocal => {
            (Reason6::Malformed, format!("its source{} is no link-local address", source()))
        }
        Code::HeaderTruncated => (Reason6::Malformed, "it is shorter than 16 bytes".to_owned()),
        Code::IcmpCodeNonzero => {
            (Reason6::Malformed, format!("its ICMPv6 code is {}, not 0", problem.args[0]))
        }
        Code::OptionLengthZero => (Reason6::Malformed, "it has an option of length 0".to_owned()),
        _ => (Reason6::Malformed, problem.to_string()),
    })
}

/// Messages that name the client.
fn has_client_id(kind: MessageType) -> bool {
    matches!(kind, MessageType::ADVERTISE | MessageType::REPLY | MessageType::RECONFIGURE)
}

/// Messages that name the server.
fn has_server_id(kind: MessageType) -> bool {
    has_client_id(kind) || kind == MessageType::LEASEQUERY_REPLY
}

/// The addresses a datagram came from.
pub(super) fn source(datagram: &Datagram<'_>) -> (Option<Ipv6Addr>, Option<Mac>) {
    let ip = datagram.ip.and_then(|ip| match ip.src {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None,
    });
    (ip, datagram.link.and_then(|link| link.src).and_then(|src| src.mac()))
}

/// The address a datagram was for.
pub(super) fn destination(datagram: &Datagram<'_>) -> Option<Ipv6Addr> {
    match datagram.ip?.dst {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None,
    }
}

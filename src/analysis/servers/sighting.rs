//! What one message of a server tells about it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use super::key::{Key, Speaks};
use super::offered6::{Advertised, Offered6};
use crate::time::Moment;
use crate::wire::escape::escape;
use crate::wire::frame::Datagram;
use crate::wire::v4::facts::MAX_TEXT;
use crate::wire::v4::{Facts, MessageType, Op, Outline, Packet, SERVER_PORT, Xid, facts};
use crate::wire::{HwAddr, Prefix, v6};

/// Options that decide where a client's traffic goes or what it boots; hidden in an overloaded field they escape many
/// filters.
const STEERING: [u8; 15] = [3, 6, 15, 33, 43, 66, 67, 114, 119, 121, 128, 150, 175, 249, 252];

/// To whom a server's message was an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// One of this program's probes, by its name.
    Us {
        /// The probe.
        probe: &'static str,
        /// The server identifier that stood in it and is nobody's.
        bogus_server: Option<Ipv4Addr>,
    },
    /// Somebody else, and the server they had chosen, where that was seen.
    Client {
        /// Option 54 of the client's REQUEST.
        chosen: Option<Ipv4Addr>,
    },
    /// Not known.
    #[default]
    Unknown,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// `yiaddr`, when not zero.
    pub address: Option<Ipv4Addr>,
    /// Option 1.
    pub subnet_mask: Option<Ipv4Addr>,
    /// Option 3.
    pub routers: Vec<Ipv4Addr>,
    /// Option 6.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Option 15, as sent, without trailing zeros.
    pub domain_name: Option<Vec<u8>>,
    /// Option 51, seconds.
    pub lease_time: Option<u32>,
    /// `siaddr`, when not zero.
    pub next_server: Option<Ipv4Addr>,
    /// The boot file, from its field or option 67.
    pub boot_file: Option<Vec<u8>>,
    /// Routers of the default routes in options 121 and 249, with the option's code.
    pub default_routes: Vec<(u8, Ipv4Addr)>,
    /// Option 43.
    pub vendor_options: Option<Vec<u8>>,
    /// Option 252.
    pub wpad: Option<Vec<u8>>,
    /// Steering options that stand in an overloaded field.
    pub hidden: Vec<u8>,
    /// What DHCPv6 servers and routers offer.
    pub six: Option<Box<Offered6>>,
}

impl Offered {
    /// The parameters of a reply.
    fn of(facts: &Facts<'_>) -> Self {
        let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        Self {
            address: facts.yiaddr.specified(),
            subnet_mask: facts.subnet_mask,
            routers: facts.routers().collect(),
            dns_servers: facts.dns_servers().collect(),
            domain_name: own(facts::text(&facts.domain_name)),
            lease_time: facts.lease_time,
            next_server: facts.siaddr.specified(),
            boot_file: own(facts.boot_file()),
            default_routes: facts.default_routes().collect(),
            vendor_options: facts
                .vendor_options
                .as_ref()
                .map(|bytes| bytes.iter().take(MAX_TEXT).copied().collect()),
            wpad: own(facts::text(&facts.wpad)),
            hidden: STEERING.into_iter().filter(|code| facts.is_hidden(*code)).collect(),
            six: None,
        }
    }

    /// True when both give clients the same parameters; addresses and lease times are left aside.
    pub(super) fn steers_like(&self, other: &Self) -> bool {
        let network = |offered: &Self| {
            offered.address.zip(offered.prefix()).map(|(address, length)| Prefix::of(address, length))
        };
        let plain = |offered: &Self| Self {
            address: None,
            lease_time: None,
            six: offered.six.as_ref().map(|six| Box::new(six.without_leases())),
            ..offered.clone()
        };
        network(self) == network(other) && plain(self) == plain(other)
    }

    /// What both say, and say differently, in words: "router A and router B".
    pub(super) fn contradicts(&self, other: &Self) -> Option<String> {
        let list = |ips: &[Ipv4Addr]| {
            let mut ips = ips.to_vec();
            // Some servers turn their lists to spread the load.
            ips.sort_unstable();
            ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(escape).unwrap_or_default();
        let routes = |offered: &Self| offered.default_routes.iter().map(|(_, via)| *via).collect::<Vec<_>>();
        let mask = |offered: &Self| offered.subnet_mask.map(|mask| mask.to_string()).unwrap_or_default();
        let pairs = [
            ("router", list(&self.routers), list(&other.routers)),
            ("name server", list(&self.dns_servers), list(&other.dns_servers)),
            ("mask", mask(self), mask(other)),
            ("default route", list(&routes(self)), list(&routes(other))),
            ("web proxy", text(&self.wpad), text(&other.wpad)),
            ("domain", text(&self.domain_name), text(&other.domain_name)),
        ];
        let is_other = |(_, a, b): &(&str, String, String)| !a.is_empty() && !b.is_empty() && a != b;
        let six = || self.six.as_ref()?.contradicts(other.six.as_ref()?);
        let found = pairs.into_iter().find(is_other);
        found.map(|(what, a, b)| format!("{what} {a} and {what} {b}")).or_else(six)
    }

    /// Number of leading ones of the mask, where it is one.
    pub fn prefix(&self) -> Option<u8> {
        self.subnet_mask.and_then(Prefix::length_of)
    }

    /// Keeps what another answer of the same server steers traffic with: it may do so in one kind of answer only.
    pub(super) fn keep_steering(&mut self, other: Self) {
        if self.default_routes.is_empty() {
            self.default_routes = other.default_routes;
        }
        self.wpad = self.wpad.take().or(other.wpad);
        self.boot_file = self.boot_file.take().or(other.boot_file);
        self.hidden.extend(other.hidden);
        self.hidden.sort_unstable();
        self.hidden.dedup();
        if let (Some(own), Some(other)) = (&mut self.six, other.six) {
            own.keep_steering(*other);
        }
    }

    /// How much it tells; the fullest of several is kept.
    pub(super) fn weight(&self) -> usize {
        let flags = [
            self.address.is_some(),
            self.subnet_mask.is_some(),
            !self.routers.is_empty(),
            !self.dns_servers.is_empty(),
            self.domain_name.is_some(),
            self.lease_time.is_some(),
        ];
        let six = self.six.as_ref().map_or(0, |six| six.weight());
        flags.iter().filter(|flag| **flag).count().saturating_add(six)
    }
}

/// How long after a question of ours an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// The question's number: those asked again have the same.
    pub question: u32,
    /// Since it was asked last.
    pub latency: Duration,
    /// Since it was asked first.
    pub since_first: Duration,
}

/// What one message of a server tells.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// When it came.
    pub when: Moment,
    /// Where it was heard.
    pub interface: Option<Arc<str>>,
    /// Who sent it, as far as it can be told apart.
    pub key: Key,
    /// The transaction.
    pub xid: Xid,
    /// The capture ends inside it: that a server is there is all that is sure.
    pub is_cut: bool,
    /// Option 53; `None` is BOOTP, or no DHCPv4 at all.
    pub kind: Option<MessageType>,
    /// What a DHCPv6 server says; `None` for other protocols.
    pub kind6: Option<v6::MessageType>,
    /// Whom it is for.
    pub client: HwAddr,
    /// To whom it is an answer.
    pub asked: Asked,
    /// How long after our question it came.
    pub took: Option<Took>,
    /// It says it is for PXE clients (option 60).
    pub pxe: bool,
    /// What it offers.
    pub offered: Offered,
}

impl Sighting {
    /// Reads a datagram; `None` when it is no reply of a server. `outline` is of its payload.
    pub fn read(
        when: Moment,
        interface: Option<&Arc<str>>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
    ) -> Option<Self> {
        // Only a message that holds its fixed part says that a server is there, or one that a capture cut and that came from
        // a server's port.
        let is_short = packet.bytes().len() < crate::wire::v4::FIXED_LEN;
        let is_cut = datagram.cut && datagram.udp.is_some_and(|udp| udp.src_port == SERVER_PORT);
        if datagram.quoted || packet.op() != Some(Op::REPLY) || (is_short && !is_cut) {
            return None;
        }
        let source_ip = datagram.ip.map(|ip| ip.src);
        let source_mac = datagram.link.and_then(|link| link.src).and_then(|src| src.mac());
        let facts = Facts::read(packet, outline);
        Some(Self {
            when,
            interface: interface.cloned(),
            xid: facts.xid,
            is_cut: datagram.cut && facts.kind.is_none(),
            key: Key {
                speaks: Speaks::Dhcpv4,
                vlans: vlans(datagram),
                source_ip,
                source_mac,
                relay: facts.giaddr.specified().map(Into::into),
                server_id: facts.server_id.map(Into::into),
            },
            kind: facts.kind,
            kind6: None,
            client: facts.client,
            asked: Asked::Unknown,
            took: None,
            pxe: facts.vendor_class.as_ref().is_some_and(|class| class.starts_with(b"PXEClient")),
            offered: Offered::of(&facts),
        })
    }
}

impl Sighting {
    /// What it is to a client that has nothing.
    pub fn gives(&self) -> Gives {
        let asked = |wanted: &str| matches!(self.asked, Asked::Us { probe, .. } if probe == wanted);
        match (self.key.speaks, self.kind, self.kind6) {
            (Speaks::Ra, ..) => {
                let serves = |router: &Advertised| router.router_lifetime > 0 || !router.prefixes.is_empty();
                let router = self.offered.six.as_deref().and_then(|six| six.router.as_ref());
                if router.is_some_and(serves) { Gives::Lease } else { Gives::Nothing }
            }
            (Speaks::Dhcpv4, None | Some(MessageType::OFFER), _) => {
                if self.offered.address.is_some() {
                    Gives::Lease
                } else {
                    Gives::Told
                }
            }
            (Speaks::Dhcpv6, _, Some(v6::MessageType::ADVERTISE)) => {
                let leases = |six: &Offered6| !six.addresses.is_empty() || !six.delegated.is_empty();
                if self.offered.six.as_deref().is_some_and(leases) { Gives::Lease } else { Gives::Nothing }
            }
            (Speaks::Dhcpv4, Some(MessageType::ACK), _) | (Speaks::Dhcpv6, ..) if asked("inform") => {
                Gives::Told
            }
            _ => Gives::Nothing,
        }
    }
}

/// What an answer is to a client that has nothing, and waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gives {
    /// A refusal, or what another client has a use for: it says nothing of how long a client waits.
    #[default]
    Nothing,
    /// What a server that gives no addresses tells: where to boot from, names.
    Told,
    /// The offer of an address or prefix, or a router.
    Lease,
}

/// The VLANs of a frame; a tag with number 0 carries a priority and is none.
pub(super) fn vlans(datagram: &Datagram<'_>) -> Vec<u16> {
    datagram.vlans.as_slice().iter().copied().filter(|vlan| *vlan != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_with_holes_has_no_prefix() {
        let prefix =
            |mask: [u8; 4]| Offered { subnet_mask: Some(mask.into()), ..Offered::default() }.prefix();
        assert_eq!(prefix([255, 255, 255, 0]), Some(24));
        assert_eq!(prefix([255, 255, 255, 255]), Some(32));
        assert_eq!(prefix([0, 0, 0, 0]), Some(0));
        assert_eq!(prefix([255, 0, 255, 0]), None);
        assert_eq!(Offered::default().prefix(), None);
    }
}

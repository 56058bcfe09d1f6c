//! The routers of a segment: what they advertise when they are asked, and now and then (RFC 4861 §6.2).

use std::net::Ipv6Addr;
use std::time::Duration;

use super::cable::{Cable, Link};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::Envelope6;
use crate::wire::frame::build::{EthernetHeader, Ipv6Header};
use crate::wire::nd::{ALL_NODES, HOP_LIMIT, Message, flag};
use crate::wire::options::nd as opt;

/// From one advertisement that nobody asked for to the next.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// Hop limit that hosts are to use.
const CURRENT_HOP_LIMIT: u8 = 64;
/// Seconds that names and their servers hold.
const DNS_LIFETIME: u32 = 1800;

/// What a router says of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// DHCPv6 gives addresses and the rest: flags M and O.
    #[default]
    Managed,
    /// Hosts make their addresses, DHCPv6 gives the rest: flag O, prefix with A.
    Stateless,
    /// Hosts make their addresses, and there is no DHCPv6: prefix with A.
    Slaac,
}

/// A prefix that is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvertisedPrefix {
    /// The prefix.
    pub prefix: Ipv6Addr,
    /// Its length.
    pub length: u8,
    /// Its addresses are on the link.
    pub on_link: bool,
    /// Hosts may make addresses of it.
    pub autonomous: bool,
    /// Valid lifetime, seconds.
    pub valid: u32,
    /// Preferred lifetime, seconds.
    pub preferred: u32,
}

/// A router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Hardware address.
    pub mac: Mac,
    /// Its address on the link.
    pub link_local: Ipv6Addr,
    /// What it says of addresses.
    pub mode: Mode,
    /// It is preferred to other routers (RFC 4191 §2.2).
    pub high: bool,
    /// Seconds for which it is a default router.
    pub lifetime: u16,
    /// Option 5.
    pub mtu: u32,
    /// Option 3.
    pub prefix: Option<AdvertisedPrefix>,
    /// Option 25.
    pub dns: Option<Ipv6Addr>,
    /// Option 31: labels.
    pub search: Option<Vec<u8>>,
}

impl Router {
    /// Its advertisement; the checksum is left to who sends it.
    pub fn advertisement(&self) -> Message {
        const HIGH: u8 = 0x08;
        let flags = match self.mode {
            Mode::Managed => flag::MANAGED | flag::OTHER,
            Mode::Stateless => flag::OTHER,
            Mode::Slaac => 0,
        };
        let preference = if self.high { HIGH } else { 0 };
        let mut message = Message::advertisement(CURRENT_HOP_LIMIT, flags | preference, self.lifetime);
        message.add_option(opt::SOURCE_LINK_LAYER_ADDRESS, &self.mac.0);
        let mut mtu = vec![0, 0];
        mtu.extend(self.mtu.to_be_bytes());
        message.add_option(opt::MTU, &mtu);
        if let Some(prefix) = self.prefix {
            let bit = |set, bit| if set { bit } else { 0_u8 };
            let mut data = vec![prefix.length, bit(prefix.on_link, 0x80) | bit(prefix.autonomous, 0x40)];
            for number in [prefix.valid, prefix.preferred, 0] {
                data.extend(number.to_be_bytes());
            }
            data.extend(prefix.prefix.octets());
            message.add_option(opt::PREFIX_INFORMATION, &data);
        }
        let with_lifetime = |payload: &[u8]| {
            let mut data = vec![0, 0];
            data.extend(DNS_LIFETIME.to_be_bytes());
            data.extend(payload);
            data
        };
        if let Some(dns) = self.dns {
            message.add_option(opt::RECURSIVE_DNS_SERVER, &with_lifetime(&dns.octets()));
        }
        if let Some(search) = &self.search {
            message.add_option(opt::DNS_SEARCH_LIST, &with_lifetime(search));
        }
        message
    }

    /// Sends its advertisement.
    fn advertise(&self, cable: &mut Cable, tags: &[u8], (mac, dst): (Mac, Ipv6Addr)) {
        let mut frame = Vec::new();
        let ethernet = EthernetHeader { dst: mac, src: self.mac, tags };
        let ip = Ipv6Header { src: self.link_local, dst, hop_limit: HOP_LIMIT };
        ethernet.icmpv6(&mut frame, &ip, &self.advertisement().encode());
        cable.emit(&frame, cable.now);
    }
}

/// All routers of a segment.
#[derive(Debug)]
pub struct Routers {
    list: Vec<Router>,
    /// When the next advertisement is due that nobody asked for; none before the first moment, and in threads that only help.
    due: Option<Instant>,
    /// They speak without being asked.
    unasked: bool,
}

impl Routers {
    /// These routers; of several threads with the same routers one speaks without being asked.
    pub fn new(routers: Vec<Router>, unasked: bool) -> Self {
        Self { unasked: unasked && !routers.is_empty(), list: routers, due: None }
    }

    /// All of them.
    pub fn all(&self) -> &[Router] {
        &self.list
    }

    /// Answers who looks for routers: the one who asks where it can be answered, else everybody.
    pub fn answer(&mut self, cable: &mut Cable, link: &Link<'_>, asker: Ipv6Addr) {
        let group = asker.is_unspecified();
        let to = if group { everybody() } else { (link.src, asker) };
        for router in &self.list {
            router.advertise(cable, link.tags, to);
        }
    }

    /// Speaks where that is due.
    pub fn advance(&mut self, cable: &mut Cable) {
        if !self.unasked {
            return;
        }
        let now = cable.now;
        let due = *self.due.get_or_insert(now.after(INTERVAL));
        if due <= now {
            for router in &self.list {
                router.advertise(cable, &[], everybody());
            }
            self.due = Some(now.after(INTERVAL));
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        self.due
    }
}

fn everybody() -> (Mac, Ipv6Addr) {
    (Envelope6::group_mac(ALL_NODES), ALL_NODES)
}

//! The segment a command works on: its interface, and the way to a server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4};

use crate::engine::Route;
use crate::engine::v4::silence::LinkState;
use crate::net::{NetError, Transport};
use crate::wire::Mac;
#[cfg(feature = "live")]
use crate::wire::Prefix;

#[cfg(feature = "live")]
use crate::net::{iface, linux, near, route, signals::Signals, udp};

/// An interface to send through.
#[derive(Debug)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Its hardware address; `None` where it has none of six bytes.
    pub mac: Option<Mac>,
    /// The largest IP packet it carries, in bytes.
    pub mtu: u32,
    /// Its state.
    pub link: LinkState,
    /// Its IPv4 addresses with their prefix lengths.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// Its IPv6 addresses.
    pub addresses6: Vec<Ipv6Addr>,
    /// The link-local one of them, once nobody else was found to have it.
    pub link_local: Option<Ipv6Addr>,
    #[cfg(feature = "live")]
    interface: iface::Interface,
}

/// How frames get onto the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As whole frames, with any addresses.
    Link,
    /// As UDP datagrams, by the kernel's routing.
    Udp {
        /// From this address.
        local: SocketAddrV4,
        /// Whom the kernel hands them to.
        next_hop: Ipv4Addr,
    },
}

/// What is needed of a segment to speak on it.
#[derive(Clone, Debug)]
pub struct Opening {
    /// How frames get onto the wire.
    pub way: Way,
    /// Hardware addresses of the clients: others than the interface's own are heard promiscuously.
    pub macs: Vec<Mac>,
    /// The UDP ports used beside those of the protocol.
    pub ports: Vec<u16>,
    /// What the kernel lets through, in libpcap's language.
    pub filter: String,
    /// What the vendor class begins with that the client gives, where it decides how option 43 of an answer reads (RFC 2132 §8.4).
    pub class: Option<&'static [u8]>,
}

#[cfg(feature = "live")]
impl Segment {
    /// The interface called `name`; without a name that of the default route, else the only usable one.
    pub fn find(name: Option<&str>) -> Result<Self, NetError> {
        let interfaces = iface::interfaces()?;
        let interface = iface::choose(&interfaces, name)?;
        Ok(Self::of(interface.clone()))
    }

    /// The interface the kernel sends through to reach `server`, unless one is named.
    pub fn towards(name: Option<&str>, server: Ipv4Addr) -> Result<Self, NetError> {
        if name.is_some() {
            return Self::find(name);
        }
        let interfaces = iface::interfaces()?;
        let way = route::to(server).map_err(|error| NetError::NoWay(Box::new(error)))?;
        match interfaces.into_iter().find(|interface| interface.index == way.index) {
            Some(interface) => Ok(Self::of(interface)),
            None => Self::find(None),
        }
    }

    /// Whether the kernel has asked for `hop` by ARP in vain, perhaps for an earlier command: then it does not ask again for seconds.
    pub fn awaits(&self, hop: Ipv4Addr) -> bool {
        route::is_awaited(self.interface.index, hop).unwrap_or(false)
    }

    fn of(interface: iface::Interface) -> Self {
        let v4 = |(addr, len): &(std::net::IpAddr, u8)| match addr {
            std::net::IpAddr::V4(addr) => Some((*addr, *len)),
            std::net::IpAddr::V6(_) => None,
        };
        let v6 = |(addr, _): &(std::net::IpAddr, u8)| match addr {
            std::net::IpAddr::V6(addr) => Some(*addr),
            std::net::IpAddr::V4(_) => None,
        };
        Self {
            name: interface.name.clone(),
            mac: interface.address.mac(),
            mtu: interface.mtu,
            link: LinkState {
                up: interface.up,
                carrier: interface.carrier,
                mac: interface.address.mac(),
                serves: near::is_server_here(),
                unresolved: None,
            },
            addresses: interface.addresses.iter().filter_map(v4).collect(),
            addresses6: interface.addresses.iter().filter_map(v6).collect(),
            link_local: interface.link_local(),
            interface,
        }
    }

    /// Refuses an interface behind which no DHCP server can be: nobody need wait for an answer there.
    pub fn may_have_servers(&self) -> Result<(), NetError> {
        let reason = if self.interface.loopback {
            "it leads back to this machine"
        } else if self.interface.arp_type != iface::ARP_ETHERNET || self.mac.is_none() {
            "it is not Ethernet"
        } else {
            return Ok(());
        };
        Err(NetError::Unusable { interface: self.name.clone(), reason })
    }

    /// The way to `server`: itself where it is on the link or nothing else is known, else the router the kernel names.
    pub fn route(&self, server: Ipv4Addr) -> Route {
        let on_link = self.addresses.iter().any(|(addr, len)| Prefix::of(*addr, *len).contains(server));
        let direct = Route { server, next_hop: server };
        if on_link {
            return direct;
        }
        match route::to(server) {
            Ok(way) if way.index == self.interface.index => Route { server, next_hop: way.next_hop(server) },
            _ => direct,
        }
    }

    /// Opens the interface.
    pub fn open(&self, opening: &Opening) -> Result<Box<dyn Transport>, NetError> {
        let signals = Signals::termination()?;
        let options = linux::TransportOptions {
            filter: Some(opening.filter.clone()),
            promiscuous: opening.macs.iter().any(|mac| self.mac != Some(*mac)),
            signals: Some(std::rc::Rc::new(signals)),
        };
        Ok(match opening.way {
            Way::Link => Box::new(linux::PacketTransport::open(&self.interface, &options)?),
            Way::Udp { local, .. } => {
                let mut transport = udp::UdpTransport::open(&self.interface, &options)?;
                transport.prepare(local)?;
                Box::new(transport)
            }
        })
    }
}

impl Segment {
    /// The interface has this IPv6 address.
    pub fn has_ipv6(&self, address: Ipv6Addr) -> bool {
        self.addresses6.contains(&address)
    }
}

#[cfg(feature = "live")]
impl Segment {
    /// The same interface, once its link-local address is settled: an interface that just came up tests it first (RFC 4862 §5.4), and
    /// nobody is answered meanwhile. Gives up after two seconds.
    #[must_use]
    pub fn settled(self) -> Self {
        if !self.interface.is_testing() {
            return self;
        }
        match iface::settle(&self.interface, std::time::Duration::from_secs(2)) {
            Some(interface) => Self::of(interface),
            None => self,
        }
    }

    /// Somebody else has its link-local address.
    pub fn is_duplicate(&self) -> bool {
        self.interface.is_duplicate()
    }

    /// Why the interface has no address that it can speak from, in words; none when it has.
    pub fn lacks_link_local(&self) -> Option<&'static str> {
        if self.interface.link_local().is_some() {
            None
        } else if self.interface.is_testing() {
            Some("its link-local address is still being tested (tentative)")
        } else if self.interface.is_duplicate() {
            Some("its link-local address is in use by somebody else (duplicate)")
        } else {
            Some("it has no link-local address: is IPv6 switched off?")
        }
    }
}

#[cfg(not(feature = "live"))]
impl Segment {
    /// There is none to wait for.
    #[must_use]
    pub fn settled(self) -> Self {
        self
    }

    /// Nothing is known.
    #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
    pub fn is_duplicate(&self) -> bool {
        false
    }

    /// Nothing is known.
    #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
    pub fn lacks_link_local(&self) -> Option<&'static str> {
        None
    }

    /// Nothing is known.
    #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
    pub fn awaits(&self, _hop: Ipv4Addr) -> bool {
        false
    }

    /// Says that this build cannot.
    pub fn find(_name: Option<&str>) -> Result<Self, NetError> {
        Err(NetError::NotBuilt)
    }

    /// Says that this build cannot.
    pub fn towards(name: Option<&str>, _server: Ipv4Addr) -> Result<Self, NetError> {
        Self::find(name)
    }

    /// There is none to refuse.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same call as in a build that can")]
    pub fn may_have_servers(&self) -> Result<(), NetError> {
        Ok(())
    }

    /// The server itself.
    pub fn route(&self, server: Ipv4Addr) -> Route {
        Route { server, next_hop: server }
    }

    /// Says that this build cannot.
    #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
    pub fn open(&self, _opening: &Opening) -> Result<Box<dyn Transport>, NetError> {
        Err(NetError::NotBuilt)
    }
}

/// What the kernel lets through for DHCPv4: DHCP, ARP and ICMP, plain or behind one or two VLAN tags, and later fragments.
pub fn filter_v4(ports: &[u16]) -> String {
    let mut wanted =
        "arp or icmp or (ip and ip[6:2] & 0x1fff != 0) or (udp and (port 67 or port 68".to_owned();
    for port in ports {
        wanted.push_str(" or port ");
        wanted.push_str(&port.to_string());
    }
    wanted.push_str("))");
    format!("({wanted}) or (vlan and ({wanted})) or (vlan and ({wanted}))")
}

/// What the kernel lets through for DHCPv6: its ports, ICMPv6, packets with extension headers, plain or behind one or two VLAN tags.
pub fn filter_v6(ports: &[u16]) -> String {
    // libpcap does not look behind extension headers: hop-by-hop, routing, fragment and destination options.
    let mut wanted = "icmp6 or (ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60)) \
                      or (ip6 and udp and (port 546 or port 547"
        .to_owned();
    for port in ports {
        wanted.push_str(" or port ");
        wanted.push_str(&port.to_string());
    }
    wanted.push_str("))");
    format!("({wanted}) or (vlan and ({wanted})) or (vlan and ({wanted}))")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_knows_every_port() {
        assert!(filter_v4(&[1067]).contains("port 68 or port 1067"));
    }
}

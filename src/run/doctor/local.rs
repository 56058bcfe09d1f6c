//! What is known of an interface without a packet.

use std::net::Ipv4Addr;

use crate::net::host::OldLease;
use crate::wire::Mac;

#[cfg(feature = "live")]
use crate::net::{NetError, host, iface, privilege};
#[cfg(feature = "live")]
use crate::wire::Prefix;

/// An interface and what surrounds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// Its name.
    pub interface: String,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// It was brought up.
    pub up: bool,
    /// Something is connected.
    pub carrier: bool,
    /// It is a member of this one.
    pub master: Option<String>,
    /// DHCP clients that hold it, by name.
    pub clients: Vec<String>,
    /// Its IPv4 addresses and prefix lengths.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// The router of the default route through it.
    pub gateway: Option<Ipv4Addr>,
    /// A default route leads somewhere.
    pub default_route: bool,
    /// Another interface with an address of the same subnet.
    pub same_subnet: Option<(String, Ipv4Addr)>,
    /// The newest lease that a client remembers.
    pub old_lease: Option<OldLease>,
    /// Rules that concern DHCP.
    pub filters: Vec<String>,
    /// What could not be looked at, and why.
    pub unseen: Vec<(&'static str, String)>,
    /// Seconds since 1970.
    pub now: Option<u64>,
}

#[cfg(feature = "live")]
impl Local {
    /// Looks at the interface called `name`; without a name at that of the default route, else the only usable one.
    pub fn look(name: Option<&str>, now: Option<u64>) -> Result<Self, NetError> {
        let all = iface::interfaces()?;
        let interface = chosen(&all, name)?;
        let mut unseen = Vec::new();
        let own: Vec<Ipv4Addr> = v4(interface).into_iter().map(|(address, _)| address).collect();
        let (holders, hidden) = host::clients(&interface.name, interface.index, &own);
        unseen.extend(hidden.map(|one| (one.check, one.why)));
        let (old, refused) = host::old_lease(&interface.name, interface.index);
        unseen.extend(refused.map(|one| (one.check, one.why)));
        let filters = host::filters(privilege::is_root()).unwrap_or_else(|one| {
            unseen.push((one.check, one.why));
            Vec::new()
        });
        let mut clients: Vec<String> = holders.into_iter().map(|holder| holder.name).collect();
        clients.dedup();
        let mut local = Self {
            interface: interface.name.clone(),
            mac: interface.address.mac(),
            master: host::master(&interface.name),
            clients,
            gateway: host::gateway(&interface.name),
            old_lease: old,
            filters,
            unseen,
            ..Self::default()
        };
        local.take(interface, &all, now);
        Ok(local)
    }

    /// Looks anew at what a confined process can still ask the kernel for: the link, addresses, default routes; and at the lease files,
    /// where it may read them. Filters and what other processes hold stay what they were.
    pub fn look_again(&mut self, now: Option<u64>) -> Result<(), NetError> {
        let all = iface::interfaces()?;
        let interface = iface::choose(&all, Some(&self.interface))?;
        let (old, refused) = host::old_lease(&interface.name, interface.index);
        if refused.is_none() {
            self.old_lease = old;
        }
        self.take(interface, &all, now);
        Ok(())
    }

    /// Frames can pass.
    pub fn is_ready(&self) -> bool {
        self.up && self.carrier
    }

    fn take(&mut self, interface: &iface::Interface, all: &[iface::Interface], now: Option<u64>) {
        let addresses = v4(interface);
        self.same_subnet =
            all.iter().filter(|other| other.index != interface.index && !other.loopback).find_map(|other| {
                let shared = |(addr, length): &(Ipv4Addr, u8)| {
                    let prefix = Prefix::of(*addr, *length);
                    v4(other).iter().any(|(theirs, _)| prefix.contains(*theirs))
                };
                addresses.iter().find(|one| shared(one)).map(|(addr, _)| (other.name.clone(), *addr))
            });
        (self.up, self.carrier, self.addresses) = (interface.up, interface.carrier, addresses);
        self.default_route = all.iter().any(|one| one.default_route);
        self.now = now;
    }
}

/// The IPv4 addresses of an interface, with their prefix lengths.
#[cfg(feature = "live")]
fn v4(interface: &iface::Interface) -> Vec<(Ipv4Addr, u8)> {
    let each = interface.addresses.iter().filter_map(|(addr, length)| match addr {
        std::net::IpAddr::V4(addr) => Some((*addr, *length)),
        std::net::IpAddr::V6(_) => None,
    });
    each.collect()
}

/// The interface to examine. One that is down is a finding, not an obstacle: where no other offers itself, the only card is
/// meant.
#[cfg(feature = "live")]
fn chosen<'a>(all: &'a [iface::Interface], name: Option<&str>) -> Result<&'a iface::Interface, NetError> {
    let refused = match iface::choose(all, name) {
        Ok(interface) => return Ok(interface),
        Err(error) => error,
    };
    let mut cards = all.iter().filter(|one| !one.loopback && one.broadcast && one.address.mac().is_some());
    match (name, cards.next(), cards.next()) {
        (None, Some(only), None) => Ok(only),
        _ => Err(refused),
    }
}

#[cfg(all(test, feature = "live"))]
mod tests {
    use super::*;

    #[test]
    fn the_only_card_is_meant_even_when_it_is_down() {
        let card = |name: &str| iface::Interface {
            name: name.into(),
            address: Mac([2, 0, 0, 0, 0, 1]).into(),
            broadcast: true,
            ..iface::Interface::default()
        };
        assert_eq!(chosen(&[card("eth0")], None).unwrap().name, "eth0");
        assert!(chosen(&[card("eth0"), card("eth1")], None).is_err());
        assert!(chosen(&[card("eth0")], Some("eth7")).is_err());
    }
}

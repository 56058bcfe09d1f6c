//! Interfaces of the network namespace this process is in.
//!
//! Read from rtnetlink, not from `/sys/class/net`, which shows the namespace it was mounted in.

use std::net::IpAddr;

use super::NetError;
use super::netlink::{Netlink, attributes, kind, link_header, u16_at, u32_at};
use crate::time::{Clock as _, SystemClock};
use crate::wire::HwAddr;

const IFF_UP: u32 = 1;
const IFF_BROADCAST: u32 = 2;
const IFF_LOOPBACK: u32 = 8;
const IFF_POINT_TO_POINT: u32 = 0x10;
const IFF_LOWER_UP: u32 = 0x1_0000;

/// Nobody else was found to have the address so far, and it may be used.
const IFA_F_OPTIMISTIC: u32 = 0x04;
/// Somebody else was found to have the address.
const IFA_F_DADFAILED: u32 = 0x08;
/// The address is still being tested.
const IFA_F_TENTATIVE: u32 = 0x40;

/// The multicast group of rtnetlink(7) that hears about IPv6 addresses (`RTMGRP_IPV6_IFADDR`).
const IPV6_ADDRESSES: u32 = 0x100;

/// ARP hardware type of Ethernet (IANA ARP parameters).
pub const ARP_ETHERNET: u16 = 1;

/// One interface.
#[allow(clippy::struct_excessive_bools, reason = "the kernel's flags are independent of each other")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number of it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its other names (`ip link property`).
    pub altnames: Vec<String>,
    /// Its hardware address; empty where it has none (tunnels).
    pub address: HwAddr,
    /// Its ARP hardware type; 1 is Ethernet.
    pub arp_type: u16,
    /// The largest payload of a frame, in bytes.
    pub mtu: u32,
    /// It was brought up.
    pub up: bool,
    /// Something is connected.
    pub carrier: bool,
    /// It can broadcast.
    pub broadcast: bool,
    /// It leads back to this machine.
    pub loopback: bool,
    /// It has one peer only.
    pub point_to_point: bool,
    /// IPv4 and IPv6 addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Those of them that are still being tested (`IFA_F_TENTATIVE`).
    pub tentative: Vec<IpAddr>,
    /// Those of them that somebody else was found to have (`IFA_F_DADFAILED`).
    pub duplicate: Vec<IpAddr>,
    /// The IPv4 default route with the best metric leads through it.
    pub default_route: bool,
    /// The best metric of its own IPv4 default routes; `None` where it has none.
    pub default_metric: Option<u32>,
}

impl Interface {
    /// DHCP can be spoken here: up, Ethernet-like, and somebody else may be there.
    pub fn is_usable(&self) -> bool {
        self.up && self.broadcast && !self.loopback && !self.address.as_slice().is_empty()
    }

    /// The link-local IPv6 address that it can be spoken from: tested, and nobody else's.
    pub fn link_local(&self) -> Option<std::net::Ipv6Addr> {
        self.addresses.iter().find_map(|(addr, _)| match addr {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => {
                let unfit = self.tentative.contains(addr) || self.duplicate.contains(addr);
                (!unfit).then_some(*v6)
            }
            _ => None,
        })
    }

    fn has_link_local_in(list: &[IpAddr]) -> bool {
        list.iter().any(|addr| matches!(addr, IpAddr::V6(v6) if v6.is_unicast_link_local()))
    }

    /// Its link-local address is still being tested, and there is no other.
    pub fn is_testing(&self) -> bool {
        self.link_local().is_none() && Self::has_link_local_in(&self.tentative)
    }

    /// Somebody else has its link-local address, and there is no other.
    pub fn is_duplicate(&self) -> bool {
        self.link_local().is_none() && Self::has_link_local_in(&self.duplicate)
    }

    /// The first IPv4 address.
    pub fn ipv4(&self) -> Option<std::net::Ipv4Addr> {
        self.addresses.iter().find_map(|(addr, _)| match addr {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        })
    }
}

/// Every interface, in the kernel's order.
pub fn interfaces() -> Result<Vec<Interface>, NetError> {
    let fail = |source| NetError::io("list", "the interfaces", source);
    let mut netlink = Netlink::open().map_err(fail)?;
    let mut found = Vec::new();
    netlink
        .dump(kind::GET_LINK, link_header(0, 0, 0).bytes(), |body| found.extend(link(body)))
        .map_err(fail)?;
    netlink
        .dump(kind::GET_ADDR, &[0; 8], |body| {
            let Some((index, addr, flags)) = address(body) else { return };
            if let Some(interface) = found.iter_mut().find(|interface| interface.index == index) {
                interface.addresses.push(addr);
                if flags & IFA_F_DADFAILED != 0 {
                    interface.duplicate.push(addr.0);
                } else if flags & IFA_F_TENTATIVE != 0 && flags & IFA_F_OPTIMISTIC == 0 {
                    interface.tentative.push(addr.0);
                }
            }
        })
        .map_err(fail)?;
    let mut routes: Vec<(u32, u32)> = Vec::new();
    let mut ask = [0; 12];
    ask[0] = 2; // AF_INET
    netlink.dump(kind::GET_ROUTE, &ask, |body| routes.extend(default_route(body))).map_err(fail)?;
    let best = routes.iter().min().map(|(_, index)| *index);
    for interface in &mut found {
        interface.default_route = best == Some(interface.index);
        let own = routes.iter().filter(|(_, index)| *index == interface.index);
        interface.default_metric = own.map(|(metric, _)| *metric).min();
    }
    Ok(found)
}

/// The interface called `wanted`; without a name that of the default route, else the only usable one.
pub fn choose<'a>(interfaces: &'a [Interface], wanted: Option<&str>) -> Result<&'a Interface, NetError> {
    if let Some(name) = wanted {
        let by_name = interfaces.iter().find(|interface| interface.name == name);
        let is_also = |interface: &&Interface| interface.altnames.iter().any(|other| other == name);
        return by_name.or_else(|| interfaces.iter().find(is_also)).ok_or_else(|| {
            NetError::NoSuchInterface { name: name.to_owned(), have: names(interfaces, |_| true) }
        });
    }
    // The best default route that leads where DHCP can be spoken: a tunnel in front of it is no LAN.
    let routed = interfaces.iter().filter(|interface| interface.is_usable());
    let routed = routed.filter_map(|interface| Some((interface.default_metric?, interface)));
    if let Some((_, best)) = routed.min_by_key(|(metric, _)| *metric) {
        return Ok(best);
    }
    let mut usable = interfaces.iter().filter(|interface| interface.is_usable());
    match (usable.next(), usable.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(NetError::NoDefaultInterface {
            reason: "no interface is up and can broadcast",
            have: names(interfaces, |_| true),
        }),
        (Some(_), Some(_)) => Err(NetError::NoDefaultInterface {
            reason: "no default route and several interfaces",
            have: names(interfaces, Interface::is_usable),
        }),
    }
}

/// Waits until the link-local address of `interface` is no longer tested, at most for `limit`; the interface as it is then.
pub fn settle(interface: &Interface, limit: std::time::Duration) -> Option<Interface> {
    let mut events = super::netlink::Events::open(IPV6_ADDRESSES).ok()?;
    let deadline = SystemClock.now().after(limit);
    loop {
        let now = interfaces().ok()?.into_iter().find(|one| one.index == interface.index)?;
        if !now.is_testing() {
            return Some(now);
        }
        let left = super::remaining(SystemClock.now(), deadline);
        if left.is_zero() || !events.wait(left) {
            return Some(now);
        }
    }
}

fn names(interfaces: &[Interface], keep: impl Fn(&Interface) -> bool) -> Vec<String> {
    interfaces.iter().filter(|interface| keep(interface)).map(|interface| interface.name.clone()).collect()
}

/// Reads a link message (`struct ifinfomsg` and attributes).
pub(super) fn link(body: &[u8]) -> Option<Interface> {
    let flags = u32_at(body, 8)?;
    let mut interface = Interface {
        index: u32_at(body, 4)?,
        arp_type: u16_at(body, 2)?,
        up: flags & IFF_UP != 0,
        carrier: flags & IFF_LOWER_UP != 0,
        broadcast: flags & IFF_BROADCAST != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        point_to_point: flags & IFF_POINT_TO_POINT != 0,
        ..Interface::default()
    };
    for (attribute, data) in attributes(body.get(16..)?) {
        match attribute {
            1 => interface.address = HwAddr::from_slice(data),
            3 => interface.name = text(data),
            // IFLA_PROP_LIST, in which IFLA_ALT_IFNAME is 53.
            52 => interface
                .altnames
                .extend(attributes(data).filter(|(kind, _)| *kind == 53).map(|(_, name)| text(name))),
            4 => interface.mtu = u32_at(data, 0).unwrap_or(0),
            _ => {}
        }
    }
    Some(interface)
}

/// Reads an address message (`struct ifaddrmsg` and attributes).
fn address(body: &[u8]) -> Option<(u32, (IpAddr, u8), u32)> {
    let prefix = *body.get(1)?;
    let mut flags = u32::from(*body.get(2)?);
    let index = u32_at(body, 4)?;
    let mut best = None;
    for (attribute, data) in attributes(body.get(8..)?) {
        // IFA_LOCAL (2) is this end of a point-to-point link, IFA_ADDRESS (1) the other; elsewhere they are the same.
        match (attribute, ip(data)) {
            (2, Some(addr)) => best = Some(addr),
            (1, Some(addr)) => best = best.or(Some(addr)),
            _ => {}
        }
        // IFA_FLAGS: all 32 bits of what the header has eight of.
        if attribute == 8 {
            flags = u32_at(data, 0).unwrap_or(flags);
        }
    }
    Some((index, (best?, prefix), flags))
}

/// Reads a route message (`struct rtmsg` and attributes): metric and interface of a unicast default route.
fn default_route(body: &[u8]) -> Option<(u32, u32)> {
    let &[2, 0, _, _, 254, _, _, 1, ..] = body else { return None };
    let mut metric = 0;
    let mut index = None;
    for (attribute, data) in attributes(body.get(12..)?) {
        match attribute {
            4 => index = u32_at(data, 0),
            6 => metric = u32_at(data, 0).unwrap_or(0),
            _ => {}
        }
    }
    Some((metric, index?))
}

/// An address of either family from its bytes.
pub(super) fn ip(data: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(data) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(data).ok().map(IpAddr::from)
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data.split(|byte| *byte == 0).next().unwrap_or(&[])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::netlink::Body;
    use super::*;
    use crate::wire::Mac;

    fn ethernet(name: &str) -> Interface {
        Interface {
            name: name.into(),
            address: Mac([2, 0, 0, 0, 0, 1]).into(),
            up: true,
            broadcast: true,
            ..Interface::default()
        }
    }

    #[test]
    fn this_machine_has_a_loopback() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|interface| interface.loopback).unwrap();
        assert!(!lo.is_usable());
        assert_ne!(lo.index, 0);
    }

    #[test]
    fn the_default_route_wins_then_the_only_one() {
        let lo = Interface { name: "lo".into(), up: true, loopback: true, ..Interface::default() };
        let down = Interface { up: false, ..ethernet("eth3") };
        let one = [lo.clone(), down.clone(), ethernet("eth0")];
        assert_eq!(choose(&one, None).unwrap().name, "eth0");
        let routed = |name: &str, metric| Interface { default_metric: Some(metric), ..ethernet(name) };
        let two = [lo.clone(), ethernet("eth0"), routed("eth1", 100)];
        assert_eq!(choose(&two, None).unwrap().name, "eth1");
        // A tunnel has the best of three routes, and nobody speaks DHCP there.
        let tunnel = Interface { broadcast: false, default_route: true, ..routed("tun0", 50) };
        let three = [tunnel, routed("eth0", 200), routed("eth1", 100)];
        assert_eq!(choose(&three, None).unwrap().name, "eth1");
        let unclear = [lo.clone(), ethernet("eth0"), ethernet("eth1"), down];
        assert_eq!(
            choose(&unclear, None).unwrap_err().to_string(),
            "no default route and several interfaces; name one of: eth0, eth1"
        );
        assert!(choose(&[lo], None).unwrap_err().to_string().ends_with("name one of: lo"));
    }

    #[test]
    fn a_named_interface_is_taken_as_it_is() {
        let all = [ethernet("eth0"), Interface { up: false, ..ethernet("eth1") }];
        assert_eq!(choose(&all, Some("eth1")).unwrap().name, "eth1");
        assert_eq!(
            choose(&all, Some("eth7")).unwrap_err().to_string(),
            "no interface is called eth7; there is: eth0, eth1"
        );
    }

    #[test]
    fn an_interface_answers_to_its_other_names() {
        let names = Body::new([]).with(53, b"uplink0\0").with(53, b"enp0s31f6\0");
        let body = link_header(7, 0, 0).with(3, b"eth0\0").with_nested(52, &names);
        let eth0 = link(body.bytes()).unwrap();
        assert_eq!(eth0.altnames, ["uplink0", "enp0s31f6"]);
        // A name of its own comes before another's second one.
        let all = [eth0, ethernet("enp0s31f6")];
        assert_eq!(choose(&all, Some("uplink0")).unwrap().name, "eth0");
        assert_eq!(choose(&all, Some("enp0s31f6")).unwrap().index, 0);
    }

    #[test]
    fn cut_messages_give_nothing() {
        for length in 0..16 {
            assert_eq!(link(&vec![0; length]), None, "{length}");
        }
        assert_eq!(address(&[0; 7]), None);
        assert_eq!(default_route(&[2, 0, 0, 0, 254, 0, 0, 1]), None);
    }
}

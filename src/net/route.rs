//! Where the kernel would send a packet for an address that is not on the segment.

use std::net::{IpAddr, Ipv4Addr};

use super::NetError;
use super::iface::ip;
use super::netlink::{Body, Netlink, attributes, kind, u32_at};
use crate::wire::HwAddr;

/// The kernel's way to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelRoute {
    /// The number of the interface it leaves through.
    pub index: u32,
    /// The source address the kernel would choose.
    pub source: Option<Ipv4Addr>,
    /// The router in between; `None` when the address is on the link.
    pub gateway: Option<Ipv4Addr>,
}

impl KernelRoute {
    /// Whose hardware address a frame for `destination` needs.
    pub fn next_hop(&self, destination: Ipv4Addr) -> Ipv4Addr {
        self.gateway.unwrap_or(destination)
    }
}

/// Asks the kernel for the route to `destination`.
pub fn to(destination: Ipv4Addr) -> Result<KernelRoute, NetError> {
    let fail = |source| NetError::io("find a route to", destination.to_string(), source);
    let mut netlink = Netlink::open().map_err(fail)?;
    // struct rtmsg: AF_INET, all 32 bits of the destination.
    let ask = Body::new([2, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).with(1, &destination.octets());
    let mut found = None;
    netlink.get(kind::GET_ROUTE, ask.bytes(), |body| found = found.or(route(body))).map_err(fail)?;
    found.ok_or_else(|| fail(nix::Error::ENETUNREACH.into()))
}

/// The hardware address of a neighbour, when the kernel knows it already.
pub fn neighbour(index: u32, addr: Ipv4Addr) -> Result<Option<HwAddr>, NetError> {
    Ok(entry(index, addr)?.and_then(|entry| entry.hardware))
}

/// Whether the kernel has asked for this neighbour by ARP, in vain so far: it does not ask again while it waits.
pub fn is_awaited(index: u32, addr: Ipv4Addr) -> Result<bool, NetError> {
    /// `NUD_INCOMPLETE`, `NUD_FAILED`.
    const IN_VAIN: u16 = 0x01 | 0x20;
    Ok(entry(index, addr)?.is_some_and(|entry| entry.state & IN_VAIN != 0))
}

/// What the kernel knows of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    state: u16,
    hardware: Option<HwAddr>,
}

fn entry(index: u32, addr: Ipv4Addr) -> Result<Option<Entry>, NetError> {
    let fail = |source| NetError::io("look up the neighbour", addr.to_string(), source);
    let mut netlink = Netlink::open().map_err(fail)?;
    let mut ask = [0; 12];
    ask[0] = 2; // struct ndmsg: AF_INET
    let mut found = None;
    netlink
        .dump(kind::GET_NEIGH, &ask, |body| found = found.or(neighbour_entry(body, index, addr)))
        .map_err(fail)?;
    Ok(found)
}

fn route(body: &[u8]) -> Option<KernelRoute> {
    let mut index = None;
    let mut source = None;
    let mut gateway = None;
    for (attribute, data) in attributes(body.get(12..)?) {
        match attribute {
            4 => index = u32_at(data, 0),
            5 => gateway = v4(data),
            7 => source = v4(data),
            _ => {}
        }
    }
    Some(KernelRoute { index: index?, source, gateway })
}

fn neighbour_entry(body: &[u8], index: u32, wanted: Ipv4Addr) -> Option<Entry> {
    if u32_at(body, 4)? != index {
        return None;
    }
    let state = u16::from_ne_bytes(*body.get(8..)?.first_chunk()?);
    let mut is_it = false;
    let mut hardware = None;
    for (attribute, data) in attributes(body.get(12..)?) {
        match attribute {
            1 => is_it = v4(data) == Some(wanted),
            2 => hardware = Some(HwAddr::from_slice(data)),
            _ => {}
        }
    }
    is_it.then_some(Entry { state, hardware })
}

fn v4(data: &[u8]) -> Option<Ipv4Addr> {
    match ip(data)? {
        IpAddr::V4(addr) => Some(addr),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_route_and_a_neighbour() {
        let body = Body::new([0; 12])
            .with(4, &7_u32.to_ne_bytes())
            .with(5, &[10, 0, 0, 254])
            .with(7, &[10, 0, 0, 9]);
        let found = route(body.bytes()).unwrap();
        assert_eq!((found.index, found.source), (7, Some([10, 0, 0, 9].into())));
        assert_eq!(found.next_hop([192, 0, 2, 1].into()), Ipv4Addr::new(10, 0, 0, 254));
        let mut header = [0; 12];
        header[4..8].copy_from_slice(&7_u32.to_ne_bytes());
        let body = Body::new(header).with(1, &[10, 0, 0, 254]).with(2, &[2, 0, 0, 0, 0, 9]);
        let found = neighbour_entry(body.bytes(), 7, [10, 0, 0, 254].into()).unwrap();
        assert_eq!(found.hardware.map(|hardware| hardware.to_string()), Some("02:00:00:00:00:09".into()));
        header[8..10].copy_from_slice(&0x20_u16.to_ne_bytes());
        let failed = Body::new(header).with(1, &[10, 0, 0, 254]);
        let found = neighbour_entry(failed.bytes(), 7, [10, 0, 0, 254].into());
        assert_eq!(found, Some(Entry { state: 0x20, hardware: None }));
        assert_eq!(neighbour_entry(body.bytes(), 8, [10, 0, 0, 254].into()), None);
        assert_eq!(neighbour_entry(body.bytes(), 7, [10, 0, 0, 1].into()), None);
        assert_eq!(route(&[0; 11]), None);
    }

    #[test]
    fn loopback_is_always_reachable() {
        assert_eq!(to(Ipv4Addr::LOCALHOST).unwrap().gateway, None);
    }
}

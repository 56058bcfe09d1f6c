//! The layer-3 transport: UDP sockets towards a server that is not on the segment.
//!
//! The kernel chooses the way. Callers hand over the same frames as at layer 2; their IPv4 and UDP headers say ports and
//! destination, their link-layer header is dropped. What is received, and both stamps, still come from capture handles
//! on the interface the kernel sends through.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, recv, sendto, setsockopt,
    socket, sockopt,
};

use super::iface::Interface;
use super::linux::{PacketTransport, TransportOptions};
use super::{NetError, Transport, TransportEvent, TransportStats, again};
use crate::time::Instant;
use crate::wire::frame::LinkType;
use crate::wire::frame::peek::{Ethernet, Ipv4};

/// UDP datagrams by the kernel's routing.
pub struct UdpTransport {
    tap: PacketTransport,
    sockets: BTreeMap<SocketAddrV4, OwnedFd>,
}

impl UdpTransport {
    /// Opens capture handles on `interface`, which [`route::to`](super::route::to) names. Needs `CAP_NET_RAW`, and
    /// `CAP_NET_BIND_SERVICE` once something is sent from a port below 1024.
    pub fn open(interface: &Interface, options: &TransportOptions) -> Result<Self, NetError> {
        Ok(Self { tap: PacketTransport::open(interface, options)?, sockets: BTreeMap::new() })
    }

    /// Opens the socket for datagrams from `local` now, while the rights for it are still held.
    pub fn prepare(&mut self, local: SocketAddrV4) -> Result<(), NetError> {
        self.socket(local).map(drop)
    }

    /// The socket bound to `local`; kept open, so that replies meet a listener and not an ICMP error.
    fn socket(&mut self, local: SocketAddrV4) -> Result<&OwnedFd, NetError> {
        match self.sockets.entry(local) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => Ok(entry.insert(open(local)?)),
        }
    }
}

/// Holds a port without ever reading from it, so that the kernel does not refuse what a packet socket takes.
pub fn hold(port: u16) -> Result<OwnedFd, NetError> {
    let local = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
    let socket = open(local)?;
    setsockopt(&socket, sockopt::RcvBuf, &0)
        .map_err(|errno| NetError::io("hold UDP", local.to_string(), errno))?;
    Ok(socket)
}

fn open(local: SocketAddrV4) -> Result<OwnedFd, NetError> {
    let fail = |errno| NetError::io("open UDP", local.to_string(), errno);
    let fd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).map_err(fail)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true).map_err(fail)?;
    setsockopt(&fd, sockopt::Broadcast, &true).map_err(fail)?;
    bind(fd.as_raw_fd(), &SockaddrIn::from(local)).map_err(fail)?;
    Ok(fd)
}

/// A UDP port of IPv6 on one interface that is held and not read until the end: the kernel does not refuse what a packet socket takes,
/// and it is known whether this host's own firewall lets it in.
#[derive(Debug)]
pub struct Held6 {
    socket: OwnedFd,
    alone: bool,
}

impl Held6 {
    /// Holds `port` on `interface`. Needs `CAP_NET_BIND_SERVICE` for a port below 1024.
    pub fn open(interface: &str, port: u16) -> Result<Self, NetError> {
        let fail = |errno| NetError::io("open UDP over IPv6 on", interface, errno);
        let alone = !is_held6(port);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Inet6, SockType::Datagram, flags, None).map_err(fail)?;
        setsockopt(&fd, sockopt::ReuseAddr, &true).map_err(fail)?;
        setsockopt(&fd, sockopt::ReusePort, &true).map_err(fail)?;
        setsockopt(&fd, sockopt::Ipv6V6Only, &true).map_err(fail)?;
        setsockopt(&fd, sockopt::BindToDevice, &interface.into()).map_err(fail)?;
        let local = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
        bind(fd.as_raw_fd(), &SockaddrIn6::from(local)).map_err(fail)?;
        Ok(Self { socket: fd, alone })
    }

    /// How many datagrams the kernel let in so far, at most 100; `None` where another process holds the port, which may have got
    /// them instead.
    pub fn count(&self) -> Option<u32> {
        let mut buffer = [0; 16];
        let mut one = || again(|| recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT)).is_ok();
        self.alone.then(|| (0..100).take_while(|_| one()).map(|_| 1).sum())
    }
}

/// True when some socket of this network namespace is bound to this UDP port of IPv6.
fn is_held6(port: u16) -> bool {
    std::fs::read_to_string("/proc/thread-self/net/udp6")
        .is_ok_and(|table| super::near::has_port(&table, port))
}

impl Transport for UdpTransport {
    fn send(&mut self, frame: &[u8]) -> Result<(), NetError> {
        let name = self.tap.interface().to_owned();
        let link_type = self.tap.link_type();
        let (local, remote, payload) = datagram(link_type, frame).ok_or_else(|| NetError::FrameSize {
            object: name,
            length: frame.len(),
            reason: "no UDP datagram in an unfragmented IPv4 packet".to_owned(),
        })?;
        let socket = self.socket(local)?;
        again(|| sendto(socket.as_raw_fd(), payload, &SockaddrIn::from(remote), MsgFlags::empty()))
            .map_err(|errno| NetError::Io {
                operation: "send to",
                object: remote.to_string(),
                source: io::Error::from(errno),
            })
            .map(drop)
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<TransportEvent<'_>, NetError> {
        self.tap.wait(deadline)
    }

    fn link_type(&self) -> LinkType {
        self.tap.link_type()
    }

    fn stats(&mut self) -> Result<TransportStats, NetError> {
        self.tap.stats()
    }
}

/// Source, destination and payload of the UDP datagram in a frame (Ethernet without or with tags, or bare IPv4).
fn datagram(link_type: LinkType, frame: &[u8]) -> Option<(SocketAddrV4, SocketAddrV4, &[u8])> {
    let ip = match link_type {
        LinkType::ETHERNET => Ethernet::read(frame)?.ipv4()?,
        _ => Ipv4::read(frame)?,
    };
    let udp = ip.udp()?;
    Some((SocketAddrV4::new(ip.src, udp.src_port), SocketAddrV4::new(ip.dst, udp.dst_port), udp.payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let mut frame = vec![0xff; 12];
        frame.extend([0x81, 0, 0, 5, 0x08, 0]);
        frame.extend([0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 9]);
        frame.extend([0, 67, 0, 67, 0, 11, 0, 0, b'a', b'b', b'c', 0, 0]);
        frame
    }

    #[test]
    fn finds_the_datagram() {
        let frame = frame();
        let (local, remote, payload) = datagram(LinkType::ETHERNET, &frame).unwrap();
        assert_eq!(local.to_string(), "10.0.0.1:67");
        assert_eq!(remote.to_string(), "192.0.2.9:67");
        assert_eq!(payload, b"abc");
        assert!(datagram(LinkType(101), frame.get(18..).unwrap()).is_some(), "bare IPv4");
    }

    #[test]
    fn a_cut_frame_has_none() {
        let frame = frame();
        for cut in 0..frame.len() {
            let found = datagram(LinkType::ETHERNET, frame.get(..cut).unwrap());
            assert_eq!(found.is_some(), cut >= 46, "{cut}");
        }
    }
}

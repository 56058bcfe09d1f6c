//! A DHCP server on this very machine.
//!
//! What a packet socket sends leaves the machine and does not come back to its own sockets, so that a server here which
//! listens on a UDP socket never hears it. A broadcast through a UDP socket does come back: the same message goes that way too.
//! What such a server answers leaves through the interface, where it is seen.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrIn, sendto, setsockopt, socket, sockopt,
};

use super::NetError;
use crate::wire::Mac;
use crate::wire::frame::peek::Ethernet;
use crate::wire::v4::SERVER_PORT;

/// True when some socket of this network namespace is bound to the servers' UDP port.
pub fn is_server_here() -> bool {
    std::fs::read_to_string("/proc/thread-self/net/udp").is_ok_and(|table| has_port(&table, SERVER_PORT))
}

/// Finds a local port in the table of proc(5) `net/udp`.
pub(super) fn has_port(table: &str, port: u16) -> bool {
    let local = |line: &str| {
        let address = line.split_whitespace().nth(1)?;
        u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok()
    };
    table.lines().skip(1).any(|line| local(line) == Some(port))
}

/// Passes messages to servers on this machine.
#[derive(Debug)]
pub struct Near {
    socket: OwnedFd,
}

impl Near {
    /// Opens a socket that is tied to an interface. Its port is any: servers answer to the clients' port.
    pub fn open(interface: &str) -> Result<Self, NetError> {
        let fail = |errno| NetError::io("open UDP on", interface, errno);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Inet, SockType::Datagram, flags, None).map_err(fail)?;
        setsockopt(&fd, sockopt::Broadcast, &true).map_err(fail)?;
        setsockopt(&fd, sockopt::BindToDevice, &interface.into()).map_err(fail)?;
        Ok(Self { socket: fd })
    }

    /// Sends the DHCP message of an untagged frame that goes to everybody, or to `own`, which is the interface itself.
    pub fn pass(&self, frame: &[u8], own: Mac) {
        let Some(ethernet) = Ethernet::read(frame).filter(|ethernet| ethernet.tags.is_empty()) else {
            return;
        };
        let to_all = ethernet.dst == Mac::BROADCAST;
        let Some((ip, udp)) = ethernet.ipv4().and_then(|ip| Some((ip, ip.udp()?))) else { return };
        if !to_all && ethernet.dst != own {
            return;
        }
        let to = if to_all { Ipv4Addr::BROADCAST } else { ip.dst };
        let to = SockaddrIn::from(SocketAddrV4::new(to, udp.dst_port));
        // Lost like any datagram where there is no way.
        let _ = sendto(self.socket.as_raw_fd(), udp.payload, &to, MsgFlags::MSG_DONTWAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue\n \
                     311: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000\n \
                     312: 0100007F:0035 00000000:0000 07\n\n x\n";
        assert!(has_port(table, 67) && has_port(table, 53));
        assert!(!has_port(table, 68) && !has_port("", 67) && !has_port("00000000:0043", 67));
    }
}

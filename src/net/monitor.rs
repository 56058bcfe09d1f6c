//! Interfaces that come, go, rise and fall while the program runs.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

use super::iface::{self, Interface};
use super::netlink::{Netlink, attributes, kind, link_header, messages};
use super::{NetError, again};

/// The multicast group of rtnetlink(7) that hears about interfaces (`RTMGRP_LINK`).
const LINKS: u32 = 1;
/// `IFLA_STATS64`.
const STATISTICS: u16 = 23;

/// Something happened to an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// It is there, and like this.
    Is(Interface),
    /// It was removed.
    Gone(Interface),
}

/// Hears about interfaces. Its sockets are opened once, so that it works after all rights were given up.
#[derive(Debug)]
pub struct LinkMonitor {
    events: OwnedFd,
    query: Netlink,
    buffer: Vec<u8>,
}

impl LinkMonitor {
    /// Starts listening. Needs no rights.
    pub fn open() -> Result<Self, NetError> {
        let fail = |source| NetError::io("watch", "the interfaces", source);
        let events =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
                .map_err(|errno| fail(errno.into()))?;
        bind(events.as_raw_fd(), &NetlinkAddr::new(0, LINKS)).map_err(|errno| fail(errno.into()))?;
        Ok(Self { events, query: Netlink::open().map_err(fail)?, buffer: vec![0; 65536] })
    }

    /// Hands over what has happened since the last call, in order, without waiting. What was missed because there was
    /// too much of it is made up for by the present state of every interface.
    pub fn changes(&mut self, mut each: impl FnMut(LinkChange)) -> Result<(), NetError> {
        let fail = |source: io::Error| NetError::io("watch", "the interfaces", source);
        loop {
            let got = match again(|| recv(self.events.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT))
            {
                Ok(got) => got,
                Err(nix::Error::EAGAIN) => return Ok(()),
                Err(nix::Error::ENOBUFS) => {
                    self.links()?.into_iter().for_each(|interface| each(LinkChange::Is(interface)));
                    continue;
                }
                Err(errno) => return Err(fail(errno.into())),
            };
            for (number, body) in messages(self.buffer.get(..got).unwrap_or(&[])) {
                // Bridges tell about their ports under another address family.
                let Some(interface) = iface::link(body).filter(|_| body.first() == Some(&0)) else {
                    continue;
                };
                match number {
                    kind::NEW_LINK => each(LinkChange::Is(interface)),
                    kind::DEL_LINK => each(LinkChange::Gone(interface)),
                    _ => {}
                }
            }
        }
    }

    /// Every interface as it is now, without its addresses.
    pub fn links(&mut self) -> Result<Vec<Interface>, NetError> {
        let mut found = Vec::new();
        self.query
            .dump(kind::GET_LINK, link_header(0, 0, 0).bytes(), |body| found.extend(iface::link(body)))
            .map_err(|error| NetError::io("list", "the interfaces", error))?;
        Ok(found)
    }

    /// How many arriving frames an interface or its driver has lost since it was made; `None` when it is gone.
    pub fn lost(&mut self, index: u32) -> Option<u64> {
        let mut lost = None;
        self.query
            .get(kind::GET_LINK, link_header(index, 0, 0).bytes(), |body| lost = statistics(body))
            .ok()?;
        lost
    }
}

impl AsFd for LinkMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

/// Reads the losses from a link message (`struct rtnl_link_stats64`): those that overran the device's queue and those it
/// missed. `rx_dropped` also counts frames that the kernel had shown to everybody who listened and then had no use for.
fn statistics(body: &[u8]) -> Option<u64> {
    let (_, data) = attributes(body.get(16..)?).find(|(attribute, _)| *attribute == STATISTICS)?;
    let number = |index: usize| {
        let at = index.checked_mul(8)?;
        data.get(at..)?.first_chunk().copied().map(u64::from_ne_bytes)
    };
    // rx_fifo_errors, rx_missed_errors.
    Some(number(14)?.saturating_add(number(15)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there_and_its_losses_are_known() {
        let mut monitor = LinkMonitor::open().unwrap();
        let links = monitor.links().unwrap();
        let lo = links.iter().find(|interface| interface.loopback).unwrap();
        assert!(monitor.lost(lo.index).is_some());
        assert_eq!(monitor.lost(0x7fff_0000), None);
        monitor.changes(|_| {}).unwrap();
    }

    #[test]
    fn cut_statistics_give_nothing() {
        for length in 0..16 {
            assert_eq!(statistics(&vec![0; length]), None);
        }
        let body = |words: usize| {
            let numbers: Vec<u8> =
                (0..words).flat_map(|word| u64::try_from(word).unwrap().to_ne_bytes()).collect();
            link_header(1, 0, 0).with(STATISTICS, &numbers)
        };
        assert_eq!(statistics(body(15).bytes()), None);
        assert_eq!(statistics(body(24).bytes()), Some(14 + 15));
    }
}

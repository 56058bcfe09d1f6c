//! A minimal rtnetlink client: what `ip link`, `ip addr` and `ip route` do, without the `ip` program.
//!
//! Messages are built and read as bytes, in the machine's byte order, as rtnetlink(7) describes. Nothing received is
//! trusted: lengths are clamped, what is too short is skipped.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use super::again;

/// Message kinds and flags of rtnetlink(7) and netlink(7) that are used here.
pub mod kind {
    /// Create or change an interface.
    pub const NEW_LINK: u16 = 16;
    /// An interface was removed.
    pub const DEL_LINK: u16 = 17;
    /// Ask for interfaces.
    pub const GET_LINK: u16 = 18;
    /// Add an address.
    pub const NEW_ADDR: u16 = 20;
    /// Ask for addresses.
    pub const GET_ADDR: u16 = 22;
    /// Ask for routes.
    pub const GET_ROUTE: u16 = 26;
    /// Ask for neighbours.
    pub const GET_NEIGH: u16 = 30;
    /// Put a queue before an interface.
    pub const NEW_QDISC: u16 = 36;
}

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP: u16 = 0x300;
/// Fail when it exists.
pub const EXCLUSIVE: u16 = 0x200;
/// Create it.
pub const CREATE: u16 = 0x400;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEADER: usize = 16;
const NESTED: u16 = 0x8000;

/// A connection to the kernel's routing tables, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

/// A socket for routing tables that hears these multicast groups.
fn routing(groups: u32) -> io::Result<OwnedFd> {
    let socket =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// Hears that something changed, without hearing what.
#[derive(Debug)]
pub struct Events {
    socket: OwnedFd,
}

impl Events {
    /// Listens to these multicast groups of rtnetlink(7). Needs no rights.
    pub fn open(groups: u32) -> io::Result<Self> {
        Ok(Self { socket: routing(groups)? })
    }

    /// Waits until something changes, at most for `limit`; false when nothing did.
    pub fn wait(&mut self, limit: std::time::Duration) -> bool {
        let timeout = PollTimeout::try_from(limit).unwrap_or(PollTimeout::ZERO);
        let mut watched = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        if !poll(&mut watched, timeout).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut buffer = [0; 4096];
        let _ = recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT);
        true
    }
}

impl Netlink {
    /// Opens one. Needs no rights.
    pub fn open() -> io::Result<Self> {
        Ok(Self { socket: routing(0)?, sequence: 0, buffer: vec![0; 65536] })
    }

    /// Asks for every object of a kind; `each` gets the body of every answer.
    pub fn dump(&mut self, kind: u16, body: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.exchange(kind, NLM_F_DUMP, body, &mut each)
    }

    /// Asks for one object; `each` gets the body of the answer.
    pub fn get(&mut self, kind: u16, body: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.exchange(kind, NLM_F_ACK, body, &mut each)
    }

    /// Changes something and waits until it is done.
    pub fn change(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.exchange(kind, flags | NLM_F_ACK, body, &mut |_| {})
    }

    fn exchange(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(body.len().saturating_add(HEADER))
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut message = Vec::with_capacity(body.len().saturating_add(HEADER));
        message.extend(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        message.extend(self.sequence.to_ne_bytes());
        message.extend(0_u32.to_ne_bytes());
        message.extend(body);
        again(|| send(self.socket.as_raw_fd(), &message, MsgFlags::empty()))?;
        loop {
            let got = again(|| recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty()))?;
            let mut rest = self.buffer.get(..got).unwrap_or(&[]);
            while let Some(answer) = Answer::next(&mut rest) {
                if answer.sequence != self.sequence {
                    continue;
                }
                match answer.kind {
                    NLMSG_DONE => return Ok(()),
                    NLMSG_ERROR => {
                        return match i32_at(answer.body, 0).unwrap_or(0) {
                            0 => Ok(()),
                            code => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                        };
                    }
                    _ => each(answer.body),
                }
            }
        }
    }
}

struct Answer<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn next(rest: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let answer = Self {
            kind: u16_at(rest, 4)?,
            sequence: u32_at(rest, 8)?,
            body: rest.get(HEADER..length.min(rest.len()))?,
        };
        *rest = rest.get(length.checked_next_multiple_of(4)?..).unwrap_or(&[]);
        Some(answer)
    }
}

/// The messages in `bytes`: kind, body.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || Answer::next(&mut rest).map(|answer| (answer.kind, answer.body)))
}

/// Builds the body of a request.
#[derive(Clone, Debug, Default)]
pub struct Body(Vec<u8>);

impl Body {
    /// Starts with the fixed header of the message kind.
    pub fn new(header: impl IntoIterator<Item = u8>) -> Self {
        Self(header.into_iter().collect())
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, data: &[u8]) -> Self {
        let length = u16::try_from(data.len().saturating_add(4)).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(data);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Adds an attribute that holds attributes (behind a fixed header of its own, where it has one).
    #[must_use]
    pub fn with_nested(self, kind: u16, inner: &Self) -> Self {
        self.with(kind | NESTED, &inner.0)
    }
}

/// The attributes in `bytes`: kind without its flag bits, payload.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & !0xc000;
        let data = rest.get(4..length.min(rest.len()))?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, data))
    })
}

/// The header of a link message (`struct ifinfomsg`).
pub fn link_header(index: u32, flags: u32, change: u32) -> Body {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(change.to_ne_bytes());
    Body(header)
}

/// A number of the machine's byte order at an offset.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

/// A number of the machine's byte order at an offset.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A number of the machine's byte order at an offset.
pub fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().copied().map(i32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_read_what_a_body_writes() {
        let inner = Body::new([]).with(1, b"veth");
        let body = Body::new([]).with(3, b"eth0\0").with_nested(18, &inner);
        let got: Vec<_> = attributes(body.bytes()).collect();
        assert_eq!(got.first(), Some(&(3, &b"eth0\0"[..])));
        assert_eq!(got.get(1).map(|(kind, data)| (*kind, *data)), Some((18, inner.bytes())));
    }

    #[test]
    fn cut_and_lying_attributes_end_the_walk() {
        let body = Body::new([]).with(3, b"eth0\0").with(4, &1500_u32.to_ne_bytes());
        for cut in 0..body.bytes().len() {
            let count = attributes(body.bytes().get(..cut).unwrap()).count();
            assert!(count <= 2);
        }
        assert_eq!(attributes(&[0, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[1, 0, 1, 0, 9, 9, 9, 9]).count(), 0);
    }

    #[test]
    fn the_kernel_answers_a_dump() {
        let mut netlink = Netlink::open().unwrap();
        let mut links = 0;
        netlink.dump(kind::GET_LINK, link_header(0, 0, 0).bytes(), |_| links += 1).unwrap();
        assert!(links >= 1, "at least lo");
    }

    #[test]
    fn an_error_of_the_kernel_comes_back() {
        let mut netlink = Netlink::open().unwrap();
        let error = netlink.get(kind::GET_LINK, link_header(0x7fff_0000, 0, 0).bytes(), |_| {}).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ENODEV));
    }
}

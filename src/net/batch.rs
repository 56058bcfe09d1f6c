//! Many frames per system call, for load: one packet socket with `recvmmsg` and `sendmmsg`.
//!
//! What it sends it does not see itself; another socket on the interface does. Stamps of what it receives are the
//! kernel's, when asked for.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockProtocol, SockType,
    bind, recvmmsg, sendmmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use pnet::datalink::{self, FanoutOption, FanoutType};

use super::filter::Filter;
use super::linux::link_addr;
use super::signals::Signals;
use super::{NetError, remaining};
use crate::time::{Clock as _, SystemClock, Timestamp};

/// Bytes kept of one frame.
const FRAME: usize = 2048;
/// `sll_pkttype` of what this machine sent.
const PACKET_OUTGOING: u8 = 4;

/// How a [`BatchSocket`] is opened.
#[derive(Clone, Copy, Debug)]
pub struct BatchOptions {
    /// Frames per system call.
    pub batch: usize,
    /// Receive buffer in bytes; the system may give less.
    pub buffer: usize,
    /// Ask the kernel for the time of each frame.
    pub stamps: bool,
    /// Share the interface's traffic, frame by frame in turn, with the other sockets of this group.
    pub group: Option<u16>,
    /// What the kernel lets through. None: everything.
    pub filter: Option<Filter>,
    /// Take frames for other hardware addresses too.
    pub promiscuous: bool,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self { batch: 64, buffer: 32 << 20, stamps: false, group: None, filter: None, promiscuous: false }
    }
}

/// A packet socket that moves frames in batches.
pub struct BatchSocket {
    name: String,
    socket: OwnedFd,
    stamps: bool,
    receive: MultiHeaders<LinkAddr>,
    transmit: MultiHeaders<LinkAddr>,
    nowhere: Vec<Option<LinkAddr>>,
    buffer: Vec<u8>,
    got: Vec<Got>,
}

#[derive(Clone, Copy, Debug)]
struct Got {
    length: usize,
    outgoing: bool,
    time: Timestamp,
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchFrame<'a> {
    /// Its bytes, at most 2048.
    pub frame: &'a [u8],
    /// This machine sent it, through another socket.
    pub outgoing: bool,
    /// The kernel's stamp; zero when none was asked for.
    pub time: Timestamp,
}

impl BatchSocket {
    /// Opens the interface. Needs `CAP_NET_RAW`.
    pub fn open(name: &str, options: &BatchOptions) -> Result<Self, NetError> {
        let fail = |errno| NetError::io("open", name, errno);
        let socket =
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
                .map_err(fail)?;
        if setsockopt(&socket, sockopt::RcvBufForce, &options.buffer).is_err() {
            // Without CAP_NET_ADMIN of the first namespace the system's limit holds.
            setsockopt(&socket, sockopt::RcvBuf, &options.buffer).map_err(fail)?;
        }
        if setsockopt(&socket, sockopt::SndBufForce, &options.buffer).is_err() {
            setsockopt(&socket, sockopt::SndBuf, &options.buffer).map_err(fail)?;
        }
        setsockopt(&socket, sockopt::ReceiveTimestampns, &options.stamps).map_err(fail)?;
        if let Some(filter) = &options.filter {
            // Before the socket is bound to the interface, so that nothing slips in.
            filter.attach(socket.as_fd()).map_err(fail)?;
        }
        bind(socket.as_raw_fd(), &link_addr(name)?).map_err(fail)?;
        if options.group.is_some() || options.promiscuous {
            join(&socket, name, options)?;
        }
        let batch = options.batch.max(1);
        let control = options.stamps.then(|| nix::cmsg_space!(nix::sys::time::TimeSpec));
        Ok(Self {
            name: name.to_owned(),
            socket,
            stamps: options.stamps,
            receive: MultiHeaders::preallocate(batch, control),
            transmit: MultiHeaders::preallocate(batch, None),
            nowhere: vec![None; batch],
            buffer: vec![0; batch.saturating_mul(FRAME)],
            got: Vec::with_capacity(batch),
        })
    }

    /// Takes what has arrived, at most one batch, without waiting. Returns how many frames `each` was given.
    pub fn receive(&mut self, mut each: impl FnMut(BatchFrame<'_>)) -> Result<usize, NetError> {
        let count = self.fill()?;
        self.frames().for_each(&mut each);
        Ok(count)
    }

    /// Reads what has arrived, at most one batch, without waiting. Returns how many [`frames`](Self::frames) there are.
    pub fn fill(&mut self) -> Result<usize, NetError> {
        self.got.clear();
        {
            let mut slices: Vec<[IoSliceMut<'_>; 1]> =
                self.buffer.chunks_exact_mut(FRAME).map(|chunk| [IoSliceMut::new(chunk)]).collect();
            let results = match recvmmsg(
                self.socket.as_raw_fd(),
                &mut self.receive,
                slices.iter_mut(),
                MsgFlags::MSG_DONTWAIT,
                None,
            ) {
                Ok(results) => results,
                Err(nix::Error::EAGAIN | nix::Error::EINTR) => return Ok(0),
                Err(nix::Error::ENETDOWN) => return Err(NetError::Down { interface: self.name.clone() }),
                Err(errno) => return Err(NetError::io("receive from", &self.name, errno)),
            };
            for message in results {
                let time = if self.stamps { stamp(&message) } else { Timestamp::default() };
                let outgoing = message.address.is_some_and(|addr| addr.pkttype() == PACKET_OUTGOING);
                self.got.push(Got { length: message.bytes, outgoing, time });
            }
        }
        Ok(self.got.len())
    }

    /// The frames that [`fill`](Self::fill) read.
    pub fn frames(&self) -> impl Iterator<Item = BatchFrame<'_>> {
        self.got.iter().zip(self.buffer.chunks_exact(FRAME)).map(|(got, chunk)| {
            let frame = chunk.get(..got.length).unwrap_or(chunk);
            BatchFrame { frame, outgoing: got.outgoing, time: got.time }
        })
    }

    /// Waits until a frame arrives, a signal comes or the deadline passes, to the nanosecond as far as the kernel can.
    pub fn wait(&self, signals: Option<&Signals>, deadline: Option<Timestamp>) -> Result<(), NetError> {
        let mut watched = [Some(self.as_fd()), signals.map(AsFd::as_fd)]
            .map(|fd| PollFd::new(fd.unwrap_or(self.as_fd()), PollFlags::POLLIN));
        let timeout = deadline.map(|deadline| TimeSpec::from(remaining(SystemClock.now(), deadline)));
        let count = if signals.is_some() { 2 } else { 1 };
        match ppoll(watched.get_mut(..count).unwrap_or(&mut []), timeout, None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(errno) => Err(NetError::io("wait on", &self.name, errno)),
        }
    }

    fn wait_for_room(&self) -> Result<(), NetError> {
        let mut watched = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        match ppoll(&mut watched, Some(TimeSpec::new(0, 10_000_000)), None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(errno) => Err(NetError::io("wait on", &self.name, errno)),
        }
    }

    /// Sends the frames that lie at `spans` of `arena`, in order, all of them.
    pub fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError> {
        let mut left = spans;
        while !left.is_empty() {
            let slices: Vec<[IoSlice<'_>; 1]> = left
                .iter()
                .take(self.nowhere.len())
                .map(|span| [IoSlice::new(arena.get(span.clone()).unwrap_or(&[]))])
                .collect();
            let sent = match sendmmsg(
                self.socket.as_raw_fd(),
                &mut self.transmit,
                slices.iter(),
                &self.nowhere,
                [],
                MsgFlags::empty(),
            ) {
                Ok(results) => results.count(),
                Err(nix::Error::EINTR) => 0,
                Err(nix::Error::EAGAIN | nix::Error::ENOBUFS) => {
                    self.wait_for_room()?;
                    0
                }
                Err(nix::Error::ENETDOWN) => return Err(NetError::Down { interface: self.name.clone() }),
                Err(errno) => return Err(NetError::io("send through", &self.name, errno)),
            };
            left = left.get(sent..).unwrap_or(&[]);
        }
        Ok(())
    }
}

impl AsFd for BatchSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Joins a fan-out group, turns promiscuous. pnet sets the options, on a second descriptor of the same socket that it
/// then closes.
fn join(socket: &OwnedFd, name: &str, options: &BatchOptions) -> Result<(), NetError> {
    let fail = |source| NetError::io("share", name, source);
    let interface = datalink::interfaces()
        .into_iter()
        .find(|interface| interface.name == name)
        .ok_or_else(|| fail(std::io::Error::from(nix::Error::ENODEV)))?;
    let twin = socket.try_clone().map_err(fail)?;
    let config = datalink::Config {
        linux_fanout: options.group.map(|group_id| FanoutOption {
            group_id,
            fanout_type: FanoutType::LB,
            defrag: false,
            rollover: false,
        }),
        promiscuous: options.promiscuous,
        socket_fd: Some(std::os::fd::IntoRawFd::into_raw_fd(twin)),
        ..datalink::Config::default()
    };
    datalink::channel(&interface, config).map(drop).map_err(fail)
}

fn stamp(message: &nix::sys::socket::RecvMsg<'_, '_, LinkAddr>) -> Timestamp {
    let Ok(mut control) = message.cmsgs() else { return Timestamp::default() };
    control
        .find_map(|item| match item {
            ControlMessageOwned::ScmTimestampns(time) => {
                Some(Timestamp::new(time.tv_sec(), u32::try_from(time.tv_nsec()).unwrap_or(0)))
            }
            _ => None,
        })
        .unwrap_or_default()
}

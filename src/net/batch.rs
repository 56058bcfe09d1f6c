//! Many frames per system call, for load: one packet socket with `recvmmsg` and `sendmmsg`.
//!
//! What it sends it does not see itself; another socket on the interface does. Stamps of what it receives are the
//! kernel's, when asked for.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockProtocol, SockType,
    bind, recvmmsg, sendmmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use pnet::datalink::{self, FanoutOption, FanoutType};

use super::filter::Filter;
use super::linux::link_addr;
use super::netlink::{u16_at, u32_at};
use super::signals::Signals;
use super::{NetError, remaining};
use crate::time::{Aligner, Clock as _, Instant, Moment, SystemClock, Timestamp};

/// Bytes kept of one frame.
const FRAME: usize = 2048;
/// Room before each frame for a tag that is put back.
const TAG: usize = 4;
/// Bytes of one frame's place.
const PLACE: usize = FRAME + TAG;
/// Bytes of a `struct tpacket_auxdata` (packet(7)).
const AUXDATA: usize = 20;
/// It says that a VLAN tag was there, and with which protocol identifier.
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
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
    /// Put VLAN tags back that the kernel took out, of which it says so with each frame.
    pub tags: bool,
    /// Share the interface's traffic, frame by frame in turn, with the other sockets of this group.
    pub group: Option<u16>,
    /// What the kernel lets through. None: everything.
    pub filter: Option<Filter>,
    /// Take frames for other hardware addresses too.
    pub promiscuous: bool,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            batch: 64,
            buffer: 32 << 20,
            stamps: false,
            tags: false,
            group: None,
            filter: None,
            promiscuous: false,
        }
    }
}

/// A packet socket that moves frames in batches.
pub struct BatchSocket {
    name: String,
    socket: OwnedFd,
    control: bool,
    receive: MultiHeaders<LinkAddr>,
    transmit: MultiHeaders<LinkAddr>,
    nowhere: Vec<Option<LinkAddr>>,
    buffer: Vec<u8>,
    got: Vec<Got>,
    stamps: bool,
    /// Frames that were too long to be sent.
    too_long: u64,
    /// When the batch was read.
    read: Moment,
    aligner: Aligner,
}

#[derive(Clone, Copy, Debug)]
struct Got {
    length: usize,
    outgoing: bool,
    control: Control,
}

/// How long frames wait for a queue that takes none.
const PATIENCE: Duration = Duration::from_millis(20);

/// What the kernel says beside a frame.
#[derive(Clone, Copy, Debug, Default)]
struct Control {
    time: Timestamp,
    /// The VLAN tag it took out of the frame.
    tag: Option<[u8; TAG]>,
}

/// `PACKET_AUXDATA` of packet(7).
#[derive(Clone, Copy, Debug)]
struct AuxData;

nix::setsockopt_impl!(
    AuxData,
    libc::SOL_PACKET,
    libc::PACKET_AUXDATA,
    bool,
    nix::sys::socket::sockopt::SetBool
);

/// One frame of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchFrame<'a> {
    /// Its bytes, at most 2048.
    pub frame: &'a [u8],
    /// This machine sent it, through another socket.
    pub outgoing: bool,
    /// When it came, as far as that is known: when it was read, where the kernel was not asked for its stamp.
    pub at: Instant,
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
        setsockopt(&socket, AuxData, &options.tags).map_err(fail)?;
        if let Some(filter) = &options.filter {
            // Before the socket is bound to the interface, so that nothing slips in.
            filter.attach(socket.as_fd()).map_err(fail)?;
        }
        bind(socket.as_raw_fd(), &link_addr(name)?).map_err(fail)?;
        if options.group.is_some() || options.promiscuous {
            join(&socket, name, options)?;
        }
        let batch = options.batch.max(1);
        let control = options.stamps || options.tags;
        let space = control.then(|| nix::cmsg_space!(nix::sys::time::TimeSpec, [u8; AUXDATA]));
        Ok(Self {
            name: name.to_owned(),
            socket,
            control,
            receive: MultiHeaders::preallocate(batch, space),
            transmit: MultiHeaders::preallocate(batch, None),
            nowhere: vec![None; batch],
            buffer: vec![0; batch.saturating_mul(PLACE)],
            got: Vec::with_capacity(batch),
            stamps: options.stamps,
            too_long: 0,
            read: Moment::default(),
            aligner: Aligner::default(),
        })
    }

    /// How many frames were too long to be sent, so far.
    pub fn too_long(&self) -> u64 {
        self.too_long
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
        let before = SystemClock.now();
        {
            let mut slices: Vec<[IoSliceMut<'_>; 1]> = self
                .buffer
                .chunks_exact_mut(PLACE)
                .map(|place| [IoSliceMut::new(place.get_mut(TAG..).unwrap_or_default())])
                .collect();
            let results = match recvmmsg(
                self.socket.as_raw_fd(),
                &mut self.receive,
                slices.iter_mut(),
                MsgFlags::MSG_DONTWAIT,
                None,
            ) {
                Ok(results) => results,
                Err(nix::Error::EAGAIN | nix::Error::EINTR) => {
                    self.aligner.nothing_left(before);
                    return Ok(0);
                }
                Err(nix::Error::ENETDOWN) => return Err(NetError::Down { interface: self.name.clone() }),
                Err(errno) => return Err(NetError::io("receive from", &self.name, errno)),
            };
            for message in results {
                let control = if self.control { control_of(&message) } else { Control::default() };
                let outgoing = message.address.is_some_and(|addr| addr.pkttype() == PACKET_OUTGOING);
                self.got.push(Got { length: message.bytes, outgoing, control });
            }
        }
        self.read = SystemClock.moment();
        self.aligner.read_at(self.read);
        for (got, place) in self.got.iter().zip(self.buffer.chunks_exact_mut(PLACE)) {
            if let Some(tag) = got.control.tag {
                put_back(place, tag);
            }
        }
        Ok(self.got.len())
    }

    /// The frames that [`fill`](Self::fill) read.
    pub fn frames(&self) -> impl Iterator<Item = BatchFrame<'_>> {
        self.got.iter().zip(self.buffer.chunks_exact(PLACE)).map(|(got, place)| {
            let start = if got.control.tag.is_some() { 0 } else { TAG };
            let end = got.length.saturating_add(TAG).min(PLACE);
            let frame = place.get(start..end).unwrap_or(&[]);
            let time = got.control.time;
            let at = if self.stamps { self.aligner.align(time) } else { self.read.at };
            BatchFrame { frame, outgoing: got.outgoing, at, time }
        })
    }

    /// Waits until a frame arrives, a signal comes or the deadline passes, to the nanosecond as far as the kernel can.
    pub fn wait(&self, signals: Option<&Signals>, deadline: Option<Instant>) -> Result<(), NetError> {
        let mut watched = [Some(self.as_fd()), signals.map(AsFd::as_fd)]
            .map(|fd| PollFd::new(fd.unwrap_or(self.as_fd()), PollFlags::POLLIN));
        let timeout = deadline.map(|deadline| TimeSpec::from(remaining(SystemClock.now(), deadline)));
        let count = if signals.is_some() { 2 } else { 1 };
        match ppoll(watched.get_mut(..count).unwrap_or(&mut []), timeout, None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(errno) => Err(NetError::io("wait on", &self.name, errno)),
        }
    }

    /// A millisecond, or until the socket has room where it `tells`.
    fn wait_for_room(&self, tells: bool) -> Result<(), NetError> {
        let mut watched = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        let watched = if tells { &mut watched[..] } else { &mut [] };
        match ppoll(watched, Some(TimeSpec::new(0, 1_000_000)), None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(errno) => Err(NetError::io("wait on", &self.name, errno)),
        }
    }

    /// Sends the frames that lie at `spans` of `arena`, in order. Where the kernel takes none for [`PATIENCE`] they are lost, as on
    /// any wire: a queue that lets nothing through must not stop the clock of who sends. A frame that the interface is too narrow
    /// for is left out, and is the error once all others went.
    pub fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError> {
        let mut left = spans;
        let mut stuck = None;
        let mut too_long = None;
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
                Ok(results) => {
                    stuck = None;
                    results.count()
                }
                Err(nix::Error::EINTR) => 0,
                Err(errno @ (nix::Error::EAGAIN | nix::Error::ENOBUFS)) => {
                    let now = SystemClock.now();
                    if now >= stuck.get_or_insert(now).after(PATIENCE) {
                        break;
                    }
                    // The socket tells when it has room; that the queue behind it has, nothing tells.
                    self.wait_for_room(errno == nix::Error::EAGAIN)?;
                    0
                }
                Err(nix::Error::EMSGSIZE) => {
                    too_long = too_long.or(left.first().map(Range::len));
                    self.too_long = self.too_long.saturating_add(1);
                    1
                }
                Err(nix::Error::ENETDOWN) => return Err(NetError::Down { interface: self.name.clone() }),
                Err(errno) => return Err(NetError::io("send through", &self.name, errno)),
            };
            left = left.get(sent..).unwrap_or(&[]);
        }
        match too_long {
            Some(length) => Err(NetError::FrameSize {
                object: self.name.clone(),
                length,
                reason: "that is more than its MTU allows".to_owned(),
            }),
            None => Ok(()),
        }
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

/// Moves both addresses to the start of a frame's place and puts the tag behind them.
fn put_back(place: &mut [u8], tag: [u8; TAG]) {
    const ADDRESSES: usize = 12;
    let end_of_addresses = TAG.saturating_add(ADDRESSES);
    if place.len() >= end_of_addresses {
        place.copy_within(TAG..end_of_addresses, 0);
        if let Some(gap) = place.get_mut(ADDRESSES..).and_then(<[u8]>::first_chunk_mut::<TAG>) {
            *gap = tag;
        }
    }
}

fn control_of(message: &nix::sys::socket::RecvMsg<'_, '_, LinkAddr>) -> Control {
    let mut found = Control::default();
    let Ok(items) = message.cmsgs() else { return found };
    for item in items {
        match item {
            ControlMessageOwned::ScmTimestampns(time) => {
                found.time = Timestamp::new(time.tv_sec(), u32::try_from(time.tv_nsec()).unwrap_or(0));
            }
            ControlMessageOwned::Unknown(other) => found.tag = tag_of(&other.data_bytes),
            _ => {}
        }
    }
    found
}

/// The tag in a `struct tpacket_auxdata`: status, two lengths, two offsets, tag control information, identifier.
fn tag_of(data: &[u8]) -> Option<[u8; TAG]> {
    let status = u32_at(data, 0)?;
    let information = u16_at(data, 16)?;
    if status & TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let identifier = if status & TP_STATUS_VLAN_TPID_VALID == 0 { 0x8100 } else { u16_at(data, 18)? };
    let ([p, q], [r, s]) = (identifier.to_be_bytes(), information.to_be_bytes());
    Some([p, q, r, s])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auxdata(status: u32, information: u16, identifier: u16) -> Vec<u8> {
        let mut data = status.to_ne_bytes().to_vec();
        data.extend([0; 12]);
        data.extend(information.to_ne_bytes());
        data.extend(identifier.to_ne_bytes());
        data
    }

    #[test]
    fn tags_come_back_where_they_were() {
        assert_eq!(tag_of(&auxdata(0x50, 0x2064, 0x88a8)), Some([0x88, 0xa8, 0x20, 0x64]));
        assert_eq!(tag_of(&auxdata(0x10, 0, 0)), Some([0x81, 0, 0, 0]), "priority tag of an old kernel");
        assert_eq!(tag_of(&auxdata(1, 0x64, 0x8100)), None);
        assert_eq!(tag_of(&auxdata(0x10, 1, 1)[..17]), None);
        let mut place: Vec<u8> = [0; 4].into_iter().chain(1..=20).collect();
        put_back(&mut place, [0x81, 0, 0, 5]);
        assert_eq!(place[..18], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0, 5, 13, 14]);
        put_back(&mut [0; 15], [0; 4]);
    }
}

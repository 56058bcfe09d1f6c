//! The network: interfaces, the way frames leave and arrive, and the rights that takes.
//!
//! Nobody else opens a socket. What uses the network takes a [`Transport`]: frames with their link-layer header go out
//! and come in, each with the kernel's time stamp, and nothing above knows whether a packet socket, a UDP socket or a
//! test is behind it. Sending at layer 2 works on an interface without an address, with any source MAC, and beside a
//! DHCP client that owns port 68.
//!
//! Invariants: no clock is read here except to turn a deadline into a wait; no frame is changed on its way (what the
//! kernel took out of it, a VLAN tag, is put back); no error is swallowed.

use std::time::Duration;

use crate::time::{Instant, Precision, Timestamp};
use crate::wire::frame::LinkType;

#[cfg(feature = "live")]
pub mod batch;
#[cfg(feature = "live")]
pub mod descriptors;
mod error;
#[cfg(feature = "live")]
pub mod filter;
pub mod host;
#[cfg(feature = "live")]
pub mod iface;
#[cfg(feature = "live")]
pub mod linux;
#[cfg(feature = "live")]
pub mod live;
#[cfg(feature = "live")]
pub mod memory;
#[cfg(feature = "live")]
pub mod monitor;
#[cfg(feature = "live")]
pub mod near;
#[cfg(feature = "live")]
pub mod netlink;
#[cfg(feature = "live")]
pub mod privilege;
#[cfg(feature = "live")]
pub mod process;
#[cfg(feature = "live")]
pub mod route;
#[cfg(feature = "live")]
pub mod sandbox;
#[cfg(feature = "live")]
pub mod scrape;
#[cfg(feature = "live")]
pub mod sender;
#[cfg(feature = "live")]
pub mod signals;
#[cfg(feature = "live")]
pub mod udp;
#[cfg(feature = "live")]
mod version;

pub use error::NetError;
#[cfg(feature = "live")]
pub use version::libpcap_version;

/// Makes a system call again for as long as signals interrupt it.
#[cfg(feature = "live")]
fn again<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(nix::Error::EINTR) => {}
            result => return result,
        }
    }
}

/// Frames out, frames in.
///
/// Deadlines are instants, and so are the arrivals of frames; their stamps are times of day.
pub trait Transport {
    /// Sends one frame, link-layer header included. It comes back through [`wait`](Self::wait) with
    /// [`outgoing`](Received::outgoing) set and the time at which the kernel handed it to the device.
    fn send(&mut self, frame: &[u8]) -> Result<(), NetError>;

    /// Waits for the next frame, in the order of their stamps, until `deadline` (for ever when `None`).
    fn wait(&mut self, deadline: Option<Instant>) -> Result<TransportEvent<'_>, NetError>;

    /// What the frames start with.
    fn link_type(&self) -> LinkType {
        LinkType::ETHERNET
    }

    /// How fine the stamps are.
    fn precision(&self) -> Precision {
        Precision::Nano
    }

    /// What was received and lost so far.
    fn stats(&mut self) -> Result<TransportStats, NetError> {
        Ok(TransportStats::default())
    }
}

/// What [`Transport::wait`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportEvent<'a> {
    /// A frame.
    Frame(Received<'a>),
    /// The deadline passed.
    Timeout,
    /// The user wants to stop (Ctrl-C, SIGTERM): said once per signal.
    Interrupted,
}

/// One frame as the kernel saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// When it came, or left.
    pub at: Instant,
    /// The kernel's stamp.
    pub time: Timestamp,
    /// The frame, link-layer header and VLAN tags included, as far as it was kept.
    pub frame: &'a [u8],
    /// How long it was on the wire, in bytes.
    pub original_len: usize,
    /// It left this machine (this program's own frames, and those of other programs).
    pub outgoing: bool,
}

/// Counts of a [`Transport`] since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportStats {
    /// Frames that passed the kernel's filter.
    pub received: u64,
    /// Frames lost because this program was too slow to take them.
    pub dropped: u64,
    /// Frames that the interface or its driver lost.
    pub interface_dropped: u64,
}

/// The time between `now` and `deadline`, zero when it has passed.
pub fn remaining(now: Instant, deadline: Instant) -> Duration {
    Duration::from_nanos(u64::try_from(deadline.since(now)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "live")]
    fn a_call_that_a_signal_interrupted_is_made_again() {
        use nix::errno::Errno::{EINTR, EMSGSIZE};
        let mut results = vec![Err(EMSGSIZE), Ok(7), Err(EINTR), Err(EINTR)];
        assert_eq!(again(|| results.pop().unwrap()), Ok(7));
        assert_eq!(again(|| results.pop().unwrap()), Err(EMSGSIZE));
        assert!(results.is_empty());
    }

    #[test]
    fn a_deadline_that_passed_leaves_nothing_to_wait_for() {
        let at = Instant::new(10, 0);
        assert_eq!(remaining(at, at.after(Duration::from_millis(5))), Duration::from_millis(5));
        assert_eq!(remaining(at, at), Duration::ZERO);
        assert_eq!(remaining(at, Instant::new(9, 0)), Duration::ZERO);
    }
}

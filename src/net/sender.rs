//! A packet socket that only sends, for who listens through a [`Tap`](super::live::Tap).

use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{MsgFlags, bind, send};

use super::linux::{link_addr, open_sender};
use super::{NetError, again};

/// Sends frames through one interface.
#[derive(Debug)]
pub struct Sender {
    name: String,
    socket: OwnedFd,
}

impl Sender {
    /// Opens the interface. Needs `CAP_NET_RAW`.
    pub fn open(name: &str) -> Result<Self, NetError> {
        Ok(Self { name: name.to_owned(), socket: open_sender(name)? })
    }

    /// Sends one frame, link-layer header included.
    pub fn send(&self, frame: &[u8]) -> Result<(), NetError> {
        match again(|| send(self.socket.as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT)) {
            // A full queue loses the frame as any wire may.
            Ok(_) | Err(nix::Error::EAGAIN | nix::Error::ENOBUFS) => Ok(()),
            Err(nix::Error::ENETDOWN | nix::Error::ENXIO | nix::Error::ENODEV) => {
                Err(NetError::Down { interface: self.name.clone() })
            }
            Err(errno) => Err(NetError::io("send through", &self.name, errno)),
        }
    }

    /// Ties the socket to an interface of the same name that was made anew.
    pub fn rebind(&self) -> Result<(), NetError> {
        let address = link_addr(&self.name)?;
        bind(self.socket.as_raw_fd(), &address)
            .map_err(|errno| NetError::io("send again through", &self.name, errno))
    }
}

/// Makes writing to `fd` fail instead of wait.
pub fn never_wait(fd: std::os::fd::BorrowedFd<'_>) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}

//! What can go wrong between the program and the wire.

use std::io;

/// An error of the network. Says the operation and the object; the command line adds nothing but the exit code.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The interface does not exist.
    #[error("no interface is called {name}; there is: {}", list(.have))]
    NoSuchInterface {
        /// What was asked for.
        name: String,
        /// What there is.
        have: Vec<String>,
    },
    /// No interface was named and none offers itself.
    #[error("{reason}; name one of: {}", list(.have))]
    NoDefaultInterface {
        /// Why none could be chosen.
        reason: &'static str,
        /// What there is.
        have: Vec<String>,
    },
    /// The interface is down.
    #[error("cannot use {interface}: it is down; bring it up with: ip link set {interface} up")]
    Down {
        /// Its name.
        interface: String,
    },
    /// The program lacks a right.
    #[error(
        "cannot {operation} {object}: permission denied; run as root or: sudo setcap cap_net_raw,cap_net_admin+ep {}",
        .program
    )]
    Permission {
        /// What was tried, an infinitive.
        operation: &'static str,
        /// On what.
        object: String,
        /// The path of the running program.
        program: String,
    },
    /// The system refused.
    #[error("cannot {operation} {object}: {source}")]
    Io {
        /// What was tried, an infinitive.
        operation: &'static str,
        /// On what.
        object: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The packet library refused.
    #[error("cannot {operation} {object}: {message}")]
    Capture {
        /// What was tried, an infinitive.
        operation: &'static str,
        /// On what.
        object: String,
        /// In the library's words.
        message: String,
    },
    /// A frame that no such link can carry.
    #[error("cannot send {length} bytes through {object}: {reason}")]
    FrameSize {
        /// The interface.
        object: String,
        /// How long the frame is.
        length: usize,
        /// Why it cannot go.
        reason: String,
    },
    /// There is nothing to listen on.
    #[error("no interface is up; bring one up with: ip link set IFACE up")]
    NoneUp,
    /// No DHCP server can be behind it.
    #[error("cannot use {interface}: {reason}; dhcptool interfaces lists those that can be used")]
    Unusable {
        /// Its name.
        interface: String,
        /// Why.
        reason: &'static str,
    },
    /// Nobody can be asked through it.
    #[error("cannot ask on {interface}: {reason}")]
    CannotAsk {
        /// Its name.
        interface: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The kernel knows no way to an address.
    #[error("{0}; name the interface that leads there")]
    NoWay(#[source] Box<Self>),
    /// This build has no live networking.
    #[error("this dhcptool was built without live networking (feature `live`)")]
    NotBuilt,
    /// Namespaces are not to be had here.
    #[error("cannot make a private network: {0}")]
    Namespace(String),
}

impl NetError {
    /// The program lacks a right.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Permission { .. })
    }

    /// The frame was dropped on its way to the interface: a full queue, or a filter (ENOBUFS).
    pub fn is_full_queue(&self) -> bool {
        const ENOBUFS: i32 = 105;
        matches!(self, Self::Io { source, .. } if source.raw_os_error() == Some(ENOBUFS))
    }

    /// From a refused system call; a lack of rights gets the sentence that says what to do.
    pub fn io(operation: &'static str, object: impl Into<String>, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let object = object.into();
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::Permission { operation, object, program: program() };
        }
        Self::Io { operation, object, source }
    }
}

/// The path of the running program, for the sentence that says how to give it rights.
fn program() -> String {
    std::env::current_exe().map_or_else(|_| "dhcptool".to_owned(), |path| path.display().to_string())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none at all".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_names_the_cure() {
        let error = NetError::io("open", "eth0", io::Error::from(io::ErrorKind::PermissionDenied));
        let text = error.to_string();
        assert!(text.starts_with("cannot open eth0: permission denied; run as root or: sudo setcap cap_net_raw,cap_net_admin+ep /"), "{text}");
    }

    #[test]
    fn an_unknown_interface_lists_the_known_ones() {
        let error = NetError::NoSuchInterface { name: "eth9".into(), have: vec!["eth0".into(), "lo".into()] };
        assert_eq!(error.to_string(), "no interface is called eth9; there is: eth0, lo");
    }
}

//! Numbers of the protocol that have a name.

use std::fmt;
use std::str::FromStr;

/// A transaction identifier (RFC 2131 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid(pub u32);

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// Text that is not a transaction identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a transaction identifier; write a number up to 32 bits such as 0x3903f326")]
pub struct ParseXidError(String);

impl FromStr for Xid {
    type Err = ParseXidError;

    /// Reads decimal, or hexadecimal: behind `0x`, and what has letters without it, as other tools print it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) if !hex.starts_with('+') => u32::from_str_radix(hex, 16),
            _ if text.len() <= 8 && text.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                u32::from_str_radix(text, 16)
            }
            _ => text.parse(),
        };
        value.map(Self).map_err(|_| ParseXidError(text.to_owned()))
    }
}

/// `op`: which way a message goes. Any byte is possible; two are assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Op(pub u8);

impl Op {
    /// From a client (BOOTREQUEST).
    pub const REQUEST: Self = Self(1);
    /// From a server (BOOTREPLY).
    pub const REPLY: Self = Self(2);
}

/// A DHCP message type (option 53). Any byte is possible; the assigned ones have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

macro_rules! message_types {
    ($($name:ident = $value:literal, $text:literal, $op:ident, $reference:literal;)*) => {
        impl MessageType {
            $(
                #[doc = concat!("`", $text, "` (", $reference, ").")]
                pub const $name: Self = Self($value);
            )*
            /// Every assigned type with its name, in numerical order.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self($value), $text),)*];

            /// The name of RFC 2132 in lower case, `None` when unassigned.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// The `op` such a message carries, `None` when either is possible or it is unassigned.
            pub fn op(self) -> Option<Op> {
                match self.0 {
                    $($value => message_types!(@ $op),)*
                    _ => None,
                }
            }
        }
    };
    (@ REQUEST) => { Some(Op::REQUEST) };
    (@ REPLY) => { Some(Op::REPLY) };
    (@ EITHER) => { None };
}

message_types! {
    DISCOVER = 1, "discover", REQUEST, "RFC 2132 9.6";
    OFFER = 2, "offer", REPLY, "RFC 2132 9.6";
    REQUEST = 3, "request", REQUEST, "RFC 2132 9.6";
    DECLINE = 4, "decline", REQUEST, "RFC 2132 9.6";
    ACK = 5, "ack", REPLY, "RFC 2132 9.6";
    NAK = 6, "nak", REPLY, "RFC 2132 9.6";
    RELEASE = 7, "release", REQUEST, "RFC 2132 9.6";
    INFORM = 8, "inform", REQUEST, "RFC 2132 9.6";
    FORCERENEW = 9, "forcerenew", REPLY, "RFC 3203";
    LEASEQUERY = 10, "leasequery", REQUEST, "RFC 4388";
    LEASEUNASSIGNED = 11, "leaseunassigned", REPLY, "RFC 4388";
    LEASEUNKNOWN = 12, "leaseunknown", REPLY, "RFC 4388";
    LEASEACTIVE = 13, "leaseactive", REPLY, "RFC 4388";
    BULKLEASEQUERY = 14, "bulkleasequery", REQUEST, "RFC 6926";
    LEASEQUERYDONE = 15, "leasequerydone", REPLY, "RFC 6926";
    ACTIVELEASEQUERY = 16, "activeleasequery", REQUEST, "RFC 7724";
    LEASEQUERYSTATUS = 17, "leasequerystatus", REPLY, "RFC 7724";
    TLS = 18, "tls", EITHER, "RFC 7724";
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Text that is not a message type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a message type; use a name such as discover, offer or ack, or a number up to 255")]
pub struct ParseMessageTypeError(String);

impl FromStr for MessageType {
    type Err = ParseMessageTypeError;

    /// Reads a name in any case, with or without the prefix `DHCP`, or a number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        let bare = lower.strip_prefix("dhcp").unwrap_or(&lower);
        Self::ALL
            .iter()
            .find(|(_, name)| *name == bare)
            .map(|(kind, _)| *kind)
            .or_else(|| text.parse().ok().map(Self))
            .ok_or_else(|| ParseMessageTypeError(text.to_owned()))
    }
}

/// Bytes of an address of hardware type `htype`, where it is fixed (IANA ARP parameters).
pub(super) fn hardware_len(htype: u8) -> Option<u8> {
    match htype {
        // Ethernet, experimental Ethernet, IEEE 802 networks, ARCNET-free token ring reuse: EUI-48.
        1 | 2 | 6 => Some(6),
        // IEEE 1394 (RFC 2855) and InfiniBand (RFC 4390) send hlen 0.
        24 | 32 => Some(0),
        // EUI-64.
        27 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_types_read_what_they_print() {
        for (kind, name) in MessageType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
            assert_eq!(format!("DHCP{}", name.to_uppercase()).parse(), Ok(*kind));
        }
        assert_eq!("77".parse(), Ok(MessageType(77)));
        assert!("256".parse::<MessageType>().is_err());
        assert!("hello".parse::<MessageType>().is_err());
    }

    #[test]
    fn xid_reads_hex_and_decimal() {
        assert_eq!("0x00003d1d".parse(), Ok(Xid(0x3d1d)));
        assert_eq!("17".parse(), Ok(Xid(17)));
        assert_eq!(Xid(0x3d1d).to_string(), "0x00003d1d");
        for bad in ["", "0x", "0x1ffffffff", "-1", "0x+1"] {
            assert!(bad.parse::<Xid>().is_err(), "{bad}");
        }
    }
}

//! Numbers of DHCPv6 that have a name, and the identifiers of clients and servers.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::wire::{Mac, digits};

/// The UDP port of clients (RFC 9915 §7.2).
pub const CLIENT_PORT: u16 = 546;
/// The UDP port of servers and relays.
pub const SERVER_PORT: u16 = 547;
/// All relays and servers of a link (§7.1).
pub const ALL_RELAYS_AND_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
/// All servers of a site (§7.1).
pub const ALL_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);
/// A relay discards what has passed so many relays (§7.6).
pub const HOP_COUNT_LIMIT: u8 = 8;
/// All ones: a lifetime without end, a T1 or T2 that never comes.
pub const INFINITY: u32 = u32::MAX;
/// Seconds from 1970 to 2000, where the time of a DUID begins.
pub const EPOCH_2000: u32 = 946_684_800;

/// A message type. Any byte is possible; the assigned ones have names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

macro_rules! message_types {
    ($($name:ident = $value:literal, $text:literal;)*) => {
        impl MessageType {
            $(
                #[doc = concat!("`", $text, "`.")]
                pub const $name: Self = Self($value);
            )*
            /// Every assigned type with its name, in numerical order.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self($value), $text),)*];
        }
        /// The names by number.
        pub static MESSAGE_TYPES: crate::wire::options::kind::Names =
            crate::wire::options::kind::Names { what: "a message type", entries: &[$(($value, $text),)*] };
    };
}

message_types! {
    SOLICIT = 1, "solicit";
    ADVERTISE = 2, "advertise";
    REQUEST = 3, "request";
    CONFIRM = 4, "confirm";
    RENEW = 5, "renew";
    REBIND = 6, "rebind";
    REPLY = 7, "reply";
    RELEASE = 8, "release";
    DECLINE = 9, "decline";
    RECONFIGURE = 10, "reconfigure";
    INFORMATION_REQUEST = 11, "information-request";
    RELAY_FORW = 12, "relay-forw";
    RELAY_REPL = 13, "relay-repl";
    LEASEQUERY = 14, "leasequery";
    LEASEQUERY_REPLY = 15, "leasequery-reply";
    LEASEQUERY_DONE = 16, "leasequery-done";
    LEASEQUERY_DATA = 17, "leasequery-data";
    RECONFIGURE_REQUEST = 18, "reconfigure-request";
    RECONFIGURE_REPLY = 19, "reconfigure-reply";
    DHCPV4_QUERY = 20, "dhcpv4-query";
    DHCPV4_RESPONSE = 21, "dhcpv4-response";
    ACTIVE_LEASEQUERY = 22, "activeleasequery";
    START_TLS = 23, "starttls";
    BNDUPD = 24, "bndupd";
    BNDREPLY = 25, "bndreply";
    POOLREQ = 26, "poolreq";
    POOLRESP = 27, "poolresp";
    UPDREQ = 28, "updreq";
    UPDREQALL = 29, "updreqall";
    UPDDONE = 30, "upddone";
    CONNECT = 31, "connect";
    CONNECTREPLY = 32, "connectreply";
    DISCONNECT = 33, "disconnect";
    STATE = 34, "state";
    CONTACT = 35, "contact";
    ADDR_REG_INFORM = 36, "addr-reg-inform";
    ADDR_REG_REPLY = 37, "addr-reg-reply";
}

impl MessageType {
    /// The name in lower case, `None` when unassigned.
    pub fn name(self) -> Option<&'static str> {
        MESSAGE_TYPES.name(u32::from(self.0))
    }

    /// RELAY-FORW or RELAY-REPL: a message with a message inside.
    pub fn is_relay(self) -> bool {
        matches!(self, Self::RELAY_FORW | Self::RELAY_REPL)
    }

    /// DHCPv4 inside DHCPv6 (RFC 7341): flags stand where others have a transaction identifier.
    pub fn has_flags(self) -> bool {
        matches!(self, Self::DHCPV4_QUERY | Self::DHCPV4_RESPONSE)
    }

    /// What a server sends.
    pub fn is_from_server(self) -> bool {
        matches!(
            self,
            Self::ADVERTISE
                | Self::REPLY
                | Self::RECONFIGURE
                | Self::RELAY_REPL
                | Self::LEASEQUERY_REPLY
                | Self::LEASEQUERY_DONE
                | Self::LEASEQUERY_DATA
                | Self::RECONFIGURE_REPLY
                | Self::DHCPV4_RESPONSE
                | Self::ADDR_REG_REPLY
        )
    }

    /// What a client sends to get, keep or give back something (RFC 9915 §7.3).
    pub fn is_from_client(self) -> bool {
        matches!(self.0, 1 | 3 | 4 | 5 | 6 | 8 | 9 | 11)
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

/// Text that is not a message type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DHCPv6 message type; write a name such as solicit or a number up to 255")]
pub struct ParseMessageTypeError(String);

impl FromStr for MessageType {
    type Err = ParseMessageTypeError;

    /// Reads a name, whatever its case, or a number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        MESSAGE_TYPES
            .number(text)
            .and_then(|number| u8::try_from(number).ok())
            .or_else(|| text.parse().ok())
            .map(Self)
            .ok_or_else(|| ParseMessageTypeError(text.to_owned()))
    }
}

/// Status codes by number (IANA; RFC 9915 §21.13, RFC 5007, 7653, 8156).
pub static STATUS_CODES: crate::wire::options::kind::Names = crate::wire::options::kind::Names {
    what: "a status code",
    entries: &[
        (0, "success"),
        (1, "unspec-fail"),
        (2, "no-addrs-avail"),
        (3, "no-binding"),
        (4, "not-on-link"),
        (5, "use-multicast"),
        (6, "no-prefix-avail"),
        (7, "unknown-query-type"),
        (8, "malformed-query"),
        (9, "not-configured"),
        (10, "not-allowed"),
        (11, "query-terminated"),
        (12, "data-missing"),
        (13, "catch-up-complete"),
        (14, "not-supported"),
        (15, "tls-connection-refused"),
        (16, "address-in-use"),
        (17, "configuration-conflict"),
        (18, "missing-binding-information"),
        (19, "outdated-binding-information"),
        (20, "server-shutting-down"),
        (21, "dns-update-not-supported"),
        (22, "excessive-time-skew"),
        (23, "no-srv6-locator-avail"),
    ],
};

/// A status code. Any number is possible; no status option means success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(pub u16);

impl StatusCode {
    /// Success.
    pub const SUCCESS: Self = Self(0);
    /// The server refuses and does not say why.
    pub const UNSPEC_FAIL: Self = Self(1);
    /// No addresses for this IA.
    pub const NO_ADDRS_AVAIL: Self = Self(2);
    /// The server does not know the binding.
    pub const NO_BINDING: Self = Self(3);
    /// The addresses are of another link.
    pub const NOT_ON_LINK: Self = Self(4);
    /// The client must use multicast (obsolete).
    pub const USE_MULTICAST: Self = Self(5);
    /// No prefixes for this IA.
    pub const NO_PREFIX_AVAIL: Self = Self(6);

    /// The name in lower case, `None` when unassigned.
    pub fn name(self) -> Option<&'static str> {
        STATUS_CODES.name(u32::from(self.0))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "status {}", self.0),
        }
    }
}

/// A DHCP unique identifier (RFC 9915 §11): bytes that are compared as bytes. Written as lower-case hexadecimal.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duid(pub Vec<u8>);

impl Duid {
    /// DUID-LL of an Ethernet address.
    pub fn link_layer(mac: Mac) -> Self {
        let mut bytes = vec![0, 3, 0, 1];
        bytes.extend(mac.0);
        Self(bytes)
    }

    /// DUID-LLT of an Ethernet address; `time` is in seconds since 2000.
    pub fn link_layer_time(mac: Mac, time: u32) -> Self {
        let mut bytes = vec![0, 1, 0, 1];
        bytes.extend(time.to_be_bytes());
        bytes.extend(mac.0);
        Self(bytes)
    }

    /// DUID-EN.
    pub fn enterprise(number: u32, identifier: &[u8]) -> Self {
        let mut bytes = vec![0, 2];
        bytes.extend(number.to_be_bytes());
        bytes.extend(identifier);
        Self(bytes)
    }

    /// DUID-UUID.
    pub fn uuid(uuid: [u8; 16]) -> Self {
        let mut bytes = vec![0, 4];
        bytes.extend(uuid);
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// The link-layer address inside a DUID-LLT or DUID-LL: for finding packets, never for telling clients apart (§11).
pub fn mac_of_duid(duid: &[u8]) -> Option<&[u8]> {
    match duid {
        [0, 1, _, _, _, _, _, _, mac @ ..] | [0, 3, _, _, mac @ ..] => Some(mac),
        _ => None,
    }
}

impl From<&[u8]> for Duid {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digits::hex(&self.0))
    }
}

impl fmt::Debug for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a DUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DUID; write its bytes in hexadecimal, such as 0003000102dc00000005")]
pub struct ParseDuidError(String);

impl FromStr for Duid {
    type Err = ParseDuidError;

    /// Reads hexadecimal digits, with or without colons.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseDuidError(text.to_owned());
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ':' | '-'))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(wrong()) };
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        if (3..=130).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_meet() {
        for (kind, name) in MessageType::ALL {
            assert_eq!(kind.name(), Some(*name));
            assert_eq!(name.to_uppercase().parse(), Ok(*kind));
        }
        assert_eq!("200".parse(), Ok(MessageType(200)));
        assert!("soliciting".parse::<MessageType>().is_err());
        assert_eq!(StatusCode(23).to_string(), "no-srv6-locator-avail");
        assert_eq!(StatusCode(24).to_string(), "status 24");
    }

    #[test]
    fn duids_are_written_as_they_are_read() {
        let mac = Mac([2, 0xdc, 0, 0, 0, 5]);
        let duid = Duid::link_layer(mac);
        assert_eq!(duid.to_string(), "0003000102dc00000005");
        assert_eq!("00:03:00:01:02:dc:00:00:00:05".parse(), Ok(duid.clone()));
        assert_eq!(mac_of_duid(duid.as_slice()), Some(&mac.0[..]));
        assert_eq!(mac_of_duid(Duid::link_layer_time(mac, 9).as_slice()), Some(&mac.0[..]));
        assert_eq!(mac_of_duid(Duid::uuid([7; 16]).as_slice()), None);
        for bad in ["", "00", "0003", "000", "zz0001", "é00001"] {
            assert!(bad.parse::<Duid>().is_err(), "{bad}");
        }
    }
}

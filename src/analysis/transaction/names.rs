//! What exchanges and their messages are called: one set of names for both protocols, as far as they mean the same.

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$item:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$item])* $variant,)* }

        impl $type {
            /// Every one, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in text and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.name()).collect();
                    format!("{text:?} is none of {}", names.join(", "))
                })
            }
        }
    };
}

named! {
    /// What an exchange is for.
    Kind {
        /// A client without an address gets one: DISCOVER to ACK.
        Acquire = "acquire",
        /// A client that had an address asks for it again (INIT-REBOOT).
        Reboot = "reboot",
        /// A client asks its server for more time.
        Renew = "renew",
        /// A client asks any server for more time.
        Rebind = "rebind",
        /// A client with an address asks for the rest.
        Inform = "inform",
        /// An address is given back.
        Release = "release",
        /// An address was found in use.
        Decline = "decline",
        /// BOOTP.
        Bootp = "bootp",
        /// Somebody asks about a lease.
        LeaseQuery = "leasequery",
        /// A machine asks a boot server on port 4011.
        Pxe = "pxe",
        /// A server tells a client to renew.
        ForceRenew = "forcerenew",
        /// Not to be told from what was seen.
        Unknown = "unknown",
        /// A client that may have moved asks whether its addresses still fit (DHCPv6).
        Confirm = "confirm",
        /// A server tells a client to renew, rebind or ask (DHCPv6).
        Reconfigure = "reconfigure",
        /// A host tells which address it gave itself (DHCPv6, RFC 9686).
        Register = "register",
    }
}

named! {
    /// What came of an exchange.
    Outcome {
        /// The client found the address in use.
        Declined = "declined",
        /// A new address.
        Bound = "bound",
        /// The old address again.
        Rebooted = "rebooted",
        /// More time.
        Renewed = "renewed",
        /// More time, from any server.
        Rebound = "rebound",
        /// INFORM was answered.
        Informed = "informed",
        /// An ACK to something that was not seen.
        Acknowledged = "acknowledged",
        /// NAK and no ACK.
        Refused = "refused",
        /// Given back.
        Released = "released",
        /// Answered: leasequery, pxe.
        Answered = "answered",
        /// Sent; no answer is expected.
        Sent = "sent",
        /// The input ended too early to tell.
        Open = "open",
        /// The client chose a server that is not seen here.
        Elsewhere = "elsewhere",
        /// A REQUEST was never answered.
        Unacknowledged = "unacknowledged",
        /// OFFER, no REQUEST.
        Offered = "offered",
        /// Nothing came.
        Unanswered = "unanswered",
        /// The addresses still fit the link (DHCPv6).
        Confirmed = "confirmed",
        /// Some of what was asked for was given, other not (DHCPv6).
        Partial = "partial",
        /// There is no address or prefix left (DHCPv6).
        NoAddresses = "no-addresses",
        /// The server does not know the lease (DHCPv6).
        NoBinding = "no-binding",
        /// The addresses are of another link (DHCPv6).
        NotOnLink = "not-on-link",
        /// The server wants to be asked by multicast (DHCPv6).
        UseMulticast = "use-multicast",
    }
}

impl Outcome {
    /// The client has what it wanted.
    pub fn is_success(self) -> bool {
        use Outcome::{
            Acknowledged, Answered, Bound, Confirmed, Informed, Partial, Rebooted, Rebound, Released,
            Renewed, Sent,
        };
        matches!(
            self,
            Bound
                | Rebooted
                | Renewed
                | Rebound
                | Informed
                | Acknowledged
                | Released
                | Answered
                | Sent
                | Confirmed
                | Partial
        )
    }
}

macro_rules! letters {
    ($($(#[$doc:meta])* $variant:ident = $letter:literal, $name:literal,)*) => {
        /// What a message is, as far as joining tells them apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Letter { $($(#[$doc])* $variant,)* }

        impl Letter {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its letter in `messages`.
            pub fn letter(self) -> u8 {
                match self { $(Self::$variant => $letter,)* }
            }

            /// Its name in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

letters! {
    /// DISCOVER.
    Discover = b'D', "discover",
    /// OFFER.
    Offer = b'O', "offer",
    /// REQUEST.
    Request = b'R', "request",
    /// ACK.
    Ack = b'A', "ack",
    /// NAK.
    Nak = b'N', "nak",
    /// DECLINE.
    Decline = b'C', "decline",
    /// RELEASE.
    Release = b'L', "release",
    /// INFORM.
    Inform = b'I', "inform",
    /// BOOTP request.
    BootRequest = b'B', "bootrequest",
    /// BOOTP reply.
    BootReply = b'P', "bootreply",
    /// LEASEQUERY.
    LeaseQuery = b'Q', "leasequery",
    /// LEASEACTIVE.
    LeaseActive = b'V', "leaseactive",
    /// LEASEUNASSIGNED.
    LeaseUnassigned = b'U', "leaseunassigned",
    /// LEASEUNKNOWN.
    LeaseUnknown = b'K', "leaseunknown",
    /// FORCERENEW.
    ForceRenew = b'F', "forcerenew",
    /// Any other type.
    Other = b'?', "other",
    /// SOLICIT.
    Solicit = b'S', "solicit",
    /// ADVERTISE.
    Advertise = b'A', "advertise",
    /// REPLY.
    Reply = b'P', "reply",
    /// CONFIRM.
    Confirm = b'M', "confirm",
    /// RENEW.
    Renew = b'W', "renew",
    /// REBIND.
    Rebind = b'B', "rebind",
    /// RECONFIGURE.
    Reconfigure = b'F', "reconfigure",
    /// INFORMATION-REQUEST.
    InformationRequest = b'I', "information-request",
    /// LEASEQUERY-REPLY.
    LeaseQueryReply = b'V', "leasequery-reply",
    /// ADDR-REG-INFORM.
    AddrRegInform = b'G', "addr-reg-inform",
    /// ADDR-REG-REPLY.
    AddrRegReply = b'K', "addr-reg-reply",
}

named! {
    /// What a message is to its exchange.
    Role {
        /// A message of its own.
        First = "first",
        /// The client says it again.
        Retransmission = "retransmission",
        /// The same message seen twice.
        Copy = "copy",
        /// The same message on the other side of a relay.
        Forwarded = "forwarded",
    }
}

impl Role {
    /// True for messages that were really said.
    pub fn counts(self) -> bool {
        matches!(self, Self::First | Self::Retransmission)
    }
}

named! {
    /// On which side of a relay a message was seen.
    Side {
        /// Between client and relay, or where there is no relay.
        Client = "client",
        /// Between relay and server.
        Relay = "relay",
    }
}

impl Kind {
    /// A client asks for more time for what it has.
    pub fn renews(self) -> bool {
        matches!(self, Self::Renew | Self::Rebind)
    }

    /// Those of DHCPv4, in the order of the contract.
    pub const FOUR: &'static [Self] = Self::ALL.split_at(12).0;
    /// Those of DHCPv6.
    pub const SIX: &'static [Self] = &[
        Self::Acquire,
        Self::Renew,
        Self::Rebind,
        Self::Confirm,
        Self::Inform,
        Self::Release,
        Self::Decline,
        Self::LeaseQuery,
        Self::Reconfigure,
        Self::Register,
        Self::Unknown,
    ];
}

impl Outcome {
    /// Those of DHCPv4, in the order of the contract.
    pub const FOUR: &'static [Self] = Self::ALL.split_at(16).0;
    /// Those of DHCPv6.
    pub const SIX: &'static [Self] = &[
        Self::Declined,
        Self::Bound,
        Self::Partial,
        Self::Confirmed,
        Self::Renewed,
        Self::Rebound,
        Self::Informed,
        Self::Acknowledged,
        Self::NoAddresses,
        Self::NoBinding,
        Self::NotOnLink,
        Self::UseMulticast,
        Self::Refused,
        Self::Released,
        Self::Answered,
        Self::Sent,
        Self::Open,
        Self::Elsewhere,
        Self::Unacknowledged,
        Self::Offered,
        Self::Unanswered,
    ];
}

impl Letter {
    /// Those of DHCPv4, in the order of the contract.
    pub const FOUR: &'static [Self] = Self::ALL.split_at(16).0;
    /// Those of DHCPv6.
    pub const SIX: &'static [Self] = &[
        Self::Solicit,
        Self::Advertise,
        Self::Request,
        Self::Confirm,
        Self::Renew,
        Self::Rebind,
        Self::Reply,
        Self::Release,
        Self::Decline,
        Self::Reconfigure,
        Self::InformationRequest,
        Self::LeaseQuery,
        Self::LeaseQueryReply,
        Self::AddrRegInform,
        Self::AddrRegReply,
    ];
}

/// What is kept as a number.
macro_rules! numbered {
    ($($type:ident, else $first:ident;)*) => {
        $(impl $type {
            /// Its place among [`ALL`](Self::ALL).
            #[allow(clippy::as_conversions, reason = "there are fewer than 256")]
            pub(super) const fn number(self) -> u8 {
                self as u8
            }

            /// The one in this place; what is said where there is none.
            pub(super) fn numbered(number: u8) -> Self {
                Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::$first)
            }
        })*
    };
}

numbered! {
    Kind, else Unknown;
    Letter, else Other;
    Role, else First;
    Side, else Client;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_own_names() {
        assert_eq!(Kind::FOUR.last(), Some(&Kind::Unknown));
        assert_eq!(Outcome::FOUR.last(), Some(&Outcome::Unanswered));
        assert_eq!(Letter::FOUR.last(), Some(&Letter::Other));
        let either = |letter: &&Letter| !Letter::FOUR.contains(letter) && !Letter::SIX.contains(letter);
        assert_eq!(Letter::ALL.iter().find(either), None);
        // Within one protocol a letter says what the message is.
        for letters in [Letter::FOUR, Letter::SIX] {
            let mut all: Vec<u8> = letters.iter().map(|letter| letter.letter()).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), letters.len());
        }
        assert!("confirmed".parse::<Outcome>().is_ok() && "bounded".parse::<Outcome>().is_err());
    }
}

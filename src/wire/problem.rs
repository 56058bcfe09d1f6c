//! What can be wrong with a message, and where: one table of problem codes.

use std::fmt;
use std::net::Ipv4Addr;

use super::v4::MessageType;

/// How bad a [`Problem`] is. The three are different things to a reader: the sender is broken, the sender is
/// unusual, or the capture does not hold the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing, and nothing wrong.
    Note,
    /// The capture kept too little of the frame (its snap length); says nothing about the sender.
    Cut,
    /// Legal, or tolerated everywhere, but unusual.
    Warning,
    /// Malformed: the bytes break the specification.
    Error,
}

impl Severity {
    /// The word used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Cut => "cut",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong or odd in a message. Holds numbers only, so that reporting allocates nothing; the sentence is
/// made by [`fmt::Display`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// Byte offset from the first byte of the DHCP message; `None` when it lies in an outer layer.
    pub offset: Option<u32>,
    /// The numbers its sentence needs, as the row in the table below names them.
    pub args: [u32; 3],
    /// What was expected instead, `an IPv4 address`; empty when the sentence says enough.
    pub expected: &'static str,
    /// What exactly is wrong with a value.
    pub detail: Detail,
    /// The specification of the option it is about; empty where the code's own is meant.
    pub specified: &'static str,
}

/// What exactly is wrong with a value, in the words of its format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Its length or its content says it all.
    #[default]
    Plain,
    /// It is empty and must not be.
    Empty,
    /// So many bytes where none belong.
    NotEmpty(u32),
    /// So many bytes, of items that take so many each.
    NoMultiple(u32, u32),
    /// A prefix length and the most it may be.
    PrefixLength(u32, u32),
    /// The item of this number, from 1, ends too early; what it is, with article.
    ItemCut(u32, &'static str),
    /// A nested option, how many bytes it promises and how many are left.
    NestedCut(u32, u32, u32),
    /// A nested option without a length byte.
    NestedNoLength(u32),
    /// A nested option whose length byte, which counts its header, is too small.
    NestedTooSmall(u32, u32),
    /// Bytes behind a nested End.
    BehindEnd,
    /// A domain name without the zero byte at its end.
    NameEndless,
    /// A label promises so many bytes and so many are left.
    LabelCut(u32, u32),
    /// A domain name of more than 255 bytes.
    NameLong,
    /// A compression pointer that does not lead backwards to a name.
    Pointer,
    /// This byte begins no label.
    NoLabel(u32),
}

impl Detail {
    /// From numbers of any width.
    pub(super) fn nested_cut(code: u16, says: usize, left: usize) -> Self {
        Self::NestedCut(code.into(), clamp(says), clamp(left))
    }

    /// So many bytes, of items that take so many each.
    pub(super) fn no_multiple(length: usize, of: usize) -> Self {
        Self::NoMultiple(clamp(length), clamp(of))
    }

    /// The item of this number, from 1.
    pub(super) fn item_cut(number: usize, what: &'static str) -> Self {
        Self::ItemCut(clamp(number), what)
    }

    /// Why `bytes` are no domain name from `at` on.
    pub(super) fn of_name(bytes: &[u8], at: usize) -> Self {
        match bytes.get(at) {
            None => Self::NameEndless,
            Some(&length @ 1..=63) => {
                let left = bytes.len().saturating_sub(at).saturating_sub(1);
                if usize::from(length) > left {
                    Self::LabelCut(length.into(), clamp(left))
                } else {
                    Self::NameLong
                }
            }
            Some(0xc0..) => Self::Pointer,
            Some(&other) => Self::NoLabel(other.into()),
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |count: u32| if count == 1 { "byte" } else { "bytes" };
        match *self {
            Self::Plain => Ok(()),
            Self::Empty => f.write_str("it is empty"),
            Self::NotEmpty(count) => write!(f, "{count} {} where none belong", bytes(count)),
            Self::NoMultiple(count, of) => write!(f, "{count} {} are no multiple of {of}", bytes(count)),
            Self::PrefixLength(length, most) => write!(f, "a prefix length of {length}, {most} is the most"),
            Self::ItemCut(number, what) => {
                let what = what.split_once(' ').filter(|(article, _)| matches!(*article, "a" | "an"));
                write!(f, "{} {number} is cut", what.map_or("item", |(_, what)| what))
            }
            Self::NestedCut(code, says, left) => {
                write!(f, "sub-option {code} says {says} {}, {left} are left", bytes(says))
            }
            Self::NestedNoLength(code) => write!(f, "sub-option {code} has no length"),
            Self::NestedTooSmall(code, says) => {
                write!(f, "sub-option {code} has a length of {says}, which its own header exceeds")
            }
            Self::BehindEnd => f.write_str("bytes follow its End (255)"),
            Self::NameEndless => f.write_str("a name has no zero byte at its end"),
            Self::LabelCut(says, left) => {
                write!(f, "a label says {says} {}, {left} are left", bytes(says))
            }
            Self::NameLong => f.write_str("a name of more than 255 bytes"),
            Self::Pointer => f.write_str("a compression pointer leads nowhere"),
            Self::NoLabel(byte) => write!(f, "a label cannot have a length of {byte}"),
        }
    }
}

impl Problem {
    /// A problem at `offset` bytes from the start of the DHCP message.
    pub fn at(code: Code, offset: usize, args: [usize; 3]) -> Self {
        Self { code, offset: Some(clamp(offset)), args: args.map(clamp), ..Self::of(code) }
    }

    /// A problem without a place.
    pub fn of(code: Code) -> Self {
        Self { code, offset: None, args: [0; 3], expected: "", detail: Detail::Plain, specified: "" }
    }

    /// A problem of a layer outside the DHCP message.
    pub fn outer(code: Code, args: [usize; 3]) -> Self {
        Self { args: args.map(clamp), ..Self::of(code) }
    }

    /// The same problem, with what was expected.
    #[must_use]
    pub fn expecting(self, expected: &'static str) -> Self {
        Self { expected, ..self }
    }

    /// The same problem, with what exactly is wrong with the value of an option, and where that option is specified.
    #[must_use]
    pub fn of_value(self, detail: Detail, specified: &'static str) -> Self {
        Self { detail, specified, ..self }
    }

    /// The specification it is judged by: that of the option where its value is wrong.
    pub fn reference(&self) -> &'static str {
        if self.specified.is_empty() { self.code.reference() } else { self.specified }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// True when the bytes break their format. What a well-formed message says wrongly is another matter: it is no damage.
    pub fn is_malformed(&self) -> bool {
        self.severity() == Severity::Error && !self.code.is_semantic()
    }
}

fn clamp(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Makes the enum of a table of codes: each with its severity, its name and its reference.
macro_rules! coded {
    ($(#[$about:meta])* $codes:ident;
        $($(#[$doc:meta])* $variant:ident: $severity:ident, $name:literal, $reference:literal;)*) => {
        $(#[$about])*
        pub enum $codes { $($(#[$doc])* $variant,)* }

        impl $codes {
            /// The name used in text and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How bad it is.
            pub fn severity(self) -> $crate::wire::problem::Severity {
                match self { $(Self::$variant => $crate::wire::problem::Severity::$severity,)* }
            }

            /// The specification it is judged by.
            pub fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference,)* }
            }
        }
    };
}

pub(crate) use coded;

macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident: $severity:ident, $name:literal, $reference:literal,
        |$f:ident, $args:pat_param| $write:expr;)*) => {
        coded! {
            /// The kinds of [`Problem`].
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            Code;
            $($(#[$doc])* $variant: $severity, $name, $reference;)*
        }

        impl Code {
            /// Every code, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }

        impl fmt::Display for Problem {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.detail != Detail::Plain {
                    let [code, _, text] = self.args;
                    write!(f, "option {code}: {}{}", self.detail, is_text(text))?;
                    return if self.expected.is_empty() { Ok(()) } else { write!(f, " (expected {})", self.expected) };
                }
                match self.code { $(Code::$variant => { let ($f, $args) = (&mut *f, self.args); $write? })* }
                if self.expected.is_empty() { Ok(()) } else { write!(f, " (expected {})", self.expected) }
            }
        }
    };
}

problems! {
    /// The message ends inside the fixed part, and the sender made it so.
    HeaderTruncated: Error, "header-truncated", "RFC 2131 2",
        |f, [have, need, _]| write!(f, "the message has {have} bytes, the fixed part needs {need}");
    /// The capture ends inside the message.
    CaptureCut: Cut, "capture-cut", "",
        |f, [have, promised, _]| write!(f, "the capture holds {have} of {promised} bytes of the message");
    /// A length field of an outer layer promises more than its frame carried.
    LengthLies: Error, "length-lies", "RFC 768",
        |f, [promised, have, _]| write!(f, "the UDP length promises {promised} bytes of message, the datagram has {have}");
    /// The UDP checksum does not fit and was not merely left to the network card.
    ChecksumBad: Warning, "udp-checksum-bad", "RFC 768",
        |f, [found, want, _]| write!(f, "the UDP checksum is {found:#06x}, {want:#06x} was expected");
    /// `op` is neither 1 nor 2.
    OpUnknown: Error, "op-unknown", "RFC 2131 2",
        |f, [op, ..]| write!(f, "op is {op}, neither request (1) nor reply (2)");
    /// `hlen` is larger than the `chaddr` field.
    HlenTooLarge: Error, "hlen-too-large", "RFC 2131 2",
        |f, [hlen, ..]| write!(f, "hlen is {hlen}, chaddr holds 16 bytes");
    /// `hlen` does not fit `htype`.
    HlenUnusual: Warning, "hlen-unusual", "RFC 2131 2",
        |f, [hlen, htype, want]| match (htype, want) {
            (24, _) => write!(f, "hlen is {hlen}: over IEEE 1394 it must be 0"),
            (32, _) => write!(f, "hlen is {hlen}: over InfiniBand it must be 0"),
            (1, _) => write!(f, "hlen is {hlen}, Ethernet addresses have {want} bytes"),
            _ => write!(f, "hlen is {hlen}, addresses of hardware type {htype} have {want} bytes"),
        };
    /// `chaddr` has bytes behind the first `hlen`.
    ChaddrPadding: Warning, "chaddr-padding", "RFC 2131 2",
        |f, [hlen, ..]| write!(f, "chaddr has non-zero bytes after the first {hlen}");
    /// Reserved bits of `flags` are set.
    FlagsReserved: Warning, "flags-reserved", "RFC 2131 2",
        |f, [flags, ..]| write!(f, "reserved bits of flags are set ({flags:#06x})");
    /// No magic cookie: BOOTP without vendor extensions, or another vendor's area.
    CookieMissing: Warning, "cookie-missing", "RFC 2131 3",
        |f, [found, ..]| write!(f, "no DHCP magic cookie ({found:#010x} instead of 0x63825363): plain BOOTP");
    /// The message ends before a magic cookie.
    CookieTruncated: Warning, "cookie-truncated", "RFC 2131 3",
        |f, [have, ..]| write!(f, "{have} bytes instead of the four of the magic cookie");
    /// An option has a code but no length byte.
    OptionNoLength: Error, "option-no-length", "RFC 2132 2",
        |f, [code, ..]| write!(f, "option {code} has no length byte");
    /// An option promises more bytes than are left.
    OptionTruncated: Error, "option-truncated", "RFC 2132 2",
        |f, [code, length, left]| write!(f, "option {code} says {length} bytes, {left} are left");
    /// An option of Neighbor Discovery has no length, so that nothing behind it can be found.
    OptionLengthZero: Error, "option-length-zero", "RFC 4861 4.6",
        |f, [code, ..]| write!(f, "option {code} has a length of zero: what follows cannot be read");
    /// An option stands where it means nothing (RFC 9915, appendix B).
    OptionMisplaced: Warning, "option-misplaced", "RFC 9915 B",
        |f, [code, kind, _]| write!(f, "option {code} has no place in {}", message6(kind));
    /// A message lacks the client identifier.
    ClientIdMissing: Error, "client-id-missing", "RFC 9915 16",
        |f, [kind, ..]| write!(f, "{} has no client identifier (1)", message6(kind));
    /// A message lacks the server identifier.
    ServerIdMissing: Error, "server-id-missing", "RFC 9915 16",
        |f, [kind, ..]| write!(f, "{} has no server identifier (2)", message6(kind));
    /// A message has a server identifier and must not.
    ServerIdUnexpected: Error, "server-id-unexpected", "RFC 9915 16",
        |f, [kind, ..]| write!(f, "{} must not have a server identifier (2)", message6(kind));
    /// A message has an identity association and must not.
    IaUnexpected: Error, "ia-unexpected", "RFC 9915 16",
        |f, [code, kind, _]| write!(f, "option {code} must not be in {}", message6(kind));
    /// A relay message carries no message.
    RelayMessageMissing: Error, "relay-message-missing", "RFC 9915 19",
        |f, _| f.write_str("the relay message carries no message (option 9)");
    /// More relays than a message may pass.
    HopCountExceeded: Warning, "hop-count-exceeded", "RFC 9915 7.6",
        |f, [count, ..]| write!(f, "the hop count is {count}: relays discard what has passed 8");
    /// Hop counts do not grow outwards.
    HopCountOrder: Note, "hop-count-order", "RFC 9915 19.1.2",
        |f, [inner, outer, _]| write!(f, "the relayed message has hop count {inner}, the one around it {outer}");
    /// A link address that no server can tell a link by.
    LinkAddressUnusable: Warning, "link-address-unusable", "RFC 9915 19.1.1",
        |f, _| f.write_str("the link address names no link: a server cannot choose addresses by it");
    /// T1 is later than T2.
    T1AfterT2: Error, "t1-after-t2", "RFC 9915 21.4",
        |f, [t1, t2, _]| write!(f, "T1 ({t1} s) is later than T2 ({t2} s): clients drop this IA");
    /// The preferred lifetime is longer than the valid one.
    LifetimeInverted: Error, "lifetime-inverted", "RFC 9915 21.6",
        |f, [preferred, valid, _]| write!(f, "preferred for {preferred} s but valid for {valid} s: clients drop this lease");
    /// T2 comes after the leases have ended.
    T2AfterValid: Warning, "t2-after-valid", "RFC 9915 21.4",
        |f, [t2, valid, _]| write!(f, "T2 ({t2} s) comes when the lease has ended ({valid} s)");
    /// A lease of no time.
    LifetimeZero: Note, "lifetime-zero", "RFC 9915 18.2.10.1",
        |f, _| f.write_str("the valid lifetime is 0: the lease is gone");
    /// A prefix length of more than 128.
    PrefixLengthInvalid: Error, "prefix-length-invalid", "RFC 9915 21.22",
        |f, [length, ..]| write!(f, "a prefix length of {length}");
    /// Bits behind the prefix are set.
    PrefixHostBits: Warning, "prefix-host-bits", "RFC 9915 21.22",
        |f, [length, ..]| write!(f, "bits behind the first {length} of the prefix are set");
    /// A DUID that is too short or too long.
    DuidLength: Error, "duid-length", "RFC 9915 11.1",
        |f, [length, ..]| write!(f, "a DUID of {length} bytes: 3 to 130 are allowed");
    /// A client's message without its elapsed time.
    ElapsedMissing: Note, "elapsed-missing", "RFC 9915 21.9",
        |f, [kind, ..]| write!(f, "{} has no elapsed time (8)", message6(kind));
    /// An option is asked for that cannot be.
    OroForbidden: Note, "oro-forbidden", "RFC 9915 21.7",
        |f, [code, ..]| write!(f, "option {code} has no place among the options asked for");
    /// The option with the server's retransmission limit is not asked for.
    MaxRtMissing: Note, "max-rt-missing", "RFC 9915 21.24",
        |f, [code, ..]| write!(f, "option {code} is not among the options asked for");
    /// A retransmission limit that clients ignore.
    MaxRtRange: Warning, "max-rt-range", "RFC 9915 21.24",
        |f, [code, value, _]| write!(f, "option {code} is {value} s: clients ignore what is not between 60 and 86400");
    /// A refresh time that clients raise.
    RefreshTimeSmall: Warning, "refresh-time-small", "RFC 9915 21.23",
        |f, [value, ..]| write!(f, "a refresh time of {value} s: clients take 600");
    /// The text of a status ends with a zero.
    StatusTextNul: Note, "status-text-nul", "RFC 9915 21.13",
        |f, _| f.write_str("the text of the status ends with a zero byte");
    /// A RECONFIGURE that proves nothing.
    AuthMissing: Error, "auth-missing", "RFC 9915 16.11",
        |f, _| f.write_str("the reconfigure has no authentication (11): clients ignore it");
    /// A server answers to a group.
    MulticastReply: Warning, "multicast-reply", "RFC 9915 16",
        |f, _| f.write_str("a server's message is sent to a multicast address: clients should not accept it");
    /// A source port that is neither client nor server's.
    PortUnusual: Note, "port-unusual", "RFC 9915 7.2",
        |f, [port, ..]| write!(f, "sent from port {port}, neither 546 nor 547");
    /// A destination port on which nobody listens.
    PortWrong: Error, "port-unusual", "RFC 9915 7.2",
        |f, [port, ..]| write!(f, "sent to port {port}, neither 546 nor 547");
    /// No UDP checksum over IPv6.
    ChecksumZero: Error, "checksum-zero", "RFC 8200 8.1",
        |f, _| f.write_str("there is no UDP checksum, which IPv6 requires: receivers drop the datagram");
    /// What is no longer to be sent.
    ObsoleteOption: Note, "obsolete-option", "RFC 9915 A",
        |f, [code, ..]| write!(f, "option {code} is obsolete");
    /// A message that a router may have passed on.
    HopLimitNot255: Error, "hop-limit-not-255", "RFC 4861 6.1",
        |f, [limit, ..]| write!(f, "the hop limit is {limit}, not 255: hosts ignore it");
    /// An advertisement that does not come from a link-local address.
    SourceNotLinkLocal: Error, "source-not-link-local", "RFC 4861 6.1.2",
        |f, _| f.write_str("the source is no link-local address: hosts ignore it");
    /// An ICMPv6 code other than 0.
    IcmpCodeNonzero: Error, "icmp-code-nonzero", "RFC 4861 6.1",
        |f, [code, ..]| write!(f, "the ICMPv6 code is {code}, not 0: it is ignored");
    /// An ICMPv6 checksum that does not fit.
    IcmpChecksumBad: Error, "icmp-checksum-bad", "RFC 4861 6.1",
        |f, [found, want, _]| write!(f, "the ICMPv6 checksum is {found:#06x}, {want:#06x} was expected: it is ignored");
    /// A solicitation that has no source and says its hardware address.
    SllaFromUnspecified: Error, "slla-from-unspecified", "RFC 4861 6.1.1",
        |f, _| f.write_str("a solicitation from :: has a source link-layer address: routers ignore it");
    /// A prefix that is link-local.
    PrefixLinkLocal: Warning, "prefix-link-local", "RFC 4862 5.5.3",
        |f, _| f.write_str("hosts ignore an autonomous prefix that is link-local");
    /// A prefix preferred for longer than it is valid.
    PrefixLifetimesInverted: Warning, "prefix-lifetimes-inverted", "RFC 4862 5.5.3",
        |f, [preferred, valid, _]| write!(f, "preferred for {preferred} s but valid for {valid} s: hosts ignore this prefix");
    /// A prefix that no interface identifier fits.
    SlaacPrefixNot64: Warning, "slaac-prefix-not-64", "RFC 4862 5.5.3",
        |f, [length, ..]| write!(f, "an autonomous prefix of length {length}: hosts make addresses of 64 only");
    /// The reserved preference.
    PreferenceReserved: Warning, "preference-reserved", "RFC 4191 2.2",
        |f, _| f.write_str("the preference has the reserved value, which counts as medium");
    /// A preference of a router that is no default router.
    PreferenceWithoutLifetime: Warning, "preference-without-lifetime", "RFC 4191 2.2",
        |f, _| f.write_str("a preference but a router lifetime of 0");
    /// An MTU that IPv6 does not work with.
    MtuBelow1280: Warning, "mtu-below-1280", "RFC 8200 5",
        |f, [mtu, ..]| write!(f, "an MTU of {mtu}: IPv6 needs 1280");
    /// DNS servers, but none.
    RdnssEmpty: Warning, "rdnss-empty", "RFC 8106 5.1",
        |f, _| f.write_str("the option for DNS servers names none");
    /// A router lifetime that was once too long.
    RouterLifetimeLong: Note, "router-lifetime-long", "RFC 4861 6.2.1",
        |f, [lifetime, ..]| write!(f, "a router lifetime of {lifetime} s: more than 9000 was not allowed before RFC 8319");
    /// Options or messages are nested deeper than is followed.
    NestingTooDeep: Error, "nesting-too-deep", "RFC 9915 16",
        |f, _| f.write_str("options are nested too deep to be followed");
    /// The options do not end with option 255.
    EndMissing: Warning, "end-missing", "RFC 2131 4.1",
        |f, _| f.write_str("the options have no End (255)");
    /// Non-zero bytes follow End.
    BytesAfterEnd: Warning, "bytes-after-end", "RFC 2132 3.2",
        |f, [count, ..]| write!(f, "{count} bytes follow End and are not all zero");
    /// A DHCP message (options 53) comes twice or an option that may not be split does.
    OptionRepeated: Warning, "option-repeated", "RFC 2131 4.1",
        |f, [code, times, joined]| match joined {
            0 => write!(f, "option {code} comes {times} times"),
            _ => write!(f, "option {code} comes {times} times, and is joined to one value that one could hold"),
        };
    /// The value does not have a length that its type allows.
    ValueLength: Error, "value-length", "RFC 2132",
        |f, [code, length, text]| write!(f, "option {code} cannot have a length of {length}{}", is_text(text));
    /// The value's content breaks its type.
    ValueInvalid: Error, "value-invalid", "RFC 2132",
        |f, [code, _, text]| write!(f, "option {code} has a value its type does not allow{}", is_text(text));
    /// Addresses that are digits and dots: the server was given text.
    AddressText: Warning, "address-text", "RFC 2132",
        |f, [code, _, name]| match name {
            0 => write!(f, "option {code} holds an address as text, which is read as other addresses"),
            _ => write!(f, "option {code} holds a name as text, which is read as addresses"),
        };
    /// A message type that is not assigned.
    MessageTypeUnknown: Warning, "message-type-unknown", "RFC 2132 9.6",
        |f, [value, ..]| write!(f, "message type {value} is not assigned");
    /// `op` contradicts the message type.
    OpContradicts: Warning, "op-contradicts-type", "RFC 2131 3",
        |f, [op, kind, _]| write!(f, "op is {op} but message type {kind} goes the other way");
    /// Option 52 has a value other than 1, 2 and 3.
    OverloadInvalid: Error, "overload-invalid", "RFC 2132 9.3",
        |f, [value, ..]| write!(f, "option overload is {value}, not 1, 2 or 3");
    /// Option overload inside an overloaded field, where it means nothing.
    OverloadNested: Warning, "overload-nested", "RFC 2131 4.1",
        |f, _| f.write_str("option overload inside an overloaded field is ignored");
    /// Options hide in `file` or `sname`.
    Overloaded: Warning, "option-overload", "RFC 2132 9.3",
        |f, [value, ..]| f.write_str(match value {
            1 => "the file field carries options",
            2 => "the sname field carries options",
            _ => "the file and sname fields carry options",
        });
    /// `sname` or `file` has no terminating zero.
    TextUnterminated: Warning, "text-unterminated", "RFC 2131 2",
        |f, [which, ..]| write!(f, "{} has no terminating zero", if which == 0 { "sname" } else { "file" });
    /// The datagram was put together from fragments that overlap.
    FragmentOverlap: Warning, "fragment-overlap", "RFC 5722",
        |f, _| f.write_str("the datagram's fragments overlap");
    /// A message of router discovery came in fragments.
    FragmentedDiscovery: Warning, "fragmented-discovery", "RFC 6980 5",
        |f, _| f.write_str("it came in fragments: hosts ignore router discovery that does");
    /// An OFFER, ACK or NAK without option 54.
    AnswerNamesNoServer: Error, "server-id-missing", "RFC 2131 4.3.1",
        |f, [kind, ..]| write!(f, "this {} has no server identifier (option 54): most clients drop it", said(kind));
    /// An OFFER with an address, without option 51.
    LeaseTimeMissing: Error, "lease-time-missing", "RFC 2131 4.3.1",
        |f, [kind, ..]| write!(f, "this {} has no lease time (option 51)", said(kind));
    /// Option 51 is 0.
    LeaseTimeZero: Error, "lease-time-zero", "RFC 2132 9.2",
        |f, _| f.write_str("the lease time is 0 s");
    /// `yiaddr` is no address that a client can use.
    AddressUnusable: Error, "address-unusable", "RFC 2131 4.3.1, RFC 1122 3.2.1.3",
        |f, [address, why, _]| write!(f, "{} is {}: no address for a client", ip(address), unusable(why));
    /// Option 1 is no mask.
    MaskBad: Warning, "mask-bad", "RFC 2132 3.3",
        |f, [mask, ..]| match mask {
            0 => f.write_str("the subnet mask is 0.0.0.0"),
            _ => write!(f, "the subnet mask {} has holes", ip(mask)),
        };
    /// The first router is not in the subnet given.
    RouterOffSubnet: Warning, "router-off-subnet", "RFC 2132 3.5",
        |f, [router, address, prefix]| write!(f, "router {} is outside {}/{prefix}", ip(router), ip(address));
    /// Option 121 lacks a default route and option 3 is there.
    RoutesWithoutDefault: Warning, "routes-without-default", "RFC 3442",
        |f, [code, ..]| write!(f, "option {code} has no default route, and clients that obey it ignore option 3");
    /// A name server that is none.
    DnsUnusable: Warning, "dns-unusable", "RFC 2132 3.8",
        |f, [address, ..]| write!(f, "name server {} cannot be asked", ip(address));
    /// T1, T2 and the lease time are not in order.
    TimersDisordered: Warning, "timers-disordered", "RFC 2131 4.4.5",
        |f, [t1, t2, lease]| write!(f, "T1 {}, T2 {}, lease {}: they must grow", seconds(t1), seconds(t2), seconds(lease));
    /// Option 3 before option 1.
    MaskBehindRouter: Note, "mask-behind-router", "RFC 2132 3.3",
        |f, _| f.write_str("the subnet mask (1) stands behind the routers (3), and must stand before them");
    /// An interface MTU that needs every device to agree.
    MtuUnusual: Note, "mtu-unusual", "RFC 2132 5.1",
        |f, [mtu, ..]| write!(f, "the MTU is set to {mtu} bytes");
    /// An OFFER that offers nothing.
    OfferWithoutAddress: Error, "offer-without-address", "RFC 2131 4.3.1",
        |f, _| f.write_str("this OFFER has no address (yiaddr is 0.0.0.0)");
    /// Option 54 is 0.0.0.0.
    ServerIdZero: Error, "server-id-zero", "RFC 2132 9.7",
        |f, [kind, ..]| write!(f, "this {} names 0.0.0.0 as its server", said(kind));
    /// A REQUEST that fits no state of a client.
    RequestFields: Warning, "request-fields", "RFC 2131 4.3.6 table 4",
        |f, [which, ..]| f.write_str(match which {
            1 => "ciaddr and the server identifier (54) are both set: no state of a client has both",
            2 => "ciaddr and the requested address (50) are both set: no state of a client has both",
            _ => "neither ciaddr nor the requested address (50) is set: nothing is asked for",
        });
    /// A renewal that does not come from the address renewed.
    RenewSourceDiffers: Warning, "renew-source-differs", "RFC 2131 4.3.2",
        |f, [source, ciaddr, _]| write!(f, "the renewal of {} comes from {}", ip(ciaddr), ip(source));
    /// Option 82 in what a client sent.
    Option82FromClient: Note, "option-82-from-client", "RFC 3046 2.1",
        |f, _| f.write_str("relay agent information (82) without a relay: a switch put it in");
    /// Fewer bytes than some old middle boxes want.
    MessageShort: Note, "message-short", "RFC 951 3, RFC 1542 2.1",
        |f, [length, ..]| write!(f, "the message has {length} bytes; some relays and servers want 300");
}

impl Code {
    /// Problems of what a well-formed message says; everything else is about its bytes.
    pub fn is_semantic(self) -> bool {
        matches!(
            self,
            Self::AnswerNamesNoServer
                | Self::LeaseTimeMissing
                | Self::LeaseTimeZero
                | Self::AddressUnusable
                | Self::MaskBad
                | Self::RouterOffSubnet
                | Self::RoutesWithoutDefault
                | Self::DnsUnusable
                | Self::TimersDisordered
                | Self::MaskBehindRouter
                | Self::MtuUnusual
                | Self::OfferWithoutAddress
                | Self::ServerIdZero
                | Self::RequestFields
                | Self::RenewSourceDiffers
                | Self::Option82FromClient
                | Self::MessageShort
        )
    }
}

fn ip(bits: u32) -> Ipv4Addr {
    Ipv4Addr::from(bits)
}

/// A message type as it is written in sentences.
fn said(kind: u32) -> String {
    let kind = u8::try_from(kind).map_or(MessageType(0), MessageType);
    kind.to_string().to_uppercase()
}

/// What stands for a timer that is not there. All ones are a time that never ends (RFC 2131 §3.3).
pub(in crate::wire) const ABSENT: u32 = u32::MAX - 1;

/// Seconds.
fn seconds(value: u32) -> String {
    match value {
        ABSENT => "absent".to_owned(),
        u32::MAX => "infinite".to_owned(),
        _ => format!("{value} s"),
    }
}

/// Why an address is none for a client; the second number of [`Code::AddressUnusable`].
fn unusable(why: u32) -> &'static str {
    match why {
        0 => "in 0.0.0.0/8",
        1 => "a loopback address",
        2 => "a link-local address",
        3 => "a multicast or reserved address",
        4 => "the network address of its subnet",
        5 => "the broadcast address of its subnet",
        6 => "the server's own address",
        7 => "the relay's own address",
        _ => "a router's own address",
    }
}

/// The name of a DHCPv6 message.
fn message6(kind: u32) -> crate::wire::v6::MessageType {
    crate::wire::v6::MessageType(u8::try_from(kind).unwrap_or_default())
}

/// What stands instead of the value, where that is easily told.
fn is_text(text: u32) -> &'static str {
    if text == 0 { "" } else { ": it is text" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sentences_say_their_numbers() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        // A source and a destination port differ in severity; a server identifier may be missing in both protocols.
        assert_eq!(twice, ["port-unusual", "server-id-missing"]);
        let timers = |args| Problem { args, ..Problem::of(Code::TimersDisordered) }.to_string();
        assert_eq!(timers([u32::MAX, ABSENT, 60]), "T1 infinite, T2 absent, lease 60 s: they must grow");
        let problem = Problem::at(Code::OptionTruncated, 282, [3, 8, 4]);
        assert_eq!(problem.to_string(), "option 3 says 8 bytes, 4 are left");
        assert_eq!((problem.severity(), problem.offset), (Severity::Error, Some(282)));
        let problem = Problem::at(Code::ValueLength, 282, [150, 15, 1]).expecting("an IPv4 address");
        assert_eq!(
            problem.to_string(),
            "option 150 cannot have a length of 15: it is text (expected an IPv4 address)"
        );
    }
}

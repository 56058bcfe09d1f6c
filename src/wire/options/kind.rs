//! The shapes an option's value can have. Code branches on these, never on single options.

use std::fmt;

use super::registry::Space;
use super::shapes::Shape;

/// How many bytes a number takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    One,
    /// Two bytes, network order.
    Two,
    /// Four bytes, network order.
    Four,
}

impl Width {
    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// The largest number that fits.
    pub const fn max(self) -> u32 {
        match self {
            Self::One => 0xff,
            Self::Two => 0xffff,
            Self::Four => u32::MAX,
        }
    }
}

/// Names of the values of an enumerated number.
#[derive(Debug)]
pub struct Names {
    /// What is enumerated, for error messages: `a message type`.
    pub what: &'static str,
    /// Number and name, ascending by number.
    pub entries: &'static [(u32, &'static str)],
}

impl Names {
    /// The name of `value`.
    #[inline]
    pub fn name(&self, value: u32) -> Option<&'static str> {
        // Most tables are dense and start at 0 or 1: try the direct place before searching.
        let direct = usize::try_from(value).ok()?;
        for index in [direct, direct.wrapping_sub(1)] {
            if let Some(&(number, name)) = self.entries.get(index)
                && number == value
            {
                return Some(name);
            }
        }
        let index = self.entries.binary_search_by_key(&value, |entry| entry.0).ok()?;
        self.entries.get(index).map(|entry| entry.1)
    }

    /// The number that `name` stands for, case ignored.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.entries.iter().find(|entry| entry.1.eq_ignore_ascii_case(name)).map(|entry| entry.0)
    }
}

/// One member of a [`Kind::Record`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Key in JSON and text, snake case.
    pub key: &'static str,
    /// Its shape.
    pub kind: Kind,
    /// The value may end before it.
    pub optional: bool,
    /// What it is, as text, where whoever writes the value leaves it out.
    pub absent: Option<&'static str>,
}

impl Field {
    /// A member that is always there.
    pub const fn new(key: &'static str, kind: Kind) -> Self {
        Self { key, kind, optional: false, absent: None }
    }

    /// The same member, which is `text` where it is left out.
    #[must_use]
    pub const fn or(self, text: &'static str) -> Self {
        Self { absent: Some(text), ..self }
    }

    /// A member that may be missing together with all that follow it.
    pub const fn optional(key: &'static str, kind: Kind) -> Self {
        Self { key, kind, optional: true, absent: None }
    }
}

/// A record whose first number decides what follows.
#[derive(Debug)]
pub struct Switch {
    /// Key of the deciding number.
    pub key: &'static str,
    /// Its width.
    pub width: Width,
    /// Its names.
    pub names: &'static Names,
    /// What follows each known number.
    pub arms: &'static [(u32, &'static [Field])],
    /// What follows any other.
    pub other: &'static [Field],
}

impl Switch {
    /// What follows `tag`.
    pub fn fields(&self, tag: u32) -> &'static [Field] {
        self.arms.iter().find(|arm| arm.0 == tag).map_or(self.other, |arm| arm.1)
    }
}

/// The shape of an option's value: decoding, encoding, text and JSON all follow from it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// No payload: being there is the value.
    Empty,
    /// One byte, 0 or 1.
    Flag,
    /// One byte, unsigned.
    U8,
    /// Two bytes, unsigned.
    U16,
    /// Two bytes, unsigned, least significant first, as PXE has its ports.
    U16Le,
    /// Four bytes, unsigned.
    U32,
    /// Eight bytes, unsigned.
    U64,
    /// Four bytes, two's complement.
    I32,
    /// Four bytes of seconds; all ones is a number like any other.
    Seconds,
    /// Four bytes of seconds; all ones means "no end" (RFC 2131 §3.3).
    Lifetime,
    /// A number known by its name: the name in JSON, the number where it has none.
    Enum(Width, &'static Names),
    /// A number with names for people: the number in JSON.
    Coded(Width, &'static Names),
    /// A set of flags: the list of their names; bits without a name stay a number.
    Bits(Width, &'static [(u32, &'static str)]),
    /// The code of an option of this space (55 of DHCPv4, 6 of DHCPv6).
    OptionCode(&'static Space),
    /// Text up to the end; trailing zero bytes are dropped (RFC 2132 §2).
    Text,
    /// Text where every byte is printable, else bytes.
    Auto,
    /// Bytes that are the meaning (a nonce, an opaque identifier).
    Bytes,
    /// So many reserved bytes, then the value.
    After(u8, &'static Kind),
    /// A number written in hexadecimal: flags.
    HexNumber(Width),
    /// Two bytes of hundredths of a second.
    Hundredths,
    /// Four bytes of seconds since 2000-01-01 UTC.
    Since2000,
    /// Exactly that many bytes.
    Fixed(u8),
    /// Exactly that many bytes of text.
    FixedText(u8),
    /// Bytes whose meaning is not known.
    Opaque,
    /// A hardware address up to the end.
    Hardware,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// Two IPv4 addresses with the keys given (21, 33).
    Pair(&'static [&'static str; 2]),
    /// One classless route: prefix length, significant bytes, router (RFC 3442).
    Route,
    /// One domain name in RFC 1035 labels, uncompressed.
    Domain,
    /// One domain name in labels, uncompressed, odd bytes as `\\DDD` (RFC 9915 §10).
    Name,
    /// The same up to the end, perhaps without its root: only a whole name has a dot at its end (RFC 4704 §4.2).
    PartialName,
    /// An IPv4 prefix: length, then four bytes.
    Prefix4,
    /// An IPv6 prefix: length, then sixteen bytes.
    Prefix6,
    /// An IPv6 prefix: length, then only the bytes it needs (RFC 7598 §4.1).
    ShortPrefix,
    /// A DHCP unique identifier (RFC 9915 §11).
    Duid,
    /// A DHCPv6 message (RFC 9915 §21.10).
    Message6,
    /// A DHCPv4 message (RFC 7341 §6.3).
    Message4,
    /// A shape of one option.
    Shaped(Shape),
    /// Domain names up to the end, RFC 1035 compression allowed (RFC 3397 §2).
    Domains,
    /// A UUID of 16 bytes, RFC 4122 order.
    Uuid,
    /// The same shape again and again up to the end.
    List(&'static Kind),
    /// One byte of length, then a value of exactly that length.
    Sized(&'static Kind),
    /// Two bytes of length, then a value of exactly that length.
    Sized16(&'static Kind),
    /// One byte with the number of values, then those.
    Counted(&'static Kind),
    /// Members one after the other.
    Record(&'static [Field]),
    /// A record whose first number decides what follows.
    Switch(&'static Switch),
    /// Nested options.
    Options(&'static Space),
    /// Nested options if they parse, else bytes of unknown meaning.
    Lenient(&'static Space),
    /// Vendor specific information (43): nested options of the space that the vendor class names, if they parse.
    Vendor,
    /// Vendor-identifying vendor class (124, RFC 3925 §3).
    VendorClasses,
    /// Vendor-identifying vendor options (125, RFC 3925 §4).
    VendorOptions,
    /// Client fully qualified domain name (81, RFC 4702 §2).
    Fqdn,
    /// Client identifier (61, RFC 2132 §9.14, RFC 4361 §6.1).
    ClientId,
    /// User class (77): the list of RFC 3004, or the bare text that iPXE and others send.
    UserClass,
}

impl Kind {
    /// True when a zero-length option can have this shape.
    pub(super) fn may_be_empty(&self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::Auto
                | Self::List(_)
                | Self::Domains
                | Self::UserClass
                | Self::ClientId
                | Self::VendorClasses
                | Self::VendorOptions
        )
    }

    /// The size of what stands in front of nested options, and their space, where these end a value whose other members have fixed sizes.
    pub(super) fn holds_options(&self) -> Option<(usize, &'static Space)> {
        match self {
            Self::Record(fields) => {
                let (last, before) = fields.split_last()?;
                let Self::Options(space) = last.kind else { return None };
                Some((before.iter().map(|field| field.kind.fixed_len()).sum::<Option<usize>>()?, space))
            }
            Self::Shaped(shape) => shape.holds_options(),
            _ => None,
        }
    }

    /// How many bytes it takes, where that is always the same and each item of a list is only that.
    pub(super) fn fixed_len(&self) -> Option<usize> {
        Some(match self {
            Self::U16 | Self::U16Le | Self::Hundredths => 2,
            Self::U32 | Self::I32 | Self::Seconds | Self::Lifetime | Self::Ip4 | Self::Since2000 => 4,
            Self::U64 | Self::Pair(_) => 8,
            Self::Ip6 | Self::Uuid => 16,
            Self::Enum(width, _) | Self::Coded(width, _) | Self::Bits(width, _) => width.bytes(),
            Self::Fixed(length) | Self::FixedText(length) => usize::from(*length),
            _ => return None,
        })
    }

    /// True for numbers, whose text may begin with `0x` without meaning bytes.
    pub(super) fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Empty
                | Self::Flag
                | Self::U8
                | Self::U16
                | Self::U16Le
                | Self::U32
                | Self::U64
                | Self::I32
                | Self::Seconds
                | Self::Lifetime
                | Self::Enum(..)
                | Self::Coded(..)
                | Self::OptionCode(_)
                | Self::HexNumber(_)
                | Self::Hundredths
                | Self::Since2000
        )
    }

    /// True when what the bytes mean depends on other options of the message ([`Context`](super::Context)). No other
    /// kind holds such a kind inside.
    pub fn needs_context(&self) -> bool {
        matches!(self, Self::Vendor)
    }

    /// One of it, with article, for error messages: `an IPv4 address`.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Empty => "empty (a flag by being there)",
            Self::Flag => "a flag",
            Self::U8 => "a number from 0 to 255",
            Self::U16 | Self::U16Le | Self::Hundredths => "a number from 0 to 65535",
            Self::HexNumber(_) => "a number",
            Self::Since2000 => "a number of seconds since 2000",
            Self::Prefix4 => "an IPv4 prefix",
            Self::Prefix6 | Self::ShortPrefix => "an IPv6 prefix",
            Self::Duid => "a DUID",
            Self::Message6 => "a DHCPv6 message",
            Self::Message4 => "a DHCPv4 message",
            Self::Shaped(shape) => shape.what(),
            Self::U32 => "a number from 0 to 4294967295",
            Self::U64 => "a number of 64 bits",
            Self::I32 => "a number from -2147483648 to 2147483647",
            Self::Seconds | Self::Lifetime => "a duration",
            Self::Enum(_, names) | Self::Coded(_, names) => names.what,
            Self::Bits(..) => "a set of flags",
            Self::OptionCode(_) => "an option code or name",
            Self::Text => "text",
            Self::Auto => "text or bytes",
            Self::Bytes | Self::Opaque => "bytes",
            Self::Fixed(_) => "bytes of fixed length",
            Self::FixedText(_) => "text of fixed length",
            Self::Hardware => "a hardware address",
            Self::Ip4 => "an IPv4 address",
            Self::Ip6 => "an IPv6 address",
            Self::Pair(_) => "a pair of IPv4 addresses",
            Self::Route => "a route",
            Self::Domain | Self::Name | Self::PartialName => "a domain name",
            Self::Domains => "a list of domain names",
            Self::Uuid => "a UUID",
            Self::List(Self::Ip4) => "a list of IPv4 addresses",
            Self::List(_) | Self::Counted(_) => "a list",
            Self::Sized(kind) | Self::Sized16(kind) | Self::After(_, kind) => kind.what(),
            Self::Record(_) | Self::Switch(_) => "a record",
            Self::Options(_) | Self::Lenient(_) => "nested options",
            Self::Vendor => "vendor specific information",
            Self::VendorClasses => "a list of vendor classes",
            Self::VendorOptions => "a list of vendor options",
            Self::Fqdn => "a client FQDN",
            Self::ClientId => "a client identifier",
            Self::UserClass => "a user class",
        }
    }

    /// A text that parses as this kind, for error messages, help and tests.
    pub fn example(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Flag => "true".into(),
            Self::U8 => "64".into(),
            Self::U16 | Self::U16Le => "1500".into(),
            Self::Hundredths => "100".into(),
            Self::HexNumber(_) => "0xc0".into(),
            Self::Since2000 => "849007718".into(),
            Self::Prefix4 => "192.0.2.0/24".into(),
            Self::Prefix6 | Self::ShortPrefix => "2001:db8::/32".into(),
            Self::Duid => "type=ll,hardware_type=ethernet,address=02:dc:00:00:00:05".into(),
            Self::Message6 => "message_type=solicit,transaction_id=0x10b2c3,options=[]".into(),
            Self::Message4 => "0x01010600".into(),
            Self::Shaped(shape) => shape.example().into(),
            Self::U32 => "70000".into(),
            Self::U64 => "5000000000".into(),
            Self::I32 => "-3600".into(),
            Self::Seconds | Self::Lifetime => "3600".into(),
            Self::Enum(_, names) => names.entries.first().map_or("1", |entry| entry.1).into(),
            Self::Coded(_, names) => {
                names.entries.first().map_or_else(|| "1".into(), |entry| entry.0.to_string())
            }
            Self::Bits(_, bits) => bits.first().map_or("0", |bit| bit.1).into(),
            Self::OptionCode(_) => "3".into(),
            Self::Text | Self::Auto => "example".into(),
            Self::Bytes | Self::Opaque => "0x0102ff".into(),
            Self::Fixed(length) => {
                let mut text = String::from("0x");
                text.extend(std::iter::repeat_n("0a", usize::from(*length)));
                text
            }
            Self::FixedText(length) => "a".repeat(usize::from(*length)),
            Self::Hardware | Self::ClientId => "00:11:22:33:44:55".into(),
            Self::Ip4 => "192.0.2.1".into(),
            Self::Ip6 => "2001:db8::1".into(),
            Self::Pair(_) => "192.0.2.0=198.51.100.1".into(),
            Self::Route => "10.0.0.0/8=10.0.0.1".into(),
            Self::Domain | Self::Name | Self::PartialName => "example.com".into(),
            Self::Domains => "example.com,corp.example.com".into(),
            Self::Uuid => "00112233-4455-6677-8899-aabbccddeeff".into(),
            Self::List(Self::Ip4) => "192.0.2.1,192.0.2.2".into(),
            Self::List(Self::OptionCode(_)) => "1,3,6,15".into(),
            Self::List(kind) | Self::Counted(kind) => {
                let one = kind.example_inside();
                format!("{one},{one}")
            }
            Self::Sized(kind) | Self::Sized16(kind) | Self::After(_, kind) => kind.example(),
            Self::Record(fields) => record_example(&[], fields),
            Self::Switch(switch) => switch.arms.first().map_or_else(String::new, |&(tag, fields)| {
                let tag = switch.names.name(tag).map_or_else(|| tag.to_string(), str::to_owned);
                record_example(&[format!("{}={tag}", switch.key)], fields)
            }),
            Self::Options(space) | Self::Lenient(space) => space.table.first().map_or_else(
                || "1:hex=00".into(),
                |row| format!("{}={}", row.name, row.kind.example_inside()),
            ),
            Self::Vendor => "1:hex=0102".into(),
            Self::VendorClasses => "{enterprise=3561,class=example}".into(),
            Self::VendorOptions => "{enterprise=3561,options=[1=001122]}".into(),
            Self::Fqdn => "flags=[server-update,encoded],rcode1=0,rcode2=0,name=host.example.com.".into(),
            Self::UserClass => "[example]".into(),
        }
    }

    /// As [`Kind::example`], but as it stands inside another value.
    fn example_inside(&self) -> String {
        let text = self.example();
        match self {
            Self::Sized(kind) | Self::Sized16(kind) | Self::After(_, kind) => kind.example_inside(),
            Self::Shaped(shape) if shape.is_plain() => text,
            Self::Shaped(shape) if !shape.is_list() => format!("{{{text}}}"),
            Self::Shaped(_)
            | Self::List(_)
            | Self::Counted(_)
            | Self::Domains
            | Self::Options(_)
            | Self::Lenient(_)
            | Self::Bits(..)
            | Self::Vendor
            | Self::VendorClasses
            | Self::VendorOptions => format!("[{text}]"),
            Self::Record(_) | Self::Switch(_) | Self::Fqdn | Self::Duid | Self::Message6 => {
                format!("{{{text}}}")
            }
            _ => text,
        }
    }
}

fn record_example(first: &[String], fields: &[Field]) -> String {
    let mut parts = first.to_vec();
    parts.extend(fields.iter().map(|field| format!("{}={}", field.key, field.kind.example_inside())));
    parts.join(",")
}

impl fmt::Display for Kind {
    /// The type as `dhcptool options` lists it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Flag => f.write_str("flag"),
            Self::U8 => f.write_str("uint8"),
            Self::U16 | Self::U16Le => f.write_str("uint16"),
            Self::U32 => f.write_str("uint32"),
            Self::U64 => f.write_str("uint64"),
            Self::HexNumber(width) => write!(f, "uint{}", width.bytes().saturating_mul(8)),
            Self::Hundredths => f.write_str("hundredths of a second"),
            Self::Since2000 => f.write_str("seconds since 2000"),
            Self::Prefix4 => f.write_str("IPv4 prefix"),
            Self::Prefix6 | Self::ShortPrefix => f.write_str("IPv6 prefix"),
            Self::Duid => f.write_str("DUID"),
            Self::Message6 => f.write_str("DHCPv6 message"),
            Self::Message4 => f.write_str("DHCPv4 message"),
            Self::Shaped(shape) => f.write_str(shape.type_name()),
            Self::PartialName => f.write_str("domain name, perhaps partial"),
            Self::I32 => f.write_str("int32"),
            Self::Seconds => f.write_str("seconds"),
            Self::Lifetime => f.write_str("seconds or infinite"),
            Self::Enum(_, names) | Self::Coded(_, names) => {
                f.write_str(names.what.trim_start_matches("an ").trim_start_matches("a "))
            }
            Self::Bits(..) => f.write_str("flags"),
            Self::OptionCode(_) => f.write_str("option code"),
            Self::Text => f.write_str("text"),
            Self::Auto => f.write_str("text or bytes"),
            Self::Bytes | Self::Opaque => f.write_str("bytes"),
            Self::Fixed(length) => write!(f, "{length} bytes"),
            Self::FixedText(length) => write!(f, "text of {length} bytes"),
            Self::Hardware => f.write_str("hardware address"),
            Self::Ip4 => f.write_str("IPv4 address"),
            Self::Ip6 => f.write_str("IPv6 address"),
            Self::Pair([first, second]) => write!(f, "{first}={second}"),
            Self::Route => f.write_str("route"),
            Self::Domain | Self::Name => f.write_str("domain name"),
            Self::Domains => f.write_str("list of domain name"),
            Self::Uuid => f.write_str("UUID"),
            Self::List(kind) | Self::Counted(kind) => write!(f, "list of {kind}"),
            Self::Sized(kind) | Self::Sized16(kind) | Self::After(_, kind) => fmt::Display::fmt(kind, f),
            Self::Record(fields) if fields.len() > 8 => write!(f, "record of {} members", fields.len()),
            Self::Record(fields) => {
                f.write_str("record of ")?;
                for (index, field) in fields.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    f.write_str(field.key)?;
                }
                Ok(())
            }
            Self::Switch(switch) => write!(f, "record by {}", switch.key),
            Self::Options(space) | Self::Lenient(space) => write!(f, "options of {}", space.name),
            Self::Vendor => f.write_str("vendor options"),
            Self::VendorClasses => f.write_str("list of enterprise and class"),
            Self::VendorOptions => f.write_str("list of enterprise and options"),
            Self::Fqdn => f.write_str("client FQDN"),
            Self::ClientId => f.write_str("client identifier"),
            Self::UserClass => f.write_str("user class"),
        }
    }
}

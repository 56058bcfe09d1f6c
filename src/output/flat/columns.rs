//! The table of columns: what a row can hold, by name and type.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::wire::options::{Kind, Space, v4, v6, vendor};

/// What a column holds, in every row: nothing (null), or a value of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A whole number that fits into 64 bits with sign.
    Integer,
    /// A number with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// Text.
    Text,
    /// A list of texts; joined by a space where a cell can hold one text only.
    List,
    /// A moment, RFC 3339 in UTC.
    Time,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name, snake case.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// What it says.
    pub about: &'static str,
    /// Where its values come from.
    pub source: Source,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A field of the packet, or what is around it.
    Field(Field),
    /// An option of DHCPv4.
    Option(u8),
    /// An option nested in one of DHCPv4.
    Nested {
        /// The outer option.
        code: u8,
        /// The space of the nested one.
        space: &'static Space,
        /// The nested option.
        sub: u16,
    },
    /// An option of DHCPv6, of the innermost message that has it, or inside an identity association of it.
    SixOption(u16),
    /// What the command that writes the rows knows itself.
    Own,
}

macro_rules! fields {
    ($($variant:ident = $name:literal, $kind:ident, $about:literal;)*) => {
        /// A field of the packet, or of what is around it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $(#[doc = $about] $variant,)* }

        const FIELDS: &[(&str, Type, Field, &str)] = &[$(($name, Type::$kind, Field::$variant, $about),)*];
    };
}

fields! {
    Capture = "capture", Text, "The capture, as it was named; null live.";
    Number = "number", Integer, "The frame's number in its capture, from 1.";
    Time = "time", Time, "When it was captured.";
    TimeNs = "time_ns", Integer, "The same in nanoseconds since 1970.";
    Interface = "interface", Text, "The interface, where known.";
    Direction = "direction", Text, "Which way the frame went: in or out, where known.";
    Comment = "comment", Text, "The first remark about the frame in its capture.";
    CapturedLength = "captured_length", Integer, "Bytes of the frame that were captured.";
    OriginalLength = "original_length", Integer, "Bytes of the frame on the wire.";
    Layers = "layers", List, "The layers around the message, outermost first.";
    QuotedIn = "quoted_in", Text, "icmp where an ICMP error quotes the message.";
    LinkType = "link_type", Text, "The innermost link layer.";
    LinkSrc = "link_src", Text, "Its source address.";
    LinkDst = "link_dst", Text, "Its destination address.";
    Vlans = "vlans", List, "VLAN tags, outermost first.";
    Priorities = "priorities", List, "Their priorities (802.1p), 0 to 7.";
    IpVersion = "ip_version", Integer, "4 or 6.";
    IpSrc = "ip_src", Text, "Source address.";
    IpDst = "ip_dst", Text, "Destination address.";
    IpTtl = "ip_ttl", Integer, "Time to live, or hop limit.";
    IpDscp = "ip_dscp", Integer, "Differentiated services code point.";
    IpEcn = "ip_ecn", Integer, "Explicit congestion notification.";
    IpId = "ip_id", Integer, "Identification; null in IPv6.";
    IpDontFragment = "ip_dont_fragment", Boolean, "The packet must not be cut into pieces; null in IPv6.";
    UdpSrcPort = "udp_src_port", Integer, "Source port.";
    UdpDstPort = "udp_dst_port", Integer, "Destination port.";
    UdpChecksum = "udp_checksum", Text, "good, bad, absent or unknown.";
    Protocol = "protocol", Text, "dhcpv4, dhcpv6 or icmpv6.";
    Op = "op", Integer, "1 is a request, 2 a reply.";
    Htype = "htype", Integer, "Hardware type.";
    Hlen = "hlen", Integer, "Length of the hardware address.";
    Hops = "hops", Integer, "Relays that the message passed.";
    Xid = "xid", Text, "Transaction identifier, 0x and eight digits.";
    Secs = "secs", Integer, "Seconds that the client has been trying.";
    Flags = "flags", Text, "The flags, 0x and four digits.";
    Broadcast = "broadcast", Boolean, "The client asks for broadcast answers.";
    Ciaddr = "ciaddr", Text, "The client's address.";
    Yiaddr = "yiaddr", Text, "The address that it is given.";
    Siaddr = "siaddr", Text, "The next server.";
    Giaddr = "giaddr", Text, "The relay.";
    Chaddr = "chaddr", Text, "The client's hardware address.";
    Sname = "sname", Text, "The server's name.";
    File = "file", Text, "The boot file.";
    MessageType = "message_type", Text, "Name of the message type; null for BOOTP.";
    SixMessageType = "v6_message_type", Text, "Name of the DHCPv6 message type; of a relayed message its own.";
    SixTransactionId = "v6_transaction_id", Text, "Transaction identifier, 0x and six digits.";
    SixHopCount = "v6_hop_count", Integer, "Relays that the message passed, as the last one says.";
    SixLinkAddress = "v6_link_address", Text, "An address of the client's link, as the relay next to it says.";
    SixPeerAddress = "v6_peer_address", Text, "Who the relay next to the client got the message from.";
    Problems = "problems", List, "Codes of the problems.";
}

/// The columns of a packet: fields, then options by code with those nested in them.
pub static PACKET: LazyLock<Vec<Column>> = LazyLock::new(packet_columns);

/// The columns of the answers of `discover`: what it found out itself, then those of the packet.
pub static DISCOVER: LazyLock<Vec<Column>> = LazyLock::new(|| {
    with_own(&[
        ("client_mac", Type::Text, "The client that asked."),
        ("server_id", Type::Text, "The server identifier."),
        ("source_ip", Type::Text, "Where the offer came from."),
        ("source_mac", Type::Text, "The network card it came from."),
        ("address", Type::Text, "The address offered."),
        ("prefixes", Type::List, "Prefixes offered (DHCPv6)."),
        ("latency_ms", Type::Number, "From DISCOVER to OFFER, by the kernel's clock."),
        ("lease_time", Type::Integer, "Seconds the address may be used."),
        ("dns_servers", Type::List, "DNS servers."),
    ])
});

/// The columns of `request`: its outcome, then those of the packet that brought it.
pub static REQUEST: LazyLock<Vec<Column>> = LazyLock::new(|| {
    with_own(&[
        ("client_mac", Type::Text, "The client that asked."),
        ("state", Type::Text, "The state it asked in."),
        ("outcome", Type::Text, "ack, partial (DHCPv6), nak or timeout."),
        ("latency_ms", Type::Number, "From REQUEST to answer, by the kernel's clock."),
        ("sent", Type::Integer, "Messages sent."),
        ("server_id", Type::Text, "The server identifier."),
        ("address", Type::Text, "The address."),
        ("prefixes", Type::List, "Prefixes (DHCPv6)."),
        ("lease_time", Type::Integer, "Seconds the address may be used."),
        ("renewal_time", Type::Integer, "Seconds until renewing (T1)."),
        ("rebinding_time", Type::Integer, "Seconds until rebinding (T2)."),
        ("message", Type::Text, "Why the server refused."),
    ])
});

/// A table.
#[derive(Debug)]
pub struct Table {
    /// What `schema` calls it; several words where several commands print it, none of them for the packets', which it takes by itself.
    pub words: &'static [&'static str],
    /// What it is called in SQL.
    pub sql: &'static str,
    /// Its columns.
    pub columns: &'static LazyLock<Vec<Column>>,
}

/// All tables.
pub static TABLES: [Table; 6] = [
    Table { words: &["", "decode", "sniff"], sql: "dhcp_packets", columns: &PACKET },
    Table { words: &["discover"], sql: "dhcp_offers", columns: &DISCOVER },
    Table { words: &["request"], sql: "dhcp_requests", columns: &REQUEST },
    Table { words: &["handshake"], sql: "dhcp_handshakes", columns: &HANDSHAKE },
    Table { words: &["transactions"], sql: "dhcp_transactions", columns: &TRANSACTION },
    Table { words: &["clients"], sql: "dhcp_clients", columns: &CLIENT },
];

/// What `schema` calls this table, behind a space; nothing for the packets'.
pub fn word(columns: &[Column]) -> String {
    let table = TABLES.iter().find(|table| std::ptr::eq(table.columns.as_slice(), columns));
    let word = table.and_then(|table| table.words.first()).filter(|word| !word.is_empty());
    word.map_or_else(String::new, |word| format!(" {word}"))
}

/// The columns of `handshake`: the fields of its exchanges.
pub static HANDSHAKE: LazyLock<Vec<Column>> = LazyLock::new(|| {
    only_own(&[
        ("time", Type::Time, "When it began."),
        (
            "kind",
            Type::Text,
            "handshake, or in a mix renew, rebind, init-reboot (DHCPv6: confirm), inform or release.",
        ),
        ("client_mac", Type::Text, "The client's hardware address."),
        ("xid", Type::Text, "Transaction identifier, 0x and its digits."),
        ("outcome", Type::Text, "ack, or what failed: no_offer, no_ack, nak, …"),
        ("address", Type::Text, "The address."),
        ("prefixes", Type::List, "Prefixes (DHCPv6)."),
        ("server_id", Type::Text, "The server."),
        ("offer_ms", Type::Number, "From DISCOVER to OFFER (SOLICIT to ADVERTISE)."),
        ("ack_ms", Type::Number, "From REQUEST to ACK (REPLY)."),
        ("total_ms", Type::Number, "From the first message to the last."),
        ("scheduled_ms", Type::Number, "The same from when it should have begun."),
        ("retransmissions", Type::Integer, "Messages said again."),
    ])
});

/// The columns of exchanges (`--transactions`): the fields of their objects.
pub static TRANSACTION: LazyLock<Vec<Column>> = LazyLock::new(|| {
    only_own(&[
        ("number", Type::Integer, "The exchange's number, from 1, in the order of closing."),
        ("kind", Type::Text, "What it is for: acquire, reboot, renew, rebind, inform, release, …"),
        ("outcome", Type::Text, "What came of it: bound, refused, unanswered, …"),
        ("partial", Type::Boolean, "Its beginning was not seen."),
        ("evicted", Type::Boolean, "It was closed early to make room."),
        ("client_mac", Type::Text, "The client's hardware address."),
        ("client_id", Type::Text, "Its identifier (61) in hexadecimal."),
        ("hostname", Type::Text, "Its host name (12)."),
        ("vendor_class", Type::Text, "Its vendor class (60)."),
        ("vendor", Type::Text, "Who made its network card."),
        ("xids", Type::List, "Transaction identifiers, 0x and eight digits."),
        ("interface", Type::Text, "The interface, where known."),
        ("vlans", Type::List, "VLAN tags, outermost first."),
        ("relays", Type::List, "Relays that had a part in it."),
        ("server", Type::Text, "The server of the outcome, else the only one."),
        ("servers", Type::List, "Every server that answered."),
        ("address", Type::Text, "The address given, else offered, else asked for."),
        ("requested_address", Type::Text, "The address asked for (50)."),
        ("lease_time", Type::Integer, "Seconds the address may be used."),
        ("renewal_time", Type::Integer, "Seconds until renewing (T1)."),
        ("rebinding_time", Type::Integer, "Seconds until rebinding (T2)."),
        ("subnet_mask", Type::Text, "The subnet mask (1)."),
        ("routers", Type::List, "The routers (3)."),
        ("start", Type::Time, "When its first message came."),
        ("end", Type::Time, "When its last message came."),
        ("duration_ms", Type::Number, "Between them."),
        ("messages", Type::Text, "Letters of its messages, as in D O R A."),
        ("frames", Type::List, "Numbers of its frames."),
        ("offer_ms", Type::Number, "From DISCOVER to OFFER."),
        ("ack_ms", Type::Number, "From REQUEST to ACK."),
        ("total_ms", Type::Number, "From the client's first message to the ACK."),
        ("retransmissions", Type::Integer, "Messages said again."),
        ("copies", Type::Integer, "Messages seen twice."),
        ("visible", Type::Boolean, "Answers to it can be seen here."),
        ("reason", Type::Text, "Why the server refused (56)."),
        ("problems", Type::List, "Codes of what is wrong with it."),
        ("protocol", Type::Text, "dhcpv4 or dhcpv6."),
        ("duid", Type::Text, "The DUID of a client of DHCPv6, in hexadecimal."),
        ("interface_id", Type::Text, "The relay's interface (18 of DHCPv6), in hexadecimal."),
        ("addresses", Type::List, "Addresses given, else offered, else asked for; DHCPv6 may have several."),
        ("prefixes", Type::List, "Prefixes given by DHCPv6, else offered, else asked for."),
        ("preferred_lifetime", Type::Integer, "Seconds the address is preferred (DHCPv6)."),
        ("rapid_commit", Type::Boolean, "A REPLY answered the SOLICIT (DHCPv6)."),
        ("status", Type::Text, "The latest status that is no success (DHCPv6)."),
    ])
});

/// The columns of clients (`--clients`): the fields of their objects.
pub static CLIENT: LazyLock<Vec<Column>> = LazyLock::new(|| {
    only_own(&[
        ("status", Type::Text, "failed, odd or ok."),
        ("mac", Type::Text, "The client's hardware address."),
        ("client_id", Type::Text, "Its identifier (61) in hexadecimal."),
        ("hostname", Type::Text, "Its host name (12)."),
        ("vendor_class", Type::Text, "Its vendor class (60)."),
        ("vendor", Type::Text, "Who made its network card."),
        ("interface", Type::Text, "The interface, where known."),
        ("vlans", Type::List, "VLAN tags, outermost first."),
        ("relays", Type::List, "Relays that had a part."),
        ("servers", Type::List, "Every server that answered it."),
        ("address", Type::Text, "The address it has."),
        ("messages", Type::Integer, "Messages it sent and got."),
        ("tries", Type::Integer, "How often it asked."),
        ("first_seen", Type::Time, "When its first message came."),
        ("last_seen", Type::Time, "When its last message came."),
        ("for_ms", Type::Number, "Between them."),
        ("offer_ms", Type::Number, "From DISCOVER to OFFER, of its last success."),
        ("ack_ms", Type::Number, "From REQUEST to ACK, of its last success."),
        ("why", Type::Text, "What is wrong, in words."),
        ("codes", Type::List, "Codes of what is wrong, worst first."),
        ("transactions", Type::List, "Numbers of its exchanges."),
        ("protocol", Type::Text, "dhcpv4 or dhcpv6."),
        ("duid", Type::Text, "The DUID of a client of DHCPv6, in hexadecimal."),
        ("addresses", Type::List, "The addresses it has; by DHCPv6 it may have several."),
        ("prefixes", Type::List, "The prefixes it has by DHCPv6."),
        ("given_back", Type::List, "The addresses and prefixes that it had and gave back."),
    ])
});

fn only_own(own: &[(&str, Type, &'static str)]) -> Vec<Column> {
    own.iter()
        .map(|(name, kind, about)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            about,
            source: Source::Own,
        })
        .collect()
}

fn with_own(own: &[(&str, Type, &'static str)]) -> Vec<Column> {
    only_own(own).into_iter().chain(PACKET.iter().cloned()).collect()
}

fn packet_columns() -> Vec<Column> {
    let mut fields: Vec<Column> = FIELDS
        .iter()
        .map(|(name, kind, field, about)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            about,
            source: Source::Field(*field),
        })
        .collect();
    // What is wrong stands last.
    let problems = fields.pop();
    let mut columns = Columns { all: fields, by_name: HashMap::new() };
    for row in v4::SPACE.table {
        let Ok(code) = u8::try_from(row.code) else { continue };
        let name = snake(row.name);
        columns.add(name.clone(), type_of(&row.kind), row.doc, Source::Option(code));
        for space in spaces_in(&row.kind) {
            for sub in space.table {
                let source = Source::Nested { code, space, sub: sub.code };
                let own = format!("{name}_{}", snake(sub.name));
                if !columns.add(own, type_of(&sub.kind), sub.doc, source) {
                    // Another vendor's option of the same name and another type.
                    let longer = format!("{name}_{}_{}", snake(space.name), snake(sub.name));
                    columns.add(longer, type_of(&sub.kind), sub.doc, source);
                }
            }
        }
    }
    for row in v6::SPACE.table.iter().filter(|row| row.code != v6::RELAY_MSG) {
        columns.add(
            format!("v6_{}", snake(row.name)),
            type_of(&row.kind),
            row.doc,
            Source::SixOption(row.code),
        );
    }
    columns.all.extend(problems);
    columns.all
}

struct Columns {
    all: Vec<Column>,
    by_name: HashMap<String, usize>,
}

impl Columns {
    /// Adds a column; false when there is one of the same name and another type. One that is there already is another source's too, if the type is the same.
    fn add(&mut self, name: String, kind: Type, about: &'static str, source: Source) -> bool {
        if let Some(known) = self.by_name.get(&name).and_then(|at| self.all.get(*at)) {
            if known.kind != kind {
                return false;
            }
        } else {
            self.by_name.insert(name.clone(), self.all.len());
        }
        self.all.push(Column { name, kind, about, source });
        true
    }
}

/// A name as columns have it.
fn snake(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The spaces whose options have columns of their own inside an option of this kind.
fn spaces_in(kind: &Kind) -> Vec<&'static Space> {
    match kind {
        Kind::Options(space) | Kind::Lenient(space) => vec![space],
        Kind::Vendor => vendor::CLASS_SPACES.to_vec(),
        _ => Vec::new(),
    }
}

/// The type of the column for values of this kind.
fn type_of(kind: &Kind) -> Type {
    match kind {
        Kind::Empty | Kind::Flag => Type::Boolean,
        Kind::U8
        | Kind::U16
        | Kind::U16Le
        | Kind::U32
        | Kind::U64
        | Kind::I32
        | Kind::Seconds
        | Kind::Lifetime
        | Kind::Coded(..)
        | Kind::Hundredths
        | Kind::Since2000
        | Kind::OptionCode(_) => Type::Integer,
        Kind::Bits(..)
        | Kind::Domains
        | Kind::List(_)
        | Kind::Counted(_)
        | Kind::VendorClasses
        | Kind::VendorOptions
        | Kind::UserClass => Type::List,
        Kind::Sized(kind) | Kind::Sized16(kind) | Kind::After(_, kind) => type_of(kind),
        _ => Type::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::json::JsonOut;
    use crate::wire::options::{Context, decode_at, parse_option};

    /// What is always a number in JSON is one in rows too.
    #[test]
    fn numbers_are_no_text() {
        for row in v4::SPACE.table.iter().chain(v6::SPACE.table) {
            let cx = Context::default();
            let bytes = parse_option(row, &row.kind.example(), &cx).unwrap();
            let mut json = JsonOut::new();
            if decode_at(&row.kind, &bytes, 0, &cx, &mut json).is_err() {
                continue;
            }
            let number = matches!(json.buf.first(), Some(b'0'..=b'9' | b'-'));
            assert_eq!(type_of(&row.kind) == Type::Integer, number, "{}", row.name);
        }
    }

    #[test]
    fn a_name_has_one_type() {
        for columns in [&*PACKET, &*DISCOVER, &*REQUEST, &*HANDSHAKE, &*TRANSACTION, &*CLIENT] {
            let mut types = HashMap::new();
            for column in columns {
                let known = types.entry(&column.name).or_insert(column.kind);
                assert_eq!(*known, column.kind, "{}", column.name);
                assert!(
                    column
                        .name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                );
            }
        }
        let find = |name: &str| PACKET.iter().find(|column| column.name == name).map(|column| column.kind);
        assert_eq!(find("host_name"), Some(Type::Text));
        assert_eq!(find("dhcp_lease_time"), Some(Type::Integer));
        assert_eq!(find("routers"), Some(Type::List));
        assert_eq!(find("relay_agent_information_circuit_id"), Some(Type::Text));
        assert_eq!(find("rapid_commit"), Some(Type::Boolean));
        assert_eq!(find("v6_clientid"), Some(Type::Text));
        assert_eq!(find("v6_elapsed_time"), Some(Type::Integer));
        assert_eq!(find("v6_dns_servers"), Some(Type::List));
        assert_eq!(find("vendor_encapsulated_options_discovery_control"), Some(Type::List));
    }
}

//! What the objects look like, as JSON Schema. Objects that serde writes are described where they are defined; packets, which
//! a writer of their own writes, are described here, and tests hold what is really printed against both.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use super::diff::DiffObject;
use super::doctor::DoctorObject;
use super::explain::Explanation;
use super::json::object::{FindingObject, Millis, PacketObject, TransactionObject, TransactionObject6};
use super::report::object::ReportObject;
use super::rogue::ChangeObject;
use super::rogue::object::RogueObject;
use super::senders::{DiscoverObject, Ignored, RequestObject, SendObject};
use super::six::discover::DiscoverObject6;
use super::six::exchange::RequestObject6;
use super::six::send::SendObject6;
use super::transaction::client::{ClientObject, ClientObject6, ClientsObject};
use super::transaction::finding::Finding;
use super::transaction::json::Transaction;
use super::transaction::json6::Transaction6;
use super::transaction::stats::StatsObject;

/// The version of the objects: raised when a field is renamed, removed or means something else; not when one is added.
pub const VERSION: u32 = 1;

/// Defines the type of a `type` field, which has one value.
macro_rules! object_type {
    ($name:ident, $value:ident, $what:literal) => {
        /// What the object is.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            #[doc = $what]
            #[default]
            $value,
        }
    };
}
pub(crate) use object_type;

object_type!(PacketType, Packet, "A packet.");

/// A line of `decode` or `sniff`: a packet; where messages are joined, an exchange, a finding, a client or a summary.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Line<'a> {
    /// A packet.
    Packet(Box<Packet>),
    /// An exchange (`--transactions`, `--lint`).
    Transaction(Box<Transaction<'a>>),
    /// An exchange of DHCPv6.
    Transaction6(Box<Transaction6<'a>>),
    /// What several exchanges show (`--transactions`, `--lint`).
    Finding(Box<Finding<'a>>),
    /// The figures of all (`--stats`).
    Stats(Box<StatsObject>),
    /// A client (`--clients`).
    Client(Box<ClientObject<'a>>),
    /// A client of DHCPv6.
    Client6(Box<ClientObject6<'a>>),
    /// The summary behind the clients.
    Clients(Box<ClientsObject<'a>>),
}

/// The schema of the objects of a command, if it has any here.
pub fn of(command: &str) -> Option<Schema> {
    Some(match command {
        "decode" | "sniff" => schema::<Line<'_>>(command),
        "doctor" => schema::<DoctorObject<'_>>(command),
        "diff" => schema::<DiffObject>(command),
        "report" => schema::<ReportObject>(command),
        "explain" => schema::<Explanation>(command),
        "discover" => schema::<SenderLine<DiscoverObject<'_>, DiscoverObject6>>(command),
        "request" | "release" | "decline" | "inform" => {
            schema::<SenderLine<RequestObject, RequestObject6>>(command)
        }
        "send" => schema::<SenderLine<SendObject, SendObject6>>(command),
        "rogue" => schema::<RogueLine<'_>>(command),
        _ => return None,
    })
}

/// An exchange of either protocol inside another object.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum EitherTransaction {
    /// DHCPv4.
    Four(TransactionObject),
    /// DHCPv6.
    Six(TransactionObject6),
}

/// What `rogue` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RogueLine<'a> {
    /// The report on all servers.
    Report(Box<RogueObject<'a>>),
    /// A change of one (`--watch`).
    Change(Box<ChangeObject<'a>>),
}

/// What a sender prints of DHCPv4 and, with `-6`, of DHCPv6.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SenderLine<F, S> {
    /// DHCPv4.
    Four(F),
    /// DHCPv6.
    Six(S),
    /// What would be sent (`--dry-run`).
    Unsent(Box<Packet>),
}

/// The schema of `T`, which is what `command` prints.
pub fn schema<T: JsonSchema>(command: &str) -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    // Unknown is null, never left out.
    settings.contract = schemars::generate::Contract::Serialize;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), format!("dhcptool {command}").into());
    schema.insert("version".to_owned(), VERSION.into());
    schema
}

impl JsonSchema for Millis {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Millis".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "description": "Measured, in milliseconds."})
    }
}

/// What an object that the fast writer wrote is in a schema.
macro_rules! written_by {
    ($($object:ty => $described:ty,)*) => {
        $(
            impl JsonSchema for $object {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    <$described>::schema_name()
                }

                fn schema_id() -> std::borrow::Cow<'static, str> {
                    <$described>::schema_id()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    <$described>::json_schema(generator)
                }
            }
        )*
    };
}

written_by! {
    PacketObject => Packet,
    FindingObject => Finding<'_>,
    TransactionObject => Transaction<'_>,
    TransactionObject6 => Transaction6<'_>,
}

impl JsonSchema for Ignored {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ignored".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Messages that were seen and not taken for answers, by reason.",
            "additionalProperties": {"type": "integer", "minimum": 0}
        })
    }
}

/// A packet with a DHCP message in it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub struct Packet {
    /// What the object is.
    pub r#type: PacketType,
    /// The capture, as it was named; null live.
    pub capture: Option<String>,
    /// The frame's number in its capture, from 1.
    pub number: u64,
    /// When it was captured: RFC 3339, UTC, 6 or 9 digits of a second.
    pub time: Option<String>,
    /// The same in nanoseconds since 1970.
    pub time_ns: Option<i64>,
    /// The interface, where known.
    pub interface: Option<String>,
    /// Which way the frame went, where its headers or its capture say so: in or out.
    pub direction: Option<String>,
    /// The kernel's number of the interface, in cooked captures of version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_index: Option<u32>,
    /// The first remark about the frame in its capture.
    pub comment: Option<String>,
    /// Bytes of the frame that were captured.
    pub captured_length: u64,
    /// Bytes of the frame on the wire.
    pub original_length: u64,
    /// The layers around the message, outermost first.
    pub layers: Vec<String>,
    /// Set where an ICMP error quotes the message.
    pub quoted_in: Option<QuotedIn>,
    /// The innermost link layer.
    pub link: Option<Link>,
    /// The innermost IP header.
    pub ip: Option<Ip>,
    /// The UDP header.
    pub udp: Option<Udp>,
    /// The message, for DHCPv4 and BOOTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "message")]
    pub dhcp: Option<Dhcp>,
    /// The message, for DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcpv6: Option<Dhcpv6Message>,
    /// The message, for router discovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmpv6: Option<Icmpv6Message>,
    /// What is wrong or odd; the first 256 of it.
    pub problems: Vec<Problem>,
    /// How many problems more there are, where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems_omitted: Option<u64>,
}

fn message(generator: &mut SchemaGenerator) -> Schema {
    // Null where too little of it is there to speak of.
    generator.subschema_for::<Option<Dhcp>>()
}

/// Where a message is quoted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotedIn {
    /// In an ICMP error.
    Icmp,
}

/// A link layer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Link {
    /// Which one.
    pub r#type: String,
    /// Source address.
    pub src: Option<String>,
    /// Destination address.
    pub dst: Option<String>,
    /// VLAN tags, outermost first.
    pub vlans: Vec<u16>,
    /// Their priorities (802.1p).
    pub priorities: Vec<u8>,
    /// Which of them say that the frame may be dropped first; only where there are tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_eligible: Option<Vec<bool>>,
    /// The first remark about the frame in its capture.
    pub comment: Option<String>,
}

/// An IP header.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ip {
    /// 4 or 6.
    pub version: u8,
    /// Source address.
    pub src: String,
    /// Destination address.
    pub dst: String,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Differentiated services code point.
    pub dscp: u8,
    /// Explicit congestion notification.
    pub ecn: u8,
    /// Identification; null in IPv6.
    pub id: Option<u16>,
    /// The packet must not be cut into pieces; null in IPv6.
    pub dont_fragment: Option<bool>,
}

/// A UDP header.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// How its checksum turned out.
    pub checksum: Checksum,
}

/// How a checksum turned out.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Checksum {
    /// It fits.
    Good,
    /// It does not fit.
    Bad,
    /// The sender left it out.
    Absent,
    /// It cannot be checked.
    Unknown,
}

/// A DHCPv4 or BOOTP message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Dhcp {
    /// 1 is a request, 2 a reply.
    pub op: Option<u8>,
    /// Hardware type.
    pub htype: Option<u8>,
    /// Length of the hardware address.
    pub hlen: Option<u8>,
    /// Relays that the message passed.
    pub hops: Option<u8>,
    /// Transaction identifier: 0x and eight digits; null where the message ends before it.
    pub xid: Option<String>,
    /// Seconds that the client has been trying.
    pub secs: Option<u16>,
    /// The flags: 0x and four digits.
    pub flags: Option<String>,
    /// The client asks for broadcast answers.
    pub broadcast: Option<bool>,
    /// The client's address.
    pub ciaddr: Option<String>,
    /// The address that it is given.
    pub yiaddr: Option<String>,
    /// The next server.
    pub siaddr: Option<String>,
    /// The relay.
    pub giaddr: Option<String>,
    /// The client's hardware address.
    pub chaddr: Option<String>,
    /// The server's name.
    pub sname: Option<String>,
    /// The boot file.
    pub file: Option<String>,
    /// The message type: its name, the number of one that has none, null for BOOTP.
    pub message_type: Option<NameOrNumber>,
    /// Every option as it lies on the wire, in order.
    pub options: Vec<OptionValue>,
    /// All sixteen bytes of `chaddr`, in hexadecimal, where more of them are used than `hlen` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub chaddr_raw: Option<String>,
    /// All bytes of `sname`, in hexadecimal, where its text does not say them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub sname_raw: Option<String>,
    /// All bytes of `file`, in hexadecimal, where its text does not say them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub file_raw: Option<String>,
    /// The message in hexadecimal, where it ends before its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub fixed_raw: Option<String>,
    /// What stands in the place of the magic cookie, in hexadecimal, where that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub cookie: Option<String>,
    /// The options end with an End; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub end: Option<bool>,
    /// Pads in front of the End, or of where the options end without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub pads_at_end: Option<u64>,
    /// Zero bytes behind the options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub padding: Option<u64>,
    /// The bytes behind the options, in hexadecimal, where they are not all zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub trailer: Option<String>,
}

/// A DHCPv6 message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Dhcpv6Message {
    /// The message type: its name, or the number of one that has none.
    pub message_type: NameOrNumber,
    /// Transaction identifier: 0x and six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub transaction_id: Option<String>,
    /// The flags, in messages that have them instead: 0x and six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub flags: Option<String>,
    /// Relays that a relay message passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u8")]
    pub hop_count: Option<u8>,
    /// An address of the client's link, as a relay says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub link_address: Option<String>,
    /// Whom a relay got the message from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub peer_address: Option<String>,
    /// The message in hexadecimal, where it ends before its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub fixed_raw: Option<String>,
    /// Every option as it lies on the wire, in order; a relayed message is the value of its option.
    pub options: Vec<OptionValue>,
    /// What stands behind the last whole option, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub trailer: Option<String>,
}

/// A message of router discovery.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Icmpv6Message {
    /// The message type: its name, or the number of one that has none.
    pub message_type: NameOrNumber,
    /// The code, which is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u8")]
    pub code: Option<u8>,
    /// How the checksum turned out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Checksum")]
    pub checksum: Option<Checksum>,
    /// The checksum: 0x and four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub checksum_raw: Option<String>,
    /// The hop limit that hosts are to use; 0 leaves it to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u8")]
    pub hop_limit: Option<u8>,
    /// The flags of an advertisement: 0x and two digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub flags: Option<String>,
    /// DHCPv6 has addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub managed: Option<bool>,
    /// DHCPv6 has other things.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub other: Option<bool>,
    /// The router is a home agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub home_agent: Option<bool>,
    /// How much the router is to be preferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub preference: Option<String>,
    /// A proxy sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub proxy: Option<bool>,
    /// The router is of a stub network.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub snac: Option<bool>,
    /// Seconds that the router may be used by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub router_lifetime: Option<u16>,
    /// Milliseconds that a neighbour counts as reachable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub reachable_time: Option<u32>,
    /// Milliseconds between solicitations.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub retrans_timer: Option<u32>,
    /// The reserved bytes of a solicitation where they are not zero: 0x and eight digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reserved: Option<String>,
    /// The message in hexadecimal, where it ends before its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub fixed_raw: Option<String>,
    /// Every option as it lies on the wire, in order.
    pub options: Vec<OptionValue>,
    /// What stands behind the last whole option, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub trailer: Option<String>,
}

/// A name, or a number that has none.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum NameOrNumber {
    /// A name.
    Name(String),
    /// A number.
    Number(u32),
}

/// An option.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OptionValue {
    /// Its code.
    pub code: u16,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its value, of a type that follows from the option; null where it is unknown or does not decode.
    pub value: Value,
    /// Its payload in hexadecimal.
    pub raw: String,
    /// It continues an earlier option of the same code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub continues: Option<bool>,
    /// The overloaded field that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub field: Option<String>,
    /// Pads in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub pads_before: Option<u64>,
    /// The length that it says it has, where the message ends before that; null where it ends before the length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_length: Option<u64>,
}

/// Something that is wrong or odd.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Which problem.
    pub code: String,
    /// Bytes from the start of the message; null when it lies around it.
    pub offset: Option<u32>,
    /// A sentence.
    pub message: String,
    /// The specification that it is judged by.
    pub reference: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Malformed, or sure to do harm.
    Error,
    /// Legal and odd.
    Warning,
    /// Worth knowing.
    Note,
    /// The capture's doing.
    Cut,
}

//! Option spaces inside options, and the members of the records among them.

use super::names;
use crate::wire::options::kind::{Field, Kind, Switch, Width};
use crate::wire::options::registry::options;
use crate::wire::options::shapes::Shape;

const IP4_LIST: Kind = Kind::List(&Kind::Ip4);
const HARDWARE: &[Field] = &[Field::new("address", Kind::Hardware)];
const DATA: &[Field] = &[Field::new("data", Kind::Bytes)];

/// A DHCP unique identifier (RFC 8415 §11, RFC 6355).
pub static DUID: Switch = Switch {
    key: "type",
    width: Width::Two,
    names: &names::DUID_TYPES,
    arms: &[
        (
            1,
            &[
                Field::new("hardware_type", Kind::Enum(Width::Two, &names::HARDWARE_TYPES)),
                Field::new("time", Kind::U32),
                Field::new("address", Kind::Hardware),
            ],
        ),
        (
            2,
            &[
                Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
                Field::new("identifier", Kind::Bytes),
            ],
        ),
        (
            3,
            &[
                Field::new("hardware_type", Kind::Enum(Width::Two, &names::HARDWARE_TYPES)),
                Field::new("address", Kind::Hardware),
            ],
        ),
        (4, &[Field::new("uuid", Kind::Uuid)]),
    ],
    other: DATA,
};

/// The same with the hardware types that DHCPv6 names (RFC 9915 §11).
pub static DUID_V6: Switch = Switch {
    key: "type",
    width: Width::Two,
    names: &names::DUID_TYPES,
    arms: &[
        (
            1,
            &[
                Field::new("hardware_type", Kind::Enum(Width::Two, &names::HARDWARE_TYPES_V6)),
                Field::new("time", Kind::U32),
                Field::new("address", Kind::Hardware),
            ],
        ),
        (
            2,
            &[
                Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
                Field::new("identifier", Kind::Bytes),
            ],
        ),
        (
            3,
            &[
                Field::new("hardware_type", Kind::Enum(Width::Two, &names::HARDWARE_TYPES_V6)),
                Field::new("address", Kind::Hardware),
            ],
        ),
        (4, &[Field::new("uuid", Kind::Uuid)]),
    ],
    other: DATA,
};

/// A client identifier that keeps to RFC 2132 §9.14 or RFC 4361 §6.1.
pub static CLIENT_ID: Switch = Switch {
    key: "type",
    width: Width::One,
    names: &names::CLIENT_ID_TYPES,
    arms: &[
        (255, &[Field::new("iaid", Kind::Fixed(4)), Field::new("duid", Kind::Switch(&DUID))]),
        (0, &[Field::new("identifier", Kind::Auto)]),
    ],
    other: HARDWARE,
};

/// SIP servers (RFC 3361 §3).
pub static SIP: Switch = Switch {
    key: "encoding",
    width: Width::One,
    names: &names::SIP_ENCODINGS,
    arms: &[(0, &[Field::new("names", Kind::Domains)]), (1, &[Field::new("addresses", IP4_LIST)])],
    other: DATA,
};

/// Virtual subnet selection (RFC 6607 §3.4).
pub static VSS: Switch = Switch {
    key: "type",
    width: Width::One,
    names: &names::VSS_TYPES,
    arms: &[(0, &[Field::new("name", Kind::Text)]), (1, &[Field::new("vpn_id", Kind::Fixed(7))]), (255, &[])],
    other: DATA,
};

/// Identity of a network booter (RFC 4578 §2.3).
pub static MACHINE_ID: Switch = Switch {
    key: "type",
    width: Width::One,
    names: &names::PXE_ID_TYPES,
    arms: &[(0, &[Field::new("uuid", Kind::Uuid)])],
    other: DATA,
};

pub(super) const SLP_AGENTS: &[Field] =
    &[Field::new("mandatory", Kind::Flag), Field::new("agents", IP4_LIST)];
pub(super) const SLP_SCOPE: &[Field] =
    &[Field::new("mandatory", Kind::Flag), Field::new("scopes", Kind::Text)];
pub(super) const ISNS: &[Field] = &[
    Field::new("functions", Kind::U16),
    Field::new("discovery_domain_access", Kind::U16),
    Field::new("administrative_flags", Kind::U16),
    Field::new("security", Kind::U32),
    Field::new("servers", IP4_LIST),
];
pub(super) const AUTHENTICATION: &[Field] = &[
    Field::new("protocol", Kind::Coded(Width::One, &names::AUTH_PROTOCOLS)),
    Field::new("algorithm", Kind::Coded(Width::One, &names::AUTH_ALGORITHMS)),
    Field::new("rdm", Kind::Coded(Width::One, &names::AUTH_RDM)),
    Field::new("replay_detection", Kind::Fixed(8)),
    Field::new("information", Kind::Bytes),
];
pub(super) const NDI: &[Field] = &[
    Field::new("type", Kind::Coded(Width::One, &names::NDI_TYPES)),
    Field::new("major", Kind::U8),
    Field::new("minor", Kind::U8),
];
pub(super) const CIVIC: &[Field] = &[
    Field::new("what", Kind::Enum(Width::One, &names::CIVIC_WHAT)),
    Field::new("country", Kind::FixedText(2)),
    Field::new("elements", Kind::Options(&CIVIC_ELEMENTS)),
];
pub(super) const RDNSS: &[Field] = &[
    Field::new("preference", Kind::Enum(Width::One, &names::RDNSS_PREFERENCE)),
    Field::new("primary", Kind::Ip4),
    Field::new("secondary", Kind::Ip4),
    Field::new("domains", Kind::Domains),
];
pub(super) const STATUS: &[Field] = &[
    Field::new("status", Kind::Enum(Width::One, &names::LEASEQUERY_STATUS)),
    Field::new("message", Kind::Text),
];
pub(super) const PORT_PARAMS: &[Field] =
    &[Field::new("offset", Kind::U8), Field::new("psid_length", Kind::U8), Field::new("psid", Kind::U16)];
pub(super) const DNR: &[Field] = &[
    Field::new("priority", Kind::U16),
    Field::new("name", Kind::Sized(&Kind::Domain)),
    Field::optional("addresses", Kind::Sized(&IP4_LIST)),
    Field::optional("parameters", Kind::Options(&SVC_PARAMS)),
];
pub(super) const SIX_RD: &[Field] = &[
    Field::new("ipv4_mask_length", Kind::U8),
    Field::new("prefix_length", Kind::U8),
    Field::new("prefix", Kind::Ip6),
    Field::new("relays", IP4_LIST),
];
pub(super) const SUBNET_ALLOCATION: &[Field] =
    &[Field::new("flags", Kind::U8), Field::new("suboptions", Kind::Options(&SUBNETS))];
const SUBNET_REQUEST: &[Field] = &[Field::new("flags", Kind::U8), Field::new("prefix_length", Kind::U8)];
const SUBNET_BLOCK: &[Field] = &[
    Field::new("network", Kind::Ip4),
    Field::new("prefix_length", Kind::U8),
    Field::new("flags", Kind::U8),
    Field::new("statistics", Kind::Sized(&Kind::Bytes)),
];
const SUBNET_INFORMATION: &[Field] =
    &[Field::new("flags", Kind::U8), Field::new("subnets", Kind::List(&Kind::Record(SUBNET_BLOCK)))];
const BACKOFF: &[Field] = &[
    Field::new("nominal_timeout", Kind::U32),
    Field::new("maximum_timeout", Kind::U32),
    Field::new("retries", Kind::U32),
];
const RELAY_AUTH: &[Field] = &[
    Field::new("algorithm", Kind::U8),
    Field::new("rdm", Kind::U8),
    Field::new("replay_detection", Kind::Fixed(8)),
    Field::new("relay_identifier", Kind::Fixed(4)),
    Field::new("information", Kind::Bytes),
];
const VENDOR_DATA: &[Field] = &[
    Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
    Field::new("data", Kind::Sized(&Kind::Auto)),
];
const ACCESS_TECHNOLOGY: &[Field] = &[
    Field::new("reserved", Kind::U8),
    Field::new("technology", Kind::Enum(Width::One, &names::ACCESS_TECHNOLOGIES)),
];
options! {
    /// Relay agent information sub-options (82); neither pad nor end (RFC 3046 §2.0).
    RELAY_AGENT: u8, "relay-agent-information", 1 + 1, counts_header: false, pad_and_end: false;

    RELAY_CIRCUIT_ID = 1, "circuit-id", Kind::Shaped(Shape::AgentId), "RFC 3046 3.1", "Where the request came from.", "agent-circuit-id", "agent-circuit-id-sub-option";
    RELAY_REMOTE_ID = 2, "remote-id", Kind::Shaped(Shape::AgentId), "RFC 3046 3.2", "Who is at the other end of the circuit.", "agent-remote-id", "agent-remote-id-sub-option";
    RELAY_DOCSIS_DEVICE_CLASS = 4, "docsis-device-class", Kind::U32, "RFC 3256 2", "Kind of cable device, a bit set.", "docsis-device-class-suboption";
    RELAY_LINK_SELECTION = 5, "link-selection", Kind::Ip4, "RFC 3527 3", "Subnet to take the address from.", "link-selection-sub-option";
    RELAY_SUBSCRIBER_ID = 6, "subscriber-id", Kind::Auto, "RFC 3993 2", "Name of the subscriber.", "subscriber-id-suboption";
    RELAY_RADIUS = 7, "radius-attributes", Kind::Options(&RADIUS), "RFC 4014 3", "What RADIUS said of the client.", "radius-attributes-sub-option";
    RELAY_AUTHENTICATION = 8, "authentication", Kind::Record(RELAY_AUTH), "RFC 4030 4", "Proof of who relayed.", "authentication-suboption";
    RELAY_VENDOR = 9, "vendor-specific-information", Kind::List(&Kind::Record(VENDOR_DATA)), "RFC 4243 4", "What vendors define, by enterprise.", "vendor-specific", "vendor-specific-information-suboption";
    RELAY_FLAGS = 10, "relay-agent-flags", Kind::Bits(Width::One, &[(0x80, "unicast")]), "RFC 5010 3", "How the relay got the message.", "flags";
    RELAY_SERVER_OVERRIDE = 11, "server-identifier-override", Kind::Ip4, "RFC 5107 4", "Server identifier to put into answers.", "server-id-override", "server-identifier-override-suboption";
    RELAY_AGENT_ID = 12, "relay-agent-identifier", Kind::Switch(&DUID), "RFC 6925 4", "Identity of the relay.", "relay-id", "relay-agent-identifier-sub-option";
    RELAY_ACCESS_TECHNOLOGY = 13, "access-technology-type", Kind::Record(ACCESS_TECHNOLOGY), "RFC 7839 4.1", "Technology of the access network.", "access-technology-type-sub-option";
    RELAY_ACCESS_NETWORK = 14, "access-network-name", Kind::Text, "RFC 7839 4.2", "Name of the access network, such as an SSID.", "access-network-name-sub-option";
    RELAY_ACCESS_POINT = 15, "access-point-name", Kind::Text, "RFC 7839 4.3", "Name of the access point.", "access-point-name-sub-option";
    RELAY_ACCESS_BSSID = 16, "access-point-bssid", Kind::Hardware, "RFC 7839 4.4", "BSSID of the access point.", "access-point-bssid-sub-option";
    RELAY_OPERATOR = 17, "operator-identifier", Kind::Coded(Width::Four, &names::ENTERPRISES), "RFC 7839 4.5.1", "Enterprise number of the operator.", "operator-identifier-sub-option";
    RELAY_REALM = 18, "operator-realm", Kind::Text, "RFC 7839 4.5.2", "Realm of the operator.", "operator-realm-sub-option";
    RELAY_SOURCE_PORT = 19, "relay-source-port", Kind::Empty, "RFC 8357 4", "The relay takes answers on the port it sent from.", "dhcpv4-relay-source-port-sub-option";
    RELAY_VSS = 151, "virtual-subnet-selection", Kind::Switch(&VSS), "RFC 6607 3.2", "Which virtual network.", "vss", "dhcpv4-virtual-subnet-selection-sub-option";
    RELAY_VSS_CONTROL = 152, "virtual-subnet-selection-control", Kind::Empty, "RFC 6607 3.2", "The relay knows virtual subnet selection.", "vss-control", "dhcpv4-virtual-subnet-selection-control-sub-option";
}

options! {
    /// RADIUS attributes that a relay may pass on (RFC 4014 §3, RFC 2865); the length counts the header.
    RADIUS: u8, "radius", 1 + 1, counts_header: true, pad_and_end: false;

    RADIUS_USER_NAME = 1, "user-name", Kind::Text, "RFC 2865 5.1", "Who was authenticated.";
    RADIUS_NAS_IP = 4, "nas-ip-address", Kind::Ip4, "RFC 2865 5.4", "The network access server.";
    RADIUS_NAS_PORT = 5, "nas-port", Kind::U32, "RFC 2865 5.5", "Its port.";
    RADIUS_SERVICE_TYPE = 6, "service-type", Kind::U32, "RFC 2865 5.6", "The service granted.";
    RADIUS_FRAMED_IP = 8, "framed-ip-address", Kind::Ip4, "RFC 2865 5.8", "Address for the user.";
    RADIUS_FILTER = 11, "filter-id", Kind::Text, "RFC 2865 5.11", "Filter list.";
    RADIUS_REPLY_MESSAGE = 18, "reply-message", Kind::Text, "RFC 2865 5.18", "Text for the user.";
    RADIUS_CLASS = 25, "class", Kind::Auto, "RFC 2865 5.25", "Opaque to the server.";
    RADIUS_VENDOR = 26, "vendor-specific", Kind::Bytes, "RFC 2865 5.26", "What a vendor defines.";
    RADIUS_SESSION_TIMEOUT = 27, "session-timeout", Kind::Seconds, "RFC 2865 5.27", "Longest session.";
    RADIUS_CALLED = 30, "called-station-id", Kind::Text, "RFC 2865 5.30", "What was called.";
    RADIUS_CALLING = 31, "calling-station-id", Kind::Text, "RFC 2865 5.31", "Who called.";
    RADIUS_NAS_ID = 32, "nas-identifier", Kind::Text, "RFC 2865 5.32", "Name of the access server.";
    RADIUS_NAS_PORT_ID = 87, "nas-port-id", Kind::Text, "RFC 2869 5.17", "Name of its port.";
    RADIUS_POOL = 88, "framed-pool", Kind::Text, "RFC 2869 5.18", "Address pool.";
    RADIUS_IPV6_POOL = 100, "framed-ipv6-pool", Kind::Text, "RFC 3162 2.6", "IPv6 address pool.";
}

options! {
    /// `CableLabs` client configuration (122).
    CABLELABS: u8, "ccc", 1 + 1, counts_header: false, pad_and_end: false;

    CCC_PRIMARY_DHCP = 1, "tsp-primary-dhcp-server-address", Kind::Ip4, "RFC 3495 5.1", "Primary DHCP server; all ones: any, zero: none.", "primary-dhcp-server";
    CCC_SECONDARY_DHCP = 2, "tsp-secondary-dhcp-server-address", Kind::Ip4, "RFC 3495 5.2", "Secondary DHCP server.", "secondary-dhcp-server";
    CCC_PROVISIONING = 3, "tsp-provisioning-server-address", Kind::Switch(&PROVISIONING), "RFC 3495 5.3", "Provisioning server.", "provisioning-server";
    CCC_AS_BACKOFF = 4, "tsp-as-req-as-rep-backoff-and-retry", Kind::Record(BACKOFF), "RFC 3495 5.4", "Kerberos AS retries.", "as-backoff";
    CCC_AP_BACKOFF = 5, "tsp-ap-req-ap-rep-backoff-and-retry", Kind::Record(BACKOFF), "RFC 3495 5.5", "Kerberos AP retries.", "ap-backoff";
    CCC_REALM = 6, "tsp-kerberos-realm-name", Kind::Domain, "RFC 3495 5.6", "Kerberos realm.", "kerberos-realm";
    CCC_TGS = 7, "tsp-ticket-granting-server-utilization", Kind::Flag, "RFC 3495 5.7", "Whether to use a ticket granting ticket.", "use-tgt";
    CCC_TIMER = 8, "tsp-provisioning-timer-value", Kind::U8, "RFC 3495 5.8", "Minutes allowed for provisioning; 0: no limit.", "provisioning-timer";
    CCC_TICKETS = 9, "tsp-security-ticket-control", Kind::Bits(Width::Two, &[(1, "provisioning-server"), (2, "call-management-servers")]), "RFC 3594 4", "Tickets to forget.", "ticket-control";
    CCC_KDC = 10, "kdc-server-address", IP4_LIST, "RFC 3634 3", "Key distribution centres.", "kdc-servers";
}

/// A provisioning server by name or address (RFC 3495 §5.3).
pub static PROVISIONING: Switch = Switch {
    key: "encoding",
    width: Width::One,
    names: &names::PROVISIONING_TYPES,
    arms: &[(0, &[Field::new("name", Kind::Domain)]), (1, &[Field::new("address", Kind::Ip4)])],
    other: DATA,
};

options! {
    /// `NetWare`/IP sub-options (63).
    NETWARE: u8, "nwip", 1 + 1, counts_header: false, pad_and_end: false;

    NWIP_DOES_NOT_EXIST = 1, "nwip-does-not-exist", Kind::Empty, "RFC 2242 3", "There is no NetWare/IP here.";
    NWIP_EXIST_IN_OPTIONS_AREA = 2, "nwip-exist-in-options-area", Kind::Empty, "RFC 2242 3", "The settings are in the options.";
    NWIP_EXIST_IN_SNAME_FILE = 3, "nwip-exist-in-sname-file", Kind::Empty, "RFC 2242 3", "The settings are in sname and file.";
    NWIP_EXIST_BUT_TOO_BIG = 4, "nwip-exist-but-too-big", Kind::Empty, "RFC 2242 3", "The settings did not fit.";
    NWIP_NSQ_BROADCAST = 5, "nsq-broadcast", Kind::Flag, "RFC 2242 3", "Whether to ask for the nearest server by broadcast.";
    NWIP_PREFERRED_DSS = 6, "preferred-dss", IP4_LIST, "RFC 2242 3", "Domain SAP/RIP servers, five at most.";
    NWIP_NEAREST_SERVER = 7, "nearest-nwip-server", IP4_LIST, "RFC 2242 3", "Nearest NetWare/IP servers, five at most.";
    NWIP_AUTORETRIES = 8, "autoretries", Kind::U8, "RFC 2242 3", "How often to try a server.";
    NWIP_AUTORETRY_SECS = 9, "autoretry-secs", Kind::U8, "RFC 2242 3", "Seconds between tries.";
    NWIP_1_1 = 10, "nwip-1-1", Kind::Flag, "RFC 2242 3", "Whether to support NetWare/IP 1.1.";
    NWIP_PRIMARY_DSS = 11, "primary-dss", Kind::Ip4, "RFC 2242 3", "Primary domain SAP/RIP server.";
}

options! {
    /// Mobility services by address (139).
    MOS_ADDRESSES: u8, "mos-addresses", 1 + 1, counts_header: false, pad_and_end: false;

    MOS_IS_ADDRESS = 1, "is", IP4_LIST, "RFC 5678 2", "Information services.";
    MOS_CS_ADDRESS = 2, "cs", IP4_LIST, "RFC 5678 2", "Command services.";
    MOS_ES_ADDRESS = 3, "es", IP4_LIST, "RFC 5678 2", "Event services.";
}

options! {
    /// Mobility services by name (140).
    MOS_NAMES: u8, "mos-names", 1 + 1, counts_header: false, pad_and_end: false;

    MOS_IS_NAME = 1, "is", Kind::Domains, "RFC 5678 3", "Information services.";
    MOS_CS_NAME = 2, "cs", Kind::Domains, "RFC 5678 3", "Command services.";
    MOS_ES_NAME = 3, "es", Kind::Domains, "RFC 5678 3", "Event services.";
}

options! {
    /// Elements of a civic address (RFC 4776 §3.4).
    CIVIC_ELEMENTS: u8, "civic", 1 + 1, counts_header: false, pad_and_end: false;

    CIVIC_LANGUAGE = 0, "language", Kind::Text, "RFC 4776 3.4", "Language of the elements.";
    CIVIC_A1 = 1, "a1", Kind::Text, "RFC 4776 3.4", "State, region, province.";
    CIVIC_A2 = 2, "a2", Kind::Text, "RFC 4776 3.4", "County, district.";
    CIVIC_A3 = 3, "a3", Kind::Text, "RFC 4776 3.4", "City.";
    CIVIC_A4 = 4, "a4", Kind::Text, "RFC 4776 3.4", "City division, borough.";
    CIVIC_A5 = 5, "a5", Kind::Text, "RFC 4776 3.4", "Neighbourhood.";
    CIVIC_A6 = 6, "a6", Kind::Text, "RFC 4776 3.4", "Group of streets.";
    CIVIC_PRD = 16, "leading-street-direction", Kind::Text, "RFC 4776 3.4", "Direction before the street.";
    CIVIC_POD = 17, "trailing-street-suffix", Kind::Text, "RFC 4776 3.4", "Direction after the street.";
    CIVIC_STS = 18, "street-suffix", Kind::Text, "RFC 4776 3.4", "Street suffix or type.";
    CIVIC_HNO = 19, "house-number", Kind::Text, "RFC 4776 3.4", "House number.";
    CIVIC_HNS = 20, "house-number-suffix", Kind::Text, "RFC 4776 3.4", "House number suffix.";
    CIVIC_LMK = 21, "landmark", Kind::Text, "RFC 4776 3.4", "Landmark or vanity address.";
    CIVIC_LOC = 22, "location", Kind::Text, "RFC 4776 3.4", "Additional location.";
    CIVIC_NAM = 23, "name", Kind::Text, "RFC 4776 3.4", "Residence or office occupant.";
    CIVIC_ZIP = 24, "postal-code", Kind::Text, "RFC 4776 3.4", "Postal code.";
    CIVIC_BUILDING = 25, "building", Kind::Text, "RFC 4776 3.4", "Building.";
    CIVIC_UNIT = 26, "unit", Kind::Text, "RFC 4776 3.4", "Apartment or suite.";
    CIVIC_FLOOR = 27, "floor", Kind::Text, "RFC 4776 3.4", "Floor.";
    CIVIC_ROOM = 28, "room", Kind::Text, "RFC 4776 3.4", "Room.";
    CIVIC_PLACE_TYPE = 29, "place-type", Kind::Text, "RFC 4776 3.4", "Type of place.";
    CIVIC_PCN = 30, "postal-community", Kind::Text, "RFC 4776 3.4", "Postal community name.";
    CIVIC_PO_BOX = 31, "post-office-box", Kind::Text, "RFC 4776 3.4", "Post office box.";
    CIVIC_ADDITIONAL = 32, "additional-code", Kind::Text, "RFC 4776 3.4", "Additional code.";
    CIVIC_SEAT = 33, "seat", Kind::Text, "RFC 4776 3.4", "Seat.";
    CIVIC_ROAD = 34, "road", Kind::Text, "RFC 4776 3.4", "Primary road.";
    CIVIC_SECTION = 35, "road-section", Kind::Text, "RFC 4776 3.4", "Road section.";
    CIVIC_BRANCH = 36, "branch-road", Kind::Text, "RFC 4776 3.4", "Branch road.";
    CIVIC_SUB_BRANCH = 37, "sub-branch-road", Kind::Text, "RFC 4776 3.4", "Sub-branch road.";
    CIVIC_PRE = 38, "street-pre-modifier", Kind::Text, "RFC 4776 3.4", "Street name pre-modifier.";
    CIVIC_POST = 39, "street-post-modifier", Kind::Text, "RFC 4776 3.4", "Street name post-modifier.";
    CIVIC_SCRIPT = 128, "script", Kind::Text, "RFC 4776 3.4", "Script of the elements.";
}

options! {
    /// Subnet allocation sub-options (220).
    SUBNETS: u8, "subnet-allocation", 1 + 1, counts_header: false, pad_and_end: false;

    SUBNET_REQUEST_OPTION = 1, "subnet-request", Kind::Record(SUBNET_REQUEST), "RFC 6656 4.2.1", "A subnet is wanted.";
    SUBNET_INFORMATION_OPTION = 2, "subnet-information", Kind::Record(SUBNET_INFORMATION), "RFC 6656 4.2.2", "Subnets given.";
    SUBNET_NAME = 3, "subnet-name", Kind::Text, "RFC 6656 4.2.3", "Pool or tag.";
    SUBNET_SUGGESTED_LEASE = 4, "suggested-lease-time", Kind::Lifetime, "RFC 6656 4.2.4", "Lease time the server suggests.";
}

options! {
    /// Service parameters (RFC 9460 §14.3.2).
    SVC_PARAMS: u16, "svc-params", 2 + 2, counts_header: false, pad_and_end: false;

    SVC_MANDATORY = 0, "mandatory", Kind::List(&Kind::Coded(Width::Two, &names::SVC_PARAM_KEYS)), "RFC 9460 8", "Keys a client must know.";
    SVC_ALPN = 1, "alpn", Kind::List(&Kind::Sized(&Kind::Text)), "RFC 9460 7.1", "Protocols spoken.";
    SVC_NO_DEFAULT_ALPN = 2, "no-default-alpn", Kind::Empty, "RFC 9460 7.1", "No default protocol.";
    SVC_PORT = 3, "port", Kind::U16, "RFC 9460 7.2", "Port.";
    SVC_IPV4HINT = 4, "ipv4hint", IP4_LIST, "RFC 9460 7.3", "IPv4 addresses.";
    SVC_ECH = 5, "ech", Kind::Bytes, "RFC 9848", "Encrypted ClientHello configuration.";
    SVC_IPV6HINT = 6, "ipv6hint", Kind::List(&Kind::Ip6), "RFC 9460 7.3", "IPv6 addresses.";
    SVC_DOHPATH = 7, "dohpath", Kind::Text, "RFC 9461 5", "URI template of DNS over HTTPS.";
    SVC_OHTTP = 8, "ohttp", Kind::Empty, "RFC 9540 4", "Oblivious HTTP.";
}

//! The DHCPv6 options (RFC 9915 and after; IANA "DHCPv6 Option Codes").

use super::{names, sub};
use crate::wire::options::kind::{Field, Kind, Names, Width};
use crate::wire::options::registry::options;
use crate::wire::options::shapes::Shape;
use crate::wire::v6::types::STATUS_CODES;

const IP6_LIST: Kind = Kind::List(&Kind::Ip6);
const NAMES: Kind = Kind::List(&Kind::Name);
const CLASSES: Kind = Kind::List(&Kind::Sized16(&Kind::Auto));
const HARDWARE_TYPE: Kind = Kind::Enum(Width::Two, &names::HARDWARE_TYPES_V6);
const PREFERENCE_KIND: Kind = Kind::Enum(Width::One, &PREFERENCES);

static IA: &[Field] = &[
    Field::new("iaid", Kind::U32),
    Field::new("t1", Kind::Lifetime).or("0"),
    Field::new("t2", Kind::Lifetime).or("0"),
    Field::new("options", Kind::Options(&SPACE)).or("[]"),
];
static IA_TA_FIELDS: &[Field] =
    &[Field::new("iaid", Kind::U32), Field::new("options", Kind::Options(&SPACE)).or("[]")];
static IA_ADDR: &[Field] = &[
    Field::new("address", Kind::Ip6),
    Field::new("preferred_lifetime", Kind::Lifetime).or("0"),
    Field::new("valid_lifetime", Kind::Lifetime).or("0"),
    Field::new("options", Kind::Options(&SPACE)).or("[]"),
];
static AUTHENTICATION: &[Field] = &[
    Field::new("protocol", Kind::Coded(Width::One, &names::AUTH_PROTOCOLS)),
    Field::new("algorithm", Kind::Coded(Width::One, &names::AUTH_ALGORITHMS)),
    Field::new("rdm", Kind::Coded(Width::One, &names::AUTH_RDM)),
    Field::new("replay_detection", Kind::Fixed(8)),
    Field::new("information", Kind::Bytes),
];
static STATUS: &[Field] = &[
    Field::new("status", Kind::Enum(Width::Two, &STATUS_CODES)),
    Field::new("message", Kind::Text).or("\"\""),
];
static CLASS_OF_VENDOR: &[Field] = &[
    Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
    Field::new("classes", CLASSES).or("[]"),
];
static CIVIC: &[Field] = &[
    Field::new("what", Kind::Enum(Width::One, &names::CIVIC_WHAT)),
    Field::new("country", Kind::FixedText(2)),
    Field::new("elements", Kind::Shaped(Shape::Civic)),
];
static REMOTE: &[Field] =
    &[Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)), Field::new("id", Kind::Auto)];
static QUERY: &[Field] = &[
    Field::new("query_type", Kind::Enum(Width::One, &LEASEQUERY_TYPES)),
    Field::new("link_address", Kind::Ip6),
    Field::new("options", Kind::Options(&SPACE)),
];
static RELAY_DATA: &[Field] = &[Field::new("peer_address", Kind::Ip6), Field::new("message", Kind::Message6)];
static NETWORK_INTERFACE: &[Field] = &[
    Field::new("type", Kind::Coded(Width::One, &names::NDI_TYPES)),
    Field::new("major", Kind::U8),
    Field::new("minor", Kind::U8),
];
static EXCLUDE: &[Field] = &[Field::new("prefix_length", Kind::U8), Field::new("subnet_id", Kind::Bytes)];
static SELECTION: &[Field] = &[
    Field::new("server", Kind::Ip6),
    Field::new("preference", PREFERENCE_KIND),
    Field::new("domains", NAMES),
];
static KDC: &[Field] = &[
    Field::new("priority", Kind::U16),
    Field::new("weight", Kind::U16),
    Field::new("transport", Kind::Enum(Width::One, &KDC_TRANSPORTS)),
    Field::new("port", Kind::U16),
    Field::new("address", Kind::Ip6),
    Field::new("realm", Kind::Auto),
];
static LINK_LAYER: &[Field] =
    &[Field::new("hardware_type", HARDWARE_TYPE), Field::new("address", Kind::Hardware)];
static SELECT: &[Field] = &[
    Field::new("flags", Kind::Bits(Width::One, &[(2, "automatic"), (1, "privacy")])),
    Field::new("options", Kind::Options(&SPACE)),
];
static SELECT_TABLE: &[Field] = &[
    Field::new("label", Kind::U8),
    Field::new("precedence", Kind::U8),
    Field::new("prefix", Kind::ShortPrefix),
];
static MAP_RULE: &[Field] = &[
    Field::new("flags", Kind::Bits(Width::One, &[(1, "forwarding")])),
    Field::new("ea_length", Kind::U8),
    Field::new("ipv4_prefix", Kind::Prefix4),
    Field::new("ipv6_prefix", Kind::ShortPrefix),
    Field::new("options", Kind::Options(&SPACE)),
];
static BINDING: &[Field] = &[
    Field::new("ipv4_address", Kind::Ip4),
    Field::new("ipv6_prefix", Kind::ShortPrefix),
    Field::new("options", Kind::Options(&SPACE)),
];
static NON_MAP: &[Field] = &[
    Field::new("flags", Kind::Bits(Width::One, &[(0x80, "hub-and-spoke"), (1, "traffic-class")])),
    Field::new("traffic_class", Kind::U8),
    Field::new("domain_pmtu", Kind::U16),
];
static MPL: &[Field] = &[
    Field::new("flags", Kind::Bits(Width::One, &[(0x80, "proactive")])),
    Field::new("time_unit", Kind::U8),
    Field::new("seed_lifetime", Kind::U16),
    Field::new("data_k", Kind::U8),
    Field::new("data_imin", Kind::U16),
    Field::new("data_imax", Kind::U8),
    Field::new("data_expirations", Kind::U16),
    Field::new("control_k", Kind::U8),
    Field::new("control_imin", Kind::U16),
    Field::new("control_imax", Kind::U8),
    Field::new("control_expirations", Kind::U16),
    Field::optional("domain_address", Kind::Ip6),
];
static ACCESS: &[Field] = &[Field::new("reserved", Kind::U8), Field::new("technology", Kind::U8)];
static PREFIXES64: &[Field] = &[
    Field::new("asm", Kind::Shaped(Shape::PrefixOrNone)).or("null"),
    Field::new("ssm", Kind::Shaped(Shape::PrefixOrNone)).or("null"),
    Field::new("unicast", Kind::Shaped(Shape::PrefixOrNone)).or("null"),
];
static VERSION: &[Field] = &[Field::new("major", Kind::U16), Field::new("minor", Kind::U16)];
static RECONFIGURE: &[Field] = &[Field::new("time", Kind::Since2000), Field::new("key", Kind::Bytes)];
static LINK_LAYER_BLOCK: &[Field] = &[
    Field::new("hardware_type", HARDWARE_TYPE),
    Field::new("address", Kind::Sized16(&Kind::Hardware)),
    Field::new("extra_addresses", Kind::U32),
    Field::new("valid_lifetime", Kind::Lifetime),
    Field::new("options", Kind::Options(&SPACE)),
];
static QUADRANT: &[Field] = &[Field::new("quadrant", Kind::U8), Field::new("preference", Kind::U8)];
static RESOLVER: &[Field] = &[
    Field::new("priority", Kind::U16),
    Field::new("name", Kind::Sized16(&Kind::Name)),
    Field::optional("addresses", Kind::Sized16(&IP6_LIST)),
    Field::optional("parameters", Kind::Options(&sub::SVC_PARAMS)),
];
static MANAGER: &[Field] = &[
    Field::new("transports", Kind::Bits(Width::Two, &[(0x8000, "dns-over-mutual-tls")])),
    Field::new("name", Kind::Name),
];

/// What a RECONFIGURE asks for (RFC 9915 §21.19).
static RECONFIGURE_TYPES: Names =
    Names { what: "a message type", entries: &[(5, "renew"), (6, "rebind"), (11, "information-request")] };
/// What a leasequery asks by (RFC 5007 §4.1.2.1, RFC 5460 §5.2).
static LEASEQUERY_TYPES: Names = Names {
    what: "a leasequery type",
    entries: &[
        (1, "by-address"),
        (2, "by-client-id"),
        (3, "by-relay-id"),
        (4, "by-link-address"),
        (5, "by-remote-id"),
    ],
};
/// Preference of a DNS server (RFC 6731 §4.2).
static PREFERENCES: Names =
    Names { what: "a preference", entries: &[(0, "medium"), (1, "high"), (2, "reserved"), (3, "low")] };
/// How a Kerberos server is spoken to (RFC 6784 §3.4).
static KDC_TRANSPORTS: Names = Names { what: "a transport", entries: &[(1, "udp"), (2, "tcp"), (3, "tls")] };
/// States of a binding (RFC 8156 §5.5.1).
static BINDING_STATUS: Names = Names {
    what: "a binding status",
    entries: &[
        (1, "active"),
        (2, "expired"),
        (3, "released"),
        (4, "pending-free"),
        (5, "free"),
        (6, "free-backup"),
        (7, "abandoned"),
        (8, "reset"),
    ],
};
/// States of a failover server (RFC 8156 §5.5.19).
static SERVER_STATES: Names = Names {
    what: "a server state",
    entries: &[
        (1, "startup"),
        (2, "normal"),
        (3, "communications-interrupted"),
        (4, "partner-down"),
        (5, "potential-conflict"),
        (6, "recover"),
        (7, "recover-wait"),
        (8, "recover-done"),
        (9, "resolution-interrupted"),
        (10, "conflict-done"),
    ],
};

/// Whether a client may ask for this option in its option request option (IANA's column "Client ORO").
pub fn may_be_requested(code: u16) -> bool {
    !matches!(code, 1..=9 | 11..=16 | 18..=20 | 25 | 26 | 37 | 38 | 43..=48 | 53 | 61 | 66 | 68 | 79..=81 | 87 | 89 | 91..=93 | 100..=102 | 105..=110 | 112 | 114..=135 | 138..=140 | 149 | 150)
}

/// Whether a message or option may hold this option more than once (IANA's column "Singleton Option").
pub fn may_repeat(code: u16) -> bool {
    matches!(
        code,
        3..=5 | 16 | 17 | 25 | 26 | 86 | 89 | 90 | 94 | 104 | 113 | 138 | 139 | 144 | 145 | 149 | 150
    )
}

/// Whether this option is no longer to be sent (RFC 9915, appendix A).
pub fn is_obsolete(code: u16) -> bool {
    matches!(code, IA_TA | UNICAST)
}

options! {
    /// DHCPv6 options: two bytes of code, two bytes of length.
    SPACE: u16, "dhcpv6", 2 + 2, counts_header: false, pad_and_end: false, lax: true;

    CLIENTID = 1, "clientid", Kind::Duid, "RFC 9915 21.2", "Who the client is.", "client-id";
    SERVERID = 2, "serverid", Kind::Duid, "RFC 9915 21.3", "Who the server is.", "server-id";
    IA_NA = 3, "ia-na", Kind::Record(IA), "RFC 9915 21.4", "Addresses for an interface: identity association.";
    IA_TA = 4, "ia-ta", Kind::Record(IA_TA_FIELDS), "RFC 8415 21.5", "Temporary addresses; obsolete.";
    IAADDR = 5, "iaaddr", Kind::Record(IA_ADDR), "RFC 9915 21.6", "One address of an identity association.", "ia-addr";
    ORO = 6, "oro", Kind::List(&Kind::OptionCode(&SPACE)), "RFC 9915 21.7", "Options the client wants.", "option-request", "request-options";
    PREFERENCE = 7, "preference", Kind::U8, "RFC 9915 21.8", "How much this server wants to be chosen; 255 ends the client's wait.";
    ELAPSED_TIME = 8, "elapsed-time", Kind::Hundredths, "RFC 9915 21.9", "Hundredths of a second since the client began.", "elapsed";
    RELAY_MSG = 9, "relay-msg", Kind::Message6, "RFC 9915 21.10", "The message that a relay passes on.", "relay-message";
    AUTH = 11, "auth", Kind::Record(AUTHENTICATION), "RFC 9915 21.11", "Proof of who sent the message.", "authentication";
    UNICAST = 12, "unicast", Kind::Ip6, "RFC 8415 21.12", "Where the client may send directly; obsolete.", "server-unicast";
    STATUS_CODE = 13, "status-code", Kind::Record(STATUS), "RFC 9915 21.13", "How a request went.", "status";
    RAPID_COMMIT = 14, "rapid-commit", Kind::Empty, "RFC 9915 21.14", "Two messages instead of four.";
    USER_CLASS = 15, "user-class", CLASSES, "RFC 9915 21.15", "Kind of user or application.";
    VENDOR_CLASS = 16, "vendor-class", Kind::Record(CLASS_OF_VENDOR), "RFC 9915 21.16", "Kind of device, by vendor.";
    VENDOR_OPTS = 17, "vendor-opts", Kind::Shaped(Shape::VendorOptions), "RFC 9915 21.17", "What vendors define, by enterprise.", "vendor-options";
    INTERFACE_ID = 18, "interface-id", Kind::Auto, "RFC 9915 21.18", "The relay's interface to the client.";
    RECONF_MSG = 19, "reconf-msg", Kind::Enum(Width::One, &RECONFIGURE_TYPES), "RFC 9915 21.19", "What the client shall send.", "reconfigure-message";
    RECONF_ACCEPT = 20, "reconf-accept", Kind::Empty, "RFC 9915 21.20", "The client can be told to reconfigure.", "reconfigure-accept";
    SIP_SERVER_D = 21, "sip-server-d", NAMES, "RFC 3319 3.1", "SIP servers by name.", "sip-server-names";
    SIP_SERVER_A = 22, "sip-server-a", IP6_LIST, "RFC 3319 3.2", "SIP servers.", "sip-servers";
    DNS_SERVERS = 23, "dns-servers", IP6_LIST, "RFC 3646 3", "DNS servers, most preferred first.", "dns", "name-servers";
    DOMAIN_LIST = 24, "domain-list", NAMES, "RFC 3646 4", "Domains to complete names with.", "domain-search", "search";
    IA_PD = 25, "ia-pd", Kind::Record(IA), "RFC 9915 21.21", "Prefixes for a router to delegate: identity association.";
    IAPREFIX = 26, "iaprefix", Kind::Shaped(Shape::IaPrefix), "RFC 9915 21.22", "One prefix of an identity association.", "ia-prefix";
    NIS_SERVERS = 27, "nis-servers", IP6_LIST, "RFC 3898 3", "NIS servers.";
    NISP_SERVERS = 28, "nisp-servers", IP6_LIST, "RFC 3898 4", "NIS+ servers.";
    NIS_DOMAIN_NAME = 29, "nis-domain-name", Kind::Name, "RFC 3898 5", "NIS domain.";
    NISP_DOMAIN_NAME = 30, "nisp-domain-name", Kind::Name, "RFC 3898 6", "NIS+ domain.";
    SNTP_SERVERS = 31, "sntp-servers", IP6_LIST, "RFC 4075 4", "SNTP servers; 56 replaces it.", "sntp";
    INFORMATION_REFRESH_TIME = 32, "information-refresh-time", Kind::Lifetime, "RFC 9915 21.23", "When to ask for configuration again.", "refresh-time";
    BCMCS_SERVER_D = 33, "bcmcs-server-d", NAMES, "RFC 4280 4.2", "Broadcast and multicast controllers by name.";
    BCMCS_SERVER_A = 34, "bcmcs-server-a", IP6_LIST, "RFC 4280 4.4", "Broadcast and multicast controllers.";
    GEOCONF_CIVIC = 36, "geoconf-civic", Kind::Record(CIVIC), "RFC 4776 3.2", "Civic address of the client or server.";
    REMOTE_ID = 37, "remote-id", Kind::Record(REMOTE), "RFC 4649 3", "Who is at the other end of the circuit.";
    SUBSCRIBER_ID = 38, "subscriber-id", Kind::Auto, "RFC 4580 2", "Name of the subscriber.";
    CLIENT_FQDN = 39, "client-fqdn", Kind::Shaped(Shape::Fqdn), "RFC 4704 4", "The client's name, and who tells the DNS.", "fqdn";
    PANA_AGENT = 40, "pana-agent", IP6_LIST, "RFC 5192 3", "PANA authentication agents.";
    NEW_POSIX_TIMEZONE = 41, "new-posix-timezone", Kind::Text, "RFC 4833 3", "Time zone as POSIX writes it.", "posix-timezone";
    NEW_TZDB_TIMEZONE = 42, "new-tzdb-timezone", Kind::Text, "RFC 4833 3", "Time zone by its name in the tz database.", "tzdb-timezone", "timezone";
    ERO = 43, "ero", Kind::List(&Kind::OptionCode(&SPACE)), "RFC 4994 2", "Options the relay wants back.", "echo-request";
    LQ_QUERY = 44, "lq-query", Kind::Record(QUERY), "RFC 5007 4.1.2.1", "What a leasequery asks.", "leasequery";
    CLIENT_DATA = 45, "client-data", Kind::Options(&SPACE), "RFC 5007 4.1.2.2", "A client's leases.";
    CLT_TIME = 46, "clt-time", Kind::Seconds, "RFC 5007 4.1.2.3", "Seconds since the client was last heard.";
    LQ_RELAY_DATA = 47, "lq-relay-data", Kind::Record(RELAY_DATA), "RFC 5007 4.1.2.4", "The relay message of the client's last exchange.";
    LQ_CLIENT_LINK = 48, "lq-client-link", IP6_LIST, "RFC 5007 4.1.2.5", "Links on which the client has leases.";
    MIP6_HNIDF = 49, "mip6-hnidf", Kind::Name, "RFC 6610 3.1.1", "Mobile IPv6 home network.";
    MIP6_VDINF = 50, "mip6-vdinf", Kind::Options(&SPACE), "RFC 6610 3.1.2", "Mobile IPv6 visited network.";
    V6_LOST = 51, "v6-lost", Kind::Name, "RFC 5223 4", "LoST server for emergency calls.", "lost";
    CAPWAP_AC_V6 = 52, "capwap-ac-v6", IP6_LIST, "RFC 5417 3", "CAPWAP access controllers.", "capwap";
    RELAY_ID = 53, "relay-id", Kind::Duid, "RFC 5460 5.4.1", "Who the relay is.";
    IPV6_ADDRESS_MOS = 54, "ipv6-address-mos", Kind::Options(&MOS_ADDRESSES), "RFC 5678 4", "Mobility services by address.", "mos-addresses";
    IPV6_FQDN_MOS = 55, "ipv6-fqdn-mos", Kind::Options(&MOS_NAMES), "RFC 5678 5", "Mobility services by name.", "mos-names";
    NTP_SERVER = 56, "ntp-server", Kind::Options(&NTP), "RFC 5908 4", "NTP servers.", "ntp";
    V6_ACCESS_DOMAIN = 57, "v6-access-domain", Kind::Name, "RFC 5986 3.3", "Domain of the access network.", "access-domain";
    SIP_UA_CS_LIST = 58, "sip-ua-cs-list", NAMES, "RFC 6011 4.2", "Configuration servers of SIP user agents.";
    BOOTFILE_URL = 59, "bootfile-url", Kind::Text, "RFC 5970 3.1", "What to boot.", "boot-file-url";
    BOOTFILE_PARAM = 60, "bootfile-param", Kind::List(&Kind::Sized16(&Kind::Text)), "RFC 5970 3.2", "Arguments for the boot file.", "boot-file-param";
    CLIENT_ARCH_TYPE = 61, "client-arch-type", Kind::List(&Kind::Coded(Width::Two, &names::ARCHITECTURES)), "RFC 5970 3.3", "Architectures of a network booter.", "client-arch";
    NII = 62, "nii", Kind::Record(NETWORK_INTERFACE), "RFC 5970 3.4", "Network interface of a network booter.", "client-ndi";
    GEOLOCATION = 63, "geolocation", Kind::Fixed(16), "RFC 6225 2.2.1", "Coordinates of the client.";
    AFTR_NAME = 64, "aftr-name", Kind::Name, "RFC 6334 3", "Tunnel end of DS-Lite.", "aftr";
    ERP_LOCAL_DOMAIN_NAME = 65, "erp-local-domain-name", Kind::Name, "RFC 6440 4", "ERP domain.";
    RSOO = 66, "rsoo", Kind::Options(&SPACE), "RFC 6422 4", "Options a relay wants the client to get.", "relay-supplied-options";
    PD_EXCLUDE = 67, "pd-exclude", Kind::Record(EXCLUDE), "RFC 6603 4.2", "Prefix kept out of the delegated one.", "prefix-exclude";
    VSS = 68, "vss", Kind::Switch(&sub::VSS), "RFC 6607 3.3", "Which virtual network.", "virtual-subnet-selection";
    MIP6_IDINF = 69, "mip6-idinf", Kind::Options(&SPACE), "RFC 6610 3.1.3", "Mobile IPv6 networks by identifier.";
    MIP6_UDINF = 70, "mip6-udinf", Kind::Options(&SPACE), "RFC 6610 3.1.4", "Mobile IPv6 network the user names.";
    MIP6_HNP = 71, "mip6-hnp", Kind::Prefix6, "RFC 6610 3.1.5", "Mobile IPv6 home network prefix.";
    MIP6_HAA = 72, "mip6-haa", Kind::Ip6, "RFC 6610 3.1.6", "Mobile IPv6 home agent.";
    MIP6_HAF = 73, "mip6-haf", Kind::Name, "RFC 6610 3.1.7", "Mobile IPv6 home agent by name.";
    RDNSS_SELECTION = 74, "rdnss-selection", Kind::Record(SELECTION), "RFC 6731 4.2", "DNS servers for some domains.";
    KRB_PRINCIPAL_NAME = 75, "krb-principal-name", Kind::Auto, "RFC 6784 3.1", "Kerberos principal.";
    KRB_REALM_NAME = 76, "krb-realm-name", Kind::Auto, "RFC 6784 3.2", "Kerberos realm.";
    KRB_DEFAULT_REALM_NAME = 77, "krb-default-realm-name", Kind::Auto, "RFC 6784 3.3", "Kerberos realm to use by default.";
    KRB_KDC = 78, "krb-kdc", Kind::Record(KDC), "RFC 6784 3.4", "Kerberos key distribution centre.";
    CLIENT_LINKLAYER_ADDR = 79, "client-linklayer-addr", Kind::Record(LINK_LAYER), "RFC 6939 4", "The client's hardware address, as its relay saw it.", "client-link-layer-address";
    LINK_ADDRESS = 80, "link-address", Kind::Ip6, "RFC 6977 5", "Link that a leasequery or reconfigure is about.";
    RADIUS = 81, "radius", Kind::Shaped(Shape::Radius), "RFC 7037 4", "What RADIUS said of the client.";
    SOL_MAX_RT = 82, "sol-max-rt", Kind::Seconds, "RFC 9915 21.24", "Longest time between SOLICITs.";
    INF_MAX_RT = 83, "inf-max-rt", Kind::Seconds, "RFC 9915 21.25", "Longest time between INFORMATION-REQUESTs.";
    ADDRSEL = 84, "addrsel", Kind::Record(SELECT), "RFC 7078 2", "How to choose addresses.";
    ADDRSEL_TABLE = 85, "addrsel-table", Kind::Record(SELECT_TABLE), "RFC 7078 2", "Policy table for choosing addresses.";
    V6_PCP_SERVER = 86, "v6-pcp-server", IP6_LIST, "RFC 7291 3.1", "PCP servers.", "pcp-server";
    DHCPV4_MSG = 87, "dhcpv4-msg", Kind::Message4, "RFC 7341 6.3", "A DHCPv4 message.", "dhcpv4-message";
    DHCP4_O_DHCP6_SERVER = 88, "dhcp4-o-dhcp6-server", IP6_LIST, "RFC 7341 6.2", "Servers for DHCPv4 in DHCPv6; empty: ask all.", "4o6-server";
    S46_RULE = 89, "s46-rule", Kind::Record(MAP_RULE), "RFC 7598 4.1", "MAP rule.";
    S46_BR = 90, "s46-br", Kind::Ip6, "RFC 7598 4.2", "MAP or lightweight 4over6 border relay.";
    S46_DMR = 91, "s46-dmr", Kind::ShortPrefix, "RFC 7598 4.3", "MAP-T default mapping rule.";
    S46_V4V6BIND = 92, "s46-v4v6bind", Kind::Record(BINDING), "RFC 7598 4.4", "Lightweight 4over6 binding.";
    S46_PORTPARAMS = 93, "s46-portparams", Kind::Record(sub::PORT_PARAMS), "RFC 7598 4.5", "Ports of a shared IPv4 address.";
    S46_CONT_MAPE = 94, "s46-cont-mape", Kind::Options(&SPACE), "RFC 7598 5.1", "MAP-E configuration.", "map-e";
    S46_CONT_MAPT = 95, "s46-cont-mapt", Kind::Options(&SPACE), "RFC 7598 5.2", "MAP-T configuration.", "map-t";
    S46_CONT_LW = 96, "s46-cont-lw", Kind::Options(&SPACE), "RFC 7598 5.3", "Lightweight 4over6 configuration.", "lw4o6";
    OPTION_4RD = 97, "4rd", Kind::Options(&SPACE), "RFC 7600 4.9", "4rd configuration.";
    OPTION_4RD_MAP_RULE = 98, "4rd-map-rule", Kind::Shaped(Shape::MapRule), "RFC 7600 4.9", "4rd mapping rule.";
    OPTION_4RD_NON_MAP_RULE = 99, "4rd-non-map-rule", Kind::Record(NON_MAP), "RFC 7600 4.9", "4rd non-mapping rule.";
    LQ_BASE_TIME = 100, "lq-base-time", Kind::Since2000, "RFC 7653 6.3.1", "Time of a leasequery answer.";
    LQ_START_TIME = 101, "lq-start-time", Kind::Since2000, "RFC 7653 6.3.2", "Leases from then on are wanted.";
    LQ_END_TIME = 102, "lq-end-time", Kind::Since2000, "RFC 7653 6.3.3", "Leases up to then are wanted.";
    DHCP_CAPTIVE_PORTAL = 103, "dhcp-captive-portal", Kind::Text, "RFC 8910 2.2", "Where a captive portal says more.", "captive-portal";
    MPL_PARAMETERS = 104, "mpl-parameters", Kind::Record(MPL), "RFC 7774 2.1", "Multicast forwarding of low power networks.";
    ANI_ATT = 105, "ani-att", Kind::Record(ACCESS), "RFC 7839 4.4.1", "Technology of the access network.";
    ANI_NETWORK_NAME = 106, "ani-network-name", Kind::Text, "RFC 7839 4.4.2", "Name of the access network, such as an SSID.";
    ANI_AP_NAME = 107, "ani-ap-name", Kind::Text, "RFC 7839 4.4.3", "Name of the access point.";
    ANI_AP_BSSID = 108, "ani-ap-bssid", Kind::Hardware, "RFC 7839 4.4.4", "BSSID of the access point.";
    ANI_OPERATOR_ID = 109, "ani-operator-id", Kind::Coded(Width::Four, &names::ENTERPRISES), "RFC 7839 4.4.5", "Enterprise number of the operator.";
    ANI_OPERATOR_REALM = 110, "ani-operator-realm", Kind::Text, "RFC 7839 4.4.6", "Realm of the operator.";
    S46_PRIORITY = 111, "s46-priority", Kind::List(&Kind::OptionCode(&SPACE)), "RFC 8026 1.4.1", "IPv4 as a service mechanisms, best first.";
    MUD_URL_V6 = 112, "mud-url-v6", Kind::Text, "RFC 8520 10.2", "Where the device's manufacturer describes it.", "mud-url";
    V6_PREFIX64 = 113, "v6-prefix64", Kind::Record(PREFIXES64), "RFC 8115 3", "Prefixes that multicast addresses are translated with.";
    F_BINDING_STATUS = 114, "f-binding-status", Kind::Enum(Width::One, &BINDING_STATUS), "RFC 8156 5.5.1", "State of a binding.";
    F_CONNECT_FLAGS = 115, "f-connect-flags", Kind::Bits(Width::Two, &[(1, "fixed-pd-length")]), "RFC 8156 5.5.2", "Features of a failover connection.";
    F_DNS_REMOVAL_INFO = 116, "f-dns-removal-info", Kind::Options(&SPACE), "RFC 8156 5.5.3", "How to take a name out of the DNS.";
    F_DNS_HOST_NAME = 117, "f-dns-host-name", Kind::PartialName, "RFC 8156 5.5.4", "Host name in the DNS.";
    F_DNS_ZONE_NAME = 118, "f-dns-zone-name", Kind::Name, "RFC 8156 5.5.5", "Zone of the DNS.";
    F_DNS_FLAGS = 119, "f-dns-flags", Kind::Bits(Width::Two, &[(8, "using-requested-fqdn"), (4, "synthesized-name"), (2, "reverse-up-to-date"), (1, "forward-up-to-date")]), "RFC 8156 5.5.6", "What was done in the DNS.";
    F_EXPIRATION_TIME = 120, "f-expiration-time", Kind::Since2000, "RFC 8156 5.5.7", "When a lease ends.";
    F_MAX_UNACKED_BNDUPD = 121, "f-max-unacked-bndupd", Kind::U32, "RFC 8156 5.5.8", "Binding updates that may be unanswered.";
    F_MCLT = 122, "f-mclt", Kind::Seconds, "RFC 8156 5.5.9", "Maximum client lead time.";
    F_PARTNER_LIFETIME = 123, "f-partner-lifetime", Kind::Since2000, "RFC 8156 5.5.10", "When the partner may let a lease end.";
    F_PARTNER_LIFETIME_SENT = 124, "f-partner-lifetime-sent", Kind::Since2000, "RFC 8156 5.5.11", "What the partner was told of that.";
    F_PARTNER_DOWN_TIME = 125, "f-partner-down-time", Kind::Since2000, "RFC 8156 5.5.12", "When the partner went down.";
    F_PARTNER_RAW_CLT_TIME = 126, "f-partner-raw-clt-time", Kind::Since2000, "RFC 8156 5.5.13", "When the partner heard the client.";
    F_PROTOCOL_VERSION = 127, "f-protocol-version", Kind::Record(VERSION), "RFC 8156 5.5.14", "Version of the failover protocol.";
    F_KEEPALIVE_TIME = 128, "f-keepalive-time", Kind::Seconds, "RFC 8156 5.5.15", "How long silence is tolerated.";
    F_RECONFIGURE_DATA = 129, "f-reconfigure-data", Kind::Record(RECONFIGURE), "RFC 8156 5.5.16", "Key for reconfiguring a client.";
    F_RELATIONSHIP_NAME = 130, "f-relationship-name", Kind::Text, "RFC 8156 5.5.17", "Name of the failover relationship.";
    F_SERVER_FLAGS = 131, "f-server-flags", Kind::Bits(Width::One, &[(4, "ack-startup"), (2, "startup"), (1, "communicated")]), "RFC 8156 5.5.18", "What a failover server says of itself.";
    F_SERVER_STATE = 132, "f-server-state", Kind::Enum(Width::One, &SERVER_STATES), "RFC 8156 5.5.19", "State of a failover server.";
    F_START_TIME_OF_STATE = 133, "f-start-time-of-state", Kind::Since2000, "RFC 8156 5.5.20", "Since when it is in that state.";
    F_STATE_EXPIRATION_TIME = 134, "f-state-expiration-time", Kind::Since2000, "RFC 8156 5.5.21", "When a binding's state ends.";
    RELAY_PORT = 135, "relay-port", Kind::U16, "RFC 8357 5.2", "Port the relay listens on; 0: the source port.";
    V6_SZTP_REDIRECT = 136, "v6-sztp-redirect", Kind::List(&Kind::Sized16(&Kind::Text)), "RFC 8572 8.2", "Bootstrap servers for zero touch provisioning.", "sztp-redirect";
    S46_BIND_IPV6_PREFIX = 137, "s46-bind-ipv6-prefix", Kind::ShortPrefix, "RFC 8539 6.1", "Prefix to bind a softwire to.";
    IA_LL = 138, "ia-ll", Kind::Record(IA), "RFC 8947 11.1", "Link-layer addresses: identity association.";
    LLADDR = 139, "lladdr", Kind::Record(LINK_LAYER_BLOCK), "RFC 8947 11.2", "A block of link-layer addresses.";
    SLAP_QUAD = 140, "slap-quad", Kind::List(&Kind::Record(QUADRANT)), "RFC 8948 5.1", "Quadrants of local addresses the client prefers.";
    V6_DOTS_RI = 141, "v6-dots-ri", Kind::Name, "RFC 8973 5.1", "DOTS server by name.", "dots-ri";
    V6_DOTS_ADDRESS = 142, "v6-dots-address", IP6_LIST, "RFC 8973 5.1", "DOTS servers.", "dots-address";
    IPV6_ADDRESS_ANDSF = 143, "ipv6-address-andsf", IP6_LIST, "RFC 6153 3", "ANDSF servers.", "andsf";
    V6_DNR = 144, "v6-dnr", Kind::Record(RESOLVER), "RFC 9463 4.1", "Encrypted DNS resolver.", "dnr";
    REGISTERED_DOMAIN = 145, "registered-domain", Kind::Name, "RFC 9527 4.1", "Domain registered for a home network.";
    FORWARD_DIST_MANAGER = 146, "forward-dist-manager", Kind::Record(MANAGER), "RFC 9527 4.2", "Where to send a zone's names.";
    REVERSE_DIST_MANAGER = 147, "reverse-dist-manager", Kind::Record(MANAGER), "RFC 9527 4.3", "Where to send reverse names.";
    ADDR_REG_ENABLE = 148, "addr-reg-enable", Kind::Empty, "RFC 9686 4.1", "Addresses may be registered.";
    IA_SRV6_LOCATOR = 149, "ia-srv6-locator", Kind::Opaque, "draft-ietf-spring-dhc-distribute-srv6-locator-dhcp", "SRv6 locators: identity association (draft).";
    IALOCATOR = 150, "ialocator", Kind::Opaque, "draft-ietf-spring-dhc-distribute-srv6-locator-dhcp", "One SRv6 locator (draft).";
}

options! {
    /// NTP servers (56, RFC 5908 §4).
    NTP: u16, "ntp", 2 + 2, counts_header: false, pad_and_end: false, lax: true;

    NTP_SERVER_ADDRESS = 1, "srv-addr", Kind::Ip6, "RFC 5908 4.1", "A server.";
    NTP_MULTICAST_ADDRESS = 2, "mc-addr", Kind::Ip6, "RFC 5908 4.2", "A multicast group.";
    NTP_SERVER_NAME = 3, "srv-fqdn", Kind::Name, "RFC 5908 4.3", "A server by name.";
}

options! {
    /// Mobility services by address (54, RFC 5678 §4).
    MOS_ADDRESSES: u16, "mos-addresses", 2 + 2, counts_header: false, pad_and_end: false, lax: true;

    MOS_IS_ADDRESS = 1, "is", IP6_LIST, "RFC 5678 4", "Information services.";
    MOS_CS_ADDRESS = 2, "cs", IP6_LIST, "RFC 5678 4", "Command services.";
    MOS_ES_ADDRESS = 3, "es", IP6_LIST, "RFC 5678 4", "Event services.";
}

options! {
    /// Mobility services by name (55, RFC 5678 §5).
    MOS_NAMES: u16, "mos-names", 2 + 2, counts_header: false, pad_and_end: false, lax: true;

    MOS_IS_NAME = 1, "is", NAMES, "RFC 5678 5", "Information services.";
    MOS_CS_NAME = 2, "cs", NAMES, "RFC 5678 5", "Command services.";
    MOS_ES_NAME = 3, "es", NAMES, "RFC 5678 5", "Event services.";
}

options! {
    /// `CableLabs` (17, enterprise 4491).
    CABLELABS: u16, "cablelabs-v6", 2 + 2, counts_header: false, pad_and_end: false, lax: true;

    CL_ORO = 1, "oro", Kind::List(&Kind::U16), "CL-SP-CANN-DHCP", "Sub-options wanted.";
    CL_DEVICE_TYPE = 2, "device-type", Kind::Text, "CL-SP-CANN-DHCP", "Kind of device.";
    CL_TFTP_SERVERS = 32, "tftp-servers", IP6_LIST, "CL-SP-CANN-DHCP", "TFTP servers.";
    CL_CONFIG_FILE = 33, "config-file-name", Kind::Text, "CL-SP-CANN-DHCP", "Configuration file.";
    CL_SYSLOG_SERVERS = 34, "syslog-servers", IP6_LIST, "CL-SP-CANN-DHCP", "Syslog servers.";
    CL_DEVICE_ID = 36, "device-id", Kind::Hardware, "CL-SP-CANN-DHCP", "Hardware address of the device.";
    CL_TIME_SERVERS = 37, "time-servers", IP6_LIST, "CL-SP-CANN-DHCP", "RFC 868 time servers.";
    CL_TIME_OFFSET = 38, "time-offset", Kind::I32, "CL-SP-CANN-DHCP", "Seconds east of UTC.";
}

options! {
    /// Options of an enterprise whose options are not known.
    ENTERPRISE: u16, "enterprise", 2 + 2, counts_header: false, pad_and_end: false, lax: true;
}

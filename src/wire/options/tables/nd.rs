//! The options of Neighbor Discovery (RFC 4861 §4.6 and after; IANA "IPv6 Neighbor Discovery Option Formats").

use super::sub;
use crate::wire::options::kind::{Field, Kind, Width};
use crate::wire::options::registry::options;
use crate::wire::options::shapes::Shape;

const RESERVED2_NUMBER: Kind = Kind::After(2, &Kind::U32);
const LIFETIME: Field = Field::new("lifetime", Kind::After(2, &Kind::Lifetime));
const HOME_AGENT: &[Field] = &[
    Field::new("reserved", Kind::U16),
    Field::new("preference", Kind::U16),
    Field::new("lifetime", Kind::U16),
];
const SERVERS: &[Field] = &[LIFETIME, Field::new("servers", Kind::List(&Kind::Ip6))];
const DOMAINS: &[Field] = &[LIFETIME, Field::new("domains", Kind::Shaped(Shape::PaddedNames))];
const REGISTRATION: &[Field] = &[
    Field::new("status", Kind::U8),
    Field::new("opaque", Kind::U8),
    Field::new("flags", Kind::HexNumber(Width::One)),
    Field::new("transaction_id", Kind::U8),
    Field::new("lifetime", Kind::U16),
    Field::new("identifier", Kind::Bytes),
];
pub(in crate::wire::options) const RESOLVER_PARAMETERS: Kind = Kind::Options(&sub::SVC_PARAMS);

options! {
    /// Options of Neighbor Discovery: one byte of type, one byte of length in units of eight bytes, both counted.
    SPACE: u8, "nd", 1 + 1, counts_header: true, pad_and_end: false, unit: 8;

    SOURCE_LINK_LAYER_ADDRESS = 1, "source-link-layer-address", Kind::Hardware, "RFC 4861 4.6.1", "Hardware address of the sender.";
    TARGET_LINK_LAYER_ADDRESS = 2, "target-link-layer-address", Kind::Hardware, "RFC 4861 4.6.1", "Hardware address of the target.";
    PREFIX_INFORMATION = 3, "prefix-information", Kind::Shaped(Shape::PrefixInformation), "RFC 4861 4.6.2", "A prefix of the link.";
    REDIRECTED_HEADER = 4, "redirected-header", Kind::Opaque, "RFC 4861 4.6.3", "Start of the packet that was redirected.";
    MTU = 5, "mtu", RESERVED2_NUMBER, "RFC 4861 4.6.4", "MTU of the link.";
    ADVERTISEMENT_INTERVAL = 7, "advertisement-interval", RESERVED2_NUMBER, "RFC 6275 7.3", "Longest time between advertisements, in milliseconds.";
    HOME_AGENT_INFORMATION = 8, "home-agent-information", Kind::Record(HOME_AGENT), "RFC 6275 7.4", "What a home agent says of itself.";
    SOURCE_ADDRESS_LIST = 9, "source-address-list", Kind::Opaque, "RFC 3122 3.1", "Addresses of the sender.";
    TARGET_ADDRESS_LIST = 10, "target-address-list", Kind::Opaque, "RFC 3122 3.2", "Addresses of the target.";
    CGA = 11, "cga", Kind::Opaque, "RFC 3971 5.1", "Parameters of a cryptographic address.";
    RSA_SIGNATURE = 12, "rsa-signature", Kind::Opaque, "RFC 3971 5.2", "Signature.";
    TIMESTAMP = 13, "timestamp", Kind::Opaque, "RFC 3971 5.3.1", "Time of sending.";
    NONCE = 14, "nonce", Kind::Bytes, "RFC 3971 5.3.2", "Number used once.";
    TRUST_ANCHOR = 15, "trust-anchor", Kind::Opaque, "RFC 3971 6.4.3", "Who is trusted.";
    CERTIFICATE = 16, "certificate", Kind::Opaque, "RFC 3971 6.4.4", "Certificate.";
    IP_ADDRESS_PREFIX = 17, "ip-address-prefix", Kind::Opaque, "RFC 5568 6.4.1", "Address or prefix for a handover.";
    NEW_ROUTER_PREFIX_INFORMATION = 18, "new-router-prefix-information", Kind::Opaque, "RFC 4068 6.4.2", "Prefix of the next router; obsolete.";
    LINK_LAYER_ADDRESS = 19, "link-layer-address", Kind::Opaque, "RFC 5568 6.4.3", "Hardware address for a handover.";
    NEIGHBOR_ADVERTISEMENT_ACKNOWLEDGMENT = 20, "neighbor-advertisement-acknowledgment", Kind::Opaque, "RFC 5568 6.4.5", "Whether the new address may be used.";
    PVD_ID = 21, "pvd-id", Kind::Shaped(Shape::Pvd), "RFC 8801 3.1", "Provisioning domain.";
    MAP = 23, "map", Kind::Opaque, "RFC 5380 6", "Mobility anchor point.";
    ROUTE_INFORMATION = 24, "route-information", Kind::Shaped(Shape::RouteInformation), "RFC 4191 2.3", "A route by way of this router.";
    RECURSIVE_DNS_SERVER = 25, "recursive-dns-server", Kind::Record(SERVERS), "RFC 8106 5.1", "DNS servers.";
    RA_FLAGS_EXTENSION = 26, "ra-flags-extension", Kind::Bytes, "RFC 5175 4", "More flags.";
    HANDOVER_KEY_REQUEST = 27, "handover-key-request", Kind::Opaque, "RFC 5269 3.1", "Key for a handover, asked for.";
    HANDOVER_KEY_REPLY = 28, "handover-key-reply", Kind::Opaque, "RFC 5269 3.2", "Key for a handover.";
    HANDOVER_ASSIST_INFORMATION = 29, "handover-assist-information", Kind::Opaque, "RFC 5271 3.1", "Help for a handover.";
    MOBILE_NODE_IDENTIFIER = 30, "mobile-node-identifier", Kind::Opaque, "RFC 5271 3.2", "Who hands over.";
    DNS_SEARCH_LIST = 31, "dns-search-list", Kind::Record(DOMAINS), "RFC 8106 5.2", "Domains to complete names with.";
    PROXY_SIGNATURE = 32, "proxy-signature", Kind::Opaque, "RFC 6496 4.1", "Signature of a proxy.";
    ADDRESS_REGISTRATION = 33, "address-registration", Kind::Record(REGISTRATION), "RFC 8505 4.1", "Registration of an address.";
    OPTION_6LOWPAN_CONTEXT = 34, "6lowpan-context", Kind::Shaped(Shape::SixLowpanContext), "RFC 6775 4.2", "Prefix for header compression.";
    AUTHORITATIVE_BORDER_ROUTER = 35, "authoritative-border-router", Kind::Shaped(Shape::BorderRouter), "RFC 6775 4.3", "Border router of a low power network.";
    OPTION_6LOWPAN_CAPABILITY_INDICATION = 36, "6lowpan-capability-indication", Kind::Bytes, "RFC 7400 3.3", "What a low power node can do.";
    DHCP_CAPTIVE_PORTAL = 37, "dhcp-captive-portal", Kind::Text, "RFC 8910 2.3", "Where a captive portal says more.";
    PREF64 = 38, "pref64", Kind::Shaped(Shape::Pref64), "RFC 8781 4", "Prefix of a NAT64.";
    CRYPTO_ID_PARAMETERS = 39, "crypto-id-parameters", Kind::Opaque, "RFC 8928 4.3", "Parameters of a cryptographic identifier.";
    NDP_SIGNATURE = 40, "ndp-signature", Kind::Opaque, "RFC 8928 4.4", "Signature.";
    RESOURCE_DIRECTORY_ADDRESS = 41, "resource-directory-address", Kind::Opaque, "RFC 9176 4.1.1", "Where resources are listed.";
    CONSISTENT_UPTIME = 42, "consistent-uptime", Kind::Opaque, "RFC 9685", "Uptime of a node.";
    CARD_REQUEST = 138, "card-request", Kind::Opaque, "RFC 4065 5.1.2.1", "Access routers, asked for.";
    CARD_REPLY = 139, "card-reply", Kind::Opaque, "RFC 4065 5.1.2.2", "Access routers.";
    ENCRYPTED_DNS = 144, "encrypted-dns", Kind::Shaped(Shape::EncryptedDns), "RFC 9463 6.1", "Encrypted DNS resolver.";
}

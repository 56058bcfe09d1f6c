//! Names of enumerated values.

use crate::wire::options::kind::Names;

macro_rules! names {
    ($($(#[$doc:meta])* $const:ident: $what:literal { $($number:literal = $name:literal,)* })*) => {
        $($(#[$doc])* pub static $const: Names = Names { what: $what, entries: &[$(($number, $name),)*] };)*
    };
}

names! {
    /// DHCP message types (RFC 2132 §9.6, RFC 3203, RFC 4388, RFC 6926, RFC 7724).
    MESSAGE_TYPES: "a message type" {
        1 = "discover", 2 = "offer", 3 = "request", 4 = "decline", 5 = "ack", 6 = "nak", 7 = "release", 8 = "inform",
        9 = "forcerenew", 10 = "leasequery", 11 = "leaseunassigned", 12 = "leaseunknown", 13 = "leaseactive",
        14 = "bulkleasequery", 15 = "leasequerydone", 16 = "activeleasequery", 17 = "leasequerystatus", 18 = "tls",
    }
    /// `NetBIOS` node types (RFC 2132 §8.7).
    NETBIOS_NODES: "a `NetBIOS` node type" { 1 = "b-node", 2 = "p-node", 4 = "m-node", 8 = "h-node", }
    /// Option overload (RFC 2132 §9.3).
    OVERLOAD: "an option overload" { 1 = "file", 2 = "sname", 3 = "both", }
    /// Automatic link-local configuration (RFC 2563 §2).
    AUTO_CONFIGURE: "an auto-configuration choice" { 0 = "do-not", 1 = "auto", }
    /// Leasequery states of an address (RFC 6926 §6.2.7).
    LEASE_STATES: "a lease state" {
        1 = "available", 2 = "active", 3 = "expired", 4 = "released", 5 = "abandoned", 6 = "reset", 7 = "remote",
        8 = "transitioning",
    }
    /// Leasequery status codes (RFC 6926 §6.2.2, RFC 7724 §5.2.3).
    LEASEQUERY_STATUS: "a leasequery status" {
        0 = "success", 1 = "unspec-fail", 2 = "query-terminated", 3 = "malformed-query", 4 = "not-allowed",
        5 = "data-missing", 6 = "connection-active", 7 = "catch-up-complete", 8 = "tls-connection-refused",
    }
    /// Where leasequery information comes from (RFC 6926 §6.2.8).
    DATA_SOURCE: "a data source" { 0 = "local", 1 = "remote", }
    /// Processor architectures of network booters (RFC 4578 §2.1, IANA "Processor Architecture Types").
    ARCHITECTURES: "a client architecture" {
        0 = "x86-bios", 1 = "nec-pc98", 2 = "itanium-uefi", 3 = "dec-alpha", 4 = "arc-x86", 5 = "intel-lean-client",
        6 = "x86-uefi", 7 = "x64-uefi", 8 = "efi-xscale", 9 = "efi-bytecode", 10 = "arm32-uefi", 11 = "arm64-uefi",
        12 = "powerpc-open-firmware", 13 = "powerpc-epapr", 14 = "power-opal-v3", 15 = "x86-uefi-http",
        16 = "x64-uefi-http", 17 = "efi-bytecode-http", 18 = "arm32-uefi-http", 19 = "arm64-uefi-http",
        20 = "x86-bios-http", 21 = "arm32-uboot", 22 = "arm64-uboot", 23 = "arm32-uboot-http", 24 = "arm64-uboot-http",
        25 = "riscv32-uefi", 26 = "riscv32-uefi-http", 27 = "riscv64-uefi", 28 = "riscv64-uefi-http",
        29 = "riscv128-uefi", 30 = "riscv128-uefi-http", 31 = "s390-basic", 32 = "s390-extended", 33 = "mips32-uefi",
        34 = "mips64-uefi", 35 = "sunway32-uefi", 36 = "sunway64-uefi", 37 = "loongarch32-uefi",
        38 = "loongarch32-uefi-http", 39 = "loongarch64-uefi", 40 = "loongarch64-uefi-http", 41 = "arm-rpiboot",
    }
    /// Hardware types (IANA "Hardware Types" of the ARP parameters).
    HARDWARE_TYPES: "a hardware type" {
        1 = "ethernet", 2 = "experimental-ethernet", 3 = "ax25", 4 = "pronet", 5 = "chaos", 6 = "ieee802", 7 = "arcnet",
        8 = "hyperchannel", 9 = "lanstar", 10 = "autonet", 11 = "localtalk", 12 = "localnet", 13 = "ultra-link", 14 = "smds",
        15 = "frame-relay", 16 = "atm-16", 17 = "hdlc", 18 = "fibre-channel", 19 = "atm", 20 = "serial-line", 21 = "atm-21",
        22 = "mil-std-188-220", 23 = "metricom", 24 = "ieee1394", 25 = "mapos", 26 = "twinaxial", 27 = "eui-64",
        28 = "hiparp", 29 = "iso7816-3", 30 = "arpsec", 31 = "ipsec-tunnel", 32 = "infiniband", 33 = "cai",
        34 = "wiegand", 35 = "pure-ip", 36 = "hw-exp1", 37 = "hfi", 38 = "unified-bus",
    }
    /// Hardware types that DHCPv6 gives a name (RFC 9915 §11.2); others are numbers.
    HARDWARE_TYPES_V6: "a hardware type" {
        1 = "ethernet", 6 = "ieee802", 16 = "atm", 18 = "fibre-channel", 24 = "ieee1394", 27 = "eui-64", 32 = "infiniband",
    }
    /// What a client identifier begins with: a hardware type or one of the two special numbers (RFC 2132 §9.14, RFC 4361 §6.1).
    CLIENT_ID_TYPES: "a client identifier type" {
        0 = "opaque", 1 = "ethernet", 6 = "ieee802", 7 = "arcnet", 15 = "frame-relay", 16 = "atm-16", 18 = "fibre-channel",
        19 = "atm", 20 = "serial-line", 24 = "ieee1394", 27 = "eui-64", 32 = "infiniband", 255 = "duid",
    }
    /// DUID types (RFC 8415 §11.1, RFC 6355).
    DUID_TYPES: "a DUID type" { 1 = "llt", 2 = "en", 3 = "ll", 4 = "uuid", }
    /// SIP server encodings (RFC 3361 §3).
    SIP_ENCODINGS: "a SIP server encoding" { 0 = "names", 1 = "addresses", }
    /// Authentication protocols (RFC 3118 §2, RFC 6704, IANA).
    AUTH_PROTOCOLS: "an authentication protocol" {
        0 = "configuration-token", 1 = "delayed", 2 = "delayed-obsolete", 3 = "reconfigure-key",
    }
    /// Authentication algorithms (RFC 3118 §5).
    AUTH_ALGORITHMS: "an authentication algorithm" { 0 = "none", 1 = "hmac-md5", }
    /// Replay detection methods (RFC 3118 §2).
    AUTH_RDM: "a replay detection method" { 0 = "monotonic-counter", }
    /// Forcerenew nonce algorithms (RFC 6704 §3.1.1).
    NONCE_ALGORITHMS: "a nonce algorithm" { 0 = "none", 1 = "hmac-md5", }
    /// Virtual subnet selection types (RFC 6607 §3.4).
    VSS_TYPES: "a VSS type" { 0 = "nvt-ascii", 1 = "vpn-id", 255 = "global", }
    /// Client identifier types of network booters (RFC 4578 §2.3).
    PXE_ID_TYPES: "a machine identifier type" { 0 = "uuid", }
    /// Network interface types of network booters (RFC 4578 §2.2).
    NDI_TYPES: "a network interface type" { 1 = "undi", }
    /// Name services (RFC 2937 §2): numbers of the options that configure them.
    NAME_SERVICES: "a name service" { 0 = "local", 6 = "dns", 41 = "nis", 44 = "netbios", 65 = "nisplus", }
    /// Access technologies (RFC 7839 §5.1, IANA mobility "Access Technology Type").
    ACCESS_TECHNOLOGIES: "an access technology" {
        1 = "virtual", 2 = "ppp", 3 = "ethernet", 4 = "wireless-lan", 5 = "wimax", 6 = "3gpp-geran", 7 = "3gpp-utran",
        8 = "3gpp-e-utran", 9 = "3gpp2-ehrpd", 10 = "3gpp2-hrpd", 11 = "3gpp2-1xrtt", 12 = "3gpp2-umb",
    }
    /// Who the civic address describes (RFC 4776 §3.1).
    CIVIC_WHAT: "a location subject" { 0 = "server", 1 = "network-element", 2 = "client", }
    /// RDNSS preference (RFC 6731 §4.3).
    RDNSS_PREFERENCE: "an RDNSS preference" { 0 = "medium", 1 = "high", 3 = "low", }
    /// Provisioning server address types (RFC 3495 §5.3).
    PROVISIONING_TYPES: "a provisioning server encoding" { 0 = "name", 1 = "address", }
    /// Boot server types (PXE specification 2.1).
    BOOT_SERVERS: "a boot server type" {
        0 = "pxe-bootstrap", 1 = "microsoft-nt", 2 = "intel-lcm", 3 = "dos-undi", 4 = "nec-esmpro", 5 = "ibm-wsod",
        6 = "ibm-lccm", 7 = "ca-unicenter", 8 = "hp-openview",
    }
    /// Parameters of a service (RFC 9460 §14.3.2).
    SVC_PARAM_KEYS: "a service parameter key" {
        0 = "mandatory", 1 = "alpn", 2 = "no-default-alpn", 3 = "port", 4 = "ipv4hint", 5 = "ech", 6 = "ipv6hint",
        7 = "dohpath", 8 = "ohttp",
    }
    /// Enterprises seen in vendor options (IANA private enterprise numbers).
    ENTERPRISES: "an enterprise number" {
        9 = "cisco", 11 = "hp", 43 = "3com", 171 = "d-link", 193 = "ericsson", 311 = "microsoft", 343 = "intel", 674 = "dell",
        2011 = "huawei", 2636 = "juniper", 3561 = "broadband-forum", 3902 = "zte", 4491 = "cablelabs", 6527 = "nokia",
        10055 = "ieee", 14823 = "aruba", 14988 = "mikrotik", 25506 = "h3c", 30065 = "arista", 40808 = "wi-fi-alliance",
        41112 = "ubiquiti",
    }
}

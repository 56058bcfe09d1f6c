//! Option spaces that vendors define: inside 43 by vendor class, inside 125 by enterprise number, inside 175.

use super::names;
use crate::wire::options::kind::{Field, Kind, Width};
use crate::wire::options::registry::{Space, options};

const IP4_LIST: Kind = Kind::List(&Kind::Ip4);
const BOOT_TYPE: Kind = Kind::Coded(Width::Two, &names::BOOT_SERVERS);
const BOOT_SERVER: &[Field] =
    &[Field::new("type", BOOT_TYPE), Field::new("addresses", Kind::Counted(&Kind::Ip4))];
const BOOT_MENU: &[Field] = &[Field::new("type", BOOT_TYPE), Field::new("text", Kind::Sized(&Kind::Text))];
const MENU_PROMPT: &[Field] = &[Field::new("timeout", Kind::U8), Field::new("text", Kind::Text)];
const BOOT_ITEM: &[Field] = &[Field::new("type", BOOT_TYPE), Field::new("layer", Kind::U16)];
const BUS_ID: &[Field] = &[
    Field::new("bus", Kind::U8),
    Field::new("vendor", Kind::Fixed(2)),
    Field::new("device", Kind::Fixed(2)),
];

/// What vendor classes begin with whose option 43 is known, and what it holds.
const CLASSES: [(&[u8], &Space); 8] = [
    (b"Juniper", &JUNIPER),
    (b"PXEClient", &PXE),
    (b"PXEServer", &PXE),
    (b"MSFT ", &MICROSOFT),
    (b"docsis", &DOCSIS),
    (b"pktc", &DOCSIS),
    (b"Cisco AP", &CISCO_AP),
    (b"ubnt", &UBIQUITI),
];

/// The space that option 43 holds for this vendor class (60); one without names where the class is not known.
pub fn space_of_class(class: Option<&[u8]>) -> &'static Space {
    let class = class.unwrap_or_default();
    CLASSES.iter().find(|(prefix, _)| class.starts_with(prefix)).map_or(&UNKNOWN, |row| row.1)
}

/// What a vendor class (60) whose option 43 is known begins with: as good as the class itself, and there to stay.
pub fn known_class(class: &[u8]) -> Option<&'static [u8]> {
    CLASSES.iter().find(|(prefix, _)| class.starts_with(prefix)).map(|row| row.0)
}

/// The spaces that option 43 can hold, by the vendor class.
pub static CLASS_SPACES: &[&Space] = &[&PXE, &MICROSOFT, &DOCSIS, &CISCO_AP, &UBIQUITI, &JUNIPER];

/// The space that option 125 holds for this enterprise.
pub fn space_of_enterprise(enterprise: u32) -> &'static Space {
    match enterprise {
        4491 => &CABLELABS_VIVSO,
        3561 => &BROADBAND_FORUM,
        _ => &UNKNOWN,
    }
}

/// The space that option 17 of DHCPv6 holds for this enterprise.
pub fn space_of_enterprise_v6(enterprise: u32) -> &'static Space {
    match enterprise {
        4491 => &super::v6::CABLELABS,
        _ => &super::v6::ENTERPRISE,
    }
}

options! {
    /// Vendor options whose names are not known.
    UNKNOWN: u8, "vendor", 1 + 1, counts_header: false, pad_and_end: true;
}

options! {
    /// Preboot execution environment (43 where the class says `PXEClient`; PXE specification 2.1).
    PXE: u8, "pxe", 1 + 1, counts_header: false, pad_and_end: true;

    PXE_MTFTP_IP = 1, "mtftp-ip", Kind::Ip4, "PXE 2.1", "Multicast address of MTFTP.";
    PXE_MTFTP_CLIENT_PORT = 2, "mtftp-client-port", Kind::U16Le, "PXE 2.1", "Port clients listen on.", "mtftp-cport";
    PXE_MTFTP_SERVER_PORT = 3, "mtftp-server-port", Kind::U16Le, "PXE 2.1", "Port of the MTFTP server.", "mtftp-sport";
    PXE_MTFTP_TIMEOUT = 4, "mtftp-timeout", Kind::U8, "PXE 2.1", "Seconds without traffic before a transfer starts.", "mtftp-tmout";
    PXE_MTFTP_DELAY = 5, "mtftp-delay", Kind::U8, "PXE 2.1", "Seconds to wait before trying again.";
    PXE_DISCOVERY_CONTROL = 6, "discovery-control", Kind::Bits(Width::One, &[(1, "no-broadcast"), (2, "no-multicast"), (4, "only-listed"), (8, "boot-file-given")]), "PXE 2.1", "How to find boot servers.";
    PXE_DISCOVERY_MULTICAST = 7, "discovery-mcast-addr", Kind::Ip4, "PXE 2.1", "Multicast address of boot servers.";
    PXE_BOOT_SERVERS = 8, "boot-servers", Kind::List(&Kind::Record(BOOT_SERVER)), "PXE 2.1", "Boot servers by type.";
    PXE_BOOT_MENU = 9, "boot-menu", Kind::List(&Kind::Record(BOOT_MENU)), "PXE 2.1", "What the user may choose.";
    PXE_MENU_PROMPT = 10, "menu-prompt", Kind::Record(MENU_PROMPT), "PXE 2.1", "Text and seconds before the menu.";
    PXE_MULTICAST_ALLOC = 11, "mcast-addrs-alloc", Kind::Bytes, "PXE 2.1", "Multicast addresses to use.";
    PXE_CREDENTIALS = 12, "credential-types", Kind::List(&Kind::U32), "PXE 2.1", "Security information.";
    PXE_BOOT_ITEM = 71, "boot-item", Kind::Record(BOOT_ITEM), "PXE 2.1", "What is booted.";
}

options! {
    /// Juniper devices (43; Junos zero touch provisioning): 0 is an option, no pad.
    JUNIPER: u8, "juniper", 1 + 1, counts_header: false, pad_and_end: false;

    JUNIPER_IMAGE = 0, "image-file-name", Kind::Text, "vendor", "Software image.";
    JUNIPER_CONFIG = 1, "config-file-name", Kind::Text, "vendor", "Configuration file.";
    JUNIPER_IMAGE_TYPE = 2, "image-file-type", Kind::Text, "vendor", "Kind of the image: symlink.";
    JUNIPER_TRANSFER = 3, "transfer-mode", Kind::Text, "vendor", "Protocol the files are fetched by.";
    JUNIPER_ALTERNATE = 4, "alt-image-file-name", Kind::Text, "vendor", "Software image, where 0 cannot be used.";
    JUNIPER_PORT = 5, "port", Kind::Text, "vendor", "Port the files are fetched from.";
}

options! {
    /// Microsoft clients (43 where the class begins with MSFT; MS-DHCPE §2.2.2).
    MICROSOFT: u8, "msft", 1 + 1, counts_header: false, pad_and_end: true;

    MS_NETBIOS = 1, "netbios-over-tcp", Kind::U32, "MS-DHCPE 2.2.2.1", "1 enables, 2 disables NetBIOS.";
    MS_RELEASE = 2, "release-on-shutdown", Kind::U32, "MS-DHCPE 2.2.2.2", "1: release the lease at shutdown.";
    MS_METRIC = 3, "default-router-metric", Kind::U32, "MS-DHCPE 2.2.2.3", "Base metric of default routes.";
    MS_ROGUE = 94, "rogue-detection-request", Kind::Empty, "MS-DHCPE 2.2.3", "A server looks for others.";
    MS_ROGUE_REPLY = 95, "rogue-detection-reply", Kind::Text, "MS-DHCPE 2.2.3", "Domain of the server that answers.";
}

options! {
    /// Cable modems (43 where the class begins with docsis or pktc; `CableLabs` DHCP options registry).
    DOCSIS: u8, "docsis", 1 + 1, counts_header: false, pad_and_end: true;

    DOCSIS_REQUESTED = 1, "request-list", Kind::List(&Kind::U8), "CL-SP-CANN-DHCP", "Sub-options wanted.";
    DOCSIS_DEVICE = 2, "device-type", Kind::Text, "CL-SP-CANN-DHCP", "Kind of device.";
    DOCSIS_COMPONENTS = 3, "embedded-components", Kind::Text, "CL-SP-CANN-DHCP", "Embedded devices, colon separated.";
    DOCSIS_SERIAL = 4, "serial-number", Kind::Text, "CL-SP-CANN-DHCP", "Serial number.";
    DOCSIS_HARDWARE = 5, "hardware-version", Kind::Text, "CL-SP-CANN-DHCP", "Hardware version.";
    DOCSIS_SOFTWARE = 6, "software-version", Kind::Text, "CL-SP-CANN-DHCP", "Software version.";
    DOCSIS_BOOT_ROM = 7, "boot-rom-version", Kind::Text, "CL-SP-CANN-DHCP", "Boot ROM version.";
    DOCSIS_OUI = 8, "vendor-oui", Kind::Auto, "CL-SP-CANN-DHCP", "Organisation of the vendor.";
    DOCSIS_MODEL = 9, "model-number", Kind::Text, "CL-SP-CANN-DHCP", "Model.";
    DOCSIS_VENDOR = 10, "vendor-name", Kind::Text, "CL-SP-CANN-DHCP", "Vendor.";
}

options! {
    /// Cisco access points (43).
    CISCO_AP: u8, "cisco-ap", 1 + 1, counts_header: false, pad_and_end: true;

    CISCO_WLC = 241, "controllers", IP4_LIST, "vendor", "Wireless controllers.", "wlc";
}

options! {
    /// Ubiquiti access points (43).
    UBIQUITI: u8, "ubnt", 1 + 1, counts_header: false, pad_and_end: true;

    UNIFI_CONTROLLER = 1, "controller", Kind::Ip4, "vendor", "UniFi controller.";
}

options! {
    /// `CableLabs` (125, enterprise 4491).
    CABLELABS_VIVSO: u8, "cablelabs", 1 + 1, counts_header: false, pad_and_end: false;

    CL_REQUESTED = 1, "request-list", Kind::List(&Kind::U8), "CL-SP-CANN-DHCP", "Sub-options wanted.", "oro";
    CL_TFTP = 2, "tftp-server-addresses", IP4_LIST, "CL-SP-CANN-DHCP", "TFTP servers.";
    CL_EROUTER = 3, "erouter-container", Kind::Opaque, "CL-SP-CANN-DHCP", "Options for an embedded router.";
    CL_MIB = 4, "mib-environment", Kind::U8, "CL-SP-CANN-DHCP", "MIBs of an embedded adapter.";
    CL_CAPABILITIES = 5, "modem-capabilities", Kind::Bytes, "CL-SP-CANN-DHCP", "What the modem can do.";
}

options! {
    /// Broadband Forum (125, enterprise 3561; TR-069 annex F).
    BROADBAND_FORUM: u8, "broadband-forum", 1 + 1, counts_header: false, pad_and_end: false;

    BBF_DEVICE_OUI = 1, "device-manufacturer-oui", Kind::Text, "TR-069 F.2.5", "Manufacturer of the device.";
    BBF_DEVICE_SERIAL = 2, "device-serial-number", Kind::Text, "TR-069 F.2.5", "Its serial number.";
    BBF_DEVICE_CLASS = 3, "device-product-class", Kind::Text, "TR-069 F.2.5", "Its product class.";
    BBF_GATEWAY_OUI = 4, "gateway-manufacturer-oui", Kind::Text, "TR-069 F.2.5", "Manufacturer of the gateway.";
    BBF_GATEWAY_SERIAL = 5, "gateway-serial-number", Kind::Text, "TR-069 F.2.5", "Its serial number.";
    BBF_GATEWAY_CLASS = 6, "gateway-product-class", Kind::Text, "TR-069 F.2.5", "Its product class.";
    BBF_ACS_URL = 11, "acs-url", Kind::Text, "TR-069 3.1", "Where the device is configured.";
    BBF_PROVISIONING = 12, "provisioning-code", Kind::Text, "TR-069 3.1", "Provisioning code.";
}

options! {
    /// Etherboot, gPXE and iPXE (175).
    IPXE: u8, "ipxe", 1 + 1, counts_header: false, pad_and_end: true;

    IPXE_PRIORITY = 1, "priority", Kind::U8, "iPXE", "Priority of the offer.";
    IPXE_KEEP_SAN = 8, "keep-san", Kind::U8, "iPXE", "Keep the SAN device.";
    IPXE_SKIP_SAN_BOOT = 9, "skip-san-boot", Kind::U8, "iPXE", "Do not boot from the SAN device.";
    IPXE_PXE_EXT = 16, "feature-pxe-ext", Kind::U8, "iPXE", "PXE extensions.";
    IPXE_ISCSI = 17, "feature-iscsi", Kind::U8, "iPXE", "iSCSI.";
    IPXE_AOE = 18, "feature-aoe", Kind::U8, "iPXE", "ATA over Ethernet.";
    IPXE_HTTP = 19, "feature-http", Kind::U8, "iPXE", "HTTP.";
    IPXE_HTTPS = 20, "feature-https", Kind::U8, "iPXE", "HTTPS.";
    IPXE_TFTP = 21, "feature-tftp", Kind::U8, "iPXE", "TFTP.";
    IPXE_FTP = 22, "feature-ftp", Kind::U8, "iPXE", "FTP.";
    IPXE_DNS = 23, "feature-dns", Kind::U8, "iPXE", "DNS.";
    IPXE_BZIMAGE = 24, "feature-bzimage", Kind::U8, "iPXE", "Linux kernels.";
    IPXE_MULTIBOOT = 25, "feature-multiboot", Kind::U8, "iPXE", "Multiboot.";
    IPXE_SLAM = 26, "feature-slam", Kind::U8, "iPXE", "SLAM.";
    IPXE_SRP = 27, "feature-srp", Kind::U8, "iPXE", "SRP.";
    IPXE_NBI = 32, "feature-nbi", Kind::U8, "iPXE", "NBI images.";
    IPXE_PXE = 33, "feature-pxe", Kind::U8, "iPXE", "PXE images.";
    IPXE_ELF = 34, "feature-elf", Kind::U8, "iPXE", "ELF images.";
    IPXE_COMBOOT = 35, "feature-comboot", Kind::U8, "iPXE", "COMBOOT images.";
    IPXE_EFI = 36, "feature-efi", Kind::U8, "iPXE", "EFI images.";
    IPXE_FCOE = 37, "feature-fcoe", Kind::U8, "iPXE", "Fibre Channel over Ethernet.";
    IPXE_VLAN = 38, "feature-vlan", Kind::U8, "iPXE", "VLANs.";
    IPXE_MENU = 39, "feature-menu", Kind::U8, "iPXE", "Menus.";
    IPXE_SDI = 40, "feature-sdi", Kind::U8, "iPXE", "SDI images.";
    IPXE_NFS = 41, "feature-nfs", Kind::U8, "iPXE", "NFS.";
    IPXE_NO_PXEDHCP = 176, "no-pxedhcp", Kind::U8, "iPXE", "Do not wait for a ProxyDHCP.";
    IPXE_BUS_ID = 177, "bus-id", Kind::Record(BUS_ID), "iPXE", "Bus, vendor and device of the network card.";
    IPXE_BIOS_DRIVE = 189, "bios-drive", Kind::U8, "iPXE", "Number of the BIOS drive.";
    IPXE_USERNAME = 190, "username", Kind::Text, "iPXE", "User name.";
    IPXE_PASSWORD = 191, "password", Kind::Text, "iPXE", "Password.";
    IPXE_REVERSE_USERNAME = 192, "reverse-username", Kind::Text, "iPXE", "Reverse user name.";
    IPXE_REVERSE_PASSWORD = 193, "reverse-password", Kind::Text, "iPXE", "Reverse password.";
    IPXE_VERSION = 235, "version", Kind::Fixed(3), "iPXE", "Version.";
}

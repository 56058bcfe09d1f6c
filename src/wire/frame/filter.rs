//! What a kernel can be asked to drop before it reaches a [`Walker`](super::Walker).

use std::fmt::Write as _;

use super::ports::Ports;
use super::{ip, tunnel};

/// A filter in the language of libpcap (pcap-filter(7)) that passes every frame in which a walker with these ports could
/// find something, and few others: DHCP and tunnels by port, fragments of what is followed, ICMP errors, and whatever
/// is neither IPv4, IPv6 nor ARP (tags, sessions and labels among it). A VLAN tag that the network card took off the frame
/// makes no difference; it therefore never uses `vlan`, which would.
pub fn capture_filter(ports: &Ports) -> String {
    let mut filter = String::from("(udp and (");
    let tunnels = tunnel::PORTS.iter().map(|(port, _)| *port);
    for (index, port) in ports.as_slice().iter().copied().chain(tunnels).enumerate() {
        let or = if index == 0 { "" } else { " or " };
        let _ = write!(filter, "{or}port {port}");
    }
    filter.push_str(")) or (ip and ip[6:2] & 0x3fff != 0 and ip[9] = 17) or (icmp and (");
    let errors = (0..=u8::MAX).filter(|kind| ip::is_icmp_error(*kind));
    for (index, kind) in errors.enumerate() {
        let or = if index == 0 { "" } else { " or " };
        let _ = write!(filter, "{or}icmp[0] = {kind}");
    }
    filter.push_str("))");
    let followed = || (0..=u8::MAX).filter(|protocol| ip::is_followed(*protocol));
    for protocol in followed().filter(|protocol| !matches!(*protocol, ip::UDP | ip::ICMP)) {
        let _ = write!(filter, " or (ip and ip[9] = {protocol}) or (ip6 and ip6[6] = {protocol})");
    }
    filter.push_str(" or not (ip or ip6 or arp)");
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_port_and_protocol() {
        let mut ports = Ports::default();
        ports.add(1067);
        let filter = capture_filter(&ports);
        for part in [
            "port 67 ",
            "port 4011 ",
            "port 1067 ",
            "port 4789 ",
            "icmp[0] = 12",
            "ip6[6] = 44",
            "ip[9] = 47",
        ] {
            assert!(filter.contains(part), "{part}: {filter}");
        }
        assert!(!filter.contains("ip[9] = 6)"));
    }
}

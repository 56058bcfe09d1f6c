//! What a kernel can be asked to drop before it reaches a [`Walker`](super::Walker).

use std::fmt::{Display, Write as _};

use super::ports::Ports;
use super::walk::wants_icmpv6;
use super::{ip, numbers, openflow};

/// A filter in the language of libpcap (pcap-filter(7)) that passes every frame in which a walker with these ports could
/// find something, and few others: DHCP and tunnels by port, router messages, fragments of what is followed, ICMP errors, and whatever
/// is neither IPv4, IPv6 nor ARP (tags, sessions and labels among it). A VLAN tag that the network card took off the frame
/// makes no difference; it therefore never uses `vlan`, which would.
pub fn capture_filter(ports: &Ports) -> String {
    let mut filter = String::from("(udp and (");
    any_of(&mut filter, "port", ports.as_slice().iter().copied().chain(ports.tunnels()));
    filter.push_str(")) or (tcp and (");
    any_of(&mut filter, "port", openflow::PORTS.into_iter());
    filter.push_str(")) or (ip and ip[6:2] & 0x3fff != 0 and ip[9] = 17) or (icmp and (");
    any_of(&mut filter, "icmp[0] =", (0..=u8::MAX).filter(|kind| ip::is_icmp_error(*kind)));
    filter.push_str(")) or (ip6 and ip6[6] = 58 and (");
    any_of(&mut filter, "ip6[40] =", (0..=u8::MAX).filter(|kind| wants_icmpv6(ports, *kind)));
    filter.push_str("))");
    let followed = || (0..=u8::MAX).filter(|protocol| ip::is_followed(*protocol));
    for protocol in
        followed().filter(|protocol| !matches!(*protocol, numbers::UDP | numbers::ICMP | numbers::ICMPV6))
    {
        let _ = write!(filter, " or (ip and ip[9] = {protocol}) or (ip6 and ip6[6] = {protocol})");
    }
    filter.push_str(" or not (ip or ip6 or arp)");
    filter
}

/// Appends a test that holds for any of `values`.
fn any_of<T: Display>(filter: &mut String, test: &str, values: impl Iterator<Item = T>) {
    for (index, value) in values.enumerate() {
        let or = if index == 0 { "" } else { " or " };
        let _ = write!(filter, "{or}{test} {value}");
    }
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
            "ip6[40] = 4)",
            "ip6[6] = 44",
            "ip[9] = 47",
        ] {
            assert!(filter.contains(part), "{part}: {filter}");
        }
        assert!(!filter.contains("ip[9] = 6)") && !filter.contains("port 547") && !filter.contains("= 134"));
        let filter = capture_filter(&Ports::every());
        assert!(filter.contains("port 547 ") && filter.contains("ip6[40] = 134)"), "{filter}");
    }
}

//! Which UDP ports are looked at.

use super::Protocol;
use super::tunnel::{self, Tunnel};

/// A set of UDP ports: a bitmap, so that asking costs one load.
#[derive(Clone)]
pub(super) struct PortSet(Box<[u64; 1024]>);

impl PortSet {
    pub(super) fn new(ports: impl IntoIterator<Item = u16>) -> Self {
        let mut set = Self(Box::new([0; 1024]));
        for port in ports {
            set.insert(port);
        }
        set
    }

    pub(super) fn insert(&mut self, port: u16) {
        if let Some(word) = self.0.get_mut(usize::from(port >> 6)) {
            *word |= 1_u64 << (port & 63);
        }
    }

    pub(super) fn contains(&self, port: u16) -> bool {
        self.0.get(usize::from(port >> 6)).is_some_and(|word| word >> (port & 63) & 1 == 1)
    }
}

/// The port of PXE boot servers.
pub const PXE: u16 = 4011;

/// The ports of DHCPv6 (RFC 9915 §7.2).
pub(super) const DHCPV6: [u16; 2] = [546, 547];

/// What is looked for: which [`Protocol`]s, and on which UDP ports. DHCPv4 is expected on 67 and 68 (RFC 2131 §4.1) and 4011 (PXE
/// boot servers), DHCPv6 on 546 and 547, either on what is added. On 4011 a message must have DHCP's magic cookie: it is
/// also a port that systems hand out to clients of anything. The default is DHCPv4 alone.
#[derive(Clone, Debug)]
pub struct Ports {
    set: PortSet,
    list: Vec<u16>,
    protocols: Vec<Protocol>,
    tunnels: Vec<(u16, Tunnel)>,
}

impl Ports {
    /// The ports of every DHCPv4 client, server and PXE boot server.
    pub const STANDARD: [u16; 3] = [67, 68, PXE];

    /// What these protocols need.
    pub fn of(protocols: &[Protocol]) -> Self {
        let mut ports = Self {
            set: PortSet::new([]),
            list: Vec::new(),
            protocols: protocols.to_vec(),
            tunnels: Vec::new(),
        };
        let standard = ports.has(Protocol::Dhcpv4).then_some(&Self::STANDARD[..]);
        let dhcpv6 = ports.has(Protocol::Dhcpv6).then_some(&DHCPV6[..]);
        for port in standard.into_iter().chain(dhcpv6).flatten() {
            ports.add(*port);
        }
        ports
    }

    /// Every protocol, on its usual ports.
    pub fn every() -> Self {
        Self::of(&Protocol::ALL)
    }

    /// Whether this protocol is looked for.
    pub fn has(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }

    /// Adds a port; adding it again changes nothing.
    pub fn add(&mut self, port: u16) {
        if !self.contains(port) {
            self.set.insert(port);
            self.list.push(port);
        }
    }

    /// Says that this tunnel runs on a UDP port, whatever is usually there.
    pub fn add_tunnel(&mut self, tunnel: Tunnel, port: u16) {
        self.tunnels.push((port, tunnel));
    }

    /// The tunnel that was said to run on `port`.
    pub(super) fn tunnel(&self, port: u16) -> Option<Tunnel> {
        self.tunnels.iter().find(|(known, _)| *known == port).map(|(_, tunnel)| *tunnel)
    }

    /// The ports of all tunnels, the usual ones included.
    pub(super) fn tunnels(&self) -> impl Iterator<Item = u16> {
        tunnel::PORTS.iter().chain(&self.tunnels).map(|(port, _)| *port)
    }

    /// Whether `port` is one of them.
    pub fn contains(&self, port: u16) -> bool {
        self.set.contains(port)
    }

    /// The ports, in the order in which they were added.
    pub fn as_slice(&self) -> &[u16] {
        &self.list
    }
}

impl std::fmt::Debug for PortSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((0..=u16::MAX).filter(|port| self.contains(*port))).finish()
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::of(&[Protocol::Dhcpv4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_exactly_what_was_added() {
        let mut ports = Ports::default();
        for port in [0, 63, 64, 65535, 67, 67] {
            ports.add(port);
        }
        let found: Vec<u16> = (0..=u16::MAX).filter(|port| ports.contains(*port)).collect();
        assert_eq!(found, [0, 63, 64, 67, 68, 4011, 65535]);
        assert_eq!(ports.as_slice(), [67, 68, 4011, 0, 63, 64, 65535]);
        assert_eq!(Ports::of(&[Protocol::Dhcpv6]).as_slice(), DHCPV6);
        assert_eq!(Ports::of(&[Protocol::Icmpv6]).as_slice(), [0; 0]);
        assert_eq!(Ports::every().as_slice(), [67, 68, 4011, 546, 547]);
        assert_eq!(format!("{:?}", ports.set), "{0, 63, 64, 67, 68, 4011, 65535}");
    }
}

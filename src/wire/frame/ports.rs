//! Which UDP ports are looked at.

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
pub(super) const PXE: u16 = 4011;

/// The UDP ports on which DHCP is expected: 67 and 68 (RFC 2131 §4.1), 4011 (PXE boot servers), and what is added.
/// On 4011 a message must have DHCP's magic cookie: it is also a port that systems hand out to clients of anything.
#[derive(Clone, Debug)]
pub struct Ports {
    set: PortSet,
    list: Vec<u16>,
}

impl Ports {
    /// The ports of every DHCP client, server and PXE boot server.
    pub const STANDARD: [u16; 3] = [67, 68, PXE];

    /// Adds a port; adding it again changes nothing.
    pub fn add(&mut self, port: u16) {
        if !self.contains(port) {
            self.set.insert(port);
            self.list.push(port);
        }
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
        Self { set: PortSet::new(Self::STANDARD), list: Self::STANDARD.to_vec() }
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
        assert_eq!(format!("{:?}", ports.set), "{0, 63, 64, 67, 68, 4011, 65535}");
    }
}

//! What a lab is made of.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::v4::server::{Identity, Quirks, Role};
use crate::wire::{Mac, Prefix};

/// The prefix length of the client's segment: room for sixty-odd pools of a quarter million addresses.
pub const PREFIX: u8 = 8;
/// The router of the segment, which is the relay as well where there is one.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
/// The most servers in one lab.
pub const MAX_SERVERS: u8 = 60;
/// The most addresses in one pool.
pub const MAX_POOL: u32 = 250_000;

/// How the rogue server gives itself away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RogueKind {
    /// It offers itself as router and name server.
    #[default]
    Gateway,
    /// It denies every request.
    Nak,
    /// It answers BOOTP requests only.
    Bootp,
    /// It has the first server's address, but another hardware address.
    SpoofMac,
    /// It answers PXE clients only.
    Pxe,
}

/// How servers look whether an address is in use before they offer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// By an ARP request.
    Arp,
    /// By an ICMP echo request.
    Icmp,
}

/// What keeps servers from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nothing is answered.
    All,
    /// DISCOVER is not answered.
    Discover,
    /// REQUEST and INFORM are not answered.
    Request,
}

/// A server that stands still for a while, over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// How long it stands still.
    pub length: Duration,
    /// From one standstill's start to the next one's.
    pub period: Duration,
}

/// Everything that can be said about a lab. Percentages are of 100.
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Honest servers.
    pub servers: u8,
    /// One more that is not.
    pub rogue: Option<RogueKind>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Addresses in each pool.
    pub pool_size: u32,
    /// How long leases run.
    pub lease_time: Duration,
    /// Every REQUEST is denied.
    pub nak: bool,
    /// What is not answered.
    pub silent: Option<Silence>,
    /// BOOTP requests are answered.
    pub bootp: bool,
    /// An ACK carries another address than the OFFER.
    pub other_address: bool,
    /// Every address that nobody leased answers ARP and ICMP, as if it were in use.
    pub occupied: bool,
    /// Conflict checks before a first offer.
    pub slow_check: Option<Check>,
    /// How long such a check takes.
    pub check_time: Duration,
    /// The servers are behind a relay.
    pub relay: bool,
    /// Before a reply to an address the client holds, servers ask by ARP where it is, as hosts do.
    pub resolve: bool,
    /// Every answer takes this much longer.
    pub delay: Duration,
    /// Frames lost, in each direction.
    pub loss: f64,
    /// Answers sent twice.
    pub duplicate: f64,
    /// Answers that overtake each other.
    pub reorder: f64,
    /// A server that stands still now and then.
    pub stall: Option<Stall>,
    /// Full exchanges per second that each server manages.
    pub rate_limit: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: 1,
            rogue: None,
            seed: 1,
            pool_size: 10_000,
            lease_time: Duration::from_hours(1),
            nak: false,
            silent: None,
            bootp: false,
            other_address: false,
            occupied: false,
            slow_check: None,
            check_time: Duration::from_secs(1),
            relay: false,
            resolve: true,
            delay: Duration::ZERO,
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            stall: None,
            rate_limit: None,
        }
    }
}

impl Settings {
    /// The servers, the rogue last.
    pub fn identities(&self) -> Vec<Identity> {
        let mut all: Vec<Identity> =
            (1..=self.servers.min(MAX_SERVERS)).map(|number| self.honest(number)).collect();
        all.extend(self.rogue.map(|kind| self.rogue_identity(kind)));
        all
    }

    /// True when every answer leaves at once and untouched: nothing is delayed, lost or drawn by lot. Then frames may be
    /// handled by several threads.
    pub fn is_quick(&self) -> bool {
        let Self { delay, loss, duplicate, reorder, stall, rate_limit, slow_check, .. } = self;
        delay.is_zero()
            && [loss, duplicate, reorder].iter().all(|percent| **percent <= 0.0)
            && stall.is_none()
            && rate_limit.is_none()
            && slow_check.is_none()
    }

    fn honest(&self, number: u8) -> Identity {
        let id = if self.relay { [172, 16, 0, number] } else { [10, 0, 0, number] };
        let quirks = Quirks {
            nak: self.nak,
            no_offer: matches!(self.silent, Some(Silence::All | Silence::Discover)),
            no_ack: matches!(self.silent, Some(Silence::All | Silence::Request)),
            other_address: self.other_address,
            bootp: self.bootp,
        };
        let domain = if number == 1 { "lab".to_owned() } else { format!("lab{number}") };
        let mac = if self.relay { relay_mac() } else { Mac([2, 0, 0, 0, 0, number]) };
        let options = options(id.into(), ROUTER, id.into(), &domain, &[]);
        self.identity(number, (id.into(), mac), options, Role::Honest, quirks)
    }

    fn rogue_identity(&self, kind: RogueKind) -> Identity {
        let number = self.servers.min(MAX_SERVERS).saturating_add(1);
        let own = (Ipv4Addr::new(10, 0, 0, 66), Mac([2, 0, 0, 0, 0, 0x66]));
        let (id, role) = match kind {
            RogueKind::Gateway => (own, Role::Honest),
            RogueKind::SpoofMac => ((self.honest(1).id, own.1), Role::Honest),
            RogueKind::Nak => (own, Role::Denier),
            RogueKind::Bootp => (own, Role::Bootp),
            RogueKind::Pxe => (own, Role::Pxe),
        };
        // Where a rogue leads: itself as router, name server, proxy configuration and route for everything.
        let wpad = format!("http://{}/wpad.dat", own.0);
        let mut route = vec![0];
        route.extend(own.0.octets());
        let more = [(121, route), (252, wpad.into_bytes())];
        let options = match kind {
            RogueKind::Gateway => options(own.0, own.0, own.0, "rogue", &more),
            _ => options(id.0, ROUTER, id.0, "lab", &[]),
        };
        self.identity(number, id, options, role, Quirks::default())
    }

    fn identity(
        &self,
        number: u8,
        (id, mac): (Ipv4Addr, Mac),
        options: Vec<(u8, Vec<u8>)>,
        role: Role,
        quirks: Quirks,
    ) -> Identity {
        // Pool k starts at 10.(4k).0.10.
        let pool = Ipv4Addr::new(10, number.saturating_mul(4), 0, 10);
        let pool_size = self.pool_size.min(MAX_POOL);
        Identity {
            id,
            mac,
            pool,
            pool_size,
            prefix: PREFIX,
            lease_time: self.lease_time,
            options,
            role,
            quirks,
        }
    }
}

/// The hardware address of the relay, which is the router.
pub fn relay_mac() -> Mac {
    Mac([2, 0, 0, 0, 0, 0xfe])
}

fn options(
    server: Ipv4Addr,
    router: Ipv4Addr,
    dns: Ipv4Addr,
    domain: &str,
    more: &[(u8, Vec<u8>)],
) -> Vec<(u8, Vec<u8>)> {
    let broadcast = Prefix::of(ROUTER, PREFIX).broadcast();
    let mut all = vec![
        (1, Prefix::mask(PREFIX).octets().to_vec()),
        (3, router.octets().to_vec()),
        (6, dns.octets().to_vec()),
        (15, domain.as_bytes().to_vec()),
        (28, broadcast.octets().to_vec()),
        (42, server.octets().to_vec()),
    ];
    all.extend(more.iter().cloned());
    all.sort_by_key(|(code, _)| *code);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_do_not_overlap_and_options_are_in_order() {
        let settings = Settings {
            servers: 200,
            rogue: Some(RogueKind::Gateway),
            pool_size: u32::MAX,
            ..Settings::default()
        };
        let all = settings.identities();
        assert_eq!(all.len(), usize::from(MAX_SERVERS) + 1);
        for pair in all.windows(2) {
            assert!(pair[0].pool.to_bits() + pair[0].pool_size <= pair[1].pool.to_bits());
        }
        for identity in &all {
            assert!(identity.options.is_sorted_by_key(|(code, _)| *code));
            assert_eq!(identity.pool.octets()[0], 10);
        }
    }

    #[test]
    fn the_rogue_leads_astray() {
        let all = Settings { rogue: Some(RogueKind::Gateway), ..Settings::default() }.identities();
        let codes: Vec<u8> = all[1].options.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [1, 3, 6, 15, 28, 42, 121, 252]);
        let spoofed = Settings { rogue: Some(RogueKind::SpoofMac), ..Settings::default() }.identities();
        assert_eq!(spoofed[0].id, spoofed[1].id);
        assert_ne!(spoofed[0].mac, spoofed[1].mac);
    }
}

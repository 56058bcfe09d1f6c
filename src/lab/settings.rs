//! What a lab is made of.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::ra::{self, Mode, Router};
use super::v4::server::{Identity, Quirks, Role};
use super::v6::server::{self as server6, Delegated};
use crate::wire::options::v6 as opt6;
use crate::wire::v6::types::Duid;
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
pub enum AddressCheck {
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

/// What can be wrong with IPv6. Several may hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble6 {
    /// Routers send hosts to DHCPv6 servers that are not there.
    NoServers,
    /// INFORMATION-REQUEST is not answered.
    NoInform,
    /// The router is no default router.
    NotDefault,
    /// A second router says the contrary of the first.
    SecondRouter,
    /// No addresses are left.
    NoAddresses,
    /// No prefixes are left.
    NoPrefixes,
    /// Who asks for a prefix gets an answer that does not speak of it.
    IgnoresPd,
    /// T1 is after T2.
    TimersDisordered,
    /// The preferred lifetime is longer than the valid one.
    LifetimesInverted,
    /// Addresses of the link are given, which lead nowhere.
    LinkLocal,
    /// Addresses are given of a prefix that no router calls on-link.
    OffLink,
    /// Nobody names a name server.
    NoDns,
    /// The prefix for stateless addresses is no /64.
    LongPrefix,
}

/// IPv6 in a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SixSettings {
    /// What routers say of addresses; without, there are none.
    pub ra: Option<Mode>,
    /// Length of the prefixes that servers delegate; without, they delegate none.
    pub delegated: Option<u8>,
    /// Preference of honest servers.
    pub preference: u8,
    /// SOLICIT with rapid commit is answered by REPLY.
    pub rapid_commit: bool,
    /// Servers look by neighbor solicitation where a client is before they answer it, as hosts do. Off where nobody plays the
    /// near end's kernel, which answers.
    pub solicit: bool,
    /// What is wrong.
    pub troubles: Vec<Trouble6>,
}

impl Default for SixSettings {
    fn default() -> Self {
        Self {
            ra: Some(Mode::Managed),
            delegated: Some(56),
            preference: 0,
            rapid_commit: true,
            solicit: false,
            troubles: Vec::new(),
        }
    }
}

/// The prefix of the client's segment, a /64.
pub const ON_LINK: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x64, 0, 0, 0, 0, 0);
/// The prefix to which the rogue router leads, a /64.
pub const ROGUE_LINK: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x66, 0, 0, 0, 0, 0);
/// The shortest prefix that can be delegated: what a server has.
pub const DELEGATED_MIN: u8 = 36;
/// The longest prefix that can be delegated.
pub const DELEGATED_MAX: u8 = 64;

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
    pub slow_check: Option<AddressCheck>,
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
    /// IPv6; without, nobody speaks it.
    pub six: Option<SixSettings>,
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
            six: None,
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

    /// The DHCPv6 servers, the rogue last.
    pub fn identities6(&self) -> Vec<server6::Identity> {
        let Some(six) = self.six.as_ref().filter(|six| !six.has(Trouble6::NoServers)) else {
            return Vec::new();
        };
        let mut all: Vec<server6::Identity> =
            (1..=self.servers.min(MAX_SERVERS)).map(|number| self.honest6(six, number)).collect();
        all.extend(self.rogue.and_then(|kind| self.rogue6(six, kind)));
        all
    }

    /// The routers, the rogue last.
    pub fn routers(&self) -> Vec<Router> {
        let Some((six, mode)) = self.six.as_ref().and_then(|six| Some((six, six.ra?))) else {
            return Vec::new();
        };
        let has = |trouble| six.has(trouble);
        let mut all = Vec::new();
        if self.servers > 0 {
            let (mac, link_local) = self.station6(1);
            all.push(Router {
                mac,
                link_local,
                mode,
                high: false,
                lifetime: if has(Trouble6::NotDefault) { 0 } else { 1800 },
                mtu: 1500,
                prefix: Some(ra::AdvertisedPrefix {
                    prefix: ON_LINK,
                    length: if has(Trouble6::LongPrefix) { 60 } else { 64 },
                    on_link: true,
                    autonomous: mode != Mode::Managed || has(Trouble6::LongPrefix),
                    valid: 86_400,
                    preferred: 14_400,
                }),
                dns: (!has(Trouble6::NoDns)).then(|| global6(1)),
                search: (!has(Trouble6::NoDns)).then(|| labels("lab")),
            });
        }
        if has(Trouble6::SecondRouter) {
            let contrary = if mode == Mode::Managed { Mode::Slaac } else { Mode::Managed };
            all.extend(all.first().cloned().map(|first| Router {
                mac: Mac([2, 0, 0, 0, 0, 0xfd]),
                link_local: link_local6(0xfd),
                mode: contrary,
                mtu: 1400,
                ..first
            }));
        }
        if self.rogue == Some(RogueKind::Gateway) {
            all.push(Router {
                mac: ROGUE_MAC,
                link_local: link_local6(0x66),
                mode,
                high: true,
                lifetime: 9000,
                mtu: 1500,
                prefix: Some(ra::AdvertisedPrefix {
                    prefix: ROGUE_LINK,
                    length: 64,
                    on_link: true,
                    autonomous: true,
                    valid: 86_400,
                    preferred: 14_400,
                }),
                dns: Some(global6(0x66)),
                search: Some(labels("rogue")),
            });
        }
        all
    }

    /// True for addresses of the client's segment.
    pub fn on_link6(&self, addr: Ipv6Addr) -> bool {
        addr.to_bits() >> 64 == ON_LINK.to_bits() >> 64
    }

    /// Where server `number` speaks from: its hardware address and its address on the link.
    fn station6(&self, number: u8) -> (Mac, Ipv6Addr) {
        if self.relay {
            (relay_mac(), link_local6(0xfe))
        } else {
            (Mac([2, 0, 0, 0, 0, number]), link_local6(number.into()))
        }
    }

    fn honest6(&self, six: &SixSettings, number: u8) -> server6::Identity {
        let has = |trouble| six.has(trouble);
        let own = Mac([2, 0, 0, 0, 0, number]);
        let (mac, link_local) = self.station6(number);
        let domain = if number == 1 { "lab".to_owned() } else { format!("lab{number}") };
        let quirks = server6::Quirks {
            refuses: self.nak,
            no_advertise: matches!(self.silent, Some(Silence::All | Silence::Discover)),
            no_reply: matches!(self.silent, Some(Silence::All | Silence::Request)),
            no_inform: has(Trouble6::NoInform),
            other_address: self.other_address,
            no_addresses: has(Trouble6::NoAddresses),
            ignores_pd: has(Trouble6::IgnoresPd),
            timers_disordered: has(Trouble6::TimersDisordered),
            lifetimes_inverted: has(Trouble6::LifetimesInverted),
        };
        let pool = if has(Trouble6::LinkLocal) {
            pool6(link_local6(0), number)
        } else if has(Trouble6::OffLink) {
            pool6(ROGUE_LINK, number)
        } else {
            pool6(ON_LINK, number)
        };
        // 2001:db8:k000::/36: there are fifteen of them.
        let delegated = six.delegated.filter(|_| number < 16 && !has(Trouble6::NoPrefixes)).map(|length| {
            let length = length.clamp(DELEGATED_MIN, DELEGATED_MAX);
            let all = 1_u32.checked_shl(u32::from(length.saturating_sub(DELEGATED_MIN))).unwrap_or(0);
            let third = u16::from(number) << 12;
            Delegated {
                first: Ipv6Addr::new(0x2001, 0xdb8, third, 0, 0, 0, 0, 0),
                length,
                count: all.min(self.pool_size.min(MAX_POOL)),
            }
        });
        server6::Identity {
            mac,
            link_local,
            global: global6(number.into()),
            duid: Duid::link_layer(own),
            pool,
            pool_size: self.pool_size.min(MAX_POOL),
            delegated,
            lease_time: self.lease_time,
            preference: six.preference,
            rapid_commit: six.rapid_commit,
            options: if has(Trouble6::NoDns) {
                Vec::new()
            } else {
                options6(global6(number.into()), &domain)
            },
            quirks,
        }
    }

    fn rogue6(&self, six: &SixSettings, kind: RogueKind) -> Option<server6::Identity> {
        let own = server6::Identity {
            mac: ROGUE_MAC,
            link_local: link_local6(0x66),
            global: global6(0x66),
            duid: Duid::link_layer(ROGUE_MAC),
            pool: pool6(ROGUE_LINK, 0x66),
            pool_size: self.pool_size.min(MAX_POOL),
            delegated: None,
            lease_time: self.lease_time,
            preference: u8::MAX,
            rapid_commit: six.rapid_commit,
            options: options6(global6(0x66), "rogue"),
            quirks: server6::Quirks::default(),
        };
        match kind {
            RogueKind::Gateway => Some(own),
            RogueKind::Nak => {
                Some(server6::Identity { quirks: server6::Quirks { refuses: true, ..own.quirks }, ..own })
            }
            RogueKind::SpoofMac => Some(server6::Identity { mac: ROGUE_MAC, ..self.honest6(six, 1) }),
            RogueKind::Bootp | RogueKind::Pxe => None,
        }
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
        let own = (Ipv4Addr::new(10, 0, 0, 66), ROGUE_MAC);
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

impl SixSettings {
    /// True when this is wrong.
    pub fn has(&self, trouble: Trouble6) -> bool {
        self.troubles.contains(&trouble)
    }
}

/// The hardware address of the rogue.
pub const ROGUE_MAC: Mac = Mac([2, 0, 0, 0, 0, 0x66]);

/// The address of station `number` on the link.
fn link_local6(number: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number)
}

/// The address on the segment at which server `number` is asked by relays and for names.
pub fn global6(number: u16) -> Ipv6Addr {
    Ipv6Addr::from_bits(ON_LINK.to_bits() | u128::from(number))
}

/// The /80 of server `number` in a /64: its number, as it is written in the address, after the prefix.
fn pool6(link: Ipv6Addr, number: u8) -> Ipv6Addr {
    Ipv6Addr::from_bits(link.to_bits() | (u128::from(number) << 48) | 0x1000)
}

/// A domain name in one label, as it lies on the wire.
fn labels(name: &str) -> Vec<u8> {
    let mut out = vec![u8::try_from(name.len()).unwrap_or(0)];
    out.extend(name.as_bytes());
    out.push(0);
    out
}

fn options6(dns: Ipv6Addr, domain: &str) -> Vec<(u16, Vec<u8>)> {
    let server = dns.octets();
    // Sub-option 1 of the NTP option (RFC 5908 §4.1): an address.
    let mut ntp = vec![0, 1, 0, 16];
    ntp.extend(server);
    vec![
        (opt6::DNS_SERVERS, server.to_vec()),
        (opt6::DOMAIN_LIST, labels(domain)),
        (opt6::SNTP_SERVERS, server.to_vec()),
        (opt6::NTP_SERVER, ntp),
    ]
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

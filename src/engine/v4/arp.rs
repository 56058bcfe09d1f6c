//! ARP as an exchange needs it: finding the next hop, and checking an address as a client must before it uses it.

use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;

/// How often a next hop is asked for.
const RESOLVE_TRIES: u32 = 5;
/// How long each time.
const RESOLVE_WAIT: Duration = Duration::from_millis(400);

/// Probes sent before an address is used (RFC 5227 §1.1, `PROBE_NUM`).
pub const PROBE_NUM: u32 = 3;
/// Longest random delay before the first probe (`PROBE_WAIT`).
pub const PROBE_WAIT: Duration = Duration::from_secs(1);
/// Shortest delay between probes (`PROBE_MIN`).
pub const PROBE_MIN: Duration = Duration::from_secs(1);
/// Longest delay between probes (`PROBE_MAX`).
pub const PROBE_MAX: Duration = Duration::from_secs(2);
/// Silence after the last probe that means the address is free (`ANNOUNCE_WAIT`).
pub const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this, broadcast.
    Send(Arp),
    /// Come back at this time.
    Wait(Instant),
    /// It is over, without an answer.
    Over,
}

/// Finds the MAC of a next hop.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Whose MAC is wanted.
    pub target: Ipv4Addr,
    mac: Mac,
    sender: Ipv4Addr,
    tries: u32,
    next: Option<Instant>,
}

impl Resolver {
    /// Asks for `target` as the host that has `mac` and `sender`.
    pub fn new(target: Ipv4Addr, mac: Mac, sender: Ipv4Addr) -> Self {
        Self { target, mac, sender, tries: 0, next: None }
    }

    /// What to do at `now`.
    pub fn step(&mut self, now: Instant) -> Step {
        if let Some(next) = self.next.filter(|next| now < *next) {
            return Step::Wait(next);
        }
        if self.tries >= RESOLVE_TRIES {
            return Step::Over;
        }
        self.tries = self.tries.saturating_add(1);
        self.next = Some(now.after(RESOLVE_WAIT));
        Step::Send(Arp::request(self.mac, self.sender, self.target))
    }

    /// When to take the next step; `None` before the first.
    pub fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The MAC, if `arp` tells it.
    pub fn answer(&self, arp: &Arp) -> Option<Mac> {
        (arp.sender_ip == self.target && arp.sender_mac != self.mac).then_some(arp.sender_mac)
    }
}

/// Checks that nobody uses an address (RFC 5227 §2.1.1).
#[derive(Clone, Debug)]
pub struct Prober {
    /// The address.
    pub address: Ipv4Addr,
    mac: Mac,
    sent: u32,
    next: Instant,
}

impl Prober {
    /// Starts at `now`, after the random delay that keeps clients which started together apart.
    pub fn new(address: Ipv4Addr, mac: Mac, now: Instant, rng: &mut Rng) -> Self {
        Self { address, mac, sent: 0, next: now.after(random(Duration::ZERO, PROBE_WAIT, rng)) }
    }

    /// What to do at `now`.
    pub fn step(&mut self, now: Instant, rng: &mut Rng) -> Step {
        if now < self.next {
            return Step::Wait(self.next);
        }
        if self.sent >= PROBE_NUM {
            return Step::Over;
        }
        self.sent = self.sent.saturating_add(1);
        let pause = if self.sent < PROBE_NUM { random(PROBE_MIN, PROBE_MAX, rng) } else { ANNOUNCE_WAIT };
        self.next = now.after(pause);
        Step::Send(Arp::request(self.mac, Ipv4Addr::UNSPECIFIED, self.address))
    }

    /// When to take the next step.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// Who uses the address, if `arp` shows it.
    pub fn conflict(&self, arp: &Arp) -> Option<Mac> {
        arp.conflicts(self.address, self.mac).then_some(arp.sender_mac)
    }
}

fn random(min: Duration, max: Duration, rng: &mut Rng) -> Duration {
    let span = u64::try_from(max.saturating_sub(min).as_nanos()).unwrap_or(0);
    min.saturating_add(Duration::from_nanos(rng.u64(0..=span)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn a_silent_next_hop_is_given_up() {
        let mut resolver = Resolver::new(ip(1), US, ip(5));
        let mut now = Instant(0);
        let mut asked = 0;
        loop {
            match resolver.step(now) {
                Step::Send(arp) => {
                    assert_eq!((arp.sender_ip, arp.target_ip), (ip(5), ip(1)));
                    asked += 1;
                }
                Step::Wait(until) => now = until,
                Step::Over => break,
            }
        }
        assert_eq!((asked, now), (RESOLVE_TRIES, Instant(2_000_000_000)));
        let reply = Arp::request(US, ip(5), ip(1)).reply(THEM);
        assert_eq!(resolver.answer(&reply), Some(THEM));
        assert_eq!(resolver.answer(&Arp::request(THEM, ip(9), ip(5))), None);
    }

    #[test]
    fn an_address_is_probed_as_a_client_would() {
        let mut rng = Rng::with_seed(4);
        let mut now = Instant(0);
        let mut prober = Prober::new(ip(50), US, now, &mut rng);
        let mut times = Vec::new();
        loop {
            match prober.step(now, &mut rng) {
                Step::Send(arp) => {
                    assert!(arp.sender_ip.is_unspecified() && arp.target_ip == ip(50));
                    times.push(now.0);
                }
                Step::Wait(until) => now = until,
                Step::Over => break,
            }
        }
        assert!(times.len() == 3 && times[0] <= 1_000_000_000);
        assert!(times.windows(2).all(|pair| (1_000_000_000..=2_000_000_000).contains(&(pair[1] - pair[0]))));
        assert_eq!(now.0 - times[2], 2_000_000_000);
        assert_eq!(prober.conflict(&Arp::request(THEM, ip(50), ip(1))), Some(THEM));
        assert_eq!(prober.conflict(&Arp::request(US, Ipv4Addr::UNSPECIFIED, ip(50))), None);
    }
}

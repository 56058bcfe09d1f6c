//! What a doctor does to a network: it asks as the host would and as a stranger, takes a lease for seconds, tries what a
//! host does with it, and gives it back.
//!
//! [`Examination`] is a value: frames and the time in, frames and a deadline out. It judges nothing; its [`Record`] says what
//! was tried and what came of it. It holds one lease at the most, never sends DECLINE, and whatever may have been bound is
//! given back, also when it is told to [`stop`](Machine::stop) early.

mod boot;
mod hear;
mod record;
mod send;

use std::net::Ipv4Addr;
use std::time::Duration;

use boot::Boot;
pub use boot::{Booted, Fetched};
pub use record::{Given, Neighbour, Plan, QuestionTally, Record, RelayView};

use super::note::Note;
use super::watch::Reason;
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::control::Control;
use crate::wire::frame::build::{self, EthernetHeader};
use crate::wire::frame::{Ports, Protocol, Walker};
use crate::wire::options::v4 as opt;
use crate::wire::v4::{CLIENT_PORT, Message, MessageType, SERVER_PORT, Xid};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Asking,
    Requesting,
    Settling,
    Probing,
    Using,
    Rebinding,
    Rebooting,
    Booting,
    Releasing,
    Over,
}

/// Something that is done again and again, at fixed times after a phase began.
#[derive(Clone, Copy, Debug)]
struct Series {
    times: &'static [Duration],
    done: usize,
}

impl Series {
    const fn new(times: &'static [Duration]) -> Self {
        Self { times, done: 0 }
    }

    fn due(&self, since: Instant) -> Option<Instant> {
        self.times.get(self.done).map(|time| since.after(*time))
    }

    /// True when it is time to do it once more.
    fn fires(&mut self, since: Instant, now: Instant) -> bool {
        let fires = self.due(since).is_some_and(|due| due <= now);
        self.done = self.done.saturating_add(usize::from(fires));
        fires
    }
}

/// An examination under way.
#[derive(Debug)]
pub struct Examination {
    plan: Plan,
    phase: Phase,
    since: Instant,
    begun: bool,
    out: Outbox,
    walker: Option<Walker>,
    vlans: Vec<u16>,
    own: Series,
    pressed: Series,
    second: Series,
    relayed: Series,
    relay_mac: Option<Mac>,
    boot: Option<Boot>,
    series: Series,
    tries: Series,
    chosen: Option<Given>,
    unused: Vec<Ipv4Addr>,
    /// What was tried and what came of it.
    pub record: Record,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// When the host asks. Where nobody answered the first three, pauses are long, so that a slow server can be told from an
/// impatient client.
const OWN: &[Duration] =
    &[ms(0), ms(1000), ms(3000), ms(8000), ms(11_000), ms(14_000), ms(15_500), ms(16_500), ms(17_500)];
/// When the host asks once more because the stranger is answered and the host is not.
const PRESSED: &[Duration] = &[ms(3500), ms(4000), ms(4400)];
/// When a stranger asks, counted from the host's first answer, until it is answered. Not before: a server that looks whether
/// an address is free may look for one at a time, and the host would wait for the stranger's.
const SECOND: &[Duration] = &[ms(40), ms(800), ms(1600), ms(2400), ms(3200), ms(4000), ms(7000), ms(10_000)];
/// When a server is asked as a relay would.
const RELAYED: &[Duration] = &[ms(0), ms(700), ms(1500), ms(2500), ms(3500)];
/// When the host has no answer by then, the stranger asks all the same.
const SECOND_ANYWAY: Duration = ms(3040);
/// How long the stranger's answer is waited for.
const SECOND_WAIT: Duration = ms(4300);
/// Offers are collected so long.
const COLLECT: Duration = ms(4500);
/// The same in a quick examination.
const QUICK: Duration = ms(1800);
/// Silence is believed then after the third question.
const QUICK_SILENCE: Duration = ms(3700);
/// An offer that came late has others behind it.
const LATE: Duration = ms(800);
/// The host is silent to, the stranger is answered: that is believed after so long.
const UNEQUAL: Duration = ms(5500);
/// Silence is believed after so long; behind a port that blocks, later.
const SILENCE: Duration = ms(13_500);
const BLOCKED: Duration = ms(18_300);
/// REQUESTs, and how long they are waited for.
const REQUESTS: &[Duration] = &[ms(0), ms(600), ms(1200), ms(1900), ms(2600), ms(3300), ms(4000), ms(4600)];
const REQUEST_WAIT: Duration = ms(5200);
/// After the answer that counts, others may still come.
const SETTLE: Duration = ms(300);
/// ARP probes: fewer and closer than RFC 5227 asks of a host that is to stay.
const PROBES: &[Duration] = &[ms(0), ms(200), ms(400), ms(700)];
const PROBE_WAIT: Duration = ms(1000);
/// Questions to routers and name servers, and renewals.
const TRIES: &[Duration] =
    &[ms(0), ms(400), ms(800), ms(1300), ms(1800), ms(2300), ms(2800), ms(3300), ms(3800), ms(4300)];
const TRY_WAIT: Duration = ms(4700);
/// In which a second machine may still answer for the router.
const SECOND_ANSWER: Duration = ms(500);
const REBINDS: &[Duration] = &[ms(0), ms(500), ms(1000), ms(1500), ms(2000)];
const REBIND_WAIT: Duration = ms(2500);
const RELEASES: &[Duration] = &[ms(0), ms(150)];
const RELEASE_WAIT: Duration = ms(250);
/// What tells the transactions apart from the host's first.
const RELAYED_XID: u32 = 0x4e1a_0000;
const MENU_XID: u32 = 0x4b07_0000;
/// What a host asks for.
const WANTED: [u8; 13] = [
    opt::SUBNET_MASK,
    opt::ROUTERS,
    opt::DOMAIN_NAME_SERVERS,
    opt::DOMAIN_NAME,
    opt::INTERFACE_MTU,
    opt::BROADCAST_ADDRESS,
    opt::NTP_SERVERS,
    opt::DHCP_LEASE_TIME,
    opt::DHCP_SERVER_IDENTIFIER,
    opt::DHCP_RENEWAL_TIME,
    opt::DHCP_REBINDING_TIME,
    opt::DOMAIN_SEARCH,
    opt::CLASSLESS_STATIC_ROUTES,
];
/// The port from which name servers are asked.
const DNS_CLIENT: u16 = 41_053;
const DNS_PORT: u16 = 53;
/// The most routers, or name servers, that are tried.
const MOST: usize = 3;
/// Servers, or hosts, kept of those that say the same.
const MANY: usize = 64;

impl Examination {
    /// An examination that has not begun.
    pub fn new(plan: Plan) -> Self {
        let tags = plan.tags.as_chunks::<4>().0.iter();
        let vlans = tags.map(|[_, _, high, low]| u16::from_be_bytes([high & 0x0f, *low])).collect();
        Self {
            plan,
            vlans,
            walker: Some(Walker::new(Ports::default())),
            phase: Phase::Asking,
            since: Instant::default(),
            begun: false,
            out: Outbox::default(),
            own: Series::new(OWN),
            pressed: Series::new(PRESSED),
            second: Series::new(SECOND),
            relayed: Series::new(RELAYED),
            relay_mac: None,
            boot: None,
            series: Series::new(&[]),
            tries: Series::new(&[]),
            chosen: None,
            unused: Vec::new(),
            record: Record::default(),
        }
    }

    /// The address held at the moment: never one that somebody else has, nor before it was looked for (RFC 5227 §2.1). Caches
    /// of the segment would point at this host from then on.
    pub fn holds(&self) -> Option<Ipv4Addr> {
        let used = matches!(self.phase, Phase::Using | Phase::Rebinding | Phase::Rebooting | Phase::Booting);
        self.record.ack.as_ref().map(|ack| ack.message.yiaddr).filter(|_| used)
    }

    /// How long the phase lasts at the most, as things stand.
    fn patience(&self) -> Duration {
        let all_reached = || {
            let settled = |one: &Neighbour| one.arp.answers > 0 || one.routed;
            let asked = |one: &Neighbour| one.question.answers > 0 || one.turned_away.is_some();
            self.record.routers.iter().all(settled)
                && self.record.name_servers.iter().all(|one| settled(one) && asked(one))
                && (self.record.renewal.answers > 0 || self.record.renewal.refused || self.plan.quick)
        };
        match self.phase {
            Phase::Asking if self.plan.quick && self.record.offers.is_empty() => QUICK_SILENCE,
            Phase::Asking if self.plan.quick => QUICK,
            Phase::Asking if !self.record.offers.is_empty() => {
                // The first offer came late: others may be behind it.
                let late = self.record.own.took().map(|took| took.saturating_add(LATE));
                let second = self.second_since().since(self.since);
                let second =
                    Duration::from_nanos(u64::try_from(second).unwrap_or(0)).saturating_add(SECOND_WAIT);
                let second = if self.asks_as_second() { second } else { Duration::ZERO };
                late.unwrap_or_default().max(COLLECT).max(second)
            }
            Phase::Asking if self.record.own.refused || !self.record.second_offers.is_empty() => UNEQUAL,
            Phase::Asking if self.record.blocked => BLOCKED,
            Phase::Asking => SILENCE,
            Phase::Requesting => REQUEST_WAIT,
            Phase::Settling => SETTLE,
            Phase::Probing => PROBE_WAIT,
            Phase::Using if all_reached() => SECOND_ANSWER,
            Phase::Using => TRY_WAIT,
            Phase::Rebinding | Phase::Rebooting => REBIND_WAIT,
            Phase::Releasing => RELEASE_WAIT,
            // A boot ends by itself.
            Phase::Booting | Phase::Over => Duration::MAX,
        }
    }

    fn asks_on(&self) -> bool {
        self.own.done < 3 || (self.record.offers.is_empty() && !self.plan.quick)
    }

    fn is_unequal(&self) -> bool {
        self.record.offers.is_empty() && !self.record.second_offers.is_empty() && self.own.done >= 3
    }

    /// When the stranger begins.
    fn second_since(&self) -> Instant {
        let anyway = self.since.after(SECOND_ANYWAY);
        self.record.own.answered.map_or(anyway, |answered| answered.min(anyway))
    }

    fn asks_as_second(&self) -> bool {
        self.plan.second.is_some() && !self.plan.quick && self.record.second_offers.is_empty()
    }

    fn ask(&mut self, now: Instant) {
        if self.asks_on() && self.own.fires(self.since, now) {
            self.record.own.sent(now);
            // A client that was not heard the first three times says that it cannot hear unicast.
            let broadcast = self.own.done > 3;
            let message = self.discover(0, broadcast);
            self.broadcast(&message, self.plan.mac);
        }
        if self.asks_relayed() && self.relayed.fires(self.since, now) {
            self.ask_relayed(now);
        }
        if self.is_unequal() && self.pressed.fires(self.since, now) {
            self.record.own.sent(now);
            let message = self.discover(0, true);
            self.broadcast(&message, self.plan.mac);
            if self.plan.client_id.is_some() {
                self.record.bare.sent(now);
                let message = self.discover(2, true);
                self.broadcast(&message, self.plan.mac);
            }
        }
        if self.asks_as_second()
            && self.second.fires(self.second_since(), now)
            && let Some(mac) = self.plan.second
        {
            self.record.second.sent(now);
            let message = self.discover(1, true);
            self.broadcast(&message, mac);
        }
    }

    fn asks_relayed(&self) -> bool {
        self.plan.relay.is_some() && self.record.relayed_offers.is_empty()
    }

    /// A DISCOVER as a relay would pass it on, or before it the question for the way (RFC 1542 §4.1.1).
    fn ask_relayed(&mut self, now: Instant) {
        let Some(RelayView { giaddr, server, hop }) = self.plan.relay else { return };
        let Some(mac) = self.relay_mac else {
            self.record.relay_hop.sent(now);
            self.arp(&Arp::request(self.plan.mac, giaddr, hop), Mac::BROADCAST);
            return;
        };
        self.record.relayed.sent(now);
        let mut message = self.discover(0, false);
        message.xid = Xid(self.plan.xids[0] ^ RELAYED_XID);
        message.hops = 1;
        message.giaddr = giaddr;
        message.set_option(opt::RELAY_AGENT_INFORMATION, b"\x01\x08dhcptool");
        let mut out = Vec::new();
        let ethernet = EthernetHeader { dst: mac, src: self.plan.mac, tags: &self.plan.tags };
        let payload = message.encode_padded();
        ethernet.udp(&mut out, &build::Ipv4Header::new(giaddr, server), (SERVER_PORT, SERVER_PORT), |out| {
            out.extend(payload);
        });
        self.out.push(out, (&Note::Sent(Some(MessageType::DISCOVER), self.record.relayed.sent)).into());
    }

    /// What follows when a phase is over.
    fn next(&mut self, now: Instant) {
        match self.phase {
            Phase::Asking => self.choose(now),
            Phase::Settling if self.record.ack.is_some() => {
                self.unused = self.unused_addresses();
                self.enter(Phase::Probing, now, PROBES);
            }
            // Somebody else has the address: it is not used, for nothing (RFC 2131 §4.4.1).
            Phase::Probing if !self.record.holders.is_empty() => self.give_back(now),
            Phase::Probing => {
                self.meet();
                self.enter(Phase::Using, now, if self.plan.quick { &[] } else { TRIES });
                self.tries = Series::new(TRIES);
            }
            // A NAK is an answer: who is told to drop its address does not ask again for it.
            Phase::Using if self.record.renewal.is_silent() => {
                self.enter(Phase::Rebinding, now, REBINDS);
            }
            Phase::Using | Phase::Rebinding if self.wants_reboot() => {
                self.enter(Phase::Rebooting, now, REBINDS);
            }
            Phase::Using | Phase::Rebinding | Phase::Rebooting if self.plan.pxe.is_some() => {
                self.begin_boot(now);
            }
            Phase::Requesting
            | Phase::Settling
            | Phase::Using
            | Phase::Rebinding
            | Phase::Rebooting
            | Phase::Booting => self.give_back(now),
            Phase::Releasing => self.enter(Phase::Over, now, &[]),
            Phase::Over => {}
        }
    }

    fn enter(&mut self, phase: Phase, now: Instant, series: &'static [Duration]) {
        self.phase = phase;
        self.since = now;
        self.series = Series::new(series);
        self.tries = Series::new(&[]);
        // The first of a series is due at once.
        if phase != Phase::Over {
            self.on_time(now);
        }
    }

    fn wants_reboot(&self) -> bool {
        let given = self.record.ack.as_ref().map(|ack| ack.message.yiaddr);
        self.plan.old_address.is_some_and(|old| Some(old) != given)
    }

    /// Does what a machine that boots from the network would do with the lease.
    fn begin_boot(&mut self, now: Instant) {
        let Some(ack) = self.record.ack.clone() else { return self.give_back(now) };
        let address = ack.message.yiaddr;
        let mut question = self.discover(0, false);
        question.set_option(opt::DHCP_MESSAGE_TYPE, &[MessageType::REQUEST.0]);
        question.xid = Xid(self.plan.xids[0] ^ MENU_XID);
        question.ciaddr = address;
        let router = self.record.routers.iter().find_map(|one| Some((one.address, *one.macs.first()?)));
        let start = boot::Start {
            own: (self.plan.mac, address),
            tags: self.plan.tags.clone(),
            ack: &ack,
            offers: &self.record.offers,
            router,
            shared: self.plan.held.contains(&address),
            question,
        };
        self.boot = Some(Boot::new(start, now));
        self.enter(Phase::Booting, now, &[]);
    }

    /// Sends what the boot wants sent, keeps what it found, and goes on when it is over.
    fn on_boot(&mut self, now: Instant) {
        let Some(boot) = &mut self.boot else { return };
        for frame in boot.out.drain(..) {
            self.out.push(frame, Remark::new(Sense::Sent(0), "asked as a machine that boots"));
        }
        self.record.boot = Some(boot.booted.clone());
        if boot.is_over() && self.phase == Phase::Booting {
            self.next(now);
        }
    }

    /// The first offer that a client could take.
    fn choose(&mut self, now: Instant) {
        let can = |given: &&Given| {
            given.message.option(opt::DHCP_SERVER_IDENTIFIER).is_some()
                && !given.message.yiaddr.is_unspecified()
        };
        let offers = || self.record.offers.iter().filter(can);
        let chosen = offers().find(|offer| self.trusts(offer)).or_else(|| offers().next());
        self.chosen = chosen.cloned();
        if self.chosen.is_some() {
            self.enter(Phase::Requesting, now, REQUESTS);
        } else {
            self.enter(Phase::Over, now, &[]);
        }
    }

    fn trusts(&self, offer: &Given) -> bool {
        let fits = |(address, mac): &(Option<Ipv4Addr>, Option<Mac>)| {
            address.is_none_or(|address| address == offer.server() || address == offer.source)
                && mac.is_none_or(|mac| mac == offer.mac)
        };
        self.plan.trusted.iter().any(fits)
    }

    /// Whatever may be bound is released; where nothing is, it is over.
    fn give_back(&mut self, now: Instant) {
        let asked = self.record.request.sent > 0 && self.record.nak.is_none();
        let bound = self.record.ack.as_ref().or(self.chosen.as_ref()).map(|given| given.message.yiaddr);
        if bound.is_some_and(|bound| self.plan.held.contains(&bound)) {
            self.record.kept = self.record.ack.is_some();
            self.enter(Phase::Over, now, &[]);
            return;
        }
        if asked || self.record.ack.is_some() {
            self.enter(Phase::Releasing, now, RELEASES);
        } else {
            self.enter(Phase::Over, now, &[]);
        }
    }

    /// A few addresses of the subnet that nobody was seen with.
    fn unused_addresses(&self) -> Vec<Ipv4Addr> {
        let Some(ack) = &self.record.ack else { return Vec::new() };
        let Some(prefix) = ack.prefix() else { return Vec::new() };
        let own = ack.message.yiaddr.to_bits();
        let taken = [ack.addresses(opt::ROUTERS), ack.addresses(opt::DOMAIN_NAME_SERVERS)].concat();
        // Far from the pool's beginning and from one another.
        [0x0000_4f1d_u32, 0x0002_3b67, 0x0000_0053, 0x0000_00a9]
            .into_iter()
            .map(|offset| Ipv4Addr::from_bits(own ^ offset))
            .filter(|address| {
                prefix.contains(*address) && !taken.contains(address) && *address != ack.server()
            })
            .filter(|address| !matches!(address.octets()[3], 0 | 255))
            .take(2)
            .collect()
    }

    /// The routers and name servers of the lease.
    fn meet(&mut self) {
        let Some(ack) = self.record.ack.clone() else { return };
        let prefix = ack.prefix();
        let neighbour = |address: Ipv4Addr, routed: bool| Neighbour {
            address,
            routed,
            arp: QuestionTally::default(),
            macs: Vec::new(),
            question: QuestionTally::default(),
            turned_away: None,
        };
        let mut routers = ack.addresses(opt::ROUTERS);
        if routers.is_empty() {
            routers = gateways(&ack.message);
        }
        routers.retain(|address| !address.is_unspecified());
        self.record.routers =
            routers.into_iter().take(MOST).map(|address| neighbour(address, false)).collect();
        // A mask that is none says nothing about what is on the link.
        let off_link = |address: Ipv4Addr| prefix.is_some_and(|prefix| !prefix.contains(address));
        self.record.name_servers = ack
            .addresses(opt::DOMAIN_NAME_SERVERS)
            .into_iter()
            .filter(|address| !address.is_unspecified() && !address.is_loopback())
            .take(MOST)
            .map(|address| neighbour(address, off_link(address)))
            .collect();
    }
}

impl Machine for Examination {
    fn on_time(&mut self, now: Instant) {
        if !self.begun {
            self.begun = true;
            self.since = now;
        }
        match self.phase {
            Phase::Asking => self.ask(now),
            Phase::Requesting => {
                if self.series.fires(self.since, now) {
                    self.request(now);
                }
            }
            Phase::Probing => {
                if self.series.fires(self.since, now) {
                    self.probe();
                }
            }
            Phase::Using => {
                if self.tries.fires(self.since, now) {
                    self.reach(now);
                }
                if self.series.fires(self.since, now) && self.record.renewal.answers == 0 {
                    self.record.renewal.sent(now);
                    self.renew(false);
                }
            }
            Phase::Rebinding => {
                if self.series.fires(self.since, now) {
                    self.record.rebinding.sent(now);
                    self.renew(true);
                }
            }
            Phase::Rebooting => {
                if self.series.fires(self.since, now) {
                    self.reboot(now);
                }
            }
            Phase::Releasing => {
                if self.series.fires(self.since, now) {
                    self.release();
                }
            }
            Phase::Booting => {
                if let Some(boot) = &mut self.boot {
                    boot.on_time(now);
                }
                self.on_boot(now);
            }
            Phase::Settling | Phase::Over => {}
        }
        if now >= self.since.after(self.patience()) {
            self.next(now);
        }
    }

    fn on_sent(&mut self, _: u32, _: Instant) {
        self.record.left = self.record.left.saturating_add(1);
    }

    fn on_frame(&mut self, frame: &Arrival<'_>) -> Remark {
        if matches!(Control::read(frame.frame), Some(Control::Bpdu { .. })) {
            // The port may block for a while.
            self.record.blocked = true;
        }
        let Some(mut walker) = self.walker.take() else { return Remark::UNRELATED };
        let mut note = None;
        let at = frame.at;
        walker.walk(frame.link, frame.frame, frame.original_len, at.nanoseconds(), |datagram| {
            if datagram.protocol == Protocol::Dhcpv4 {
                note = Some(self.on_datagram(at, &datagram))
                    .filter(|note| *note != Note::Ignored(Reason::Quoted));
            }
        });
        self.walker = Some(walker);
        let note = note.unwrap_or_else(|| self.on_aside(at, frame.link, frame.frame));
        (&note).into()
    }

    fn stop(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Releasing | Phase::Over) {
            self.give_back(now);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let own = self.own.due(self.since).filter(|_| self.asks_on());
        let pressed = self.pressed.due(self.since).filter(|_| self.is_unequal());
        let second = self.second.due(self.second_since()).filter(|_| self.asks_as_second());
        let series = self.series.due(self.since);
        let tries = self.tries.due(self.since);
        let relayed = self.relayed.due(self.since).filter(|_| self.asks_relayed());
        let end = Some(self.since.after(self.patience()));
        match self.phase {
            Phase::Over => None,
            Phase::Booting => self.boot.as_ref().and_then(Boot::deadline),
            Phase::Asking if !self.begun => Some(self.since),
            Phase::Asking => [own, pressed, second, relayed, end].into_iter().flatten().min(),
            _ => [series, tries, end].into_iter().flatten().min(),
        }
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        let next = self.out.poll_transmit(out)?;
        self.record.handed = self.record.handed.saturating_add(1);
        Some(next)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.out.poll_event()
    }
}

/// The routers of the default route in option 121 (RFC 3442).
fn gateways(message: &Message) -> Vec<Ipv4Addr> {
    let data = message.option(opt::CLASSLESS_STATIC_ROUTES).unwrap_or_default();
    let mut rest = data.as_slice();
    let mut found = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let octets = usize::from(length.div_ceil(8));
        let Some((router, next)) = tail.get(octets..).and_then(<[u8]>::split_first_chunk::<4>) else { break };
        let router = Ipv4Addr::from(*router);
        if *length == 0 && !router.is_unspecified() {
            found.push(router);
        }
        rest = next;
    }
    found
}

//! What a doctor does to a network: it asks as the host would and as a stranger, takes a lease for seconds, tries what a
//! host does with it, and gives it back.
//!
//! [`Examination`] is a value: frames and the time in, frames and a deadline out. It judges nothing; its [`Record`] says what
//! was tried and what came of it. It holds one lease at the most, never sends DECLINE, and whatever may have been bound is
//! given back, also when it is told to [`stop`](Machine::stop) early.

mod boot;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use boot::Boot;
pub use boot::{Booted, Fetched};

use super::note::Note;
use super::watch::Reason;
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
use crate::time::Instant;
use crate::wire::arp::Arp;
use crate::wire::control::Control;
use crate::wire::frame::build::{self, Ethernet};
use crate::wire::frame::peek::{self, Aside};
use crate::wire::frame::{Datagram, LinkType, Ports, Protocol, Walker};
use crate::wire::options::v4 as opt;
use crate::wire::v4::{CLIENT_PORT, Message, MessageType, Op, SERVER_PORT, Xid};
use crate::wire::{Mac, Prefix};

/// How an examination is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The host's hardware address.
    pub mac: Mac,
    /// A stranger's, to compare; none leaves that out.
    pub second: Option<Mac>,
    /// The host's client identifier (option 61).
    pub client_id: Option<Vec<u8>>,
    /// The host's name (option 12).
    pub hostname: Option<Vec<u8>>,
    /// VLAN tags of everything that is sent.
    pub tags: Vec<u8>,
    /// Ask as a PXE client of this architecture too (RFC 4578 §2.1).
    pub pxe: Option<u16>,
    /// An address the host held before, to be asked for again (INIT-REBOOT).
    pub old_address: Option<Ipv4Addr>,
    /// One short round: no stranger, no renewal.
    pub quick: bool,
    /// Servers whose offers are taken before others': address or hardware address, or both.
    pub trusted: Vec<(Option<Ipv4Addr>, Option<Mac>)>,
    /// Addresses that the host has: one that is given again is the host's own lease, and not given back.
    pub held: Vec<Ipv4Addr>,
    /// Ask a server as a relay would, too.
    pub relay: Option<RelayView>,
    /// Three transaction identifiers: the host's, the stranger's, and the host's without client identifier.
    pub xids: [u32; 3],
}

/// How a server is asked as a relay would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayView {
    /// The relay's address: source of what is sent, and where answers go.
    pub giaddr: Ipv4Addr,
    /// The server.
    pub server: Ipv4Addr,
    /// Whose hardware address leads there: the server's own, or a router's.
    pub hop: Ipv4Addr,
}

/// What was asked so often, and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How often it was sent.
    pub sent: u32,
    /// When it was sent first.
    pub first: Option<Instant>,
    /// How many answers came.
    pub answers: u32,
    /// When the first answer came.
    pub answered: Option<Instant>,
    /// The answer was a refusal: NAK, or an ICMP error.
    pub refused: bool,
}

impl Asked {
    fn sent(&mut self, now: Instant) {
        self.sent = self.sent.saturating_add(1);
        self.first.get_or_insert(now);
    }

    fn answer(&mut self, now: Instant) {
        self.answers = self.answers.saturating_add(1);
        self.answered.get_or_insert(now);
    }

    /// It was asked at all.
    pub fn sent_any(&self) -> bool {
        self.sent > 0
    }

    /// It was asked and never answered.
    pub fn is_silent(&self) -> bool {
        self.sent > 0 && self.answers == 0
    }

    /// From the first question to the first answer.
    pub fn took(&self) -> Option<Duration> {
        let nanoseconds = self.answered?.since(self.first?);
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
    }
}

/// An OFFER or ACK, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// When it came.
    pub at: Instant,
    /// The sender's hardware address.
    pub mac: Mac,
    /// The sender's address.
    pub source: Ipv4Addr,
    /// The message.
    pub message: Message,
}

impl Given {
    /// Who gives it: option 54, else the source.
    pub fn server(&self) -> Ipv4Addr {
        self.message.ip_option(opt::DHCP_SERVER_IDENTIFIER).unwrap_or(self.source)
    }

    /// The subnet of the address given, where the mask is one.
    pub fn prefix(&self) -> Option<Prefix> {
        let mask = self.message.ip_option(opt::SUBNET_MASK)?;
        Prefix::length_of(mask).map(|length| Prefix::of(self.message.yiaddr, length))
    }

    /// The addresses of an option that lists them.
    pub fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let bytes = self.message.option(code).unwrap_or_default();
        bytes.as_chunks::<4>().0.iter().map(|four| Ipv4Addr::from(*four)).collect()
    }
}

/// Somebody that the host would use, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub address: Ipv4Addr,
    /// It is reached through a router: its own hardware address is not to be had.
    pub routed: bool,
    /// How often it was asked for by ARP, and answered.
    pub arp: Asked,
    /// The hardware addresses that answered.
    pub macs: Vec<Mac>,
    /// A question to a name server.
    pub question: Asked,
}

/// What was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// DISCOVERs as the host.
    pub own: Asked,
    /// DISCOVERs as a stranger.
    pub second: Asked,
    /// DISCOVERs with the host's hardware address and no client identifier.
    pub bare: Asked,
    /// OFFERs to the host, one a server.
    pub offers: Vec<Given>,
    /// OFFERs to the stranger, one a server.
    pub second_offers: Vec<Given>,
    /// REQUESTs for the address offered.
    pub request: Asked,
    /// The ACK that counts: that of the server that was chosen.
    pub ack: Option<Given>,
    /// A NAK of the server that was chosen.
    pub nak: Option<Given>,
    /// Who answered for the address that was given.
    pub holders: Vec<Mac>,
    /// Who answered for addresses that nobody should have, with how many of them.
    pub strays: Vec<(Mac, u32)>,
    /// Probes for the address given were sent so often.
    pub probes: u32,
    /// Routers that were given.
    pub routers: Vec<Neighbour>,
    /// Name servers that were given.
    pub name_servers: Vec<Neighbour>,
    /// REQUESTs by unicast from the address given (RENEWING).
    pub renewal: Asked,
    /// The same by broadcast (REBINDING), after those by unicast had no answer.
    pub rebinding: Asked,
    /// REQUESTs for the address held before (INIT-REBOOT).
    pub reboot: Asked,
    /// ARP for the way to the server that is asked as a relay would.
    pub relay_hop: Asked,
    /// DISCOVERs as a relay would pass them on.
    pub relayed: Asked,
    /// OFFERs to these.
    pub relayed_offers: Vec<Given>,
    /// What came of booting from the network.
    pub boot: Option<Booted>,
    /// The address given is one that the host has: it was not given back.
    pub kept: bool,
    /// RELEASEs sent.
    pub released: u32,
    /// Frames handed to the kernel.
    pub handed: u32,
    /// Of those, seen leaving.
    pub left: u32,
    /// The network's port blocks (BPDUs were heard): asking went on for longer.
    pub blocked: bool,
}

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

    /// The address held at the moment.
    pub fn holds(&self) -> Option<Ipv4Addr> {
        let held = !matches!(self.phase, Phase::Asking | Phase::Requesting | Phase::Over);
        self.record.ack.as_ref().map(|ack| ack.message.yiaddr).filter(|_| held)
    }

    /// How long the phase lasts at the most, as things stand.
    fn patience(&self) -> Duration {
        let all_reached = || {
            let settled = |one: &Neighbour| one.arp.answers > 0 || one.routed;
            let asked = |one: &Neighbour| one.question.answers > 0;
            self.record.routers.iter().all(settled)
                && self.record.name_servers.iter().all(|one| settled(one) && asked(one))
                && (self.record.renewal.answers > 0 || self.record.renewal.refused || self.plan.quick)
        };
        match self.phase {
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
        let ethernet = Ethernet { dst: mac, src: self.plan.mac, tags: &self.plan.tags };
        let payload = message.encode_padded();
        ethernet.udp(&mut out, &build::Ipv4::new(giaddr, server), (SERVER_PORT, SERVER_PORT), |out| {
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
            arp: Asked::default(),
            macs: Vec::new(),
            question: Asked::default(),
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

    fn discover(&self, identity: usize, broadcast: bool) -> Message {
        let mac = if identity == 1 { self.plan.second.unwrap_or(self.plan.mac) } else { self.plan.mac };
        let xid = self.plan.xids.get(identity).copied().unwrap_or_default();
        let mut message = Message::request(MessageType::DISCOVER, Xid(xid), mac);
        message.set_broadcast(broadcast);
        if identity == 0 {
            self.sign(&mut message);
        }
        if let Some(arch) = self.plan.pxe {
            let class = format!("PXEClient:Arch:{arch:05}:UNDI:003016");
            message.set_option(opt::VENDOR_CLASS_IDENTIFIER, class.as_bytes());
            message.set_option(opt::PXE_SYSTEM_TYPE, &arch.to_be_bytes());
            message.set_option(opt::PXE_INTERFACE_ID, &[1, 3, 16]);
        }
        let mut wants = WANTED.to_vec();
        if self.plan.pxe.is_some() {
            wants.extend([
                opt::VENDOR_ENCAPSULATED_OPTIONS,
                opt::VENDOR_CLASS_IDENTIFIER,
                opt::TFTP_SERVER_NAME,
                opt::BOOTFILE_NAME,
            ]);
        }
        message.set_option(opt::DHCP_PARAMETER_REQUEST_LIST, &wants);
        message
    }

    /// The host's own identity.
    fn sign(&self, message: &mut Message) {
        if let Some(id) = &self.plan.client_id {
            message.set_option(opt::DHCP_CLIENT_IDENTIFIER, id);
        }
        if let Some(name) = &self.plan.hostname {
            message.set_option(opt::HOST_NAME, name);
        }
    }

    fn message(&self, kind: MessageType) -> Message {
        let mut message = Message::request(kind, Xid(self.plan.xids[0]), self.plan.mac);
        self.sign(&mut message);
        message.set_option(opt::DHCP_PARAMETER_REQUEST_LIST, &WANTED);
        message
    }

    fn request(&mut self, now: Instant) {
        let Some(chosen) = &self.chosen else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.set_broadcast(self.own.done > 3);
        message.set_option(opt::DHCP_REQUESTED_ADDRESS, &chosen.message.yiaddr.octets());
        message.set_option(opt::DHCP_SERVER_IDENTIFIER, &chosen.server().octets());
        self.record.request.sent(now);
        self.broadcast(&message, self.plan.mac);
    }

    fn probe(&mut self) {
        let Some(address) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        self.record.probes = self.record.probes.saturating_add(1);
        for target in std::iter::once(address).chain(self.unused.clone()) {
            self.arp(&Arp::request(self.plan.mac, Ipv4Addr::UNSPECIFIED, target), Mac::BROADCAST);
        }
    }

    /// Asks for routers and name servers that did not answer yet.
    fn reach(&mut self, now: Instant) {
        let Some(own) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        let mut asks = Vec::new();
        for one in self.record.routers.iter_mut().chain(&mut self.record.name_servers) {
            if !one.routed && one.arp.answers == 0 {
                one.arp.sent(now);
                asks.push(Arp::request(self.plan.mac, own, one.address));
            }
        }
        for ask in asks {
            self.arp(&ask, Mac::BROADCAST);
        }
        self.ask_name_servers(now, |one| one.question.answers == 0 && !one.question.refused);
    }

    /// Asks those name servers to which a way is known and that `wanted` holds for.
    fn ask_name_servers(&mut self, now: Instant, wanted: impl Fn(&Neighbour) -> bool) {
        let Some(own) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        let router = self.record.routers.iter().find_map(|router| router.macs.first().copied());
        let mut questions = Vec::new();
        for one in self.record.name_servers.iter_mut().filter(|one| wanted(one)) {
            if let Some(mac) = if one.routed { router } else { one.macs.first().copied() } {
                one.question.sent(now);
                questions.push((one.address, mac));
            }
        }
        for (address, mac) in questions {
            self.question(own, address, mac);
        }
    }

    /// A question for the name servers of the root.
    fn question(&mut self, own: Ipv4Addr, server: Ipv4Addr, mac: Mac) {
        let [.., high, low] = self.plan.xids[0].to_be_bytes();
        let mut out = Vec::new();
        let ethernet = Ethernet { dst: mac, src: self.plan.mac, tags: &self.plan.tags };
        ethernet.udp(&mut out, &build::Ipv4::new(own, server), (DNS_CLIENT, DNS_PORT), |out| {
            out.extend([high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
        });
        self.out.push(out, Remark::new(Sense::Sent(0), "asked a name server"));
    }

    fn renew(&mut self, rebind: bool) {
        let Some(ack) = self.record.ack.clone() else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.xid = Xid(self.plan.xids[0] ^ if rebind { 0x5eb1_0000 } else { 0x4e17_0000 });
        message.ciaddr = ack.message.yiaddr;
        let (to, mac) = if rebind { (Ipv4Addr::BROADCAST, Mac::BROADCAST) } else { (ack.server(), ack.mac) };
        self.send(&message, self.plan.mac, mac, (ack.message.yiaddr, to));
    }

    fn reboot(&mut self, now: Instant) {
        let Some(old) = self.plan.old_address else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.xid = Xid(self.plan.xids[0] ^ 0x4eb0_0000);
        message.set_broadcast(true);
        message.set_option(opt::DHCP_REQUESTED_ADDRESS, &old.octets());
        self.record.reboot.sent(now);
        self.broadcast(&message, self.plan.mac);
    }

    fn release(&mut self) {
        let Some(chosen) = self.record.ack.clone().or_else(|| self.chosen.clone()) else { return };
        let bound = chosen.message.yiaddr;
        let mut addresses = vec![bound];
        // A server that acknowledged another address than it offered may hold both.
        addresses.extend(self.chosen.iter().map(|offer| offer.message.yiaddr).filter(|one| *one != bound));
        for address in addresses {
            let mut message =
                Message::request(MessageType::RELEASE, Xid(self.plan.xids[0] ^ 0x4e1e_0000), self.plan.mac);
            if let Some(id) = &self.plan.client_id {
                message.set_option(opt::DHCP_CLIENT_IDENTIFIER, id);
            }
            message.ciaddr = address;
            message.set_option(opt::DHCP_SERVER_IDENTIFIER, &chosen.server().octets());
            self.record.released = self.record.released.saturating_add(1);
            self.send(&message, self.plan.mac, chosen.mac, (address, chosen.server()));
        }
    }

    fn broadcast(&mut self, message: &Message, src: Mac) {
        self.send(message, src, Mac::BROADCAST, (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST));
    }

    fn send(&mut self, message: &Message, src: Mac, dst: Mac, addrs: (Ipv4Addr, Ipv4Addr)) {
        let mut out = Vec::new();
        let ethernet = Ethernet { dst, src, tags: &self.plan.tags };
        let payload = message.encode_padded();
        ethernet.udp(&mut out, &build::Ipv4::new(addrs.0, addrs.1), (CLIENT_PORT, SERVER_PORT), |out| {
            out.extend(payload);
        });
        self.out.push(out, (&Note::Sent(message.message_type(), 1)).into());
    }

    fn arp(&mut self, arp: &Arp, dst: Mac) {
        let mut out = Vec::new();
        Ethernet { dst, src: self.plan.mac, tags: &self.plan.tags }.arp(&mut out, arp);
        build::pad(&mut out);
        let note = if arp.operation == Arp::REPLY {
            Note::Answered(arp.sender_ip)
        } else if arp.sender_ip.is_unspecified() {
            Note::Probed(arp.target_ip)
        } else {
            Note::Asked(arp.target_ip)
        };
        self.out.push(out, (&note).into());
    }

    /// A DHCP message arrived.
    fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Note {
        if datagram.quoted {
            return Note::Ignored(Reason::Quoted);
        }
        let mac = datagram.link.and_then(|link| link.src).and_then(|mac| mac.mac());
        if let (Some(mac), Some(view)) = (mac, self.plan.relay)
            && datagram.udp.is_some_and(|udp| udp.dst_port == SERVER_PORT)
        {
            return self.on_relayed(now, mac, view, &Message::decode(datagram.payload));
        }
        // What goes to a server's port is between relays and servers, and other VLANs are other networks.
        let to_client = datagram.udp.is_none_or(|udp| udp.dst_port != SERVER_PORT)
            && datagram.vlans.as_slice() == self.vlans;
        let (Some(mac), Some(IpAddr::V4(source))) = (mac, datagram.ip.map(|ip| ip.src)) else {
            return Note::Unrelated;
        };
        if !to_client {
            return Note::Ignored(Reason::WrongPort);
        }
        self.on_reply(now, mac, source, &Message::decode(datagram.payload))
    }

    /// A message arrived as relays get them.
    fn on_relayed(&mut self, now: Instant, mac: Mac, view: RelayView, message: &Message) -> Note {
        let kind = message.message_type();
        let ours = message.xid.0 == self.plan.xids[0] ^ RELAYED_XID && message.giaddr == view.giaddr;
        if message.op != Op::REPLY || !ours || kind != Some(MessageType::OFFER) {
            return Note::Ignored(Reason::WrongPort);
        }
        self.record.relayed.answer(now);
        add(
            &mut self.record.relayed_offers,
            Given { at: now, mac, source: view.server, message: message.clone() },
        );
        Note::Accepted(kind)
    }

    /// A DHCP message of a server arrived.
    fn on_reply(&mut self, now: Instant, mac: Mac, source: Ipv4Addr, message: &Message) -> Note {
        if message.op != Op::REPLY {
            return Note::Ignored(Reason::WrongOp);
        }
        let Some(kind) = message.message_type() else { return Note::Ignored(Reason::WrongType) };
        let accepted = Note::Accepted(Some(kind));
        let [own, second, bare] = self.plan.xids;
        let given = Given { at: now, mac, source, message: message.clone() };
        let client = message.client().mac();
        if message.xid.0 == second && client == self.plan.second && kind == MessageType::OFFER {
            self.record.second.answer(now);
            add(&mut self.record.second_offers, given);
            return accepted;
        }
        if client != Some(self.plan.mac) {
            return Note::Ignored(Reason::OtherClient);
        }
        let xid = message.xid.0;
        if xid == bare && kind == MessageType::OFFER {
            self.record.bare.answer(now);
            return accepted;
        }
        match (kind, self.phase) {
            (MessageType::OFFER, _) if xid == own => {
                self.record.own.answer(now);
                add(&mut self.record.offers, given);
            }
            (MessageType::NAK, Phase::Asking) if xid == own => self.record.own.refused = true,
            (MessageType::ACK | MessageType::NAK, Phase::Requesting | Phase::Settling) if xid == own => {
                return self.settle(kind, given, now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Using) if xid == own ^ 0x4e17_0000 => {
                self.record.renewal.answer(now);
                self.record.renewal.refused |= kind == MessageType::NAK;
            }
            (MessageType::ACK, Phase::Booting) if xid == own ^ MENU_XID => {
                if let Some(boot) = &mut self.boot {
                    boot.on_menu(given, now);
                }
                self.on_boot(now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Rebinding) if xid == own ^ 0x5eb1_0000 => {
                self.record.rebinding.answer(now);
                self.record.rebinding.refused |= kind == MessageType::NAK;
                self.next(now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Rebooting) if xid == own ^ 0x4eb0_0000 => {
                self.record.reboot.answer(now);
                self.record.reboot.refused |= kind == MessageType::NAK;
                self.next(now);
            }
            _ => return Note::Ignored(Reason::OtherXid),
        }
        accepted
    }

    /// After the choice only the chosen server's word counts (RFC 2131 §3.1); what others say is heard by who joins the
    /// transactions.
    fn settle(&mut self, kind: MessageType, given: Given, now: Instant) -> Note {
        let said = given.message.ip_option(opt::DHCP_SERVER_IDENTIFIER);
        let chosen = self.chosen.as_ref().map(Given::server);
        if said.is_some() && said != chosen {
            return Note::Ignored(Reason::OtherServer);
        }
        self.record.request.answer(now);
        if kind == MessageType::ACK && !given.message.yiaddr.is_unspecified() {
            self.record.ack.get_or_insert(given);
        } else if kind == MessageType::NAK && self.record.ack.is_none() {
            self.record.request.refused = true;
            self.record.nak.get_or_insert(given);
        }
        if self.phase == Phase::Requesting {
            self.enter(Phase::Settling, now, &[]);
        }
        Note::Accepted(Some(kind))
    }

    /// A frame without a DHCP message arrived.
    fn on_aside(&mut self, now: Instant, link: LinkType, frame: &[u8]) -> Note {
        match Aside::read(link, frame) {
            Some(Aside::Arp(arp)) => return self.on_arp(now, &arp),
            Some(Aside::Unreachable { from, code, to, port }) => {
                let renewing =
                    self.phase == Phase::Using && self.record.renewal.sent > 0 && port == SERVER_PORT;
                let server = self.record.ack.as_ref().map(Given::server);
                if renewing && server.is_some_and(|server| server == from || server == to) {
                    self.record.renewal.refused = true;
                }
                if let Some(one) = self.name_server(to).filter(|_| port == DNS_PORT) {
                    one.question.refused = true;
                }
                if let Some(boot) = &mut self.boot {
                    boot.on_unreachable(to, port);
                    self.on_boot(now);
                }
                if matches!(port, SERVER_PORT | CLIENT_PORT | DNS_PORT) {
                    return Note::Unreachable(from, code);
                }
            }
            _ if self.phase == Phase::Booting => {
                if let Some(boot) = &mut self.boot {
                    boot.on_frame(now, frame);
                }
                self.on_boot(now);
            }
            _ => self.on_answer(now, frame),
        }
        Note::Unrelated
    }

    /// An answer of a name server.
    fn on_answer(&mut self, now: Instant, frame: &[u8]) {
        let [.., high, low] = self.plan.xids[0].to_be_bytes();
        let Some(ip) = peek::Ethernet::read(frame).and_then(|ethernet| ethernet.ipv4()) else { return };
        let Some(udp) = ip.udp().filter(|udp| udp.src_port == DNS_PORT && udp.dst_port == DNS_CLIENT) else {
            return;
        };
        let [a, b, flags, code, ..] = udp.payload else { return };
        if [*a, *b] == [high, low]
            && flags & 0x80 != 0
            && let Some(one) = self.name_server(ip.src)
        {
            one.question.answer(now);
            // 5: it refuses to serve this client (RFC 1035 §4.1.1).
            one.question.refused |= code & 15 == 5;
        }
    }

    fn name_server(&mut self, address: Ipv4Addr) -> Option<&mut Neighbour> {
        self.record.name_servers.iter_mut().find(|one| one.address == address)
    }

    fn on_arp(&mut self, now: Instant, arp: &Arp) -> Note {
        if arp.sender_mac == self.plan.mac {
            return Note::Unrelated;
        }
        let mut note = Note::Unrelated;
        if let Some(view) = self.plan.relay {
            if arp.operation == Arp::REQUEST
                && arp.target_ip == view.giaddr
                && !self.plan.held.contains(&view.giaddr)
                && self.record.relayed.sent > 0
            {
                self.arp(&arp.reply(self.plan.mac), arp.sender_mac);
                note = Note::AskedForUs(arp.target_ip);
            }
            if arp.sender_ip == view.hop && self.relay_mac.is_none() && self.phase == Phase::Asking {
                self.relay_mac = Some(arp.sender_mac);
                self.record.relay_hop.answer(now);
                self.ask_relayed(now);
                note = Note::Resolved(arp.sender_ip, arp.sender_mac);
            }
        }
        if let Some(boot) = &mut self.boot {
            boot.on_arp(arp);
            self.on_boot(now);
        }
        if arp.operation == Arp::REQUEST && self.holds() == Some(arp.target_ip) {
            // Who holds an address answers for it, or servers and routers cannot reach it.
            self.arp(&arp.reply(self.plan.mac), arp.sender_mac);
            note = Note::AskedForUs(arp.target_ip);
        }
        if self.phase == Phase::Probing {
            let given = self.record.ack.as_ref().map(|ack| ack.message.yiaddr);
            if Some(arp.sender_ip) == given && !self.record.holders.contains(&arp.sender_mac) {
                self.record.holders.push(arp.sender_mac);
                note = Note::Conflict(arp.sender_ip, arp.sender_mac);
            }
            if self.unused.contains(&arp.sender_ip) {
                self.unused.retain(|one| *one != arp.sender_ip);
                match self.record.strays.iter_mut().find(|(mac, _)| *mac == arp.sender_mac) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => self.record.strays.push((arp.sender_mac, 1)),
                }
            }
        }
        let asked = self.record.routers.iter_mut().chain(&mut self.record.name_servers);
        for one in asked.filter(|one| one.address == arp.sender_ip && one.arp.sent > 0) {
            one.arp.answer(now);
            note = Note::Resolved(arp.sender_ip, arp.sender_mac);
            if !one.macs.contains(&arp.sender_mac) && one.macs.len() < MOST {
                one.macs.push(arp.sender_mac);
            }
        }
        if self.phase == Phase::Using {
            // A name server that was found just now need not wait for the next round.
            self.ask_name_servers(now, |one| one.question.sent == 0);
        }
        note
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

fn add(to: &mut Vec<Given>, given: Given) {
    if to.len() < 64 && !to.iter().any(|other| other.server() == given.server() && other.mac == given.mac) {
        to.push(given);
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

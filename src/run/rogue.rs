//! Looking for servers: making them speak on every interface, hearing them, and keeping a register of who they are.

use std::sync::Arc;

use crate::analysis::servers::{Asked, Clients, Key, Policy, Servers, Sighting, Speaks, Took};
use crate::engine::provoke::Pace;
use crate::engine::v4::provoke::{Heard, Provoke};
use crate::engine::v6::provoke as six;
use crate::output::words::counted;
use crate::time::Moment;
use crate::wire::frame::{Datagram, LinkType, NotLookedInto, Ports, Protocol, Walked, Walker};
use crate::wire::v4::{Outline, Packet};
use crate::wire::{nd, v6};

#[cfg(feature = "live")]
pub use live::{Lookout, LookoutNews, LookoutPlan, Turn};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// DHCPv4.
    pub four: bool,
    /// DHCPv6 and router advertisements.
    pub six: bool,
}

impl Families {
    /// What those who are looked for speak.
    pub fn speak(self) -> &'static [Speaks] {
        match self {
            Self { four: true, six: true } => &Speaks::ALL,
            Self { four: false, .. } => &[Speaks::Dhcpv6, Speaks::Ra],
            Self { four: true, six: false } => &[Speaks::Dhcpv4],
        }
    }

    /// The ports and protocols of that.
    pub fn ports(self) -> Ports {
        match self {
            Self { four: true, six: true } => Ports::every(),
            Self { four: false, .. } => Ports::of(&[Protocol::Dhcpv6, Protocol::Icmpv6]),
            Self { four: true, six: false } => Ports::default(),
        }
    }
}

/// What the machines that provoke said a frame answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers<'a> {
    /// Of DHCPv4.
    pub four: &'a [Heard],
    /// Of IPv6.
    pub six: &'a [six::Heard],
}

/// One frame and where it was seen.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// When.
    pub when: Moment,
    /// On which interface.
    pub interface: Option<&'a Arc<str>>,
    /// What it starts with.
    pub link: LinkType,
    /// Its bytes.
    pub data: &'a [u8],
    /// How long it was.
    pub original_len: u32,
}

/// What is said of messages in pieces that were given up for others.
pub fn crowded(count: u64) -> Option<String> {
    let text =
        || format!("{} in fragments given up because too many came at a time", counted(count, "message"));
    (count > 0).then(text)
}

fn took(pace: Pace) -> Took {
    Took { question: pace.question, latency: pace.latency, since_first: pace.since_first }
}

/// Who was heard.
pub struct Register {
    /// Who may be there.
    pub policy: Option<Policy>,
    /// Who is there.
    pub servers: Servers,
    /// Whom something new is known of since they were taken.
    pub fresh: Vec<Key>,
    /// What nothing can be said about.
    pub unread: NotLookedInto,
    clients: Clients,
    outline: Outline,
    outline6: v6::Outline,
    outline_nd: nd::Outline,
}

impl Register {
    /// Nobody was heard yet.
    pub fn new(policy: Option<Policy>) -> Self {
        Self {
            policy,
            servers: Servers::default(),
            fresh: Vec::new(),
            unread: NotLookedInto::default(),
            clients: Clients::default(),
            outline: Outline::default(),
            outline6: v6::Outline::default(),
            outline_nd: nd::Outline::default(),
        }
    }

    /// Takes a frame, of which the machines that provoke already said what it `answers`.
    pub fn frame(&mut self, seen: &Seen<'_>, walker: &mut Walker, answers: Answers<'_>) {
        let original = usize::try_from(seen.original_len).unwrap_or(usize::MAX);
        let at = seen.when.at.nanoseconds();
        let outcome = walker.walk(seen.link, seen.data, original, at, |datagram| match datagram.protocol {
            Protocol::Dhcpv4 => self.datagram(seen, &datagram, answers.four),
            Protocol::Dhcpv6 | Protocol::Icmpv6 => self.datagram6(seen, &datagram, answers.six),
        });
        if let Walked::Unread(what) = outcome {
            self.unread.add(what, 1);
        }
    }

    /// Takes what the machine found about addresses.
    pub fn findings(&mut self, interface: Option<&Arc<str>>, provoke: &mut Provoke) {
        while let Some(finding) = provoke.poll_finding() {
            self.fresh.extend(self.servers.note_in_use(interface, finding.address, finding.mac));
        }
    }

    fn datagram(&mut self, seen: &Seen<'_>, datagram: &Datagram<'_>, answers: &[Heard]) {
        let packet = Packet::new(datagram.payload);
        self.outline.read(&packet, datagram.promised, datagram.cut);
        if datagram.quoted {
            return;
        }
        self.clients.hear(&packet, &self.outline);
        let sighting = Sighting::read(seen.when, seen.interface, datagram, &packet, &self.outline);
        let Some(mut sighting) = sighting else { return };
        let client = packet.client().mac();
        let heard =
            answers.iter().find(|heard| Some(heard.xid) == packet.xid() && Some(heard.client) == client);
        sighting.took = heard.and_then(|heard| heard.pace).map(took);
        sighting.asked = match heard {
            Some(heard) => Asked::Us { probe: heard.probe.name(), bogus_server: heard.bogus_server },
            None => self.clients.asked(&packet, &sighting),
        };
        self.keep(&sighting);
    }

    fn datagram6(&mut self, seen: &Seen<'_>, datagram: &Datagram<'_>, answers: &[six::Heard]) {
        let mut extends = None;
        let sighting = if datagram.protocol == Protocol::Icmpv6 {
            let packet = nd::Packet::new(datagram.payload);
            self.outline_nd.read(&packet, datagram.promised, datagram.cut);
            Sighting::read_advert(seen.when, seen.interface, datagram, &packet, &self.outline_nd)
        } else {
            let packet = v6::Packet::new(datagram.payload);
            self.outline6.read(&packet, datagram.promised, datagram.cut);
            let found = Sighting::read6(seen.when, seen.interface, datagram, &packet, &self.outline6);
            if let Some(sighting) = &found {
                extends = self.clients.bound6(&packet, &self.outline6, sighting);
            }
            found
        };
        let Some(mut sighting) = sighting else { return };
        // A frame holds one message.
        if let Some(heard) = answers.first() {
            sighting.took = Some(took(heard.pace));
            sighting.asked = Asked::Us { probe: heard.probe.name(), bogus_server: None };
        }
        let key = self.keep(&sighting);
        if let Some((address, owner)) = extends {
            self.servers.note_extends(&key, address, owner);
        }
    }

    fn keep(&mut self, sighting: &Sighting) -> Key {
        let pinned = self.policy.as_ref().is_some_and(|policy| policy.recognise(&sighting.key).is_some());
        let key = self.servers.add(sighting, pinned);
        if self.fresh.last() != Some(&key) {
            self.fresh.push(key.clone());
        }
        key
    }
}

#[cfg(feature = "live")]
mod live {
    use std::ops::Range;
    use std::os::fd::BorrowedFd;
    use std::sync::Arc;
    use std::time::Duration;

    use fastrand::Rng;

    use super::{Answers, Families, Register, Seen};
    use crate::engine::Machine as _;
    use crate::engine::drive::{Driver, Proof, Wire, Witness};
    use crate::engine::v4::provoke::{self, Granted, Provoke};
    use crate::engine::v4::silence::Finding;
    use crate::engine::v6::provoke as six;
    use crate::net::iface::{self, Interface};
    use crate::net::live::Woken;
    use crate::net::near::{self, Near};
    use crate::net::sender::Sender;
    use crate::net::signals::{Signal, Signals};
    use crate::net::{NetError, Received};
    use crate::run::listen::{self, InterfaceChange, InterfaceState, Listener, Listeners, Unnamed};
    use crate::time::{Instant, Moment, Precision, SystemClock};
    use crate::wire::Mac;
    use crate::wire::frame::{Walker, capture_filter};

    /// Frames taken at a time.
    const BATCH: usize = 1024;
    /// Memory of one ring.
    const RING: usize = 4 << 20;

    /// Where to look, and how.
    #[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
    #[derive(Clone, Debug)]
    pub struct LookoutPlan {
        /// The interfaces by name; that of the default route, else the only usable one, when there is none.
        pub interfaces: Vec<String>,
        /// SIGHUP ends nothing, and asks for files to be read again.
        pub reloads: bool,
        /// What is looked for.
        pub families: Families,
        /// Send nothing.
        pub passive: bool,
        /// It goes on for ever: an interface without a carrier may get one.
        pub patient: bool,
        /// How long answers are collected.
        pub wait: Duration,
        /// Rounds of fresh clients.
        pub rounds: u32,
        /// Use the interface's MAC for every client.
        pub own_mac: bool,
        /// VLAN tags of what is sent, outermost first.
        pub vlans: Vec<u16>,
    }

    /// What a turn brought.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Turn {
        /// Time passed or frames came.
        On,
        /// The user wants to stop.
        Stop,
        /// The user wants files to be read again.
        Reload,
        /// Nobody reads the output.
        OutputGone,
    }

    /// What is worth telling while it goes on.
    #[derive(Debug)]
    pub enum LookoutNews {
        /// An interface, and what became of it: "is down", "is gone", "is back".
        Interface(Arc<str>, &'static str),
        /// The system refused something; why.
        Refused(String),
    }

    /// What is sent through an interface, and asked there.
    struct Asker {
        name: Arc<str>,
        sender: Option<Outlet>,
        walker: Walker,
        mac: Option<Mac>,
        driver: Driver,
        provoke: Option<Provoke>,
        driver6: Driver,
        provoke6: Option<six::Provoke>,
        /// Why not everything that came was seen, one clause each.
        blind: Vec<String>,
    }

    /// The way out of an interface.
    struct Outlet {
        sender: Sender,
        mac: Option<Mac>,
        sent: u64,
        /// The way to a server on this very machine, when there is one.
        near: Option<Near>,
    }

    impl Wire for Outlet {
        fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError> {
            for span in spans {
                let frame = arena.get(span.clone()).unwrap_or(&[]);
                self.sender.send(frame)?;
                self.sent = self.sent.saturating_add(1);
                if let (Some(near), Some(own)) = (&self.near, self.mac) {
                    near.pass(frame, own);
                }
            }
            Ok(())
        }
    }

    /// A frame that cannot be sent is lost; what else went wrong is told.
    struct Losses<'a>(&'a mut dyn FnMut(LookoutNews));

    impl Witness for Losses<'_> {
        fn bears(&mut self, error: &NetError) -> bool {
            if !matches!(error, NetError::Down { .. }) {
                (self.0)(LookoutNews::Refused(error.to_string()));
            }
            true
        }
    }

    /// Every interface that is looked at.
    pub struct Lookout {
        plan: LookoutPlan,
        listeners: Listeners,
        askers: Vec<Asker>,
        rng: Rng,
    }

    impl Lookout {
        /// Opens the interfaces. Needs `CAP_NET_RAW`; nothing that comes later does.
        ///
        /// # Errors
        ///
        /// When the system refuses, or nobody could be asked on an interface.
        pub fn open(plan: LookoutPlan) -> Result<Self, NetError> {
            if plan.reloads {
                Signals::keep_on_hangup();
            }
            let (listeners, _) = Listeners::open(&listen::ListenPlan {
                interfaces: &plan.interfaces,
                unnamed: Unnamed::Default,
                // Neighbor solicitations: who looks for our address may have to be answered.
                filter: format!(
                    "arp or (ip6 and ip6[6] = 58 and ip6[40] = 135) or {}",
                    capture_filter(&plan.families.ports())
                ),
                promiscuous: true,
                ring: &|_| RING,
            })?;
            let askers = listeners
                .all
                .iter()
                .map(|listener| Asker::open(&listener.interface, &plan))
                .collect::<Result<_, _>>()?;
            Ok(Self { plan, listeners, askers, rng: Rng::new() })
        }

        /// The interfaces' names.
        pub fn names(&self) -> Vec<String> {
            self.askers.iter().map(|asker| asker.name.to_string()).collect()
        }

        /// How fine the stamps are.
        pub fn precision(&self) -> Precision {
            self.listeners.all.first().map_or(Precision::Nano, Listener::precision)
        }

        fn working(&self, index: usize) -> bool {
            self.listeners.all.get(index).is_some_and(|listener| listener.state == InterfaceState::Up)
        }

        /// Begins to provoke on every interface. What still goes on is left to end.
        pub fn provoke(&mut self, now: Instant) {
            let interfaces = iface::interfaces().unwrap_or_default();
            for index in 0..self.askers.len() {
                if !self.working(index) || self.provokes(index, now) {
                    continue;
                }
                let Some(asker) = self.askers.get_mut(index) else { continue };
                let Some(mac) = asker.mac else { continue };
                let here = interfaces.iter().find(|interface| interface.name == *asker.name);
                let v4 = |(ip, _): &(std::net::IpAddr, u8)| match ip {
                    std::net::IpAddr::V4(ip) => Some(*ip),
                    std::net::IpAddr::V6(_) => None,
                };
                let plan = provoke::ProvokePlan {
                    wait: self.plan.wait,
                    rounds: self.plan.rounds,
                    mac,
                    own_mac: self.plan.own_mac,
                    addresses: here
                        .map(|here| here.addresses.iter().filter_map(v4).collect())
                        .unwrap_or_default(),
                    vlans: self.plan.vlans.clone(),
                };
                if self.plan.families.six {
                    let addresses = here.map(|here| here.addresses.as_slice()).unwrap_or_default();
                    let plan = six::ProvokePlan {
                        wait: plan.wait,
                        rounds: plan.rounds,
                        mac,
                        link_local: addresses.iter().find_map(|(ip, _)| match ip {
                            std::net::IpAddr::V6(ip) => ip.is_unicast_link_local().then_some(*ip),
                            std::net::IpAddr::V4(_) => None,
                        }),
                        vlans: plan.vlans.clone(),
                    };
                    match &mut asker.provoke6 {
                        Some(provoke) => provoke.again(plan),
                        None => asker.provoke6 = Some(six::Provoke::new(plan, self.rng.fork())),
                    }
                }
                if self.plan.families.four {
                    match &mut asker.provoke {
                        Some(provoke) => provoke.again(plan),
                        None => asker.provoke = Some(Provoke::new(plan, self.rng.fork())),
                    }
                }
            }
        }

        /// Ends provoking early: what was taken is given back.
        pub fn stop(&mut self, now: Instant) {
            for asker in &mut self.askers {
                if let Some(provoke) = &mut asker.provoke {
                    provoke.stop(now);
                }
                if let Some(provoke) = &mut asker.provoke6 {
                    provoke.stop(now);
                }
            }
        }

        fn provokes(&self, index: usize, now: Instant) -> bool {
            let asks = |asker: &Asker| {
                asker.provoke.as_ref().is_some_and(|provoke| !provoke.is_over(now))
                    || asker.provoke6.as_ref().is_some_and(|provoke| !provoke.is_over(now))
            };
            self.working(index) && self.askers.get(index).is_some_and(asks)
        }

        /// True while something is sent or waited for.
        pub fn is_provoking(&self, now: Instant) -> bool {
            (0..self.askers.len()).any(|index| self.provokes(index, now))
        }

        /// What was granted and could not be given back, and how many grants more.
        pub fn kept(&self) -> (Vec<Granted>, u64) {
            let provoking = || self.askers.iter().filter_map(|asker| asker.provoke.as_ref());
            let kept = provoking().flat_map(Provoke::kept).copied().collect();
            let six = self.askers.iter().filter_map(|asker| asker.provoke6.as_ref());
            let overlooked = provoking().map(Provoke::overlooked).chain(six.map(six::Provoke::overlooked));
            (kept, overlooked.fold(0, u64::saturating_add))
        }

        /// What DHCPv6 servers bound and could not be given back.
        pub fn kept6(&self) -> Vec<six::Granted> {
            let provoking = self.askers.iter().filter_map(|asker| asker.provoke6.as_ref());
            provoking.flat_map(six::Provoke::kept).cloned().collect()
        }

        /// Frames lost so far because they came faster than they were taken.
        pub fn lost(&mut self) -> u64 {
            self.listeners.look_for_losses();
            self.listeners.all.iter().fold(0, |sum, listener| sum.saturating_add(listener.dropped))
        }

        /// Messages in pieces so far that were given up, because so many came at a time.
        pub fn crowded_out(&self) -> u64 {
            let walkers = self.askers.iter().map(|asker| &asker.walker);
            walkers.fold(0, |sum, walker| sum.saturating_add(walker.crowded_out()))
        }

        /// Why not everything was seen.
        pub fn blind(&mut self) -> Vec<String> {
            let mut blind: Vec<String> =
                self.askers.iter().flat_map(|asker| asker.blind.iter().cloned()).collect();
            let lost = self.lost();
            if lost > 0 {
                blind.push(format!("{lost} frames came faster than they were taken and are lost"));
            }
            blind.extend(super::crowded(self.crowded_out()));
            let asks = |asker: &&Asker| asker.provoke.is_some() || asker.provoke6.is_some();
            for asker in self.askers.iter().filter(asks).filter(|asker| asker.sent() == 0) {
                blind.push(format!("nothing could be sent through {}", asker.name));
            }
            blind
        }

        /// Why a server may be there although nobody was heard.
        pub fn silence(&self) -> Option<String> {
            let near = |asker: &&Asker| asker.sender.as_ref().is_some_and(|outlet| outlet.near.is_some());
            self.askers.iter().find(near)?;
            Some(Finding::ServerHere.to_string())
        }

        /// Frames sent so far.
        pub fn sent(&self) -> u64 {
            self.askers.iter().fold(0, |sum, asker| sum.saturating_add(asker.sent()))
        }

        /// A random part of up to a tenth of `interval`, either way.
        pub fn jitter(&mut self, interval: Duration) -> Duration {
            let tenth = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).checked_div(10).unwrap_or(0);
            let moved = Duration::from_nanos(self.rng.u64(0..=tenth.saturating_mul(2)));
            interval.saturating_sub(Duration::from_nanos(tenth)).saturating_add(moved)
        }

        /// Sends what is due at `now`.
        pub fn send(&mut self, now: Instant, register: &mut Register, tell: &mut dyn FnMut(LookoutNews)) {
            for asker in &mut self.askers {
                asker.send(now, register, tell);
            }
        }

        /// Waits until something happens, something is to be sent, or `deadline`, and takes what came. Returns at once when
        /// `other` can be read, or nobody reads `output`.
        ///
        /// # Errors
        ///
        /// When the system refuses.
        pub fn turn(
            &mut self,
            deadline: Instant,
            other: Option<BorrowedFd<'_>>,
            output: BorrowedFd<'_>,
            register: &mut Register,
            tell: &mut dyn FnMut(LookoutNews),
        ) -> Result<Turn, NetError> {
            let four = self.askers.iter().filter_map(|asker| asker.provoke.as_ref()?.deadline());
            let six = self.askers.iter().filter_map(|asker| asker.provoke6.as_ref()?.deadline());
            let until = four.chain(six).chain([deadline]).min();
            if self.listeners.wait(until, other, output)? == Woken::OutputGone {
                return Ok(Turn::OutputGone);
            }
            let Self { listeners, askers, .. } = self;
            listeners.take(BATCH, |heard| {
                if let Some(asker) = askers.get_mut(heard.listener) {
                    asker.hear(&heard, register);
                }
            })?;
            self.follow(tell)?;
            Ok(match self.listeners.signals.next().map(|arrived| arrived.signal) {
                None => Turn::On,
                Some(Signal::SIGHUP) if self.plan.reloads => Turn::Reload,
                Some(_) => Turn::Stop,
            })
        }

        /// Hears what became of the interfaces.
        fn follow(&mut self, tell: &mut dyn FnMut(LookoutNews)) -> Result<(), NetError> {
            for change in self.listeners.changes()? {
                let (index, what) = match change {
                    InterfaceChange::Back(index) => (index, "is back"),
                    InterfaceChange::Down(index) => (index, "is down"),
                    InterfaceChange::Gone(index) => (index, "is gone"),
                    InterfaceChange::Rebound(index) => {
                        let interface = self.listeners.all.get(index).map(|listener| &listener.interface);
                        if let (Some(asker), Some(interface)) = (self.askers.get_mut(index), interface)
                            && let Err(error) = asker.rebind(interface)
                        {
                            tell(LookoutNews::Refused(error.to_string()));
                        }
                        continue;
                    }
                    InterfaceChange::Joined(_) | InterfaceChange::LeftOut(_) => continue,
                    InterfaceChange::Refused(error) => {
                        tell(LookoutNews::Refused(error.to_string()));
                        continue;
                    }
                };
                let Some(asker) = self.askers.get_mut(index) else { continue };
                tell(LookoutNews::Interface(Arc::clone(&asker.name), what));
                let clause = format!("{} {what} or was for a while", asker.name);
                if !matches!(change, InterfaceChange::Back(_)) && !asker.blind.contains(&clause) {
                    asker.blind.push(clause);
                }
            }
            Ok(())
        }
    }

    impl Asker {
        fn open(interface: &Interface, plan: &LookoutPlan) -> Result<Self, NetError> {
            let name = &interface.name;
            let mac = interface.address.mac();
            let silent = |reason: &dyn ToString| {
                Err(NetError::CannotAsk { interface: name.clone(), reason: reason.to_string() })
            };
            if mac.is_none() && !plan.passive {
                return silent(&"it has no Ethernet address; listen with --passive");
            }
            if !interface.carrier && !plan.passive && !plan.patient {
                return silent(&Finding::NoCarrier);
            }
            let outlet = || {
                Ok::<_, NetError>(Outlet {
                    sender: Sender::open(name)?,
                    mac,
                    sent: 0,
                    near: if near::is_server_here() { Near::open(name).ok() } else { None },
                })
            };
            Ok(Self {
                name: name.as_str().into(),
                sender: (!plan.passive).then(outlet).transpose()?,
                walker: Walker::new(plan.families.ports()),
                mac,
                driver: Driver::new(1, Proof::HandedOver, &[]),
                provoke: None,
                driver6: Driver::new(1, Proof::HandedOver, &[]),
                provoke6: None,
                blind: Vec::new(),
            })
        }

        fn sent(&self) -> u64 {
            self.sender.as_ref().map_or(0, |outlet| outlet.sent)
        }

        /// Sends what is due.
        fn send(&mut self, now: Instant, register: &mut Register, tell: &mut dyn FnMut(LookoutNews)) {
            let Some(outlet) = &mut self.sender else { return };
            let mut losses = Losses(tell);
            if let Some(provoke) = &mut self.provoke6 {
                provoke.on_time(now);
                while matches!(self.driver6.send(provoke, outlet, &SystemClock, &mut losses), Ok(1..)) {}
            }
            let Some(provoke) = &mut self.provoke else { return };
            provoke.on_time(now);
            while matches!(self.driver.send(provoke, outlet, &SystemClock, &mut losses), Ok(1..)) {}
            register.findings(Some(&self.name), provoke);
        }

        /// Takes a frame that came.
        fn hear(&mut self, heard: &listen::HeardFrame<'_>, register: &mut Register) {
            let frame = &heard.frame;
            let Self { name, walker, provoke, driver, provoke6, driver6, .. } = self;
            let original_len = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
            // What this machine itself sent is heard too: a server may be on it.
            let received =
                Received { at: frame.at, time: frame.time, frame: frame.data, original_len, outgoing: false };
            if let Some(provoke) = provoke6.as_mut() {
                let nobody = &mut crate::engine::drive::Nobody;
                driver6.pass(provoke, heard.link, heard.precision, &received, nobody);
            }
            if let Some(provoke) = provoke.as_mut() {
                driver.pass(
                    provoke,
                    heard.link,
                    heard.precision,
                    &received,
                    &mut crate::engine::drive::Nobody,
                );
            }
            let seen = Seen {
                when: Moment { at: frame.at, time: frame.time },
                interface: Some(name),
                link: heard.link,
                data: frame.data,
                original_len: frame.original_len,
            };
            let answers = Answers {
                four: provoke.as_ref().map_or(&[][..], Provoke::heard),
                six: provoke6.as_ref().map_or(&[][..], six::Provoke::heard),
            };
            register.frame(&seen, walker, answers);
            if let Some(provoke) = provoke {
                register.findings(Some(name), provoke);
            }
        }

        /// The interface is another one of the same name.
        fn rebind(&mut self, interface: &Interface) -> Result<(), NetError> {
            self.mac = interface.address.mac();
            if let Some(outlet) = &mut self.sender {
                outlet.mac = self.mac;
                outlet.sender.rebind()?;
            }
            Ok(())
        }
    }
}

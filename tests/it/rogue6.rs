//! `rogue` of IPv6 against the embedded servers and routers, under a clock that only the test moves.

use std::time::Duration;

use dhcptool::analysis::servers::judge::{judge_all, missing};
use dhcptool::analysis::servers::{Allowed, Policy, Servers, Speaks, Status};
use dhcptool::engine::machine::{Arrival, Event, Machine, Remark, Transmit};
use dhcptool::engine::pair::Pair;
use dhcptool::engine::v6::provoke::{Provoke, ProvokePlan};
use dhcptool::lab::Segment;
use dhcptool::lab::ra::Mode;
use dhcptool::lab::settings::{RogueKind, Settings, SixSettings};
use dhcptool::run::rogue::{Answers, Families, Register, Seen};
use dhcptool::time::{Clock as _, Instant, Moment};
use dhcptool::wire::Mac;
use dhcptool::wire::frame::Walker;
use dhcptool::wire::neighbor::link_local;
use fastrand::Rng;

use crate::support::far_end::OfLab;

const MAC: Mac = Mac([2, 0, 0, 0, 1, 0]);

fn plan(wait: u64) -> ProvokePlan {
    ProvokePlan {
        wait: Duration::from_secs(wait),
        rounds: 2,
        mac: MAC,
        link_local: Some(link_local(MAC)),
        vlans: Vec::new(),
    }
}

/// Who provokes a segment, with a register of everybody heard there.
struct Looker {
    provoke: Provoke,
    register: Register,
    walker: Walker,
    /// What was sent, without what is around it.
    sent: Vec<Vec<u8>>,
}

impl Machine for Looker {
    fn on_time(&mut self, now: Instant) {
        self.provoke.on_time(now);
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.provoke.on_sent(id, at);
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        let remark = self.provoke.on_frame(arrival);
        let seen = Seen {
            when: Moment { at: arrival.at, time: arrival.time },
            interface: None,
            link: arrival.link,
            data: arrival.frame,
            original_len: u32::try_from(arrival.original_len).unwrap(),
        };
        let answers = Answers { six: self.provoke.heard(), ..Answers::default() };
        self.register.frame(&seen, &mut self.walker, answers);
        remark
    }

    fn stop(&mut self, now: Instant) {
        self.provoke.stop(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.provoke.deadline()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        let start = out.len();
        let next = self.provoke.poll_transmit(out)?;
        self.sent.push(out[start..].to_vec());
        Some(next)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.provoke.poll_event()
    }
}

/// A segment that is looked at.
struct Bench {
    pair: Pair<OfLab<Segment>>,
    looker: Looker,
}

impl Bench {
    fn new(settings: Settings, plan: ProvokePlan, seed: u64) -> Self {
        let looker = Looker {
            provoke: Provoke::new(plan, Rng::with_seed(seed)),
            register: Register::new(None),
            walker: Walker::new(Families { four: false, six: true }.ports()),
            sent: Vec::new(),
        };
        Self { pair: Pair::new(Instant::new(1000, 0), OfLab(Segment::new(settings))), looker }
    }

    fn run(&mut self) -> &Servers {
        let ending = self.pair.run(&mut self.looker);
        assert!(ending.error.is_none() && !ending.stopped, "{ending:?}");
        &self.looker.register.servers
    }
}

fn settings(seed: u64) -> Settings {
    Settings {
        servers: 3,
        rogue: Some(RogueKind::Gateway),
        seed,
        six: Some(SixSettings::default()),
        ..Settings::default()
    }
}

#[test]
fn of_all_servers_and_routers_those_who_are_not_allowed_are_named_50_of_50() {
    for seed in 1..=50 {
        let lossy = Settings { loss: 10.0, ..settings(seed) };
        let mut bench = Bench::new(if seed % 2 == 0 { lossy } else { settings(seed) }, plan(8), seed);
        let servers = bench.run();
        assert_eq!(servers.len(), 4 + 2, "seed {seed}: four servers, two routers");
        let allow = [
            "duid=00030001020000000001",
            "duid=00030001020000000002,mac=02:00:00:00:00:02",
            "duid=00030001020000000003",
            "protocol=ra,ip=fe80::1",
        ];
        let policy = Policy {
            allowed: allow
                .iter()
                .map(|text| Allowed { identity: text.parse().unwrap(), ..Allowed::default() })
                .collect(),
        };
        let judged = judge_all(servers, Some(&policy));
        let rogues: Vec<_> =
            judged.iter().filter(|(_, judgement)| judgement.status == Status::Rogue).collect();
        assert_eq!(rogues.len(), 2, "seed {seed}");
        for (server, judgement) in rogues {
            assert_eq!(server.key.source_mac, Some(Mac([2, 0, 0, 0, 0, 0x66])));
            let codes: Vec<&str> = judgement.reasons.iter().map(|reason| reason.code).collect();
            assert_eq!(codes[0], "unknown-server");
            for code in ["preference-grab", "foreign-prefix", "foreign-dns", "foreign-search"] {
                assert!(codes.contains(&code), "{:?}: {codes:?}", server.key.speaks);
            }
        }
        assert!(missing(servers, &policy, &Speaks::ALL).is_empty());
        let now = bench.pair.clock.now();
        let bound = bench.pair.far.0.servers6().iter().map(|server| server.bound(now));
        assert!(bound.into_iter().all(|bound| bound == (0, 0)), "nothing is kept");
        assert!(bench.looker.sent.len() <= 20, "{} frames", bench.looker.sent.len());
    }
}

#[test]
fn what_is_learned_is_allowed_and_a_change_of_it_is_not() {
    let mut bench = Bench::new(settings(1), plan(8), 1);
    let text = Policy::learn(bench.run().iter()).to_toml().unwrap();
    let policy = Policy::from_toml(&text).unwrap();
    let judged = judge_all(&bench.looker.register.servers, Some(&policy));
    for (server, judgement) in &judged {
        assert_eq!(judgement.status, Status::Allowed, "{:?} {:?}\n{text}", server.key, judgement.reasons);
    }
    // Another day: the router says something else, and so do the servers.
    let mut other = settings(2);
    other.six = Some(SixSettings { ra: Some(Mode::Slaac), preference: 7, ..SixSettings::default() });
    let mut bench = Bench::new(other, plan(8), 2);
    let judged = judge_all(bench.run(), Some(&policy))
        .into_iter()
        .map(|(server, judgement)| (server.key.clone(), judgement))
        .collect::<Vec<_>>();
    for (key, judgement) in judged {
        let codes: Vec<&str> = judgement.reasons.iter().map(|reason| reason.code).collect();
        let rogue_server = key.speaks == Speaks::Dhcpv6 && key.source_mac == Some(Mac([2, 0, 0, 0, 0, 0x66]));
        let wanted = match key.speaks {
            Speaks::Ra => "wrong-flags",
            _ if rogue_server => continue,
            _ => "wrong-preference",
        };
        assert!(codes.contains(&wanted), "{key:?}: {codes:?}");
    }
}

#[test]
fn policies_of_one_protocol_say_nothing_of_others() {
    let mut bench = Bench::new(settings(1), plan(2), 1);
    let four: Policy = Policy::from_toml("[[server]]\nserver-id = \"10.0.0.1\"").unwrap();
    let judged = judge_all(bench.run(), Some(&four));
    assert!(judged.iter().all(|(_, judgement)| judgement.status == Status::Unjudged));
    let routers: Policy = Policy::from_toml("[[server]]\nprotocol = \"ra\"\nip = \"fe80::1\"").unwrap();
    for (server, judgement) in judge_all(&bench.looker.register.servers, Some(&routers)) {
        assert_eq!(judgement.status == Status::Unjudged, server.key.speaks == Speaks::Dhcpv6);
    }
    let nobody = Policy::default();
    let judged = judge_all(&bench.looker.register.servers, Some(&nobody));
    assert!(judged.iter().all(|(_, judgement)| judgement.status == Status::Rogue));
}

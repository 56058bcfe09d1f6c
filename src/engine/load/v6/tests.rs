//! Runs of DHCPv6 against scripted servers, under a clock that only these tests move.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use super::*;
use crate::engine::load::tests::{Scripted, run, run_until};
use crate::engine::load::{After, Failure, Macs, Pace, Plan, Rate};
use crate::engine::v6::recipe::{Hop, client_link_layer};
use crate::wire::frame::peek::Ethernet;
use crate::wire::neighbor::link_local;
use crate::wire::v6::facts::Ia;
use crate::wire::v6::message::{ia, ia_addr, ia_prefix, ia_ta, status};
use crate::wire::v6::{Facts, Item, Message as Built};

const OWN: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);
const MS: i64 = 1_000_000;
const SECOND: i64 = 1000 * MS;
const SERVERS: [[u8; 10]; 2] = [[0, 3, 0, 1, 2, 0, 0, 0, 0, 1], [0, 3, 0, 1, 2, 0, 0, 0, 0, 2]];

fn recipe(kinds: &[IaKind]) -> Recipe6 {
    let mut recipe = Recipe6::new(MAC_MARK, link_local(OWN), 1);
    recipe.around.src_mac = Some(OWN);
    recipe.ias = kinds.iter().map(|kind| IaWish::new(*kind, usual_iaid(MAC_MARK))).collect();
    recipe
}

fn plan(recipe: &Recipe6, count: u64, clients: u32) -> Plan<V6> {
    Plan {
        family: V6::new(std::slice::from_ref(recipe), None, false).unwrap(),
        macs: Macs::made(1, clients),
        pace: Pace {
            rate: Rate::Closed(Duration::from_millis(10)),
            ramp: Duration::ZERO,
            count: Some(count),
            duration: None,
        },
        max_in_flight: 64,
        timeouts: vec![Duration::from_millis(300); 3],
        after: After::Release,
        mix: Vec::new(),
        seed: 5,
        watch_checks: true,
        remember_holders: false,
    }
}

/// Bends an answer, given its number; false keeps it back.
type Twist = fn(&mut Built, u64) -> bool;

/// A server that takes a millisecond for a message.
struct Server {
    duid: [u8; 10],
    /// Who holds what: one number for each IA.
    leases: BTreeMap<(Vec<u8>, u16, u32), u16>,
    pool: u16,
    prefixes: bool,
    commits: bool,
    twist: Twist,
    answers: u64,
    seen: BTreeMap<MessageType, u64>,
    /// Elapsed times that were said.
    elapsed: Vec<u16>,
    interface_ids: Vec<Vec<u8>>,
}

impl Server {
    fn new(number: usize) -> Self {
        Self {
            duid: SERVERS[number],
            leases: BTreeMap::new(),
            pool: 1000,
            prefixes: true,
            commits: true,
            twist: |_, _| true,
            answers: 0,
            seen: BTreeMap::new(),
            elapsed: Vec::new(),
            interface_ids: Vec::new(),
        }
    }

    fn lease(&self, asked: &Ia<'_>, number: u16) -> Item {
        let place = u128::from(self.duid[9]) << 32 | u128::from(number);
        match asked.kind {
            IaKind::Pd => ia_prefix((0x2001_0db8_u128 << 96 | place << 16).into(), 56, 500, 1000, &[]),
            _ => ia_addr((0xfd00_u128 << 112 | place).into(), 500, 1000, &[]),
        }
    }

    fn grant(&mut self, facts: &Facts<'_>, bind: bool) -> Vec<Item> {
        let client = facts.client_id.unwrap().to_vec();
        let mut given = Vec::new();
        for asked in &facts.ias {
            let key = (client.clone(), asked.kind.code(), asked.iaid);
            let of_kind = self.leases.iter().filter(|((_, code, _), _)| *code == asked.kind.code());
            let used: Vec<u16> = of_kind.map(|(_, number)| *number).collect();
            let refused = asked.kind == IaKind::Pd && !self.prefixes;
            let free = (0..self.pool).find(|number| !used.contains(number)).filter(|_| !refused);
            let inside = match self.leases.get(&key).copied().or(free) {
                Some(number) => {
                    if bind {
                        self.leases.insert(key, number);
                    }
                    self.lease(asked, number)
                }
                None => status(if asked.kind == IaKind::Pd { 6 } else { 2 }, "none"),
            };
            let data = match asked.kind {
                IaKind::Ta => ia_ta(asked.iaid, &[inside]),
                _ => ia(asked.iaid, 250, 400, &[inside]),
            };
            given.push(Item::new(asked.kind.code(), data));
        }
        given
    }
}

impl Scripted for Server {
    fn begin(&mut self, _: i64) {}

    fn receive(&mut self, now: i64, frame: &[u8]) -> Option<(i64, Vec<u8>)> {
        let ip = Ethernet::read(frame).unwrap().ipv6().unwrap();
        let udp = ip.udp().unwrap();
        let facts = Facts::of(udp.payload);
        *self.seen.entry(facts.kind).or_default() += 1;
        self.elapsed.extend(facts.elapsed);
        self.interface_ids
            .extend(facts.relays.iter().filter_map(|relay| relay.interface_id).map(<[u8]>::to_vec));
        if facts.server_id.is_some_and(|server| server != self.duid) {
            return None;
        }
        let commits = facts.kind == MessageType::SOLICIT && facts.rapid_commit && self.commits;
        let kind = if facts.kind == MessageType::SOLICIT && !commits {
            MessageType::ADVERTISE
        } else {
            MessageType::REPLY
        };
        let mut reply = Built::new(kind, facts.xid.unwrap());
        reply.add_option(opt::CLIENTID, facts.client_id.unwrap());
        reply.add_option(opt::SERVERID, self.duid);
        match facts.kind {
            MessageType::RELEASE => {
                for asked in &facts.ias {
                    let key = (facts.client_id.unwrap().to_vec(), asked.kind.code(), asked.iaid);
                    let held = self.leases.remove(&key);
                    let named = asked.addresses.len() + asked.prefixes.len();
                    assert!(named == 1 || held.is_none(), "what is given back is named");
                }
                reply.options.push(status(0, ""));
            }
            MessageType::CONFIRM => reply.options.push(status(0, "")),
            MessageType::INFORMATION_REQUEST => {}
            _ => {
                let given = self.grant(&facts, kind == MessageType::REPLY);
                reply.options.extend(given);
            }
        }
        if commits {
            reply.add_option(opt::RAPID_COMMIT, []);
        }
        self.answers += 1;
        if !(self.twist)(&mut reply, self.answers) {
            return None;
        }
        for relay in facts.relays.iter().rev() {
            let inner = reply.encode();
            reply = Built::relay(MessageType::RELAY_REPL, relay.hop_count, relay.link, relay.peer, &inner);
        }
        let envelope = Envelope6 {
            dst_mac: OWN,
            src_mac: Mac([2, 0, 0, 0, 0, self.duid[9]]),
            vlans: Vec::new(),
            src: "fe80::1".parse().unwrap(),
            dst: ip.src,
            hop_limit: 64,
        };
        Some((now + MS, envelope.udp((547, udp.src_port), &reply.encode())))
    }
}

#[test]
fn a_frame_of_pieces_is_the_frame_that_would_have_been_built() {
    let mac = Mac([2, 0, 0, 0, 0, 0x77]);
    let link = |text: &str| text.parse().unwrap();
    let hop = |mac, text: &str, number: &str| Hop {
        link: link(text),
        peer: None,
        options: vec![client_link_layer(mac), Item::new(18, format!("port-{number}-x"))],
        hop_count: None,
    };
    let lease_of = |mac: Mac| {
        let mut na = IaWish::new(IaKind::Na, usual_iaid(mac));
        na.addresses.push(link("fd00::5"));
        let mut pd = IaWish::new(IaKind::Pd, usual_iaid(mac).wrapping_add(1));
        pd.prefixes.push("2001:db8:7::/56".parse().unwrap());
        vec![na, pd]
    };
    let mut lease = Lease6::default();
    lease.add(Grant { ia: 0, length: 128, address: link("fd00::5").octets() }, 9);
    lease.add(Grant { ia: 1, length: 56, address: link("2001:db8:7::").octets() }, 7);
    for relays in 0..3 {
        let made = |mac: Mac, number: &str| {
            let mut recipe = Recipe6 { mac, ias: lease_of(mac), rapid_commit: true, ..recipe(&[]) };
            recipe.duid = Some(Duid::link_layer(mac));
            recipe.xid = 0x0012_3456;
            recipe.relays = [hop(mac, "fd00:64::1", number), hop(mac, "fd00:65::1", "")][..relays].to_vec();
            recipe.around.vlans = vec![5; relays];
            recipe
        };
        let mut family = V6::new(&[made(MAC_MARK, "{n}")], None, false).unwrap();
        lease.server = family.servers.number(&SERVERS[0]).unwrap();
        let real = made(mac, "1234");
        let server = Duid(SERVERS[0].to_vec());
        for (message, kind) in [
            (Message::First, MessageType::SOLICIT),
            (Message::Selecting, MessageType::REQUEST),
            (Message::Reboot, MessageType::CONFIRM),
            (Message::Renew, MessageType::RENEW),
            (Message::Rebind, MessageType::REBIND),
            (Message::Inform, MessageType::INFORMATION_REQUEST),
            (Message::Release, MessageType::RELEASE),
        ] {
            let ias = match kind {
                MessageType::CONFIRM => &real.ias[..1],
                MessageType::INFORMATION_REQUEST => &[],
                _ => &real.ias,
            };
            let want = real.draft(real.message(kind, ias, Some(&server), 151)).frame();
            let mut out = vec![9; 3];
            let question =
                Question { message, number: 1234, mac, xid: 0x0012_3456, lease: &lease, elapsed: 1_519 * MS };
            family.write(&question, &mut out);
            assert_eq!(out[3..], want, "{kind} through {relays} relays");
        }
    }
}

#[test]
fn all_complete_and_every_lease_is_given_back() {
    for kinds in [&[IaKind::Na][..], &[IaKind::Na, IaKind::Pd], &[IaKind::Pd], &[IaKind::Ta]] {
        let mut servers = [Server::new(0)];
        let outcome = run(plan(&recipe(kinds), 50, 8), &mut servers);
        let counters = outcome.load.counters();
        assert_eq!((counters.attempts, counters.completed(), counters.released), (50, 50, 50), "{kinds:?}");
        assert_eq!((counters.sent, counters.received, counters.released_again), (150, 150, 0), "{kinds:?}");
        assert!(servers[0].leases.is_empty() && outcome.load.held() == 0, "{kinds:?}");
        assert_eq!(outcome.load.shortest_lease(), Some(1000));
        let last = outcome.finished.last().unwrap();
        assert_eq!((last.offer_ns(), last.ack_ns(), last.total_ns()), (Some(MS), Some(MS), Some(2 * MS)));
        assert_eq!(last.lease.grants().len(), kinds.len());
        assert!(outcome.finished.iter().all(|finished| finished.xid >> 24 == 0));
    }
}

#[test]
fn rapid_commit_is_one_question_and_one_answer() {
    let recipe = Recipe6 { rapid_commit: true, ..recipe(&[IaKind::Na]) };
    let mut servers = [Server::new(0)];
    let outcome = run(plan(&recipe, 20, 4), &mut servers);
    assert_eq!((outcome.load.counters().completed(), outcome.load.counters().sent), (20, 40));
    assert!(servers[0].leases.is_empty());
    let one = &outcome.finished[0];
    assert_eq!((one.offer_ns(), one.ack_ns(), one.total_ns()), (None, None, Some(MS)));

    // Two servers commit: the second one gets its lease back, whoever is second.
    let mut servers = [Server::new(0), Server::new(1)];
    let outcome = run(plan(&recipe, 20, 4), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.other_acks, counters.released), (20, 20, 40));
    assert!(servers.iter().all(|server| server.leases.is_empty()));

    // One that does not commit is asked for what it advertised.
    let mut servers = [Server { commits: false, ..Server::new(0) }];
    let outcome = run(plan(&recipe, 20, 4), &mut servers);
    assert_eq!((outcome.load.counters().completed(), servers[0].seen[&MessageType::REQUEST]), (20, 20));

    // An answer that claims to commit though nobody asked for that counts as nothing.
    let mut servers = [Server::new(0)];
    servers[0].twist = |reply, _| {
        if reply.option(opt::IA_NA).is_some() {
            reply.kind = MessageType::REPLY;
            reply.add_option(opt::RAPID_COMMIT, []);
        }
        true
    };
    let outcome = run(plan(&super::tests::recipe(&[IaKind::Na]), 2, 2), &mut servers);
    assert_eq!((outcome.load.counters().no_offer, outcome.load.counters().duplicates), (2, 6));
}

#[test]
fn each_failure_is_told_apart() {
    type Bend = (&'static str, Twist, fn(&crate::engine::load::Counters) -> u64, u32);
    let cases: [Bend; 6] = [
        ("silence", |_, _| false, |c| c.no_offer, 0),
        (
            "no reply",
            |reply, _| reply.option(opt::IA_NA).is_none() || reply.kind != MessageType::REPLY,
            |c| c.no_ack,
            0,
        ),
        (
            "refused as a whole",
            |reply, _| {
                if reply.kind == MessageType::REPLY && reply.option(opt::IA_NA).is_some() {
                    reply.options.push(status(4, "elsewhere"));
                }
                true
            },
            |c| c.nak,
            1 << 4,
        ),
        (
            "nothing to offer",
            |reply, _| {
                reply.options.retain(|item| item.code != opt::IA_NA);
                reply.options.push(status(2, "none"));
                true
            },
            |c| c.no_offer,
            1 << 2,
        ),
        (
            "T1 after T2",
            |reply, _| {
                if let Some(item) = reply.options.iter_mut().find(|item| item.code == opt::IA_NA) {
                    item.data[4] = 1;
                }
                true
            },
            |c| c.no_offer,
            0,
        ),
        (
            "the wrong client",
            |reply, _| {
                if let Some(item) = reply.options.iter_mut().find(|item| item.code == opt::CLIENTID) {
                    item.data[9] ^= 0x80;
                }
                true
            },
            |c| c.no_offer,
            0,
        ),
    ];
    for (name, twist, count, statuses) in cases {
        let mut servers = [Server { twist, ..Server::new(0) }];
        let outcome = run(plan(&recipe(&[IaKind::Na]), 4, 4), &mut servers);
        let counters = outcome.load.counters();
        assert_eq!(
            (counters.attempts, counters.completed(), count(counters)),
            (4, 0, 4),
            "{name}: {counters:?}"
        );
        assert!(outcome.finished.iter().all(|finished| finished.statuses == statuses), "{name}");
    }
}

/// RFC 9915 §18.2.10.1: what the REPLY says is what the client has.
#[test]
fn another_address_in_the_reply_completes_and_is_the_one_given_back() {
    let twist: Twist = |reply, _| {
        if reply.kind == MessageType::REPLY
            && let Some(item) = reply.options.iter_mut().find(|item| item.code == opt::IA_NA)
        {
            item.data[31] ^= 1;
        }
        true
    };
    let run = |twist: Twist| {
        let mut servers = [Server { twist, ..Server::new(0) }];
        let outcome = run(plan(&recipe(&[IaKind::Na]), 4, 4), &mut servers);
        let counters = *outcome.load.counters();
        let leased: Vec<u128> =
            outcome.finished.iter().map(|finished| u128::from_be_bytes(finished.lease.address())).collect();
        (counters.completed(), counters.reassigned, counters.address_changed, leased)
    };
    let advertised = run(|_, _| true);
    let replied = run(twist);
    assert_eq!((advertised.0, advertised.1), (4, 0));
    assert_eq!((replied.0, replied.1, replied.2), (4, 4, 0));
    let moved: Vec<u128> = advertised.3.iter().map(|address| address ^ 1).collect();
    assert_eq!(replied.3, moved, "what the REPLY granted is the client's");
}

#[test]
fn what_is_granted_in_part_is_counted_so_and_given_back() {
    let mut servers = [Server { prefixes: false, ..Server::new(0) }];
    let outcome = run(plan(&recipe(&[IaKind::Na, IaKind::Pd]), 10, 4), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.partial, counters.released), (0, 10, 10));
    assert!(servers[0].leases.is_empty());
    assert_eq!(outcome.load.statuses()[6], 20, "in the ADVERTISE and in the REPLY");
    let one = &outcome.finished[0];
    assert_eq!((one.failure, one.statuses, one.lease.grants().len()), (Some(Failure::Partial), 1 << 6, 1));
}

#[test]
fn only_the_chosen_servers_reply_counts() {
    let mut other = Server::new(1);
    // It advertises nothing and answers every REQUEST, as if it had been meant.
    other.duid = SERVERS[0];
    other.twist = |reply, _| {
        reply.set_option(opt::SERVERID, SERVERS[1]);
        reply.kind != MessageType::ADVERTISE
    };
    let mut servers = [other, Server::new(0)];
    let outcome = run(plan(&recipe(&[IaKind::Na]), 10, 4), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.other_acks), (10, 10), "{counters:?}");
    assert!(outcome.finished.iter().all(|finished| finished.lease.server() == 1));
    assert!(servers[1].leases.is_empty());

    // The server that was asked for is taken, though the other one is quicker.
    let recipe = Recipe6 { server: Some(Duid(SERVERS[1].to_vec())), ..recipe(&[IaKind::Na]) };
    let mut servers = [Server::new(0), Server::new(1)];
    let outcome = run(plan(&recipe, 10, 4), &mut servers);
    let names = outcome.load.plan.family.servers().clone();
    assert_eq!((outcome.load.counters().completed(), outcome.load.counters().other_offers), (10, 10));
    let chosen = |finished: &crate::engine::load::Finished<Lease6>| names.name(finished.lease.server());
    assert!(outcome.finished.iter().all(|finished| chosen(finished) == Some(Duid(SERVERS[1].to_vec()))));
    assert!(servers.iter().all(|server| server.leases.is_empty()));
}

#[test]
fn a_release_is_sent_until_it_is_answered_and_says_how_long_that_takes() {
    let mut servers = [Server::new(0)];
    servers[0].twist = |reply, number| {
        reply.option(opt::STATUS_CODE).is_none() || number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 0
    };
    let outcome = run(plan(&recipe(&[IaKind::Na]), 12, 12), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.released), (12, 12));
    assert!(counters.released_again > 0 && counters.retransmitted == 0, "{counters:?}");
    assert!(servers[0].leases.is_empty());
    let said = &servers[0].elapsed;
    assert!(
        said.contains(&100) && said.iter().all(|elapsed| [0, 100, 300, 700].contains(elapsed)),
        "{said:?}"
    );

    // Where nobody answers, the lease is not said to be given back.
    servers[0].twist = |reply, _| reply.option(opt::STATUS_CODE).is_none();
    let outcome = run(plan(&recipe(&[IaKind::Na]), 1, 1), &mut servers);
    assert_eq!((outcome.load.counters().released, outcome.load.held()), (0, 1));
    assert_eq!(outcome.load.counters().released_again, 3);
}

#[test]
fn an_empty_pool_is_reported_with_the_number_of_clients() {
    let mut plan = plan(&recipe(&[IaKind::Na]), 12, 12);
    plan.after = After::Hold;
    let mut servers = [Server { pool: 7, ..Server::new(0) }];
    let outcome = run(plan, &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.no_offer, counters.released), (7, 5, 7));
    assert_eq!(outcome.load.exhausted_at(), Some(7));
    assert_eq!(outcome.load.statuses()[2], 15, "each was asked three times, and said so each time");
    assert!(servers[0].leases.is_empty());
}

#[test]
fn stopping_breaks_off_and_gives_back() {
    let mut plan = plan(&recipe(&[IaKind::Na, IaKind::Pd]), 1_000_000, 500);
    plan.pace.rate = Rate::Open(1_000_000);
    plan.after = After::Hold;
    let mut servers = [Server::new(0)];
    let outcome = run_until(plan, &mut servers, 10 * SECOND + 205 * MS + MS / 2);
    let counters = outcome.load.counters();
    assert!(counters.completed() > 50 && counters.interrupted > 0, "{counters:?}");
    assert_eq!(counters.attempts, counters.completed(), "{counters:?}");
    assert!(servers[0].leases.is_empty(), "{:?}", servers[0].leases);
    assert_eq!(outcome.load.held(), 0);
}

#[test]
fn what_is_committed_while_stopping_is_given_back_or_listed() {
    for (after, commits) in [(After::Hold, true), (After::Keep, true), (After::Hold, false)] {
        let recipe = Recipe6 { rapid_commit: true, ..recipe(&[IaKind::Na]) };
        let mut plan = plan(&recipe, 20, 20);
        plan.pace.rate = Rate::Open(1_000_000);
        plan.after = after;
        let mut servers = [Server { commits, ..Server::new(0) }];
        // All have asked, and nobody has an answer.
        let outcome = run_until(plan, &mut servers, 10 * SECOND + MS / 2);
        let counters = outcome.load.counters();
        assert_eq!((counters.interrupted, counters.attempts), (1, 0), "{counters:?}");
        assert_eq!(servers[0].seen.get(&MessageType::SOLICIT), Some(&1), "it is not asked again");
        assert_eq!(servers[0].seen.get(&MessageType::REQUEST), None);
        let (bound, listed) = (servers[0].leases.len(), outcome.load.leases().count());
        let want = if after == After::Keep { (1, 1) } else { (0, 0) };
        assert_eq!((bound, listed), want, "{after:?}");
        assert_eq!(counters.released, u64::from(after == After::Hold && commits));
    }
}

#[test]
fn a_mix_of_everything_completes() {
    let mut plan = plan(&recipe(&[IaKind::Na]), 500, 20);
    plan.mix = [Kind::Renew, Kind::Rebind, Kind::InitReboot, Kind::Inform, Kind::Release]
        .map(|kind| (kind, 1))
        .into();
    plan.after = After::Hold;
    let mut servers = [Server::new(0)];
    let outcome = run(plan, &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.attempts, counters.completed()), (500, 500), "{counters:?}");
    assert!(counters.completed.iter().all(|count| *count > 40), "{counters:?}");
    assert!(servers[0].leases.is_empty());
    let releases = outcome.finished.iter().filter(|finished| finished.kind == Kind::Release);
    assert!(releases.clone().count() > 40 && releases.clone().all(|one| one.total_ns() == Some(MS)));
}

#[test]
fn relays_are_used_in_turn_and_name_each_client() {
    let turn = |text: &str| {
        let options = vec![client_link_layer(MAC_MARK), Item::new(18, *b"eth{n}")];
        let relay = Hop { link: text.parse().unwrap(), peer: None, options, hop_count: None };
        Recipe6 { relays: vec![relay], ..recipe(&[IaKind::Na]) }
    };
    let mut plan = plan(&recipe(&[IaKind::Na]), 12, 12);
    plan.family = V6::new(&[turn("fd00::1"), turn("fd00::2")], None, false).unwrap();
    let mut servers = [Server::new(0)];
    let outcome = run(plan, &mut servers);
    assert_eq!(outcome.load.counters().completed(), 12);
    assert!(servers[0].leases.is_empty());
    let mut names = servers[0].interface_ids.clone();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 12);
    assert!(names.contains(&b"eth0".to_vec()) && names.contains(&b"eth11".to_vec()));
}

#[test]
fn clients_that_could_not_be_told_apart_are_refused() {
    let mut recipe = recipe(&[IaKind::Na]);
    recipe.duid = Some(Duid(vec![0, 3, 0, 1, 9]));
    let refused = |recipe: &Recipe6, only| V6::new(std::slice::from_ref(recipe), only, false).err();
    assert_eq!(refused(&recipe, None), Some(RecipeError::OneName));
    assert_eq!(refused(&recipe, Some(OWN)), None);
    recipe.duid = None;
    assert_eq!(refused(&recipe, Some(OWN)), Some(RecipeError::NoName));
    assert_eq!(refused(&super::tests::recipe(&[]), None), Some(RecipeError::NoIa));
    assert_eq!(refused(&super::tests::recipe(&[IaKind::Na; 5]), None), Some(RecipeError::ManyIas));
    let by_hand = Recipe6 { options: vec![Item::new(3, [])], ..super::tests::recipe(&[IaKind::Na]) };
    assert_eq!(refused(&by_hand, None), Some(RecipeError::Own(3)));
}

#[test]
fn who_asks_for_the_clients_address_is_answered_where_nobody_else_does() {
    let mut family = V6::new(&[recipe(&[IaKind::Na])], Some(OWN), true).unwrap();
    let asker = Mac([2, 0, 0, 0, 0, 9]);
    let own = link_local(OWN);
    let ask = |target: Ipv6Addr| {
        let envelope = Envelope6::to_group(asker, link_local(asker), solicited_node(target), nd::HOP_LIMIT);
        envelope.icmpv6(&Neighbor::solicitation(target, Some(asker)).encode(), true)
    };
    assert_eq!(family.check(&ask(own)), Some((own.octets(), Check::Neighbor)));
    assert_eq!(family.aside(&ask("fe80::9".parse().unwrap()), |_| None), None);
    let aside = family.aside(&ask(own), |_| None).unwrap();
    let mut out = Vec::new();
    family.write_aside(&aside, &mut out);
    let told = Around::read(&out, &[]).unwrap();
    assert_eq!((told.mac, told.dst), (OWN, link_local(asker)));
    assert!(matches!(told.word, Spoken::Neighbor(Neighbor { asks: false, target, .. }) if target == own));
    assert_eq!(family.hello(), Some(Aside6::Join));
    let quiet = V6::new(&[recipe(&[IaKind::Na])], None, false).unwrap();
    assert_eq!((quiet.aside(&ask(own), |_| None), quiet.hello()), (None, None));
    for len in 0..out.len() {
        assert!(family.read(&out[..len]).is_none());
    }
}

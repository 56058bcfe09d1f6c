//! What a watcher tells of servers that come, change, contradict themselves and go.

use super::super::judge::tests::sighting;
use super::*;
use crate::analysis::servers::sighting::Asked;
use crate::wire::Mac;
use crate::wire::v4::MessageType;

/// A segment in fast motion.
struct Play {
    watcher: Watcher,
    servers: Servers,
    policy: Option<Policy>,
    now: Instant,
}

/// The time of day tells nothing here: it runs backwards.
fn moment(at: Instant) -> Moment {
    Moment { at, time: Timestamp(at.nanoseconds().saturating_neg()) }
}

impl Play {
    fn new(known: Vec<Known>) -> Self {
        let now = Instant::new(100_000, 0);
        Self {
            watcher: Watcher::new(WatchPace::default(), known, now),
            servers: Servers::default(),
            policy: None,
            now,
        }
    }

    fn hear(&mut self, last: u8, router: u8) {
        self.hear_key(key(last), router);
    }

    fn hear_key(&mut self, key: Key, router: u8) {
        self.hear_asked(key, router, Asked::Us { probe: "discover", bogus_server: None }, 3600);
    }

    fn hear_asked(&mut self, key: Key, router: u8, asked: Asked, lease_time: u32) {
        let mut seen = sighting(key, MessageType::OFFER);
        seen.when = moment(self.now);
        seen.asked = asked;
        seen.offered.lease_time = Some(lease_time);
        seen.offered.routers = vec![[10, 0, 0, router].into()];
        let key = self.servers.add(&seen, false);
        self.watcher.heard(&key, self.now);
    }

    /// Lets time pass, stopping wherever the watcher wants to be asked.
    fn pass(&mut self, seconds: u64) -> Vec<ServerChange> {
        let end = self.now.after(Duration::from_secs(seconds));
        let mut told = Vec::new();
        let mut stops = 0_u32;
        while let Some(next) = self.watcher.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            told.extend(self.watcher.poll(moment(self.now), &mut self.servers, self.policy.as_ref()));
            stops = stops.saturating_add(1);
            assert!(stops < 10_000, "the watcher does not come to rest");
        }
        self.now = end;
        told
    }

    fn kinds(&mut self, seconds: u64) -> Vec<&'static str> {
        self.pass(seconds).iter().map(|change| change.kind.name()).collect()
    }
}

fn key(last: u8) -> Key {
    Key {
        source_ip: Some([10, 0, 0, last].into()),
        source_mac: Some(Mac([2, 0, 0, 0, 0, last])),
        server_id: Some([10, 0, 0, last].into()),
        ..Key::default()
    }
}

#[test]
fn a_server_comes_changes_goes_and_is_back() {
    let mut play = Play::new(vec![]);
    play.hear(1, 1);
    play.hear(1, 1);
    assert_eq!(play.kinds(10), ["new"]);
    play.hear(1, 1);
    assert_eq!(play.kinds(10), Vec::<&str>::new());
    play.now = play.now.after(Duration::from_mins(5));
    play.hear(1, 9);
    let told = play.pass(10);
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].differences,
        [OfferChange { what: "routers".into(), from: "10.0.0.1".into(), to: "10.0.0.9".into() }]
    );
    assert_eq!(play.watcher.verdict(), SegmentVerdict::Clean);
    assert_eq!(play.kinds(3600), ["gone"]);
    assert_eq!(play.watcher.verdict(), SegmentVerdict::None);
    assert!(play.servers.is_empty());
    play.hear(1, 9);
    assert_eq!(play.kinds(10), ["back"]);
}

#[test]
fn a_server_that_names_itself_later_is_no_other_one() {
    let mut play = Play::new(vec![]);
    play.hear_key(key(1).source(), 1);
    assert_eq!(play.kinds(10), ["new"]);
    let mut told = Vec::new();
    for _ in 0..100 {
        play.hear(1, 1);
        told.extend(play.kinds(60));
    }
    assert_eq!(told, Vec::<&str>::new());
    assert_eq!(play.kinds(3600), ["gone"]);
}

#[test]
fn a_lease_time_that_was_not_known_before_is_no_change() {
    let mut play = Play::new(vec![]);
    // What another client is told may be what is left of its lease.
    let overheard = || Asked::Client { chosen: None };
    let asked = || Asked::Us { probe: "discover", bogus_server: None };
    play.hear_asked(key(1), 1, overheard(), 1800);
    assert_eq!(play.kinds(10), ["new"]);
    play.now = play.now.after(Duration::from_mins(5));
    play.hear_asked(key(1), 1, asked(), 3600);
    assert_eq!(play.kinds(10), Vec::<&str>::new());
    // What is known now is compared with later, also after somebody else's answers and a restart.
    let known: Vec<Known> = play.watcher.known().cloned().collect();
    for rest in [0, 3600] {
        let mut play = Play::new(known.clone());
        play.hear_asked(key(1), 1, overheard(), 1800);
        assert_eq!(play.kinds(rest + 10).first(), (rest > 0).then_some(&"gone"));
        if rest > 0 {
            play.hear_asked(key(1), 1, overheard(), 1800);
            assert_eq!(play.kinds(10), ["back"]);
        }
        play.now = play.now.after(Duration::from_mins(5));
        play.hear_asked(key(1), 1, asked(), 60);
        let told = play.pass(10);
        let change = OfferChange { what: LEASE_TIME.into(), from: "3600".into(), to: "60".into() };
        assert_eq!(told[0].differences, [change]);
    }
}

#[test]
fn nothing_is_told_before_it_has_settled() {
    let mut play = Play::new(vec![]);
    play.hear(1, 1);
    assert_eq!(play.kinds(1), Vec::<&str>::new());
    assert_eq!(play.kinds(2), ["new"]);
}

#[test]
fn to_and_fro_is_told_once_in_a_while() {
    let mut play = Play::new(vec![]);
    let mut told = Vec::new();
    for round in 0..60_u8 {
        play.hear(1, 1 + round % 2);
        told.extend(play.kinds(10));
    }
    assert!(told.len() <= 3, "{told:?}");
    // What gets worse is told at once.
    play.policy = Some(Policy::default());
    play.hear(1, 1);
    assert_eq!(play.kinds(5), ["changed"]);
    assert_eq!(play.watcher.verdict(), SegmentVerdict::Rogue);
}

#[test]
fn a_new_policy_judges_at_once() {
    let mut play = Play::new(vec![]);
    play.policy = Some(Policy::default());
    play.hear(1, 1);
    assert_eq!(play.kinds(5), ["new"]);
    assert_eq!(play.watcher.verdict(), SegmentVerdict::Rogue);
    let allow = |offers: &str| {
        let text = format!("[[server]]\nserver-id = \"10.0.0.1\"\n[server.offers]\n{offers}");
        Some(Policy::from_toml(&text).unwrap())
    };
    // Silence in between: nothing but the policy is new. What is wrong by the new one too stays wrong.
    for (offers, kinds, verdict) in [
        ("", vec!["changed"], SegmentVerdict::Clean),
        ("", vec![], SegmentVerdict::Clean),
        ("routers = [\"10.0.0.7\"]", vec!["changed"], SegmentVerdict::Rogue),
        ("routers = [\"10.0.0.1\"]", vec!["changed"], SegmentVerdict::Clean),
    ] {
        play.policy = allow(offers);
        play.watcher.rejudge(play.now);
        assert_eq!(play.kinds(1), kinds, "{offers}");
        assert_eq!(play.watcher.verdict(), verdict, "{offers}");
    }
    play.hear(1, 7);
    play.hear(1, 1);
    assert_eq!(play.kinds(3), ["changed"]);
    for offers in ["routers = [\"10.0.0.9\"]", "routers = [\"10.0.0.1\", \"10.0.0.2\"]"] {
        play.policy = allow(offers);
        play.watcher.rejudge(play.now);
        play.pass(1);
        assert_eq!(play.watcher.verdict(), SegmentVerdict::Rogue, "{offers}");
    }
}

#[test]
fn a_storm_is_folded() {
    let mut play = Play::new(vec![]);
    let mut told = Vec::new();
    assert!(!play.watcher.is_stirred());
    for n in 0..6_000_u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let mac = Some(Mac([2, 0, 0, 1, a, b]));
        play.hear_key(
            Key { source_mac: mac, server_id: Some(Ipv4Addr::from(n).into()), ..Key::default() },
            1,
        );
        if n % 100 == 99 {
            told.extend(play.pass(1));
        }
    }
    // What is counted changes although nothing is told of it.
    assert!(play.watcher.is_stirred());
    play.watcher.settled();
    told.extend(play.pass(120));
    let folded = told.iter().filter(|change| change.kind == ChangeKind::Folded).count();
    assert!(told.len() <= 60 && folded >= 1, "{} told, {folded} folded", told.len());
    let counted: u64 = told.iter().map(|change| change.folded.total()).sum();
    assert!(counted > 3000, "{counted}");
    assert!(play.watcher.known.len() <= 2 * MAX_SERVERS && play.watcher.due.len() <= 2 * MAX_SERVERS);
}

#[test]
fn memory_outlives_a_restart() {
    let mut play = Play::new(vec![]);
    play.hear(1, 1);
    play.hear(2, 1);
    assert_eq!(play.kinds(10), ["new", "new"]);
    let known: Vec<Known> = play.watcher.known().cloned().collect();
    let mut play = Play::new(known);
    play.hear(1, 1);
    assert_eq!(play.kinds(60), Vec::<&str>::new());
    play.now = play.now.after(Duration::from_mins(1));
    play.hear(1, 7);
    assert_eq!(play.kinds(60), ["changed"]);
    assert_eq!(play.kinds(3600), ["gone", "gone"]);
}

#[test]
fn who_is_only_remembered_is_judged_by_a_new_policy() {
    let policy = |last: u8, offers: &str| {
        let text = format!("[[server]]\nserver-id = \"10.0.0.{last}\"\n[server.offers]\n{offers}");
        Some(Policy::from_toml(&text).unwrap())
    };
    let mut play = Play::new(vec![]);
    play.policy = policy(1, "");
    play.hear(1, 1);
    play.hear(2, 2);
    assert_eq!(play.kinds(10), ["new", "new"]);
    let remember = |play: &Play| Play::new(play.watcher.known().cloned().collect());
    let mut play = remember(&play);
    // Each: the policy, who is told of, and what each of both is then.
    let steps = [
        (policy(1, ""), vec![], ["allowed", "rogue"]),
        (policy(2, ""), vec![1, 2], ["rogue", "allowed"]),
        (policy(2, ""), vec![], ["rogue", "allowed"]),
        (policy(1, ""), vec![1, 2], ["allowed", "rogue"]),
    ];
    for (policy, told_of, statuses) in steps {
        play.policy = policy;
        play.watcher.rejudge(play.now);
        let told = play.pass(5);
        let keys: Vec<Key> =
            told.iter().map(|change| change.who.as_ref().unwrap().server.key.clone()).collect();
        assert_eq!(keys, told_of.into_iter().map(key).collect::<Vec<Key>>());
        assert!(told.iter().all(|change| change.kind == ChangeKind::Changed));
        let mut known: Vec<&Known> = play.watcher.known().collect();
        known.sort_by_key(|known| &known.key);
        assert_eq!(known.iter().map(|known| known.status.name()).collect::<Vec<_>>(), statuses);
    }
    // A default route to a stranger is an alarm still, and none once the policy knows it.
    let mut play = Play::new(vec![]);
    play.policy = policy(1, "");
    let mut seen = sighting(key(1), MessageType::OFFER);
    seen.when = moment(play.now);
    seen.offered.routers = vec![[10, 0, 0, 1].into()];
    seen.offered.default_routes = vec![(121, [10, 0, 0, 66].into())];
    let heard = play.servers.add(&seen, false);
    play.watcher.heard(&heard, play.now);
    assert_eq!((play.kinds(10), play.watcher.verdict()), (vec!["new"], SegmentVerdict::Rogue));
    let mut play = remember(&play);
    for (offers, verdict) in
        [("", SegmentVerdict::Rogue), ("default-route = \"10.0.0.66\"", SegmentVerdict::Clean)]
    {
        play.policy = policy(1, offers);
        play.watcher.rejudge(play.now);
        play.pass(5);
        assert_eq!(play.watcher.verdict(), verdict, "{offers}");
    }
    // What was wrong stays wrong as long as the policy speaks of it.
    let mut play = Play::new(vec![]);
    play.policy = policy(1, "routers = [\"10.0.0.1\"]");
    play.hear(1, 9);
    assert_eq!(play.kinds(10), ["new"]);
    let mut play = remember(&play);
    for (offers, kinds, verdict) in [
        ("routers = [\"10.0.0.1\"]", vec![], SegmentVerdict::Rogue),
        ("dns = []", vec!["changed"], SegmentVerdict::Clean),
    ] {
        play.policy = policy(1, offers);
        play.watcher.rejudge(play.now);
        assert_eq!(play.kinds(5), kinds, "{offers}");
        assert_eq!(play.watcher.verdict(), verdict, "{offers}");
    }
}

#[test]
fn the_last_words_leave_nothing_out() {
    let mut play = Play::new(vec![]);
    play.hear(1, 1);
    let told = play.watcher.finish(moment(play.now), &mut play.servers, None);
    assert_eq!(told.len(), 1);
    assert!(play.watcher.take_dirty() && !play.watcher.take_dirty());
}

#[test]
fn a_segment_with_nothing_but_probes_and_answers_stays_quiet() {
    let mut play = Play::new(Vec::new());
    let pace = WatchPace { gone_after: Duration::from_mins(3), ..WatchPace::default() };
    play.watcher = Watcher::new(pace, Vec::new(), play.now);
    let mut told = Vec::new();
    // A probing every minute for a quarter of an hour: six answers within some seconds, then nothing.
    for _ in 0..15 {
        for _ in 0..6 {
            play.hear(1, 1);
            told.extend(play.kinds(1));
        }
        told.extend(play.kinds(54));
        let next = play.watcher.deadline();
        assert!(next.is_none_or(|next| next > play.now), "it is asked when it wants to be");
    }
    assert_eq!(told, ["new"]);
    // When the answers stop it is gone, once, and after three minutes.
    assert_eq!(play.kinds(124), Vec::<&str>::new());
    assert_eq!(play.kinds(60), ["gone"]);
    assert_eq!(play.kinds(900), Vec::<&str>::new());
}

//! `rogue --watch`: for ever, changes only.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use super::Args;
use super::hub::Hub;
use super::live::{confine, open, tell, turn};
use crate::analysis::servers::watcher::{ChangeKind, Known, ServerChange};
use crate::analysis::servers::{Allowed, WatchPace, Watcher, state};
use crate::cli::context::{Context, is_journal};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::teller::{TICK, seconds_left};
use crate::cli::{terminal, text};
use crate::net::scrape::{Scrape, ScrapedPage};
use crate::output::json::object;
use crate::output::rogue::metrics::{Exposition, Metrics, PolicyRead, Present};
use crate::output::rogue::{ChangeObject, change_line, change_priority, change_text, kept_text};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::output::words::counted;
use crate::run::files;
use crate::run::helper::Helper;
use crate::run::rogue::{Lookout, Turn, crowded};
use crate::time::{Clock as _, Instant, Moment, Precision};
use crate::wire::escape::escape_line;

/// How often the textfile is written when nothing changes.
const REFRESH: Duration = Duration::from_secs(15);
/// The same while so much changes that not all of it is told.
const STIRRED: Duration = Duration::from_secs(2);
/// Silence that means gone when nobody asks.
const PASSIVE_GONE: Duration = Duration::from_hours(1);
/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long programs may go on working at changes after the end.
const LAST_ALARMS: Duration = Duration::from_secs(5);

/// Runs the command.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let round =
        args.interval.saturating_add(args.interval.checked_div(10).unwrap_or_default()).max(args.wait());
    if let Some(gone_after) = args.gone_after.filter(|gone_after| !args.passive && *gone_after < round) {
        return Err(Failure::usage(format_args!(
            "--gone-after {}: shorter than the {} from one probing to the next, in which a server need not be heard",
            humantime::format_duration(gone_after),
            humantime::format_duration(round)
        )));
    }
    let hub = Hub::new(args, cx)?;
    let known = match &args.state {
        Some(path) => args.confine.apart(&[path.as_path()], cx, || read_state(path))?,
        None => Vec::new(),
    };
    // Before anything is opened that a program should not have.
    let helper = match &args.exec {
        Some(program) => Some(args.with_helper(program, Helper::start)?),
        None => None,
    };
    let scrape = args.listen.map(Scrape::open).transpose()?;
    let lookout = open(args)?;
    // Its zone is read before the process is confined.
    let time = TimeText::new(args.time.unwrap_or_default().into());
    let to_journal = is_journal(std::io::stdout());
    args.confine.give_up(cx)?;
    confine(args, cx)?;
    let metrics = scrape.map(|scrape| {
        let shown = ScrapedPage::default();
        cx.note(&format!("serving http://{}/metrics", scrape.address));
        scrape.serve(shown.clone(), lookout.names()).map(|()| shown)
    });
    let metrics = metrics.transpose().map_err(Failure::could_not_run)?;
    let default =
        if args.passive { PASSIVE_GONE } else { args.interval.saturating_mul(3).saturating_add(args.wait()) };
    let pace = WatchPace { gone_after: args.gone_after.unwrap_or(default), ..WatchPace::default() };
    let now = cx.clock.moment();
    let mut watch = Watch {
        args,
        hub,
        lookout,
        watcher: Watcher::new(pace, known, now.at),
        helper,
        page: metrics,
        policy_read: args.policy.is_some().then_some(PolicyRead { at: now.time, fails: false }),
        changes: [0; 5],
        saved: None,
        shown_forgotten: 0,
        round: now.at,
        asking: false,
        losses: [0; 3],
        blind_until: None,
        gone_after: pace.gone_after,
        to_journal,
        time,
    };
    if watch.hub.register.policy.is_none() {
        cx.warn(
            "nobody can be called a rogue: say with --allow or --policy who may be there (--learn FILE writes a policy of all)",
        );
    }
    // What cannot be written is said at the start, not at the first alarm.
    watch.save(now)?;
    cx.note(&format!("watching {}", watch.lookout.names().join(", ")));
    watch.run(cx)
}

fn read_state(path: &Path) -> Result<Vec<Known>, Failure> {
    match text::read(path, text::MOST) {
        Ok(text) => state::read(&text)
            .map_err(|error| Failure::could_not_run(format_args!("{}: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()))),
    }
}

struct Watch<'a> {
    args: &'a Args,
    hub: Hub,
    lookout: Lookout,
    watcher: Watcher,
    helper: Option<Helper>,
    /// What Prometheus may scrape.
    page: Option<ScrapedPage>,
    /// When the policy was read, where there is a file of it.
    policy_read: Option<PolicyRead>,
    /// How their times are written.
    time: TimeText,
    /// Changes told, by kind.
    changes: [u64; 5],
    saved: Option<Instant>,
    /// Servers that were pushed out by then.
    shown_forgotten: u64,
    /// When the next round begins.
    round: Instant,
    /// A round goes on whose figures are not told yet.
    asking: bool,
    /// Losses told, of frames, of servers and of messages in fragments.
    losses: [u64; 3],
    /// Until then nobody can tell that there is no rogue.
    blind_until: Option<Instant>,
    gone_after: Duration,
    /// Standard output is journald's.
    to_journal: bool,
}

impl Watch<'_> {
    fn run(&mut self, cx: &mut Context) -> Outcome {
        loop {
            let now = cx.clock.now();
            self.lookout.send(now, &mut self.hub.register, &mut tell(cx));
            let asks = self.lookout.is_provoking(now);
            if std::mem::replace(&mut self.asking, asks) && !asks {
                // What the round brought is told with its end, not only when it is old.
                self.saved = None;
            }
            if now >= self.round && !asks {
                self.warn_of_kept(cx);
                self.warn_of_losses(now, cx);
                if !self.args.passive {
                    self.lookout.provoke(now);
                    self.lookout.send(now, &mut self.hub.register, &mut tell(cx));
                }
                self.round = now.after(self.lookout.jitter(self.args.interval));
            }
            self.tell(cx.clock.moment(), cx)?;
            let mut deadline = self.deadline(now);
            if cx.shows_progress() {
                terminal::status(&self.status(now));
                deadline = deadline.min(now.after(TICK));
            }
            let answers = self.helper.as_ref().and_then(Helper::answers);
            match turn(&mut self.lookout, deadline, answers, &mut self.hub, cx)? {
                Turn::Stop => return self.end(cx),
                Turn::Reload => self.reload(cx.clock.moment(), cx),
                Turn::On | Turn::OutputGone => {}
            }
            for key in self.hub.register.fresh.drain(..) {
                self.watcher.heard(&key, now);
            }
        }
    }

    /// What goes on, for the foot of a terminal.
    fn status(&self, now: Instant) -> String {
        let there = self.watcher.known().filter(|known| known.present).count();
        let heard = self.hub.register.servers.answers;
        let next = match () {
            () if self.args.passive => "listening".to_owned(),
            () if self.lookout.is_provoking(now) => "asking".to_owned(),
            () => format!("asking again in {} s", seconds_left(self.round.since(now))),
        };
        let changes = self.changes.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        format!(
            "watching, {next}: {}, {}, {}",
            counted(there, "server"),
            counted(heard, "message"),
            counted(changes, "change")
        )
    }

    /// Reads the policy again, and judges everybody by it. One that cannot be read changes nothing.
    fn reload(&mut self, now: Moment, cx: &Context) {
        let Some(path) = &self.args.policy else { return };
        match super::read_policy(path) {
            Ok(mut policy) => {
                policy.allowed.extend(self.args.allowed());
                self.hub.register.policy = Some(policy);
                self.watcher.rejudge(now.at);
                self.policy_read = Some(PolicyRead { at: now.time, fails: false });
                cx.note(&format!("read {} again", path.display()));
            }
            Err(failure) => {
                let why = failure.message.unwrap_or_default();
                cx.warn(&format!("{why}; the policy stays as it was"));
                if let Some(read) = &mut self.policy_read {
                    read.fails = true;
                }
            }
        }
        // Whoever reads the metrics need not wait to learn it.
        self.saved = None;
    }

    /// Somebody reads the metrics.
    fn is_measured(&self) -> bool {
        self.args.prometheus.is_some() || self.page.is_some()
    }

    /// How old what is measured may become.
    fn refresh(&self) -> Duration {
        // Who is pushed out before he is judged is never told of.
        let crowded = self.hub.register.servers.forgotten != self.shown_forgotten;
        if crowded || self.watcher.is_stirred() { STIRRED } else { REFRESH }
    }

    fn deadline(&self, now: Instant) -> Instant {
        // A round that is due waits for the one before, whose end is a deadline of its own.
        let round = (!self.lookout.is_provoking(now)).then_some(self.round);
        let refresh = self.is_measured().then(|| self.saved.unwrap_or(now).after(self.refresh()));
        let next = [round, refresh, self.watcher.deadline(), self.helper.as_ref().and_then(Helper::deadline)]
            .into_iter()
            .flatten()
            .min();
        next.unwrap_or_else(|| now.after(REFRESH))
    }

    /// Tells what changed, and keeps the files up to date.
    fn tell(&mut self, now: Moment, cx: &mut Context) -> Result<(), Failure> {
        if self.watcher.deadline().is_some_and(|deadline| now.at >= deadline) {
            let mut changes =
                self.watcher.poll(now, &mut self.hub.register.servers, self.hub.register.policy.as_ref());
            self.emit(&mut changes, cx)?;
        }
        if let Some(helper) = &mut self.helper {
            helper.work(now.at).iter().for_each(|news| cx.warn(news));
        }
        let refresh =
            self.is_measured() && self.saved.is_none_or(|saved| now.at >= saved.after(self.refresh()));
        if self.watcher.take_dirty() || refresh {
            // The alarm goes on even if its files cannot be written just now (a full disk).
            if let Err(Failure { message: Some(message), .. }) = self.save(now) {
                self.saved = Some(now.at);
                cx.warn(&message);
            }
        }
        Ok(())
    }

    /// Says what servers keep of what they were made to grant.
    fn warn_of_kept(&self, cx: &Context) {
        let (kept, overlooked) = self.lookout.kept();
        for line in kept_text(&kept, &self.lookout.kept6(), overlooked) {
            cx.warn(&line);
        }
    }

    /// Says what was not seen since this was said last.
    fn warn_of_losses(&mut self, now: Instant, cx: &Context) {
        let losses = [self.lookout.lost(), self.hub.register.servers.forgotten, self.lookout.crowded_out()];
        let mut new = losses;
        new.iter_mut().zip(self.losses).for_each(|(now, before)| *now = now.saturating_sub(before));
        let [lost, forgotten, crowded_out] = new;
        if new != [0; 3] {
            self.blind_until = Some(now.after(self.gone_after));
            let frames = (lost > 0).then(|| format!("{} lost", counted(lost, "frame")));
            let servers = || format!("{} seen than are kept", counted(forgotten, "more server"));
            let servers = (forgotten > 0).then(servers);
            let why: Vec<String> = [frames, servers, crowded(crowded_out)].into_iter().flatten().collect();
            cx.warn(&format!(
                "cannot tell whether there is a rogue: {} since the last probing",
                why.join(", ")
            ));
        }
        self.losses = losses;
    }

    /// The policy's servers, and whether each is there.
    fn expected(&self) -> Vec<(String, bool)> {
        let is_up = |allowed: &Allowed| {
            let mut there = self.watcher.known().filter(|known| known.present);
            there.any(|known| allowed.identity.fit(&known.key).is_whole())
        };
        // Several entries may say of one server what it may offer; it has one series.
        let mut all: Vec<(String, bool)> = Vec::new();
        for allowed in self.hub.register.policy.iter().flat_map(|policy| &policy.allowed) {
            let (name, is_up) = (allowed.to_string(), is_up(allowed));
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known |= is_up,
                None => all.push((name, is_up)),
            }
        }
        all
    }

    fn emit(&mut self, changes: &mut [ServerChange], cx: &mut Context) -> Result<(), Failure> {
        let who = changes.iter_mut().filter_map(|change| change.who.as_deref_mut());
        self.hub.vendors.name(who.map(|who| (who.server.key.source_mac, &mut who.judgement)));
        let (names, precision) = (self.lookout.names(), self.lookout.precision());
        let mut verdict = self.watcher.verdict();
        if self.blind_until.is_some_and(|until| cx.clock.now() < until) {
            verdict = verdict.seen_in_part();
        }
        for change in changes {
            for (kind, count) in ChangeKind::ALL.iter().zip(&mut self.changes) {
                *count = count.saturating_add(u64::from(*kind == change.kind));
            }
            let object = ChangeObject::new(change, verdict, &names, precision);
            if cx.common.json {
                cx.out.write_json(&object)?;
            } else if std::io::stdout().is_terminal() {
                let mut text = cx.out.styled();
                change_text(change, &mut self.time, &mut text);
                cx.out.write_styled(text)?;
            } else {
                // journald takes the priority off (sd-daemon(3)).
                let priority =
                    if self.to_journal { format!("<{}>", change_priority(change)) } else { String::new() };
                let mut time = Text::default();
                if self.args.time.is_some() {
                    self.time.write(Some(change.time), Precision::Micro, &mut time);
                    time.push_str("  ");
                }
                let line = escape_line(&format!("{priority}{}{}", time.as_str(), change_line(change)));
                cx.out.write(format!("{line}\n").as_bytes())?;
            }
            if let Some(helper) = &mut self.helper {
                helper.push(&object::line(&object));
            }
        }
        Ok(())
    }

    fn save(&mut self, now: Moment) -> Result<(), Failure> {
        self.saved = Some(now.at);
        self.watcher.settled();
        self.shown_forgotten = self.hub.register.servers.forgotten;
        if let Some(path) = &self.args.state {
            let text = state::write(self.watcher.known()).map_err(Failure::could_not_run)?;
            files::replace(path, &text)?;
        }
        if self.is_measured() {
            let metrics = Metrics {
                present: Present::of(self.watcher.known().filter(|known| known.present).collect()),
                sent: self.lookout.sent(),
                answers: self.hub.register.servers.answers,
                forgotten: self.hub.register.servers.forgotten,
                lost: self.lookout.lost().saturating_add(self.lookout.crowded_out()),
                expected: self.expected(),
                policy_read: self.policy_read,
                latencies: self.hub.register.servers.latencies,
                changes: self.changes,
                now: now.time,
            };
            let Exposition { text, open_metrics } = metrics.expose();
            if let Some(path) = &self.args.prometheus {
                files::replace(path, &text)?;
            }
            if let Some(page) = &self.page {
                page.set(text, open_metrics);
            }
        }
        Ok(())
    }

    /// Gives back what was taken, tells what is not told yet, and remembers.
    fn end(&mut self, cx: &mut Context) -> Outcome {
        terminal::status("");
        let last = cx.clock.now().after(FAREWELL);
        self.lookout.stop(cx.clock.now());
        // Who asks twice waits for nothing more.
        let mut hurried = false;
        loop {
            let now = cx.clock.now();
            self.lookout.send(now, &mut self.hub.register, &mut tell(cx));
            if hurried || now >= last || !self.lookout.is_provoking(now) {
                break;
            }
            hurried = turn(&mut self.lookout, last, None, &mut self.hub, cx)? == Turn::Stop;
        }
        self.warn_of_kept(cx);
        let now = cx.clock.moment();
        for key in self.hub.register.fresh.drain(..) {
            self.watcher.heard(&key, now.at);
        }
        let mut changes =
            self.watcher.finish(now, &mut self.hub.register.servers, self.hub.register.policy.as_ref());
        self.emit(&mut changes, cx)?;
        self.wait_for_programs(hurried, cx)?;
        let known = self.watcher.known().filter(|known| known.present).count();
        self.save(now)?;
        let changes = self.changes.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        cx.note(&summary(
            u64::try_from(known).unwrap_or(u64::MAX),
            changes,
            self.hub.register.servers.answers,
            self.lookout.sent(),
        ));
        Ok(Exit::Good)
    }
}

impl Watch<'_> {
    /// What the programs have not had yet they get now, for a while, unless the user is in a hurry; then what they did not get is said.
    fn wait_for_programs(&mut self, mut hurried: bool, cx: &Context) -> Result<(), Failure> {
        let last = cx.clock.now().after(LAST_ALARMS);
        loop {
            let now = cx.clock.now();
            let Some(helper) = &mut self.helper else { return Ok(()) };
            helper.work(now).iter().for_each(|news| cx.warn(news));
            if hurried || now >= last || !helper.is_busy() {
                helper.give_up().iter().for_each(|news| cx.warn(news));
                return Ok(());
            }
            hurried = turn(&mut self.lookout, last, helper.answers(), &mut self.hub, cx)? == Turn::Stop;
        }
    }
}

/// One line about all of it, for people.
fn summary(known: u64, changes: u64, answers: u64, sent: u64) -> String {
    format!(
        "{} there, {} told; {} of servers, {} sent",
        counted(known, "server"),
        counted(changes, "change"),
        counted(answers, "message"),
        counted(sent, "frame")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_is_no_counted() {
        assert_eq!(summary(1, 1, 1, 1), "1 server there, 1 change told; 1 message of servers, 1 frame sent");
        assert_eq!(
            summary(0, 2, 42, 74),
            "0 servers there, 2 changes told; 42 messages of servers, 74 frames sent"
        );
    }
}

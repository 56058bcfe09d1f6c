//! What a person is told while an exchange goes on: at the foot of a terminal what is awaited and how long still, elsewhere
//! the same once when nothing comes, the story with -v.

use std::cell::RefCell;
use std::time::Duration;

use super::context::Context;
use super::terminal;
use crate::engine::machine::{Arrival, Remark, Transmit};
use crate::engine::{Event, Machine, Sense};
use crate::time::Instant;
use crate::wire::escape::escape_line;

/// How often the time that is left is shown anew, and how long silence lasts where it is said once.
pub const TICK: Duration = Duration::from_secs(1);

/// Who waits no longer than this is not told that he does.
const SOON: Duration = Duration::from_millis(250);

/// How what is awaited is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// At the foot of a terminal, anew every second.
    Status,
    /// In one line, once a second has passed and nothing came.
    Once,
    /// Not at all.
    Never,
}

impl Manner {
    /// That of this command; a plugin's standard error is somebody's log.
    pub fn of(cx: &Context) -> Self {
        match () {
            () if cx.shows_progress() => Self::Status,
            () if cx.common.quiet || cx.plugin => Self::Never,
            () => Self::Once,
        }
    }

    /// Tells `line`, which is escaped; the time for it has come.
    pub fn tell(&mut self, line: &str) {
        match self {
            Self::Status => terminal::status(line),
            Self::Once => {
                terminal::note(line);
                *self = Self::Never;
            }
            Self::Never => {}
        }
    }
}

/// What is waited for, and for how long, as far as that is known before.
#[derive(Clone, Copy, Debug)]
pub struct Awaited {
    what: &'static str,
    longest: Option<Duration>,
}

impl Awaited {
    /// An answer, until the schedule of the exchange is over.
    pub const ANSWER: Self = Self { what: "an answer", longest: None };

    /// `what`, for so long after the question was sent first.
    pub const fn within(what: &'static str, longest: Duration) -> Self {
        Self { what, longest: Some(longest) }
    }
}

/// Tells the user about an exchange while it goes on.
pub struct Teller {
    verbose: bool,
    first: Option<Instant>,
    manner: Manner,
    waiting: Waiting,
}

impl Teller {
    /// One who tells the story (`verbose`), or what is waited for.
    pub fn new(verbose: bool, manner: Manner) -> Self {
        let manner = if verbose { Manner::Never } else { manner };
        Self { verbose, first: None, manner, waiting: Waiting::default() }
    }

    /// Another exchange begins, in which somebody waits for what is `awaited`, where anything is.
    pub fn begin(&mut self, awaited: Option<Awaited>) {
        self.waiting = Waiting { awaited, ..Waiting::default() };
    }

    /// The exchange is over.
    pub fn end(&mut self) {
        if self.manner == Manner::Status {
            terminal::status("");
        }
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        let first = *self.first.get_or_insert(event.at);
        if self.verbose {
            let millis = event.at.since(first).max(0).checked_div(1000).unwrap_or(0);
            let (whole, rest) =
                (millis.checked_div(1000).unwrap_or(0), millis.checked_rem(1000).unwrap_or(0));
            terminal::note(&terminal::wrapped(
                &escape_line(&format!("{whole:>6}.{rest:03} ms  {event}")),
                15,
            ));
        }
        self.waiting.event(event);
    }

    /// Time passes in an exchange with `machine`; when to tell the time next.
    fn tick(&mut self, now: Instant, machine: &dyn Machine) -> Option<Instant> {
        match self.manner {
            Manner::Never => return None,
            Manner::Once if !self.waiting.is_in_vain(now) => {}
            // It is over, or will be soon: the end says it.
            Manner::Once
                if machine.deadline().is_none()
                    || self.waiting.ends(machine.gives_up()).is_some_and(|end| end < now.after(SOON)) => {}
            Manner::Status | Manner::Once => {
                if let Some(line) = self.waiting.line(now, machine.gives_up(), machine.deadline()) {
                    self.manner.tell(&escape_line(&line));
                }
            }
        }
        // Silence is said once it has lasted, not a second after somebody last looked.
        let lasted = self.waiting.first.map(|first| first.after(TICK)).filter(|lasted| *lasted > now);
        Some(lasted.unwrap_or_else(|| now.after(TICK)))
    }
}

/// The line that says what is waited for, so that the screen is never blank.
#[derive(Debug, Default)]
struct Waiting {
    awaited: Option<Awaited>,
    first: Option<Instant>,
    sent: u32,
    answers: u32,
    /// When the last of them came.
    heard: Option<Instant>,
    last: String,
    /// What somebody said of the question that did not arrive.
    refused: Option<String>,
}

impl Waiting {
    fn event(&mut self, event: &Event) {
        match event.remark.sense {
            Sense::Sent(times @ 1..) => {
                self.sent = times;
                self.first.get_or_insert(event.at);
            }
            Sense::Accepted => {
                self.answers = self.answers.saturating_add(1);
                self.heard = Some(event.at);
                self.last = event.from.0.map(|ip| format!(", the last from {ip}")).unwrap_or_default();
            }
            Sense::Refused => self.refused = Some(event.remark.text.to_string()),
            _ => {}
        }
    }

    /// True when the question was put a while ago and nothing came, or nothing more where one answer leads to the next question: a
    /// client of DHCPv6 hears everybody out for a second and a tenth.
    fn is_in_vain(&self, now: Instant) -> bool {
        let collects = self.awaited.is_some_and(|awaited| awaited.longest.is_some());
        match self.heard {
            Some(heard) => !collects && now >= heard.after(TICK.saturating_mul(2)),
            None => self.first.is_some_and(|first| now >= first.after(TICK)),
        }
    }

    /// When the wait is over at the latest, where the exchange is given up at `end`.
    fn ends(&self, end: Option<Instant>) -> Option<Instant> {
        let longest = self.awaited.and_then(|awaited| awaited.longest);
        longest.zip(self.first).map(|(longest, first)| first.after(longest)).or(end)
    }

    /// What it says at `now`, where the exchange is given up at `end` at the latest and the next step is due at `step`; none before
    /// anything was sent.
    fn line(&self, now: Instant, end: Option<Instant>, step: Option<Instant>) -> Option<String> {
        let awaited = self.awaited.filter(|_| self.first.is_some())?;
        let left = |until: Instant| seconds_left(until.since(now));
        let time = match (awaited.longest, self.ends(end), step) {
            (Some(_), Some(end), _) => format!(", {} s more", left(end)),
            (_, Some(end), _) => format!(", {} s more at most", left(end)),
            (_, None, Some(step)) => format!(", {} s until the next step", left(step)),
            (_, None, None) => String::new(),
        };
        let asked =
            if self.sent == 1 { "asked once".to_owned() } else { format!("asked {} times", self.sent) };
        let answers = match self.answers {
            0 => match &self.refused {
                Some(refused) => format!("no answer, {refused}"),
                None => "no answer yet".to_owned(),
            },
            1 => "1 answer".to_owned(),
            many => format!("{many} answers"),
        };
        let what = awaited.what;
        Some(format!("waiting for {what}{time}: {asked}, {answers}{}", self.last))
    }
}

/// Whole seconds that are left of so many nanoseconds.
pub fn seconds_left(nanoseconds: i64) -> i64 {
    nanoseconds.max(0).saturating_add(999_999_999).checked_div(1_000_000_000).unwrap_or(0)
}

/// A machine that somebody watches: he is told what happens and, every second, that time passes.
pub struct Watched<'m> {
    machine: &'m mut dyn Machine,
    teller: &'m RefCell<Teller>,
    /// When he is told next; `None` where nobody looks.
    tick: Option<Instant>,
    begun: bool,
}

impl<'m> Watched<'m> {
    /// Watches `machine`.
    pub fn new(machine: &'m mut dyn Machine, teller: &'m RefCell<Teller>) -> Self {
        Self { machine, teller, tick: None, begun: false }
    }

    fn look(&mut self, now: Instant) {
        self.tick = self.teller.borrow_mut().tick(now, self.machine);
    }
}

impl Machine for Watched<'_> {
    fn on_time(&mut self, now: Instant) {
        // The machine hears of its own times only.
        if !std::mem::replace(&mut self.begun, true) || self.machine.deadline().is_some_and(|at| at <= now) {
            self.machine.on_time(now);
        }
        self.look(now);
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.machine.on_sent(id, at);
        // The first line comes with the question; what it says is told by the event that follows.
        self.tick = self.tick.map(|_| at);
    }

    fn on_refused(&mut self, id: u32, now: Instant) {
        self.machine.on_refused(id, now);
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        let remark = self.machine.on_frame(arrival);
        if remark.sense == Sense::Accepted {
            self.tick = self.tick.map(|_| arrival.at);
        }
        remark
    }

    fn stop(&mut self, now: Instant) {
        self.machine.stop(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let deadline = self.machine.deadline()?;
        Some(self.tick.map_or(deadline, |tick| tick.min(deadline)))
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.machine.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        let event = self.machine.poll_event()?;
        self.teller.borrow_mut().event(&event);
        Some(event)
    }
}

/// A machine whose answers are shown as they come.
pub struct Showing<'m, M, F> {
    /// The machine.
    pub machine: &'m mut M,
    /// Called after every frame.
    pub after: F,
}

impl<M: Machine, F: FnMut(&M)> Machine for Showing<'_, M, F> {
    fn on_time(&mut self, now: Instant) {
        self.machine.on_time(now);
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.machine.on_sent(id, at);
    }

    fn on_refused(&mut self, id: u32, now: Instant) {
        self.machine.on_refused(id, now);
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        let remark = self.machine.on_frame(arrival);
        (self.after)(self.machine);
        remark
    }

    fn stop(&mut self, now: Instant) {
        self.machine.stop(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    fn gives_up(&self) -> Option<Instant> {
        self.machine.gives_up()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.machine.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.machine.poll_event()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Note;

    fn event(second: i64, note: &Note) -> Event {
        Event { at: Instant::new(second, 0), remark: note.into(), from: (Some([10, 0, 0, 1].into()), None) }
    }

    #[test]
    fn that_nobody_listens_is_said_while_it_is_waited() {
        let mut waiting = Waiting { awaited: Some(Awaited::ANSWER), ..Waiting::default() };
        waiting.event(&event(0, &Note::Sent(None, 1)));
        waiting.event(&event(0, &Note::Unreachable([10, 0, 0, 1].into(), 3)));
        let want = "waiting for an answer, 60 s more at most: asked once, no answer, 10.0.0.1 says: port unreachable";
        assert_eq!(waiting.line(Instant::new(0, 0), Some(Instant::new(60, 0)), None).as_deref(), Some(want));
    }

    #[test]
    fn what_is_waited_for_is_said_and_how_long_still() {
        let within = Awaited::within("offers", Duration::from_millis(4500));
        let mut waiting = Waiting { awaited: Some(within), ..Waiting::default() };
        let at = |second| Instant::new(second, 0);
        assert_eq!(waiting.line(at(0), None, None), None);
        waiting.event(&event(0, &Note::Sent(None, 1)));
        let want = "waiting for offers, 5 s more: asked once, no answer yet";
        assert_eq!(waiting.line(at(0), None, None).as_deref(), Some(want));
        waiting.event(&event(1, &Note::Accepted(Some(crate::wire::v4::MessageType::OFFER))));
        waiting.event(&event(1, &Note::Sent(None, 2)));
        let want = "waiting for offers, 3 s more: asked 2 times, 1 answer, the last from 10.0.0.1";
        assert_eq!(waiting.line(at(2), None, Some(at(9))).as_deref(), Some(want));
        assert!(waiting.line(at(60), None, None).unwrap().contains("offers, 0 s more"));
        waiting.awaited = Some(Awaited::ANSWER);
        waiting.event(&event(3, &Note::Accepted(Some(crate::wire::v4::MessageType::NAK))));
        let want = "waiting for an answer, 4 s until the next step: asked 2 times, 2 answers, the last from 10.0.0.1";
        assert_eq!(waiting.line(at(5), None, Some(at(9))).as_deref(), Some(want));
        let line = waiting.line(at(5), Some(at(20)), Some(at(9))).unwrap();
        assert!(line.starts_with("waiting for an answer, 15 s more at most: asked 2 times"), "{line}");
    }

    #[test]
    fn silence_is_in_vain_and_an_answer_among_many_is_not() {
        let at = |second| Instant::new(second, 0);
        for (awaited, in_vain) in [(Awaited::within("offers", TICK), false), (Awaited::ANSWER, true)] {
            let mut waiting = Waiting { awaited: Some(awaited), ..Waiting::default() };
            assert!(!waiting.is_in_vain(at(9)), "nothing was asked");
            waiting.event(&event(0, &Note::Sent(None, 1)));
            assert!(!waiting.is_in_vain(at(0)) && waiting.is_in_vain(at(1)));
            // Whoever waits for an ACK is not served with an OFFER.
            waiting.event(&event(0, &Note::Accepted(Some(crate::wire::v4::MessageType::OFFER))));
            assert!(!waiting.is_in_vain(at(1)));
            assert_eq!(waiting.is_in_vain(at(2)), in_vain);
        }
    }
}

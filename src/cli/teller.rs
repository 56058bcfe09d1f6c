//! What a person is told while an exchange goes on: at the foot of a terminal what is awaited and how long still, the story
//! with -v.

use std::cell::RefCell;
use std::time::Duration;

use super::terminal;
use crate::engine::machine::{Arrival, Remark, Transmit};
use crate::engine::{Event, Machine, Sense};
use crate::time::Instant;
use crate::wire::escape::escape_line;

/// How often the time that is left is shown anew.
const TICK: Duration = Duration::from_secs(1);

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
    waiting: Option<Waiting>,
}

impl Teller {
    /// One who tells the story (`verbose`), or what is waited for where a person looks (`progress`).
    pub fn new(verbose: bool, progress: bool) -> Self {
        Self { verbose, first: None, waiting: (progress && !verbose).then(Waiting::default) }
    }

    /// Another exchange begins.
    pub fn begin(&mut self, awaited: Awaited) {
        if let Some(waiting) = &mut self.waiting {
            *waiting = Waiting { awaited: Some(awaited), ..Waiting::default() };
        }
    }

    /// The exchange is over.
    pub fn end(&mut self) {
        if self.waiting.is_some() {
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
        if let Some(waiting) = &mut self.waiting {
            waiting.event(event);
        }
    }

    /// Time passes; the exchange goes on by itself at `step`.
    fn tick(&self, now: Instant, step: Option<Instant>) {
        if let Some(line) = self.waiting.as_ref().and_then(|waiting| waiting.line(now, step)) {
            terminal::status(&escape_line(&line));
        }
    }
}

/// The line that says what is waited for, so that the screen is never blank.
#[derive(Debug, Default)]
struct Waiting {
    awaited: Option<Awaited>,
    first: Option<Instant>,
    sent: u32,
    answers: u32,
    last: String,
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
                self.last = event.from.0.map(|ip| format!(", the last from {ip}")).unwrap_or_default();
            }
            _ => {}
        }
    }

    /// What it says at `now`, where the next step is due at `step`; none before anything was sent.
    fn line(&self, now: Instant, step: Option<Instant>) -> Option<String> {
        let (first, awaited) = (self.first?, self.awaited?);
        let left =
            |until: Instant| until.since(now).max(0).saturating_add(999_999_999).checked_div(1_000_000_000);
        let time = match (awaited.longest, step) {
            (Some(longest), _) => left(first.after(longest)).map(|seconds| format!(", {seconds} s more")),
            (None, Some(step)) => left(step).map(|seconds| format!(", {seconds} s until the next step")),
            (None, None) => None,
        };
        let asked =
            if self.sent == 1 { "asked once".to_owned() } else { format!("asked {} times", self.sent) };
        let answers = match self.answers {
            0 => "no answer yet".to_owned(),
            1 => "1 answer".to_owned(),
            many => format!("{many} answers"),
        };
        let (what, time) = (awaited.what, time.unwrap_or_default());
        Some(format!("waiting for {what}{time}: {asked}, {answers}{}", self.last))
    }
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
        let teller = self.teller.borrow();
        if teller.waiting.is_some() {
            teller.tick(now, self.machine.deadline());
            self.tick = Some(now.after(TICK));
        }
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
    fn what_is_waited_for_is_said_and_how_long_still() {
        let within = Awaited::within("offers", Duration::from_millis(4500));
        let mut waiting = Waiting { awaited: Some(within), ..Waiting::default() };
        let at = |second| Instant::new(second, 0);
        assert_eq!(waiting.line(at(0), None), None);
        waiting.event(&event(0, &Note::Sent(None, 1)));
        let want = "waiting for offers, 5 s more: asked once, no answer yet";
        assert_eq!(waiting.line(at(0), None).as_deref(), Some(want));
        waiting.event(&event(1, &Note::Accepted(Some(crate::wire::v4::MessageType::OFFER))));
        waiting.event(&event(1, &Note::Sent(None, 2)));
        let want = "waiting for offers, 3 s more: asked 2 times, 1 answer, the last from 10.0.0.1";
        assert_eq!(waiting.line(at(2), Some(at(9))).as_deref(), Some(want));
        assert!(waiting.line(at(60), None).unwrap().contains("offers, 0 s more"));
        waiting.awaited = Some(Awaited::ANSWER);
        waiting.event(&event(3, &Note::Accepted(Some(crate::wire::v4::MessageType::NAK))));
        let want = "waiting for an answer, 4 s until the next step: asked 2 times, 2 answers, the last from 10.0.0.1";
        assert_eq!(waiting.line(at(5), Some(at(9))).as_deref(), Some(want));
    }
}

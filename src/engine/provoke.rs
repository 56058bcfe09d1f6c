//! What provoking a segment takes, whichever protocol is spoken: frames that go out one at a time at their times, and an ear for
//! what answers them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::machine::{Arrival, Remark, Sense};
use crate::time::Instant;
use crate::wire::frame::{Datagram, LinkType, Ports, Walker};

/// After how long the next round begins.
pub const ROUND: Duration = Duration::from_secs(3);
/// How long answers to what was sent last are awaited when it is ended early.
pub(super) const GRACE: Duration = Duration::from_millis(300);
/// How long after the end RELEASEs are waited for, whatever comes.
pub(super) const OVERTIME: Duration = Duration::from_secs(2);
/// Two frames keep at least this distance.
pub(super) const SPACING: Duration = Duration::from_millis(12);

/// When a question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    first: Instant,
    last: Instant,
}

impl Asked {
    /// It is asked at `now`, again where it was asked `before`.
    pub(super) fn again(before: Option<Self>, now: Instant) -> Self {
        Self { first: before.map_or(now, |before| before.first), last: now }
    }

    /// How quick an answer at `now` to question `number` is.
    pub(super) fn answered(self, number: u32, now: Instant) -> Pace {
        let since = |sent| Duration::from_nanos(u64::try_from(now.since(sent).max(0)).unwrap_or(0));
        Pace { question: number, latency: since(self.last), since_first: since(self.first) }
    }
}

/// How quick an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Which question of the protocol it answers.
    pub question: u32,
    /// Since that was sent last before this answer.
    pub latency: Duration,
    /// Since it was sent first: so long a client waits.
    pub since_first: Duration,
}

/// What is to be sent, and when.
#[derive(Clone, Debug)]
pub(super) struct Agenda<J> {
    jobs: BTreeMap<(Instant, u64), J>,
    serial: u64,
    last_sent: Option<Instant>,
}

impl<J> Default for Agenda<J> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), serial: 0, last_sent: None }
    }
}

impl<J> Agenda<J> {
    /// Adds a job.
    pub(super) fn at(&mut self, when: Instant, job: J) {
        self.serial = self.serial.saturating_add(1);
        self.jobs.insert((when, self.serial), job);
    }

    /// Takes the next job that is due. One frame at a time, however late this is called: who sends says so by
    /// [`sent`](Self::sent), and what is due too soon after that waits.
    pub(super) fn due(&mut self, now: Instant) -> Option<J> {
        while let Some(entry) = self.jobs.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let Some(free) = self.last_sent.map(|last| last.after(SPACING)).filter(|free| *free > now) else {
                return Some(entry.remove());
            };
            let (due, serial) = *entry.key();
            let job = entry.remove();
            self.jobs.insert((free.max(due), serial), job);
        }
        None
    }

    /// A frame was sent at `now`.
    pub(super) fn sent(&mut self, now: Instant) {
        self.last_sent = Some(now);
    }

    /// When the next job is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.jobs.keys().next().map(|(at, _)| *at)
    }

    /// Drops the jobs that `keep` does not want.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&J) -> bool) {
        self.jobs.retain(|_, job| keep(job));
    }

    /// Nothing is to be sent.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The jobs, in order.
    #[cfg(test)]
    pub(super) fn jobs(&self) -> impl Iterator<Item = &J> {
        self.jobs.values()
    }
}

/// Finds the messages in frames, and remembers what the last frame answered.
#[derive(Clone, Debug)]
pub(super) struct Ear<H> {
    /// Gone while it walks.
    walker: Option<Walker>,
    /// What the last frame answered, one entry a message.
    pub(super) heard: Vec<H>,
}

impl<H> Ear<H> {
    /// An ear for what is said at these ports.
    pub(super) fn new(ports: Ports) -> Self {
        Self { walker: Some(Walker::new(ports)), heard: Vec::new() }
    }
}

/// Who provokes, and listens to what comes.
pub(super) trait Provoking {
    /// An answer to a probe.
    type Heard;

    /// What it listens with.
    fn ear(&mut self) -> &mut Ear<Self::Heard>;

    /// Takes a message: what it answers, if it answers a probe.
    fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Option<Self::Heard>;

    /// Takes a frame that is no message.
    fn on_aside(&mut self, now: Instant, link: LinkType, frame: &[u8]);

    /// The name of the probe that was answered.
    fn probe(heard: &Self::Heard) -> &'static str;

    /// As [`on_frame`](super::Machine::on_frame) of a machine.
    fn hear(&mut self, arrival: &Arrival<'_>) -> Remark {
        self.ear().heard.clear();
        let Some(mut walker) = self.ear().walker.take() else { return Remark::UNRELATED };
        let (at, mut found) = (arrival.at, false);
        walker.walk(arrival.link, arrival.frame, arrival.original_len, at.nanoseconds(), |datagram| {
            found = true;
            let heard = self.on_datagram(at, &datagram);
            self.ear().heard.extend(heard);
        });
        self.ear().walker = Some(walker);
        if !found {
            self.on_aside(at, arrival.link, arrival.frame);
        }
        match self.ear().heard.first() {
            Some(heard) => {
                Remark::new(Sense::Accepted, format!("accepted answer to the probe {}", Self::probe(heard)))
            }
            None => Remark::UNRELATED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_their_distance_and_their_order() {
        let start = Instant::new(5, 0);
        let mut agenda = Agenda::default();
        for job in 0..3 {
            agenda.at(start, job);
        }
        agenda.at(start.after(Duration::from_secs(1)), 9);
        let mut now = start;
        let mut out = Vec::new();
        while let Some(next) = agenda.next() {
            now = now.max(next);
            while let Some(job) = agenda.due(now) {
                out.push((now.since(start) / 1_000_000, job));
                agenda.sent(now);
            }
        }
        assert_eq!(out, [(0, 0), (12, 1), (24, 2), (1000, 9)]);
    }
}

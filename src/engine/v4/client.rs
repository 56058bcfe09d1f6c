//! One client of DHCPv4 as a [`Machine`]: its frames are walked here, and it is shown what is in them.

use super::incoming::{Content, Incoming};
use super::note::Note;
use super::station::{Answer, Station};
use super::watch::Watch;
use crate::engine::machine::{Arrival, Event, Machine, Remark, Transmit};
use crate::time::Instant;
use crate::wire::frame::{Datagram, Walked};

/// A client at its station. The same calls as a [`Machine`]'s, but for frames: it is shown what is in them.
pub trait Client {
    /// As [`Machine::on_time`].
    fn on_time(&mut self, now: Instant);
    /// As [`Machine::on_sent`].
    fn on_sent(&mut self, id: u32, at: Instant);
    /// Shows what came in, and hears what was made of it.
    fn on_incoming(&mut self, incoming: &Incoming<'_>) -> Note;
    /// As [`Machine::stop`].
    fn stop(&mut self, now: Instant);
    /// As [`Machine::deadline`].
    fn deadline(&self) -> Option<Instant>;
    /// As [`Machine::gives_up`].
    fn gives_up(&self) -> Option<Instant> {
        None
    }
    /// The client's place on the segment.
    fn station(&self) -> &Station;
    /// The same, to tell it more.
    fn station_mut(&mut self) -> &mut Station;

    /// What was seen so far.
    fn watch(&self) -> &Watch {
        &self.station().watch
    }

    /// What the station makes of a frame: an answer for the client, or what is said about it.
    fn sort(&mut self, incoming: &Incoming<'_>) -> Result<Answer, Note> {
        let sorted = self.station_mut().on_incoming(incoming);
        if matches!(sorted, Err(Note::Resolved(..))) {
            // What waited for this address can go out.
            self.on_time(incoming.at);
        }
        sorted
    }
}

impl<C: Client> Machine for C {
    fn on_time(&mut self, now: Instant) {
        Client::on_time(self, now);
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        Client::on_sent(self, id, at);
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        let Arrival { at, time, link, frame, original_len } = *arrival;
        let Some(mut walker) = self.station_mut().walker.take() else { return Remark::UNRELATED };
        let mut note = None;
        let mut quoted = false;
        let outcome = walker.walk(link, frame, original_len, at.nanoseconds(), |datagram: Datagram<'_>| {
            quoted |= datagram.quoted;
            let seen = self.on_incoming(&Incoming { at, time, frame, content: Content::Dhcp(&datagram) });
            note.get_or_insert(seen);
        });
        self.station_mut().walker = Some(walker);
        if let Some(note) = note.filter(|_| !quoted) {
            return (&note).into();
        }
        let content = Content::aside(link, frame, &self.station().vlans);
        if outcome == Walked::Kept && matches!(content, Content::Other) {
            return Remark::FRAGMENT;
        }
        (&self.on_incoming(&Incoming { at, time, frame, content })).into()
    }

    fn stop(&mut self, now: Instant) {
        Client::stop(self, now);
    }

    fn deadline(&self) -> Option<Instant> {
        Client::deadline(self)
    }

    fn gives_up(&self) -> Option<Instant> {
        Client::gives_up(self)
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.station_mut().outbox.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.station_mut().outbox.poll_event()
    }
}

//! The loop that gives a machine a wire and a clock.

use std::collections::VecDeque;

use super::{Event, Machine, Note, Sight, What};
use crate::net::{Event as Arrival, NetError, Received, Transport};
use crate::time::{Clock, Precision, Timestamp};
use crate::wire::frame::peek::Aside;
use crate::wire::frame::{Datagram, LinkType, Ports, Walked, Walker};

/// A frame that passed by, for who keeps a record.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// The kernel's stamp.
    pub time: Timestamp,
    /// The frame.
    pub frame: &'a [u8],
    /// Its length on the wire.
    pub original_len: usize,
    /// It left this machine.
    pub outgoing: bool,
    /// What the frames start with.
    pub link_type: LinkType,
    /// How fine the stamps are.
    pub precision: Precision,
    /// What the exchange made of it.
    pub note: &'a Note,
}

/// Who wants to know what happens meanwhile.
pub trait Witness {
    /// Something happened.
    fn event(&mut self, event: &Event) {
        let _ = event;
    }
    /// A frame of the exchange passed; false stops the exchange (the record cannot be kept).
    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        let _ = passed;
        true
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Witness for Nobody {}

/// How a drive ended. Whatever happened, the machine holds what it found.
#[derive(Debug, Default)]
pub struct Ending {
    /// The user stopped it, or the witness did.
    pub stopped: bool,
    /// How often the link went down meanwhile; frames that were to be sent then are lost.
    pub dips: u32,
    /// What ended it early.
    pub error: Option<NetError>,
}

/// A link that is said to be down so often in a row, without a frame or a deadline in between, does not come back.
const MAX_DIPS: u32 = 64;

/// Frames whose outgoing copies are awaited at a time; more than the largest burst of one client.
const MAX_AWAITED: usize = 256;

/// Runs `machine` over `transport` until it is done. A link that goes down for a while ends nothing: what is sent then is
/// lost, as it is on a wire, and the machine's own times decide.
pub fn drive(
    machine: &mut dyn Machine,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    ports: &[u16],
    witness: &mut dyn Witness,
) -> Ending {
    let mut ending = Ending::default();
    if let Err(error) = run(machine, transport, clock, ports, witness, &mut ending) {
        ending.error = Some(error);
    }
    ending
}

fn run(
    machine: &mut dyn Machine,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    ports: &[u16],
    witness: &mut dyn Witness,
    ending: &mut Ending,
) -> Result<(), NetError> {
    let mut looker = Looker::new(ports);
    let mut awaited: VecDeque<(u32, Vec<u8>, Note)> = VecDeque::new();
    let (link_type, precision) = (transport.link_type(), transport.precision());
    let mut down = false;
    let mut in_a_row = 0_u32;
    machine.on_time(clock.now());
    loop {
        while let Some(out) = machine.poll_transmit() {
            match transport.send(&out.frame) {
                Err(NetError::Down { .. }) => {
                    ending.dips = ending.dips.saturating_add(u32::from(!std::mem::replace(&mut down, true)));
                    continue;
                }
                sent => sent?,
            }
            down = false;
            if awaited.len() >= MAX_AWAITED {
                awaited.pop_front();
            }
            awaited.push_back((out.id, out.frame, out.note));
        }
        while let Some(event) = machine.poll_event() {
            witness.event(&event);
        }
        let Some(deadline) = machine.deadline() else { return Ok(()) };
        // The deadline is judged by the stamps of what arrives: an answer in time counts however late it is read.
        let received = match transport.wait(Some(deadline)) {
            Err(error @ NetError::Down { .. }) => {
                ending.dips = ending.dips.saturating_add(u32::from(!std::mem::replace(&mut down, true)));
                in_a_row = in_a_row.saturating_add(1);
                if in_a_row >= MAX_DIPS {
                    return Err(error);
                }
                continue;
            }
            arrival => {
                in_a_row = 0;
                match arrival? {
                    Arrival::Timeout => {
                        machine.on_time(clock.now());
                        continue;
                    }
                    Arrival::Interrupted => {
                        // Asked twice: not even what was taken is given back.
                        if std::mem::replace(&mut ending.stopped, true) {
                            return Ok(());
                        }
                        machine.stop(clock.now());
                        continue;
                    }
                    Arrival::Frame(received) => received,
                }
            }
        };
        down = false;
        if received.at >= deadline {
            machine.on_time(received.at);
        }
        let note = if received.outgoing {
            let own =
                awaited.iter().position(|(_, frame, _)| same_frame(frame, received.frame)).or_else(|| {
                    let payload = looker.payload(link_type, &received)?;
                    awaited.iter().position(|(_, frame, _)| frame.ends_with(&payload))
                });
            match own.and_then(|index| awaited.remove(index)) {
                Some((id, _, note)) => {
                    machine.on_sent(id, received.at);
                    note
                }
                None => Note::Unrelated,
            }
        } else {
            looker.look(link_type, &received, machine)
        };
        if note != Note::Unrelated {
            let passed = Passed {
                time: received.time,
                frame: received.frame,
                original_len: received.original_len,
                outgoing: received.outgoing,
                link_type,
                precision,
                note: &note,
            };
            if !witness.passed(&passed) {
                ending.stopped = true;
                return Ok(());
            }
        }
    }
}

/// A link may have padded what was sent, or its capture may have cut it.
fn same_frame(sent: &[u8], seen: &[u8]) -> bool {
    let len = sent.len().min(seen.len());
    len >= 14 && sent.get(..len) == seen.get(..len)
}

/// Looks into frames.
#[derive(Debug)]
pub struct Looker {
    walker: Walker,
}

impl Looker {
    /// Looks for DHCP on its usual ports and on `ports`.
    pub fn new(ports: &[u16]) -> Self {
        let mut all = Ports::default();
        for port in ports {
            all.add(*port);
        }
        Self { walker: Walker::new(all) }
    }

    /// The DHCP message in a frame, when it is of a size that no frame needs padding for. The kernel's own headers around
    /// a datagram that it routed are not those we made.
    fn payload(&mut self, link: LinkType, received: &Received<'_>) -> Option<Vec<u8>> {
        let mut found = None;
        let at = received.at.nanoseconds();
        self.walker.walk(link, received.frame, received.original_len, at, |datagram| {
            found = Some(datagram.payload.to_vec());
        });
        found.filter(|payload| payload.len() >= 60)
    }

    /// Shows `machine` what is in a frame, and says what it made of it.
    fn look(&mut self, link: LinkType, received: &Received<'_>, machine: &mut dyn Machine) -> Note {
        let (at, time, frame) = (received.at, received.time, received.frame);
        let mut note = None;
        let mut quoted = None;
        let walked = self.walker.walk(
            link,
            frame,
            received.original_len,
            at.nanoseconds(),
            |datagram: Datagram<'_>| {
                if datagram.quoted {
                    quoted = Some(());
                }
                let seen = machine.on_sight(&Sight { at, time, frame, what: What::Dhcp(&datagram) });
                note.get_or_insert(seen);
            },
        );
        if let Some(note) = note.filter(|_| quoted.is_none()) {
            return note;
        }
        let what = other(link, frame);
        if walked == Walked::Kept && matches!(what, What::Other) {
            return Note::Fragment;
        }
        machine.on_sight(&Sight { at, time, frame, what })
    }
}

/// What a frame that carries no DHCP message holds.
pub fn other(link: LinkType, frame: &[u8]) -> What<'static> {
    match Aside::read(link, frame) {
        Some(Aside::Arp(arp)) => What::Arp(arp),
        Some(Aside::Echo { mac, from, to }) => What::Echo { mac, from, to },
        Some(Aside::Unreachable { from, code, to, port }) => What::Unreachable { from, code, to, port },
        None => What::Other,
    }
}

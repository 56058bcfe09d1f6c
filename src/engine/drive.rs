//! What gives machines a wire and a clock.
//!
//! A [`Driver`] keeps the contract of one [`Machine`]: it sends what the machine has, in batches, tells it what left and what
//! came. Who waits, and for what, is the caller's: [`drive`] waits on one transport for one machine; listeners on many
//! interfaces and lanes of load do so in their own way, with the same driver.

use std::collections::VecDeque;
use std::ops::Range;

use super::machine::{Arrival, Event, Machine, Remark};
use crate::net::{NetError, Received, Transport, TransportEvent as Seen};
use crate::time::{Clock, Instant, Precision, Timestamp};
use crate::wire::frame::{LinkType, Ports, Protocol, Walker};

/// A frame that passed by, for who keeps a record.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// When it came, or left.
    pub at: Instant,
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
    pub remark: &'a Remark,
}

/// Who wants to know what happens meanwhile.
pub trait Witness {
    /// Something happened.
    fn event(&mut self, event: &Event) {
        let _ = event;
    }
    /// A frame passed, of the exchange or [not](Remark::is_related); false stops the exchange (the record cannot be kept).
    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        let _ = passed;
        true
    }
    /// The transport refused: true when that is a loss as on any wire, and the exchange goes on.
    fn bears(&mut self, error: &NetError) -> bool {
        matches!(error, NetError::Down { .. })
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
    /// What ended it early, or the first frame that was too long for the link.
    pub error: Option<NetError>,
}

/// A link that is said to be down so often in a row, without a frame or a deadline in between, does not come back.
const MAX_DIPS: u32 = 64;

/// Frames whose outgoing copies are awaited at a time; more than the largest burst of one client.
const MAX_AWAITED: usize = 256;

/// Frames to send, in one piece of memory.
#[derive(Debug, Default)]
pub struct Batch {
    arena: Vec<u8>,
    spans: Vec<Range<usize>>,
    ids: Vec<u32>,
    /// What the frames are, for who waits for their copies.
    remarks: Vec<Remark>,
}

impl Batch {
    /// Takes from `machine` what it has to send now, at most `limit` frames; what was there before is forgotten.
    pub fn fill<M: Machine + ?Sized>(&mut self, machine: &mut M, limit: usize) {
        self.fill_with(machine, limit, false);
    }

    #[inline]
    fn fill_with<M: Machine + ?Sized>(&mut self, machine: &mut M, limit: usize, remarks: bool) {
        self.clear();
        while self.ids.len() < limit {
            let start = self.arena.len();
            let Some(next) = machine.poll_transmit(&mut self.arena) else { break };
            debug_assert_eq!(self.arena.len(), start.saturating_add(next.len), "what it says that it wrote");
            self.spans.push(start..self.arena.len());
            self.ids.push(next.id);
            if remarks {
                self.remarks.push(next.remark);
            }
        }
    }

    /// The frames with their numbers.
    pub fn frames(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let frame = |span: &Range<usize>| self.arena.get(span.clone()).unwrap_or(&[]);
        self.ids.iter().zip(&self.spans).map(move |(id, span)| (*id, frame(span)))
    }

    /// True when there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn clear(&mut self) {
        self.arena.clear();
        self.spans.clear();
        self.ids.clear();
        self.remarks.clear();
    }
}

/// What carries frames away.
pub trait Wire {
    /// Sends the frames that lie at `spans` of `arena`, in order.
    ///
    /// # Errors
    ///
    /// When the system refuses; then none of them counts as sent.
    fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError>;
}

/// A transport takes one frame after the other.
impl Wire for dyn Transport + '_ {
    fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError> {
        spans.iter().try_for_each(|span| Transport::send(self, arena.get(span.clone()).unwrap_or(&[])))
    }
}

/// By what a frame is known to have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It was handed over.
    HandedOver,
    /// Its outgoing copy was seen.
    Seen,
    /// It was handed over; its outgoing copy, when it is seen, has the better time.
    Both,
}

/// Keeps the contract of one machine. What it is given is the same machine every time.
#[derive(Debug)]
pub struct Driver {
    batch: Batch,
    limit: usize,
    proof: Proof,
    departures: Departures,
    /// How often the link went down; what was sent then is lost.
    pub dips: u32,
    down: bool,
}

impl Driver {
    /// For a machine whose frames are sent at most `limit` at a time; its messages may go to `ports` beside DHCP's own.
    pub fn new(limit: usize, proof: Proof, ports: &[u16]) -> Self {
        let departures = Departures::new(ports);
        Self { batch: Batch::default(), limit: limit.max(1), proof, departures, dips: 0, down: false }
    }

    /// Sends one batch of what the machine has, and hands on events. Gives the number of frames, 0 when there was nothing to
    /// send. A batch that was refused is sent again by the next call, unless the witness [bears](Witness::bears) its loss.
    ///
    /// # Errors
    ///
    /// What the wire said, where the witness does not bear it.
    pub fn send<M, W, T>(
        &mut self,
        machine: &mut M,
        wire: &mut W,
        clock: &dyn Clock,
        witness: &mut T,
    ) -> Result<usize, NetError>
    where
        M: Machine + ?Sized,
        W: Wire + ?Sized,
        T: Witness + ?Sized,
    {
        if self.batch.is_empty() {
            self.batch.fill_with(machine, self.limit, self.proof != Proof::HandedOver);
        }
        while let Some(event) = machine.poll_event() {
            witness.event(&event);
        }
        let count = self.batch.ids.len();
        if count == 0 {
            return Ok(0);
        }
        let at = clock.now();
        match wire.send(&self.batch.arena, &self.batch.spans) {
            Ok(()) => {
                self.down = false;
                self.handed_over(machine, at);
            }
            Err(error) if witness.bears(&error) => {
                if matches!(error, NetError::Down { .. }) {
                    self.went_down();
                }
            }
            Err(error) => return Err(error),
        }
        self.batch.clear();
        Ok(count)
    }

    fn handed_over<M: Machine + ?Sized>(&mut self, machine: &mut M, at: Instant) {
        let Batch { arena, spans, ids, remarks } = &mut self.batch;
        if self.proof != Proof::Seen {
            for id in ids.iter() {
                machine.on_sent(*id, at);
            }
        }
        for ((id, remark), span) in ids.iter().zip(remarks.drain(..)).zip(spans) {
            let frame = arena.get(span.clone()).unwrap_or(&[]);
            self.departures.expect(*id, frame.to_vec(), remark);
        }
    }

    /// Gives up a batch of which the wire said that a frame is too long: the machine hears of each frame that it was refused.
    pub fn refused<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Instant) {
        for id in std::mem::take(&mut self.batch.ids) {
            machine.on_refused(id, now);
        }
        self.batch.clear();
    }

    /// Ends a batch of which all went but what was too long; what was is lost.
    pub fn went_in_part<M: Machine + ?Sized>(&mut self, machine: &mut M, at: Instant) {
        self.handed_over(machine, at);
        self.batch.clear();
    }

    fn went_down(&mut self) {
        self.dips = self.dips.saturating_add(u32::from(!std::mem::replace(&mut self.down, true)));
    }

    /// Tells the machine of a frame that passed, and the witness what it made of it. False when the witness wants to stop.
    pub fn pass<M, T>(
        &mut self,
        machine: &mut M,
        link_type: LinkType,
        precision: Precision,
        received: &Received<'_>,
        witness: &mut T,
    ) -> bool
    where
        M: Machine + ?Sized,
        T: Witness + ?Sized,
    {
        let Received { at, time, frame, original_len, outgoing } = *received;
        self.down = false;
        let remark = if outgoing {
            match self.departures.find(link_type, received) {
                Some((id, remark)) => {
                    machine.on_sent(id, at);
                    remark
                }
                None => Remark::UNRELATED,
            }
        } else {
            machine.on_frame(&Arrival { at, time, link: link_type, frame, original_len })
        };
        witness.passed(&Passed {
            at,
            time,
            frame,
            original_len,
            outgoing,
            link_type,
            precision,
            remark: &remark,
        })
    }
}

/// Runs `machine` over `transport` until it is done. A link that goes down for a while ends nothing: what is sent then is
/// lost, as it is on a wire, and the machine's own times decide. A frame that is too long for the link is the machine's
/// [matter](Machine::on_refused): what it took it still gives back. `ports` are those that the machine's messages go to beside
/// DHCP's own.
pub fn drive(
    machine: &mut dyn Machine,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    ports: &[u16],
    witness: &mut dyn Witness,
) -> Ending {
    drive_by(Driver::new(1, Proof::Seen, ports), machine, transport, clock, witness)
}

/// The same, by a driver that hands over as many frames at a time as it was made for.
pub fn drive_by(
    mut driver: Driver,
    machine: &mut dyn Machine,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    witness: &mut dyn Witness,
) -> Ending {
    let mut ending = Ending::default();
    let ended = run(&mut driver, machine, transport, clock, witness, &mut ending);
    ending.dips = driver.dips;
    ending.error = ended.err().or(ending.error);
    ending
}

fn run(
    driver: &mut Driver,
    machine: &mut dyn Machine,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    witness: &mut dyn Witness,
    ending: &mut Ending,
) -> Result<(), NetError> {
    let (link, precision) = (transport.link_type(), transport.precision());
    let mut in_a_row = 0_u32;
    machine.on_time(clock.now());
    loop {
        loop {
            match driver.send(machine, transport, clock, witness) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error @ NetError::FrameSize { .. }) => {
                    driver.refused(machine, clock.now());
                    ending.error.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(deadline) = machine.deadline() else { return Ok(()) };
        // The deadline is judged by the stamps of what arrives: an answer in time counts however late it is read.
        let seen = match transport.wait(Some(deadline)) {
            Err(error @ NetError::Down { .. }) if witness.bears(&error) => {
                driver.went_down();
                in_a_row = in_a_row.saturating_add(1);
                if in_a_row >= MAX_DIPS {
                    return Err(error);
                }
                continue;
            }
            seen => seen?,
        };
        in_a_row = 0;
        match seen {
            Seen::Timeout => machine.on_time(clock.now()),
            Seen::Interrupted => {
                // Asked twice: not even what was taken is given back.
                if std::mem::replace(&mut ending.stopped, true) {
                    return Ok(());
                }
                machine.stop(clock.now());
            }
            Seen::Frame(received) => {
                let at = received.at;
                if at >= deadline {
                    machine.on_time(at);
                }
                if !driver.pass(machine, link, precision, &received, witness)
                    && !std::mem::replace(&mut ending.stopped, true)
                {
                    machine.stop(at);
                }
            }
        }
    }
}

/// Frames that were handed over and not yet seen leaving.
#[derive(Debug)]
struct Departures {
    awaited: VecDeque<(u32, Vec<u8>, Remark)>,
    walker: Walker,
}

impl Departures {
    fn new(ports: &[u16]) -> Self {
        let mut all = Ports::of(&[Protocol::Dhcpv4, Protocol::Dhcpv6]);
        for port in ports {
            all.add(*port);
        }
        Self { awaited: VecDeque::new(), walker: Walker::without_reassembly(all) }
    }

    fn expect(&mut self, id: u32, frame: Vec<u8>, remark: Remark) {
        if self.awaited.len() >= MAX_AWAITED {
            self.awaited.pop_front();
        }
        self.awaited.push_back((id, frame, remark));
    }

    /// Which of them `received` is: the same frame, or the same message.
    fn find(&mut self, link: LinkType, received: &Received<'_>) -> Option<(u32, Remark)> {
        let same = self.awaited.iter().position(|(_, frame, _)| same_frame(frame, received.frame));
        let index = same.or_else(|| self.find_message(link, received))?;
        self.awaited.remove(index).map(|(id, _, remark)| (id, remark))
    }

    /// The kernel's own headers around a datagram that it routed are not those we made.
    fn find_message(&mut self, link: LinkType, received: &Received<'_>) -> Option<usize> {
        let Self { awaited, walker } = self;
        let mut found = None;
        let at = received.at.nanoseconds();
        walker.walk(link, received.frame, received.original_len, at, |datagram| {
            // A frame of DHCPv4 may be padded, but not when it is so large; none of DHCPv6 is so small.
            if datagram.protocol == Protocol::Dhcpv6 || datagram.payload.len() >= 60 {
                found = awaited.iter().position(|(_, frame, _)| frame.ends_with(datagram.payload));
            }
        });
        found
    }
}

/// A link may have padded what was sent, or its capture may have cut it.
fn same_frame(sent: &[u8], seen: &[u8]) -> bool {
    let len = sent.len().min(seen.len());
    len >= 14 && sent.get(..len) == seen.get(..len)
}

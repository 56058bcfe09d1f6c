//! The loop that gives a machine a wire and a clock.

use std::collections::VecDeque;

use super::machine::{Arrival, Event, Machine, Remark};
use crate::net::{Event as Seen, NetError, Received, Transport};
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
    /// What ended it early.
    pub error: Option<NetError>,
}

/// A link that is said to be down so often in a row, without a frame or a deadline in between, does not come back.
const MAX_DIPS: u32 = 64;

/// Frames whose outgoing copies are awaited at a time; more than the largest burst of one client.
const MAX_AWAITED: usize = 256;

/// Runs `machine` over `transport` until it is done. A link that goes down for a while ends nothing: what is sent then is
/// lost, as it is on a wire, and the machine's own times decide. `ports` are those that the machine's messages go to beside
/// DHCP's own.
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
    let mut departures = Departures::new(ports);
    let (link, precision) = (transport.link_type(), transport.precision());
    let mut down = false;
    let mut in_a_row = 0_u32;
    machine.on_time(clock.now());
    loop {
        let mut out = Vec::new();
        while let Some(next) = machine.poll_transmit(&mut out) {
            let frame = std::mem::take(&mut out);
            match transport.send(&frame) {
                Err(error) if witness.bears(&error) => {
                    if matches!(error, NetError::Down { .. }) && !std::mem::replace(&mut down, true) {
                        ending.dips = ending.dips.saturating_add(1);
                    }
                    continue;
                }
                sent => sent?,
            }
            down = false;
            departures.expect(next.id, frame, next.remark);
        }
        while let Some(event) = machine.poll_event() {
            witness.event(&event);
        }
        let Some(deadline) = machine.deadline() else { return Ok(()) };
        // The deadline is judged by the stamps of what arrives: an answer in time counts however late it is read.
        let received = match transport.wait(Some(deadline)) {
            Err(error @ NetError::Down { .. }) if witness.bears(&error) => {
                ending.dips = ending.dips.saturating_add(u32::from(!std::mem::replace(&mut down, true)));
                in_a_row = in_a_row.saturating_add(1);
                if in_a_row >= MAX_DIPS {
                    return Err(error);
                }
                continue;
            }
            seen => {
                in_a_row = 0;
                match seen? {
                    Seen::Timeout => {
                        machine.on_time(clock.now());
                        continue;
                    }
                    Seen::Interrupted => {
                        // Asked twice: not even what was taken is given back.
                        if std::mem::replace(&mut ending.stopped, true) {
                            return Ok(());
                        }
                        machine.stop(clock.now());
                        continue;
                    }
                    Seen::Frame(received) => received,
                }
            }
        };
        down = false;
        let at = received.at;
        if at >= deadline {
            machine.on_time(at);
        }
        let remark = if received.outgoing {
            match departures.find(link, &received) {
                Some((id, remark)) => {
                    machine.on_sent(id, at);
                    remark
                }
                None => Remark::UNRELATED,
            }
        } else {
            let Received { time, frame, original_len, .. } = received;
            machine.on_frame(&Arrival { at, time, link, frame, original_len })
        };
        let passed = Passed {
            at,
            time: received.time,
            frame: received.frame,
            original_len: received.original_len,
            outgoing: received.outgoing,
            link_type: link,
            precision,
            remark: &remark,
        };
        if !witness.passed(&passed) && !std::mem::replace(&mut ending.stopped, true) {
            machine.stop(at);
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

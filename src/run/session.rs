//! Exchanges on a segment: opened as a plan says, held one after the other, and kept in a file where that is wanted.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use super::error::RunError;
use super::gather::Gatherer;
use super::segment::{Opening, Segment, Way};
use crate::analysis::diagnosis::Account;
use crate::analysis::transaction::Batch;
use crate::capture::{CaptureError, CaptureFormat, Frame, FrameOut, Writer};
use crate::engine::drive::{Passed, Witness, drive};
use crate::engine::v4::silence::LinkState;
use crate::engine::{Event, Machine, Sense};
use crate::net::{NetError, Transport};
use crate::time::{Clock, Precision};
use crate::wire::arp::Arp;
use crate::wire::frame::peek::Aside;
use crate::wire::frame::{Direction, LinkType};

/// Memory for fragments, in bytes.
const MAX_FRAGMENTS: usize = 1 << 20;

/// Opens the file that frames are kept in; what is wrong with it is known before anything is sent.
///
/// # Errors
///
/// When it cannot be written.
pub fn writer(path: &Path) -> Result<Writer<Box<dyn Write + Send>>, CaptureError> {
    let mut writer = Writer::create(path, CaptureFormat::of_path(path))?;
    writer.flush()?;
    Ok(writer)
}

/// Keeps the frames of exchanges.
struct Record {
    interface: String,
    writer: Option<Writer<Box<dyn Write + Send>>>,
    error: Option<CaptureError>,
    /// Frames with parts of datagrams, for who shows the whole.
    fragments: Vec<Vec<u8>>,
    /// Their size in bytes.
    kept: usize,
    /// What is remembered of the messages, where that is wanted.
    story: Option<Box<Story>>,
    /// Whom the kernel hands everything to, where it chooses the way.
    next_hop: Option<Ipv4Addr>,
    /// The same, once it asked for its hardware address and as long as nobody answers.
    unresolved: Option<Ipv4Addr>,
}

/// The messages of exchanges on their way to being joined.
struct Story {
    gatherer: Gatherer,
    batch: Batch,
    frames: u64,
}

/// Most messages remembered of an exchange.
const MAX_STORY: u64 = 1024;

impl Story {
    fn take(&mut self, passed: &Passed<'_>, interface: &str) {
        if self.frames >= MAX_STORY || passed.remark.sense == Sense::NotAsked {
            return;
        }
        self.frames = self.frames.saturating_add(1);
        self.gatherer.frame(
            &Frame {
                time: Some(passed.time),
                precision: passed.precision,
                link: passed.link_type,
                interface_name: Some(interface),
                direction: Some(if passed.remark.is_sent() { Direction::Out } else { Direction::In }),
                original_len: u32::try_from(passed.original_len).unwrap_or(u32::MAX),
                ..Frame::of(self.frames, passed.frame)
            },
            &mut self.batch,
        );
    }
}

impl Record {
    /// Where the kernel chooses the way, it also asks for the next hop.
    fn hear_arp(&mut self, passed: &Passed<'_>) {
        let Some(hop) = self.next_hop else { return };
        let Some(Aside::Arp(arp)) = Aside::on(passed.link_type, passed.frame, &[]) else { return };
        if passed.outgoing && arp.operation == Arp::REQUEST && arp.target_ip == hop {
            self.unresolved = Some(hop);
        } else if arp.sender_ip == hop {
            self.unresolved = None;
        }
    }

    /// False when it cannot be kept.
    fn keep(&mut self, passed: &Passed<'_>) -> bool {
        self.hear_arp(passed);
        if !passed.remark.is_related() {
            return true;
        }
        if let Some(story) = &mut self.story {
            story.take(passed, &self.interface);
        }
        if passed.remark.sense == Sense::Fragment
            && self.kept.saturating_add(passed.frame.len()) <= MAX_FRAGMENTS
        {
            self.kept = self.kept.saturating_add(passed.frame.len());
            self.fragments.push(passed.frame.to_vec());
        }
        let Some(writer) = &mut self.writer else { return true };
        let written = writer
            .write(&FrameOut {
                time: Some(passed.time),
                precision: passed.precision,
                link: passed.link_type,
                interface: Some(&self.interface),
                data: passed.frame,
                original_len: u32::try_from(passed.original_len).unwrap_or(u32::MAX),
                direction: Some(if passed.remark.is_sent() { Direction::Out } else { Direction::In }),
                comment: Some(&passed.remark.text),
            })
            .and_then(|()| writer.flush());
        match written {
            Ok(()) => true,
            Err(error) => {
                self.error = Some(error);
                // What passes from now on is not kept any more.
                self.writer = None;
                false
            }
        }
    }
}

/// Shows events to who tells them, and keeps frames.
struct Clerk<'a> {
    record: &'a mut Record,
    tell: &'a mut dyn FnMut(&Event),
}

impl Witness for Clerk<'_> {
    fn event(&mut self, event: &Event) {
        (self.tell)(event);
    }

    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        self.record.keep(passed)
    }
}

/// What remains of an exchange when it is over, however it ended.
#[derive(Debug)]
pub struct Remains {
    /// The user stopped it.
    pub stopped: bool,
    /// How often the link went down meanwhile; what was sent then is lost.
    pub dips: u32,
    /// What ended it early.
    pub error: Option<RunError>,
    /// What its frames started with.
    pub link_type: LinkType,
    /// How fine its stamps were.
    pub precision: Precision,
    /// How long it took, in nanoseconds.
    pub took: i64,
    /// The next hop that the kernel asked for by ARP, in vain, where it chose the way.
    pub unresolved: Option<Ipv4Addr>,
}

impl Remains {
    /// The link as it was left behind.
    pub fn link(&self, segment: &Segment) -> LinkState {
        let down = self.dips > 0 && self.error.is_some();
        LinkState { up: segment.link.up && !down, unresolved: self.unresolved, ..segment.link }
    }
}

/// A segment that is open for exchanges, one after the other.
pub struct Session {
    /// The UDP ports used beside those of the protocol.
    pub ports: Vec<u16>,
    /// The client's vendor class, as the opening says it.
    pub class: Option<&'static [u8]>,
    transport: Box<dyn Transport>,
    record: Record,
}

impl Session {
    /// Opens the segment. Needs `CAP_NET_RAW`; nothing that comes later does.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn open(segment: &Segment, opening: Opening) -> Result<Self, NetError> {
        let transport = segment.open(&opening)?;
        let next_hop = match opening.way {
            Way::Udp { next_hop, .. } => Some(next_hop),
            Way::Link => None,
        };
        let record = Record {
            interface: segment.name.clone(),
            writer: None,
            error: None,
            fragments: Vec::new(),
            kept: 0,
            story: None,
            next_hop,
            unresolved: next_hop.filter(|hop| segment.awaits(*hop)),
        };
        Ok(Self { ports: opening.ports, class: opening.class, transport, record })
    }

    /// What frames start with, and how fine their stamps are.
    pub fn link(&self) -> (LinkType, Precision) {
        (self.transport.link_type(), self.transport.precision())
    }

    /// Keeps the frames of the exchanges in a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep_in(&mut self, path: &Path) -> Result<(), CaptureError> {
        self.record.writer = Some(writer(path)?);
        Ok(())
    }

    /// Holds one exchange; `tell` hears what happens meanwhile.
    pub fn hold(
        &mut self,
        machine: &mut dyn Machine,
        clock: &dyn Clock,
        tell: &mut dyn FnMut(&Event),
    ) -> Remains {
        let start = clock.now();
        let mut clerk = Clerk { record: &mut self.record, tell };
        let ending = drive(machine, &mut *self.transport, clock, &self.ports, &mut clerk);
        let unkept = self.record.error.take().map(RunError::from);
        Remains {
            stopped: ending.stopped,
            dips: ending.dips,
            error: unkept.or(ending.error.map(RunError::from)),
            link_type: self.transport.link_type(),
            precision: self.transport.precision(),
            took: clock.now().since(start),
            unresolved: self.record.unresolved,
        }
    }

    /// Remembers the messages of the exchanges from now on.
    pub fn remember(&mut self) {
        let (gatherer, batch) = (Gatherer::of_all(), Batch::default());
        self.record.story = Some(Box::new(Story { gatherer, batch, frames: 0 }));
    }

    /// What is remembered, as exchanges.
    pub fn story(&self) -> Vec<Account> {
        self.record.story.as_ref().map_or_else(Vec::new, |story| Account::of(&story.batch))
    }

    /// Frames that held parts of datagrams, at most a mebibyte of them.
    pub fn fragments(&self) -> &[Vec<u8>] {
        &self.record.fragments
    }
}

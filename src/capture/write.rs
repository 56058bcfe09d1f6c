//! Keeping frames: pcap and pcapng writers.
//!
//! Every record goes out whole, in one call of the operating system when flushed after each frame, so that a killed process
//! leaves at most its last frame unwritten.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use super::CaptureError;
use crate::interrupt::Patient;
use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType};

/// How much is gathered before it is written.
const BUFFER: usize = 256 << 10;
/// Interface names are cut to this length in bytes.
const MAX_NAME: usize = 256;
/// Comments are cut to this length in bytes; the format ends at 65,535.
const MAX_COMMENT: usize = 60_000;

/// A capture format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// pcap: one link type; µs or ns as the first frame has it.
    Pcap,
    /// pcapng: any mix of interfaces and link types, names and comments.
    PcapNg,
}

impl CaptureFormat {
    /// The format meant by a file name: pcapng unless it ends in `.pcap`, `.cap` or `.dmp`.
    pub fn of_path(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let classic = ["pcap", "cap", "dmp"].iter().any(|known| extension.eq_ignore_ascii_case(known));
        if classic { Self::Pcap } else { Self::PcapNg }
    }
}

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub struct FrameOut<'a> {
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// How many digits of a second are known.
    pub precision: Precision,
    /// What it starts with.
    pub link: LinkType,
    /// The interface's name; kept by pcapng only.
    pub interface: Option<&'a str>,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How many bytes the frame had on the wire.
    pub original_len: u32,
    /// Which way it went; kept by pcapng only.
    pub direction: Option<Direction>,
    /// A remark about the frame; kept by pcapng only.
    pub comment: Option<&'a str>,
}

impl<'a> From<super::Frame<'a>> for FrameOut<'a> {
    fn from(frame: super::Frame<'a>) -> Self {
        Self {
            time: frame.time,
            precision: frame.precision,
            link: frame.link,
            interface: frame.interface_name,
            data: frame.data,
            original_len: frame.original_len,
            direction: frame.direction,
            comment: frame.comment,
        }
    }
}

/// Frames that an interface lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// By the kernel: they came faster than they were taken.
    pub kernel: u64,
    /// By the interface itself.
    pub interface: u64,
}

/// An interface that has been described in the file.
#[derive(Debug, PartialEq, Eq)]
struct Described {
    link: LinkType,
    name: Option<String>,
    nano: bool,
    /// Its frames are cut at so many bytes; 0: they are not.
    snaplen: u32,
}

impl Described {
    /// A simple packet of it can hold this frame.
    fn suits(&self, frame: &FrameOut<'_>) -> bool {
        let original = original(frame);
        let promised = if self.snaplen == 0 { original } else { original.min(self.snaplen) };
        self.link == frame.link
            && self.name.as_deref() == frame.interface
            && usize::try_from(promised) == Ok(frame.data.len())
    }
}

/// How long a frame was, as far as that can be.
fn original(frame: &FrameOut<'_>) -> u32 {
    frame.original_len.max(u32::try_from(frame.data.len()).unwrap_or(u32::MAX))
}

/// The snap length that cuts a frame where it is cut.
fn snaplen(frame: &FrameOut<'_>) -> u32 {
    let length = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
    if length < frame.original_len { length } else { 0 }
}

/// It has no time, which only a simple packet can say.
fn is_simple(frame: &FrameOut<'_>) -> bool {
    frame.time.is_none() && (frame.original_len == 0 || !frame.data.is_empty())
}

/// A capture being written.
pub struct Writer<W: Write> {
    /// `None` once [`Writer::finish`] gave it away.
    out: Option<W>,
    name: String,
    format: CaptureFormat,
    /// Whole records that are not written yet.
    pending: Vec<u8>,
    /// How many bytes have been written.
    written: u64,
    /// Where in `pending` the last packet's block starts, if nothing stands behind it.
    last_packet: Option<usize>,
    interfaces: Vec<Described>,
    /// Where each stands among them, by its name; there may be sixty thousand.
    by_name: HashMap<Option<Box<str>>, Vec<usize>>,
    /// The one asked for last.
    latest: usize,
    /// Frames without a time that were given one.
    dated: u64,
}

impl Writer<Box<dyn Write + Send>> {
    /// Creates the file at `path`, replacing what was there; `-` is standard output.
    pub fn create(path: impl AsRef<Path>, format: CaptureFormat) -> Result<Self, CaptureError> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            // A duplicate of the descriptor goes around the line buffer of the standard library.
            return match io::stdout().as_fd().try_clone_to_owned() {
                Ok(fd) => Ok(Self::new("standard output", Box::new(Patient::new(File::from(fd))), format)),
                Err(source) => Err(CaptureError::Write { name: "standard output".to_owned(), source }),
            };
        }
        let name = path.to_string_lossy().into_owned();
        match File::create(path) {
            Ok(file) => Ok(Self::new(name, Box::new(Patient::new(file)), format)),
            Err(source) => Err(CaptureError::Write { name, source }),
        }
    }
}

/// A file that will be written, opened but left as it is until there is something to write.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    file: Option<File>,
}

impl Target {
    /// Opens the file at `path`, or creates it; `-` is standard output.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let file = if path.as_os_str() == "-" {
            None
        } else {
            let opened = File::options().write(true).create(true).truncate(false).open(path);
            Some(opened.map_err(|source| refused(path, source))?)
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Empties it, and begins.
    pub fn writer(self) -> Result<Writer<Box<dyn Write + Send>>, CaptureError> {
        let format = CaptureFormat::of_path(&self.path);
        let Some(file) = self.file else { return Writer::create(&self.path, format) };
        // Only a regular file holds something to remove.
        if file.metadata().is_ok_and(|about| about.is_file()) {
            file.set_len(0).map_err(|source| refused(&self.path, source))?;
        }
        Ok(Writer::new(self.path.to_string_lossy(), Box::new(Patient::new(file)), format))
    }
}

fn refused(path: &Path, source: io::Error) -> CaptureError {
    CaptureError::Write { name: path.to_string_lossy().into_owned(), source }
}

impl<W: Write> Writer<W> {
    /// Writes to `out`, which is called `name` in errors. A capture without frames is a valid one.
    pub fn new(name: impl Into<String>, out: W, format: CaptureFormat) -> Self {
        let mut writer = Self {
            out: Some(out),
            name: name.into(),
            format,
            pending: Vec::with_capacity(BUFFER),
            written: 0,
            last_packet: None,
            interfaces: Vec::new(),
            by_name: HashMap::new(),
            latest: 0,
            dated: 0,
        };
        if format == CaptureFormat::PcapNg {
            writer.section(None);
        }
        writer
    }

    /// Says what frames will come, so that the file is right before the first of them: pcap's header names a link type and
    /// a precision, pcapng describes the interface.
    pub fn announce(&mut self, link: LinkType, precision: Precision, interface: Option<&str>) {
        match self.format {
            CaptureFormat::Pcap if self.interfaces.is_empty() => self.file_header(link, precision),
            CaptureFormat::Pcap => {}
            CaptureFormat::PcapNg => {
                self.interface(link, precision, interface);
            }
        }
    }

    /// How long the file is, with what is not yet handed to the operating system.
    pub fn size(&self) -> u64 {
        self.written.saturating_add(u64::try_from(self.pending.len()).unwrap_or(u64::MAX))
    }

    /// How many bytes a frame takes, with the description of its interface where that is still to be written.
    pub fn record_size(&self, frame: &FrameOut<'_>) -> u64 {
        let length = u64::try_from(frame.data.len()).unwrap_or(u64::MAX);
        let data = length.checked_next_multiple_of(4).unwrap_or(u64::MAX);
        let nano = frame.precision == Precision::Nano;
        let interface = || options_len(interface_options(frame.interface, nano)).saturating_add(20);
        match self.format {
            CaptureFormat::Pcap => length.saturating_add(16),
            CaptureFormat::PcapNg if is_simple(frame) => {
                let before = match self.interfaces.first() {
                    Some(first) if first.suits(frame) => 0,
                    Some(_) => {
                        options_len(section_options(None)).saturating_add(28).saturating_add(interface())
                    }
                    None => interface(),
                };
                data.saturating_add(16).saturating_add(before)
            }
            CaptureFormat::PcapNg => {
                let described = match self.described(frame.link, nano, frame.interface) {
                    Some(_) => 0,
                    None => interface(),
                };
                data.saturating_add(32)
                    .saturating_add(options_len(packet_options(frame)))
                    .saturating_add(described)
            }
        }
    }

    /// Makes the last packet's block longer by so many bytes, a multiple of four: zeros behind its options, which readers
    /// skip. False where that cannot be: in pcap, and when the packet has been handed to the operating system.
    pub fn stretch(&mut self, by: usize) -> bool {
        let Some(start) = self.last_packet.filter(|_| by != 0 && by.is_multiple_of(4)) else { return false };
        // The length is repeated behind the block. The four zeros that now stand there end the options.
        self.pending.truncate(self.pending.len().saturating_sub(4));
        self.pending.resize(self.pending.len().saturating_add(by), 0);
        let total = self.pending.len().saturating_add(4).saturating_sub(start);
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        if let Some(field) = self.pending.get_mut(start.saturating_add(4)..).and_then(<[u8]>::first_chunk_mut)
        {
            *field = total.to_le_bytes();
        }
        self.put32(total);
        true
    }

    /// Adds a frame.
    pub fn write(&mut self, frame: &FrameOut<'_>) -> Result<(), CaptureError> {
        match self.format {
            CaptureFormat::Pcap => self.record(frame)?,
            CaptureFormat::PcapNg if is_simple(frame) => self.simple(frame)?,
            CaptureFormat::PcapNg => self.packet(frame)?,
        }
        if self.pending.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        if self.format == CaptureFormat::Pcap && self.interfaces.is_empty() {
            // No frame has said what the link type is.
            self.file_header(LinkType::ETHERNET, Precision::Micro);
        }
        let size = self.size();
        let Some(out) = &mut self.out else { return Ok(()) };
        let written = out.write_all(&self.pending).and_then(|()| out.flush());
        self.written = size;
        self.pending.clear();
        self.last_packet = None;
        written.map_err(|source| CaptureError::Write { name: self.name.clone(), source })
    }

    /// Writes what is left and gives back what was written to.
    pub fn finish(mut self) -> Result<W, CaptureError> {
        self.flush()?;
        let name = self.name.clone();
        let gone = || CaptureError::Write { name, source: io::ErrorKind::BrokenPipe.into() };
        self.out.take().ok_or_else(gone)
    }

    /// Frames without a time that are told to be of 1970, for the format has a time for each.
    pub fn dated(&self) -> u64 {
        self.dated
    }

    /// What the file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn put(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    fn put32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn unfit(&self, reason: impl Into<String>) -> CaptureError {
        CaptureError::Unfit { name: self.name.clone(), reason: reason.into() }
    }

    fn fitting(&self, bytes: &[u8]) -> Result<u32, CaptureError> {
        match u32::try_from(bytes.len()) {
            Ok(length) if bytes.len() <= super::MAX_RECORD.saturating_sub(MAX_COMMENT * 2) => Ok(length),
            _ => Err(self.unfit(format!("a frame of {} bytes is too long for a capture", bytes.len()))),
        }
    }

    fn file_header(&mut self, link: LinkType, precision: Precision) {
        let nano = precision == Precision::Nano;
        self.put32(if nano { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
        self.put(&[2, 0, 4, 0]);
        self.put(&[0; 8]);
        self.put32(262_144);
        self.put32(link.0);
        self.interfaces.push(Described { link, name: None, nano, snaplen: 0 });
    }

    fn record(&mut self, frame: &FrameOut<'_>) -> Result<(), CaptureError> {
        let length = self.fitting(frame.data)?;
        if self.interfaces.is_empty() {
            self.file_header(frame.link, frame.precision);
        }
        let Some(file) = self.interfaces.first() else { return Ok(()) };
        if file.link != frame.link {
            let (old, new) = (file.link.0, frame.link.0);
            return Err(self.unfit(format!(
                "pcap holds one link type, and after {old} comes a frame of {new}; write a .pcapng file instead"
            )));
        }
        let nano = file.nano;
        let nanoseconds = frame.time.unwrap_or_default().nanoseconds();
        let seconds = u32::try_from(nanoseconds.div_euclid(1_000_000_000));
        let fraction = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or(0);
        let Ok(seconds) = seconds else {
            return Err(
                self.unfit("pcap cannot hold times before 1970 or after 2106; write a .pcapng file instead")
            );
        };
        self.dated = self.dated.saturating_add(u64::from(frame.time.is_none()));
        self.put32(seconds);
        self.put32(if nano { fraction } else { fraction.div_euclid(1000) });
        self.put32(length);
        self.put32(frame.original_len);
        self.put(frame.data);
        Ok(())
    }

    /// Begins a new section that says `comment` of all that stands before it; nothing in pcap, which has no comments.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn remark(&mut self, comment: &str) -> Result<(), CaptureError> {
        if self.format == CaptureFormat::PcapNg {
            self.section(Some(comment));
        }
        self.flush()
    }

    fn section(&mut self, comment: Option<&str>) {
        self.interfaces.clear();
        self.by_name.clear();
        self.last_packet = None;
        self.block(0x0a0d_0d0a, |body| {
            body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
            body.extend_from_slice(&[1, 0, 0, 0]);
            body.extend_from_slice(&[0xff; 8]);
            for (code, value) in section_options(comment) {
                option(body, code, value);
            }
        });
    }

    /// Writes one block: `body` adds what stands between the length and its repetition, aligned to four bytes.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
        self.put32(kind);
        let at = self.pending.len();
        self.put32(0);
        body(&mut self.pending);
        let inside = self.pending.len().saturating_sub(at).saturating_sub(4);
        let total = u32::try_from(inside.saturating_add(12)).unwrap_or(u32::MAX);
        if let Some(field) = self.pending.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *field = total.to_le_bytes();
        }
        self.put32(total);
    }

    /// Adds a frame without a time. Such are of the first interface of their section.
    fn simple(&mut self, frame: &FrameOut<'_>) -> Result<(), CaptureError> {
        self.fitting(frame.data)?;
        if !self.interfaces.first().is_some_and(|first| first.suits(frame)) {
            if !self.interfaces.is_empty() {
                self.section(None);
            }
            let nano = frame.precision == Precision::Nano;
            self.describe(frame.link, nano, frame.interface, snaplen(frame));
        }
        self.last_packet = None;
        self.block(3, |body| {
            body.extend_from_slice(&original(frame).to_le_bytes());
            body.extend_from_slice(frame.data);
            pad(body, frame.data.len());
        });
        Ok(())
    }

    fn packet(&mut self, frame: &FrameOut<'_>) -> Result<(), CaptureError> {
        let length = self.fitting(frame.data)?;
        let interface = self.interface(frame.link, frame.precision, frame.interface);
        let nano = frame.precision == Precision::Nano;
        let nanoseconds = frame.time.unwrap_or_default().nanoseconds();
        let Ok(nanoseconds) = u64::try_from(nanoseconds) else {
            return Err(self.unfit("a frame from before 1970 cannot be written"));
        };
        let ticks = if nano { nanoseconds } else { nanoseconds.div_euclid(1000) };
        self.last_packet = Some(self.pending.len());
        self.block(6, |body| {
            let [t0, t1, t2, t3, t4, t5, t6, t7] = ticks.to_le_bytes();
            body.extend_from_slice(&interface.to_le_bytes());
            body.extend_from_slice(&[t4, t5, t6, t7, t0, t1, t2, t3]);
            body.extend_from_slice(&length.to_le_bytes());
            body.extend_from_slice(&frame.original_len.to_le_bytes());
            body.extend_from_slice(frame.data);
            pad(body, frame.data.len());
            for (code, value) in packet_options(frame) {
                option(body, code, value);
            }
        });
        Ok(())
    }

    /// Adds what an interface lost until `now`. Kept by pcapng only.
    pub fn losses(
        &mut self,
        link: LinkType,
        precision: Precision,
        name: Option<&str>,
        now: Timestamp,
        losses: Losses,
    ) -> Result<(), CaptureError> {
        if self.format == CaptureFormat::Pcap {
            return Ok(());
        }
        let interface = self.interface(link, precision, name);
        let nanoseconds = u64::try_from(now.nanoseconds()).map_err(|_| self.unfit("a moment before 1970"))?;
        let ticks = if precision == Precision::Nano { nanoseconds } else { nanoseconds.div_euclid(1000) };
        self.last_packet = None;
        self.block(5, |body| {
            let [t0, t1, t2, t3, t4, t5, t6, t7] = ticks.to_le_bytes();
            body.extend_from_slice(&interface.to_le_bytes());
            body.extend_from_slice(&[t4, t5, t6, t7, t0, t1, t2, t3]);
            option(body, 5, &losses.interface.to_le_bytes());
            option(body, 7, &losses.kernel.to_le_bytes());
            option(body, 0, &[]);
        });
        Ok(())
    }

    /// Bytes that the losses of every interface described so far will take.
    pub fn losses_size(&self) -> u64 {
        const EACH: u64 = 52;
        if self.format == CaptureFormat::Pcap {
            return 0;
        }
        u64::try_from(self.interfaces.len()).unwrap_or(0).saturating_mul(EACH)
    }

    /// Where among the interfaces this one is, if it has been described.
    fn described(&self, link: LinkType, nano: bool, name: Option<&str>) -> Option<usize> {
        let is_it = |known: &Described| {
            known.link == link && known.name.as_deref() == name && known.nano == nano && known.snaplen == 0
        };
        if self.interfaces.get(self.latest).is_some_and(is_it) {
            return Some(self.latest);
        }
        let alike = self.by_name.get(&name.map(Box::from));
        let mut places = alike.into_iter().flatten().copied();
        places.find(|place| self.interfaces.get(*place).is_some_and(is_it))
    }

    /// The number of an interface, described first if it is new.
    fn interface(&mut self, link: LinkType, precision: Precision, name: Option<&str>) -> u32 {
        let nano = precision == Precision::Nano;
        let known = self.described(link, nano, name);
        let index = known.unwrap_or_else(|| self.describe(link, nano, name, 0));
        self.latest = index;
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Describes an interface; its place.
    fn describe(&mut self, link: LinkType, nano: bool, name: Option<&str>, snaplen: u32) -> usize {
        self.last_packet = None;
        let number = u16::try_from(link.0).unwrap_or(u16::MAX);
        self.block(1, |body| {
            body.extend_from_slice(&number.to_le_bytes());
            body.extend_from_slice(&[0; 2]);
            body.extend_from_slice(&snaplen.to_le_bytes());
            for (code, value) in interface_options(name, nano) {
                option(body, code, value);
            }
        });
        let place = self.interfaces.len();
        self.by_name.entry(name.map(Box::from)).or_default().push(place);
        self.interfaces.push(Described { link, name: name.map(str::to_owned), nano, snaplen });
        place
    }
}

impl<W: Write> Drop for Writer<W> {
    /// Writes what is left; call [`Writer::flush`] first to learn whether that worked.
    fn drop(&mut self) {
        if !self.pending.is_empty() || self.interfaces.is_empty() {
            let _ = self.flush();
        }
    }
}

/// At most `limit` bytes of `text`, never half a character.
fn cut(text: &str, limit: usize) -> &[u8] {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.as_bytes().get(..end).unwrap_or_default()
}

/// The options of a section's block: code and value.
fn section_options(comment: Option<&str>) -> impl Iterator<Item = (u16, &[u8])> {
    let comment = comment.map(|comment| (1, cut(comment, MAX_COMMENT)));
    let program = (4, concat!("dhcptool ", env!("CARGO_PKG_VERSION")).as_bytes());
    comment.into_iter().chain([program, (0, &[][..])])
}

/// The options of a packet's block: code and value.
fn packet_options<'a>(frame: &FrameOut<'a>) -> impl Iterator<Item = (u16, &'a [u8])> {
    let comment = frame.comment.map(|comment| (1, cut(comment, MAX_COMMENT)));
    let direction = frame.direction.map(|direction| match direction {
        Direction::In => (2, &[1, 0, 0, 0][..]),
        Direction::Out => (2, &[2, 0, 0, 0][..]),
    });
    let end = (comment.is_some() || direction.is_some()).then_some((0, &[][..]));
    [comment, direction, end].into_iter().flatten()
}

/// The options of an interface's block.
fn interface_options(name: Option<&str>, nano: bool) -> impl Iterator<Item = (u16, &[u8])> {
    let name = name.map(|name| (2, cut(name, MAX_NAME)));
    let resolution = (9, if nano { &[9][..] } else { &[6] });
    name.into_iter().chain([resolution, (0, &[])])
}

/// How many bytes options take.
fn options_len<'a>(options: impl Iterator<Item = (u16, &'a [u8])>) -> u64 {
    let all: usize = options.map(|(_, value)| value.len().next_multiple_of(4).saturating_add(4)).sum();
    u64::try_from(all).unwrap_or(u64::MAX)
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    body.extend_from_slice(value);
    pad(body, value.len());
}

/// Adds the zeros that align `length` bytes to four.
fn pad(body: &mut Vec<u8>, length: usize) {
    let zeros = length.wrapping_neg() & 3;
    body.resize(body.len().saturating_add(zeros), 0);
}

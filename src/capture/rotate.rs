//! A capture that is being written for a long time: always valid on disk, in one file or in a row of files.
//!
//! A kernel looks whether it is to kill a process between two pages of what that process writes. So records reach the
//! operating system whole, in one call as many as begin in the same page of the file, and pcapng's are stretched to end
//! where a page does: a process that is killed leaves whole records. Where a record reaches into the next page all the
//! same (in pcap, and after a pause), a kill within some hundred nanoseconds cuts this one, the last.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::CaptureError;
use super::write::{CaptureFormat, FrameOut, Losses, Writer};
use crate::time::{Precision, Timestamp};
use crate::wire::frame::LinkType;

/// The unit in which a kernel copies what is written; a kill is noticed in between.
const PAGE: u64 = 4096;
/// How many numbers are tried for a new file before giving up.
const TRIES: u32 = 10_000;

/// When another file is begun, and how many are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// A file does not grow beyond so many bytes, unless a single frame does.
    pub size: Option<u64>,
    /// A file holds frames of at most this stretch of time.
    pub every: Option<Duration>,
    /// Older files of the row are removed.
    pub keep: Option<usize>,
}

impl Rotation {
    /// True when there is ever more than one file.
    pub fn is_wanted(&self) -> bool {
        self.size.is_some() || self.every.is_some()
    }
}

/// What frames will come: link type, precision, and the interface's name.
pub type Announced = (LinkType, Precision, String);

/// Writes a capture, or a row of them.
pub struct RotatingWriter {
    path: PathBuf,
    format: CaptureFormat,
    rotation: Rotation,
    announced: Vec<Announced>,
    writer: Writer<Box<dyn io::Write + Send>>,
    /// When the first frame of this file was captured.
    began: Option<Timestamp>,
    number: u32,
    files: VecDeque<PathBuf>,
}

impl RotatingWriter {
    /// Creates the file at `path`, or the first of a row named after it: `NAME_00001_YYYYMMDDhhmmss.EXT`, the time (UTC) being
    /// that of the first frame, for the first file `now`. `-` is standard output.
    pub fn create(
        path: &Path,
        rotation: Rotation,
        announced: Vec<Announced>,
        now: Timestamp,
    ) -> Result<Self, CaptureError> {
        let format = CaptureFormat::of_path(path);
        let mut files = VecDeque::new();
        let mut number = 0;
        let mut writer = if rotation.is_wanted() {
            let (next, file) = create_next(path, &mut number, now)?;
            let writer = Writer::new(next.to_string_lossy(), boxed(file), format);
            files.push_back(next);
            writer
        } else {
            Writer::create(path, format)?
        };
        begin(&mut writer, &announced)?;
        Ok(Self { path: path.to_owned(), format, rotation, announced, writer, began: None, number, files })
    }

    /// Adds a frame; [`flush`](Self::flush) has to follow before anybody is told of it.
    pub fn write(&mut self, frame: &FrameOut<'_>) -> Result<(), CaptureError> {
        let length = self.writer.record_size(frame);
        if self.rotation.is_wanted() && self.is_full(length, frame.time) {
            self.rotate(frame.time.unwrap_or_default())?;
        }
        if self.began.is_none() {
            self.began = frame.time;
        }
        let room = self.room(length);
        if room != 0 {
            self.writer.stretch(usize::try_from(room).unwrap_or(0));
            self.writer.flush()?;
        }
        self.writer.write(frame)
    }

    /// Adds what an interface lost.
    pub fn losses(
        &mut self,
        link: LinkType,
        precision: Precision,
        name: &str,
        now: Timestamp,
        losses: Losses,
    ) -> Result<(), CaptureError> {
        self.writer.losses(link, precision, Some(name), now, losses)
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        self.writer.flush()
    }

    /// How much of a page stays free when a record of this length has to begin a new one; 0 when it need not.
    fn room(&self, length: u64) -> u64 {
        let inside = self.writer.size().rem_euclid(PAGE);
        let crosses = inside != 0 && inside.saturating_add(length) > PAGE;
        if crosses { PAGE.saturating_sub(inside) } else { 0 }
    }

    fn is_full(&self, length: u64, time: Option<Timestamp>) -> bool {
        let Some(began) = self.began else { return false };
        let size = self.writer.size().saturating_add(self.room(length)).saturating_add(length);
        // What was lost is said at the end of the last file.
        let size = size.saturating_add(self.writer.losses_size());
        let too_long = self.rotation.size.is_some_and(|limit| size > limit);
        let too_old =
            self.rotation.every.is_some_and(|every| time.is_some_and(|time| time >= began.after(every)));
        too_long || too_old
    }

    /// Ends this file and begins the next.
    fn rotate(&mut self, time: Timestamp) -> Result<(), CaptureError> {
        self.writer.flush()?;
        let (next, file) = create_next(&self.path, &mut self.number, time)?;
        self.writer = Writer::new(next.to_string_lossy(), boxed(file), self.format);
        begin(&mut self.writer, &self.announced)?;
        self.began = None;
        self.files.push_back(next);
        while self.rotation.keep.is_some_and(|keep| self.files.len() > keep.max(1)) {
            let Some(old) = self.files.pop_front() else { break };
            match fs::remove_file(&old) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(CaptureError::Write { name: old.to_string_lossy().into_owned(), source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn boxed(file: File) -> Box<dyn io::Write + Send> {
    Box::new(file)
}

/// Writes what stands before the first frame.
fn begin(
    writer: &mut Writer<Box<dyn io::Write + Send>>,
    announced: &[Announced],
) -> Result<(), CaptureError> {
    for (link, precision, name) in announced {
        writer.announce(*link, *precision, Some(name));
    }
    writer.flush()
}

/// Creates a file of the row that does not exist yet.
fn create_next(path: &Path, number: &mut u32, time: Timestamp) -> Result<(PathBuf, File), CaptureError> {
    let mut tried = 0;
    loop {
        *number = number.wrapping_add(1);
        tried = u32::wrapping_add(tried, 1);
        let next = member(path, *number, time);
        // For writing only: a confined process may create files, but not read any.
        match File::options().write(true).create_new(true).open(&next) {
            Ok(file) => return Ok((next, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < TRIES => {}
            Err(source) => {
                return Err(CaptureError::Write { name: next.to_string_lossy().into_owned(), source });
            }
        }
    }
}

/// The name of a file of the row.
fn member(path: &Path, number: u32, time: Timestamp) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    let moment = jiff::Timestamp::from_nanosecond(i128::from(time.nanoseconds())).unwrap_or_default();
    name.push(format!("_{number:05}_{}", moment.strftime("%Y%m%d%H%M%S")));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::open;
    use crate::wire::frame::Direction;

    const ETHERNET: LinkType = LinkType::ETHERNET;

    fn announced() -> Vec<Announced> {
        vec![(ETHERNET, Precision::Nano, "eth0".to_owned())]
    }

    fn frame(seconds: i64, data: &[u8]) -> FrameOut<'_> {
        FrameOut {
            time: Some(Timestamp::new(seconds, 123_456_789)),
            precision: Precision::Nano,
            link: ETHERNET,
            interface: Some("eth0"),
            data,
            original_len: u32::try_from(data.len()).unwrap(),
            direction: None,
            comment: None,
        }
    }

    fn frames(path: &Path) -> Vec<(i64, Vec<u8>)> {
        let mut reader = open(path).unwrap();
        let mut found = Vec::new();
        while let Some(frame) = reader.next().unwrap() {
            assert_eq!(frame.precision, Precision::Nano);
            found.push((frame.time.unwrap().nanoseconds(), frame.data.to_vec()));
        }
        found
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    #[test]
    fn one_file_is_valid_from_the_start() {
        for name in ["a.pcap", "a.pcapng"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            let mut writer =
                RotatingWriter::create(&path, Rotation::default(), announced(), Timestamp(0)).unwrap();
            assert_eq!(frames(&path), []);
            for round in 1..50_i64 {
                let data = vec![7; usize::try_from(round).unwrap() * 13];
                writer.write(&frame(round, &data)).unwrap();
                writer.flush().unwrap();
                assert_eq!(frames(&path).len(), usize::try_from(round).unwrap(), "{name}");
            }
            assert_eq!(files(folder.path()), [path]);
        }
    }

    #[test]
    fn files_end_at_their_size_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let rotation = Rotation { size: Some(1000), keep: Some(3), ..Rotation::default() };
        let mut writer = RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
        for second in 0..40 {
            writer.write(&frame(second, &[9; 342])).unwrap();
        }
        writer.flush().unwrap();
        let left = files(folder.path());
        assert_eq!(left.len(), 3);
        assert!(left.iter().all(|file| fs::metadata(file).unwrap().len() <= 1000));
        let seconds: Vec<i64> =
            left.iter().flat_map(|file| frames(file)).map(|(time, _)| time / 1_000_000_000).collect();
        assert_eq!(seconds, (34..40).collect::<Vec<_>>());
        assert_eq!(left.first().unwrap().file_name().unwrap(), "a_00018_19700101000034.pcap");
    }

    #[test]
    fn what_is_said_of_a_frame_and_its_interface_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let rotation = Rotation { size: Some(4000), ..Rotation::default() };
        let mut writer = RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
        for second in 0..200 {
            let interface = ["eth0", "wlan0", "a-bridge"][usize::try_from(second % 3).unwrap()];
            let comment = "x".repeat(usize::try_from(second % 60).unwrap());
            let comment = (second % 4 != 0).then_some(comment.as_str());
            let direction = (second % 5 != 0).then_some(Direction::In);
            let interface = Some(interface);
            let frame = FrameOut { interface, direction, comment, ..frame(second, &[9; 61]) };
            let (before, length) = (writer.writer.size(), writer.writer.record_size(&frame));
            let room = writer.room(length);
            let rotates = writer.is_full(length, frame.time);
            writer.write(&frame).unwrap();
            if !rotates {
                assert_eq!(writer.writer.size(), before + room + length, "frame {second}");
            }
        }
        writer.flush().unwrap();
        let files = files(folder.path());
        assert!(files.len() > 4);
        assert!(files.iter().all(|file| fs::metadata(file).unwrap().len() <= 4000));
    }

    #[test]
    fn what_was_lost_has_room_in_the_last_file() {
        for frames in 1..60 {
            let folder = tempfile::tempdir().unwrap();
            let rotation = Rotation { size: Some(2000), ..Rotation::default() };
            let path = folder.path().join("a.pcapng");
            let mut writer = RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
            for second in 0..frames {
                writer.write(&frame(second, &[9; 61])).unwrap();
            }
            let before = writer.writer.size();
            let losses = Losses { kernel: 7, interface: 0 };
            writer.losses(ETHERNET, Precision::Nano, "eth0", Timestamp(0), losses).unwrap();
            assert_eq!(writer.writer.size(), before + writer.writer.losses_size());
            writer.flush().unwrap();
            let sizes = files(folder.path()).into_iter().map(|file| fs::metadata(file).unwrap().len());
            assert!(sizes.max().unwrap() <= 2000, "{frames} frames");
        }
    }

    #[test]
    fn records_of_a_busy_link_do_not_cross_pages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.pcapng");
        let mut writer =
            RotatingWriter::create(&path, Rotation::default(), announced(), Timestamp(0)).unwrap();
        let lengths = || (0..2000_usize).map(|number| number * 7 % 1500 + 1);
        for length in lengths() {
            writer.write(&frame(1, &vec![3; length])).unwrap();
        }
        drop(writer);
        let mut reader = open(&path).unwrap();
        for length in lengths() {
            let frame = reader.next().unwrap().unwrap();
            assert_eq!(frame.data, vec![3; length]);
            let end = frame.offset + 32 + u64::try_from(length).unwrap().next_multiple_of(4) - 1;
            assert_eq!(frame.offset / PAGE, end / PAGE, "the record at {}", frame.offset);
        }
        assert_eq!(reader.next().unwrap(), None);
    }

    #[test]
    fn files_end_at_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.pcapng");
        let rotation = Rotation { every: Some(Duration::from_secs(10)), ..Rotation::default() };
        let mut writer = RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
        for second in [0, 9, 10, 11, 35] {
            writer.write(&frame(second, &[1; 60])).unwrap();
        }
        drop(writer);
        let counts: Vec<usize> = files(folder.path()).iter().map(|file| frames(file).len()).collect();
        assert_eq!(counts, [2, 2, 1]);
    }

    #[test]
    fn a_frame_longer_than_a_file_has_one_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { size: Some(100), ..Rotation::default() };
        let path = folder.path().join("c");
        let mut writer = RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
        for _ in 0..3 {
            writer.write(&frame(1, &[1; 500])).unwrap();
        }
        drop(writer);
        let left = files(folder.path());
        assert_eq!(left.len(), 3);
        assert!(left.iter().all(|file| frames(file).len() == 1));
    }

    #[test]
    fn existing_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.pcap");
        let taken = folder.path().join("d_00001_19700101000000.pcap");
        fs::write(&taken, "mine").unwrap();
        let rotation = Rotation { size: Some(100), ..Rotation::default() };
        RotatingWriter::create(&path, rotation, announced(), Timestamp(0)).unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"mine");
        assert_eq!(files(folder.path()).len(), 2);
        let nowhere = folder.path().join("no/such/folder/x.pcap");
        assert!(RotatingWriter::create(&nowhere, rotation, announced(), Timestamp(0)).is_err());
    }
}

//! Opening captures: files, FIFOs and standard input, compressed or not.

use std::fs::{self, File};
use std::io::{self, BufRead as _, Cursor, Read, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::CaptureError;
use super::ahead::Ahead;
use super::compress::{Compression, Damage, Zstd, side_by_side};
use super::error::Shrunk;
use super::reader::{Reader, Waiter};

/// Where the bytes of an opened capture come from, decompressed.
pub struct Source {
    /// What was read of them to recognise them.
    front: Cursor<Vec<u8>>,
    rest: Rest,
}

enum Rest {
    Any(Box<dyn Read + Send>),
    /// Several threads can decompress it.
    Zstd(Box<Zstd>),
}

impl Source {
    /// Any bytes.
    pub fn of(input: impl Read + Send + 'static) -> Self {
        Self { front: Cursor::default(), rest: Rest::Any(Box::new(input)) }
    }

    pub(super) fn zstd(input: Zstd) -> Self {
        Self { front: Cursor::default(), rest: Rest::Zstd(Box::new(input)) }
    }

    /// Has others read it, and up to `threads` decompress it; gives it back where the system starts no thread.
    pub(super) fn ahead(mut self, threads: usize) -> Result<Ahead, Self> {
        match self.rest {
            Rest::Zstd(zstd) if self.front.fill_buf().is_ok_and(<[u8]>::is_empty) => {
                side_by_side(zstd, threads).map_err(|zstd| Self { rest: Rest::Zstd(zstd), ..self })
            }
            rest => Ahead::new(Self { rest, ..self }),
        }
    }

    /// The first bytes, as many as tell how they are compressed.
    fn peek(&mut self) -> io::Result<&[u8]> {
        let mut first = vec![0; Compression::MAGIC_LEN];
        let count = read_up_to(self, &mut first)?;
        first.truncate(count);
        self.front = Cursor::new(first);
        Ok(self.front.get_ref())
    }
}

impl Read for Source {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.front.read(out)? {
            0 => match &mut self.rest {
                Rest::Any(input) => input.read(out),
                Rest::Zstd(input) => input.read(out),
            },
            count => Ok(count),
        }
    }
}

/// Compression inside compression is followed this deep; more is a bomb, not a capture.
const MAX_NESTING: usize = 2;

/// What standard input is called.
const STDIN: &str = "standard input";

/// Opens the capture at `path`; `-` is standard input.
pub fn open(path: impl AsRef<Path>) -> Result<Reader<Source>, CaptureError> {
    open_with(path.as_ref(), None, None)
}

/// Like [`open`], for who watches for signals: as long as a pipe has nothing to read, `goes_on` is asked now and then, and says
/// false where the capture is to end there.
pub fn open_until(path: impl AsRef<Path>, goes_on: Waiter) -> Result<Reader<Source>, CaptureError> {
    open_with(path.as_ref(), None, Some(goes_on))
}

/// Like [`open`], for what has been opened already; errors call it `name`.
pub fn read(name: &str, input: impl Read + Send + 'static) -> Result<Reader<Source>, CaptureError> {
    let (input, _) = decompressed(name, Source::of(input), None, false)?;
    Reader::new(name, input)
}

/// Like [`open`], for a file that may still grow: whenever there is nothing more to read, `waiter` decides. It is read as it
/// is, not decompressed.
pub fn follow(path: impl AsRef<Path>, waiter: Waiter) -> Result<Reader<Source>, CaptureError> {
    open_with(path.as_ref(), Some(waiter), None)
}

fn open_with(
    path: &Path,
    waiter: Option<Waiter>,
    goes_on: Option<Waiter>,
) -> Result<Reader<Source>, CaptureError> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { STDIN.to_owned() } else { path.to_string_lossy().into_owned() };
    let failed = |source| CaptureError::Open { name: name.clone(), source };
    let file = raw(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(CaptureError::Directory { name });
    }
    // A pipe waits by itself, and ends when its writer does.
    let waiter = waiter.filter(|_| about.is_file());
    super::pipe::enlarge(&file);
    let size = about.is_file().then_some(about.len());
    // A second handle to read anywhere, if the file starts where we do: standard input may have been read from.
    let second = match (size, stdin) {
        (Some(_), false) => file.try_clone().ok(),
        _ => None,
    };
    let mut file = file;
    // What the first bytes say about a regular file is found without reading them away: a read from the start of a page
    // is faster than one from a few bytes behind it.
    let first = match size {
        Some(_) => Some(peek(&mut file).map_err(failed)?),
        None => None,
    };
    let input: Box<dyn Read + Send> = match (&waiter, goes_on) {
        (Some(_), _) => Box::new(Growing { at: file.stream_position().map_err(failed)?, file }),
        (None, Some(goes_on)) if size.is_none() => Box::new(Ended { pipe: file, goes_on }),
        (None, _) => Box::new(file),
    };
    let consumed = Arc::new(AtomicU64::new(0));
    let counted = Source::of(Counted { input, count: Arc::clone(&consumed) });
    let (input, compressed) = decompressed(&name, counted, first, waiter.is_some())?;
    let regular = size.is_some();
    let reader = match waiter {
        Some(waiter) => Reader::following(name, input, waiter)?,
        None => Reader::new(name, input)?,
    };
    let reader = reader.measured(consumed, size);
    Ok(match (second, compressed) {
        (Some(file), None) => reader.backed_by(file),
        (_, Some(read_ahead)) if regular => reader.decompressed(read_ahead),
        _ => reader,
    })
}

/// True for the name of standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input, once it may be read several times, and where it begins.
static KEPT: OnceLock<(File, u64)> = OnceLock::new();

/// Sees to it that standard input can be opened more than once, one reader after the other: what a pipe delivers goes into a file
/// without a name in `folder`, which the system takes away with the process. Returns when all of it has come; at once, and without
/// a file, where it begins like no capture: it need not have an end.
pub fn keep_stdin(folder: &Path) -> Result<(), CaptureError> {
    let failed = |source| CaptureError::Open { name: STDIN.to_owned(), source };
    let mut stdin = stdin_file().map_err(failed)?;
    let kept = if stdin.metadata().map_err(failed)?.is_file() {
        let start = stdin.stream_position().map_err(failed)?;
        (stdin, start)
    } else {
        let begun = begun(STDIN, stdin.try_clone().map_err(failed)?)?;
        (spool(folder, &begun, &mut stdin).map_err(|source| CaptureError::Keep { source })?, 0)
    };
    // Who asked twice has the first one.
    let _ = KEPT.set(kept);
    Ok(())
}

/// What is read of `input` until it is known for a capture.
fn begun(name: &str, input: impl Read + Send + 'static) -> Result<Vec<u8>, CaptureError> {
    let taken = Arc::new(Mutex::new(Vec::new()));
    read(name, Noted { input, taken: Arc::clone(&taken) })?;
    let taken = std::mem::take(&mut *taken.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(taken)
}

/// A file without a name that holds `begun` and all that follows of `rest`.
fn spool(folder: &Path, begun: &[u8], rest: &mut impl Read) -> io::Result<File> {
    let path = folder.join(format!("dhcptool-{:016x}", fastrand::u64(..)));
    let mut file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    file.write_all(begun)?;
    io::copy(rest, &mut file)?;
    Ok(file)
}

/// Keeps what is read through it.
struct Noted<R> {
    input: R,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend_from_slice(out.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The bytes of the capture at `path` as they are; `-` is standard input.
pub fn raw(path: &Path) -> io::Result<File> {
    if path.as_os_str() == "-" { stdin_file() } else { File::open(path) }
}

/// Standard input without the standard library's own small buffer.
fn stdin_file() -> io::Result<File> {
    let Some((file, start)) = KEPT.get() else {
        return Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    };
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(*start))?;
    Ok(file)
}

/// Takes off as many layers of compression as there are. Where there are any, what is returned beside the bytes has the file read
/// ahead.
fn decompressed(
    name: &str,
    mut input: Source,
    mut peeked: Option<Vec<u8>>,
    growing: bool,
) -> Result<(Source, Option<Arc<AtomicBool>>), CaptureError> {
    let mut compressed = None;
    for _ in 0..MAX_NESTING {
        if growing {
            // The first bytes of a growing capture may not be there yet, and nobody compresses one.
            break;
        }
        let seen = if let Some(seen) = peeked.take() {
            seen
        } else {
            input.peek().map_err(|source| unreadable(name, source))?.to_vec()
        };
        let compression = Compression::recognise(&seen);
        let Some(compression) = compression else { break };
        // Only what reads the file itself shall read ahead.
        let read_ahead = Arc::<AtomicBool>::default();
        compressed.get_or_insert_with(|| Arc::clone(&read_ahead));
        input = compression.decoder(Box::new(input), read_ahead).map_err(|source| CaptureError::Read {
            name: name.to_owned(),
            offset: 0,
            source,
        })?;
    }
    Ok((input, compressed))
}

/// The error of a capture whose first bytes cannot be read.
fn unreadable(name: &str, source: io::Error) -> CaptureError {
    let name = name.to_owned();
    match Damage::of(&source) {
        Some(damage) => CaptureError::Damaged {
            name,
            offset: 0,
            compressed: Some(damage.at),
            expected: damage.expected.to_owned(),
        },
        None => CaptureError::Read { name, offset: 0, source },
    }
}

/// The first bytes of a regular file, which stays where it stands.
fn peek(file: &mut File) -> io::Result<Vec<u8>> {
    let start = file.stream_position()?;
    let mut first = [0; Compression::MAGIC_LEN];
    let count = read_up_to(file, &mut first)?;
    file.seek(SeekFrom::Start(start))?;
    Ok(first.get(..count).unwrap_or(&first).to_vec())
}

/// Reads until `out` is full or the input ends.
fn read_up_to(input: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut count: usize = 0;
    while let Some(room) = out.get_mut(count..).filter(|room| !room.is_empty()) {
        match input.read(room) {
            Ok(0) => break,
            Ok(more) => count = count.saturating_add(more),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// A file that may still grow, but not shrink: what was read of it would no longer be there.
struct Growing {
    file: File,
    /// Where the next read begins.
    at: u64,
}

impl Read for Growing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.at = self.at.saturating_add(u64::try_from(count).unwrap_or(0));
        if count == 0 {
            let size = self.file.metadata()?.len();
            if size < self.at {
                return Err(io::Error::other(Shrunk(size)));
            }
        }
        Ok(count)
    }
}

/// A pipe that ends where its reader is to end, whether a signal interrupts this thread or another.
struct Ended {
    pipe: File,
    goes_on: Waiter,
}

impl Read for Ended {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !super::pipe::is_ready(&self.pipe)? {
            if !(self.goes_on)() {
                return Ok(0);
            }
        }
        self.pipe.read(out)
    }
}

/// Counts the bytes that are read from the file itself.
struct Counted {
    input: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.count.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}

//! How urgently the user wants the program to end: counts that a signal handler keeps and everything that may block asks.
//!
//! A first signal asks to end with what there is: whoever waits for events hears of it there. Four things must not keep
//! the program after that: output that nobody takes is given up after [`GRACE`], and what is taken too slowly after [`SLOW`]; what waits
//! to be worked off is left after [`BACKLOG`]; a signal that nobody notices for [`UNNOTICED`] ends the process; and so does a second one
//! while the first is unnoticed, and a third in any case.

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// How often the clock of a program that is to end ticks; each tick interrupts what blocks.
pub const TICK: Duration = Duration::from_millis(100);
/// Ticks for which output that does not move is still waited for.
pub const GRACE: u32 = 5;
/// Ticks of writing for which output that moves is waited for.
pub const SLOW: u32 = 6;
/// Ticks after the first signal for which what had come by then is still worked off.
pub const BACKLOG: u32 = 7;
/// Ticks after which a signal should have been noticed.
pub const UNNOTICED: u32 = 7;

static ARRIVED: AtomicU32 = AtomicU32::new(0);
static NOTICED: AtomicU32 = AtomicU32::new(0);
static TICKS: AtomicU32 = AtomicU32::new(0);
/// The tick at which the last signal came.
static LAST: AtomicU32 = AtomicU32::new(0);

/// The number of the first signal.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// Signal `number` came. True when the process must end at once.
pub fn signal(number: u32) -> bool {
    let _ = FIRST.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst);
    let before = ARRIVED.fetch_add(1, Ordering::SeqCst);
    LAST.store(TICKS.load(Ordering::SeqCst), Ordering::SeqCst);
    before > NOTICED.load(Ordering::SeqCst) || before >= 2
}

/// Time passed since the first signal. True when the process must end at once.
pub fn tick() -> bool {
    let ticks = TICKS.fetch_add(1, Ordering::SeqCst).saturating_add(1);
    let waits = ARRIVED.load(Ordering::SeqCst) > NOTICED.load(Ordering::SeqCst);
    waits && ticks.saturating_sub(LAST.load(Ordering::SeqCst)) >= UNNOTICED
}

/// True once a signal came that asks to end.
#[inline]
pub fn has_come() -> bool {
    ARRIVED.load(Ordering::Relaxed) > 0
}

/// True once what waits to be worked off is to be left.
pub fn is_overdue() -> bool {
    // They are counted from the first signal on.
    has_come() && TICKS.load(Ordering::SeqCst) >= BACKLOG
}

/// The exit code that shells know for the first signal.
pub fn code() -> u8 {
    u8::try_from(FIRST.load(Ordering::SeqCst)).unwrap_or(0).saturating_add(128)
}

/// Why writing was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Some of it was taken after the signal, too slowly.
    pub moved: bool,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.moved {
            "interrupted before all of it was taken"
        } else {
            "interrupted while nobody took it"
        })
    }
}

impl std::error::Error for GivenUp {}

impl GivenUp {
    /// Why writing was given up, where that is what the error says.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// What came so far is known to those who end the program.
pub fn notice() {
    NOTICED.store(ARRIVED.load(Ordering::SeqCst), Ordering::SeqCst);
}

/// What a program does to a terminal, and what undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Takes the terminal.
    pub first: &'static str,
    /// Makes it what it was.
    pub last: &'static str,
}

static WORDS: OnceLock<Words> = OnceLock::new();
static OWED: AtomicBool = AtomicBool::new(false);
static BACK: AtomicBool = AtomicBool::new(false);

/// From now on the terminal is owed the last of `words`, however the process ends. There is one such debt in a process, always of the
/// same words.
pub fn owe(words: Words) {
    WORDS.get_or_init(|| words);
    OWED.store(true, Ordering::SeqCst);
}

/// What is owed still, for who writes it: nobody is told again.
pub fn last_words() -> Option<&'static str> {
    OWED.swap(false, Ordering::SeqCst).then(|| WORDS.get().map(|words| words.last)).flatten()
}

/// True while the terminal is taken.
pub fn is_owed() -> bool {
    OWED.load(Ordering::SeqCst)
}

/// The terminal was given back for a while and is owed again, for who writes what this returns: what takes it.
pub fn first_words() -> Option<&'static str> {
    let words = WORDS.get()?;
    OWED.store(true, Ordering::SeqCst);
    BACK.store(true, Ordering::SeqCst);
    Some(words.first)
}

/// True, once, after the terminal was taken again: nothing is on it.
pub fn is_back() -> bool {
    BACK.swap(false, Ordering::SeqCst)
}

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// True once writing was given up somewhere: what is not taken then is no reason to stop counting or keeping.
pub fn has_given_up() -> bool {
    GIVEN_UP.load(Ordering::SeqCst)
}

/// Writing that is given up when the user wants to end and nobody takes what is written.
#[derive(Debug)]
pub struct Patient<W> {
    inner: W,
    /// Ticks spent waiting since the user wants to end.
    waited: u32,
    /// Some was taken since then.
    moved: bool,
    given_up: bool,
}

impl<W> Patient<W> {
    /// Around what says that it is interrupted when a signal comes, or now and then.
    pub fn new(inner: W) -> Self {
        Self { inner, waited: 0, moved: false, given_up: false }
    }

    /// True once it does not write any more.
    pub fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// What is written to.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// Works until it is done, a bit at a time: `work` says true when nothing is left, false when something went.
    pub fn patiently(&mut self, mut work: impl FnMut(&mut W) -> io::Result<bool>) -> io::Result<()> {
        let mut seen = TICKS.load(Ordering::SeqCst);
        loop {
            if self.given_up {
                return Err(io::Error::new(io::ErrorKind::TimedOut, GivenUp { moved: self.moved }));
            }
            let went = match work(&mut self.inner) {
                Ok(true) => {
                    self.moved |= has_come();
                    return Ok(());
                }
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                other => other.is_ok(),
            };
            let arrived = ARRIVED.load(Ordering::SeqCst);
            if arrived > 0 {
                notice();
                let now = TICKS.load(Ordering::SeqCst);
                self.waited = self.waited.saturating_add(now.saturating_sub(seen));
                seen = now;
                self.moved |= went;
                let patience = if self.moved { SLOW } else { GRACE };
                if arrived >= 2 || self.waited >= patience {
                    self.given_up = true;
                    GIVEN_UP.store(true, Ordering::SeqCst);
                }
            }
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        self.patiently(|inner| {
            written = inner.write(bytes)?;
            Ok(true)
        })?;
        Ok(written)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        self.patiently(|inner| {
            if left.is_empty() {
                return Ok(true);
            }
            match inner.write(left)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => left = left.get(written..).unwrap_or_default(),
            }
            Ok(left.is_empty())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patiently(|inner| inner.flush().map(|()| true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes little at a time, and is interrupted in between.
    struct Slow(Vec<u8>, bool);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.extend(bytes.first());
            Ok(1.min(bytes.len()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_owed_is_paid_once() {
        let words = Words { first: "there", last: "back" };
        assert_eq!((last_words(), first_words(), is_owed()), (None, None, false));
        owe(words);
        assert!(is_owed() && !is_back());
        assert_eq!((last_words(), last_words(), is_owed()), (Some("back"), None, false));
        assert_eq!((first_words(), is_owed()), (Some("there"), true));
        assert!(is_back() && !is_back());
        assert_eq!(last_words(), Some("back"));
    }

    #[test]
    fn interruptions_alone_lose_nothing() {
        let mut out = Patient::new(Slow(Vec::new(), false));
        out.write_all(b"all of it").unwrap();
        out.flush().unwrap();
        assert_eq!(out.get_ref().0, b"all of it");
    }
}

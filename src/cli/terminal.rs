//! The one owner of the terminal: results on standard output, notes and the status line on standard error, which may be the
//! same screen. What is written passes here, so that a row never stands behind the status line, nor over it.
//!
//! Where standard output is a pipe, its reader (`| cat`) may write to this very screen, at a time that nobody tells. There
//! the status line goes for good before the first result is handed over.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::context::{NARROWEST, is_dumb};
use crate::interrupt::Patient;
use crate::output::width::{columns, shortened};
use crate::output::wrap::hanging;

/// What is known of the two streams from the start; a confined process could not ask.
#[derive(Clone, Copy, Debug)]
struct Facts {
    /// Standard error is a terminal.
    terminal: bool,
    /// How many columns that had at the start.
    width: usize,
    beside: Beside,
}

/// Where results go, seen from the terminal of standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// Somewhere else.
    Apart,
    /// To the same screen.
    Same,
    /// To somebody who may write to it.
    Perhaps,
}

/// What the screen shows at its foot.
#[allow(clippy::struct_excessive_bools, reason = "each is true or not by itself")]
#[derive(Debug, Default)]
struct Screen {
    /// The status line; empty: none is wanted.
    status: String,
    /// How many columns it takes where it is shown; none: it is not.
    drawn: Option<usize>,
    /// It may not be drawn any more: somebody else writes to this screen.
    given_up: bool,
    /// A result did not end its line.
    open: bool,
    /// Standard error takes nothing any more.
    deaf: bool,
}

static FACTS: OnceLock<Facts> = OnceLock::new();
static SCREEN: Mutex<Screen> =
    Mutex::new(Screen { status: String::new(), drawn: None, given_up: false, open: false, deaf: false });

/// Goes to the first column and clears the line.
const CLEAR: &str = "\r\x1b[K";
/// Columns where a terminal does not say how many it has.
const USUAL: usize = 80;

fn facts() -> Facts {
    *FACTS.get_or_init(|| {
        let err = io::stderr();
        Facts {
            terminal: err.is_terminal() && !is_dumb(),
            width: columns_of(&err).unwrap_or(USUAL),
            beside: beside(io::stdout(), err).unwrap_or(Beside::Perhaps),
        }
    })
}

/// Tells by the files behind two descriptors whether they may meet on a screen.
fn beside(out: impl AsFd, err: impl AsFd) -> io::Result<Beside> {
    let about = |fd: &dyn AsFd| File::from(fd.as_fd().try_clone_to_owned()?).metadata();
    let (out, err) = (about(&out)?, about(&err)?);
    let kind = out.file_type();
    Ok(if kind.is_fifo() || kind.is_socket() {
        Beside::Perhaps
    } else if kind.is_char_device() && (out.dev(), out.rdev()) == (err.dev(), err.rdev()) {
        Beside::Same
    } else {
        Beside::Apart
    })
}

/// How many columns a terminal has.
fn columns_of(terminal: impl AsFd) -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(terminal)?;
    Some(usize::from(width).max(NARROWEST))
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the streams, before the process is confined.
pub fn look() {
    facts();
}

/// True when standard error is a terminal.
pub fn is_terminal() -> bool {
    facts().terminal
}

/// Columns of the terminal of standard error as it is now, for it may have been resized; `None` when it is none.
pub fn width() -> Option<usize> {
    let facts = facts();
    facts.terminal.then(|| columns_of(io::stderr()).unwrap_or(facts.width))
}

/// `text` in lines of that terminal, broken between words, all but the first indented; as it is where there is none.
pub fn wrapped(text: &str, indent: usize) -> String {
    width().map_or_else(|| text.to_owned(), |width| hanging(text, width, 0, indent))
}

/// Shows `line`, which is escaped, at the foot of the screen in place of the one before; an empty one takes it away.
pub fn status(line: &str) {
    let Some(width) = width() else { return };
    let mut screen = screen();
    let line = shortened(line, width.saturating_sub(1));
    if screen.drawn.is_some() && screen.status == line {
        return;
    }
    screen.status = line;
    if screen.status.is_empty() {
        screen.clear();
    } else {
        screen.draw();
    }
}

/// Writes whole lines to standard error.
pub fn note(lines: &str) {
    let mut screen = screen();
    let end = if lines.ends_with('\n') { "" } else { "\n" };
    let before = if std::mem::take(&mut screen.open) && facts().beside == Beside::Same { "\n" } else { "" };
    screen.clear();
    screen.complain(&format!("{before}{lines}{end}"));
    screen.draw();
}

/// Hands `bytes` to standard output by `write`, with the status line out of the way.
pub fn result(bytes: &[u8], write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let facts = facts();
    if !facts.terminal || facts.beside == Beside::Apart || bytes.is_empty() {
        return write();
    }
    let mut screen = screen();
    screen.clear();
    if facts.beside == Beside::Perhaps {
        screen.given_up = true;
        // Who reads may take its time.
        drop(screen);
        return write();
    }
    let written = write();
    screen.open = bytes.last() != Some(&b'\n');
    if !screen.open {
        screen.draw();
    }
    written
}

impl Screen {
    fn draw(&mut self) {
        if self.given_up || self.status.is_empty() {
            return;
        }
        let before = self.erasing().unwrap_or_else(|| CLEAR.to_owned());
        self.complain(&format!("{before}{}", self.status));
        self.drawn = Some(columns(&self.status));
    }

    fn clear(&mut self) {
        if let Some(erasing) = self.erasing() {
            self.complain(&erasing);
        }
    }

    /// What takes the line away that is shown, if one is.
    fn erasing(&mut self) -> Option<String> {
        let columns = self.drawn.take()?;
        // A terminal that became narrower has it on several rows.
        let above = columns.saturating_sub(1).checked_div(width().unwrap_or(USUAL)).unwrap_or(0);
        Some(if above == 0 { CLEAR.to_owned() } else { format!("\r\x1b[{above}A\x1b[J") })
    }

    /// Writes to standard error. Nothing can be done about one that does not take it, but not to try again.
    fn complain(&mut self, text: &str) {
        if self.deaf {
            return;
        }
        let mut err = Patient::new(io::stderr().lock());
        let _ = err.write_all(text.as_bytes());
        self.deaf = err.has_given_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_may_meet_are_known() {
        let (reader, writer) = io::pipe().unwrap();
        let null = File::open("/dev/null").unwrap();
        let file = tempfile::tempfile().unwrap();
        let here = |out: &dyn AsFd, err: &dyn AsFd| beside(out.as_fd(), err.as_fd()).unwrap();
        assert_eq!(here(&writer, &null), Beside::Perhaps);
        assert_eq!(here(&file, &null), Beside::Apart);
        assert_eq!(here(&null, &null), Beside::Same);
        drop(reader);
    }
}

//! The only place that meets the real world: standard streams, environment, clock.

use std::fs::File;
#[cfg(feature = "live")]
use std::io::Read as _;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use super::behind::{self, Behind};
use super::exit::Failure;
use super::terminal;
use crate::capture;
use crate::cli::flags::common::{ColorChoice, CommonArgs};
use crate::interrupt::Patient;
use crate::output::json::object;
use crate::output::render::Look;
use crate::output::width::columns;
use crate::output::wrap::{hanging, wrap};
use crate::output::{Format, Label, Render, Styled};
use crate::time::SystemClock;
use crate::wire::escape::escape_line;

/// A terminal is taken for no narrower than this.
pub const NARROWEST: usize = 40;
/// Results are written in pieces of so many bytes.
const PIECE: usize = 1 << 16;

/// What a command may touch.
pub struct Context {
    /// The flags of every command.
    pub common: CommonArgs,
    /// Standard output.
    pub out: Output,
    /// The time of day.
    pub clock: SystemClock,
    /// The command is a monitoring plugin.
    pub plugin: bool,
    err_color: bool,
    err_reader: Reader,
}

/// Who reads standard error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Terminal,
    Journal,
    Other,
}

impl Context {
    /// Opens the standard streams as the common flags say.
    pub fn new(common: CommonArgs) -> Self {
        terminal::look();
        let err_terminal = terminal::is_terminal();
        let err_color = use_color(common.color, err_terminal);
        let out = Output::new(common.color);
        let err_reader = match err_terminal {
            true => Reader::Terminal,
            false if is_journal(io::stderr()) => Reader::Journal,
            false => Reader::Other,
        };
        Self { common, out, clock: SystemClock, plugin: false, err_color, err_reader }
    }

    /// For whom results are told.
    pub fn format(&self) -> Format {
        if self.common.json { Format::Json } else { Format::Text }
    }

    /// Tells a result.
    pub fn show(&mut self, result: &impl Render) -> Result<(), Failure> {
        let (format, look) = (self.format(), self.out.look());
        let mut pieces = io::BufWriter::with_capacity(PIECE, &mut self.out);
        let written = result.write(format, look, &mut pieces).and_then(|()| pieces.flush());
        // What could not be written is not tried again when the buffer goes.
        let _ = pieces.into_parts();
        written.map_err(|error| Failure::output(&error))
    }

    /// True when standard error is a terminal, so that progress may be drawn there.
    pub fn shows_progress(&self) -> bool {
        self.err_reader == Reader::Terminal && !self.common.quiet
    }

    /// Prints one line for people on standard error, unless `-q`: a summary, a hint. It is escaped.
    pub fn note(&self, line: &str) {
        if !self.common.quiet {
            Self::insist(line);
        }
    }

    /// The same, whatever the verbosity.
    pub fn insist(line: &str) {
        terminal::note(&terminal::wrapped(line, 2));
    }

    /// Prints a hint that ends in a command line, unless `-q`. Where it is too long for a terminal it goes on in more lines
    /// as a shell takes them, so that it can be copied.
    pub fn suggest(&self, hint: &str, command: &str) {
        if !self.common.quiet {
            terminal::note(&suggestion(hint, command, terminal::width()));
        }
    }

    /// Prints a warning on standard error, unless `-q`.
    pub fn warn(&self, line: &str) {
        if !self.common.quiet {
            self.complain(Label::Warning, "<4>", "warning:", line);
        }
    }

    /// Prints the line that says why the program ends, whatever the verbosity.
    pub fn error(&self, line: &str) {
        self.complain(Label::Error, "<3>", "dhcptool:", line);
    }

    fn complain(&self, label: Label, priority: &str, head: &str, line: &str) {
        let mut text = Styled::new(self.err_color);
        text.text(if self.err_reader == Reader::Journal { priority } else { "" });
        text.label(label, head).text(" ");
        let indent = head.len().saturating_add(1);
        let line = escape_line(line);
        text.text(&match terminal::width() {
            Some(width) => hanging(&line, width, indent, indent),
            None => line,
        });
        terminal::note(text.as_str());
    }
}

/// Stands for a space at which no line is broken; no command has it.
const TOGETHER: &str = "\u{1}";

/// The line of a hint and a command; several, each but the last ended by a backslash, where it has more than `width` columns.
fn suggestion(hint: &str, command: &str, width: Option<usize>) -> String {
    let whole = format!("{hint}: {command}");
    let Some(width) = width.filter(|width| columns(&whole) > *width) else { return whole };
    // A flag and its value stay together; room for the indentation of four and the backslash.
    let mut whole = String::with_capacity(command.len());
    for word in command.split(' ') {
        let together = !whole.is_empty() && !word.starts_with('-');
        whole.push_str(if together { TOGETHER } else { " " });
        whole.push_str(word);
    }
    let lines = wrap(whole.trim_start(), width.saturating_sub(6));
    format!("{hint}:\n  {}", lines.join(" \\\n    ")).replace(TOGETHER, " ")
}

/// Standard output: unbuffered by itself, because callers hand over whole batches.
pub struct Output {
    sink: Sink,
    color: bool,
    terminal: bool,
    width: Option<usize>,
    height: Option<usize>,
}

enum Sink {
    File(Patient<File>),
    /// A thread of its own writes.
    Behind(Patient<Behind>),
    Stdout(Patient<io::Stdout>),
}

impl Output {
    fn new(choice: ColorChoice) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let stdout_of = io::stdout();
        // A duplicate of the descriptor goes around the line buffer of std's handle.
        let sink = match stdout.as_fd().try_clone_to_owned() {
            Ok(fd) => Sink::File(Patient::new(File::from(fd))),
            Err(_) => Sink::Stdout(Patient::new(stdout)),
        };
        let size = terminal.then(|| terminal_size::terminal_size_of(&stdout_of)).flatten();
        let width = match size {
            Some((terminal_size::Width(width), _)) => Some(usize::from(width)),
            None if terminal => None,
            // Who says how wide it is wants that kept, as `watch` does.
            None => wished_columns(),
        };
        let width = width.map(|width| width.max(NARROWEST));
        let height = size.map(|(_, terminal_size::Height(height))| usize::from(height).max(8));
        Self { sink, color: use_color(choice, terminal), terminal, width, height }
    }

    /// The same standard output once more, for who writes while the first is lent out.
    #[must_use]
    pub fn twin(&self) -> Self {
        let stdout = io::stdout();
        let sink = match stdout.as_fd().try_clone_to_owned() {
            Ok(fd) => Sink::File(Patient::new(File::from(fd))),
            Err(_) => Sink::Stdout(Patient::new(stdout)),
        };
        Self { sink, color: self.color, terminal: self.terminal, width: self.width, height: self.height }
    }

    /// From here on batches are written while the next are made, where that may pay: not on a terminal, not where nothing is done with
    /// them. [`settle`](Self::settle) has to be called behind the last.
    pub fn write_behind(&mut self) {
        let Sink::File(file) = &self.sink else { return };
        let takes_time = |about: std::fs::Metadata| {
            let kind = about.file_type();
            kind.is_file() || kind.is_fifo() || kind.is_socket()
        };
        let file = file.get_ref();
        if !file.metadata().is_ok_and(takes_time) {
            return;
        }
        capture::enlarge_pipe(file);
        if let Some(behind) = file.try_clone().ok().and_then(Behind::new) {
            self.sink = Sink::Behind(Patient::new(behind));
        }
    }

    /// Writes what is in `batch` and leaves it empty.
    pub fn write_batch(&mut self, batch: &mut Vec<u8>) -> Result<(), Failure> {
        let Sink::Behind(behind) = &mut self.sink else {
            self.write(batch)?;
            batch.clear();
            return Ok(());
        };
        // That something goes there is all that matters: this is no terminal.
        let goes: &[u8] = if batch.is_empty() { b"" } else { b"\n" };
        terminal::result(goes, || behind::patiently(behind, |behind| behind.take(batch)))
            .map_err(|error| Failure::output(&error))
    }

    /// Returns when everything is written.
    pub fn settle(&mut self) -> Result<(), Failure> {
        let Sink::Behind(behind) = &mut self.sink else { return Ok(()) };
        behind::patiently(behind, Behind::settle).map_err(|error| Failure::output(&error))
    }

    /// How many columns a line may take: on a terminal, as it is now, for it may have been resized; elsewhere as the environment says.
    pub fn width(&self) -> Option<usize> {
        self.size().map(|(columns, _)| columns.max(NARROWEST)).or(self.width)
    }

    /// How many lines a screen has, on a terminal.
    pub fn height(&self) -> Option<usize> {
        self.height
    }

    /// Columns and lines of the terminal as it is now, which may have been resized.
    pub fn size(&self) -> Option<(usize, usize)> {
        let (columns, lines) = terminal_size::terminal_size_of(io::stdout())?;
        self.terminal.then_some((columns.0.into(), lines.0.into()))
    }

    /// True when colour is wanted.
    pub fn color(&self) -> bool {
        self.color
    }

    /// True when it is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Columns to fill: as the environment says, else those of the terminal, else 80.
    pub fn columns(&self) -> usize {
        wished_columns().or(self.width).unwrap_or(80).clamp(20, 400)
    }

    /// How text looks there.
    pub fn look(&self) -> Look {
        Look { color: self.color, width: self.width() }
    }

    /// An empty styled text with the colour decision of standard output, for as many columns as it has.
    pub fn styled(&self) -> Styled {
        Styled::new(self.color).within(self.width())
    }

    /// Writes bytes and flushes them. Once the user wants to end, output that nobody takes is given up.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Write::write_all(self, bytes).map_err(|error| Failure::output(&error))
    }

    /// Writes styled text.
    pub fn write_styled(&mut self, text: Styled) -> Result<(), Failure> {
        self.write(&text.into_bytes())
    }

    /// Writes one value as a line of JSON.
    pub fn write_json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        self.write(&object::line(value))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sink = &mut self.sink;
        terminal::result(bytes, || match sink {
            Sink::File(file) => file.write_all(bytes),
            Sink::Behind(behind) => {
                let mut batch = bytes.to_vec();
                behind::patiently(behind, |behind| behind.take(&mut batch))
            }
            Sink::Stdout(stdout) => stdout.write_all(bytes).and_then(|()| stdout.flush()),
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn use_color(choice: ColorChoice, terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && !is_dumb() && env("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// The terminal is one that knows no escape sequences.
pub fn is_dumb() -> bool {
    env("TERM").is_some_and(|term| term.is_empty() || term == "dumb")
}

/// The columns that the environment names.
fn wished_columns() -> Option<usize> {
    env("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0)
}

/// One variable of the environment.
#[allow(clippy::disallowed_methods, reason = "this is the one place that meets the environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// journald reads what is written there, and takes the priority off a line that begins with one (systemd.exec(5), sd-daemon(3)).
pub fn is_journal(stream: impl AsFd) -> bool {
    let copy = stream.as_fd().try_clone_to_owned().map(File::from);
    let at = copy.and_then(|file| file.metadata()).map(|at| format!("{}:{}", at.dev(), at.ino()));
    at.is_ok_and(|at| env("JOURNAL_STREAM") == Some(at))
}

/// The words of the command line, the program's name first.
#[allow(clippy::disallowed_methods, reason = "this is the one place that meets the environment")]
pub fn words() -> Vec<std::ffi::OsString> {
    std::env::args_os().collect()
}

/// The processor time this process has used, all threads together.
#[cfg(feature = "live")]
pub fn cpu_time() -> std::time::Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(std::time::Duration::from).unwrap_or_default()
}

/// How much memory this process uses. To be opened before the process is confined.
#[cfg(feature = "live")]
pub struct Memory(Option<File>);

#[cfg(feature = "live")]
impl Memory {
    /// Opens what tells it.
    pub fn open() -> Self {
        Self(File::open("/proc/self/status").ok())
    }

    /// The most there has been, in bytes, where the system says.
    pub fn peak(&self) -> Option<u64> {
        let mut status = String::new();
        self.0.as_ref()?.read_to_string(&mut status).ok()?;
        peak_of(&status)
    }
}

#[cfg(feature = "live")]
fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_suggested_can_be_copied() {
        let command =
            "dhcptool release -6 eth0 --server 00030001020000000001 --ip 2001:db8:64:0:1::2951 --iaid 1";
        let one = suggestion("to give it back", command, None);
        assert_eq!(one, format!("to give it back: {command}"));
        let several = suggestion("to give it back", command, Some(60));
        assert!(
            several.lines().count() > 2 && several.lines().all(|line| line.chars().count() <= 60),
            "{several}"
        );
        let (_, copied) = several.split_once('\n').unwrap();
        let joined: Vec<&str> = copied.lines().map(|line| line.trim_end_matches('\\').trim()).collect();
        assert_eq!(joined.join(" "), command);
        assert!(
            joined.iter().all(|line| !line.ends_with("--ip") && !line.ends_with("--server")),
            "{several}"
        );
    }
}

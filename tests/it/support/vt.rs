//! A screen as a person sees it: what a program writes to a terminal is read step by step.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::lab::skip;

/// What a test writes to say that the terminal has so many columns now: xterm's sequence of a resized window.
pub(crate) fn resized(columns: usize) -> String {
    format!("\u{1b}[8;40;{columns}t")
}

/// The rows of a screen, the oldest first, those that went out of sight included.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    at: (usize, usize),
    /// Characters of a sequence that is not whole yet.
    pending: String,
    /// Rows that were too long for it.
    wrapped: Vec<String>,
}

impl Screen {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns, rows: vec![Vec::new()], at: (0, 0), pending: String::new(), wrapped: Vec::new() }
    }

    /// Takes what the program wrote.
    pub(crate) fn feed(&mut self, text: &str) {
        for c in text.chars() {
            if !self.pending.is_empty() || c == '\u{1b}' {
                self.pending.push(c);
                let begun = self.pending.len() > 2;
                if begun && c.is_ascii_alphabetic() {
                    let sequence = std::mem::take(&mut self.pending);
                    self.sequence(&sequence);
                }
                continue;
            }
            match c {
                '\r' => self.at.1 = 0,
                '\n' => {
                    self.at.0 += 1;
                    if self.at.0 == self.rows.len() {
                        self.rows.push(Vec::new());
                    }
                }
                c => self.put(c),
            }
        }
    }

    fn put(&mut self, c: char) {
        if self.at.1 == self.columns {
            self.wrapped.push(self.rows[self.at.0].iter().collect());
            self.feed("\r\n");
        }
        let row = &mut self.rows[self.at.0];
        while row.len() <= self.at.1 {
            row.push(' ');
        }
        row[self.at.1] = c;
        self.at.1 += 1;
    }

    /// Another width. Rows that are too long for it go on in the next ones, as terminals show them.
    fn resize(&mut self, columns: usize) {
        self.columns = columns;
        let (mut rows, mut at) = (Vec::new(), self.at);
        for (number, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            if number == self.at.0 {
                at = (rows.len() + self.at.1.saturating_sub(1) / columns, self.at.1);
                at.1 -= (at.0 - rows.len()) * columns;
            }
            let pieces: Vec<Vec<char>> = row.chunks(columns).map(<[char]>::to_vec).collect();
            rows.extend(if pieces.is_empty() { vec![Vec::new()] } else { pieces });
        }
        (self.rows, self.at) = (rows, at);
    }

    fn sequence(&mut self, sequence: &str) {
        let number = |end: char| sequence.strip_prefix("\u{1b}[")?.strip_suffix(end)?.parse::<usize>().ok();
        if let Some(above) = number('A') {
            self.at.0 -= above;
            return;
        }
        if let Some(columns) = sequence.strip_prefix("\u{1b}[8;40;").and_then(|rest| rest.strip_suffix('t')) {
            return self.resize(columns.parse().unwrap());
        }
        match sequence {
            "\u{1b}[J" => {
                self.rows.truncate(self.at.0 + 1);
                self.rows[self.at.0].truncate(self.at.1);
            }
            "\u{1b}[K" => self.rows[self.at.0].truncate(self.at.1),
            colour if colour.ends_with('m') => {}
            other => panic!("a sequence that this screen does not know: {other:?}"),
        }
    }

    /// What stands there, row by row.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
    }
}

/// What was seen of a command on a terminal.
pub(crate) struct Seen {
    /// Every state of the screen, one after each piece that was written.
    pub(crate) states: Vec<Vec<String>>,
    /// Rows that were longer than the screen is wide.
    pub(crate) wrapped: Vec<String>,
    /// All that was written.
    pub(crate) raw: String,
}

impl Seen {
    /// What is left at the end.
    pub(crate) fn last(&self) -> &[String] {
        self.states.last().map_or(&[], Vec::as_slice)
    }

    /// The line at the foot in every state, where it is one that says what goes on.
    pub(crate) fn status_lines(&self, is_status: impl Fn(&str) -> bool) -> Vec<String> {
        let mut found: Vec<String> = self
            .states
            .iter()
            .filter_map(|rows| rows.iter().rev().find(|row| !row.is_empty()))
            .filter(|row| is_status(row))
            .cloned()
            .collect();
        found.dedup();
        found
    }
}

/// Runs a shell's command line on a terminal of so many columns, with the program first in its path, in the folder of captures.
/// `None`, said aloud, where there is no `script`.
pub(crate) fn on_terminal(columns: usize, line: &str) -> Option<Seen> {
    let bin = Path::new(super::lab::PROGRAM).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    let child = Command::new("script")
        .args(["-qec", &format!("stty rows 40 cols {columns}; {line}"), "/dev/null"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures"))
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env("PATH", format!("{bin}:{path}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            skip(&format!("no `script` (of bsdutils) to open a terminal with: {error}"));
            return None;
        }
    };
    let mut out = child.stdout.take().unwrap();
    let (mut screen, mut seen) =
        (Screen::new(columns), Seen { states: Vec::new(), wrapped: Vec::new(), raw: String::new() });
    let (mut piece, mut rest) = ([0; 4096], Vec::new());
    loop {
        let count = out.read(&mut piece).unwrap();
        rest.extend_from_slice(&piece[..count]);
        if count == 0 {
            break;
        }
        let whole = match std::str::from_utf8(&rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: String = String::from_utf8(rest.drain(..whole).collect()).unwrap();
        // Each line and each drawing of the status is a state of its own.
        for part in text.split_inclusive(['\n', '\r']) {
            screen.feed(part);
            seen.states.push(screen.rows());
        }
        seen.raw.push_str(&text);
    }
    child.wait().unwrap();
    seen.wrapped = screen.wrapped;
    if seen.raw.contains("cannot make a private network") {
        skip(seen.raw.trim());
        return None;
    }
    Some(seen)
}

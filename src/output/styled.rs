//! The one way to a terminal: text with labels. Colour is decided once, escapes are done here.

use std::fmt;

use owo_colors::Style;

use crate::output::text::Text;
use crate::output::width::{beginning, columns};
use crate::output::wrap::fold;

/// What a piece of text is; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Nothing special.
    Plain,
    /// Less important: separators, units, field names.
    Dim,
    /// What stands out: headings.
    Strong,
    /// Something good: an ACK, an allowed server.
    Good,
    /// Something to look at: an OFFER, an oddity.
    Warning,
    /// Something bad: a NAK, a malformed message, a failure.
    Error,
    /// A message from a client.
    Client,
    /// A message from a server.
    Server,
    /// An address.
    Address,
}

impl Label {
    const ALL: [Self; 9] = [
        Self::Plain,
        Self::Dim,
        Self::Strong,
        Self::Good,
        Self::Warning,
        Self::Error,
        Self::Client,
        Self::Server,
        Self::Address,
    ];

    /// Its place among all.
    fn place(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Dim => 1,
            Self::Strong => 2,
            Self::Good => 3,
            Self::Warning => 4,
            Self::Error => 5,
            Self::Client => 6,
            Self::Server => 7,
            Self::Address => 8,
        }
    }

    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Dim => style.dimmed(),
            Self::Strong => style.bold(),
            Self::Good => style.green(),
            Self::Warning => style.yellow(),
            Self::Error => style.red().bold(),
            Self::Client => style.cyan(),
            Self::Server => style.blue().bold(),
            Self::Address => style.magenta(),
        }
    }
}

/// What turns a colour on, and what turns it off.
#[derive(Clone, Debug, Default)]
struct Escapes {
    begin: String,
    end: String,
}

/// Text under construction.
#[derive(Clone, Debug)]
pub struct Styled {
    text: Text,
    /// For each label, with colour only.
    escapes: Vec<Escapes>,
    /// How many columns a line may take, on a terminal.
    width: Option<usize>,
    /// Where the pieces of a line begin and how little each matters, for who fits lines into a width.
    pieces: Option<Vec<(usize, u8)>>,
}

impl Styled {
    /// Empty text, with or without colour.
    pub fn new(color: bool) -> Self {
        let escapes = |label: &Label| {
            let style = label.style();
            Escapes { begin: style.prefix_formatter().to_string(), end: style.suffix_formatter().to_string() }
        };
        let escapes = if color { Label::ALL.iter().map(escapes).collect() } else { Vec::new() };
        Self { text: Text::default(), escapes, width: None, pieces: None }
    }

    /// The same for lines of at most so many columns; `None`: as long as they need.
    #[must_use]
    pub fn within(mut self, width: Option<usize>) -> Self {
        self.width = width;
        self
    }

    /// From here on lines may take so many columns, where there was a limit before.
    pub fn resize(&mut self, width: usize) {
        self.width = self.width.map(|_| width);
    }

    /// How many columns a line may take, where that matters.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// True when labels become colours.
    pub fn color(&self) -> bool {
        !self.escapes.is_empty()
    }

    /// Exchanges the text for `other`, so that it can be handed on without a copy.
    pub fn exchange(&mut self, other: &mut Text) {
        std::mem::swap(&mut self.text, other);
    }

    /// Appends text of our own making.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends labelled text of our own making.
    pub fn label(&mut self, label: Label, text: &str) -> &mut Self {
        self.labelled(label, |out| out.push_str(text))
    }

    /// Appends what `write` writes, labelled.
    #[inline]
    pub fn labelled(&mut self, label: Label, write: impl FnOnce(&mut Text)) -> &mut Self {
        let Some(escapes) = self.escapes.get(label.place()) else {
            write(&mut self.text);
            return self;
        };
        self.text.push_str(&escapes.begin);
        write(&mut self.text);
        self.text.push_str(&escapes.end);
        self
    }

    /// Appends a number in decimal.
    pub fn number(&mut self, value: impl TryInto<u64>) -> &mut Self {
        self.text.digits(value.try_into().unwrap_or(u64::MAX));
        self
    }

    /// Appends text from outside, escaped.
    pub fn foreign(&mut self, bytes: &[u8]) -> &mut Self {
        self.text.foreign(bytes);
        self
    }

    /// The text so far.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Where text is appended that has no label.
    #[inline]
    pub fn plain(&mut self) -> &mut Text {
        &mut self.text
    }

    /// Bytes of text so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes back what was added since the text was so long.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
    }

    /// Forgets the text, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        if let Some(pieces) = &mut self.pieces {
            pieces.clear();
        }
    }

    /// From here on it is remembered where pieces begin, for [`fit`](Self::fit).
    pub fn begin_pieces(&mut self) -> &mut Self {
        self.pieces.get_or_insert_default().clear();
        self
    }

    /// True when lines are fitted into a width.
    pub fn fits(&self) -> bool {
        self.pieces.is_some()
    }

    /// What follows is a piece that may be left out where room is short: the higher its rank, the sooner.
    #[inline]
    pub fn piece(&mut self, rank: u8) -> &mut Self {
        if let Some(pieces) = &mut self.pieces {
            pieces.push((self.text.len(), rank));
        }
        self
    }

    /// How many columns are taken since the text was `start` bytes long.
    pub fn columns_since(&self, start: usize) -> usize {
        columns(self.text.as_str().get(start..).unwrap_or_default())
    }

    /// Leaves out pieces of the line that begins at byte `start` so that it fits into `width` columns: those that matter
    /// most are taken first, while there is room. An ellipsis says so. What stands before the first piece stays, cut at the width.
    pub fn fit(&mut self, start: usize, width: usize) {
        let Some(pieces) = self.pieces.take() else { return };
        let ends = pieces.iter().skip(1).map(|(at, _)| *at).chain([self.text.len()]);
        let text = self.text.as_str();
        let cut = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let head = cut(start, pieces.first().map_or(self.text.len(), |(at, _)| *at)).to_owned();
        let mut parts: Vec<(u8, &str, bool)> =
            pieces.iter().zip(ends).map(|((from, rank), to)| (*rank, cut(*from, to), true)).collect();
        let head_width = columns(&head);
        let whole = parts.iter().fold(head_width, |sum, (_, text, _)| sum.saturating_add(columns(text)));
        if whole > width {
            // Room for the ellipsis and the space before it.
            let mut room = width.saturating_sub(2).saturating_sub(head_width);
            let mut order: Vec<&mut (u8, &str, bool)> = parts.iter_mut().collect();
            order.sort_by_key(|(rank, _, _)| *rank);
            for (rank, text, kept) in order {
                let rest = room.checked_sub(columns(text));
                *kept = rest.is_some();
                // What is said in a sentence is worth its beginning.
                if rest.is_none() && *rank <= SENTENCE && room >= WORTH {
                    (*text, *kept, room) = (beginning(text, room), true, 0);
                }
                room = rest.unwrap_or(room);
            }
        }
        let mut line = head;
        let left_out = parts.iter().any(|(_, _, kept)| !kept);
        line.extend(parts.iter().filter(|(_, _, kept)| *kept).map(|(_, text, _)| *text));
        if left_out || whole > width {
            line.push_str(if self.color() { "\u{1b}[0m …" } else { " …" });
        }
        self.text.truncate(start);
        self.text.push_str(beginning(&line, width));
        self.pieces = Some(pieces);
    }

    /// Folds the lines since the text was `start` bytes long, where they are too long.
    pub fn fold_since(&mut self, start: usize) {
        let Some(width) = self.width else { return };
        let fresh = self.text.as_str().get(start..).unwrap_or_default();
        if fresh.lines().all(|line| line.len() <= width) {
            return;
        }
        let mut folded = String::with_capacity(fresh.len());
        fold(fresh, width, &mut folded);
        self.text.truncate(start);
        self.text.push_str(&folded);
    }

    /// The bytes to write; lines that are too long are folded.
    pub fn into_bytes(self) -> Vec<u8> {
        let Some(width) = self.width else { return self.text.into_bytes() };
        let mut folded = String::with_capacity(self.text.len());
        fold(self.text.as_str(), width, &mut folded);
        folded.into_bytes()
    }
}

/// Pieces up to this rank are cut rather than left out, where so many columns are left.
const SENTENCE: u8 = 2;
const WORTH: usize = 8;

impl fmt::Write for Styled {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(color: bool, width: usize) -> String {
        let mut out = Styled::new(color);
        out.text("before\n").begin_pieces();
        let start = out.as_str().len();
        out.text("head");
        for (rank, text) in [(1, "  one"), (5, "  five"), (3, "  three"), (9, "  nine")] {
            out.piece(rank).label(Label::Address, text);
        }
        out.fit(start, width);
        assert!(out.as_str().starts_with("before\n"));
        out.as_str().get(start..).unwrap().to_owned()
    }

    #[test]
    fn of_a_sentence_the_beginning_is_shown() {
        for color in [false, true] {
            let mut out = Styled::new(color);
            out.begin_pieces().text("head");
            out.piece(3).text("  small");
            out.piece(2).label(Label::Error, "  [a long sentence about it]");
            out.fit(0, 28);
            assert_eq!(columns(out.as_str()), 28);
            assert!(out.as_str().ends_with(" …") && out.as_str().contains("[a long sentence"), "{out:?}");
            assert_eq!(out.as_str().contains("\u{1b}[0m …"), color);
        }
    }

    #[test]
    fn what_matters_least_makes_room() {
        let cases = [
            (100, "head  one  five  three  nine"),
            (28, "head  one  five  three  nine"),
            (27, "head  one  five  three …"),
            (20, "head  one  three …"),
            (18, "head  one  three …"),
            (17, "head  one  five …"),
            (13, "head  one …"),
            (8, "head …"),
            (3, "hea"),
        ];
        for (width, want) in cases {
            assert_eq!(fitted(false, width), want, "{width}");
            assert_eq!(columns(&fitted(true, width)), want.chars().count(), "{width}");
        }
    }
}

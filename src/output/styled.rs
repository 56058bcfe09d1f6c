//! The one way to a terminal: text with labels. Colour is decided once, escapes are done here.

use std::fmt::{self, Write as _};

use owo_colors::Style;

use crate::wire::escape::escape_into;

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

/// Text under construction.
#[derive(Clone, Debug)]
pub struct Styled {
    text: String,
    color: bool,
}

impl Styled {
    /// Empty text, with or without colour.
    pub fn new(color: bool) -> Self {
        Self { text: String::new(), color }
    }

    /// True when labels become colours.
    pub fn color(&self) -> bool {
        self.color
    }

    /// Exchanges the text for `other`, so that it can be handed on without a copy.
    pub fn exchange(&mut self, other: &mut String) {
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
    pub fn labelled(&mut self, label: Label, write: impl FnOnce(&mut String)) -> &mut Self {
        if !self.color {
            write(&mut self.text);
            return self;
        }
        let style = label.style();
        // Writing into a String cannot fail.
        let _ = write!(self.text, "{}", style.prefix_formatter());
        write(&mut self.text);
        let _ = write!(self.text, "{}", style.suffix_formatter());
        self
    }

    /// Appends text from outside, escaped.
    pub fn foreign(&mut self, bytes: &[u8]) -> &mut Self {
        escape_into(bytes, &mut self.text);
        self
    }

    /// The text so far.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Forgets the text, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
    }

    /// The bytes to write.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

impl fmt::Write for Styled {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        Ok(())
    }
}

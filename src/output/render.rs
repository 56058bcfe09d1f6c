//! How a command tells its result: one object for programs or text for people, never a mixture.

use std::io;

use serde::Serialize;

use super::json::object;
use super::styled::Styled;

/// For whom a result is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// People.
    #[default]
    Text,
    /// Programs: an object per line.
    Json,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With colour.
    pub color: bool,
    /// Columns that a line may take; `None`: as many as it needs.
    pub width: Option<usize>,
}

/// A result that can be told both ways. What an object looks like stands in the serde structs of `output` alone.
pub trait Render {
    /// The contract's object.
    fn object(&self) -> impl Serialize;

    /// The text for people.
    fn text(&self, out: &mut Styled);

    /// The bytes to write.
    fn render(&self, format: Format, look: Look) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Nothing fails that is written into memory.
        let _ = self.write(format, look, &mut bytes);
        bytes
    }

    /// Writes it, piece by piece where it is an object.
    ///
    /// # Errors
    ///
    /// When `out` takes no more.
    fn write(&self, format: Format, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Json => object::write_line(&self.object(), out),
            Format::Text => {
                let mut text = Styled::new(look.color).within(look.width);
                self.text(&mut text);
                out.write_all(&text.into_bytes())
            }
        }
    }
}

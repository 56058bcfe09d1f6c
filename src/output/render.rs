//! How a command tells its result: one object for programs or text for people, never a mixture.

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

/// A result that can be told both ways. What an object looks like stands in the serde structs of `output` alone.
pub trait Render {
    /// The contract's object.
    fn object(&self) -> impl Serialize;

    /// The text for people.
    fn text(&self, out: &mut Styled);

    /// The bytes to write.
    fn render(&self, format: Format, color: bool) -> Vec<u8> {
        match format {
            Format::Json => object::line(&self.object()),
            Format::Text => {
                let mut out = Styled::new(color);
                self.text(&mut out);
                out.into_bytes()
            }
        }
    }
}

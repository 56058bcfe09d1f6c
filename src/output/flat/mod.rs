//! Packets as flat rows, for tools that want tables: one column a field or an option, of one type for ever, the same columns in
//! every row.
//!
//! [`columns`] is the table of columns, made from the registry of options; a [`Plan`] is a choice of them; [`Rows`] writes a
//! row for each packet; [`sql`] prints the table for databases.

mod answers;
mod cells;
pub mod columns;
mod fields;
mod packet;
mod pen;
mod plan;
mod shape;
mod six;
pub mod sql;
mod steady;
pub mod story;
mod values;

pub use cells::{Cell, RowFormat};
pub use columns::{Column, Type};
pub use packet::Rows;
pub use plan::Plan;

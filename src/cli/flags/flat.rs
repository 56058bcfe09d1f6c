//! Flat rows: `--flat`, `--fields`, `--format`.

use std::sync::{Arc, LazyLock};

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::flags::nagios::NagiosArgs;
use crate::output::Render;
use crate::output::flat::{Column, Plan, RowFormat, Rows};

/// Whether rows are printed, which columns they have and how they are written.
#[derive(Args, Clone, Debug, Default)]
pub struct FlatArgs {
    /// Print flat rows, for programs that want tables: one column a field or option, of one type, the same in every row
    #[arg(long, help_heading = "Output")]
    flat: bool,

    /// The columns of flat rows, in this order, by the names that dhcptool schema --sql duckdb lists
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Output")]
    fields: Option<Vec<String>>,

    /// How flat rows are written: ndjson if left out
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<FormatArg>,
}

/// The values of `--format`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatArg {
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// Values separated by commas, with a line of names; lists are joined by a space, and an apostrophe stands before text that a
    /// spreadsheet would take for a formula
    Csv,
    /// The same separated by tabs
    Tsv,
}

impl From<FormatArg> for RowFormat {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Json => Self::Json,
            FormatArg::Ndjson => Self::NdJson,
            FormatArg::Csv => Self::Csv,
            FormatArg::Tsv => Self::Tsv,
        }
    }
}

impl FlatArgs {
    /// True when rows are asked for.
    pub fn is_given(&self) -> bool {
        self.flat || self.fields.is_some() || self.format.is_some()
    }

    /// Refuses rows of a monitoring plugin.
    pub fn refuse_beside(&self, nagios: &NagiosArgs) -> Result<(), Failure> {
        if self.is_given() && nagios.is_on() {
            return Err(Failure::usage(
                "--flat, --fields and --format print rows, --nagios one line about all: leave one of them out",
            ));
        }
        Ok(())
    }

    /// The writer of rows that the flags ask for, if they ask for rows; the table is not made before.
    pub fn rows(&self, table: &'static LazyLock<Vec<Column>>, cx: &Context) -> Result<Option<Rows>, Failure> {
        if !self.is_given() {
            return Ok(None);
        }
        let format = self.format.map_or(RowFormat::NdJson, RowFormat::from);
        if cx.common.json && matches!(format, RowFormat::Csv | RowFormat::Tsv) {
            return Err(Failure::usage("--json contradicts --format csv and tsv; leave one of them out"));
        }
        Ok(Some(Rows::new(Arc::new(plan(self.fields.as_deref(), table)?), format)))
    }
}

/// The columns named, or all.
pub fn plan(fields: Option<&[String]>, table: &'static [Column]) -> Result<Plan, Failure> {
    fields.map_or_else(|| Ok(Plan::all(table)), |names| Plan::of(table, names)).map_err(Failure::usage)
}

/// Prints what was found out: as rows, where rows are asked for, which `write` makes of it, else as it is.
pub fn tell<R: Render>(
    report: &R,
    rows: Option<Rows>,
    write: impl FnOnce(&R, &mut Rows, &mut Vec<u8>),
    cx: &mut Context,
) -> Result<(), Failure> {
    let Some(mut rows) = rows else { return cx.show(report) };
    let mut out = Vec::new();
    write(report, &mut rows, &mut out);
    let mut table = RowStream::new(&rows);
    table.write(&out, cx)?;
    table.end(cx)
}

/// Rows on their way to standard output, with what stands before and behind them.
#[derive(Debug)]
pub struct RowStream {
    head: Vec<u8>,
    format: RowFormat,
    begun: bool,
}

/// Writes rows into their table, or anything else as it is.
pub fn show(table: Option<&mut RowStream>, bytes: &[u8], cx: &mut Context) -> Result<(), Failure> {
    match table {
        _ if bytes.is_empty() => Ok(()),
        Some(table) => table.write(bytes, cx),
        None => cx.out.write(bytes),
    }
}

impl RowStream {
    /// A table of what `rows` writes.
    pub fn new(rows: &Rows) -> Self {
        Self { head: rows.head(), format: rows.format(), begun: false }
    }

    /// Writes rows.
    pub fn write(&mut self, rows: &[u8], cx: &mut Context) -> Result<(), Failure> {
        let mut rest = rows;
        if !self.begun && !rows.is_empty() {
            self.begin(cx)?;
            if self.format == RowFormat::Json {
                // What separates it from the row before.
                rest = rows.strip_prefix(b",").unwrap_or(rows);
            }
        }
        cx.out.write(rest)
    }

    /// Writes the rows in `batch` and leaves it empty.
    pub fn write_batch(&mut self, batch: &mut Vec<u8>, cx: &mut Context) -> Result<(), Failure> {
        if self.begun {
            return cx.out.write_batch(batch);
        }
        self.write(batch, cx)?;
        batch.clear();
        Ok(())
    }

    /// Writes what stands behind the last row.
    pub fn end(&mut self, cx: &mut Context) -> Result<(), Failure> {
        self.begin(cx)?;
        if self.format == RowFormat::Json { cx.out.write(b"\n]\n") } else { Ok(()) }
    }

    fn begin(&mut self, cx: &mut Context) -> Result<(), Failure> {
        if std::mem::replace(&mut self.begun, true) || self.head.is_empty() {
            return Ok(());
        }
        cx.out.write(&self.head)
    }
}

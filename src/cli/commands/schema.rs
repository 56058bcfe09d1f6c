//! `dhcptool schema`: what the output looks like, for machines.

use clap::ValueEnum;
use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat;
use crate::output::flat::columns::TABLES;
use crate::output::flat::sql::{self, Dialect};
use crate::output::schema;

/// Print the JSON Schema of a command's output, or flat rows as SQL
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The command whose output is meant; without it the objects of all, and the rows of decode
    #[arg(value_name = "COMMAND", value_parser = clap::builder::PossibleValuesParser::new(WORDS))]
    command: Option<String>,

    /// Print the table of flat rows for this database
    #[arg(long, value_name = "DATABASE")]
    sql: Option<DialectArg>,

    /// Only these columns, in this order
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "sql")]
    fields: Option<Vec<String>>,
}

/// Commands with output for machines.
pub const COMMANDS: [&str; 16] = [
    "decode",
    "sniff",
    "discover",
    "request",
    "release",
    "decline",
    "inform",
    "send",
    "handshake",
    "rogue",
    "doctor",
    "diff",
    "report",
    "explain",
    "options",
    "interfaces",
];

/// What may be asked for: commands, and the rows of `--transactions` and `--clients`.
const WORDS: [&str; COMMANDS.len() + 2] = {
    let mut words = [""; COMMANDS.len() + 2];
    let (commands, rows) = words.split_at_mut(COMMANDS.len());
    commands.copy_from_slice(&COMMANDS);
    rows.copy_from_slice(&["transactions", "clients"]);
    words
};

/// The values of `--sql`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum DialectArg {
    /// `DuckDB`
    Duckdb,
    /// `ClickHouse`
    Clickhouse,
    /// Apache Spark
    Spark,
}

impl From<DialectArg> for Dialect {
    fn from(arg: DialectArg) -> Self {
        match arg {
            DialectArg::Duckdb => Self::DuckDb,
            DialectArg::Clickhouse => Self::ClickHouse,
            DialectArg::Spark => Self::Spark,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let command = args.command.as_deref();
    if let Some(dialect) = args.sql {
        let word = command.unwrap_or_default();
        let table = TABLES.iter().find(|table| table.words.contains(&word)).ok_or_else(|| {
            Failure::usage(format_args!(
                "{word} prints no flat rows: decode, sniff, discover, request and handshake do, and decode's transactions and clients"
            ))
        })?;
        let plan = flat::plan(args.fields.as_deref(), table.columns)?;
        cx.out.write(sql::create_table(&plan, table.sql, dialect.into()).as_bytes())?;
        return Ok(Exit::Good);
    }
    let found = match command {
        Some(command) => of(command).map(Value::from),
        None => Some(all()),
    };
    let Some(found) = found else {
        return Err(Failure::could_not_run(
            "this dhcptool was built without live networking (feature `live`)",
        ));
    };
    let mut text = serde_json::to_string_pretty(&found)
        .map_err(|error| Failure::could_not_run(format_args!("cannot write JSON: {error}")))?;
    text.push('\n');
    cx.out.write(text.as_bytes())?;
    Ok(Exit::Good)
}

/// The schema of what a command prints with `--json`.
fn of(command: &str) -> Option<Schema> {
    match command {
        "options" => Some(crate::output::options::schema(command)),
        #[cfg(feature = "live")]
        "handshake" => Some(crate::output::handshake::schema(command)),
        "interfaces" => Some(crate::output::interfaces::schema(command)),
        // They are among the objects of decode.
        "transactions" | "clients" => schema::of("decode"),
        _ => schema::of(command),
    }
}

/// One schema for the objects of all commands.
fn all() -> Value {
    let mut each = Map::new();
    for command in COMMANDS {
        if let Some(mut schema) = of(command) {
            // A document of its own, so that its references stay inside it.
            schema.insert("$id".to_owned(), format!("dhcptool:{command}").into());
            each.insert(command.to_owned(), schema.into());
        }
    }
    let any: Vec<Value> = each.keys().map(|command| json!({"$ref": format!("dhcptool:{command}")})).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dhcptool",
        "version": schema::VERSION,
        "anyOf": any,
        "$defs": each,
    })
}

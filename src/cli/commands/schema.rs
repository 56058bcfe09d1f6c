//! `dhcptool schema`: what the output looks like, for machines.

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::flat;
use crate::output::flat::columns::{self, Column};
use crate::output::flat::sql::{self, Dialect};

/// Print the table of flat rows as SQL
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:
  dhcptool schema --sql duckdb
  dhcptool schema discover --sql clickhouse
  dhcptool schema --sql spark --fields time,chaddr,message_type,host_name")]
pub struct Args {
    /// The command whose output is meant: decode if left out
    #[arg(value_name = "COMMAND")]
    command: Option<CommandArg>,

    /// Print the table of flat rows for this database
    #[arg(long, value_name = "DATABASE", required = true)]
    sql: Option<DialectArg>,

    /// Only these columns, in this order
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "sql")]
    fields: Option<Vec<String>>,
}

/// Commands with output for machines.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum CommandArg {
    /// Packets
    Decode,
    /// Packets
    Sniff,
    /// Offers
    Discover,
    /// An outcome
    Request,
}

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
    let (name, table): (&str, &'static [Column]) = match args.command {
        None | Some(CommandArg::Decode | CommandArg::Sniff) => ("dhcp_packets", &columns::PACKET),
        Some(CommandArg::Discover) => ("dhcp_offers", &columns::DISCOVER),
        Some(CommandArg::Request) => ("dhcp_requests", &columns::REQUEST),
    };
    if let Some(dialect) = args.sql {
        let plan = flat::plan(args.fields.as_deref(), table)?;
        cx.out.write(sql::create_table(&plan, name, dialect.into()).as_bytes())?;
    }
    Ok(Exit::Good)
}

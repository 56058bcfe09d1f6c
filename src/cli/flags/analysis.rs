//! The flags that ask what happened instead of which packets there were, shared by decode and sniff.

use std::time::Duration;

use clap::Args;

use super::common::positive;
use super::flat::FlatArgs;
use super::sender::duration;
use super::vendors::VendorArgs;
use crate::analysis::transaction::Outcome;
use crate::cli::commands::explain;
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::output::flat::{Rows, columns};
use crate::wire::HwAddr;
use crate::wire::problem::Severity;

/// What is made of the messages.
#[derive(Args, Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct AnalysisArgs {
    /// Join messages into exchanges: a row for each
    #[arg(long, help_heading = "Analysis")]
    pub transactions: bool,

    /// Draw each exchange as a ladder
    #[arg(long, help_heading = "Analysis")]
    pub ladder: bool,

    /// One summary: outcomes, servers with their delays, relays, clients that fail
    #[arg(long, help_heading = "Analysis")]
    pub stats: bool,

    /// Only what has problems: exchanges and findings, with advice; of DHCPv6 and routers what their messages and answers say wrongly
    #[arg(long, help_heading = "Analysis")]
    pub lint: bool,

    /// A row a client in trouble, worst first: who got no address, and why; --json and --format csv list every client
    #[arg(long, help_heading = "Analysis")]
    pub clients: bool,

    /// Exchanges of this client, or of all whose address begins so
    #[arg(long, value_name = "MAC", value_delimiter = ',', help_heading = "Analysis")]
    pub client: Vec<HwAddr>,

    /// Exchanges that ended so: bound, refused, unanswered, …
    #[arg(long, value_name = "OUTCOME", value_delimiter = ',', help_heading = "Analysis")]
    pub outcome: Vec<Outcome>,

    /// Exchanges and findings with this code
    #[arg(long, value_name = "CODE", value_delimiter = ',', help_heading = "Analysis")]
    pub code: Vec<String>,

    /// Exchanges that took longer than this, or were not answered
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Analysis")]
    pub slower_than: Option<Duration>,

    /// End with exit code 1 if anything as bad as this was printed
    #[arg(long, value_name = "SEVERITY", help_heading = "Analysis")]
    pub fail_on: Option<SeverityArg>,

    /// Say also what only old and narrow devices take amiss
    #[arg(long, help_heading = "Analysis")]
    pub strict: bool,

    /// Do not say this code; repeat to silence several
    #[arg(long, value_name = "CODE", help_heading = "Analysis")]
    pub ignore: Vec<String>,

    /// Exchanges open at a time; beyond that the oldest is closed as it stands (200000 if left out)
    #[arg(long, value_name = "N", value_parser = positive::<u32>, help_heading = "Analysis")]
    max_open: Option<u32>,

    /// Draw ladders with ASCII characters
    #[arg(long, requires = "ladder", help_heading = "Analysis")]
    pub ascii: bool,

    /// Whose network cards clients have.
    #[command(flatten)]
    pub vendors: VendorArgs,
}

/// The values of `--fail-on`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeverityArg {
    /// Users have no address or a bad one
    Error,
    /// Somebody waits, or it works by luck
    Warning,
    /// Worth knowing
    Note,
}

impl SeverityArg {
    /// The severity meant.
    pub fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Note => Severity::Note,
        }
    }
}

/// Exchanges open at a time unless told otherwise.
const MAX_OPEN: u32 = 200_000;

impl AnalysisArgs {
    /// Exchanges that may be open at a time.
    pub fn max_open(&self) -> usize {
        usize::try_from(self.max_open.unwrap_or(MAX_OPEN)).unwrap_or(usize::MAX)
    }

    /// True when messages are to be joined.
    pub fn is_wanted(&self) -> bool {
        self.transactions || self.ladder || self.stats || self.lint || self.clients
    }

    /// True when exchanges of this client are wanted.
    pub fn is_client(&self, mac: &HwAddr) -> bool {
        self.client.is_empty()
            || self.client.iter().any(|wanted| mac.as_slice().starts_with(wanted.as_slice()))
    }

    /// The writer of flat rows that the flags ask for, of exchanges or of clients.
    pub fn rows(&self, flat: &FlatArgs, cx: &Context) -> Result<Option<Rows>, Failure> {
        let table = if self.clients { &columns::CLIENT } else { &columns::TRANSACTION };
        let Some(rows) = flat.rows(table, cx)? else { return Ok(None) };
        if self.transactions == self.clients || self.ladder || self.stats {
            return Err(Failure::usage(
                "--flat, --fields and --format show exchanges (--transactions) or clients (--clients) as rows, one of them at a \
                 time; --ladder and --stats show none",
            ));
        }
        Ok(Some(rows))
    }

    /// Refuses what has no meaning: unknown codes, and selections of exchanges where none are made. The screen (`top`) makes some,
    /// too.
    pub fn check(&self, top: bool) -> Result<(), Failure> {
        for code in self.code.iter().chain(&self.ignore) {
            explain::find(code)?;
        }
        let selects = !self.client.is_empty()
            || !self.outcome.is_empty()
            || !self.code.is_empty()
            || self.slower_than.is_some()
            || self.fail_on.is_some();
        if self.is_wanted() {
            return Ok(());
        }
        if selects {
            return Err(Failure::usage(
                "--client, --outcome, --code, --slower-than and --fail-on choose among exchanges; add --transactions, --ladder, \
                 --stats, --lint or --clients",
            ));
        }
        if self.strict || !self.ignore.is_empty() || self.vendors.is_given() {
            return Err(Failure::usage(
                "--strict, --ignore and --vendors are for what is said of exchanges and clients; add --transactions, --ladder, --stats, \
                 --lint or --clients",
            ));
        }
        if self.max_open.is_some() && !top {
            return Err(Failure::usage(
                "--max-open is for exchanges; add --transactions, --ladder, --stats, --lint, --clients or --top",
            ));
        }
        Ok(())
    }
}

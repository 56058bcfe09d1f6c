//! The flags of a screen that is drawn again and again.

use std::net::IpAddr;

use super::analysis::AnalysisArgs;
use crate::cli::context::{Context, is_dumb};
use crate::cli::exit::Failure;
use crate::cli::top::Top;

/// What no screen goes with; who takes --top names it too, for clap asks for no flag that cannot be beside another.
pub const OTHER_VIEWS: [&str; 9] =
    ["transactions", "ladder", "stats", "lint", "clients", "flat", "fields", "format", "ascii"];

/// What a screen shows.
#[derive(clap::Args, Debug)]
pub struct ScreenArgs {
    /// A screen of how it stands, drawn again every second: servers with rates and delays, clients that fail and for how long
    #[arg(long, conflicts_with_all = OTHER_VIEWS, help_heading = "Analysis")]
    pub top: bool,

    /// Servers that are meant to be there; others are marked
    #[arg(long, value_name = "ADDR", value_delimiter = ',', requires = "top", conflicts_with_all = OTHER_VIEWS, help_heading = "Analysis")]
    known: Vec<IpAddr>,
}

impl ScreenArgs {
    /// The screen, which takes a terminal.
    pub fn open(&self, analysis: &AnalysisArgs, cx: &Context) -> Result<Top, Failure> {
        if cx.common.json {
            return Err(Failure::usage(
                "--top draws for people; --transactions --json tells programs what happens",
            ));
        }
        if is_dumb() {
            return Err(Failure::usage(
                "--top draws on a terminal that can move its cursor, which TERM says this one cannot",
            ));
        }
        let size = cx.out.width().zip(cx.out.height());
        let size = size.ok_or_else(|| {
            Failure::usage("--top draws on a terminal; --transactions tells a pipe or a file what happens")
        })?;
        // Here, for a confined process may not ask for its group.
        #[cfg(feature = "live")]
        crate::net::signals::keep_terminal();
        Ok(Top::new(&self.known, size, cx.out.color(), analysis.max_open()))
    }
}

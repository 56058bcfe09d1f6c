//! Flag groups that several commands share.

use std::str::FromStr;

use clap::{ArgAction, Args, ValueEnum};

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct CommonArgs {
    /// Print JSON, one object per line, for programs
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,

    /// When to colour the output; NO_COLOR is obeyed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: ColorChoice,

    /// Say more; twice for more still
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,

    /// Say nothing but the results: no summary, no warnings, no progress
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
}

/// Reads a number of things of which there must be one at least.
pub fn positive<T: FromStr + From<bool> + PartialOrd>(text: &str) -> Result<T, &'static str> {
    match text.parse() {
        Ok(number) if number >= T::from(true) => Ok(number),
        _ => Err("it must be a whole number, at least 1"),
    }
}

/// When to use colour.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

//! `dhcptool completions`: print a completion script.

use clap_complete::Shell;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::generate;

/// Print a completion script for a shell
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    cx.out.write(&generate::completion(args.shell))?;
    Ok(Exit::Good)
}

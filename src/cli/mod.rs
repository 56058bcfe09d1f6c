//! The command line: what the program understands, and how it ends.

pub mod commands;
pub mod context;
pub mod exit;
pub mod flags;
pub mod frames;
pub mod generate;
pub mod lease;
pub mod replay;
pub mod report;
pub mod segment;
pub mod session;
pub mod stream;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use context::Context;
use exit::{Exit, Failure, Outcome};
use flags::common::CommonArgs;

/// DHCP diagnostics and packet crafting
#[derive(Parser, Debug)]
#[command(name = "dhcptool", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    common: CommonArgs,

    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[allow(clippy::large_enum_variant, reason = "there is one, for the whole run")]
#[derive(Subcommand, Debug)]
enum Command {
    Discover(commands::discover::Args),
    Request(commands::request::Args),
    Release(commands::release::Args),
    Decline(commands::decline::Args),
    Inform(commands::inform::Args),
    Handshake(commands::handshake::Args),
    Send(commands::send::Args),
    Rogue(commands::rogue::Args),
    Sniff(commands::sniff::Args),
    Decode(commands::decode::Args),
    Options(commands::options::Args),
    Interfaces(commands::interfaces::Args),
    Lab(commands::lab::Args),
    Schema(commands::schema::Args),
    Completions(commands::completions::Args),
}

/// The definition of the whole command line, from which help, man pages and completions are made.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    run(std::env::args_os()).into()
}

fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args = flags::select::with_problems_joined(args.into_iter().collect());
    let cli = match command().try_get_matches_from(&args).and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are a good answer; the rest is a wrong command line, said in one line.
            if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let printed = error.print();
                return match printed.map_err(|error| Failure::output(&error)) {
                    Ok(()) if error.use_stderr() => Exit::Usage,
                    Ok(()) => Exit::Good,
                    Err(failure) => failure.exit,
                };
            }
            let line = if asks_for_v6(&error) { NO_V6.to_owned() } else { one_line(&error.to_string()) };
            let mut context = Context::new(CommonArgs::default());
            // Monitoring reads the plugins' convention even then.
            if commands::rogue::is_plugin(&args) {
                return commands::rogue::unknown(&line, &mut context).unwrap_or_else(|failure| failure.exit);
            }
            context.error(&line);
            return Exit::Usage;
        }
    };
    let mut context = Context::new(cli.common);
    match dispatch(&cli.command, &mut context) {
        Ok(exit) => exit,
        Err(Failure { exit, message }) => {
            if let Some(message) = message {
                context.error(&message);
            }
            exit
        }
    }
}

/// What is said to `-6`.
const NO_V6: &str = "-6: DHCPv6 is not supported yet; without -6 dhcptool speaks DHCPv4";

fn asks_for_v6(error: &clap::Error) -> bool {
    let argument = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(argument))) => argument.as_str(),
        _ => "",
    };
    matches!(argument, "-6" | "--ipv6")
}

/// The gist of clap's error: its first paragraph and its tips in one line. That an unknown flag could be meant as a value is
/// no help.
fn one_line(error: &str) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = error.split("\n\n");
    let mut line = words(paragraphs.next().unwrap_or_default().trim_start_matches("error:"));
    let tips = paragraphs.filter_map(|paragraph| paragraph.trim_start().strip_prefix("tip: "));
    for tip in tips.filter(|tip| !tip.starts_with("to pass '")) {
        line = format!("{line}; {}", words(tip));
    }
    format!("{line} (see --help)")
}

fn dispatch(command: &Command, cx: &mut Context) -> Outcome {
    match command {
        Command::Discover(args) => commands::discover::run(args, cx),
        Command::Request(args) => commands::request::run(args, cx),
        Command::Release(args) => commands::release::run(args, cx),
        Command::Decline(args) => commands::decline::run(args, cx),
        Command::Inform(args) => commands::inform::run(args, cx),
        Command::Handshake(args) => commands::handshake::run(args, cx),
        Command::Send(args) => commands::send::run(args, cx),
        Command::Rogue(args) => commands::rogue::run(args, cx),
        Command::Sniff(args) => commands::sniff::run(args, cx),
        Command::Decode(args) => commands::decode::run(args, cx),
        Command::Options(args) => commands::options::run(args, cx),
        Command::Interfaces(args) => commands::interfaces::run(args, cx),
        Command::Lab(args) => commands::lab::run(args, cx),
        Command::Schema(args) => commands::schema::run(args, cx),
        Command::Completions(args) => commands::completions::run(args, cx),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_wrong_command_line_is_one_line() {
        let error =
            "error: the following required arguments were not provided:\n  <FILE>...\n\nUsage: x\n\nFor more";
        let want = "the following required arguments were not provided: <FILE>... (see --help)";
        assert_eq!(super::one_line(error), want);
        let unknown = |line: &[&str]| super::command().try_get_matches_from(line).unwrap_err();
        let error = unknown(&["dhcptool", "rogue", "--duration", "3s"]);
        assert_eq!(
            super::one_line(&error.to_string()),
            "unexpected argument '--duration' found (see --help)"
        );
        let error = unknown(&["dhcptool", "decode", "--thread", "2"]);
        assert!(super::one_line(&error.to_string()).contains("a similar argument exists: '--threads'"));
        for flag in ["-6", "--ipv6"] {
            assert!(super::asks_for_v6(&unknown(&["dhcptool", "discover", flag])));
        }
        let error = "error: unexpected argument '--jsn' found\n\n  tip: a similar argument exists: '--json'\n\nUsage: x";
        let want = "unexpected argument '--jsn' found; a similar argument exists: '--json' (see --help)";
        assert_eq!(super::one_line(error), want);
    }

    #[test]
    fn the_definition_is_consistent() {
        super::command().debug_assert();
    }
}

//! The command line: what the program understands, and how it ends.

pub mod analyst;
mod behind;
pub mod brief;
pub mod commands;
pub mod completing;
pub mod context;
pub mod exit;
pub mod flags;
pub mod frames;
pub mod gather;
pub mod generate;
pub mod hexdump;
#[cfg(feature = "live")]
pub mod joining;
pub mod lease;
pub mod manual;
pub mod reading;
pub mod replay;
pub mod replay6;
pub mod report;
pub mod reshow;
pub mod session;
pub mod six;
pub mod stream;
pub mod teller;
pub mod terminal;
pub mod text;
pub mod top;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use context::Context;
use exit::{Exit, Failure, Outcome};
use flags::common::CommonArgs;

use crate::analysis::likeness::distance;

/// DHCP diagnostics and packet crafting
#[derive(Parser, Debug)]
#[command(name = "dhcptool", version, long_version = long_version(), propagate_version = true, arg_required_else_help = true)]
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
    Doctor(commands::doctor::Args),
    Interfaces(commands::interfaces::Args),
    Lab(commands::lab::Args),
    Schema(commands::schema::Args),
    Diff(commands::diff::Args),
    Explain(commands::explain::Args),
    Report(commands::report::Args),
    Completions(commands::completions::Args),
}

/// What `--version` says: the version, what was built in, and the version of the objects of JSON.
fn long_version() -> String {
    let live = if cfg!(feature = "live") { "live" } else { "none (offline decoder)" };
    let mut text = format!("{}\nfeatures: {live}", env!("CARGO_PKG_VERSION"));
    #[cfg(feature = "live")]
    {
        text.push_str("\nlibpcap: ");
        text.push_str(&crate::net::libpcap_version());
    }
    text.push_str("\nschema: ");
    text.push_str(&crate::output::schema::VERSION.to_string());
    text
}

/// The definition of the whole command line, from which help, man pages and completions are made.
pub fn command() -> clap::Command {
    plain_command().mut_subcommands(|command| {
        let (notes, rest) = (command.get_after_long_help(), manual::help(command.get_name()));
        let text = notes.map(|notes| format!("{notes}\n\n{rest}")).unwrap_or(rest);
        if text.is_empty() { command } else { command.after_long_help(text) }
    })
}

/// The same without exit statuses and examples.
fn plain_command() -> clap::Command {
    Cli::command().mut_subcommands(|command| brief::hidden(flags::nagios::with_shorts(command)))
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    run(std::env::args_os()).into()
}

fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let folder = std::env::current_dir().ok();
    if completing::answer(&args, context::env(completing::ASKED).as_deref(), folder.as_deref()) {
        return Exit::Good;
    }
    let args = flags::select::with_problems_joined(args);
    let args = flags::nagios::with_thresholds(args);
    let asks_briefly = args.iter().take_while(|word| *word != "--").any(|word| word == "-h");
    let definition = if asks_briefly { brief::short(command()) } else { command() };
    let cli = match definition.try_get_matches_from(&args).and_then(|matches| Cli::from_arg_matches(&matches))
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
            if flags::nagios::is_plugin(&args) {
                return flags::nagios::unknown(&line, &mut context).unwrap_or_else(|failure| failure.exit);
            }
            context.error(&line);
            return Exit::Usage;
        }
    };
    let mut context = Context::new(cli.common);
    match dispatch(&cli.command, &mut context) {
        Ok(exit) => exit,
        Err(Failure { exit, message }) => {
            // What was understood and is refused all the same is said in the plugins' convention, too.
            if exit == Exit::Usage && flags::nagios::is_plugin(&args) {
                let line = message.unwrap_or_default();
                return flags::nagios::unknown(&line, &mut context).unwrap_or_else(|failure| failure.exit);
            }
            if let Some(message) = message {
                context.error(&message);
            }
            exit
        }
    }
}

/// What is said to `-6`.
const NO_V6: &str = "-6: this command speaks DHCPv4 alone; leave it out";

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
    let said = words(paragraphs.next().unwrap_or_default().trim_start_matches("error:"));
    let mut line = said.clone();
    let tips = paragraphs.filter_map(|paragraph| paragraph.trim_start().strip_prefix("tip: "));
    for tip in tips.filter(|tip| !tip.starts_with("to pass '")) {
        if let Some(tip) = helpful(&words(tip), &said) {
            line = format!("{line}; {tip}");
        }
    }
    format!("{line} (see --help)")
}

/// What changes something on the network or in a file, and is suggested to nobody.
const DANGEROUS: [&str; 9] = [
    "release",
    "decline",
    "send",
    "handshake",
    "--force",
    "--release",
    "--decline-on-conflict",
    "--write",
    "--load",
];

/// A tip without what the wrong word of `said` was hardly meant to be; `None` when nothing close and harmless is left.
fn helpful(tip: &str, said: &str) -> Option<String> {
    let quoted = |text: &str| text.split('\'').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (meant, Some(wrong)) = (quoted(tip), quoted(said).into_iter().next()) else {
        return Some(tip.to_owned());
    };
    if meant.is_empty() {
        return Some(tip.to_owned());
    }
    let is_close = |word: &String| {
        !DANGEROUS.contains(&word.as_str()) && distance(word, &wrong) <= (word.len() / 4).max(1)
    };
    let close: Vec<String> = meant.into_iter().filter(is_close).map(|word| format!("'{word}'")).collect();
    let what = match () {
        () if said.starts_with("invalid value") => "value",
        () if wrong.starts_with('-') => "argument",
        () => "subcommand",
    };
    match close.as_slice() {
        [] => None,
        [one] => Some(format!("a similar {what} exists: {one}")),
        several => Some(format!("similar {what}s exist: {}", several.join(", "))),
    }
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
        Command::Doctor(args) => commands::doctor::run(args, cx),
        Command::Interfaces(args) => commands::interfaces::run(args, cx),
        Command::Lab(args) => commands::lab::run(args, cx),
        Command::Schema(args) => commands::schema::run(args, cx),
        Command::Diff(args) => commands::diff::run(args, cx),
        Command::Explain(args) => commands::explain::run(args, cx),
        Command::Report(args) => commands::report::run(args, cx),
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
        let error = unknown(&["dhcptool", "send", "--expect", "relay-reply"]);
        assert!(super::one_line(&error.to_string()).contains("; a similar value exists: 'relay-repl'"));
        for flag in ["-6", "--ipv6"] {
            assert!(super::asks_for_v6(&unknown(&["dhcptool", "doctor", flag])));
        }
        let error = "error: unexpected argument '--jsn' found\n\n  tip: a similar argument exists: '--json'\n\nUsage: x";
        let want = "unexpected argument '--jsn' found; a similar argument exists: '--json' (see --help)";
        assert_eq!(super::one_line(error), want);
    }

    #[test]
    fn nothing_dangerous_or_unrelated_is_suggested() {
        let said = |line: &[&str]| {
            let error = super::command().try_get_matches_from([&["dhcptool"], line].concat()).unwrap_err();
            super::one_line(&error.to_string())
        };
        for wrong in ["explian", "decline-all", "relaese", "sendd", "define", "declin", "explode"] {
            let line = said(&[wrong]);
            assert!(
                !line.contains("release") && !line.contains("send'") && !line.contains("'decline'"),
                "{line}"
            );
        }
        assert!(said(&["dicover"]).contains("'discover'"), "{}", said(&["dicover"]));
        assert!(said(&["sinff"]).contains("'sniff'"));
        assert!(!said(&["request", "--forc"]).contains("'--force'"));
    }

    #[test]
    fn the_definition_is_consistent() {
        super::command().debug_assert();
    }
}

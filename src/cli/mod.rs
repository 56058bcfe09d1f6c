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
pub mod redaction;
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
use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use context::Context;
use exit::{Exit, Failure, Outcome};
use flags::common::CommonArgs;

use crate::analysis::likeness::distance;

/// DHCP diagnostics and packet crafting
#[derive(Parser, Debug)]
#[command(name = "dhcptool", version, long_version = long_version(), propagate_version = true)]
#[command(arg_required_else_help = true, subcommand_required = true)]
struct Frame {
    #[command(flatten)]
    common: CommonArgs,
}

/// The subcommands: how each is parsed, how it is run, and the definition of one alone.
macro_rules! commands {
    ($($name:literal $variant:ident $module:ident)*) => {
        // No doc comment: it would become the program's own description.
        #[allow(clippy::large_enum_variant, reason = "there is one, for the whole run")]
        #[derive(Subcommand, Debug)]
        enum Command {
            $(#[command(name = $name)] $variant(commands::$module::Args),)*
        }

        impl Command {
            /// The definition of the subcommand of this very name.
            fn define(name: &str) -> Option<clap::Command> {
                match name {
                    $($name => Some(commands::$module::Args::augment_args(clap::Command::new($name))),)*
                    _ => None,
                }
            }

            fn run(&self, cx: &mut Context) -> Outcome {
                match self {
                    $(Self::$variant(args) => commands::$module::run(args, cx),)*
                }
            }
        }
    };
}

commands! {
    "discover" Discover discover
    "request" Request request
    "release" Release release
    "decline" Decline decline
    "inform" Inform inform
    "handshake" Handshake handshake
    "send" Send send
    "rogue" Rogue rogue
    "sniff" Sniff sniff
    "decode" Decode decode
    "options" Options options
    "doctor" Doctor doctor
    "interfaces" Interfaces interfaces
    "lab" Lab lab
    "schema" Schema schema
    "diff" Diff diff
    "explain" Explain explain
    "report" Report report
    "completions" Completions completions
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
    with_manual(plain_command())
}

/// The same without exit statuses and examples.
fn plain_command() -> clap::Command {
    whole(Command::augment_subcommands(Frame::command()))
}

/// The part of the definition that these arguments need. One subcommand is a twentieth of the whole, which takes a megabyte
/// and a millisecond.
fn command_for(args: &[OsString]) -> clap::Command {
    if let [_, only] = args
        && (only == "--version" || only == "-V")
    {
        return Frame::command();
    }
    let named = args.get(1).and_then(|word| Command::define(word.to_str()?));
    match named {
        Some(named) => with_manual(whole(Frame::command().subcommand(named))),
        None => command(),
    }
}

/// With what the subcommands' own definitions leave out.
fn whole(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| brief::hidden(flags::nagios::with_shorts(command)))
}

/// With exit statuses and examples.
fn with_manual(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| {
        let (notes, rest) = (command.get_after_long_help(), manual::help(command.get_name()));
        let text = notes.map(|notes| format!("{notes}\n\n{rest}")).unwrap_or(rest);
        if text.is_empty() { command } else { command.after_long_help(text) }
    })
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
    let definition = command_for(&args);
    let definition = if asks_briefly { brief::short(definition) } else { definition };
    let parsed = definition.try_get_matches_from(&args).and_then(|matches| {
        Ok((Frame::from_arg_matches(&matches)?.common, Command::from_arg_matches(&matches)?))
    });
    let (common, command) = match parsed {
        Ok(parsed) => parsed,
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
    let mut context = Context::new(common);
    match command.run(&mut context) {
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

    /// clap does not ask for a flag that cannot be beside another, so that who takes it is refused beside that by name.
    #[test]
    fn who_takes_a_flag_is_refused_beside_what_excludes_it() {
        use clap::error::{ContextKind, ContextValue, ErrorKind};
        let values =
            ["1", "10s", "x", "10.0.0.1", "9167", "100", "utc", "exec", "02:00:00:00:00:01", "2001:db8::1"];
        let (mut tried, mut taken) = (0, Vec::new());
        for one in super::command().get_subcommands() {
            let name = one.get_name();
            let alone = super::command_for(&["dhcptool".into(), name.into()]);
            let refused = |words: &[String]| {
                let line = ["dhcptool", name].into_iter().chain(words.iter().map(String::as_str));
                alone.clone().try_get_matches_from(line).err()
            };
            // The flag with a value that it takes.
            let words = |arg: &clap::Arg| -> Option<String> {
                let Some(long) = arg.get_long() else { return Some("x".to_owned()) };
                if !arg.get_action().takes_values() {
                    return Some(format!("--{long}"));
                }
                let with = values.iter().map(|value| format!("--{long}={value}"));
                let bad = [ErrorKind::ValueValidation, ErrorKind::InvalidValue];
                with.into_iter().find(|word| {
                    refused(std::slice::from_ref(word)).is_none_or(|error| !bad.contains(&error.kind()))
                })
            };
            let args: Vec<&clap::Arg> = one.get_arguments().collect();
            for arg in args.iter().filter(|arg| arg.get_long().is_some()) {
                let Some(own) = words(arg) else { continue };
                let Some(error) = refused(std::slice::from_ref(&own)) else { continue };
                let Some(ContextValue::Strings(wanted)) = error.get(ContextKind::InvalidArg) else {
                    continue;
                };
                let is_wanted = |other: &&&clap::Arg| {
                    let long = other.get_long().map(|long| format!("--{long}"));
                    long.is_some_and(|long| {
                        wanted.iter().any(|want| want.split([' ', '=']).next() == Some(&long))
                    })
                };
                for wanted in args.iter().filter(is_wanted) {
                    let Some(wanted) = words(wanted) else { continue };
                    for out in args.iter().filter(|out| out.get_id() != arg.get_id()) {
                        let Some(other) = words(out).filter(|other| *other != wanted) else { continue };
                        let excluded = refused(&[wanted.clone(), other.clone()])
                            .is_some_and(|error| error.kind() == ErrorKind::ArgumentConflict);
                        if excluded {
                            tried += 1;
                            if refused(&[own.clone(), other.clone()]).is_none() {
                                taken.push(format!("{name} {own} {other}"));
                            }
                        }
                    }
                }
            }
        }
        assert!(tried > 10 && taken.is_empty(), "of {tried}: {taken:#?}");
    }

    #[test]
    fn a_subcommand_alone_is_what_it_is_among_all() {
        let all = super::command();
        for one in all.get_subcommands() {
            let args = ["dhcptool".into(), one.get_name().into()];
            let alone = super::command_for(&args);
            assert_eq!(alone.get_subcommands().count(), 1);
            let said = |definition: &clap::Command| {
                let line = ["dhcptool", one.get_name(), "--help"];
                definition.clone().try_get_matches_from(line).unwrap_err().to_string()
            };
            assert_eq!(said(&alone), said(&all));
        }
        for word in ["-V", "--version"] {
            let line = ["dhcptool", word];
            let said =
                |definition: clap::Command| definition.try_get_matches_from(line).unwrap_err().to_string();
            assert_eq!(said(super::command_for(&line.map(Into::into))), said(super::command()));
        }
        for words in [&["dhcptool"][..], &["dhcptool", "--json", "decode"], &["dhcptool", "dicover"]] {
            let args: Vec<_> = words.iter().map(Into::into).collect();
            assert!(super::command_for(&args).get_subcommands().count() > 10);
        }
    }
}

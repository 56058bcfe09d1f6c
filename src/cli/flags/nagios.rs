//! The flags that make a command a monitoring plugin.

use std::ffi::OsString;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::output::plugin::{AlertRange, Plugin, PluginState, Thresholds};

/// Whether to be a monitoring plugin, and what is too slow.
#[derive(Args, Clone, Debug, Default)]
pub struct NagiosArgs {
    /// Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3
    #[arg(long, conflicts_with = "json", help_heading = "Monitoring")]
    nagios: bool,

    /// Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50, since the first question, which may have been repeated; with
    /// --nagios also -w RANGE
    #[arg(
        long,
        value_name = "RANGE",
        requires = "nagios",
        conflicts_with = "json",
        allow_hyphen_values = true,
        help_heading = "Monitoring"
    )]
    warning: Option<AlertRange>,

    /// Milliseconds that are CRITICAL; with --nagios also -c RANGE
    #[arg(
        long,
        value_name = "RANGE",
        requires = "nagios",
        conflicts_with = "json",
        allow_hyphen_values = true,
        help_heading = "Monitoring"
    )]
    critical: Option<AlertRange>,
}

/// What a plugin says that was stopped before its work was done.
const INTERRUPTED: &str = "interrupted before the work was done";

/// Commands with these flags.
const COMMANDS: [&str; 5] = ["discover", "request", "handshake", "rogue", "doctor"];

impl NagiosArgs {
    /// True when the command is to be a plugin.
    pub fn is_on(&self) -> bool {
        self.nagios
    }

    /// What is too slow.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds { warning: self.warning.clone(), critical: self.critical.clone() }
    }

    /// Prints what a plugin has to say; its exit status.
    pub fn tell(plugin: &Plugin, cx: &mut Context) -> Outcome {
        cx.out.write(plugin.text().as_bytes())?;
        Ok(Exit::Code(plugin.state.code()))
    }

    /// The same, unless something came in between, which `exit` says: what was cut short tells nothing.
    pub fn conclude(plugin: &Plugin, exit: Exit, cx: &mut Context) -> Outcome {
        match exit {
            Exit::Good => Self::tell(plugin, cx),
            other => Ok(other),
        }
    }

    /// What `run` ends with; a plugin that could not run says so on standard output.
    pub fn guard(&self, cx: &mut Context, run: impl FnOnce(&mut Context) -> Outcome) -> Outcome {
        guard(self.nagios, cx, run)
    }
}

/// What `run` ends with, where it may be a plugin: one that could not run says so on standard output, and one that was stopped, too.
pub fn guard(is_plugin: bool, cx: &mut Context, run: impl FnOnce(&mut Context) -> Outcome) -> Outcome {
    cx.plugin = is_plugin;
    match run(cx) {
        Err(Failure { message: Some(message), .. }) if is_plugin => unknown(&message, cx),
        Ok(Exit::Interrupted) if is_plugin => unknown(INTERRUPTED, cx),
        outcome => outcome,
    }
}

/// Says as a plugin why nothing is known.
pub fn unknown(message: &str, cx: &mut Context) -> Outcome {
    NagiosArgs::tell(&Plugin::new(PluginState::Unknown, message), cx)
}

/// True when this command line, understood or not, asks for a monitoring plugin of one of these commands.
pub fn is_plugin(words: &[OsString]) -> bool {
    let options = || words.iter().take_while(|word| *word != "--");
    options().any(|word| word == "--nagios") && options().any(|word| COMMANDS.iter().any(|name| word == name))
}

/// The short flags of the thresholds, which the plugins' guidelines want.
const SHORTS: [(char, &str); 2] = [('w', "warning"), ('c', "critical")];

/// The command with these short flags where none of its own has that letter.
pub fn with_shorts(command: clap::Command) -> clap::Command {
    SHORTS.into_iter().fold(command, |command, (letter, name)| {
        let is_taken = command.get_arguments().any(|arg| arg.get_short() == Some(letter));
        let has = command.get_arguments().any(|arg| arg.get_long() == Some(name));
        if has && !is_taken { command.mut_arg(name, |arg| arg.short(letter)) } else { command }
    })
}

/// The command line of a plugin with `-w` and `-c` as the plugins' guidelines mean them; elsewhere they are other flags.
pub fn with_thresholds(words: Vec<OsString>) -> Vec<OsString> {
    if !is_plugin(&words) {
        return words;
    }
    let long = |word: OsString| -> OsString {
        let short = |letter: char| word.to_str()?.strip_prefix('-')?.strip_prefix(letter);
        let found = SHORTS.into_iter().find_map(|(letter, long)| Some((long, short(letter)?)));
        match found {
            Some((long, "")) => format!("--{long}").into(),
            // As of any short flag, what stands behind = is the value.
            Some((long, value)) => format!("--{long}={}", value.strip_prefix('=').unwrap_or(value)).into(),
            None => word,
        }
    };
    words.into_iter().map(long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guidelines_flags_are_those_of_plugins_only() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let line = |line: &str| {
            let words = with_thresholds(words(line)).into_iter().map(|word| word.into_string().unwrap());
            words.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("dhcptool handshake -c 3"), "dhcptool handshake -c 3");
        assert_eq!(
            line("dhcptool handshake --nagios -w 50 -c100 eth0"),
            "dhcptool handshake --nagios --warning 50 --critical=100 eth0"
        );
        assert_eq!(
            line("dhcptool rogue --nagios -w=10 -c -5:5"),
            "dhcptool rogue --nagios --warning=10 --critical -5:5"
        );
        assert_eq!(line("dhcptool rogue --nagios -c 3"), "dhcptool rogue --nagios --critical 3");
        assert_eq!(line("dhcptool lab -c 3 --nagios"), "dhcptool lab -c 3 --nagios");
        assert!(is_plugin(&words("dhcptool doctor eth0 --nagios --nonsense")));
        assert!(!is_plugin(&words("dhcptool discover -- --nagios")));
    }
}

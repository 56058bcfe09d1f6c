//! The flags that make a command a monitoring plugin.

use std::ffi::{OsStr, OsString};

use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::output::plugin::{Plugin, Range, State, Thresholds};

/// Whether to be a monitoring plugin, and what is too slow.
#[derive(Args, Clone, Debug, Default)]
pub struct NagiosArgs {
    /// Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3
    #[arg(long, conflicts_with = "json", help_heading = "Monitoring")]
    nagios: bool,

    /// Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50; with --nagios also -w
    #[arg(long, value_name = "RANGE", requires = "nagios", help_heading = "Monitoring")]
    warning: Option<Range>,

    /// Milliseconds that are CRITICAL; with --nagios also -c
    #[arg(long, value_name = "RANGE", requires = "nagios", help_heading = "Monitoring")]
    critical: Option<Range>,
}

/// Commands with these flags.
const COMMANDS: [&str; 4] = ["discover", "request", "handshake", "rogue"];

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

    /// The same, unless something came in between, which `exit` says.
    pub fn conclude(plugin: &Plugin, exit: Exit, cx: &mut Context) -> Outcome {
        if exit == Exit::Good { Self::tell(plugin, cx) } else { Ok(exit) }
    }

    /// What `run` ends with; a plugin that could not run says so on standard output.
    pub fn guard(&self, cx: &mut Context, run: impl FnOnce(&mut Context) -> Outcome) -> Outcome {
        match run(cx) {
            Err(Failure { message: Some(message), .. }) if self.nagios => unknown(&message, cx),
            outcome => outcome,
        }
    }
}

/// Says as a plugin why nothing is known.
pub fn unknown(message: &str, cx: &mut Context) -> Outcome {
    NagiosArgs::tell(&Plugin::new(State::Unknown, message), cx)
}

/// True when this command line, understood or not, asks for a monitoring plugin of one of these commands.
pub fn is_plugin(words: &[OsString]) -> bool {
    let options = || words.iter().take_while(|word| *word != "--");
    options().any(|word| word == "--nagios") && options().any(|word| COMMANDS.iter().any(|name| word == name))
}

/// The command line of a plugin with `-w` and `-c` as the plugins' guidelines mean them; elsewhere they are other flags.
pub fn with_thresholds(words: Vec<OsString>) -> Vec<OsString> {
    if !is_plugin(&words) {
        return words;
    }
    let long = |word: OsString| -> OsString {
        for (short, long) in [("-w", "--warning"), ("-c", "--critical")] {
            if word == short {
                return long.into();
            }
            if let Some(value) =
                word.to_str().and_then(|text| text.strip_prefix(short)).filter(|value| !value.is_empty())
            {
                return [OsStr::new(long), OsStr::new("="), OsStr::new(value)].into_iter().collect();
            }
        }
        word
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
        assert_eq!(line("dhcptool rogue --nagios -c 3"), "dhcptool rogue --nagios --critical 3");
        assert_eq!(line("dhcptool lab -c 3 --nagios"), "dhcptool lab -c 3 --nagios");
        assert!(!is_plugin(&words("dhcptool discover -- --nagios")));
    }
}

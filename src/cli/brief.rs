//! What `-h` says: the flags that people use, a line each, so that it fits one screen. `--help` has all.

use clap::{Arg, Command};

/// The flags that `-h` shows of each command, in this order; of a command that is not here it shows all.
const USUAL: &[(&str, &[&str])] = &[
    (
        "discover",
        &[
            "ipv6",
            "wait",
            "first",
            "expect",
            "server",
            "mac",
            "giaddr",
            "option",
            "request-options",
            "vendor-class",
            "hostname",
            "format",
            "fields",
            "nagios",
            "dry-run",
            "write",
        ],
    ),
    (
        "request",
        &[
            "ipv6",
            "state",
            "ip",
            "server",
            "mac",
            "release",
            "arp-check",
            "ia-na",
            "ia-pd",
            "option",
            "hostname",
            "client-id",
            "request-options",
            "nagios",
            "dry-run",
            "write",
        ],
    ),
    (
        "release",
        &["ipv6", "lease", "ip", "server", "prefix", "mac", "client-id", "option", "dry-run", "write"],
    ),
    (
        "decline",
        &["ipv6", "ip", "server", "lease", "reason", "mac", "client-id", "option", "dry-run", "write"],
    ),
    (
        "inform",
        &["ipv6", "ip", "server", "request-options", "option", "mac", "vendor-class", "dry-run", "write"],
    ),
    (
        "handshake",
        &[
            "ipv6",
            "count",
            "interval",
            "rate",
            "duration",
            "clients",
            "find-rate",
            "slo",
            "load",
            "threads",
            "keep",
            "write-leases",
            "each",
            "histogram",
            "server",
            "mac",
            "giaddr",
            "option",
            "nagios",
        ],
    ),
    (
        "send",
        &[
            "ipv6",
            "type",
            "option",
            "no-option",
            "mac",
            "server",
            "from-json",
            "from-pcap",
            "number",
            "hex",
            "expect",
            "count",
            "interval",
            "giaddr",
            "vlan",
            "no-end",
            "trailer",
            "dry-run",
            "write",
        ],
    ),
    (
        "rogue",
        &[
            "ipv4",
            "ipv6",
            "allow",
            "policy",
            "learn",
            "require",
            "wait",
            "passive",
            "vlan",
            "from",
            "watch",
            "interval",
            "state",
            "exec",
            "prometheus",
            "listen",
            "nagios",
            "vendors",
        ],
    ),
    (
        "sniff",
        &[
            "mac",
            "xid",
            "type",
            "ip",
            "server",
            "option",
            "filter",
            "problem",
            "count",
            "duration",
            "transactions",
            "ladder",
            "clients",
            "lint",
            "stats",
            "top",
            "write",
            "write-only",
            "wide",
            "time",
            "format",
            "fields",
        ],
    ),
    (
        "decode",
        &[
            "number",
            "mac",
            "xid",
            "type",
            "ip",
            "server",
            "option",
            "since",
            "until",
            "filter",
            "problem",
            "count",
            "transactions",
            "ladder",
            "clients",
            "lint",
            "stats",
            "write",
            "redact",
            "wide",
            "time",
            "format",
            "fields",
        ],
    ),
    (
        "lab",
        &[
            "servers",
            "rogue",
            "relay",
            "silent",
            "nak",
            "slow-check",
            "loss",
            "delay",
            "pool-size",
            "lease-time",
            "client-addr",
            "ra",
            "pd",
            "stall",
            "fault",
            "faults",
        ],
    ),
    (
        "doctor",
        &[
            "quick", "mac", "vlan", "pxe", "via", "server", "passive", "listen", "expect", "save", "explain",
            "nagios", "watch",
        ],
    ),
];

/// Flags of every command, which every `-h` shows.
const EVERYWHERE: [&str; 4] = ["json", "verbose", "quiet", "help"];
/// Where they stand in the list, behind all others.
const LAST: usize = 1000;
/// Columns that there are for a text at least.
const TEXT: usize = 44;
/// The longest name of a value: a longer one moves every text to the right.
const VALUE: usize = 12;

/// The command with what `-h` does not show hidden from it.
pub fn hidden(command: Command) -> Command {
    let usual = USUAL.iter().find(|(name, _)| *name == command.get_name()).map(|(_, usual)| *usual);
    let Some(usual) = usual else { return command };
    command.mut_args(|arg| {
        let long = arg.get_long().unwrap_or_default();
        let shown = arg.is_positional() || usual.contains(&long) || EVERYWHERE.contains(&long);
        arg.hide_short_help(!shown)
    })
}

/// The command line for a `-h`: a line a flag, in one list.
pub fn short(command: Command) -> Command {
    // What every command has comes last; colour is for --help.
    let everywhere = |arg: Arg| {
        let known = EVERYWHERE.iter().position(|name| arg.get_long() == Some(name));
        line(arg).display_order(LAST.saturating_add(known.unwrap_or(0))).hide_short_help(known.is_none())
    };
    command.disable_version_flag(true).mut_args(everywhere).mut_subcommands(|command| {
        let usual =
            USUAL.iter().find(|(name, _)| *name == command.get_name()).map_or(&[][..], |(_, usual)| usual);
        let about = command.get_about().map(|about| first(&about.to_string()));
        let mut command = command.disable_version_flag(true).mut_args(|arg| {
            let place = arg.get_long().and_then(|long| usual.iter().position(|usual| *usual == long));
            line(arg).display_order(place.unwrap_or(usual.len()))
        });
        if let Some(about) = about {
            command = command.about(about);
        }
        let hides = command.get_arguments().any(Arg::is_hide_short_help_set);
        let more = if hides { "--help has more flags" } else { "--help says more" };
        command.after_help(format!("{more}: all of them, exit statuses and examples."))
    })
}

/// An argument as it is told in one line.
fn line(arg: Arg) -> Arg {
    let text = arg.get_help().map(|help| clause(&help.to_string()));
    let values: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(|name| brief_value(name)).collect();
    let takes = arg.get_action().takes_values() && !arg.is_positional();
    let mut arg = arg.help_heading(None::<&str>);
    if takes && !values.is_empty() {
        arg = arg.value_names(values);
    }
    if takes {
        arg = arg.hide_possible_values(true).hide_default_value(true);
    }
    match text {
        Some(text) => arg.help(text),
        None => arg,
    }
}

/// The first sentence of what a command does.
fn first(about: &str) -> String {
    about.split([';', '(']).next().unwrap_or(about).trim_end().to_owned()
}

/// The first clause of a text, and of a long one less.
fn clause(text: &str) -> String {
    let ends = [";", ": ", " (", " [", ". "];
    let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    let clause = text.get(..end).unwrap_or(text);
    let Some(room) = clause.get(..TEXT).filter(|_| clause.len() > TEXT) else { return clause.to_owned() };
    let far = |at: &usize| *at > TEXT / 3;
    let gaps = [" that ", " which ", " with ", " for ", " per ", " and ", " or ", " before "];
    let comma = room.rfind(", ").filter(far);
    let gap = comma.or_else(|| gaps.iter().filter_map(|gap| room.rfind(gap)).filter(far).max());
    match gap.or_else(|| room.rfind(' ')).and_then(|at| clause.get(..at)) {
        Some(whole) if gap.is_some() => whole.to_owned(),
        Some(cut) => format!("{cut}…"),
        None => clause.to_owned(),
    }
}

/// The name of a value without its variants, where it is long.
fn brief_value(name: &str) -> String {
    if name.len() <= VALUE {
        return name.to_owned();
    }
    let (word, value) = name.split_once('=').map_or((name, ""), |(word, value)| (word, value));
    let word = word.split(['|', '[', '.', ',', '/']).next().unwrap_or(word);
    let value = value.split(['|', '[']).next().unwrap_or_default();
    if value.is_empty() { word.to_owned() } else { format!("{word}={value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_help_fits_one_screen() {
        let whole = crate::cli::command();
        let names: Vec<String> = whole.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        let shown = |command: &mut Command| command.render_help().to_string();
        let mut root = short(crate::cli::command()).term_width(80);
        root.build();
        let mut texts = vec![("dhcptool".to_owned(), shown(&mut root))];
        for name in names {
            let sub = root.find_subcommand_mut(&name).unwrap();
            texts.push((name, shown(&mut sub.clone().term_width(80))));
        }
        for (name, text) in texts {
            assert!(text.lines().count() <= 40, "{name}: {} lines\n{text}", text.lines().count());
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{name}\n{text}");
            assert!(text.contains("--json") || name == "completions" || name == "dhcptool", "{name}\n{text}");
        }
    }

    #[test]
    fn every_usual_flag_is_one() {
        let whole = crate::cli::command();
        for (name, usual) in USUAL {
            let Some(sub) = whole.find_subcommand(name) else { panic!("{name}") };
            for flag in *usual {
                let found = sub.get_arguments().any(|arg| arg.get_long() == Some(flag));
                assert!(found, "{name} has no --{flag}");
            }
        }
    }

    #[test]
    fn texts_and_values_are_cut_where_a_clause_ends() {
        assert_eq!(clause("Collect answers for so long; 4.5s if left out"), "Collect answers for so long");
        assert_eq!(clause("Host name (option 12)"), "Host name");
        assert_eq!(brief_value("NAME|CODE[.SUB][:hex]=VALUE"), "NAME=VALUE");
        assert_eq!(brief_value("FILE.pcapng"), "FILE.pcapng");
        assert_eq!(brief_value("EXPECTATION|FILE.toml"), "EXPECTATION");
    }
}

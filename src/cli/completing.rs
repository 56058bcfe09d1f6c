//! What a shell completes: the program itself is asked for candidates, so that they are those of its tables and of this
//! machine. Files are those of the shell's folder.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Arg, Command};
use clap_complete::engine::{PathCompleter, ValueCompleter as _};
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use crate::analysis::diagnosis;
use crate::analysis::servers::rules::RULES;
use crate::analysis::transaction::Outcome;
use crate::cli::flags::expect::beginnings;
use crate::engine::State;
use crate::lab::faults;
use crate::output::flat::columns::{self, Column};
use crate::wire::options::{Kind, OptionDef, Space, v4, v6};
use crate::wire::v4::MessageType;
use crate::wire::{nd, v6 as wire6};

/// The variable of the environment by which a shell's script asks.
pub const ASKED: &str = "DHCPTOOL_COMPLETE";

/// The script for a shell with this name, which asks the program; `None` for a shell that is not known.
pub fn script(shell: &str) -> Option<Vec<u8>> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let written =
        shells.completer(shell)?.write_registration(ASKED, "dhcptool", "dhcptool", "dhcptool", &mut script);
    written.ok()?;
    let lacking: &[(&str, &str)] = match shell {
        "bash" => &BASH,
        "zsh" => &ZSH,
        _ => return Some(script),
    };
    let text = String::from_utf8(script).ok()?;
    Some(lacking.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1)).into_bytes())
}

/// What clap's script for bash lacks: bash takes `name=value` and `a:b` for several words, and puts a candidate in the place of the last.
const BASH: [(&str, &str); 3] = [
    (
        r#"    local words=("${COMP_WORDS[@]}")
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        words[COMP_CWORD]="$2"
    fi
"#,
        r#"    local words=() word rest="${COMP_LINE:0:COMP_POINT}" last=-1
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ $last -lt 0 || "$rest" == [[:space:]]* ]]; then
            last=$((last + 1))
            words[last]=""
        fi
        rest="${rest#"${rest%%[![:space:]]*}"}"
        # Of the word that is completed as much as stands before the cursor.
        [[ "$rest" == "$word"* ]] || word="$rest"
        words[last]+="$word"
        rest="${rest#"$word"}"
    done
    local before="${words[last]%"$2"}"
    before="${before#[\"\']}"
    words[last]="$before$2"
    _CLAP_COMPLETE_INDEX=$last
"#,
    ),
    ("        unset COMPREPLY\n    elif", "        unset COMPREPLY\n        return\n    elif"),
    (
        "        compopt -o nospace\n    fi\n}\n",
        r#"        compopt -o nospace
    fi
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
}
"#,
    ),
];

/// What clap's script for zsh lacks: no space behind a value that goes on (`host-name=`), and an answer to the very first Tab, by which
/// zsh loads the script as the function that completes.
const ZSH: [(&str, &str); 4] = [
    ("        local -a other=()\n", "        local -a other=()\n        local -a open=()\n"),
    (
        "            else\n                other+=",
        "            elif [[ \"$value\" == *= ]]; then\n                open+=(\"$completion\")\n            else\n                other+=",
    ),
    (
        "        [[ -n $other ]] && _describe -V 'values' other\n",
        "        [[ -n $other ]] && _describe -V 'values' other\n        [[ -n $open ]] && _describe -V 'values' open -S ''\n",
    ),
    (
        "compdef _clap_dynamic_completer_dhcptool dhcptool\n",
        "compdef _clap_dynamic_completer_dhcptool dhcptool\n[[ ${funcstack[1]-} == _dhcptool ]] && _clap_dynamic_completer_dhcptool\n",
    ),
];

/// Answers a shell that asks, which is named by the variable's value; false when none does.
pub fn answer(words: &[OsString], shell: Option<&str>, folder: Option<&Path>) -> bool {
    if !shell.is_some_and(|shell| Shells::builtins().names().any(|name| name == shell)) {
        return false;
    }
    let answered = CompleteEnv::with_factory(definition).var(ASKED).try_complete(words.to_vec(), folder);
    // What clap has to say to a shell goes nowhere.
    answered.unwrap_or(true)
}

/// The command line with what completes its values.
fn definition() -> Command {
    super::command().mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        command.mut_args(|arg| match candidates(&name, &arg) {
            Some(find) if arg.get_long() == Some("expect") => {
                arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                    let files = PathCompleter::file().complete(current);
                    complete(current, find).into_iter().chain(files).collect()
                }))
            }
            Some(find) => arg.add(ArgValueCompleter::new(move |current: &OsStr| complete(current, find))),
            None => arg,
        })
    })
}

/// A value and what it means.
type Candidate = (String, &'static str);
type Find = fn() -> Vec<Candidate>;

/// Where the values of an argument come from.
fn candidates(command: &str, arg: &Arg) -> Option<Find> {
    if matches!(arg.get_id().as_str(), "interface" | "interfaces") {
        return Some(interfaces);
    }
    let value = arg.get_value_names().and_then(|names| names.first()).map(clap::builder::Str::as_str);
    Some(match (arg.get_long(), value?) {
        (None, "CODE") | (Some("code" | "ignore"), _) => codes,
        (Some("problem"), _) => problems,
        (Some("option"), "NAME|CODE[.SUB][:hex]=VALUE") => assigned_options,
        (None, "PATTERN") | (Some("option" | "no-option" | "request-options"), _) => options,
        (Some("expect"), "EXPECTATION|FILE.toml") => expectations,
        (Some("type"), "TYPE") if command != "diff" => types,
        (Some("state"), "STATE") => states,
        (Some("fault"), _) => lab_faults,
        (Some("outcome"), _) => outcomes,
        (Some("fields"), _) => match command {
            "discover" => || names(&columns::DISCOVER),
            "request" => || names(&columns::REQUEST),
            "handshake" => || names(&columns::HANDSHAKE),
            _ => fields,
        },
        _ => return None,
    })
}

/// The candidates that go on with what was typed; of a list, with its last item.
fn complete(current: &OsStr, find: Find) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let (before, item) = typed.rsplit_once(',').map_or(("", typed), |(before, item)| (before, item));
    let before = if before.is_empty() { String::new() } else { format!("{before},") };
    // A list of options may be changed, a test turned round.
    let sign =
        item.chars().next().filter(|c| matches!(c, '+' | '!' | '-')).map(String::from).unwrap_or_default();
    let start = item.strip_prefix(sign.as_str()).unwrap_or(item);
    let values = start.split_once('=').map(|(name, _)| values_of(name)).unwrap_or_default();
    let fitting = find().into_iter().chain(values).filter(|(value, _)| value.starts_with(start));
    fitting
        .map(|(value, what)| {
            let help = Some(what).filter(|what| !what.is_empty()).map(Into::into);
            CompletionCandidate::new(format!("{before}{sign}{value}")).help(help)
        })
        .collect()
}

fn interfaces() -> Vec<Candidate> {
    #[cfg(feature = "live")]
    {
        let all = crate::net::iface::interfaces().unwrap_or_default();
        all.into_iter().map(|one| (one.name, "")).collect()
    }
    #[cfg(not(feature = "live"))]
    Vec::new()
}

fn options() -> Vec<Candidate> {
    let spaces: [&Space; 2] = [&v4::SPACE, &v6::SPACE];
    let rows = spaces.into_iter().flat_map(|space| space.table);
    rows.map(|row: &OptionDef| (row.name.to_owned(), row.doc)).collect()
}

/// What may stand behind the name of an option and `=`, where that has names.
fn values_of(name: &str) -> Vec<Candidate> {
    let spaces: [&Space; 2] = [&v4::SPACE, &v6::SPACE];
    let rows = spaces.into_iter().filter_map(|space| space.by_code(space.code(name)?));
    let named = |row: &OptionDef| match &row.kind {
        Kind::Enum(_, names) | Kind::Coded(_, names) => names.entries,
        _ => &[],
    };
    rows.flat_map(named).map(|(_, value)| (format!("{name}={value}"), "")).collect()
}

fn assigned_options() -> Vec<Candidate> {
    options().into_iter().map(|(name, doc)| (format!("{name}="), doc)).collect()
}

fn expectations() -> Vec<Candidate> {
    let named: Vec<Candidate> = beginnings().collect();
    let is_new = |(text, _): &Candidate| named.iter().all(|(known, _)| known != text);
    let options = assigned_options().into_iter().filter(is_new).collect::<Vec<_>>();
    [named, options].concat()
}

fn types() -> Vec<Candidate> {
    let four = MessageType::ALL.iter().map(|(_, name)| *name);
    let six = wire6::MessageType::ALL.iter().map(|(_, name)| *name);
    let routers = [133, 134].into_iter().filter_map(nd::name_of);
    four.chain(six).chain(routers).map(|name| (name.to_owned(), "")).collect()
}

fn states() -> Vec<Candidate> {
    let four = State::ALL.into_iter().map(|state| (state.name().to_owned(), ""));
    four.chain([("confirming".to_owned(), "DHCPv6")]).collect()
}

fn codes() -> Vec<Candidate> {
    let rows = diagnosis::distinct().map(|row| (row.id.name().to_owned(), row.summary));
    let reasons = RULES.iter().filter(|rule| diagnosis::find(rule.code).is_none());
    rows.chain(reasons.map(|rule| (rule.code.to_owned(), rule.sentence))).collect()
}

fn problems() -> Vec<Candidate> {
    let severities = ["error", "warning", "note", "cut"].map(|name| (name.to_owned(), "all of them"));
    let packets = diagnosis::distinct().filter(|row| row.scope == diagnosis::Scope::Packet);
    severities.into_iter().chain(packets.map(|row| (row.id.name().to_owned(), row.summary))).collect()
}

fn lab_faults() -> Vec<Candidate> {
    faults::FAULTS.iter().chain(faults::FAULTS6).map(|fault| (fault.name.to_owned(), fault.what)).collect()
}

fn outcomes() -> Vec<Candidate> {
    Outcome::ALL.iter().map(|outcome| (outcome.name().to_owned(), "")).collect()
}

/// Of packets, exchanges and clients.
fn fields() -> Vec<Candidate> {
    let mut all: Vec<Candidate> = [&columns::PACKET, &columns::TRANSACTION, &columns::CLIENT]
        .into_iter()
        .flat_map(|table| names(table))
        .collect();
    all.sort();
    all.dedup();
    all
}

fn names(columns: &[Column]) -> Vec<Candidate> {
    columns.iter().map(|column| (column.name.clone(), "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(typed: &str, find: Find) -> Vec<String> {
        let found = complete(OsStr::new(typed), find);
        found.iter().map(|one| one.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn candidates_go_on_with_the_last_item() {
        assert_eq!(values("host-n", options), ["host-name"]);
        assert_eq!(values("host-n", assigned_options), ["host-name="]);
        assert_eq!(values("routers,+host-n", options), ["routers,+host-name"]);
        assert_eq!(values("!host-n", options), ["!host-name"]);
        assert_eq!(values("dhcp-message-type=disc", assigned_options), ["dhcp-message-type=discover"]);
        assert_eq!(values("host-name=", assigned_options), ["host-name="]);
        assert_eq!(values("offer,discov", types), ["offer,discover"]);
        assert_eq!(values("confirm", states), ["confirming"]);
        // What `--expect` knows beside options is completed, all of it.
        assert_eq!(values("T", expectations), ["T1<=", "T2<="]);
        assert_eq!(values("pref", expectations), ["preferred>=", "preference=", "prefix="]);
        assert_eq!(values("pool-exh", codes), ["pool-exhausted"]);
        assert_eq!(values("pool-em", lab_faults), ["pool-empty"]);
        assert_eq!(values("unansw", outcomes), ["unanswered"]);
        assert!(values("dhcp_lease", fields).contains(&"dhcp_lease_time".to_owned()));
        assert!(values("nonsense", codes).is_empty());
    }

    #[test]
    fn every_list_of_values_has_its_arguments() {
        let mut seen: Vec<String> = Vec::new();
        for command in super::super::command().get_subcommands() {
            for arg in command.get_arguments() {
                if candidates(command.get_name(), arg).is_some() {
                    seen.push(format!("{} {}", command.get_name(), arg.get_id()));
                }
            }
        }
        for wanted in [
            "discover interface",
            "rogue interfaces",
            "sniff interfaces",
            "options pattern",
            "explain codes",
            "decode types",
            "decode options",
            "send option",
            "request state",
            "lab fault",
            "decode code",
            "decode fields",
        ] {
            assert!(seen.iter().any(|one| one == wanted), "{wanted} is not among {seen:?}");
        }
    }

    #[test]
    fn scripts_ask_the_program() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = String::from_utf8(script(shell).unwrap()).unwrap();
            assert!(script.contains(ASKED) && script.contains("dhcptool"), "{script}");
            assert!(!script.contains("target/"), "{script}");
        }
        assert!(script("csh").is_none());
    }
}

//! Man pages and completion scripts, made from the one definition of the command line.

use std::io;

use clap::ArgAction;
use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::manual;

/// The shells a completion script can be made for, with the name of its file in `completions/`.
pub const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "dhcptool.bash"),
    (Shell::Zsh, "_dhcptool"),
    (Shell::Fish, "dhcptool.fish"),
    (Shell::PowerShell, "_dhcptool.ps1"),
    (Shell::Elvish, "dhcptool.elv"),
];

/// The completion script for `shell`.
pub fn completion(shell: Shell) -> Vec<u8> {
    super::completing::script(&shell.to_string()).unwrap_or_default()
}

/// Every man page: file name and roff text.
pub fn man_pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    // A page leaves nothing out; what is kept from -h has no text in it otherwise.
    let whole = |command: clap::Command| command.mut_args(|arg| arg.hide_short_help(false));
    let mut root = super::plain_command().mut_subcommands(whole);
    root.build();
    let subs: Vec<&clap::Command> =
        root.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help").collect();
    let mut names: Vec<String> = subs.iter().map(|sub| format!("dhcptool-{}", sub.get_name())).collect();
    let mut pages = Vec::new();
    pages.push(page(&root, "dhcptool", &names)?);
    for sub in &subs {
        let see = manual::page(sub.get_name()).map(|page| page.see).unwrap_or_default();
        let see: Vec<String> = see.iter().map(|name| format!("dhcptool-{name}")).collect();
        pages.push(page(sub, &format!("dhcptool-{}", sub.get_name()), &see)?);
    }
    names.insert(0, "dhcptool".to_owned());
    pages.push(("dhcptool-recipes.7".to_owned(), recipes(&names)));
    Ok(pages)
}

const SOURCE: &str = concat!("dhcptool ", env!("CARGO_PKG_VERSION"));

/// The page of one command.
fn page(command: &clap::Command, name: &str, see: &[String]) -> io::Result<(String, Vec<u8>)> {
    let man = clap_mangen::Man::new(command.clone().name(name.to_owned()))
        .date("")
        .source(SOURCE)
        .manual("dhcptool");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    synopsis(command, name).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut rest = Roff::new();
    values(command, &mut rest);
    if let Some(notes) = command.get_after_long_help() {
        rest.control("SH", ["NOTES"]);
        verbatim(&notes.to_string(), &mut rest);
    }
    if let Some(page) = manual::page(command.get_name()) {
        rest.control("SH", ["EXIT STATUS"]);
        for (status, what) in page.statuses {
            rest.control("TP", []).text([bold(*status)]).text([roman(*what)]);
        }
        if !page.examples.is_empty() {
            rest.control("SH", ["EXAMPLES"]);
        }
        for example in page.examples {
            rest.control("PP", []).text([roman(first_upper(example.what))]);
            verbatim(&format!("    {}", example.line), &mut rest);
        }
    }
    see_also(see, name, &mut rest);
    rest.to_writer(&mut text)?;
    Ok((format!("{name}.1"), text))
}

/// Every flag with its value, and what may be repeated.
fn synopsis(command: &clap::Command, name: &str) -> Roff {
    let mut roff = Roff::new();
    let mut line = vec![bold(name)];
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let values: Vec<String> =
            arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
        let many = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count)
            || arg.get_num_args().is_some_and(|count| count.max_values() > 1);
        let (open, close) = if arg.is_required_set() { ("", "") } else { ("[", "]") };
        let dots = if many { "..." } else { "" };
        line.push(roman(format!(" {open}")));
        if !arg.is_positional() {
            let long = arg.get_long().map(|long| format!("--{long}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            let flag: Vec<String> = short.into_iter().chain(long).collect();
            line.push(bold(flag.join("|")));
        }
        if arg.get_action().takes_values() {
            let optional =
                !arg.is_positional() && arg.get_num_args().is_some_and(|count| count.min_values() == 0);
            let before = match () {
                () if arg.is_positional() => "",
                () if arg.is_require_equals_set() => "=",
                () => " ",
            };
            line.push(roman(if optional { format!("[{before}") } else { before.to_owned() }));
            line.push(italic(values.join(" ")));
            line.push(roman(if optional { "]" } else { "" }));
        }
        line.push(roman(format!("{close}{dots}")));
    }
    if command.get_subcommands().next().is_some() {
        line.extend([roman(" "), italic("COMMAND"), roman(" ...")]);
    }
    roff.control("SH", ["SYNOPSIS"]).text(line);
    roff
}

/// How the values of this command's flags are written.
fn values(command: &clap::Command, roff: &mut Roff) {
    let takes = |name: &str| {
        let names = |arg: &clap::Arg| {
            arg.get_value_names().is_some_and(|names| names.iter().any(|other| other.as_str() == name))
        };
        command.get_arguments().any(names)
    };
    let mut wanted = manual::VALUES.iter().filter(|(name, _)| takes(name)).peekable();
    if wanted.peek().is_some() {
        roff.control("SH", ["VALUES"]);
    }
    for (name, how) in wanted {
        roff.control("TP", []).text([italic(*name)]).text([roman(*how)]);
    }
}

fn see_also(see: &[String], name: &str, roff: &mut Roff) {
    let own = Some("dhcptool").filter(|own| *own != name && !see.iter().any(|other| other == own));
    let ones = own.into_iter().chain(see.iter().map(String::as_str)).map(|name| (name, 1));
    let mut line = Vec::new();
    for (name, section) in ones.chain([("dhcptool-recipes", 7)]).filter(|(other, _)| *other != name) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(name), roman(format!("({section})"))]);
    }
    roff.control("SH", ["SEE ALSO"]).text(line);
}

/// What has to be done, and what to type.
fn recipes(see: &[String]) -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("TH", ["dhcptool-recipes", "7", "", SOURCE, "dhcptool"]);
    roff.control("SH", ["NAME"]).text([roman("dhcptool-recipes - what to type for common tasks")]);
    for recipe in manual::RECIPES {
        roff.control("SH", [recipe.task]).text([roman(recipe.text)]);
        verbatim(
            &recipe.lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"),
            &mut roff,
        );
    }
    roff.control("SH", ["Instead of other tools"]);
    for (other, ours) in manual::INSTEAD {
        roff.control("TP", []).text([roman(*other)]).text([bold(*ours)]);
    }
    see_also(see, "dhcptool-recipes", &mut roff);
    roff.render().into_bytes()
}

/// Text whose lines stay as they are.
fn verbatim(text: &str, roff: &mut Roff) {
    roff.control("PP", []).control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_flag_of_a_page_has_its_text() {
        for (name, text) in super::man_pages().unwrap() {
            let text = String::from_utf8(text).unwrap();
            for item in text.split("\n.TP\n").skip(1) {
                let (flag, rest) = item.split_once('\n').unwrap();
                assert!(
                    rest.starts_with(|c: char| c.is_alphanumeric() || "\\-[`".contains(c)),
                    "{name}: {flag}: {rest:?}"
                );
            }
            if name == "dhcptool-recipes.7" {
                assert_eq!(text.matches("\\fBdhcptool\\fR(1)").count(), 1);
            }
        }
    }

    #[test]
    fn the_short_flags_of_monitoring_are_shown() {
        let pages = super::man_pages().unwrap();
        let page = |wanted: &str| pages.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
        let discover = String::from_utf8(page("dhcptool-discover.1")).unwrap();
        assert!(discover.contains("\\fB\\-w\\fR, \\fB\\-\\-warning\\fR"), "{discover}");
        assert!(discover.contains("\\fB\\-c\\fR, \\fB\\-\\-critical\\fR"));
    }
}

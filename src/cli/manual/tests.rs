//! What the manual says is what the program does.

use super::*;

/// The words of a shell's line, command by command.
#[cfg(feature = "live")]
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' | '|' | ';' | '>' | '&' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if c != ' ' {
                    all.push(std::mem::take(&mut words));
                }
            }
            c => word.push(c),
        }
    }
    words.push(word);
    all.push(words);
    all.into_iter().filter(|words| words.first().is_some_and(|word| word == "dhcptool")).collect()
}

#[cfg(feature = "live")]
fn every_line() -> Vec<&'static str> {
    let examples = PAGES.iter().flat_map(|page| page.examples).map(|example| example.line);
    let recipes = RECIPES.iter().flat_map(|recipe| recipe.lines).copied();
    examples.chain(recipes).chain(INSTEAD.iter().map(|(_, ours)| *ours)).collect()
}

#[cfg(feature = "live")]
#[test]
fn every_line_is_understood() {
    let lines = every_line();
    assert!(lines.len() > 70, "{}", lines.len());
    for line in lines {
        let commands = commands(line);
        assert!(!commands.is_empty(), "{line}");
        for mut words in commands {
            words.retain(|word| !word.is_empty());
            let words: Vec<std::ffi::OsString> = words.into_iter().map(Into::into).collect();
            let words = crate::cli::flags::select::with_problems_joined(words);
            let words = crate::cli::flags::nagios::with_thresholds(words);
            let result = crate::cli::command().try_get_matches_from(words);
            assert!(result.is_ok(), "{line}: {}", result.unwrap_err());
        }
    }
}

#[test]
fn every_command_has_its_page() {
    let command = crate::cli::command();
    for page in PAGES {
        assert!(cfg!(not(feature = "live")) || command.find_subcommand(page.name).is_some(), "{}", page.name);
        assert!(page.see.iter().all(|name| PAGES.iter().any(|page| page.name == *name)), "{}", page.name);
    }
    for sub in command.get_subcommands() {
        assert!(page(sub.get_name()).is_some() || sub.get_name() == "completions", "{}", sub.get_name());
    }
}

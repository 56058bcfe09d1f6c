//! Man pages and completion scripts, made from the one definition of the command line.

use std::io;

use clap_complete::Shell;

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
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "dhcptool", &mut script);
    script
}

/// Every man page: file name and roff text.
pub fn man_pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = super::command();
    root.build();
    let mut pages = Vec::new();
    render(&root, "dhcptool", &mut pages)?;
    for sub in root.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        render(sub, &format!("dhcptool-{}", sub.get_name()), &mut pages)?;
    }
    Ok(pages)
}

fn render(command: &clap::Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let man = clap_mangen::Man::new(command.clone().name(name.to_owned()))
        .date("")
        .source(concat!("dhcptool ", env!("CARGO_PKG_VERSION")))
        .manual("dhcptool");
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((format!("{name}.1"), page));
    Ok(())
}

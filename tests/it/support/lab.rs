//! Commands inside `dhcptool lab`: no server package, no root.

use std::process::{Command, Output, Stdio};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_dhcptool");

/// The command that runs `command` in a lab with these flags.
pub(crate) fn lab_command(flags: &str, command: &[&str]) -> Command {
    let mut lab = Command::new(PROGRAM);
    lab.arg("lab").args(flags.split_whitespace()).arg("--").args(command).stdin(Stdio::null());
    lab
}

/// Runs it; `None`, and the reason said, where namespaces are not to be had.
pub(crate) fn lab(flags: &str, command: &[&str]) -> Option<Output> {
    let output = lab_command(flags, command).output().unwrap();
    let refused = is_refused(output.status.code(), &String::from_utf8_lossy(&output.stderr));
    (!refused).then_some(output)
}

/// True, and the reason said, where namespaces are not to be had.
pub(crate) fn is_refused(code: Option<i32>, err: &str) -> bool {
    let refused = code == Some(3) && err.contains("cannot make a private network");
    if refused {
        skip(err.trim());
    }
    refused
}

/// Says why a test does nothing here. In CI nothing may be missing.
pub(crate) fn skip(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    #[allow(clippy::disallowed_methods, reason = "a test may ask where it runs")]
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "{test} cannot run: {why}");
    eprintln!("{test} skipped: {why}");
}

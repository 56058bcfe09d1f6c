//! Who may do what while it reads bytes of others: the table of ARCHITECTURE.md, held against `/proc`.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::support::children;
use super::support::lab::{PROGRAM, is_refused, lab_command};

/// One row of the table.
struct Row {
    command: String,
    /// The threads that give everything up: `all`, `all but main`, or one by its name.
    threads: String,
    /// What others keep meanwhile.
    kept: Vec<String>,
}

fn table() -> Vec<Row> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).unwrap();
    let (_, text) = text.split_once("| command | threads | kept by the others | reads |\n").unwrap();
    let rows: Vec<Row> = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            Row {
                command: cells[0].trim_matches('`').to_owned(),
                threads: cells[1].to_owned(),
                kept: cells[2].split_whitespace().filter(|word| *word != "-").map(str::to_owned).collect(),
            }
        })
        .collect();
    assert!(rows.len() >= 8, "the table is there");
    rows
}

/// One thread: its name and `/proc/PID/task/TID/status`.
struct Thread {
    name: String,
    main: bool,
    status: String,
}

impl Thread {
    fn field(&self, name: &str) -> &str {
        let line = self.status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.status)).trim()
    }

    fn is_confined(&self) -> bool {
        self.field("Seccomp") == "2"
    }

    fn set(&self, name: &str) -> u64 {
        u64::from_str_radix(self.field(name), 16).unwrap()
    }
}

fn threads(pid: u32) -> Vec<Thread> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| {
            let name = fs::read_to_string(task.path().join("comm")).ok()?.trim().to_owned();
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let main = task.file_name().to_string_lossy().parse() == Ok(pid);
            Some(Thread { name, main, status })
        })
        .collect()
}

fn leaf(mut pid: u32) -> u32 {
    while let Some(child) = children(pid).first() {
        pid = *child;
    }
    pid
}

/// Ends what a failing test would leave behind.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.0.id().try_into().unwrap()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.0.wait();
    }
}

/// `CAP_NET_BIND_SERVICE`, `CAP_NET_ADMIN`, `CAP_NET_RAW`.
const NETWORK: u64 = 1 << 10 | 1 << 12 | 1 << 13;

#[test]
fn the_table_of_confinement_is_true() {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")) {
        return;
    }
    let root = nix::unistd::geteuid().is_root();
    for row in table() {
        let words: Vec<&str> = row.command.split_whitespace().collect();
        let is_lab = words[0] == "lab";
        let mut command = if is_lab {
            lab_command("", &["sleep", "60"])
        } else {
            lab_command("--servers 2", &[&[PROGRAM], words.as_slice()].concat())
        };
        // As under sudo: who is to become whom.
        command.env("SUDO_UID", "65534").env("SUDO_GID", "65534");
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut child = Guard(child);
        let lab = child.0.id();
        let wanted = |all: &[Thread]| {
            let chosen = |thread: &&Thread| match row.threads.as_str() {
                "all" => true,
                "all but main" => !thread.main,
                name => thread.name == name,
            };
            // Who keeps the network has dropped all else a moment before or after the others are confined.
            let settled = |thread: &Thread| {
                let sets = [thread.set("CapBnd"), thread.set("CapPrm") & !NETWORK];
                thread.is_confined() || row.kept != ["network"] || sets == [0, 0]
            };
            all.iter().filter(chosen).count() > 0
                && all.iter().filter(chosen).all(Thread::is_confined)
                && all.iter().all(settled)
        };
        let start = Instant::now();
        let seen = loop {
            let pid = if is_lab { lab } else { leaf(lab) };
            let all = threads(pid);
            if (is_lab || pid != lab) && wanted(&all) {
                break all;
            }
            if let Some(status) = child.0.try_wait().unwrap() {
                let mut said = String::new();
                std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
                assert!(is_refused(status.code(), &said), "{}: {status:?} {said}", row.command);
                return;
            }
            let shown: Vec<_> = all.iter().map(|thread| (&thread.name, thread.is_confined())).collect();
            assert!(start.elapsed() < Duration::from_secs(30), "{}: {shown:?}", row.command);
        };
        for thread in &seen {
            let what = format!("{}, thread {}:\n{}", row.command, thread.name, thread.status);
            if !thread.is_confined() {
                if row.kept == ["network"] {
                    assert_eq!(thread.set("CapPrm") & !NETWORK, 0, "{what}");
                    assert_eq!(thread.set("CapBnd"), 0, "{what}");
                } else {
                    assert_eq!(row.kept, ["everything"], "{what}");
                }
                continue;
            }
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                assert_eq!(thread.set(set), 0, "{set} of {what}");
            }
            assert_eq!(thread.field("NoNewPrivs"), "1", "{what}");
            if root && !is_lab {
                assert!(thread.field("Uid").split_whitespace().all(|uid| uid == "65534"), "{what}");
                assert!(thread.field("Gid").split_whitespace().all(|gid| gid == "65534"), "{what}");
            }
        }
    }
}

#[test]
fn files_are_opened_with_the_rights_of_who_ran_sudo() {
    if !nix::unistd::geteuid().is_root() {
        // There is nothing to tell apart.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "root:$6$salt$hash:19000:0\n").unwrap();
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let secret = secret.to_str().unwrap();
    let hex = format!("@{secret}");
    for words in [
        vec!["handshake", "lo", "--mac-list", secret],
        vec!["release", "lo", "--lease", secret],
        vec!["send", "lo", "--from-json", secret],
        vec!["send", "lo", "--from-pcap", secret],
        vec!["send", "lo", "--hex", &hex],
        vec!["rogue", "lo", "--policy", secret],
        vec!["rogue", "lo", "--watch", "--state", secret],
        vec!["rogue", "lo", "--vendors", secret],
        vec!["rogue", "--from", secret],
        vec!["decode", secret],
        vec!["decode", secret, secret],
        vec!["decode", "--follow", secret],
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(&words).env("SUDO_UID", "65534").env("SUDO_GID", "65534");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(said.contains("ermission denied") && !said.contains("$6$"), "{words:?}: {said}");
    }
}

#[test]
fn a_sudo_that_says_no_user_is_not_taken_for_root() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    for (uid, gid, said) in [
        (Some("nobody"), Some("0"), "SUDO_UID is \"nobody\", SUDO_GID \"0\""),
        (Some("65534"), None, "SUDO_UID is \"65534\", SUDO_GID not set"),
        (None, Some("65534"), "SUDO_UID is not set"),
        (Some(""), Some(""), "SUDO_UID is \"\""),
        (Some("-1"), Some("0"), "SUDO_UID is \"-1\""),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(["decode", "/etc/shadow"]).env_remove("SUDO_UID").env_remove("SUDO_GID");
        command.envs(uid.map(|uid| ("SUDO_UID", uid))).envs(gid.map(|gid| ("SUDO_GID", gid)));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), err.lines().count()), (Some(3), 1), "{uid:?} {gid:?}: {err}");
        assert!(err.contains("cannot tell who ran sudo") && err.contains(said), "{uid:?} {gid:?}: {err}");
    }
}

#[test]
fn whoever_cannot_be_become_is_told_and_nothing_runs() {
    let output = Command::new(PROGRAM).args(["decode", "-", "--user", "no such user"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("there is no such user"), "{said}");
}

//! Signals end every command, whatever became of its output.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::support::children;
use super::support::lab::{PROGRAM, is_refused, lab_command};

/// What a signal may take. The promise is a second; a loaded machine may add to it.
const AT_MOST: Duration = Duration::from_millis(1800);
/// What anything else may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(40);

/// A named pipe that is full and that nobody reads.
struct Full {
    folder: tempfile::TempDir,
    /// Keeps a reader there, so that opening it does not wait.
    _held: fs::File,
}

impl Full {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        let mut held = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        held.write_all(&vec![0; 65536]).unwrap();
        Self { folder, _held: held }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("full")
    }

    fn open(&self) -> fs::File {
        fs::OpenOptions::new().write(true).open(self.path()).unwrap()
    }
}

/// Ends the child if the test fails.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::yield_now();
    }
}

/// The youngest descendant: the command inside the lab.
fn leaf(pid: u32) -> Option<u32> {
    let mut found = None;
    let mut next = children(pid).last().copied();
    while let Some(pid) = next {
        found = Some(pid);
        next = children(pid).last().copied();
    }
    found
}

/// True when a thread of the process waits in that place of the kernel.
fn waits_in(pid: u32, place: &str) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| fs::read_to_string(task.path().join("wchan")).ok()).any(|at| at.contains(place))
}

/// True when a thread of the process waits for room in a pipe.
fn is_blocked(pid: u32) -> bool {
    waits_in(pid, "pipe_write")
}

fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .and_then(|rest| rest.trim_start().chars().next())
        .is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn has_none_pending(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    pending.is_none_or(|set| set.trim().trim_matches('0').is_empty())
}

/// Runs `command` in a lab until it blocks on its output, signals it so often, and says how long it took to end and what it
/// said.
fn end_of(command: &str, signals: &[Signal], full: &Full) -> Option<(Duration, Option<i32>, String)> {
    let mut words = vec![PROGRAM];
    words.extend(command.split_whitespace());
    // What a shell runs in the background ignores SIGINT, and so does all that it starts.
    let lab = lab_command("--servers 3", &words);
    let mut heeding = Command::new("env");
    heeding.arg("--default-signal=INT").arg(lab.get_program()).args(lab.get_args()).stdin(Stdio::null());
    let child = heeding.stdout(full.open()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Guard(child);
    let lab = child.0.id();
    let mut ended = None;
    let command_pid = until(command, || {
        ended = child.0.try_wait().unwrap();
        if ended.is_some() {
            return Some(0);
        }
        leaf(lab).filter(|pid| is_blocked(*pid))
    });
    let mut said = String::new();
    if let Some(status) = ended {
        std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
        assert!(is_refused(status.code(), &said), "{command} ended by itself: {status:?} {said}");
        return None;
    }
    let start = Instant::now();
    for signal in signals {
        kill(Pid::from_raw(command_pid.try_into().unwrap()), *signal).unwrap();
        // The kernel makes one of two equal signals as long as the first waits.
        until(command, || has_none_pending(command_pid).then_some(()));
    }
    until(command, || (!is_running(command_pid)).then_some(()));
    let took = start.elapsed();
    let status = child.0.wait().unwrap();
    std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
    Some((took, status.code(), said))
}

#[test]
fn every_command_ends_though_nobody_takes_its_output() {
    let capture = format!("{}/tests/data/captures/dhcp.pcap", env!("CARGO_MANIFEST_DIR"));
    let capture = Path::new(&capture);
    assert!(capture.is_file());
    let decode = format!("decode {}", capture.display());
    for command in [
        "discover eth0 --first",
        "request eth0 --json",
        "handshake eth0 -c 3 --interval 50ms --json",
        "rogue eth0 --wait 500ms --json",
        "rogue eth0 --watch --interval 1s --wait 500ms --json",
        "inform eth0 --ip 10.0.0.9 --json",
        "send eth0 --from-json /dev/null --dry-run",
        "options",
        "interfaces",
        "completions bash",
        &decode,
    ] {
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            if command.starts_with("send") {
                // It has nothing to say.
                continue;
            }
            let full = Full::new();
            let Some((took, code, said)) = end_of(command, &[signal], &full) else { return };
            assert!(took < AT_MOST, "{command}: {took:?} after {signal}; {code:?} {said}");
            assert!(code.is_some_and(|code| code != 0), "{command}: {code:?} {said}");
        }
    }
}

/// `tcpdump -w - | dhcptool decode - --lint` ends with Ctrl-C, and what came until then is told.
#[test]
fn what_came_through_a_pipe_is_told_when_a_signal_ends_it() {
    let capture = fs::read(format!("{}/tests/data/captures/dhcp.pcap", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for view in ["--transactions", "--lint", "--stats", "--clients", "--ladder", "--json", "--flat"] {
        for threads in ["1", "2"] {
            let (reader, writer) = std::io::pipe().unwrap();
            let mut writer = fs::File::from(std::os::fd::OwnedFd::from(writer));
            // The last record is cut; or nothing came at all.
            let came = if view == "--clients" { &[][..] } else { &capture[..capture.len() - 20] };
            writer.write_all(came).unwrap();
            let child = Command::new("env")
                .args(["--default-signal=INT", PROGRAM, "decode", "-", "--threads", threads, view])
                .stdin(Stdio::from(std::os::fd::OwnedFd::from(reader)))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut child = Guard(child);
            let pid = child.0.id();
            // All that is in the pipe has been read once its reader waits for more.
            until(view, || waits_in(pid, "poll").then_some(()));
            kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGINT).unwrap();
            let status = until(view, || child.0.try_wait().unwrap());
            let mut out = String::new();
            std::io::Read::read_to_string(&mut child.0.stdout.take().unwrap(), &mut out).unwrap();
            let mut said = String::new();
            std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
            assert_eq!(status.code(), Some(130), "{view}, {threads} threads: {said}");
            if came.is_empty() {
                assert!(!said.contains("not a capture"), "{view}, {threads}: {said}");
            } else {
                assert!(!out.is_empty() && said.contains("packets read"), "{view}, {threads}: {out} {said}");
            }
            drop(writer);
        }
    }
}

/// A capture of `count` messages of 560 empty options, which take far longer to show than to read.
fn bombs(count: u32) -> Vec<u8> {
    let mut message =
        [&[2, 1, 6, 0, 0, 0, 0, 7][..], &[0; 228], &[0x63, 0x82, 0x53, 0x63, 53, 1, 2]].concat();
    message.extend((0..560_u16).flat_map(|number| [u8::try_from(12 + number % 200).unwrap(), 0]));
    message.push(255);
    let length = |more: usize| u16::try_from(message.len() + more).unwrap().to_be_bytes();
    let mut frame = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0];
    frame.extend(length(28));
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 255, 255, 255, 255, 0, 67, 0, 68]);
    frame.extend(length(8));
    frame.extend([0, 0]);
    frame.extend(message);
    let size = u32::try_from(frame.len()).unwrap().to_le_bytes();
    let mut capture = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1].map(u32::to_le_bytes).concat();
    for number in 0..count {
        capture.extend([1_700_000_000 + number, 0].map(u32::to_le_bytes).concat());
        capture.extend([size, size].concat());
        capture.extend(&frame);
    }
    capture
}

#[test]
fn what_takes_long_to_show_does_not_keep_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, out) = (folder.path().join("bombs.pcap"), folder.path().join("out"));
    fs::write(&capture, bombs(40_000)).unwrap();
    for (view, signal, code) in [("--json", Signal::SIGINT, 130), ("-vv", Signal::SIGTERM, 143)] {
        let child = Command::new("env")
            .args(["--default-signal=INT", PROGRAM, "decode", "--threads", "1", view])
            .arg(&capture)
            .stdout(fs::File::create(&out).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut child = Guard(child);
        until(view, || fs::metadata(&out).is_ok_and(|about| about.len() > 0).then_some(()));
        let start = Instant::now();
        kill(Pid::from_raw(child.0.id().try_into().unwrap()), signal).unwrap();
        let status = until(view, || child.0.try_wait().unwrap());
        let took = start.elapsed();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
        assert_eq!(status.code(), Some(code), "{view}: {said}");
        assert!(took < AT_MOST && said.contains("packets read"), "{view}: {took:?} {said}");
    }
}

#[test]
fn two_equal_signals_at_once_are_two() {
    let full = Full::new();
    let twice = [Signal::SIGTERM, Signal::SIGTERM];
    let Some((took, code, said)) = end_of("rogue eth0 --wait 500ms --json", &twice, &full) else { return };
    // The first alone would be given half a second.
    assert!(took < Duration::from_millis(450), "{took:?}; {code:?} {said}");
}

#[test]
fn sniff_counts_and_keeps_what_nobody_took() {
    // Inside the lab: sniff with a full pipe as its output, and messages for it to see.
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        cd "$1"; mkfifo full; exec 3<>full; head -c 65536 /dev/zero >&3
        "$0" sniff eth0 -v --write seen.pcapng >full 2>said & sniff=$!
        until grep -q listening said; do :; done
        "$0" discover eth0 --wait 300ms >out
        until grep -q pipe_write /proc/$sniff/wchan; do :; done
        "$0" discover eth0 --wait 300ms >>out; "$0" discover eth0 --wait 300ms >>out
        kill -TERM $sniff; wait $sniff; echo "code $?"
        "$0" decode seen.pcapng | grep -c .; cat said
    "#;
    let folder_text = folder.path().to_str().unwrap();
    let output = lab_command("--servers 2", &["sh", "-c", script, PROGRAM, folder_text]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if is_refused(output.status.code(), &err) {
        return;
    }
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "code 3", "{out}{err}");
    let kept: u64 = lines[1].parse().unwrap();
    assert!(kept >= 9, "three times one question and two answers: {out}{err}");
    let summary = lines.iter().find(|line| line.contains(" received, ")).unwrap();
    assert!(summary.contains(&format!("{kept} DHCP, {kept} shown; 0 dropped")), "{out}{err}");
    assert!(out.contains("interrupted while nobody took it"), "{out}{err}");
}

#[test]
fn of_several_messages_those_behind_a_signal_are_not_sent() {
    for family in ["-4", "-6"] {
        // What the run before said must not be taken for this one's.
        let folder = tempfile::tempdir().unwrap();
        let (input, said) = (folder.path().join("input"), folder.path().join("said"));
        let script = format!(
            "{PROGRAM} discover {family} eth0 --dry-run --json | head -n 1 | sed 'p;p' >{input}
             {PROGRAM} send eth0 -v --from-json {input} --timeout 30s >{said} 2>&1 & sender=$!
             until grep -q '  sent ' {said}; do :; done
             kill -TERM $sender; wait $sender; echo $? $(grep -c '  sent ' {said})",
            input = input.display(),
            said = said.display(),
        );
        let output = lab_command("--silent", &["sh", "-c", &script]).output().unwrap();
        if is_refused(output.status.code(), &String::from_utf8_lossy(&output.stderr)) {
            return;
        }
        let told = fs::read_to_string(&said).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "130 1", "{told}");
    }
}

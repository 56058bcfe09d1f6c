//! The screen of `--top`, live and of a capture: whatever ends it, the terminal is as it was.

use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::story::{refused, run};
use crate::support::lab::{PROGRAM, is_refused, lab, lab_command};

/// In a terminal: the screen shows how it stands, strangers are marked, and the terminal is as it was afterwards.
#[test]
fn a_screen_shows_how_it_stands() {
    let script = "stty cols 100 rows 30; stty -a >before; (until grep -q listening err; do sleep 0.05; done; \
                  dhcptool request eth0 -q >/dev/null 2>&1) & \
                  dhcptool sniff eth0 --top --known 10.9.9.9 --duration 3s 2>err; echo done $?; stty -a >after";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("screen");
    std::fs::write(path.with_file_name("run.sh"), script).unwrap();
    let recorded = lab_command("", &["script", "-qefc", "sh run.sh", "screen"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    if is_refused(recorded.status.code(), &String::from_utf8_lossy(&recorded.stderr)) {
        return;
    }
    let screen = std::fs::read_to_string(&path).unwrap();
    let (_, shown) = screen.split_once("\u{1b}[?1049h\u{1b}[?25l").unwrap_or_else(|| panic!("{screen}"));
    let (shown, after) = shown.split_once("\u{1b}[?25h\u{1b}[?1049l").unwrap_or_else(|| panic!("{screen}"));
    for part in ["UTC, watched for", "10.0.0.1", "UNKNOWN", "no client fails"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // The last state stays, and the command ends well.
    assert!(after.contains("UNKNOWN") && after.contains("done 0"), "{after}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("before"), read("after"));
    // A pipe is no terminal.
    let output = lab("", &[PROGRAM, "sniff", "eth0", "--top"]).unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// In a terminal: whatever it waits for, a screen of a capture that ends by a signal leaves the terminal as it was. What comes by
/// a pipe is heeded at once; who opens a pipe that nobody else opens is ended.
#[test]
fn a_screen_that_waits_for_a_pipe_leaves_the_terminal_as_it_was() {
    let story = refused();
    let folder = story.folder();
    let capture = story.file();
    // The shell holds the pipe open, so that it never ends.
    let pipe = format!("exec 3<>in; cat {} >&3", capture.display());
    let cases = [
        (pipe.clone(), "- <&3".to_owned(), true),
        (pipe, "in".to_owned(), true),
        (String::new(), format!("{} in", capture.display()), false),
    ];
    for (before, input, reads) in cases {
        for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
            for name in ["in", "pid", "screen"] {
                let _ = std::fs::remove_file(folder.join(name));
            }
            let script = format!(
                "stty cols 90 rows 24; mkfifo in; {before}\n\
                 sh -c 'echo $$ >pid; exec {PROGRAM} decode --top --speed 1000000 \"$@\"' - {input}\n\
                 echo done $?"
            );
            std::fs::write(folder.join("run.sh"), script).unwrap();
            let mut recorded = Command::new("script")
                .args(["-qfec", "sh run.sh", "screen"])
                .current_dir(folder)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let screen = || std::fs::read_to_string(folder.join("screen")).unwrap_or_default();
            let start = std::time::Instant::now();
            let pid = || std::fs::read_to_string(folder.join("pid")).ok()?.trim().parse::<i32>().ok();
            let waits = || {
                let place = std::fs::read_to_string(format!("/proc/{}/wchan", pid().unwrap_or(0)));
                // Where the kernel waits for a pipe to be read, and where it opens one.
                place.is_ok_and(|place| place.contains("poll") || place.contains("wait_for_partner"))
            };
            while !screen().contains("watched for") || !waits() {
                assert!(start.elapsed().as_secs() < 30, "{input}: {}", screen());
                std::thread::yield_now();
            }
            kill(Pid::from_raw(pid().unwrap()), signal).unwrap();
            assert!(recorded.wait().unwrap().success());
            let screen = screen();
            let (_, after) =
                screen.split_once("\u{1b}[?25h\u{1b}[?1049l").unwrap_or_else(|| panic!("{input}: {screen}"));
            assert!(after.contains(&format!("done {code}")), "{input}: {after}");
            assert_eq!(after.contains("watched for"), reads, "{input}: {after}");
        }
    }
}

/// Ctrl-Z gives the terminal back, to be in the background does not take it, `fg` does.
#[test]
fn a_screen_that_is_stopped_leaves_the_terminal_as_it_was() {
    let story = refused();
    let folder = story.folder();
    // A shell with jobs, as the one that people sit at.
    // In the background it runs until it notices where it is, and stops again.
    let script = format!(
        "set -m; stty cols 90 rows 24; stty -a >before; \
         (until grep -q 'watched for' screen; do sleep 0.05; done; kill -TSTP $(cat pid)) & \
         sh -c 'echo $$ >pid; exec {} decode {} --top --speed 0.01'; \
         stty -a >stopped; echo stopped; status=/proc/$(cat pid)/status; ran=$(grep ctxt $status); bg %sh; \
         until [ \"$(grep ctxt $status)\" != \"$ran\" ] && grep -q 'State:.T' $status; do sleep 0.05; done; \
         echo behind; until grep -q behind screen; do sleep 0.05; done; told=$(stat -c %s screen); \
         (until tail -c +$told screen | grep -q 'watched for'; do sleep 0.05; done; kill -TERM $(cat pid)) & \
         fg %sh; echo done $?; stty -a >after",
        env!("CARGO_BIN_EXE_dhcptool"),
        story.file().display()
    );
    std::fs::write(folder.join("run.sh"), script).unwrap();
    let recorded =
        Command::new("script").args(["-qefc", "bash run.sh", "screen"]).current_dir(folder).output().unwrap();
    let screen = std::fs::read_to_string(folder.join("screen")).unwrap();
    assert!(recorded.status.success(), "{recorded:?}");
    let (enter, leave) = ("\u{1b}[?1049h\u{1b}[?25l", "\u{1b}[?25h\u{1b}[?1049l");
    // There and back, once before it was stopped and once after it came to the front again.
    let parts: Vec<&str> = screen.split(enter).collect();
    let [_, first, second] = parts[..] else { panic!("{screen:?}") };
    let ((first, stopped), (second, after)) =
        (first.split_once(leave).unwrap(), second.split_once(leave).unwrap());
    assert!(first.contains("watched for") && second.contains("watched for"), "{screen:?}");
    assert!(stopped.contains("behind") && !stopped.contains("watched for"), "{screen:?}");
    assert!(after.contains("watched for") && after.contains("done 143"), "{screen:?}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!((read("before"), read("before")), (read("stopped"), read("after")));
}

/// A capture on the screen, as it was: whatever ends it, the terminal is as it was, and the last state stays.
#[test]
fn a_capture_is_shown_again_and_leaves_the_terminal_as_it_was() {
    let mut story = refused();
    story.binds(3_600_000, 9, 9, &[]);
    let screen = |ending: &str, speed: &str| {
        let folder = story.folder();
        let program = env!("CARGO_BIN_EXE_dhcptool");
        let script = format!(
            "stty cols 90 rows 24; stty -a >before; rm -f pid; \
             (until [ -s pid ] && grep -q 'watched for' screen; do sleep 0.05; done; told=$(stat -c %s screen); \
             stty -F /dev/tty cols 70 rows 20; \
             until tail -c +$told screen | grep -q '\\[2J'; do sleep 0.05; done; {ending}) & \
             sh -c 'echo $$ >pid; exec {program} decode {} --top --known 10.9.9.9 --speed {speed}'; \
             echo done $?; stty cols 90 rows 24; stty -a >after",
            story.file().display()
        );
        std::fs::write(folder.join("run.sh"), script).unwrap();
        // What a shell starts behind itself ignores some signals, and so does all that it starts.
        let recorded = Command::new("env")
            .args(["--default-signal", "script", "-qefc", "sh run.sh", "screen"])
            .current_dir(folder)
            .output()
            .unwrap();
        let screen = std::fs::read_to_string(folder.join("screen")).unwrap();
        assert!(recorded.status.success(), "{recorded:?}");
        let (_, shown) = screen.split_once("\u{1b}[?1049h\u{1b}[?25l").unwrap_or_else(|| panic!("{screen}"));
        let (shown, after) =
            shown.split_once("\u{1b}[?25h\u{1b}[?1049l").unwrap_or_else(|| panic!("{screen}"));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("before"), read("after"));
        (shown.to_owned(), after.to_owned())
    };
    // An hour in three seconds.
    let (shown, after) = screen("true", "1200");
    assert!(shown.contains("10.0.0.1") && shown.contains("UNKNOWN"), "{shown}");
    assert!(shown.contains("\u{1b}[2J"), "drawn anew for the size that it has now: {shown:?}");
    assert!(after.contains("UNKNOWN") && after.contains("done 0"), "{after}");
    for (signal, code) in [
        ("INT", 130),
        ("TERM", 143),
        ("HUP", 129),
        ("QUIT", 131),
        ("ABRT", 134),
        ("USR1", 138),
        ("SEGV", 139),
        ("RTMIN", 162),
    ] {
        let (_, after) = screen(&format!("kill -{signal} $(cat pid)"), "1");
        assert!(after.contains(&format!("done {code}")), "{signal}: {after}");
    }
    let refused = |args: &[&str]| run(&story, 80, args).status.code();
    assert_eq!(refused(&["decode", "--top"]), Some(2), "a pipe is no terminal");
    assert_eq!(refused(&["decode", "--speed", "2"]), Some(2), "a speed of what?");
}

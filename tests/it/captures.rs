//! Golden files: what `decode` says of every capture in `tests/data/captures`, in words and in JSON.
//! `BLESS=1 cargo test --test it captures` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dhcptool::output::packet::read::read_message;
use dhcptool::wire::escape::is_hostile;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures")
}

fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let golden =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "txt" || extension == "json");
    let mut captures: Vec<PathBuf> = entries.filter(|path| !golden(path)).collect();
    captures.sort();
    assert!(captures.len() > 30, "{} captures", captures.len());
    captures
}

/// Runs decode in the captures' folder, so that no path of this machine gets into the output.
fn decode(capture: &Path, flags: &[&str]) -> (String, String, i32) {
    let out = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .arg("decode")
        .args(flags)
        .arg(capture.file_name().unwrap())
        .current_dir(folder())
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr), out.status.code().unwrap())
}

fn hold(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, found).unwrap();
    }
    let wanted = fs::read_to_string(path).unwrap_or_default();
    assert!(
        wanted == found,
        "{} differs; look at the change, then BLESS=1 cargo test --test it captures\n--- wanted\n{wanted}\n--- found\n{found}",
        path.display()
    );
}

fn beside(capture: &Path, ending: &str) -> PathBuf {
    let name = format!("{}.{ending}", capture.file_name().unwrap().to_str().unwrap());
    capture.with_file_name(name)
}

#[test]
fn text_is_as_blessed() {
    for capture in captures() {
        let mut page = String::new();
        for flags in [&[][..], &["-vv"]] {
            let (out, err, code) = decode(&capture, flags);
            writeln!(page, "$ dhcptool decode {}\n{out}{err}(exit {code})\n", flags.join(" ")).unwrap();
        }
        assert!(!page.chars().any(|c| c != '\n' && is_hostile(c)), "{}", capture.display());
        hold(&beside(&capture, "txt"), &page);
    }
}

#[test]
fn json_is_as_blessed_and_valid() {
    for capture in captures() {
        let (out, _, _) = decode(&capture, &["--json"]);
        for line in out.lines() {
            let packet: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(packet["type"], "packet");
            // The message can be rebuilt; that it is the same to the byte is tested with the codec.
            if !packet["dhcp"].is_null() {
                read_message(&packet).unwrap();
            }
        }
        hold(&beside(&capture, "json"), &out);
    }
}

#[test]
fn what_is_written_holds_the_same_messages() {
    let written = tempfile::tempdir().unwrap();
    let messages = |text: &str| {
        let message = |line| {
            let mut packet: serde_json::Value = serde_json::from_str(line).unwrap();
            let object = packet.as_object_mut().unwrap();
            // Frames without a message are left out, and interfaces get names of their own.
            object.remove("capture");
            object.remove("number");
            object.remove("interface");
            // What is wrong with a message is remarked where it is written.
            object.remove("comment");
            if let Some(link) = object.get_mut("link").and_then(serde_json::Value::as_object_mut) {
                link.remove("comment");
            }
            packet
        };
        text.lines().map(message).collect::<Vec<_>>()
    };
    for capture in captures() {
        let kept = written.path().join("kept.pcapng");
        let (out, ..) = decode(&capture, &["--json", "--write", kept.to_str().unwrap()]);
        if out.is_empty() {
            continue;
        }
        let again =
            Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(["decode", "--json"]).arg(&kept).output();
        let again = String::from_utf8(again.unwrap().stdout).unwrap();
        assert_eq!(messages(&again), messages(&out), "{}", capture.display());
    }
}

#[cfg(all(feature = "live", target_os = "linux"))]
#[test]
fn the_process_is_confined_while_it_decodes() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::Stdio;

    let capture = fs::read(folder().join("dhcp.pcap")).unwrap();
    let mut decode = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
    decode.args(["decode", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut decode = decode.spawn().unwrap();
    let mut input = decode.stdin.take().unwrap();
    input.write_all(&capture).unwrap();
    let mut first = String::new();
    BufReader::new(decode.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("DISCOVER"), "{first}");
    let status = fs::read_to_string(format!("/proc/{}/status", decode.id())).unwrap();
    drop(input);
    assert!(decode.wait().unwrap().success());
    assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")) {
        assert!(status.contains("Seccomp:\t2\n"), "{status}");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    for capture in captures() {
        let plain = decode(&capture, &["-vv"]).0;
        let colored = decode(&capture, &["-vv", "--color", "always"]).0;
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain, "{}", capture.display());
    }
}

/// A capture of many packets: those of another one again and again.
#[cfg(feature = "live")]
fn long_capture(path: &Path) {
    let one = fs::read(folder().join("dhcp.pcap")).unwrap();
    let (header, records) = one.split_at(24);
    let mut whole = header.to_vec();
    for _ in 0..4000 {
        whole.extend_from_slice(records);
    }
    fs::write(path, whole).unwrap();
}

#[cfg(feature = "live")]
#[test]
fn what_an_interrupt_finds_decoded_is_written_and_summed_up() {
    use std::io::Read as _;

    let scratch = tempfile::tempdir().unwrap();
    let (long, kept) = (scratch.path().join("long.pcap"), scratch.path().join("kept.pcapng"));
    long_capture(&long);
    for threads in ["1", "4"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .args(["decode", "--json", "--threads", threads, "--write"])
            .args([&kept, &long])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        // It waits for its reader with most of the capture before it when the signal comes.
        let mut shown = vec![0];
        stdout.read_exact(&mut shown).unwrap();
        let kill = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status().unwrap();
        assert!(kill.success());
        stdout.read_to_end(&mut shown).unwrap();
        let mut summary = String::new();
        child.stderr.take().unwrap().read_to_string(&mut summary).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{summary}");
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.ends_with('\n'));
        let lines = shown.lines().count();
        assert!(lines > 0 && lines < 16_000, "{lines} lines");
        assert!(summary.contains(&format!("{lines} DHCP")), "{lines} lines, {summary}");
        let again =
            Command::new(env!("CARGO_BIN_EXE_dhcptool")).arg("decode").arg(&kept).output().unwrap().stdout;
        assert_eq!(String::from_utf8(again).unwrap().lines().count(), lines);
    }
}

/// What is malformed is a fact of the packets, not of the view: without a view the summary says the same.
#[test]
fn without_a_view_the_summary_is_the_same() {
    for capture in captures() {
        let summary = |flags: &[&str]| {
            let out = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
                .arg("decode")
                .args(flags)
                .arg(&capture)
                .output()
                .unwrap();
            String::from_utf8(out.stderr)
                .unwrap()
                .lines()
                .find(|line| line.contains(" read, "))
                .map(str::to_owned)
        };
        let shown = summary(&["--json"]);
        assert!(shown.is_some(), "{}", capture.display());
        assert_eq!(summary(&["--write", "-"]), shown, "{}", capture.display());
    }
}

#[test]
fn packets_are_chosen_by_number() {
    let capture = folder().join("dhcp.pcap");
    let numbers = |flags: &[&str]| {
        let (text, _, code) = decode(&capture, &[flags, &["--json"]].concat());
        let number = |line: &str| {
            let packet: serde_json::Value = serde_json::from_str(line).unwrap();
            packet["number"].as_u64().unwrap()
        };
        (text.lines().map(number).collect::<Vec<_>>(), code)
    };
    assert_eq!(numbers(&["--number", "3"]), (vec![3], 0));
    assert_eq!(numbers(&["--number", "1,3-9"]), (vec![1, 3, 4], 0));
    assert_eq!(numbers(&["--number", "2-3", "--type", "offer"]), (vec![2], 0));
    assert_eq!(numbers(&["--number", "9"]), (vec![], 1));
    for wrong in ["0", "4-2", "x"] {
        assert_eq!(decode(&capture, &["--number", wrong]).2, 2, "{wrong}");
    }
    // Of exchanges it chooses those that have one of these messages.
    let (all, ..) = decode(&capture, &["--transactions", "--json"]);
    let (one, _, code) = decode(&capture, &["--number", "3", "--transactions", "--json"]);
    assert!(code == 0 && !one.is_empty() && all.contains(&one), "{one}\n{all}");
}

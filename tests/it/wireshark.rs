//! What Wireshark gets: remarks on packets, losses at the end of a capture, and interfaces through extcap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[cfg(feature = "live")]
use crate::support::lab::{PROGRAM, lab, skip};

fn count(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

#[test]
fn problems_stand_in_the_comments_of_what_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.pcapng");
    let mut found = 0;
    let captures: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    for capture in captures {
        let mut decode = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        decode.args(["decode", "-q", "--json", "--threads", "1"]).arg(&capture).arg("--write").arg(&kept);
        let lines = String::from_utf8(decode.output().unwrap().stdout).unwrap();
        if lines.is_empty() {
            continue;
        }
        let file = fs::read(&kept).unwrap();
        for line in lines.lines() {
            let packet: Value = serde_json::from_str(line).unwrap();
            for problem in packet["problems"].as_array().unwrap() {
                let said = format!(
                    "{} [{}]",
                    problem["message"].as_str().unwrap(),
                    problem["code"].as_str().unwrap()
                );
                assert!(count(&file, &said) > 0, "{}: {said}", capture.display());
                found += 1;
            }
        }
        if !lines.contains("\"problems\":[{") {
            assert_eq!(count(&file, " at byte "), 0, "{}", capture.display());
        }
    }
    assert!(found > 20, "{found}");
}

/// The types of the blocks of a pcapng file of this machine's byte order.
#[cfg(feature = "live")]
fn blocks(file: &[u8]) -> Vec<u32> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut found, mut at) = (Vec::new(), 0);
    while at < file.len() {
        found.push(word(at));
        at += word(at + 4) as usize;
    }
    found
}

#[cfg(feature = "live")]
#[test]
fn losses_stand_at_the_end_of_what_was_captured() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.pcapng");
    let command =
        [PROGRAM, "sniff", "eth0", "--duration", "50ms", "--write-only", "--write", kept.to_str().unwrap()];
    let Some(output) = lab("", &command) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = blocks(&fs::read(&kept).unwrap());
    assert_eq!(found.last(), Some(&5), "{found:?}");
}

#[cfg(feature = "live")]
#[test]
fn every_interface_is_one_of_wiresharks() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/wireshark/dhcptool-extcap");
    let script = script.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("fifo");
    let run = |args: &str| {
        let line = format!("DHCPTOOL={PROGRAM} {args}");
        lab("", &["sh", "-c", &line]).map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let Some(interfaces) = run(&format!("{script} --extcap-interfaces --extcap-version=4.0")) else { return };
    assert!(interfaces.starts_with("extcap {version="), "{interfaces}");
    assert!(
        interfaces.contains("interface {value=dhcptool-eth0}{display=DHCP on eth0 (dhcptool)}"),
        "{interfaces}"
    );
    let dlts = run(&format!("{script} --extcap-dlts --extcap-interface dhcptool-eth0")).unwrap();
    assert!(dlts.starts_with("dlt {number=1}"), "{dlts}");
    let path = kept.to_str().unwrap();
    run(&format!(
        "timeout -s INT 3 {script} --capture --extcap-interface dhcptool-eth0 --fifo {path} & \
         until [ -s {path} ]; do :; done; {PROGRAM} send eth0 --type discover --hlen 3 -q >{path}.told; wait"
    ));
    let kept = fs::read(&kept).unwrap();
    let found = blocks(&kept);
    assert!(found.contains(&6), "{found:?}");
    let remark = b"[hlen-unusual]";
    assert!(kept.windows(remark.len()).any(|bytes| bytes == remark), "what is wrong stands in no comment");
}

/// Wireshark shows what an extcap says on standard error where it cannot work.
#[cfg(feature = "live")]
#[test]
fn the_extcap_says_that_there_is_no_dhcptool() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/wireshark/dhcptool-extcap");
    let mut command = Command::new("/bin/sh");
    let output = command.arg(script).arg("--extcap-interfaces").env("PATH", "/nowhere").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.starts_with("dhcptool-extcap: dhcptool is not a program in PATH") && told.lines().count() == 1,
        "{told}"
    );
}

/// What README names beside the program is in the packages.
#[test]
fn packages_hold_the_extcap_and_the_examples() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let part = |from: &str, to: &str| {
        let (_, rest) = manifest.split_once(from).unwrap();
        rest.split_once(to).unwrap().0.to_owned()
    };
    for (from, to) in [
        ("[package.metadata.deb]", "[package.metadata.generate-rpm]"),
        ("[package.metadata.generate-rpm]", "[package.metadata.binstall]"),
    ] {
        let assets = part(from, to);
        for name in [
            "packaging/wireshark/dhcptool-extcap",
            "examples/*",
            "packaging/icinga/*",
            "packaging/nagios/*",
            "packaging/prometheus/*",
            "packaging/grafana/*",
        ] {
            assert!(assets.contains(&format!("\"{name}\"")), "{from} has no {name}");
        }
        // The unit is stopped and disabled when the package goes.
        assert!(
            assets.contains("\npre_uninstall_script =") || assets.contains("\nmaintainer-scripts ="),
            "{from}"
        );
    }
}

#[cfg(feature = "live")]
#[test]
fn tshark_captures_through_the_extcap() {
    if Command::new("tshark").arg("-v").output().is_err() {
        skip("tshark is not installed");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/wireshark/dhcptool-extcap");
    let folder = tempfile::tempdir().unwrap();
    let extcap = folder.path().join("wireshark/extcap");
    fs::create_dir_all(&extcap).unwrap();
    std::os::unix::fs::symlink(script, extcap.join("dhcptool-extcap")).unwrap();
    // It is asked until enough was captured.
    let line = format!(
        "export XDG_CONFIG_HOME={} HOME={0} DHCPTOOL={PROGRAM}; \
         (while {PROGRAM} discover eth0 --first -q; do :; done >/dev/null 2>&1 & echo $! >{0}/pid); \
         timeout 30 tshark -i dhcptool-eth0 -c 4 -T fields -e dhcp.option.dhcp -e frame.interface_name 2>{0}/told; \
         kill $(cat {0}/pid)",
        folder.path().display()
    );
    let Some(output) = lab("", &["sh", "-c", &line]) else { return };
    let told = fs::read_to_string(folder.path().join("told")).unwrap_or_default();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 4, "{text}{told}");
    assert!(rows.contains(&"1\teth0") && rows.contains(&"2\teth0"), "{text}{told}");
}

/// Linux lets an interface be called `--help`.
#[test]
fn the_extcap_makes_no_flag_of_an_interface() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let program = folder.path().join("dhcptool");
    let interfaces = r#"{"name":"-q","up":true}{"name":"eth-0","up":true}"#;
    let text = format!(
        "#!/bin/sh\ncase $1 in -V) echo dhcptool 1 ;; interfaces) echo '{interfaces}' ;; \
         *) printf '%s\\n' \"$@\" >{} ;; esac\n",
        told.display()
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/wireshark/dhcptool-extcap");
    let run = |args: &[&str]| {
        let mut command = Command::new("/bin/sh");
        let output = command.arg(&script).args(args).env("DHCPTOOL", &program).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = run(&["--extcap-interfaces"]);
    assert!(listed.contains("{value=dhcptool-eth-0}") && !listed.contains("-q"), "{listed}");
    run(&["--capture", "--extcap-interface", "dhcptool---help", "--fifo", "-f"]);
    let args = fs::read_to_string(&told).unwrap();
    assert_eq!(args.lines().collect::<Vec<_>>(), ["sniff", "--quiet", "--write=-f", "--", "--help"]);
}

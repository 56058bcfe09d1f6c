//! `dhcptool lab` as its users meet it: a private network around a command, exit codes, signals, nothing left behind.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// `dhcptool lab` with these flags and this command.
fn lab(flags: &[&str], command: &[&str]) -> Command {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
    lab.arg("lab").args(flags).arg("--").args(command).stdin(Stdio::null());
    lab
}

fn run(flags: &[&str], command: &[&str]) -> Output {
    lab(flags, command).output().unwrap()
}

/// True where private networks can be made. In CI they must.
fn possible() -> bool {
    let output = run(&[], &["true"]);
    if output.status.success() {
        return true;
    }
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{why}");
    assert!(std::env::var_os("CI").is_none(), "in CI private networks must work: {why}");
    eprintln!("skipped: {}", why.trim());
    false
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_exit_code_is_the_commands() {
    if !possible() {
        return;
    }
    assert_eq!(run(&[], &["sh", "-c", "exit 7"]).status.code(), Some(7));
    assert_eq!(run(&[], &["sh", "-c", "kill -TERM $$"]).status.code(), Some(128 + 15));
    let missing = run(&[], &["no-such-program-here"]);
    assert_eq!(missing.status.code(), Some(3));
    assert_eq!(
        text(&missing.stderr),
        "dhcptool: cannot run no-such-program-here: No such file or directory (os error 2)\n"
    );
}

#[test]
fn what_is_too_long_for_the_cable_is_lost_and_the_lab_goes_on() {
    if !possible() {
        return;
    }
    // The answer repeats the identifier and says more than the question did.
    let id = format!("1=0x00030001{}", "ab".repeat(1360));
    let script = r#""$1" discover -6 eth0 -q --wait 1s -o "$2"; exec "$1" discover -6 eth0 -q --wait 1s"#;
    let output = run(&[], &["sh", "-c", script, "sh", env!("CARGO_BIN_EXE_dhcptool"), &id]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.contains("no advertise") && !err.contains("ended"), "{err}");
}

#[test]
fn a_wrong_command_line_says_what_would_be_right() {
    for (flags, wanted) in [
        (&["--loss", "200"][..], "percentage"),
        (&["--stall", "1s"], "200ms/1s"),
        (&["--servers", "61"], "60"),
        (&["--client-addr", "10.0.0.300"], "10.0.0.200/8"),
        (&["--threads", "2", "--loss", "5"], "--threads"),
        (&["--addres", "10.0.0.200/8"], "unexpected argument '--addres' found"),
    ] {
        let output = run(flags, &["true"]);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(text(&output.stderr).contains(wanted), "{flags:?}: {}", text(&output.stderr));
    }
    assert_eq!(
        Command::new(env!("CARGO_BIN_EXE_dhcptool")).arg("lab").output().unwrap().status.code(),
        Some(2)
    );
}

#[test]
fn the_network_is_private_and_dhcptool_is_at_hand() {
    if !possible() {
        return;
    }
    let output = run(&["--v6", "off"], &["dhcptool", "interfaces", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let listing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listing["default"], "eth0");
    let names: Vec<&str> =
        listing["interfaces"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lo", "eth0"]);
    assert_eq!(listing["interfaces"][1]["addresses"], serde_json::json!([]), "as before DHCP");
    let output = run(&["--client-addr", "10.0.0.200/8"], &["dhcptool", "interfaces", "--json"]);
    let listing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let addresses = listing["interfaces"][1]["addresses"].as_array().unwrap();
    assert_eq!(addresses[0], "10.0.0.200/8");
    // Where the kernel speaks IPv6 it has an address for the link.
    assert!(addresses.len() == 1 || addresses[1] == "fe80::ff:fe00:100/64", "{addresses:?}");
}

#[test]
fn a_lab_fits_into_a_lab() {
    if !possible() {
        return;
    }
    assert_eq!(run(&[], &["dhcptool", "lab", "--", "sh", "-c", "exit 9"]).status.code(), Some(9));
}

/// A lab whose command says `ready` and then waits for ever, with a child that does the same.
fn waiting() -> (Child, BufReader<std::process::ChildStdout>, String) {
    // Both hold the output: when it closes, both are gone.
    let script = "sleep 1000000 & readlink /proc/self/ns/net; exec sleep 1000000";
    let mut child = lab(&[], &["sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut namespace = String::new();
    out.read_line(&mut namespace).unwrap();
    assert!(namespace.starts_with("net:["), "{namespace}");
    (child, out, namespace.trim().to_owned())
}

/// Waits until every process that held the output is gone, and looks whether one is left in the namespace.
fn nothing_is_left(mut out: BufReader<std::process::ChildStdout>, namespace: &str) {
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    // A process closes its files a moment before it leaves its namespaces.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let left = inside(namespace);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left in {namespace}: {left:?}");
        std::thread::yield_now();
    }
}

/// The processes that are in a network namespace.
fn inside(namespace: &str) -> Vec<OsString> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        std::fs::read_link(entry.path().join("ns/net")).is_ok_and(|link| link == Path::new(namespace))
    });
    processes.filter(|entry| !is_zombie(&entry.path())).map(|entry| entry.file_name()).collect()
}

fn is_zombie(process: &Path) -> bool {
    std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn signals_reach_the_command_and_nothing_is_left() {
    if !possible() {
        return;
    }
    let (mut child, out, namespace) = waiting();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    nothing_is_left(out, &namespace);
}

#[test]
fn a_killed_lab_takes_everything_with_it() {
    if !possible() {
        return;
    }
    let (mut child, out, namespace) = waiting();
    child.kill().unwrap();
    child.wait().unwrap();
    nothing_is_left(out, &namespace);
}

#[test]
fn the_first_command_of_the_readme_works() {
    if !possible() {
        return;
    }
    let output = run(&["--servers", "2"], &["dhcptool", "discover", "eth0", "--json", "--wait", "1s"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut servers: Vec<&str> = found["offers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offer| offer["server_id"].as_str().unwrap())
        .collect();
    servers.sort_unstable();
    assert_eq!(servers, ["10.0.0.1", "10.0.0.2"]);
}

#[test]
fn every_fault_of_ipv6_is_named_by_discover() {
    if !possible() {
        return;
    }
    for fault in dhcptool::lab::faults::FAULTS6 {
        let words = ["dhcptool", "discover", "-6", "eth0", "--wait", "1500ms", "--json"];
        let output = run(&["--fault", fault.name], &words);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", fault.name, text(&output.stderr)));
        let codes: Vec<&str> =
            found["findings"].as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect();
        for code in fault.codes {
            assert!(codes.contains(code), "{}: {codes:?}", fault.name);
        }
    }
}

/// All at once: most of the time nothing happens.
#[test]
fn every_fault_of_ipv6_is_named_by_doctor() {
    if !possible() {
        return;
    }
    let examine = |flags: &[&str], how: &[&str]| -> serde_json::Value {
        let words = [&["dhcptool", "doctor", "eth0", "--json"], how].concat();
        let output = run(flags, &words);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{flags:?}: {error}: {}", text(&output.stderr)))
    };
    let codes = |found: &serde_json::Value| -> Vec<String> {
        let all = std::iter::once(&found["cause"]).chain(found["also"].as_array().into_iter().flatten());
        all.filter_map(|one| one["code"].as_str().map(str::to_owned)).collect()
    };
    std::thread::scope(|scope| {
        for fault in dhcptool::lab::faults::FAULTS6 {
            scope.spawn(move || {
                let said = codes(&examine(&["--fault", fault.name], &["--quick"]));
                for code in fault.codes {
                    assert!(said.iter().any(|one| one == code), "{}: {said:?}", fault.name);
                }
            });
        }
        scope.spawn(|| {
            let healthy = examine(&[], &["--quick"]);
            assert_eq!(healthy["verdict"], "healthy", "{healthy}");
            let check = healthy["checks"].as_array().unwrap().iter().find(|check| check["name"] == "IPv6");
            assert_eq!(check.unwrap()["result"], "ok", "{healthy}");
        });
        // Routers speak unasked every ten seconds. Where nobody was asked, nobody is silent.
        for (fault, code) in [("v6-long-prefix", Some("slaac-broken")), ("v6-no-server", None)] {
            scope.spawn(move || {
                let heard = examine(&["--fault", fault], &["--passive", "--listen", "12s"]);
                assert_eq!(heard["cause"]["code"].as_str(), code, "{heard}");
                assert!(heard["checks"].to_string().contains("routers: 1") || code.is_some(), "{heard}");
            });
        }
    });
}

/// A real client takes and renews its address beside the doctor, from the same card: neither is the other's trouble.
#[test]
fn a_client_of_this_host_beside_the_doctor_is_no_trouble() {
    if !possible() {
        return;
    }
    if Command::new("busybox").args(["udhcpc", "--help"]).output().is_err() {
        return crate::support::skip("busybox is not here");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("bound");
    let bound = "#!/bin/sh\n[ \"$1\" != bound ] || ip address add \"$ip/$mask\" dev eth0\n";
    std::fs::write(&script, bound).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // First it renews meanwhile, then it asks for its first address.
    for begin in ["sleep 3;", ""] {
        let command = format!(
            "busybox udhcpc -i eth0 -f -s {} >/dev/null 2>&1 & client=$!; {begin} \
             dhcptool doctor eth0 --json --listen 14s; kill $client",
            script.display()
        );
        let output = run(&["--lease-time", "20s", "--v6", "off"], &["sh", "-c", &command]);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
        let healthy = (&serde_json::json!("healthy"), &serde_json::json!([]));
        assert_eq!((&found["verdict"], &found["also"]), healthy, "{found}");
    }
}

/// What a firewall of this host keeps from its DHCPv6 client is told by the doctor too, which asks in the name of the host.
#[test]
fn the_doctor_finds_the_firewall_of_this_host_and_names_the_host() {
    if !possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.pcapng");
    // What is looked up before the table of this host's own addresses drops what arrives, and packet sockets still see it.
    let drops = "ip -6 rule add pref 100 lookup local && ip -6 rule del pref 0 && \
                 ip -6 rule add pref 50 ipproto udp sport 547 blackhole || exit 77;";
    let command = format!("{drops} dhcptool doctor eth0 --json --save {}", saved.display());
    let output = run(&[], &["sh", "-c", &command]);
    if output.status.code() == Some(77) {
        return crate::support::skip("no rules of routing may be made here");
    }
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    assert_eq!(found["cause"]["code"], "host-firewall", "{found}");
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let asked =
        Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(["decode", "-v"]).arg(&saved).output().unwrap();
    assert!(text(&asked.stdout).contains(name.trim()), "{}", text(&asked.stdout));
}

/// Where the kernel chooses the way, what waits for the next hop's hardware address has not left the interface: that is no filter.
#[test]
fn who_does_not_answer_the_kernel_by_arp_is_told() {
    if !possible() {
        return;
    }
    for (server, why) in [("10.0.0.99", "10.0.0.99 did not answer ARP"), ("10.0.0.1", "")] {
        let asks = ["dhcptool", "discover", "eth0", "--giaddr", "10.0.0.200", "--server", server];
        let output =
            run(&["--client-addr", "10.0.0.200/8"], &[&asks[..], &["--wait", "1s", "--json"]].concat());
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let silence = found["silence"].as_array().unwrap();
        assert_eq!(silence.is_empty(), why.is_empty(), "{found}");
        assert!(silence.iter().all(|line| line.as_str().unwrap().starts_with(why)), "{found}");
        assert_eq!(found["offers"].as_array().unwrap().len(), usize::from(why.is_empty()), "{found}");
    }
}

/// The kernel does not ask again for seconds, so that the next command sees no question of it.
#[test]
fn who_did_not_answer_the_command_before_is_told_too() {
    if !possible() {
        return;
    }
    let way = "eth0 --giaddr 10.0.0.200 --server 10.0.0.99";
    let script =
        format!("dhcptool discover {way} --wait 300ms; dhcptool request {way} --timeout 300ms --retries 0");
    let output = run(&["--client-addr", "10.0.0.200/8"], &["sh", "-c", &script]);
    let said = text(&output.stderr);
    assert_eq!(said.matches("10.0.0.99 did not answer ARP").count(), 2, "{said}");
    assert!(!said.contains("leaving"), "{said}");
}

/// A link to the program may have the name that the program itself has not.
#[test]
fn a_link_to_the_program_finds_it() {
    if !possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (program, links) = (folder.path().join("dhcptool-1.2"), folder.path().join("bin"));
    std::fs::create_dir(&links).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_dhcptool"), &program).unwrap();
    std::os::unix::fs::symlink(&program, links.join("dhcptool")).unwrap();
    let mut called = Command::new(links.join("dhcptool"));
    let output = called.args(["lab", "--", "sh", "-c", "cd /; dhcptool --version"]).output().unwrap();
    assert!(output.stdout.starts_with(b"dhcptool "), "{}", String::from_utf8_lossy(&output.stderr));
}

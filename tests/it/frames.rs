//! Frames of seldom met kinds, and those that are not looked into, through the whole program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/frames").join(name)
}

fn run(words: &[&str], capture: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(words).arg(capture).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The types and layers of the messages in a capture.
fn messages(flags: &[&str], name: &str) -> Vec<(String, String)> {
    let out = run(&[&["decode", "--json"], flags].concat(), &data(name));
    assert!(out.status.success(), "{name}: {}", text(&out.stderr));
    let message = |line: &str| {
        let packet: serde_json::Value = serde_json::from_str(line).unwrap();
        let layers = packet["layers"].as_array().unwrap().iter().map(|layer| layer.as_str().unwrap());
        (packet["dhcp"]["message_type"].to_string(), layers.collect::<Vec<_>>().join(" "))
    };
    text(&out.stdout).lines().map(message).collect()
}

#[test]
fn every_kind_of_frame_is_read() {
    for (name, layers) in [
        ("unread-link-docsis-143.pcap", "docsis ethernet ipv4 udp"),
        ("unread-link-dsa-brcm-281.pcap", "ethernet tag ipv4 udp"),
        ("unread-link-erf-197.pcap", "erf ethernet ipv4 udp"),
        ("unread-link-ipoib-242.pcap", "ipoib ipv4 udp"),
        ("unread-tag-arista-timestamp.pcap", "ethernet tag ipv4 udp"),
        ("unread-tag-marvell-edsa.pcap", "ethernet tag ipv4 udp"),
        ("unread-tunnel-batman-adv.pcap", "ethernet batman-adv ethernet ipv4 udp"),
        ("unread-tunnel-openflow-packet-in.pcap", "ethernet ipv4 tcp openflow ethernet ipv4 udp"),
    ] {
        let wanted = ["\"discover\"", "\"offer\""].map(|kind| (kind.to_owned(), layers.to_owned()));
        assert_eq!(messages(&[], name), wanted, "{name}");
    }
    let vxlan = [("\"discover\"".to_owned(), "ethernet ipv4 udp vxlan ethernet ipv4 udp".to_owned())];
    assert_eq!(messages(&[], "unread-tunnel-vxlan-aci-48879.pcap"), vxlan);
    assert_eq!(messages(&[], "unread-tunnel-vxlan-custom-port.pcap"), []);
    assert_eq!(messages(&["--tunnel", "vxlan=14789"], "unread-tunnel-vxlan-custom-port.pcap"), vxlan);
}

/// A capture of two frames of this link type that hold nothing known.
fn capture(folder: &Path, link: u32) -> PathBuf {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    bytes.extend(link.to_le_bytes());
    for _ in 0..2 {
        bytes.extend([0_u32, 0, 32, 32].iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend([0; 32]);
    }
    let path = folder.join(format!("link-{link}.pcap"));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_not_looked_into_is_never_clean() {
    let folder = tempfile::tempdir().unwrap();
    let usb = capture(folder.path(), 220);
    let said = "2 frames of link type 220 (USB, Linux, padded) not looked into";
    let decode = run(&["decode"], &usb);
    assert_eq!(decode.status.code(), Some(3), "{}", text(&decode.stderr));
    assert!(text(&decode.stderr).contains(said), "{}", text(&decode.stderr));
    let unknown = run(&["decode"], &capture(folder.path(), 4711));
    assert!(text(&unknown.stderr).contains("2 frames of link type 4711 not looked into"));
    let rogue = run(&["rogue", "--from"], &usb);
    assert_eq!(rogue.status.code(), Some(3));
    assert!(text(&rogue.stderr).contains(said), "{}", text(&rogue.stderr));
    let plugin = run(&["rogue", "--nagios", "--from"], &usb);
    assert_eq!(plugin.status.code(), Some(3));
    let line = text(&plugin.stdout);
    assert!(line.starts_with("DHCP UNKNOWN") && line.contains(said), "{line}");
    let send = run(&["send", "lo", "--dry-run", "--from-pcap"], &usb);
    assert_eq!(send.status.code(), Some(3));
    assert!(text(&send.stderr).contains(said), "{}", text(&send.stderr));
}

#[test]
fn a_tunnel_that_is_none_is_refused() {
    let out = run(&["decode", "--tunnel", "vpn=1"], &data("cut-message-called-bootp.pcap"));
    assert_eq!(out.status.code(), Some(2));
    assert!(
        text(&out.stderr).contains("no tunnel is called vpn; there are l2tp, gtp"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn a_cut_message_is_of_unknown_type() {
    let cut = data("cut-message-called-bootp.pcap");
    let line = text(&run(&["decode"], &cut).stdout);
    assert!(line.contains("UNKNOWN") && line.contains("capture-cut") && !line.contains("BOOT"), "{line}");
    let detail = text(&run(&["decode", "-v"], &cut).stdout);
    assert!(detail.contains("unknown type, cut") && !detail.contains("BOOTP"), "{detail}");
    let bootp = run(&["decode", "--type", "bootp"], &cut);
    assert_eq!(text(&bootp.stdout), "");
}

/// The packets of a capture as JSON.
fn packets(flags: &[&str], capture: &Path) -> Vec<serde_json::Value> {
    let out = run(&[&["decode", "--json"], flags].concat(), capture);
    text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn priority_and_code_point_are_shown_and_choose() {
    let capture = data("vlan-priority-and-dscp-hidden.pcap");
    let found = packets(&[], &capture);
    let seen: Vec<_> = found
        .iter()
        .map(|packet| (&packet["link"]["vlans"][0], &packet["link"]["priorities"][0], &packet["ip"]["dscp"]))
        .map(|(vlan, priority, dscp)| (vlan.as_u64(), priority.as_u64(), dscp.as_u64()))
        .collect();
    assert_eq!(seen, [(Some(832), Some(6), Some(48)), (Some(832), Some(0), Some(0))]);
    let detail = text(&run(&["decode", "-v"], &capture).stdout);
    assert!(detail.contains("vlan 832 priority 6\n") && detail.contains("vlan 832 priority 0\n"), "{detail}");
    assert!(detail.contains("dscp 48 (cs6)"), "{detail}");
    for (flags, count) in [
        (["--priority", "6"], 1),
        (["--priority", "0,6"], 2),
        (["--priority", "5"], 0),
        (["--dscp", "cs6"], 1),
        (["--dscp", "0"], 1),
        (["--vlan", "832"], 2),
        (["--vlan", "1"], 0),
    ] {
        assert_eq!(packets(&flags, &capture).len(), count, "{flags:?}");
    }
    let wrong = run(&["decode", "--dscp", "64"], &capture);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn two_answers_differ_in_their_identification() {
    let capture = data("duplicate-acks-ip-id-hidden.pcap");
    let ids: Vec<_> = packets(&[], &capture).iter().map(|packet| packet["ip"]["id"].as_u64()).collect();
    assert!(ids.contains(&Some(56183)) && ids.contains(&Some(43556)), "{ids:?}");
    assert_eq!(packets(&["--ip-id", "56183"], &capture).len(), 1);
    let first = &packets(&[], &capture)[0];
    assert!(first["ip"]["dont_fragment"].is_boolean() && first["ip"]["ecn"] == 0, "{first}");
}

#[test]
fn cooked_captures_say_interface_and_direction() {
    let capture = data("sll2-interface-hidden.pcap");
    let found = packets(&[], &capture);
    assert_eq!((&found[0]["interface_index"], found.len()), (&7.into(), 2));
    assert!(found.iter().any(|packet| packet["direction"] == "out"), "{found:?}");
    let detail = text(&run(&["decode", "-v"], &capture).stdout);
    assert!(detail.contains("on interface 7  "), "{detail}");
    let out = packets(&["--direction", "out"], &capture).len();
    assert_eq!((out > 0, out + packets(&["--direction", "in"], &capture).len()), (true, 2));
}

#[test]
fn comments_are_shown_and_kept() {
    let capture = data("pcapng-comments-hidden.pcapng");
    let comments = |capture: &Path| -> Vec<_> {
        packets(&[], capture).iter().map(|packet| packet["comment"].clone()).collect()
    };
    let found = comments(&capture);
    let [first, ..] = &found[..] else { panic!("no packet") };
    let first = first.as_str().unwrap();
    assert!(text(&run(&["decode", "-v"], &capture).stdout).contains(first), "{first}");
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.pcapng");
    run(&["decode", "--write", kept.to_str().unwrap()], &capture);
    assert_eq!(comments(&kept), found);
}

#[test]
fn snoop_is_read() {
    let wanted = ["\"discover\"", "\"offer\""].map(|kind| (kind.to_owned(), "ethernet ipv4 udp".to_owned()));
    assert_eq!(messages(&[], "format-solaris.snoop"), wanted);
    let rogue = run(&["rogue", "--from"], &data("format-solaris.snoop"));
    assert!(text(&rogue.stdout).contains("192.0.2.1"), "{}", text(&rogue.stderr));
}

#[test]
fn a_capture_of_another_format_is_named_and_how_to_convert_it() {
    for words in [&["decode"][..], &["rogue", "--from"]] {
        let out = run(words, &data("format-endace.erf"));
        let said = text(&out.stderr);
        assert!(said.contains("Endace ERF") && said.contains("editcap -F pcapng"), "{said}");
        assert_eq!((out.status.code(), said.lines().count()), (Some(3), 1), "{said}");
    }
}

#[test]
fn option_43_reads_by_the_class_of_its_exchange_however_many_threads_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.pcap");
    let one = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/captures/case-option-43-class-of-exchange.pcap");
    let bytes = std::fs::read(one).unwrap();
    let (head, packets) = bytes.split_at(24);
    let mut many = head.to_vec();
    for number in 0..2000_u32 {
        let mut copy = packets.to_vec();
        // Each copy is another exchange: the first two of the four belong together.
        let mut at = 0;
        while at < copy.len() {
            let length = u32::from_le_bytes(copy[at + 8..at + 12].try_into().unwrap()) as usize;
            // Ethernet, IPv4, UDP, op to hops: then the transaction identifier.
            let xid = at + 16 + 14 + 20 + 8 + 4;
            copy[xid..xid + 3].copy_from_slice(&number.to_be_bytes()[1..]);
            at += 16 + length;
        }
        many.extend(copy);
    }
    std::fs::write(&path, &many).unwrap();
    let with = |flags: &[&str]| text(&run(&[&["decode", "--json"], flags].concat(), &path).stdout);
    let alone = with(&["--threads", "1"]);
    assert_eq!(alone.matches("\"name\":\"controller\"").count(), 2000);
    assert_eq!(with(&["--threads", "4"]), alone);
    let packed = folder.path().join("many.pcap.gz");
    let gz = Command::new("gzip").arg("-c").arg(&path).output().unwrap();
    std::fs::write(&packed, gz.stdout).unwrap();
    let unpacked = run(&["decode", "--json", "--threads", "4"], &packed);
    assert_eq!(text(&unpacked.stdout).replace(".pcap.gz", ".pcap"), alone);
    // Frames of zstd, which are decompressed side by side, and the last one cut.
    let packed = folder.path().join("many.pcap.zst");
    let mut frames: Vec<u8> =
        many.chunks(many.len() / 5).flat_map(|part| zstd::encode_all(part, 1).unwrap()).collect();
    for cut in [false, true] {
        if cut {
            frames.truncate(frames.len() - 5000);
        }
        std::fs::write(&packed, &frames).unwrap();
        let [one, two, four] =
            ["1", "2", "4"].map(|threads| run(&["decode", "--json", "--threads", threads], &packed));
        assert_eq!(one.status.code(), Some(if cut { 4 } else { 0 }));
        assert!(cut || text(&one.stdout).replace(".pcap.zst", ".pcap") == alone);
        for other in [two, four] {
            assert!(other.stdout == one.stdout && other.status == one.status && other.stderr == one.stderr);
        }
    }
}

/// A router advertisement whose bytes do not fit their checksum is said to be so, and one whose do is not.
#[test]
fn a_wrong_icmpv6_checksum_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ra.pcap");
    let made = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["send", "lo", "-6", "--type", "router-advertisement", "--dry-run", "--write"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let problems = || {
        let out = run(&["decode", "--json"], &path);
        let packet: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let all = packet["problems"].as_array().unwrap().iter();
        all.map(|problem| problem["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(!problems().contains(&"icmp-checksum-bad".to_owned()), "{:?}", problems());
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.last_mut().unwrap();
    *last ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    assert!(problems().contains(&"icmp-checksum-bad".to_owned()), "{:?}", problems());
}

/// Whether a sub-option of 43 is an address, the class of the exchange says, or nobody does.
#[test]
fn a_vendors_option_is_looked_for_by_what_it_says() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/captures/case-option-43-class-of-exchange.pcap");
    let numbers = |test: &str| -> Vec<_> {
        let found = packets(&["--option", test], &capture);
        found.iter().map(|packet| packet["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("43.1=192.168.3.195"), [2, 3]);
    assert_eq!(numbers("43.1=192.168.3.196"), [0; 0]);
    assert_eq!(numbers("43.1=0xc0a803c3"), [2, 3]);
}

/// Where times are shown as they are here, those on the command line are meant so too.
#[test]
fn a_moment_without_a_zone_is_of_the_zone_that_is_shown() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures/case-plain-dora.pcap");
    let shown = |flags: &[&str]| {
        let mut decode = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        decode.arg("decode").args(flags).arg(&capture).env("TZ", "XXX-1");
        text(&decode.output().unwrap().stdout).lines().count()
    };
    // It is of 22:13:20 UTC.
    let local = ["--time", "local", "--since"];
    assert_eq!(shown(&[&local[..], &["2023-11-14 23:13"]].concat()), 2);
    assert_eq!(shown(&[&local[..], &["2023-11-14 23:14"]].concat()), 0);
    assert_eq!(shown(&[&local[..], &["2023-11-14T22:14Z"]].concat()), 0);
    assert_eq!(shown(&["--since", "2023-11-14 23:13"]), 0);
    assert_eq!(shown(&["--since", "2023-11-14 22:13"]), 2);
}

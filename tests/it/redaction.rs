//! Captures without what names anybody: they tell the same story, of nobody.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope;
use dhcptool::wire::v4::{Message, MessageType, Xid};

use crate::story::{refused, run};
use crate::support::story::{SERVER, Story};

#[test]
fn a_redacted_capture_tells_the_same_story_of_nobody() {
    let story = refused();
    let redacted = story.folder().join("redacted.pcap");
    let written =
        run(&story, 80, &["decode", "--redact", "--json", "-q", "--write", redacted.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let shown = String::from_utf8(written.stdout).unwrap();
    let told = |path: &Path, args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).arg(path).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // What was shown is what was written.
    let again = told(&redacted, &["decode", "--json", "-q"]);
    let name = |text: &str| text.replace(redacted.to_str().unwrap(), story.file().to_str().unwrap());
    assert_eq!(name(&again), shown);
    for secret in ["00:0c:29", "laptop", "10.0.0.1\"", "10.0.0.7", "wrong network"] {
        assert!(told(&story.file(), &["decode", "--json", "-q"]).contains(secret), "{secret}");
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(!shown.contains("\"bad\""), "{shown}");
    let outcomes = |path: &Path| {
        let fields = "number,kind,outcome,messages,offer_ms,lease_time,problems";
        told(path, &["decode", "-q", "--transactions", "--fields", fields, "--format", "csv"])
    };
    assert_eq!(outcomes(&redacted), outcomes(&story.file()));
    // Packets are chosen by what they were.
    let chosen = told(&story.file(), &["decode", "-q", "--redact", "--json", "--mac", "00:0c:29:00:00:08"]);
    assert_eq!(chosen.lines().count(), 4, "{chosen}");
    assert!(!chosen.contains("00:0c:29"));
    assert_eq!(run(&story, 80, &["decode", "--redact", "--transactions"]).status.code(), Some(2));
    let page = told(&story.file(), &["report", "-q", "--redact"]);
    for secret in ["00:0c:29", "laptop", "10.0.0.7", "10.0.0.1<", "wrong network"] {
        assert!(!page.contains(secret), "{secret}");
    }
    assert!(page.contains("bound") && page.contains("are replaced"), "{page}");
}

/// What redaction must not change: networks larger than 256 addresses, what is built of parts, and who holds an address.
fn particular() -> Story {
    let mut story = Story::new();
    let mut serve = |ms: u64, xid: u32, client: u8, address: [u8; 4], options: &[(u8, &[u8])]| {
        let discover = story.asks(ms, MessageType::DISCOVER, xid, client, &[(12, b"laptop")]);
        let mut offer = Message::reply(MessageType::OFFER, &discover);
        offer.yiaddr = address.into();
        offer.set_option(51, &3600_u32.to_be_bytes());
        offer.set_option(54, &SERVER.octets());
        story.say(ms + 3, offer.clone(), options);
        story.asks(ms + 5, MessageType::REQUEST, xid, client, &[(50, &address), (54, &SERVER.octets())]);
        offer.set_option(53, &[5]);
        story.say(ms + 9, offer, options);
    };
    let parts: &[(u8, &[u8])] = &[
        (1, &[255, 255, 254, 0]),
        (3, &[10, 0, 0, 1]),
        (28, &[10, 0, 1, 255]),
        (43, b"\x06\x01\x08\x09\x05name!\xff"),
        (120, b"\x01\x0a\0\0\x05\x0a\0\0\x06"),
        (122, b"\x01\x04\x0a\0\0\x05\x03\x0e\0\x04prov\x06corp12\0\x07\x01\x01"),
        (125, b"\0\0\x0d\xe9\x08\x01\x06secret"),
        (143, b"\0\x0ehttps://a.test"),
    ];
    // Amid its network, though it ends in 255.
    serve(0, 1, 1, [10, 0, 0, 255], parts);
    // Not amid its network.
    serve(60_000, 2, 2, [10, 1, 255, 255], &[(1, &[255, 255, 0, 0])]);
    serve(120_000, 3, 3, [192, 168, 7, 255], &[(1, &[255, 255, 252, 0]), (3, &[192, 168, 8, 1])]);
    serve(180_000, 4, 4, [169, 254, 3, 4], &[(1, &[255, 255, 0, 0])]);
    // A name where addresses should be, a length that is none, and options that are cut.
    serve(
        240_000,
        5,
        5,
        [10, 0, 0, 5],
        &[(150, b"tftp.corp.ab"), (42, &[10, 0, 0]), (82, b"\x01\x04port\x02\x09x")],
    );
    // The access point answers for who asks.
    story.binds(300_000, 6, 6, &[]);
    let arp = [
        &[0xff; 6][..],
        &[0, 0x0c, 0x29, 0, 0, 6],
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2],
        &[0, 0x0c, 0x29, 0, 0, 6],
        &[10, 0, 0, 6],
        &[0, 0x0c, 0x29, 0, 0, 6],
        &[10, 0, 0, 6],
    ];
    story.frame(300_500, &arp.concat());
    story.asks(300_600, MessageType::DECLINE, 7, 6, &[(50, &[10, 0, 0, 6]), (54, &SERVER.octets())]);
    // Nothing left.
    let asked = story.asks(400_000, MessageType::REQUEST, 8, 8, &[(50, &[10, 0, 0, 8])]);
    story.answers(400_002, MessageType::NAK, &asked, 0, &[(56, b"corp: no free leases")]);
    story
}

/// A code, frames, an outcome; and codes with their frames.
type Told = (String, String, String, Vec<(String, String)>);

/// Which codes are said of a capture, and of which frames.
fn codes(path: &Path, what: &str) -> Vec<Told> {
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "-q", "--json", what])
        .arg(path)
        .output()
        .unwrap();
    let objects = String::from_utf8(output.stdout).unwrap();
    let told = objects.lines().map(|line| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let problems = object["problems"].as_array().into_iter().flatten();
        let codes: Vec<_> =
            problems.map(|problem| (problem["code"].to_string(), problem["frames"].to_string())).collect();
        (object["code"].to_string(), object["frames"].to_string(), object["outcome"].to_string(), codes)
    });
    told.collect()
}

#[test]
fn redaction_invents_no_finding_and_hides_none() {
    let story = particular();
    let redacted = story.folder().join("redacted.pcap");
    let before = codes(&story.file(), "--transactions");
    let said = format!("{before:?}");
    for code in [
        "address-unusable",
        "router-off-subnet",
        "address-text",
        "value-length",
        "probe-answered-by-client-mac",
        "pool-exhausted",
    ] {
        assert!(said.contains(code), "{code}: {said}");
    }
    assert!(before[0].3.is_empty(), "{said}");
    // Each run has a secret of its own.
    for _ in 0..5 {
        let written = run(&story, 80, &["decode", "-q", "--redact", "--write", redacted.to_str().unwrap()]);
        assert_eq!(written.status.code(), Some(0), "{written:?}");
        for what in ["--transactions", "--lint"] {
            assert_eq!(codes(&redacted, what), codes(&story.file(), what));
        }
    }
}

#[test]
fn what_cannot_be_redacted_leaves_no_capture_that_is_all_well() {
    use dhcptool::capture::{CaptureFormat, Frame, FrameOut, Writer};
    let folder = tempfile::tempdir().unwrap();
    let (written, redacted) = (folder.path().join("named.pcapng"), folder.path().join("redacted.pcapng"));
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), Mac([0, 0x1b, 0xd5, 0x11, 0x22, 0x33]));
    message.set_option(12, b"laptop");
    let mut frame =
        Envelope::broadcast(Mac([0, 0x1b, 0xd5, 0x11, 0x22, 0x33])).frame(&message.encode_padded());
    let decode = |frame: &[u8]| {
        let mut writer = Writer::create(&written, CaptureFormat::PcapNg).unwrap();
        let frame = Frame { interface_name: Some("enx001bd5112233"), ..Frame::of(1, frame) };
        writer.write(&FrameOut::from(frame)).unwrap();
        writer.flush().unwrap();
        drop(writer);
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .args(["decode", "--json", "--redact", "--write"])
            .args([&redacted, &written])
            .output()
            .unwrap();
        (output, std::fs::read(&redacted).unwrap())
    };
    let (output, bytes) = decode(&frame);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (shown, kept) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&bytes).into_owned());
    assert!(shown.contains("\"interface\":\"if") && !shown.contains("enx"), "{shown}");
    assert!(!kept.contains("enx001") && !kept.contains("laptop"));
    // A fragment says too little to be understood.
    frame[20] |= 0x20;
    let (output, _) = decode(&frame);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("1 packet cannot be redacted"), "{said}");
}

/// What is still being written has no end that could be waited for before the first packet is shown.
#[test]
fn what_comes_through_a_pipe_is_redacted_as_it_comes() {
    let capture = std::fs::read(refused().file()).unwrap();
    let mut follows = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "-q", "--json", "--follow", "--redact", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = follows.stdin.take().unwrap();
    pipe.write_all(&capture).unwrap();
    let mut shown = String::new();
    BufReader::new(follows.stdout.take().unwrap()).read_line(&mut shown).unwrap();
    drop(pipe);
    follows.kill().unwrap();
    follows.wait().unwrap();
    assert!(shown.contains("\"message_type\":\"request\"") && !shown.contains("00:0c:29"), "{shown:?}");
}

/// Who holds an address is said by ARP, whatever the link layer is.
#[test]
fn what_findings_rest_on_is_kept_of_every_link_layer() {
    let story = particular();
    let bytes = std::fs::read(story.file()).unwrap();
    let wrapped = |link: u8, wrap: &dyn Fn(&[u8]) -> Vec<u8>| {
        let (head, mut rest) = bytes.split_at(24);
        let mut all = [&head[..20], &[link, u8::from(link == 20), 0, 0]].concat();
        while let Some((record, behind)) = rest.split_first_chunk::<16>() {
            let length = u32::from_le_bytes(record[8..12].try_into().unwrap());
            let (frame, behind) = behind.split_at(usize::try_from(length).unwrap());
            let frame = wrap(frame);
            let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
            all.extend([&record[..8], &length, &length, &frame].concat());
            rest = behind;
        }
        all
    };
    let (plain, redacted) = (story.folder().join("link.pcap"), story.folder().join("link-redacted.pcap"));
    let linked: [(&str, Vec<u8>); 3] = [
        // 276 is 20 and 1 times 256.
        (
            "cooked, version 2",
            wrapped(20, &|frame| {
                let head = [&frame[12..14], &[0, 0, 0, 0, 0, 7, 0, 1, 0, 6], &frame[6..12], &[0, 0]].concat();
                [&head[..], &frame[14..]].concat()
            }),
        ),
        (
            "cooked",
            wrapped(113, &|frame| [&[0, 0, 0, 1, 0, 6], &frame[6..12], &[0, 0], &frame[12..]].concat()),
        ),
        ("an old tag", wrapped(1, &|frame| [&frame[..12], &[0x92, 0, 0, 7], &frame[12..]].concat())),
    ];
    for (name, bytes) in linked {
        std::fs::write(&plain, bytes).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .args(["decode", "-q", "--redact", "--write"])
            .args([&redacted, &plain])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        let before = codes(&plain, "--transactions");
        assert!(format!("{before:?}").contains("probe-answered-by-client-mac"), "{name}: {before:?}");
        assert_eq!(codes(&redacted, "--transactions"), before, "{name}");
    }
}

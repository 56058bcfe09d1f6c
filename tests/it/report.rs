//! `report`: the page that tells a capture, and what becomes of an older one.

use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use dhcptool::wire::v4::MessageType;

use crate::story::{refused, run, text};
use crate::support::story::Story;

/// A host name that would be harmful anywhere text is not text.
const HOSTILE: &[u8] =
    "</td><script>document.title='owned'</script><img src=x onerror=alert(1)>\u{202e}&\"'".as_bytes();

fn hostile() -> Story {
    let mut story = refused();
    story.binds(90_000, 4, 9, &[(12, HOSTILE), (60, b"<b>bold</b>")]);
    for number in 0..3 {
        story.asks(120_000 + number * 4000, MessageType::DISCOVER, 5, 10, &[(12, HOSTILE)]);
    }
    // The capture goes on, so that the silence is one.
    story.binds(400_000, 6, 11, &[]);
    story
}

fn page(story: &Story) -> String {
    let page = story.folder().join("page.html");
    let output = run(story, 80, &["report", "-q", "-o", page.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.is_empty());
    std::fs::read_to_string(page).unwrap()
}

#[test]
fn a_page_tells_the_capture_and_asks_nobody() {
    let story = hostile();
    let page = page(&story);
    for part in [
        "1 of 5 clients has no usable address: nobody answers DISCOVER.",
        "00:0c:29:00:00:07",
        "no-answer",
        "#1",
        "INIT-REBOOT",
        "Times are UTC",
        "SHA-256",
        "dhcptool report ",
        "wrong network, and this reason is a long one",
        "&#60;script&#62;",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // What was said on the wire stays text, and nothing is fetched.
    for bad in [
        "<script>document",
        "<img",
        "<b>bold",
        "\u{202e}",
        "http:",
        "https:",
        "url(",
        "@import",
        "<link",
        "src=",
    ] {
        let told = page.replace("&#60;img src=", "");
        assert!(!told.contains(bad), "{bad}");
    }
    assert_eq!((page.matches("<script>").count(), page.matches("</script>").count()), (1, 1));
    let hash = Command::new("sha256sum").arg(story.file()).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    assert!(page.contains(hash.split(' ').next().unwrap()), "{hash}");
    // Every message that is drawn has its decode.
    for id in page.split("data-p=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(page.contains(&format!("<pre id=\"{id}\">")), "{id}");
    }
}

#[test]
fn a_page_is_not_written_over_what_it_tells_and_not_to_a_terminal() {
    let story = refused();
    let file = story.file();
    let before = std::fs::read(&file).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .arg("report")
        .arg(&file)
        .arg("-o")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let page = story.folder().join("old.html");
    std::fs::write(&page, "old").unwrap();
    let missing = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["report", "/nonexistent.pcap", "-o"])
        .arg(&page)
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "old");
    let twice = run(&story, 80, &["report", "-", "-"]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("name - once"), "{twice:?}");
    // Without a file it goes where the output goes.
    assert!(text(&story, 80, &["report", "-q"]).starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_page_tells_what_a_pipe_delivers() {
    let (story, hash) = (refused(), regex_lite::Regex::new("[0-9a-f]{64}").unwrap());
    let page = |line: &str| {
        let output = Command::new("sh")
            .args(["-c", line, env!("CARGO_BIN_EXE_dhcptool")])
            .arg(story.file())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let named = page("\"$0\" report -q \"$1\"");
    let wanted = hash.find(&named).unwrap().as_str();
    for line in [
        "cat \"$1\" | \"$0\" report -q -",
        "\"$0\" report -q - <\"$1\"",
        "cat \"$1\" | \"$0\" report -q - -o -",
    ] {
        let piped = page(line);
        assert!(piped.contains("standard input") && piped.contains(wanted), "{line}: {piped}");
        // The second look, at the messages and their decode, saw the same.
        assert_eq!(piped.matches("<pre").count(), named.matches("<pre").count(), "{line}");
    }
    assert!(named.matches("<pre").count() > 2, "{named}");
}

#[test]
fn what_is_no_capture_is_not_read_to_its_end() {
    // None of these has one.
    for (line, said) in [
        ("exec \"$0\" report - </dev/zero", "standard input: not a capture"),
        ("yes | \"$0\" report -", "standard input: not a capture"),
        ("head -c 100M /dev/zero | gzip | \"$0\" report -", "standard input: not a capture"),
        ("exec \"$0\" report -q /dev/zero >/dev/null", "/dev/zero: not a capture"),
    ] {
        let mut command = Command::new("timeout");
        // No file may be written, so none that keeps it either.
        command.args(["20", "sh", "-c", &format!("ulimit -f 0; {line}"), env!("CARGO_BIN_EXE_dhcptool")]);
        let output = command.output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{line}: {err}");
        assert!(err.contains(said) && err.contains("found"), "{line}: {err}");
    }
}

/// What a real browser makes of the page: it sorts, it shows the decode of a message, nothing fails, nothing is fetched.
#[test]
fn a_browser_opens_the_page() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    }) else {
        eprintln!("no browser here: the page is not opened in one");
        return;
    };
    let story = hostile();
    let probe = "<script>
        var out=[];window.addEventListener('error',function(e){out.push('error '+e.message);});
        window.addEventListener('load',function(){
          var heads=document.querySelectorAll('table.sortable th'),column=function(){return Array.prototype.map.call(
            document.querySelectorAll('table.sortable tbody tr'),function(row){return row.cells[1].textContent;}).join(' ');};
          heads[1].querySelector('button').click();out.push('up '+column());
          heads[1].querySelector('button').click();out.push('down '+column());
          heads[0].querySelector('button').click();out.push('first '+document.querySelector('table.sortable tbody tr').className);
          var step=document.querySelector('g.step[data-p]');
          step.dispatchEvent(new PointerEvent('pointermove',{clientX:300,clientY:300}));
          var tip=document.getElementById('tip');out.push('tip '+getComputedStyle(tip).display+' '+tip.textContent.slice(0,400).replace(/\\s+/g,' '));
          step.dispatchEvent(new PointerEvent('pointerleave'));out.push('gone '+getComputedStyle(tip).display);
          out.push('fetched '+performance.getEntriesByType('resource').length);
          out.push('title '+document.title);
          var result=document.createElement('pre');result.id='probe';result.textContent=out.join('\\n');document.body.appendChild(result);
        });</script>";
    let path = story.folder().join("probe.html");
    std::fs::write(&path, page(&story).replace("<body>", &format!("<body>{probe}"))).unwrap();
    let profile = story.folder().join("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(&path)
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let result = dom.split("<pre id=\"probe\">").nth(1).unwrap_or_else(|| panic!("{output:?}"));
    let result = result.split("</pre>").next().unwrap();
    let line = |name: &str| {
        let found = result.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("{name}: {result}")).trim().to_owned()
    };
    let macs: Vec<String> = (7..=11).map(|last| format!("00:0c:29:00:00:{last:02x}")).collect();
    assert_eq!(line("up "), macs.join(" "));
    assert_eq!(line("down "), macs.into_iter().rev().collect::<Vec<_>>().join(" "));
    assert_eq!(line("first "), "failed");
    assert!(line("tip ").starts_with("block #1") && line("tip ").contains("xid 0x00000001"), "{result}");
    assert_eq!(line("gone "), "none");
    assert_eq!(line("fetched "), "0");
    assert!(line("title ").starts_with("DHCP: story.pcap"), "{result}");
    assert!(!result.contains("error "), "{result}");
}

/// A page is replaced by a whole one of what could be read, and by nothing less.
#[test]
fn an_old_page_stays_until_there_is_a_new_one() {
    let story = refused();
    let folder = story.folder();
    let page = folder.join("page.html");
    let capture = folder.join("capture");
    let written = |bytes: &[u8]| {
        std::fs::write(&page, "old").unwrap();
        std::fs::write(&capture, bytes).unwrap();
        let words = ["report", "-o"];
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .args(words)
            .arg(&page)
            .arg(&capture)
            .output()
            .unwrap();
        (output.status.code(), std::fs::read_to_string(&page).unwrap(), output)
    };
    let whole = std::fs::read(story.file()).unwrap();
    let (code, text, output) = written(&whole);
    assert_eq!(code, Some(0), "{output:?}");
    assert!(text.contains("</html>"), "{text}");
    let (code, text, output) = written(&whole[..whole.len() - 5]);
    assert_ne!(code, Some(0), "{output:?}");
    assert!(text.contains("what could be read is told"), "{text}");
    for nothing in [&b"no capture at all, but long enough to be one"[..], &whole[..30]] {
        let (code, text, output) = written(nothing);
        assert_ne!(code, Some(0), "{output:?}");
        assert_eq!(text, "old", "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("is left as it is"), "{output:?}");
    }
    // A device is written to, and stays one.
    let output = run(&story, 80, &["report", "-q", "-o", "/dev/null"]);
    assert!(output.status.success() && !std::path::Path::new("/dev/null").is_file(), "{output:?}");
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_page_says_by_what_command_it_is_made_again() {
    let story = refused();
    let name = "it's a capture; $HOME.pcap";
    std::fs::copy(story.file(), story.folder().join(name)).unwrap();
    let made = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        let output = command.current_dir(story.folder()).args(args).output().unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        let (_, rest) = page.split_once(": <code>dhcptool ").unwrap_or_else(|| panic!("{page}"));
        rest.split_once("</code>").unwrap().0.replace("&#39;", "'")
    };
    let typed = made(&["-q", "report", "--max-open", "7", "--threads=1", name]);
    assert_eq!(typed, r"-q report --max-open 7 --threads=1 'it'\''s a capture; $HOME.pcap'");
    let again = Command::new("sh")
        .args(["-c", &format!("\"$0\" {typed}"), env!("CARGO_BIN_EXE_dhcptool")])
        .current_dir(story.folder())
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    let redacted = made(&["report", "-q", "--redact", "--ignore", "no-answer", name]);
    assert_eq!(redacted, "report --redact --ignore no-answer CAPTURE...");
}

#[test]
fn a_page_tells_times_where_the_reader_is() {
    let story = refused();
    let page = |zone: &str, args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .env("TZ", zone)
            .args(args)
            .arg(story.file())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let utc = page("CET-1", &["report", "-q"]);
    assert!(utc.contains("Times are UTC."), "{}", &utc[utc.len() - 600..]);
    let here = page("CET-1", &["report", "-q", "--time", "local"]);
    assert!(here.contains("Times are CET (UTC+01:00)."));
    assert!(here.contains("--time local"));
    assert_ne!(utc.matches("22:13").count(), here.matches("22:13").count(), "times are shifted");
}

/// What ends a report while it reads leaves the old page as it was, and nothing beside it.
#[test]
fn an_old_page_outlives_a_report_that_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, page) = (folder.path().join("in"), folder.path().join("page.html"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        std::fs::write(&page, "old").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
            .args(["report", "-o"])
            .args([&page, &pipe])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Returns once it reads.
        let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        assert!(!child.wait().unwrap().success());
        drop(writer);
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "old", "{signal}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{signal}");
    }
}

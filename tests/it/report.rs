//! `report`: the page that tells a capture, and what becomes of an older one.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use dhcptool::wire::Mac;
use dhcptool::wire::v4::{Message, MessageType, Xid};

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

/// The browser that is here.
fn browser() -> Option<&'static str> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if browser.is_none() {
        eprintln!("no browser here: the page is not opened in one");
    }
    browser
}

/// What a script that pushes lines to `out` finds in a page.
fn probed(browser: &str, folder: &Path, page: &str, script: &str) -> String {
    let probe = format!(
        "<script>var out=[];window.addEventListener('error',function(e){{out.push('error '+e.message);}});
        window.addEventListener('load',function(){{{script}
          var result=document.createElement('pre');result.id='probe';result.textContent=out.join('\\n');document.body.appendChild(result);
        }});</script>"
    );
    let path = folder.join("probe.html");
    std::fs::write(&path, page.replace("<body>", &format!("<body>{probe}"))).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(&path)
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let result = dom.split("<pre id=\"probe\">").nth(1).unwrap_or_else(|| panic!("{output:?}"));
    result.split("</pre>").next().unwrap().to_owned()
}

/// What a real browser makes of the page: it sorts, it shows the decode of a message, nothing fails, nothing is fetched.
#[test]
fn a_browser_opens_the_page() {
    let Some(browser) = browser() else { return };
    let mut story = hostile();
    for (number, name) in (20..).zip(["10", "9", "1e3", "0x20", "b", "A", "2"]) {
        story.binds(500_000 + u64::from(number) * 1000, number.into(), number, &[(12, name.as_bytes())]);
    }
    let mut release = Message::request(MessageType::RELEASE, Xid(90), Mac([0, 0x0c, 0x29, 0, 0, 26]));
    release.ciaddr = [10, 0, 0, 26].into();
    story.say(900_000, release, &[(54, &[10, 0, 0, 1])]);
    story.binds(990_000, 91, 30, &[]);
    let script = "
        var heads=document.querySelectorAll('table.sortable th'),column=function(n){return Array.prototype.map.call(
          document.querySelectorAll('table.sortable tbody tr'),function(row){return row.cells[n].textContent;}).join(' ');};
        var sort=function(n){heads[n].querySelector('button').click();};
        sort(1);out.push('up '+column(1));
        sort(1);out.push('down '+column(1));
        sort(2);out.push('names '+column(2).replace(/^(.*?)laptop.*$/,'$1'));
        sort(4);out.push('addresses '+column(4));
        sort(0);out.push('first '+document.querySelector('table.sortable tbody tr').className);
        var step=document.querySelector('g.step[data-p]');
        step.dispatchEvent(new PointerEvent('pointermove',{clientX:300,clientY:300}));
        var tip=document.getElementById('tip');out.push('tip '+getComputedStyle(tip).display+' '+tip.textContent.slice(0,400).replace(/\\s+/g,' '));
        step.dispatchEvent(new PointerEvent('pointerleave'));out.push('gone '+getComputedStyle(tip).display);
        out.push('fetched '+performance.getEntriesByType('resource').length);
        out.push('title '+document.title);";
    let result = probed(browser, story.folder(), &page(&story), script);
    let line = |name: &str| {
        let found = result.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("{name}: {result}")).trim().to_owned()
    };
    let macs: Vec<String> =
        (7..=11).chain(20..=26).chain([30]).map(|last| format!("00:0c:29:00:00:{last:02x}")).collect();
    assert_eq!(line("up "), macs.join(" "));
    assert_eq!(line("down "), macs.into_iter().rev().collect::<Vec<_>>().join(" "));
    // Numbers in names are numbers, whatever they look like; a hostile name comes before them.
    assert!(line("names ").ends_with(" 0x20 1e3 2 9 10 A b"), "{result}");
    // As numbers, and what was given back is sorted as what is held.
    let addresses = (7..=9).chain([11]).chain(20..=26).chain([30]).map(|last| match last {
        26 => "gave 10.0.0.26 back".to_owned(),
        last => format!("10.0.0.{last}"),
    });
    assert_eq!(line("addresses "), addresses.collect::<Vec<_>>().join(" "), "{result}");
    assert_eq!(line("first "), "failed");
    assert!(line("tip ").starts_with("block #1") && line("tip ").contains("xid 0x00000001"), "{result}");
    assert_eq!(line("gone "), "none");
    assert_eq!(line("fetched "), "0");
    assert!(line("title ").starts_with("DHCP: story.pcap"), "{result}");
    assert!(!result.contains("error "), "{result}");
}

/// On A4 no table is wider than the paper, and what is read as one stays one, whatever the names and addresses.
#[test]
fn a_page_prints_on_paper() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("page.html");
    let captures = std::fs::read_dir("tests/data/captures").unwrap().map(|entry| entry.unwrap().path());
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["report", "-q", "-o"])
        .arg(&name)
        .args(captures)
        .arg(hostile().file())
        .output()
        .unwrap();
    assert!(name.exists(), "{output:?}");
    let page = std::fs::read_to_string(name).unwrap();
    assert!(page.contains("fe80::") && page.contains("@media print{"), "there are long names");
    // The style of paper on a screen as wide as what the margins leave of it.
    let page = page
        .replace("@media print{", "@media all{")
        .replace("</head>", "<style>body{width:182mm!important}</style></head>");
    let script = "
        var tables=document.querySelectorAll('.wide'),lines=function(cell){var range=document.createRange();
          range.selectNodeContents(cell);return range.getClientRects().length;};
        tables.forEach(function(table){if(table.scrollWidth>table.clientWidth)out.push('wide '+table.scrollWidth);});
        if(document.documentElement.scrollWidth>document.documentElement.clientWidth)out.push('wide page');
        document.querySelectorAll('td.m').forEach(function(cell){
          if(cell.textContent.length===17&&lines(cell)>1)out.push('broken '+cell.textContent);});
        document.querySelectorAll('td.n').forEach(function(cell){if(lines(cell)>1)out.push('broken '+cell.textContent);});
        document.querySelectorAll('td.why').forEach(function(cell){if(cell.clientWidth<80)out.push('narrow '+cell.clientWidth);});
        out.push('looked at '+tables.length);";
    let result = probed(browser, folder.path(), &page, script);
    assert!(result.starts_with("looked at ") && result != "looked at 0", "{result}");
}

/// What a page leaves out is said where it would stand, and what differs is not what is left out.
#[test]
fn what_does_not_fit_is_said() {
    let servers = |count: u8| {
        let mut story = Story::new();
        for server in 1..=count {
            let (at, own) = (u64::from(server) * 10_000, [10, 0, 0, server]);
            let router = if server == count { [10, 0, 0, 66] } else { [10, 0, 0, 254] };
            let given: [(u8, &[u8]); 2] = [(54, &own), (3, &router)];
            let discover = story.asks(at, MessageType::DISCOVER, server.into(), server, &[]);
            story.answers(at + 3, MessageType::OFFER, &discover, 100, &given);
            let wanted: [(u8, &[u8]); 2] = [(54, &own), (50, &[10, 0, 0, 100])];
            let request = story.asks(at + 5, MessageType::REQUEST, server.into(), server, &wanted);
            story.answers(at + 8, MessageType::ACK, &request, 100, &given);
        }
        page(&story)
    };
    let eight = servers(8);
    for part in [
        "In what the servers differ",
        "<th class=\"mono\">10.0.0.1 and 6 more</th><th class=\"mono\">10.0.0.8</th>",
        "<th>routers (3)</th><td class=\"mono\">10.0.0.254</td><td class=\"mono\">10.0.0.66</td>",
    ] {
        assert!(eight.contains(part), "{part}");
    }
    assert!(!eight.contains("are listed"));
    let sixty = servers(60);
    assert!(sixty.contains("10.0.0.1 and 58 more") && sixty.contains("50 of 60 servers are listed"));
    // The odd one is among them.
    assert!(
        sixty.contains("<td class=\"mono nw\">10.0.0.60</td>")
            && !sixty.contains("<td class=\"mono nw\">10.0.0.59</td>")
    );

    // A hundred clients ask forty times each.
    let mut story = Story::new();
    for time in 0..40 {
        for client in 1..=100_u8 {
            story.asks(time * 4000 + u64::from(client), MessageType::DISCOVER, client.into(), client, &[]);
        }
    }
    let page = page(&story);
    let drawings: Vec<&str> = page.split("<section").skip(1).collect();
    assert_eq!(drawings.len(), 100);
    let decoded = |drawing: &str| (drawing.matches("<g class").count(), drawing.matches("data-p=\"").count());
    assert!(drawings.iter().all(|drawing| decoded(drawing) == (40, 30)), "{:?}", decoded(drawings[99]));
    assert!(page.contains("3000 of the 4000 messages drawn have their decode"));
}

#[test]
fn a_long_reason_is_read_to_its_end() {
    let mut story = Story::new();
    let request = story.asks(0, MessageType::REQUEST, 1, 7, &[(50, &[10, 0, 9, 9])]);
    let reason: Vec<String> = (100..150).map(|word| format!("w{word}")).collect();
    story.answers(2, MessageType::NAK, &request, 0, &[(56, reason.join(" ").as_bytes())]);
    let page = page(&story);
    let drawing = page.split("<section").nth(1).unwrap();
    let texts: Vec<&str> =
        drawing.split("<text ").skip(1).map(|text| text.split(['>', '<']).nth(1).unwrap()).collect();
    let lines = texts.iter().filter(|text| text.contains("w1"));
    let lines: Vec<String> = lines.map(|text| text.replace("&#34;", "\"")).collect();
    assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= 72), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("w149\""), "{lines:?}");
}

/// Most clients were refused, each in other words, and fewer found nobody.
#[test]
fn refusals_in_many_words_are_one_reason() {
    let mut story = Story::new();
    for client in 1..=3 {
        let ms = u64::from(client) * 1000;
        let request = story.asks(ms, MessageType::REQUEST, client.into(), client, &[(50, &[10, 0, 9, 9])]);
        story.answers(ms + 2, MessageType::NAK, &request, 0, &[(56, format!("no {client}").as_bytes())]);
    }
    for number in 0..3 {
        for client in [8, 9] {
            story.asks(60_000 + number * 4000, MessageType::DISCOVER, client.into(), client, &[]);
        }
    }
    story.binds(400_000, 6, 11, &[]);
    let page = page(&story);
    let told = "5 of 6 clients have no usable address: refused by 10.0.0.1 (3), and other reasons.";
    assert!(page.contains(told), "{page}");
}

#[test]
fn in_json_the_page_is_told_of() {
    let story = hostile();
    let path = story.folder().join("page.html");
    let output = run(&story, 80, &["report", "-q", "--json", "-o", path.to_str().unwrap()]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["type"], &object["page"]), (&"report".into(), &path.to_str().unwrap().into()));
    let count = |name: &str| object[name].as_u64().unwrap_or_else(|| panic!("{name}: {object}"));
    assert_eq!(["clients", "failed", "servers", "drawn"].map(count), [5, 1, 1, 6], "{object}");
    assert_eq!(["ok", "odd", "failed"].map(count).iter().sum::<u64>(), 5, "{object}");
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains(object["captures"][0]["sha256"].as_str().unwrap()), "{object}");
    assert!(page.contains(object["verdict"].as_str().unwrap()), "{object}");
    // Nothing else goes to standard output.
    for words in [
        &["report", "--json"][..],
        &["report", "--json", "-o", "-"],
        &["report", "--json", "-o", "/dev/stdout"],
    ] {
        let refused = run(&story, 80, words);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("-o FILE"), "{refused:?}");
    }
}

/// The page goes where its name leads to, and stays whose it is.
#[test]
fn a_page_is_written_where_its_name_leads() {
    let story = refused();
    let (folder, link) = (story.folder().join("to"), story.folder().join("link.html"));
    let page = folder.join("page.html");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("to/page.html", &link).unwrap();
    let write = |path: &Path| run(&story, 80, &["report", "-q", "-o", path.to_str().unwrap()]);
    assert!(write(&link).status.success());
    assert!(link.is_symlink() && page.is_file());
    // Nothing may be created beside it, but it may be written.
    let inode = std::fs::metadata(&page).unwrap().ino();
    std::fs::write(&page, "old, and longer than nothing".repeat(10_000)).unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let output = write(&page);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::metadata(&page).unwrap().ino(), inode);
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.starts_with("<!DOCTYPE") && text.trim_end().ends_with("</html>"));
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    // A link that leads to itself leads nowhere.
    std::os::unix::fs::symlink("loop", story.folder().join("loop")).unwrap();
    assert_eq!(write(&story.folder().join("loop")).status.code(), Some(3));
    assert!(story.folder().join("loop").is_symlink());
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

/// What the capture cut off is nobody's fault: it stands behind what is.
#[test]
fn findings_are_told_worst_first() {
    let mut story = Story::new();
    let discover = story.asks(0, MessageType::DISCOVER, 1, 7, &[]);
    story.answers(3, MessageType::OFFER, &discover, 7, &[(3, &[10, 0, 9, 1])]);
    let request = story.asks(5, MessageType::REQUEST, 1, 7, &[(50, &[10, 0, 0, 7]), (54, &[10, 0, 0, 1])]);
    story.answers(9, MessageType::ACK, &request, 7, &[(3, &[10, 0, 9, 1])]);
    story.asks(10_000, MessageType::DISCOVER, 2, 8, &[(12, b"host"), (60, &[b'x'; 30])]);
    // The last frame was longer.
    let mut bytes = std::fs::read(story.file()).unwrap();
    let mut at = 24;
    let length =
        |at: usize| usize::try_from(u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap())).unwrap();
    while at + 16 + length(at) < bytes.len() {
        at += 16 + length(at);
    }
    let short = u32::try_from(length(at) - 20).unwrap();
    bytes.truncate(bytes.len() - 20);
    bytes[at + 8..at + 12].copy_from_slice(&short.to_le_bytes());
    let path = story.folder().join("cut.pcap");
    std::fs::write(&path, &bytes).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(["report", "-q"]).arg(&path).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    let told: Vec<&str> = page
        .split("<div class=\"finding")
        .skip(1)
        .filter_map(|finding| finding.split("<span class=\"").nth(1)?.split('"').next())
        .collect();
    let rank =
        |severity: &&str| ["error", "warning", "cut", "note"].iter().position(|known| known == severity);
    assert!(told.contains(&"warning") && told.contains(&"cut"), "{told:?}");
    assert!(told.is_sorted_by_key(rank), "{told:?}");
}

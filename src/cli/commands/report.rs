//! `dhcptool report`: one page for the ticket.

mod place;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use place::{Place, is_stdout};
use sha2::{Digest as _, Sha256};

use crate::analysis::diagnosis::{Code, Finding, History};
use crate::analysis::findings6::story::{Story as Links, Told};
use crate::analysis::redact::Redactor;
use crate::analysis::transaction::{
    Batch, Both, Clients, Closed, Follow, Item, Joined, Options, Outcome as Came, Stats, Unjoined, Whose,
};
use crate::capture::{self, is_stdin};
use crate::cli::commands::explain;
use crate::cli::context::{self, Context};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::common::positive;
use crate::cli::flags::confine::ConfineArgs;
use crate::cli::flags::keep;
use crate::cli::flags::vendors::{VendorArgs, Vendors};
use crate::cli::gather::{self, Input, Read, Stop};
use crate::cli::redaction;
use crate::cli::text;
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::Styled;
use crate::output::packet::detail::PacketDetail;
use crate::output::packet::record::PacketRecord;
use crate::output::packet::record6::{Judged, Message6, Record6};
use crate::output::report::{self, Capture, CaptureReport, Drawn, Given, Said};
use crate::output::transaction::{clients, unjoined};
use crate::output::when::{TimeForm, TimeText, Zone};
use crate::output::words::counted;
#[cfg(feature = "live")]
use crate::run::files;
use crate::run::gather::Wanted;
use crate::time::Clock as _;
use crate::wire::digits::hex;
use crate::wire::frame::{Ports, Protocol, Walked, Walker};
use crate::wire::problem::Severity;
use crate::wire::v4::{Message, Op, Outline, Packet};
use crate::wire::{HwAddr, Mac, v6};

/// Write one page of HTML that tells captures, for a ticket
///
/// The page needs no network and nothing beside it: a verdict in a sentence, findings with what to do, every client, what happened
/// over time, servers with their delays and differences, and the exchanges drawn, each message with its decode. The captures are
/// read twice.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The captures; - is standard input, which is kept in a temporary file until it was read twice
    #[arg(required = true, value_name = "CAPTURE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Where the page goes; left out, or -: standard output, unless that is a terminal
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Say also what only old and narrow devices take amiss
    #[arg(long)]
    strict: bool,

    /// Do not say this code; repeat to silence several
    #[arg(long, value_name = "CODE")]
    ignore: Vec<String>,

    /// Replace MAC and IP addresses, names, identifiers and transaction numbers, the same by the same everywhere (an address that a text
    /// spells, by words); other numbers, times and the vendor class (option 60) stay, so do networks and the last number of an IP
    /// address; what is not DHCPv4 over plain IPv4 is left out
    #[arg(long)]
    redact: bool,

    /// Tell times of day in UTC, or as they are here
    #[arg(long, value_enum, value_name = "WHERE", default_value_t)]
    time: ZoneArg,

    /// Exchanges open at a time; beyond that the oldest is closed as it stands
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = positive::<u32>)]
    max_open: u32,

    /// Read with N threads; left out: as many as pay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: Option<u8>,

    #[command(flatten)]
    vendors: VendorArgs,

    #[command(flatten)]
    confine: ConfineArgs,
}

/// The values of `--time`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ZoneArg {
    /// UTC
    #[default]
    Utc,
    /// The zone of this machine
    Local,
}

/// Exchanges drawn, and how many of one kind of trouble, and without any.
const DRAWN: usize = 150;
const ALIKE: usize = 15;
const FINE: usize = 8;
/// Messages whose decode is kept.
const PACKETS: usize = 3000;
/// Servers that are compared, replies of one and of all.
const SERVERS: usize = 500;
const REPLIES: u32 = 2000;
const ALL_REPLIES: u32 = 32_000;

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    for code in &args.ignore {
        explain::find(code)?;
    }
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    check(args, output, cx)?;
    // The captures are read twice.
    gather::keep_stdin(&args.files)?;
    keep::refuse_own_input(output, args.files.iter().map(PathBuf::as_path))?;
    let stop = Stop::new(true)?;
    let vendors = if args.redact { Vendors::default() } else { args.vendors.open(&args.confine, cx)? };
    // A confined process may not look for it any more.
    let local = args.time == ZoneArg::Local;
    let zone = Zone::new(local);
    let time = TimeText::new(if local { TimeForm::Local } else { TimeForm::Utc });
    let place = confine(args, output, cx)?;

    let mut story = Story::new(args, vendors);
    let redactor = args.redact.then(|| redaction::redactor(&args.files, &Ports::every(), &stop));
    let wanted = Wanted {
        ports: Ports::every(),
        strict: args.strict,
        redactor: redactor.clone(),
        ..Wanted::default()
    };
    // Frames are looked up in their capture.
    let input = Input { files: &args.files, apart: true, follow: false, threads: args.threads };
    let outline = gather::captures(input, &wanted, &stop, cx, |read, _| {
        match read {
            Read::Batch(batch) => story.take(batch),
            Read::End => story.end(),
        }
        Ok(())
    })?;
    story.conclude();
    if let Some(code) = outline.interrupted {
        return Ok(Exit::Code(code));
    }
    let mut captures: Vec<Capture> = args.files.iter().filter_map(|path| fingerprint(path, &stop)).collect();
    if args.redact {
        // Neither a name nor a hash leads back to the capture.
        for (number, capture) in (1_u32..).zip(&mut captures) {
            (capture.name, capture.sha256) = (format!("capture {number}"), None);
        }
    }
    let looked = look_again(&args.files, &story.frames(), story.servers(), redactor, time, &stop);
    if let Some(code) = stop.arrived() {
        return Ok(Exit::Code(code));
    }
    let remarks = remarks(args, &story, looked.left_out, outline.worst);
    let command = command(args);
    let report = CaptureReport {
        captures: &captures,
        frames: outline.frames,
        stats: &story.stats,
        stats6: &story.stats6,
        told: &story.told,
        clients: &story.clients,
        findings: &story.findings,
        said: &story.said,
        drawn: &story.drawn,
        packets: &looked.packets,
        given: &looked.given,
        vendors: &story.names,
        command: &command,
        generated: cx.clock.time(),
        zone: &zone,
        remarks,
        left_out: looked.left_out,
    };
    let page = report
        .render()
        .map_err(|error| Failure::could_not_run(format_args!("cannot write the page: {error}")))?;
    let nothing = outline.frames == 0 && outline.worst != Exit::Good;
    if let Place::File(path) | Place::Old(_, path) = &place
        && nothing
    {
        cx.warn(&format!("{} is left as it is: nothing could be read", path.display()));
        return Ok(outline.worst);
    }
    place.take(&page, cx)?;
    if cx.common.json {
        let name = output.map(|path| path.as_os_str().as_bytes()).unwrap_or_default();
        cx.out.write_json(&report.object(name))?;
    }
    if looked.left_out > 0 {
        cx.warn(&format!("{} cannot be redacted and are left out", counted(looked.left_out, "packet")));
    }
    cx.note(&format!(
        "{} read, {}, {} drawn",
        counted(outline.frames, "packet"),
        counted(story.number, "exchange"),
        story.drawn.len()
    ));
    Ok(outline.worst)
}

/// Refuses what cannot be.
fn check(args: &Args, output: Option<&Path>, cx: &Context) -> Result<(), Failure> {
    if args.files.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::usage("standard input is one capture; name - once"));
    }
    if cx.common.json && output.is_none_or(is_stdout) {
        return Err(Failure::usage(
            "--json tells of the page, which goes to a file then; name it with -o FILE",
        ));
    }
    if output.is_none() && cx.out.is_terminal() {
        return Err(Failure::usage("a page of HTML is nothing for a terminal; name a file with -o FILE"));
    }
    Ok(())
}

/// What else is to be known. `left_out` frames could not be redacted, `worst` is how reading went.
fn remarks(args: &Args, story: &Story<'_>, left_out: u64, worst: Exit) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(unserved) = clients::unserved(story.clients.unserved()) {
        remarks.push(format!("{unserved}."));
    }
    if let Some(unjoined) = unjoined::text(story.unjoined) {
        remarks.push(format!("{unjoined}."));
    }
    if args.redact {
        remarks.push(
            "MAC and IP addresses, names and identifiers are replaced, the same by the same.".to_owned(),
        );
    }
    if left_out > 0 {
        remarks.push(format!("Left out, for they cannot be redacted: {}.", counted(left_out, "packet")));
    }
    let evicted = story.joiner.evicted();
    if evicted > 0 {
        remarks.push(format!("Closed early to make room: {}.", counted(evicted, "exchange")));
    }
    if worst != Exit::Good {
        remarks.push("A capture is damaged or cannot be read: what could be read is told.".to_owned());
    }
    remarks
}

/// Finds the page's place with the rights of the user who named it, and gives up what reading captures does not take.
#[cfg(feature = "live")]
fn confine(args: &Args, output: Option<&Path>, cx: &Context) -> Result<Place, Failure> {
    args.confine.give_up(cx)?;
    let place = place(args, output)?;
    let zones = ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"];
    let read =
        args.files.iter().filter(|path| !is_stdin(path)).cloned().chain(zones.map(PathBuf::from)).collect();
    let create_in = match &place {
        Place::File(path) => vec![files::folder(path)],
        Place::Output | Place::Open(..) | Place::Old(..) => Vec::new(),
    };
    args.confine.offline(&Needs { create_in, read, ..Needs::default() }, cx)?;
    Ok(place)
}

#[cfg(not(feature = "live"))]
fn confine(args: &Args, output: Option<&Path>, _cx: &Context) -> Result<Place, Failure> {
    let _ = &args.confine;
    place(args, output)
}

fn place(args: &Args, output: Option<&Path>) -> Result<Place, Failure> {
    let missing = args.files.iter().find(|path| !is_stdin(path) && !path.exists());
    if let Some(missing) = missing.filter(|_| output.is_some()) {
        return Err(Failure::could_not_run(format_args!("cannot open {}: no such file", missing.display())));
    }
    Place::of(output)
}

/// The command as it was typed and may be typed again; of a page that is redacted without what others are called.
fn command(args: &Args) -> String {
    if !args.redact {
        let words = context::words().into_iter().skip(1).map(|word| text::shell_word(&word));
        return std::iter::once("dhcptool".to_owned()).chain(words).collect::<Vec<_>>().join(" ");
    }
    let mut words = vec!["dhcptool report --redact".to_owned()];
    words.extend(args.strict.then(|| "--strict".to_owned()));
    words.extend((args.time == ZoneArg::Local).then(|| "--time local".to_owned()));
    words.extend(args.ignore.iter().map(|code| format!("--ignore {}", text::shell_word(code.as_ref()))));
    words.push("CAPTURE...".to_owned());
    words.join(" ")
}

/// Size and hash of a capture; none of one that cannot be read again, or when it is time to end.
fn fingerprint(path: &Path, stop: &Stop) -> Option<Capture> {
    let mut file = capture::raw(path).ok()?;
    // A device need not have an end, and was said to be no capture; what came through a pipe does not come again.
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return None;
    }
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut bytes = vec![0; 1 << 16];
    loop {
        if stop.arrived().is_some() {
            return None;
        }
        let read = file.read(&mut bytes).ok()?;
        let Some(part) = bytes.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        size = size.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    let name = if is_stdin(path) { "standard input".into() } else { path.to_string_lossy() };
    Some(Capture { name: name.into_owned(), size, sha256: Some(hex(&hash.finalize())) })
}

/// What is made of the messages.
struct Story<'a> {
    args: &'a Args,
    joiner: Both,
    history: History,
    /// What is told of links that speak IPv6, and what was.
    links: Links,
    told: Vec<Told>,
    stats: Stats,
    stats6: Stats,
    unjoined: Unjoined,
    clients: Clients,
    said: BTreeMap<(Severity, &'static str), Said>,
    findings: Vec<Finding>,
    drawn: Vec<Drawn>,
    capture: usize,
    number: u64,
    vendors: Vendors,
    names: HashMap<HwAddr, String>,
}

impl Follow for Story<'_> {
    fn joiner(&mut self) -> &mut Both {
        &mut self.joiner
    }

    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch) {
        self.history.observe(item, joined.role);
        let (heard, joined) = match item {
            Item::Message(entry) => return self.stats.message(&entry.seen),
            Item::Sign(_) => return,
            Item::Six(entry) => {
                self.stats6.message(&entry.seen);
                (entry.heard, joined)
            }
            Item::Router(place) => (*place, Joined::default()),
        };
        if let Some(heard) = batch.six.get(heard) {
            self.links.take(heard, joined);
            if heard.is_managed() {
                self.clients.promised();
            }
        }
    }

    fn closed(&mut self, exchange: Closed) {
        self.number = self.number.saturating_add(1);
        let mut problems = match &exchange {
            Closed::Four(exchange) => self.history.closed(exchange),
            Closed::Six(exchange) => self.links.closed(exchange),
        };
        problems.retain(|problem| !self.args.ignore.iter().any(|code| code == problem.id.name()));
        // What is said of exchanges of DHCPv6 is told of their links.
        let counted = matches!(exchange, Closed::Four(_));
        match &exchange {
            Closed::Four(exchange) => {
                self.stats.exchange(exchange);
                self.clients.exchange(exchange, self.number, &problems);
            }
            Closed::Six(exchange) => {
                self.stats6.exchange(exchange);
                self.clients.exchange(exchange, self.number, &problems);
            }
        }
        for problem in problems.iter().filter(|_| counted) {
            let said = self.said.entry((problem.id.severity(), problem.id.name()));
            let said = said.or_insert_with(|| Said {
                id: problem.id,
                count: 0,
                message: problem.message.clone(),
                frames: problem.frames.clone(),
            });
            said.count = said.count.saturating_add(1);
        }
        self.drawn.push(Drawn { exchange, number: self.number, capture: self.capture, problems });
        if self.drawn.len() > DRAWN.saturating_mul(8) {
            self.choose();
        }
    }
}

impl<'a> Story<'a> {
    fn new(args: &'a Args, vendors: Vendors) -> Self {
        let max_open = usize::try_from(args.max_open).unwrap_or(usize::MAX);
        Self {
            args,
            joiner: Both::new(Options { max_open, hold: true }),
            history: History::new(args.strict),
            links: Links::default(),
            told: Vec::new(),
            stats: Stats::default(),
            stats6: Stats::default(),
            unjoined: Unjoined::default(),
            clients: Clients::default(),
            said: BTreeMap::new(),
            findings: Vec::new(),
            drawn: Vec::new(),
            capture: 0,
            number: 0,
            vendors,
            names: HashMap::new(),
        }
    }

    fn take(&mut self, batch: &Batch) {
        self.unjoined.add(batch.unjoined);
        self.follow(batch);
    }

    fn end(&mut self) {
        self.joiner.end();
        while self.joiner.close_some(256) {
            self.hand_on();
        }
        self.hand_on();
        self.capture = self.capture.saturating_add(1);
    }

    /// Keeps what is worth drawing: the worst, few of a kind, and some without any problem.
    fn choose(&mut self) {
        self.drawn.sort_by_key(|drawn| (rank(drawn), drawn.number));
        let mut kinds: HashMap<(Came, Option<&'static str>), usize> = HashMap::new();
        self.drawn.retain(|drawn| {
            let code = drawn.problems.first().map(|problem| problem.id.name());
            let count = kinds.entry((drawn.exchange.outcome(), code)).or_default();
            *count = count.saturating_add(1);
            let fine = drawn.exchange.outcome().is_success() && code.is_none();
            *count <= if fine { FINE } else { ALIKE }
        });
        self.drawn.truncate(DRAWN);
    }

    fn conclude(&mut self) {
        self.findings = self.history.finish(self.joiner.now());
        self.findings.retain(|finding| !self.args.ignore.iter().any(|code| code == finding.id.name()));
        self.told = self.links.finish();
        self.told.retain(|told| !self.args.ignore.iter().any(|code| code == told.finding.code));
        let is_ignored = |code: Code| self.args.ignore.iter().any(|ignored| ignored == code.name());
        self.clients.conclude(&self.findings, &self.told, is_ignored);
        if self.drawn.len() > DRAWN {
            self.choose();
        }
        self.drawn.sort_by_key(|drawn| drawn.number);
        for client in self.clients.sorted() {
            let Some(mac) = client.mac else { continue };
            let Ok(octets) = <[u8; 6]>::try_from(mac.as_slice()) else { continue };
            if let Some(name) = self.vendors.any(Mac(octets)) {
                self.names.insert(mac, name.to_owned());
            }
        }
    }

    /// The messages that are drawn and whose decode is kept: as many of each exchange, if all are too many.
    fn frames(&self) -> HashSet<(usize, u64)> {
        let exchanges: Vec<(usize, Vec<u64>)> =
            self.drawn.iter().map(|drawn| (drawn.capture, report::frames(drawn))).collect();
        let longest = exchanges.iter().map(|(_, frames)| frames.len()).max().unwrap_or(0);
        let fits = |each: &usize| {
            exchanges.iter().map(|(_, frames)| frames.len().min(*each)).sum::<usize>() <= PACKETS
        };
        let each = (0..=longest).rev().find(fits).unwrap_or(0);
        exchanges
            .iter()
            .flat_map(|(capture, frames)| frames.iter().take(each).map(|frame| (*capture, *frame)))
            .collect()
    }

    /// The servers that are compared, and what is to be said of the others.
    fn servers(&self) -> (HashSet<Ipv4Addr>, Given) {
        let four = self.stats.servers.keys().filter_map(|name| match name {
            Whose::Four(ip) => Some(*ip),
            Whose::Six(..) => None,
        });
        let chosen: HashSet<Ipv4Addr> = four.take(SERVERS).collect();
        let share = ALL_REPLIES.checked_div(u32::try_from(chosen.len()).unwrap_or(u32::MAX));
        let given = Given {
            most: share.unwrap_or(REPLIES).min(REPLIES),
            left_out: self.stats.servers.len().saturating_sub(chosen.len()),
            ..Given::default()
        };
        (chosen, given)
    }
}

/// How much an exchange is worth seeing, least first.
fn rank(drawn: &Drawn) -> u8 {
    let outcome = drawn.exchange.outcome();
    let worst = drawn.problems.iter().map(|problem| problem.id.severity()).max();
    match worst {
        Some(Severity::Error) => 0,
        Some(Severity::Warning) => 1,
        _ if !outcome.is_success() && outcome != Came::Open => 2,
        Some(_) => 3,
        None => 4,
    }
}

/// What the second look found.
#[derive(Default)]
struct Looked {
    packets: HashMap<(usize, u64), String>,
    given: Given,
    /// Frames that may hold DHCP and cannot be redacted.
    left_out: u64,
}

/// Reads the captures again, for the text of `frames` and what the servers `chosen` give. What is damaged was told at the first look.
fn look_again(
    files: &[PathBuf],
    frames: &HashSet<(usize, u64)>,
    (chosen, given): (HashSet<Ipv4Addr>, Given),
    mut redactor: Option<Redactor>,
    mut time: TimeText,
    stop: &Stop,
) -> Looked {
    let mut looked = Looked { given, ..Looked::default() };
    let mut replies: HashMap<Ipv4Addr, u32> = HashMap::new();
    let (mut outline, mut detail) = (Outline::default(), PacketDetail::new(false));
    let (mut six, mut judged) = (v6::Outline::default(), Judged::default());
    for (index, path) in files.iter().enumerate() {
        let mut walker = Walker::new(Ports::every());
        let goes_on = gather::each_frame(path, stop, |frame| {
            if !walker.may_matter(frame.link, frame.data) {
                return;
            }
            let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
            let alias =
                redactor.as_ref().and_then(|redactor| Some(redactor.interface(frame.interface_name?)));
            let (redacted, comment) = match &mut redactor {
                Some(redactor) => (redactor.frame(frame.link, frame.data), None),
                None => (Some(frame.data), frame.comment),
            };
            let Some(data) = redacted else {
                // It was to be looked into, which is not to say that there is anything.
                let mut is_any = false;
                let outcome = walker.walk(frame.link, frame.data, original, 0, |_| is_any = true);
                is_any |= matches!(outcome, Walked::Kept | Walked::NeedsReassembly);
                looked.left_out = looked.left_out.saturating_add(u64::from(is_any));
                return;
            };
            let at = frame.time.unwrap_or_default().nanoseconds();
            walker.walk(frame.link, data, original, at, |datagram| {
                let four = datagram.protocol == Protocol::Dhcpv4;
                let packet = Packet::new(if four { datagram.payload } else { &[] });
                if datagram.protocol != Protocol::Icmpv6 && frames.contains(&(index, frame.number)) {
                    outline.read(&packet, datagram.promised, datagram.cut);
                    let record = PacketRecord {
                        capture: None,
                        number: frame.number,
                        time: frame.time,
                        precision: frame.precision,
                        interface: alias.as_deref().or(frame.interface_name),
                        captured_length: frame.data.len(),
                        original_length: frame.original_len,
                        comment,
                        datagram: &datagram,
                        packet,
                        outline: &outline,
                    };
                    let mut text = Styled::new(false);
                    if four {
                        detail.write(&record, &mut time, &mut text);
                    } else {
                        let packet = v6::Packet::new(datagram.payload);
                        six.read(&packet, datagram.promised, datagram.cut);
                        let message = Message6::Dhcp { packet, outline: &six };
                        let record = Record6 { around: record, message };
                        detail.write_six(&record, &mut judged, &mut time, &mut text);
                    }
                    looked.packets.insert((index, frame.number), text.as_str().trim_end().to_owned());
                }
                if packet.op() == Some(Op::REPLY) && !datagram.quoted && !datagram.cut {
                    compare(&Message::decode(datagram.payload), &chosen, &mut looked.given, &mut replies);
                }
            });
        });
        if !goes_on {
            break;
        }
    }
    looked
}

/// Takes note of what a server gives.
fn compare(
    message: &Message,
    chosen: &HashSet<Ipv4Addr>,
    given: &mut Given,
    replies: &mut HashMap<Ipv4Addr, u32>,
) {
    let Some(server) = message.ip_option(54).filter(|server| chosen.contains(server)) else { return };
    let count = replies.entry(server).or_default();
    *count = count.saturating_add(1);
    if *count <= given.most {
        given.sides.entry(server).or_default().take(message, None);
    } else if count.saturating_sub(1) == given.most {
        given.cut = given.cut.saturating_add(1);
    }
}

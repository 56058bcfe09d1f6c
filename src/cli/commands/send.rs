//! `dhcptool send`: any packet.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::common::positive;
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::replay::{self, Captured, Replay};
use crate::cli::replay6;
use crate::cli::session::{self, Session};
use crate::cli::six;
use crate::cli::six::send::{Advert, Order, Source, Wanted};
use crate::cli::teller::Awaited;
use crate::engine::retransmit::Jitter;
use crate::engine::v4::collect::{Plan, Until, Want};
use crate::engine::v4::draft::opt;
use crate::engine::v4::silence::{self, Finding};
use crate::engine::{Answer, Backoff, Client as _, Collect, Draft, Recipe};
use crate::output::answers;
use crate::output::senders::Sending;
use crate::run::segment::Segment;
use crate::wire::Mac;
use crate::wire::frame::Envelope;
use crate::wire::v4::{Message, MessageType, Op};
use crate::wire::{nd, v6};

/// Send any packet: from flags, from JSON that decode wrote, from a capture, from hex
///
/// A message from elsewhere is sent byte for byte as it is, but for what flags change; the addresses and ports around it
/// are kept too where they are known.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// Message type of a packet made from flags: a name such as discover (the default) or inform, or a number; with -6 solicit
    /// (the default), request …, router-solicitation, router-advertisement
    #[arg(long = "type", value_name = "TYPE", conflicts_with_all = ["from_json", "from_pcap", "hex"])]
    kind: Option<String>,

    /// Send what decode --json printed, one packet a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from_pcap", "hex"])]
    from_json: Option<PathBuf>,

    /// Send a packet of a capture
    #[arg(long, value_name = "FILE", conflicts_with = "hex")]
    from_pcap: Option<PathBuf>,

    /// Which packet of the capture, counted from 1; the first DHCP message if left out
    #[arg(long, value_name = "N", requires = "from_pcap", conflicts_with_all = ["kind", "from_json", "hex"], value_parser = positive::<u64>)]
    number: Option<u64>,

    /// Send these bytes as the DHCP message; @FILE reads them from a file, - from standard input
    ///
    /// Digits with any spacing, or a dump as tcpdump -x, Wireshark, xxd and hexdump -C print it. An IP packet or an Ethernet
    /// frame is told from a bare message: what stood around the message is kept.
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    hex: Option<String>,

    /// Send it so often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive::<u32>)]
    count: u32,

    /// Time between two, at least 100us
    #[arg(long, value_name = "DURATION", value_parser = sender::duration, default_value = "1s")]
    interval: Duration,

    /// What answer makes it a success; waits for it as long as --timeout says (2s if left out)
    #[arg(long, value_name = "ANSWER")]
    expect: Option<Expect>,

    /// Send a packet of a file even where it is an answer of a server
    #[arg(long)]
    as_is: bool,

    #[command(flatten)]
    advert: AdvertArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// The header of a router advertisement made from flags.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Router advertisement")]
struct AdvertArgs {
    /// Hop limit that hosts shall use (64)
    #[arg(long, value_name = "N")]
    hop_limit: Option<u8>,

    /// Say that DHCPv6 gives addresses (M)
    #[arg(long)]
    managed: bool,

    /// Say that DHCPv6 gives configuration (O)
    #[arg(long)]
    other: bool,

    /// Preference among routers (medium)
    #[arg(long, value_name = "PREFERENCE")]
    preference: Option<PreferenceArg>,

    /// For so many seconds this is a default router; 0: it is none (1800)
    #[arg(long, value_name = "SECONDS")]
    router_lifetime: Option<u16>,

    /// How long a neighbor counts as reachable, in milliseconds (0: not said)
    #[arg(long, value_name = "MS")]
    reachable: Option<u32>,

    /// Time between solicitations of a neighbor, in milliseconds (0: not said)
    #[arg(long, value_name = "MS")]
    retrans: Option<u32>,
}

/// The values of `--preference`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum PreferenceArg {
    High,
    Medium,
    Low,
    /// A value that means medium
    Reserved,
}

impl AdvertArgs {
    fn is_given(&self) -> bool {
        self.hop_limit.is_some()
            || self.managed
            || self.other
            || self.preference.is_some()
            || self.router_lifetime.is_some()
            || self.reachable.is_some()
            || self.retrans.is_some()
    }

    fn header(&self) -> Advert {
        let mut flags = match self.preference {
            Some(PreferenceArg::High) => 0x08,
            Some(PreferenceArg::Low) => 0x18,
            Some(PreferenceArg::Reserved) => 0x10,
            Some(PreferenceArg::Medium) | None => 0,
        };
        if self.managed {
            flags |= nd::flag::MANAGED;
        }
        if self.other {
            flags |= nd::flag::OTHER;
        }
        Advert {
            hop_limit: self.hop_limit.unwrap_or(64),
            flags,
            lifetime: self.router_lifetime.unwrap_or(1800),
            reachable: self.reachable.unwrap_or(0),
            retrans: self.retrans.unwrap_or(0),
        }
    }
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// An OFFER
    Offer,
    /// An ACK
    Ack,
    /// A NAK
    Nak,
    /// With -6: an ADVERTISE
    Advertise,
    /// With -6: a REPLY
    Reply,
    /// With -6: a RELAY-REPL
    RelayRepl,
    /// With -6: a router advertisement
    RouterAdvertisement,
    /// No answer at all
    None,
}

impl Expect {
    fn kind(self) -> Option<MessageType> {
        match self {
            Self::Offer => Some(MessageType::OFFER),
            Self::Ack => Some(MessageType::ACK),
            Self::Nak => Some(MessageType::NAK),
            _ => None,
        }
    }

    /// The same of DHCPv6; none where it is DHCPv4's.
    fn wanted(self) -> Option<Wanted> {
        Some(match self {
            Self::Offer | Self::Ack | Self::Nak => return None,
            Self::Advertise => Wanted::Kind(v6::MessageType::ADVERTISE),
            Self::Reply => Wanted::Kind(v6::MessageType::REPLY),
            Self::RelayRepl => Wanted::Kind(v6::MessageType::RELAY_REPL),
            Self::RouterAdvertisement => Wanted::Router,
            Self::None => Wanted::Nothing,
        })
    }

    fn is_met(self, answers: &[Answer]) -> bool {
        match self.kind() {
            Some(kind) => answers.iter().any(|answer| answer.kind() == Some(kind)),
            None => answers.is_empty(),
        }
    }
}

/// How long an expected answer is waited for unless told otherwise.
const EXPECT_WAIT: Duration = Duration::from_secs(2);
/// Faster than this is no diagnosis but a load; handshake --load makes those.
const MIN_INTERVAL: Duration = Duration::from_micros(100);
/// How long others are waited for.
const WAIT: Duration = Duration::from_secs(1);

/// Sends messages of IPv6.
fn run_six(args: &Args, source: Source, cx: &mut Context) -> Outcome {
    let expect = match args.expect {
        None => None,
        Some(expect) => Some(expect.wanted().ok_or_else(|| {
            Failure::usage("--expect offer, ack and nak are answers of DHCPv4; leave out -6")
        })?),
    };
    if args.advert.is_given() && !matches!(source, Source::Advertisement(_)) {
        return Err(Failure::usage(
            "--hop-limit, --managed and the like go with --type router-advertisement",
        ));
    }
    let order = Order {
        source,
        count: args.count.max(args.sender.retries.unwrap_or(0).saturating_add(1)),
        interval: args.interval.max(MIN_INTERVAL),
        wait: args.sender.timeout.unwrap_or(if expect.is_some() { EXPECT_WAIT } else { WAIT }),
        expect,
        as_is: args.as_is,
    };
    six::send::run(&order, args.interface.as_deref(), &args.sender, cx)
}

/// What `-6` makes of flags alone; none where the message is in a file.
fn source_six(args: &Args) -> Result<Option<Source>, Failure> {
    if args.from_json.is_some() || args.from_pcap.is_some() || args.hex.is_some() {
        return Ok(None);
    }
    Ok(Some(match args.kind.as_deref() {
        None => Source::Dhcp(v6::MessageType::SOLICIT),
        Some("router-solicitation") => Source::Solicitation,
        Some("router-advertisement") => Source::Advertisement(args.advert.header()),
        Some(kind) => Source::Dhcp(kind.parse().map_err(Failure::usage)?),
    }))
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.sender.is_six()
        && let Some(source) = source_six(args)?
    {
        return run_six(args, source, cx);
    }
    let hex_file = args.hex.as_deref().and_then(|hex| hex.strip_prefix('@').or((hex == "-").then_some(hex)));
    let inputs = [args.from_json.as_deref(), args.from_pcap.as_deref(), hex_file.map(Path::new)];
    args.sender.check_write(&inputs.into_iter().flatten().collect::<Vec<_>>())?;
    let (found, unread) = messages(args, cx)?;
    let damage = || match unread {
        0 => Ok(()),
        _ => Err(Failure::damaged(format_args!("{unread} of the lines could not be read and were not sent"))),
    };
    let messages = match found {
        Found::Four(messages) => messages,
        // What is only shown is shown as it is, byte for byte.
        Found::Six(Source::Frames(frames)) if args.sender.dry_run && !args.sender.is_six() => {
            replay6::show(&frames, args.sender.write.as_deref(), cx)?;
            return damage().map(|()| Exit::Good);
        }
        Found::Six(source) => {
            let exit = run_six(args, source, cx)?;
            return damage().map(|()| exit);
        }
    };
    if args.sender.is_six() {
        return Err(Failure::usage("the packet is of DHCPv4; leave out -6"));
    }
    if args.advert.is_given() {
        return Err(Failure::usage("--hop-limit, --managed and the like are of routers; add -6"));
    }
    if args.expect.is_some_and(|expect| expect != Expect::None && expect.kind().is_none()) {
        return Err(Failure::usage("--expect advertise, reply, relay-repl and router-advertisement need -6"));
    }
    let kind: MessageType = match args.kind.as_deref() {
        None => MessageType::DISCOVER,
        Some(kind) => kind.parse().map_err(Failure::usage)?,
    };
    let mut rng = Rng::new();
    let found = sender::prepare(&args.sender, args.interface.as_deref(), MessageType(0), &mut rng)?;
    let (segment, mut recipe) = found;
    recipe.main = None;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let drafts: Vec<Draft> =
        messages.into_iter().map(|replay| draft(args, kind, &recipe, replay, segment.as_ref())).collect();
    for draft in &drafts {
        args.sender.judge(draft, segment.as_ref(), cx)?;
        // A packet made from flags says what was meant; one from elsewhere may be the wrong one.
        let replayed = args.from_json.is_some() || args.from_pcap.is_some();
        if replayed && draft.message.op == Op::REPLY && !args.as_is && !args.sender.dry_run {
            let kind =
                draft.message.message_type().map_or_else(|| "reply".to_owned(), |kind| kind.to_string());
            return Err(Failure::usage(format_args!(
                "the packet is itself an answer of a server ({kind}): choose a client's, with --number, or say --as-is"
            )));
        }
    }
    let Some(segment) = session::unless_shown(segment, &drafts, &args.sender, cx)? else {
        return damage().map(|()| Exit::Good);
    };
    let mut session = Session::open(&segment, session::opening(way, drafts.iter()), &args.sender, cx)?;
    let worst = session::each(drafts, |draft| send(draft, args, &mut session, &mut rng, cx))?;
    damage().map(|()| worst)
}

/// What shall be sent.
enum Found {
    /// Messages of DHCPv4; `None` for one from flags.
    Four(Vec<Option<Replay>>),
    /// Messages of IPv6.
    Six(Source),
}

/// Lines that cannot be read and are told one by one.
const MOST_TOLD: usize = 10;

/// What to send, `None` for a message from flags; and how many lines of the input could not be read.
fn messages(args: &Args, cx: &Context) -> Result<(Found, usize), Failure> {
    let mut told = Vec::new();
    let found = read(args, &mut told, cx)?;
    let is_hex = args.hex.is_some();
    for line in told.iter().take(MOST_TOLD) {
        if is_hex {
            cx.note(line);
        } else {
            cx.warn(line);
        }
    }
    if let Some(more) = told.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        cx.note(&format!("and {more} more"));
    }
    Ok((found, if is_hex { 0 } else { told.len() }))
}

/// Reads it; `told` is what there is to say of it.
fn read(args: &Args, told: &mut Vec<String>, cx: &Context) -> Result<Found, Failure> {
    let confine = &args.sender.confine;
    let four = |replays: Vec<Replay>| Found::Four(replays.into_iter().map(Some).collect());
    if let Some(path) = &args.from_json {
        return confine.apart(&[path.as_path()], cx, || {
            let text = replay::text(path)?;
            match replay6::from_json(&text, path, told)? {
                Some(frames) => Ok(Found::Six(Source::Frames(frames))),
                None => replay::from_json(&text, path, told).map(four),
            }
        });
    }
    if let Some(path) = &args.from_pcap {
        return confine.apart(&[path.as_path()], cx, || {
            Ok(match replay::from_pcap(path, args.number)? {
                Captured::Four(replay) => four(vec![*replay]),
                Captured::Six(frame) => Found::Six(Source::Frames(vec![frame])),
            })
        });
    }
    if let Some(hex) = &args.hex {
        let file = hex.strip_prefix('@').map(Path::new);
        if args.sender.is_six() {
            let packets = confine.apart(file.as_slice(), cx, || replay::hex_packets(hex))?;
            return Ok(Found::Six(Source::Bytes(packets)));
        }
        return confine.apart(file.as_slice(), cx, || replay::from_hex(hex, told)).map(four);
    }
    Ok(Found::Four(vec![None]))
}

fn draft(
    args: &Args,
    kind: MessageType,
    recipe: &Recipe,
    replay: Option<Replay>,
    segment: Option<&Segment>,
) -> Draft {
    let route = args.sender.server().and_then(|server| segment.map(|segment| segment.route(server)));
    let mut recipe = recipe.clone();
    let Some(Replay { message, way }) = replay else {
        let mut message = Message::request(kind, recipe.xid, recipe.mac);
        if let Some(ip) = args.sender.ip() {
            message.set_option(opt::REQUESTED_ADDRESS, &ip.octets());
        }
        if matches!(kind, MessageType::DISCOVER | MessageType::REQUEST | MessageType::INFORM) {
            message.set_option(opt::REQUEST_LIST, &recipe.request_list);
        }
        let mut draft = recipe.any(message, None, route);
        draft.pad_to = recipe.overrides.pad_to.unwrap_or(crate::wire::v4::MIN_LEN);
        return draft;
    };
    if args.sender.has_mac() {
        // Another client: its address in the message and around it.
        recipe.overrides.chaddr.get_or_insert(recipe.mac.into());
        recipe.overrides.src_mac.get_or_insert(recipe.mac);
    }
    if let Some(list) = args.sender.request_list() {
        recipe.identity.push((opt::REQUEST_LIST, list));
    }
    let own = segment.and_then(|segment| segment.mac).unwrap_or(Mac::ZERO);
    let client = message.client().mac().unwrap_or(own);
    let usual = || {
        let src_ip = message.ciaddr;
        (Envelope { src_ip, ..Envelope::broadcast(client) }, None)
    };
    let way = match (way, route) {
        (way, None) => Some(way.unwrap_or_else(usual)),
        (Some((envelope, _)), Some(route)) => {
            Some((Envelope { dst_ip: route.server, ..envelope }, Some(route.next_hop)))
        }
        (None, Some(_)) => None,
    };
    recipe.any(message, way, route)
}

fn send(draft: Draft, args: &Args, session: &mut Session<'_>, rng: &mut Rng, cx: &mut Context) -> Outcome {
    let count = args.count.max(args.sender.retries.unwrap_or(0).saturating_add(1));
    let wait = args.sender.timeout.unwrap_or(if args.expect.is_some() { EXPECT_WAIT } else { WAIT });
    let interval = args.interval.max(MIN_INTERVAL);
    let plan = Plan {
        wait,
        send_all: true,
        backoff: Backoff {
            first: interval,
            growth: 100,
            limit: interval,
            jitter: Jitter::NONE,
            retries: count.saturating_sub(1),
        },
        until: match args.expect.and_then(Expect::kind) {
            Some(kind) if args.count == 1 => Until::Kind(kind),
            _ => Until::TimeIsOver,
        },
        want: Want::Any,
        count_secs: false,
    };
    let (mac, kind, xid) = (session::client_text(&draft), draft.message.message_type(), draft.message.xid);
    let named = draft.message.ip_option(opt::SERVER_ID);
    let mut collect = Collect::new(draft, plan, rng.fork());
    let held = session.hold(&mut collect, Awaited::within("answers", wait), cx);
    let answers = collect.answers();
    let mut found = silence::findings(collect.watch(), Some(held.link(session.segment)));
    if let Some(server) = named {
        silence::ask_oneself(&mut found, Finding::Named(server));
    }
    // Without a carrier the interface takes every frame, and none leaves.
    let sent = if collect.watch().left > 0 { collect.sent() } else { 0 };
    let met = args.expect.is_none_or(|expect| expect.is_met(answers)) && sent > 0;
    let sending = Sending {
        place: session.place(&held),
        mac,
        xid,
        kind,
        sent,
        waited: held.took,
        answers,
        met: args.expect.map(|_| met),
        watch: collect.watch(),
        silence: if answers.is_empty() { &found } else { &[] },
        quiet: cx.common.quiet,
    };
    cx.show(&sending)?;
    if sent == 0 {
        cx.error(&answers::silence_line("way to send it", held.took, &found));
    } else if !met {
        let line = match args.expect {
            Some(Expect::None) => "an answer came, none was expected".to_owned(),
            Some(expect) => {
                let name = expect.kind().map(|kind| kind.to_string()).unwrap_or_default();
                if answers.is_empty() {
                    answers::silence_line(&name, held.took, &found)
                } else {
                    format!("no {name} came, but another answer")
                }
            }
            None => String::new(),
        };
        cx.error(&line);
    }
    let segment = session.segment;
    session::conclude(held, if met { Exit::Good } else { Exit::Bad }, segment, cx)
}

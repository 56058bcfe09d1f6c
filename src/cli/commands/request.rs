//! `dhcptool request`: a REQUEST in any of the four states.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat::FlatArgs;
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::lease::vlan_flag;
use crate::cli::report::{self, How, Told};
use crate::cli::session::{self, Session};
use crate::cli::six;
use crate::cli::six::exchange::{ExchangeOrder, dad};
use crate::cli::teller::Awaited;
use crate::engine::v4::accept::refusals;
use crate::engine::v4::draft::opt;
use crate::engine::v4::exchange::{ConflictCheck, ConflictVerdict, Outcome as Ended, Settings, Task};
use crate::engine::v4::recipe;
use crate::engine::v6::exchange::{Choose, Settings6, State6};
use crate::engine::{Backoff, Draft, Exchange, Recipe, Route, State};
use crate::output::flat::columns;
use crate::run::segment::{Segment, Way};
use crate::wire::digits::colons;
use crate::wire::v4::MessageType;

/// Send a REQUEST in any client state, report ACK, NAK or silence
///
/// Without an address or, when selecting, without a server, a DISCOVER finds them first. What each state puts where
/// follows RFC 2131 section 4.3.2; flags that contradict it are refused unless --force is given.
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line are independent of each other")]
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// The client's state: selecting, init-reboot (with -6 confirming), renewing or rebinding
    #[arg(long, value_name = "STATE", default_value = "selecting")]
    state: StateArg,

    /// Send what contradicts the state
    #[arg(long)]
    force: bool,

    /// After an ACK, probe whether somebody uses the address, as a client would (RFC 5227; takes five seconds or more; with
    /// -6 as --dad)
    #[arg(long, visible_alias = "dad")]
    arp_check: bool,

    /// Probe, and send a DECLINE when somebody uses the address
    #[arg(long)]
    decline_on_conflict: bool,

    /// Give the address back at the end
    #[arg(long)]
    release: bool,

    /// With -6: collect ADVERTISEs for so long; until one has preference 255, else 1.0 to 1.1 s if left out
    #[arg(long, value_name = "DURATION", value_parser = sender::patience)]
    wait: Option<Duration>,

    /// With -6: whose ADVERTISE is taken, by preference (the default), the first, or that of a server by its DUID
    #[arg(long, value_name = "preference|first|DUID")]
    choose: Option<Choose>,

    /// With -6: go on with the lease in FILE, which request --json printed; - is standard input
    #[arg(long, value_name = "FILE")]
    lease: Option<PathBuf>,

    #[command(flatten)]
    flat: FlatArgs,

    #[command(flatten)]
    nagios: NagiosArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// `--state`, in either protocol.
#[derive(Clone, Debug)]
struct StateArg(String);

impl FromStr for StateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = text.parse::<State>().is_ok() || text.parse::<State6>().is_ok();
        if !known {
            return Err(text.parse::<State>().err().map_or_else(String::new, |error| error.to_string()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Args {
    fn state(&self) -> Result<State, Failure> {
        self.state.0.parse().map_err(|_| {
            Failure::usage(format_args!("--state {} is a state of DHCPv6; add -6", self.state.0))
        })
    }

    fn refuse_six(&self) -> Result<(), Failure> {
        let given = [
            ("--wait", self.wait.is_some()),
            ("--choose", self.choose.is_some()),
            ("--lease", self.lease.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Failure::usage(format_args!("{flag} is for DHCPv6; add -6"))),
            None => Ok(()),
        }
    }
}

/// Runs the command with `-6`.
fn run_six(args: &Args, cx: &mut Context) -> Outcome {
    let order = ExchangeOrder {
        command: "request",
        state: Some(args.state.0.parse().map_err(Failure::usage)?),
        settings: Settings6 {
            wait: args.wait,
            choose: args.choose.clone().unwrap_or_default(),
            dad: dad(args.arp_check, args.decline_on_conflict),
            release: args.release,
            ..Settings6::default()
        },
        lease: args.lease.clone(),
        force: args.force,
        flat: args.flat.clone(),
        nagios: args.nagios.clone(),
    };
    six::exchange::request(&order, args.interface.as_deref(), &args.sender, cx)
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    args.flat.refuse_beside(&args.nagios)?;
    if args.sender.is_six() {
        return args.nagios.guard(cx, |cx| run_six(args, cx));
    }
    args.refuse_six()?;
    args.nagios.guard(cx, |cx| request(args, cx))
}

fn request(args: &Args, cx: &mut Context) -> Outcome {
    let state = args.state()?;
    let overrides = args.sender.overrides()?;
    let against = recipe::contradictions(state, &overrides);
    if let Some(first) = against.first().filter(|_| !args.force) {
        return Err(Failure::usage(format_args!("{first}; --force sends it all the same")));
    }
    for contradiction in &against {
        cx.warn(contradiction);
    }
    if state == State::Renewing && args.sender.server().is_none() && overrides.dst_ip.is_none() {
        return Err(Failure::usage(
            "--state renewing needs --server: a lease is renewed with the server that gave it",
        ));
    }
    let mut rng = Rng::new();
    let (segment, mut recipe) =
        sender::prepare(&args.sender, args.interface.as_deref(), MessageType::REQUEST, &mut rng)?;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let route = args.sender.server().map(|server| match &segment {
        Some(segment) => segment.route(server),
        None => Route { server, next_hop: server },
    });
    let address = asked_address(args, segment.as_ref())?;
    let task = Task::Request { state, address, server: route };
    let exchange = Exchange::new(recipe.clone(), task, settings(args), rng);
    let drafts = drafts(args, state, &recipe, &exchange, route);
    if let Some(draft) = drafts.last() {
        args.sender.judge(draft, segment.as_ref(), cx)?;
    }
    match session::unless_shown(segment, &drafts, &args.sender, cx)? {
        Some(segment) => ask(args, &segment, way, exchange, cx),
        None => Ok(Exit::Good),
    }
}

/// The address to ask for. A client that renews has one: that of the interface, unless another is named.
fn asked_address(args: &Args, segment: Option<&Segment>) -> Result<Option<Ipv4Addr>, Failure> {
    let state = args.state()?;
    let own = segment.and_then(|segment| segment.addresses.first()).map(|(addr, _)| *addr);
    let address = args.sender.ip().or(own.filter(|_| state.holds_address()));
    if state != State::Selecting && address.is_none() {
        let why = if state.holds_address() { ", and the interface has none" } else { "" };
        return Err(Failure::usage(format_args!(
            "--state {state} needs --ip, the address of the client{why}"
        )));
    }
    Ok(address)
}

/// What was just taken, and the command that gives it back.
fn give_back(
    segment: &Segment,
    exchange: &Exchange,
    draft: &Draft,
    mac: Option<String>,
) -> Option<(Ipv4Addr, String)> {
    let reply = exchange
        .answer()
        .filter(|_| exchange.outcome() == Ended::Ack && !exchange.released() && !exchange.declined())?
        .reply
        .as_ref()?;
    let (address, server) = (reply.yiaddr.specified()?, reply.server_id?);
    let mac = mac.map(|mac| format!(" --mac {mac}")).unwrap_or_default();
    // A server that knows the lease by its identifier takes it back by that alone (RFC 2131 §4.2).
    let id = draft.message.option(opt::CLIENT_ID).map(|id| colons(&id));
    let id = id.map(|id| format!(" --client-id {id}")).unwrap_or_default();
    let vlans = vlan_flag(&draft.envelope.vlans);
    let name = crate::wire::escape::escape_line(&segment.name);
    Some((address, format!("dhcptool release {name} --ip {address} --server {server}{mac}{id}{vlans}")))
}

fn settings(args: &Args) -> Settings {
    Settings {
        backoff: args.sender.backoff(Backoff::RFC2131),
        discover_backoff: args.sender.backoff(Backoff::COLLECT),
        discover_wait: args.sender.total_wait(Settings::default().discover_wait),
        conflict: match (args.decline_on_conflict, args.arp_check) {
            (true, _) => ConflictCheck::Decline,
            (false, true) => ConflictCheck::Report,
            (false, false) => ConflictCheck::None,
        },
        release: args.release,
        count_secs: args.sender.counts_secs(),
    }
}

/// What will be sent as far as it is known: of a REQUEST that waits for its OFFER, address and server are made up.
fn drafts(
    args: &Args,
    state: State,
    recipe: &Recipe,
    exchange: &Exchange,
    route: Option<Route>,
) -> Vec<Draft> {
    let first = exchange.first_draft();
    if first.message.message_type() != Some(MessageType::DISCOVER) || recipe.overrides.has_option(53) {
        return vec![first];
    }
    let unknown = Ipv4Addr::UNSPECIFIED;
    let route = route.unwrap_or(Route { server: unknown, next_hop: unknown });
    let request = recipe.request(state, 0, args.sender.ip().unwrap_or(unknown), Some(route));
    vec![first, request]
}

fn ask(args: &Args, segment: &Segment, way: Way, mut exchange: Exchange, cx: &mut Context) -> Outcome {
    let rows = args.flat.rows(&columns::REQUEST, cx)?;
    let draft = exchange.first_draft();
    let mut session = Session::open(segment, session::opening(way, [&draft].into_iter()), &args.sender, cx)?;
    let held = session.hold(&mut exchange, Awaited::ANSWER, cx);
    let told = Told {
        command: "request",
        state: Some(args.state()?.name()),
        outcome: exchange.outcome().name(),
        sent: exchange.requests(),
        server: args.sender.server(),
        address: args.sender.ip(),
        draft: &draft,
    };
    let how = match rows {
        _ if args.nagios.is_on() => How::Plugin(&args.nagios),
        Some(rows) => How::Rows(Box::new(rows)),
        None => How::Object,
    };
    if let Some(plugin) = report::exchange(&told, &exchange, &held, &session, how, cx)? {
        return NagiosArgs::conclude(&plugin, session::conclude(held, Exit::Good, segment, cx)?, cx);
    }
    let foreign = args.sender.has_mac().then(|| session::client_text(&draft));
    if let Some((address, command)) = give_back(segment, &exchange, &draft, foreign) {
        cx.suggest(&format!("to give {address} back"), &command);
    }
    let conflict = matches!(exchange.checked(), Some(ConflictVerdict::InUse(_)));
    let refused = exchange.answer().is_some_and(|answer| !refusals(answer).is_empty());
    let exit = if exchange.outcome() == Ended::Ack && !conflict && !refused { Exit::Good } else { Exit::Bad };
    session::conclude(held, exit, segment, cx)
}

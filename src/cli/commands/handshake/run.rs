//! From flags to plans, from plans to a report.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Args, runner, six};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender;
use crate::cli::session;
use crate::cli::text;
use crate::engine::load::v4::template::{
    ADDRESS_MARK, CIRCUIT_MARK, MAC_MARK, RELAY_MARK, SERVER_MARK, XID_MARK,
};
use crate::engine::load::{Macs, Plan, Templates, V4};
use crate::engine::v4::watch::{Rule, Watch};
use crate::engine::{Draft, OptionEdit, Recipe, Route, State};
use crate::net::signals::Signals;
use crate::net::{route, udp};
use crate::run::lanes::{self, Overheard, Setup};
use crate::run::segment::Segment;
use crate::wire::Mac;
use crate::wire::v4::Xid;

/// More clients need `--load`.
const QUIET_CLIENTS: u32 = 50;
/// More handshakes per second need `--load`.
pub(super) const QUIET_RATE: u64 = 100;
/// Clients under `--load` unless told otherwise.
const LOAD_CLIENTS: u32 = 10_000;

/// Runs the command.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    if let Some(retries) = args.sender.retries.filter(|retries| *retries > runner::MOST_RETRIES) {
        return Err(Failure::usage(format_args!(
            "--retries {retries} is too often; write 0 to {}",
            runner::MOST_RETRIES
        )));
    }
    if args.sender.is_six() {
        return six::run(args, cx);
    }
    args.sender.refuse_six()?;
    if args.confirm > 0 {
        return Err(Failure::usage("--confirm is for DHCPv6, add -6; with DHCPv4 it is --init-reboot"));
    }
    args.sender.check_write(&args.mac_list.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let macs = macs(args, seed, cx)?;
    protect(args, &macs)?;
    let relay = args.sender.giaddr().and(args.sender.server());
    if !args.sender.giaddrs().is_empty() && relay.is_none() {
        return Err(Failure::usage("--giaddr needs --server: whom a relay would ask"));
    }
    let found = match relay {
        Some(server) => Segment::towards(args.interface.as_deref(), server),
        None => Segment::find(args.interface.as_deref()),
    };
    let segment = sender::unless_dry(found, args.interface.as_deref(), &args.sender)?;
    let drafts = drafts(args, segment.as_ref())?;
    for draft in &drafts {
        args.sender.judge(draft, segment.as_ref(), &Context::new(quiet(cx)))?;
    }
    let Some(segment) = session::unless_shown(segment, &drafts, &args.sender, cx)? else {
        return Ok(Exit::Good);
    };
    if relay.is_none() {
        segment.may_have_servers()?;
    }
    let signals = Signals::termination()?;
    let own_mac = segment.mac.ok_or_else(|| {
        Failure::could_not_run(format_args!("{} is not Ethernet: it has no MAC address", segment.name))
    })?;
    // Many networks and servers know the card alone, and one client needs no other.
    let single = macs.len() == 1 && args.mac_list.is_none() && !args.sender.has_mac();
    let macs = if single { Macs::List([own_mac].into()) } else { macs };
    let lives =
        segment.addresses.iter().any(|address| !address.0.is_link_local() && !address.0.is_loopback());
    if single && lives {
        cx.note(&format!(
            "asking as {own_mac}, the card's own address: should {} have a lease of this server, it is given back with the rest; \
             --mac asks as somebody else",
            segment.name
        ));
    }
    let reply_port = drafts.first().map_or(68, |draft| Recipe::reply_port(&draft.message));
    let server_port = drafts.first().map_or(67, |draft| draft.envelope.dst_port);
    let next_hop = match relay {
        Some(server) => {
            let vlans = drafts.first().map_or(&[][..], |draft| &draft.envelope.vlans);
            let hop = segment.route(server).next_hop;
            Some(router(&segment, own_mac, (hop, vlans), args, &signals)?)
        }
        None => None,
    };
    let hold = (reply_port == 67).then(|| udp::hold(67)).transpose()?;
    let mut family = family(args, &drafts, next_hop)?;
    family.stands_for =
        foreign(&family.relays, &segment.addresses).into_iter().map(|address| (address, own_mac)).collect();
    let remember_holders = family.answer_arp;
    let plan = Plan { remember_holders, ..runner::plan(args, family, macs, seed) };
    let setup = runner::setup(args, &plan, &segment, (reply_port, server_port), cx);
    let overheard = overheard(&plan.macs, &drafts, [reply_port; 2]).filter(|_| setup.kernel_stamps);
    let setup = Setup { overheard, ..setup };
    let server = args.sender.server().map(|server| server.to_string());
    let outcome = runner::run(args, &plan, &setup, &segment, server, &signals, cx);
    drop(hold);
    outcome
}

/// Who listens to what may say why nothing is answered.
fn overheard(macs: &Macs, drafts: &[Draft], ports: [u16; 2]) -> Option<Overheard> {
    let draft = drafts.first()?;
    let (client, message) = (macs.get(0), &draft.message);
    let rule = Rule { xid: message.xid, client: client.into(), ports };
    Some(Overheard::new(Watch::new(rule, message.is_broadcast()), client, draft.envelope.vlans.clone()))
}

/// Which of `addresses` are not among `own`.
fn foreign(addresses: &[Ipv4Addr], own: &[(Ipv4Addr, u8)]) -> Vec<Ipv4Addr> {
    addresses.iter().copied().filter(|addr| !own.iter().any(|(own, _)| own == addr)).collect()
}

/// Flags for judging a draft full of marks: what is odd about the marks is no news.
fn quiet(cx: &Context) -> crate::cli::flags::common::CommonArgs {
    crate::cli::flags::common::CommonArgs { quiet: true, ..cx.common.clone() }
}

/// Reads one MAC per line; what follows # is a remark.
fn read_macs(path: &Path) -> Result<Macs, Failure> {
    let text = text::read(path, text::MOST)
        .map_err(|error| Failure::could_not_run(format_args!("cannot read {}: {error}", path.display())))?;
    let mut list = Vec::new();
    for (line, number) in text.lines().zip(1_u32..) {
        let line = line.split('#').next().unwrap_or("").trim();
        if !line.is_empty() {
            let mac: Mac = line
                .parse()
                .map_err(|error| Failure::usage(format_args!("{} line {number}: {error}", path.display())))?;
            list.push(mac);
        }
    }
    let mut sorted = list.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Failure::usage(format_args!("{} names a MAC twice", path.display())));
    }
    if list.is_empty() {
        return Err(Failure::usage(format_args!("{} holds no MAC", path.display())));
    }
    Ok(Macs::List(list.into()))
}

pub(super) fn macs(args: &Args, seed: u64, cx: &Context) -> Result<Macs, Failure> {
    if let Some(path) = &args.mac_list {
        return args.sender.confine.apart(&[path.as_path()], cx, || read_macs(path));
    }
    if args.sender.has_mac() {
        if args.clients.is_some_and(|clients| clients > 1) {
            return Err(Failure::usage("--mac names one client; use --mac-list for several"));
        }
        let mac = args.sender.mac(&mut fastrand::Rng::with_seed(seed)).unwrap_or_default();
        return Ok(Macs::List([mac].into()));
    }
    let usual = if args.rate.is_none() && !args.find_rate {
        args.max_in_flight.unwrap_or(1)
    } else if args.load {
        LOAD_CLIENTS
    } else {
        QUIET_CLIENTS
    };
    Ok(Macs::made(seed, args.clients.unwrap_or(usual)))
}

/// Keeps a number too many from becoming an outage.
pub(super) fn protect(args: &Args, macs: &Macs) -> Result<(), Failure> {
    if args.load {
        return Ok(());
    }
    if macs.len() > QUIET_CLIENTS {
        return Err(Failure::usage(format_args!(
            "{} clients may empty the pool of a real network; add --load if that is meant (up to {QUIET_CLIENTS} go without)",
            macs.len()
        )));
    }
    let few = args.count.is_some_and(|count| count <= QUIET_RATE)
        || args.count.is_none() && args.duration.is_none();
    let fast = match args.rate {
        Some(rate) => rate > QUIET_RATE.saturating_mul(1000) && !args.find_rate,
        None => args.interval < Duration::from_millis(10) && !few,
    };
    if fast {
        return Err(Failure::usage(format_args!(
            "more than {QUIET_RATE} handshakes per second may overwhelm a real server; add --load if that is meant"
        )));
    }
    Ok(())
}

/// Messages full of marks: DISCOVER, the five requests, RELEASE.
fn drafts(args: &Args, segment: Option<&Segment>) -> Result<Vec<Draft>, Failure> {
    let own = args.sender.recipe(MAC_MARK, None, &mut fastrand::Rng::new())?;
    let mut recipe = Recipe { mac: MAC_MARK, xid: Xid(XID_MARK), ..own };
    if recipe.overrides.xid.is_some() || recipe.overrides.chaddr.is_some() {
        return Err(Failure::usage(
            "--xid and --chaddr cannot be the same for every handshake; answers could not be told apart",
        ));
    }
    if let Some(remote) = args.sender.server().filter(|_| args.sender.giaddr().is_some()) {
        recipe.overrides.giaddr = Some(RELAY_MARK);
        recipe.relay =
            Some(segment.map_or(Route { server: remote, next_hop: remote }, |segment| segment.route(remote)));
        if recipe.overrides.src_mac.is_none() {
            recipe.overrides.src_mac = segment.and_then(|segment| segment.mac);
        }
    }
    if args.option_82 {
        let len = u8::try_from(CIRCUIT_MARK.len()).unwrap_or(0);
        let data = [&[1, len], CIRCUIT_MARK.as_slice()].concat();
        recipe.overrides.options.push(OptionEdit { code: 82, data });
    }
    if args.sender.dry_run {
        let server = Route { server: SERVER_MARK, next_hop: SERVER_MARK };
        // Two of them, going to where they would be sent.
        return Ok(vec![
            recipe.discover(0, args.sender.ip()),
            recipe.request(State::Selecting, 0, ADDRESS_MARK, Some(server)),
        ]);
    }
    Ok(Templates::drafts(&recipe, args.sender.ip()).into())
}

/// The MAC on the way to a server behind a router.
fn router(
    segment: &Segment,
    own: Mac,
    (hop, vlans): (Ipv4Addr, &[u16]),
    args: &Args,
    signals: &Signals,
) -> Result<Mac, Failure> {
    // What the kernel knows is of the network without a tag.
    let index = route::to(hop).map(|way| way.index);
    if vlans.is_empty()
        && let Ok(index) = index
        && let Ok(Some(known)) = route::neighbour(index, hop)
        && let Some(mac) = known.mac()
    {
        return Ok(mac);
    }
    let sender = segment.addresses.first().map(|(addr, _)| *addr).or(args.sender.giaddr());
    let sender = sender.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let found = lanes::resolve(&segment.name, (own, sender), hop, vlans, signals)?;
    found.ok_or_else(|| {
        Failure::could_not_run(format_args!(
            "nobody on {} answers ARP for {hop}, which is on the way to the server; is --server right?",
            segment.name
        ))
    })
}

/// What is sent, from messages full of marks.
fn family(args: &Args, drafts: &[Draft], next_hop: Option<Mac>) -> Result<V4, Failure> {
    let drafts: &[Draft; 7] =
        drafts.try_into().map_err(|_| Failure::could_not_run("a message is missing"))?;
    let templates = Templates::of(drafts);
    let [discover, ..] = drafts;
    if !templates.discover.tells_clients_apart() || !templates.selecting.tells_clients_apart() {
        return Err(Failure::usage("a field that tells clients apart (MAC, xid) was set by hand"));
    }
    Ok(V4 {
        templates,
        relays: args.sender.giaddrs().to_vec(),
        next_hop,
        server: args.sender.server(),
        answer_arp: args.renew > 0 || args.rebind > 0 || args.inform > 0,
        stands_for: Vec::new(),
        vlans: discover.envelope.vlans.clone(),
    })
}

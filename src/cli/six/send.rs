//! `dhcptool send` with `-6`, and of messages of IPv6 that were made elsewhere.

use std::net::Ipv6Addr;
use std::time::Duration;

use fastrand::Rng;

use super::{Session6, client, ground, prepare, unless_shown};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender::SenderArgs;
use crate::cli::flags::six::Asker;
use crate::cli::replay6;
use crate::cli::session::{conclude, each};
use crate::cli::teller::Awaited;
use crate::engine::v6::draft::{Body, Draft6};
use crate::engine::v6::oneshot::{self, OneShot6, Shots, Until6};
use crate::engine::v6::recipe::{Recipe6, hop_limit_to};
use crate::engine::v6::silence;
use crate::engine::v6::station::Answer6;
use crate::output::six::send::Sending6;
use crate::output::when::stretch;
use crate::run::segment::Segment;
use crate::wire::Mac;
use crate::wire::frame::{Datagram, Envelope6, LinkType, Ports, Protocol, Walker};
use crate::wire::nd;
use crate::wire::options::{self, Assembled, OptionArg, assemble, nd as ndopt, v6 as opt};
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::types::{CLIENT_PORT, SERVER_PORT};
use crate::wire::v6::{Facts, Head, Message, MessageType, Packet};

/// What a message is made of.
#[derive(Clone, Debug)]
pub enum Source {
    /// Flags: a DHCPv6 message of this type.
    Dhcp(MessageType),
    /// Flags: a router solicitation.
    Solicitation,
    /// Flags: a router advertisement.
    Advertisement(Advert),
    /// Frames that were made elsewhere.
    Frames(Vec<Vec<u8>>),
    /// Bytes: DHCPv6 messages, or packets and frames with one.
    Bytes(Vec<Vec<u8>>),
}

/// The header of an advertisement made from flags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Advert {
    /// Hop limit that hosts shall use.
    pub hop_limit: u8,
    /// M, O and the preference.
    pub flags: u8,
    /// Seconds.
    pub lifetime: u16,
    /// Milliseconds.
    pub reachable: u32,
    /// Milliseconds.
    pub retrans: u32,
}

/// What answer makes it a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This message, as it is or in what a relay would be sent.
    Kind(MessageType),
    /// A router advertisement.
    Router,
    /// None at all.
    Nothing,
}

impl Wanted {
    fn is_met(self, answers: &[Answer6]) -> bool {
        match self {
            Self::Nothing => answers.is_empty(),
            Self::Router => answers.iter().any(|answer| answer.protocol == Protocol::Icmpv6),
            Self::Kind(kind) => answers.iter().any(|answer| oneshot::is_or_holds(answer, kind)),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Kind(kind) => kind.to_string(),
            Self::Router => "router-advertisement".to_owned(),
            Self::Nothing => "answer".to_owned(),
        }
    }
}

/// How it is sent.
#[derive(Clone, Debug)]
pub struct Order {
    /// What.
    pub source: Source,
    /// How often.
    pub count: u32,
    /// Time between two.
    pub interval: Duration,
    /// How long answers are waited for.
    pub wait: Duration,
    /// What answer makes it a success.
    pub expect: Option<Wanted>,
    /// Sends what a server would say, too.
    pub as_is: bool,
}

/// Runs the command.
pub fn run(order: &Order, interface: Option<&str>, sender: &SenderArgs, cx: &mut Context) -> Outcome {
    let mut rng = Rng::new();
    let router = matches!(order.source, Source::Solicitation | Source::Advertisement(_));
    // Options of routers' messages are of another space.
    let (segment, asker) = if router {
        super::prepare_router(sender, interface, &mut rng)?
    } else {
        prepare(sender, interface, &[IaKind::Na], &mut rng)?
    };
    let drafts = drafts(order, &asker, sender, segment.as_ref())?;
    let Some(segment) = unless_shown(segment, &drafts, sender, cx)? else { return Ok(Exit::Good) };
    let mut line = Session6::open(&segment, &drafts, asker.foreign, sender, cx)?;
    each(drafts, |draft| send(draft, order, &asker, &mut line, cx))
}

fn drafts(
    order: &Order,
    asker: &Asker,
    sender: &SenderArgs,
    segment: Option<&Segment>,
) -> Result<Vec<Draft6>, Failure> {
    let recipe = &asker.recipe;
    Ok(match &order.source {
        Source::Dhcp(kind) => vec![by_hand(recipe, *kind, sender)],
        Source::Solicitation => {
            let mut draft = recipe.router_solicitation();
            if let Body::Router(bytes, _) = &mut draft.body {
                let mut message = nd::Message::decode(bytes);
                router_options(&mut message, sender)?;
                *bytes = message.encode();
            }
            vec![draft]
        }
        Source::Advertisement(advert) => {
            let mut message = nd::Message::advertisement(advert.hop_limit, advert.flags, advert.lifetime);
            if let Some(header) = &mut message.header {
                (header.reachable_time, header.retrans_timer) = (advert.reachable, advert.retrans);
            }
            message.add_option(ndopt::SOURCE_LINK_LAYER_ADDRESS, &recipe.mac.0);
            router_options(&mut message, sender)?;
            vec![recipe.router(&message)]
        }
        Source::Bytes(packets) => {
            let mut drafts = Vec::new();
            for bytes in packets {
                if let Some(frame) = replay6::of_packet(bytes) {
                    drafts.extend(replayed(&frame, order, recipe, sender, segment)?);
                    continue;
                }
                let mut message = Message::decode(bytes);
                change(&mut message, recipe, sender);
                let mut draft = recipe.draft(message);
                let kind = Packet::new(bytes).message_type().unwrap_or_default();
                ports_of(&mut draft, kind, recipe);
                drafts.push(draft);
            }
            drafts
        }
        Source::Frames(frames) => {
            let mut drafts = Vec::new();
            for frame in frames {
                drafts.extend(replayed(frame, order, recipe, sender, segment)?);
            }
            drafts
        }
    })
}

/// A message of DHCPv6 made from flags.
fn by_hand(recipe: &Recipe6, kind: MessageType, sender: &SenderArgs) -> Draft6 {
    if kind.is_relay() {
        let link = recipe.relays.first().map_or(Ipv6Addr::UNSPECIFIED, |hop| hop.link);
        let hops = sender.message_args().hops.unwrap_or(0);
        let mut message = Message::relay(kind, hops, link, recipe.source(), &[]);
        message.options.clear();
        recipe.by_hand(&mut message);
        let bare = Recipe6 { relays: Vec::new(), ..recipe.clone() };
        let mut draft = bare.draft(message);
        draft.ports =
            (recipe.around.src_port.unwrap_or(SERVER_PORT), recipe.around.dst_port.unwrap_or(SERVER_PORT));
        return draft;
    }
    let asks = matches!(kind.0, 1..=6 | 8 | 9);
    let ias = if asks { recipe.ias.as_slice() } else { &[] };
    let mut draft = recipe.draft(recipe.message(kind, ias, recipe.server.as_ref(), 0));
    ports_of(&mut draft, kind, recipe);
    draft
}

/// What servers say goes to clients.
fn ports_of(draft: &mut Draft6, kind: MessageType, recipe: &Recipe6) {
    if kind.is_from_server() && !kind.is_relay() && recipe.relays.is_empty() {
        draft.ports =
            (recipe.around.src_port.unwrap_or(SERVER_PORT), recipe.around.dst_port.unwrap_or(CLIENT_PORT));
    }
}

/// Options of a router's message that were set or left out by hand.
fn router_options(message: &mut nd::Message, sender: &SenderArgs) -> Result<(), Failure> {
    let mut fresh = Vec::new();
    for text in &sender.message_args().option {
        let arg =
            OptionArg::parse(&ndopt::SPACE, text, &options::Context::default()).map_err(Failure::usage)?;
        for (code, data) in
            assemble(&ndopt::SPACE, &[arg]).map_err(Failure::usage)?.into_iter().map(Assembled::whole)
        {
            let code =
                u8::try_from(code).map_err(|_| Failure::usage(format_args!("-o {text}: no such option")))?;
            if code == ndopt::SOURCE_LINK_LAYER_ADDRESS && !fresh.contains(&code) {
                message.options.retain(|item| item.code != code);
            }
            fresh.push(code);
            message.add_option(code, &data);
        }
    }
    for name in &sender.message_args().no_option {
        let code = ndopt::SPACE.code(name).ok_or_else(|| {
            Failure::usage(format_args!(
                "--no-option {name}: no option of routers; see dhcptool options --nd"
            ))
        })?;
        message.options.retain(|item| u16::from(item.code) != code);
    }
    Ok(())
}

/// Changes in a message from elsewhere what flags say.
fn change(message: &mut Message, recipe: &Recipe6, sender: &SenderArgs) {
    if let (Head::Transaction(xid), true) = (&mut message.head, sender.message_args().xid.is_some()) {
        *xid = recipe.xid;
    }
    if let (Some(duid), true) = (&recipe.duid, sender.six.has_duid() || sender.has_mac()) {
        message.set_option(opt::CLIENTID, duid.0.clone());
    }
    recipe.by_hand(message);
}

/// A frame that was made elsewhere, as a draft: byte for byte, but for what flags change.
fn replayed(
    frame: &[u8],
    order: &Order,
    recipe: &Recipe6,
    sender: &SenderArgs,
    segment: Option<&Segment>,
) -> Result<Option<Draft6>, Failure> {
    let mut found = None;
    let mut failure = None;
    Walker::without_reassembly(Ports::every()).walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
        if found.is_none() && failure.is_none() {
            match draft_of(&datagram, order, recipe, sender, segment) {
                Ok(draft) => found = Some(draft),
                Err(error) => failure = Some(error),
            }
        }
    });
    failure.map_or(Ok(found), Err)
}

fn draft_of(
    datagram: &Datagram<'_>,
    order: &Order,
    recipe: &Recipe6,
    sender: &SenderArgs,
    segment: Option<&Segment>,
) -> Result<Draft6, Failure> {
    let router = datagram.protocol == Protocol::Icmpv6;
    let kind = Packet::new(datagram.payload).message_type().unwrap_or_default();
    let answers =
        if router { nd::Packet::new(datagram.payload).is_advertisement() } else { kind.is_from_server() };
    if answers && !order.as_is && !sender.dry_run {
        let name = if router { "router-advertisement".to_owned() } else { kind.to_string() };
        return Err(Failure::usage(format_args!(
            "the packet is itself an answer of a server ({name}): choose a client's, with --number, or say --as-is"
        )));
    }
    let around = &recipe.around;
    let addr = |addr: std::net::IpAddr| match addr {
        std::net::IpAddr::V6(addr) => Some(addr).filter(|addr| !addr.is_unspecified()),
        std::net::IpAddr::V4(_) => None,
    };
    let ip = datagram.ip;
    let mac = |known: Option<crate::wire::HwAddr>| {
        known.and_then(|known| known.mac()).filter(|mac| *mac != Mac::ZERO)
    };
    let link = datagram.link;
    let own = segment.and_then(|segment| segment.mac).unwrap_or(recipe.mac);
    let src_mac = mac(link.and_then(|link| link.src)).filter(|_| !sender.has_mac());
    let src_mac = around.src_mac.or(src_mac).unwrap_or(if sender.has_mac() { recipe.mac } else { own });
    let known_src = ip.and_then(|ip| addr(ip.src)).filter(|_| !sender.has_mac());
    let dst = around.dst.or(recipe.to).or(ip.and_then(|ip| addr(ip.dst)));
    let dst = dst.unwrap_or(crate::wire::v6::types::ALL_RELAYS_AND_SERVERS);
    // Another destination than the recorded one has another hardware address.
    let redirected = around.dst.is_some() || recipe.to.is_some();
    let known_mac = mac(link.and_then(|link| link.dst)).filter(|_| !redirected);
    let dst_mac = around.dst_mac.or(known_mac).or(dst.is_multicast().then(|| Envelope6::group_mac(dst)));
    let usual = if router { nd::HOP_LIMIT } else { hop_limit_to(dst) };
    let body = if router {
        Body::Router(datagram.payload.to_vec(), around.src.is_some() || redirected)
    } else if changes(sender) {
        let mut message = Message::decode(datagram.payload);
        change(&mut message, recipe, sender);
        Body::Dhcp(message)
    } else {
        Body::Raw(datagram.payload.to_vec())
    };
    let udp = datagram.udp.unwrap_or_default();
    Ok(Draft6 {
        body,
        envelope: Envelope6 {
            dst_mac: dst_mac.unwrap_or(Mac::ZERO),
            src_mac,
            vlans: if around.vlans.is_empty() {
                datagram.vlans.as_slice().to_vec()
            } else {
                around.vlans.clone()
            },
            src: around.src.or(known_src).unwrap_or(recipe.source),
            dst,
            hop_limit: around.hop_limit.or(ip.map(|ip| ip.ttl)).unwrap_or(usual),
        },
        ports: (around.src_port.unwrap_or(udp.src_port), around.dst_port.unwrap_or(udp.dst_port)),
        next_hop: dst_mac.is_none().then_some(dst),
    })
}

/// Flags change something in the message.
fn changes(sender: &SenderArgs) -> bool {
    let message = sender.message_args();
    let by_hand = !message.option.is_empty() || !message.no_option.is_empty();
    message.xid.is_some() || sender.six.has_duid() || sender.has_mac() || by_hand
}

/// True for what routers and servers say of themselves: nobody answers it.
fn is_answer(message: &[u8], router: bool) -> bool {
    if router {
        return nd::Packet::new(message).is_advertisement();
    }
    message.first().is_some_and(|kind| MessageType(*kind).is_from_server())
}

fn send(draft: Draft6, order: &Order, asker: &Asker, line: &mut Session6<'_>, cx: &mut Context) -> Outcome {
    let segment = line.session.segment;
    let until = match order.expect {
        Some(Wanted::Kind(kind)) if order.count == 1 => Until6::Kind(kind),
        Some(Wanted::Router) if order.count == 1 => Until6::Router,
        _ => Until6::TimeIsOver,
    };
    let shots = Shots { count: order.count, interval: order.interval, wait: order.wait, until };
    let payload = draft.payload();
    let router = draft.protocol() == Protocol::Icmpv6;
    let facts = if router { Facts::default() } else { Facts::of(&payload) };
    let mut told = client(&asker.recipe);
    told.mac = draft.envelope.src_mac.to_string();
    told.source = draft.envelope.src;
    told.duid = facts.client_id.map(crate::wire::v6::Duid::from);
    told.xid = facts.xid.unwrap_or(0);
    told.iaid = facts.ias.first().map(|ia| ia.iaid);
    let (name, kind) = (draft.name(), payload.first().copied().map(MessageType));
    let own = segment.mac == Some(draft.envelope.src_mac) && segment.has_ipv6(draft.envelope.src);
    // It is answered for an address that is made of the frame's own MAC, or one of this interface; never for another's.
    let may_answer = !segment.is_duplicate()
        && (draft.envelope.src == crate::wire::neighbor::link_local(draft.envelope.src_mac)
            || segment.has_ipv6(draft.envelope.src));
    let mut shot = OneShot6::new(draft, shots, !own && may_answer);
    let held = if order.expect.is_none() && is_answer(&payload, router) {
        line.session.send(&mut shot, cx)
    } else {
        line.session.hold(&mut shot, Awaited::ANSWER, cx)
    };
    let answers = shot.answers();
    // Without a carrier the interface takes every frame, and none leaves.
    let sent = if shot.watch().left > 0 { shot.sent() } else { 0 };
    let met = order.expect.is_none_or(|expect| expect.is_met(answers)) && sent > 0;
    let stateful = matches!(facts.kind.0, 1 | 3 | 5 | 6);
    let mut known = ground(&asker.recipe, asker.foreign, &held, segment, stateful);
    known.anonymous = facts.client_id.is_none();
    known.without_ia = facts.ias.is_empty();
    known.relayed = !facts.relays.is_empty();
    known.named = facts.server_id.is_some();
    let hints = if answers.is_empty() { silence::findings(shot.watch(), &known) } else { Vec::new() };
    let sending = Sending6 {
        place: line.session.place(&held),
        client: told,
        router,
        kind,
        name,
        sent,
        waited: held.took,
        answers,
        met: order.expect.map(|_| met),
        watch: shot.watch(),
        silence: hints.clone(),
        quiet: cx.common.quiet,
    };
    cx.show(&sending)?;
    if shot.overflow > 0 {
        cx.warn(&format!("{} more answers came than are kept", shot.overflow));
    }
    if sent == 0 {
        cx.error(&format!("it was not sent within {}: {}", stretch(held.took), hints.join("; ")));
    } else if !met {
        cx.error(&match order.expect {
            Some(Wanted::Nothing) => "an answer came, none was expected".to_owned(),
            Some(expect) if answers.is_empty() => {
                format!("no {} within {}: {}", expect.name(), stretch(held.took), hints.join("; "))
            }
            Some(expect) => format!("no {} came, but another answer", expect.name()),
            None => String::new(),
        });
    }
    conclude(held, if met { Exit::Good } else { Exit::Bad }, segment, cx)
}

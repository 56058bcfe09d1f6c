//! The senders with `-6`: DHCPv6, and router discovery beside it.

pub mod discover;
pub mod exchange;
pub mod send;

use fastrand::Rng;

use super::context::Context;
use super::exit::Failure;
use super::flags::sender::{self, SenderArgs};
use super::flags::six::Asker;
use super::replay6;
use super::session::Session;
use crate::engine::v6::draft::Draft6;
use crate::engine::v6::recipe::Recipe6;
use crate::engine::v6::silence::Ground;
#[cfg(feature = "live")]
use crate::net::udp::Held6;
use crate::output::six::Client6;
use crate::run::segment::{Opening, Segment, Way, filter_v6};
use crate::run::session::Remains;
pub use crate::run::six::{asked, discarded, router, said};
use crate::wire::frame::Envelope6;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::types::{CLIENT_PORT, SERVER_PORT};

/// The segment and who asks on it. `usual` are the IAs that are asked for unless told otherwise.
pub fn prepare(
    sender: &SenderArgs,
    interface: Option<&str>,
    usual: &[IaKind],
    rng: &mut Rng,
) -> Result<(Option<Segment>, Asker), Failure> {
    prepare_as(sender, interface, usual, false, rng)
}

/// The same for who speaks router discovery alone.
pub fn prepare_router(
    sender: &SenderArgs,
    interface: Option<&str>,
    rng: &mut Rng,
) -> Result<(Option<Segment>, Asker), Failure> {
    prepare_as(sender, interface, &[], true, rng)
}

fn prepare_as(
    sender: &SenderArgs,
    interface: Option<&str>,
    usual: &[IaKind],
    router: bool,
    rng: &mut Rng,
) -> Result<(Option<Segment>, Asker), Failure> {
    sender.check_write(&[])?;
    sender.refuse_four()?;
    let found = Segment::find(interface);
    let mut segment = sender::unless_dry(found, interface, sender)?;
    if !sender.dry_run {
        if let Some(segment) = &segment {
            segment.may_have_servers()?;
        }
        segment = segment.map(Segment::settled);
    }
    let asker = sender.recipe6(segment.as_ref(), usual, router, rng)?;
    Ok((segment, asker))
}

/// Says what the receiver may not like, and refuses what the segment cannot carry.
pub fn judge(draft: &Draft6, segment: Option<&Segment>) -> Result<(), Failure> {
    let len = Envelope6::packet_len(draft.payload().len());
    if let Some(Segment { name, mtu, .. }) = segment
        && u32::try_from(len).is_ok_and(|len| len > *mtu)
    {
        return Err(Failure::usage(format_args!(
            "the packet has {len} bytes, {name} carries {mtu} (its MTU): leave out options, or raise the MTU"
        )));
    }
    Ok(())
}

/// The segment to send on; in a dry run `drafts` are shown instead, and there is nothing left to do.
pub fn unless_shown(
    segment: Option<Segment>,
    drafts: &[Draft6],
    sender: &SenderArgs,
    cx: &mut Context,
) -> Result<Option<Segment>, Failure> {
    for draft in drafts {
        judge(draft, segment.as_ref())?;
    }
    if sender.dry_run {
        let frames: Vec<Vec<u8>> = drafts.iter().map(Draft6::frame).collect();
        replay6::show(&frames, sender.write.as_deref(), cx)?;
        if !cx.common.json {
            for hop in drafts.iter().filter_map(|draft| draft.next_hop) {
                cx.note(&format!("the frame's destination will be found by neighbor discovery for {hop}"));
            }
        }
        return Ok(None);
    }
    segment.map(Some).ok_or_else(|| Failure::could_not_run("no interface"))
}

/// Says that the interface has no address to speak from, where its own would be used.
pub fn warn_of_address(segment: &Segment, sender: &SenderArgs, cx: &Context) {
    if let Some(why) = segment.lacks_link_local().filter(|_| !sender.has_mac()) {
        cx.warn(&format!("{}: {why}", segment.name));
    }
}

/// How a segment is opened for exchanges that begin with `drafts`.
pub fn opening(drafts: &[Draft6]) -> Opening {
    let unusual = |port: &u16| !matches!(*port, 0 | CLIENT_PORT | SERVER_PORT);
    let mut ports: Vec<u16> =
        drafts.iter().flat_map(|draft| [draft.ports.0, draft.ports.1]).filter(unusual).collect();
    ports.sort_unstable();
    ports.dedup();
    let macs = drafts.iter().map(|draft| draft.envelope.src_mac).collect();
    Opening { way: Way::Link, macs, filter: filter_v6(&ports), ports, class: None }
}

/// The ports of DHCPv6 that this host holds while it asks: without that its kernel says "port unreachable" to servers.
pub struct HeldPorts {
    /// Port 546, where this host's own client would listen; none where another card or address speaks.
    #[cfg(feature = "live")]
    client: Option<Held6>,
    #[cfg(feature = "live")]
    _server: Option<Held6>,
}

impl HeldPorts {
    /// Those from which `drafts` are sent, unless another address than this host's speaks. What is refused is no reason to stop.
    pub fn hold(segment: &Segment, drafts: &[Draft6], foreign: bool) -> Self {
        #[cfg(feature = "live")]
        {
            let held = |wanted: u16| {
                let speaks = drafts.iter().any(|draft| draft.ports.0 == wanted);
                if speaks && !foreign { Held6::open(&segment.name, wanted).ok() } else { None }
            };
            Self { client: held(CLIENT_PORT), _server: held(SERVER_PORT) }
        }
        #[cfg(not(feature = "live"))]
        {
            let _ = (segment, drafts, foreign);
            Self {}
        }
    }
}

/// A segment that is open for exchanges of DHCPv6, and the ports that this host holds meanwhile.
pub struct Session6<'a> {
    /// The session.
    pub session: Session<'a>,
    ports: HeldPorts,
}

impl<'a> Session6<'a> {
    /// Opens the segment for exchanges that begin with `drafts`.
    pub fn open(
        segment: &'a Segment,
        drafts: &[Draft6],
        foreign: bool,
        sender: &SenderArgs,
        cx: &Context,
    ) -> Result<Self, Failure> {
        let ports = HeldPorts::hold(segment, drafts, foreign);
        Ok(Self { session: Session::open(segment, opening(drafts), sender, cx)?, ports })
    }

    /// Frames of answers were seen, and the kernel let none of them in to the port: this host's firewall drops them.
    pub fn is_firewalled(&self, answers: usize) -> bool {
        #[cfg(feature = "live")]
        {
            answers > 0 && self.ports.client.as_ref().and_then(Held6::count) == Some(0)
        }
        #[cfg(not(feature = "live"))]
        {
            let _ = (answers, &self.ports);
            false
        }
    }
}

/// The client as it is told.
pub fn client(recipe: &Recipe6) -> Client6 {
    Client6 {
        mac: recipe.mac.to_string(),
        xid: recipe.xid,
        duid: recipe.duid.clone(),
        iaid: recipe.ias.first().map(|ia| ia.iaid),
        source: recipe.source(),
    }
}

/// Refuses flags that only DHCPv4's command has.
pub fn refuse(flags: &[(&str, bool)]) -> Result<(), Failure> {
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::usage(format_args!("{flag} is for DHCPv4; leave out -6"))),
        None => Ok(()),
    }
}

/// What is known beside what was seen, when nothing answers.
pub fn ground(recipe: &Recipe6, foreign: bool, held: &Remains, segment: &Segment, stateful: bool) -> Ground {
    let own = segment.mac == Some(recipe.mac) && recipe.around.src.is_none();
    Ground {
        link: Some(held.link(segment)),
        lacks: segment.lacks_link_local().filter(|_| own),
        named: recipe.server.is_some(),
        relayed: !recipe.relays.is_empty(),
        anonymous: recipe.duid.is_none(),
        without_ia: recipe.ias.is_empty(),
        stateful,
        offered: false,
        unicast: recipe.to.is_some(),
        unanswered: Some(recipe.source()).filter(|source| !foreign && !segment.has_ipv6(*source)),
    }
}

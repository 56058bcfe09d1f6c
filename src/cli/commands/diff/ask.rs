//! One side of a comparison that is asked now. Nothing is kept of what is offered.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Args;
use crate::analysis::compare::{self, Family, Side};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::flags::six::Asker;
use crate::cli::six::HeldPorts;
use crate::cli::teller::{Awaited, Manner, Teller, Watched};
use crate::cli::{session, six};
use crate::engine::v4::collect::{Plan, Until, Want};
use crate::engine::v6::discover::{ASK, ASK_ROUTERS, Discover6, Plan6, drafts};
use crate::engine::{Backoff, Client as _, Collect, Machine};
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::answers::Place;
use crate::run::segment::{Segment, Way};
use crate::run::session as run;
use crate::wire::v4::{Message, MessageType};
use crate::wire::v6::facts::IaKind;

/// How long a server that is asked has to answer.
const WAIT: Duration = Duration::from_secs(5);

/// A server that is asked now.
pub(super) struct Asked {
    server: IpAddr,
    interface: Option<String>,
}

impl Asked {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let (server, interface) = match text.split_once('%') {
            Some((server, interface)) => (server, Some(interface.to_owned())),
            None => (text, None),
        };
        let server = server.parse().map_err(|_| {
            Failure::usage(format_args!(
                "server:{text} is not server:ADDR[%IFACE]; write server:10.0.0.1, server:10.0.0.1%eth0 or server:fe80::1%eth0"
            ))
        })?;
        Ok(Self { server, interface })
    }

    /// Which DHCP it is asked with.
    pub(super) fn family(&self) -> Family {
        if self.server.is_ipv4() { Family::Four } else { Family::Six }
    }
}

/// What asks.
enum Seeker {
    Four(Box<Collect>),
    Six(Box<Discover6>),
}

impl Seeker {
    fn machine(&mut self) -> &mut dyn Machine {
        match self {
            Self::Four(collect) => &mut **collect,
            Self::Six(discover) => &mut **discover,
        }
    }
}

/// A server, and the segment that is open for it.
struct Open<'a> {
    asked: &'a Asked,
    segment: Segment,
    session: run::Session,
    seeker: Seeker,
    _ports: Option<HeldPorts>,
}

/// Asks servers, one after the other: what each gives.
pub(super) fn ask(servers: &[(usize, Asked)], args: &Args, cx: &Context) -> Result<Vec<Side>, Failure> {
    let mut rng = fastrand::Rng::new();
    // All are opened before the rights to are given up.
    let mut open = Vec::new();
    for (_, asked) in servers {
        open.push(match asked.server {
            IpAddr::V4(server) => open4(asked, server, args, &mut rng)?,
            IpAddr::V6(server) => open6(asked, server, args, &mut rng)?,
        });
    }
    #[cfg(feature = "live")]
    {
        args.confine.give_up(cx)?;
        args.confine.confine(&Needs::default(), cx)?;
    }
    open.into_iter().map(|open| open.ask(cx)).collect()
}

/// The sender's flags for what was asked on the command line.
fn flags(args: &Args, server: impl Into<IpAddr>) -> Result<SenderArgs, Failure> {
    let wrong =
        |mac| Failure::usage(format_args!("--mac {mac}: a server is asked from an address of six bytes"));
    let mac = args.mac.map(|mac| mac.mac().ok_or_else(|| wrong(mac))).transpose()?;
    Ok(SenderArgs::asking(server.into(), mac))
}

fn open4<'a>(
    asked: &'a Asked,
    server: Ipv4Addr,
    args: &Args,
    rng: &mut fastrand::Rng,
) -> Result<Open<'a>, Failure> {
    let flags = flags(args, server)?;
    let (segment, recipe) = sender::prepare(&flags, asked.interface.as_deref(), MessageType::DISCOVER, rng)?;
    let segment = segment.ok_or_else(|| Failure::could_not_run("no interface"))?;
    let draft = recipe.discover(0, None);
    let opening = session::opening(Way::Link, [&draft].into_iter());
    let session = run::Session::open(&segment, opening)?;
    let plan = Plan {
        wait: WAIT,
        send_all: false,
        backoff: flags.backoff(Backoff::COLLECT),
        until: Until::First,
        want: Want::Offers,
        count_secs: flags.counts_secs(),
    };
    let mut collect = Collect::new(draft, plan, rng.fork());
    collect.station_mut().watch.only_server = Some(server);
    Ok(Open { asked, segment, session, seeker: Seeker::Four(Box::new(collect)), _ports: None })
}

fn open6<'a>(
    asked: &'a Asked,
    server: Ipv6Addr,
    args: &Args,
    rng: &mut fastrand::Rng,
) -> Result<Open<'a>, Failure> {
    let flags = flags(args, server)?;
    let wanted = [IaKind::Na, IaKind::Pd];
    let (segment, Asker { recipe, foreign }) =
        six::prepare(&flags, asked.interface.as_deref(), &wanted, rng)?;
    let segment = segment.ok_or_else(|| Failure::could_not_run("no interface"))?;
    let ask = flags.backoff(ASK);
    let plan =
        Plan6 { wait: WAIT, first: true, inform: false, routers: false, ask, ask_routers: ASK_ROUTERS };
    let drafts = drafts(&recipe, 0, &plan);
    let ports = Some(HeldPorts::hold(&segment, &drafts, foreign));
    let session = run::Session::open(&segment, six::opening(&drafts))?;
    let discover = Discover6::new(&recipe, 0, plan, foreign, rng.fork()).only_from(server);
    Ok(Open { asked, segment, session, seeker: Seeker::Six(Box::new(discover)), _ports: ports })
}

impl Open<'_> {
    /// Asks, and waits for the first answer.
    fn ask(mut self, cx: &Context) -> Result<Side, Failure> {
        let teller = RefCell::new(Teller::new(false, Manner::of(cx)));
        teller.borrow_mut().begin(Some(Awaited::within("an offer", WAIT)));
        let held =
            self.session.hold(&mut Watched::new(self.seeker.machine(), &teller), &cx.clock, &mut |_| {});
        teller.borrow_mut().end();
        if let Some(error) = held.error {
            return Err(error.into());
        }
        if held.stopped {
            return Err(Failure::INTERRUPTED);
        }
        let mut side = Side::default();
        match &self.seeker {
            Seeker::Four(collect) => {
                let place = Place {
                    interface: &self.segment.name,
                    link_type: held.link_type,
                    precision: held.precision,
                    ports: &self.session.ports,
                    class: self.session.class,
                    fragments: self.session.fragments(),
                    story: &[],
                    columns: 0,
                };
                for answer in collect.answers() {
                    place.record(answer, 1, &mut |record| {
                        let way = record.datagram.ip.map(|ip| compare::Way::new(ip.src, ip.dst));
                        side.take(&Message::decode(record.datagram.payload), way);
                    });
                }
            }
            Seeker::Six(discover) => {
                for answer in discover.offers() {
                    let way = answer.source_ip.zip(answer.destination);
                    let way = way.map(|(src, dst)| compare::Way::new(src.into(), dst.into()));
                    side.take6(&answer.payload, way, None);
                }
            }
        }
        if side.count(self.asked.family()) == 0 {
            let six = if self.asked.family() == Family::Six { "-6 " } else { "" };
            return Err(Failure::could_not_run(format_args!(
                "server:{} made no offer on {name} within {} s; dhcptool discover {six}{name} shows who does",
                self.asked.server,
                WAIT.as_secs(),
                name = self.segment.name
            )));
        }
        Ok(side)
    }
}

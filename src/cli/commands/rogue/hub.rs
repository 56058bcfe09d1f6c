//! Where frames come together: what is in them, whom it is from, and the report about all.

use std::path::Path;
use std::sync::Arc;

use super::Args;
use crate::analysis::servers::{Identity, Policy, SegmentVerdict, Servers, Speaks, judge};
use crate::capture;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::vendors::Vendors;
use crate::cli::reading::Reading;
use crate::output::rogue::{RogueReport, Scan, plugin};
use crate::output::words::counted;
use crate::run::files;
use crate::run::rogue::{Answers, Register, Seen, crowded};
use crate::time::{Moment, Precision};
use crate::wire::frame::Walker;

/// Everything seen, and what it is told with.
pub(super) struct Hub {
    /// Who was heard.
    pub register: Register,
    /// Who makes whose network card.
    pub vendors: Vendors,
}

impl Hub {
    /// Nothing was seen yet.
    pub(super) fn new(args: &Args, cx: &Context) -> Result<Self, Failure> {
        let register = Register::new(args.policy(cx)?);
        Ok(Self { register, vendors: args.vendors.open(&args.confine, cx)? })
    }
}

/// What hinders a verdict.
#[derive(Default)]
pub(super) struct Doubts {
    /// Why not everything was seen, one clause each.
    pub blind: Vec<String>,
    /// Why nobody may have been heard although a server is there.
    pub silence: Option<String>,
}

/// Judges everybody, tells it, and says how it ends.
pub(super) fn report(
    hub: &mut Hub,
    scan: &Scan<'_>,
    doubts: Doubts,
    args: &Args,
    cx: &mut Context,
) -> Outcome {
    let Hub { register: Register { servers: heard, policy, .. }, vendors } = hub;
    let (heard, policy) = (&*heard, policy.as_ref());
    let mut servers = judge::judge_all(heard, policy);
    vendors.name(servers.iter_mut().map(|(server, judgement)| (server.key.source_mac, judgement)));
    let mut blind = doubts.blind;
    let silent = servers.iter().all(|(server, _)| server.key.speaks == Speaks::Ra);
    if silent && scan.asked && (heard.is_empty() || scan.asked_v4) {
        blind.extend(doubts.silence);
    }
    if heard.forgotten > 0 {
        blind.push(format!("{} more servers were seen than are kept", heard.forgotten));
    }
    let missing =
        policy.map(|policy| judge::missing(heard, policy, args.families().speak())).unwrap_or_default();
    // Where nothing is asked, to be heard is enough.
    let is_there = |identity: &Identity| {
        heard.iter().any(|server| identity.fit(&server.key).is_whole() && server.serves(scan.asked))
    };
    let mut required: Vec<&Identity> = Vec::new();
    for identity in &args.require {
        if !required.contains(&identity) && !is_there(identity) {
            required.push(identity);
        }
    }
    let report = RogueReport {
        scan,
        servers: &servers,
        missing: &missing,
        required: &required,
        wanted: &args.require,
        learns: args.learn.is_some(),
        forgotten: heard.forgotten,
        answers: heard.answers,
        blind: &blind,
    };
    let learned = args.learn.as_deref().map(|path| learn(path, heard, &blind, cx)).transpose()?;
    if args.nagios.is_on() {
        return NagiosArgs::tell(&plugin(&report, policy.is_some(), &args.nagios.thresholds()), cx);
    }
    cx.show(&report)?;
    for hint in report.hints(policy.is_some(), args.own_mac) {
        cx.warn(&hint);
    }
    cx.note(&report.summary(policy.is_some()));
    Ok(match report.verdict() {
        SegmentVerdict::Rogue => Exit::Bad,
        SegmentVerdict::None if scan.asked => Exit::Bad,
        SegmentVerdict::Clean | SegmentVerdict::None if !required.is_empty() => Exit::Bad,
        SegmentVerdict::Unknown => Exit::CouldNotRun,
        SegmentVerdict::Clean | SegmentVerdict::None if learned == Some(false) => Exit::Bad,
        SegmentVerdict::Clean | SegmentVerdict::None => Exit::Good,
    })
}

/// Writes the policy that allows exactly who was heard. True when it was: where nobody was heard, or not all, it would say that
/// nobody else may be there.
fn learn(path: &Path, heard: &Servers, blind: &[String], cx: &Context) -> Result<bool, Failure> {
    let why = match blind.first() {
        Some(blind) => Some(blind.as_str()),
        None => heard.is_empty().then_some("nobody was heard"),
    };
    if let Some(why) = why {
        cx.warn(&format!("no policy is learned, {} is left as it is: {why}", path.display()));
        return Ok(false);
    }
    if heard.iter().all(|server| server.key.speaks == Speaks::Ra) {
        cx.warn("no DHCP server was heard: the policy allows routers alone, and any server will be a rogue");
    }
    let text = Policy::learn(heard.sorted()).to_toml().map_err(Failure::could_not_run)?;
    let before = if path.exists() { ", in place of the one that was there" } else { "" };
    files::replace(path, &format!("# What dhcptool rogue --learn found.\n\n{text}"))?;
    cx.note(&format!(
        "a policy of {} was written to {}{before}",
        counted(heard.iter().count(), "server"),
        path.display()
    ));
    Ok(true)
}

/// Judges the servers in a capture.
pub(super) fn judge_capture(path: &Path, args: &Args, cx: &mut Context) -> Outcome {
    #[cfg(feature = "live")]
    {
        let create_in: Vec<_> = args.learn.iter().map(|path| files::folder(path)).collect();
        if let Some(missing) = create_in.iter().find(|folder| !folder.is_dir()) {
            return Err(super::live::no_folder(missing));
        }
        args.confine.give_up(cx)?;
        let read = [Some(path), args.policy.as_deref()].into_iter().flatten().map(Path::to_path_buf);
        let read = read.chain(args.vendors.files()).collect();
        args.confine.offline(
            &crate::net::sandbox::Needs { create_in, read, ..crate::net::sandbox::Needs::default() },
            cx,
        )?;
    }
    let mut hub = Hub::new(args, cx)?;
    let mut walker = Walker::new(args.families().ports());
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut precision = Precision::Micro;
    let mut reader = capture::open(path).map_err(Failure::could_not_run)?;
    let mut frames = 0_u64;
    let mut bar = Reading::of(reader.size(), cx);
    let damage = loop {
        if let Some(bar) = &mut bar {
            bar.draw(reader.position(), false);
        }
        let frame = match reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(error) if error.is_damage() => break Some(error),
            Err(error) => return Err(Failure::could_not_run(error)),
        };
        frames = frames.saturating_add(1);
        if frame.precision == Precision::Nano {
            precision = Precision::Nano;
        }
        if !walker.may_matter(frame.link, frame.data) {
            continue;
        }
        let interface = frame.interface_name.map(|name| interned(&mut names, name));
        let seen = Seen {
            when: Moment::recorded(frame.time.unwrap_or_default()),
            interface: interface.as_ref(),
            link: frame.link,
            data: frame.data,
            original_len: frame.original_len,
        };
        hub.register.frame(&seen, &mut walker, Answers::default());
        hub.register.fresh.clear();
    };
    drop(bar);
    // Silence where nothing could be heard says nothing.
    if hub.register.unread.frames() > 0 && damage.is_none() {
        if hub.register.unread.frames() == frames {
            return Err(Failure::could_not_run(hub.register.unread.nothing(reader.name())));
        }
        cx.warn(&hub.register.unread.to_string());
    }
    let interfaces: Vec<String> = names.iter().map(ToString::to_string).collect();
    let scan = Scan {
        interfaces: &interfaces,
        sent: 0,
        waited: None,
        precision,
        asked: false,
        asked_v4: false,
        kept: &[],
        kept6: &[],
        overlooked: 0,
        lost: 0,
    };
    let rest = damage.is_some().then(|| "the rest of the capture cannot be read".to_owned());
    let rest = rest.into_iter().chain(crowded(walker.crowded_out()));
    let doubts = Doubts { blind: rest.collect(), silence: None };
    let exit = report(&mut hub, &scan, doubts, args, cx)?;
    match damage {
        // A plugin has given its one verdict, of which that is a part.
        Some(error) if args.nagios.is_on() => {
            cx.error(&error.to_string());
            Ok(exit)
        }
        Some(error) => Err(Failure::damaged(error)),
        None => Ok(exit),
    }
}

/// Interfaces of one capture that are told apart; the names come from the file.
const MAX_NAMES: usize = 1024;

fn interned(names: &mut Vec<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.iter().find(|known| &***known == name) {
        return Arc::clone(known);
    }
    let new: Arc<str> = name.into();
    if names.len() < MAX_NAMES {
        names.push(Arc::clone(&new));
    }
    new
}

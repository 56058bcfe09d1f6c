//! How the exchanges of one client are told: `request`, `release`, `decline`, `inform`.

use std::net::Ipv4Addr;

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::session::{self, Session};
use crate::cli::flags::flat;
use crate::cli::flags::nagios::NagiosArgs;
use crate::engine::v4::exchange::{ConflictVerdict, Exchange, Outcome as Ended};
use crate::engine::v4::oneshot::AGAIN;
use crate::engine::v4::silence::{self, Finding};
use crate::engine::{Answer, Client as _, Draft, OneShot, Watch};
use crate::output::Format;
use crate::output::answers;
use crate::output::flat::Rows;
use crate::output::plugin::Plugin;
use crate::output::senders::Report;
use crate::run::session::Remains;
use crate::wire::v4::MessageType;

/// What the command itself knows.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The command's name.
    pub command: &'static str,
    /// The client's state.
    pub state: Option<&'static str>,
    /// ack, nak, timeout, sent.
    pub outcome: &'static str,
    /// Messages sent.
    pub sent: u32,
    /// The server meant.
    pub server: Option<Ipv4Addr>,
    /// The address meant.
    pub address: Option<Ipv4Addr>,
    /// The first message.
    pub draft: &'a Draft,
}

/// In which form an exchange is told.
#[derive(Debug)]
pub enum How<'a> {
    /// As text or an object of JSON.
    Object,
    /// As a flat row.
    Rows(Box<Rows>),
    /// As a monitoring plugin does.
    Plugin(&'a NagiosArgs),
}

/// Tells how an exchange with answers went. What a monitoring plugin is to say comes back.
pub fn exchange(
    told: &Told<'_>,
    exchange: &Exchange,
    held: &Remains,
    session: &Session<'_>,
    how: How<'_>,
    cx: &mut Context,
) -> Result<Option<Plugin>, Failure> {
    let mut found = silence::findings(exchange.watch(), Some(held.link(session.segment)));
    if told.state == Some("init-reboot") {
        silence::ask_oneself(&mut found, Finding::NoLeaseKnown);
    }
    let silent = exchange.outcome() == Ended::Timeout;
    let report = Report {
        discovers: exchange.discovers(),
        offer: exchange.offer(),
        answer: exchange.answer(),
        conflict: exchange.checked().map(|verdict| match verdict {
            ConflictVerdict::Free => None,
            ConflictVerdict::InUse(mac) => Some(mac),
        }),
        declined: exchange.declined(),
        released: exchange.released(),
        departures: exchange.departures().iter().map(ToString::to_string).collect(),
        others: exchange.others(),
        left: exchange.debts().open().map(|debt| (debt.address, debt.server)).collect(),
        ..bare(told, held, session, exchange.watch(), if silent { &found } else { &[] })
    };
    match how {
        How::Plugin(nagios) => {
            return Ok(Some(report.plugin(&nagios.thresholds())));
        }
        How::Rows(rows) => flat::tell(&report, Some(*rows), Report::row, cx)?,
        How::Object => cx.show(&report)?,
    }
    for departure in &report.departures {
        cx.warn(departure);
    }
    for other in report.others {
        cx.warn(&other_line(other));
    }
    for (address, server) in &report.left {
        cx.warn(&format!("{address} may still be leased at {server}: no RELEASE was seen leaving"));
    }
    match exchange.debts().dropped() {
        0 => {}
        more => cx.warn(&format!("{more} more grants came than are given back: these may still be leased")),
    }
    match (exchange.outcome(), exchange.answer()) {
        (Ended::Timeout, _) => {
            let what = match (exchange.offer(), exchange.discovers()) {
                (Some(_), _) => "ACK",
                (None, 0) => "answer",
                (None, _) => "offer",
            };
            cx.error(&answers::silence_line(what, held.took, &found));
        }
        (Ended::Nak, Some(answer)) => cx.note(&nak_line(answer)),
        _ => {}
    }
    Ok(None)
}

/// Sends a message that has no answer `tries` times, and tells whether it left. `server` and `address` are what it is about.
pub fn send_once(
    command: &'static str,
    draft: &Draft,
    (server, address): (Option<Ipv4Addr>, Ipv4Addr),
    tries: u32,
    session: &mut Session<'_>,
    cx: &mut Context,
) -> Outcome {
    let mut shot = OneShot::new(draft.clone()).repeat(tries, AGAIN);
    let held = session.send(&mut shot, cx);
    let sent = shot.departed();
    let told = Told {
        command,
        state: None,
        outcome: if sent > 0 { "sent" } else { "timeout" },
        sent,
        server,
        address: Some(address),
        draft,
    };
    one_shot(&told, &held, session, shot.watch(), cx)?;
    session::conclude(held, if sent > 0 { Exit::Good } else { Exit::Bad }, session.segment, cx)
}

/// Tells that a message without an answer was sent, or why it was not.
fn one_shot(
    told: &Told<'_>,
    held: &Remains,
    session: &Session<'_>,
    watch: &Watch,
    cx: &mut Context,
) -> Result<(), Failure> {
    let found = silence::findings(watch, Some(held.link(session.segment)));
    let failed = told.sent == 0;
    let report = bare(told, held, session, watch, if failed { &found } else { &[] });
    if cx.format() == Format::Json || !failed {
        cx.show(&report)?;
    }
    if failed {
        cx.error(&answers::silence_line("way to the server", held.took, &found));
    }
    Ok(())
}

fn bare<'a>(
    told: &Told<'_>,
    held: &Remains,
    session: &'a Session<'_>,
    watch: &'a Watch,
    silence: &'a [Finding],
) -> Report<'a> {
    Report {
        command: told.command,
        place: session.place(held),
        mac: session::client_text(told.draft),
        xid: told.draft.message.xid,
        state: told.state,
        outcome: told.outcome,
        sent: told.sent,
        discovers: 0,
        server: told.server,
        address: told.address,
        offer: None,
        answer: None,
        conflict: None,
        declined: false,
        released: false,
        departures: Vec::new(),
        others: &[],
        left: Vec::new(),
        watch,
        silence,
    }
}

/// What a server said that was not asked.
fn other_line(other: &Answer) -> String {
    let server = other.server_id().or(other.source_ip).map(|ip| ip.to_string()).unwrap_or_default();
    let reply = other.reply.as_ref();
    if other.kind() == Some(MessageType::ACK) {
        let address = reply.map(|reply| reply.yiaddr.0.to_string()).unwrap_or_default();
        return format!(
            "{server} leased {address} although another server was chosen; its ACK does not count"
        );
    }
    let reason = reply
        .and_then(|reply| reply.message.as_deref())
        .map(|reason| format!(" ({})", crate::wire::escape::escape_line(&String::from_utf8_lossy(reason))));
    let reason = reason.unwrap_or_default();
    format!("{server} refused{reason} although another server was chosen; its NAK does not count")
}

fn nak_line(answer: &Answer) -> String {
    let server = answer.server_id().or(answer.source_ip).map(|ip| ip.to_string()).unwrap_or_default();
    let reason = answer.reply.as_ref().and_then(|reply| reply.message.as_deref());
    match reason {
        Some(reason) => {
            let reason = crate::wire::escape::escape_line(&String::from_utf8_lossy(reason));
            format!("{server} refused: {reason}")
        }
        None => format!("{server} refused and gave no reason"),
    }
}

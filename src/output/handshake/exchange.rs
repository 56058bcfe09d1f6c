//! One exchange: a row, and its object.

use schemars::JsonSchema;
use serde::Serialize;

use super::status::{StatusName, status_name, statuses};
use super::told::Told;
use super::{duration_text, millis};
use crate::engine::load::{Failure, Finished, Kind};
use crate::output::json::object::TransactionObject;
use crate::output::schema::EitherTransaction;
use crate::output::width::{columns, tail};
use crate::output::{Label, Render, Styled};
use crate::time::Moment;

/// One exchange, for `--each --json`.
#[allow(clippy::option_option, reason = "where there is such a field it may be null")]
#[derive(Serialize, JsonSchema)]
pub(super) struct Each {
    r#type: &'static str,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    kind: &'static str,
    client: String,
    xid: String,
    outcome: &'static str,
    address: Option<String>,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefixes: Option<Vec<String>>,
    server_id: Option<String>,
    /// Only of DHCPv6: the first status of the last answer that is no success.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Option<StatusName>>,
    offer_ms: Option<f64>,
    ack_ms: Option<f64>,
    total_ms: Option<f64>,
    scheduled_ms: Option<f64>,
    retransmitted: u32,
    server_check: Option<&'static str>,
    time_ns: i64,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<EitherTransaction>")]
    transaction: Option<TransactionObject>,
}

/// One exchange.
pub struct Exchanged<'a, F: Told> {
    /// The protocol.
    pub family: &'a F,
    /// What became of it.
    pub finished: &'a Finished<F::Lease>,
    /// Any moment of the run: its stamps are times of day.
    pub clocks: Moment,
    /// Its messages, for who is told more.
    pub transaction: Option<TransactionObject>,
}

/// Columns that a row has room in, whatever the addresses.
const ROW: usize = 104;
/// Columns of a MAC.
const MAC: usize = 17;
/// Columns in which a server can be told from others: a MAC's digits, and that something is left out.
const SERVER: usize = 13;

impl<F: Told> Render for Exchanged<'_, F> {
    fn object(&self) -> impl Serialize {
        let finished = self.finished;
        let lease = self.family.words(&finished.lease);
        let first = (finished.statuses != 0).then(|| status_name(finished.statuses.trailing_zeros()));
        Each {
            r#type: "exchange",
            protocol: F::NAME,
            kind: F::kind_name(finished.kind),
            client: finished.mac.to_string(),
            xid: self.xid(),
            outcome: finished.failure.map_or("ack", Failure::name),
            address: lease.address,
            prefixes: F::NAME.is_some().then_some(lease.prefixes),
            server_id: lease.server,
            status: F::NAME.is_some().then_some(first),
            offer_ms: finished.offer_ns().map(millis),
            ack_ms: finished.ack_ns().map(millis),
            total_ms: finished.total_ns().map(millis),
            scheduled_ms: finished.scheduled_ns().map(millis),
            retransmitted: finished.repeated,
            server_check: finished.check.map(crate::engine::load::Check::name),
            time_ns: self.clocks.time_at(finished.began).nanoseconds(),
            transaction: self.transaction.clone(),
        }
    }

    fn text(&self, out: &mut Styled) {
        let finished = self.finished;
        let (lease, width) = (self.family.words(&finished.lease), F::WIDTH);
        // The figures of the ACK stand in the table at the end, too.
        let narrow = out.width().is_some_and(|width| width < ROW);
        let start = out.len();
        out.text(&finished.mac.to_string()).text("  ");
        if finished.kind != Kind::Handshake {
            out.text(F::kind_name(finished.kind)).text("  ");
        }
        match lease.leased() {
            Some(leased) => out.label(Label::Address, &format!("{leased:<width$}")),
            None => out.label(Label::Dim, &format!("{:<width$}", "-")),
        };
        let mut rest = self.rest(narrow, true, out);
        if let Some(server) = &lease.server {
            let between = if narrow { "  " } else { " from " };
            let head = columns(out.as_str().get(start..).unwrap_or_default()).saturating_add(between.len());
            let width = out.width();
            let room = |rest: &str| {
                width.map_or(usize::MAX, |width| width.saturating_sub(head).saturating_sub(columns(rest)))
            };
            let fits = |rest: &Styled| room(rest.as_str()) >= columns(server).min(SERVER);
            let mut below = false;
            if !fits(&rest) {
                // The time of the offer makes room: it is in the table. What takes two lines has room for it.
                let without = self.rest(narrow, false, out);
                below = !fits(&without);
                rest = if below { rest } else { without };
            }
            let room = room(if below { "" } else { rest.as_str() }).max(SERVER);
            // What a DUID begins with is its kind, what it ends in is whose it is.
            out.label(Label::Dim, between).label(Label::Server, &tail(server, room));
            if below {
                out.text("\n").text(&" ".repeat(MAC));
            }
        }
        out.text(rest.as_str()).text("\n");
    }
}

impl<F: Told> Exchanged<'_, F> {
    /// The transaction identifier as text.
    pub(super) fn xid(&self) -> String {
        let digits = usize::try_from(F::XID_BITS).unwrap_or(32).div_ceil(4).saturating_add(2);
        format!("{:#0digits$x}", self.finished.xid)
    }

    /// What stands behind the server: how long it took, with or without the time of the offer, and what was not as it should be.
    fn rest(&self, narrow: bool, offer: bool, like: &Styled) -> Styled {
        let finished = self.finished;
        let mut out = Styled::new(like.color());
        let mut part = |name: &str, value: Option<i64>| {
            if let Some(value) = value {
                out.label(Label::Dim, &format!("  {name} ")).text(&duration_text(millis(value)));
            }
        };
        part("offer", finished.offer_ns().filter(|_| offer));
        part("ack", finished.ack_ns().filter(|_| !narrow));
        part(
            "total",
            finished.total_ns().filter(|_| finished.offered.is_some() || finished.requested.is_none()),
        );
        if let Some(failure) = finished.failure {
            let words = F::WORDS;
            let text = match failure {
                Failure::NoOffer => format!("no {}", words.offer),
                Failure::NoAck => format!("no {}", words.ack),
                Failure::Nak => words.refused.to_owned(),
                Failure::AddressChanged => format!("the {} was for another address", words.ack),
                Failure::ServerChanged => format!("the {} was from another server", words.ack),
                Failure::Partial => "granted in part".to_owned(),
            };
            out.text("  ").label(Label::Error, &text);
            if finished.statuses != 0 {
                out.text(": ").text(&statuses(finished.statuses).join(", "));
            }
        }
        if finished.repeated > 0 {
            out.label(Label::Warning, &format!("  asked again {}x", finished.repeated));
        }
        if let Some(check) = finished.check {
            out.label(Label::Dim, &format!("  server checked by {}", check.name()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{family, finished};
    use super::*;
    use crate::engine::load::Lease4;

    #[test]
    fn an_exchange_is_one_line() {
        let mut out = Styled::new(false);
        for failure in [None, Some(Failure::NoOffer)] {
            let finished = finished(failure);
            let clocks = Moment::default();
            Exchanged { family: &family(), finished: &finished, clocks, transaction: None }.text(&mut out);
        }
        assert_eq!(
            out.as_str(),
            "02:00:00:00:00:03  10.0.0.50       from 10.0.0.1  offer 0.412 ms  ack 0.400 ms  total 0.900 ms  \
             asked again 1x  server checked by arp\n\
             02:00:00:00:00:03  10.0.0.50       from 10.0.0.1  no offer  asked again 1x  server checked by arp\n"
        );
    }

    #[test]
    fn a_row_that_is_too_long_shortens_the_server_first() {
        let mut lease = finished(None);
        (lease.check, lease.repeated) = (None, 0);
        lease.lease.server = [192, 168, 100, 200];
        let row = |width: usize, finished: &Finished<Lease4>| {
            let mut out = Styled::new(false).within(Some(width));
            let clocks = Moment::default();
            Exchanged { family: &family(), finished, clocks, transaction: None }.text(&mut out);
            String::from_utf8(out.into_bytes()).unwrap()
        };
        let wide = row(120, &lease);
        assert!(
            wide.contains("from 192.168.100.200  offer 0.412 ms  ack 0.400 ms  total 0.900 ms"),
            "{wide}"
        );
        assert_eq!(
            row(83, &lease),
            "02:00:00:00:00:03  10.0.0.50        192.168.100.200  offer 0.412 ms  total 0.900 ms\n"
        );
        assert_eq!(
            row(81, &lease),
            "02:00:00:00:00:03  10.0.0.50        ….168.100.200  offer 0.412 ms  total 0.900 ms\n"
        );
        assert_eq!(row(80, &lease), "02:00:00:00:00:03  10.0.0.50        192.168.100.200  total 0.900 ms\n");
        // What does not fit in any case goes on in a second line, and a time keeps its unit.
        lease.check = Some(crate::engine::load::Check::Arp);
        assert_eq!(
            row(60, &lease),
            "02:00:00:00:00:03  10.0.0.50        192.168.100.200\n                   offer 0.412 ms  total 0.900 ms  server\n                     checked by arp\n"
        );
    }
}

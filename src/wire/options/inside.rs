//! DHCPv6 options inside options and messages inside messages: what is damaged is told and leaves the rest as it is.

use super::cursor::{Context, Cursor, Outcome, Trace, ValueError, ValueFault};
use super::decode::{nested_at, nowhere};
use super::kind::Kind;
use super::registry::Space;
use super::sink::Sink;
use super::tables::v6;
use crate::wire::problem::{Code, Problem};
use crate::wire::v6::packet::Packet;
use crate::wire::v6::types::MESSAGE_TYPES;

/// Decodes the payload of an option that begins at `offset` of a message, so that what is wrong inside is noted with its
/// place in the message. Text and lists may be empty here.
pub fn decode_at<S: Sink>(
    kind: &Kind,
    bytes: &[u8],
    offset: usize,
    cx: &Context<'_>,
    sink: &mut S,
) -> Result<(), ValueError> {
    nested_at(kind, bytes, offset, cx, sink)
}

/// The options up to the end of what the cursor has.
pub(super) fn options<S: Sink>(
    space: &'static Space,
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) {
    if S::DISCARDS {
        // Nothing inside can make the value fail.
        cursor.rest();
        return;
    }
    let trailer = each(space, cursor, cx, sink);
    if !trailer.is_empty() {
        cx.note(Problem::at(Code::OptionNoLength, cursor.offset.saturating_sub(trailer.len()), [0; 3]));
    }
}

/// Gives the options to the sink as a list; returns what is left behind the last that is no option.
fn each<'a, S: Sink>(
    space: &'static Space,
    cursor: &mut Cursor<'a>,
    cx: &Context<'_>,
    sink: &mut S,
) -> &'a [u8] {
    let Some(cx) = &cx.deeper() else {
        cx.note(Problem::at(Code::NestingTooDeep, cursor.offset, [0; 3]));
        sink.null();
        cursor.rest();
        return &[];
    };
    // The spaces that are not lax by themselves have the same framing here.
    let wide = space.code_width == 2;
    sink.begin_list();
    loop {
        let start = cursor.offset;
        let head = match (wide, cursor.bytes) {
            (true, [a, b, c, d, ..]) => {
                Some((u16::from_be_bytes([*a, *b]), usize::from(u16::from_be_bytes([*c, *d])), 4))
            }
            (false, [code, length, ..]) => Some((u16::from(*code), usize::from(*length), 2)),
            _ => None,
        };
        let Some((code, declared, width)) = head else { break };
        if cursor.take(width, "an option").is_err() {
            break;
        }
        let at = cursor.offset;
        let payload = cursor.bytes.get(..declared).unwrap_or(cursor.bytes);
        if cursor.take(payload.len(), "an option").is_err() {
            break;
        }
        let row = space.by_code(code);
        let name = row.map(|row| row.name);
        if payload.len() < declared {
            cx.note(Problem::at(Code::OptionTruncated, start, [code.into(), declared, payload.len()]));
            sink.begin_cut_option(code, name, payload, declared);
            sink.null();
            sink.end_cut_option(payload, declared);
            continue;
        }
        match row {
            None => {
                sink.begin_option(code, None, payload, true);
                sink.opaque(payload);
            }
            Some(row) => {
                if let Some(mark) = sink.mark() {
                    let noted = cx.trace.map_or(0, Trace::len);
                    sink.begin_option(code, name, payload, true);
                    if nested_at(&row.kind, payload, at, cx, sink).is_ok() {
                        sink.end_option(payload);
                        continue;
                    }
                    sink.back_to(mark);
                    if let Some(trace) = cx.trace {
                        trace.back_to(noted);
                    }
                }
                let silent = Context { trace: None, ..*cx };
                let judged = nested_at(&row.kind, payload, at, &silent, &mut nowhere());
                sink.begin_option(code, name, payload, judged.is_ok());
                match judged {
                    Ok(()) => {
                        // It decoded a moment ago.
                        let _ = nested_at(&row.kind, payload, at, cx, sink);
                    }
                    Err(error) => {
                        cx.note(value_problem(code, payload, at, &error));
                        sink.null();
                    }
                }
            }
        }
        sink.end_option(payload);
    }
    sink.end_list();
    cursor.rest()
}

/// What is told of a value that does not decode; its error has its place in the message.
#[cold]
pub fn value_problem(code: u16, payload: &[u8], at: usize, error: &ValueError) -> Problem {
    let is_text = super::text::as_text(payload).is_some();
    // What is missing is missed where the option ends, and behind its last byte another one begins.
    let last = at.saturating_add(payload.len()).saturating_sub(1);
    Problem::at(Code::ValueInvalid, error.offset.min(last), [code.into(), payload.len(), is_text.into()])
        .expecting(error.what)
        .of_value(error.detail, "")
}

/// A message: type, header, options, and what is behind them.
pub(super) fn message6<S: Sink>(cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    const WHAT: &str = "a DHCPv6 message";
    let packet = Packet::new(cursor.bytes);
    let Some(kind) = packet.message_type() else { return Err(cursor.error(ValueFault::Length, WHAT)) };
    if S::DISCARDS {
        cursor.rest();
        return Ok(());
    }
    sink.begin_map();
    sink.key("message_type");
    match MESSAGE_TYPES.name(kind.0.into()) {
        Some(name) => sink.named(kind.0.into(), name),
        None => sink.number(kind.0.into()),
    }
    let (offset, bytes) = (cursor.offset, cursor.bytes);
    if cursor.take(packet.header_len(), WHAT).is_err() {
        cx.note(Problem::at(Code::HeaderTruncated, offset, [bytes.len(), packet.header_len(), 0]));
        sink.key("fixed_raw");
        sink.bytes(cursor.rest());
        sink.key("options");
        sink.begin_list();
        sink.end_list();
        sink.end_map();
        return Ok(());
    }
    if let (Some(hop_count), Some(link), Some(peer)) =
        (packet.hop_count(), packet.link_address(), packet.peer_address())
    {
        sink.key("hop_count");
        sink.number(hop_count.into());
        sink.key("link_address");
        sink.ip6(link);
        sink.key("peer_address");
        sink.ip6(peer);
    } else {
        sink.key(if kind.has_flags() { "flags" } else { "transaction_id" });
        sink.hex_number(packet.xid().unwrap_or_default(), 6);
    }
    sink.key("options");
    let trailer = each(&v6::SPACE, cursor, cx, sink);
    if !trailer.is_empty() {
        cx.note(Problem::at(Code::OptionNoLength, cursor.offset.saturating_sub(trailer.len()), [0; 3]));
        sink.key("trailer");
        sink.bytes(trailer);
    }
    sink.end_map();
    Ok(())
}

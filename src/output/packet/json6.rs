//! The `dhcpv6` and `icmpv6` objects of a packet.

use super::json::{PacketJson, write_problems};
use super::record6::{Judged, Message6, Record6};
use crate::output::json::JsonOut;
use crate::wire::frame::Checksum;
use crate::wire::nd;
use crate::wire::options::{self, Context, OptionDef, Sink as _, Trace, v6 as opt};
use crate::wire::problem::Problem;
use crate::wire::v6;
use crate::wire::v6::types::MESSAGE_TYPES;

impl PacketJson {
    /// Appends the object for a packet of IPv6, without a line end; what is wrong with it is left in `judged`.
    pub fn write_six(&mut self, record: &Record6<'_>, judged: &mut Judged, json: &mut JsonOut) {
        self.write_head(&record.around, json);
        judged.begin();
        match record.message {
            Message6::Dhcp { packet, outline } => self.write_v6(&packet, outline, judged, json),
            Message6::Router { packet, outline } => {
                write_nd(&packet, outline, record.around.datagram.checksum, judged, json);
            }
        }
        judged.finish(record);
        write_problems(judged.problems.iter().copied(), json);
    }

    fn write_v6(
        &mut self,
        packet: &v6::Packet<'_>,
        outline: &v6::Outline,
        judged: &mut Judged,
        json: &mut JsonOut,
    ) {
        let Some(kind) = packet.message_type() else {
            json.fixed(b"null");
            return;
        };
        json.fixed(b"{\"message_type\":");
        match MESSAGE_TYPES.name(kind.0.into()) {
            Some(name) => json.plain(name),
            None => json.digits(kind.0.into()),
        }
        if !packet.has_header() {
            json.fixed(b",\"fixed_raw\":");
            json.bytes(packet.bytes());
            json.fixed(b",\"options\":[]}");
            return;
        }
        if let (Some(hop_count), Some(link), Some(peer)) =
            (packet.hop_count(), packet.link_address(), packet.peer_address())
        {
            json.fixed(b",\"hop_count\":");
            json.digits(hop_count.into());
            json.fixed(b",\"link_address\":");
            json.ip6(link);
            json.fixed(b",\"peer_address\":");
            json.ip6(peer);
        } else {
            json.fixed(if kind.has_flags() { b",\"flags\":\"0x" } else { b",\"transaction_id\":\"0x" });
            json.hex_digits(packet.bytes().get(1..4).unwrap_or_default());
            json.fixed(b"\"");
        }
        json.fixed(b",\"options\":[");
        self.texts6.begin();
        let trace = Trace::default();
        let cx = Context { trace: Some(&trace), depth: 1, lax: true, ..Context::default() };
        for span in outline.options(0) {
            self.write_option6(packet, *span, &cx, judged, json);
            trace.take_into(&mut judged.problems);
        }
        json.fixed(b"]");
        let trailer = outline.levels.first().map_or(0, |level| level.trailer);
        let trailer =
            usize::try_from(trailer).ok().and_then(|at| packet.bytes().get(at..)).unwrap_or_default();
        if !trailer.is_empty() {
            json.fixed(b",\"trailer\":");
            json.bytes(trailer);
        }
        json.fixed(b"}");
    }

    fn write_option6(
        &mut self,
        packet: &v6::Packet<'_>,
        span: v6::Span,
        cx: &Context<'_>,
        judged: &mut Judged,
        json: &mut JsonOut,
    ) {
        let data = span.data(packet);
        let raw = packet.bytes().get(span.range()).unwrap_or_default();
        // Codes above 255 are not remembered.
        let known = u8::try_from(span.code).ok().filter(|_| !span.is_truncated() && data.len() < 256);
        if !matches!(json.buf.last(), Some(b'[')) {
            json.fixed(b",");
        }
        if known.is_some_and(|code| self.texts6.copy(code, raw, &mut json.buf)) {
            return;
        }
        let begin = json.buf.len();
        let one = Shown {
            code: span.code,
            row: opt::SPACE.by_code(span.code),
            data,
            offset: span.data_offset(),
            declared: span.is_truncated().then_some(span.declared.into()),
        };
        let sound = one.write(cx, &mut judged.problems, json);
        // What is wrong inside has to be told every time.
        if let Some(code) = known.filter(|_| sound && cx.trace.is_none_or(Trace::is_empty)) {
            self.texts6.keep(code, raw, json.buf.get(begin..).unwrap_or_default());
        }
    }
}

/// What an advertisement alone has in its header.
fn write_advertised(header: &nd::Header, json: &mut JsonOut) {
    let flags = header.flags();
    json.fixed(b",\"hop_limit\":");
    json.digits(header.hop_limit().into());
    json.fixed(b",\"flags\":\"0x");
    json.hex_digits(&[flags]);
    json.fixed(b"\"");
    for (bit, name) in
        [(nd::flag::MANAGED, "managed"), (nd::flag::OTHER, "other"), (nd::flag::HOME_AGENT, "home_agent")]
    {
        json.name_next(name);
        json.flag(flags & bit != 0);
    }
    json.fixed(b",\"preference\":");
    json.plain(header.preference());
    for (bit, name) in [(nd::flag::PROXY, "proxy"), (nd::flag::SNAC, "snac")] {
        json.name_next(name);
        json.flag(flags & bit != 0);
    }
    json.fixed(b",\"router_lifetime\":");
    json.digits(header.router_lifetime().into());
    json.fixed(b",\"reachable_time\":");
    json.digits(header.reachable_time.into());
    json.fixed(b",\"retrans_timer\":");
    json.digits(header.retrans_timer.into());
}

/// An option, as both protocols show it.
struct Shown<'a> {
    code: u16,
    row: Option<&'static OptionDef>,
    data: &'a [u8],
    /// Where the data stands in the message.
    offset: usize,
    /// The length that it says it has, where the message ends before that.
    declared: Option<u64>,
}

impl Shown<'_> {
    /// Appends its object; false where its value does not decode, which is noted.
    #[inline]
    fn write(&self, cx: &Context<'_>, problems: &mut Vec<Problem>, json: &mut JsonOut) -> bool {
        json.fixed(b"{\"code\":");
        json.digits(self.code.into());
        json.fixed(b",\"name\":");
        match self.row {
            Some(row) => json.plain(row.name),
            None => json.fixed(b"null"),
        }
        json.fixed(b",\"value\":");
        let start = json.buf.len();
        let mut sound = true;
        match self.row.filter(|_| self.declared.is_none()) {
            None => json.fixed(b"null"),
            Some(row) => {
                if let Err(error) = options::decode_at(&row.kind, self.data, self.offset, cx, json) {
                    json.buf.truncate(start);
                    json.fixed(b"null");
                    problems.push(options::value_problem(self.code, self.data, self.offset, &error));
                    sound = false;
                }
            }
        }
        json.fixed(b",\"raw\":\"");
        json.hex_digits(self.data);
        json.fixed(b"\"");
        if let Some(declared) = self.declared {
            json.fixed(b",\"declared_length\":");
            json.digits(declared);
        }
        json.fixed(b"}");
        sound
    }
}

fn write_nd(
    packet: &nd::Packet<'_>,
    outline: &nd::Outline,
    checksum: Checksum,
    judged: &mut Judged,
    json: &mut JsonOut,
) {
    let Some(kind) = packet.kind() else {
        json.fixed(b"null");
        return;
    };
    json.fixed(b"{\"message_type\":");
    match nd::name_of(kind) {
        Some(name) => json.plain(name),
        None => json.digits(kind.into()),
    }
    let Some(header) = packet.header() else {
        json.fixed(b",\"fixed_raw\":");
        json.bytes(packet.bytes());
        json.fixed(b",\"options\":[]}");
        return;
    };
    json.fixed(b",\"code\":");
    json.digits(header.code.into());
    json.fixed(b",\"checksum\":");
    json.plain(if checksum == Checksum::Absent { "bad" } else { checksum.name() });
    json.fixed(b",\"checksum_raw\":\"0x");
    json.hex_digits(&header.checksum.to_be_bytes());
    json.fixed(b"\"");
    if packet.is_advertisement() {
        write_advertised(&header, json);
    } else if header.word != 0 {
        json.fixed(b",\"reserved\":\"0x");
        json.hex_digits(&header.word.to_be_bytes());
        json.fixed(b"\"");
    }
    json.fixed(b",\"options\":[");
    let trace = Trace::default();
    let cx = Context { trace: Some(&trace), depth: 1, ..Context::default() };
    for (span, place) in outline.options.iter().zip(0_usize..) {
        if place > 0 {
            json.fixed(b",");
        }
        let one = Shown {
            code: span.code.into(),
            row: options::nd::SPACE.by_code(span.code.into()),
            data: span.data(packet),
            offset: span.data_offset(),
            declared: span.is_truncated().then_some(span.units.into()),
        };
        one.write(&cx, &mut judged.problems, json);
        trace.take_into(&mut judged.problems);
    }
    json.fixed(b"]");
    let trailer = packet.bytes().get(outline.trailer..).unwrap_or_default();
    if !trailer.is_empty() {
        json.fixed(b",\"trailer\":");
        json.bytes(trailer);
    }
    json.fixed(b"}");
}

//! What is wrong with the values of options, for those who do not show them.

use super::{Outline, Packet};
use crate::wire::nd;
use crate::wire::options::{self, Context, Space, Trace, blind};
use crate::wire::problem::Problem;

/// Remembers options that were read and found sound: most are said again and again.
pub trait Sound {
    /// True when these bytes of an option, its header included, are known to be sound.
    fn knows(&mut self, code: u16, raw: &[u8]) -> bool;
    /// They are.
    fn learn(&mut self, code: u16, raw: &[u8]);
}

/// Remembers nothing.
impl Sound for () {
    fn knows(&mut self, _: u16, _: &[u8]) -> bool {
        false
    }

    fn learn(&mut self, _: u16, _: &[u8]) {}
}

/// Appends what is wrong with the values of a message, those inside others included.
pub fn judge(packet: &Packet<'_>, outline: &Outline, sound: &mut impl Sound, problems: &mut Vec<Problem>) {
    let whole = outline.options(0).iter().filter(|span| !span.is_truncated());
    let spans = whole.map(|span| {
        let raw = packet.bytes().get(span.range()).unwrap_or_default();
        (span.code, raw, span.data(packet), span.data_offset())
    });
    judge_all(&options::v6::SPACE, spans, true, sound, problems);
}

/// The same of a router solicitation or advertisement.
pub fn judge_router(packet: &nd::Packet<'_>, outline: &nd::Outline, problems: &mut Vec<Problem>) {
    let whole = outline.options.iter().filter(|span| !span.is_truncated());
    let spans = whole.map(|span| (u16::from(span.code), &[][..], span.data(packet), span.data_offset()));
    judge_all(&options::nd::SPACE, spans, false, &mut (), problems);
}

/// What is wrong with more values than so many is not told.
const FEW: usize = 64;

fn judge_all<'a>(
    space: &'static Space,
    spans: impl Iterator<Item = (u16, &'a [u8], &'a [u8], usize)>,
    lax: bool,
    sound: &mut impl Sound,
    problems: &mut Vec<Problem>,
) {
    let trace = Trace::default();
    let cx = Context { trace: Some(&trace), depth: 1, lax, ..Context::default() };
    let most = FEW.max(problems.len());
    for (code, raw, data, offset) in spans {
        if problems.len() >= most {
            break;
        }
        let Some(row) = space.by_code(code).filter(|row| !options::is_plain(&row.kind, data)) else {
            continue;
        };
        if sound.knows(code, raw) {
            continue;
        }
        let read = options::decode_at(&row.kind, data, offset, &cx, &mut blind());
        if read.is_ok() && trace.is_empty() {
            sound.learn(code, raw);
        }
        trace.take_into(problems);
        problems.extend(read.err().map(|error| options::value_problem(code, data, offset, &error)));
    }
    problems.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::v6 as opt;
    use crate::wire::v6::{Message, MessageType};

    fn judged(before: usize, options: usize) -> usize {
        let mut message = Message::new(MessageType::SOLICIT, 1);
        for _ in 0..options {
            message.add_option(opt::ELAPSED_TIME, [0; 3]);
        }
        let bytes = message.encode();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let mut problems = vec![Problem::outer(crate::wire::problem::Code::HopLimitNot255, [0; 3]); before];
        judge(&packet, &outline, &mut (), &mut problems);
        problems.len()
    }

    #[test]
    fn wrong_values_without_end_are_told_of_so_often() {
        assert_eq!((judged(0, 1), judged(1, 10)), (1, 11));
        assert_eq!((judged(0, 5000), judged(10, 5000), judged(80, 5000)), (64, 64, 80));
    }
}

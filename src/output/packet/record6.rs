//! What the views of a packet of IPv6 have in common: the record they show, and what is wrong with it.

use super::record::PacketRecord;
use crate::output::json::remembered::OptionTexts;
use crate::wire::nd;
use crate::wire::options::{self, Blind, Context, Trace};
use crate::wire::problem::Problem;
use crate::wire::v6;

/// A message of DHCPv6 or of router discovery, with its structure.
#[derive(Clone, Copy, Debug)]
pub enum Message6<'a> {
    /// DHCPv6.
    Dhcp {
        /// The message.
        packet: v6::Packet<'a>,
        /// Its structure, read from `packet`.
        outline: &'a v6::Outline,
    },
    /// A router solicitation or advertisement.
    Router {
        /// The message.
        packet: nd::Packet<'a>,
        /// Its structure, read from `packet`.
        outline: &'a nd::Outline,
    },
}

impl<'a> Message6<'a> {
    /// All bytes of the message.
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Dhcp { packet, .. } => packet.bytes(),
            Self::Router { packet, .. } => packet.bytes(),
        }
    }

    /// What is wrong with its structure.
    pub fn structural(&self) -> &'a [Problem] {
        match self {
            Self::Dhcp { outline, .. } => &outline.problems,
            Self::Router { outline, .. } => &outline.problems,
        }
    }
}

/// One packet and everything around it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Record6<'a> {
    /// The frame and the layers; its own message is not looked at.
    pub around: PacketRecord<'a>,
    /// The message.
    pub message: Message6<'a>,
}

/// What is wrong with a packet, in the order in which it is told. Keeps its memory from packet to packet.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The problems: of values first while they are read, at the end all.
    pub problems: Vec<Problem>,
    /// Options whose values have nothing wrong with them.
    sound: OptionTexts,
}

impl Judged {
    /// Starts with a new message.
    pub fn begin(&mut self) {
        self.problems.clear();
    }

    /// Adds what is not wrong with a value: structure before the values, rules and layers behind them.
    pub fn finish(&mut self, record: &Record6<'_>) {
        let structural = record.message.structural();
        if !structural.is_empty() {
            self.problems.splice(0..0, structural.iter().copied());
        }
        match record.message {
            Message6::Dhcp { packet, outline } => {
                v6::judge::judge(&packet, outline, record.around.datagram, &mut self.problems);
            }
            Message6::Router { packet, outline } => {
                v6::judge::judge_router(&packet, outline, record.around.datagram, &mut self.problems);
            }
        }
        self.problems.extend(record.around.outer_problems());
    }

    /// Everything that is wrong with a packet whose values are not shown.
    pub fn judge(&mut self, record: &Record6<'_>) {
        self.begin();
        self.sound.begin();
        let trace = Trace::default();
        let cx = Context { trace: Some(&trace), depth: 1, lax: true, ..Context::default() };
        match record.message {
            Message6::Dhcp { packet, outline } => {
                for span in outline.options(0).iter().filter(|span| !span.is_truncated()) {
                    let Some(row) = options::v6::SPACE.by_code(span.code) else { continue };
                    let data = span.data(&packet);
                    // Codes above 255 and long values are not remembered.
                    let code = u8::try_from(span.code).ok().filter(|_| data.len() < 256);
                    let raw = packet.bytes().get(span.range()).unwrap_or_default();
                    if code.is_some_and(|code| self.sound.single(code, raw).is_some()) {
                        continue;
                    }
                    let read = options::decode_at(&row.kind, data, span.data_offset(), &cx, &mut Blind);
                    if let Some(code) = code.filter(|_| read.is_ok() && trace.is_empty()) {
                        self.sound.remember_single(code, raw, b".");
                    }
                    trace.take_into(&mut self.problems);
                    self.problems
                        .extend(read.err().map(|error| {
                            options::value_problem(span.code, data, span.data_offset(), &error)
                        }));
                }
            }
            Message6::Router { packet, outline } => {
                let cx = Context { lax: false, ..cx };
                for span in outline.options.iter().filter(|span| !span.is_truncated()) {
                    let Some(row) = options::nd::SPACE.by_code(span.code.into()) else { continue };
                    let data = span.data(&packet);
                    let read = options::decode_at(&row.kind, data, span.data_offset(), &cx, &mut Blind);
                    trace.take_into(&mut self.problems);
                    let problem =
                        |error| options::value_problem(span.code.into(), data, span.data_offset(), &error);
                    self.problems.extend(read.err().map(problem));
                }
            }
        }
        self.finish(record);
    }
}

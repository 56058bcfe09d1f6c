//! What the views of a packet of IPv6 have in common: the record they show, and what is wrong with it.

use super::record::PacketRecord;
use crate::output::json::remembered::OptionTexts;
use crate::wire::nd;
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
        match record.message {
            Message6::Dhcp { packet, outline } => {
                self.sound.begin();
                v6::values::judge(&packet, outline, &mut self.sound, &mut self.problems);
            }
            Message6::Router { packet, outline } => {
                v6::values::judge_router(&packet, outline, &mut self.problems);
            }
        }
        self.finish(record);
    }
}

impl v6::values::Sound for OptionTexts {
    // Codes above 255 and long values are not remembered.
    fn knows(&mut self, code: u16, raw: &[u8]) -> bool {
        u8::try_from(code).is_ok_and(|code| raw.len() < 256 && self.single(code, raw).is_some())
    }

    fn learn(&mut self, code: u16, raw: &[u8]) {
        if let Ok(code) = u8::try_from(code)
            && raw.len() < 256
        {
            self.remember_single(code, raw, b".");
        }
    }
}

//! What is seen of a message without making a scene of it: enough to tell of most exchanges that nothing is found in them.

use super::offers;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Facts, MessageType};

/// A message at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Whatever it asks or answers, no rule holds for what it says alone. False says nothing.
    pub(super) plain: bool,
    /// It has an association for prefixes.
    pub(super) prefixes: bool,
    /// It came through a relay.
    pub(super) relayed: bool,
}

impl Glance {
    /// Of a message with these facts that came from this UDP port.
    pub fn of(facts: &Facts<'_>, source_port: u16) -> Self {
        let plain = match facts.kind {
            MessageType::ADVERTISE | MessageType::REPLY => offers::is_plain(facts, source_port),
            // What is wished for may not be what is given.
            MessageType::SOLICIT => !facts.rapid_commit && facts.prefixes().all(|lease| lease.length == 0),
            MessageType::REQUEST | MessageType::INFORMATION_REQUEST => true,
            _ => false,
        };
        Self {
            plain,
            prefixes: facts.ias.iter().any(|ia| ia.kind == IaKind::Pd),
            relayed: !facts.relays.is_empty(),
        }
    }
}

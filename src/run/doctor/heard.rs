//! What is heard on the segment while the doctor asks.

use std::collections::BTreeSet;

use crate::wire::control::{Control, Lldp};

/// VLANs that are remembered.
const MOST: usize = 64;

/// What was heard of others.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Requests for an identity (IEEE 802.1X).
    pub eapol_identity: u32,
    /// BPDUs.
    pub bpdus: u32,
    /// What the switch said of itself, last.
    pub lldp: Option<Lldp>,
    /// VLANs in which DHCP was heard, other than that in which the doctor asks.
    pub vlans: BTreeSet<u16>,
    /// Frames of others that are none of a switch's own.
    pub others: u64,
}

impl Heard {
    /// Takes a frame that arrived.
    pub fn frame(&mut self, frame: &[u8]) {
        match Control::read(frame) {
            Some(Control::Eapol { asks_identity }) => {
                self.eapol_identity = self.eapol_identity.saturating_add(u32::from(asks_identity));
            }
            Some(Control::Bpdu { .. }) => self.bpdus = self.bpdus.saturating_add(1),
            Some(Control::Lldp(lldp)) => self.lldp = Some(lldp),
            None => self.others = self.others.saturating_add(1),
        }
    }

    /// DHCP was heard with these tags, outermost first.
    pub fn dhcp(&mut self, vlans: &[u16], asked: &[u16]) {
        if vlans != asked
            && let Some(id) = vlans.last().filter(|id| **id != 0)
            && self.vlans.len() < MOST
        {
            self.vlans.insert(*id);
        }
    }
}

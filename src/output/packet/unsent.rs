//! A packet that is shown instead of sent.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::detail::PacketDetail;
use super::record::PacketRecord;
use crate::output::json::object::PacketObject;
use crate::output::when::TimeText;
use crate::output::{Label, Render, Styled};

/// What would have been sent.
#[derive(Clone, Copy, Debug)]
pub struct Unsent<'a> {
    /// The packet.
    pub record: &'a PacketRecord<'a>,
    /// Whose hardware address would have been asked for first.
    pub next_hop: Option<Ipv4Addr>,
}

impl Render for Unsent<'_> {
    fn object(&self) -> impl Serialize {
        PacketObject::new(self.record)
    }

    fn text(&self, out: &mut Styled) {
        PacketDetail::new(true).write(self.record, &mut TimeText::default(), out);
        if let Some(hop) = self.next_hop {
            out.label(Label::Dim, &format!("The frame's destination will be found by ARP for {hop}."));
            out.text("\n");
        }
    }
}

//! What every machine of one DHCPv6 client does alike with a frame.

use super::station::{Sorted, Station6};
use crate::engine::machine::{Arrival, Machine, Remark};
use crate::time::Instant;

/// A client at its station.
pub(super) trait Seated6: Machine {
    /// The client's place on the link.
    fn station(&mut self) -> &mut Station6;

    /// Shows what the station made of a frame that came at `at`.
    fn on_sorted(&mut self, sorted: Sorted, at: Instant) -> Remark;

    /// As [`Machine::on_frame`].
    fn hear(&mut self, arrival: &Arrival<'_>) -> Remark {
        let looking = self.station().resolve_deadline().is_some();
        let sorted = self.station().on_frame(arrival);
        let remark = self.on_sorted(sorted, arrival.at);
        if looking && self.station().resolve_deadline().is_none() {
            // What waited for this address can go out.
            self.on_time(arrival.at);
        }
        remark
    }
}

//! A machine played by a test: time goes from one deadline to the next, and the test says what comes back.

use std::time::Duration;

use super::machine::{Arrival, Machine};
use crate::time::{Instant, Timestamp};

/// Plays `machine` from `start` until it has no deadline; when that was. `react` sees every frame that it sends, and says what
/// comes back for it and after how long.
pub(crate) fn play(
    machine: &mut dyn Machine,
    start: Instant,
    mut react: impl FnMut(Instant, &[u8]) -> Vec<(Duration, Vec<u8>)>,
) -> Instant {
    let mut now = start;
    let mut coming: Vec<(Instant, Vec<u8>)> = Vec::new();
    machine.on_time(now);
    for _ in 0..10_000 {
        let mut out = Vec::new();
        while let Some(next) = machine.poll_transmit(&mut out) {
            let frame = std::mem::take(&mut out);
            machine.on_sent(next.id, now);
            coming.extend(react(now, &frame).into_iter().map(|(after, frame)| (now.after(after), frame)));
        }
        while machine.poll_event().is_some() {}
        let Some(deadline) = machine.deadline() else { return now };
        let due = coming.iter().enumerate().filter(|(_, (at, _))| *at <= deadline);
        let first = due.min_by_key(|(place, (at, _))| (*at, *place)).map(|(place, _)| place);
        if let Some(place) = first {
            let (at, frame) = coming.remove(place);
            now = at;
            machine.on_frame(&Arrival::whole(at, Timestamp::default(), &frame));
        } else {
            now = deadline;
            machine.on_time(now);
        }
    }
    panic!("it does not end");
}

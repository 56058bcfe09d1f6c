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
        let first = coming.iter().enumerate().min_by_key(|(place, (at, _))| (*at, *place));
        match first.map(|(place, (at, _))| (place, *at)).filter(|(_, at)| *at <= deadline) {
            Some((place, at)) => {
                now = at;
                let (_, frame) = coming.remove(place);
                machine.on_frame(&Arrival::whole(at, Timestamp::default(), &frame));
            }
            None => {
                now = deadline;
                machine.on_time(now);
            }
        }
    }
    panic!("it does not end");
}

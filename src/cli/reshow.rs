//! Captures shown as they came: `decode --top`.

use std::path::PathBuf;
use std::time::Duration;

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::gather::Stop;
use super::top::Top;
use crate::analysis::transaction::Batch;
use crate::capture;
use crate::run::gather::{Gatherer, Wanted};
use crate::time::{Clock as _, Instant};

/// How long it may sleep without looking whether it is to end, and without drawing.
const NAP: Duration = Duration::from_millis(100);

/// How fast time goes, in thousandths: 1000 as it went.
pub type Speed = u64;

/// Reads a speed: 1 is as it was, 60 a minute in a second.
pub fn speed(text: &str) -> Result<Speed, String> {
    let wrong =
        || format!("{text:?} is no speed; write how many times as fast, as in 60, from 0.001 to 1000000");
    let speed: f64 = text.parse().map_err(|_| wrong())?;
    if !(0.001..=1e6).contains(&speed) {
        return Err(wrong());
    }
    // A thousandth of a second for every one of the speed, as a duration that counts them.
    u64::try_from(Duration::from_secs_f64(speed).as_millis()).map_err(|_| wrong())
}

/// What a replay draws on, and how time goes in it.
struct Replay {
    top: Top,
    batch: Batch,
    speed: Speed,
    /// When it began, and the time of the capture then.
    start: Option<(Instant, i64)>,
    /// The capture's time.
    now: i64,
    drawn: Option<Instant>,
    stop: Stop,
    interrupted: Option<u8>,
}

/// Shows `files` one after the other on the screen of `top`, as fast as `speed` says.
pub fn run(
    files: &[PathBuf],
    wanted: &Wanted,
    (top, speed): (Top, Speed),
    stop: &Stop,
    cx: &mut Context,
) -> Outcome {
    let mut replay = Replay {
        top,
        batch: Batch::default(),
        speed,
        start: None,
        now: 0,
        drawn: None,
        stop: stop.clone(),
        interrupted: None,
    };
    let mut damaged = None;
    for path in files {
        // A new capture begins when the one before is over, whatever time it is in it.
        replay.start = None;
        let read = replay.capture(path, wanted, cx);
        replay.interrupted = replay.interrupted.or(stop.arrived());
        match read {
            Ok(()) => {}
            // What a signal cuts short is not damaged.
            Err(Failure { message: Some(_), .. }) if replay.interrupted.is_some() => {}
            Err(Failure { exit, message: Some(message) }) if exit != Exit::Usage => {
                damaged = damaged.max(Some((exit, message)));
            }
            Err(other) => return replay.end(cx).and(Err(other)),
        }
        if replay.interrupted.is_some() {
            break;
        }
    }
    replay.end(cx)?;
    if let Some((exit, message)) = damaged {
        cx.error(&message);
        return Ok(exit);
    }
    Ok(replay.interrupted.map_or(Exit::Good, Exit::Code))
}

impl Replay {
    fn capture(&mut self, path: &std::path::Path, wanted: &Wanted, cx: &mut Context) -> Result<(), Failure> {
        let mut reader = capture::open_until(path, self.stop.goes_on())?;
        let mut gatherer = Gatherer::new(wanted).map_err(Failure::usage)?;
        while let Some(frame) = reader.next()? {
            if let Some(time) = frame.time {
                self.wait(time.nanoseconds(), cx)?;
            }
            if self.interrupted.is_some() {
                return Ok(());
            }
            gatherer.frame(&frame, &mut self.batch);
        }
        Ok(())
    }

    /// Waits until the capture's time has come to `time`, and draws meanwhile.
    fn wait(&mut self, time: i64, cx: &mut Context) -> Result<(), Failure> {
        let (start, first) = *self.start.get_or_insert((cx.clock.now(), time));
        let speed = i128::from(self.speed);
        let real =
            i128::from(time.saturating_sub(first)).saturating_mul(1000).checked_div(speed).unwrap_or(0);
        loop {
            let now = cx.clock.now();
            let gone = i128::from(now.since(start));
            let reached = i64::try_from(gone.saturating_mul(speed) / 1000).unwrap_or(i64::MAX);
            self.now = first.saturating_add(reached).min(time.max(first));
            if self.drawn.is_none_or(|drawn| now >= drawn.after(NAP)) {
                self.drawn = Some(now);
                self.draw(cx)?;
                self.interrupted = self.interrupted.or(self.stop.arrived());
            }
            let left = u64::try_from(real.saturating_sub(gone)).unwrap_or(0);
            if left == 0 || self.interrupted.is_some() {
                return Ok(());
            }
            Stop::pause(Duration::from_nanos(left).min(NAP));
        }
    }

    fn draw(&mut self, cx: &mut Context) -> Result<(), Failure> {
        if let Some(size) = cx.out.size() {
            self.top.resize(size);
        }
        self.top.take(&self.batch, self.now);
        self.batch.clear();
        self.write(cx)
    }

    fn write(&mut self, cx: &mut Context) -> Result<(), Failure> {
        if !self.top.bytes().is_empty() {
            cx.out.write(self.top.bytes())?;
            self.top.clear();
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Context) -> Result<(), Failure> {
        self.now = self.now.max(self.batch.last.unwrap_or(self.now));
        self.top.take(&self.batch, self.now);
        self.batch.clear();
        self.top.finish(self.now);
        self.write(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::speed;

    #[test]
    fn a_speed_is_a_number_within_reason() {
        assert_eq!((speed("1"), speed("0.5"), speed("3600")), (Ok(1000), Ok(500), Ok(3_600_000)));
        for bad in ["0", "-1", "nan", "inf", "fast", "1e9", ""] {
            assert!(speed(bad).is_err(), "{bad}");
        }
    }
}

//! Messages over time and delays of a server, as bars.

use crate::analysis::transaction::Timeline as Counts;
use crate::stats::delay::Delay;

use super::super::transaction::table::clock;
use crate::output::when::Zone;

/// A bar of a chart, in units of its picture.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) w: i64,
    pub(super) h: i64,
    pub(super) class: &'static str,
    pub(super) tip: String,
}

/// Messages over time.
pub(super) struct Timeline {
    /// Whose messages, where the page has those of several protocols.
    pub(super) name: &'static str,
    pub(super) bars: Vec<Bar>,
    pub(super) most: u64,
    pub(super) ticks: Vec<(i64, String)>,
    pub(super) legend: Vec<(&'static str, &'static str)>,
    pub(super) bucket: String,
}

const FOUR: [(&str, &str); 6] = [
    ("t-d", "DISCOVER"),
    ("t-o", "OFFER"),
    ("t-r", "REQUEST"),
    ("t-a", "ACK"),
    ("t-n", "NAK"),
    ("t-c", "DECLINE"),
];
const SIX: [(&str, &str); 6] = [
    ("t-d", "SOLICIT"),
    ("t-o", "ADVERTISE"),
    ("t-r", "REQUEST"),
    ("t-a", "REPLY"),
    ("t-n", "refusal"),
    ("t-c", "DECLINE"),
];
/// Left and right end of the plane, and its height.
const LEFT: i64 = 40;
const WIDTH: i64 = 930;
const HEIGHT: i64 = 150;
const FOOT: i64 = 160;

/// A share of `whole`, rounded down.
fn part(of: i64, count: u64, whole: u64) -> i64 {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let whole = i64::try_from(whole.max(1)).unwrap_or(i64::MAX);
    of.saturating_mul(count).checked_div(whole).unwrap_or(0)
}

/// A timeline for each protocol that was met.
pub(super) fn timelines(four: &Counts, six: &Counts, zone: &Zone) -> Vec<Timeline> {
    let both = !four.counts.is_empty() && !six.counts.is_empty();
    let name = |name: &'static str| if both { name } else { "" };
    let all = [(four, FOUR, name("DHCPv4")), (six, SIX, name("DHCPv6"))];
    let met = all.into_iter().filter(|(counts, ..)| !counts.counts.is_empty());
    met.map(|(counts, kinds, name)| timeline(counts, (kinds, name), zone)).collect()
}

/// The bars of a timeline.
fn timeline(
    counts: &Counts,
    (kinds, name): ([(&'static str, &'static str); 6], &'static str),
    zone: &Zone,
) -> Timeline {
    let columns = u64::try_from(counts.counts.len()).unwrap_or(u64::MAX);
    let most = counts.counts.iter().map(|column| column.iter().sum::<u64>()).max().unwrap_or(0);
    let mut bars = Vec::new();
    for (index, column) in (0_u64..).zip(&counts.counts) {
        let x = LEFT.saturating_add(part(WIDTH, index, columns));
        let next = LEFT.saturating_add(part(WIDTH, index.saturating_add(1), columns));
        let wide = i64::from(next.saturating_sub(x) > 3);
        let w = next.saturating_sub(x).saturating_sub(wide).clamp(1, 40);
        let start = i64::try_from(index).unwrap_or(0).saturating_mul(counts.bucket);
        let at = counts.start.saturating_add(start.saturating_mul(1_000_000_000));
        let mut below = 0_u64;
        for (count, (class, name)) in column.iter().zip(kinds) {
            if *count == 0 {
                continue;
            }
            let low = part(HEIGHT, below, most);
            below = below.saturating_add(*count);
            let high = part(HEIGHT, below, most).max(low.saturating_add(1));
            let tip = format!("{} {count} {name}", second(zone.shifted(at)));
            let y = FOOT.saturating_sub(high);
            bars.push(Bar { x, y, w, h: high.saturating_sub(low), class, tip });
        }
    }
    let ticks = (0..=4_u64).map(|quarter| {
        let columns = i64::try_from(columns).unwrap_or(0);
        let seconds =
            columns.saturating_mul(counts.bucket).saturating_mul(i64::try_from(quarter).unwrap_or(0)) / 4;
        let at = counts.start.saturating_add(seconds.saturating_mul(1_000_000_000));
        (LEFT.saturating_add(part(WIDTH, quarter, 4)), second(zone.shifted(at)))
    });
    let used =
        |index: usize| counts.counts.iter().any(|column| column.get(index).is_some_and(|count| *count > 0));
    Timeline {
        name,
        bars,
        most,
        ticks: ticks.collect(),
        legend: kinds
            .into_iter()
            .enumerate()
            .filter(|(index, _)| used(*index))
            .map(|(_, kind)| kind)
            .collect(),
        bucket: match counts.bucket {
            1 => "1 second".to_owned(),
            seconds if seconds < 120 => format!("{seconds} seconds"),
            seconds => format!("{} minutes", seconds / 60),
        },
    }
}

/// Time of day to the second.
fn second(time: i64) -> String {
    let text = clock(time);
    text.split('.').next().unwrap_or_default().to_owned()
}

/// Upper bounds of the bars of delays, nanoseconds: three a decade.
const BOUNDS: [(u64, &str); 22] = [
    (10_000, "10 µs"),
    (20_000, ""),
    (50_000, ""),
    (100_000, "0.1 ms"),
    (200_000, ""),
    (500_000, ""),
    (1_000_000, "1 ms"),
    (2_000_000, ""),
    (5_000_000, ""),
    (10_000_000, "10 ms"),
    (20_000_000, ""),
    (50_000_000, ""),
    (100_000_000, "0.1 s"),
    (200_000_000, ""),
    (500_000_000, ""),
    (1_000_000_000, "1 s"),
    (2_000_000_000, ""),
    (5_000_000_000, ""),
    (10_000_000_000, "10 s"),
    (20_000_000_000, ""),
    (50_000_000_000, ""),
    (100_000_000_000, "100 s"),
];

/// How delays are distributed, over a scale that grows tenfold from mark to mark.
pub(super) fn latency(delay: &Delay) -> (Vec<Bar>, Vec<(i64, String)>) {
    if delay.count() == 0 {
        return (Vec::new(), Vec::new());
    }
    let mut low = 0_u64;
    let counts: Vec<(u64, u64)> = BOUNDS
        .iter()
        .map(|(high, _)| {
            let count = delay.histogram().count_between(low.saturating_add(1), *high);
            low = *high;
            (*high, count)
        })
        .collect();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let place = |index: usize| i64::try_from(index).unwrap_or(0).saturating_mul(43).saturating_add(20);
    let bars =
        counts.iter().enumerate().filter(|(_, (_, count))| *count > 0).map(|(index, (high, count))| {
            let h = part(78, *count, most).max(1);
            let tip = format!("{count} up to {}", up_to(*high));
            Bar {
                x: place(index).saturating_add(1),
                y: 86_i64.saturating_sub(h),
                w: 41,
                h,
                class: "bar",
                tip,
            }
        });
    let named = BOUNDS.iter().enumerate().filter(|(_, (_, name))| !name.is_empty());
    let ticks = named.map(|(index, (_, name))| (place(index.saturating_add(1)), (*name).to_owned()));
    (bars.collect(), ticks.collect())
}

fn up_to(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000_000 => format!("{} µs", nanoseconds / 1000),
        1_000_000..1_000_000_000 => format!("{} ms", nanoseconds / 1_000_000),
        _ => format!("{} s", nanoseconds / 1_000_000_000),
    }
}

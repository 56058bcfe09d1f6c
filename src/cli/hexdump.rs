//! Bytes as people have them in hand: bare digits, `0x…` and `\x…`, and the dumps of tcpdump, Wireshark, `xxd` and
//! `hexdump -C`, with offsets in front and characters behind.

/// Bytes of one row of a dump; more are no bytes but the characters behind them.
const ROW: usize = 16;

/// Reads bytes. Several where it is a dump of several packets; none where these are no pairs of hexadecimal digits.
pub fn read(text: &str) -> Option<Vec<Vec<u8>>> {
    match dump(text) {
        Dump::Packets(packets) => Some(packets),
        Dump::Torn => None,
        Dump::No => bare(text).map(|bytes| vec![bytes]),
    }
}

/// The digits themselves, with any spacing and the ornaments of programming languages.
fn bare(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'0' | b'\\', b'x' | b'X', tail @ ..] if tail.first().is_some_and(u8::is_ascii_hexdigit) => tail,
            [digit, tail @ ..] if digit.is_ascii_hexdigit() => {
                digits.push(*digit);
                tail
            }
            [b':' | b',' | b'"' | b'{' | b'}' | b';', tail @ ..] => tail,
            [b'\\', tail @ ..] if tail.first().is_none_or(u8::is_ascii_whitespace) => tail,
            [space, tail @ ..] if space.is_ascii_whitespace() => tail,
            _ => return None,
        };
    }
    pairs(&digits)
}

fn pairs(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |[high, low]: &[u8; 2]| value(*high)?.checked_mul(16)?.checked_add(value(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// What a text is, taken for a dump.
enum Dump {
    Packets(Vec<Vec<u8>>),
    /// One, with rows missing.
    Torn,
    /// None.
    No,
}

/// Rows of offset, bytes and perhaps characters. Offsets say how many bytes stand before; 0 begins another packet; what
/// is no row (tcpdump's line about the packet) stands between packets.
fn dump(text: &str) -> Dump {
    let mut packets: Vec<Vec<u8>> = Vec::new();
    // A single row may as well be digits with spaces.
    let (mut rows, mut marked) = (0_usize, false);
    for line in text.lines() {
        let Some(row) = Row::of(line) else { continue };
        rows = rows.saturating_add(1);
        marked |= row.marked;
        if row.offset == 0 {
            packets.push(Vec::new());
        }
        let begun = !packets.is_empty();
        match packets.last_mut().filter(|packet| packet.len() == row.offset) {
            Some(packet) => packet.extend(row.bytes),
            None if marked && begun => return Dump::Torn,
            None => return Dump::No,
        }
    }
    if !packets.is_empty() && (marked || rows > 1) { Dump::Packets(packets) } else { Dump::No }
}

/// A row of a dump.
struct Row {
    offset: usize,
    /// Its offset cannot be taken for bytes.
    marked: bool,
    bytes: Vec<u8>,
}

impl Row {
    fn of(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let (offset, rest) = line.split_once(|c: char| c.is_ascii_whitespace())?;
        let (plain, colon) = offset.strip_suffix(':').map_or((offset, false), |offset| (offset, true));
        let (plain, prefix) = plain.strip_prefix("0x").map_or((plain, false), |offset| (offset, true));
        if !(3..=8).contains(&plain.len()) {
            return None;
        }
        let offset = usize::from_str_radix(plain, 16).ok()?;
        // Characters stand behind a wide gap or a bar.
        let rest = rest.trim_start();
        let end = [rest.find("   "), rest.find('|'), rest.find('\t')].into_iter().flatten().min();
        let digits = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        let mut bytes = Vec::new();
        for group in digits.split_ascii_whitespace() {
            let group = if group.len() <= 8 { pairs(group.as_bytes()) } else { None };
            let Some(group) = group.filter(|group| bytes.len().saturating_add(group.len()) <= ROW) else {
                break;
            };
            bytes.extend(group);
        }
        let wide = line.split_once("  ").is_some_and(|(before, _)| !before.contains(' '));
        (!bytes.is_empty()).then_some(Self { offset, marked: colon || prefix || wide, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty bytes with digits and letters among them.
    fn sample() -> Vec<u8> {
        (0..40_u8).map(|n| n.wrapping_mul(7).wrapping_add(0x30)).collect()
    }

    fn rows(each: impl Fn(usize, &[u8]) -> String) -> String {
        sample().chunks(16).zip((0..).step_by(16)).map(|(bytes, at)| each(at, bytes)).collect()
    }

    fn spaced(bytes: &[u8], by: usize) -> String {
        let digits =
            |group: &[u8]| group.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        bytes.chunks(by).map(digits).collect::<Vec<_>>().join(" ")
    }

    fn shown(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect()
    }

    #[test]
    fn dumps_of_many_programs_are_read() {
        let tcpdump = rows(|at, bytes| format!("\t0x{at:04x}:  {}\n", spaced(bytes, 2)));
        let both = rows(|at, bytes| format!("\t0x{at:04x}:  {:<39}  {}\n", spaced(bytes, 2), shown(bytes)));
        let wireshark = rows(|at, bytes| format!("{at:04x}  {:<47}   {}\n", spaced(bytes, 1), shown(bytes)));
        let plain = rows(|at, bytes| format!("{at:04x}   {}\n", spaced(bytes, 1)));
        let xxd = rows(|at, bytes| format!("{at:08x}: {:<39}  {}\n", spaced(bytes, 2), shown(bytes)));
        let hexdump = rows(|at, bytes| {
            let (left, right) = bytes.split_at(bytes.len().min(8));
            format!("{at:08x}  {:<23}  {:<23}  |{}|\n", spaced(left, 1), spaced(right, 1), shown(bytes))
        });
        for text in [&tcpdump, &both, &wireshark, &plain, &xxd, &hexdump] {
            assert_eq!(read(text), Some(vec![sample()]), "{text}");
            let heading = format!("12:00:00.000000 IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP\n{text}");
            assert_eq!(read(&heading.repeat(2)), Some(vec![sample(), sample()]), "{heading}");
        }
    }

    #[test]
    fn digits_are_read_in_any_dress() {
        let want = Some(vec![vec![1, 1, 6, 0]]);
        let dresses = [
            "01010600",
            "0x01010600",
            "01 01:06\n00",
            "0x01, 0x01, 0x06, 0x00",
            "{ 0x01, 0x01, 0x06, 0x00 };",
            r#""\x01\x01" \
               "\x06\x00""#,
            "0101 0600",
            "0101\n0600",
        ];
        for text in dresses {
            assert_eq!(read(text), want, "{text}");
        }
        for none in ["0", "0g", "01 0x", "hello", "0000: zz"] {
            assert_eq!(read(none), None, "{none}");
        }
        // An offset that says something else stands before no row of this packet.
        assert_eq!(read("0x0000:  0101\n0x0010:  0600"), None);
    }
}

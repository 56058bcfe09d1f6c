//! Who made a network card, by the start of its address: reads the tables that systems have.
//!
//! Four forms are understood: udev's hardware database (`20-OUI.hwdb`), Wireshark's `manuf`, Nmap's and arp-scan's prefixes,
//! and the IEEE's own `oui.txt`. A table is read from start to end for all addresses that are asked for together, and nothing
//! of it is kept: that takes some milliseconds when a server is named, and neither memory nor time before.

use std::collections::HashMap;
use std::io::{self, BufRead, Read as _};

use crate::wire::Mac;

/// No table is longer; the rest of a longer one is not read.
const MAX_TABLE: u64 = 64 << 20;
/// The longest line that is looked at, and the longest name that is given.
const MAX_LINE: u64 = 1024;
const MAX_NAME: usize = 80;
/// The IEEE's own entry for blocks that it hands out in parts, not a vendor.
const DIVIDED: &str = "IEEE Registration Authority";

/// True for addresses that a table can tell something about: universally administered, of one station (IEEE 802-2014 §8.2).
pub fn has_vendor(mac: Mac) -> bool {
    // The two lowest bits: group, and locally administered.
    mac.0[0].trailing_zeros() >= 2
}

/// The vendors of `macs`, as far as `table` names them. The longest prefix counts.
pub fn find(table: impl BufRead, macs: &[Mac]) -> io::Result<HashMap<Mac, String>> {
    let mut wanted: HashMap<u64, Vec<Mac>> = HashMap::new();
    for mac in macs.iter().copied().filter(|mac| has_vendor(*mac)) {
        wanted.entry(number(mac) >> 24).or_default().push(mac);
    }
    let mut best: HashMap<Mac, (u32, String)> = HashMap::new();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    each_entry(table, |prefix, name| {
        for mac in wanted.get(&(prefix.start >> 24)).into_iter().flatten() {
            let known = best.get(mac).map_or(0, |(bits, _)| *bits);
            if prefix.fits(*mac) && prefix.bits > known {
                let name: String = String::from_utf8_lossy(name).chars().take(MAX_NAME).collect();
                best.insert(*mac, (prefix.bits, name));
            }
        }
    })?;
    let vendors = best.into_iter().filter(|(_, (_, name))| !name.eq_ignore_ascii_case(DIVIDED));
    Ok(vendors.map(|(mac, (_, name))| (mac, name)).collect())
}

/// A whole table in memory, for when there are too many addresses to go through it for each.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// In the order of their prefixes.
    entries: Vec<Entry>,
    /// All names, one behind the other.
    names: String,
    /// The numbers of bits that occur, most first.
    lengths: Vec<u32>,
}

/// A prefix, and where its name lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// How many bits count, and these bits.
    prefix: (u32, u64),
    begin: usize,
    length: usize,
}

impl Index {
    /// Reads a table from start to end.
    pub fn read(table: impl BufRead) -> io::Result<Self> {
        let Self { mut entries, mut names, mut lengths } = Self::default();
        each_entry(table, |prefix, name| {
            let begin = names.len();
            match std::str::from_utf8(name) {
                Ok(name) if name.len() <= MAX_NAME => names.push_str(name),
                _ => names.extend(String::from_utf8_lossy(name).chars().take(MAX_NAME)),
            }
            let length = names.len().saturating_sub(begin);
            entries.push(Entry { prefix: (prefix.bits, prefix.start), begin, length });
        })?;
        // Of several entries for a prefix the first counts; this order keeps theirs.
        entries.sort_by_key(|entry| entry.prefix);
        entries.dedup_by_key(|entry| entry.prefix);
        lengths.extend(entries.iter().map(|entry| entry.prefix.0));
        lengths.dedup();
        lengths.reverse();
        Ok(Self { entries, names, lengths })
    }

    /// The vendor of `mac`, of the longest prefix that fits.
    pub fn of(&self, mac: Mac) -> Option<&str> {
        if !has_vendor(mac) {
            return None;
        }
        let name = self.lengths.iter().find_map(|bits| {
            let rest = 48_u32.saturating_sub(*bits);
            let start = number(mac).checked_shr(rest)?.checked_shl(rest)?;
            let place = self.entries.binary_search_by_key(&(*bits, start), |entry| entry.prefix).ok()?;
            let Entry { begin, length, .. } = *self.entries.get(place)?;
            self.names.get(begin..begin.saturating_add(length))
        })?;
        (!name.eq_ignore_ascii_case(DIVIDED)).then_some(name)
    }
}

/// Calls `each` with every prefix of a table and its name.
fn each_entry(table: impl BufRead, mut each: impl FnMut(Prefix, &[u8])) -> io::Result<()> {
    let mut table = table.take(MAX_TABLE);
    let mut line = Vec::new();
    let mut announced = None;
    while read_line(&mut table, &mut line)? {
        let (prefix, name) = if let Some(name) = line.strip_prefix(b" ID_OUI_FROM_DATABASE=") {
            // The prefix stood in a line before.
            let Some(prefix) = announced.take() else { continue };
            (prefix, name)
        } else {
            let Some((prefix, rest)) = prefix_of(&line) else { continue };
            announced = Some(prefix);
            (prefix, name_in(rest))
        };
        let name = name.trim_ascii();
        if !name.is_empty() {
            each(prefix, name);
        }
    }
    Ok(())
}

/// Reads a line without its end; what is too long of it is passed over. False at the end of the table.
fn read_line(table: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if table.by_ref().take(MAX_LINE).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() != Some(&b'\n') {
        table.skip_until(b'\n')?;
    }
    line.truncate(line.trim_ascii_end().len());
    Ok(true)
}

/// The first bits of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prefix {
    /// The bits, in the upper end of 48.
    start: u64,
    /// How many.
    bits: u32,
}

impl Prefix {
    fn fits(self, mac: Mac) -> bool {
        let rest = 48_u32.saturating_sub(self.bits);
        (number(mac) ^ self.start).checked_shr(rest) == Some(0)
    }
}

fn number(mac: Mac) -> u64 {
    mac.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The prefix that a line starts with: `000C29`, `00-0C-29`, `00:55:da:00:00:00/28`, `OUI:0055DA0*`; and what follows.
fn prefix_of(line: &[u8]) -> Option<(Prefix, &[u8])> {
    let line = line.strip_prefix(b"OUI:").unwrap_or(line);
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit() && !b":-.".contains(byte));
    let (digits, rest) = line.split_at(end.unwrap_or(line.len()));
    let mut start = 0_u64;
    let mut bits = 0_u32;
    for digit in digits.iter().filter(|byte| byte.is_ascii_hexdigit()) {
        start = start << 4 | u64::from(char::from(*digit).to_digit(16)?);
        bits = bits.saturating_add(4);
        if bits > 48 {
            return None;
        }
    }
    if bits < 24 || !matches!(rest.first(), None | Some(b' ' | b'\t' | b'*' | b'/')) {
        return None;
    }
    start <<= 48_u32.saturating_sub(bits);
    let Some(length) = rest.strip_prefix(b"/") else { return Some((Prefix { start, bits }, rest)) };
    let end = length.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(length.len());
    let (length, rest) = length.split_at(end);
    let bits = std::str::from_utf8(length).ok()?.parse().ok().filter(|bits| (24..=48).contains(bits))?;
    Some((Prefix { start, bits }, rest))
}

/// The name in what follows a prefix: the second of several columns is the full one, a comment is none.
fn name_in(rest: &[u8]) -> &[u8] {
    let rest = rest.strip_prefix(b"*").unwrap_or(rest).trim_ascii();
    let marked = rest.strip_prefix(b"(hex)").or_else(|| rest.strip_prefix(b"(base 16)"));
    if let Some(name) = marked {
        return name;
    }
    let mut columns = rest
        .split(|byte| *byte == b'\t')
        .map(<[u8]>::trim_ascii)
        .filter(|column| !column.is_empty() && !column.starts_with(b"#"));
    let short = columns.next();
    columns.next().or(short).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HWDB: &str = "# This file is part of systemd.\n\nOUI:000C29*\n ID_OUI_FROM_DATABASE=VMware, Inc.\n\n\
                        OUI:0055DA*\n ID_OUI_FROM_DATABASE=IEEE Registration Authority\n\n\
                        OUI:0055DA0*\n ID_OUI_FROM_DATABASE=Shinko Technos co.,ltd.\n\n\
                        OUI:0050C2001*\n ID_OUI_FROM_DATABASE=JMBS Developpements\n";
    const MANUF: &str = "# comment\n00:0C:29\tVMware\tVMware, Inc.\n00:55:DA\tIEEERegi\tIEEE Registration Authority\n\
                         00:55:DA:00:00:00/28\tShinkoTe\tShinko Technos co.,ltd.\n\
                         00:50:C2:00:10:00/36\tJmbsDeve\tJMBS Developpements\t# once\n";
    const NMAP: &str = "# $Id$\n000C29 VMware, Inc.\n0055DA IEEE Registration Authority\n0055DA0 Shinko Technos co.,ltd.\n\
         0050C2001 JMBS Developpements\n";
    const IEEE: &str = "OUI/MA-L                                                    Organization\r\n\
                        00-0C-29   (hex)\t\tVMware, Inc.\r\n000C29     (base 16)\t\tVMware, Inc.\r\n\
                        \t\t\t\tPalo Alto  CA  94304\r\n\r\n00-55-DA   (hex)\t\tIEEE Registration Authority\r\n";

    fn find_in(table: &[u8], macs: &[[u8; 6]]) -> Vec<Option<String>> {
        let macs: Vec<Mac> = macs.iter().copied().map(Mac).collect();
        let mut found = find(table, &macs).unwrap();
        macs.iter().map(|mac| found.remove(mac)).collect()
    }

    const VMWARE: [u8; 6] = [0x00, 0x0c, 0x29, 0x74, 0x1f, 0x06];
    const SHINKO: [u8; 6] = [0x00, 0x55, 0xda, 0x0f, 0xff, 0xff];
    const DIVIDED_ONLY: [u8; 6] = [0x00, 0x55, 0xda, 0x10, 0, 0];
    const JMBS: [u8; 6] = [0x00, 0x50, 0xc2, 0x00, 0x1f, 0xff];
    const NEXT_TO_JMBS: [u8; 6] = [0x00, 0x50, 0xc2, 0x00, 0x2f, 0xff];

    #[test]
    fn each_kind_of_table_is_read() {
        let asked = [VMWARE, SHINKO, DIVIDED_ONLY, JMBS, NEXT_TO_JMBS];
        let all = ["VMware, Inc.", "Shinko Technos co.,ltd.", "", "JMBS Developpements", ""];
        for (kind, table) in [("hwdb", HWDB), ("manuf", MANUF), ("nmap", NMAP)] {
            let found = find_in(table.as_bytes(), &asked);
            let found: Vec<&str> = found.iter().map(|name| name.as_deref().unwrap_or_default()).collect();
            assert_eq!(found, all, "{kind}");
            let index = Index::read(table.as_bytes()).unwrap();
            let found = asked.map(|mac| index.of(Mac(mac)).unwrap_or_default());
            assert_eq!(found, all, "{kind}");
        }
        assert_eq!(
            find_in(IEEE.as_bytes(), &[VMWARE, DIVIDED_ONLY]),
            [Some("VMware, Inc.".to_owned()), None]
        );
    }

    #[test]
    fn addresses_without_a_vendor_are_not_looked_up() {
        let table = b"02:00:00\tX\tNobody\nff:ff:ff\tY\tEverybody\n";
        assert_eq!(
            find_in(table, &[[2, 0, 0, 0, 0, 1], [0xff; 6], [0x52, 0x54, 0, 1, 2, 3]]),
            [None, None, None]
        );
        assert!(has_vendor(Mac(VMWARE)) && !has_vendor(Mac([0x01, 0, 0x5e, 0, 0, 1])));
    }

    #[test]
    fn what_is_no_entry_is_passed_over() {
        let long = [&b"000C29 "[..], &[b'x'; 5000], b"\n00:0C:2A\tShort\n"].concat();
        let found = find_in(&long, &[VMWARE, [0, 0x0c, 0x2a, 0, 0, 0]]);
        assert_eq!(found[0].as_ref().map(String::len), Some(MAX_NAME));
        assert_eq!(found[1].as_deref(), Some("Short"));
        for line in [
            "",
            "#000C29 x",
            "000C2",
            "000C29x y",
            "000C29",
            "000C29 ",
            "00:0C:29/99 x",
            "00:0C:29/ x",
            "00:0C:29/24",
            "000C290000001 x",
            " ID_OUI_FROM_DATABASE=x",
            "\t000C29 x",
            "OUI:000C29*",
            "00:0C:29\t# only a comment",
        ] {
            assert_eq!(find_in(line.as_bytes(), &[VMWARE]), [None], "{line:?}");
        }
        // A table of noise, cut anywhere.
        for end in 0..HWDB.len() {
            find_in(&HWDB.as_bytes()[..end], &[VMWARE, SHINKO, JMBS]);
        }
        assert_eq!(
            find_in(b"\xff\xfe\n000C29 \xff\x1b[31m\n", &[VMWARE])[0].as_deref(),
            Some("\u{fffd}\x1b[31m")
        );
    }

    #[test]
    fn a_tables_error_is_told() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Other.into())
            }
        }
        assert!(find(io::BufReader::new(Broken), &[Mac(VMWARE)]).is_err());
        assert!(find(io::BufReader::new(Broken), &[]).is_ok());
    }
}

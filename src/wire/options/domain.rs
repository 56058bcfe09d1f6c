//! Domain names in RFC 1035 labels, with compression on the way in.

/// Room for the text of one name: 255 bytes on the wire, each at most four in text.
const TEXT_MAX: usize = 1024;

/// The most pointers of one name: it has no more labels, and each needs one at most.
const POINTERS_MAX: usize = 127;

/// The text of one name, on the stack.
pub(super) struct Name {
    len: usize,
    /// How many pointers were followed for it.
    pointers: usize,
    text: [u8; TEXT_MAX],
}

impl Name {
    pub(super) fn new() -> Self {
        Self { len: 0, pointers: 0, text: [0; TEXT_MAX] }
    }

    /// Labels joined by dots; a dot or backslash inside a label has a backslash before it. The root is `.`.
    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// What reading it took beyond its own bytes: pointers that were followed, text that came out.
    pub(super) fn work(&self) -> usize {
        self.pointers.saturating_add(self.len)
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.text.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    fn label(&mut self, label: &[u8]) {
        if self.len > 0 {
            self.push(b'.');
        }
        for &byte in label {
            if matches!(byte, b'.' | b'\\') {
                self.push(b'\\');
            }
            self.push(byte);
        }
    }
}

/// Reads the name at `start` of `bytes`; pointers count from the start of `bytes` and must lead backwards, so that no
/// walk can turn in circles. Returns where the next name begins; the error is where it went wrong.
pub(super) fn read(bytes: &[u8], start: usize, compressed: bool, name: &mut Name) -> Result<usize, usize> {
    (name.len, name.pointers) = (0, 0);
    let mut at = start;
    let mut next = None;
    let mut wire = 1_usize;
    let mut floor = start;
    loop {
        match bytes.get(at) {
            Some(0) => {
                if name.len == 0 {
                    name.push(b'.');
                }
                return Ok(next.unwrap_or_else(|| at.saturating_add(1)));
            }
            Some(&length @ 1..=63) => {
                let (begin, length) = (at.saturating_add(1), usize::from(length));
                let end = begin.saturating_add(length);
                wire = wire.saturating_add(length).saturating_add(1);
                let label = bytes.get(begin..end).filter(|_| wire <= 255).ok_or(at)?;
                name.label(label);
                at = end;
            }
            Some(&high @ 0xc0..) if compressed => {
                let low = bytes.get(at.saturating_add(1)).ok_or(at)?;
                let target = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
                // Strictly backwards from the name, and from every pointer followed so far.
                if target >= floor || name.pointers == POINTERS_MAX {
                    return Err(at);
                }
                name.pointers = name.pointers.saturating_add(1);
                next = next.or_else(|| at.checked_add(2));
                floor = target;
                at = target;
            }
            _ => return Err(at),
        }
    }
}

/// Reads a name that fills `bytes` and whose root label may be missing (RFC 4702 §2.3.1): then it is partial, and its
/// text has no dot at the end.
pub(super) fn read_partial(bytes: &[u8], name: &mut Name) -> Result<(), usize> {
    name.len = 0;
    let mut at = 0_usize;
    while let Some(&length) = bytes.get(at) {
        let begin = at.saturating_add(1);
        if length == 0 {
            name.push(b'.');
            return if begin == bytes.len() { Ok(()) } else { Err(at) };
        }
        let end = begin.saturating_add(usize::from(length));
        let label = bytes.get(begin..end).filter(|label| label.len() <= 63 && end <= 255).ok_or(at)?;
        name.label(label);
        at = end;
    }
    Ok(())
}

/// Reads the uncompressed name that `bytes` begin with; odd bytes come out as `\\DDD`. `partial` says that it fills `bytes` and that its
/// root may be missing: then only a whole one has a dot at its end. Returns how many bytes it takes; the error is where it
/// went wrong.
pub(super) fn read_digits(bytes: &[u8], partial: bool, name: &mut Name) -> Result<usize, usize> {
    name.len = 0;
    let mut at = 0_usize;
    loop {
        let Some(&length) = bytes.get(at) else { return if partial { Ok(at) } else { Err(at) } };
        let begin = at.saturating_add(1);
        if length == 0 {
            if partial || name.len == 0 {
                name.push(b'.');
            }
            return Ok(begin);
        }
        let end = begin.saturating_add(usize::from(length));
        let label = bytes.get(begin..end).filter(|label| label.len() <= 63 && end < 255).ok_or(at)?;
        if name.len > 0 {
            name.push(b'.');
        }
        for &byte in label {
            if matches!(byte, 33..=126) && !matches!(byte, b'.' | b'\\') {
                name.push(byte);
            } else {
                let digit = |value: u8| value.wrapping_add(b'0');
                for byte in [b'\\', digit(byte / 100), digit(byte / 10 % 10), digit(byte % 10)] {
                    name.push(byte);
                }
            }
        }
        at = end;
    }
}

/// Why a text is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// Writes `text` as labels. `rooted` says whether the root label is written although the text has no dot at the end.
pub(super) fn write(text: &[u8], rooted: bool, out: &mut Vec<u8>) -> Result<(), Invalid> {
    let begin = out.len();
    let mut label = Vec::new();
    let mut bytes = text.iter();
    let mut ended = true;
    if text != b"." {
        while let Some(&byte) = bytes.next() {
            ended = byte == b'.';
            match byte {
                b'.' => flush(&mut label, out)?,
                b'\\' => {
                    let digits =
                        |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte.wrapping_sub(b'0')));
                    let code = match bytes.as_slice() {
                        [a, b, c, ..] => digits(a).zip(digits(b)).zip(digits(c)),
                        _ => None,
                    };
                    match code.map(|((a, b), c)| {
                        a.saturating_mul(100).saturating_add(b.saturating_mul(10)).saturating_add(c)
                    }) {
                        Some(code) => {
                            label.push(u8::try_from(code).map_err(|_| Invalid)?);
                            bytes.nth(2);
                        }
                        None => label.push(*bytes.next().ok_or(Invalid)?),
                    }
                }
                _ => label.push(byte),
            }
        }
        if !label.is_empty() {
            flush(&mut label, out)?;
        }
    }
    if rooted || (ended && !text.is_empty()) {
        out.push(0);
    }
    if out.len().saturating_sub(begin) > 255 { Err(Invalid) } else { Ok(()) }
}

fn flush(label: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(), Invalid> {
    match u8::try_from(label.len()) {
        Ok(length @ 1..=63) => {
            out.push(length);
            out.append(label);
            Ok(())
        }
        _ => Err(Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_at(bytes: &[u8], start: usize) -> Result<(String, usize), usize> {
        let mut name = Name::new();
        read(bytes, start, true, &mut name)
            .map(|next| (String::from_utf8_lossy(name.text()).into_owned(), next))
    }

    #[test]
    fn the_example_of_rfc_3397_decodes() {
        let bytes = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04";
        assert_eq!(text_at(bytes, 0), Ok(("eng.apple.com".into(), 15)));
        assert_eq!(text_at(bytes, 15), Ok(("marketing.apple.com".into(), 27)));
    }

    #[test]
    fn pointers_that_do_not_lead_backwards_are_refused() {
        assert_eq!(text_at(b"\xc0\x00", 0), Err(0), "itself");
        assert_eq!(text_at(b"\xc0\x02\x00", 0), Err(0), "forwards");
        assert_eq!(text_at(b"\x01a\xc0\x00", 0), Err(2), "its own name");
        assert_eq!(text_at(b"\xc0", 0), Err(0), "cut");
        assert_eq!(text_at(b"\x00\x01a\xc0\x03\x00", 3), Err(3));
        assert_eq!(text_at(b"\x40a", 0), Err(0), "reserved label type");
    }

    #[test]
    fn a_name_has_no_more_pointers_than_labels() {
        // The root, and pointers each to the one before.
        let mut bytes = vec![0_u8];
        for index in 0..128_usize {
            let target = u16::try_from(index.saturating_mul(2).saturating_sub(1)).unwrap();
            bytes.extend((0xc000 | target).to_be_bytes());
        }
        let last = bytes.len() - 2;
        assert_eq!(text_at(&bytes, last - 2), Ok((".".into(), last)), "127 pointers");
        assert_eq!(text_at(&bytes, last), Err(1), "128");
        // The longest name, every label of it by a pointer.
        let mut bytes = vec![0_u8];
        let mut before = 0_u16;
        for _ in 0..127 {
            let start = u16::try_from(bytes.len()).unwrap();
            bytes.extend([1, b'a']);
            bytes.extend((0xc000 | before).to_be_bytes());
            before = start;
        }
        let name = vec!["a"; 127].join(".");
        assert_eq!(text_at(&bytes, usize::from(before)), Ok((name, bytes.len())));
    }

    #[test]
    fn a_name_of_more_than_255_bytes_is_refused_however_it_is_put_together() {
        let mut long = Vec::new();
        for _ in 0..4 {
            long.push(63);
            long.extend([b'a'; 63]);
        }
        long.push(0);
        assert!(text_at(&long, 0).is_err());
        assert!(write(&[b"a".repeat(63).as_slice(); 4].join(&b'.'), true, &mut Vec::new()).is_err());
    }

    #[test]
    fn dots_and_backslashes_inside_labels_survive() {
        let mut out = Vec::new();
        write(br"a\.b.c\\d", true, &mut out).unwrap();
        assert_eq!(out, b"\x03a.b\x03c\\d\x00");
        assert_eq!(text_at(&out, 0).unwrap().0, r"a\.b.c\\d");
    }

    #[test]
    fn partial_names_keep_their_missing_dot() {
        let mut name = Name::new();
        for (wire, want) in
            [(&b"\x04host"[..], "host"), (b"\x04host\x03lan\x00", "host.lan."), (b"", ""), (b"\x00", ".")]
        {
            read_partial(wire, &mut name).unwrap();
            assert_eq!(name.text(), want.as_bytes());
            let mut out = Vec::new();
            write(want.as_bytes(), false, &mut out).unwrap();
            assert_eq!(out, wire, "{want:?}");
        }
        assert!(read_partial(b"\x04hos", &mut name).is_err());
        assert!(read_partial(b"\x00\x01a", &mut name).is_err());
        assert!(write(b"a..b", true, &mut Vec::new()).is_err());
        assert!(write(b"a\\", true, &mut Vec::new()).is_err());
    }

    #[test]
    fn every_prefix_of_a_name_is_refused() {
        let name = b"\x03eng\x05apple\x03com\x00";
        for end in 0..name.len() {
            assert!(text_at(&name[..end], 0).is_err(), "{end}");
        }
    }
}

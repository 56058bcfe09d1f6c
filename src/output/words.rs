//! Small words: numbers with what they count.

/// `1 packet`, `2 packets`, `3 addresses`: a number with the noun in its form.
pub fn counted(count: impl TryInto<u64>, one: &str) -> String {
    // What is more than 64 bits can hold is many.
    let count = count.try_into().unwrap_or(u64::MAX);
    let end = match one.as_bytes() {
        _ if count == 1 => "",
        [.., b's' | b'x'] | [.., b'c' | b's', b'h'] => "es",
        _ => "s",
    };
    match one.strip_suffix('y').filter(|_| count != 1) {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {one}{end}"),
    }
}

/// How often something was sent: `not sent`, `sent`, `sent 3 times`.
pub fn sent(times: u32) -> String {
    match times {
        0 => "not sent".to_owned(),
        1 => "sent".to_owned(),
        times => format!("sent {times} times"),
    }
}

/// A text without any character that is not ASCII: our own have a likeness, others are written by their numbers.
pub fn in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '…' => out.push_str("..."),
            '×' => out.push('x'),
            '→' => out.push_str("->"),
            '–' => out.push('-'),
            'µ' => out.push('u'),
            _ if c.is_ascii() => out.push(c),
            _ => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{counted, sent};

    #[test]
    fn once_is_not_counted() {
        assert_eq!([0, 1, 2].map(sent), ["not sent", "sent", "sent 2 times"]);
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "packet")), ["0 packets", "1 packet", "2 packets"]);
        assert_eq!([1, 2].map(|count| counted(count, "address")), ["1 address", "2 addresses"]);
        assert_eq!([1, 2].map(|count| counted(count, "copy")), ["1 copy", "2 copies"]);
    }
}

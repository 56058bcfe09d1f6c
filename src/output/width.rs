//! How many columns text takes on a terminal: the one place that counts them. Ideographs and most emoji take two, combining marks
//! none. Colours, `ESC [ … m`, take none either; other control characters are escaped before they come here.

use unicode_width::UnicodeWidthChar as _;

/// Columns of one character.
#[inline]
pub fn column(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        // What no terminal gets stands for something that it does.
        _ => c.width().unwrap_or(1),
    }
}

/// The characters of `text` that a terminal shows, each with its place.
fn shown(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut inside = false;
    text.char_indices().filter(move |(_, c)| {
        let shown = !inside && *c != '\u{1b}';
        inside = (inside && *c != 'm') || *c == '\u{1b}';
        shown
    })
}

/// The characters of `text` that a terminal shows.
pub fn visible(text: &str) -> impl Iterator<Item = char> {
    shown(text).map(|(_, c)| c)
}

/// Columns of a text.
pub fn columns(text: &str) -> usize {
    let (mut sum, mut rest) = (0_usize, text);
    loop {
        let (shown, colour) = rest.split_once('\u{1b}').unwrap_or((rest, ""));
        let taken = if shown.is_ascii() { shown.len() } else { shown.chars().map(column).sum() };
        sum = sum.saturating_add(taken);
        match colour.split_once('m') {
            Some((_, behind)) => rest = behind,
            None => return sum,
        }
    }
}

/// As much of the beginning of `text` as takes at most so many columns.
pub fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut taken = 0_usize;
    for (at, c) in shown(text) {
        taken = taken.saturating_add(column(c));
        if taken > most {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

/// As much of the end of `text`, which has no colours, as takes at most so many columns.
pub fn end(text: &str, most: usize) -> &str {
    let (mut taken, mut from) = (0_usize, text.len());
    for (at, c) in text.char_indices().rev() {
        taken = taken.saturating_add(column(c));
        if taken > most {
            break;
        }
        // A mark goes with what it stands on.
        from = if column(c) > 0 { at } else { from };
    }
    text.get(from..).unwrap_or(text)
}

/// At most so many columns of a text; the last one says that there are more.
pub fn shortened(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    format!("{}…", beginning(text, most.saturating_sub(1)))
}

/// At most so many columns of a text, the last: what tells addresses of a link apart, and DUIDs.
pub fn tail(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    format!("…{}", end(text, most.saturating_sub(1)))
}

/// A text with spaces behind it where it takes fewer columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_a_terminal() {
        for (text, wanted) in [
            ("", 0),
            ("client", 6),
            ("\u{1b}[1mclient\u{1b}[0m", 6),
            ("漢字", 4),
            ("\u{1b}[31m漢字\u{1b}[0m.", 5),
            ("ｆｕｌｌ", 8),
            ("한국", 4),
            ("😀", 2),
            ("e\u{301}t\u{e9}", 3),
            ("مرحبا", 5),
            ("… × │ ▶", 7),
            // What stands for a space until a line is broken.
            ("a\u{1}b", 3),
        ] {
            assert_eq!(columns(text), wanted, "{text}");
        }
    }

    #[test]
    fn no_part_is_wider_than_asked_for() {
        assert_eq!(
            (shortened("漢字漢字", 8), shortened("漢字漢字", 7)),
            ("漢字漢字".into(), "漢字漢…".into())
        );
        assert_eq!((shortened("漢字漢字", 6), tail("漢字漢字", 6)), ("漢字…".into(), "…漢字".into()));
        assert_eq!((shortened("D O D O", 6), tail("00:11:22", 6)), ("D O D…".into(), "…11:22".into()));
        assert_eq!((tail("xe\u{301}z", 2), beginning("e\u{301}z", 1)), ("…z".into(), "e\u{301}"));
        assert_eq!(beginning("\u{1b}[31m漢字", 3), "\u{1b}[31m漢");
        assert_eq!(padded("漢", 4), "漢  ");
        for text in ["plain text", "漢字とかな", "a漢b字c", "e\u{301}漢e\u{301}", "😀😀"] {
            for most in 0..12 {
                for part in [beginning(text, most).to_owned(), end(text, most).to_owned()] {
                    assert!(columns(&part) <= most && text.contains(&part), "{text} {most} {part}");
                }
                for part in [shortened(text, most.max(1)), tail(text, most.max(1))] {
                    assert!(columns(&part) <= most.max(1), "{text} {most} {part}");
                }
            }
        }
    }
}

//! Lines broken between words, for a terminal of so many columns.

/// Breaks `text` between words into lines of at most `width` characters; several spaces stay where they do not stand at a break. A
/// word that is longer than a line is cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let (mut line, mut taken) = (String::new(), 0_usize);
    for word in text.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if taken.saturating_add(length) > width && !line.trim_end().is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
            taken = 0;
        }
        for letter in word.chars() {
            if taken >= width && letter != ' ' {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line.push(letter);
            taken = taken.saturating_add(1);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The same with the first line beginning at column `at` and all others at column `indent`: the lines after the first are indented.
pub fn hanging(text: &str, width: usize, at: usize, indent: usize) -> String {
    let mut lines = wrap(text, width.saturating_sub(at)).into_iter();
    let first = lines.next().unwrap_or_default();
    let rest: Vec<String> = lines.collect();
    if rest.is_empty() {
        return first;
    }
    let mut out = first;
    for line in wrap(&rest.join(" "), width.saturating_sub(indent)) {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three four", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("a  b", 80), ["a  b"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("longer-than-that x", 8), ["longer-t", "han-that", "x"]);
        assert_eq!(hanging("aaaa bbbb cccc", 12, 4, 2), "aaaa\n  bbbb cccc");
        assert_eq!(hanging("short", 80, 10, 2), "short");
    }
}

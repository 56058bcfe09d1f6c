//! Lines broken between words, for a terminal of so many columns. A value and its unit are one word.

use super::width::{column, columns, visible};

/// What stands behind a number and belongs to it.
const UNITS: [&str; 14] =
    ["ns", "µs", "ms", "s", "min", "h", "%", "B", "kB", "MB", "GB", "KiB", "MiB", "bytes"];

/// True when the space between the word `before` and `after`, which colours may begin, parts a value from its unit, one part of a
/// time from the next (`2m 30s`), or T1 or T2 from its time.
fn is_glue(before: &str, after: &str) -> bool {
    let before = before.trim_start_matches('(');
    let is_digit = |c: char| c.is_ascii_digit();
    if !before.starts_with(is_digit) && !before.ends_with(is_digit) {
        // Neither a number nor T1 or T2, as most words.
        return false;
    }
    let word: String = visible(after).take_while(|c| !c.is_whitespace()).take(12).collect();
    let word = word.trim_end_matches([',', '.', ';', ':', ')']);
    if UNITS.contains(&word) {
        return before.ends_with(is_digit);
    }
    let is_time = |word: &str| {
        let unit = word.trim_start_matches(is_digit);
        unit.len() < word.len() && matches!(unit, "ms" | "s" | "m" | "h" | "d")
    };
    is_time(word) && (is_time(before) || matches!(before, "T1" | "T2"))
}

/// A word of more bytes is no number.
const WORD: usize = 16;

/// The words of `text`, each with the spaces behind it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let (mut spaces, mut start, mut word) = (text.match_indices(' '), 0_usize, 0_usize);
    std::iter::from_fn(move || {
        for (at, _) in spaces.by_ref() {
            let next = at.saturating_add(1);
            let before = text.get(word..at).unwrap_or_default();
            word = next;
            if !is_glue(before, text.get(next..).unwrap_or_default()) {
                return text.get(std::mem::replace(&mut start, next)..next);
            }
        }
        text.get(std::mem::replace(&mut start, text.len())..).filter(|rest| !rest.is_empty())
    })
}

/// No line is broken into less than that.
const LEAST: usize = 8;

/// Breaks `text` between words into lines of at most `width` columns; several spaces stay where they do not stand at a break. A
/// word that is longer than a line is cut, behind a slash, dot or comma where one of them is not far.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(LEAST);
    broken(text, [width, width], true)
}

/// The same, and a word that is longer than a line stays whole: a command or a path that somebody copies.
pub fn between_words(text: &str, width: usize) -> Vec<String> {
    broken(text, [width, width], false)
}

/// The first line takes `first` columns, the others `rest`.
fn broken(text: &str, [first, rest]: [usize; 2], cuts: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if text.len() <= first {
        lines.push(text.trim_end().to_owned());
        return lines;
    }
    let (mut line, mut taken, mut width) = (String::new(), 0_usize, first);
    for word in words(text) {
        let solid = word.trim_end();
        let length = columns(solid);
        // A word that the first line has no room for is not cut because of it.
        let is_better_below = lines.is_empty() && first < rest;
        if taken.saturating_add(length) > width && (is_better_below || !line.trim_end().is_empty()) {
            lines.push(line.trim_end().to_owned());
            line.clear();
            (taken, width) = (0, rest);
        }
        let behind = word.get(solid.len()..).unwrap_or_default();
        if taken.saturating_add(length) <= width && behind.bytes().all(|byte| byte == b' ') {
            line.push_str(word);
            taken = taken.saturating_add(length).saturating_add(behind.len());
            continue;
        }
        for letter in word.chars() {
            let wide = column(letter);
            if cuts && taken.saturating_add(wide) > width && letter != ' ' && !line.is_empty() {
                let more = line.split_off(seam(&line));
                lines.push(std::mem::replace(&mut line, more));
                (taken, width) = (columns(&line), rest);
            }
            line.push(letter);
            taken = taken.saturating_add(wide);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Where a line that a word fills is cut: behind its last slash or comma in its second half, else behind the last of these or of the dots
/// that are none of a number or an address, unless that leaves most of the line empty.
fn seam(line: &str) -> usize {
    let is_dot = |at: usize| !line.get(..at).unwrap_or_default().ends_with(|c: char| c.is_ascii_digit());
    let last = |seams: &[char]| {
        let found = line.match_indices(seams).rfind(|(at, what)| *what != "." || is_dot(*at));
        found.map(|(at, _)| at.saturating_add(1))
    };
    // Most of a line is left, and the word begins before.
    let serves = |at: &usize, part: usize| {
        at.saturating_mul(part) >= line.len() && !line.get(*at..).unwrap_or_default().contains(' ')
    };
    last(&['/', ','])
        .filter(|at| serves(at, 2))
        .or_else(|| last(&['/', ',', '.']).filter(|at| serves(at, 3)))
        .unwrap_or(line.len())
}

/// The same with the first line beginning at column `at` and all others at column `indent`: the lines after the first are indented.
pub fn hanging(text: &str, width: usize, at: usize, indent: usize) -> String {
    let rest = width.saturating_sub(indent).max(LEAST);
    let mut lines = broken(text, [width.saturating_sub(at), rest], true).into_iter();
    let mut out = lines.next().unwrap_or_default();
    for line in lines {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
    }
    out
}

/// Appends `text` with every line that has more than `width` columns broken between words, where colours take none. What goes
/// on stands below what it belongs to: under the value that follows a name and two spaces, else two columns further in than the
/// line began.
pub fn fold(text: &str, width: usize, out: &mut String) {
    for line in text.split_inclusive('\n') {
        if line.len() <= width || columns(line.trim_end()) <= width {
            out.push_str(line);
        } else {
            fold_line(line, width, out);
        }
    }
}

fn fold_line(line: &str, width: usize, out: &mut String) {
    let hang = hang_of(line, width);
    // Columns so far; where the last gap between words begins, in bytes of `out` and columns.
    let (mut taken, mut gap, mut inside) = (0_usize, None::<(usize, usize)>, false);
    // The word so far, as much of it as tells a number.
    let (mut begun, mut word) = (false, String::new());
    for (at, c) in line.char_indices() {
        if inside || c == '\u{1b}' {
            inside = c != 'm';
            out.push(c);
            continue;
        }
        if c == '\n' {
            out.push(c);
            break;
        }
        let wide = column(c);
        if c == ' ' {
            let rest = line.get(at.saturating_add(1)..).unwrap_or_default();
            if begun && taken > hang && !is_glue(&word, rest) {
                gap = Some((out.len(), taken));
                if taken >= width {
                    // Nobody sees it where it stands, but it would be a row of its own.
                    word.clear();
                    continue;
                }
            }
        } else if taken.saturating_add(wide) > width {
            let (at, seen) = gap.take().unwrap_or((out.len(), taken));
            let rest = out.split_off(at);
            let kept = rest.strip_prefix(' ').unwrap_or(&rest);
            let moved = taken.saturating_sub(seen).saturating_sub(rest.len().saturating_sub(kept.len()));
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&" ".repeat(hang));
            out.push_str(kept);
            taken = hang.saturating_add(moved);
        }
        begun |= c != ' ';
        if c == ' ' {
            word.clear();
        } else if word.len() < WORD {
            word.push(c);
        }
        out.push(c);
        taken = taken.saturating_add(wide);
    }
}

/// The column at which a line goes on below itself.
fn hang_of(line: &str, width: usize) -> usize {
    let shown: String = visible(line).collect();
    let words = shown.trim_start_matches(' ');
    let indent = shown.len().saturating_sub(words.len());
    let value = words.split_once("  ").map(|(name, rest)| {
        let spaces = rest.len().saturating_sub(rest.trim_start_matches(' ').len());
        [indent, columns(name), "  ".len(), spaces].into_iter().fold(0, usize::saturating_add)
    });
    let most = width.checked_div(2).unwrap_or(0);
    value.filter(|at| *at <= most).unwrap_or_else(|| indent.saturating_add(2).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_is_cut_where_it_has_a_seam() {
        assert_eq!(wrap("http://10.0.0.66/wpad.dat", 20), ["http://10.0.0.66/", "wpad.dat"]);
        assert_eq!(
            wrap("http://wpad.corp.example.com/proxy/wpad.dat", 20),
            ["http://wpad.corp.", "example.com/proxy/", "wpad.dat"]
        );
        assert_eq!(wrap("see 10.0.0.1,10.0.0.2,10.0.0.3", 16), ["see", "10.0.0.1,", "10.0.0.2,", "10.0.0.3"]);
        // A seam that is far leaves most of the line empty, one before a space is none of this word.
        assert_eq!(wrap("a/0123456789abcdef", 12), ["a/0123456789", "abcdef"]);
        assert_eq!(wrap("0123456789abcdef", 8), ["01234567", "89abcdef"]);
    }

    fn folded(text: &str, width: usize) -> String {
        let mut out = String::new();
        fold(text, width, &mut out);
        out
    }

    #[test]
    fn lines_are_folded_below_what_they_belong_to() {
        assert_eq!(folded("short\n", 10), "short\n");
        assert_eq!(folded("one two three\nx\n", 9), "one two\n  three\nx\n");
        assert_eq!(folded("  name  aaa bbb ccc ddd\n", 16), "  name  aaa bbb\n        ccc ddd\n");
        assert_eq!(folded("aaa  bbb  ccc", 10), "aaa  bbb\n     ccc");
        assert_eq!(folded("aaa             bbb\n", 10), "aaa\n  bbb\n");
        assert_eq!(
            folded("aaa\u{1b}[2m         \u{1b}[0m  bbb\n", 10),
            "aaa\u{1b}[2m       \u{1b}[0m\n  bbb\n"
        );
        assert_eq!(folded("    aaa bbb ccc", 10), "    aaa\n     bbb\n     ccc");
        // A word that no line could hold is cut, and nothing is lost.
        assert_eq!(folded("a abcdefghijkl", 8), "a abcdef\n  ghijkl");
        let coloured = "\u{1b}[1maaaa\u{1b}[0m bbbb \u{1b}[32mcccc\u{1b}[0m";
        assert_eq!(folded(coloured, 9), "\u{1b}[1maaaa\u{1b}[0m bbbb\n  \u{1b}[32mcccc\u{1b}[0m");
    }

    #[test]
    fn a_value_and_its_unit_never_part() {
        assert_eq!(folded("offer 0.140 ms total\n", 12), "offer\n  0.140 ms\n  total\n");
        assert_eq!(
            folded("within 12 \u{1b}[2mms\u{1b}[0m, later", 11),
            "within\n  12 \u{1b}[2mms\u{1b}[0m,\n  later"
        );
        assert_eq!(wrap("offer 0.140 ms, total 3 s", 13), ["offer", "0.140 ms,", "total 3 s"]);
        // A word that begins like a unit is none, and a list of numbers has no units.
        assert_eq!(folded("port 67 server\n", 10), "port 67\n  server\n");
        assert_eq!(wrap("1 2 3 4 5 6", 8), ["1 2 3 4", "5 6"]);
        assert_eq!(
            wrap("preferred 10m 50s, T1 0s, T2 5m 33s)", 16),
            ["preferred", "10m 50s, T1 0s,", "T2 5m 33s)"]
        );
        assert_eq!(folded("for 16m 40s (2h 5m)\n", 10), "for\n  16m 40s\n  (2h 5m)\n");
    }

    #[test]
    fn a_folded_line_fits_and_keeps_its_words() {
        let words = "  option        119 domain-search a.example.org, bb.example.org, ccc.example.org and \u{2192} more of it";
        for width in 20..120 {
            let text = folded(words, width);
            assert!(text.lines().all(|line| columns(line) <= width), "{width}\n{text}");
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(plain(&text), plain(words));
        }
    }

    #[test]
    fn wide_characters_take_their_columns() {
        assert_eq!(wrap("漢字 かな 交じり", 9), ["漢字 かな", "交じり"]);
        assert_eq!(wrap("漢字かな交じり文", 9), ["漢字かな", "交じり文"]);
        assert_eq!(
            folded("  reason  漢字漢字漢字漢字 abc\n", 20),
            "  reason  漢字漢字漢\n          字漢字 abc\n"
        );
        for width in 8..60 {
            let words =
                "option 56 漢字理由漢字理由 😀😀 e\u{301}te\u{301} ｆｕｌｌ-width/漢字 and more of it";
            let lines = [wrap(words, width).join("\n"), hanging(words, width, 5, 0), folded(words, width)];
            for text in &lines {
                assert!(text.lines().all(|line| columns(line) <= width), "{width}\n{text}");
                let plain = |text: &str| text.split_whitespace().collect::<String>();
                assert_eq!(plain(text), plain(words));
            }
        }
    }

    #[test]
    fn what_hangs_is_cut_nowhere_but_where_a_line_ends() {
        let text = "option relay-agent-information (82)";
        assert_eq!(hanging(text, 24, 16, 4), "option\n    relay-agent-informat\n    ion (82)");
        // No room, or none for a word: it begins below.
        assert_eq!(hanging("begins below", 20, 30, 4), "\n    begins below");
        assert_eq!(hanging("relay-agent 82", 20, 12, 4), "\n    relay-agent 82");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three four", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("a  b", 80), ["a  b"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("longer-than-that x", 8), ["longer-t", "han-that", "x"]);
        assert_eq!(between_words("longer-than-that x", 4), ["longer-than-that", "x"]);
        assert_eq!(between_words("one two three", 7), ["one two", "three"]);
        assert_eq!(hanging("aaaa bbbb cccc", 12, 4, 2), "aaaa\n  bbbb cccc");
        assert_eq!(hanging("short", 80, 10, 2), "short");
    }
}

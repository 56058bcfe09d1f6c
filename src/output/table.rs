//! Tables for people: rows as data, drawn in one place.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use crate::output::styled::{Label, Styled};
use crate::output::width::columns;
use crate::output::wrap::wrap;

/// No column is made narrower than this.
const NARROW: usize = 8;

/// A table under construction. Cells are text of our own or already escaped.
#[derive(Debug)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<(Label, String)>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|text| (*text).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<(Label, String)>) {
        self.rows.push(cells);
    }

    /// Appends it to `out`, within its width.
    pub fn show(self, out: &mut Styled) {
        let (width, color) = (out.width(), out.color());
        out.text(&match width {
            Some(width) => self.render_within(width, color),
            None => self.render(color),
        });
    }

    /// The same for a terminal of so many columns: where they are too few, cells of the widest columns go on in lines below.
    pub fn render_within(mut self, width: usize, color: bool) -> String {
        let widths = self.fitted(width);
        let rows = std::mem::take(&mut self.rows);
        for row in rows {
            let mut cells: Vec<(Label, std::vec::IntoIter<String>)> = row
                .into_iter()
                .zip(&widths)
                .map(|((label, text), width)| (label, wrap(&text, *width).into_iter()))
                .collect();
            let lines = cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
            for _ in 0..lines {
                let line = cells.iter_mut().map(|(label, lines)| (*label, lines.next().unwrap_or_default()));
                self.rows.push(line.collect());
            }
        }
        self.render(color)
    }

    /// How wide each column may be: as wide as it is, unless all together are wider than `width`; then the widest give way, down
    /// to their longest word as long as that helps.
    fn fitted(&self, width: usize) -> Vec<usize> {
        let measure = |index: usize, of: &dyn Fn(&str) -> usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|(_, text)| of(text));
            cells.chain(self.head.get(index).map(|text| columns(text))).max().unwrap_or(0)
        };
        let longest_word = |text: &str| text.split(' ').map(columns).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..self.head.len()).map(|index| measure(index, &columns)).collect();
        let words: Vec<usize> = (0..self.head.len()).map(|index| measure(index, &longest_word)).collect();
        let gaps = self.head.len().saturating_sub(1).saturating_mul(2);
        let room = width.saturating_sub(gaps);
        while widths.iter().sum::<usize>() > room {
            let widest = |least: &dyn Fn(usize) -> usize| {
                let able = widths.iter().enumerate().filter(|(index, width)| **width > least(*index));
                able.max_by_key(|(_, width)| **width).map(|(index, _)| index)
            };
            let word = |index: usize| words.get(index).copied().unwrap_or(0).max(NARROW);
            // What a row is about stays in one piece for longest.
            let index = widest(&word)
                .or_else(|| widest(&|index| if index == 0 { word(0) } else { NARROW }))
                .or_else(|| widest(&|_| NARROW));
            let Some(width) = index.and_then(|index| widths.get_mut(index)) else { break };
            *width = width.saturating_sub(1);
        }
        widths
    }

    /// The text, one line per row, columns aligned, numbers to the right.
    pub fn render(&self, color: bool) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.head);
        for row in &self.rows {
            table.add_row(row.iter().map(|(_, text)| text));
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            let numbers = self
                .rows
                .iter()
                .filter_map(|row| row.get(index))
                .all(|(_, text)| text.is_empty() || is_number(text));
            column.set_padding((0, 2));
            if numbers {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut out = Styled::new(color);
        let head: Vec<(Label, String)> = self.head.iter().map(|text| (Label::Dim, text.clone())).collect();
        for (line, cells) in table.lines().zip(std::iter::once(&head).chain(&self.rows)) {
            paint(line.trim_end(), cells, &mut out);
            out.text("\n");
        }
        out.as_str().to_owned()
    }
}

/// Appends an aligned line with its cells labelled: alignment must not count what colours take.
fn paint(line: &str, cells: &[(Label, String)], out: &mut Styled) {
    let mut rest = line;
    for (label, text) in cells {
        let Some((before, after)) = rest.split_once(text.trim_end()).filter(|_| !text.is_empty()) else {
            continue;
        };
        out.text(before).label(*label, text.trim_end());
        rest = after;
    }
    out.text(rest);
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_colour() {
        let mut table = Table::new(&["code", "name"]);
        table.row(vec![(Label::Dim, "3".into()), (Label::Strong, "routers".into())]);
        table.row(vec![(Label::Dim, "121".into()), (Label::Strong, "routes".into())]);
        assert_eq!(table.render(false), "code  name\n   3  routers\n 121  routes\n");
        let colored = table.render(true);
        assert!(colored.contains("\u{1b}[1mroutes\u{1b}[0m"), "{colored:?}");
    }

    #[test]
    fn what_a_row_is_about_is_not_broken_for_a_long_word_beside_it() {
        let mut table = Table::new(&["", "10.0.0.1", "10.0.0.66"]);
        let cells = ["classless-static-route", "-", "http://10.0.0.66/wpad.dat"];
        table.row(cells.iter().map(|text| (Label::Plain, (*text).to_owned())).collect());
        let text = table.render_within(50, false);
        assert!(text.contains("classless-static-route"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    }

    #[test]
    fn wide_characters_take_their_columns() {
        let mut table = Table::new(&["host", "why"]);
        for host in ["漢字ホスト", "plain", "e\u{301}te\u{301}"] {
            table.row(vec![(Label::Plain, host.into()), (Label::Plain, "漢字の理由 and so on".into())]);
        }
        for width in 20..40 {
            for line in table_of(&table).render_within(width, false).lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
        let text = table.render(false);
        let starts: Vec<usize> =
            text.lines().skip(1).map(|line| columns(line.split_once("漢字の").unwrap().0)).collect();
        assert_eq!(starts, [12, 12, 12], "{text}");
    }

    fn table_of(other: &Table) -> Table {
        Table { head: other.head.clone(), rows: other.rows.clone() }
    }

    #[test]
    fn the_widest_columns_give_way_first() {
        let mut table = Table::new(&["code", "what it is", "where"]);
        let cells = ["82.9", "list of record of enterprise, data", "RFC 4243 4"];
        table.row(cells.iter().map(|text| (Label::Plain, (*text).to_owned())).collect());
        assert_eq!(
            table.render_within(40, false),
            "code  what it is         where\n82.9  list of record of  RFC 4243 4\n      enterprise, data\n"
        );
    }

    #[test]
    fn what_is_too_long_goes_on_below() {
        let mut table = Table::new(&["n", "why"]);
        table.row(vec![(Label::Plain, "1".into()), (Label::Plain, "a sentence of several words".into())]);
        table.row(vec![(Label::Plain, "20".into()), (Label::Plain, "short".into())]);
        assert_eq!(
            table.render_within(22, false),
            " n  why\n 1  a sentence of\n    several words\n20  short\n"
        );
    }
}

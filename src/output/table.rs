//! Tables for people: rows as data, drawn in one place.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use crate::output::styled::{Label, Styled};
use crate::output::wrap::wrap;

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

    /// The same for a terminal of so many columns: what the last column has too much goes on in lines below.
    pub fn render_within(mut self, width: usize, color: bool) -> String {
        let last = self.head.len().saturating_sub(1);
        let mut taken = 0_usize;
        for index in 0..last {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|(_, text)| text);
            let widest = cells.chain(self.head.get(index)).map(|text| text.chars().count()).max();
            taken = taken.saturating_add(widest.unwrap_or(0)).saturating_add(2);
        }
        let room = width.saturating_sub(taken).max(16);
        let rows = std::mem::take(&mut self.rows);
        for mut row in rows {
            let Some((label, text)) = row.pop() else { continue };
            let mut lines = wrap(&text, room).into_iter();
            row.push((label, lines.next().unwrap_or_default()));
            self.rows.push(row);
            for line in lines {
                let mut more = vec![(Label::Plain, String::new()); last];
                more.push((label, line));
                self.rows.push(more);
            }
        }
        self.render(color)
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

//! How much a word that was written is like one that may have been meant.

/// How many letters must be added, removed, changed or swapped with their neighbour to make one word the other (their first 64).
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |rows: &[Vec<usize>], back: usize, column: usize| {
                rows.len()
                    .checked_sub(back)
                    .and_then(|row| rows.get(row)?.get(column))
                    .copied()
                    .unwrap_or(usize::MAX)
            };
            let mut best = at(&rows, 1, j).saturating_add(usize::from(x != y));
            best = best.min(at(&rows, 1, j.saturating_add(1)).saturating_add(1));
            best = best.min(row.last().copied().unwrap_or(usize::MAX).saturating_add(1));
            let swapped = i
                .checked_sub(1)
                .zip(j.checked_sub(1))
                .filter(|(i, j)| a.get(*i) == Some(y) && b.get(*j) == Some(x));
            if let Some((_, j)) = swapped {
                best = best.min(at(&rows, 2, j).saturating_add(1));
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn letters_are_added_removed_changed_and_swapped() {
        for (a, b, want) in [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("sniff", "sinff", 1),
            ("abc", "abc", 0),
            ("abcd", "ab", 2),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }
}

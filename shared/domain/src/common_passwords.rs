//! The embedded list of common passwords. A search reads it in place: nothing is allocated or parsed at start.

use std::cmp::Ordering;

/// A header of comments with source and licence, an empty line, then one folded password a line, sorted by bytes.
const FILE: &str = include_str!("common_passwords.txt");

/// The maximum number of trailing digits and signs that do not make a common password acceptable.
const MAX_TAIL: usize = 6;

/// Whether a folded password is a common one, alone, with a short tail, or repeated twice.
pub(crate) fn is_common(folded: &str) -> bool {
    stems(folded).any(|stem| is_listed(stem) || half(stem).is_some_and(is_listed))
}

/// The text itself, and the text without its last one to six characters while those are not letters.
pub(crate) fn stems(text: &str) -> impl Iterator<Item = &str> {
    let shorter = |text: &&str| text.char_indices().next_back().filter(|(_, last)| !last.is_alphabetic());
    std::iter::successors(Some(text), move |stem| stem.get(..shorter(stem)?.0)).take(MAX_TAIL + 1)
}

/// The half of the text, if the text is that half twice.
fn half(text: &str) -> Option<&str> {
    let (first, second) = text.split_at_checked(text.len() / 2)?;
    (first == second).then_some(first)
}

fn is_listed(word: &str) -> bool {
    let mut rest = FILE.split_once("\n\n").map_or("", |(_, list)| list);
    while !rest.is_empty() {
        // The line in the middle.
        let middle = rest.len() / 2;
        let start = rest.get(..middle).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1));
        let (before, from) = rest.split_at(start);
        let (line, after) = from.split_once('\n').unwrap_or((from, ""));
        rest = match word.cmp(line) {
            Ordering::Less => before,
            Ordering::Equal => return true,
            Ordering::Greater => after,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<&'static str> {
        FILE.split_once("\n\n").unwrap().1.lines().collect()
    }

    #[test]
    fn list_of_common_passwords_is_sorted_and_folded() {
        let list = list();
        assert!(list.len() > 8_000 && list.is_sorted_by(|one, next| one < next));
        assert!(list.iter().all(|line| line.is_ascii() && line.len() >= 8 && crate::text::fold(line) == *line));
    }

    #[test]
    fn is_listed_finds_every_line_and_nothing_else() {
        for line in list() {
            assert!(is_listed(line), "{line}");
            assert!(!is_listed(&format!("{line}\u{0}")) && !is_listed(&format!("{line}\n")), "{line}");
        }
        for other in ["", "\n", "!", "~~~~~~~~~", "\u{10ffff}", "Copyright (c) Django Software Foundation"] {
            assert!(!is_listed(other), "{other}");
        }
    }

    #[test]
    fn stems_remove_short_tails_of_digits_and_signs() {
        assert_eq!(stems("word-2026!").last(), Some("word"));
        assert_eq!(stems("word-12.2026").last(), Some("word-1"));
        assert_eq!(stems("word").collect::<Vec<_>>(), ["word"]);
        assert_eq!(stems("12").collect::<Vec<_>>(), ["12", "1", ""]);
    }
}

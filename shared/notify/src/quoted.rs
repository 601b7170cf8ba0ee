//! The form of texts of users in emails. They cannot look like the product's own words.

use stockroom_domain::text::FullName;

use crate::unlinked::{unlinked, unlinked_word};

/// The maximum length of a name in an email; a longer one is cut.
const MAX_NAME: usize = 60;
/// The maximum number of words of a name without quotation marks. A sentence needs more, or other characters.
const MAX_PLAIN_WORDS: usize = 4;
/// The maximum length of a word that ends with a dot without ending a sentence: `Dr.`, `Inc.`
const MAX_ABBREVIATION: usize = 5;
/// The length of a line of a quotation in plain text. Mail programs break longer lines themselves, without the mark of
/// the quotation.
const LINE: usize = 72;

/// A value on one line, without links and without characters that change the direction of the text after it.
pub(crate) fn value(text: impl std::fmt::Display) -> String {
    let text: String = text.to_string().chars().filter(|c| !is_directional(*c)).collect();
    let line = text.split(|c: char| c.is_control() || is_break(c)).collect::<Vec<_>>().join(" ");
    line.trim().split(' ').map(unlinked_word).collect::<Vec<_>>().join(" ")
}

/// A name in a headline or sentence: without links, not too long, and in quotation marks unless it is a few plain
/// words.
pub(crate) fn named(name: &str) -> String {
    let name = unlinked(name).replace(['"', '\u{201c}', '\u{201d}', '\u{201e}'], "'");
    let is_cut = name.chars().count() > MAX_NAME;
    let name = if is_cut { format!("{}\u{2026}", prefix(&name, MAX_NAME.saturating_sub(1)).trim_end()) } else { name };
    let is_plain =
        !is_cut && (1..=MAX_PLAIN_WORDS).contains(&name.split(' ').count()) && name.split(' ').all(is_plain_word);
    if is_plain { name } else { format!("\u{201c}{name}\u{201d}") }
}

fn is_plain_word(word: &str) -> bool {
    let word = word.strip_suffix(',').unwrap_or(word);
    let abbreviated = word.strip_suffix('.').filter(|_| word.chars().count() <= MAX_ABBREVIATION);
    let word = abbreviated.unwrap_or(word);
    word == "&" || word.starts_with(char::is_alphanumeric) && word.chars().all(|c| !is_mark(c))
}

/// Whether a character separates parts of sentences.
fn is_mark(c: char) -> bool {
    let inner = ['\'', '\u{2019}', '-', '&'];
    c.is_ascii_punctuation() && !inner.contains(&c)
        || "\u{2026}\u{203c}\u{a1}\u{bf}\u{ab}\u{bb}".contains(c)
        || matches!(c, '\u{2010}'..='\u{2018}' | '\u{3000}'..='\u{301f}' | '\u{fe10}'..='\u{fe6f}')
        || matches!(c, '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
        || matches!(c, '\u{61f}' | '\u{61b}' | '\u{60c}' | '\u{6d4}' | '\u{964}')
}

/// A text of a user in the body of an email.
#[derive(Debug)]
pub(crate) struct Quotation {
    /// The subject of the text.
    pub(crate) about: &'static str,
    /// The line with the source of the text.
    pub(crate) source: String,
    /// Its paragraphs, with a line feed between lines and at most one blank line in a row.
    pub(crate) text: String,
}

impl Quotation {
    /// A text that this user wrote.
    pub(crate) fn by(author: &FullName, about: &'static str, text: &str) -> Self {
        Self { about, source: format!("{} wrote:", named(author.as_str())), text: paragraphs(text) }
    }

    /// A text of a purchase request. Users other than its creator may have edited it.
    pub(crate) fn of_request(creator: &FullName, about: &'static str, text: &str) -> Self {
        let source = format!("Written in the request of {}:", named(creator.as_str()));
        Self { about, source, text: paragraphs(text) }
    }

    /// The lines for plain text, each with the mark of a quotation.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.text.split('\n').flat_map(wrapped);
        lines.map(|line| format!("> {line}").trim_end().to_owned()).collect()
    }
}

fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = text.replace(|c| is_break(c) || c == '\r', "\n");
    let readable = |line: &str| -> String {
        let chars = line.chars().filter(|c| !is_directional(*c));
        chars.map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim_end().to_owned()
    };
    let mut lines: Vec<String> = text.split('\n').map(readable).collect();
    lines.dedup_by(|line, before| line.trim().is_empty() && before.trim().is_empty());
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The line in parts of at most [`LINE`] characters, broken at spaces where possible.
fn wrapped(line: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = line;
    while rest.chars().count() > LINE {
        let fitting = prefix(rest, LINE);
        let end = fitting.rfind(' ').filter(|end| *end > 0).unwrap_or(fitting.len());
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        parts.push(part.trim_end().to_owned());
        rest = after.trim_start_matches(' ');
    }
    parts.push(rest.to_owned());
    parts
}

/// The first characters of a text.
fn prefix(text: &str, length: usize) -> &str {
    text.char_indices().nth(length).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Line breaks besides CR and LF.
fn is_break(c: char) -> bool {
    matches!(c, '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Marks, embeddings, overrides and isolates of the direction of text. New texts hold only the marks.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Vec<String> {
        Quotation::by(&"Sam".parse().unwrap(), "Notes", text).lines()
    }

    #[test]
    fn named_of_a_few_plain_words_is_unchanged() {
        for name in ["Sam", "The staff", "Dr. Zo\u{eb} O'Neil", "Northwind Traders, Inc.", "Jos\u{e9} de la Vega-Ruiz"]
        {
            assert_eq!(named(name), name);
        }
        for name in ["\u{5c71}\u{7530}\u{3000}\u{592a}\u{90ce}", "A & B", "acme"] {
            assert!(!named(name).contains('\u{201c}'), "{name}");
        }
    }

    #[test]
    fn named_of_anything_longer_is_quoted_and_cut() {
        for name in
            ["Sam. Your account is locked", "Paid! Call 555", "Pay: now", "You won the first price", "<b>Sam</b>", ""]
        {
            let shown = named(name);
            assert!(shown.starts_with('\u{201c}') && shown.ends_with('\u{201d}'), "{shown}");
        }
        assert_eq!(named("Sam\u{201d} wrote: \u{201c}yes"), "\u{201c}Sam' wrote: 'yes\u{201d}");
        assert_eq!(named("Win at https://evil.example/x"), "\u{201c}Win at evil example x\u{201d}");
        let long = named(&"W".repeat(200));
        assert_eq!(long, format!("\u{201c}{}\u{2026}\u{201d}", "W".repeat(59)));
    }

    #[test]
    fn value_stays_on_one_line_in_its_own_direction() {
        assert_eq!(value("one\r\ntwo\u{2028}three"), "one  two three");
        assert_eq!(value("\u{202e}ABC\u{2067}D\u{200f}"), "ABCD");
        assert_eq!(value("Bolt https://evil.example/pay M3.5 v2.0"), "Bolt evil example pay M3.5 v2.0");
        assert_eq!(value("\u{1f469}\u{200d}\u{1f52c} M3.5x10"), "\u{1f469}\u{200d}\u{1f52c} M3.5x10");
    }

    #[test]
    fn quotation_marks_every_line() {
        assert_eq!(
            quoted("one\r\n\n\n\n two\tx\rthree\u{2028}four\u{85}five\u{b}six"),
            ["> one", ">", ">  two x", "> three", "> four", "> five", "> six"]
        );
        assert_eq!(quoted("\u{202e}reversed\u{2066}"), ["> reversed"]);
        let forged = "ok\n\nStockroom approved this request\n=====\nhttps://evil.example";
        assert!(quoted(forged).iter().all(|line| line.starts_with('>')));
    }

    #[test]
    fn quotation_wraps_long_lines() {
        let long = "word ".repeat(40);
        let lines = quoted(&long);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.starts_with("> word") && line.chars().count() <= LINE + 2));
        let unbroken = quoted(&"\u{e9}".repeat(200));
        assert_eq!(unbroken.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [74, 74, 58]);
    }
}

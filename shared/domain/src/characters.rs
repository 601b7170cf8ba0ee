//! The characters that a text may hold, by their Unicode properties. ICU4X has the tables, which `idna` links anyway.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, VariationSelector},
};

use crate::fault::Fault;

/// The purpose of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier. Two that look alike must be equal: no invisible character, no space except U+0020, no character
    /// that a later version of Unicode could define.
    Identifier,
    /// A name or a few words. Persian, the scripts of India and emoji use invisible joiners and variation selectors,
    /// which are accepted where they have an effect.
    Line,
    /// Several lines or paragraphs, with formatting characters.
    Paragraphs,
}

/// The categories that no text may hold.
const REFUSED: [GeneralCategoryGroup; 4] = [
    GeneralCategoryGroup::Control,
    GeneralCategoryGroup::Format,
    GeneralCategoryGroup::LineSeparator,
    GeneralCategoryGroup::ParagraphSeparator,
];

/// The class of a character under the rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Visible,
    /// A combining mark.
    Mark,
    Space,
    /// A visible character that looks like a space.
    Blank,
    /// U+200C and U+200D.
    Joiner,
    Selector,
    /// Formatting of paragraphs without scope: soft hyphen, zero-width space, word joiner, directional marks.
    Layout,
    /// Newline and tab.
    Break,
    /// Private use.
    Private,
    /// Unassigned: a later version of Unicode may define it.
    Unassigned,
    /// Controls, other format characters, line and paragraph separators, noncharacters, other invisible ones.
    Refused,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            ' '..='~' => return if c == ' ' { Self::Space } else { Self::Visible },
            '\n' | '\t' => return Self::Break,
            '\u{200c}' | '\u{200d}' => return Self::Joiner,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' => return Self::Layout,
            // Braille pattern blank, and the musical null notehead.
            '\u{2800}' | '\u{1d159}' => return Self::Blank,
            _ => {}
        }
        if CodePointSetData::new::<VariationSelector>().contains(c) {
            return Self::Selector;
        }
        if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || is_noncharacter(c) {
            return Self::Refused;
        }
        let category = CodePointMapData::<GeneralCategory>::new().get(c);
        let is = |group: GeneralCategoryGroup| group.contains(category);
        if REFUSED.into_iter().any(is) {
            Self::Refused
        } else if is(GeneralCategoryGroup::Mark) {
            Self::Mark
        } else if is(GeneralCategoryGroup::SpaceSeparator) {
            Self::Space
        } else if is(GeneralCategoryGroup::PrivateUse) {
            Self::Private
        } else if is(GeneralCategoryGroup::Unassigned) {
            Self::Unassigned
        } else {
            Self::Visible
        }
    }

    /// Whether a character of this class may be between these two.
    fn is_admitted(self, kind: Kind, c: char, before: Option<char>, after: Option<char>) -> bool {
        let is_text = kind != Kind::Identifier;
        match self {
            Self::Visible | Self::Mark => true,
            Self::Space => is_text || c == ' ',
            Self::Blank | Self::Unassigned => is_text,
            Self::Joiner => is_text && joins(before) && joins(after),
            Self::Selector => is_text && before.is_some_and(|c| matches!(Self::of(c), Self::Visible | Self::Mark)),
            Self::Layout | Self::Break | Self::Private => kind == Kind::Paragraphs,
            Self::Refused => false,
        }
    }
}

/// Whether a joiner next to this character can have an effect: ASCII characters are never joined.
fn joins(c: Option<char>) -> bool {
    let is_drawn = |c| matches!(Class::of(c), Class::Visible | Class::Mark | Class::Selector | Class::Unassigned);
    c.is_some_and(|c| !c.is_ascii() && is_drawn(c))
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// Whether a character by itself is invisible in every context.
pub(crate) fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a character is a combining mark.
pub(crate) fn is_mark(c: char) -> bool {
    Class::of(c) == Class::Mark
}

/// Refuses a text with a character that its kind may not hold, or without a visible character.
///
/// # Errors
/// `invalid_character`.
pub(crate) fn admit(text: &str, kind: Kind) -> Result<(), Fault> {
    let mut before = None;
    let mut is_visible = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let class = Class::of(c);
        if !class.is_admitted(kind, c, before, rest.peek().copied()) {
            let detail = format!(
                "must not contain U+{:04X} at this position: it is invisible or has no assigned meaning",
                u32::from(c)
            );
            return Err(Fault::new("invalid_character", detail));
        }
        is_visible |= matches!(class, Class::Visible | Class::Private | Class::Unassigned);
        before = Some(c);
    }
    if is_visible { Ok(()) } else { Err(Fault::new("invalid_character", "must contain a visible character")) }
}

/// The text with every line break as LF: CR LF, CR, NEL, and the line and paragraph separators (Unicode, 5.8).
pub(crate) fn with_plain_breaks(text: &str) -> Cow<'_, str> {
    const OTHERS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];
    if text.contains(OTHERS) { text.replace("\r\n", "\n").replace(OTHERS, "\n").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kind; 3] = [Kind::Identifier, Kind::Line, Kind::Paragraphs];

    fn admitted(text: &str) -> [bool; 3] {
        ALL.map(|kind| admit(text, kind).is_ok())
    }

    #[test]
    fn check_of_invisible_characters_in_one_line_is_refused() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let category = CodePointMapData::<GeneralCategory>::new().get(c);
            let is_refused = matches!(
                category,
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
                    | GeneralCategory::PrivateUse
            );
            if is_refused {
                let [identifier, line, _] = admitted(&format!("Ma{c}in"));
                assert!(!identifier && !line, "{:x}", u32::from(c));
            }
            if is_ignorable(c) {
                assert!(!admitted(&format!("Ma{c}in"))[0], "{:x}", u32::from(c));
                assert_eq!(admitted(&format!("{c}")), [false; 3], "{:x}", u32::from(c));
            }
        }
    }

    #[test]
    fn check_of_layout_characters_is_accepted_in_paragraphs_only() {
        for text in ["two\nlines", "a\ttab", "soft\u{ad}hyphen", "zero\u{200b}width", "mark\u{200f}", "\u{f0b7} item"] {
            assert_eq!(admitted(text), [false, false, true], "{text:?}");
        }
        for text in ["nul\0", "bell\u{7}", "c1\u{80}", "\u{202e}over", "\u{2066}isolate", "\u{feff}bom", "\u{e0041}tag"]
        {
            assert_eq!(admitted(text), [false; 3], "{text:?}");
        }
        for text in ["A\u{a0}B", "山田\u{3000}太郎", "\u{2800}\u{2801}", "\u{378}"] {
            assert_eq!(admitted(text), [false, true, true], "{text:?}");
        }
        assert_eq!(admitted("non\u{fffe}character"), [false; 3]);
    }

    #[test]
    fn check_of_joiners_and_selectors_is_accepted_where_they_have_an_effect() {
        for name in
            ["کتاب\u{200c}ها", "क्\u{200d}ष", "👩\u{200d}🔬", "👁\u{fe0f}\u{200d}🗨\u{fe0f}", "❤\u{fe0f}", "辻\u{e0100}"]
        {
            assert_eq!(admitted(name), [false, true, true], "{name:?}");
        }
        for name in
            ["Ma\u{200d}in", "Main\u{200c}", "\u{200d}é", "é\u{200d}", "é\u{200d}\u{200d}é", "\u{fe0f}x", "a \u{fe0f}"]
        {
            assert_eq!(admitted(name), [false; 3], "{name:?}");
        }
    }

    #[test]
    fn check_of_an_invisible_text_is_refused() {
        for text in
            ["\u{301}", "\u{2800}", "\u{115f}", "\u{3164}", "\u{ffa0}", "\u{1d159}", "\u{a0}", "\u{34f}", "\u{200b}"]
        {
            assert_eq!(admitted(text), [false; 3], "{text:?}");
        }
        assert_eq!(admitted("क"), [true; 3]);
    }

    #[test]
    fn with_plain_breaks_replaces_every_line_break_by_lf() {
        assert_eq!(with_plain_breaks("a\r\nb\rc\u{85}d\u{2028}e\u{2029}f\n\r\n"), "a\nb\nc\nd\ne\nf\n\n");
    }
}

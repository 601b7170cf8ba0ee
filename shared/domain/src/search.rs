//! The form in which texts are searched: `istanbul` finds `İstanbul`, `cafe` finds `Café`.

use unicode_normalization::UnicodeNormalization as _;

use crate::characters::{is_ignorable, is_mark};

/// The form in which a search compares texts: compatibility decomposition (NFKD) without combining marks and invisible
/// characters, then full case folding. Letters without a decomposition are replaced by those that people type for them.
/// It is for searching only: unique values are compared by [`fold`](crate::text::fold), which distinguishes accents.
#[must_use]
pub fn search_fold(text: &str) -> String {
    let bare: String = text.nfkd().filter(|c| !is_mark(*c) && !is_ignorable(*c)).collect();
    let mut folded = String::with_capacity(bare.len());
    for c in caseless::default_case_fold_str(&bare).chars() {
        match plain(c) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    folded
}

/// The typed replacement of a folded letter with a stroke, a ligature, or the dotless i of Turkish.
fn plain(folded: char) -> Option<&'static str> {
    Some(match folded {
        'ı' => "i",
        'ł' => "l",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn search_fold_removes_case_accents_and_width() {
        for (term, texts) in [
            ("istanbul", &["İstanbul", "ISTANBUL", "ıstanbul", "I\u{307}stanbul", "ｉｓｔａｎｂｕｌ"][..]),
            ("cafe", &["Café", "CAFÉ", "cafe\u{301}", "ＣＡＦＥ"]),
            ("strasse", &["Straße", "STRASSE", "STRAẞE"]),
            ("lodz", &["Łódź", "LODZ"]),
            ("ffi 5", &["ﬃ ⁵", "FFI\u{a0}５"]),
            ("οδος", &["ΟΔΟΣ", "οδός", "Ὀδός"]),
            ("カフェ", &["ｶﾌｪ", "カフェ"]),
            ("main", &["Ma\u{200b}in", "Ma\u{ad}in"]),
        ] {
            for text in texts {
                assert_eq!(search_fold(text), search_fold(term), "{text}");
            }
        }
        assert_eq!(search_fold("Café Ōta 12"), "cafe ota 12");
    }

    proptest! {
        #[test]
        fn search_fold_is_idempotent(text in "\\PC{0,40}") {
            let folded = search_fold(&text);
            prop_assert_eq!(search_fold(&folded), folded);
        }

        #[test]
        fn search_fold_of_upper_case_and_decomposed_text_is_equal(text in "[a-zà-öø-ÿα-ωа-яİıßŁ0-9 ]{1,30}") {
            prop_assert_eq!(search_fold(&text.to_uppercase()), search_fold(&text));
            prop_assert_eq!(search_fold(&text.nfd().collect::<String>()), search_fold(&text));
        }
    }
}

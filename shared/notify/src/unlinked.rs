//! Removes everything that a mail program could link from texts of users: for subjects, and for emails to recipients
//! who may not know the sender.

/// The dots of domain names (RFC 3490, 3.1), and one that looks like them.
const DOTS: [char; 5] = ['.', '\u{2024}', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
/// Slashes and characters that look like one.
const SLASHES: [char; 6] = ['/', '\\', '\u{2044}', '\u{2215}', '\u{29f8}', '\u{ff0f}'];

/// Signs between the two parts of an e-mail address.
const ATS: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// The text on one line and without parts of links: schemes, paths, domain names, e-mail addresses. Each removed part
/// becomes a space.
pub(crate) fn unlinked(text: &str) -> String {
    let words: Vec<String> = text.split(|c: char| c.is_control() || c.is_whitespace()).map(word).collect();
    words.join(" ").split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A word as it is, or without the parts of a link if it has any.
pub(crate) fn unlinked_word(text: &str) -> String {
    let plain = word(text);
    if plain.chars().eq(text.chars().filter(|c| !is_invisible(*c))) { text.to_owned() } else { plain }
}

fn word(word: &str) -> String {
    let word: String = word.chars().filter(|c| !is_invisible(*c)).collect();
    let with_scheme = word.rsplit_once("://");
    let chars: Vec<char> = with_scheme.map_or(word.as_str(), |(_, rest)| rest).chars().collect();
    let dots: Vec<usize> = (0..chars.len()).filter(|place| is_inner_dot(&chars, *place)).collect();
    let starts_label = |c: &char| !c.is_numeric() && !c.is_ascii_punctuation();
    let before_label = |place: &usize| chars.get(place.saturating_add(1)).is_some_and(starts_label);
    // A number has one dot, an IPv4 address three.
    let is_domain = dots.iter().any(before_label) || dots.len() > 2;
    if !is_domain && with_scheme.is_none() {
        return word;
    }
    let is_of_link = |place, c: &char| dots.contains(&place) || SLASHES.contains(c) || ATS.contains(c);
    chars.iter().enumerate().map(|(place, c)| if is_of_link(place, c) { ' ' } else { *c }).collect()
}

/// Whether it is a dot between two other characters. Any character can stand in a domain name that a mail program
/// links: emoji can too.
fn is_inner_dot(chars: &[char], place: usize) -> bool {
    let is_dot = |place: usize| chars.get(place).map(|c| DOTS.contains(c));
    is_dot(place) == Some(true)
        && place.checked_sub(1).and_then(is_dot) == Some(false)
        && place.checked_add(1).and_then(is_dot) == Some(false)
}

/// An e-mail address that its owner recognizes and no mail program can link: the first character and the domain.
pub(crate) fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or(("", email));
    let first: String = local.chars().take(1).filter(|c| c.is_alphanumeric()).collect();
    let labels = domain.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|label| !label.is_empty());
    format!("{first}… at {}", labels.collect::<Vec<_>>().join(" [dot] "))
}

/// Characters that are invisible or change the direction of the text: they could hide a dot or a whole domain.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlinked_breaks_links() {
        for (text, shown) in [
            ("http://evil.example", "evil example"),
            ("Win at HTTPS://www.evil.example/x?y now", "Win at www evil example x?y now"),
            ("evil.example/x", "evil example x"),
            ("evil\u{3002}example", "evil example"),
            ("ev\u{200b}il.\u{200b}example", "evil example"),
            ("me@evil.example", "me evil example"),
            ("javascript://a.b/c", "a b c"),
            ("https://localhost/x", "localhost x"),
            ("203.0.113.7/x", "203 0 113 7 x"),
            ("a\r\nBcc: b", "a Bcc: b"),
            ("one\u{2028}two\u{2029}three\u{85}four", "one two three four"),
            ("\u{202e}gro.live", "gro live"),
            ("💩.la", "💩 la"),
            ("i❤.ws/x", "i❤ ws x"),
            ("a.💩.la", "a 💩 la"),
            ("evil.\u{fe0f}example", "evil example"),
            ("evil\u{2024}example", "evil example"),
            ("(evil.example)", "(evil example)"),
            ("http.//www.evil.example/win@evil.example", "http www evil example win evil example"),
        ] {
            assert_eq!(unlinked(text), shown, "{text:?}");
        }
    }

    #[test]
    fn masked_address_shows_the_first_character_and_the_domain_without_a_link() {
        assert_eq!(masked("sam@mail.elsewhere.example"), "s… at mail [dot] elsewhere [dot] example");
        let lure = masked("http.//www.evil.example/win@evil.example");
        assert_eq!(lure, "h… at evil [dot] example");
        for odd in ["/x@b.example", "", "@", "zo\u{eb}@b\u{fc}ro\u{3002}example"] {
            assert!(!masked(odd).contains(['.', '/', '@', '\u{3002}']), "{odd}");
        }
    }

    #[test]
    fn unlinked_keeps_texts_without_links() {
        for text in [
            "Northwind Traders, Inc.",
            "Northwind (Traders Inc.)",
            "PR-00001 was approved - Acme",
            "1.5 kg",
            "Dr. Zo\u{eb} O'Neil",
            "A & B",
            "<b>x</b>",
            "wait...what",
            "Traders.\"",
            "and/or @ 5",
        ] {
            assert_eq!(unlinked(text), text);
        }
    }
}

//! The pages of the mailbox.

use askama::Template;
use stockroom_domain::text::Email;
use stockroom_domain::time::Timestamp;
use url::form_urlencoded;
use uuid::Uuid;

use super::Received;
use super::groups::{Group, Names, groups, organization};

/// The query of a page.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// The words of the filter.
    words: String,
    /// Whether the text part is shown.
    shows_text: bool,
}

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "q" => value.trim().clone_into(&mut parsed.words),
                "part" => parsed.shows_text = value == "text",
                _ => {}
            }
        }
        parsed
    }

    /// A path with the filter and other parameters.
    fn href(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let filter = (!self.words.is_empty()).then_some(("q", &*self.words));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(filter.iter().chain(parameters)).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// A mail in the list or at the top of its page.
struct Row<'a> {
    id: Uuid,
    href: String,
    subject: &'a str,
    to: Vec<&'a Email>,
    organization: String,
    sent: Timestamp,
}

impl<'a> Row<'a> {
    fn new(group: &Group<'a>, query: &Query, names: &Names) -> Self {
        let Received { id, subject, created_at, .. } = group.first;
        Self {
            id: *id,
            href: query.href(&format!("/_local/mail/{id}"), &[]),
            subject,
            to: group.recipients().collect(),
            organization: organization(names, group.first),
            sent: *created_at,
        }
    }
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct ListPage<'a> {
    words: &'a str,
    latest: String,
    total: usize,
    rows: Vec<Row<'a>>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    latest: String,
    list: String,
    newer: Option<String>,
    older: Option<String>,
    row: Row<'a>,
    from: &'a Email,
    text: Option<Vec<Piece<'a>>>,
    text_href: String,
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// The groups that match the filter, newest first.
fn matching<'a>(mails: &'a [Received], query: &Query, names: &Names) -> Vec<Group<'a>> {
    let mut found = groups(mails);
    found.retain(|group| group.matches(&query.words, &organization(names, group.first)));
    found
}

fn latest(mails: &[Received]) -> String {
    mails.last().map(|mail| mail.id.to_string()).unwrap_or_default()
}

/// The list of mails that match the filter.
pub(crate) fn list(mails: &[Received], query: &Query, names: &Names) -> Result<String, askama::Error> {
    let rows = matching(mails, query, names).iter().map(|group| Row::new(group, query, names)).collect();
    ListPage { words: &query.words, latest: latest(mails), total: groups(mails).len(), rows }.render()
}

/// The page of one mail. `None` if there is no mail with this id.
pub(crate) fn mail(
    mails: &[Received],
    id: &str,
    query: &Query,
    names: &Names,
) -> Option<Result<String, askama::Error>> {
    let all = groups(mails);
    let group = all.iter().find(|group| group.has(id))?;
    // A mail that the filter excludes has no neighbors.
    let shown = matching(mails, query, names);
    let place = shown.iter().position(|group| group.has(id));
    let neighbor = |place: Option<usize>| {
        let row = Row::new(shown.get(place?)?, query, names);
        Some(row.href)
    };
    let row = Row::new(group, query, names);
    let page = MailPage {
        latest: latest(mails),
        list: query.href("/_local/mail", &[]),
        newer: neighbor(place.and_then(|place| place.checked_sub(1))),
        older: neighbor(place.map(|place| place.saturating_add(1))),
        text_href: query.href(&format!("/_local/mail/{}", row.id), &[("part", "text")]),
        row,
        from: &group.first.from,
        text: query.shows_text.then(|| pieces(&group.first.text)),
    };
    Some(page.render())
}

/// The document of a mail's frame. Its links open in a new tab.
pub(crate) fn frame(mail: &Received) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    match mail.html.split_once("<head>") {
        Some((start, rest)) => format!("{start}<head>{BASE}{rest}"),
        None => format!("{}{BASE}", mail.html),
    }
}

/// Separates the links of a text. A link begins a word and ends before its final punctuation.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let link = word.trim_end().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '>', '"']);
        let is_link = link.starts_with("http://") || link.starts_with("https://");
        let (link, rest) = if is_link { word.split_at(link.len()) } else { ("", word) };
        pieces.extend((!link.is_empty()).then_some(Piece::Link(link)));
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_text_end_before_punctuation() {
        let found = pieces("See http://localhost:8000/reset?token=a_b. (https://a.example/)\nhttp://b.example/?x=1\n");
        let links: Vec<_> = found
            .iter()
            .filter_map(|piece| match piece {
                Piece::Link(link) => Some(*link),
                Piece::Text(_) => None,
            })
            .collect();
        assert_eq!(links, ["http://localhost:8000/reset?token=a_b", "http://b.example/?x=1"]);
        assert_eq!(found[0], Piece::Text("See "));
        assert_eq!(found[2], Piece::Text(". "), "punctuation is no part of a link");
    }

    #[test]
    fn href_keeps_the_filter() {
        let query = Query::parse(Some("q=+a%26b+c&part=text&x=1"));
        assert_eq!((&*query.words, query.shows_text), ("a&b c", true));
        assert_eq!(query.href("/_local/mail", &[("part", "text")]), "/_local/mail?q=a%26b+c&part=text");
        assert_eq!(Query::parse(None).href("/_local/mail", &[]), "/_local/mail");
    }
}

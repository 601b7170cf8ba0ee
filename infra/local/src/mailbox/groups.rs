//! The mails as the pages show them: the copies of one mail together, filtered by words.

use std::collections::HashMap;
use std::time::Duration;

use stockroom_domain::id::OrganizationId;
use stockroom_domain::text::Email;

use super::Received;

/// The longest time between the first and the last copy of a mail.
const MAX_APART: Duration = Duration::from_mins(1);

/// A mail with all its copies. Each copy has another recipient.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    copies: Vec<&'a Received>,
    pub(crate) first: &'a Received,
}

impl<'a> Group<'a> {
    fn accepts(&self, mail: &Received) -> bool {
        let Received { organization, from, subject, html, text, .. } = self.first;
        (organization, from, subject) == (&mail.organization, &mail.from, &mail.subject)
            && (html, text) == (&mail.html, &mail.text)
            && self.recipients().all(|recipient| !mail.to.contains(recipient))
    }

    /// The recipients, in the order of the copies.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = &'a Email> {
        self.copies.iter().flat_map(|copy| &copy.to)
    }

    /// Whether a mail with this id is one of the copies.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.copies.iter().any(|copy| copy.id.to_string() == id)
    }

    /// Whether recipients, subject and organization together contain every word, in any case.
    pub(crate) fn matches(&self, words: &str, organization: &str) -> bool {
        let mut text = format!("{}\n{organization}", self.first.subject);
        for recipient in self.recipients() {
            text.push('\n');
            text.push_str(recipient.as_str());
        }
        let text = text.to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The mails in groups of copies, newest first. `mails` has the oldest first.
pub(crate) fn groups(mails: &[Received]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for mail in mails {
        let recent = |group: &&mut Group<'_>| mail.created_at.since(group.first.created_at) <= MAX_APART;
        match groups.iter_mut().rev().take_while(recent).find(|group| group.accepts(mail)) {
            Some(group) => group.copies.push(mail),
            None => groups.push(Group { copies: vec![mail], first: mail }),
        }
    }
    groups.reverse();
    groups
}

/// Names of organizations, as the pages display them.
pub(crate) type Names = HashMap<OrganizationId, String>;

/// The name of the organization of a mail; its id if the name is unknown.
pub(crate) fn organization(names: &Names, mail: &Received) -> String {
    names.get(&mail.organization).cloned().unwrap_or_else(|| mail.organization.to_string())
}

#[cfg(test)]
mod tests {
    use stockroom_domain::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn mail(number: u128, to: &str, subject: &str, second: u64) -> Received {
        Received {
            id: Uuid::from_u128(number),
            organization: Uuid::from_u128(7).to_string().parse().unwrap(),
            to: [to.parse().unwrap()],
            from: "no-reply@stockroom.example".parse().unwrap(),
            subject: subject.to_owned(),
            html: format!("<p>{subject}</p>"),
            text: subject.to_owned(),
            created_at: Timestamp::EPOCH.plus(Duration::from_secs(second)),
        }
    }

    fn shown(mails: &[Received]) -> Vec<(String, Vec<&str>)> {
        let groups = groups(mails);
        let rows =
            groups.iter().map(|group| (group.first.subject.clone(), group.recipients().map(Email::as_str).collect()));
        rows.collect()
    }

    #[test]
    fn copies_of_a_mail_are_one_group() {
        let mails = [
            mail(1, "ann@a.example", "Low stock", 0),
            mail(2, "ann@a.example", "Your week", 0),
            mail(3, "ben@a.example", "Low stock", 60),
            // The same mail again, and one that is too late.
            mail(4, "ben@a.example", "Low stock", 60),
            mail(5, "eve@a.example", "Your week", 61),
        ];
        let expected = [
            ("Your week", vec!["eve@a.example"]),
            ("Low stock", vec!["ben@a.example"]),
            ("Your week", vec!["ann@a.example"]),
            ("Low stock", vec!["ann@a.example", "ben@a.example"]),
        ];
        assert_eq!(shown(&mails), expected.map(|(subject, to)| (subject.to_owned(), to)));
        assert!(groups(&mails)[3].has(&mails[2].id.to_string()));
        assert!(!groups(&mails)[3].has(&mails[3].id.to_string()));

        let mut other = mail(6, "ben@a.example", "Low stock", 0);
        other.text.push_str(" of ropes");
        assert_eq!(shown(&[mails[0].clone(), other]).len(), 2, "another text is another mail");
    }

    #[test]
    fn filter_needs_every_word_in_any_case() {
        let mails = [mail(1, "Ann@a.example", "Low stock at Zürich", 0)];
        let group = &groups(&mails)[0];
        for words in ["", "  ", "ann", "ZÜRICH low", "example northwind", "traders ann stock"] {
            assert!(group.matches(words, "Northwind Traders (northwind)"), "{words}");
        }
        for words in ["bob", "ann bob", "no-reply"] {
            assert!(!group.matches(words, "Northwind Traders (northwind)"), "{words}");
        }
    }
}

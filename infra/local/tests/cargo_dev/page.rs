//! The commands of a page of the documentation, and the page's statements about their output.

/// A part of a page that begins with commands: the commands, and the text up to the next ones.
#[derive(Debug, Default, Clone)]
pub(crate) struct Step {
    pub(crate) commands: String,
    pub(crate) text: String,
}

/// The section under a heading of the second level.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The steps of a section. Commands are in blocks of the language `sh`.
pub(crate) fn steps(section: &str) -> Vec<Step> {
    let mut blocks = section.split("\n```sh\n");
    blocks.next();
    let step = |block: &str| {
        let (commands, text) = block.split_once("\n```\n").unwrap();
        Step { commands: commands.to_owned(), text: text.split_whitespace().collect::<Vec<_>>().join(" ") }
    };
    blocks.map(step).collect()
}

impl Step {
    /// The values that the page promises: the code in the sentences that begin with "You see".
    pub(crate) fn seen(&self) -> Vec<&str> {
        let (_, seen) = self.text.split_once("You see ").unwrap_or_default();
        let seen = seen.split_once("You see ").map_or(seen, |(first, _)| first);
        let (seen, _) = seen.split_once(". ").unwrap_or((seen, ""));
        seen.split('`').skip(1).step_by(2).collect()
    }
}

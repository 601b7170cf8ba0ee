//! Matches paths with route templates, by the rules that axum and API Gateway share: a literal segment precedes a
//! parameter, a parameter precedes a greedy rest.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A path template in the notation of axum: `/products/{id}`, `/docs/{*rest}`.
#[derive(Debug, Clone)]
pub(crate) struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone)]
enum Segment {
    Literal(String),
    Parameter(String),
    Rest(String),
}

impl PathTemplate {
    pub(crate) fn new(text: String) -> Self {
        let segments = segments(&text).map(Segment::new).collect();
        Self { text, segments }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Orders templates so that the first match of a path is its route.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        let ranks = |template: &Self| template.segments.iter().map(Segment::rank).collect::<Vec<_>>();
        ranks(self).cmp(&ranks(other))
    }

    /// The parameters of a path, undecoded; `None` if it does not match.
    pub(crate) fn matches<'a>(&'a self, path: &'a str) -> Option<BTreeMap<&'a str, &'a str>> {
        let mut parameters = BTreeMap::new();
        let mut rest = path.strip_prefix('/');
        for segment in &self.segments {
            let remaining = rest?;
            let (first, after) = match remaining.split_once('/') {
                Some((first, after)) => (first, Some(after)),
                None => (remaining, None),
            };
            rest = after;
            match segment {
                Segment::Literal(literal) if literal == first => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.insert(name.as_str(), first);
                }
                Segment::Rest(name) if !remaining.is_empty() => {
                    parameters.insert(name.as_str(), remaining);
                    rest = None;
                }
                Segment::Literal(_) | Segment::Parameter(_) | Segment::Rest(_) => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            None => Self::Literal(text.to_owned()),
            Some(name) => match name.strip_prefix('*') {
                None => Self::Parameter(name.to_owned()),
                Some(name) => Self::Rest(name.to_owned()),
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter(_) => 1,
            Self::Rest(_) => 2,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Option<String> {
        let mut templates =
            ["/a/{*rest}", "/a/{id}", "/a/{id}/c", "/a/b", "/a/b/{x}", "/", "/docs/", "/p/{a}/{y}", "/p/{b}/x"]
                .map(|text| PathTemplate::new(text.to_owned()));
        templates.sort_by(PathTemplate::precedence);
        let found = templates.iter().find_map(|template| Some((template.as_str(), template.matches(path)?)));
        found.map(|(template, parameters)| format!("{template} {parameters:?}"))
    }

    #[test]
    fn match_prefers_the_most_literal_template() {
        assert_eq!(route("/a/b").unwrap(), "/a/b {}");
        assert_eq!(route("/a/z%2F").unwrap(), r#"/a/{id} {"id": "z%2F"}"#);
        assert_eq!(route("/a/b/c").unwrap(), r#"/a/b/{x} {"x": "c"}"#);
        assert_eq!(route("/a/z/c").unwrap(), r#"/a/{id}/c {"id": "z"}"#);
        assert_eq!(route("/a/z/d/e").unwrap(), r#"/a/{*rest} {"rest": "z/d/e"}"#);
        assert_eq!(route("/p/1/x").unwrap(), r#"/p/{b}/x {"b": "1"}"#);
        assert_eq!(route("/").unwrap(), "/ {}");
        assert_eq!(route("/docs/").unwrap(), "/docs/ {}");
    }

    #[test]
    fn match_of_an_unknown_path_is_none() {
        for path in ["", "*", "/a", "/a/", "/b", "/docs", "a/b"] {
            assert_eq!(route(path), None, "{path}");
        }
    }
}

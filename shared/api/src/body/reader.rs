//! Reads the text of a JSON body into a [`Node`], once and forward, so that the time depends on the body's length and
//! not on its depth. The lexer is `hifijson`'s, which keeps numbers as text.

use std::collections::HashSet;

use hifijson::{Error, Expect, LexAlloc, SliceLexer, num, str::Error as TextError};

use crate::{body::json::Node, problem::ApiError};

/// The maximum nesting of arrays and objects.
const MAX_DEPTH: usize = 32;

/// A lexer over a body, or in a test over counted bytes.
trait Lexer: LexAlloc<Str: Into<String>, Num: Into<String>> {}

impl<L: LexAlloc<Str: Into<String>, Num: Into<String>>> Lexer for L {}

/// Why a body is malformed.
#[derive(Debug, PartialEq, Eq)]
enum Unreadable {
    Syntax,
    Depth,
    Duplicate,
}

impl From<Error> for Unreadable {
    fn from(_: Error) -> Self {
        Self::Syntax
    }
}

impl From<Expect> for Unreadable {
    fn from(_: Expect) -> Self {
        Self::Syntax
    }
}

impl From<TextError> for Unreadable {
    fn from(_: TextError) -> Self {
        Self::Syntax
    }
}

impl From<num::Error> for Unreadable {
    fn from(_: num::Error) -> Self {
        Self::Syntax
    }
}

/// Reads a whole body.
///
/// # Errors
/// [`ApiError::MalformedJson`]: broken syntax, invalid UTF-8, text after the end, a duplicate member, depth over 32.
pub(crate) fn read(body: &[u8]) -> Result<Node, ApiError> {
    whole(&mut SliceLexer::new(body)).map_err(|unreadable| {
        ApiError::MalformedJson(
            match unreadable {
                Unreadable::Syntax => "The body is not valid JSON.",
                Unreadable::Depth => "The body is nested deeper than 32 levels.",
                Unreadable::Duplicate => "An object in the body has two members with the same name.",
            }
            .into(),
        )
    })
}

fn whole<L: Lexer>(lexer: &mut L) -> Result<Node, Unreadable> {
    lexer.exactly_one(L::ws_peek, |next, lexer| node(next, lexer, 0))
}

/// Reads the value that begins with `next`, at this depth.
fn node<L: Lexer>(next: u8, lexer: &mut L, depth: usize) -> Result<Node, Unreadable> {
    let within = depth.saturating_add(1);
    Ok(match next {
        b'[' | b'{' if within > MAX_DEPTH => return Err(Unreadable::Depth),
        b'[' => {
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', L::ws_peek, |next, lexer| {
                elements.push(node(next, lexer, within)?);
                Ok::<_, Unreadable>(())
            })?;
            Node::Array(elements)
        }
        b'{' => {
            let mut members = Vec::new();
            lexer.discarded().seq(b'}', L::ws_peek, |_, lexer| {
                members.push(member(lexer, within)?);
                Ok::<_, Unreadable>(())
            })?;
            let mut names = HashSet::with_capacity(members.len());
            if !members.iter().all(|(name, _)| names.insert(name.as_str())) {
                return Err(Unreadable::Duplicate);
            }
            Node::Object(members)
        }
        b'"' => Node::String(lexer.discarded().str_string()?.into()),
        b'-' | b'0'..=b'9' => {
            let (literal, _) = lexer.num_string().validated()?;
            Node::Number(literal.into())
        }
        _ => match lexer.null_or_bool() {
            Some(Some(value)) => Node::Bool(value),
            Some(None) => Node::Null,
            None => return Err(Unreadable::Syntax),
        },
    })
}

/// Reads a member of an object.
fn member<L: Lexer>(lexer: &mut L, depth: usize) -> Result<(String, Node), Unreadable> {
    lexer.expect(L::ws_peek, b'"').ok_or(Unreadable::Syntax)?;
    let name = lexer.str_string()?.into();
    lexer.expect(L::ws_peek, b':').ok_or(Unreadable::Syntax)?;
    let next = lexer.ws_peek().ok_or(Unreadable::Syntax)?;
    Ok((name, node(next, lexer, depth)?))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use hifijson::IterLexer;
    use proptest::prelude::*;

    use super::*;

    /// Reads through a lexer that counts every byte it is given.
    fn counted(body: &[u8], count: &Cell<usize>) -> Result<Node, Unreadable> {
        let bytes = body.iter().map(|byte| {
            count.set(count.get() + 1);
            Ok::<_, Infallible>(*byte)
        });
        whole(&mut IterLexer::new(bytes))
    }

    /// A body of 1 MiB whose text is nested to this depth.
    fn nested(depth: usize) -> Vec<u8> {
        let text = "x".repeat(1024 * 1024 - 6 * depth - 2);
        format!("{}\"{text}\"{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)).into_bytes()
    }

    #[test]
    fn read_of_a_deep_body_visits_each_byte_once() {
        let many: Vec<String> = (0..100_000).map(|n| format!(r#""{n}":[{n}]"#)).collect();
        let many = format!("{{{}}}", many.join(",")).into_bytes();
        for body in [nested(1), nested(31), nested(32), many] {
            let count = Cell::new(0);
            counted(&body, &count).unwrap();
            assert_eq!(count.get(), body.len());
        }
    }

    #[test]
    fn count_of_a_reader_that_rereads_every_level_grows_with_depth() {
        /// Reads each value to its end and then again from its first member, as readers of raw values do.
        fn again(body: &[u8], count: &Cell<usize>) -> usize {
            counted(body, count).unwrap();
            match body.strip_prefix(br#"{"a":"#) {
                Some(rest) => 1 + again(&rest[..rest.len() - 1], count),
                None => 1,
            }
        }
        let (body, count) = (nested(31), Cell::new(0));
        assert_eq!(again(&body, &count), 32);
        assert!(count.get() > 31 * body.len());
    }

    #[test]
    fn read_of_nesting_above_32_levels_is_malformed_json() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
            let deep = |times: usize| {
                let levels = if open.len() > 5 { times / 2 } else { times };
                read(format!("{}1{}", open.repeat(levels), close.repeat(levels)).as_bytes())
            };
            assert!(deep(32).is_ok(), "{open}");
            assert!(matches!(deep(34), Err(ApiError::MalformedJson(detail)) if detail.contains("32 levels")), "{open}");
        }
        assert!(read(&vec![b'['; 1024 * 1024]).is_err());
    }

    /// The same value by another reader, numbers aside.
    fn agrees(node: &Node, value: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (node, value) {
            (Node::Null, Value::Null) | (Node::Number(_), Value::Number(_)) => true,
            (Node::Bool(one), Value::Bool(other)) => one == other,
            (Node::String(one), Value::String(other)) => one == other,
            (Node::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| agrees(one, other))
            }
            (Node::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| agrees(one, other)))
            }
            _ => false,
        }
    }

    /// Texts of JSON's own characters.
    const TEXTS: &str = r#"[\[\]{}:,"\\ \t\n\r0-9eE.+\-anulltruefs/bd8\x00\x1f\u{7f}é😀]{0,24}"#;

    proptest! {
        /// Texts of JSON's own characters are read exactly when serde_json reads them, and to the same value.
        #[test]
        fn read_of_json_text_equals_serde_json(body in TEXTS) {
            let ours = whole(&mut SliceLexer::new(body.as_bytes()));
            match serde_json::from_str::<serde_json::Value>(&body) {
                Ok(value) => prop_assert!(
                    matches!(&ours, Ok(node) if agrees(node, &value)) || ours == Err(Unreadable::Duplicate), "{body}"
                ),
                // `serde_json` refuses numbers beyond the range of a binary float; this product refuses those later,
                // with a code.
                Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("out of range"), "{body}"),
            }
        }

        /// Invalid UTF-8 is refused as `serde_json` refuses it.
        #[test]
        fn read_of_any_bytes_fails_when_serde_json_fails(body in prop::collection::vec(any::<u8>(), 0..12)) {
            let body = [b"[\"".as_slice(), &body, b"\"]"].concat();
            let ours = whole(&mut SliceLexer::new(&body));
            prop_assert_eq!(ours.is_ok(), serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }

        /// The output of `serde_json` is read back unchanged, escapes included.
        #[test]
        fn read_of_text_written_by_serde_json_returns_the_value(text in any::<String>(), name in any::<String>()) {
            let body = serde_json::json!({&name: [&text, null, true]}).to_string();
            let expected = Node::Array(vec![Node::String(text), Node::Null, Node::Bool(true)]);
            prop_assert_eq!(whole(&mut SliceLexer::new(body.as_bytes())), Ok(Node::Object(vec![(name, expected)])));
        }
    }
}

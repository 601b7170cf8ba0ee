//! The parts of `infra/template.yaml` that the tests read.

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/template.yaml");

/// One action that a role allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) function: String,
    /// Without its prefix.
    pub(super) action: String,
    /// Of an index of the table, or of the table itself.
    pub(super) index: Option<String>,
    /// The pattern of the partition key; `*` and `?` as in IAM.
    pub(super) pattern: String,
}

/// The resources, in their order.
pub(super) fn resources() -> Map<String, Value> {
    template()["Resources"].as_object().unwrap().clone()
}

/// The parameters of the template.
pub(super) fn parameters() -> Map<String, Value> {
    template()["Parameters"].as_object().unwrap().clone()
}

/// The settings that every function gets.
pub(super) fn variables() -> Map<String, Value> {
    template()["Globals"]["Function"]["Environment"]["Variables"].as_object().unwrap().clone()
}

/// The whole template. Tags are dropped: `!Ref Bus` reads as `Bus`, and `!If` as a list of its three parts.
fn template() -> Value {
    let yaml = fs::read_to_string(FILE).unwrap();
    serde_saphyr::from_str_with_options(&yaml, serde_saphyr::options! { strict_booleans: true }).unwrap()
}

/// The functions' properties, by the name under which each is deployed: the folder of its binary.
pub(super) fn functions() -> BTreeMap<String, Value> {
    let is_function = |resource: &&Value| resource["Type"] == "AWS::Serverless::Function";
    let all = resources();
    let functions = all.values().filter(is_function).map(|function| {
        let code = function["Properties"]["CodeUri"].as_str().unwrap();
        let name = code.trim_end_matches('/').rsplit('/').next().unwrap();
        (name.to_owned(), function["Properties"].clone())
    });
    functions.collect()
}

/// The statements of a function's role.
pub(super) fn statements(function: &Value) -> Vec<Value> {
    let role = text(&function["Role"]).strip_suffix(".Arn").unwrap().to_owned();
    let role = &resources()[role.as_str()]["Properties"];
    assert!(role["ManagedPolicyArns"].is_null(), "a managed policy may grant more");
    let policies = role["Policies"].as_array().unwrap();
    policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone()).collect()
}

/// The functions' rights to the table. Fails when a statement allows more than single partitions.
pub(super) fn grants() -> Vec<Grant> {
    let mut grants = Vec::new();
    for (name, function) in functions() {
        for statement in statements(&function) {
            let actions: Vec<_> = texts(&statement["Action"]);
            if !is_of_items(&statement) {
                continue;
            }
            let condition = statement["Condition"].as_object().unwrap();
            assert_eq!(condition.len(), 2, "{name}: {condition:?}");
            // `ForAllValues` is true of a call that names no partition at all, such as a scan.
            assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false", "{name}");
            let index = match text(&statement["Resource"]).as_str() {
                "TableInUse.Value" => None,
                other => Some(other.strip_prefix("${TableInUse.Value}/index/").unwrap().to_owned()),
            };
            for action in &actions {
                for pattern in texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]) {
                    let action = action.strip_prefix("dynamodb:").unwrap().to_owned();
                    grants.push(Grant { function: name.clone(), action, index: index.clone(), pattern });
                }
            }
        }
    }
    grants
}

/// Whether a statement is about the table's items. Its stream is another thing.
pub(super) fn is_of_items(statement: &Value) -> bool {
    let is_of_stream = texts(&statement["Resource"]).iter().all(|resource| resource.to_lowercase().contains("stream"));
    texts(&statement["Action"]).iter().any(|action| action.starts_with("dynamodb:")) && !is_of_stream
}

/// A text, or several, as a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

/// A text, with or without a tag such as `!Sub`.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Whether a text looks like a pattern, as IAM's `StringLike` does it.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '*' => {
                let behind = signs.as_str();
                let ends = text_ends(rest.as_str());
                return ends.into_iter().any(|end| is_like(behind, end));
            }
            '?' if rest.next().is_some() => {}
            sign if sign != '?' && rest.next() == Some(sign) => {}
            _ => return false,
        }
    }
    rest.as_str().is_empty()
}

fn text_ends(text: &str) -> Vec<&str> {
    text.char_indices().map(|(at, _)| &text[at..]).chain([""]).collect()
}

#[test]
fn pattern_matches_like_iam() {
    for (pattern, text, expected) in [
        ("A#??#B", "A#xy#B", true),
        ("A#??#B", "A#xyz#B", false),
        ("A#??#B", "A#xy#BC", false),
        ("A#*", "A#", true),
        ("A#*#B", "A#x#y#B", true),
        ("A#*#B", "A#x#y#C", false),
        ("A", "", false),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
}

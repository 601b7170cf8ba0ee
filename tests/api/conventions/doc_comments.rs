//! Public types and functions of the shared crates have doc comments. Fields and variants need none where the name is
//! clear.

use std::{fs, path::Path};

use super::rooms::{ROOT, source_files};

fn is_documented_kind(line: &str) -> bool {
    let Some(item) = line.trim_start().strip_prefix("pub ") else { return false };
    let words = item.split(|c: char| !c.is_alphanumeric() && c != '_');
    let kind = words.into_iter().find(|word| !["async", "unsafe"].contains(word)).unwrap_or_default();
    ["fn", "struct", "enum", "trait", "type", "const"].contains(&kind)
}

#[test]
fn public_items_of_shared_crates_have_doc_comments() {
    let mut undocumented = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join("shared")).unwrap() {
        let sources = entry.unwrap().path().join("src");
        if !sources.is_dir() {
            continue;
        }
        for file in source_files(&sources) {
            let source = fs::read_to_string(&file).unwrap();
            let mut has_comment = false;
            for (number, line) in source.lines().enumerate() {
                let text = line.trim_start();
                // A macro's template takes its comment from each use.
                if is_documented_kind(line) && !has_comment && !line.contains('$') {
                    undocumented.push(format!("{}:{}", file.display(), number + 1));
                }
                // Attributes may stand between an item and its comment, over several lines.
                let ends_item = text.is_empty() || text.ends_with([';', '}', '{', ',']) && !text.starts_with("#[");
                has_comment = text.starts_with("///") || (has_comment && !ends_item);
            }
        }
    }
    assert!(undocumented.is_empty(), "{}", undocumented.join("\n"));
}

//! The folders of a crate import each other in one direction only.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

pub(super) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Crates with their folders and single files, in order: each may import those before it, and none after it.
const CRATES: &[(&str, &[&str])] = &[
    ("shared/api", &["schema", "wire", "problem", "body", "auth", "http", "openapi", "serve"]),
    (
        "shared/store",
        &[
            "error",
            "dynamo",
            "keys",
            "schema",
            "rate_limit",
            "write",
            "stock",
            "catalogue",
            "purchasing",
            "people",
            "upgrades",
            "views",
            "background",
        ],
    ),
];

pub(super) fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The first names behind each `crate::` of a file, comments aside: all of them where it opens a list.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.trim_start().strip_prefix('{') else {
            names.insert(identifier(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    names.insert(identifier(&list[start..at]));
                    start = at + 1;
                    if character == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_of_a_list_are_its_first_names() {
    let source = "use crate::{a::{b, c::{d}}, e};\n// crate::f\nuse crate::g::h;\npub(crate) fn i() { crate::j() }";
    let expected = ["a", "e", "g", "j"].map(str::to_owned);
    assert_eq!(imports(source), BTreeSet::from(expected));
}

#[test]
fn folders_import_in_one_direction() {
    let mut wrong = Vec::new();
    for (name, rooms) in CRATES {
        let sources = Path::new(ROOT).join(name).join("src");
        for file in source_files(&sources) {
            let inside = file.strip_prefix(&sources).unwrap();
            let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
            if room == "lib" {
                continue;
            }
            let Some(own) = rooms.iter().position(|known| *known == room) else {
                wrong.push(format!("{name}: {room} has no place in the order of folders"));
                continue;
            };
            for import in imports(&fs::read_to_string(&file).unwrap()) {
                if rooms.iter().position(|known| *known == import).is_some_and(|other| other > own) {
                    wrong.push(format!("{name}: {} imports the later {import}", inside.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

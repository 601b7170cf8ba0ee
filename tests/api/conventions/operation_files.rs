//! The first lines of each operation's file: the route, the test suites and the published events.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use stockroom_domain::{
    event::EventType,
    log::{Action, Entity},
};
use stockroom_local::functions;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Every source file of the functions, without those that only wire.
fn sources() -> Vec<PathBuf> {
    let entries = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries(Path::new(ROOT).join("functions")).map(|function| function.join("src"));
    folders.filter(|folder| folder.is_dir()).flat_map(entries).filter(|path| path.is_file()).collect()
}

/// The module documentation of a file as one line.
fn module_doc(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The texts between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every event that an entry of the log or a movement can publish.
fn events() -> BTreeSet<String> {
    let pairs = Entity::ALL.iter().flat_map(|entity| Action::ALL.iter().map(|action| (*entity, *action)));
    let published = pairs.filter_map(|(entity, action)| EventType::of(entity, action)).chain([EventType::STOCK_LOW]);
    published.map(|event| event.to_string()).collect()
}

#[test]
fn operation_files_name_existing_suites_and_known_events() {
    let known = events();
    let mut documented = BTreeSet::new();
    for file in sources() {
        let doc = module_doc(&fs::read_to_string(&file).unwrap());
        let Some((operation, rest)) = doc.strip_prefix('`').and_then(|doc| doc.split_once("`: ")) else { continue };
        let named = rest.split_once("Tests: ").and_then(|(_, rest)| rest.split_once(". Publishes "));
        let Some((suites, published)) = named else { panic!("{} names no tests or no events", file.display()) };

        let suites = code_spans(suites);
        assert!(!suites.is_empty(), "{} names no tests", file.display());
        for suite in suites {
            let is_suite = suite.starts_with("tests/api/") && Path::new(ROOT).join(suite).is_file();
            assert!(is_suite, "{} names {suite}, which is no suite", file.display());
        }
        let published_events = code_spans(published);
        assert_eq!(published_events.is_empty(), published == "no event.", "{}: {published}", file.display());
        assert!(published_events.is_empty() || !operation.starts_with("GET "), "{} reads only", file.display());
        for event in published_events {
            assert!(known.contains(event), "{} names the unknown event {event}", file.display());
        }
        documented.insert(operation.split('?').next().unwrap().to_owned());
    }
    let below_base = |path: &'static str| path.strip_prefix("/api/v1").filter(|rest| !rest.is_empty());
    let path = |path: &'static str| below_base(path).unwrap_or(path);
    let routes = functions::tables().into_iter().flat_map(|(_, routes)| routes);
    let all: BTreeSet<_> = routes.map(|route| format!("{} {}", route.method, path(route.path))).collect();
    assert_eq!(documented, all, "each operation has one file, whose first line is its route");
}

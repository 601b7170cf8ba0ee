//! One route table: the template routes to a function exactly what it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stockroom_local::functions;

use super::parsed::{self, texts};

/// A method and a path.
type Route = (String, String);

#[test]
fn template_routes_every_operation_to_its_function() {
    let mut deployed = parsed::functions();
    let is_called_by_the_api =
        |function: &Value| function["Events"].as_object().unwrap().values().any(|event| event["Type"] == "Api");
    deployed.retain(|_, function| is_called_by_the_api(function));
    let tables = functions::tables();
    let names: BTreeSet<_> = tables.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(deployed.keys().cloned().collect::<BTreeSet<_>>(), names);

    for (name, table) in tables {
        let routes = table.iter().flat_map(|route| {
            // The function answers HEAD as it answers GET, and OPTIONS to browsers of other origins.
            let more: &[&str] = if route.method == "GET" { &["head", "options"] } else { &["options"] };
            let methods =
                [route.method.as_str().to_lowercase()].into_iter().chain(more.iter().map(|&it| it.to_owned()));
            methods.map(|method| (method, route.path.to_owned()))
        });
        let expected: BTreeSet<Route> = routes.collect();

        let events = deployed[name]["Events"].as_object().unwrap();
        let found = events.values().filter(|event| event["Type"] == "Api").map(|event| {
            let event = &event["Properties"];
            assert_eq!(texts(&event["RestApiId"]), ["Api"]);
            (event["Method"].as_str().unwrap().to_owned(), event["Path"].as_str().unwrap().to_owned())
        });
        let found: Vec<Route> = found.collect();
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected, "{name}");
        assert_eq!(found.len(), expected.len(), "{name} has a route twice");
    }
}

#[test]
fn template_definition_has_a_path() {
    let paths = &parsed::resources()["Api"]["Properties"]["DefinitionBody"]["paths"];
    assert!(!paths.as_object().unwrap().is_empty(), "without one, SAM loses the paths of all events");
}

#[test]
fn watch_router_routes_every_path_to_its_function() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).unwrap();
    let (_, section) = manifest.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let lines = section.lines().take_while(|line| !line.is_empty());
    let entries: BTreeMap<_, _> = lines.map(|line| line.trim_matches('"').split_once("\" = \"").unwrap()).collect();
    let below = |entry: &str, path: &str| entry.strip_suffix("{*rest}").is_some_and(|start| path.starts_with(start));
    let function_of = |path: &str| {
        let exact = entries.get(path);
        exact.or_else(|| entries.iter().find(|(entry, _)| below(entry, path)).map(|(_, function)| function)).copied()
    };
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (name, table) in functions::tables() {
        for route in table {
            assert_eq!(function_of(route.path), Some(name), "{}", route.path);
            let leads = |entry: &&str| *entry == route.path || below(entry, route.path);
            used.extend(entries.keys().copied().filter(leads));
        }
    }
    assert_eq!(used.len(), entries.len(), "a path that no function has");
}

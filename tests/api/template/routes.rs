//! One route table: what the template leads to a function is what the function answers.

use std::collections::BTreeSet;

use stockroom_local::functions;

use super::parsed::{self, texts};

/// A method and a path.
type Route = (String, String);

#[test]
fn the_template_leads_every_route_to_its_function() {
    let deployed = parsed::functions();
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

        let events = deployed[name]["Events"].as_mapping().unwrap();
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
fn one_path_stands_in_the_definition() {
    let paths = &parsed::resources()["Api"]["Properties"]["DefinitionBody"]["paths"];
    assert!(!paths.as_mapping().unwrap().is_empty(), "without one, SAM loses the paths of all events");
}

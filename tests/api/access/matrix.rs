//! The access matrix: every operation by every caller, compared with `matrix.txt`, where review sees it change. After
//! an intended change, `UPDATE_ACCESS_MATRIX=1 cargo test -p stockroom-tests access` writes the file. The variable is
//! separate from others, so that no update widens access by accident.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use stockroom_api::{Access, Route};
use stockroom_harness::Reply;
use stockroom_local::functions;

use super::{
    operations::{name, operations, samples},
    world::{Caller, Standing, World},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/access/matrix.txt");

/// The answers of every operation, in the order of the callers.
type Matrix = BTreeMap<String, Vec<String>>;

#[tokio::test]
async fn every_operation_by_every_caller_matches_the_matrix() {
    let mut world = World::new().await;
    let callers = world.every_caller().await;
    let unknown: Vec<_> =
        operations().iter().filter(|route| samples(route, &callers[0]).is_empty()).map(name).collect();
    assert!(unknown.is_empty(), "`operations.rs` knows no valid request of {unknown:?}");

    let mut matrix = Matrix::new();
    let mut broken = Vec::new();
    for route in operations() {
        let mut row = Vec::new();
        for caller in &callers {
            let reply = samples(&route, caller)[0].by(&caller.client).await;
            if let Some(rule) = broken_rule(&route, caller, &reply) {
                broken.push(format!("{}: {} gets {}, but {rule}", name(&route), caller.name, verdict(&reply)));
            }
            row.push(verdict(&reply));
            world.put_back();
        }
        matrix.insert(name(&route), row);
    }
    // These rules hold independently of the file.
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));

    let names: Vec<_> = callers.iter().map(|caller| caller.name).collect();
    let file = fs::read_to_string(FILE).unwrap();
    if is_update() {
        let (legend, _) = file.split_once("\n\n").unwrap();
        fs::write(FILE, format!("{legend}\n{}", table(&names, &matrix))).unwrap();
        return;
    }
    let differences = differences(&names, &read(&file), &matrix);
    let how = "if that is meant, UPDATE_ACCESS_MATRIX=1 cargo test -p stockroom-tests access writes matrix.txt anew";
    assert!(differences.is_empty(), "\n{}\n{how}", differences.join("\n"));
}

/// An answer in short: the status, with the code of a refusal if the status is ambiguous.
fn verdict(reply: &Reply) -> String {
    let status = reply.status();
    match status {
        200..300 => {
            let is_json = reply.header("content-type") == Some("application/json");
            let is_empty = is_json && reply.json()["items"].as_array().is_some_and(Vec::is_empty);
            if is_empty { format!("{status} empty") } else { status.to_string() }
        }
        422 => {
            let faults = reply.faults();
            let mut codes: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next_back()).collect();
            codes.dedup();
            format!("{status} {}", codes.join(" "))
        }
        303 => {
            let location = reply.header("location").unwrap();
            let error = location.split("error=").nth(1).map(|code| code.split('&').next().unwrap());
            format!("{status} {}", error.unwrap_or("done"))
        }
        308 | 401 | 404 => status.to_string(),
        _ => format!("{status} {}", reply.code()),
    }
}

/// Rules that no row of the file may break.
fn broken_rule(route: &Route, caller: &Caller, reply: &Reply) -> Option<&'static str> {
    let is_public = route.access == Access::Public;
    if reply.status() >= 500 {
        return Some("nothing is wrong with the request");
    }
    match caller.standing {
        // A page is the same for every caller and every id, because it reads nothing.
        _ if route.is_page => None,
        Standing::Unknown if !is_public && (reply.status() != 401 || reply.code() != "unauthenticated") => {
            Some("is unknown here")
        }
        Standing::Outsider if route.path.contains("{id}") && verdict(reply) != "404" => {
            Some("names what is not theirs")
        }
        Standing::Outsider if reply.status() < 300 && !caller.things.mentioned_in(reply.bytes()).is_empty() => {
            Some("is shown what is not theirs")
        }
        Standing::Member(role) => match route.access {
            // The samples name other users.
            Access::Permitted(permission) | Access::SelfOr(permission)
                if !role.may(permission) && verdict(reply) != "403 forbidden" =>
            {
                Some("the role has no such permission")
            }
            Access::Permitted(_) | Access::SelfOr(_) | Access::Public => None,
        },
        Standing::Unknown | Standing::Outsider => None,
    }
}

fn table(callers: &[&str], matrix: &Matrix) -> String {
    let cell_width = |index: usize| matrix.values().map(|row| row[index].len()).max().unwrap_or_default();
    let widths: Vec<_> = callers.iter().enumerate().map(|(index, name)| name.len().max(cell_width(index))).collect();
    let first = matrix.keys().map(String::len).max().unwrap_or_default();
    let line = |operation: &str, cells: &[&str]| {
        let mut line = format!("{operation:first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            write!(line, "  {cell:width$}").unwrap();
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut table = String::from("\n") + &line("", callers);
    for (function, routes) in functions::tables() {
        writeln!(table, "\n[{function}]").unwrap();
        for name in routes.iter().map(name) {
            let cells: Vec<_> = matrix[&name].iter().map(String::as_str).collect();
            table += &line(&name, &cells);
        }
    }
    table
}

/// The rows of the file: an operation and the answer for each caller, separated by two spaces or more.
fn read(file: &str) -> Matrix {
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    let rows = file.lines().filter(|line| line.starts_with(|start: char| start.is_ascii_uppercase())).map(cells);
    rows.filter_map(|row| row.split_first().map(|(name, cells)| (name.clone(), cells.to_vec()))).collect()
}

fn differences(callers: &[&str], file: &Matrix, actual: &Matrix) -> Vec<String> {
    let gone = file.keys().filter(|name| !actual.contains_key(*name)).map(|name| format!("{name}: no such operation"));
    let mut differences: Vec<_> = gone.collect();
    for (name, row) in actual {
        let Some(expected) = file.get(name) else {
            differences.push(format!("{name}: not in matrix.txt; it would be {}", row.join(" | ")));
            continue;
        };
        let nothing = "nothing".to_owned();
        for (index, caller) in callers.iter().enumerate() {
            let (expected, actual) = (expected.get(index).unwrap_or(&nothing), &row[index]);
            if expected != actual {
                differences.push(format!("{name}: {caller} gets {actual} instead of {expected}"));
            }
        }
    }
    differences
}

#[expect(clippy::disallowed_methods, reason = "the caller of the tests chooses whether to write the file")]
fn is_update() -> bool {
    std::env::var("UPDATE_ACCESS_MATRIX").is_ok_and(|update| update == "1")
}

#[test]
fn differences_name_operation_and_caller() {
    let file = "# legend\n\n        staff  admin\n[x]\nGET /a  401    200\nGET /b  200    200\n";
    let actual = [("GET /a", ["200", "200"]), ("GET /c", ["403 forbidden", "200"])]
        .map(|(name, row)| (name.to_owned(), row.map(str::to_owned).to_vec()));
    let expected = [
        "GET /b: no such operation",
        "GET /a: staff gets 200 instead of 401",
        "GET /c: not in matrix.txt; it would be 403 forbidden | 200",
    ];
    assert_eq!(differences(&["staff", "admin"], &read(file), &actual.into()), expected);
}

//! The commands of the README and of this crate's page print the values that the pages state.

use crate::page::{Step, section, steps};
use crate::process::{Dev, printed};

const README: &str = include_str!("../../../../README.md");
const LOCAL: &str = include_str!("../../README.md");

/// Separates the output of two steps.
const NEXT: &str = "@@ next step";

/// The requirements on the output of a step.
struct Expected {
    /// Values that both the page and the output have. Values in code need no mention.
    words: &'static [&'static str],
    check: fn(&str),
}

const EXPECTED: [Expected; 6] = [
    Expected { words: &["Alice Mutton", "Aniseed Syrup", "Boston Crab Meat"], check: products },
    Expected { words: &["201", "409"], check: movements },
    Expected { words: &["35", "742"], check: history },
    Expected { words: &["201"], check: draft },
    Expected { words: &["201", "Sam"], check: own_organization },
    Expected { words: &["18"], check: schedules },
];

#[test]
fn tour_prints_the_values_of_the_pages() {
    let mut dev = Dev::start(&["--in-memory", "--demo", "northwind"]);
    let port = dev.ready();
    let mut tour = steps(section(README, "Tour"));
    tour.extend(steps(section(LOCAL, "Your own organization")));
    tour.extend(steps(section(LOCAL, "Local routes")));
    assert_eq!(tour.len(), EXPECTED.len());

    let commands: Vec<_> = tour.iter().map(|step| step.commands.replace(":8000", &format!(":{port}"))).collect();
    let outputs = printed(&commands.join(&format!("\necho; echo '{NEXT}'\n")));
    let outputs: Vec<_> = outputs.split(NEXT).collect();
    assert_eq!(outputs.len(), EXPECTED.len());
    for ((step, expected), output) in tour.iter().zip(&EXPECTED).zip(outputs) {
        compare(step, expected, output);
        (expected.check)(output);
    }
    let (_, errors) = dev.stop();
    assert_eq!(errors, "", "the tour causes no warning");
}

/// Each value of the page is in the output, and each expected value on the page.
fn compare(step: &Step, expected: &Expected, output: &str) {
    let Step { text, commands } = step;
    assert!(text.contains("You see "), "the page does not say what the reader sees: {commands}");
    for value in step.seen() {
        assert!(output.contains(value), "{commands}\nThe page says `{value}`, but the output is {output}");
    }
    for word in expected.words {
        assert!(text.contains(word), "{commands}\nThe page does not say {word}: {text}");
        assert!(output.contains(word), "{commands}\nThe page says {word}, but the output is {output}");
    }
}

fn count(output: &str, part: &str) -> usize {
    output.matches(part).count()
}

fn products(output: &str) {
    assert_eq!(count(output, r#""sku":"#), 5, "three products and two low levels: {output}");
}

fn movements(output: &str) {
    assert_eq!((count(output, "HTTP/1.1 201"), count(output, "HTTP/1.1 409")), (2, 1), "{output}");
    let bodies: Vec<_> = output.lines().filter(|line| line.starts_with('{')).collect();
    assert!(bodies.len() == 3 && bodies[0] == bodies[1], "the replay is equal byte for byte: {output}");
    assert_eq!(count(output, "idempotency-replayed: true"), 1, "{output}");
}

fn history(output: &str) {
    let answers: Vec<_> = output.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(answers.len(), 4, "{output}");
    assert!(answers[0].contains(r#""on_hand":35"#) && answers[1].contains(r#""on_hand":742"#), "{output}");
    assert!(answers[2].contains(r#""type":"stock.moved""#), "{output}");
    assert_eq!(count(answers[3], r#""occurred_at":"1996-"#), 2, "{output}");
}

fn draft(output: &str) {
    assert_eq!(count(output, "HTTP/1.1 201"), 1, "{output}");
    assert!(output.contains(r#""status":"DRAFT""#), "{output}");
}

fn own_organization(output: &str) {
    assert_eq!((count(output, "HTTP/1.1 201"), count(output, "HTTP/1.1 204")), (1, 1), "{output}");
    assert!(output.contains(r#""subdomain":"initech""#) && output.contains("admin@initech.example"), "{output}");
    assert!(output.contains("/reset?token=") && output.contains("You are invited to Initech"), "{output}");
}

fn schedules(output: &str) {
    assert_eq!(count(output, r#""organizations":"#), 2, "{output}");
    assert!(output.contains("Your week from 26 April 1998 to 2 May 1998 - Northwind Traders"), "{output}");
}

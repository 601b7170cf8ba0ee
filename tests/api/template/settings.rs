//! The settings that the template gives to functions are ones that they take.

use std::{collections::BTreeSet, fs};

use serde_yaml_ng::Value;
use stockroom_runtime::{Config, ConfigError};

use super::parsed::{functions, parameters, resources, text, texts, variables};

/// How many letters and digits the template asks for.
fn length(secret: &str) -> usize {
    let generated = &resources()[secret]["Properties"]["GenerateSecretString"];
    assert_eq!(generated["ExcludePunctuation"], true, "{secret}");
    usize::try_from(generated["PasswordLength"].as_u64().unwrap()).unwrap()
}

/// What a function makes of the template's settings when these letters and digits were generated.
fn config(secret_key: &str, cursor_key: &str) -> Result<Config, ConfigError> {
    let given = variables();
    let cursor_key =
        texts(&given["CURSOR_KEY"])[0].replace("{{resolve:secretsmanager:${CursorKey}:SecretString}}", cursor_key);
    Config::from_vars(|name| {
        let value = match name {
            // These come from Lambda.
            "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => return Some("of-lambda".to_owned()),
            "ENV" => "production",
            "LOG_LEVEL" => "info",
            "PUBLIC_URL" => "https://stockroom.example.com",
            "TABLE_NAME" => "table",
            "SECRET_KEY" | "SECRET_KEY_PREVIOUS" => secret_key,
            "CURSOR_KEY" => &cursor_key,
            _ => "",
        };
        given.contains_key(name).then(|| value.to_owned())
    })
}

#[test]
fn a_function_starts_with_what_it_is_given() {
    let signs: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    for first in &signs {
        let generated =
            |length| signs.iter().cycle().skip_while(|sign| *sign != first).take(length).collect::<String>();
        config(&generated(length("SecretKey")), &generated(length("CursorKey"))).unwrap();
    }
}

#[test]
fn every_setting_given_is_a_setting() {
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.sample")).unwrap();
    for name in variables().keys().map(|name| name.as_str().unwrap()) {
        assert!(sample.lines().any(|line| line.split('=').next() == Some(name)), "{name} is no setting");
    }
}

#[test]
fn a_changed_setting_is_a_new_version_of_every_function() {
    let parameters = parameters();
    let mut referred = BTreeSet::new();
    for variable in variables().values() {
        words_of(variable, &mut referred);
    }
    referred.retain(|name| parameters.contains_key(name.as_str()));
    // It never changes: it names the stack.
    assert!(referred.remove("Environment"));
    let raised = words(&text(&parameters["SettingsVersion"]["Description"]));
    let (by_hand, by_itself): (BTreeSet<_>, BTreeSet<_>) = referred.iter().partition(|name| raised.contains(*name));

    let others = raised.iter().filter(|name| parameters.contains_key(name.as_str()) && !by_hand.contains(name));
    assert_eq!(others.count(), 0, "a parameter that is in no setting");
    for (name, function) in functions() {
        let described = text(&function["VersionDescription"]);
        assert!(described.contains("${SettingsVersion}"), "{name} does not notice SettingsVersion");
        for parameter in &by_itself {
            assert!(described.contains(&format!("${{{parameter}}}")), "{name} does not notice {parameter}");
        }
    }
}

/// The words in a value of the template, names of parameters among them.
fn words_of(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(values) = value.as_sequence() {
        for value in values {
            words_of(value, found);
        }
    } else if value.is_string() {
        found.extend(words(&text(value)));
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|sign: char| !sign.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

//! The settings that the template gives to functions are ones that they take.

use std::fs;

use stockroom_runtime::{Config, ConfigError};

use super::parsed::{functions, resources, texts, variables};

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
    for (name, function) in functions() {
        let described = texts(&function["VersionDescription"]).remove(0);
        for parameter in ["SettingsVersion", "LogLevel", "SecretKeyVersion", "OtherSecretKeyVersion"] {
            assert!(described.contains(&format!("${{{parameter}}}")), "{name} does not notice {parameter}");
        }
    }
}

//! Parsers for values of settings. An error states the expected form and never repeats the value.

use std::{str::FromStr, time::Duration};

use sentry::types::Dsn;
use stockroom_domain::{limit::Limit, text::Email};
use stockroom_store::WRITE_DEADLINE;
use tracing_subscriber::filter::LevelFilter;

/// The environment that a function runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Testing,
    Staging,
    Production,
}

impl Environment {
    /// Its name as a setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl FromStr for Environment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "development" => Self::Development,
            "testing" => Self::Testing,
            "staging" => Self::Staging,
            "production" => Self::Production,
            _ => return Err("development, testing, staging or production"),
        })
    }
}

/// The log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub(crate) LevelFilter);

impl LogLevel {
    /// Warnings and errors only.
    pub const WARN: Self = Self(LevelFilter::WARN);
    /// Also a line for every request.
    pub const INFO: Self = Self(LevelFilter::INFO);
    /// Also details for debugging.
    pub const DEBUG: Self = Self(LevelFilter::DEBUG);
}

impl FromStr for LogLevel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE]
            .into_iter()
            .find(|level| level.to_string().eq_ignore_ascii_case(text))
            .map(Self)
            .ok_or("error, warn, info, debug or trace")
    }
}

/// A limit; `off` is none.
pub(super) struct Allowed(pub(super) Option<Limit>);

impl FromStr for Allowed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let expected = "1 to 1000000 per second, minute, hour or day, such as 600/minute, or off";
        text.parse().map(|limit| Self(Some(limit))).map_err(|_| expected)
    }
}

/// Limits with different windows, such as `20/hour,100/day`. All of them must hold.
pub(super) struct AllOf(pub(super) Vec<Limit>);

impl FromStr for AllOf {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "limits in different times such as 20/hour,100/day, or off";
        if text == "off" {
            return Ok(Self(Vec::new()));
        }
        let limits: Result<Vec<Limit>, _> = text.split(',').map(|limit| limit.trim().parse()).collect();
        let limits = limits.map_err(|_| EXPECTED)?;
        let windows: std::collections::BTreeSet<_> = limits.iter().map(|limit| limit.window_seconds()).collect();
        if windows.len() == limits.len() { Ok(Self(limits)) } else { Err(EXPECTED) }
    }
}

/// The address of a Sentry project, with its public key.
pub(super) struct SentryDsn(pub(super) Dsn);

impl FromStr for SentryDsn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "a DSN of Sentry such as https://key@o1.ingest.sentry.io/1")
    }
}

pub(super) struct Positive(pub(super) u32);

impl FromStr for Positive {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().ok().filter(|number| (1..=100_000).contains(number)).map(Self).ok_or("a whole number from 1 on")
    }
}

/// How long before now a feed ends: longer than any write, plus clock skew.
#[derive(Clone, Copy)]
pub(super) struct Settle(pub(super) Duration);

impl FromStr for Settle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= 3_600).map(Duration::from_secs);
        let seconds = seconds.filter(|settle| *settle > WRITE_DEADLINE).map(Self);
        seconds.ok_or_else(|| format!("a whole number of seconds above {}", WRITE_DEADLINE.as_secs()))
    }
}

/// Largest sum of a page's items. A response of a function ends at 6 MB; a page leaves a sixth of that free, and 64
/// KiB for headers, cursor and link.
pub(super) struct PageBytes(pub(super) usize);

impl PageBytes {
    pub(super) const MAX: usize = (5 * 1024 - 64) * 1024;
}

impl FromStr for PageBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.parse().ok().filter(|bytes| (1..=Self::MAX).contains(bytes)).map(Self);
        bytes.ok_or_else(|| format!("a whole number of bytes from 1 to {}", Self::MAX))
    }
}

/// Origins as a browser writes them: scheme and host in lower case, perhaps a port.
#[derive(Default)]
pub(super) struct Origins(pub(super) Vec<String>);

impl FromStr for Origins {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_origin = |origin: &&str| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
            host.is_some_and(|host| !host.is_empty() && host.chars().all(allowed))
        };
        let origins: Vec<&str> = text.split(',').map(str::trim).collect();
        if !origins.iter().all(is_origin) {
            return Err("origins such as https://app.example.com, separated by commas");
        }
        Ok(Self(origins.into_iter().map(str::to_owned).collect()))
    }
}

/// An address that a path can be appended to.
pub(super) struct PublicUrl(pub(super) String);

impl PublicUrl {
    pub(super) const EXPECTED: &str = "an address such as https://stockroom.example.com, without query and fragment";
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = rest.chars().all(|c| c.is_ascii_graphic() && !"?#@\"<>\\".contains(c));
        if host.is_empty() || !is_plain {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// A sender of mail.
pub(super) struct MailFrom(pub(super) Option<Email>);

impl MailFrom {
    pub(super) const EXPECTED: &str = "an e-mail address that SES may send from";
}

impl FromStr for MailFrom {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|from| Self(Some(from))).map_err(|_| Self::EXPECTED)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Switch(pub(super) bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "true" | "1" | "on" => Ok(Self(true)),
            "false" | "0" | "off" => Ok(Self(false)),
            _ => Err("true or false"),
        }
    }
}

//! Moments, in milliseconds and UTC.

use std::{fmt, str::FromStr, time::Duration};

use crate::fault::Fault;

/// A moment since 1970, to the millisecond. Written as RFC 3339 in UTC, always with three decimals, so that the text
/// sorts as the moments do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z; `None` before it and after the year 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        if millis < 0 {
            return None;
        }
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).unwrap_or_default()
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, as JWT and the table's time to live count.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.unix_millis() / 1_000
    }

    /// The moment so much later; the end of time where there is none.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0.checked_add(duration).map_or(Self(jiff::Timestamp::MAX), Self)
    }

    /// The moment so much earlier; 1970 where there is none.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.0.checked_sub(duration).map_or(Self::EPOCH, |moment| Self(moment.max(jiff::Timestamp::UNIX_EPOCH)))
    }

    /// Its day, UTC, as people write it: `2 May 1998`.
    #[must_use]
    pub fn day(self) -> String {
        self.0.strftime("%-d %B %Y").to_string()
    }

    /// How long `earlier` lies back, zero if it does not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.unix_millis().saturating_sub(earlier.unix_millis()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = Fault;

    /// Any RFC 3339 moment of the years 1970 to 9999; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let is_rfc3339 = text.as_bytes().get(10).is_some_and(|separator| matches!(separator, b'T' | b't' | b' '));
        text.parse::<jiff::Timestamp>()
            .ok()
            .filter(|_| is_rfc3339)
            .and_then(|moment| Self::from_unix_millis(moment.as_millisecond()))
            .ok_or_else(|| Fault::new("invalid_format", "must be an RFC 3339 time such as 2026-11-23T02:57:00.000Z"))
    }
}

crate::text::serialize_as_text!(Timestamp);
crate::schema::has_schema!(Timestamp, {
    let about = "An RFC 3339 time; in answers in UTC and with milliseconds, such as 2026-11-23T02:57:00.000Z.";
    schemars::json_schema!({"description": about, "type": "string", "format": "date-time"})
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_three_decimals_and_read_with_any_offset() {
        for (read, written) in [
            ("2026-11-23T02:57:00Z", "2026-11-23T02:57:00.000Z"),
            ("2026-11-23T03:57:00.1239+01:00", "2026-11-23T02:57:00.123Z"),
            ("1998-05-03T00:00:00.000Z", "1998-05-03T00:00:00.000Z"),
        ] {
            assert_eq!(read.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "2026-11-23", "2026-11-23T02:57:00", "1969-12-31T23:59:59Z", "20261123T025700Z", "now"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}

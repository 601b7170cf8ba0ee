//! Times in milliseconds and UTC.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    SignedDuration,
    civil::{Date, DateTime, Time, date},
};

use crate::fault::Fault;

/// A time in the years 1970 to 9999, to the millisecond. Written as RFC 3339 in UTC, always with three decimals, so
/// that texts sort like times. It counts milliseconds since 1970: the timestamps of jiff end 26 hours before the year
/// 9999 does, so that they exist in every time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// 1970-01-01T00:00:00, UTC.
const START: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// 9999-12-31T23:59:59.999Z, the maximum.
    pub const END: Self = Self(253_402_300_799_999);

    /// The time this number of milliseconds after 1970-01-01T00:00:00Z; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        u64::try_from(millis).ok().map(Self).filter(|moment| *moment <= Self::END)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        self.0
    }

    /// Date and time of day, UTC.
    fn civil(self) -> DateTime {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        START.checked_add(SignedDuration::from_millis(millis)).unwrap_or(DateTime::MAX)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, for JWT and the table's time to live.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.unix_millis() / 1_000
    }

    /// The time later by this duration; at most [`Timestamp::END`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration))).min(Self::END)
    }

    /// The time earlier by this duration; at least 1970.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Its day in UTC, in the form `2 May 1998`.
    #[must_use]
    pub fn day(self) -> String {
        self.civil().strftime("%-d %B %Y").to_string()
    }

    /// The time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}Z", self.civil())
    }
}

impl FromStr for Timestamp {
    type Err = Fault;

    /// An RFC 3339 time in the years 1970 to 9999. Fractions of a millisecond are cut off, and a leap second becomes
    /// the second before it.
    fn from_str(text: &str) -> Result<Self, Fault> {
        read(text)
            .ok_or_else(|| Fault::new("invalid_format", "must be an RFC 3339 time such as 2026-11-23T02:57:00.000Z"))
    }
}

/// Reads exactly the `date-time` of RFC 3339, section 5.6. Parsers of ISO 8601 accept more: `T02Z`, `,5Z`, `+01`.
fn read(text: &str) -> Option<Timestamp> {
    let (local, rest) = text.split_at_checked("2026-11-23T02:57:00".len())?;
    let number = |at: std::ops::Range<usize>| digits(local.get(at)?);
    let punctuation = [4, 7, 10, 13, 16].map(|at| local.as_bytes().get(at).map_or(0, u8::to_ascii_uppercase));
    if punctuation != *b"--T::" {
        return None;
    }
    let day = Date::new(number(0..4)?, number(5..7)?.try_into().ok()?, number(8..10)?.try_into().ok()?).ok()?;
    let second = number(17..19).filter(|second| *second <= 60)?.min(59);
    let time =
        Time::new(number(11..13)?.try_into().ok()?, number(14..16)?.try_into().ok()?, second.try_into().ok()?, 0);
    let (millis, offset) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let (fraction, offset) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
            let millis = match fraction.len() {
                0 => return None,
                1 => digits(fraction)?.saturating_mul(100),
                2 => digits(fraction)?.saturating_mul(10),
                _ => digits(fraction.get(..3)?)?,
            };
            (millis, offset)
        }
    };
    let local = day.to_datetime(time.ok()?).duration_since(START);
    let at = local.checked_sub(minutes_ahead(offset)?)?.checked_add(SignedDuration::from_millis(millis.into()))?;
    i64::try_from(at.as_millis()).ok().and_then(Timestamp::from_unix_millis)
}

/// The offset of a local time from UTC: `Z`, `+01:00`.
fn minutes_ahead(offset: &str) -> Option<SignedDuration> {
    if offset.eq_ignore_ascii_case("Z") {
        return Some(SignedDuration::ZERO);
    }
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':').filter(|(hours, minutes)| (hours.len(), minutes.len()) == (2, 2))?;
    let (hours, minutes) =
        (digits(hours).filter(|hours| *hours < 24)?, digits(minutes).filter(|minutes| *minutes < 60)?);
    let ahead = SignedDuration::from_mins(i64::from(hours.saturating_mul(60).saturating_add(minutes)));
    match sign {
        "+" => Some(ahead),
        "-" => ahead.checked_neg(),
        _ => None,
    }
}

/// The value of these digits, at most four.
fn digits(text: &str) -> Option<i16> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

crate::text::serialize_as_text!(Timestamp);
crate::schema::has_schema!(Timestamp, {
    let about = "An RFC 3339 time. Responses use UTC with milliseconds, such as `2026-11-23T02:57:00.000Z`.";
    schemars::json_schema!({
        "description": about, "type": "string", "format": "date-time", "examples": ["2026-11-23T02:57:00.000Z"],
    })
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse_of_any_offset_prints_utc_with_three_decimals() {
        for (read, written) in [
            ("2026-11-23T02:57:00Z", "2026-11-23T02:57:00.000Z"),
            ("2026-11-23T03:57:00.1239+01:00", "2026-11-23T02:57:00.123Z"),
            ("1998-05-03T00:00:00.000Z", "1998-05-03T00:00:00.000Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"),
            ("2026-11-23t02:57:00.1z", "2026-11-23T02:57:00.100Z"),
            ("2026-11-23T02:57:00.12345678901234567890-00:00", "2026-11-23T02:57:00.123Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
            ("2026-11-23T00:57:00-23:59", "2026-11-24T00:56:00.000Z"),
            ("9999-12-31T23:59:59+14:00", "9999-12-31T09:59:59.000Z"),
        ] {
            assert_eq!(read.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn parse_of_an_invalid_timestamp_is_refused() {
        for text in ["", "2026-11-23", "2026-11-23T02:57:00", "1969-12-31T23:59:59Z", "20261123T025700Z", "now"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        for text in [
            "1969-12-31T23:59:59.9999Z",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "2026-11-23T02:57:00Z[Europe/Berlin]",
            "2026-11-23T02:57:00+99:00",
            "2026-11-23T02:57:00+24:00",
            "2026-11-23T02:57:00+01:60",
            "2026-11-23T02:57:00+01",
            "2026-11-23T02:57:00+0100",
            "2026-11-23T02:57:00+01:00:00",
            "2026-11-23T02:57:00\u{2212}01:00",
            "2026-11-23T02:57:00.Z",
            "2026-11-23T02:57:00,5Z",
            "2026-11-23T02:57:61Z",
            "2026-11-23T02:60:00Z",
            "2026-11-23T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-23T02:57Z",
            "2026-11-23T02Z",
            "2026-11-23T025700Z",
            "2026-11-23 02:57:00Z",
            "2026-11-23T02:57:00 Z",
            "2026-11-23T+2:57:00Z",
            "2026-11-23T02:57:00Z ",
            "-271821-04-20T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn timestamps_end_with_the_year_9999() {
        let end: Timestamp = "9999-12-31T23:59:59.999Z".parse().unwrap();
        assert_eq!(end, Timestamp::END);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(end.minus(Duration::MAX), Timestamp::EPOCH);
        assert_eq!(end.day(), "31 December 9999");
        assert_eq!(Timestamp::from_unix_millis(i64::MAX), None);
        assert_eq!(Timestamp::EPOCH.since(end), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn parse_of_a_printed_timestamp_returns_and_sorts_the_same(
            a in 0..=Timestamp::END.0,
            b in 0..=Timestamp::END.0,
        ) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(a.to_string().parse::<Timestamp>().unwrap(), a);
            prop_assert_eq!(a.to_string().len(), 24);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn parse_of_any_text_never_panics(
            text in "[-+0-9TtZz:. \\[\\]]{0,40}|[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[-+][0-9]{2}:[0-9]{2}",
        ) {
            if let Ok(moment) = text.parse::<Timestamp>() {
                prop_assert!(moment <= Timestamp::END);
            }
        }
    }
}

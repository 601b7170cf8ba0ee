//! The weekly report of an organization: sums of movements, and their comparison.

use std::{fmt, time::Duration};

use rust_decimal::Decimal;

use crate::{
    quantity::{Quantity, grouped},
    stock::{Movement, MovementType},
    time::Timestamp,
};

const DAY: Duration = Duration::from_hours(24);

/// An exact sum of quantities, with more digits than one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Total(Decimal);

impl Total {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The sum plus one more quantity; it saturates at 28 digits.
    #[must_use]
    pub fn plus(self, quantity: Quantity) -> Self {
        Self(self.0.saturating_add(quantity.into()))
    }

    /// The sum of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How much of `whole` it is, in percent; at least 1 unless it is zero.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> u8 {
        let share = self.0.abs().checked_div(whole.0.abs()).unwrap_or_default().min(Decimal::ONE);
        let percent = share.checked_mul(Decimal::ONE_HUNDRED).unwrap_or_default().ceil();
        u8::try_from(percent).unwrap_or(100)
    }
}

impl fmt::Display for Total {
    /// With commas as thousands separators: `12,345.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(&self.0.normalize().to_string()))
    }
}

/// Totals of movements. Quantities of different units are added as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MovementTotals {
    /// The number of movements; a transfer is one.
    pub movements: u64,
    /// The quantity received.
    pub received: Total,
    /// The quantity issued.
    pub issued: Total,
    /// The quantity transferred between warehouses, counted once.
    pub transferred: Total,
    /// The quantity added by adjustments.
    pub found: Total,
    /// The quantity removed by adjustments.
    pub lost: Total,
}

impl MovementTotals {
    /// Adds a movement.
    #[must_use]
    pub fn plus(mut self, kind: MovementType, quantity: Quantity) -> Self {
        match kind {
            MovementType::In => self.received = self.received.plus(quantity),
            MovementType::Out => self.issued = self.issued.plus(quantity),
            MovementType::TransferOut => self.transferred = self.transferred.plus(quantity),
            // The other leg is counted.
            MovementType::TransferIn => return self,
            MovementType::Adjustment if quantity.is_negative() => self.lost = self.lost.plus(quantity.negated()),
            MovementType::Adjustment => self.found = self.found.plus(quantity),
        }
        self.movements = self.movements.saturating_add(1);
        self
    }

    /// The sum of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            movements: self.movements.saturating_add(other.movements),
            received: self.received.with(other.received),
            issued: self.issued.with(other.issued),
            transferred: self.transferred.with(other.transferred),
            found: self.found.with(other.found),
            lost: self.lost.with(other.lost),
        }
    }

    /// Adds a line of the ledger.
    #[must_use]
    pub fn and(self, movement: &Movement) -> Self {
        self.plus(movement.kind, movement.quantity)
    }
}

/// A week from Sunday to Sunday, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Week {
    const LENGTH: Duration = DAY.saturating_mul(7);

    /// The last complete week at that time; the first week of 1970 for earlier times.
    #[must_use]
    pub fn before(moment: Timestamp) -> Self {
        // 1970 began on a Thursday, so the first Sunday is three days after it.
        let first_sunday = Timestamp::EPOCH.plus(DAY.saturating_mul(3));
        let weeks = moment.since(first_sunday).as_secs().checked_div(Self::LENGTH.as_secs()).unwrap_or_default();
        let end = first_sunday.plus(Duration::from_secs(weeks.saturating_mul(Self::LENGTH.as_secs())));
        Self { start: end.minus(Self::LENGTH), end }
    }

    /// The previous week.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { start: self.start.minus(Self::LENGTH), end: self.start }
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Timestamp {
        self.end.minus(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn week_before_a_moment_ends_with_the_last_sunday() {
        for (moment, end) in [
            ("1998-05-03T00:00:00Z", "1998-05-03T00:00:00Z"),
            ("1998-05-09T23:59:59.999Z", "1998-05-03T00:00:00Z"),
            ("1998-05-02T23:59:59.999Z", "1998-04-26T00:00:00Z"),
            ("2026-11-24T12:00:00Z", "2026-11-22T00:00:00Z"),
        ] {
            assert_eq!(Week::before(at(moment)).end, at(end), "{moment}");
        }
        let week = Week::before(at("1998-05-03T00:00:00Z"));
        assert_eq!((week.start, week.last_day()), (at("1998-04-26T00:00:00Z"), at("1998-05-02T00:00:00Z")));
        assert_eq!(week.previous(), Week { start: at("1998-04-19T00:00:00Z"), end: week.start });
    }

    #[test]
    fn totals_count_each_movement_type_once() {
        let quantity = |text: &str| text.parse::<Quantity>().unwrap();
        let moved = [
            (MovementType::In, "3"),
            (MovementType::Out, "1.5"),
            (MovementType::TransferOut, "2"),
            (MovementType::TransferIn, "2"),
            (MovementType::Adjustment, "-0.25"),
            (MovementType::Adjustment, "4"),
        ];
        let totals =
            moved.iter().fold(MovementTotals::default(), |totals, (kind, text)| totals.plus(*kind, quantity(text)));
        let total = |text: &str| Total::ZERO.plus(quantity(text));
        let expected = MovementTotals {
            movements: 5,
            received: total("3"),
            issued: total("1.5"),
            transferred: total("2"),
            found: total("4"),
            lost: total("0.25"),
        };
        assert_eq!(totals, expected);
    }

    #[test]
    fn totals_print_commas_and_compare_in_percent() {
        let total = |text: &str| Total::ZERO.plus(text.parse().unwrap());
        for (text, written) in [("0", "0"), ("999", "999"), ("1000", "1,000"), ("-1234567.50", "-1,234,567.5")] {
            assert_eq!(total(text).to_string(), written);
        }
        let percent = |part: &str, whole: &str| total(part).percent_of(total(whole));
        assert_eq!([percent("1", "3"), percent("0", "3"), percent("0", "0"), percent("1", "100000")], [34, 0, 0, 1]);
        assert_eq!(percent("-3", "3"), 100);
    }
}

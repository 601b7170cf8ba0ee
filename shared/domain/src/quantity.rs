//! Exact quantities of goods.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;

use crate::fault::Fault;

/// An exact decimal of at most 15 significant digits and at most [`Quantity::FINEST`] decimals, with an absolute value
/// below 10^15. It is read from the digits of a literal and written as digits, never through a binary float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(Decimal);

crate::text::serialize_as_text!(Quantity);
// JSON shows it as a number.
crate::schema::has_schema!(Quantity, {
    let about = "An exact decimal with at most 15 significant digits and 4 decimals. A quantity of a product has at \
                 most `decimal_places` decimals.";
    let most = 999_999_999_999_999_i64;
    schemars::json_schema!({
        "description": about, "type": "number", "minimum": -most, "maximum": most, "examples": [24],
    })
});

const MAX_DIGITS: usize = 15;

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The maximum number of decimals of a quantity.
    pub const FINEST: u32 = 4;

    /// Whether it is a whole number.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.decimals() == 0
    }

    /// The number of significant decimals: 1.50 has one.
    #[must_use]
    pub fn decimals(self) -> u32 {
        self.0.scale()
    }

    /// Whether it is above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self > Self::ZERO
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self < Self::ZERO
    }

    /// The negated quantity.
    #[must_use]
    pub fn negated(self) -> Self {
        Self((-self.0).normalize())
    }

    /// The exact sum; `None` if it has more digits than a quantity.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::checked(self.0.checked_add(other.0)?)
    }

    /// The exact difference; `None` if it has more digits than a quantity.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// Its digits with commas as thousands separators: `12,345.5`.
    #[must_use]
    pub fn grouped(self) -> String {
        grouped(&self.to_string())
    }

    /// The quantity in units of the finest decimal.
    pub(crate) fn ten_thousandths(self) -> i128 {
        let missing = Self::FINEST.saturating_sub(self.decimals());
        self.0.mantissa().saturating_mul(10_i128.saturating_pow(missing))
    }

    fn checked(value: Decimal) -> Option<Self> {
        let value = value.normalize();
        let digits = value.mantissa().unsigned_abs().checked_ilog10().unwrap_or_default();
        let fits = usize::try_from(digits).is_ok_and(|digits| digits < MAX_DIGITS) && value.scale() <= Self::FINEST;
        (fits && value.abs() < Decimal::from(10_u64.pow(15))).then_some(Self(value))
    }
}

impl From<Quantity> for Decimal {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl From<u32> for Quantity {
    fn from(value: u32) -> Self {
        Self(Decimal::from(value))
    }
}

impl FromStr for Quantity {
    type Err = Fault;

    /// Reads a JSON number's literal, exponent included: `12`, `0.50`, `-3`, `1.2e3`.
    fn from_str(literal: &str) -> Result<Self, Fault> {
        // Most quantities are short whole numbers.
        if literal.len() <= MAX_DIGITS
            && is_digits(literal)
            && let Ok(whole) = literal.parse::<u64>()
        {
            return Ok(Self(Decimal::from(whole)));
        }
        let malformed = || Fault::new("wrong_type", "must be a number");
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let (Some(exponent), true, true) = (exponent_of(exponent), is_digits(whole), is_digits(fraction)) else {
            return Err(malformed());
        };
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        if significant.len() > MAX_DIGITS {
            return Err(Fault::new("too_many_digits", "must have at most 15 significant digits"));
        }
        let trailing = digits.len().saturating_sub(digits.trim_end_matches('0').len());
        // significant x 10^power is the value. No literal of a body has so many digits that these sums saturate.
        let power = exponent.saturating_add(count(trailing)).saturating_sub(count(fraction.len()));
        if power < -i64::from(Self::FINEST) {
            return Err(too_fine());
        }
        if power.saturating_add(count(significant.len())) > count(MAX_DIGITS) {
            return Err(too_large());
        }
        let mantissa: i64 = significant.parse().map_err(|_| malformed())?;
        let mantissa = i128::from(if negative { mantissa.saturating_neg() } else { mantissa });
        let value = match u32::try_from(power) {
            Ok(power) => Decimal::from_i128_with_scale(mantissa.saturating_mul(10_i128.saturating_pow(power)), 0),
            Err(_) => Decimal::from_i128_with_scale(mantissa, u32::try_from(power.unsigned_abs()).unwrap_or_default()),
        };
        Ok(Self(value.normalize()))
    }
}

/// A decimal's digits with commas as thousands separators.
pub(crate) fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The exponent of a literal; `None` if it is malformed. An exponent outside `i64` saturates.
fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let extreme = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    is_digits(digits).then(|| text.parse().unwrap_or(extreme))
}

fn too_fine() -> Fault {
    Fault::new("too_many_decimals", "must have at most 4 decimals")
}

fn too_large() -> Fault {
    Fault::new("out_of_range", "must be between -10^15 and 10^15")
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse_of_a_quantity_literal_is_exact_or_refused() {
        for (literal, written) in [
            ("12", "12"),
            ("0.50", "0.5"),
            ("-0", "0"),
            ("1.2e3", "1200"),
            ("1E-4", "0.0001"),
            ("12000e-3", "12"),
            ("999999999999999", "999999999999999"),
            ("0.0000000", "0"),
            ("0e999999999999", "0"),
            ("-0e-9223372036854775808", "0"),
            ("1e+0000000000000000000000002", "100"),
            (&format!("1{}e-1000000", "0".repeat(1_000_000)), "1"),
            (&format!("0.{}1e1000000", "0".repeat(999_999)), "1"),
        ] {
            assert_eq!(literal.parse::<Quantity>().unwrap().to_string(), written, "{literal}");
        }
        for (literal, code) in [
            ("1e400", "out_of_range"),
            ("1e99999999999999999999", "out_of_range"),
            ("1e-99999999999999999999", "too_many_decimals"),
            ("123456789012345678901234567890123456789", "too_many_digits"),
            ("1000000000000000", "out_of_range"),
            ("0.00001", "too_many_decimals"),
            ("1e-9223372036854775808", "too_many_decimals"),
            ("1e-9223372036854775809", "too_many_decimals"),
            ("1.5e-9223372036854775808", "too_many_decimals"),
            ("10e9223372036854775807", "out_of_range"),
            ("1e9223372036854775808", "out_of_range"),
            (&"9".repeat(1_000_000), "too_many_digits"),
            ("1.", "wrong_type"),
            (".5", "wrong_type"),
            ("+1", "wrong_type"),
            ("1e", "wrong_type"),
            ("1e+-5", "wrong_type"),
            ("1e1.5", "wrong_type"),
            ("1eabc", "wrong_type"),
            ("", "wrong_type"),
            ("abc", "wrong_type"),
            ("--1", "wrong_type"),
        ] {
            assert_eq!(literal.parse::<Quantity>().unwrap_err().code, code, "{literal}");
        }
    }

    #[test]
    fn grouped_quantity_has_commas_between_thousands() {
        for (literal, written) in
            [("0", "0"), ("999", "999"), ("-1234.5", "-1,234.5"), ("999999999999999", "999,999,999,999,999")]
        {
            assert_eq!(literal.parse::<Quantity>().unwrap().grouped(), written);
        }
    }

    proptest! {
        #[test]
        fn sum_and_difference_of_quantities_are_exact(
            a in -999_999_999_i64..999_999_999,
            b in -999_999_999_i64..999_999_999,
        ) {
            let quantity = |units: i64| format!("{units}e-4").parse::<Quantity>().unwrap();
            let sum = quantity(a).plus(quantity(b)).unwrap();
            prop_assert_eq!(sum, quantity(a + b));
            prop_assert_eq!(sum.minus(quantity(b)).unwrap(), quantity(a));
        }

        #[test]
        fn parse_of_an_extreme_literal_never_panics(
            literal in "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][-+]?(0{0,30}[0-9]{1,25}|92233720368547758[0-9]{2}))?",
        ) {
            if let Ok(quantity) = literal.parse::<Quantity>() {
                prop_assert_eq!(quantity.to_string().parse::<Quantity>().unwrap(), quantity);
                prop_assert!(quantity.decimals() <= Quantity::FINEST);
            }
        }

        #[test]
        fn parse_of_any_text_never_panics(text in "[-+0-9eE.]{0,30}|\\PC{0,10}") {
            if let Ok(quantity) = text.parse::<Quantity>() {
                prop_assert!(quantity.decimals() <= Quantity::FINEST);
            }
        }

        #[test]
        fn parse_of_a_printed_quantity_returns_the_same_quantity(
            units in -999_999_999_999_999_i64..999_999_999_999_999,
            power in -4_i32..=0,
        ) {
            let quantity: Quantity = format!("{units}e{power}").parse().unwrap();
            prop_assert_eq!(quantity.to_string().parse::<Quantity>().unwrap(), quantity);
        }
    }
}

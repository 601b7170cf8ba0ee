//! Exact prices and costs.

use std::{fmt, str::FromStr};

use crate::{
    fault::Fault,
    quantity::{Quantity, grouped},
};

/// An amount of the organization's currency, zero or more: an exact decimal of at most 15 significant digits and at
/// most 4 decimals. It is displayed with at least 2 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(Quantity);

crate::text::serialize_as_text!(Money);
crate::schema::has_schema!(Money, {
    let about = "An amount in the organization's currency: an exact decimal as a string, with at most 4 decimals.";
    schemars::json_schema!({
        "description": about, "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,4})?$", "examples": ["18.00"],
    })
});

impl FromStr for Money {
    type Err = Fault;

    /// Reads a decimal: `12`, `12.5`, `12.50`.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let amount: Quantity = text.parse().map_err(|fault: Fault| match fault.code {
            "wrong_type" => Fault::new("invalid_format", "must be a decimal such as \"12.50\""),
            _ => fault,
        })?;
        if amount.is_negative() {
            return Err(Fault::new("out_of_range", "must not be below 0"));
        }
        Ok(Self(amount))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.decimals() {
            0 => write!(f, "{}.00", self.0),
            1 => write!(f, "{}0", self.0),
            _ => self.0.fmt(f),
        }
    }
}

impl Money {
    /// The cost of this quantity at this price for one.
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Cost {
        // Both factors are below 10^19, so the product is below 10^38 and fits.
        Cost(self.0.ten_thousandths().saturating_mul(quantity.ten_thousandths()))
    }

    /// Its digits with commas as thousands separators: `12,345.50`.
    #[must_use]
    pub fn grouped(self) -> String {
        grouped(&self.to_string())
    }
}

/// The exact cost of a quantity, or a sum of costs: up to 8 decimals and 30 digits before them. It is displayed with
/// commas as thousands separators and at least 2 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(i128);

impl Cost {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// The number of decimals that it counts: twice those of a price or a quantity.
    const DECIMALS: u32 = 8;

    /// The exact sum; `None` above 1.7 x 10^30.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The cost to two decimals, rounded half to even, for people.
    #[must_use]
    pub fn rounded(self) -> Self {
        const CENT: i128 = 1_000_000;
        let (whole, rest) = (self.0.div_euclid(CENT), self.0.rem_euclid(CENT));
        let is_up = rest.saturating_mul(2).cmp(&CENT).then(whole.rem_euclid(2).cmp(&1)).is_ge();
        Self(whole.saturating_add(i128::from(is_up)).saturating_mul(CENT))
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.saturating_pow(Self::DECIMALS);
        let size = self.0.unsigned_abs();
        let whole = size.checked_div(unit).unwrap_or_default().to_string();
        let fraction = format!("{:08}", size.checked_rem(unit).unwrap_or_default());
        let (cents, finer) = fraction.split_at_checked(2).unwrap_or((&fraction, ""));
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{cents}{}", grouped(&whole), finer.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(price: &str, quantity: &str) -> Cost {
        price.parse::<Money>().unwrap().times(quantity.parse().unwrap())
    }

    #[test]
    fn cost_of_a_quantity_is_exact() {
        for (price, quantity, written) in [
            ("3.5", "12", "42.00"),
            ("0", "12", "0.00"),
            ("0.3333", "0.0003", "0.00009999"),
            ("0.1", "0.1", "0.01"),
            ("19.99", "1000", "19,990.00"),
            ("999999999999999", "999999999999999", "999,999,999,999,998,000,000,000,000,001.00"),
            ("99999999999.9999", "99999999999.9999", "9,999,999,999,999,980,000,000.00000001"),
        ] {
            assert_eq!(cost(price, quantity).to_string(), written);
        }
    }

    #[test]
    fn rounded_cost_has_two_decimals() {
        for (price, quantity, rounded) in [
            ("3.5", "12", "42.00"),
            ("0.3333", "0.0003", "0.00"),
            ("0.005", "1", "0.00"),
            ("0.015", "1", "0.02"),
            ("0.0051", "1", "0.01"),
            ("18.0011", "3", "54.00"),
        ] {
            assert_eq!(cost(price, quantity).rounded().to_string(), rounded, "{price} x {quantity}");
        }
    }

    #[test]
    fn sum_of_costs_is_exact_or_none() {
        let sum = cost("0.1", "1").plus(cost("0.2", "1")).unwrap();
        assert_eq!((sum, sum.to_string()), (cost("0.3", "1"), "0.30".to_owned()));
        let largest = cost("999999999999999", "999999999999999");
        assert_eq!(largest.plus(Cost::ZERO), Some(largest));
        assert_eq!(largest.plus(largest), None);
    }

    proptest! {
        #[test]
        fn cost_is_distributive(price in 0_i64..99_999_999, one in 0_i64..99_999_999, other in 0_i64..99_999_999) {
            let price: Money = format!("{price}e-4").parse().unwrap();
            let quantity = |units: i64| format!("{units}e-4").parse::<Quantity>().unwrap();
            let sum = price.times(quantity(one)).plus(price.times(quantity(other)));
            prop_assert_eq!(sum, Some(price.times(quantity(one + other))));
        }
    }

    #[test]
    fn parse_of_a_price_is_exact_and_prints_two_decimals_at_least() {
        for (text, written) in
            [("12", "12.00"), ("12.5", "12.50"), ("0.1234", "0.1234"), ("0", "0.00"), ("1e2", "100.00")]
        {
            let money: Money = text.parse().unwrap();
            assert_eq!(money.to_string(), written);
            assert_eq!(written.parse::<Money>().unwrap(), money);
        }
        for (text, code) in [("-1", "out_of_range"), ("0.00001", "too_many_decimals"), ("ten", "invalid_format")] {
            assert_eq!(text.parse::<Money>().unwrap_err().code, code, "{text}");
        }
    }
}

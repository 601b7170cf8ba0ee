//! Exact prices.

use std::{fmt, str::FromStr};

use crate::{fault::Fault, quantity::Quantity};

/// An amount of the organization's currency, zero or more: an exact decimal of at most 15 significant digits and at
/// most 4 decimals. It is displayed with at least 2 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(Quantity);

crate::text::serialize_as_text!(Money);
crate::schema::has_schema!(Money, {
    let about = "An amount in the organization's currency: an exact decimal as a string, with at most 4 decimals.";
    schemars::json_schema!({
        "description": about, "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,4})?$", "examples": ["12.50"],
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

#[cfg(test)]
mod tests {
    use super::*;

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

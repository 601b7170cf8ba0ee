//! Texts that are valid by construction: trimmed, in Unicode NFC, free of control characters, and of bounded length.

use schemars::{Schema, json_schema};
use unicode_normalization::UnicodeNormalization;

use crate::{fault::Fault, schema};

/// Whether a text may run over several lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

/// Trims, normalizes and checks. Lengths are in characters; the longest holds for what is sent, too, blanks around it included,
/// so that a client can tell by the limit alone.
fn clean(text: &str, longest: usize, lines: Lines) -> Result<String, Fault> {
    let clean: String = text.trim().nfc().collect();
    if clean.chars().any(|c| c.is_control() && !(lines == Lines::Many && matches!(c, '\n' | '\t'))) {
        return Err(Fault::new("invalid_character", "must hold no control characters"));
    }
    match clean.chars().count().max(text.chars().count()) {
        _ if clean.is_empty() => Err(Fault::new("too_short", "must not be empty")),
        length if length > longest => Err(Fault::new("too_long", format!("must be at most {longest} characters"))),
        _ => Ok(clean),
    }
}

/// The form in which texts are compared without regard to case: Unicode full case folding, in NFC.
#[must_use]
pub fn fold(text: &str) -> String {
    caseless::default_case_fold_str(text).nfc().collect()
}

/// Stores a value as the text it displays as and parses from.
macro_rules! serialize_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serialize_as_text;

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident: $longest:literal, $lines:ident $(, $rule:path, $adds:path)?;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The most characters it can have.
            pub const LONGEST: usize = $longest;

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text in the form in which case does not matter.
            #[must_use]
            pub fn folded(&self) -> String {
                fold(&self.0)
            }
        }

        schema::has_schema!($name, {
            let schema = schema::text(concat!($($doc),+), $longest, Lines::$lines == Lines::One);
            $(let schema = $adds(schema);)?
            schema
        });

        impl std::str::FromStr for $name {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self, Fault> {
                let text = clean(text, $longest, Lines::$lines)?;
                $($rule(&text)?;)?
                Ok(Self(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

texts! {
    /// What a company calls itself.
    OrganizationName: 200, One;
    /// What a person is called.
    FullName: 200, One;
    /// An e-mail address; compared case-folded.
    Email: 254, One, email, as_email;
    /// A company's own code for a product; unique in the organization, compared case-folded. `#` is kept out, because
    /// it separates parts in references and labels.
    Sku: 64, One, no_hash, without_hash;
    /// What a product is called.
    ProductName: 200, One;
    /// A few words or paragraphs about a product.
    Description: 2_000, Many;
    /// What products are grouped by.
    Category: 100, One;
    /// What a product is counted in: `each`, `kg`, `box of 12`.
    Unit: 20, One;
    /// What a scanner reads.
    Barcode: 64, One;
    /// What a supplier is called.
    SupplierName: 200, One;
    /// A telephone number as people write it.
    Phone: 40, One;
    /// A postal address.
    Address: 500, Many;
    /// What a warehouse is called.
    WarehouseName: 200, One;
    /// Where a warehouse is.
    Location: 200, One;
    /// The number of the paper or order behind a movement.
    Reference: 100, One;
    /// Remarks.
    Notes: 2_000, Many;
    /// Why a purchase request is declined.
    RejectionReason: 1_000, Many;
    /// What a list is searched for.
    SearchTerm: 200, One;
}

fn no_hash(text: &str) -> Result<(), Fault> {
    if text.contains('#') {
        return Err(Fault::new("invalid_character", "must not contain #"));
    }
    Ok(())
}

fn without_hash(mut schema: Schema) -> Schema {
    let pattern = schema.get("pattern").and_then(|pattern| pattern.as_str()).map(|all| all.replace("[^", "[^#"));
    schema.insert("pattern".to_owned(), pattern.into());
    schema
}

fn as_email(schema: Schema) -> Schema {
    let description = schema.get("description").cloned();
    json_schema!({"description": description, "type": "string", "format": "email", "maxLength": Email::LONGEST})
}

/// One `@`, something before it, a domain of at least two labels after it. Whether mail arrives, only mail can tell.
fn email(text: &str) -> Result<(), Fault> {
    if text.len() > Email::LONGEST {
        return Err(Fault::new("too_long", "must be at most 254 bytes"));
    }
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        let label = |label: &str| {
            !label.is_empty()
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        !local.is_empty()
            && local.chars().count() <= 64
            && !local.chars().any(|c| c.is_whitespace() || "\"(),:;<>[\\]".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label)
    });
    if well_formed { Ok(()) } else { Err(Fault::new("invalid_format", "must be an e-mail address")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn twins_of_another_normal_form_are_one() {
        let composed: Sku = "CAF\u{c9}".parse().unwrap();
        let decomposed: Sku = "  cafe\u{301} ".parse().unwrap();
        assert_eq!(composed.folded(), decomposed.folded());
    }

    #[test]
    fn control_characters_stand_in_notes_alone() {
        assert!("two\nlines".parse::<Notes>().is_ok());
        for text in ["two\nlines", "nul\0", "bell\u{7}", "c1\u{85}x"] {
            assert_eq!(text.parse::<ProductName>().unwrap_err().code, "invalid_character", "{text:?}");
        }
        assert_eq!("nul\0".parse::<Notes>().unwrap_err().code, "invalid_character");
    }

    #[test]
    fn addresses_of_people() {
        for good in ["a@b.example", "Zoë.Müller+x@büro.example", "o'neil@x.co"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        for bad in
            ["a", "@b.example", "a@b", "a@@b.example", "a b@c.example", "a@b..example", "a@-b.example", "<a@b.example>"]
        {
            assert!(bad.parse::<Email>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_valid_text_reads_as_itself(text in "\\PC{0,80}") {
            if let Ok(sku) = text.parse::<Sku>() {
                prop_assert_eq!(sku.as_str().parse::<Sku>().unwrap(), sku.clone());
                prop_assert!(sku.as_str().chars().count() <= Sku::LONGEST);
                prop_assert_eq!(fold(&sku.folded()), sku.folded());
            }
        }
    }
}

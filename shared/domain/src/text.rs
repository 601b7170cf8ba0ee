//! Texts that are valid by construction: trimmed, in Unicode NFC, of bounded length, without forbidden characters.
//!
//! [`FromStr`] applies all rules to new values. Stored values are deserialized unchanged, because
//! rules become stricter and stored texts stay.

use std::{fmt, marker::PhantomData, str::FromStr};

use schemars::Schema;
use serde::de::Visitor;
use unicode_normalization::UnicodeNormalization;

use crate::{
    characters::{Kind, admit, with_plain_breaks},
    fault::Fault,
    schema,
    search::search_fold,
};

pub use crate::email::{Email, EmailLookup};

/// Trims, normalizes and checks. Lengths are in characters. The maximum also applies to the text as sent, including
/// surrounding blanks, so that a client can check it by the limit alone.
pub(crate) fn clean(text: &str, longest: usize, kind: Kind) -> Result<String, Fault> {
    let text = if kind == Kind::Paragraphs { with_plain_breaks(text) } else { text.into() };
    let clean: String = text.trim().nfc().collect();
    if clean.is_empty() {
        return Err(Fault::new("too_short", "must not be empty"));
    }
    admit(&clean, kind)?;
    if clean.chars().count().max(text.chars().count()) > longest {
        return Err(Fault::new("too_long", format!("must have at most {longest} characters")));
    }
    Ok(clean)
}

/// The case-insensitive form of a text: Unicode full case folding, in NFC.
#[must_use]
pub fn fold(text: &str) -> String {
    caseless::default_case_fold_str(text).nfc().collect()
}

/// Stores a value as its `Display` text, and reads it by `FromStr`.
macro_rules! serialize_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::text::TextVisitor(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use serialize_as_text;

/// Parses a value from a borrowed string.
pub(crate) struct TextVisitor<T>(pub(crate) PhantomData<T>);

impl<T: FromStr<Err = Fault>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! texts {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $longest:literal, $kind:ident, $example:literal $(, $rule:path $(, $adds:path)?)?;
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The maximum length, in characters.
            pub const LONGEST: usize = $longest;

            /// The value as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text in case-folded form.
            #[must_use]
            pub fn folded(&self) -> String {
                fold(&self.0)
            }
        }

        schema::has_schema!($name, {
            let schema = schema::text(concat!($($doc),+), $longest, Kind::$kind, $example);
            $($(let schema = $adds(schema);)?)?
            schema
        });

        impl std::str::FromStr for $name {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self, Fault> {
                let text = clean(text, $longest, Kind::$kind)?;
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
    /// Name of the organization, as its users and its mails show it.
    OrganizationName: 200, Line, "Northwind Traders";
    /// Full name of the user, as other users see it.
    FullName: 200, Line, "Northwind Manager";
    /// Stock keeping unit: the organization's own code for a product. Unique in the organization, regardless of case.
    /// `#` is not allowed, because it separates parts of references and labels.
    Sku: 64, Identifier, "NW-0001", no_hash, without_hash;
    /// Name of the product. Several products can have the same name.
    ProductName: 200, Line, "Chai";
    /// Description of the product.
    Description: 2_000, Paragraphs, "10 boxes x 20 bags";
    /// Category of the product: a free text. Filters compare it regardless of case.
    Category: 100, Identifier, "Beverages";
    /// Unit of the product's quantities, such as `each`, `kg` or `box of 12`. It is a label: nothing is converted.
    Unit: 20, Line, "box";
    /// Barcode of the product, as a scanner reads it. Check digits are not verified.
    Barcode: 64, Identifier, "4006381333931";
    /// Name of the supplier.
    SupplierName: 200, Line, "Exotic Liquids";
    /// Telephone number, in any notation.
    Phone: 40, Line, "(171) 555-2222";
    /// Postal address.
    Address: 500, Paragraphs, "49 Gilbert St.\nLondon, EC1 4SD\nUK";
    /// Name of the warehouse.
    WarehouseName: 200, Line, "Main";
    /// Location of the warehouse: a city, an address or a place in a building.
    Location: 200, Line, "London";
    /// Number of the delivery note, order or other record outside Stockroom that caused the movement.
    Reference: 100, Identifier, "PO-1042";
    /// Notes. They have no effect.
    Notes: 2_000, Paragraphs, "Before the holidays";
    /// Reason for the rejection of a purchase request.
    RejectionReason: 1_000, Paragraphs, "Too expensive. Ask the supplier for a discount.";
    /// Reason for closing an order.
    CloseReason: 1_000, Paragraphs, "The supplier has no more.";
    /// Search term: part of a text. A search ignores case, accents and character width.
    SearchTerm: 200, Line, "chai", something_to_find;
}

impl Unit {
    /// The default unit of products.
    #[must_use]
    pub fn each() -> Self {
        Self("each".to_owned())
    }
}

impl SearchTerm {
    /// The term in [folded](search_fold) form.
    #[must_use]
    pub fn search_folded(&self) -> String {
        search_fold(&self.0)
    }
}

fn no_hash(text: &str) -> Result<(), Fault> {
    if text.contains('#') {
        return Err(Fault::new("invalid_character", "must not contain #"));
    }
    Ok(())
}

fn without_hash(mut schema: Schema) -> Schema {
    schema.insert("pattern".to_owned(), "^[^#]+$".into());
    schema
}

/// A search folds some characters to nothing, such as a halfwidth sound mark of Japanese by itself.
fn something_to_find(text: &str) -> Result<(), Fault> {
    if search_fold(text).trim().is_empty() {
        return Err(Fault::new("invalid_character", "must contain a searchable character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folded_texts_of_different_normal_forms_are_equal() {
        let composed: Sku = "CAF\u{c9}".parse().unwrap();
        let decomposed: Sku = "  cafe\u{301} ".parse().unwrap();
        assert_eq!(composed.folded(), decomposed.folded());
    }

    #[test]
    fn parse_of_control_characters_is_accepted_in_notes_only() {
        assert!("two\nlines".parse::<Notes>().is_ok());
        for text in ["two\nlines", "nul\0", "bell\u{7}", "c1\u{85}x"] {
            assert_eq!(text.parse::<ProductName>().unwrap_err().code, "invalid_character", "{text:?}");
        }
        assert_eq!("nul\0".parse::<Notes>().unwrap_err().code, "invalid_character");
    }

    #[test]
    fn parse_of_notes_replaces_line_breaks_by_lf() {
        let notes: Notes = "\r\n one\r\n\r\ntwo\rthree\u{2028}four\r\n".parse().unwrap();
        assert_eq!(notes.as_str(), "one\n\ntwo\nthree\nfour");
        // A browser counts a line break as one character, and sends two.
        assert!(format!("{}\r\n", "x".repeat(1_999)).parse::<Notes>().is_ok());
    }

    #[test]
    fn parse_of_invisible_characters_in_identifiers_is_refused() {
        for text in ["A\u{200b}1", "A\u{200d}1", "A\u{a0}1", "A1\u{2800}", "A\u{fe0f}", "\u{202e}A1", "A\u{e000}"] {
            assert_eq!(text.parse::<Sku>().unwrap_err().code, "invalid_character", "{text:?}");
            assert_eq!(text.parse::<Category>().unwrap_err().code, "invalid_character", "{text:?}");
        }
        assert_eq!("\u{3164}".parse::<FullName>().unwrap_err().code, "invalid_character");
        assert_eq!("\u{ff9e}".parse::<SearchTerm>().unwrap_err().code, "invalid_character");
    }

    #[test]
    fn read_of_a_text_stored_under_older_rules_succeeds() {
        fn read<T: serde::de::DeserializeOwned + fmt::Display>(text: &str) {
            assert_eq!(serde_json::from_value::<T>(text.into()).unwrap().to_string(), text);
        }
        for text in ["Ma\u{200b}in", "\u{3164}", "", "A\r\nB"] {
            read::<Sku>(text);
            read::<ProductName>(text);
            read::<Notes>(text);
            read::<Email>(text);
        }
    }

    proptest! {
        #[test]
        fn parse_of_a_valid_text_is_stable(text in "\\PC{0,80}") {
            if let Ok(notes) = text.parse::<Notes>() {
                prop_assert_eq!(notes.as_str().parse::<Notes>().unwrap(), notes);
            }
            if let Ok(sku) = text.parse::<Sku>() {
                prop_assert_eq!(sku.as_str().parse::<Sku>().unwrap(), sku.clone());
                prop_assert!(sku.as_str().chars().count() <= Sku::LONGEST);
                prop_assert_eq!(fold(&sku.folded()), sku.folded());
            }
        }
    }
}

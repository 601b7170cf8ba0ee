//! Entity tags: `"<version>-<digest of the body>"`. A read compares the whole tag. A change compares the version alone,
//! so that data outside the version stops no edit.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::auth::digest::sha256;

/// The number of bytes of the digest.
const DIGEST_BYTES: usize = 8;

/// The strong entity tag of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    version: u64,
    digest: [u8; DIGEST_BYTES],
}

impl Tag {
    /// The tag of a body in this version of a resource.
    pub(crate) fn new(version: u64, body: &[u8]) -> Self {
        let [digest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = sha256(body);
        Self { version, digest }
    }

    /// The version in a tag, which is an answer's tag or a version alone. `None` for any other text.
    pub(crate) fn version_of(tag: &str) -> Option<u64> {
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        let version = match tag.split_once('-') {
            Some((version, digest)) => {
                URL_SAFE_NO_PAD.decode(digest).ok().filter(|digest| digest.len() == DIGEST_BYTES)?;
                version
            }
            None => tag,
        };
        // Versions have no leading zeros.
        version.parse::<u64>().ok().filter(|number| number.to_string() == version)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.version, URL_SAFE_NO_PAD.encode(self.digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_depends_on_version_and_body_and_contains_the_version() {
        let tag = Tag::new(3, b"{}").to_string();
        assert_eq!(tag, "\"3-RBNvo1WzZ4o\"");
        assert_ne!(tag, Tag::new(3, b"{ }").to_string());
        assert_ne!(tag, Tag::new(4, b"{}").to_string());
        assert_eq!((Tag::version_of(&tag), Tag::version_of("\"3\"")), (Some(3), Some(3)));
    }

    #[test]
    fn version_of_an_invalid_tag_is_none() {
        for text in [
            "",
            "3",
            "\"",
            "\"\"",
            "\"03\"",
            "\"+3\"",
            "\"-3\"",
            "\"3-\"",
            "\"3-x\"",
            "\"3-RBNvo1WzZ4o-\"",
            "W/\"3\"",
            "\"3-RBNvo1WzZ4p\"",
        ] {
            assert_eq!(Tag::version_of(text), None, "{text}");
        }
    }
}

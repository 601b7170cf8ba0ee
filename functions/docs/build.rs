//! Compresses the OpenAPI document for the binary. The file of the repository stays readable; without indentation and
//! compressed it takes a twentieth of the size.
#![expect(clippy::disallowed_methods, reason = "cargo passes the output directory by the environment")]

use std::{env, error::Error, fs, io::Write as _, path::PathBuf};

use lzma_rust2::{LzmaOptions, LzmaWriter};
use serde_json::Value;

/// The size of the dictionary, in bytes: larger than the document.
const DICTIONARY: u32 = 2 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openapi.json");
    let document: Value = serde_json::from_str(&fs::read_to_string("openapi.json")?)?;
    let document = document.to_string();
    let target = PathBuf::from(env::var("OUT_DIR")?).join("openapi.json.lzma");
    let options = LzmaOptions { dict_size: DICTIONARY, ..LzmaOptions::with_preset(9) };
    let size = Some(u64::try_from(document.len())?);
    let mut packed = LzmaWriter::new_use_header(fs::File::create(target)?, &options, size)?;
    packed.write_all(document.as_bytes())?;
    packed.finish()?;
    Ok(())
}

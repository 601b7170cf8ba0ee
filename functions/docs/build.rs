//! Compresses the OpenAPI document for the binary. The file in the repository stays readable. The compressed form has
//! no indentation and a twentieth of the size.
#![expect(clippy::disallowed_methods, reason = "cargo passes the output directory by the environment")]

use std::{env, error::Error, fs, io::Write as _, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openapi.json");
    let document: Value = serde_json::from_str(&fs::read_to_string("openapi.json")?)?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("openapi.json.gz");
    let mut packed = GzEncoder::new(fs::File::create(target)?, Compression::best());
    packed.write_all(document.to_string().as_bytes())?;
    packed.finish()?;
    Ok(())
}

//! `cargo dev --release`: the options belong to this program and not to cargo, so it hands itself over to cargo once more.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Becomes `cargo run --release` with the same options; gives the reason when it cannot.
#[must_use = "it returns only when it failed"]
pub fn run_instead() -> io::Error {
    let program = ["run", "--release", "--package", env!("CARGO_PKG_NAME"), "--bin", "dev", "--"];
    Command::new(cargo()).args(program).args(env::args_os().skip(1)).exec()
}

/// The cargo that started this program.
#[expect(clippy::disallowed_methods, reason = "cargo tells where it is in a variable of its own")]
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

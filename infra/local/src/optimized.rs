//! `cargo dev --release`: cargo passes the option to this program, so the program starts cargo again with `--release`.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Replaces this process by `cargo run --release` with the same options. Returns only the error of a failure.
#[must_use = "it returns only after a failure"]
pub fn run_instead() -> io::Error {
    let program = ["run", "--release", "--package", env!("CARGO_PKG_NAME"), "--bin", "dev", "--"];
    Command::new(cargo()).args(program).args(env::args_os().skip(1)).exec()
}

/// The path of the cargo that started this program.
#[expect(clippy::disallowed_methods, reason = "cargo sets this variable for the programs that it runs")]
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

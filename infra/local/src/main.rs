//! `cargo dev`.

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use stockroom_local::{optimized, options::Options, stack};

#[tokio::main]
#[expect(clippy::print_stderr, reason = "errors of the program go to stderr")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.release && cfg!(debug_assertions) {
        eprintln!("error: cannot start cargo: {}", optimized::run_instead());
        return ExitCode::FAILURE;
    }
    match stack::run(&options, io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

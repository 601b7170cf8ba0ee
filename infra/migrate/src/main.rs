//! The command `migrate`.

use std::{io, process::ExitCode};

use clap::Parser as _;
use stockroom_domain::source::Sources;
use stockroom_migrate::{Options, run};
use stockroom_runtime::{Config, OsEntropy, SystemClock};
use stockroom_store::{Store, TableClient};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stderr, reason = "errors of the program go to stderr")]
async fn main() -> ExitCode {
    let Options { command } = Options::parse();
    let connection = match Config::connection_from_env() {
        Ok(connection) => connection,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let store = Store::new(TableClient::new(connection), Sources::new(SystemClock, OsEntropy));
    match run(command, &store, &mut io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

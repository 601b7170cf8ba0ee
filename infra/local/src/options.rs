//! The options of `cargo dev`.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

/// Runs the whole product in one process: every function and its table, on this machine only.
///
/// Settings of the functions come from the environment, for example `LOG_LEVEL` (`warn` by default) or `CORS_ORIGINS`.
/// The local stack sets secrets, table and AWS credentials itself.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version)]
pub struct Options {
    /// Port of 127.0.0.1 for the API; 0 takes any free port
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(..65534))]
    pub port: u16,

    /// Directory of the table and the secrets, kept between runs
    #[arg(long, value_name = "DIR", default_value = ".stockroom", conflicts_with = "in_memory")]
    data_dir: PathBuf,

    /// Keep nothing between runs
    #[arg(long)]
    in_memory: bool,

    /// Add the sample organizations, or complete them
    #[arg(long, value_name = "NAME")]
    pub demo: Option<Demo>,

    /// Start the table and the mailbox only, for functions in other processes (`cargo lambda watch` on the port): the
    /// table listens on the next port, the mailbox on the one after it, and `dev.env` in the data directory has the
    /// settings of the functions
    #[arg(long)]
    pub services_only: bool,

    /// Run an optimized build: minutes to build the first time, many times faster
    #[arg(long)]
    pub release: bool,
}

/// A set of sample data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Demo {
    /// Northwind, a food trader with 77 products, 29 suppliers and two years of orders; and Acme, a small organization
    Northwind,
}

impl Options {
    /// The port of the table; 0 for any free one.
    #[must_use]
    pub fn table_port(&self) -> u16 {
        match (self.services_only, self.port) {
            (false, _) | (true, 0) => 0,
            (true, port) => port.saturating_add(1),
        }
    }

    /// The port of the mailbox with `--services-only`; 0 for any free one.
    #[must_use]
    pub fn mail_port(&self) -> u16 {
        if self.port == 0 { 0 } else { self.port.saturating_add(2) }
    }

    /// The data directory; `None` with `--in-memory`.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        (!self.in_memory).then_some(self.data_dir.as_path())
    }

    /// The message after a stop during an import.
    #[must_use]
    pub fn after_interrupted_import(&self) -> String {
        match self.data_dir() {
            Some(directory) => format!(
                "Stopped during the import. The next start with --demo northwind resumes it in {}.",
                directory.display()
            ),
            None => {
                "Stopped during the import. Nothing is kept with --in-memory: the next start begins again.".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn options(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn data_dir_with_in_memory_is_refused() {
        Options::command().debug_assert();
        let plain = options("dev").unwrap();
        assert_eq!((plain.port, plain.data_dir(), plain.demo), (8000, Some(Path::new(".stockroom")), None));
        let demo = options("dev --in-memory --demo northwind --port 0").unwrap();
        assert_eq!((demo.port, demo.data_dir(), demo.demo), (0, None, Some(Demo::Northwind)));
        assert!(options("dev --in-memory --data-dir x").is_err());
    }

    #[test]
    fn services_only_puts_the_table_on_the_next_port() {
        let port = |line| options(line).unwrap().table_port();
        assert_eq!((port("dev"), port("dev --services-only"), port("dev --services-only --port 0")), (0, 8001, 0));
        assert!(options("dev --port 65535").is_err());
    }
}

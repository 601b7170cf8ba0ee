//! The options of `cargo dev`.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

/// The whole product in one process: every function and its table, on this machine alone.
///
/// The functions' settings come from the environment, such as `LOG_LEVEL` (here `warn` by default) or `CORS_ORIGINS`; the
/// secrets, the table and the AWS account are the stack's own.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version)]
pub struct Options {
    /// Port of 127.0.0.1 for the API; 0 takes any that is free
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(..65534))]
    pub port: u16,

    /// Directory that keeps the table and the stack's own secrets between runs
    #[arg(long, value_name = "DIR", default_value = ".stockroom", conflicts_with = "in_memory")]
    data_dir: PathBuf,

    /// Keep nothing between runs
    #[arg(long)]
    in_memory: bool,

    /// Have a sample company in the table; what is missing of it is filled in
    #[arg(long, value_name = "NAME")]
    pub demo: Option<Demo>,

    /// Start what stands around the functions and leave the functions, and the port, to `cargo lambda watch`: the table
    /// listens on the port after it, the mailbox on the one after that, and `dev.env` in the data directory has the
    /// functions' settings
    #[arg(long)]
    pub services_only: bool,

    /// Run an optimized build: it takes minutes to make the first time, and answers many times faster
    #[arg(long)]
    pub release: bool,
}

/// A sample company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Demo {
    /// A food trading company: 77 products, 29 suppliers and two years of orders
    Northwind,
}

impl Options {
    /// The port of the table, where it has one of its own choice.
    #[must_use]
    pub fn table_port(&self) -> u16 {
        match (self.services_only, self.port) {
            (false, _) | (true, 0) => 0,
            (true, port) => port.saturating_add(1),
        }
    }

    /// The port of the mailbox, where the functions and their port are left to others.
    #[must_use]
    pub fn mail_port(&self) -> u16 {
        if self.port == 0 { 0 } else { self.port.saturating_add(2) }
    }

    /// Where to keep things between runs, if anywhere.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        (!self.in_memory).then_some(self.data_dir.as_path())
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
    fn a_directory_and_memory_exclude_each_other() {
        Options::command().debug_assert();
        let plain = options("dev").unwrap();
        assert_eq!((plain.port, plain.data_dir(), plain.demo), (8000, Some(Path::new(".stockroom")), None));
        let demo = options("dev --in-memory --demo northwind --port 0").unwrap();
        assert_eq!((demo.port, demo.data_dir(), demo.demo), (0, None, Some(Demo::Northwind)));
        assert!(options("dev --in-memory --data-dir x").is_err());
    }

    #[test]
    fn beside_the_functions_the_table_has_the_next_port() {
        let port = |line| options(line).unwrap().table_port();
        assert_eq!((port("dev"), port("dev --services-only"), port("dev --services-only --port 0")), (0, 8001, 0));
        assert!(options("dev --port 65535").is_err());
    }
}

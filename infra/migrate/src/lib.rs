//! `migrate`: shows and runs the migrations of stored items while the product is in use. The store migrates the items
//! (`shared/store/src/background/migrations.rs`); this crate has the command line and its output. `infra/MIGRATIONS.md`
//! says when to run it.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::{Parser, Subcommand};
use stockroom_store::{
    MIGRATIONS_OF_THIS_PROGRAM, MigrateError, MigrationRun, MigrationState, Pace, Store, StoreError,
};

/// Shows and runs migrations of stored items while the product is in use.
#[derive(Debug, Clone, Parser)]
#[command(name = "migrate", version)]
pub struct Options {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command of `migrate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Shows each migration of this program and its state
    Current,
    /// Shows each run
    History,
    /// Runs pending migrations in order, and continues interrupted ones
    Up {
        /// Run all migrations from the beginning, including those that are done
        #[arg(long)]
        again: bool,
        /// Number of items in a page
        #[arg(long, value_name = "ITEMS", default_value_t = 100)]
        #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
        page: u16,
        /// Pause after each page
        #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
        pause: u64,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A migration failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The table cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// Runs a command and writes its output to `out`.
///
/// # Errors
/// See [`RunError`]. Migrated items stay migrated.
pub async fn run(command: Command, store: &Store, out: &mut impl Write) -> Result<(), RunError> {
    match command {
        Command::Current => current(store, out).await,
        Command::History => history(store, out).await,
        Command::Up { again, page, pause } => {
            up(store, again, Pace { page: page.into(), pause: Duration::from_millis(pause) }, out).await
        }
    }
}

async fn current(store: &Store, out: &mut impl Write) -> Result<(), RunError> {
    for (migration, state) in store.migrations().current().await? {
        let state = match state {
            MigrationState::Pending => "pending".to_owned(),
            MigrationState::Running(run) => format!("not complete: {}; last progress {}", figures(&run), run.seen_at),
            MigrationState::Done(run) => format!("done {}", run.seen_at),
        };
        writeln!(out, "{}  {state}\n      {}", migration.id, migration.purpose)?;
    }
    Ok(())
}

async fn history(store: &Store, out: &mut impl Write) -> Result<(), RunError> {
    for run in store.migrations().history().await? {
        let end = if run.done_at.is_some() { "done" } else { "last progress" };
        writeln!(out, "{}  from {}, {end} {}: {}", run.migration, run.started_at, run.seen_at, figures(&run))?;
    }
    Ok(())
}

async fn up(store: &Store, again: bool, pace: Pace, out: &mut impl Write) -> Result<(), RunError> {
    for migration in MIGRATIONS_OF_THIS_PROGRAM {
        let mut written = Ok(());
        let mut next = 1_000;
        let follow = |run: &MigrationRun| {
            if run.looked_at >= next && written.is_ok() {
                next = run.looked_at.saturating_mul(2);
                written = writeln!(out, "{}  in progress: {}", run.migration, figures(run));
            }
        };
        let run = store.migrations().up(migration, again, pace, follow).await?;
        written?;
        match run {
            Some(run) => writeln!(out, "{}  done: {}", run.migration, figures(&run))?,
            None => writeln!(out, "{}  already done", migration.id)?,
        }
    }
    Ok(())
}

fn figures(run: &MigrationRun) -> String {
    let MigrationRun { looked_at, changed, overtaken, .. } = run;
    format!("{looked_at} items read, {changed} changed, {overtaken} concurrent changes")
}

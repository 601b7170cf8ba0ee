//! `migrate`: how far the table's items have been brought to the current version of their shape, and bringing them there
//! while the product is in use. What it does to an item is the store's part (`shared/store/src/migrations.rs`); here is
//! what an operator types and reads. `infra/MIGRATIONS.md` says when.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::{Parser, Subcommand};
use stockroom_store::{
    MIGRATIONS_OF_THIS_PROGRAM, MigrateError, MigrationRun, MigrationState, Pace, Store, StoreError,
};

/// Brings stored items to the current version of their shape, while the product is in use.
#[derive(Debug, Clone, Parser)]
#[command(name = "migrate", version)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Shows every migration of this program, and how far it has come.
    Current,
    /// Shows every run.
    History,
    /// Runs what is pending, in order; takes up what was stopped.
    Up {
        /// Runs what is done once more, from its beginning.
        #[arg(long)]
        again: bool,
        /// How many items to read at once.
        #[arg(long, value_name = "ITEMS", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        page: u16,
        /// How long to rest behind each page.
        #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
        pause: u64,
    },
}

/// Why it ends early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A migration did not come to its end.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The table could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody reads along.
    #[error("cannot write what there is to tell: {0}")]
    Output(#[from] io::Error),
}

/// Does it, and tells on `out` how it goes.
///
/// # Errors
/// [`RunError`]; what was done stays done.
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
            MigrationState::Running(run) => format!("not complete, {}, last seen {}", figures(&run), run.seen_at),
            MigrationState::Done(run) => format!("done {}", run.seen_at),
        };
        writeln!(out, "{}  {state}\n      {}", migration.id, migration.purpose)?;
    }
    Ok(())
}

async fn history(store: &Store, out: &mut impl Write) -> Result<(), RunError> {
    for run in store.migrations().history().await? {
        let end = if run.done_at.is_some() { "done" } else { "last seen" };
        writeln!(out, "{}  from {}, {end} {}: {}", run.migration, run.started_at, run.seen_at, figures(&run))?;
    }
    Ok(())
}

async fn up(store: &Store, again: bool, pace: Pace, out: &mut impl Write) -> Result<(), RunError> {
    for migration in MIGRATIONS_OF_THIS_PROGRAM {
        let mut told = Ok(());
        let mut next = 1_000;
        let follow = |run: &MigrationRun| {
            if run.looked_at >= next && told.is_ok() {
                next = run.looked_at.saturating_mul(2);
                told = writeln!(out, "{}  under way: {}", run.migration, figures(run));
            }
        };
        let run = store.migrations().up(migration, again, pace, follow).await?;
        told?;
        match run {
            Some(run) => writeln!(out, "{}  done: {}", run.migration, figures(&run))?,
            None => writeln!(out, "{}  was done before", migration.id)?,
        }
    }
    Ok(())
}

fn figures(run: &MigrationRun) -> String {
    let MigrationRun { looked_at, changed, overtaken, .. } = run;
    format!("{looked_at} items looked at, {changed} changed, {overtaken} times the product was faster")
}

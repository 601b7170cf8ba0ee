//! The terminal of the developer who started the stack.

use std::fmt::Display;
use std::io::Write;

use crate::demo::{Imported, Progress};

/// Prints what the stack does.
pub(crate) struct Terminal<W> {
    out: W,
    /// The last reported progress of an import, in tenths.
    tenths: Option<usize>,
}

impl<W: Write> Terminal<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, tenths: None }
    }

    pub(crate) fn print(&mut self, text: impl Display) {
        if let Err(error) = writeln!(self.out, "{text}").and_then(|()| self.out.flush()) {
            tracing::debug!(%error, "cannot write to the terminal");
        }
    }

    /// Prints why a sample organization is not complete.
    pub(crate) fn report(&mut self, subdomain: &str, imported: Imported) {
        let why = match imported {
            Imported::Completed | Imported::AlreadyComplete => return,
            Imported::Foreign => "has no user with the address of the demo's admin",
            Imported::Changed => "was changed before its sample data was complete",
        };
        self.print(format_args!(
            "The organization {subdomain} {why}, so the import skips it. For the complete demo, use another --data-dir."
        ));
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        let Progress { recorded, total } = progress;
        let tenths = recorded.saturating_mul(10).checked_div(total);
        if tenths != self.tenths {
            self.tenths = tenths;
            self.print(format_args!("Northwind: {recorded} of {total} stock movements"));
        }
    }
}

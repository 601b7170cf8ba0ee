//! Logs as JSON lines on standard output, where Lambda collects them, some with [metrics](crate::metrics).

use std::{
    cell::RefCell,
    fmt,
    panic::{set_hook, take_hook},
    sync::Once,
};

use stockroom_domain::source::Clock as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Json, JsonFields, Writer},
    },
    prelude::*,
    registry::LookupSpan,
};

use crate::{SystemClock, config::Config, metrics};

thread_local! {
    /// The place of the last panic of this thread.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Starts logging at the configured level; does nothing if a subscriber is set.
pub fn init(config: &Config) {
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("stockroom", config.log_level.0);
    let lines = lines(&config.function, std::io::stdout);
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_err() {
        tracing::debug!("another log subscriber is already set");
    }
    note_panics();
}

/// The log's form: each event is one line of JSON, in one call of the writer.
pub fn lines<S, W>(function: &str, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    let json = tracing_subscriber::fmt::format().json().flatten_event(true);
    let json = json.with_current_span(false).with_span_list(false);
    let lines = Lines { json, function: function.to_owned() };
    tracing_subscriber::fmt::layer().event_format(lines).fmt_fields(JsonFields::new()).with_writer(writer)
}

struct Lines {
    json: Format<Json>,
    function: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        let has = |name: &str| metadata.fields().field(name).is_some();
        let Some(members) = metrics::members(metadata.target(), &self.function, SystemClock.now(), has) else {
            return self.json.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let open = line.trim_end().strip_suffix('}').ok_or(fmt::Error)?;
        writeln!(writer, "{open},{members}}}")
    }
}

/// Stores the place of each panic for the code that catches it; otherwise panics are handled as before.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            LAST_PANIC.with_borrow_mut(|last| *last = place);
            before(panic);
        }));
    });
}

/// The place of the panic that was just caught on this thread.
pub(crate) fn last_panic() -> Option<String> {
    LAST_PANIC.take()
}

//! Logs as JSON lines on standard output, where Lambda collects them, some with [metrics](crate::metrics).

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    panic::{set_hook, take_hook},
    sync::Once,
};

use stockroom_domain::source::Clock as _;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
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
    tracing_subscriber::fmt::layer().event_format(Lines { function: function.to_owned() }).with_writer(writer)
}

/// Formats an event as a line of JSON. The JSON format of `tracing_subscriber` converts every value twice and takes
/// twice the instructions.
struct Lines {
    function: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (metadata, now) = (event.metadata(), SystemClock.now());
        write!(writer, "{{\"timestamp\":\"{now}\",\"level\":\"{}\"", metadata.level())?;
        let mut members = Members { writer: &mut writer, written: Ok(()) };
        event.record(&mut members);
        members.written?;
        write!(writer, ",\"target\":\"{}\"", metadata.target())?;
        let has = |name: &str| metadata.fields().field(name).is_some();
        metrics::write_members(&mut writer, metadata.target(), &self.function, now, has)?;
        writer.write_str("}\n")
    }
}

/// Writes the fields of an event as members of a JSON object.
struct Members<'a, 'w> {
    writer: &'a mut Writer<'w>,
    written: fmt::Result,
}

impl Members<'_, '_> {
    fn member(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.written = self.written.and_then(|()| write!(self.writer, ",\"{}\":{value}", field.name()));
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.member(field, format_args!("\""));
        self.written = self.written.and_then(|()| Escaped(self.writer).write_fmt(value));
        self.written = self.written.and_then(|()| self.writer.write_char('"'));
    }
}

impl Visit for Members<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.member(field, format_args!("{value}"));
        } else {
            self.member(field, format_args!("null"));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, format_args!("{value}"));
    }
}

/// Writes text as the content of a JSON string.
pub(crate) struct Escaped<'a, W>(pub(crate) &'a mut W);

impl<W: fmt::Write> fmt::Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|character: char| character < ' ' || matches!(character, '"' | '\\')) {
            let (plain, from) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut characters = from.chars();
            match characters.next() {
                Some(character @ ('"' | '\\')) => write!(self.0, "\\{character}")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some(character) => write!(self.0, "\\u{:04x}", u32::from(character))?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_one_json_string_with_the_same_content() {
        let control: String = (0..=0x20).filter_map(char::from_u32).collect();
        let hostile =
            ["", "plain", "\"", "\\", "\\\"", "a\r\n{\"level\":\"ERROR\"}", "é😀\u{7f}\u{2028}", control.as_str()];
        for text in hostile {
            let mut line = String::from('"');
            write!(Escaped(&mut line), "{text}").unwrap();
            line.push('"');
            assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text, "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}

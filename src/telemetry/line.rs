//! The format of a log line, which is that of connectors in Go.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::causes;
use crate::config::LogFormat;

/// Formats events. Needs the fields of spans as JSON.
pub(super) struct Line {
    format: LogFormat,
}

impl Line {
    pub(super) fn new(format: LogFormat) -> Self {
        Self { format }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let extensions = span.extensions();
            let Some(formatted) = extensions.get::<FormattedFields<N>>() else {
                continue;
            };
            if let Ok(Value::Object(inherited)) = serde_json::from_str(formatted) {
                fields.others.extend(inherited);
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let caller = caller(
            metadata.file().unwrap_or_default(),
            metadata.line().unwrap_or(0),
        );
        let line = Columns {
            level: level(*metadata.level()),
            time: Timestamp::now(),
            caller: &caller,
            message: fields.message.as_deref().unwrap_or_default(),
            others: fields.others,
        };
        writer.write_str(&line.into_text(self.format))
    }
}

/// A line that says how many others are missing, and why.
pub(super) fn notice(format: LogFormat, message: &str, count: u64) -> String {
    let line = Columns {
        level: "warn",
        time: Timestamp::now(),
        caller: "telemetry/sink.rs",
        message,
        others: Map::from_iter([("dropped".to_owned(), Value::from(count))]),
    };
    line.into_text(format)
}

struct Columns<'a> {
    level: &'static str,
    time: Timestamp,
    caller: &'a str,
    message: &'a str,
    others: Map<String, Value>,
}

/// A JSON line, with its fields in the order that people read.
#[derive(serde::Serialize)]
struct Object<'a> {
    level: &'a str,
    ts: f64,
    caller: &'a str,
    msg: &'a str,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Columns<'_> {
    fn into_text(self, format: LogFormat) -> String {
        match format {
            LogFormat::Json => self.into_json(),
            LogFormat::Console => self.into_console(),
        }
    }

    fn into_json(mut self) -> String {
        for own in ["level", "ts", "caller", "msg"] {
            self.others.remove(own);
        }
        #[expect(clippy::cast_precision_loss, reason = "microseconds fit for centuries")]
        let ts = self.time.as_microsecond() as f64 / 1e6;
        let (level, caller, msg) = (self.level, self.caller, self.message);
        let object = Object {
            level,
            ts,
            caller,
            msg,
            others: self.others,
        };
        // Texts, numbers and their maps always have a JSON form.
        serde_json::to_string(&object).map_or_else(|_| String::new(), |text| text + "\n")
    }

    fn into_console(self) -> String {
        let time = self.time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        let level = self.level.to_uppercase();
        let (caller, message) = (self.caller, self.message);
        if self.others.is_empty() {
            return format!("{time}\t{level}\t{caller}\t{message}\n");
        }
        format!(
            "{time}\t{level}\t{caller}\t{message}\t{}\n",
            Value::Object(self.others)
        )
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        _ => "debug",
    }
}

/// `directory/file.rs:line`
fn caller(file: &str, line: u32) -> String {
    let short = file
        .rmatch_indices(['/', '\\'])
        .nth(1)
        .map_or(file, |(at, _)| file.get(at + 1..).unwrap_or(file));
    format!("{short}:{line}")
}

#[derive(Default)]
struct Fields {
    message: Option<String>,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = Some(text);
        } else {
            self.put(field, text);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
        } else {
            self.put(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, causes::chain(value));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::fmt::format::JsonFields;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What `log` logs, as text.
    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Line::new(format))
            .fmt_fields(JsonFields::new())
            .with_writer(writer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        std::fs::read_to_string(file.path()).unwrap()
    }

    #[test]
    fn a_json_line_has_the_fields_of_its_spans() {
        let line = logged(LogFormat::Json, || {
            let span = tracing::info_span!("call", grpc.method = "ListUsers", grpc.service = "x");
            let _entered = span.enter();
            tracing::warn!(count = 3, slow = true, "page {} is late", 7);
        });
        assert!(line.ends_with("}\n"), "{line}");
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["level"], "warn");
        assert_eq!(value["msg"], "page 7 is late");
        assert_eq!(value["grpc.method"], "ListUsers");
        assert_eq!(value["count"], 3);
        assert_eq!(value["slow"], true);
        assert!(value["ts"].is_f64());
        assert!(
            value["caller"]
                .as_str()
                .unwrap()
                .starts_with("telemetry/line.rs:")
        );
    }

    #[test]
    fn a_console_line_has_its_columns_separated_by_tabs() {
        let line = logged(LogFormat::Console, || tracing::info!(id = "005", "synced"));
        let columns: Vec<&str> = line.trim_end().split('\t').collect();
        assert_eq!(columns.len(), 5, "{line}");
        assert_eq!(
            (columns[1], columns[3], columns[4]),
            ("INFO", "synced", r#"{"id":"005"}"#)
        );
    }

    #[test]
    fn an_error_is_logged_with_its_causes() {
        let error = crate::baton::Error::internal("listing users").because("the disk is full");
        let error: &(dyn std::error::Error + 'static) = &error;
        let line = logged(LogFormat::Json, || tracing::error!(error, "no sync"));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["error"], "listing users: the disk is full");
    }
}

//! Metrics in CloudWatch's embedded metric format: a log line names some of its members as metrics. CloudWatch reads
//! them from the log, so they cost no call.
//!
//! Each combination of dimensions is charged. So an operation has only its latency, by the class of its status. Its
//! use of the table is a metric of the function, and in the log line of each request.

use std::fmt::{self, Write as _};

use stockroom_domain::time::Timestamp;

use crate::telemetry::Escaped;

/// The target of the line of a request.
pub const REQUEST: &str = "stockroom::metrics::request";
/// The target of the line of a call without HTTP.
pub const CALL: &str = "stockroom::metrics::call";
/// The target of the line of events that were put on the bus.
pub const EVENTS: &str = "stockroom::metrics::events";
/// The target of the line of mails about one occasion.
pub const MAIL: &str = "stockroom::metrics::mail";
/// The target of the line of a job: the number of organizations that it is due for, or the result of a batch of its
/// queue.
pub const JOB: &str = "stockroom::metrics::job";

/// Members of a line that are metrics, each with its unit, under the same dimensions.
struct Directive {
    dimensions: &'static [&'static str],
    metrics: &'static [(&'static str, &'static str)],
}

/// The function, which every line names.
const FUNCTION: &[&str] = &["function"];
const MILLISECONDS: (&str, &str) = ("milliseconds", "Milliseconds");
/// Calls that failed by an error of the product. The alarm that rolls a deployment back watches them.
const FAILURES: (&str, &str) = ("failures", "Count");
const CAPACITY: &[(&str, &str)] =
    &[("round_trips", "Count"), ("read_half_units", "Count"), ("write_half_units", "Count")];

fn directives(target: &str) -> &'static [Directive] {
    match target {
        REQUEST => &[
            Directive { dimensions: &["function", "method", "route", "status_class"], metrics: &[MILLISECONDS] },
            Directive { dimensions: FUNCTION, metrics: &[FAILURES] },
            Directive { dimensions: FUNCTION, metrics: CAPACITY },
        ],
        CALL => &[
            Directive { dimensions: FUNCTION, metrics: &[MILLISECONDS, FAILURES] },
            Directive { dimensions: FUNCTION, metrics: CAPACITY },
        ],
        EVENTS => {
            &[Directive { dimensions: FUNCTION, metrics: &[("events_put", "Count"), ("events_not_taken", "Count")] }]
        }
        MAIL => &[Directive {
            dimensions: FUNCTION,
            metrics: &[("mails_sent", "Count"), ("mails_refused", "Count"), ("mails_unsent", "Count")],
        }],
        JOB => &[Directive {
            dimensions: FUNCTION,
            metrics: &[("organizations_due", "Count"), ("messages_done", "Count"), ("messages_failed", "Count")],
        }],
        _ => &[],
    }
}

/// Writes the members from which CloudWatch reads the metrics of this target. Targets without metrics get none. `has`
/// says which members the line has.
pub(crate) fn write_members(
    line: &mut impl fmt::Write,
    target: &str,
    function: &str,
    now: Timestamp,
    has: impl Fn(&str) -> bool,
) -> fmt::Result {
    let directives = directives(target);
    if directives.is_empty() {
        return Ok(());
    }
    line.write_str(",\"function\":\"")?;
    Escaped(line).write_str(function)?;
    write!(line, "\",\"_aws\":{{\"Timestamp\":{},\"CloudWatchMetrics\":[", now.unix_millis())?;
    for (index, directive) in directives.iter().enumerate() {
        line.write_str(separator(index))?;
        line.write_str("{\"Namespace\":\"Stockroom\",\"Dimensions\":[[")?;
        for (index, name) in directive.dimensions.iter().enumerate() {
            write!(line, "{}\"{name}\"", separator(index))?;
        }
        line.write_str("]],\"Metrics\":[")?;
        for (index, (name, unit)) in directive.metrics.iter().filter(|(name, _)| has(name)).enumerate() {
            write!(line, "{}{{\"Name\":\"{name}\",\"Unit\":\"{unit}\"}}", separator(index))?;
        }
        line.write_str("]}")?;
    }
    line.write_str("]}")
}

fn separator(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

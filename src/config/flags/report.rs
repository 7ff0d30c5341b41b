//! Flags of `report`.

use crate::config::flag::{Flag, Kind, Scope, flags};

flags! {
    REPORT_FILE = Flag::new(
        "report-file",
        Kind::Text("report.html"),
        "File to write the report to; - for standard output",
    ).short('o').only(Scope::Report);
    REPORT_TITLE = Flag::text(
        "report-title",
        "Heading of the report, for example the name of the org",
    ).only(Scope::Report);
}

//! The report for people: a table on a terminal, plain lines in a pipe. The last line is the result.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::{Check, Org, Outcome, Report, State, User, Weight};
use crate::printable::printable;

impl Report {
    /// The report as a table for a terminal.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(["check", "state", "what was seen, and what to do"]);
        for check in &self.checks {
            table.add_row([check.id, check.state.as_str(), &check.explanation("\n")]);
        }
        let mut text = self.head();
        let _ = writeln!(text, "{table}");
        text + &self.last_line()
    }

    /// The report as lines for a pipe, one for each check: `read.user: allowed`.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let mut text = self.head();
        for check in &self.checks {
            let explanation = check.explanation("; ");
            let between = if explanation.is_empty() { "" } else { ": " };
            let state = check.state.as_str();
            let _ = writeln!(text, "{}: {state}{between}{explanation}", check.id);
        }
        text + &self.last_line()
    }

    fn head(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.org.lines().into_iter().chain(self.user.lines()) {
            if let Some(value) = value {
                let _ = writeln!(text, "{name}: {}", printable(&value));
            }
        }
        text
    }

    fn last_line(&self) -> String {
        let is_open =
            |check: &&Check| check.state != State::Allowed && check.weight != Weight::Note;
        let open = self.checks.iter().filter(is_open).count();
        let all = self.checks.len();
        match self.result {
            Outcome::Ok => format!("result: ok; {all} checks\n"),
            Outcome::Warnings => {
                format!("result: warnings; {open} of {all} checks do not pass\n")
            }
            Outcome::Failed => {
                let first = self
                    .checks
                    .iter()
                    .find(|check| check.weight == Weight::Vital && check.state != State::Allowed);
                let at = first.map_or("", |check| check.id);
                format!("result: failed at {at}\n")
            }
        }
    }
}

impl Check {
    fn explanation(&self, between: &str) -> String {
        let parts = [self.cause.as_deref(), self.remedy.as_deref()];
        let parts: Vec<_> = parts.into_iter().flatten().map(printable).collect();
        parts.join(between)
    }
}

impl Org {
    fn lines(&self) -> [(&'static str, Option<String>); 6] {
        let known = |parts: [&Option<String>; 2]| {
            let parts: Vec<_> = parts.into_iter().flatten().cloned().collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        };
        let kind = self.sandbox.map(|sandbox| {
            let kind = if sandbox { "sandbox" } else { "production" };
            kind.to_owned()
        });
        let newest = self.api_version_newest.as_ref();
        let version = self.api_version.as_ref().map(|used| match newest {
            Some(newest) => format!("{used} (newest: {newest})"),
            None => used.clone(),
        });
        let calls = self.calls_used.zip(self.calls_allowed);
        let calls = calls.map(|(used, allowed)| {
            let left = allowed.saturating_sub(used);
            format!("{used} of {allowed} used in 24 hours, {left} left")
        });
        [
            ("org", known([&self.name, &self.id])),
            ("edition", self.edition.clone()),
            ("kind", kind),
            ("host", self.instance_url.clone()),
            ("API version", version),
            ("API calls", calls),
        ]
    }
}

impl User {
    fn lines(&self) -> [(&'static str, Option<String>); 3] {
        let user = match (&self.username, &self.id) {
            (Some(name), Some(id)) => Some(format!("{name} ({id})")),
            (name, id) => name.clone().or_else(|| id.clone()),
        };
        [
            ("user", user),
            ("profile", self.profile.clone()),
            ("licence", self.license.clone()),
        ]
    }
}

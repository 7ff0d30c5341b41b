//! `doctor`: checks the connection and what the connector's user may do.
//!
//! Whatever fails is a line of the report, a wrong configuration too. So the exit code is the
//! report's: 0, 1 for warnings, 2 for a failure.

use std::io::IsTerminal as _;

use super::answer::Answer;
use super::failure::Failure;
use super::prepare::prepare;
use super::program::Program;
use super::world::World;
use crate::config::{Written, doctor};
use crate::doctor::{Check, Report, State, Weight};

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<Answer, Failure> {
    let report = match prepare(world, written, |_| ()) {
        Ok(prepared) => program.doctor(prepared.config).await,
        Err(failure) => failure.report(),
    };
    let text = if written.values.switch(&doctor::JSON) {
        report.to_json()
    } else if std::io::stdout().is_terminal() {
        report.to_table()
    } else {
        report.to_lines()
    };
    let code = report.exit_code();
    Ok(Answer { text, code })
}

impl Failure {
    /// The report of a configuration that nothing can be done with.
    #[must_use]
    pub fn report(&self) -> Report {
        let text = self.to_string();
        let problems = text.strip_prefix("errors found:\n").unwrap_or(&text);
        let check = Check::new("connection.configuration", State::Denied)
            .weighing(Weight::Vital)
            .because(problems.replace('\n', "; "))
            .fix("correct the settings; README.md explains where they come from");
        Report {
            checks: vec![check],
            ..Report::default()
        }
        .judged()
    }
}

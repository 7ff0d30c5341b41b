//! A value that is read from standard input: `--salesforce-auth-url -`.

use std::io::Read;

use super::flags::connector::{AUTH_METHOD, SALESFORCE_AUTH_URL};
use super::group::Group;
use super::sources::Written;

/// How the command line asks for it.
const STANDARD_INPUT: &str = "-";

/// The longest text.
const LONGEST: u64 = 1024 * 1024;

impl Written {
    /// Reads the value that stands for standard input, if there is one. Input can be read only once,
    /// so the value also goes to the connector process (see [`Arguments`](super::Arguments)).
    pub(crate) fn read_from(&mut self, input: impl Read) {
        let flag = &SALESFORCE_AUTH_URL;
        let method = self.values.text(&AUTH_METHOD);
        let is_meant = method.is_empty() || method == Group::AUTH_URL.name;
        if !is_meant || self.values.text(flag) != STANDARD_INPUT {
            return;
        }
        let mut text = String::new();
        let read = input.take(LONGEST + 1).read_to_string(&mut text);
        let problem = match read {
            Err(_) => "is not text",
            Ok(_) if text.len() as u64 > LONGEST => "is larger than 1 MB",
            Ok(_) if text.trim().is_empty() => "is empty",
            Ok(_) => return self.values.replace(flag, text),
        };
        self.problems.push(format!(
            "field {}: standard input {problem}: expected the output of \
             `sf org auth show-sfdx-auth-url --json`",
            flag.name
        ));
    }
}

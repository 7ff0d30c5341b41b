//! How our own command line reaches the connector process.
//!
//! Every user of the machine can read a command line (`ps`), so secrets go into the environment.

use std::ffi::OsString;
use std::fmt;

use secrecy::SecretString;

use super::args;
use super::flag::Flag;
use super::flags::host::PROVISIONING;
use super::flags::{self, one_shot};
use super::values::Values;

/// What the connector process gets of our own arguments.
#[derive(Clone, Default)]
pub struct Arguments {
    /// The flags without secrets.
    pub flags: Vec<OsString>,
    /// The secrets, by the variables of their flags.
    pub variables: Vec<(String, SecretString)>,
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.flags.len() + self.variables.len();
        write!(f, "[{all} arguments]")
    }
}

impl Arguments {
    /// Splits a command line that was parsed before. The operation is left out: the host requests
    /// it by a call, and its arguments may be about a person. Whether it needs `provisioning` is
    /// passed on, and what was read from standard input.
    pub(super) fn split(arguments: &[OsString], values: &Values, provisioning: bool) -> Self {
        let mut split = Self::default();
        let given = args::parse(arguments).map(|line| line.given);
        let given = given.unwrap_or_default();
        for flag in flags::all().filter(|flag| !is_operation(flag)) {
            if let Some(text) = values.piped(flag) {
                split.push(flag, text);
                continue;
            }
            for text in given.get(flag.name).into_iter().flatten() {
                split.push(flag, text);
            }
        }
        if provisioning {
            split.push(&PROVISIONING, "true");
        }
        split
    }

    fn push(&mut self, flag: &Flag, text: &str) {
        // An empty flag overrides the config file, an empty variable does not. It is no secret.
        if flag.secret && !text.is_empty() {
            self.variables
                .push((flag.variable(), SecretString::from(text)));
        } else {
            self.flags.push(format!("--{}={text}", flag.name).into());
        }
    }
}

fn is_operation(flag: &Flag) -> bool {
    let mut others = one_shot::ALL.iter().chain([&PROVISIONING]);
    others.any(|other| other.name == flag.name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn secrets_become_variables_and_operations_stay_behind() {
        let given = [
            "--instance-url",
            "acme.my.salesforce.com",
            "--oauth2-token=S3CRET",
            "--security-token=",
            "--user-custom-fields=A__c,B__c",
            "--user-custom-fields",
            "C__c",
            "--create-account-profile={\"email\":\"jane@acme.example\"}",
        ];
        let split = Arguments::split(&given.map(OsString::from), &Values::default(), true);
        let mut flags: Vec<_> = split.flags.iter().map(|it| it.to_str().unwrap()).collect();
        flags.sort_unstable();
        assert_eq!(
            flags,
            [
                "--instance-url=acme.my.salesforce.com",
                "--provisioning=true",
                "--security-token=",
                "--user-custom-fields=A__c,B__c",
                "--user-custom-fields=C__c",
            ]
        );
        let variables: Vec<_> = split
            .variables
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.expose_secret()))
            .collect();
        assert_eq!(variables, [("BATON_OAUTH2_TOKEN", "S3CRET")]);
        assert_eq!(format!("{split:?}"), "[6 arguments]");
    }
}

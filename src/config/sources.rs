//! Where the configuration comes from: the command line, the environment, the config file.

use std::ffi::OsString;
use std::path::PathBuf;

use super::args::{self, Line};
use super::problem::Problems;
use super::values::Values;
use super::{environment, file, relation};

/// The sources of the configuration. They hold secrets.
#[derive(Clone)]
pub struct Sources {
    /// The command line without the program's own name.
    pub arguments: Vec<OsString>,
    /// The environment; only variables that begin with `BATON_` are read.
    pub variables: Vec<(OsString, OsString)>,
    /// Where relative paths start and where `.baton.yaml` is looked for.
    pub directory: PathBuf,
    /// Where the user's programs keep state, if the user has a home directory.
    pub state_directory: Option<PathBuf>,
}

/// The written configuration.
pub(crate) struct Written {
    /// The command line.
    pub(crate) line: Line,
    /// The value of each flag.
    pub(crate) values: Values,
    /// What looks like a mistake but may be none.
    pub(crate) warnings: Vec<String>,
    /// What is wrong with single values and their combination.
    pub(crate) problems: Problems,
    /// Whether a config file exists whose content is unknown; `problems` says why. Then any other
    /// problem may only be a consequence.
    pub(crate) file_is_unread: bool,
}

impl Sources {
    /// The sources of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            arguments: std::env::args_os().skip(1).collect(),
            variables: environment::of_process(),
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            state_directory: state_directory(|name| std::env::var_os(name)),
        }
    }

    /// Reads the command line, then the environment, then the file.
    pub(crate) fn read(&self) -> Result<Written, clap::Error> {
        let line = args::parse(&self.arguments)?;
        let mut problems = Problems::default();
        let named = self.variable(file::VARIABLE, &mut problems);
        let file = file::read(named, &self.directory, &mut problems);
        let file = problems.keep(file);
        let file_is_unread = file.is_none();
        let variables = environment::given(&self.variables, &mut problems);
        let values = Values::merge([line.given.clone(), variables, file.unwrap_or_default()]);
        let mut warnings = environment::misspelt(&self.variables);
        warnings.extend(file::overlooked(named, &self.directory));
        problems.extend(values.problems());
        if !file_is_unread {
            relation::check(&values, &mut problems);
        }
        Ok(Written {
            line,
            values,
            warnings,
            problems,
            file_is_unread,
        })
    }

    /// The value of a variable that has no flag.
    pub(super) fn variable(&self, name: &str, problems: &mut Problems) -> Option<&str> {
        environment::value(&self.variables, name, problems)
    }
}

/// The state directory of the XDG Base Directory Specification, which ignores relative paths.
fn state_directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(variable(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], Some("/s"); "named")]
    #[test_case(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")], Some("/h/.local/state"); "relative")]
    #[test_case(&[("XDG_STATE_HOME", ""), ("HOME", "/h")], Some("/h/.local/state"); "empty")]
    #[test_case(&[("HOME", "")], None; "no home")]
    #[test_case(&[], None; "nothing")]
    fn the_state_directory_is_below_home(variables: &[(&str, &str)], expected: Option<&str>) {
        let found = state_directory(|name| {
            let (_, value) = variables.iter().find(|(other, _)| *other == name)?;
            Some(value.into())
        });
        assert_eq!(found, expected.map(PathBuf::from));
    }
}

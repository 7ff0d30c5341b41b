//! The command line: clap commands and arguments, built from the tables of flags.

use std::ffi::OsString;

use clap::builder::styling::Styles;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::flag::{Flag, Kind, Scope, Topic};
use super::values::Given;
use super::{flags, nearest};
use crate::pb::SDK_VERSION;

/// The program's name, in messages and in the logs of hosts.
pub(crate) const NAME: &str = "baton-salesforce";

/// The last word on the command line of a connector process.
pub(crate) const CONNECTOR_SERVICE: &str = "_connector-service";

/// The files of `changes`.
const FILES: &str = "files";

/// The directory of `man`.
const DIRECTORY: &str = "directory";

/// The parsed command line.
#[derive(Clone)]
pub(crate) struct Line {
    /// The subcommand, if there is one.
    pub(crate) subcommand: Option<String>,
    /// The shell that `completion` is for.
    pub(crate) shell: Option<clap_complete::Shell>,
    /// The files that `changes` compares.
    pub(crate) files: Vec<String>,
    /// The directory that `man` writes to.
    pub(crate) directory: Option<String>,
    /// The flags.
    pub(crate) given: Given,
}

/// Parses the arguments, without the program's own name. A request for help or for the version is
/// an `Err`, too.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Line, clap::Error> {
    let mut command = command();
    let arguments: Option<Vec<String>> = arguments
        .iter()
        .map(|word| word.to_str().map(str::to_owned))
        .collect();
    let Some(arguments) = arguments else {
        return Err(command.error(ErrorKind::InvalidUtf8, "an argument is not valid UTF-8"));
    };
    let commands: Vec<String> = command
        .get_subcommands()
        .map(|found| found.get_name().to_owned())
        .chain(["help".to_owned()])
        .collect();
    let words = std::iter::once(NAME.to_owned()).chain(join_values(arguments, &commands));
    let matches = command.try_get_matches_from_mut(words)?;

    let (subcommand, deepest) = match matches.subcommand() {
        Some((name, inner)) => (Some(name.to_owned()), inner),
        None => (None, &matches),
    };
    let shell = deepest
        .try_get_one::<clap_complete::Shell>("shell")
        .ok()
        .flatten()
        .copied();
    let files = deepest.try_get_many::<String>(FILES).ok().flatten();
    let directory = deepest.try_get_one::<String>(DIRECTORY).ok().flatten();
    Ok(Line {
        subcommand,
        shell,
        directory: directory.cloned(),
        files: files.into_iter().flatten().cloned().collect(),
        given: given(deepest),
    })
}

/// The commands with their flags.
pub(crate) fn command() -> Command {
    Command::new(NAME)
        .version(version())
        .about(
            "Syncs users and their access from Salesforce, and changes it, over the Baton protocol",
        )
        .styles(Styles::plain())
        .args_override_self(true)
        .disable_version_flag(true)
        .disable_help_flag(true)
        .next_line_help(true)
        .subcommand_value_name("COMMAND")
        .args(args(Scope::Everywhere).map(|arg| arg.global(true)))
        .arg(help("Print this help").global(true))
        .arg(
            Arg::new("version")
                .long("version")
                .short('v')
                .action(ArgAction::Version)
                .help("Print the version"),
        )
        .subcommand(
            Command::new(CONNECTOR_SERVICE)
                .hide(true)
                .about("The connector process"),
        )
        .subcommand(
            Command::new("access")
                .about("Print who has what and why, from the file of a sync")
                .args(args(Scope::Access)),
        )
        .subcommand(Command::new("capabilities").about("Print what the connector can do"))
        .subcommand(
            Command::new("changes")
                .about("Print what is different between two syncs, from their files")
                .arg(Arg::new(FILES).value_name("FILE").num_args(0..=2).help(
                    "The file of the older and that of the newer sync; one file with two \
                             syncs; by default that of --file",
                )),
        )
        .subcommand(completion())
        .subcommand(Command::new("config").about("Print the schema of the configuration"))
        .subcommand(
            Command::new("doctor")
                .about("Check the connection, and what the connector's user may do in Salesforce")
                .args(args(Scope::Doctor)),
        )
        .subcommand(
            Command::new("health-check")
                .about("Query the HTTP health endpoint of a running connector")
                .args(args(Scope::HealthCheck)),
        )
        .subcommand(
            Command::new("login")
                .about(
                    "Sign in with a browser, keep the refresh token, and print the settings to use",
                )
                .args(args(Scope::Login)),
        )
        .subcommand(
            Command::new("logout").about("Revoke the refresh token of `login` and forget it"),
        )
        .subcommand(man())
        .subcommand(
            Command::new("report")
                .about("Write a report for reviewers, from the file of a sync")
                .args(args(Scope::Report)),
        )
        .subcommand(
            Command::new("serve")
                .about("Serve the connector's gRPC services without a host, for developers")
                .args(args(Scope::Serve)),
        )
}

fn completion() -> Command {
    let shell = Arg::new("shell")
        .required(true)
        .value_parser(value_parser!(clap_complete::Shell))
        .help("The shell");
    Command::new("completion")
        .about("Print a completion script for a shell")
        .arg(shell)
}

fn man() -> Command {
    let directory = Arg::new(DIRECTORY)
        .value_name("DIRECTORY")
        .help("The directory; it must exist");
    Command::new("man")
        .about("Print the manual page, or write all manual pages into a directory")
        .arg(directory)
}

/// What `--version` says after the name. Scripts know its beginning.
fn version() -> String {
    format!(
        "version {} (commit {}, Salesforce API {}, Baton SDK {})",
        env!("CARGO_PKG_VERSION"),
        env!("BATON_SALESFORCE_COMMIT"),
        flags::connector::DEFAULT_API_VERSION,
        SDK_VERSION,
    )
}

/// The arguments of one scope, by topic and then in alphabetical order.
fn args(scope: Scope) -> impl Iterator<Item = Arg> {
    let mut flags: Vec<&Flag> = flags::all().filter(|flag| flag.scope == scope).collect();
    flags.sort_by_key(|flag| (flag.topic, flag.name));
    flags.into_iter().map(arg)
}

fn arg(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name)
        .long(flag.name)
        .help(description(flag))
        .help_heading(flag.topic.map(Topic::title))
        .hide(flag.hidden)
        .allow_hyphen_values(true);
    let arg = match flag.short {
        Some(letter) => arg.short(letter),
        None => arg,
    };
    match flag.kind {
        Kind::Switch(_) => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL"),
        Kind::Number { .. } => arg.action(ArgAction::Set).value_name("INT"),
        Kind::Text(_) | Kind::Token => arg.action(ArgAction::Set).value_name("TEXT"),
        Kind::Upload { .. } => arg.action(ArgAction::Set).value_name("PATH"),
        Kind::List => arg.action(ArgAction::Append).value_name("TEXT,..."),
        Kind::Map => arg.action(ArgAction::Append).value_name("KEY=VALUE,..."),
    }
}

fn help(text: &'static str) -> Arg {
    Arg::new("help")
        .long("help")
        .short('h')
        .action(ArgAction::Help)
        .help(text)
}

/// The description as the help shows it.
fn description(flag: &Flag) -> String {
    let required = if flag.required { "required: " } else { "" };
    let default = match flag.kind {
        Kind::Switch(true) => " (default true)".to_owned(),
        Kind::Number { default, .. } if default != 0 => format!(" (default {default})"),
        Kind::Text(default) if !default.is_empty() => format!(" (default \"{default}\")"),
        _ => String::new(),
    };
    format!(
        "{required}{} (${}){default}",
        flag.description,
        flag.variable()
    )
}

/// The values of the flags on the command line.
fn given(matches: &ArgMatches) -> Given {
    flags::all()
        .filter_map(|flag| {
            let texts = matches.try_get_many::<String>(flag.name).ok().flatten()?;
            Some((flag.name, texts.cloned().collect()))
        })
        .collect()
}

/// Writes `--flag value` as `--flag=value`, so that a value may begin with a hyphen and a switch
/// may have its value as the next word.
fn join_values(arguments: impl IntoIterator<Item = String>, commands: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = arguments.into_iter().peekable();
    let mut command_is_known = false;
    while let Some(word) = rest.next() {
        if word == "--" {
            words.push(word);
            words.extend(rest);
            break;
        }
        let takes_next = match named(&word).map(|flag| flag.kind) {
            Some(Kind::Switch(_)) if command_is_known => {
                rest.peek().is_some_and(|next| is_bool(next))
            }
            Some(Kind::Switch(_)) => rest.peek().is_some_and(|next| is_value(next, commands)),
            Some(_) => rest.peek().is_some(),
            None => {
                command_is_known |= !word.starts_with('-');
                false
            }
        };
        match rest.next_if(|_| takes_next) {
            Some(value) => words.push(format!("{word}={value}")),
            None => words.push(word),
        }
    }
    words
}

/// Whether `word`, which follows a switch, is meant as its value, right or wrong. Only a command
/// (or a misspelt one) could stand there otherwise.
fn is_value(word: &str, commands: &[String]) -> bool {
    let commands = commands.iter().map(String::as_str);
    is_bool(word) || !word.starts_with('-') && nearest::of(word, commands).is_none()
}

fn is_bool(word: &str) -> bool {
    matches!(word, "true" | "false")
}

/// The flag that `word` names, if it is a flag and nothing else.
fn named(word: &str) -> Option<&'static Flag> {
    if let Some(name) = word.strip_prefix("--") {
        return flags::find(name);
    }
    let letter = word.strip_prefix('-')?;
    flags::all().find(|flag| flag.short.is_some_and(|short| letter == short.to_string()))
}

//! The command line: clap's commands and arguments, made from the tables of flags.

use std::ffi::OsString;

use clap::builder::styling::Styles;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::flag::{Flag, Kind, Scope};
use super::flags;
use super::values::Given;

/// The program's name, in messages and in the logs of hosts.
pub(crate) const NAME: &str = "baton-salesforce";

/// The word that ends the command line of a connector process.
pub(crate) const CONNECTOR_SERVICE: &str = "_connector-service";

/// What the command line says.
#[derive(Clone)]
pub(crate) struct Line {
    /// The subcommand, if there is one.
    pub(crate) subcommand: Option<String>,
    /// The shell that `completion` is for.
    pub(crate) shell: Option<clap_complete::Shell>,
    /// The flags.
    pub(crate) given: Given,
}

/// Reads the arguments (without the program's own name). An `Err` also is a request for help or
/// for the version.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Line, clap::Error> {
    let mut command = command();
    let arguments: Option<Vec<String>> = arguments
        .iter()
        .map(|word| word.to_str().map(str::to_owned))
        .collect();
    let Some(arguments) = arguments else {
        return Err(command.error(ErrorKind::InvalidUtf8, "an argument is not valid UTF-8"));
    };
    let words = std::iter::once(NAME.to_owned()).chain(join_values(arguments));
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
    Ok(Line {
        subcommand,
        shell,
        given: given(deepest),
    })
}

/// The commands with their flags.
pub(crate) fn command() -> Command {
    let version = concat!("version ", env!("CARGO_PKG_VERSION"));
    Command::new(NAME)
        .version(version)
        .about("Reads who may do what in Salesforce, and changes it, over the Baton protocol")
        .styles(Styles::plain())
        .args_override_self(true)
        .disable_version_flag(true)
        .disable_help_flag(true)
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
        .subcommand(Command::new("capabilities").about("Print what the connector can do"))
        .subcommand(
            Command::new("completion")
                .about("Print a completion script for a shell")
                .arg(
                    Arg::new("shell")
                        .required(true)
                        .value_parser(value_parser!(clap_complete::Shell))
                        .help("The shell"),
                ),
        )
        .subcommand(Command::new("config").about("Print the schema of the configuration"))
        .subcommand(
            Command::new("health-check")
                .about("Ask the HTTP health endpoint of a running connector")
                .args(args(Scope::HealthCheck)),
        )
        .subcommand(
            Command::new("serve")
                .about("Serve the connector's gRPC services without a host, for developers")
                .args(args(Scope::Serve)),
        )
}

/// The arguments of one scope, in alphabetical order.
fn args(scope: Scope) -> impl Iterator<Item = Arg> {
    let mut flags: Vec<&Flag> = flags::all().filter(|flag| flag.scope == scope).collect();
    flags.sort_by_key(|flag| flag.name);
    flags.into_iter().map(arg)
}

fn arg(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name)
        .long(flag.name)
        .help(description(flag))
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
            .value_name("BOOL")
            .hide_possible_values(true)
            .value_parser(["true", "false"]),
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

/// What the arguments give for each flag.
fn given(matches: &ArgMatches) -> Given {
    flags::all()
        .filter_map(|flag| {
            let texts = matches.try_get_many::<String>(flag.name).ok().flatten()?;
            Some((flag.name, texts.cloned().collect()))
        })
        .collect()
}

/// Writes `--flag value` as `--flag=value`, so that a value may begin with a hyphen and a switch
/// takes the next word only if it is `true` or `false`.
fn join_values(arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = arguments.into_iter().peekable();
    while let Some(word) = rest.next() {
        if word == "--" {
            words.push(word);
            words.extend(rest);
            break;
        }
        let takes_next = named(&word).is_some_and(|flag| match flag.kind {
            Kind::Switch(_) => rest
                .peek()
                .is_some_and(|next| next == "true" || next == "false"),
            _ => rest.peek().is_some(),
        });
        match rest.next_if(|_| takes_next) {
            Some(value) => words.push(format!("{word}={value}")),
            None => words.push(word),
        }
    }
    words
}

/// The flag that `word` names, if it is a flag and nothing else.
fn named(word: &str) -> Option<&'static Flag> {
    if let Some(name) = word.strip_prefix("--") {
        return flags::find(name);
    }
    let letter = word.strip_prefix('-')?;
    flags::all().find(|flag| flag.short.is_some_and(|short| letter == short.to_string()))
}

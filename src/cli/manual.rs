//! `man`: the manual pages, made from the same tables as the command line.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::failure::Failure;
use crate::config::{self, NAME};

/// What the main page has below the flags. Each paragraph begins with what it is about.
const SECTIONS: [(&str, &[(&str, &str)]); 4] = [
    (
        "ENVIRONMENT",
        &[
            (
                "BATON_…",
                "Every option has a variable, which its description names. The option goes before \
                 the variable, the variable before the config file. Secrets belong into variables \
                 or the file: every user of the machine can read command lines.",
            ),
            (
                "BATON_CONFIG_PATH",
                "The config file, with the ending .yaml.",
            ),
            (
                "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
                "The proxy for calls to Salesforce, as curl takes it.",
            ),
            (
                "SSL_CERT_FILE, SSL_CERT_DIR",
                "The certificate authorities to trust, instead of the system's.",
            ),
            (
                "TMPDIR",
                "The directory for temporary files, by default /tmp.",
            ),
        ],
    ),
    (
        "FILES",
        &[
            (
                "sync.c1z",
                "What a sync writes, in the current directory; --file names another.",
            ),
            (
                ".baton.yaml",
                "The config file of the current directory: options without their hyphens as keys.",
            ),
            (
                "~/.local/state/baton-salesforce/tokens.json",
                "The refresh tokens of the command login.",
            ),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            ("0", "Done."),
            ("1", "Interrupted."),
            (
                "2",
                "Wrong options or configuration, or a failure without a gRPC code.",
            ),
            ("7", "Permission denied."),
            ("8", "No API calls are left."),
            ("14", "Salesforce or the platform cannot be reached."),
            ("16", "The sign-in was refused."),
            (
                "other codes up to 16",
                "The gRPC code of the failure. The commands changes and doctor have codes of their \
                 own.",
            ),
        ],
    ),
    (
        "EXAMPLES",
        &[
            (
                "baton-salesforce doctor",
                "Checks the connection, and what the connector's user may do.",
            ),
            ("baton-salesforce -f acme.c1z", "Syncs the org into a file."),
            (
                "baton-salesforce access -f acme.c1z --permission ModifyAllData",
                "Prints who has a strong permission, and by which path.",
            ),
            (
                "baton-salesforce --provisioning --health-check",
                "With the platform's client id and secret in BATON_CLIENT_ID and \
                 BATON_CLIENT_SECRET: takes tasks from it until a signal comes.",
            ),
        ],
    ),
];

/// Writes all pages into `directory`, or returns the program's page.
pub(super) fn run(directory: Option<&Path>) -> Result<String, Failure> {
    let command = config::command();
    let Some(directory) = directory else {
        return main_page(&command).map_err(|error| failed(&error));
    };
    let write = |name: String, page: io::Result<String>| {
        let path = directory.join(format!("{name}.1"));
        page.and_then(|page| std::fs::write(&path, page))
            .map_err(|error| Failure::usage(format!("writing {}: {error}", path.display())))
    };
    write(NAME.to_owned(), main_page(&command))?;
    for inner in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        write(format!("{NAME}-{}", inner.get_name()), page_of(inner))?;
    }
    Ok(String::new())
}

fn failed(error: &io::Error) -> Failure {
    Failure::usage(format!("making the manual page: {error}"))
}

fn main_page(command: &Command) -> io::Result<String> {
    // Its page would only say what `--help` says.
    let page = man(command.clone().disable_help_subcommand(true));
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_subcommands_section(&mut text)?;
    page.render_options_section(&mut text)?;
    let mut roff = Roff::new();
    for (title, paragraphs) in SECTIONS {
        roff.control("SH", [title]);
        for (subject, explanation) in paragraphs {
            roff.control("TP", []);
            roff.text([bold(*subject)]);
            roff.text([roman(*explanation)]);
        }
    }
    roff.to_writer(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The page of a command, with its own options only.
fn page_of(command: &Command) -> io::Result<String> {
    let inner = command.get_name();
    let page = man(command
        .clone()
        .display_name(format!("{NAME}-{inner}"))
        .bin_name(format!("{NAME} {inner}")));
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_options_section(&mut text)?;
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([
        bold(NAME),
        roman("(1) has the options of all commands, the variables, files and exit codes."),
    ]);
    roff.to_writer(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn man(command: Command) -> Man {
    Man::new(command)
        .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
        .manual("Baton connectors")
}

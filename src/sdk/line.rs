//! The command line that every connector shares: the SDK's names for the SDK's things.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use crate::cli::Failure;
use crate::config::{LogFormat, LogLevel, LogSettings};
use crate::host::{self, ServeOptions, TlsFiles};

/// What the program does. A word that may stand before, between or after the flags: hosts append it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Command {
    /// Serve the connector's gRPC services without a host, for developers
    Serve,
    /// Print what the connector can do
    Capabilities,
    /// The connector process of a host
    #[value(name = "_connector-service", hide = true)]
    ConnectorService,
}

// The whole line: the connector's own flags `O` and everybody's. A doc comment would be shown.
#[derive(Parser)]
struct Line<O: clap::Args> {
    #[command(flatten)]
    own: O,
    #[command(flatten)]
    settings: Settings,
}

/// The flags that every connector has.
#[derive(clap::Args, Debug)]
pub(super) struct Settings {
    /// Without one, the program is the host: it syncs into a file, grants or revokes
    #[arg(value_enum)]
    pub(super) command: Option<Command>,
    /// Allow grants, revokes and other writes
    #[arg(
        short, long, env = "BATON_PROVISIONING", value_name = "BOOL", action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true"
    )]
    provisioning: bool,
    /// File to sync into and to read from
    #[arg(short, long, env = "BATON_FILE", default_value = "sync.c1z")]
    pub(super) file: PathBuf,
    /// Calls under way at once; 0 means one, -1 as many as there are cores, up to 4
    #[arg(
        long,
        env = "BATON_WORKERS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(super) workers: i64,
    /// Log level
    #[arg(
        long,
        env = "BATON_LOG_LEVEL",
        default_value = "info",
        ignore_case = true
    )]
    log_level: LogLevel,
    /// Log format
    #[arg(long, env = "BATON_LOG_FORMAT", default_value = "json")]
    log_format: LogFormat,
    /// ID of an entitlement in the file to grant, instead of syncing
    #[arg(long, value_name = "ID", requires = "grant_principal")]
    grant_entitlement: Option<String>,
    /// ID of who gets it
    #[arg(long, value_name = "ID", requires = "grant_entitlement")]
    grant_principal: Option<String>,
    /// Resource type of who gets it
    #[arg(long, value_name = "TYPE", default_value = "user")]
    grant_principal_type: String,
    /// ID of a grant in the file to revoke, instead of syncing
    #[arg(long, value_name = "ID", conflicts_with = "grant_entitlement")]
    revoke_grant: Option<String>,
    /// serve: address to listen on, as HOST:PORT or with the path of a Unix socket after `unix:`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    listen: String,
    /// serve: PEM file with the certificate
    #[arg(long, value_name = "PATH", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// serve: PEM file with its key
    #[arg(long, value_name = "PATH", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// serve: PEM file with the authority whose certificates clients must show
    #[arg(long, value_name = "PATH", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

/// What the host half does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Job<'a> {
    Sync,
    Grant {
        entitlement: &'a str,
        principal: &'a str,
        principal_type: &'a str,
    },
    Revoke {
        grant: &'a str,
    },
}

/// Reads the line. An `Err` also is a request for help.
pub(super) fn parse<O: clap::Args>(
    name: &'static str,
    words: impl IntoIterator<Item = OsString>,
) -> Result<(O, Settings), clap::Error> {
    let mut command = Line::<O>::command().name(name);
    let matches = command.try_get_matches_from_mut(words)?;
    let line = Line::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((line.own, line.settings))
}

impl Settings {
    /// Writes are on if they are asked for, or if one is what the process is for.
    pub(super) fn provisioning(&self) -> bool {
        self.provisioning || self.job() != Job::Sync
    }

    pub(super) fn job(&self) -> Job<'_> {
        if let (Some(entitlement), Some(principal)) =
            (&self.grant_entitlement, &self.grant_principal)
        {
            let principal_type = &self.grant_principal_type;
            return Job::Grant {
                entitlement,
                principal,
                principal_type,
            };
        }
        match &self.revoke_grant {
            Some(grant) => Job::Revoke { grant },
            None => Job::Sync,
        }
    }

    pub(super) fn log(&self) -> LogSettings {
        LogSettings::to_stderr(self.log_level, self.log_format)
    }

    pub(super) fn serve(&self) -> Result<ServeOptions, Failure> {
        let listen = self.listen.parse();
        let listen = listen.map_err(|error: host::Error| Failure::usage(error.to_string()))?;
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        Ok(ServeOptions {
            listen,
            tls: tls.map(|(certificate, key)| TlsFiles {
                certificate,
                key,
                client_ca: self.tls_client_ca.clone(),
            }),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    #[derive(clap::Args)]
    struct Own {
        #[arg(long)]
        place: String,
    }

    fn read(line: &str) -> Result<(Own, Settings), clap::Error> {
        parse("baton-test", line.split(' ').map(OsString::from))
    }

    #[test_case("x --place here _connector-service"; "as hosts append it")]
    #[test_case("x _connector-service --place=here"; "first")]
    #[test_case("x --provisioning _connector-service --place here"; "after a switch")]
    fn the_command_may_stand_anywhere(line: &str) {
        let (own, settings) = read(line).unwrap();
        assert_eq!(own.place, "here");
        assert_eq!(settings.command, Some(Command::ConnectorService));
    }

    #[test_case("x --place here" => false; "a sync")]
    #[test_case("x --place here -p" => true; "asked for")]
    #[test_case("x --place here --provisioning=false" => false; "refused")]
    #[test_case("x --place here --revoke-grant g" => true; "a revoke")]
    #[test_case("x --place here --grant-entitlement e --grant-principal p" => true; "a grant")]
    fn writes_are_on_when_one_is_asked_for(line: &str) -> bool {
        read(line).unwrap().1.provisioning()
    }

    #[test_case("x"; "an own flag is missing")]
    #[test_case("x --place here --grant-entitlement e"; "half a grant")]
    #[test_case("x --place here --tls-cert c"; "half of TLS")]
    #[test_case("x --place here --log-level loud"; "an unknown level")]
    fn a_wrong_line_is_refused(line: &str) {
        assert_eq!(read(line).err().unwrap().exit_code(), 2);
    }
}

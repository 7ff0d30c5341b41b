use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use test_case::test_case;

use super::flags::{connector, telemetry};
use super::*;

mod sign_in;

/// Sources without arguments, variables and file, in a directory of their own.
struct Setup {
    directory: tempfile::TempDir,
    sources: Sources,
}

impl Setup {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sources = Sources {
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: directory.path().to_owned(),
            state_directory: Some(PathBuf::from("/state")),
        };
        Self { directory, sources }
    }

    fn args(mut self, arguments: &[&str]) -> Self {
        self.sources
            .arguments
            .extend(arguments.iter().map(OsString::from));
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.sources.variables.push((name.into(), value.into()));
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.directory.path().join(name), text).unwrap();
        self
    }

    fn read(&self) -> Written {
        self.sources.read().unwrap()
    }

    fn values(&self) -> Values {
        let written = self.read();
        assert_eq!(written.problems.lines(), [""; 0]);
        written.values
    }

    fn config(&self) -> Result<Config, Problems> {
        Config::resolve(&self.values(), &self.sources)
    }

    fn problems(&self) -> Vec<String> {
        let written = self.read();
        let mut problems = written.problems;
        if let Err(others) = Config::resolve(&written.values, &self.sources) {
            problems.extend(others);
        }
        problems.lines().to_vec()
    }
}

const URL: &[&str] = &["--instance-url", "acme.my.salesforce.com"];
const CREDENTIALS: &[&str] = &[
    "--instance-url=acme.my.salesforce.com",
    "--auth-method=client-credentials-group",
    "--salesforce-client-id=3MVG9abc",
    "--salesforce-client-secret=S3CRET",
];
const SECRET: &str = "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----\n";

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
    let level = |setup: Setup| setup.values().text(&telemetry::LOG_LEVEL).to_owned();
    let file = || Setup::new().file(".baton.yaml", "log-level: warn");
    assert_eq!(level(Setup::new()), "info");
    assert_eq!(level(file()), "warn");
    assert_eq!(level(file().var("BATON_LOG_LEVEL", "error")), "error");
    let all = file()
        .var("BATON_LOG_LEVEL", "error")
        .args(&["--log-level", "debug"]);
    assert_eq!(level(all), "debug");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let setup = Setup::new()
        .file(".baton.yaml", "log-level: warn")
        .var("BATON_LOG_LEVEL", "");
    assert_eq!(setup.values().text(&telemetry::LOG_LEVEL), "warn");
}

#[test_case(&[], true; "by default it is on")]
#[test_case(&["--sync-deactivated-users"], true; "the bare flag")]
#[test_case(&["--sync-deactivated-users=false"], false; "with an equals sign")]
#[test_case(&["--sync-deactivated-users", "false"], false; "as the next word")]
#[test_case(&["--sync-deactivated-users", "false", "config"], false; "before a subcommand")]
#[test_case(&["config", "--sync-deactivated-users", "false"], false; "after a subcommand")]
#[test_case(&["--sync-deactivated-users", "config"], true; "a subcommand is no value")]
#[test_case(&["--sync-deactivated-users=false", "--sync-deactivated-users"], true; "the last wins")]
fn a_switch_is_spelt_in_several_ways(arguments: &[&str], expected: bool) {
    let values = Setup::new().args(arguments).values();
    assert_eq!(values.switch(&connector::SYNC_DEACTIVATED_USERS), expected);
}

#[test_case(&["-p", "-f", "x.c1z"]; "letters")]
#[test_case(&["-pf", "x.c1z"]; "joined letters")]
#[test_case(&["-fx.c1z", "-p", "true"]; "without a space")]
#[test_case(&["--file=x.c1z", "--provisioning"]; "names")]
fn the_two_old_flags_have_letters(arguments: &[&str]) {
    let values = Setup::new().args(arguments).values();
    assert!(values.switch(&host_flags::PROVISIONING));
    assert_eq!(values.text(&host_flags::FILE), "x.c1z");
}

#[test]
fn flags_of_the_parent_stand_before_the_word_of_the_child() {
    let written = Setup::new()
        .args(&["--log-level", "debug", "-p", CONNECTOR_SERVICE])
        .read();
    assert_eq!(written.line.subcommand.as_deref(), Some(CONNECTOR_SERVICE));
    assert_eq!(written.values.text(&telemetry::LOG_LEVEL), "debug");
    assert!(written.values.switch(&host_flags::PROVISIONING));
}

#[test]
fn a_value_may_begin_with_a_hyphen() {
    let values = Setup::new()
        .args(&["--salesforce-password", "-p", "--file", "-"])
        .values();
    assert_eq!(values.text(&connector::SALESFORCE_PASSWORD), "-p");
    assert!(!values.switch(&host_flags::PROVISIONING));
}

#[test]
fn lists_are_split_and_added_up() {
    let arguments = [
        "--sync-resources=a,b",
        "--sync-resources",
        "\"bid:r:user/0,1\"",
    ];
    let values = Setup::new().args(&arguments).values();
    assert_eq!(
        values.list(&host_flags::SYNC_RESOURCES),
        ["a", "b", "bid:r:user/0,1"]
    );
    let values = Setup::new()
        .var("BATON_SYNC_RESOURCE_TYPES", "user,group")
        .values();
    assert_eq!(
        values.list(&host_flags::SYNC_RESOURCE_TYPES),
        ["user", "group"]
    );
}

#[test]
fn maps_are_split_and_added_up() {
    let name = "--license-to-least-privileged-profile-mapping";
    let arguments = [
        name,
        "Salesforce=Minimum Access, Sales,Chatter=Chatter Free",
        name,
        "X=Y",
    ];
    let problems = Setup::new().args(&arguments).read().problems;
    assert_eq!(
        problems.lines().len(),
        1,
        "a comma in one of several values needs quotes"
    );

    let arguments = [name, "\"Salesforce=Min, Sales\",Chatter=Free", name, "X=Y"];
    let map = Setup::new()
        .args(&arguments)
        .values()
        .map(&connector::LEAST_PRIVILEGED_PROFILES);
    let expected = [
        ("Chatter", "Free"),
        ("Salesforce", "Min, Sales"),
        ("X", "Y"),
    ];
    assert!(
        map.iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .eq(expected)
    );
}

#[test]
fn an_unknown_flag_is_refused_without_its_value() {
    for arguments in [
        ["--salesforce-passwort=S3CRET", "-p"],
        ["--salesforce-passwort", "S3CRET"],
    ] {
        let error = Setup::new().args(&arguments).sources.read().err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(!error.to_string().contains("S3CRET"), "{error}");
        assert!(
            error.to_string().contains("--salesforce-password"),
            "{error}"
        );
    }
}

#[test]
fn the_file_gives_every_type_of_value() {
    let yaml = r#"
# a comment
instance-url: acme.my.salesforce.com
api-version: 62.0
salesforce-password: 0012
security-token: null
sync-deactivated-users: false
workers: 4
sync-resource-types: [user, group]
log-path: one.log
license-to-least-privileged-profile-mapping:
  Salesforce: "Minimum, Access"
  Chatter Free: Chatter
"#;
    let values = Setup::new().file(".baton.yaml", yaml).values();
    assert_eq!(values.text(&connector::API_VERSION), "62.0");
    assert_eq!(values.text(&connector::SALESFORCE_PASSWORD), "0012");
    assert!(!values.is_set(&connector::SECURITY_TOKEN));
    assert!(!values.switch(&connector::SYNC_DEACTIVATED_USERS));
    assert_eq!(values.number(&host_flags::WORKERS), 4);
    assert_eq!(
        values.list(&host_flags::SYNC_RESOURCE_TYPES),
        ["user", "group"]
    );
    assert_eq!(values.list(&telemetry::LOG_PATH), ["one.log"]);
    let map = values.map(&connector::LEAST_PRIVILEGED_PROFILES);
    assert_eq!(map["Salesforce"], "Minimum, Access");
    assert_eq!(map["Chatter Free"], "Chatter");
}

#[test]
fn a_named_file_is_read_instead_of_the_default_one() {
    let setup = Setup::new()
        .file(".baton.yaml", "log-level: warn")
        .file("other.yml", "log-level: error")
        .var("BATON_CONFIG_PATH", "other.yml");
    assert_eq!(setup.values().text(&telemetry::LOG_LEVEL), "error");
}

#[test_case("gone.yaml", "", "config file gone.yaml (BATON_CONFIG_PATH) does not exist"; "absent")]
#[test_case("x.json", "{}", "config file x.json (BATON_CONFIG_PATH) has the wrong ending: expected .yaml or .yml"; "no yaml")]
#[test_case("x.yaml", "workers: many", "config file x.yaml, line 1, column 10: key workers: expected a whole number"; "wrong type")]
#[test_case("x.yaml", "a: [S3CRET", "config file x.yaml, line 1, column 4: expected YAML with flag names as keys, each once"; "broken")]
#[test_case("x.yaml", "salesforce-password: [S3CRET]", "config file x.yaml, line 1, column 22: key salesforce-password: expected a text"; "a list for a text")]
#[test_case("x.yaml", "workers: 1\nworkers: 2", "config file x.yaml, line 2, column 1: expected YAML with flag names as keys, each once"; "a key twice")]
#[test_case("x.yaml", "- S3CRET", "config file x.yaml, line 1, column 1: expected YAML with flag names as keys, each once"; "no map")]
fn a_bad_file_is_named_and_not_quoted(name: &str, text: &str, expected: &str) {
    let setup = Setup::new().var("BATON_CONFIG_PATH", name);
    let setup = if text.is_empty() {
        setup
    } else {
        setup.file(name, text)
    };
    assert_eq!(setup.read().problems.lines(), [expected]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_flag() {
    let yaml = "dry_run: true\ninstnce-url: x\nfavourite-colour: blue\nS3 CRET: x\n";
    let written = Setup::new().file(".baton.yaml", yaml).read();
    assert_eq!(
        written.problems.lines(),
        [
            "config file .baton.yaml, line 1: unknown key dry_run: did you mean dry-run?",
            "config file .baton.yaml, line 2: unknown key instnce-url: did you mean instance-url?",
            "config file .baton.yaml, line 3: unknown key favourite-colour",
            "config file .baton.yaml, line 4: unknown key: expected the name of a flag",
        ]
    );
    assert!(!written.file_is_unread);
}

/// A platform may store any flag of the SDK, whether or not this connector uses it.
#[test]
fn a_key_of_the_sdk_is_accepted() {
    let yaml = "skip-full-sync: true\ntask-concurrency: 5\nlist-resource-actions: x\n\
                otel-collector-endpoint: ''\nsync-resource-types: []\nclient-id:\n";
    assert_eq!(
        Setup::new()
            .file(".baton.yaml", yaml)
            .read()
            .problems
            .lines(),
        [""; 0]
    );
}

/// Makes something in the place of a config file that cannot be read as one.
fn unreadable(kind: &str, path: &Path) {
    match kind {
        "a directory" => std::fs::create_dir(path).unwrap(),
        "a dangling link" => std::os::unix::fs::symlink("gone.yaml", path).unwrap(),
        "a link to itself" => std::os::unix::fs::symlink(path, path).unwrap(),
        "a socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        "no text" => std::fs::write(path, b"dry-run: true\n\xff").unwrap(),
        "no YAML" => std::fs::write(path, "dry-run = true").unwrap(),
        "too large" => std::fs::write(path, "#".repeat(1024 * 1024 + 1)).unwrap(),
        _ => panic!("{kind}"),
    }
}

#[test_case("a directory", "is a directory")]
#[test_case("a dangling link", "is a link to a file that does not exist")]
#[test_case("a link to itself", "cannot be read")]
#[test_case("a socket", "is not a regular file")]
#[test_case("no text", "is not UTF-8 text")]
#[test_case("no YAML", "expected YAML with flag names as keys")]
#[test_case("too large", "is larger than 1 MB")]
fn a_config_file_that_exists_and_cannot_be_read_is_refused(kind: &str, reason: &str) {
    for (name, variable) in [(".baton.yaml", None), ("x.yaml", Some("x.yaml"))] {
        let setup = Setup::new().args(&["--skip-grants"]);
        let setup = match variable {
            Some(value) => setup.var("BATON_CONFIG_PATH", value),
            None => setup,
        };
        unreadable(kind, &setup.directory.path().join(name));
        let written = setup.read();
        assert!(written.file_is_unread);
        let [problem] = written.problems.lines() else {
            panic!("{:?}", written.problems)
        };
        assert!(
            problem.starts_with(&format!("config file {name}")),
            "{problem}"
        );
        assert!(problem.contains(reason), "{problem}");
    }
}

#[test]
fn a_config_file_with_another_ending_is_a_warning() {
    let setup = Setup::new().file(".baton.yml", "dry-run: true");
    assert_eq!(
        setup.read().warnings,
        ["the file .baton.yml has no effect: rename it to .baton.yaml or set BATON_CONFIG_PATH"]
    );
    let setup = setup.var("BATON_CONFIG_PATH", ".baton.yml");
    assert!(setup.values().switch(&connector::DRY_RUN));
    assert_eq!(setup.read().warnings, [""; 0]);
}

#[test]
fn a_link_to_a_config_file_is_followed() {
    let setup = Setup::new().file("real.yaml", "log-level: warn");
    std::os::unix::fs::symlink("real.yaml", setup.directory.path().join(".baton.yaml")).unwrap();
    assert_eq!(setup.values().text(&telemetry::LOG_LEVEL), "warn");
}

#[test]
fn a_variable_that_looks_misspelt_is_a_warning() {
    let written = Setup::new()
        .var("BATON_DRYRUN", "true")
        .var("baton_instance_url", "x")
        .var("BATON_OKTA_DOMAIN", "x")
        .var("BATON_HOST_ID", "x")
        .var("BATON_SECURITY_TOKN", "")
        .read();
    assert_eq!(
        written.warnings,
        [
            "the variable BATON_DRYRUN has no effect: did you mean BATON_DRY_RUN?",
            "the variable baton_instance_url has no effect: did you mean BATON_INSTANCE_URL?",
        ]
    );
    assert_eq!(written.problems.lines(), [""; 0]);
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut setup = Setup::new();
    let value = OsString::from_vec(b"tru\xff".to_vec());
    setup
        .sources
        .variables
        .push(("BATON_DRY_RUN".into(), value));
    assert_eq!(
        setup.read().problems.lines(),
        ["variable BATON_DRY_RUN: is not valid UTF-8"]
    );
}

#[test_case("--file="; "a file")]
#[test_case("--log-level= "; "a level of a space")]
#[test_case("--workers="; "a number")]
#[test_case("--dry-run="; "a switch")]
#[test_case("--sync-resources="; "a list")]
#[test_case("--revoke-grant="; "a write")]
#[test_case("--license-to-least-privileged-profile-mapping="; "a map")]
fn an_empty_value_is_refused(argument: &str) {
    let name = argument.trim_start_matches("--").split('=').next().unwrap();
    let expected = format!("field {name}: is empty: give it a value or leave it out");
    assert_eq!(
        Setup::new().args(&[argument]).read().problems.lines(),
        [expected.as_str()]
    );
    let file = format!("{name}: ''\n");
    if name == "workers" || name == "dry-run" {
        return;
    }
    assert_eq!(
        Setup::new()
            .file(".baton.yaml", &file)
            .read()
            .problems
            .lines(),
        [expected.as_str()]
    );
}

#[test]
fn an_empty_value_in_a_list_is_refused() {
    assert_eq!(
        Setup::new()
            .args(&["--sync-resource-types=user,,role"])
            .read()
            .problems
            .lines(),
        ["field sync-resource-types: a value in the list is empty"]
    );
}

#[test_case("--username-suffix="; "no suffix")]
#[test_case("--security-token="; "no token is needed from a trusted network")]
#[test_case("--auth-method="; "the default")]
fn an_empty_value_that_means_something_is_accepted(argument: &str) {
    assert_eq!(
        Setup::new().args(&[argument]).read().problems.lines(),
        [""; 0]
    );
}

#[test]
fn white_space_around_a_value_does_not_count() {
    let values = Setup::new()
        .var("BATON_LOG_LEVEL", " debug\n")
        .var("BATON_SALESFORCE_CLIENT_SECRET", "S3CRET\n")
        .var("BATON_SALESFORCE_PASSWORD", " pass word \n")
        .var("BATON_DRY_RUN", " true")
        .var("BATON_SYNC_RESOURCE_TYPES", "user, role ")
        .values();
    assert_eq!(values.text(&telemetry::LOG_LEVEL), "debug");
    assert_eq!(values.text(&connector::SALESFORCE_CLIENT_SECRET), "S3CRET");
    assert_eq!(values.text(&connector::SALESFORCE_PASSWORD), " pass word ");
    assert!(values.switch(&connector::DRY_RUN));
    assert_eq!(
        values.list(&host_flags::SYNC_RESOURCE_TYPES),
        ["user", "role"]
    );
}

#[test_case(&["--provisioning", "maybe"]; "as the next word")]
#[test_case(&["--provisioning=maybe"]; "with an equals sign")]
#[test_case(&["config", "--provisioning=maybe"]; "after a command")]
fn a_wrong_value_of_a_switch_names_the_flag(arguments: &[&str]) {
    assert_eq!(
        Setup::new().args(arguments).read().problems.lines(),
        ["field provisioning: expected true or false, such as --provisioning=true"]
    );
}

#[test]
fn a_misspelt_command_after_a_switch_is_not_its_value() {
    let error = Setup::new()
        .args(&["--provisioning", "serv"])
        .sources
        .read()
        .err()
        .unwrap();
    assert!(error.to_string().contains("'serve'"), "{error}");
}

#[test]
fn an_empty_file_is_no_problem() {
    for text in ["", "# nothing\n\n", "---\n"] {
        assert_eq!(
            Setup::new()
                .file(".baton.yaml", text)
                .read()
                .problems
                .lines(),
            [""; 0]
        );
    }
}

#[test]
fn values_of_a_wrong_type_are_told_together() {
    let setup = Setup::new()
        .args(&[
            "--workers",
            "many",
            "--http-timeout-seconds=0",
            "--task-concurrency=101",
        ])
        .var("BATON_PROVISIONING", "yes");
    let expected = [
        "field http-timeout-seconds: value must be greater than or equal to 1 but got 0",
        "field provisioning: expected true or false, such as --provisioning=true",
        "field workers: expected a whole number",
        "field task-concurrency: value must be less than or equal to 100 but got 101",
    ];
    assert_eq!(setup.read().problems.lines(), expected);
}

#[test_case("", None, ""; "not given")]
#[test_case("5", Some(5), ""; "five")]
#[test_case("0", None, "at least 1, but got '0'"; "none")]
#[test_case("many", None, "BATON_KEEP_SYNC_COUNT"; "no number")]
fn a_variable_says_how_many_syncs_stay(value: &str, count: Option<usize>, problem: &str) {
    let setup = Setup::new().var("BATON_KEEP_SYNC_COUNT", value);
    let mut problems = Problems::default();
    let options = HostOptions::resolve(&setup.values(), &setup.sources, &mut problems);
    assert_eq!(options.keep_syncs, count);
    let lines = problems.lines();
    assert_eq!(lines.is_empty(), problem.is_empty());
    assert!(lines.iter().all(|line| line.contains(problem)), "{lines:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    let setup = Setup::new().args(&["--auth-method", "client-credentials-group"]);
    insta::assert_snapshot!(setup.config().unwrap_err(), @r"
    errors found:
    field instance-url of type string is marked as required but it has a zero-value: set --instance-url or BATON_INSTANCE_URL
    field salesforce-client-id of type string is marked as required but it has a zero-value: set --salesforce-client-id or BATON_SALESFORCE_CLIENT_ID
    field salesforce-client-secret of type string is marked as required but it has a zero-value: set --salesforce-client-secret or BATON_SALESFORCE_CLIENT_SECRET
    ");
}

#[test]
fn the_only_group_whose_fields_are_set_is_taken_without_being_named() {
    let given = ["--salesforce-username=a@b.c", "--salesforce-password=x"];
    let found = |arguments: &[&str]| {
        let setup = Setup::new().args(&["--instance-url=acme.my.salesforce.com"]);
        let config = setup.args(&[&given[..], arguments].concat()).config();
        let config = config.unwrap();
        let way = match config.auth {
            AuthMethod::Password { .. } => "password",
            AuthMethod::OAuthToken { .. } => "token",
            _ => "another",
        };
        (way, config.inferred_auth_method)
    };
    // Half a group is no choice, and a token is what an unnamed method has always meant.
    let half = ["--salesforce-client-id=3MVG9x"];
    assert_eq!(found(&[]), ("password", Some("username-password-group")));
    assert_eq!(found(&half), ("password", Some("username-password-group")));
    assert_eq!(found(&["--oauth2-token=x"]), ("token", None));
    let named = ["--auth-method=username-password-group"];
    assert_eq!(found(&named), ("password", None));
}

#[test]
fn only_the_fields_of_the_chosen_group_are_required() {
    let config = Setup::new().args(CREDENTIALS).config().unwrap();
    assert_eq!(config.instance_url, "acme.my.salesforce.com");
    assert!(matches!(config.auth, AuthMethod::ClientCredentials { .. }));
}

#[test_case(&["--auth-method", "basic"], "field auth-method: value must be one of username-password-group, oauth-group, jwt-bearer-group, client-credentials-group, refresh-token-group, auth-url-group but got 'basic'"; "unknown method")]
#[test_case(&[], "field oauth2-token of type string is required by auth-method oauth-group but it has a zero-value: set --oauth2-token or BATON_OAUTH2_TOKEN, or choose another --auth-method"; "no method and no token")]
#[test_case(&["--auth-method=oauth-group", "--salesforce-username=a@b.c", "--salesforce-password=S3CRET"], "field oauth2-token of type string is required by auth-method oauth-group but it has a zero-value: the fields that are set fit --auth-method username-password-group"; "the fields of another method")]
#[test_case(&["--salesforce-username=a@b.c", "--salesforce-password=S3CRET", "--salesforce-client-id=3MVG9x", "--salesforce-client-secret=S3CRET"], "field auth-method: is not set, and the fields that are set fit username-password-group and client-credentials-group: choose one"; "no method and the fields of two")]
#[test_case(&["--auth-method=client-credentials-group", "--salesforce-client-secret=3MVG9S3CRET", "--salesforce-client-id", SECRET], "field salesforce-client-id: looks like a client secret: it and salesforce-client-secret are swapped"; "id and secret swapped")]
#[test_case(&["--auth-method=client-credentials-group", "--salesforce-client-id=3MVG9x", "--salesforce-client-secret=3MVG9S3CRET"], "field salesforce-client-secret: looks like a client ID"; "the id twice")]
#[test_case(&["--auth-method=client-credentials-group", "--salesforce-client-id=3MVG9x", "--salesforce-client-secret", PEM], "field salesforce-client-secret: looks like a key or certificate, which auth-method jwt-bearer-group takes"; "a key as secret")]
#[test_case(&["--auth-method=client-credentials-group", "--salesforce-client-id=a@b.c", "--salesforce-client-secret=x"], "field salesforce-client-id: looks like a username: expected the consumer key of the app"; "a username as id")]
#[test_case(&["--auth-method=username-password-group", "--salesforce-username=S3CRET", "--salesforce-password=a@b.c"], "field salesforce-username: a Salesforce username has the form of an email address"; "name and password swapped")]
#[test_case(&["--oauth2-token=5Aep861S3CRET"], "field oauth2-token: looks like a refresh token, which auth-method refresh-token-group takes: expected an access token"; "a refresh token")]
#[test_case(&["--oauth2-token={\"id\":\"S3CRET\"}"], "field oauth2-token: the JSON object has no access_token"; "a token object without a token")]
#[test_case(&["--oauth2-token={\"access_token\":S3CRET}"], "field oauth2-token: the JSON is wrong at column 17"; "a broken token object")]
#[test_case(&["--oauth2-token=x", "--api-version=latest"], "field api-version: expected a version such as 63.0 but got 'latest'"; "api version")]
#[test_case(&["--oauth2-token=x", "--user-custom-fields=Level__c,Name FROM User"], "field user-custom-fields: 'Name FROM User' is not the API name of a field, nor a path such as Manager.Name"; "field name")]
fn a_wrong_config_is_told_in_one_clear_line(arguments: &[&str], expected: &str) {
    let problems = Setup::new().args(URL).args(arguments).problems();
    assert_eq!(problems, [expected]);
    assert!(!expected.contains("S3CRET"));
}

#[test_case("https://me:S3CRET@acme.my.salesforce.com", "field instance-url: contains a user name or password before '@': leave only the domain"; "credentials in it")]
#[test_case("3MVG9S3CRET", "field instance-url: looks like a credential: expected a domain such as acme.my.salesforce.com"; "a client id")]
fn a_credential_in_the_url_is_told_without_repeating_it(url: &str, expected: &str) {
    let arguments = ["--instance-url", url, "--oauth2-token=x"];
    assert_eq!(Setup::new().args(&arguments).problems(), [expected]);
}

fn jwt(key: &str) -> Setup {
    Setup::new().args(URL).args(&[
        "--auth-method=jwt-bearer-group",
        "--salesforce-client-id=3MVG9abc",
        "--salesforce-jwt-subject=admin@acme.com",
        "--salesforce-private-key",
        key,
    ])
}

#[test]
fn a_private_key_is_a_path_or_the_key_itself() {
    let escaped = PEM.replace('\n', "\\n");
    for setup in [jwt("key.pem").file("key.pem", PEM), jwt(PEM), jwt(&escaped)] {
        let auth = setup.config().unwrap().auth;
        let AuthMethod::JwtBearer {
            private_key,
            login_url,
            ..
        } = auth
        else {
            panic!("another method")
        };
        let key = secrecy::ExposeSecret::expose_secret(&private_key);
        assert_eq!(key.trim(), PEM.trim());
        assert_eq!(login_url, "https://login.salesforce.com");
    }
}

#[test_case("gone.pem", "", "field salesforce-private-key: the file gone.pem does not exist: expected the path of a PEM file"; "absent")]
#[test_case("MIIEvS3CRET", "", "field salesforce-private-key: the file it names does not exist: expected the path of a PEM file"; "a bare key is not repeated")]
#[test_case("key.pem", "-----BEGIN CERTIFICATE-----", "field salesforce-private-key: expected a private key in PEM but found a certificate"; "a certificate")]
#[test_case("key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "field salesforce-private-key: the key is encrypted: give it without a passphrase"; "encrypted")]
#[test_case("key.pem", "S3CRET", "field salesforce-private-key: expected a private key in PEM but found no PEM text"; "no PEM")]
fn a_wrong_private_key_is_told(value: &str, content: &str, expected: &str) {
    let setup = jwt(value);
    let setup = if content.is_empty() {
        setup
    } else {
        setup.file(value, content)
    };
    assert_eq!(setup.problems(), [expected]);
}

#[test]
fn a_private_key_file_has_at_most_2_mb() {
    let setup = jwt("key.pem").file("key.pem", &"x".repeat(2 * 1024 * 1024 + 1));
    let expected = "field salesforce-private-key: the file key.pem is larger than 2 MB";
    assert_eq!(setup.problems(), [expected]);
}

#[test]
fn a_token_is_bare_or_an_object() {
    use secrecy::ExposeSecret as _;
    let object = r#"{"access_token":"T","refresh_token":"","instance_url":"https://x","more":1}"#;
    for (text, instance) in [("T", None), (object, Some("https://x"))] {
        let auth = Setup::new()
            .args(URL)
            .var("BATON_OAUTH2_TOKEN", text)
            .config()
            .unwrap()
            .auth;
        let AuthMethod::OAuthToken {
            access_token,
            instance_url,
            refresh: None,
        } = auth
        else {
            panic!("another method")
        };
        assert_eq!(access_token.expose_secret(), "T");
        assert_eq!(instance_url.as_deref(), instance);
    }
}

#[test]
fn debug_shows_no_secret() {
    let password = Setup::new().args(URL).args(&[
        "--auth-method=username-password-group",
        "--salesforce-username=a@b.c",
        "--salesforce-password=S3CRET",
        "--security-token=S3CRET",
    ]);
    let object = r#"--oauth2-token={"access_token":"S3CRET","instance_url":"https://x"}"#;
    let token = Setup::new().args(URL).args(&[object]);
    for setup in [password, token, jwt(PEM), Setup::new().args(CREDENTIALS)] {
        let text = format!("{:?}", setup.config().unwrap());
        assert!(!text.contains("S3CRET"), "{text}");
    }
}

#[test]
fn the_defaults_are_those_of_the_protocol() {
    let config = Setup::new().args(CREDENTIALS).config().unwrap();
    let expected = SyncOptions {
        username_for_email: false,
        connected_apps: false,
        licenses: true,
        territories: true,
        agents: true,
        chatter_groups: false,
        object_permissions: false,
        security_insights: false,
        dormant_after_days: 90,
        only_resources: false,
        deactivated_users: true,
        non_standard_users: false,
        company_domains: Vec::new(),
        user_custom_fields: Vec::new(),
    };
    assert_eq!(config.sync, expected);
    assert_eq!(config.api_version, "63.0");
    assert_eq!(config.http_timeout, Duration::from_mins(5));
    assert_eq!(config.max_retry_after, Duration::from_mins(5));
    assert!(!config.provisioning && !config.ticketing && !config.dry_run);
    assert!(!config.allow_custom_domain);
    assert_eq!(config.api_reserve, 0);
}

#[test_case("v62.0", "62.0")]
#[test_case("62", "62.0")]
fn the_api_version_is_written_in_several_ways(text: &str, expected: &str) {
    let config = Setup::new()
        .args(CREDENTIALS)
        .args(&["--api-version", text])
        .config()
        .unwrap();
    assert_eq!(config.api_version, expected);
}

#[test_case(&["--provisioning"], true; "asked for")]
#[test_case(&["--grant-entitlement=e", "--grant-principal=p"], true; "grant")]
#[test_case(&["--revoke-grant=g"], true; "revoke")]
#[test_case(&["--create-account-login=l"], true; "account by login")]
#[test_case(&["--create-account-email=e"], true; "account by email")]
#[test_case(&["--create-account-profile={}"], true; "account by profile")]
#[test_case(&["--delete-resource=1", "--delete-resource-type=user"], true; "delete")]
#[test_case(&["--rotate-credentials=1", "--rotate-credentials-type=user"], true; "rotate")]
#[test_case(&["--invoke-action=a"], false; "an action does not need it")]
#[test_case(&["--provisioning=false"], false; "refused")]
fn a_write_turns_provisioning_on(arguments: &[&str], expected: bool) {
    let config = Setup::new()
        .args(CREDENTIALS)
        .args(arguments)
        .config()
        .unwrap();
    assert_eq!(config.provisioning, expected);
}

#[test_case(&["--grant-entitlement=e"], "fields marked as needed together are missing: ('grant-principal')"; "grant without principal")]
#[test_case(&["--client-id=c"], "fields marked as needed together are missing: ('client-secret')"; "daemon without secret")]
#[test_case(&["--delete-resource=r"], "fields marked as needed together are missing: ('delete-resource-type')"; "delete without type")]
#[test_case(&["--revoke-grant=g", "--event-feed=true"], "fields marked as mutually exclusive were set: ('revoke-grant' and 'event-feed')"; "two modes")]
#[test_case(&["--skip-grants"], "set fields ('skip-grants') are dependent on ('sync-resources') being set"; "skip grants alone")]
fn relations_between_flags_are_kept(arguments: &[&str], expected: &str) {
    assert_eq!(
        Setup::new().args(CREDENTIALS).args(arguments).problems(),
        [expected]
    );
}

#[test]
fn three_modes_are_listed_with_commas() {
    let arguments = ["--revoke-grant=g", "--event-feed", "--list-ticket-schemas"];
    let expected = "fields marked as mutually exclusive were set: ('revoke-grant', 'event-feed', \
                    and 'list-ticket-schemas')";
    assert_eq!(
        Setup::new().args(CREDENTIALS).args(&arguments).problems(),
        [expected]
    );
}

#[test]
fn the_log_is_for_people_on_a_terminal_and_for_programs_elsewhere() {
    let resolve = |arguments: &[&str], terminal| {
        let mut problems = Problems::default();
        let values = Setup::new().args(arguments).values();
        let settings = LogSettings::resolve(&values, Path::new("/d"), terminal, &mut problems);
        (settings, problems.lines().to_vec())
    };
    assert_eq!(resolve(&[], true).0.format, LogFormat::Console);
    assert_eq!(resolve(&[], false).0.format, LogFormat::Json);
    assert_eq!(
        resolve(&["--log-format=json"], true).0.format,
        LogFormat::Json
    );
    assert_eq!(
        resolve(&["--log-path=a"], true).0.format,
        LogFormat::Json,
        "nobody reads a file on a terminal"
    );
    let both = resolve(&["--log-path=a,stderr"], true).0;
    assert_eq!(both.paths, [Path::new("/d/a")]);
    assert_eq!((both.stderr, both.format), (true, LogFormat::Console));
    let wrong = [
        "--log-format=xml",
        "--log-level=loud",
        "--log-path=stdout",
        "--log-level-debug-expires-at=soon",
    ];
    insta::assert_snapshot!(resolve(&wrong, true).1.join("\n"), @r"
    field log-format: value must be one of json, console
    field log-level: value must be one of debug, info, warn, error but got 'loud'
    field log-path: stdout is for results: use stderr or a file
    field log-level-debug-expires-at: expected a time such as 2026-11-22T20:00:00Z but got 'soon'
    ");
}

#[test]
fn serving_needs_certificate_and_key_together() {
    let resolve = |arguments: &[&str]| {
        let mut problems = Problems::default();
        let values = Setup::new().args(&["serve"]).args(arguments).values();
        let options = ServeOptions::resolve(&values, Path::new("/d"), &mut problems);
        (options, problems.lines().to_vec())
    };
    let (options, problems) = resolve(&[]);
    assert_eq!(
        (options.listen.as_str(), options.tls, options.health),
        ("127.0.0.1:50051", None, None)
    );
    assert!(problems.is_empty());
    let (options, _) = resolve(&["--tls-cert=c", "--tls-key=k", "--health-check"]);
    assert_eq!(options.tls.unwrap().certificate, Path::new("/d/c"));
    assert_eq!(
        options.health.unwrap().address.to_string(),
        "127.0.0.1:8081"
    );
    assert_eq!(
        resolve(&["--tls-client-ca=a"]).1,
        ["fields tls-cert and tls-key are needed together (tls-client-ca needs both)"]
    );
}

#[test]
fn flags_of_one_subcommand_are_unknown_to_others() {
    assert!(
        Setup::new()
            .args(&["config", "--listen=x"])
            .sources
            .read()
            .is_err()
    );
    assert!(Setup::new().args(&["--listen=x"]).sources.read().is_err());
}

#[test]
fn no_two_flags_share_a_name() {
    let names: BTreeSet<_> = flags::all().map(|flag| flag.name).collect();
    assert_eq!(names.len(), flags::all().count());
}

#[test]
fn the_commands_are_what_clap_takes_for_sound() {
    command().debug_assert();
}

/// The facts on the connector's own fields: name, kind, default, required, secret.
#[test]
fn the_form_has_the_fields_that_hosts_have_stored() {
    let form: serde_json::Value =
        serde_json::from_str(&schema::configuration_json().unwrap()).unwrap();
    let fields = form["fields"].as_array().unwrap();
    let described: Vec<String> = fields
        .iter()
        .map(|field| {
            let typed = field
                .as_object()
                .unwrap()
                .iter()
                .find(|(key, _)| key.ends_with("Field"));
            let (kind, content) = typed.unwrap();
            let mark = |key: &str, mark: &str| match field[key].as_bool() {
                Some(true) => format!(" {mark}"),
                _ => String::new(),
            };
            format!(
                "{}{}{}{} {kind} {content}",
                field["name"].as_str().unwrap(),
                mark("isOps", "ops"),
                mark("isRequired", "required"),
                mark("isSecret", "secret"),
            )
        })
        .collect();
    insta::assert_snapshot!(described.join("\n"));
    assert_eq!(form["displayName"], "Salesforce");
    assert_eq!(form["helpUrl"], "/docs/baton/salesforce");
    assert_eq!(form["iconUrl"], "/static/app-icons/salesforce.svg");
}

#[test]
fn the_form_has_a_group_for_each_way_to_sign_in() {
    let form = schema::configuration();
    let groups: Vec<_> = form
        .field_groups
        .iter()
        .map(|group| {
            (
                group.name.as_str(),
                group.display_name.as_str(),
                group.default,
            )
        })
        .collect();
    let expected = [
        (
            "username-password-group",
            "Username and password (deprecated)",
            false,
        ),
        ("oauth-group", "OAuth", true),
        ("jwt-bearer-group", "JWT Bearer", false),
        ("client-credentials-group", "Client Credentials", false),
        ("refresh-token-group", "Refresh Token", false),
        ("auth-url-group", "Salesforce CLI Auth URL", false),
    ];
    assert_eq!(groups, expected);
    let names: BTreeSet<&str> = form
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    for group in &form.field_groups {
        assert!(
            group
                .fields
                .iter()
                .all(|field| names.contains(field.as_str()))
        );
        let connected_apps = group
            .fields
            .iter()
            .any(|field| field == "sync-connected-apps");
        assert_eq!(
            connected_apps,
            group.name.starts_with('u') || group.name.starts_with('o')
        );
    }
}

#[test]
fn capabilities_are_the_json_of_an_any() {
    use crate::pb::connector::{Capability, ConnectorCapabilities};
    let capabilities = ConnectorCapabilities {
        connector_capabilities: vec![Capability::Sync.into()],
        ..ConnectorCapabilities::default()
    };
    insta::assert_snapshot!(schema::capabilities_json(&capabilities).unwrap(), @r#"
    {
      "@type": "type.googleapis.com/c1.connector.v2.ConnectorCapabilities",
      "connectorCapabilities": [
        "CAPABILITY_SYNC"
      ]
    }
    "#);
}

#[test]
fn the_help_has_a_section_for_each_topic() {
    let help = command().term_width(100).render_help().to_string();
    insta::assert_snapshot!(help);
}

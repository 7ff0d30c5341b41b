//! The command line as people and scripts meet it.

use salesforce_simulator::{Org, Preset, Settings, Simulator};
use serde_json::Value as Json;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, command, end, free_port, org, run, with};

/// Runs the binary in an empty directory.
async fn alone(arguments: &[&str]) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), arguments).await;
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "a run without a sync leaves no file");
    ended
}

#[test_case("--version"; "in full")]
#[test_case("-v"; "in short")]
#[tokio::test]
async fn the_version_is_one_line(flag: &str) {
    let ended = alone(&[flag]).await;
    ended.assert_success();
    assert_eq!(
        (ended.stdout.lines().count(), ended.stderr.as_str()),
        (1, "")
    );
    let start = concat!(
        "baton-salesforce version ",
        env!("CARGO_PKG_VERSION"),
        " (commit "
    );
    let rest = ended.stdout.strip_prefix(start).expect(&ended.stdout);
    let (commit, rest) = rest.split_once(", ").unwrap();
    let is_hash = commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hash || commit == "unknown", "{commit}");
    assert_eq!(rest, "Salesforce API 63.0, Baton SDK v0.25.0)\n");
}

#[tokio::test]
async fn the_help_tells_the_commands_and_the_flags_with_their_variables() {
    let ended = alone(&["--help"]).await;
    ended.assert_success();
    assert_eq!(ended.stderr, "");
    let help = ended.stdout;
    for essential in [
        "Usage: baton-salesforce [OPTIONS] [COMMAND]",
        "\n  capabilities\n",
        "\n  completion\n",
        "\n  config\n",
        "\n  health-check\n",
        "\n  login\n",
        "\n  logout\n",
        "\n  serve\n",
        "-f, --file <TEXT>",
        "-p, --provisioning",
        "--instance-url <TEXT>",
        "required: Salesforce domain of the org",
        "($BATON_INSTANCE_URL)",
        "--auth-method <TEXT>",
        "--sync-deactivated-users",
        "(default true)",
        "--workers <INT>",
    ] {
        assert!(
            help.contains(essential),
            "{essential} is missing in:\n{help}"
        );
    }
    for hidden in [
        "_connector-service",
        "--grant-entitlement",
        "--c1z-temp-dir",
    ] {
        assert!(
            !help.contains(hidden),
            "{hidden} is for programs, not for people"
        );
    }
}

#[test_case("serve", "--listen <TEXT>"; "serve")]
#[test_case("health-check", "--endpoint <TEXT>"; "health check")]
#[test_case("login", "--redirect-uri <TEXT>"; "login")]
#[tokio::test]
async fn the_help_of_a_command_begins_with_its_own_flags(command: &str, own: &str) {
    let ended = alone(&[command, "--help"]).await;
    ended.assert_success();
    let parts = [
        "Options:",
        own,
        "Connection to Salesforce:",
        "--instance-url",
        "Sync:",
        "--file",
    ];
    let places: Vec<usize> = parts
        .iter()
        .map(|part| ended.stdout.find(part).expect(part))
        .collect();
    assert!(places.is_sorted(), "{places:?} in:\n{}", ended.stdout);
}

#[tokio::test]
async fn a_completion_script_is_printed_for_a_shell() {
    let ended = alone(&["completion", "bash"]).await;
    ended.assert_success();
    assert!(ended.stdout.contains("baton-salesforce"));
    assert_eq!(ended.stderr, "");
}

/// The incumbent's CI compares these files with what its binary prints.
#[test_case("capabilities", "baton_capabilities.json"; "capabilities")]
#[test_case("config", "config_schema.json"; "config")]
#[tokio::test]
async fn the_checked_in_descriptions_are_fresh(subcommand: &str, file: &str) {
    let ended = alone(&[subcommand]).await;
    ended.assert_success();
    assert_eq!(ended.stderr, "", "it works without a configuration");
    assert!(ended.stdout.ends_with('}'), "no newline at the end");
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let stored: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let printed: Json = serde_json::from_str(&ended.stdout).unwrap();
    assert!(
        stored == printed,
        "{file} is stale; renew it with: cargo run -q -- {subcommand} > {file}\n{}",
        ended.stdout
    );
}

#[tokio::test]
async fn capabilities_name_what_hosts_rely_on() {
    let printed: Json = serde_json::from_str(&alone(&["capabilities"]).await.stdout).unwrap();
    assert_eq!(
        printed["@type"],
        "type.googleapis.com/c1.connector.v2.ConnectorCapabilities"
    );
    let all = printed["connectorCapabilities"].as_array().unwrap();
    for capability in ["CAPABILITY_SYNC", "CAPABILITY_TARGETED_SYNC"] {
        assert!(all.contains(&capability.into()), "{capability}: {all:?}");
    }
}

/// A run that must fail, with client credentials unless told otherwise.
async fn refused(arguments: &[&str]) -> Ended {
    alone(arguments).await
}

const CLIENT: [&str; 3] = [
    "--auth-method=client-credentials-group",
    "--salesforce-client-id=3MVG9x",
    "--salesforce-client-secret=S3CRET",
];

#[test_case("acme--dev.sandbox.my.salesforce.com:443x", "instance-url: is not a host name"; "no URL")]
#[test_case("http://acme.my.salesforce.com", "instance-url: must start with https://"; "http")]
#[test_case("crm.example.com", "instance-url: crm.example.com is not a Salesforce host and would \
    receive the credentials; use the org's My Domain, or allow custom domains if you trust it \
    (--allow-custom-domain)"; "a foreign host")]
#[test_case("acme-dev.sandbox.my.salesforce.com", "instance-url: acme-dev.sandbox.my.salesforce.com \
    is no sandbox: two hyphens separate org and sandbox, and here they were lost; it is probably \
    acme--dev.sandbox.my.salesforce.com"; "a collapsed sandbox")]
#[tokio::test]
async fn a_wrong_instance_url_is_told(url: &str, message: &str) {
    let url = format!("--instance-url={url}");
    let ended = refused(&[&[url.as_str()], &CLIENT[..]].concat()).await;
    ended.assert_failure(2, message);
    assert_eq!(
        ended.stderr.matches("instance-url:").count(),
        1,
        "{}",
        ended.stderr
    );
}

/// `errors found:` and one line for each, as the incumbent says it.
#[test_case(
    &["--auth-method=client-credentials-group", "--salesforce-client-id=3MVG9x"],
    &[
        "field instance-url of type string is marked as required but it has a zero-value: set \
         --instance-url or BATON_INSTANCE_URL",
        "field salesforce-client-secret of type string is marked as required but it has a \
         zero-value: set --salesforce-client-secret or BATON_SALESFORCE_CLIENT_SECRET",
    ];
    "missing fields"
)]
#[test_case(
    &["--instance-url=acme.my.salesforce.com", "--auth-method=kerberos"],
    &["field auth-method: value must be one of username-password-group, oauth-group, \
       jwt-bearer-group, client-credentials-group, refresh-token-group, auth-url-group but got \
       'kerberos'"];
    "an unknown method"
)]
#[test_case(
    &[
        "--instance-url=acme.my.salesforce.com", "--auth-method=client-credentials-group",
        "--salesforce-client-id=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "--salesforce-client-secret=3MVG9S3CRET",
    ],
    &["field salesforce-client-id: looks like a client secret: it and salesforce-client-secret \
       are swapped"];
    "id and secret swapped"
)]
#[test_case(
    &[
        "--instance-url=acme.my.salesforce.com", "--auth-method=username-password-group",
        "--salesforce-username=S3CRET", "--salesforce-password=jane@acme.example",
    ],
    &["field salesforce-username: a Salesforce username has the form of an email address"];
    "name and password swapped"
)]
#[test_case(
    &[
        "--instance-url=acme.my.salesforce.com",
        "--salesforce-username=jane@acme.example", "--salesforce-password=S3CRET",
        "--salesforce-client-id=3MVG9x", "--salesforce-client-secret=S3CRET",
    ],
    &["field auth-method: is not set, and the fields that are set fit username-password-group and \
       client-credentials-group: choose one"];
    "an ambiguous choice"
)]
#[tokio::test]
async fn all_that_is_wrong_in_a_configuration_is_told_together(
    arguments: &[&str],
    problems: &[&str],
) {
    let ended = refused(arguments).await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    let told = ended.told();
    assert_eq!(told.first(), Some(&"errors found:"));
    assert_eq!(&told[1..], problems);
    ended.assert_decent();
}

#[tokio::test]
async fn an_unknown_flag_is_told_with_the_usage() {
    let ended = refused(&["--instance-ulr=x"]).await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    assert!(
        ended
            .stderr
            .starts_with("error: unexpected argument '--instance-ulr'")
    );
    assert!(
        ended.stderr.contains("'--instance-url'"),
        "{}",
        ended.stderr
    );
}

/// An org that turns the connector away.
async fn turned_away(settings: fn(&mut Settings), arguments: &[&str], code: i32, message: &str) {
    let mut seed = Org::seed(Preset::Tiny);
    settings(&mut seed.settings);
    let simulator = Simulator::start(seed).await;
    let url = format!("--instance-url={}", simulator.url());
    let ended = refused(&[&[url.as_str()], arguments].concat()).await;
    ended.assert_failure(code, message);
    let repeated = ended.stderr.matches(message).count();
    assert_eq!(
        repeated, 1,
        "it is said {repeated} times:\n{}",
        ended.stderr
    );
    assert!(
        simulator.logins() <= 1,
        "a refused login is not tried again"
    );
}

const ID: &str = "--salesforce-client-id=simulated-client-id";
const SECRET: &str = "--salesforce-client-secret=simulated-client-secret";
const BY_CLIENT: &str = "--auth-method=client-credentials-group";
const RIGHT_CLIENT: [&str; 3] = [BY_CLIENT, ID, SECRET];
const USERNAME: &str = "--salesforce-username=admin@simulated.example";
const PASSWORD: &str = "--salesforce-password=simulated-password";
const TOKEN: &str = "--security-token=simulatedtoken";
const RIGHT_PASSWORD: [&str; 4] = [
    "--auth-method=username-password-group",
    USERNAME,
    PASSWORD,
    TOKEN,
];

fn as_usual(_: &mut Settings) {}

#[test_case(
    as_usual, &[BY_CLIENT, ID, "--salesforce-client-secret=S3CRET"],
    16, "the consumer secret is wrong"; "a wrong client secret"
)]
#[test_case(
    as_usual, &[BY_CLIENT, "--salesforce-client-id=3MVG9x", SECRET],
    16, "the consumer key is unknown to this org"; "an unknown client"
)]
#[test_case(
    |settings| settings.client.run_as = None, &RIGHT_CLIENT,
    16, "the app has no user to run as"; "an app that runs as nobody"
)]
#[test_case(
    as_usual, &["--salesforce-password=S3CRET", USERNAME, TOKEN],
    16, "user name, password or security token is wrong"; "a wrong password"
)]
#[test_case(
    |settings| settings.password_expired = true, &RIGHT_PASSWORD,
    16, "the password has expired"; "an expired password"
)]
#[test_case(
    |settings| settings.soap_login_enabled = false, &RIGHT_PASSWORD,
    16, "the org no longer takes SOAP logins"; "no logins by password"
)]
#[test_case(as_usual, &["--oauth2-token=S3CRET"], 16, "check the app's IP restrictions"; "a dead token")]
#[test_case(
    |settings| settings.api_enabled_for_org = false, &RIGHT_CLIENT,
    7, "this edition of Salesforce has no API"; "an edition without API"
)]
#[test_case(
    |settings| { settings.missing_permissions.insert("ApiEnabled".to_owned()); }, &RIGHT_CLIENT,
    7, "API Enabled"; "a user without API"
)]
#[test_case(
    |settings| { settings.forbidden_objects.insert("User".to_owned()); }, &RIGHT_CLIENT,
    7, "lacks a permission"; "users that may not be read"
)]
#[tokio::test]
async fn a_refusal_of_the_org_is_one_message_with_its_code(
    settings: fn(&mut Settings),
    arguments: &[&str],
    code: i32,
    message: &str,
) {
    turned_away(settings, arguments, code, message).await;
}

/// The connector asks several times first, which takes its time.
#[tokio::test]
async fn an_org_that_cannot_be_reached_is_one_message_with_its_code() {
    let url = format!("--instance-url=http://127.0.0.1:{}", free_port());
    let ended = refused(&[&[url.as_str()], &CLIENT[..]].concat()).await;
    let message =
        "the login host cannot be reached: the host refuses the connection; check instance-url";
    ended.assert_failure(14, message);
    assert_eq!(ended.stderr.matches(message).count(), 1, "{}", ended.stderr);
}

#[tokio::test]
async fn user_name_and_password_alone_sign_in_without_a_named_method() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), &["-f", "out.c1z"]);
    // As the incumbent's scripts do it: by the environment.
    command
        .env("BATON_INSTANCE_URL", simulator.url())
        .env("BATON_SALESFORCE_USERNAME", "admin@simulated.example")
        .env("BATON_SALESFORCE_PASSWORD", "simulated-password")
        .env("BATON_SECURITY_TOKEN", "simulatedtoken");
    let ended = end(command.spawn().unwrap()).await;
    ended.assert_success();
    let chosen = |line: &Json| line["auth.method"] == "username-password-group";
    assert!(ended.log().iter().any(chosen), "{}", ended.stderr);
    ended.assert_decent();
    assert!(
        !file::read(&directory.path().join("out.c1z"))
            .resources
            .is_empty()
    );
}

#[tokio::test]
async fn a_sync_prints_nothing_on_stdout_and_a_summary_on_stderr() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &org(&simulator)).await;
    ended.assert_success();
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.ends_with("sync.c1z\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(" API calls, "));
    ended.assert_decent();
}

#[tokio::test]
async fn the_summary_tells_what_the_connector_will_not_do() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let arguments = with(&simulator, &["--company-domains", "nobody.example"]);
    let ended = run(directory.path(), &arguments).await;
    ended.assert_success();
    let told = "\nwarning: company-domains leaves out ";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
}

#[tokio::test]
async fn flags_win_over_variables_and_variables_over_the_file() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let yaml =
        "instance-url: nowhere.example.com\nfile: by-file.c1z\nsync-resource-types: [role]\n";
    std::fs::write(directory.path().join(".baton.yaml"), yaml).unwrap();
    let mut command = command(directory.path(), &with(&simulator, &[]));
    command.env("BATON_FILE", "by-variable.c1z");
    end(command.spawn().unwrap()).await.assert_success();
    let rows = file::read(&directory.path().join("by-variable.c1z"));
    assert_eq!(rows.types.keys().collect::<Vec<_>>(), ["role"]);
}

//! The ways to sign in, as they are written.

use secrecy::{ExposeSecret as _, SecretString};

use test_case::test_case;

use super::*;

const TOKEN: &str = "5Aep861S3CRET";
const AUTH_URL: &str = "force://3MVG9abc:S3CRET:5Aep861S3CRET@acme.my.salesforce.com";

/// A sign-in method in one line, for comparison.
fn described(config: &Config) -> String {
    let shown = |secret: &Option<SecretString>| {
        secret
            .as_ref()
            .map_or("-", |secret| secret.expose_secret())
            .to_owned()
    };
    let grant = |grant: &RefreshGrant| {
        format!(
            "{} {} {} at {}",
            grant.client_id,
            shown(&grant.client_secret),
            shown(&grant.refresh_token),
            grant.login_url.as_deref().unwrap_or("-"),
        )
    };
    let method = match &config.auth {
        AuthMethod::OAuthToken { refresh, .. } => {
            format!("token, {}", refresh.as_ref().map_or("-".to_owned(), grant))
        }
        AuthMethod::JwtBearer { .. } => "jwt".to_owned(),
        AuthMethod::ClientCredentials { .. } => "client credentials".to_owned(),
        AuthMethod::Password { .. } => "password".to_owned(),
        AuthMethod::RefreshToken { grant: it } => format!("refresh, {}", grant(it)),
    };
    format!("{method}, of {}", config.instance_url)
}

fn resolved(arguments: &[&str]) -> String {
    described(&Setup::new().args(arguments).config().unwrap())
}

#[test_case(&["--salesforce-client-id=c", "--salesforce-refresh-token=t"], "refresh, c - t at -, of https://login.salesforce.com"; "the default login URL leads to the org")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-client-secret=s", "--salesforce-refresh-token=t", "--salesforce-login-url=test.salesforce.com"], "refresh, c s t at -, of test.salesforce.com"; "so does another")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-refresh-token=t", "--instance-url=acme"], "refresh, c - t at -, of acme"; "the org is known")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-refresh-token=t", "--instance-url=acme", "--salesforce-login-url=https://LOGIN.salesforce.com/"], "refresh, c - t at -, of acme"; "the default that a form sends says nothing")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-refresh-token=t", "--instance-url=acme", "--salesforce-login-url=test.salesforce.com"], "refresh, c - t at test.salesforce.com, of acme"; "both are known")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-login-url=acme.my.salesforce.com"], "refresh, c - - at -, of acme.my.salesforce.com"; "the token is in the store")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-client-secret=s", "--salesforce-login-url=acme.my.salesforce.com"], "refresh, c s - at -, of acme.my.salesforce.com"; "the token is in the store and the app has a secret")]
#[test_case(&["--salesforce-client-id=c", "--instance-url=acme"], "refresh, c - - at -, of acme"; "the token of the org is in the store")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-client-secret=s", "--instance-url=acme"], "client credentials, of acme"; "client credentials")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-client-secret=s", "--instance-url=acme", "--salesforce-login-url=test.salesforce.com"], "client credentials, of acme"; "client credentials with a login URL")]
#[test_case(&["--salesforce-client-id=c", "--salesforce-client-secret=s", "--instance-url=acme", "--salesforce-refresh-token=t"], "refresh, c s t at -, of acme"; "a refresh token decides")]
#[test_case(&["--salesforce-auth-url", AUTH_URL], "refresh, 3MVG9abc S3CRET 5Aep861S3CRET at acme.my.salesforce.com, of acme.my.salesforce.com"; "an auth URL")]
#[test_case(&["--salesforce-auth-url", AUTH_URL, "--salesforce-client-id=3MVG9abc", "--salesforce-client-secret=S3CRET", "--instance-url=https://acme.lightning.force.com"], "refresh, 3MVG9abc S3CRET 5Aep861S3CRET at acme.my.salesforce.com, of https://acme.lightning.force.com"; "an auth URL and the same again")]
fn the_fields_that_are_set_decide(arguments: &[&str], expected: &str) {
    assert_eq!(resolved(arguments), expected);
}

#[test_case(r#"{"access_token":"a","refresh_token":"t"}"#, &["--salesforce-client-id=c", "--salesforce-client-secret=s"], "token, c s t at -, of acme"; "with a client")]
#[test_case(r#"{"access_token":"a","refresh_token":"t"}"#, &["--salesforce-client-id=c"], "token, c - t at -, of acme"; "with a public client")]
#[test_case(r#"{"access_token":"a","refresh_token":"t"}"#, &[], "token, -, of acme"; "without a client")]
#[test_case(r#"{"refresh_token":"t"}"#, &["--salesforce-client-id=c", "--salesforce-login-url=test.salesforce.com"], "refresh, c - t at test.salesforce.com, of acme"; "without an access token")]
#[test_case("a", &["--salesforce-client-id=c", "--salesforce-refresh-token=t"], "token, c - t at -, of acme"; "in a field of its own")]
fn a_handed_over_token_is_renewed_if_the_client_is_known(
    token: &str,
    arguments: &[&str],
    expected: &str,
) {
    let setup = Setup::new().args(&["--instance-url=acme", "--oauth2-token", token]);
    let config = setup.args(arguments).config().unwrap();
    assert_eq!(described(&config), expected);
    assert_eq!(config.inferred_auth_method, None);
    let warns = expected.starts_with("token, -");
    assert_eq!(config.warnings.len(), usize::from(warns));
    assert!(
        config
            .warnings
            .iter()
            .all(|it| it.contains("salesforce-client-id"))
    );
}

/// Every problem is told at once.
#[test_case(&["--salesforce-refresh-token=t"], &["salesforce-client-id"]; "no client")]
#[test_case(&["--auth-method=refresh-token-group", "--token-store=none"], &["salesforce-client-id", "salesforce-refresh-token"]; "nothing and no store")]
#[test_case(&["--auth-method=auth-url-group"], &["salesforce-auth-url"]; "no auth URL")]
#[test_case(&["--salesforce-jwt-subject=a@b.c"], &["instance-url", "salesforce-client-id", "salesforce-private-key"]; "a begun JWT")]
#[test_case(&["--salesforce-username=a@b.c"], &["instance-url", "salesforce-password"]; "a begun password")]
#[test_case(&["--salesforce-client-secret=s"], &["instance-url", "salesforce-client-id"]; "a secret alone")]
#[test_case(&["--salesforce-auth-url", AUTH_URL, "--salesforce-client-id=o", "--salesforce-client-secret=o", "--salesforce-refresh-token=o", "--instance-url=other.my.salesforce.com", "--salesforce-login-url=acme--uat.sandbox.my.salesforce.com"], &["salesforce-client-id", "salesforce-client-secret", "salesforce-refresh-token", "instance-url", "salesforce-login-url"]; "an auth URL and other values")]
#[test_case(&["--salesforce-auth-url", AUTH_URL, "--salesforce-username=a@b.c", "--salesforce-password=p"], &["auth-method"]; "an auth URL and a password")]
#[test_case(&["--oauth2-token={\"access_token\":\"a\",\"refresh_token\":\"t\"}", "--salesforce-refresh-token=o", "--instance-url=acme"], &["salesforce-refresh-token"]; "two refresh tokens")]
#[test_case(&["--salesforce-client-id=a@b.c", "--salesforce-refresh-token=00Dxx!S3CRET"], &["salesforce-client-id", "salesforce-refresh-token"]; "wrong fields")]
fn every_missing_or_contradictory_field_is_named(arguments: &[&str], expected: &[&str]) {
    let problems = Setup::new().args(arguments).problems();
    let named: Vec<&str> = problems
        .iter()
        .map(|line| line.split([' ', ':']).nth(1).unwrap())
        .collect();
    assert_eq!(named, expected, "{problems:#?}");
    assert!(problems.iter().all(|line| !line.contains("S3CRET")));
}

#[test_case("--salesforce-refresh-token", "force://a:b:S3CRET@x", "an auth URL"; "an auth URL")]
#[test_case("--salesforce-refresh-token", "{\"access_token\":\"S3CRET\"}", "a JSON object"; "a JSON object")]
#[test_case("--salesforce-refresh-token", "3MVG9S3CRET", "a client ID"; "a client ID")]
#[test_case("--oauth2-token", "force://a:b:S3CRET@x", "auth-url-group"; "an auth URL as token")]
fn a_value_in_the_wrong_field_is_recognised(flag: &str, value: &str, expected: &str) {
    let arguments = [
        "--instance-url=acme",
        "--salesforce-client-id=c",
        flag,
        value,
    ];
    let problems = Setup::new().args(&arguments).problems();
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert!(problem.contains(expected), "{problem}");
    assert!(!problem.contains("S3CRET"), "{problem}");
}

#[test_case("url.json", r#"{"status":0,"result":{"sfdxAuthUrl":"URL"},"warnings":[]}"#; "JSON")]
#[test_case("url.txt", "URL\n"; "a line")]
#[test_case("no ending", "  URL"; "a name without an ending")]
fn an_auth_url_may_be_in_a_file(name: &str, text: &str) {
    let setup = Setup::new()
        .file(
            name,
            &text
                .replace("URL", AUTH_URL)
                .replace("sfdxAuthforce", "sfdxAuthUrl"),
        )
        .args(&["--salesforce-auth-url", name]);
    let config = setup.config();
    let config = config.unwrap();
    assert!(described(&config).starts_with("refresh, 3MVG9abc"));
    assert_eq!(config.inferred_auth_method, Some("auth-url-group"));
}

/// Makes something that is no readable file; none may block.
fn in_the_way(kind: &str, path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    match kind {
        "absent" => {}
        "a directory" => std::fs::create_dir(path).unwrap(),
        "a pipe" => mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
        "a socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        "a device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "too large" => std::fs::write(path, vec![b'x'; 2 * 1024 * 1024 + 1]).unwrap(),
        "no text" => std::fs::write(path, b"\xff\xfe").unwrap(),
        _ => panic!("{kind}"),
    }
}

#[test_case("absent", "does not exist")]
#[test_case("a directory", "is a directory")]
#[test_case("a pipe", "is a named pipe (FIFO)")]
#[test_case("a socket", "is a socket")]
#[test_case("a device", "is a character device")]
#[test_case("too large", "is larger than 2 MB")]
#[test_case("no text", "is not text")]
fn a_file_that_cannot_be_read_is_named(kind: &str, reason: &str) {
    for (name, flag) in [
        ("key.pem", "salesforce-private-key"),
        ("url.json", "salesforce-auth-url"),
    ] {
        let setup = match flag {
            "salesforce-private-key" => jwt(name),
            _ => Setup::new().args(&["--salesforce-auth-url", name]),
        };
        in_the_way(kind, &setup.directory.path().join(name));
        let problems = setup.problems();
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        let start = format!("field {flag}: the file {name} {reason}");
        assert!(problem.starts_with(&start), "{problem}");
    }
}

#[test_case("-----BEGIN EC PRIVATE KEY-----", "RSA keys only"; "elliptic curve")]
#[test_case("-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-keygen -p -m PKCS8"; "of OpenSSH")]
fn a_key_of_another_kind_is_explained(pem: &str, expected: &str) {
    let problems = jwt(pem).problems();
    assert!(problems[0].contains(expected), "{problems:?}");
}

#[test]
fn standard_input_is_read_once_and_handed_over() {
    let setup = Setup::new().args(&["--salesforce-auth-url", "-"]);
    let mut written = setup.read();
    written.read_from(format!("{AUTH_URL}\n").as_bytes());
    let config = Config::resolve(&written.values, &setup.sources).unwrap();
    assert!(described(&config).starts_with("refresh, 3MVG9abc"));
    let mut problems = Problems::default();
    let options = HostOptions::resolve(&written.values, &setup.sources, &mut problems);
    assert_eq!(options.arguments.flags, [""; 0]);
    let [(name, value)] = options.arguments.variables.as_slice() else {
        panic!("one variable")
    };
    assert_eq!(
        (name.as_str(), value.expose_secret()),
        ("BATON_SALESFORCE_AUTH_URL", AUTH_URL)
    );
}

#[test_case(b"", "is empty"; "nothing")]
#[test_case(b"\xff", "is not text"; "no text")]
#[test_case(&vec![b'x'; 1024 * 1024 + 1], "is larger than 1 MB"; "too much")]
fn a_wrong_standard_input_is_told(input: &[u8], expected: &str) {
    let mut written = Setup::new().var("BATON_SALESFORCE_AUTH_URL", "-").read();
    written.read_from(input);
    let [problem] = written.problems.lines() else {
        panic!("{:?}", written.problems)
    };
    assert!(problem.contains(expected), "{problem}");
}

#[test]
fn a_connector_process_leaves_standard_input_to_its_host() {
    let setup = Setup::new().args(&["--salesforce-auth-url=-"]);
    let problems = setup.problems();
    assert!(
        problems[0].contains("cannot read it from standard input"),
        "{problems:?}"
    );
}

#[test]
fn another_method_does_not_read_standard_input() {
    let mut written = Setup::new()
        .args(CREDENTIALS)
        .args(&["--salesforce-auth-url=-"])
        .read();
    written.read_from(&b"\xff"[..]);
    assert_eq!(written.problems.lines(), [""; 0]);
}

#[test_case(&[], &TokenStoreSetting::File("/state/baton-salesforce/tokens.json".into()); "by default")]
#[test_case(&["--token-store=none"], &TokenStoreSetting::None; "none")]
#[test_case(&["--token-store=/x/t.json"], &TokenStoreSetting::File("/x/t.json".into()); "a file")]
fn the_token_store_is_a_file(arguments: &[&str], expected: &TokenStoreSetting) {
    let setup = Setup::new().args(CREDENTIALS).args(arguments);
    assert_eq!(&setup.config().unwrap().token_store, expected);
}

#[test]
fn a_relative_token_store_starts_at_the_working_directory_and_none_needs_a_home() {
    let mut setup = Setup::new()
        .args(CREDENTIALS)
        .args(&["--token-store=t.json"]);
    let expected = setup.directory.path().join("t.json");
    assert_eq!(
        setup.config().unwrap().token_store,
        TokenStoreSetting::File(expected)
    );
    setup.sources.arguments.pop();
    setup.sources.state_directory = None;
    assert_eq!(setup.config().unwrap().token_store, TokenStoreSetting::None);
}

#[test]
fn no_secret_of_a_refresh_is_shown() {
    let token = format!(r#"--oauth2-token={{"access_token":"S3CRET","refresh_token":"{TOKEN}"}}"#);
    let client = [
        "--salesforce-client-id=c",
        "--salesforce-client-secret=S3CRET",
    ];
    for arguments in [
        vec!["--salesforce-auth-url", AUTH_URL],
        [&client[..], &["--salesforce-refresh-token", TOKEN]].concat(),
        [&client[..], &[token.as_str()], URL].concat(),
    ] {
        let text = format!("{:?}", Setup::new().args(&arguments).config().unwrap());
        assert!(!text.contains("S3CRET"), "{text}");
    }
}

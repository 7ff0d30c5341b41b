//! `login` and `logout` against the simulated org, with a browser that is an HTTP client.

use std::path::Path;
use std::process::Stdio;

use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::Value as Json;
use test_case::test_case;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr};

use crate::process::{Ended, SECRETS, command, free_port, run, signal};

/// An org that allows a callback URL at a free port of this computer.
struct Setup {
    simulator: Simulator,
    directory: tempfile::TempDir,
    redirect_uri: String,
}

impl Setup {
    async fn start() -> Self {
        let port = free_port();
        let redirect_uri = format!("http://localhost:{port}/OauthRedirect");
        let mut org = Org::seed(Preset::Tiny);
        org.settings.client.redirect_uris.push(redirect_uri.clone());
        Self {
            simulator: Simulator::start(org).await,
            directory: tempfile::tempdir().unwrap(),
            redirect_uri,
        }
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let url = format!("--instance-url={}", self.simulator.url());
        let own = [
            url.as_str(),
            "--salesforce-client-id=simulated-client-id",
            "--token-store=tokens.json",
            "--log-level=debug",
        ];
        let all = more.iter().take(1).chain(&own).chain(more.iter().skip(1));
        all.map(|argument| (*argument).to_owned()).collect()
    }

    /// Starts `login` and returns it with the address that it prints.
    async fn login(&self, more: &[&str]) -> Running {
        let redirect = format!("--redirect-uri={}", self.redirect_uri);
        let mut arguments = vec!["login", redirect.as_str()];
        arguments.extend(more);
        let arguments = self.arguments(&arguments);
        let mut command = command(self.directory(), &arguments);
        command
            .env("BATON_SALESFORCE_CLIENT_SECRET", "simulated-client-secret")
            .stdin(Stdio::piped());
        Running::start(command.spawn().unwrap()).await
    }

    fn stored(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(self.directory().join("tokens.json")).unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        json["entries"].as_array().unwrap().clone()
    }
}

/// A `login` that has printed the address of the sign-in page.
struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    told: String,
    address: String,
}

impl Running {
    async fn start(mut child: Child) -> Self {
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        loop {
            let mut line = String::new();
            let count = errors.read_line(&mut line).await.unwrap();
            told.push_str(&line);
            assert_ne!(count, 0, "it has ended: {told}");
            if line.contains("/services/oauth2/authorize?") {
                return Self {
                    child,
                    errors,
                    told,
                    address: line.trim().to_owned(),
                };
            }
        }
    }

    async fn paste(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input
            .write_all(format!("{text}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let mut stdout = String::new();
        let mut out = self.child.stdout.take().unwrap();
        let (_, _, status) = tokio::join!(
            out.read_to_string(&mut stdout),
            self.errors.read_to_string(&mut self.told),
            self.child.wait()
        );
        Ended {
            status: status.unwrap(),
            stdout,
            stderr: self.told,
        }
    }
}

/// A browser that goes where it is sent.
async fn browse(address: &str) -> (u16, String) {
    let answer = reqwest::get(address).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Where the org sends the browser.
async fn redirect(address: &str) -> String {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = browser.get(address).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap().1.into_owned()
}

#[tokio::test]
async fn a_sign_in_prints_the_settings_with_which_the_connector_runs() {
    let setup = Setup::start().await;
    let login = setup.login(&["--no-browser"]).await;
    let (status, page) = browse(&login.address).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("You can close this window"), "{page}");
    let ended = login.end().await;
    ended.assert_success();
    let url = setup.simulator.url();
    let store = std::fs::canonicalize(setup.directory().join("tokens.json")).unwrap();
    let expected = format!(
        "BATON_AUTH_METHOD=refresh-token-group\nBATON_INSTANCE_URL={url}\n\
         BATON_SALESFORCE_LOGIN_URL={url}\nBATON_SALESFORCE_CLIENT_ID=simulated-client-id\n\
         BATON_TOKEN_STORE={}\n",
        store.display()
    );
    assert_eq!(ended.stdout, expected);
    assert!(
        ended.stderr.contains("as admin@simulated.example ("),
        "{}",
        ended.stderr
    );
    let token = setup.stored()[0]["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for secret in SECRETS.into_iter().chain([token.as_str()]) {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("code="), "{}", ended.stderr);

    let mut sync = command(setup.directory(), &["--log-level=debug"]);
    for line in ended.stdout.lines() {
        let (name, value) = line.split_once('=').unwrap();
        sync.env(name, value);
    }
    sync.env("BATON_SALESFORCE_CLIENT_SECRET", "simulated-client-secret");
    crate::process::end(sync.spawn().unwrap())
        .await
        .assert_success();
    assert_eq!(setup.simulator.unexpected().len(), 0);
}

#[test_case(true, true; "a public client with PKCE")]
#[test_case(false, true; "an app that requires PKCE")]
#[tokio::test]
async fn apps_of_both_kinds_work(public: bool, pkce: bool) {
    let setup = Setup::start().await;
    setup.simulator.with(|org| {
        org.settings.client.secret_required = !public;
        org.settings.client.pkce_required = pkce;
    });
    let login = setup.login(&["--no-browser", "--print-token"]).await;
    browse(&login.address).await;
    let ended = login.end().await;
    ended.assert_success();
    let token = setup.stored()[0]["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let line = format!("BATON_SALESFORCE_REFRESH_TOKEN={token}\n");
    assert!(ended.stdout.ends_with(&line), "{}", ended.stdout);
    assert!(!ended.stderr.contains(&token));
}

#[tokio::test]
async fn a_second_sign_in_replaces_and_revokes_the_first() {
    let setup = Setup::start().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let login = setup.login(&["--no-browser"]).await;
        browse(&login.address).await;
        let ended = login.end().await;
        ended.assert_success();
        let stored = setup.stored();
        assert_eq!(stored.len(), 1);
        tokens.push(stored[0]["refresh_token"].as_str().unwrap().to_owned());
        let revoked = ended.stderr.contains("earlier sign-in was revoked");
        assert_eq!(revoked, tokens.len() == 2, "{}", ended.stderr);
    }
    assert_ne!(tokens[0], tokens[1]);
}

#[test_case(true; "the whole address")]
#[test_case(false; "the code alone")]
#[tokio::test]
async fn a_person_may_paste_the_redirect(whole: bool) {
    let setup = Setup::start().await;
    let callback = "--redirect-uri=https://login.salesforce.com/services/oauth2/success";
    let mut login = setup.login(&["--paste", callback]).await;
    let target = redirect(&login.address).await;
    assert!(target.contains("%3D%3D") || whole, "{target}");
    login.paste("").await;
    login.paste("http://localhost:1717/another?code=x").await;
    let code = target.split("code=").nth(1).unwrap().split('&').next();
    login
        .paste(if whole { &target } else { code.unwrap() })
        .await;
    let ended = login.end().await;
    ended.assert_success();
    assert!(ended.stderr.contains("This cannot be used"));
    assert_eq!(setup.stored().len(), 1);
}

#[tokio::test]
async fn a_forged_redirect_does_not_end_the_sign_in() {
    let setup = Setup::start().await;
    let login = setup.login(&["--no-browser"]).await;
    let forged = format!("{}?code=forged&state=x", setup.redirect_uri);
    let (status, page) = browse(&forged).await;
    assert_eq!(status, 400);
    assert!(page.contains("its state is not ours"), "{page}");
    assert_eq!(browse(&login.address).await.0, 200);
    let ended = login.end().await;
    ended.assert_success();
    assert!(
        ended.stderr.contains("warning: a redirect was refused"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_denial_is_told_in_the_browser_and_on_the_terminal() {
    let setup = Setup::start().await;
    setup.simulator.with(|org| org.settings.user_denies = true);
    let login = setup.login(&["--no-browser"]).await;
    let (status, page) = browse(&login.address).await;
    assert_eq!(status, 400);
    assert!(page.contains("access_denied"), "{page}");
    let ended = login.end().await;
    assert_eq!(ended.code(), 7);
    assert!(ended.stderr.contains("choose Allow"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(setup.stored().is_empty());
}

#[tokio::test]
async fn a_code_that_was_used_is_explained() {
    let setup = Setup::start().await;
    let first = setup.login(&["--no-browser"]).await;
    let state = parameter(&first.address, "state");
    let target = format!("{}?code=used&state={state}", setup.redirect_uri);
    let (status, page) = browse(&target).await;
    assert_eq!(status, 400);
    assert!(page.contains("exchanging the code"), "{page}");
    let ended = first.end().await;
    assert_eq!(ended.code(), 16);
    assert!(setup.stored().is_empty());
}

#[tokio::test]
async fn an_interrupt_leaves_nothing_behind() {
    let setup = Setup::start().await;
    for name in ["INT", "TERM"] {
        let login = setup.login(&["--no-browser"]).await;
        signal(login.child.id().unwrap(), name);
        let ended = login.end().await;
        assert_eq!(ended.code(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("nothing was stored"));
        assert_eq!(ended.stdout, "");
        assert!(setup.stored().is_empty());
    }
    let left: Vec<_> = std::fs::read_dir(setup.directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_str().is_some_and(|name| name.contains("tmp")))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Every user of the machine can read command lines, so the browser gets a link that works once.
#[tokio::test]
async fn the_browser_is_opened_without_the_state_on_a_command_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let setup = Setup::start().await;
    let script = setup.directory().join("browser");
    std::fs::write(
        &script,
        "#!/bin/sh\necho \"$@\" > opened.part\nmv opened.part opened\n",
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = setup.arguments(&["login", &format!("--redirect-uri={}", setup.redirect_uri)]);
    let mut command = command(setup.directory(), &arguments);
    command
        .env("BROWSER", &script)
        .env("BATON_SALESFORCE_CLIENT_SECRET", "simulated-client-secret");
    let login = Running::start(command.spawn().unwrap()).await;
    let opened = crate::process::eventually("the browser is opened", || {
        std::fs::read_to_string(setup.directory().join("opened")).ok()
    })
    .await;
    assert!(opened.contains("/start/"), "{opened}");
    assert!(!opened.contains(&parameter(&login.address, "state")));
    let line = format!("/proc/{}/cmdline", login.child.id().unwrap());
    let line = std::fs::read_to_string(line).unwrap();
    assert!(!line.contains("simulated-client-secret"));
    assert_eq!(browse(opened.trim()).await.0, 200);
    login.end().await.assert_success();
}

#[tokio::test]
async fn no_refresh_token_is_explained() {
    let setup = Setup::start().await;
    let note = "the refresh token will be lost";
    let login = setup.login(&["--no-browser", "--token-store=none"]).await;
    assert!(login.told.contains(note), "{}", login.told);
    browse(&login.address).await;
    let ended = login.end().await;
    ended.assert_success();
    assert!(ended.stdout.contains("BATON_TOKEN_STORE=none\n"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_the_browser_opens() {
    let setup = Setup::start().await;
    let port = setup.redirect_uri.split([':', '/']).nth(4).unwrap();
    let _taken = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let redirect = format!("--redirect-uri=http://127.0.0.1:{port}/OauthRedirect");
    let arguments = setup.arguments(&["login", "--no-browser", &redirect]);
    let ended = run(setup.directory(), &arguments).await;
    assert_eq!(ended.code(), 2);
    assert!(ended.stderr.contains("--paste"), "{}", ended.stderr);
    assert!(ended.stderr.contains(port), "{}", ended.stderr);
}

#[tokio::test]
async fn a_sign_out_revokes_and_forgets() {
    let setup = Setup::start().await;
    let login = setup.login(&["--no-browser"]).await;
    browse(&login.address).await;
    login.end().await.assert_success();
    let arguments = setup.arguments(&["logout"]);
    let ended = run(setup.directory(), &arguments).await;
    ended.assert_success();
    assert!(setup.stored().is_empty());
    let asked = setup.simulator.requests();
    assert!(asked.iter().any(|it| it.path.ends_with("/oauth2/revoke")));
    let again = run(setup.directory(), &arguments).await;
    assert_eq!(again.code(), 2);
    assert!(
        again.stderr.contains("no refresh token"),
        "{}",
        again.stderr
    );
}

#[tokio::test]
async fn a_sign_out_without_the_org_keeps_the_token_and_says_that_it_is_valid() {
    let setup = Setup::start().await;
    let login = setup.login(&["--no-browser"]).await;
    browse(&login.address).await;
    login.end().await.assert_success();
    let arguments = setup.arguments(&["logout"]);
    let (directory, simulator) = (setup.directory, setup.simulator);
    simulator.shutdown().await;
    let ended = run(directory.path(), &arguments).await;
    assert_eq!(ended.code(), 14);
    assert!(ended.stderr.contains("still valid"), "{}", ended.stderr);
    let text = std::fs::read_to_string(directory.path().join("tokens.json")).unwrap();
    assert!(text.contains("simulated-client-id"));
}

#[tokio::test]
async fn the_last_of_five_approvals_is_told() {
    let setup = Setup::start().await;
    setup.simulator.with(|org| {
        for number in 0..5 {
            org.add_refresh_token(&format!("other-{number}"), "admin@simulated.example");
        }
    });
    let login = setup.login(&["--no-browser"]).await;
    browse(&login.address).await;
    let ended = login.end().await;
    ended.assert_success();
    let warning = "has approved the app 5 times, and Salesforce keeps 5";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
}

#[tokio::test]
async fn every_missing_field_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &["login", "--redirect-uri=nowhere"]).await;
    assert_eq!(ended.code(), 2);
    for field in ["salesforce-client-id", "redirect-uri"] {
        assert!(ended.stderr.contains(field), "{}", ended.stderr);
    }
}

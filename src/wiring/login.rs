//! `login`: opens the sign-in page, exchanges the code, and keeps the refresh token.
//!
//! What a person reads goes to stderr; stdout carries the settings only.

mod approvals;

use std::fmt::Write as _;
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::sync::oneshot;
use url::Url;

use super::client::SignInSetup;
use crate::causes::chain;
use crate::cli::Failure;
use crate::config::{Config, LoginOptions};
use crate::login::{Answered, Expected, Listener, Outcome, Page, from_text};
use crate::salesforce::AuthError;
use crate::salesforce::auth::{self, Authorization, Tokens};
use crate::salesforce::instance::address;
use crate::signals;
use crate::token_store::{Entry, TokenHash};

/// How long a redirect that comes too late is still answered.
const GRACE: Duration = Duration::from_secs(20);

/// The longest line that is pasted.
const LONGEST_LINE: u64 = 16 * 1024;

/// Completes when the user ends the program.
type Interrupt = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) async fn run(config: &Config, options: &LoginOptions) -> Result<String, Failure> {
    let setup = SignInSetup::new(config)?;
    let redirect_uri = Url::parse(&options.redirect_uri)
        .map_err(|_| Failure::usage("field redirect-uri: is not a URL"))?;
    if setup.store.is_none() && !options.print_token {
        tell(
            "note: the refresh token will be lost: there is no token store, and --print-token is not set",
        );
    }
    let authorization = Authorization::new(
        setup.http.clone(),
        setup.login.clone(),
        setup.app.clone(),
        redirect_uri.clone(),
        &options.scopes,
    );
    let expected = Expected::new(redirect_uri, authorization.state().to_owned());
    let interrupt = signals::termination()
        .map_err(|error| Failure::usage(format!("handling signals: {error}")))?;
    let mut interrupt: Interrupt = Box::pin(interrupt);
    let received = Received::wait(&authorization, expected, options, &mut interrupt).await?;
    let result = match or_interrupted(&mut interrupt, received.redeem(&authorization)).await {
        Ok(tokens) => finish(&setup, &tokens, config, options).await,
        Err(failure) => Err(failure),
    };
    received.show(&result).await;
    result
}

/// The redirect, and the browser that waits for a page about it.
struct Received {
    outcome: Outcome,
    browser: Option<Answered>,
}

impl Received {
    async fn wait(
        authorization: &Authorization,
        expected: Expected,
        options: &LoginOptions,
        interrupt: &mut Interrupt,
    ) -> Result<Self, Failure> {
        let outcome = if options.paste {
            let pasted = pasted(authorization.url(), &expected);
            let outcome = or_interrupted(interrupt, pasted).await?;
            return Ok(Self {
                outcome,
                browser: None,
            });
        } else {
            redirected(authorization.url(), expected, options, interrupt).await?
        };
        Ok(Self {
            outcome: outcome.0,
            browser: Some(outcome.1),
        })
    }

    async fn redeem(&self, authorization: &Authorization) -> Result<Tokens, Failure> {
        match &self.outcome {
            Outcome::Code(code) => authorization
                .redeem(code)
                .await
                .map_err(|error| refused(&error)),
            Outcome::Denied { error, description } => Err(denied(error, description)),
        }
    }

    /// Tells the person in the browser how it ended.
    async fn show(self, result: &Result<String, Failure>) {
        let Some(browser) = self.browser else { return };
        let page = match result {
            Ok(_) => Page::success(
                "baton-salesforce is signed in. You can close this window and return to the \
                 terminal.",
            ),
            Err(failure) => Page::failure(format!("The sign-in failed: {failure}.")),
        };
        browser.show(page).await;
    }
}

/// Waits for the browser.
async fn redirected(
    page: &Url,
    expected: Expected,
    options: &LoginOptions,
    interrupt: &mut Interrupt,
) -> Result<(Outcome, Answered), Failure> {
    let warn = |text: &str| tell(&format!("warning: {text}"));
    let listener = Listener::bind(expected, warn)
        .await
        .map_err(|error| Failure::usage(format!("field redirect-uri: {}", chain(&error))))?;
    let closer = listener.closer();
    if options.browser {
        let start = listener.start_at(&nonce(), page.clone());
        match crate::login::open(&start, std::env::var_os("BROWSER")) {
            Ok(()) => tell("Opening the sign-in page in the browser. If nothing opens, go to:"),
            Err(_) => tell("No browser could be opened. Go to:"),
        }
    } else {
        tell("Open this address in a browser on this computer:");
    }
    tell(&format!("\n{page}\n"));
    let (deliver, delivered) = oneshot::channel();
    tokio::spawn(listener.serve(deliver));
    let waiting = async {
        let received = tokio::time::timeout(options.wait, delivered).await;
        received.map_err(|_| Failure::status(tonic::Code::DeadlineExceeded, too_late(options)))
    };
    match or_interrupted(interrupt, waiting).await {
        Ok(Ok(received)) => Ok(received),
        Ok(Err(_)) => Err(Failure::usage("the program ends")),
        Err(failure) => {
            if failure.code() == TIMED_OUT {
                let late = closer.close();
                tell("The time is over. A browser that comes now is told so.");
                let grace = async {
                    let _ = tokio::time::timeout(GRACE, late).await;
                    Ok(())
                };
                let _ = or_interrupted(interrupt, grace).await;
            }
            Err(failure)
        }
    }
}

/// The exit code of a failure because of time.
const TIMED_OUT: u8 = 4;

fn too_late(options: &LoginOptions) -> String {
    format!(
        "no browser came back from the sign-in page within {} seconds; run login again, with \
         --login-timeout-seconds for more time",
        options.wait.as_secs()
    )
}

/// Reads what a person pastes, until it is a redirect.
async fn pasted(page: &Url, expected: &Expected) -> Result<Outcome, Failure> {
    tell(&format!("Open this address in a browser:\n\n{page}\n"));
    tell("Then paste the address that the browser ends on, or the code in it, and press Enter:");
    let mut input = BufReader::new(tokio::io::stdin());
    loop {
        let mut line = Vec::new();
        let count = (&mut input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .await
            .map_err(|error| Failure::usage(format!("reading standard input: {error}")))?;
        if count == 0 {
            return Err(Failure::usage("standard input ended before the address"));
        }
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        match from_text(&line, expected) {
            Ok(outcome) => return Ok(outcome),
            Err(refused) => tell(&format!("This cannot be used: {refused}. Paste it again:")),
        }
    }
}

/// Keeps the tokens, tells who is signed in, and returns the settings.
async fn finish(
    setup: &SignInSetup,
    tokens: &Tokens,
    config: &Config,
    options: &LoginOptions,
) -> Result<String, Failure> {
    let Some(token) = &tokens.refresh_token else {
        return Err(Failure::usage(NO_REFRESH_TOKEN));
    };
    let replaced = match keep(setup, tokens).await {
        Ok(replaced) => replaced,
        Err(failure) => {
            // Nobody has the new token: it would only take the place of another approval.
            if let Err(error) = auth::revoke(&setup.http, &setup.login, token).await {
                tell(&format!(
                    "warning: the new refresh token could not be revoked: {}",
                    chain(&error)
                ));
            }
            return Err(failure);
        }
    };
    for entry in replaced {
        end_earlier(setup, &entry, token).await;
    }
    tell(&greeting(setup, tokens).await);
    let approvals = approvals::count(config, tokens).await.unwrap_or_default();
    if approvals >= approvals::MOST {
        tell(&format!(
            "warning: this user has approved the app {approvals} times, and Salesforce keeps {}: \
             the next approval ends the oldest. Revoke those that nobody uses under the user's \
             personal Settings > Connections > Connected Apps",
            approvals::MOST
        ));
    }
    if setup.app.client_secret.is_some() {
        tell("The client secret is not printed: set BATON_SALESFORCE_CLIENT_SECRET, too.");
    }
    Ok(settings(setup, tokens, token, config, options))
}

const NO_REFRESH_TOKEN: &str = "the org has issued no refresh token, so there is nothing to keep; \
    allow the scope \"Perform requests at any time (refresh_token, offline_access)\" in the OAuth \
    settings of the app, and set its Refresh Token Policy to something else than \"Immediately \
    expire refresh token\"";

/// Stores the new refresh token, and returns the entries that it replaces.
async fn keep(setup: &SignInSetup, tokens: &Tokens) -> Result<Vec<Entry>, Failure> {
    let Some(store) = &setup.store else {
        return Ok(Vec::new());
    };
    let Some(sign_in) = auth::sign_in(&setup.app, &setup.login, tokens) else {
        return Ok(Vec::new());
    };
    let failed = |error| Failure::usage(format!("keeping the refresh token: {}", chain(&error)));
    let mut locked = store.lock().await.map_err(failed)?;
    let replaced = locked.sign_in(sign_in);
    locked.save().await.map_err(failed)?;
    Ok(replaced)
}

/// Revokes a token that the new one replaces: Salesforce keeps five for a user and an app, and a
/// sixth ends the oldest.
async fn end_earlier(setup: &SignInSetup, entry: &Entry, new: &SecretString) {
    let old = entry.refresh_token();
    if TokenHash::of(old) == TokenHash::of(new) {
        return;
    }
    match auth::revoke(&setup.http, &setup.login, old).await {
        Ok(_) => tell("The refresh token of the earlier sign-in was revoked."),
        Err(error) => tell(&format!(
            "warning: the refresh token of the earlier sign-in could not be revoked: {}",
            chain(&error)
        )),
    }
}

/// Says who is signed in, and where.
async fn greeting(setup: &SignInSetup, tokens: &Tokens) -> String {
    let person = auth::person(&setup.http, tokens).await.unwrap_or_default();
    let org = tokens
        .identity
        .map(|identity| identity.org.to_string())
        .or(person.org_id)
        .unwrap_or_else(|| "unknown".to_owned());
    let user = match (person.username, person.name, tokens.identity) {
        (Some(username), Some(name), _) => format!("{username} ({name})"),
        (Some(username), None, _) => username,
        (None, _, Some(identity)) => format!("user {}", identity.user),
        (None, _, None) => "an unknown user".to_owned(),
    };
    let clean: String = user
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        "Signed in to org {org} at {} as {clean}.",
        address(&tokens.instance)
    )
}

/// The settings, one variable each line.
fn settings(
    setup: &SignInSetup,
    tokens: &Tokens,
    token: &SecretString,
    config: &Config,
    options: &LoginOptions,
) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| {
        let is_plain = value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/=%+@,".contains(&b));
        let quoted = if is_plain {
            value.to_owned()
        } else {
            format!("'{}'", value.replace('\'', r"'\''"))
        };
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}={quoted}");
    };
    set("BATON_AUTH_METHOD", "refresh-token-group");
    set("BATON_INSTANCE_URL", &address(&tokens.instance));
    set("BATON_SALESFORCE_LOGIN_URL", &address(setup.login.login()));
    set("BATON_SALESFORCE_CLIENT_ID", &setup.app.client_id);
    match &setup.store {
        Some(store) if !setup.is_default_store => {
            set("BATON_TOKEN_STORE", &store.path().display().to_string());
        }
        Some(_) => {}
        None => set("BATON_TOKEN_STORE", "none"),
    }
    if config.allow_custom_domain {
        set("BATON_ALLOW_CUSTOM_DOMAIN", "true");
    }
    if options.print_token {
        set("BATON_SALESFORCE_REFRESH_TOKEN", token.expose_secret());
    }
    text
}

/// A link that works once: others may see it, so it must not be guessed before it is used.
fn nonce() -> String {
    oauth2::CsrfToken::new_random().into_secret()
}

fn denied(error: &str, description: &str) -> Failure {
    let advice = auth::advice_on_denial(error, description).map_or_else(String::new, |advice| {
        format!(": {}; {}", advice.cause, advice.remedy)
    });
    let text = if description.is_empty() {
        error.to_owned()
    } else {
        format!("{error}: {description}")
    };
    Failure::status(
        tonic::Code::PermissionDenied,
        format!("the org did not approve the sign-in ({text}){advice}"),
    )
}

/// The org did not accept the code.
fn refused(error: &AuthError) -> Failure {
    Failure::status(
        tonic::Code::Unauthenticated,
        format!("exchanging the code: {}", chain(error)),
    )
}

/// Waits for `work`, unless the user ends the program before.
async fn or_interrupted<T>(
    interrupt: &mut Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        result = work => result,
        () = interrupt => Err(Failure::status(
            tonic::Code::Cancelled,
            "interrupted; nothing was stored",
        )),
    }
}

/// Tells the person something. It must not fail if nobody reads.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

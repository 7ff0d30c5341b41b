//! The first half of the web server flow: asks the user, and redirects with a code.
//!
//! By default, the administrator is signed in and approves at once.

use super::client::{self, Secret};
use super::{Form, OauthError, page, pkce};
use crate::http::call::Call;
use crate::http::code::Code;
use crate::http::login;
use crate::http::reply::Reply;
use crate::http::shared::Shared;

/// Scopes of the app, granted to a request that names none.
const ALL_SCOPES: &str = "refresh_token api id";

/// The scopes that an app can have. Source: Salesforce Help, "OAuth Tokens and Scopes".
const SCOPES: &[&str] = &[
    "address",
    "api",
    "chatter_api",
    "content",
    "custom_permissions",
    "email",
    "full",
    "id",
    "lightning",
    "offline_access",
    "openid",
    "phone",
    "profile",
    "refresh_token",
    "visualforce",
    "wave_api",
    "web",
];

/// Redirects with a code or an error. An error of the app or its redirect URI is shown to the user
/// instead, because nobody knows where such a redirect leads (RFC 6749, 4.1.2.1).
pub(super) fn handle(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    let (redirect_uri, mut location) = match redirect_target(shared, call, &form) {
        Ok(target) => target,
        Err(error) => return page::error(&error),
    };
    let answer = match Request::read(shared, &form, redirect_uri) {
        Ok(request) => request.decide(shared, &form),
        Err(error) => Err(error),
    };
    match answer {
        Ok(Answer::Page(reply)) => return reply,
        Ok(Answer::Code(code)) => location.query_pairs_mut().append_pair("code", &code),
        Err(error) => location
            .query_pairs_mut()
            .append_pair("error", error.code)
            .append_pair("error_description", &error.description),
    };
    if let Some(state) = form.get("state") {
        location.query_pairs_mut().append_pair("state", state);
    }
    Reply::empty(302).with_header("location", location.into())
}

/// Checks the app and the redirect URI, which must be equal to one of the app's.
fn redirect_target(
    shared: &Shared,
    call: &Call,
    form: &Form,
) -> Result<(String, url::Url), OauthError> {
    client::check(shared, call, form, Secret::Optional).map_err(|error| match error.code {
        // The words of the page, which differ from those of a token response.
        "app_not_found" => OauthError::new("invalid_client", "app must be installed into org"),
        _ => error,
    })?;
    let Some(redirect_uri) = form.get("redirect_uri") else {
        let text = "redirect_uri must be provided";
        return Err(OauthError::new("redirect_uri_missing", text));
    };
    let org = shared.read();
    let known = &org.settings.client.redirect_uris;
    let known = known.iter().any(|uri| uri == redirect_uri);
    match url::Url::parse(redirect_uri) {
        Ok(location) if known => Ok((redirect_uri.to_owned(), location)),
        _ => Err(OauthError::redirect_uri_mismatch()),
    }
}

/// What the user is asked to approve.
struct Request {
    redirect_uri: String,
    scope: String,
    challenge: Option<String>,
    /// Whether the user must not be asked.
    immediate: bool,
}

/// The answer to a valid request.
enum Answer {
    Code(String),
    Page(Reply),
}

impl Request {
    fn read(shared: &Shared, form: &Form, redirect_uri: String) -> Result<Self, OauthError> {
        if form.get("response_type") != Some("code") {
            return Err(OauthError::new(
                "unsupported_response_type",
                "response type not supported",
            ));
        }
        one_of(form, "display", &["page", "popup", "touch", "mobile"])?;
        one_of(form, "immediate", &["true", "false"])?;
        for prompt in form.get("prompt").unwrap_or("").split_whitespace() {
            if !["login", "consent", "select_account"].contains(&prompt) {
                return Err(OauthError::new("invalid_request", "invalid prompt"));
            }
        }
        let required = shared.read().settings.client.pkce_required;
        Ok(Self {
            redirect_uri,
            scope: scope(form)?,
            challenge: pkce::challenge(form, required)?,
            immediate: form.get("immediate") == Some("true"),
        })
    }

    /// Asks the user, or decides as the settings say.
    fn decide(self, shared: &Shared, form: &Form) -> Result<Answer, OauthError> {
        let org = shared.read();
        let denied = || OauthError::new("access_denied", "end-user denied authorization");
        let asks = org.settings.login_page;
        if self.immediate && (asks || org.settings.user_denies) {
            return Err(OauthError::new(
                "immediate_unsuccessful",
                "immediate unsuccessful",
            ));
        }
        if org.settings.user_denies || form.get("decision") == Some("deny") {
            return Err(denied());
        }
        let user = if asks {
            let (Some(username), Some(password)) = (form.get("username"), form.get("password"))
            else {
                return Ok(Answer::Page(page::sign_in(form, false)));
            };
            let mut sessions = shared.sessions();
            match login::check_browser_password(&org, &mut sessions, username, password) {
                Ok(user) => user,
                Err(_) => return Ok(Answer::Page(page::sign_in(form, true))),
            }
        } else {
            let user = org.user_by_username(&org.settings.username);
            user.filter(|id| org.may_sign_in(id)).ok_or_else(denied)?
        };
        client::check_approval(&org, &user)?;
        Ok(Answer::Code(shared.sessions().codes.issue(Code {
            client_id: org.settings.client.id.clone(),
            redirect_uri: self.redirect_uri,
            challenge: self.challenge,
            scope: self.scope,
            user_id: user,
            issued: shared.clock.now(),
        })))
    }
}

/// Checks an optional parameter.
fn one_of(form: &Form, name: &str, values: &[&str]) -> Result<(), OauthError> {
    match form.get(name) {
        Some(value) if !values.contains(&value) => Err(OauthError::new(
            "invalid_request",
            format!("invalid {name}"),
        )),
        _ => Ok(()),
    }
}

/// Returns the requested scopes, or all scopes of the app.
fn scope(form: &Form) -> Result<String, OauthError> {
    let scopes: Vec<&str> = form.get("scope").unwrap_or("").split_whitespace().collect();
    if scopes.is_empty() {
        return Ok(ALL_SCOPES.to_owned());
    }
    match scopes.iter().find(|scope| !SCOPES.contains(scope)) {
        Some(unknown) => Err(OauthError::new(
            "invalid_scope",
            format!("the requested scope is not allowed: {unknown}"),
        )),
        None => Ok(scopes.join(" ")),
    }
}

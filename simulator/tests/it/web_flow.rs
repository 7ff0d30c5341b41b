//! The web server flow: authorization requests and the exchange of codes.

use reqwest::Response;
use reqwest::redirect::Policy;
use salesforce_simulator::Settings;
use serde_json::Value;
use test_case::test_case;

use crate::client::{Answer, Client, url_encoded};

/// The callback URL of most tests.
pub(crate) const CALLBACK: &str = "http://localhost:1717/OauthRedirect";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request. Given parameters replace the usual ones, and an empty one is left out.
fn authorize_url(client: &Client, parameters: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "simulated-client-id"),
        ("redirect_uri", CALLBACK),
    ];
    let given = |name: &str| parameters.iter().any(|(known, _)| *known == name);
    let usual = usual.iter().filter(|(name, _)| !given(name));
    let pairs = usual
        .chain(parameters)
        .filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", url_encoded(value)))
        .collect();
    let base = client.sim.url();
    format!("{base}/services/oauth2/authorize?{}", pairs.join("&"))
}

pub(crate) fn browser() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .unwrap()
}

pub(crate) async fn authorize(client: &Client, parameters: &[(&str, &str)]) -> Response {
    let url = authorize_url(client, parameters);
    browser().get(url).send().await.unwrap()
}

/// The address of a redirect and its parameters, which must be in this order.
pub(crate) fn redirect(response: &Response) -> (String, Vec<(String, String)>) {
    assert_eq!(response.status(), 302);
    let location = response.headers()["location"].to_str().unwrap();
    let (address, query) = location.split_once('?').unwrap();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    (address.to_owned(), pairs.into_owned().collect())
}

pub(crate) fn code_of(response: &Response) -> String {
    let (address, pairs) = redirect(response);
    assert_eq!(address, CALLBACK);
    assert_eq!((pairs.len(), pairs[0].0.as_str()), (1, "code"), "{pairs:?}");
    pairs[0].1.clone()
}

/// Exchanges a code. Given fields replace the usual ones, and an empty one is left out.
pub(crate) async fn exchange(client: &Client, code: &str, fields: &[(&str, &str)]) -> Answer {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", "simulated-client-id"),
        ("client_secret", "simulated-client-secret"),
        ("redirect_uri", CALLBACK),
        ("code", code),
    ];
    let given = |name: &str| fields.iter().any(|(known, _)| *known == name);
    let usual = usual.iter().filter(|(name, _)| !given(name));
    let form: Vec<(&str, &str)> = usual
        .chain(fields)
        .filter(|(_, value)| !value.is_empty())
        .copied()
        .collect();
    client.token_call(&form).await
}

/// Goes through the whole flow. Returns the token response.
pub(crate) async fn web_flow(client: &Client, scope: &str) -> Value {
    let code = code_of(&authorize(client, &[("scope", scope)]).await);
    let (status, body) = exchange(client, &code, &[]).await;
    assert_eq!(status, 200, "{body}");
    body
}

pub(crate) fn told(body: &Value) -> (&str, &str) {
    let text = |name: &str| body[name].as_str().unwrap();
    (text("error"), text("error_description"))
}

// Salesforce Help, "OAuth Tokens and Scopes": refresh_token or offline_access gives a refresh token.
#[test_case("api", false, "api"; "the API alone")]
#[test_case("full", false, "full"; "everything that is visible")]
#[test_case("api refresh_token", true, "api refresh_token"; "with a refresh token")]
#[test_case("offline_access api", true, "offline_access api"; "under its other name")]
#[test_case("", true, "refresh_token api id"; "the scopes of the app")]
#[tokio::test]
async fn a_refresh_token_needs_a_scope(scope: &str, refreshes: bool, granted: &str) {
    let client = Client::tiny().await;
    let body = web_flow(&client, scope).await;
    assert_eq!(body["refresh_token"].is_string(), refreshes);
    assert_eq!(body["scope"], granted);
}

#[tokio::test]
async fn the_fields_of_a_token_response_are_in_salesforces_order() {
    let client = Client::tiny().await;
    let code = code_of(&authorize(&client, &[]).await);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "simulated-client-id"),
        ("client_secret", "simulated-client-secret"),
        ("redirect_uri", CALLBACK),
        ("code", &code),
    ];
    let url = format!("{}/services/oauth2/token", client.sim.url());
    let response = client.http.post(url).form(&form).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = response.text().await.unwrap();
    let places: Vec<_> = [
        "access_token",
        "refresh_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    ]
    .iter()
    .map(|name| text.find(&format!("\"{name}\":")).unwrap())
    .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test_case(&[("response_type", "token")], "unsupported_response_type", "response type not supported"; "another response")]
#[test_case(&[("scope", "api telepathy")], "invalid_scope", "the requested scope is not allowed: telepathy"; "an unknown scope")]
#[test_case(&[("display", "hologram")], "invalid_request", "invalid display"; "an unknown display")]
#[test_case(&[("prompt", "login whisper")], "invalid_request", "invalid prompt"; "an unknown prompt")]
#[test_case(&[("immediate", "maybe")], "invalid_request", "invalid immediate"; "an unknown immediate")]
#[test_case(&[("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], "invalid_request", "invalid code challenge method: S256 is required"; "an open challenge")]
#[test_case(&[("code_challenge", VERIFIER), ("code_challenge", "tooshort")], "invalid_request", "invalid code challenge"; "no digest")]
#[tokio::test]
async fn a_wrong_request_is_redirected_with_its_state(
    parameters: &[(&str, &str)],
    error: &str,
    description: &str,
) {
    let client = Client::tiny().await;
    let mut parameters = parameters.to_vec();
    if parameters.len() > 1 && parameters[1].0 == "code_challenge" {
        parameters.remove(0);
    }
    parameters.push(("state", "s&t"));
    let (address, pairs) = redirect(&authorize(&client, &parameters).await);
    assert_eq!(address, CALLBACK);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let wanted = [
        ("error", error),
        ("error_description", description),
        ("state", "s&t"),
    ];
    assert_eq!(pairs, wanted);
}

#[tokio::test]
async fn known_parameters_and_the_state_are_taken() {
    let client = Client::tiny().await;
    let parameters = [
        ("display", "page"),
        ("prompt", "login consent"),
        ("immediate", "true"),
        ("state", "s&t"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let (_, pairs) = redirect(&authorize(&client, &parameters).await);
    assert_eq!(pairs[0].0, "code");
    assert!(pairs[0].1.ends_with("=="));
    assert_eq!(pairs[1], ("state".to_owned(), "s&t".to_owned()));
}

type Change = fn(&mut Settings);

#[test_case(|settings| settings.user_denies = true, &[], "access_denied"; "the user denies")]
#[test_case(|settings| settings.user_denies = true, &[("immediate", "true")], "immediate_unsuccessful"; "nobody may be asked")]
#[test_case(|settings| settings.client.pkce_required = true, &[], "invalid_request"; "PKCE is required")]
#[test_case(|settings| {
    settings.client.admin_approved_users_only = true;
    settings.client.approved_users = Some(["other@simulated.example".to_owned()].into());
}, &[], "invalid_app_access"; "the user is not approved")]
#[tokio::test]
async fn an_authorization_can_fail(change: Change, parameters: &[(&str, &str)], error: &str) {
    let client = Client::tiny().await;
    change(&mut client.sim.org().settings);
    let (_, pairs) = redirect(&authorize(&client, parameters).await);
    assert_eq!(pairs[0], ("error".to_owned(), error.to_owned()));
}

// REST API Developer Guide, "OAuth 2.0 Web Server Flow", `code_challenge` and `code_verifier`.
#[test_case(CHALLENGE, VERIFIER, None; "right")]
#[test_case(CHALLENGE, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXj", Some("invalid_request"); "wrong")]
#[test_case(CHALLENGE, "", Some("invalid_grant"); "missing")]
#[test_case("", VERIFIER, Some("invalid_grant"); "of no challenge")]
#[tokio::test]
async fn the_verifier_must_fit_the_challenge(challenge: &str, verifier: &str, error: Option<&str>) {
    let client = Client::tiny().await;
    // A challenge without a method is one of S256.
    let code = code_of(&authorize(&client, &[("code_challenge", challenge)]).await);
    let (status, body) = exchange(&client, &code, &[("code_verifier", verifier)]).await;
    match error {
        None => assert_eq!(status, 200, "{body}"),
        Some(error) => assert_eq!(
            (status, told(&body)),
            (400, (error, "invalid code verifier"))
        ),
    }
}

#[test_case(true, &[("client_secret", "")], Some("invalid_client"); "a secret that is required")]
#[test_case(false, &[("client_secret", "")], None; "a public client")]
#[test_case(false, &[("client_secret", "other")], Some("invalid_client"); "a wrong secret")]
#[test_case(true, &[("redirect_uri", "")], Some("redirect_uri_mismatch"); "no address")]
#[test_case(true, &[("redirect_uri", "https://login.salesforce.com/services/oauth2/success")], Some("redirect_uri_mismatch"); "another address of the app")]
#[tokio::test]
async fn an_exchange_names_client_and_address(
    required: bool,
    fields: &[(&str, &str)],
    error: Option<&str>,
) {
    let client = Client::tiny().await;
    let code = code_of(&authorize(&client, &[]).await);
    client.sim.org().settings.client.secret_required = required;
    let (status, body) = exchange(&client, &code, fields).await;
    match error {
        None => assert_eq!(status, 200, "{body}"),
        Some(error) => assert_eq!((status, told(&body).0), (400, error)),
    }
}

#[tokio::test]
async fn a_code_expires() {
    let client = Client::tiny().await;
    let code = code_of(&authorize(&client, &[]).await);
    let clock = client.sim.clock();
    clock.advance(std::time::Duration::from_mins(11));
    let (_, body) = exchange(&client, &code, &[]).await;
    assert_eq!(told(&body), ("invalid_grant", "expired authorization code"));
}

// RFC 6749, 4.1.2.
#[test_case("api refresh_token"; "with a refresh token")]
#[test_case("api"; "without")]
#[tokio::test]
async fn a_code_that_is_used_again_ends_what_it_gave(scope: &str) {
    let mut client = Client::tiny().await;
    let code = code_of(&authorize(&client, &[("scope", scope)]).await);
    let (_, first) = exchange(&client, &code, &[]).await;
    client.token = first["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get("/limits").await.0, 200);
    let (status, body) = exchange(&client, &code, &[]).await;
    let wanted = ("invalid_grant", "invalid authorization code");
    assert_eq!((status, told(&body)), (400, wanted));
    assert_eq!(client.get("/limits").await.0, 401);
    let refreshes = first["refresh_token"].is_string();
    assert_eq!(client.sim.lost_token_families(), u64::from(refreshes));
    if refreshes {
        let token = first["refresh_token"].as_str().unwrap();
        assert_eq!(crate::refresh::refresh(&client, token).await.0, 400);
    }
}

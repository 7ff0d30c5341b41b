//! The JWT bearer flow.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use salesforce_simulator::{AppState, Org, Preset, Settings, Simulator};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Answer, Client};

/// A key and its certificate. Keys of RSA take long to generate, so all tests share two of them.
struct Key {
    pair: KeyPair,
    certificate: String,
}

impl Key {
    fn generate() -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let parameters = CertificateParams::new(vec!["connector".into()]).unwrap();
        let certificate = parameters.self_signed(&pair).unwrap().pem();
        Self { pair, certificate }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let pair = RsaKeyPair::from_pkcs8(self.pair.serialized_der()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

static KEY: LazyLock<Key> = LazyLock::new(Key::generate);
static OTHER: LazyLock<Key> = LazyLock::new(Key::generate);

async fn org_with_certificate() -> Client {
    let client = Client::tiny().await;
    client.sim.org().settings.client.certificate = Some(KEY.certificate.clone());
    client
}

fn claims(client: &Client) -> Value {
    json!({
        "iss": "simulated-client-id",
        "sub": "admin@simulated.example",
        "aud": "https://login.salesforce.com",
        "exp": client.sim.clock().now().as_second() + 170,
    })
}

async fn send(client: &Client, assertion: &str) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    client
        .token_call(&[("grant_type", grant), ("assertion", assertion)])
        .await
}

async fn send_claims(client: &Client, claims: &Value) -> Answer {
    let assertion = KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), claims);
    send(client, &assertion).await
}

#[tokio::test]
async fn a_signed_assertion_gives_a_session_and_no_refresh_token() {
    let mut client = org_with_certificate().await;
    let (status, body) = send_claims(&client, &claims(&client)).await;
    assert_eq!(status, 200, "{body}");
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["access_token", "id", "instance_url", "scope", "token_type"]
    );
    body["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut client.token);
    assert_eq!(client.get("/limits").await.0, 200);
}

fn public_key(key: &Key, label: &str) -> String {
    use base64::engine::general_purpose::STANDARD;
    let der = match label {
        "PUBLIC KEY" => rcgen::PublicKeyData::subject_public_key_info(&key.pair),
        _ => rcgen::PublicKeyData::der_bytes(&key.pair).to_vec(),
    };
    let encoded = STANDARD.encode(der);
    let lines: Vec<_> = encoded.as_bytes().chunks(64).collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test_case("PUBLIC KEY"; "of any kind")]
#[test_case("RSA PUBLIC KEY"; "of RSA")]
#[tokio::test]
async fn a_public_key_serves_as_certificate(label: &str) {
    let client = org_with_certificate().await;
    client.sim.org().settings.client.certificate = Some(public_key(&KEY, label));
    assert_eq!(send_claims(&client, &claims(&client)).await.0, 200);
}

#[test_case("iss", json!("other"), "invalid_client_id", "client identifier invalid"; "another app")]
#[test_case("iss", json!(null), "invalid_client_id", "client identifier invalid"; "no app")]
#[test_case("aud", json!("https://example.org"), "invalid_grant", "Audience validation failed"; "another audience")]
#[test_case("aud", json!("https://test.salesforce.com"), "invalid_grant", "Audience validation failed"; "the audience of a sandbox")]
#[test_case("aud", json!("https://login.salesforce.com/"), "invalid_grant", "Audience validation failed"; "an audience with a slash")]
#[test_case("sub", json!("nobody@simulated.example"), "invalid_grant", "user hasn't approved this consumer"; "an unknown user")]
#[test_case("sub", json!("gone@simulated.example"), "inactive_user", "user is inactive"; "an inactive user")]
#[test_case("exp", json!(null), "invalid_grant", "invalid assertion"; "no time")]
#[test_case("exp", json!("soon"), "invalid_grant", "invalid assertion"; "no number")]
#[tokio::test]
async fn a_wrong_claim_is_refused(claim: &str, value: Value, error: &str, description: &str) {
    let client = org_with_certificate().await;
    let mut claims = claims(&client);
    claims[claim] = value;
    let wanted = json!({"error": error, "error_description": description});
    assert_eq!(send_claims(&client, &claims).await, (400, wanted));
}

#[test_case(-1, Some("expired authorization code"); "in the past")]
#[test_case(179, None; "within three minutes")]
#[test_case(290, None; "with clocks that differ")]
#[test_case(310, Some("invalid assertion"); "too far ahead")]
#[tokio::test]
async fn an_assertion_lives_three_minutes(seconds: i64, refused: Option<&str>) {
    let client = org_with_certificate().await;
    let mut claims = claims(&client);
    let at = client.sim.clock().now().as_second() + seconds;
    for exp in [json!(at), json!(at.to_string())] {
        claims["exp"] = exp;
        let (status, body) = send_claims(&client, &claims).await;
        match refused {
            None => assert_eq!(status, 200, "{body}"),
            Some(text) => assert_eq!(body["error_description"], text),
        }
    }
}

#[tokio::test]
async fn the_clock_of_the_org_decides() {
    let client = org_with_certificate().await;
    let claims = claims(&client);
    client.sim.org().settings.clock_offset = jiff::SignedDuration::from_mins(10);
    let (_, body) = send_claims(&client, &claims).await;
    assert_eq!(body["error_description"], "expired authorization code");
    client.sim.org().settings.clock_offset = jiff::SignedDuration::from_mins(-10);
    let (_, body) = send_claims(&client, &claims).await;
    assert_eq!(body["error_description"], "invalid assertion");
}

#[tokio::test]
async fn a_sandbox_has_an_audience_of_its_own_and_the_my_domain_is_one() {
    let client = org_with_certificate().await;
    let organization = client.sim.org().organization_id();
    let mut claims = claims(&client);
    claims["aud"] = json!(client.sim.url());
    assert_eq!(send_claims(&client, &claims).await.0, 200);
    let sandbox = [("IsSandbox", json!(true))];
    client
        .sim
        .with(|org| org.set("Organization", &organization, &sandbox));
    claims["aud"] = json!("https://login.salesforce.com");
    assert_eq!(send_claims(&client, &claims).await.0, 400);
    claims["aud"] = json!("https://test.salesforce.com");
    assert_eq!(send_claims(&client, &claims).await.0, 200);
}

#[tokio::test]
async fn only_the_apps_own_key_signs() {
    let client = org_with_certificate().await;
    let claims = claims(&client);
    let header = json!({"alg": "RS256"});
    let right = KEY.sign(&header, &claims);
    let (head, signature) = right.rsplit_once('.').unwrap();
    let foreign = OTHER.sign(&header, &claims);
    let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
    let wrong = [
        foreign.clone(),
        format!("{head}.{foreign_signature}"),
        format!("{head}."),
        head.to_owned(),
        KEY.sign(&json!({"alg": "none"}), &claims),
        KEY.sign(&json!({"alg": "RS512"}), &claims),
        KEY.sign(&json!({}), &claims),
        format!("{head}.{signature}.{signature}"),
        String::new(),
    ];
    let refused = json!({"error": "invalid_grant", "error_description": "invalid assertion"});
    for assertion in wrong {
        assert_eq!(send(&client, &assertion).await, (400, refused.clone()));
    }
    assert_eq!(send(&client, &right).await.0, 200);
    client.sim.org().settings.client.certificate = None;
    assert_eq!(send(&client, &right).await, (400, refused));
}

type Change = fn(&mut Settings);

#[test_case(|settings| settings.client.approved_users = Some([].into()), "user hasn't approved this consumer"; "an app for users who approve it")]
#[test_case(|settings| {
    settings.client.approved_users = Some([].into());
    settings.client.admin_approved_users_only = true;
}, "user is not admin approved to access this app"; "an app for approved users")]
#[test_case(|settings| settings.client.state = AppState::Blocked, "this app is blocked by admin"; "a blocked app")]
#[tokio::test]
async fn the_app_must_be_open_to_the_user(change: Change, description: &str) {
    let client = org_with_certificate().await;
    change(&mut client.sim.org().settings);
    let (status, body) = send_claims(&client, &claims(&client)).await;
    assert_eq!(
        (status, &body["error_description"]),
        (400, &json!(description))
    );
}

#[tokio::test]
async fn a_scope_is_refused() {
    let client = org_with_certificate().await;
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let form = [("grant_type", grant), ("scope", "api"), ("assertion", "x")];
    let (status, body) = client.token_call(&form).await;
    let wanted =
        json!({"error": "invalid_request", "error_description": "scope parameter not supported"});
    assert_eq!((status, body), (400, wanted));
}

#[tokio::test]
async fn a_simulator_does_not_start_with_an_unreadable_certificate() {
    let mut org = Org::seed(Preset::Tiny);
    org.settings.client.certificate = Some("not PEM".into());
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    assert!(Simulator::start_on(org, address).await.is_err());
}

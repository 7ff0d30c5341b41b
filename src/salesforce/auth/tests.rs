//! Logins over HTTP, and what becomes of each refusal.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use test_case::test_case;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_string_contains, header, method, path},
};

use super::*;

fn client_credentials() -> Auth {
    Auth::ClientCredentials {
        client_id: "key".into(),
        client_secret: "hush".into(),
    }
}

fn password(password: &str) -> Auth {
    Auth::Password {
        username: "jane@acme.example".into(),
        password: password.into(),
        security_token: Some("TOKEN".into()),
    }
}

fn source(auth: Auth, address: &str) -> Arc<dyn TokenSource> {
    let instance = Instance::parse(address, false).unwrap();
    auth.into_source(reqwest::Client::new(), &instance)
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn fault(code: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"x\" xmlns:sf=\"y\"><soapenv:Body><soapenv:Fault>\
         <faultcode>sf:{code}</faultcode><faultstring>{code}: jane@acme.example</faultstring>\
         <detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode></sf:LoginFault></detail>\
         </soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
}

fn granted(server: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"x\"><soapenv:Body><loginResponse><result>\
         <passwordExpired>false</passwordExpired>\
         <serverUrl>{server}/services/Soap/u/60.0/00Dxx</serverUrl>\
         <sessionId>00Dxx!abc</sessionId></result></loginResponse></soapenv:Body></soapenv:Envelope>"
    )
}

#[tokio::test]
async fn client_credentials_become_a_session_at_the_host_the_answer_names() {
    let server = MockServer::start().await;
    let told = json!({ "access_token": "00Dxx!abc", "token_type": "Bearer", "scope": "api id",
        "instance_url": server.uri(), "id": "https://x/id/00D/005", "issued_at": "1278448832702" });
    Mock::given(method("POST"))
        .and(path("/services/oauth2/token"))
        .and(body_string_contains("grant_type=client_credentials"))
        .and(body_string_contains("client_secret=hush"))
        .respond_with(ResponseTemplate::new(200).set_body_json(told))
        .expect(1)
        .mount(&server)
        .await;
    let token = source(client_credentials(), &server.uri())
        .fetch()
        .await
        .unwrap();
    assert_eq!(token.secret(), "00Dxx!abc");
    assert_eq!(token.instance().as_str(), format!("{}/", server.uri()));
    assert!(!format!("{token:?}").contains("abc"));
}

#[tokio::test]
async fn a_session_for_a_foreign_host_is_thrown_away() {
    let told = json!({ "access_token": "x", "token_type": "Bearer",
        "instance_url": "https://evil.example" });
    let server = answering(ResponseTemplate::new(200).set_body_json(told)).await;
    let error = source(client_credentials(), &server.uri())
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(error.refusal(), Refusal::ForeignHost);

    let server =
        answering(ResponseTemplate::new(200).set_body_string(granted("https://evil.example")))
            .await;
    let error = source(password("pw"), &server.uri())
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(error.refusal(), Refusal::ForeignHost);
}

#[test_case("invalid_grant", "no client credentials user enabled" => Refusal::NoRunAsUser)]
#[test_case("invalid_grant", "request not supported on this domain" => Refusal::MyDomainNeeded)]
#[test_case("invalid_grant", "expired access/refresh token" => Refusal::TokenExpired)]
#[test_case("invalid_grant", "user hasn't approved this consumer" => Refusal::NotApproved)]
#[test_case("invalid_grant", "Audience validation failed" => Refusal::Audience)]
#[test_case("invalid_grant", "authentication failure - Invalid Password" => Refusal::InvalidLogin)]
#[test_case("invalid_grant", "words of a newer Salesforce" => Refusal::Refused)]
#[test_case("invalid_client_id", "client identifier invalid" => Refusal::ClientId)]
#[test_case("invalid_client", "invalid client credentials" => Refusal::ClientSecret)]
#[test_case("inactive_user", "user is inactive" => Refusal::InactiveUser)]
#[test_case("invalid_app_access", "user is not admin approved to access this app" => Refusal::AppAccess)]
#[test_case("unsupported_grant_type", "grant type not supported" => Refusal::FlowDisabled)]
#[test_case("jane@acme.example", "jane@acme.example" => Refusal::Refused; "unknown code")]
#[tokio::test]
async fn an_oauth_refusal_is_understood_and_never_quoted(code: &str, description: &str) -> Refusal {
    let body = json!({ "error": code, "error_description": description });
    let server = answering(ResponseTemplate::new(400).set_body_json(body)).await;
    let error = source(client_credentials(), &server.uri())
        .fetch()
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("jane"));
    error.refusal()
}

#[test_case(503, "<html>jane@acme.example</html>" => Refusal::Unavailable; "html 503")]
#[test_case(200, "<html>jane@acme.example</html>" => Refusal::Garbled; "html")]
#[test_case(400, "" => Refusal::Garbled; "empty")]
#[test_case(200, "{}" => Refusal::Garbled; "empty object")]
#[test_case(429, "" => Refusal::RateLimited; "too many")]
#[tokio::test]
async fn any_other_answer_says_what_its_status_says(status: u16, body: &str) -> Refusal {
    let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
    let server = answering(answer).await;
    let error = source(client_credentials(), &server.uri())
        .fetch()
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("jane"));
    error.refusal()
}

#[tokio::test]
async fn a_password_becomes_a_session_by_soap() {
    let server = MockServer::start().await;
    let told = granted(&server.uri());
    Mock::given(method("POST"))
        .and(path("/services/Soap/u/60.0"))
        .and(header("soapaction", "login"))
        .and(body_string_contains("<password>p&lt;wTOKEN</password>"))
        .respond_with(ResponseTemplate::new(200).set_body_string(told))
        .expect(1)
        .mount(&server)
        .await;
    let token = source(password("p<w"), &server.uri())
        .fetch()
        .await
        .unwrap();
    assert_eq!(token.secret(), "00Dxx!abc");
    assert_eq!(token.instance().as_str(), format!("{}/", server.uri()));
}

#[test_case("INVALID_LOGIN" => Refusal::InvalidLogin)]
#[test_case("LOGIN_MUST_USE_SECURITY_TOKEN" => Refusal::SecurityTokenNeeded)]
#[test_case("PASSWORD_LOCKOUT" => Refusal::Locked)]
#[test_case("LOGIN_DURING_RESTRICTED_DOMAIN" => Refusal::RestrictedDomain)]
#[test_case("API_DISABLED_FOR_ORG" => Refusal::ApiDisabled)]
#[test_case("UNSUPPORTED_API_VERSION" => Refusal::SoapLoginOff)]
#[test_case("SOMETHING_NEW" => Refusal::Refused)]
#[tokio::test]
async fn a_soap_fault_is_understood_and_never_quoted(code: &str) -> Refusal {
    let server = answering(ResponseTemplate::new(500).set_body_string(fault(code))).await;
    let error = source(password("pw"), &server.uri())
        .fetch()
        .await
        .unwrap_err();
    assert!(error.is_permanent());
    assert!(!format!("{error} {error:?}").contains("jane"));
    error.refusal()
}

#[test_case(client_credentials())]
#[test_case(Auth::Token("00Dxx!abc".into()))]
#[tokio::test]
async fn a_generic_login_host_is_refused_where_the_my_domain_is_needed(auth: Auth) {
    let error = source(auth, "login.salesforce.com")
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(error.refusal(), Refusal::MyDomainNeeded);
}

#[test]
fn no_way_to_log_in_shows_its_secret() {
    let ways = [
        client_credentials(),
        password("pw-hush"),
        Auth::Token("00Dxx!hush".into()),
    ];
    assert!(!format!("{ways:?}").contains("hush"));
    let sources: Vec<_> = ways
        .into_iter()
        .map(|auth| source(auth, "acme.my.salesforce.com"))
        .collect();
    assert!(!format!("{sources:?}").contains("hush"));
}

/// Fails as told, then grants; the script's next step is taken at each login.
#[derive(Debug)]
struct Scripted(Mutex<Vec<Refusal>>);

#[async_trait]
impl TokenSource for Scripted {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let step = self.0.lock().unwrap().pop();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        match step {
            Some(refusal) => Err(AuthError::refused(refusal)),
            None => Ok(AccessToken::new(
                "t".into(),
                Url::parse("https://x.example").unwrap(),
            )),
        }
    }
}

fn scripted(steps: &[Refusal]) -> Arc<TokenCache> {
    let source = Scripted(Mutex::new(steps.to_vec()));
    Arc::new(TokenCache::new(Arc::new(source), Upstream::default()))
}

#[tokio::test]
async fn a_passing_failure_is_shared_by_those_who_waited_and_tried_again_by_the_next() {
    let cache = scripted(&[Refusal::Unreachable]);
    let waiting = (0..50).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.token().await.is_err() })
    });
    for call in waiting.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert_eq!(cache.logins.load(Ordering::SeqCst), 1);
    assert!(cache.token().await.is_ok());
}

#[tokio::test]
async fn a_late_refusal_does_not_evict_a_fresh_session() {
    let cache = scripted(&[]);
    let stale = cache.token().await.unwrap();
    cache.discard(&stale).await;
    let fresh = cache.token().await.unwrap();
    cache.discard(&stale).await;
    assert!(Arc::ptr_eq(&fresh, &cache.token().await.unwrap()));
    assert_eq!(cache.logins.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_was_rejected_for_its_rate_is_not_repeated_before_its_time() {
    let cache = scripted(&[Refusal::RateLimited]);
    for _ in 0..100 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.refusal(), Refusal::RateLimited);
        assert!(error.retry_after() > Some(Duration::from_secs(10)));
    }
    assert_eq!(cache.logins.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(15)).await;
    assert!(cache.token().await.is_ok());
    assert_eq!(cache.logins.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_org_that_refuses_each_session_is_not_asked_for_more() {
    let cache = scripted(&[]);
    for _ in 0..2 {
        let useless = cache.token().await.unwrap();
        cache.discard(&useless).await;
    }
    for _ in 0..100 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.refusal(), Refusal::SessionsEnd);
    }
    assert_eq!(cache.logins.load(Ordering::SeqCst), 2);
}

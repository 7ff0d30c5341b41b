//! SOAP: `login()` and `logout()`.

use salesforce_simulator::LoginRestriction;
use test_case::test_case;

use crate::client::Client;

const PARTNER: &str = "urn:partner.soap.sforce.com";

async fn login(client: &Client, version: &str, password: &str) -> (u16, String) {
    let body = format!(
        "<?xml version=\"1.0\"?><env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <env:Body><n1:login xmlns:n1=\"{PARTNER}\"><n1:username>admin@simulated.example\
         </n1:username><n1:password>{password}</n1:password></n1:login></env:Body></env:Envelope>"
    );
    post(client, version, body).await
}

async fn post(client: &Client, version: &str, body: String) -> (u16, String) {
    let url = format!("{}/services/Soap/u/{version}", client.sim.url());
    let request = client
        .http
        .post(url)
        .header("content-type", "text/xml; charset=UTF-8");
    let response = request
        .header("SOAPAction", "login")
        .body(body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn between<'t>(text: &'t str, tag: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap();
    rest.split_once(&format!("</{tag}>")).unwrap().0
}

#[tokio::test]
async fn a_login_gives_a_session_for_rest() {
    let mut client = Client::tiny().await;
    let (status, body) = login(&client, "60.0", "simulated-passwordsimulatedtoken").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(between(&body, "passwordExpired"), "false");
    assert!(between(&body, "serverUrl").starts_with(&client.sim.url()));
    client.token = between(&body, "sessionId").to_owned();
    assert_eq!(client.get("/limits").await.0, 200);
}

#[test_case("60.0", "simulated-password", "LOGIN_MUST_USE_SECURITY_TOKEN"; "token missing")]
#[test_case("60.0", "wrong&amp;wrong", "INVALID_LOGIN"; "wrong password")]
#[test_case("65.0", "simulated-passwordsimulatedtoken", "UNSUPPORTED_API_VERSION"; "retired call")]
#[tokio::test]
async fn a_refused_login_is_a_fault(version: &str, password: &str, code: &str) {
    let client = Client::tiny().await;
    let (status, body) = login(&client, version, password).await;
    assert_eq!(status, 500);
    assert_eq!(between(&body, "faultcode"), code);
    assert_eq!(between(&body, "sf:exceptionCode"), code);
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_user_out() {
    let client = Client::tiny().await;
    for _ in 0..5 {
        login(&client, "60.0", "wrong").await;
    }
    let (_, body) = login(&client, "60.0", "simulated-passwordsimulatedtoken").await;
    assert_eq!(between(&body, "faultcode"), "PASSWORD_LOCKOUT");
}

#[tokio::test]
async fn a_body_in_another_namespace_is_no_login() {
    let client = Client::tiny().await;
    let body = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
                <login xmlns=\"urn:other\"><username>a</username><password>b</password></login>\
                </e:Body></e:Envelope>";
    let (status, body) = post(&client, "60.0", body.to_owned()).await;
    assert_eq!(status, 500);
    assert_eq!(between(&body, "faultcode"), "soapenv:Client");
}

#[tokio::test]
async fn an_expired_password_gives_a_session_of_no_use() {
    let mut client = Client::tiny().await;
    client.sim.with(|org| org.settings.password_expired = true);
    let (status, body) = login(&client, "60.0", "simulated-passwordsimulatedtoken").await;
    assert_eq!((status, between(&body, "passwordExpired")), (200, "true"));
    client.token = between(&body, "sessionId").to_owned();
    assert_eq!(client.get("/limits").await.0, 401);
}

fn logout(session: &str) -> String {
    format!(
        "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\"><se:Header>\
         <SessionHeader xmlns=\"{PARTNER}\"><sessionId>{session}</sessionId></SessionHeader>\
         </se:Header><se:Body><logout xmlns=\"{PARTNER}\"/></se:Body></se:Envelope>"
    )
}

// SOAP API Developer Guide, "logout()": ends the session of the caller, in every version.
#[test_case("60.0"; "a version with login")]
#[test_case("67.0"; "a version without")]
#[tokio::test]
async fn a_logout_ends_the_session(version: &str) {
    let mut client = Client::tiny().await;
    let (_, body) = login(&client, "60.0", "simulated-passwordsimulatedtoken").await;
    client.token = between(&body, "sessionId").to_owned();
    let logins = client.sim.logins();
    let (status, body) = post(&client, version, logout(&client.token)).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<logoutResponse>"), "{body}");
    assert_eq!(client.sim.logins(), logins, "a sign-out is no sign-in");
    assert_eq!(client.get("/limits").await.0, 401);
    let (status, body) = post(&client, version, logout(&client.token)).await;
    assert_eq!(status, 500);
    assert_eq!(between(&body, "faultcode"), "sf:INVALID_SESSION_ID");
    assert_eq!(between(&body, "sf:exceptionCode"), "INVALID_SESSION_ID");
}

#[tokio::test]
async fn another_operation_is_not_there() {
    let client = Client::tiny().await;
    let body = logout("x").replace("logout", "convertLead");
    let (status, body) = post(&client, "60.0", body).await;
    assert_eq!(status, 500);
    let text = between(&body, "faultstring");
    assert!(
        text.starts_with("No operation available for request"),
        "{text}"
    );
}

#[test_case(LoginRestriction::Network, "LOGIN_DURING_RESTRICTED_DOMAIN"; "the network")]
#[test_case(LoginRestriction::Hours, "LOGIN_DURING_RESTRICTED_TIME"; "the hour")]
#[tokio::test]
async fn a_profile_can_restrict_logins(restriction: LoginRestriction, code: &str) {
    let client = Client::tiny().await;
    client.sim.org().settings.login_restriction = Some(restriction);
    let (status, body) = login(&client, "60.0", "simulated-passwordsimulatedtoken").await;
    assert_eq!((status, between(&body, "faultcode")), (500, code));
}

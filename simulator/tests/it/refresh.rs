//! Refresh tokens: rotation, replays, and what ends them.

use salesforce_simulator::{FIRST_REFRESH_TOKEN, LoginRestriction, Settings};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Answer, Client, answer, client_credentials};
use crate::web_flow::web_flow;

pub(crate) async fn refresh(client: &Client, token: &str) -> Answer {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "simulated-client-id"),
        ("client_secret", "simulated-client-secret"),
        ("refresh_token", token),
    ];
    client.token_call(&form).await
}

async fn revoke(client: &Client, form: &[(&str, &str)]) -> Answer {
    let url = format!("{}/services/oauth2/revoke", client.sim.url());
    answer(client.http.post(url).form(form).send().await.unwrap()).await
}

/// An org whose app rotates refresh tokens.
async fn rotating() -> Client {
    let client = Client::tiny().await;
    client.sim.org().settings.client.rotate_refresh_tokens = true;
    client
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap().to_owned()
}

async fn is_alive(client: &mut Client, session: &str) -> bool {
    session.clone_into(&mut client.token);
    client.get("/limits").await.0 == 200
}

fn expired() -> Value {
    json!({"error": "invalid_grant", "error_description": "expired access/refresh token"})
}

#[tokio::test]
async fn without_rotation_a_refresh_token_stays() {
    let client = Client::tiny().await;
    for _ in 0..2 {
        let (status, body) = refresh(&client, FIRST_REFRESH_TOKEN).await;
        assert_eq!((status, body.get("refresh_token")), (200, None));
        assert_eq!(body["scope"], "refresh_token api id");
    }
    assert_eq!(refresh(&client, "nonsense").await, (400, expired()));
    assert_eq!(client.sim.replayed_refresh_tokens(), 0);
}

// RFC 9700, 4.14.2.
#[tokio::test]
async fn a_replay_ends_the_whole_family() {
    let mut client = rotating().await;
    let own = client.token.clone();
    let approved = web_flow(&client, "").await;
    let first = text(&approved, "refresh_token");
    let (_, rotated) = refresh(&client, &first).await;
    let (_, again) = refresh(&client, &text(&rotated, "refresh_token")).await;
    let newest = text(&again, "refresh_token");
    assert!(is_alive(&mut client, &text(&approved, "access_token")).await);

    assert_eq!(refresh(&client, &first).await, (400, expired()));
    for body in [&approved, &rotated, &again] {
        assert!(!is_alive(&mut client, &text(body, "access_token")).await);
    }
    assert_eq!(refresh(&client, &newest).await, (400, expired()));
    assert!(is_alive(&mut client, &own).await, "another session goes on");
    let (status, _) = refresh(&client, FIRST_REFRESH_TOKEN).await;
    assert_eq!(status, 200, "another family goes on");
    assert_eq!(client.sim.replayed_refresh_tokens(), 1);
    assert_eq!(client.sim.lost_token_families(), 1);
}

#[tokio::test]
async fn two_uses_at_once_are_a_replay() {
    let client = rotating().await;
    let token = text(&web_flow(&client, "").await, "refresh_token");
    let (one, two) = tokio::join!(refresh(&client, &token), refresh(&client, &token));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let body = if one.0 == 200 { one.1 } else { two.1 };
    let (status, _) = refresh(&client, &text(&body, "refresh_token")).await;
    assert_eq!(status, 400);
    assert_eq!(client.sim.replayed_refresh_tokens(), 1);
    assert_eq!(client.sim.lost_token_families(), 1);
}

#[test_case(true, "", Some("invalid_client"); "required and missing")]
#[test_case(false, "", None; "of a public client")]
#[test_case(false, "wrong", Some("invalid_client"); "wrong")]
#[tokio::test]
async fn a_refresh_needs_the_secret(required: bool, secret: &str, error: Option<&str>) {
    let client = rotating().await;
    client.sim.org().settings.client.secret_required = required;
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", "simulated-client-id"),
        ("refresh_token", FIRST_REFRESH_TOKEN),
    ];
    if !secret.is_empty() {
        form.push(("client_secret", secret));
    }
    let (status, body) = client.token_call(&form).await;
    match error {
        None => assert_eq!(status, 200, "{body}"),
        Some(error) => {
            assert_eq!((status, &body["error"]), (400, &json!(error)));
            let (status, _) = refresh(&client, FIRST_REFRESH_TOKEN).await;
            assert_eq!(status, 200, "a refused request uses no token");
        }
    }
}

type Change = fn(&mut Settings);

#[test_case(|settings| settings.login_restriction = Some(LoginRestriction::Network), "invalid_grant", "ip restricted"; "the network")]
#[test_case(|settings| settings.login_restriction = Some(LoginRestriction::Hours), "invalid_grant", "ip restricted or invalid login hours"; "the hour")]
#[test_case(|settings| settings.login_rate_limit = Some(1), "invalid_grant", "login rate exceeded"; "the rate")]
#[test_case(|settings| {
    settings.client.admin_approved_users_only = true;
    settings.client.approved_users = Some([].into());
}, "invalid_app_access", "user is not admin approved to access this app"; "the policy of the app")]
#[tokio::test]
async fn a_refresh_can_be_refused_without_using_the_token(
    change: Change,
    error: &str,
    description: &str,
) {
    let client = rotating().await;
    let before = client.sim.org().settings.clone();
    change(&mut client.sim.org().settings);
    let (status, body) = refresh(&client, FIRST_REFRESH_TOKEN).await;
    let wanted = json!({"error": error, "error_description": description});
    assert_eq!((status, body), (400, wanted));
    client.sim.org().settings = before;
    assert_eq!(refresh(&client, FIRST_REFRESH_TOKEN).await.0, 200);
}

#[tokio::test]
async fn an_hour_without_a_login_is_within_the_rate() {
    let client = Client::tiny().await;
    client.sim.org().settings.login_rate_limit = Some(2);
    assert_eq!(refresh(&client, FIRST_REFRESH_TOKEN).await.0, 200);
    assert_eq!(refresh(&client, FIRST_REFRESH_TOKEN).await.0, 400);
    client
        .sim
        .clock()
        .advance(std::time::Duration::from_mins(61));
    assert_eq!(refresh(&client, FIRST_REFRESH_TOKEN).await.0, 200);
}

// Salesforce Help, "Manage OAuth Access Policies": expire refresh token after.
#[tokio::test]
async fn a_refresh_token_can_have_a_lifetime() {
    let client = rotating().await;
    let day = std::time::Duration::from_hours(24);
    let token = text(&web_flow(&client, "").await, "refresh_token");
    client.sim.org().settings.client.refresh_token_lifetime = Some(day);
    client.sim.clock().advance(day / 2);
    let (_, rotated) = refresh(&client, &token).await;
    let token = text(&rotated, "refresh_token");
    client.sim.clock().advance(day / 2);
    assert_eq!(refresh(&client, &token).await, (400, expired()));
    assert_eq!(client.sim.replayed_refresh_tokens(), 0);
}

// Salesforce Help, "Manage OAuth Access Policies": five approvals for each user and app.
#[tokio::test]
async fn a_sixth_approval_ends_the_oldest() {
    let mut client = Client::tiny().await;
    let mut approvals = Vec::new();
    for _ in 0..5 {
        approvals.push(web_flow(&client, "").await);
    }
    // The org's first refresh token was the oldest.
    assert_eq!(
        refresh(&client, FIRST_REFRESH_TOKEN).await,
        (400, expired())
    );
    assert!(is_alive(&mut client, &text(&approvals[0], "access_token")).await);
    web_flow(&client, "").await;
    assert!(!is_alive(&mut client, &text(&approvals[0], "access_token")).await);
    let token = text(&approvals[0], "refresh_token");
    assert_eq!(refresh(&client, &token).await, (400, expired()));
    for approval in &approvals[1..] {
        let token = text(approval, "refresh_token");
        assert_eq!(refresh(&client, &token).await.0, 200);
    }
    assert_eq!(client.sim.replayed_refresh_tokens(), 0);
    assert_eq!(
        client.sim.lost_token_families(),
        0,
        "nothing was used twice"
    );
}

// Salesforce Help, "Revoke OAuth Tokens": with a refresh token its access tokens end, too; with an
// access token nothing else does.
#[tokio::test]
async fn revoking_a_refresh_token_ends_its_sessions() {
    let mut client = rotating().await;
    let own = client.token.clone();
    let approved = web_flow(&client, "").await;
    let (_, refreshed) = refresh(&client, &text(&approved, "refresh_token")).await;
    let newest = text(&refreshed, "refresh_token");
    let sessions = [
        text(&approved, "access_token"),
        text(&refreshed, "access_token"),
    ];
    assert_eq!(revoke(&client, &[("token", &sessions[0])]).await.0, 200);
    assert!(!is_alive(&mut client, &sessions[0]).await);
    assert!(is_alive(&mut client, &sessions[1]).await);
    assert_eq!(revoke(&client, &[("token", &newest)]).await.0, 200);
    assert!(!is_alive(&mut client, &sessions[1]).await);
    assert_eq!(refresh(&client, &newest).await, (400, expired()));
    assert!(is_alive(&mut client, &own).await, "another session goes on");
    let gone = json!("error=invalid_token&error_description=invalid+token");
    assert_eq!(revoke(&client, &[("token", &newest)]).await, (400, gone));
}

// The error is form-encoded, as jsforce reads it.
#[tokio::test]
async fn a_revocation_names_a_token() {
    let client = Client::tiny().await;
    let text = "error=unsupported_token_type&error_description=this+token+type+is+not+supported";
    for form in [&[][..], &[("token", "")], &[("tokn", "x")]] {
        assert_eq!(revoke(&client, form).await, (400, json!(text)));
    }
}

#[tokio::test]
async fn introspection_tells_both_kinds_of_tokens() {
    let client = rotating().await;
    let body = web_flow(&client, "api refresh_token").await;
    let ask = async |token: &str| {
        let mut form = client_credentials();
        form.push(("token", Box::leak(token.to_owned().into_boxed_str())));
        let url = format!("{}/services/oauth2/introspect", client.sim.url());
        answer(client.http.post(url).form(&form).send().await.unwrap())
            .await
            .1
    };
    for kind in ["access_token", "refresh_token"] {
        let told = ask(&text(&body, kind)).await;
        assert_eq!(
            (&told["active"], &told["token_type"]),
            (&json!(true), &json!(kind))
        );
        assert_eq!(told["scope"], "api refresh_token");
        assert_eq!(told["exp"].is_number(), kind == "access_token");
    }
    let inactive = json!({"active": false});
    assert_eq!(ask("nonsense").await, inactive);
    let (_, rotated) = refresh(&client, &text(&body, "refresh_token")).await;
    assert_eq!(ask(&text(&body, "refresh_token")).await, inactive);
    refresh(&client, &text(&body, "refresh_token")).await;
    assert_eq!(ask(&text(&rotated, "refresh_token")).await, inactive);
    assert_eq!(ask(&text(&rotated, "access_token")).await, inactive);
}

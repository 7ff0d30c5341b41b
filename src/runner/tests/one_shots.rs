//! Single operations.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::connector::{InstantClock, Script, page};
use super::rows::*;
use crate::c1z::{Bounds, Reader};
use crate::pb::connector::*;
use crate::runner::client::Client;
use crate::runner::clock::Clock;
use crate::runner::one_shot::{self, Account, Action, EventFeed, Reached};
use crate::runner::sync::Options;

async fn client(script: &Arc<Script>) -> (Client, Arc<InstantClock>) {
    let clock = Arc::new(InstantClock::default());
    (
        Client::new(script.serve().await, Arc::clone(&clock) as Arc<dyn Clock>),
        clock,
    )
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[tokio::test]
async fn grant_and_revoke_send_what_the_file_knows() {
    let mut script = Script {
        types: vec![kind("group", vec![]), kind("user", vec![])],
        ..Script::default()
    };
    let key = |of: &str| (of.to_owned(), String::new());
    script
        .resources
        .insert(key("group"), page(vec![resource("group", "g", vec![])]));
    script
        .resources
        .insert(key("user"), page(vec![resource("user", "u", vec![])]));
    script
        .entitlements
        .insert(key("group/g"), page(vec![entitlement("group", "g", "m")]));
    script
        .grants
        .insert(key("group/g"), page(vec![grant("group:g:m", "user:u")]));
    let script = Arc::new(script);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    script.write(&file, Options::default()).await.unwrap();
    let reader = Reader::open(&file, &Bounds::default()).unwrap();
    let (client, _) = client(&script).await;

    let entitlement = reader.entitlement("group:g:m").unwrap();
    let principal = reader.resource(&id("user", "u")).unwrap();
    one_shot::send_grant(&client, entitlement, principal)
        .await
        .unwrap();
    let stored = reader.grant("group:g:m:user:u").unwrap();
    one_shot::send_revoke(&client, stored).await.unwrap();

    let received = script.received.lock().unwrap();
    let sent = received.grant.clone().unwrap();
    assert_eq!(
        sent.entitlement
            .clone()
            .unwrap()
            .resource
            .unwrap()
            .display_name,
        "group g"
    );
    assert_eq!(sent.principal.clone().unwrap().display_name, "user u");
    let revoked = received.revoke.clone().unwrap().grant.unwrap();
    assert_eq!(revoked.entitlement.as_deref(), sent.entitlement.as_ref());
    assert_eq!(revoked.principal.as_deref(), sent.principal.as_ref());
    let missing = reader.grant("nosuch").unwrap_err().to_string();
    assert!(missing.contains("has no grant \"nosuch\""), "{missing}");
}

#[tokio::test]
async fn an_account_gets_a_password_for_nobody() {
    let script = Arc::new(Script::default());
    let (client, _) = client(&script).await;
    let profile = object(json!({"login": "l@x", "age": 7, "tags": ["a", null]}));
    let account = Account {
        email: "e@x".into(),
        profile: Some(profile.clone()),
        ..Account::default()
    };
    one_shot::send_create_account(&client, account)
        .await
        .unwrap();
    let sent = script.received.lock().unwrap().account.clone().unwrap();
    let info = sent.account_info.unwrap();
    assert_eq!(
        (info.login.as_str(), info.emails[0].address.as_str()),
        ("l@x", "e@x")
    );
    assert_eq!(
        one_shot::json::from_struct(info.profile.unwrap()),
        Value::Object(profile)
    );
    let Some(credential_options::Options::RandomPassword(password)) =
        sent.credential_options.unwrap().options
    else {
        panic!("no password");
    };
    assert_eq!(password.length, 20);
    assert_eq!(sent.encryption_configs[0].provider, "baton/jwk/v1");
    let Some(encryption_config::Config::JwkPublicKeyConfig(key)) =
        &sent.encryption_configs[0].config
    else {
        panic!("no key");
    };
    let key: Value = serde_json::from_slice(&key.pub_key).unwrap();
    assert_eq!(key["crv"], "Ed25519");
    assert_eq!(key["x"].as_str().unwrap().len(), 43);
}

#[tokio::test]
async fn an_account_gets_no_password_where_none_is_offered() {
    use crate::pb::connector::CapabilityDetailCredentialOption::{NoPassword, RandomPassword, Sso};
    let offers: [(&[_], bool); 4] = [
        (&[NoPassword, Sso], true),
        (&[NoPassword, RandomPassword], false),
        (&[Sso], false),
        (&[], false),
    ];
    for (offered, without) in offers {
        let script = Arc::new(Script {
            account_options: offered.iter().map(|option| (*option).into()).collect(),
            ..Script::default()
        });
        let (client, _) = client(&script).await;
        let account = Account {
            login: "l@x".into(),
            ..Account::default()
        };
        one_shot::send_create_account(&client, account)
            .await
            .unwrap();
        let sent = script.received.lock().unwrap().account.clone().unwrap();
        let options = sent.credential_options.unwrap().options.unwrap();
        let is_without = matches!(options, credential_options::Options::NoPassword(_));
        assert_eq!(is_without, without, "{offered:?}");
    }
}

#[tokio::test]
async fn an_account_needs_a_login_or_an_address() {
    let script = Arc::new(Script::default());
    let (client, _) = client(&script).await;
    let error = one_shot::send_create_account(&client, Account::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.code()),
        ("unknown provisioning action", 2)
    );
}

fn status(status: BatonActionStatus, response: Value) -> GetActionStatusResponse {
    GetActionStatusResponse {
        status: status.into(),
        response: Some(one_shot::json::to_struct(object(response))),
        ..GetActionStatusResponse::default()
    }
}

#[tokio::test]
async fn an_action_is_polled_until_it_ends() {
    let script = Arc::new(Script::default());
    script.actions.lock().unwrap().extend([
        status(BatonActionStatus::Running, json!({})),
        status(BatonActionStatus::Complete, json!({"success": true})),
    ]);
    let (client, clock) = client(&script).await;
    let action = Action {
        name: "greet".into(),
        arguments: object(json!({"who": "me"})),
        resource_type: "user".into(),
    };
    let clock_dyn = Arc::clone(&clock) as Arc<dyn Clock>;
    let outcome = one_shot::send_action(&client, &clock_dyn, action)
        .await
        .unwrap();
    assert_eq!(outcome.to_string(), "greet finished: {\"success\":true}");
    assert_eq!(outcome.to_json()["response"], json!({"success": true}));
    assert_eq!(*clock.waits.lock().unwrap(), [Duration::from_secs(1); 2]);
    let sent = script.received.lock().unwrap().invoke.clone().unwrap();
    assert_eq!(
        (sent.name.as_str(), sent.resource_type_id.as_str()),
        ("greet", "user")
    );
}

#[tokio::test]
async fn a_failed_action_says_why() {
    let script = Arc::new(Script::default());
    let failed = status(BatonActionStatus::Failed, json!({"error": "no such user"}));
    script.actions.lock().unwrap().push_back(failed);
    let (client, clock) = client(&script).await;
    let clock = clock as Arc<dyn Clock>;
    let error = one_shot::send_action(&client, &clock, Action::default())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "action invoke failed: no such user");
}

#[tokio::test]
async fn schemas_are_protobuf_json() {
    let script = Arc::new(Script::default());
    let (client, _) = client(&script).await;
    let schemas = one_shot::read_action_schemas(&client, "user".into())
        .await
        .unwrap();
    assert_eq!(schemas, [r#"{"name":"greet","resourceTypeId":"user"}"#]);
}

#[tokio::test]
async fn events_are_printed_one_a_line_until_there_are_no_more() {
    let event = |id: &str| Event {
        id: id.into(),
        ..Event::default()
    };
    let script = Arc::new(Script {
        events: vec![event("1"), event("2")],
        ..Script::default()
    });
    let (client, clock) = client(&script).await;
    let (mut printed, reached) = (Vec::new(), Reached::default());
    let clock = clock as Arc<dyn Clock>;
    let feed = EventFeed::default();
    one_shot::read_events(&client, &clock, feed, &mut printed, &reached)
        .await
        .unwrap();
    assert_eq!(reached.into_inner().as_deref(), Some("2"));
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"
    );
}

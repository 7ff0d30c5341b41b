//! `OauthToken`: approvals as records.

use salesforce_simulator::FIRST_REFRESH_TOKEN;
use serde_json::{Value, json};

use crate::client::{Client, answer};
use crate::refresh::refresh;
use crate::web_flow::web_flow;

const OWN: &str = "SELECT Id, AppName, UserId, LastUsedDate, UseCount, DeleteToken, CreatedDate \
                   FROM OauthToken WHERE AppName = 'simulated-client'";

async fn own(client: &Client) -> Vec<Value> {
    let (status, body) = client.query(OWN).await;
    assert_eq!(status, 200, "{body}");
    body["records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_approval_has_a_record() {
    let client = Client::tiny().await;
    assert_eq!(own(&client).await.len(), 1);
    client
        .sim
        .clock()
        .advance(std::time::Duration::from_hours(1));
    let approved = web_flow(&client, "").await;
    let later = std::time::Duration::from_secs(1);
    client.sim.clock().advance(later);
    refresh(&client, approved["refresh_token"].as_str().unwrap()).await;
    let records = own(&client).await;
    assert_eq!(records.len(), 2);
    let newest = &records[1];
    let me = client.sim.org().integration_user();
    assert_eq!(newest["Id"], json!(null), "the id is reserved");
    assert_eq!(newest["UserId"], json!(me));
    assert_eq!(newest["UseCount"], 2);
    let time = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    assert!(time(newest, "CreatedDate") < time(newest, "LastUsedDate"));
    assert!(time(&records[0], "CreatedDate") < time(newest, "CreatedDate"));
    web_flow(&client, "api").await;
    assert_eq!(
        own(&client).await.len(),
        2,
        "without a refresh token there is none"
    );
}

#[tokio::test]
async fn a_rotation_keeps_the_record_and_a_replay_deletes_it() {
    let client = Client::tiny().await;
    client.sim.org().settings.client.rotate_refresh_tokens = true;
    let before = own(&client).await.remove(0);
    refresh(&client, FIRST_REFRESH_TOKEN).await;
    let after = own(&client).await.remove(0);
    assert_eq!(after["DeleteToken"], before["DeleteToken"]);
    assert_eq!(after["UseCount"], 2);
    refresh(&client, FIRST_REFRESH_TOKEN).await;
    assert_eq!(own(&client).await.len(), 0);
}

// Object Reference, OauthToken: /services/oauth2/revoke?token=<DeleteToken>.
#[tokio::test]
async fn the_delete_token_revokes_the_approval() {
    let mut client = Client::tiny().await;
    let approved = web_flow(&client, "").await;
    let records = own(&client).await;
    let handle = records[1]["DeleteToken"].as_str().unwrap();
    let token = approved["refresh_token"].as_str().unwrap();
    assert_ne!(handle, token);
    let url = format!("{}/services/oauth2/revoke?token={handle}", client.sim.url());
    let response = client.http.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(own(&client).await.len(), 1);
    assert_eq!(refresh(&client, token).await.0, 400);
    let session = approved["access_token"].as_str().unwrap();
    session.clone_into(&mut client.token);
    assert_eq!(client.get("/limits").await.0, 401);
    let (status, _) = answer(client.http.get(&url).send().await.unwrap()).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn tokens_of_others_need_a_permission() {
    let client = Client::tiny().await;
    let count = async |client: &Client| {
        let (_, body) = client.query("SELECT UserId FROM OauthToken").await;
        body["totalSize"].as_u64().unwrap()
    };
    assert!(count(&client).await > 1);
    let lacks = "CustomizeApplication".to_owned();
    client.sim.org().settings.missing_permissions.insert(lacks);
    assert_eq!(count(&client).await, 1);
}

//! Agents and the users that they run as.

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Org, Preset};
use serde_json::json;
use test_case::test_case;

use crate::harness::{Harness, Setup, annotation, key};

fn org() -> Org {
    let mut org = Org::seed(Preset::Tiny);
    org.settings.agents = true;
    org
}

fn identity(row: &pb::Resource) -> Option<String> {
    let agent = annotation::<pb::AgentTrait>(&row.annotations).unwrap();
    agent.identity_resource_id.map(|id| key(Some(&id)))
}

async fn with(org: Org, options: Options) -> Harness {
    Harness::with(Setup {
        org,
        options,
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn a_sync_shows_agents_with_their_users() {
    let mut org = org();
    let bare = [
        ("DeveloperName", json!("Bare")),
        ("MasterLabel", json!("")),
        ("Type", json!("Bot")),
    ];
    let bare = org.insert("BotDefinition", &bare);
    let seeded = org
        .find("BotDefinition", "DeveloperName", "Service_Agent")
        .unwrap();
    let user = org.get("BotDefinition", &seeded).unwrap()["BotUserId"].clone();
    let harness = with(org, Options::default()).await;
    let synced = harness.sync().await;
    let kind = &synced.types["agent"];
    assert!(
        kind.traits
            .contains(&(pb::resource_type::Trait::Agent as i32))
    );
    assert!(annotation::<pb::SkipEntitlementsAndGrants>(&kind.annotations).is_some());
    assert!(annotation::<pb::OptInRequired>(&kind.annotations).is_some());
    assert!(annotation::<pb::CapabilityPermissions>(&kind.annotations).is_some());
    let row = &synced.resources[&format!("agent/{seeded}")];
    assert_eq!(row.display_name, "Service Agent");
    assert_eq!(
        identity(row),
        Some(format!("user/{}", user.as_str().unwrap()))
    );
    assert!(synced.resources.contains_key(&identity(row).unwrap()));
    let keys: Vec<_> = row.profile.as_ref().unwrap().fields.keys().collect();
    assert_eq!(
        keys,
        [
            "agent_type",
            "bot_user_id",
            "developer_name",
            "id",
            "master_label",
            "type"
        ]
    );
    let row = &synced.resources[&format!("agent/{bare}")];
    assert_eq!((row.display_name.as_str(), identity(row)), ("Bare", None));
    assert!(
        !row.profile
            .as_ref()
            .unwrap()
            .fields
            .contains_key("bot_user_id")
    );
}

#[test_case(false; "in a sync")]
#[test_case(true; "alone")]
#[tokio::test]
async fn an_agent_points_to_no_missing_user(alone: bool) {
    let mut org = org();
    let agent = org
        .find("BotDefinition", "DeveloperName", "Service_Agent")
        .unwrap();
    let user = org.get("BotDefinition", &agent).unwrap()["BotUserId"].clone();
    let user = user.as_str().unwrap().to_owned();
    org.set("User", &user, &[("IsActive", json!(false))]);
    let options = Options {
        deactivated_users: false,
        ..Options::default()
    };
    let harness = with(org, options).await;
    let row = if alone {
        let id = pb::ResourceId {
            resource_type: "agent".into(),
            resource: agent,
            ..Default::default()
        };
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id: Some(id),
            ..Default::default()
        };
        let got = harness.getter().get_resource(request).await.unwrap();
        got.into_inner().resource.unwrap()
    } else {
        harness.sync().await.resources[&format!("agent/{agent}")].clone()
    };
    assert_eq!(identity(&row), None);
    let fields = &row.profile.unwrap().fields;
    assert!(
        fields.contains_key("bot_user_id"),
        "it is told all the same"
    );
}

#[test_case(true, false, 1; "an org without the feature")]
#[test_case(false, true, 0; "the switch is off")]
#[tokio::test]
async fn without_agents_it_costs(agents: bool, has_feature: bool, expected: usize) {
    let mut org = org();
    org.settings.agents = has_feature;
    let options = Options {
        agents,
        ..Options::default()
    };
    let harness = with(org, options).await;
    let synced = harness.sync().await;
    assert_eq!(synced.types.contains_key("agent"), agents);
    assert!(synced.of_type("agent").is_empty());
    let requests = harness.simulator.requests();
    let about = requests.iter().filter(|it| {
        it.soql
            .as_ref()
            .is_some_and(|soql| soql.contains("BotDefinition"))
    });
    assert_eq!(about.count(), expected);
}

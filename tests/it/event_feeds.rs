//! Event feeds: each event once, whatever happens between two pages.

use std::collections::BTreeMap;

use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::event::Event as What;
use baton_salesforce::pb::connector::event_service_client::EventServiceClient;
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use salesforce_simulator::Org;
use serde_json::{Value, json};
use test_case::test_case;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::harness::{Harness, Setup, everything, key, serve};

/// A time that Salesforce still has.
fn minutes_ago(minutes: i64) -> Timestamp {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    now.checked_sub(SignedDuration::from_mins(minutes)).unwrap()
}

fn at(time: Timestamp) -> Value {
    json!(time.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string())
}

fn sign_in(org: &mut Org, time: Timestamp, more: &[(&str, Value)]) -> String {
    let user = org.integration_user();
    let mut fields = vec![
        ("UserId", json!(user)),
        ("LoginTime", at(time)),
        ("LoginType", json!("Application")),
        ("Status", json!("Success")),
        ("Application", json!("Browser")),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    fields.extend_from_slice(more);
    org.insert("LoginHistory", &fields)
}

fn request(feed: &str, size: u32) -> pb::ListEventsRequest {
    pb::ListEventsRequest {
        event_feed_id: feed.to_owned(),
        page_size: size,
        start_at: Some(prost_types::Timestamp {
            seconds: minutes_ago(60 * 24 * 2).as_second(),
            nanos: 0,
        }),
        ..Default::default()
    }
}

async fn list(
    channel: &Channel,
    request: pb::ListEventsRequest,
) -> Result<pb::ListEventsResponse, Status> {
    let mut client = EventServiceClient::new(channel.clone());
    let answer = client.list_events(request).await?.into_inner();
    assert!(!answer.cursor.is_empty() && answer.cursor.len() <= 4096);
    Ok(answer)
}

/// Reads until there is no more. Returns the events and the cursor.
async fn drain(channel: &Channel, mut request: pb::ListEventsRequest) -> (Vec<pb::Event>, String) {
    let mut events = Vec::new();
    loop {
        let answer = list(channel, request.clone()).await.unwrap();
        assert!(answer.events.len() <= 1000);
        if request.page_size > 0 {
            assert!(answer.events.len() <= request.page_size as usize);
        }
        events.extend(answer.events);
        request.cursor = answer.cursor;
        if !answer.has_more {
            return (events, request.cursor);
        }
    }
}

fn warnings(annotations: &[prost_types::Any]) -> String {
    let is_struct = |any: &&prost_types::Any| any.type_url.ends_with("google.protobuf.Struct");
    let found = annotations.iter().find(is_struct);
    found.map_or_else(String::new, |any| {
        format!(
            "{:?}",
            prost_types::Struct::decode(any.value.as_slice()).unwrap()
        )
    })
}

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// How the times of the first rows are spread.
#[derive(Clone, Copy, PartialEq)]
enum Spread {
    OverADay,
    OverMinutes,
    OneMoment,
}

impl Spread {
    /// How long after the first sign-in this one is.
    fn of(self, number: u64, dice: &mut Dice) -> SignedDuration {
        let seconds = match self {
            Self::OverADay => dice.below(60 * 60 * 24),
            Self::OverMinutes => dice.below(60 * 6),
            Self::OneMoment if number.is_multiple_of(50) => dice.below(60 * 6),
            Self::OneMoment => 60,
        };
        SignedDuration::from_secs(i64::try_from(seconds).unwrap())
    }
}

#[test_case(Spread::OverADay; "over a day")]
#[test_case(Spread::OverMinutes; "within some minutes")]
#[test_case(Spread::OneMoment; "most at the same time")]
#[tokio::test]
async fn each_event_comes_once_over_restarts_with_new_and_late_rows(spread: Spread) {
    const FIRST: u64 = 10_000;
    let harness = Harness::start().await;
    let mut dice = Dice(0x5EED);
    let mut expected = BTreeMap::new();
    let mut add = |org: &mut Org, time, dice: &mut Dice| {
        let is_failure = dice.below(10) == 0;
        let status = if is_failure {
            "Invalid Password"
        } else {
            "Success"
        };
        let id = sign_in(org, time, &[("Status", json!(status))]);
        if !is_failure {
            expected.insert(id, time);
        }
    };
    let begin = minutes_ago(60 * 30);
    harness.simulator.with(|org| {
        for number in 0..FIRST {
            let time = begin.checked_add(spread.of(number, &mut dice)).unwrap();
            add(org, time, &mut dice);
        }
    });
    let mut got: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut request = request("logins", 1);
    let (mut rounds, mut idle, mut newest) = (0, 0, begin);
    while idle < 3 {
        let end = CancellationToken::new();
        let channel = serve(&harness.simulator, &Setup::default(), end.clone()).await;
        request.page_size = 1 + u32::try_from(dice.below(1000)).unwrap();
        let answer = list(&channel, request.clone()).await.unwrap();
        end.cancel();
        for event in answer.events {
            let time = event.occurred_at.unwrap();
            let time = Timestamp::from_second(time.seconds).unwrap();
            newest = newest.max(time);
            assert_eq!(
                got.insert(event.id.clone(), time),
                None,
                "{} came twice",
                event.id
            );
        }
        request.cursor = answer.cursor;
        idle = if answer.has_more { 0 } else { idle + 1 };
        rounds += 1;
        if rounds > 30 {
            continue;
        }
        idle = 0;
        harness.simulator.with(|org| {
            for _ in 0..dice.below(60) {
                let back = SignedDuration::from_secs(i64::try_from(dice.below(280)).unwrap());
                add(org, newest.checked_sub(back).unwrap(), &mut dice);
            }
            if rounds % 4 == 0 {
                add(
                    org,
                    newest.checked_add(SignedDuration::from_secs(5)).unwrap(),
                    &mut dice,
                );
            }
        });
    }
    let missing: Vec<_> = expected
        .iter()
        .filter(|(id, _)| !got.contains_key(*id))
        .collect();
    assert!(
        missing.is_empty(),
        "{} are missing, such as {:?}",
        missing.len(),
        missing[0]
    );
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_page_costs_one_call() {
    let harness = Harness::start().await;
    harness.simulator.with(|org| {
        for number in 0..500 {
            sign_in(org, minutes_ago(1000 - number), &[]);
        }
    });
    let (events, cursor) = drain(&harness.channel, request("logins", 100)).await;
    assert_eq!(events.len(), 500);
    let before = harness.simulator.api_calls();
    let next = pb::ListEventsRequest {
        cursor,
        ..request("logins", 100)
    };
    let answer = list(&harness.channel, next).await.unwrap();
    assert_eq!((answer.events.len(), answer.has_more), (0, false));
    assert_eq!(harness.simulator.api_calls() - before, 1);
}

#[tokio::test]
async fn a_page_of_failures_advances() {
    let harness = Harness::start().await;
    let last = harness.simulator.with(|org| {
        for number in 0..9_000 {
            let time = minutes_ago(2000 - number / 10);
            sign_in(org, time, &[("Status", json!("Invalid Password"))]);
        }
        sign_in(org, minutes_ago(1), &[])
    });
    let (events, _) = drain(&harness.channel, request("logins", 10)).await;
    let ids: Vec<_> = events.into_iter().map(|event| event.id).collect();
    assert_eq!(ids, [last]);
}

#[tokio::test]
async fn a_sign_in_is_a_use_of_the_app_or_of_the_org() {
    let harness = Harness::with(Setup {
        options: everything(),
        ..Setup::default()
    })
    .await;
    let (org, user, app) = harness.simulator.with(|org| {
        let app = org.rows("ConnectedApplication")[0].clone();
        let name = app["Name"].clone();
        sign_in(org, minutes_ago(3), &[("Application", name)]);
        let ip = [("SourceIp", json!("192.0.2.1"))];
        sign_in(org, minutes_ago(2), &ip);
        let id = app["Id"].as_str().unwrap().to_owned();
        (org.organization_id(), org.integration_user(), id)
    });
    let (events, _) = drain(&harness.channel, request("logins", 0)).await;
    let targets: Vec<_> = events
        .iter()
        .map(|event| match event.event.as_ref().unwrap() {
            What::UsageEvent(usage) => {
                let actor = usage.actor_resource.as_ref().unwrap();
                assert_eq!(key(actor.id.as_ref()), format!("user/{user}"));
                key(usage.target_resource.as_ref().unwrap().id.as_ref())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        format!("connected_application/{app}"),
        format!("organization/{org}"),
    ];
    assert_eq!(targets, expected);
    assert!(warnings(&events[1].annotations).contains("192.0.2.1"));
}

#[tokio::test]
async fn a_start_before_what_salesforce_keeps_is_told() {
    let harness = Harness::start().await;
    harness.simulator.with(|org| {
        for row in org.rows("LoginHistory") {
            org.delete("LoginHistory", row["Id"].as_str().unwrap());
        }
        sign_in(org, minutes_ago(1), &[])
    });
    let old = pb::ListEventsRequest {
        start_at: Some(prost_types::Timestamp {
            seconds: minutes_ago(60 * 24 * 400).as_second(),
            nanos: 0,
        }),
        ..request("logins", 0)
    };
    let answer = list(&harness.channel, old).await.unwrap();
    assert_eq!(answer.events.len(), 1);
    assert!(warnings(&answer.annotations).contains("older events are missing"));
    let answer = list(&harness.channel, request("logins", 0)).await.unwrap();
    assert_eq!(warnings(&answer.annotations), "");
}

#[test_case("e1.AAAA"; "a damaged one")]
#[test_case("v1.eyJsYXN0IjoiMDA1In0"; "a page token")]
#[tokio::test]
async fn a_foreign_cursor_is_refused(cursor: &str) {
    let harness = Harness::start().await;
    let wrong = pb::ListEventsRequest {
        cursor: cursor.to_owned(),
        ..request("logins", 0)
    };
    let error = list(&harness.channel, wrong).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("start_at"), "{error}");
}

#[tokio::test]
async fn feeds_are_announced() {
    let harness = Harness::start().await;
    let mut client = EventServiceClient::new(harness.channel.clone());
    let feeds = client.list_event_feeds(pb::ListEventFeedsRequest::default());
    let feeds = feeds.await.unwrap().into_inner().list;
    let ids: Vec<_> = feeds.iter().map(|feed| feed.id.as_str()).collect();
    assert_eq!(ids, ["logins", "setup_audit"]);
    let metadata = pb::ConnectorServiceGetMetadataRequest {};
    let metadata = harness.connector().get_metadata(metadata).await.unwrap();
    let capabilities = metadata
        .into_inner()
        .metadata
        .unwrap()
        .capabilities
        .unwrap();
    let v2 = i32::from(pb::Capability::EventFeedV2);
    assert!(capabilities.connector_capabilities.contains(&v2));
    let error = list(&harness.channel, request("others", 0))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "error: event feed id others not found")
    );
}

/// A row of the audit trail, a minute after the one before.
fn audit(org: &mut Org, minute: i64, action: &str, display: &str) -> String {
    let by = org.integration_user();
    org.insert(
        "SetupAuditTrail",
        &[
            ("Action", json!(action)),
            ("Section", json!("Manage Users")),
            ("Display", json!(display)),
            ("CreatedDate", at(minutes_ago(1000 - minute))),
            ("CreatedById", json!(by)),
        ],
    )
}

/// An event in one word.
fn word(event: &pb::Event) -> String {
    let stub = |resource: &Option<pb::Resource>| key(resource.as_ref().unwrap().id.as_ref());
    match event.event.as_ref().unwrap() {
        What::ResourceChangeEvent(change) => format!("change {}", key(change.resource_id.as_ref())),
        What::CreateGrantEvent(grant) => {
            let id = &grant.entitlement.as_ref().unwrap().id;
            format!("grant {id} to {}", stub(&grant.principal))
        }
        What::CreateRevokeEvent(revoke) => {
            let id = &revoke.entitlement.as_ref().unwrap().id;
            format!("revoke {id} from {}", stub(&revoke.principal))
        }
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::too_many_lines, reason = "a table of what each row becomes")]
#[tokio::test]
async fn a_row_of_the_audit_trail_is_what_it_names() {
    let harness = Harness::start().await;
    let expected = harness.simulator.with(|org| {
        for name in ["Desk", "Twin_One", "Twin_Two"] {
            let label = name.split('_').next().unwrap();
            org.insert(
                "PermissionSet",
                &[("Name", json!(name)), ("Label", json!(label))],
            );
        }
        let set = org.find("PermissionSet", "Name", "Desk").unwrap();
        let is_plain = |row: &Value| row["UserType"] == "Standard" && row["IsActive"] == true;
        let row = org.rows("User").into_iter().find(is_plain).unwrap();
        let user = row["Id"].as_str().unwrap().to_owned();
        org.set(
            "User",
            &user,
            &[("FirstName", json!("Jane")), ("LastName", json!("Unique"))],
        );
        let profile = org.find("Profile", "Name", "Standard User").unwrap();
        let home = format!("change organization/{}", org.organization_id());
        let names = [
            ("DeveloperName", json!("Office")),
            ("MasterLabel", json!("The Office")),
        ];
        let group = org.insert("PermissionSetGroup", &names);
        let jane = format!("user Jane Unique (UserID: [{}])", &user[..15]);
        let change = format!("change user/{user}");
        let rows = [
            (
                "PermSetAssign",
                format!("Permission set Desk: assigned to {jane}"),
                format!("grant permission:{set}:assigned to user/{user}"),
            ),
            (
                "PermSetUnassign",
                format!("Permission set Desk: unassigned from {jane}"),
                format!("revoke permission:{set}:assigned from user/{user}"),
            ),
            (
                "PermSetAssign",
                format!("Permission set Twin: assigned to {jane}"),
                change.clone(),
            ),
            (
                "PermSetGroupAssign",
                format!("Permission set group The Office: assigned to {jane}"),
                format!("grant permission_set_group:{group}:member to user/{user}"),
            ),
            (
                "changedprofileforuser",
                "Changed profile for user Jane Unique from Clerk to Standard User".to_owned(),
                format!("grant profile:{profile}:assigned to user/{user}"),
            ),
            (
                "PermSetEnableUserPerm",
                "Changed permission set Desk: Edit Tasks permission was changed".to_owned(),
                format!("change permission/{set}"),
            ),
            ("deactivateduser", format!("Deactivated {jane}"), change),
            (
                "createduser",
                "Created new user Nobody Anymore".to_owned(),
                home.clone(),
            ),
            (
                "createdApexClass",
                "Created Apex Class Foo".to_owned(),
                home,
            ),
        ];
        rows.into_iter()
            .zip(0..)
            .map(|((action, display, event), minute)| {
                audit(org, minute, action, &display);
                event
            })
            .collect::<Vec<_>>()
    });
    let (events, _) = drain(&harness.channel, request("setup_audit", 0)).await;
    assert_eq!(events.iter().map(word).collect::<Vec<_>>(), expected);
    assert!(warnings(&events[0].annotations).contains("PermSetAssign"));
}

#[tokio::test]
async fn the_audit_trail_is_read_once_too() {
    let harness = Harness::start().await;
    harness.simulator.with(|org| {
        for number in 0..300 {
            audit(
                org,
                number / 100,
                "createdApexClass",
                "Created Apex Class Foo",
            );
        }
    });
    let (events, cursor) = drain(&harness.channel, request("setup_audit", 7)).await;
    assert_eq!(events.len(), 300);
    let late = harness
        .simulator
        .with(|org| audit(org, 1, "createdApexClass", "Created Apex Class Bar"));
    let next = pb::ListEventsRequest {
        cursor,
        ..request("setup_audit", 0)
    };
    let (events, _) = drain(&harness.channel, next).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].id, late);
}

#[test_case("logins", &["ManageUsers", "MonitorLoginHistory"], "Monitor Login History"; "sign-ins")]
#[test_case("setup_audit", &["ViewSetup"], "View Setup and Configuration"; "audit trail")]
#[tokio::test]
async fn a_feed_that_may_not_be_read_says_so(feed: &str, lacks: &[&str], remedy: &str) {
    let mut org = Org::seed(salesforce_simulator::Preset::Tiny);
    crate::doctor::lacking(&mut org, lacks);
    sign_in(&mut org, minutes_ago(5), &[]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let error = list(&harness.channel, request(feed, 0)).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    assert!(error.message().contains(remedy), "{error}");
}

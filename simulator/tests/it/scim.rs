//! SCIM 2.0: what Salesforce answers, and where it leaves RFC 7643 and RFC 7644.

use reqwest::Method;
use salesforce_simulator::{Fault, Matcher, Org, Preset, SeedSize};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Answer, Client, answer, url_encoded};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn call(client: &Client, method: Method, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/services/scim/v2{path}");
    answer(client.send(method, &path, body.as_ref()).await).await
}

async fn get(client: &Client, path: &str) -> Answer {
    call(client, Method::GET, path, None).await
}

async fn patch(client: &Client, path: &str, operations: Value) -> Answer {
    let body = json!({"schemas": [PATCH_OP], "Operations": operations});
    call(client, Method::PATCH, path, Some(body)).await
}

async fn users(client: &Client, filter: &str) -> Answer {
    let path = format!("/Users?count=200&filter={}", url_encoded(filter));
    get(client, &path).await
}

fn user(client: &Client, name: &str) -> String {
    let name = format!("{name}@simulated.example");
    client.sim.org().user_by_username(&name).unwrap()
}

fn sets(client: &Client, count: usize) -> Vec<String> {
    let soql = "SELECT Id FROM PermissionSet WHERE Name LIKE 'Set_%' ORDER BY Id";
    let rows = client.sim.with(|org| org.query(soql));
    let ids = rows
        .iter()
        .map(|row| row["Id"].as_str().unwrap().to_owned());
    ids.take(count).collect()
}

fn profile(client: &Client, name: &str) -> String {
    client.id(&format!("SELECT Id FROM Profile WHERE Name = '{name}'"))
}

fn newcomer(client: &Client) -> Value {
    json!({
        "schemas": [CORE_USER, ENTERPRISE],
        "userName": "New.Comer@simulated.example",
        "name": {"givenName": "New", "familyName": "Comer"},
        "emails": [{"value": "new@simulated.example"}],
        "entitlements": [{"value": profile(client, "Standard User")}],
        ENTERPRISE: {"department": "Sales"},
    })
}

fn held(client: &Client, user: &str) -> Vec<String> {
    let sets = client.sim.org().direct_permission_sets(user);
    sets.into_iter().collect()
}

#[tokio::test]
async fn the_capabilities_are_under_the_plural_name_only() {
    let client = Client::tiny().await;
    let (status, body) = get(&client, "/ServiceProviderConfigs").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["filter"],
        json!({"supported": true, "maxResults": 200})
    );
    assert_eq!(body["bulk"]["supported"], false);
    let (status, body) = get(&client, "/ServiceProviderConfig").await;
    assert_eq!((status, &body["status"]), (404, &json!("404")));
    for (path, count) in [("/Schemas", 5), ("/ResourceTypes", 4)] {
        let (status, body) = get(&client, path).await;
        assert_eq!((status, &body["totalResults"]), (200, &json!(count)));
        let id = body["Resources"][0]["id"].as_str().unwrap().to_owned();
        let (status, one) = get(&client, &format!("{path}/{id}")).await;
        assert_eq!((status, &one), (200, &body["Resources"][0]));
    }
}

#[tokio::test]
async fn a_user_shows_its_profile_first_and_its_sets_role_and_groups() {
    let client = Client::tiny().await;
    let id = user(&client, "user000001");
    let response = client
        .send(Method::GET, &format!("/services/scim/v2/Users/{id}"), None)
        .await;
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/scim+json"), "{kind}");
    assert!(response.headers().contains_key("sforce-limit-info"));
    let (status, body) = answer(response).await;
    assert_eq!((status, &body["id"]), (200, &json!(id)));
    assert_eq!(body["userName"], "user000001@simulated.example");
    assert_eq!(body["externalId"], "fed-000001");
    let entitlements = body["entitlements"].as_array().unwrap();
    assert_eq!(entitlements[0]["type"], "Profile");
    assert_eq!(entitlements[0]["primary"], true);
    let rest = &entitlements[1..];
    let mut ids: Vec<_> = rest
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, held(&client, &id), "groups of sets are not among them");
    assert_eq!(body["roles"].as_array().unwrap().len(), 1);
    assert!(body[ENTERPRISE]["manager"]["value"].is_string());
    let location = format!("{}/services/scim/v2/Users/{id}", client.sim.url());
    assert_eq!(body["meta"]["location"], json!(location));
    let (_, short) = get(&client, &format!("/Users/{}", &id[..15])).await;
    assert_eq!(short, body, "an id of 15 characters is the same");
    let (_, few) = get(&client, &format!("/Users/{id}?attributes=userName")).await;
    assert_eq!(few.as_object().unwrap().len(), 3, "{few}");
    let (_, me) = get(&client, "/Me").await;
    assert_eq!(me["userName"], "admin@simulated.example");
}

#[tokio::test]
async fn lists_are_paged_by_twenty_up_to_two_hundred_and_end_at_two_thousand() {
    let client = Client::of(Org::seed_size(SeedSize::for_users(2300))).await;
    let (_, first) = get(&client, "/Users").await;
    assert_eq!(first["itemsPerPage"], 20);
    assert_eq!(first["startIndex"], 1);
    let total = client.sim.org().count("User");
    assert_eq!(first["totalResults"], json!(total));
    let (_, page) = get(&client, "/Users?startIndex=1801&count=500").await;
    assert_eq!(page["itemsPerPage"], 200);
    let (status, body) = get(&client, "/Users?startIndex=2201&count=200").await;
    assert_eq!((status, &body["Errors"][0]["code"]), (400, &json!(400)));
    let text = body["Errors"][0]["description"].as_str().unwrap();
    assert!(text.starts_with("Start index too big."), "{text}");
    // What the message recommends reaches everybody.
    let mut seen = 0;
    let mut last = String::new();
    loop {
        let (status, page) = users(&client, &format!("id gt \"{last:0<15}\"")).await;
        assert_eq!(status, 200, "{page}");
        let page = page["Resources"].as_array().unwrap().clone();
        let Some(end) = page.last() else { break };
        seen += page.len();
        end["id"].as_str().unwrap().clone_into(&mut last);
    }
    assert_eq!(seen, total);
    let (_, none) = get(&client, "/Users?count=0").await;
    assert_eq!(none["Resources"], json!([]));
}

#[test_case(r#"userName eq "USER000001@simulated.example""#, 1; "a text, in any case")]
#[test_case(r#"userName sw "user00000" and active eq true"#, 10; "both")]
#[test_case(r#"userName eq "user000001@simulated.example" or externalId eq "fed-000002""#, 2; "either")]
#[test_case(r#"(userName sw "user" or userName sw "shared") and name.familyName co "MONONYM""#, 3; "parentheses")]
#[test_case(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName co "000001""#, 1; "with the URN")]
#[test_case("active eq false", 2; "a truth value")]
#[test_case(r#"meta.lastModified gt "2099-01-01T00:00:00Z""#, 0; "a time")]
#[tokio::test]
async fn filters_find(filter: &str, count: usize) {
    let client = Client::tiny().await;
    let (status, body) = users(&client, filter).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["totalResults"], json!(count), "{body}");
}

#[test_case(r#"userName sw "a" or userName sw "b" and active eq true"#; "both words without parentheses")]
#[test_case(r#"userName ew "example""#; "an operator that Salesforce does not have")]
#[test_case("userName pr"; "presence")]
#[test_case(r#"not (userName eq "a")"#; "not")]
#[test_case(r#"shoeSize eq "a""#; "unknown attribute")]
#[test_case(r#"(userName eq "a""#; "open parenthesis")]
#[test_case(r#"userName eq "a"#; "open text")]
#[test_case("userName eq a"; "text without quotes")]
#[tokio::test]
async fn filters_are_refused(filter: &str) {
    let client = Client::tiny().await;
    let (status, body) = users(&client, filter).await;
    assert_eq!(
        (status, &body["scimType"]),
        (400, &json!("invalidFilter")),
        "{body}"
    );
}

#[tokio::test]
async fn a_user_is_created_with_profile_and_sets_and_takes_a_seat() {
    let client = Client::tiny().await;
    let seats = "SELECT Id, UsedLicenses FROM UserLicense WHERE LicenseDefinitionKey = 'SFDC'";
    let used = client.one(seats)["UsedLicenses"].as_i64().unwrap();
    let set = sets(&client, 1).remove(0);
    let mut body = newcomer(&client);
    let short = json!({"value": &set[..15]});
    body["entitlements"].as_array_mut().unwrap().push(short);
    body["urn:salesforce:schemas:extension:1.0"] = json!({"alias": "newbie"});
    let (status, made) = call(&client, Method::POST, "/Users", Some(body.clone())).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["userName"], "new.comer@simulated.example");
    assert_eq!(made["active"], true);
    let id = made["id"].as_str().unwrap();
    assert_eq!(held(&client, id), [set]);
    let row = client.sim.org().get("User", id).unwrap();
    assert_eq!(
        (&row["Alias"], &row["Department"]),
        (&json!("newbie"), &json!("Sales"))
    );
    assert_eq!(client.one(seats)["UsedLicenses"], json!(used + 1));

    let count = client.sim.org().count("User");
    let (status, twin) = call(&client, Method::POST, "/Users", Some(body.clone())).await;
    assert_eq!(
        (status, &twin["scimType"]),
        (409, &json!("uniqueness")),
        "{twin}"
    );
    body["userName"] = "other@simulated.example".into();
    body["entitlements"] = json!([]);
    let (status, none) = call(&client, Method::POST, "/Users", Some(body.clone())).await;
    assert_eq!((status, &none["status"]), (400, &json!("400")), "{none}");
    // An entitlement that cannot be given leaves no user behind.
    let sold_out = client.id("SELECT Id FROM PermissionSet WHERE Name = 'Needs_Sold_Out_License'");
    let standard = profile(&client, "Standard User");
    body["entitlements"] = json!([{"value": standard}, {"value": sold_out}]);
    let (status, refused) = call(&client, Method::POST, "/Users", Some(body)).await;
    assert_eq!(status, 400);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("permission set license"), "{detail}");
    assert_eq!(client.sim.org().count("User"), count);
}

#[tokio::test]
async fn no_seat_no_user() {
    let client = Client::tiny().await;
    let license = client.id("SELECT Id FROM UserLicense WHERE LicenseDefinitionKey = 'SFDC'");
    client.sim.with(|org| {
        org.set("UserLicense", &license, &[("TotalLicenses", json!(1))]);
    });
    let body = newcomer(&client);
    let (status, body) = call(&client, Method::POST, "/Users", Some(body)).await;
    assert_eq!(
        (status, &body["detail"]),
        (400, &json!("license limit exceeded"))
    );
}

#[tokio::test]
async fn attributes_change_in_every_form_that_salesforce_takes() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let manager = user(&client, "user000004");
    let path = format!("/Users/{id}");
    let operations = json!([
        {"op": "replace", "value": {"nickName": "user2", "title": "Boss"}},
        {"op": "Replace", "path": "name.familyName", "value": "Renamed"},
        {"op": "ADD", "path": "emails.value", "value": "renamed@simulated.example"},
        {"op": "replace", "path": "department", "value": "Support"},
        {"op": "replace", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "E1"},
        {"op": "replace", "value": {ENTERPRISE: {"manager": {"value": manager}}}},
        {"op": "replace", "value": {"phoneNumbers": [{"type": "mobile", "value": "123"}]}},
        {"op": "remove", "path": "externalId"},
    ]);
    let (status, body) = patch(&client, &path, operations).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["nickName"], "user2");
    assert_eq!(body["name"]["familyName"], "Renamed");
    assert_eq!(body["emails"][0]["value"], "renamed@simulated.example");
    assert_eq!(
        body["phoneNumbers"],
        json!([{"value": "123", "type": "mobile"}])
    );
    assert_eq!(body[ENTERPRISE]["department"], "Support");
    assert_eq!(body[ENTERPRISE]["manager"]["value"], json!(manager));
    assert!(body.get("externalId").is_none());
    let address = json!([{"type": "work", "streetAddress": "1 Main St", "country": "DE"}]);
    let add = json!([{"op": "add", "path": "addresses", "value": address}]);
    let (_, body) = patch(&client, &path, add).await;
    assert_eq!(body["addresses"][0]["streetAddress"], "1 Main St");
    let remove =
        json!([{"op": "remove", "path": "addresses"}, {"op": "remove", "path": ENTERPRISE}]);
    let (status, body) = patch(&client, &path, remove).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.get("addresses").is_none() && body.get(ENTERPRISE).is_none());
}

#[test_case(json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b.c"}), "invalidPath"; "a filter in the path")]
#[test_case(json!({"op": "replace", "path": "shoeSize", "value": "44"}), "invalidPath"; "unknown attribute")]
#[test_case(json!({"op": "replace", "value": {"active": "false"}}), "invalidValue"; "text for a truth value")]
#[test_case(json!({"op": "replace", "path": "id", "value": "x"}), "mutability"; "read-only attribute")]
#[test_case(json!({"op": "replace", "value": {"phoneNumbers": [{"value": "1"}, {"value": "2"}]}}), "invalidValue"; "two phone numbers")]
#[test_case(json!({"op": "remove"}), "noTarget"; "nothing to remove")]
#[test_case(json!({"op": "move", "path": "title"}), "invalidSyntax"; "unknown operation")]
#[test_case(json!({"op": "replace", "value": {"locale": "xx"}}), "invalidValue"; "unknown locale")]
#[test_case(json!({"op": "replace", "value": {"entitlements": [{"value": "0PSHp0000000zzz"}]}}), "invalidValue"; "unknown permission set")]
#[tokio::test]
async fn a_wrong_change_is_refused(operation: Value, scim_type: &str) {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let before = client.sim.org().get("User", &id);
    let title = json!({"op": "replace", "value": {"title": "Changed"}});
    let operations = json!([title, operation]);
    let (status, body) = patch(&client, &format!("/Users/{id}"), operations).await;
    assert_eq!(
        (status, &body["scimType"]),
        (400, &json!(scim_type)),
        "{body}"
    );
    assert_eq!(client.sim.org().get("User", &id), before, "all or nothing");
}

#[tokio::test]
async fn entitlements_are_added_replaced_and_emptied_but_the_profile_stays() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let path = format!("/Users/{id}");
    let [one, two, three] = <[String; 3]>::try_from(sets(&client, 3)).unwrap();
    let replace = |list: Value| json!([{"op": "Replace", "value": {"entitlements": list}}]);
    let (status, body) = patch(&client, &path, replace(json!([{"value": one}]))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(held(&client, &id), std::slice::from_ref(&one));
    let add = json!([{"op": "add", "value": {"entitlements": [
        {"value": &one[..15]}, {"value": &two[..15]},
    ]}}]);
    let (status, body) = patch(&client, &path, add).await;
    assert_eq!(
        (status, held(&client, &id)),
        (200, vec![one, two]),
        "{body}"
    );
    let rights = client.sim.org().get("User", &id).unwrap()["ProfileId"].clone();
    let (_, body) = patch(&client, &path, replace(json!([{"value": three}]))).await;
    assert_eq!(held(&client, &id), [three]);
    assert_eq!(body["entitlements"][0]["value"], rights);
    let platform = profile(&client, "Standard Platform User");
    let (status, _) = patch(&client, &path, replace(json!([{"value": platform}]))).await;
    assert_eq!((status, held(&client, &id)), (200, vec![]));
    let (_, body) = patch(&client, &path, replace(json!([]))).await;
    assert_eq!(body["entitlements"].as_array().unwrap().len(), 1);
    assert_eq!(body["entitlements"][0]["value"], json!(platform));
    let both = json!([{"value": platform}, {"value": profile(&client, "Standard User")}]);
    let (status, _) = patch(&client, &path, replace(both)).await;
    assert_eq!(status, 400, "only one profile");
    let group = client.sim.org().permission_set_groups(&id);
    assert!(
        !group.is_empty(),
        "groups of sets are not entitlements and stay"
    );
}

#[tokio::test]
async fn a_user_is_deactivated_and_reactivated_but_never_deleted() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let path = format!("/Users/{id}");
    for _ in 0..2 {
        let (status, body) = call(&client, Method::DELETE, &path, None).await;
        assert_eq!((status, body), (204, json!("")));
        assert!(!client.sim.org().is_active(&id));
    }
    let (_, body) = get(&client, &path).await;
    assert_eq!(body["active"], false);
    let on = json!([{"op": "replace", "value": {"active": true}}]);
    let (status, body) = patch(&client, &path, on).await;
    assert_eq!((status, &body["active"]), (200, &json!(true)));
    let me = client.sim.org().integration_user();
    let (status, body) = call(&client, Method::DELETE, &format!("/Users/{me}"), None).await;
    assert_eq!(
        (status, &body["detail"]),
        (400, &json!("You can't deactivate yourself."))
    );
    for id in ["005Hp000000zzzz", "nonsense"] {
        let (status, body) = call(&client, Method::DELETE, &format!("/Users/{id}"), None).await;
        assert_eq!((status, &body["status"]), (404, &json!("404")));
    }
}

#[tokio::test]
async fn a_put_replaces_and_clears_but_keeps_what_a_user_must_have() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let path = format!("/Users/{id}");
    let (_, mut body) = get(&client, &path).await;
    let before = held(&client, &id);
    body.as_object_mut().unwrap().remove("title");
    body.as_object_mut().unwrap().remove("entitlements");
    body["nickName"] = "put".into();
    let (status, after) = call(&client, Method::PUT, &path, Some(body)).await;
    assert_eq!(status, 200, "{after}");
    assert!(after.get("title").is_none());
    assert_eq!(
        (&after["nickName"], held(&client, &id)),
        (&json!("put"), before)
    );
}

#[tokio::test]
async fn members_of_a_group_are_wrapped_in_an_object() {
    let client = Client::tiny().await;
    let group = client.id("SELECT Id FROM Group WHERE DeveloperName = 'Team_2'");
    let path = format!("/Groups/{group}");
    let id = user(&client, "nologin");
    for (op, inside) in [
        ("add", true),
        ("add", true),
        ("Remove", false),
        ("remove", false),
    ] {
        let value = json!({"members": [{"value": id}]});
        let operations = json!([{"op": op, "path": "members", "value": value}]);
        let (status, body) = patch(&client, &path, operations).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["type"], "Regular");
        let members = body["members"].as_array().unwrap();
        assert_eq!(
            members.iter().any(|it| it["value"] == json!(id)),
            inside,
            "{op}"
        );
    }
    let standard = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let (status, body) = patch(&client, &path, standard).await;
    assert_eq!((status, &body["scimType"]), (400, &json!("invalidValue")));
    let queue = client.id("SELECT Id FROM Group WHERE DeveloperName = 'Queue_0'");
    assert_eq!(get(&client, &format!("/Groups/{queue}")).await.0, 404);
    let (status, body) = get(&client, "/Groups?count=200").await;
    assert_eq!((status, &body["totalResults"]), (200, &json!(5)));
}

#[tokio::test]
async fn at_most_two_hundred_entitlements_without_a_filter() {
    let client = Client::of(Org::seed_size(SeedSize {
        permission_sets: 300,
        ..Preset::Tiny.size()
    }))
    .await;
    let (_, body) = get(&client, "/Entitlements?count=200").await;
    assert_eq!(
        (&body["totalResults"], &body["itemsPerPage"]),
        (&json!(200), &json!(200))
    );
    assert_eq!(body["Resources"][0]["type"], "Profile");
    let (_, rest) = get(&client, "/Entitlements?startIndex=201&count=200").await;
    assert_eq!(rest["Resources"], json!([]));
    let set = sets(&client, 300).pop().unwrap();
    let filter = url_encoded(&format!("id eq \"{set}\""));
    let (_, body) = get(&client, &format!("/Entitlements?filter={filter}")).await;
    assert_eq!(body["Resources"][0]["id"], json!(set));
    let (status, body) = get(&client, &format!("/Entitlements/{set}")).await;
    assert_eq!((status, &body["type"]), (200, &json!("PermissionSet")));
    let holders = "SELECT COUNT(Id) n FROM PermissionSetAssignment WHERE PermissionSetId = ";
    let holders = client.one(&format!("{holders}'{set}' AND IsActive = true"));
    assert_eq!(
        json!(body["members"].as_array().unwrap().len()),
        holders["n"]
    );
    let (status, body) = get(&client, "/Roles").await;
    assert_eq!((status, &body["totalResults"]), (200, &json!(5)));
}

#[tokio::test]
async fn the_members_of_an_entitlement_change_only_where_the_org_still_allows_it() {
    let client = Client::tiny().await;
    let id = user(&client, "nologin");
    let set = sets(&client, 1).remove(0);
    let path = format!("/Entitlements/{set}");
    let value = json!({"members": [{"value": id}]});
    let add = json!([{"op": "add", "path": "members", "value": value}]);
    assert_eq!(patch(&client, &path, add.clone()).await.0, 405);
    client.sim.org().settings.scim_entitlement_writes = true;
    let (status, body) = patch(&client, &path, add).await;
    assert_eq!((status, held(&client, &id)), (200, vec![set]), "{body}");
    let remove = json!([{"op": "remove", "path": "members", "value": value}]);
    assert_eq!(patch(&client, &path, remove).await.0, 200);
    assert!(held(&client, &id).is_empty());
}

#[tokio::test]
async fn what_the_user_may_not_do_over_rest_is_refused() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let path = format!("/Users/{id}");
    let missing = ["ManageUsers", "ManageInternalUsers"].map(str::to_owned);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .extend(missing);
    assert_eq!(get(&client, &path).await.0, 200, "View All Users is left");
    let (status, _) = call(&client, Method::DELETE, &path, None).await;
    assert_eq!(status, 403);
    let set = sets(&client, 1).remove(0);
    let add = json!([{"op": "add", "value": {"entitlements": [{"value": set}]}}]);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("AssignPermissionSets".into());
    assert_eq!(patch(&client, &path, add).await.0, 403);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ViewAllUsers".into());
    let (status, body) = users(&client, "active eq true").await;
    assert_eq!((status, &body["status"]), (403, &json!("403")));
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ApiEnabled".into());
    let (status, body) = get(&client, &path).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (403, &json!("FUNCTIONALITY_NOT_ENABLED"))
    );
}

#[tokio::test]
async fn sessions_faults_and_the_limit_are_those_of_rest() {
    let client = Client::tiny().await;
    let id = user(&client, "user000003");
    let path = format!("/Users/{id}");
    let before = client.sim.api_calls();
    assert_eq!(get(&client, &path).await.0, 200);
    assert_eq!(client.sim.api_calls(), before + 1);
    client
        .sim
        .faults()
        .next(1, Matcher::writes_to("User"), Fault::DropAfter);
    let url = format!("/services/scim/v2{path}");
    assert!(client.try_send(Method::DELETE, &url, None).await.is_err());
    assert!(!client.sim.org().is_active(&id), "it was executed");
    client
        .sim
        .faults()
        .next(1, Matcher::any().path("/scim/"), Fault::unavailable());
    assert_eq!(get(&client, &path).await.0, 503);
    client.sim.expire_sessions();
    let (status, body) = get(&client, &path).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (401, &json!("INVALID_SESSION_ID"))
    );
}

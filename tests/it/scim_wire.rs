//! What the client sends to the SCIM service and how it reads the answers, against a server that says
//! whatever a test wants.

use std::time::Duration;

use baton_salesforce::salesforce::scim::{Patch, Scim, User};
use baton_salesforce::salesforce::{
    Auth, Client, ClientConfig, Error, ErrorCode, Instance, SalesforceId,
};
use serde_json::{Value as Json, json};
use test_case::test_case;
use wiremock::matchers::{body_json, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

const USERS: &str = "/services/scim/v2/Users";
const ID: &str = "0054W00000CVREkQAP";
const SET: &str = "0PS8c000003LCCG";
const PROFILE: &str = "00eHp0000000001IAA";

fn id(text: &str) -> SalesforceId {
    text.parse().unwrap()
}

fn user(number: usize) -> Json {
    json!({ "id": format!("0054W{number:010}"), "userName": format!("u{number}@acme.example") })
}

/// The example of Salesforce Help.
fn shown(more: &Json) -> Json {
    let mut user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "id": ID, "userName": "scimuser@mycompany.com", "externalId": "scimUser",
        "name": {"formatted": "User Scim", "familyName": "Scim", "givenName": "User"},
        "displayName": "User Scim", "nickName": "user2", "active": true,
    });
    let more = more.as_object().unwrap().clone();
    user.as_object_mut().unwrap().extend(more);
    user
}

struct Org {
    server: MockServer,
    client: Client,
}

impl Org {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let instance = Instance::parse(&server.uri(), false).unwrap();
        let auth = Auth::Token("token".to_owned().into());
        let mut config = ClientConfig::new(instance, auth);
        config.retry.first_wait = Duration::from_millis(1);
        config.retry.longest_wait = Duration::from_millis(2);
        let client = Client::new(config).unwrap();
        Self { server, client }
    }

    fn scim(&self) -> Scim<'_> {
        self.client.scim()
    }

    async fn answers(&self, verb: &str, status: u16, body: &Json) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    async fn bodies(&self) -> Vec<Json> {
        let requests = self.server.received_requests().await.unwrap();
        let bodies = requests.iter();
        bodies
            .map(|it| it.body_json().unwrap_or(Json::Null))
            .collect()
    }
}

fn patch_body(op: &str, value: &Json) -> Json {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": op, "value": value}],
    })
}

#[test_case(&Patch::active(false), "replace", &json!({"active": false}); "deactivate")]
#[test_case(&Patch::active(true), "replace", &json!({"active": true}); "activate")]
#[test_case(&Patch::add_entitlement(id(SET)), "add", &json!({"entitlements": [{"value": id(SET)}]}); "add a permission set")]
#[test_case(&Patch::only_entitlement(id(PROFILE)), "replace", &json!({"entitlements": [{"value": PROFILE}]}); "leave the profile")]
#[test_case(&Patch::set(json!({"nickName": "user2"}).as_object().unwrap().clone()), "replace", &json!({"nickName": "user2"}); "an attribute")]
#[tokio::test]
async fn a_change_has_no_path(patch: &Patch, op: &str, value: &Json) {
    let org = Org::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(shown(value));
    Mock::given(method("PATCH"))
        .and(path(format!("{USERS}/{ID}")))
        .and(header("authorization", "Bearer token"))
        .and(body_json(patch_body(op, value)))
        .respond_with(answer)
        .expect(1)
        .mount(&org.server)
        .await;
    let sent = org.scim().patch(id(ID), patch).await;
    assert_eq!(sent.unwrap().calls, 1);
}

#[tokio::test]
async fn an_empty_answer_is_a_success() {
    let org = Org::start().await;
    Mock::given(method("PATCH"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&org.server)
        .await;
    Mock::given(method("DELETE"))
        .and(path(format!("{USERS}/{ID}")))
        .respond_with(ResponseTemplate::new(204))
        .mount(&org.server)
        .await;
    let patched = org.scim().patch(id(ID), &Patch::active(false)).await;
    assert_eq!(patched.unwrap().calls, 1);
    let deleted = org.scim().delete(id(ID)).await;
    assert_eq!(deleted.unwrap().calls, 1);
}

#[test_case(&Patch::active(false), &json!({}), false; "still active")]
#[test_case(&Patch::active(false), &json!({"active": "False"}), true; "a text")]
#[test_case(&Patch::active(false), &json!({"active": null}), false; "nothing")]
#[test_case(&Patch::active(true), &json!({"id": "0054W00000CVREkQAQ"}), true; "an odd checksum")]
#[test_case(&Patch::active(true), &json!({"id": "0054W0000000001"}), false; "another user")]
#[test_case(&Patch::add_entitlement(id(SET)), &json!({}), false; "no entitlements")]
#[test_case(&Patch::add_entitlement(id(SET)), &json!({"entitlements": [{"value": PROFILE}]}), false; "another entitlement")]
#[test_case(&Patch::add_entitlement(id(SET)), &json!({"entitlements": [{"value": PROFILE}, {"value": SET, "type": "PermissionSet"}]}), true; "among others")]
#[test_case(&Patch::only_entitlement(id(PROFILE)), &json!({"entitlements": [{"value": PROFILE}, {"value": SET}]}), false; "one is left")]
#[test_case(&Patch::only_entitlement(id(PROFILE)), &json!({"Entitlements": [{"value": PROFILE, "primary": true}]}), true; "names in any case")]
#[test_case(&Patch::set(json!({"emails": [{"value": "new@acme.example"}]}).as_object().unwrap().clone()), &json!({"emails": [{"value": "old@acme.example"}]}), true; "an address to be confirmed")]
#[tokio::test]
async fn an_answer_without_the_change_is_no_proof(patch: &Patch, answer: &Json, is_proof: bool) {
    let org = Org::start().await;
    org.answers("PATCH", 200, &shown(answer)).await;
    match org.scim().patch(id(ID), patch).await {
        Ok(_) => assert!(is_proof),
        Err(error) => assert!(error.is_ambiguous() && !is_proof, "{error}"),
    }
}

#[tokio::test]
async fn a_user_is_created_with_its_schemas() {
    let org = Org::start().await;
    org.answers("POST", 201, &shown(&json!({"active": "true"})))
        .await;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let attributes = json!({"userName": "a@b.example", (enterprise): {"department": "Sales"}});
    let created = org.scim().create(attributes.as_object().unwrap()).await;
    let user = created.unwrap().value;
    assert_eq!((user.id(), user.is_active()), (id(ID), Some(true)));
    assert_eq!(user.entitlements(), None);
    let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User", enterprise]);
    assert_eq!(org.bodies().await[0]["schemas"], schemas);
    assert!(!format!("{user:?}").contains("scimuser"));
}

#[test_case(200, &json!(null); "no body")]
#[test_case(201, &json!({"userName": "a@b.example"}); "no id")]
#[tokio::test]
async fn a_creation_without_an_id_is_open(status: u16, body: &Json) {
    let org = Org::start().await;
    org.answers("POST", status, body).await;
    let error = org
        .scim()
        .create(&serde_json::Map::new())
        .await
        .unwrap_err();
    assert!(error.is_ambiguous(), "{error}");
}

#[tokio::test]
async fn a_user_is_found_by_its_name() {
    let org = Org::start().await;
    Mock::given(method("GET"))
        .and(path(USERS))
        .and(query_param("filter", r#"userName eq "o\"brien@acme.example""#))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "totalResults": 2, "Resources": [user(1), {"id": ID, "userName": "O\"Brien@acme.example"}],
        })))
        .mount(&org.server)
        .await;
    let found = org
        .scim()
        .user_named("o\"brien@acme.example")
        .await
        .unwrap();
    assert_eq!(found.value.map(|user| user.id()), Some(id(ID)));
}

async fn walk(org: &Org) -> Result<Vec<SalesforceId>, Error> {
    let (mut walk, mut all) = (org.scim().users(), Vec::new());
    while let Some(page) = walk.next().await? {
        all.extend(page.value.iter().map(User::id));
    }
    Ok(all)
}

#[tokio::test]
async fn users_are_listed_behind_the_last_id() {
    let org = Org::start().await;
    let page = |from: usize, to: usize, total: usize| {
        let users: Vec<_> = (from..=to).map(user).collect();
        ResponseTemplate::new(200).set_body_json(json!({"totalResults": total, "Resources": users}))
    };
    Mock::given(method("GET"))
        .and(query_param_is_missing("filter"))
        .and(query_param("count", "200"))
        .respond_with(page(1, 200, 430))
        .mount(&org.server)
        .await;
    // A service may send fewer than it is asked for.
    for (after, from, to) in [(200, 201, 220), (220, 221, 420), (420, 421, 430)] {
        let after = id(&format!("0054W{after:010}"));
        Mock::given(method("GET"))
            .and(query_param("filter", format!("id gt \"{after}\"")))
            .respond_with(page(from, to, 430 - from + 1))
            .mount(&org.server)
            .await;
    }
    assert_eq!(walk(&org).await.unwrap().len(), 430);
    assert_eq!(org.bodies().await.len(), 4);
}

#[test_case(&json!({"totalResults": 900, "Resources": [user(1), user(2)]}) => (false, 2); "the same page for ever")]
#[test_case(&json!({"totalResults": 900, "Resources": []}) => (false, 1); "users that are not listed")]
#[test_case(&json!({"totalResults": 900, "Resources": [{"userName": "x"}]}) => (false, 1); "a user without an id")]
#[test_case(&json!({"Resources": [user(1)]}) => (false, 2); "no number")]
#[test_case(&json!({"totalResults": 0}) => (true, 1); "nobody")]
#[test_case(&json!({"totalResults": 1, "Resources": [user(1)]}) => (true, 1); "all at once")]
#[tokio::test]
async fn a_listing_ends(page: &Json) -> (bool, usize) {
    let org = Org::start().await;
    org.answers("GET", 200, page).await;
    (walk(&org).await.is_ok(), org.bodies().await.len())
}

fn rfc(status: u16, detail: &str) -> Json {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail,
        "status": status.to_string()})
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let org = Org::start().await;
    org.answers(
        "GET",
        404,
        &rfc(404, "Resource jane@acme.example not found"),
    )
    .await;
    let error = org.scim().user(id(ID)).await.unwrap_err();
    assert!(error.is_not_found() && !error.is_scim_unavailable());
    let words = error.api().unwrap().words();
    assert_eq!(words.as_deref(), Some("Resource … not found"));
    assert!(!format!("{error:?} {}", error.api().unwrap()).contains("jane"));
}

#[test_case(409, &rfc(409, "DUPLICATE_USERNAME: Duplicate Username.") => Some(ErrorCode::DuplicateUsername); "of the standard")]
#[test_case(400, &json!({"Errors": [{"description": "LICENSE_LIMIT_EXCEEDED, license limit exceeded", "code": 400}]}) => Some(ErrorCode::LicenseLimitExceeded); "of salesforce")]
#[test_case(400, &json!({"Errors": [{"description": "Only HR may.", "code": 400}]}) => None; "without a code")]
#[test_case(400, &json!([{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}]) => Some(ErrorCode::UnableToLockRow); "of rest")]
#[tokio::test]
async fn a_refusal_has_the_code_of_its_text(status: u16, body: &Json) -> Option<ErrorCode> {
    let org = Org::start().await;
    org.answers("PATCH", status, body).await;
    let error = org.scim().patch(id(ID), &Patch::active(true)).await;
    let error = error.unwrap_err();
    assert!(!error.is_ambiguous() && !error.is_scim_unavailable());
    assert_eq!(error.is_refusal_without_code(), error.code().is_none());
    error.code().cloned()
}

#[tokio::test]
async fn a_locked_row_and_a_refused_session_are_tried_again_and_a_failure_is_not() {
    for (status, body, sends) in [
        (
            400,
            rfc(400, "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access"),
            4,
        ),
        (429, rfc(429, "slow down"), 4),
        (500, rfc(500, "UNKNOWN_EXCEPTION"), 1),
        (
            401,
            json!([{"errorCode": "INVALID_SESSION_ID", "message": "x"}]),
            1,
        ),
    ] {
        let org = Org::start().await;
        org.answers("PATCH", status, &body).await;
        let error = org.scim().patch(id(ID), &Patch::active(true)).await;
        let error = error.unwrap_err();
        assert_eq!(error.is_ambiguous(), status == 500);
        // A token that was given cannot be renewed.
        let sent = org.bodies().await.len();
        assert!(sent == sends || status == 401, "{status}: {sent}");
    }
}

#[test_case(404, &json!([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]) => true; "no such service")]
#[test_case(405, &json!([{"errorCode": "METHOD_NOT_ALLOWED", "message": "x"}]) => true; "no such method")]
#[test_case(403, &json!([{"errorCode": "FUNCTIONALITY_NOT_ENABLED", "message": "x"}]) => true; "not for the user")]
#[test_case(404, &json!("<html>") => true; "a page")]
#[test_case(403, &json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]) => false; "no calls left")]
#[test_case(403, &json!("Bad_OAuth_Token") => true; "not json")]
#[test_case(403, &rfc(403, "insufficient rights") => false; "the service itself")]
#[test_case(503, &json!([{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}]) => false; "a bad moment")]
#[tokio::test]
async fn an_org_without_scim_is_recognised(status: u16, body: &Json) -> bool {
    let org = Org::start().await;
    org.answers("GET", status, body).await;
    let error = org.scim().probe().await.unwrap_err();
    if error.is_scim_unavailable() {
        assert!(!error.is_not_found());
        assert!(error.advice().unwrap().remedy.contains("--lifecycle-api"));
    }
    error.is_scim_unavailable()
}

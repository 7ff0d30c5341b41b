//! Every service answers as hosts expect, whether or not the connector offers the thing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use baton_salesforce::host::{Bound, ServeOptions};
use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::account_manager_service_server::AccountManagerService;
use baton_salesforce::pb::connector::action_service_server::ActionService;
use baton_salesforce::pb::connector::connector_service_server::ConnectorService;
use baton_salesforce::pb::connector::create_account_response::Result as Outcome;
use baton_salesforce::pb::connector::credential_manager_service_server::CredentialManagerService;
use baton_salesforce::pb::connector::entitlements_service_server::EntitlementsService;
use baton_salesforce::pb::connector::event_service_server::EventService;
use baton_salesforce::pb::connector::grant_manager_service_server::GrantManagerService;
use baton_salesforce::pb::connector::grants_service_server::GrantsService;
use baton_salesforce::pb::connector::resource_deleter_service_server::ResourceDeleterService;
use baton_salesforce::pb::connector::resource_getter_service_server::ResourceGetterService;
use baton_salesforce::pb::connector::resource_manager_service_server::ResourceManagerService;
use baton_salesforce::pb::connector::resource_types_service_server::ResourceTypesService;
use baton_salesforce::pb::connector::resources_service_server::ResourcesService;
use baton_salesforce::pb::connector::tickets_service_server::TicketsService;
use baton_salesforce::pb::connector::{BatonActionStatus, Capability, credential_options};
use baton_salesforce::pb::ratelimit;
use baton_salesforce::pb::ratelimit::rate_limiter_service_server::RateLimiterService;
use baton_salesforce::service::{Services, Toggles};
use baton_salesforce::wire::annotation::pack;
use prost_types::Any;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

use crate::fake::{Script, registry};

fn services(provisioning: bool, ticketing: bool) -> (Services, Arc<Script>) {
    let script = Arc::new(Script::default());
    (
        Services::new(
            registry(&script),
            Toggles {
                provisioning,
                ticketing,
            },
        ),
        script,
    )
}

fn on() -> Services {
    services(true, false).0
}

fn empty<M: Default>() -> Request<M> {
    Request::new(M::default())
}

/// The code and the text of a refusal.
fn refused<T>(answer: Result<Response<T>, Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), status.message().to_owned())
}

fn names(annotations: &[Any]) -> Vec<&str> {
    annotations
        .iter()
        .map(|any| any.type_url.rsplit('.').next().unwrap())
        .collect()
}

fn id(kind: &str, id: &str) -> pb::ResourceId {
    pb::ResourceId {
        resource_type: kind.into(),
        resource: id.into(),
        baton_resource: false,
    }
}

fn resource(kind: &str, resource: &str) -> pb::Resource {
    pb::Resource {
        id: Some(id(kind, resource)),
        ..Default::default()
    }
}

fn member(kind: &str, slug: &str) -> pb::Entitlement {
    pb::Entitlement {
        resource: Some(resource(kind, "g")),
        id: format!("{kind}:g:{slug}"),
        ..Default::default()
    }
}

fn grant(kind: &str, slug: &str, user: &str) -> Request<pb::GrantManagerServiceGrantRequest> {
    Request::new(pb::GrantManagerServiceGrantRequest {
        entitlement: Some(member(kind, slug)),
        principal: Some(resource("user", user)),
        ..Default::default()
    })
}

fn revoke(kind: &str, user: &str) -> Request<pb::GrantManagerServiceRevokeRequest> {
    Request::new(pb::GrantManagerServiceRevokeRequest {
        grant: Some(pb::Grant {
            entitlement: Some(Box::new(member(kind, "member"))),
            principal: Some(Box::new(resource("user", user))),
            id: "🧸_UNKNOWN_GRANT_ID".into(),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn list(kind: &str, token: &str) -> Request<pb::ResourcesServiceListResourcesRequest> {
    Request::new(pb::ResourcesServiceListResourcesRequest {
        resource_type_id: kind.into(),
        page_token: token.into(),
        ..Default::default()
    })
}

#[tokio::test]
async fn metadata_tells_the_true_capabilities() {
    let answer = on()
        .get_metadata(Request::new(pb::ConnectorServiceGetMetadataRequest {}))
        .await;
    let metadata = answer.unwrap().into_inner().metadata.unwrap();
    assert_eq!(metadata.display_name, "Fake");
    assert!(metadata.account_creation_schema.unwrap().field_map["email"].required);
    let capabilities = metadata.capabilities.unwrap();
    let all = |list: &[Capability]| list.iter().map(|one| i32::from(*one)).collect::<Vec<_>>();
    assert_eq!(
        capabilities.connector_capabilities,
        all(&[
            Capability::Provision,
            Capability::Sync,
            Capability::AccountProvisioning,
            Capability::ResourceDelete,
            Capability::Actions,
            Capability::TargetedSync,
            Capability::ServiceModeTargetedSync
        ])
    );
    let [group, user] = capabilities.resource_type_capabilities.as_slice() else {
        panic!("two")
    };
    assert_eq!(
        group.capabilities,
        all(&[
            Capability::Provision,
            Capability::Sync,
            Capability::TargetedSync
        ])
    );
    assert!(group.opt_in_required && !user.opt_in_required);
    assert_eq!(
        group.permissions.as_ref().unwrap().permissions[0].permission,
        "Manage Users"
    );
    assert_eq!(user.permissions, Some(pb::CapabilityPermissions::default()));
    assert_eq!(
        user.capabilities,
        all(&[
            Capability::Sync,
            Capability::AccountProvisioning,
            Capability::ResourceDelete,
            Capability::TargetedSync
        ])
    );
    let accounts = capabilities
        .credential_details
        .unwrap()
        .capability_account_provisioning;
    assert_eq!(accounts.unwrap().preferred_credential_option, 1);
}

#[tokio::test(start_paused = true)]
async fn validate_waits_for_passing_trouble_five_times() {
    let (services, script) = services(true, false);
    script.failures.store(5, Ordering::Relaxed);
    let began = tokio::time::Instant::now();
    let answer = services
        .validate(Request::new(pb::ConnectorServiceValidateRequest {}))
        .await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.sdk_version, "v0.25.0");
    // The second one has the warnings.
    assert_eq!(
        names(&answer.annotations),
        ["RateLimitDescription", "Struct"]
    );
    assert_eq!(began.elapsed().as_secs(), 15);

    script.failures.store(6, Ordering::Relaxed);
    let answer = services
        .validate(Request::new(pb::ConnectorServiceValidateRequest {}))
        .await;
    assert_eq!(
        refused(answer),
        (Code::Unavailable, "validate failed: busy".into())
    );
}

#[tokio::test]
async fn cleanup_never_fails() {
    let request = pb::ConnectorServiceCleanupRequest {
        active_sync_id: "s".into(),
        ..Default::default()
    };
    assert!(on().cleanup(Request::new(request)).await.is_ok());
}

#[tokio::test]
async fn all_types_come_in_one_page() {
    let request = empty();
    let answer = on()
        .list_resource_types(request)
        .await
        .unwrap()
        .into_inner();
    let ids: Vec<_> = answer.list.iter().map(|kind| kind.id.as_str()).collect();
    assert_eq!(ids, ["group", "user"]);
    assert_eq!(
        names(&answer.list[0].annotations),
        ["TypeScopedGrants", "OptInRequired", "CapabilityPermissions"]
    );
    assert_eq!(answer.next_page_token, "");
}

#[tokio::test]
async fn listing_resources() {
    let answer = on()
        .list_resources(list("user", ""))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (answer.list.len(), answer.next_page_token.as_str()),
        (1, "")
    );
    assert_eq!(names(&answer.annotations), ["RateLimitDescription"]);
    assert_eq!(
        refused(on().list_resources(list("nothing", "")).await),
        (
            Code::NotFound,
            "error: list resources with unknown resource type nothing".into()
        )
    );
    assert_eq!(
        refused(on().list_resources(list("user", "again")).await),
        (
            Code::Internal,
            "listing resources failed: next page token unchanged (token=again, type=user, parent=) \
             - likely a connector bug"
                .into()
        )
    );
}

#[tokio::test]
async fn getting_a_resource() {
    let get = async |kind: &str, one: &str| {
        let resource_id = Some(id(kind, one));
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id,
            ..Default::default()
        };
        on().get_resource(Request::new(request)).await
    };
    assert!(
        get("user", "1")
            .await
            .unwrap()
            .into_inner()
            .resource
            .is_some()
    );
    assert_eq!(refused(get("user", "2").await).0, Code::NotFound);
    assert_eq!(
        refused(get("nothing", "1").await),
        (
            Code::Unimplemented,
            "error: get resource with unknown resource type nothing".into()
        )
    );
}

#[tokio::test]
async fn listing_entitlements() {
    let ask = |kind: &str| {
        Request::new(pb::EntitlementsServiceListEntitlementsRequest {
            resource: Some(resource(kind, "g")),
            ..Default::default()
        })
    };
    let answer = on()
        .list_entitlements(ask("group"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.list[0].id, "group:g:member");
    assert_eq!(
        refused(on().list_entitlements(ask("nothing")).await).0,
        Code::NotFound
    );

    let ask = |kind: &str| {
        Request::new(pb::EntitlementsServiceListStaticEntitlementsRequest {
            resource_type_id: kind.into(),
            ..Default::default()
        })
    };
    for kind in ["user", "group"] {
        let answer = on()
            .list_static_entitlements(ask(kind))
            .await
            .unwrap()
            .into_inner();
        assert!(answer.list.is_empty());
    }
    assert_eq!(
        refused(on().list_static_entitlements(ask("nothing")).await),
        (
            Code::NotFound,
            "error: list static entitlements with unknown resource type nothing".into()
        )
    );
}

#[tokio::test]
async fn grants_come_per_resource_or_per_type() {
    let ask = |kind: &str, one: &str, whole: bool| {
        let marker = whole.then(|| pack(&pb::TypeScopedGrants {}));
        Request::new(pb::GrantsServiceListGrantsRequest {
            resource: Some(resource(kind, one)),
            annotations: marker.into_iter().collect(),
            ..Default::default()
        })
    };
    let rows = async |request| {
        on().list_grants(request)
            .await
            .map(|answer| answer.into_inner().list.len())
    };
    assert_eq!(rows(ask("group", "g", false)).await.unwrap(), 1);
    assert_eq!(rows(ask("group", "group", true)).await.unwrap(), 2);
    assert_eq!(
        rows(ask("group", "g", true)).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        rows(ask("user", "user", true)).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        refused(on().list_grants(ask("user", "1", false)).await),
        (
            Code::PermissionDenied,
            "error: listing grants for resource user/1 failed: not allowed: the org says no".into()
        )
    );
}

#[tokio::test]
async fn a_wrong_request_is_wrong_even_where_writes_are_off() {
    let (off, _) = services(false, false);
    assert_eq!(refused(off.grant(empty()).await).0, Code::InvalidArgument);
    let answers = [
        refused(off.grant(grant("group", "member", "1")).await),
        refused(off.revoke(revoke("group", "1")).await),
        refused(off.create_account(empty()).await),
        refused(off.create_resource(empty()).await),
        refused(off.delete_resource(empty()).await),
        refused(off.delete_resource_v2(empty()).await),
        refused(off.rotate_credential(empty()).await),
    ];
    for answer in answers {
        assert_eq!(
            answer,
            (
                Code::FailedPrecondition,
                "provisioning is not enabled".into()
            )
        );
    }
}

#[tokio::test]
async fn granting_and_revoking() {
    let answer = on()
        .grant(grant("group", "member", "1"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.grants[0].id, "group:g:member:user:1");
    assert!(answer.annotations.is_empty());
    let answer = on()
        .grant(grant("group", "member", "already"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(names(&answer.annotations), ["GrantAlreadyExists"]);
    let answer = on()
        .grant(grant("group", "only", "1"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(names(&answer.annotations), ["GrantReplaced"]);
    let answer = on()
        .revoke(revoke("group", "already"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(names(&answer.annotations), ["GrantAlreadyRevoked"]);
    assert_eq!(
        refused(on().grant(grant("user", "member", "1")).await),
        (
            Code::Unimplemented,
            "resource type user does not have provisioner configured".into()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_repeated_three_times_and_not_for_long() {
    let (services, script) = services(true, false);
    script.failures.store(9, Ordering::Relaxed);
    let began = tokio::time::Instant::now();
    let answer = refused(services.grant(grant("group", "member", "1")).await);
    assert_eq!(answer, (Code::Unavailable, "grant failed: busy".into()));
    assert_eq!(script.attempts.load(Ordering::Relaxed), 4);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn creating_and_deleting_resources() {
    let request = pb::CreateResourceRequest {
        resource: Some(resource("user", "1")),
    };
    assert_eq!(
        refused(on().create_resource(Request::new(request)).await),
        (
            Code::Unimplemented,
            "resource type user does not have resource Create() configured".into()
        )
    );
    let delete = async |kind: &str, one: &str| {
        let resource_id = Some(id(kind, one));
        let request = pb::DeleteResourceV2Request {
            resource_id,
            parent_resource_id: None,
        };
        on().delete_resource_v2(Request::new(request)).await
    };
    assert!(
        delete("user", "1")
            .await
            .unwrap()
            .into_inner()
            .annotations
            .is_empty()
    );
    let answer = delete("user", "gone").await.unwrap().into_inner();
    assert_eq!(names(&answer.annotations), ["ResourceDoesNotExist"]);
    assert_eq!(
        refused(delete("group", "g").await),
        (
            Code::Unimplemented,
            "resource type group does not have resource Delete() configured".into()
        )
    );
}

#[tokio::test]
async fn creating_accounts() {
    let create = async |login: &str, options: Option<pb::CredentialOptions>, kind: &str| {
        let account_info = Some(pb::AccountInfo {
            login: login.into(),
            ..Default::default()
        });
        let request = pb::CreateAccountRequest {
            account_info,
            credential_options: options,
            resource_type_id: kind.into(),
            ..Default::default()
        };
        on().create_account(Request::new(request)).await
    };
    let outcome = async |login: &str| {
        create(login, None, "")
            .await
            .unwrap()
            .into_inner()
            .result
            .unwrap()
    };
    assert!(matches!(outcome("a").await, Outcome::Success(made) if made.is_create_account_result));
    assert!(matches!(outcome("twin").await, Outcome::AlreadyExists(_)));
    assert!(
        matches!(outcome("half").await, Outcome::ActionRequired(made) if made.message == "send the mail")
    );

    let answer = on().create_account(empty()).await;
    assert_eq!(
        refused(answer),
        (Code::InvalidArgument, "account_info is required".into())
    );
    let none_chosen = Some(pb::CredentialOptions::default());
    assert_eq!(
        refused(create("a", none_chosen, "").await),
        (Code::InvalidArgument, "invalid credential options".into())
    );
    let random = credential_options::RandomPassword {
        length: 12,
        constraints: Vec::new(),
    };
    let random = Some(pb::CredentialOptions {
        options: Some(credential_options::Options::RandomPassword(random)),
        ..Default::default()
    });
    // The SDK's command line always asks for one; it gets an account without.
    let made = create("a", random, "").await.unwrap().into_inner();
    assert!(made.result.is_some() && made.encrypted_data.is_empty());
    let encrypted = credential_options::EncryptedPassword {
        encrypted_passwords: vec![pb::EncryptedData::default()],
    };
    let encrypted = Some(pb::CredentialOptions {
        options: Some(credential_options::Options::EncryptedPassword(encrypted)),
        ..Default::default()
    });
    let (code, text) = refused(create("a", encrypted, "").await);
    assert_eq!(code, Code::Unimplemented);
    assert!(
        text.contains("encrypted_password") && text.contains("use no_password"),
        "{text}"
    );
    assert_eq!(
        refused(create("a", None, "group").await),
        (
            Code::Unimplemented,
            "connector does not have account manager configured for resource type: group".into()
        )
    );
    assert_eq!(
        refused(on().rotate_credential(empty()).await),
        (
            Code::Unimplemented,
            "resource type does not have credential manager configured".into()
        )
    );
}

#[tokio::test]
async fn there_are_no_events_tickets_or_assets() {
    let feeds = on().list_event_feeds(empty()).await.unwrap().into_inner();
    assert!(feeds.list.is_empty());
    assert_eq!(
        refused(on().list_events(empty()).await),
        (
            Code::NotFound,
            "error: event feed id baton_feed_event not found".into()
        )
    );
    assert_eq!(
        refused(on().get_ticket(empty()).await),
        (Code::Unknown, "ticketing is not enabled".into())
    );
    let (ticketing, _) = services(false, true);
    assert_eq!(
        refused(ticketing.bulk_get_tickets(empty()).await),
        (Code::Unimplemented, "ticket manager not implemented".into())
    );
}

#[tokio::test]
async fn the_rate_limiter_lets_everything_pass() {
    let request = ratelimit::DoRequest {
        request_token: "t".into(),
        ..Default::default()
    };
    let answer = on().r#do(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(
        (
            answer.request_token.as_str(),
            answer.description.unwrap().status
        ),
        ("t", 4)
    );
    assert!(on().report(empty()).await.is_ok());
}

fn invoke(name: &str) -> Request<pb::InvokeActionRequest> {
    Request::new(pb::InvokeActionRequest {
        name: name.into(),
        ..Default::default()
    })
}

fn error_of(response: Option<prost_types::Struct>) -> String {
    match response
        .and_then(|mut fields| fields.fields.remove("error"))
        .and_then(|value| value.kind)
    {
        Some(prost_types::value::Kind::StringValue(text)) => text,
        other => panic!("no error but {other:?}"),
    }
}

#[tokio::test]
async fn actions_have_schemas() {
    let (off, _) = services(false, false);
    let schemas = off
        .list_action_schemas(empty())
        .await
        .unwrap()
        .into_inner()
        .schemas;
    assert_eq!(schemas.len(), 4);
    assert!(schemas[0].arguments[0].is_required);
    let request = pb::ListActionSchemasRequest {
        resource_type_id: "user".into(),
        ..Default::default()
    };
    let schemas = off
        .list_action_schemas(Request::new(request))
        .await
        .unwrap()
        .into_inner()
        .schemas;
    assert!(schemas.is_empty());
    let request = pb::GetActionSchemaRequest {
        name: "x".into(),
        ..Default::default()
    };
    assert_eq!(
        refused(off.get_action_schema(Request::new(request)).await).1,
        "error: action schema x not found: rpc error: code = NotFound desc = action x not found"
    );
}

#[tokio::test]
async fn an_action_ends_in_its_answer() {
    let (off, _) = services(false, false);
    let answer = off
        .invoke_action(invoke("succeed"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.status(), BatonActionStatus::Complete);
    assert_eq!(answer.id.len(), 27);
    let answer = off
        .invoke_action(invoke("fail"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.status(), BatonActionStatus::Failed);
    assert_eq!(error_of(answer.response), "no: because");
    let answer = off
        .invoke_action(invoke("panic"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        error_of(answer.response),
        "panic in action handler: a defect"
    );
    assert_eq!(
        refused(off.invoke_action(invoke("x")).await),
        (
            Code::NotFound,
            "error: invoking action failed: rpc error: code = NotFound desc = handler for action x \
             not found"
                .into()
        )
    );
}

async fn status_of(services: &Services, id: &str) -> pb::GetActionStatusResponse {
    let request = pb::GetActionStatusRequest {
        id: id.into(),
        ..Default::default()
    };
    services
        .get_action_status(Request::new(request))
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test(start_paused = true)]
async fn a_long_action_goes_on_without_its_caller_and_stops_at_the_end() {
    let services = on();
    let answer = services
        .invoke_action(invoke("linger"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.status(), BatonActionStatus::Running);
    assert_eq!(answer.response, None);
    let status = status_of(&services, &answer.id).await;
    assert!(status.response.unwrap().fields.contains_key("done"));
    services.stop().await;
    let status = status_of(&services, &answer.id).await;
    assert_eq!(status.status(), BatonActionStatus::Failed);
    assert_eq!(error_of(status.response), "told to stop");
}

#[tokio::test(start_paused = true)]
async fn an_action_gets_an_hour() {
    let services = on();
    let answer = services
        .invoke_action(invoke("linger"))
        .await
        .unwrap()
        .into_inner();
    tokio::time::sleep(Duration::from_secs(3_610)).await;
    assert_eq!(
        status_of(&services, &answer.id).await.status(),
        BatonActionStatus::Failed
    );
}

#[tokio::test]
async fn a_panic_ends_the_call_and_not_the_server() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let bound = Bound::new(&ServeOptions { listen, tls: None })
        .await
        .unwrap();
    let address = bound.address().unwrap();
    let end = CancellationToken::new();
    let (services, stop) = (on(), end.clone());
    let server = tokio::spawn(async move { bound.run(&services, stop).await });

    let url = format!("http://{address}");
    let mut client =
        pb::resource_getter_service_client::ResourceGetterServiceClient::connect(url.clone())
            .await
            .unwrap();
    let ask = |one: &str| pb::ResourceGetterServiceGetResourceRequest {
        resource_id: Some(id("user", one)),
        ..Default::default()
    };
    assert_eq!(
        refused(client.get_resource(ask("panic")).await),
        (Code::Internal, "Internal Server Error".into())
    );
    assert!(client.get_resource(ask("1")).await.is_ok());
    let mut absent = pb::schema_service_client::SchemaServiceClient::connect(url)
        .await
        .unwrap();
    let answer = absent
        .get_schema(pb::SchemaServiceGetSchemaRequest::default())
        .await;
    assert_eq!(refused(answer).0, Code::Unimplemented);

    end.cancel();
    server.await.unwrap().unwrap();
}

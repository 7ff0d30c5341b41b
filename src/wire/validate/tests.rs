//! What is refused, and in which words.

use prost::{Message, Name};

use super::check;
use crate::pb::connector as pb;
use crate::pb::connector::credential_options::{Options, RandomPassword};

fn refusal<M: Message + Name>(message: &M) -> String {
    check(message)
        .err()
        .map(|error| error.chain())
        .unwrap_or_default()
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

#[test]
fn a_page_has_at_most_250_rows() {
    let request = pb::ResourcesServiceListResourcesRequest {
        resource_type_id: "user".into(),
        page_size: 251,
        ..Default::default()
    };
    assert_eq!(
        refusal(&request),
        "invalid ResourcesServiceListResourcesRequest.PageSize: \
         value must be less than or equal to 250"
    );
    assert_eq!(
        refusal(&pb::ResourcesServiceListResourcesRequest {
            page_size: 250,
            ..request
        }),
        ""
    );
}

#[test]
fn a_grant_listing_needs_a_resource() {
    assert_eq!(
        refusal(&pb::GrantsServiceListGrantsRequest::default()),
        "invalid GrantsServiceListGrantsRequest.Resource: value is required"
    );
}

#[test]
fn ids_have_1_to_1024_bytes() {
    assert_eq!(
        refusal(&pb::ResourcesServiceListResourcesRequest::default()),
        "invalid ResourcesServiceListResourcesRequest.ResourceTypeId: \
         value length must be between 1 and 1024 bytes, inclusive"
    );
}

#[test]
fn a_breach_deep_inside_names_the_whole_way() {
    let request = pb::GrantManagerServiceGrantRequest {
        entitlement: Some(pb::Entitlement {
            resource: Some(resource("group", "")),
            id: "x".into(),
            ..Default::default()
        }),
        principal: Some(resource("user", "1")),
        ..Default::default()
    };
    assert_eq!(
        refusal(&request),
        "invalid GrantManagerServiceGrantRequest.Entitlement: embedded message failed validation \
         | caused by: invalid Entitlement.Resource: embedded message failed validation \
         | caused by: invalid Resource.Id: embedded message failed validation \
         | caused by: invalid ResourceId.Resource: \
         value length must be between 1 and 1024 bytes, inclusive"
    );
}

#[test]
fn the_chosen_credential_option_is_checked() {
    let request = pb::CreateAccountRequest {
        credential_options: Some(pb::CredentialOptions {
            options: Some(Options::RandomPassword(RandomPassword::default())),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(
        refusal(&request),
        "invalid CreateAccountRequest.CredentialOptions: embedded message failed validation \
         | caused by: invalid CredentialOptions.RandomPassword: embedded message failed validation \
         | caused by: invalid CredentialOptions_RandomPassword.Length: \
         value must be inside range [8, 64]"
    );
}

#[test]
fn items_are_counted() {
    let request = pb::CreateAccountRequest {
        account_info: Some(pb::AccountInfo {
            emails: vec![
                pb::account_info::Email {
                    address: "ada@example.com".into(),
                    is_primary: true,
                },
                pb::account_info::Email {
                    address: "ada".into(),
                    is_primary: false,
                },
            ],
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(
        refusal(&request),
        "invalid CreateAccountRequest.AccountInfo: embedded message failed validation \
         | caused by: invalid AccountInfo.Emails[1]: embedded message failed validation \
         | caused by: invalid AccountInfo_Email.Address: value must be a valid email address \
         | caused by: mail: missing '@' or angle-addr"
    );
}

#[test]
fn enums_durations_and_patterns_are_checked() {
    let entitlement = pb::Entitlement {
        resource: Some(resource("group", "1")),
        id: "group:1:member".into(),
        purpose: 99,
        ..Default::default()
    };
    assert_eq!(
        refusal(&entitlement),
        "invalid Entitlement.Purpose: value must be one of the defined enum values"
    );
    let kind = pb::ResourceType {
        id: "user".into(),
        traits: vec![1, 99],
        ..Default::default()
    };
    assert_eq!(
        refusal(&kind),
        "invalid ResourceType.Traits[1]: value must be one of the defined enum values"
    );
    let kind = pb::ResourceType {
        id: "user".into(),
        traits: vec![1, 1],
        ..Default::default()
    };
    assert_eq!(
        refusal(&kind),
        "invalid ResourceType.Traits: repeated value must contain unique items"
    );
    let wait = pb::InvokeActionRequest {
        inline_wait: Some(prost_types::Duration {
            seconds: -1,
            nanos: 0,
        }),
        ..Default::default()
    };
    assert_eq!(
        refusal(&wait),
        "invalid InvokeActionRequest.InlineWait: value must be inside range [0s, 24h0m0s]"
    );
    let issue = pb::IssueCredentialRequest {
        request_id: "a b".into(),
        ..Default::default()
    };
    assert_eq!(
        refusal(&issue),
        "invalid IssueCredentialRequest.RequestId: \
         value does not match regex pattern \"^[A-Za-z0-9_-]+$\""
    );
}

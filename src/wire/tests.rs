//! Rows as they go out, and the weights of the domain against what they become.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use prost::Message as _;

use super::{annotation, entitlement, grant, page, resource};
use crate::baton::{
    AccountType, AppKind, Call, Connector, Email, EncodedSize, Entitlement, EntitlementId,
    EntitlementMark, Error, Expansion, Grant, GrantMark, GrantScope, LicenseDetails, Object, Page,
    PageRequest, PageToken, Purpose, Quota, Registry, Resource, ResourceId, ResourceRef,
    ResourceSyncer, ResourceType, Result, Status, StatusKind, Trait, TypeMark, UserDetails,
    Validation, Value, Variant,
};
use crate::pb::connector as pb;

const USER: ResourceType = ResourceType {
    id: "user",
    display_name: "User",
    description: "Somebody who can sign in, of any user type that the options include",
    traits: &[Trait::User],
    marks: &[TypeMark::SkipEntitlementsAndGrants, TypeMark::OptInRequired],
    permissions: &["View Setup and Configuration", "API Enabled"],
};

struct Users;

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> &ResourceType {
        &USER
    }
    async fn list(&self, _: &PageRequest) -> Result<Page<Resource>> {
        Err(Error::internal("not asked"))
    }
    async fn get(&self, _: &ResourceId, _: &Call) -> Result<Page<Resource>> {
        Err(Error::internal("not asked"))
    }
    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        Err(Error::internal("not asked"))
    }
    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Err(Error::internal("not asked"))
    }
}

struct Nobody;

#[async_trait]
impl Connector for Nobody {
    fn display_name(&self) -> &'static str {
        "Nobody"
    }
    fn description(&self) -> &'static str {
        ""
    }
    async fn validate(&self) -> Result<Validation> {
        Ok(Validation::default())
    }
}

fn registry() -> Registry {
    Registry::new(Arc::new(Nobody)).with_syncer(Arc::new(Users))
}

fn user() -> Resource {
    Resource {
        id: ResourceId::new("user", "005Hp0000000004IAA").unwrap(),
        display_name: "Ada Läst".into(),
        description: None,
        variant: Variant::User(Box::new(UserDetails {
            emails: vec![Email {
                address: "ada@example.com".into(),
                is_primary: true,
            }],
            login: "ada@example.com.org".into(),
            account_type: AccountType::Human,
            last_login: None,
            employee_ids: Vec::new(),
            given_name: None,
            family_name: None,
        })),
        profile: Some(Object::from([("full_name".to_owned(), "Ada Läst".into())])),
        status: Some(Status {
            kind: StatusKind::Disabled,
            details: Some("frozen".into()),
        }),
        created_at: None,
    }
}

#[test]
#[expect(deprecated, reason = "that is the point")]
fn profile_and_status_go_out_twice() {
    let row = resource::resource(user());
    let annotation = &row.annotations[0];
    assert_eq!(
        annotation.type_url,
        "type.googleapis.com/c1.connector.v2.UserTrait"
    );
    let user = pb::UserTrait::decode(annotation.value.as_slice()).unwrap();
    assert_eq!(user.profile, row.profile);
    assert_eq!(user.status.unwrap().details, "frozen");
    let status = row.status.unwrap();
    assert_eq!((status.status, status.details.as_str()), (2, "frozen"));
}

#[test]
#[expect(deprecated, reason = "that is the point")]
fn a_user_always_has_a_profile_on_its_trait() {
    let row = resource::resource(Resource {
        profile: None,
        status: None,
        ..user()
    });
    let user = pb::UserTrait::decode(row.annotations[0].value.as_slice()).unwrap();
    assert!(user.profile.is_some());
    assert_eq!((user.status, row.profile), (None, None));
}

#[test]
fn long_texts_are_cut() {
    let row = resource::resource(Resource {
        display_name: "ä".repeat(600),
        description: Some("ä".repeat(1100)),
        ..user()
    });
    assert_eq!(
        (row.display_name.len(), row.description.len()),
        (1024, 2048)
    );
}

#[test]
fn an_application_is_a_registered_identity() {
    let kind = AppKind {
        nhi_detail: "salesforce.connected_application",
    };
    let row = resource::resource(Resource {
        variant: Variant::App(kind),
        ..user()
    });
    let urls: Vec<_> = row
        .annotations
        .iter()
        .map(|any| any.type_url.as_str())
        .collect();
    assert_eq!(
        urls,
        [
            "type.googleapis.com/c1.connector.v2.AppTrait",
            "type.googleapis.com/c1.connector.v2.NonHumanIdentityTrait"
        ]
    );
    let identity = pb::NonHumanIdentityTrait::decode(row.annotations[1].value.as_slice()).unwrap();
    assert_eq!(
        (identity.nhi_type, identity.nhi_detail.as_str()),
        (1, kind.nhi_detail)
    );
}

#[test]
fn a_grant_says_only_ids() {
    let on = ResourceId::new("group", "00G1").unwrap();
    let who = ResourceId::new("user", "0051").unwrap();
    let row = grant::grant(Grant::new(
        EntitlementId::new(on.clone(), "member"),
        who.clone(),
    ));
    assert_eq!(
        row,
        pb::Grant {
            id: "group:00G1:member:user:0051".into(),
            entitlement: Some(Box::new(pb::Entitlement {
                id: "group:00G1:member".into(),
                resource: Some(resource::stub(on)),
                ..Default::default()
            })),
            principal: Some(Box::new(resource::stub(who))),
            ..Default::default()
        }
    );
}

#[test]
fn an_entitlement_shows_types_in_full_and_drops_unknown_ones() {
    let row = entitlement::entitlement(
        Entitlement {
            id: EntitlementId::new(ResourceId::new("group", "00G1").unwrap(), "member"),
            display_name: "Sales Group Member".into(),
            description: None,
            purpose: Purpose::Assignment,
            grantable_to: vec!["user", "nothing"],
            marks: Vec::new(),
        },
        &registry(),
    );
    assert_eq!(row.grantable_to, [resource::resource_type(&USER)]);
    assert_eq!(row.purpose, 1);
}

#[test]
fn an_entitlement_in_a_request_must_agree_with_its_resource() {
    let on = ResourceId::new("territory", "0MI1").unwrap();
    let named = |id: &str| pb::Entitlement {
        id: id.into(),
        ..entitlement::stub(EntitlementId::new(on.clone(), "x"))
    };
    let read = |id: &str| entitlement::read_id(Some(named(id)), "entitlement");
    assert_eq!(
        read("territory:0MI1:role:Owner").unwrap().slug,
        "role:Owner"
    );
    assert!(read("territory:0MI2:role:Owner").is_err());
    assert!(read("territory:0MI1:").is_err());
}

#[test]
fn siblings_and_quota_are_annotations() {
    let page = Page::<()> {
        items: Vec::new(),
        next: PageToken::new("next").unwrap(),
        siblings: PageToken::new("side").unwrap().into_iter().collect(),
        quota: Some(Quota {
            used: 100,
            limit: 100,
        }),
    };
    let answer = page::answer(page, |()| ()).unwrap();
    assert_eq!(answer.next_page_token, "next");
    let tokens = pb::EnqueuePageTokens::decode(answer.annotations[0].value.as_slice()).unwrap();
    assert_eq!(
        (tokens.page_tokens, tokens.estimated_total),
        (vec!["side".to_owned()], 0)
    );
    let limits = pb::RateLimitDescription::decode(answer.annotations[1].value.as_slice()).unwrap();
    assert_eq!((limits.status, limits.limit, limits.remaining), (2, 100, 0));
    assert!(annotation::quotas(None).is_empty());
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn id() -> impl Strategy<Value = ResourceId> {
    ("[a-z_]{1,20}", "[a-zA-Z0-9]{1,300}").prop_map(|(kind, id)| ResourceId::new(kind, id).unwrap())
}

fn entitlement_id() -> impl Strategy<Value = EntitlementId> {
    (id(), "[a-z:]{1,300}").prop_map(|(on, slug)| EntitlementId::new(on, slug))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(Value::Number),
        text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map(text(), inner, 0..4).prop_map(Value::Object),
        ]
    })
}

fn object() -> impl Strategy<Value = Object> {
    btree_map(text(), value(), 0..5)
}

fn variant() -> impl Strategy<Value = Variant> {
    let user = (
        vec(text(), 0..4),
        text(),
        vec(text(), 0..4),
        option::of(text()),
        option::of(text()),
    )
        .prop_map(|(emails, login, employee_ids, given_name, family_name)| {
            let emails = emails.into_iter().map(|address| Email {
                address,
                is_primary: true,
            });
            Variant::User(Box::new(UserDetails {
                emails: emails.collect(),
                login,
                account_type: AccountType::Service,
                last_login: Some(jiff::Timestamp::MAX),
                employee_ids,
                given_name,
                family_name,
            }))
        });
    let license = (
        text(),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        vec((id(), text()), 0..3),
    )
        .prop_map(|(name, purchased, consumed, entitlements)| {
            let entitlements = entitlements
                .into_iter()
                .map(|(on, slug)| EntitlementId::new(on, slug));
            Variant::License(Box::new(LicenseDetails {
                name,
                purchased,
                consumed,
                entitlements: entitlements.collect(),
            }))
        });
    prop_oneof![
        license,
        Just(Variant::Plain),
        Just(Variant::Group),
        Just(Variant::Role),
        Just(Variant::App(AppKind {
            nhi_detail: "salesforce.connected_application"
        })),
        option::of(id()).prop_map(|identity| Variant::Agent { identity }),
        user,
    ]
}

fn any_resource() -> impl Strategy<Value = Resource> {
    (
        id(),
        text(),
        option::of(text()),
        variant(),
        option::of(object()),
        option::of(option::of(text())),
    )
        .prop_map(
            |(id, display_name, description, variant, profile, status)| Resource {
                id,
                display_name,
                description,
                variant,
                profile,
                status: status.map(|details| Status {
                    kind: StatusKind::Enabled,
                    details,
                }),
                created_at: Some(jiff::Timestamp::MAX),
            },
        )
}

fn any_entitlement() -> impl Strategy<Value = Entitlement> {
    (
        entitlement_id(),
        text(),
        option::of(text()),
        option::of(object()),
    )
        .prop_map(|(id, display_name, description, mark)| Entitlement {
            id,
            display_name,
            description,
            purpose: Purpose::Permission,
            grantable_to: vec!["user"],
            marks: mark.map(EntitlementMark::Immutable).into_iter().collect(),
        })
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let expansion = vec(entitlement_id(), 1..4).prop_map(|entitlements| {
        let resource_types = vec!["user", "group"];
        GrantMark::Expandable(Expansion {
            entitlements,
            shallow: true,
            resource_types,
        })
    });
    let mark = prop_oneof![
        expansion,
        object().prop_map(GrantMark::Immutable),
        object().prop_map(GrantMark::Metadata),
    ];
    (entitlement_id(), id(), vec(mark, 0..3)).prop_map(|(entitlement, principal, marks)| Grant {
        entitlement,
        principal,
        marks,
    })
}

/// A row in a list costs its length and a tag too.
fn row(encoded: usize) -> usize {
    encoded + 1 + prost::length_delimiter_len(encoded)
}

proptest! {
    #[test]
    fn a_resource_weighs_at_least_what_it_becomes(resource in any_resource()) {
        prop_assert!(resource.encoded_size() >= row(resource::resource(resource).encoded_len()));
    }

    #[test]
    fn an_entitlement_weighs_at_least_what_it_becomes(entitlement in any_entitlement()) {
        let bound = entitlement.encoded_size();
        let message = entitlement::entitlement(entitlement, &registry());
        prop_assert!(bound >= row(message.encoded_len()));
    }

    #[test]
    fn a_grant_weighs_at_least_what_it_becomes(grant in any_grant()) {
        prop_assert!(grant.encoded_size() >= row(grant::grant(grant).encoded_len()));
    }
}

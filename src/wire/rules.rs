//! The contract's rules for everything that a request can carry.
//!
//! The same rules stand as comments in `proto/`; `tests/it/contract.rs` compares this table with
//! the contract, so a rule can neither be missing nor be invented.

use super::rule::Rule::{self, *};

const ID: &[Rule] = &[Bytes(1, 1024)];
const OPTIONAL_ID: &[Rule] = &[EmptyOrBytes(1, 1024)];
const NAME: &[Rule] = &[EmptyOrBytes(1, 1024)];
const DESCRIPTION: &[Rule] = &[EmptyOrBytes(1, 2048)];
const PAGE_SIZE: &[Rule] = &[AtMost(250)];
const TOKEN: &[Rule] = &[EmptyOrBytes(1, 1_048_576)];
const REQUIRED: &[Rule] = &[Required];

/// The rules for `field` of the message with the full name `message`; most fields have none.
#[must_use]
#[expect(
    clippy::match_same_arms,
    reason = "in the order of the contract, not by value"
)]
pub fn of(message: &str, field: &str) -> &'static [Rule] {
    let Some(message) = message.strip_prefix("c1.") else {
        return &[];
    };
    match (message, field) {
        ("connector.v2.ResourceId", "resource_type" | "resource") => ID,
        ("connector.v2.Resource", "display_name") => NAME,
        ("connector.v2.Resource", "description") => DESCRIPTION,
        ("connector.v2.Status", "status") => &[Defined],
        ("connector.v2.Status", "details") => NAME,
        ("connector.v2.AssetRef", "id") => ID,
        ("connector.v2.ResourceType", "id") => ID,
        ("connector.v2.ResourceType", "display_name") => NAME,
        ("connector.v2.ResourceType", "description") => &[EmptyOrBytes(1, 4096)],
        ("connector.v2.ResourceType", "traits") => &[Unique, EachDefined],
        ("connector.v2.Entitlement", "resource") => REQUIRED,
        ("connector.v2.Entitlement", "id") => ID,
        ("connector.v2.Entitlement", "display_name") => NAME,
        ("connector.v2.Entitlement", "description") => DESCRIPTION,
        ("connector.v2.Entitlement", "purpose") => &[Defined],
        ("connector.v2.Grant", "entitlement" | "principal") => REQUIRED,
        ("connector.v2.Grant", "id") => ID,

        ("connector.v2.AccountInfo.Email", "address") => &[Email],
        ("connector.v2.CredentialOptions.RandomPassword", "length") => &[Within(8, 64)],
        ("connector.v2.CredentialOptions.EncryptedPassword", "encrypted_passwords") => &[Items(1)],
        ("connector.v2.EncryptionConfig.AgeRecipientConfig", "recipient") => &[Bytes(1, 4096)],
        ("connector.v2.KeyGenerationProfile", "kty") => &[Bytes(1, 32)],
        ("connector.v2.KeyGenerationProfile", "crv") => &[AtMostBytes(64)],
        ("ratelimit.v1.RateLimitDescriptors", "entries") => &[Items(1)],
        ("ratelimit.v1.RateLimitDescriptors.Entry", "key" | "value") => &[Characters(1)],

        (request, field) => of_request(request, field),
    }
}

fn of_request(request: &str, field: &str) -> &'static [Rule] {
    match (request, field) {
        ("connector.v2.AssetServiceGetAssetRequest", "asset") => REQUIRED,
        ("connector.v2.CreateAccountRequest", "resource_type_id") => OPTIONAL_ID,
        ("connector.v2.GrantManagerServiceGrantRequest", "entitlement" | "principal") => REQUIRED,
        ("connector.v2.GrantManagerServiceRevokeRequest", "grant") => REQUIRED,
        ("connector.v2.GrantsServiceListGrantsRequest", "resource") => REQUIRED,
        ("connector.v2.InvokeActionRequest", "inline_wait") => &[WithinADay],
        ("connector.v2.IssueCredentialRequest", "request_id") => &[Bytes(1, 128), Slug],
        ("connector.v2.ListEventsRequest", "cursor") => &[EmptyOrBytes(1, 4096)],
        ("connector.v2.ListEventsRequest", "page_size") => &[AtMost(1000)],
        ("connector.v2.ListEventsRequest", "event_feed_id") => OPTIONAL_ID,
        ("connector.v2.TicketsServiceListTicketSchemasRequest", "page_token") => {
            &[EmptyOrBytes(1, 4096)]
        }
        (
            "connector.v2.ResourcesServiceListResourcesRequest"
            | "connector.v2.EntitlementsServiceListStaticEntitlementsRequest",
            "resource_type_id",
        ) => ID,
        (
            "connector.v2.ResourceTypesServiceListResourceTypesRequest"
            | "connector.v2.ResourcesServiceListResourcesRequest"
            | "connector.v2.EntitlementsServiceListEntitlementsRequest"
            | "connector.v2.EntitlementsServiceListStaticEntitlementsRequest"
            | "connector.v2.GrantsServiceListGrantsRequest"
            | "connector.v2.TicketsServiceListTicketSchemasRequest"
            | "connector.v2.ResourceGetterServiceGetResourceRequest"
            | "connector.v2.ConnectorServiceCleanupRequest",
            _,
        ) => of_listing(field),
        _ => &[],
    }
}

fn of_listing(field: &str) -> &'static [Rule] {
    match field {
        "page_size" => PAGE_SIZE,
        "page_token" => TOKEN,
        "active_sync_id" => OPTIONAL_ID,
        _ => &[],
    }
}

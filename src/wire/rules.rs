//! The contract's rules for everything that a request can carry.
//!
//! `tests/it/contract.rs` compares this table with the contract, so no rule is missing or invented.

use super::rule::Rule;

const REQUIRED: &[Rule] = &[Rule::Required];
const ID: &[Rule] = &[Rule::Bytes(1, 1024)];
const NAME: &[Rule] = &[Rule::EmptyOrBytes(1, 1024)];
const DESCRIPTION: &[Rule] = &[Rule::EmptyOrBytes(1, 2048)];
const LONG_DESCRIPTION: &[Rule] = &[Rule::EmptyOrBytes(1, 4096)];
const DEFINED: &[Rule] = &[Rule::Defined];

/// The rules for `field` of the message with the full name `message`; most fields have none.
#[must_use]
pub fn of(message: &str, field: &str) -> &'static [Rule] {
    if let Some(message) = message.strip_prefix("c1.connector.v2.") {
        return if message.ends_with("Request") {
            of_request(message, field)
        } else {
            of_subject(message, field)
        };
    }
    match (message, field) {
        ("c1.ratelimit.v1.RateLimitDescriptors", "entries") => &[Rule::Items(1)],
        ("c1.ratelimit.v1.RateLimitDescriptors.Entry", "key" | "value") => &[Rule::Characters(1)],
        _ => &[],
    }
}

/// Messages inside requests.
fn of_subject(message: &str, field: &str) -> &'static [Rule] {
    match (message, field) {
        ("ResourceId", "resource_type" | "resource")
        | ("AssetRef" | "ResourceType" | "Entitlement" | "Grant", "id") => ID,
        ("Resource" | "ResourceType" | "Entitlement", "display_name") | ("Status", "details") => {
            NAME
        }
        ("Resource" | "Entitlement", "description") => DESCRIPTION,
        ("ResourceType", "description") => LONG_DESCRIPTION,
        ("ResourceType", "traits") => &[Rule::Unique, Rule::EachDefined],
        ("Status", "status") | ("Entitlement", "purpose") => DEFINED,
        ("Entitlement", "resource") | ("Grant", "entitlement" | "principal") => REQUIRED,
        ("AccountInfo.Email", "address") => &[Rule::Email],
        ("CredentialOptions.RandomPassword", "length") => &[Rule::Within(8, 64)],
        ("CredentialOptions.EncryptedPassword", "encrypted_passwords") => &[Rule::Items(1)],
        ("EncryptionConfig.AgeRecipientConfig", "recipient") => &[Rule::Bytes(1, 4096)],
        ("KeyGenerationProfile", "kty") => &[Rule::Bytes(1, 32)],
        ("KeyGenerationProfile", "crv") => &[Rule::AtMostBytes(64)],
        _ => &[],
    }
}

/// Requests. Fields with the same name have the same rule, with a few exceptions.
fn of_request(message: &str, field: &str) -> &'static [Rule] {
    match (message, field) {
        ("AssetServiceGetAssetRequest", "asset")
        | ("GrantManagerServiceGrantRequest", "entitlement" | "principal")
        | ("GrantManagerServiceRevokeRequest", "grant")
        | ("GrantsServiceListGrantsRequest", "resource") => REQUIRED,
        (
            "ResourcesServiceListResourcesRequest"
            | "EntitlementsServiceListStaticEntitlementsRequest",
            "resource_type_id",
        ) => ID,
        ("CreateAccountRequest", "resource_type_id")
        | ("ListEventsRequest", "event_feed_id")
        | (_, "active_sync_id") => NAME,
        ("ListEventsRequest", "cursor")
        | ("TicketsServiceListTicketSchemasRequest", "page_token") => {
            &[Rule::EmptyOrBytes(1, 4096)]
        }
        ("ListEventsRequest", "page_size") => &[Rule::AtMost(1000)],
        ("InvokeActionRequest", "inline_wait") => &[Rule::WithinADay],
        ("IssueCredentialRequest", "request_id") => &[Rule::Bytes(1, 128), Rule::Slug],
        (_, "page_size") => &[Rule::AtMost(250)],
        (_, "page_token") => &[Rule::EmptyOrBytes(1, 1_048_576)],
        _ => &[],
    }
}

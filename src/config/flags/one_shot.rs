//! Flags that run one operation instead of a sync.

use crate::config::flag::{Flag, Kind, Topic, flags};

flags! {
    GRANT_ENTITLEMENT = Flag::text("grant-entitlement", "Entitlement to grant").hidden();
    GRANT_PRINCIPAL = Flag::text("grant-principal", "Principal that gets the grant").hidden();
    GRANT_PRINCIPAL_TYPE = Flag::text("grant-principal-type", "Resource type of the principal")
        .hidden();
    REVOKE_GRANT = Flag::text("revoke-grant", "Grant to revoke").hidden();
    CREATE_ACCOUNT_EMAIL = Flag::text("create-account-email", "Email address of the new account")
        .hidden();
    CREATE_ACCOUNT_LOGIN = Flag::text("create-account-login", "Login of the new account").hidden();
    CREATE_ACCOUNT_PROFILE = Flag::text(
        "create-account-profile",
        "Profile of the new account, as a JSON object",
    ).hidden();
    CREATE_ACCOUNT_RESOURCE_TYPE = Flag::text(
        "create-account-resource-type",
        "Resource type of the new account",
    ).hidden();
    DELETE_RESOURCE = Flag::text("delete-resource", "Resource to delete").hidden();
    DELETE_RESOURCE_TYPE = Flag::text("delete-resource-type", "Type of the resource to delete")
        .hidden();
    ROTATE_CREDENTIALS = Flag::text("rotate-credentials", "Resource whose credentials to rotate")
        .hidden();
    ROTATE_CREDENTIALS_TYPE = Flag::text(
        "rotate-credentials-type",
        "Type of the resource whose credentials to rotate",
    ).hidden();
    INVOKE_ACTION = Flag::text("invoke-action", "Action to invoke").hidden();
    INVOKE_ACTION_ARGS = Flag::new(
        "invoke-action-args",
        Kind::Text("{}"),
        "Arguments of the action, as a JSON object",
    ).hidden();
    INVOKE_ACTION_RESOURCE_TYPE = Flag::text(
        "invoke-action-resource-type",
        "Resource type that the action belongs to",
    ).hidden();
    LIST_ACTION_SCHEMAS = Flag::switch("list-action-schemas", "List the actions").hidden();
    LIST_ACTION_SCHEMAS_RESOURCE_TYPE = Flag::text(
        "list-action-schemas-resource-type",
        "List the actions of this resource type only",
    ).hidden();
    LIST_RESOURCE_ACTIONS = Flag::text("list-resource-actions", "Not used").hidden();
    INVOKE_RESOURCE_ACTION = Flag::text("invoke-resource-action", "Not used").hidden();
    INVOKE_RESOURCE_ACTION_TYPE = Flag::text("invoke-resource-action-resource-type", "Not used")
        .hidden();
    INVOKE_RESOURCE_ACTION_ARGS = Flag::text("invoke-resource-action-args", "Not used").hidden();
    OUTPUT = Flag::new(
        "output",
        Kind::Text("text"),
        "Form of the result that an operation prints: text or json; of `access` and `changes` also jsonl or csv",
    ).topic(Topic::Writes);
    EVENT_FEED = Flag::switch("event-feed", "Print the events of a feed").hidden();
    EVENT_FEED_ID = Flag::text("event-feed-id", "Feed to read").hidden().or_empty();
    EVENT_FEED_START_AT = Flag::text(
        "event-feed-start-at",
        "Time (RFC 3339) of the first event; by default one day ago",
    ).hidden();
    EVENT_FEED_CURSOR = Flag::text("event-feed-cursor", "Cursor to continue from").hidden().or_empty();
    FOLLOW = Flag::switch("follow", "Wait for further events until a signal comes").hidden();
}

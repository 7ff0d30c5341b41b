//! Flags for tickets. Every connector has them.

use crate::config::flag::{Flag, flags};

flags! {
    CREATE_TICKET = Flag::switch("create-ticket", "Create a ticket").hidden();
    BULK_CREATE_TICKET = Flag::switch("bulk-create-ticket", "Create tickets").hidden();
    BULK_TICKET_TEMPLATE_PATH = Flag::text(
        "bulk-ticket-template-path",
        "JSON file with the tickets to create",
    ).hidden();
    TICKET_TEMPLATE_PATH = Flag::text("ticket-template-path", "JSON file with the ticket to create")
        .hidden();
    GET_TICKET = Flag::switch("get-ticket", "Print a ticket").hidden();
    TICKET_ID = Flag::text("ticket-id", "Ticket to print").hidden();
    LIST_TICKET_SCHEMAS = Flag::switch("list-ticket-schemas", "Print the kinds of tickets").hidden();
}

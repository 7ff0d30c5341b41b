//! `TicketsService`: six ways to say that there are no tickets.

use prost::{Message, Name};
use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond};
use crate::baton::{Error, Kind, Result};
use crate::pb::connector as pb;
use crate::pb::connector::tickets_service_server::TicketsService;
use crate::wire::validated;

#[async_trait]
impl TicketsService for Services {
    async fn create_ticket(
        &self,
        request: Request<pb::TicketsServiceCreateTicketRequest>,
    ) -> Result<Response<pb::TicketsServiceCreateTicketResponse>, Status> {
        self.no_tickets(request)
    }

    async fn get_ticket(
        &self,
        request: Request<pb::TicketsServiceGetTicketRequest>,
    ) -> Result<Response<pb::TicketsServiceGetTicketResponse>, Status> {
        self.no_tickets(request)
    }

    async fn list_ticket_schemas(
        &self,
        request: Request<pb::TicketsServiceListTicketSchemasRequest>,
    ) -> Result<Response<pb::TicketsServiceListTicketSchemasResponse>, Status> {
        self.no_tickets(request)
    }

    async fn get_ticket_schema(
        &self,
        request: Request<pb::TicketsServiceGetTicketSchemaRequest>,
    ) -> Result<Response<pb::TicketsServiceGetTicketSchemaResponse>, Status> {
        self.no_tickets(request)
    }

    async fn bulk_create_tickets(
        &self,
        request: Request<pb::TicketsServiceBulkCreateTicketsRequest>,
    ) -> Result<Response<pb::TicketsServiceBulkCreateTicketsResponse>, Status> {
        self.no_tickets(request)
    }

    async fn bulk_get_tickets(
        &self,
        request: Request<pb::TicketsServiceBulkGetTicketsRequest>,
    ) -> Result<Response<pb::TicketsServiceBulkGetTicketsResponse>, Status> {
        self.no_tickets(request)
    }
}

impl Services {
    fn no_tickets<M: Message + Name, T>(&self, request: Request<M>) -> Result<Response<T>, Status> {
        validated(request)?;
        respond(Err(if self.toggles.ticketing {
            Error::unimplemented("ticket manager not implemented")
        } else {
            Error::new(Kind::Unknown, "ticketing is not enabled")
        }))
    }
}

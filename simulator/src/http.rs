//! The HTTP server: sessions, limits, faults, and the resources of the APIs.

mod batch;
mod bulk;
mod call;
mod code;
mod collections;
mod composite;
mod conditional;
mod context;
mod describe;
mod descriptions;
mod entry;
mod identity;
mod limits;
mod locators;
mod login;
mod oauth;
mod password;
mod query;
mod related;
mod replication;
mod reply;
mod request_info;
mod rest;
mod rows;
mod scim;
mod session;
mod shared;
mod soap;
mod upsert;

pub(crate) use bulk::run_due_jobs;
pub(crate) use entry::service;
pub(crate) use oauth::public_key;
pub(crate) use shared::Shared;

//! The tables of flags, by what they are for.

pub(crate) mod access;
pub(crate) mod connector;
pub(crate) mod doctor;
pub(crate) mod file_tool;
pub(crate) mod health_check;
pub(crate) mod host;
pub(crate) mod login;
pub(crate) mod one_shot;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod telemetry;
pub(crate) mod ticket;

use super::flag::Flag;

/// All flags: first those that every connector has, then our own.
pub(crate) fn all() -> impl Iterator<Item = &'static Flag> {
    [
        telemetry::ALL,
        host::ALL,
        one_shot::ALL,
        ticket::ALL,
        file_tool::ALL,
        serve::ALL,
        health_check::ALL,
        access::ALL,
        doctor::ALL,
        login::ALL,
        report::ALL,
        connector::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The flag of that name.
pub(crate) fn find(name: &str) -> Option<&'static Flag> {
    all().find(|flag| flag.name == name)
}

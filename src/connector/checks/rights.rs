//! The permissions of the signed-in user.
//!
//! `UserPermissionAccess` has one row: what the running user may do, from its profile, permission
//! sets and groups together. Salesforce caches it, so it may lag behind a change. Where it does not
//! exist (before API 41.0), the user's own permission sets are added up, of which the profile's is
//! one.

use std::collections::BTreeMap;

use super::permission::{self, Permission};
use super::probe::{Record, flag};
use crate::salesforce::describe::ObjectDescription;
use crate::salesforce::soql::{FieldName, Select, field};
use crate::salesforce::{Client, Error, SalesforceId};

const ACCESS: &str = "UserPermissionAccess";
const SET: &str = "PermissionSet";
const ASSIGNMENT: &str = "PermissionSetAssignment";

/// Which permissions the user has, as far as the org shows it.
#[derive(Debug, Default)]
pub(super) struct Rights(BTreeMap<&'static str, bool>);

/// Where the permissions can be read, and the columns that the org has there.
pub(super) enum Source {
    /// The user's own row.
    Access(Vec<Permission>),
    /// The permission sets that are assigned to the user.
    OwnSets(Vec<Permission>),
}

impl Rights {
    /// Whether the user has a permission; `None` if the org does not show it.
    pub(super) fn has(&self, permission: &Permission) -> Option<bool> {
        self.0.get(permission.name).copied()
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the rows of the query of [`Source::select`] say. Without a row nothing is known.
    pub(super) fn read(source: &Source, rows: &[Record]) -> Self {
        let mut rights = BTreeMap::new();
        for row in rows {
            match source {
                Source::Access(columns) => add(&mut rights, columns, row, ""),
                // A set that waits for the activation of a session gives nothing to an API client.
                Source::OwnSets(columns)
                    if flag(row, "PermissionSet.HasActivationRequired") != Some(true) =>
                {
                    add(&mut rights, columns, row, "PermissionSet.");
                }
                Source::OwnSets(_) => {}
            }
        }
        Self(rights)
    }
}

fn add(
    rights: &mut BTreeMap<&'static str, bool>,
    columns: &[Permission],
    row: &Record,
    prefix: &str,
) {
    for permission in columns {
        if let Some(has) = flag(row, &format!("{prefix}{}", permission.column())) {
            *rights.entry(permission.name).or_default() |= has;
        }
    }
}

impl Source {
    /// Asks the org where the permissions are. Costs one call, or two without
    /// `UserPermissionAccess`.
    pub(super) async fn find(client: &Client) -> Result<Self, Error> {
        match Self::access(client).await {
            Err(error) if error.is_not_found() || error.is_object_unavailable() => {
                let described = client.describe(&FieldName::from(SET)).await?;
                Ok(Self::OwnSets(columns(&described.value)))
            }
            found => found,
        }
    }

    /// The user's own row, with the columns that the org describes. Costs one call.
    pub(super) async fn access(client: &Client) -> Result<Self, Error> {
        let described = client.describe(&FieldName::from(ACCESS)).await?;
        Ok(Self::Access(columns(&described.value)))
    }

    /// The columns that orgs usually have, without asking which there are. If one is missing,
    /// Salesforce refuses the query.
    pub(super) fn usual() -> Self {
        let usual = permission::ALL.iter().filter(|one| one.is_usual);
        Self::Access(usual.copied().collect())
    }

    /// The query for the permissions of `user`, who is known wherever it matters.
    pub(super) fn select(&self, user: Option<SalesforceId>) -> Option<Select> {
        match self {
            Self::Access(columns) => {
                let fields = columns.iter().filter_map(Permission::field);
                Some(Select::from(ACCESS).fields(fields).limit(1))
            }
            Self::OwnSets(columns) => {
                let path = |one: &Permission| {
                    FieldName::parse(&format!("PermissionSet.{}", one.column())).ok()
                };
                let select = Select::from(ASSIGNMENT)
                    .field("PermissionSet.HasActivationRequired")
                    .fields(columns.iter().filter_map(path))
                    .filter(field("AssigneeId").eq(user?));
                Some(select)
            }
        }
    }
}

fn columns(described: &ObjectDescription) -> Vec<Permission> {
    permission::ALL
        .iter()
        .filter(|one| described.field(&one.column()).is_some())
        .copied()
        .collect()
}

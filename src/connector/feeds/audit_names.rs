//! The records behind the names of audit rows. A name counts only if exactly one record has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::audit_text::{Kind, Named, Person};
use crate::baton::Result;
use crate::connector::error::wrap_listing;
use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, field};

/// Names in one query: the address of a request has a limited length.
const NAMES: usize = 50;

/// The records that a page of rows names.
#[derive(Default)]
pub(super) struct Names {
    objects: BTreeMap<Kind, Found>,
    users: Found,
    /// Users of the sync among those that are named by id.
    synced: BTreeSet<String>,
}

/// Ids by name, in lower case: Salesforce's names differ by more than that.
#[derive(Default)]
struct Found(BTreeMap<String, BTreeSet<String>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NameRow {
    id: SalesforceId,
    name: Option<String>,
    label: Option<String>,
    developer_name: Option<String>,
    master_label: Option<String>,
    username: Option<String>,
    r#type: Option<String>,
}

impl Row for NameRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl Kind {
    /// The object, and the columns of its names.
    fn object(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::PermissionSet => ("PermissionSet", &["Name", "Label"]),
            Self::PermissionSetGroup => ("PermissionSetGroup", &["DeveloperName", "MasterLabel"]),
            Self::PermissionSetLicense => {
                ("PermissionSetLicense", &["DeveloperName", "MasterLabel"])
            }
            Self::Profile => ("Profile", &["Name"]),
            Self::Role => ("UserRole", &["Name"]),
        }
    }
}

impl Names {
    /// Looks up what `rows` name. Costs a query for each object of which something is named.
    pub(super) async fn read(context: &ReadContext, rows: &[Named]) -> Result<Self> {
        let mut names = Self::default();
        let mut asked: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
        let (mut people, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            if let Some((kind, name)) = &row.object {
                asked.entry(*kind).or_default().insert(name);
            }
            match &row.person {
                Some(Person::Name(name)) => _ = people.insert(name.as_str()),
                // Whether the user is in the sync matters for access only.
                Some(Person::Id(id)) if row.object.is_some() => _ = ids.insert(id.to_string()),
                _ => {}
            }
        }
        for (kind, asked) in asked {
            let (object, columns) = kind.object();
            let mut table = Table::new(object, &["Id"]).required(columns);
            if kind == Kind::PermissionSet {
                let own = field("IsOwnedByProfile").eq(false);
                table = table.optional(&["Type"]).only(own);
            }
            let found = names.objects.entry(kind).or_default();
            for rows in ask(context, &table, columns, asked).await? {
                found.add(rows);
            }
        }
        let columns: &'static [&'static str] = &["Name", "Username"];
        let table = Table::new("User", &["Id"])
            .required(columns)
            .only(Via::User.condition(&context.options));
        for row in ask(context, &table, columns, people).await? {
            names.users.add(row);
        }
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        for row in ask(context, &table, &["Id"], ids).await? {
            names.synced.insert(row.id.to_string());
        }
        Ok(names)
    }

    /// The id of the object with this name.
    pub(super) fn object(&self, kind: Kind, name: &str) -> Option<String> {
        self.objects.get(&kind)?.one(name)
    }

    /// The id of a user.
    pub(super) fn user(&self, person: &Person) -> Option<String> {
        match person {
            Person::Id(id) => Some(id.to_string()),
            Person::Name(name) => self.users.one(name),
        }
    }

    /// The id of a user, if a sync has it.
    pub(super) fn synced_user(&self, person: &Person) -> Option<String> {
        let id = self.user(person)?;
        let is_known = matches!(person, Person::Name(_)) || self.synced.contains(&id);
        is_known.then_some(id)
    }
}

impl Found {
    fn add(&mut self, row: NameRow) {
        // The sum of a permission set group has the group's label, and is no set of its own.
        if row.r#type.as_deref() == Some("Group") {
            return;
        }
        let names = [
            row.name,
            row.label,
            row.developer_name,
            row.master_label,
            row.username,
        ];
        for name in names.into_iter().flatten() {
            let ids = self.0.entry(name.to_lowercase()).or_default();
            ids.insert(row.id.to_string());
        }
    }

    fn one(&self, name: &str) -> Option<String> {
        let ids = self.0.get(&name.to_lowercase())?;
        ids.first().filter(|_| ids.len() == 1).cloned()
    }
}

/// The rows that have one of `values` in one of `columns`. An object that the org does not show has
/// none.
async fn ask<'a>(
    context: &ReadContext,
    table: &Table,
    columns: &[&'static str],
    values: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<NameRow>> {
    let values: Vec<&str> = values.into_iter().collect();
    let mut rows = Vec::new();
    for some in values.chunks(NAMES) {
        let any = columns
            .iter()
            .map(|column| field(*column).in_strings(some.iter().copied()))
            .reduce(Condition::or);
        let table = table.clone().only(any);
        match context.org.read_all(&table, |row| rows.push(row)).await {
            Ok(()) => {}
            Err(error) if error.is_object_unavailable() => {
                tracing::debug!(
                    sf.object = table.object,
                    "what audit rows name of {} is not looked up: the org does not show it",
                    table.object
                );
                break;
            }
            Err(error) => return Err(wrap_listing(format!("reading {}", table.object), error)),
        }
    }
    Ok(rows)
}

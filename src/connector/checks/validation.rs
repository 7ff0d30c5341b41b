//! What a host asks before each sync, in one API call: does the session work, can users be read, and
//! what does the user lack?
//!
//! Hosts ask often, so it asks for the columns that orgs usually have. An org that lacks one of them
//! costs two calls more.

use serde_json::Value;
use tracing::debug;

use super::capability::{Capability, Covers};
use super::probe::{Record, ask, flag, text};
use super::rights::{Rights, Source};
use super::table::CAPABILITIES;
use super::verdict::{Findings, quoted};
use crate::baton;
use crate::connector::error::wrap;
use crate::connector::options::Options;
use crate::salesforce::soql::Select;
use crate::salesforce::{Client, Error, Quota};

/// Without users nothing else means anything.
const USERS: &str = "reading users, for which the connector's user needs \"View All Users\" or \
                     \"Manage Users\"";

/// An org whose session works.
pub(in crate::connector) struct Validated {
    pub(in crate::connector) id: Option<String>,
    pub(in crate::connector) is_sandbox: Option<bool>,
    pub(in crate::connector) edition: Option<String>,
    pub(in crate::connector) quota: Option<Quota>,
    /// What the user lacks, a sentence for each permission.
    pub(in crate::connector) warnings: Vec<String>,
}

/// Fails if a sync would be pointless: nobody can sign in, the API is off, or no user can be read.
pub(in crate::connector) async fn validate(
    client: &Client,
    options: &Options,
) -> baton::Result<Validated> {
    let source = Source::usual();
    let mut selects = vec![
        Select::from("Organization")
            .fields(["Id", "IsSandbox", "OrganizationType"])
            .limit(1),
        Select::from("User").field("Id").limit(1),
    ];
    selects.extend(source.select(None));
    let asked = ask(client, &selects, u64::MAX).await;
    let asked = asked.map_err(|error| wrap("checking the connection to Salesforce", error))?;
    let mut answers = asked.answers.into_iter();
    let (org, users, access) = (answers.next(), answers.next(), answers.next());
    if let Some(Err(error)) = users {
        return Err(wrap(USERS, error));
    }
    let org = org
        .and_then(Result::ok)
        .and_then(|rows| rows.into_iter().next());
    let rights = rights(client, &source, access).await;
    let org = org.unwrap_or_default();
    Ok(Validated {
        id: org.get("Id").and_then(Value::as_str).map(str::to_owned),
        is_sandbox: flag(&org, "IsSandbox"),
        edition: text(&org, "OrganizationType"),
        quota: asked.quota,
        warnings: warnings(rights, options),
    })
}

/// What is known of the permissions. What cannot be read is no reason to fail.
async fn rights(
    client: &Client,
    source: &Source,
    answer: Option<Result<Vec<Record>, Error>>,
) -> Rights {
    match answer {
        Some(Ok(rows)) => Rights::read(source, &rows),
        Some(Err(error)) if error.missing_field().is_some() => {
            described(client).await.unwrap_or_else(|error| {
                debug!(%error, "the permissions of the user are not known");
                Rights::default()
            })
        }
        _ => Rights::default(),
    }
}

/// The same with the columns that the org has.
async fn described(client: &Client) -> Result<Rights, Error> {
    let source = Source::access(client).await?;
    let Some(select) = source.select(None) else {
        return Ok(Rights::default());
    };
    let rows = client.query::<Record>(&select).await?.value.records;
    Ok(Rights::read(&source, &rows))
}

/// One sentence for each permission that is missing, with what does not work without it.
fn warnings(rights: Rights, options: &Options) -> Vec<String> {
    let findings = Findings {
        rights,
        ..Findings::default()
    };
    let mut missing: Vec<(String, Vec<&str>)> = Vec::new();
    for capability in CAPABILITIES.iter().filter(|one| is_wanted(one, options)) {
        for need in findings.lacking(capability) {
            let labels = quoted(need.any_of.iter(), " or ");
            match missing.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, without)) => without.push(capability.without),
                None => missing.push((labels, vec![capability.without])),
            }
        }
    }
    let sentence = |(labels, without): (String, Vec<&str>)| {
        let without = without.join("; ");
        format!("the connector's user lacks {labels}: {without}")
    };
    missing.into_iter().map(sentence).collect()
}

/// Whether the configuration makes use of a capability.
fn is_wanted(capability: &Capability, options: &Options) -> bool {
    match capability.covers {
        Covers::Read("connected_application") => options.connected_apps,
        _ => capability.is_read() || options.provisioning,
    }
}

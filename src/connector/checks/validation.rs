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
use super::scim;
use super::table::CAPABILITIES;
use super::verdict::{Findings, quoted};
use crate::baton;
use crate::connector::error::wrap;
use crate::connector::options::{LifecycleApi, Options};
use crate::connector::people::Via;
use crate::salesforce::soql::{Aggregate, Condition, Select};
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

/// Fails if a sync would be pointless: nobody can sign in, the API is off, or no user can be read;
/// or if SCIM is asked for and not there.
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
    let rights_at = selects.len();
    selects.extend(source.select(None));
    let counts_at = selects.len();
    selects.extend(counts(options).into_iter().flatten());
    let asked = ask(client, &selects, u64::MAX).await;
    let asked = asked.map_err(|error| wrap("checking the connection to Salesforce", error))?;
    let mut answers = asked.answers;
    let counted = left_out(&answers.split_off(counts_at));
    let access = answers.split_off(rights_at).pop();
    let users = answers.pop();
    let org = answers.pop();
    if let Some(Err(error)) = users {
        return Err(wrap(USERS, error));
    }
    let org = org
        .and_then(Result::ok)
        .and_then(|rows| rows.into_iter().next());
    let rights = rights(client, &source, access).await;
    if options.lifecycle_api == LifecycleApi::Scim {
        scim::require(client).await?;
    }
    let org = org.unwrap_or_default();
    Ok(Validated {
        id: org.get("Id").and_then(Value::as_str).map(str::to_owned),
        is_sandbox: flag(&org, "IsSandbox"),
        edition: text(&org, "OrganizationType"),
        quota: asked.quota,
        warnings: warnings(rights, options)
            .into_iter()
            .chain(counted)
            .collect(),
    })
}

/// Two queries, if only the people of some e-mail domains are synced: how many there are, and how many
/// there would be otherwise.
fn counts(options: &Options) -> Option<[Select; 2]> {
    options.company_domains.are_some().then(|| {
        [
            count(Via::User.condition(options)),
            count(Via::User.of_any_domain(options)),
        ]
    })
}

fn count(people: Option<Condition>) -> Select {
    let select = Select::from("User").aggregate(Aggregate::Count, "Id", USERS_COUNTED);
    people.into_iter().fold(select, Select::filter)
}

/// The name of the number of users.
const USERS_COUNTED: &str = "users";

/// Tells how many people are left out because of their address.
fn left_out(answers: &[Result<Vec<Record>, Error>]) -> Option<String> {
    let [kept, all] = answers else { return None };
    let number = |answer: &Result<Vec<Record>, Error>| {
        answer.as_ref().ok()?.first()?.get(USERS_COUNTED)?.as_u64()
    };
    Some(match (number(kept), number(all)) {
        (Some(kept), Some(all)) => format!(
            "company-domains leaves out {} of {all} users, with their grants: their address is in \
             none of the domains",
            all.saturating_sub(kept)
        ),
        _ => "company-domains leaves out users, but Salesforce does not tell how many".to_owned(),
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
    let is_on = match capability.covers {
        Covers::Read(kind) | Covers::Grant(kind) => match kind {
            "connected_application" => options.connected_apps,
            "territory" => options.territories,
            "agent" => options.agents,
            "collaboration_group" => options.chatter_groups,
            "security_insight" => options.security_insights,
            "user_license" | "permission_set_license" | "package_license" | "feature_license" => {
                options.licenses
            }
            _ => true,
        },
        Covers::PartOf("read.connected_app") => options.connected_apps,
        Covers::PartOf("read.permission_set_license") => options.licenses,
        // Only hosts that read a feed need it, and reading it tells.
        Covers::Feed(_) => false,
        _ => true,
    };
    is_on && (capability.is_read() || options.provisioning)
}

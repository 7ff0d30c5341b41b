//! Which licence has no seat left, and how many it has.

use serde::Deserialize;

use crate::baton::Error;
use crate::connector::context::Context;
use crate::connector::wrote::Wrote;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{self, SalesforceId};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfileRow {
    user_license: Option<License>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct License {
    name: Option<String>,
    total_licenses: Option<f64>,
    used_licenses: Option<f64>,
}

/// The refusal `LICENSE_LIMIT_EXCEEDED` of a user with `profile`, with the licence and its seats.
pub(in crate::connector) async fn no_seat(
    context: &Context,
    profile: Option<SalesforceId>,
    doing: &str,
    refusal: salesforce::Error,
    wrote: &mut Wrote,
) -> Error {
    let license = match profile {
        Some(profile) => license(context, profile, wrote).await,
        None => None,
    };
    let reason = match license {
        Some(License {
            name: Some(name),
            total_licenses: Some(total),
            used_licenses: Some(used),
        }) => {
            format!(
                "the licence \"{name}\" has no seat left ({used} of {total} used); deactivate \
                 another user of it or buy more"
            )
        }
        _ => "the licence of its profile has no seat left; Setup > Company Information shows the \
              licences"
            .to_owned(),
    };
    Error::precondition(format!("{doing}: {reason}")).because(refusal)
}

/// What cannot be read is left out of the sentence: the refusal itself stands.
async fn license(context: &Context, profile: SalesforceId, wrote: &mut Wrote) -> Option<License> {
    let columns = [
        "UserLicense.Name",
        "UserLicense.TotalLicenses",
        "UserLicense.UsedLicenses",
    ];
    let select = Select::from("Profile")
        .fields(columns)
        .filter(field("Id").eq(profile));
    let page = wrote
        .tried(context.org.client.query::<ProfileRow>(&select).await)
        .ok()?;
    page.records.into_iter().next()?.user_license
}

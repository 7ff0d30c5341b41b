//! Refusals after which no other call can work: the API is off, the session is refused, the calls of
//! the day are used up.

use super::permission::API_ENABLED;
use crate::causes::chain;
use crate::doctor::{Check, State, Weight};
use crate::salesforce::{ApiVersion, Error, ErrorCode};

/// Why an examination ended.
pub(super) struct Halt {
    /// What failed: `the sign-in`.
    pub(super) step: String,
    /// What that means for each capability.
    pub(super) state: State,
}

impl Halt {
    /// A halt that tells nothing of what would have followed.
    pub(super) fn unknown(step: &str) -> Self {
        Self {
            step: step.to_owned(),
            state: State::Unknown,
        }
    }

    /// The check that an error means, and the halt. `None` if other calls may work.
    pub(super) fn of(error: &Error) -> Option<(Check, Self)> {
        let denied = |id| Check::new(id, State::Denied).weighing(Weight::Vital);
        if error.is_daily_limit() {
            let check = denied("connection.api_calls")
                .because(format!(
                    "the API calls that the connector may use today are used up: {}",
                    chain(error)
                ))
                .fix("wait until calls are free again; Setup > Company Information shows them");
            return Some((check, Self::unknown("the calls of the day")));
        }
        let code = error.code();
        Some(match code {
            Some(ErrorCode::FunctionalityNotEnabled) => {
                let check = denied("connection.api")
                    .permission(API_ENABLED.label)
                    .because("the user may not use the API".to_owned())
                    .fix(
                        "give the connector's user \"API Enabled\" in its profile or in a \
                         permission set (Setup > Permission Sets > System Permissions)",
                    );
                let step = "the API is off for the user, and the check of it".to_owned();
                let state = State::Denied;
                (check, Self { step, state })
            }
            Some(ErrorCode::ApiDisabledForOrg | ErrorCode::ApiCurrentlyDisabled) => {
                let check = Check::new("connection.api", State::Absent)
                    .weighing(Weight::Vital)
                    .because(
                        "this edition of Salesforce has no API: Group, Essentials and \
                         Professional editions need the API add-on"
                            .to_owned(),
                    )
                    .fix("ask Salesforce for the API add-on, or use an edition with the API");
                let step = "the edition has no API, and the check of it".to_owned();
                let state = State::Absent;
                (check, Self { step, state })
            }
            Some(ErrorCode::UnsupportedApiVersion) => {
                let check = denied("connection.api_version")
                    .because(chain(error))
                    .fix("give a newer --api-version, or leave it out");
                (check, Self::unknown("the API version"))
            }
            _ if error.is_session_expired() => {
                let check = denied("connection.session")
                    .because("Salesforce refuses the session, even after a new sign-in".to_owned())
                    .fix(
                        "check the IP restrictions of the app and of the user's profile, and that \
                         the token belongs to the same org as instance-url",
                    );
                (check, Self::unknown("the session"))
            }
            _ => return None,
        })
    }

    /// The check of a version that the org does not have.
    pub(super) fn version(used: ApiVersion, versions: &[ApiVersion]) -> Check {
        let newest = versions.iter().max().copied().unwrap_or(used);
        Check::new("connection.api_version", State::Denied)
            .weighing(Weight::Vital)
            .because(format!("the org has no API version {used}"))
            .fix(format!(
                "give --api-version {newest} or an older one that the org has"
            ))
    }
}

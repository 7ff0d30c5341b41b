//! What all licences have in common: seats, status, an end, and how a resource shows them.

use crate::baton::{
    EntitlementId, LicenseDetails, Object, Resource, ResourceId, ResourceType, Result, Status,
    StatusKind, Value, Variant,
};

/// The slug of the one entitlement that a licence has.
pub(super) const SLUG: &str = "assigned";

/// The seats of a licence, as the org counts them: they stay whole whichever users a sync has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seats {
    /// How many were bought. A negative number means any number.
    pub(super) total: Option<i64>,
    pub(super) used: Option<i64>,
}

impl Seats {
    fn purchased(self) -> Option<u64> {
        u64::try_from(self.total?).ok()
    }

    fn consumed(self) -> Option<u64> {
        u64::try_from(self.used?).ok()
    }

    fn is_unlimited(self) -> bool {
        self.total.is_some_and(|total| total < 0)
    }

    fn left(self) -> Option<u64> {
        Some(self.purchased()?.saturating_sub(self.consumed()?))
    }

    /// Says how many seats there are and how many are left.
    fn sentence(self) -> Option<String> {
        let used = self.consumed();
        Some(match (self.purchased(), used) {
            _ if self.is_unlimited() => match used {
                Some(used) => format!("Any number of users may have it; {used} do."),
                None => "Any number of users may have it.".to_owned(),
            },
            (Some(total), Some(used)) => format!(
                "{used} of {total} seats are used, {} are left.",
                total.saturating_sub(used)
            ),
            (Some(total), None) => format!("{total} seats were bought."),
            (None, Some(used)) => format!("{used} seats are used."),
            (None, None) => return None,
        })
    }
}

/// A licence as a resource shows it.
pub(super) struct License {
    pub(super) kind: &'static ResourceType,
    pub(super) id: String,
    pub(super) name: String,
    /// What it is, in a sentence.
    pub(super) about: String,
    pub(super) seats: Seats,
    /// As the org says it: `Active`, `Disabled`, `Expired`, `Free`, `Trial`.
    pub(super) status: Option<String>,
    /// Its last day, or the time at which it ends.
    pub(super) ends: Option<String>,
    /// What else the profile shows.
    pub(super) profile: Object,
}

impl License {
    pub(super) fn into_resource(self) -> Result<Resource> {
        let id = ResourceId::new(self.kind.id, self.id)?;
        let seats = self.seats;
        let ends = self.ends.as_deref().and_then(day).map(str::to_owned);
        let mut profile = self.profile;
        let mut show = |key: &str, value: Option<Value>| {
            profile.extend(value.map(|value| (key.to_owned(), value)));
        };
        show("purchased_seats", seats.purchased().map(number));
        show("consumed_seats", seats.consumed().map(number));
        show("seats_left", seats.left().map(number));
        show("unlimited", seats.is_unlimited().then(|| true.into()));
        show("status", self.status.clone().map(Value::from));
        show("expires_on", ends.clone().map(Value::from));
        let sentences = [
            Some(self.about),
            seats.sentence(),
            self.status.as_deref().and_then(standing),
            ends.map(|day| format!("It ends on {day}.")),
        ];
        let description: Vec<String> = sentences.into_iter().flatten().collect();
        Ok(Resource {
            display_name: self.name.clone(),
            description: Some(description.join(" ")),
            variant: Variant::License(Box::new(LicenseDetails {
                name: self.name,
                purchased: seats.purchased(),
                consumed: seats.consumed(),
                entitlements: vec![EntitlementId::new(id.clone(), SLUG)],
            })),
            profile: Some(profile),
            status: self.status.as_deref().and_then(status),
            created_at: None,
            id,
        })
    }
}

/// Counts of seats are far below the numbers that a double cannot hold exactly.
fn number(count: u64) -> Value {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

/// The day of a date or a point in time.
fn day(text: &str) -> Option<&str> {
    text.get(..10)
}

/// A sentence on a status that a reader should know of.
fn standing(status: &str) -> Option<String> {
    Some(match status {
        "Active" | "Free" => return None,
        "Trial" => "It is on trial.".to_owned(),
        "Expired" => "It has expired and gives nothing any more.".to_owned(),
        "Disabled" => "It is disabled and gives nothing.".to_owned(),
        other => format!("Its status is {other}."),
    })
}

fn status(status: &str) -> Option<Status> {
    let kind = match status {
        "Active" | "Free" | "Trial" => StatusKind::Enabled,
        "Expired" | "Disabled" => StatusKind::Disabled,
        _ => return None,
    };
    Some(Status {
        kind,
        details: (status != "Active").then(|| status.to_lowercase()),
    })
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn seats(total: Option<i64>, used: Option<i64>) -> Seats {
        Seats { total, used }
    }

    #[test_case(Some(20), Some(12) => (Some(20), Some(8), false); "some are left")]
    #[test_case(Some(20), Some(25) => (Some(20), Some(0), false); "more used than bought")]
    #[test_case(Some(-1), Some(3) => (None, None, true); "unlimited is no number")]
    #[test_case(None, Some(3) => (None, None, false); "hidden is not unlimited")]
    fn seats_are_counted(
        total: Option<i64>,
        used: Option<i64>,
    ) -> (Option<u64>, Option<u64>, bool) {
        let seats = seats(total, used);
        (seats.purchased(), seats.left(), seats.is_unlimited())
    }

    #[test]
    fn a_day_is_the_begin_of_a_date_or_time() {
        assert_eq!(day("2027-01-31"), Some("2027-01-31"));
        assert_eq!(day("2027-01-31T00:00:00.000+0000"), Some("2027-01-31"));
        assert_eq!(day("soon"), None);
    }
}

//! Who holds strong permissions, by tier, and through what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::facts::{Facts, Giver, Held, can_sign_in};
use super::list::List;
use super::paths_picture::{Pictures, Way};
use super::text;
use crate::access::{Person, State};
use crate::records::Record;
use crate::strong_permissions::STRONG;

/// How many holders of a tier the page shows.
const SHOWN: usize = 500;

/// The strong permissions of one tier.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) number: u8,
    /// What its permissions have in common.
    pub(super) about: &'static str,
    pub(super) permissions: Vec<PermissionRow>,
    pub(super) holders: List<Holder>,
    /// How many of the holders can sign in.
    pub(super) usable: usize,
}

/// A permission with the number of its holders.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PermissionRow {
    pub(super) label: String,
    /// What its holders can do.
    pub(super) lets: &'static str,
    pub(super) holders: usize,
    /// How many of them can sign in.
    pub(super) usable: usize,
}

/// A person with what they hold of a tier.
#[derive(Debug)]
pub(super) struct Holder {
    tier: u8,
    id: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) state: State,
    pub(super) permissions: Vec<String>,
    pub(super) ways: Vec<Way>,
    /// The first day on which one of the ways ends.
    pub(super) ends: Option<String>,
    pub(super) last_sign_in: Option<String>,
    /// The number of the picture of the ways.
    pub(super) picture: usize,
}

impl Holder {
    /// Whether nobody can sign in with it.
    pub(super) fn is_off(&self) -> bool {
        !can_sign_in(self.state)
    }

    pub(super) fn shown_name(&self) -> String {
        text::shown(&self.name)
    }

    pub(super) fn shown_login(&self) -> String {
        text::shown(&self.login)
    }

    /// The name as it fits into the box of the picture.
    pub(super) fn short_name(&self) -> String {
        text::cut(&self.name, 23)
    }

    pub(super) fn short_login(&self) -> String {
        text::cut(&self.login, 26)
    }
}

impl Way {
    /// The resources on it in words.
    pub(super) fn through(&self) -> String {
        let steps = self.steps.iter();
        let steps = steps.map(|(kind, name)| format!("{kind} {}", text::shown(name)));
        steps.collect::<Vec<_>>().join(" › ")
    }
}

impl Record for Holder {
    const COLUMNS: &'static [&'static str] = &[
        "tier",
        "user_id",
        "login",
        "name",
        "status",
        "permissions",
        "paths",
        "ends",
        "last_sign_in",
    ];

    fn cells(&self) -> Vec<String> {
        let path = |way: &Way| {
            let steps = way
                .steps
                .iter()
                .map(|(kind, name)| format!("{kind} {name}"));
            let steps = steps.collect::<Vec<_>>().join(" > ");
            let limit = way.limit.iter().map(|limit| format!(" ({limit})"));
            format!("{steps}{}", limit.collect::<String>())
        };
        vec![
            self.tier.to_string(),
            self.id.clone(),
            self.login.clone(),
            self.name.clone(),
            self.state.as_str().to_owned(),
            self.permissions.join("; "),
            self.ways.iter().map(path).collect::<Vec<_>>().join("; "),
            self.ends.clone().unwrap_or_default(),
            self.last_sign_in.clone().unwrap_or_default(),
        ]
    }
}

/// The tiers with their holders. Empty if the file says of nothing what it gives.
pub(super) fn tiers(facts: &Facts, pictures: &mut Pictures) -> Vec<Tier> {
    let Some(givers) = &facts.givers else {
        return Vec::new();
    };
    let mut by_person: BTreeMap<usize, Vec<&Held>> = BTreeMap::new();
    for held in &facts.held {
        by_person.entry(held.person).or_default().push(held);
    }
    let tier = |number| tier(number, facts, givers, &by_person, pictures);
    (1..=3).map(tier).collect()
}

fn tier(
    number: u8,
    facts: &Facts,
    givers: &[Giver],
    by_person: &BTreeMap<usize, Vec<&Held>>,
    pictures: &mut Pictures,
) -> Tier {
    let mut holders = Vec::new();
    for (person, held) in by_person {
        let Some(person) = facts.people.get(*person) else {
            continue;
        };
        holders.extend(holder(number, person, givers, held));
    }
    // Those who can use it first, then the strongest.
    holders.sort_by_cached_key(|holder| {
        let strength = Reverse(holder.permissions.len());
        let name = holder.name.to_lowercase();
        (
            !can_sign_in(holder.state),
            strength,
            name,
            holder.login.clone(),
        )
    });
    for holder in holders.iter_mut().take(SHOWN) {
        holder.picture = pictures.number(holder.ways.clone());
    }
    let can_sign_in = |holder: &&Holder| can_sign_in(holder.state);
    Tier {
        number,
        about: about(number),
        permissions: permissions(number, &holders),
        usable: holders.iter().filter(can_sign_in).count(),
        holders: List::new(topic(number), holders, SHOWN),
    }
}

fn holder(tier: u8, person: &Person, givers: &[Giver], held: &[&Held]) -> Option<Holder> {
    let mut ways = Vec::new();
    let mut ends = None;
    for held in held {
        let Some(giver) = givers.get(held.giver) else {
            continue;
        };
        let of_tier = giver.permissions.iter();
        let of_tier = of_tier.filter(|permission| permission.tier == tier);
        let permissions: Vec<String> = of_tier.map(|permission| permission.label.clone()).collect();
        if permissions.is_empty() {
            continue;
        }
        ends = ends.into_iter().chain(held.ends).min();
        let steps = giver.steps.iter();
        ways.push(Way {
            steps: steps
                .map(|step| (step.kind.clone(), step.name.clone()))
                .collect(),
            permissions,
            limit: limit(held),
        });
    }
    if ways.is_empty() {
        return None;
    }
    ways.sort_by(|one, other| (&one.steps, &one.limit).cmp(&(&other.steps, &other.limit)));
    let mut permissions: Vec<String> = Vec::new();
    for label in ways.iter().flat_map(|way| &way.permissions) {
        if !permissions.contains(label) {
            permissions.push(label.clone());
        }
    }
    permissions.sort_by_key(|label| rank(label));
    Some(Holder {
        tier,
        id: person.id.resource.clone(),
        name: person.name.clone(),
        login: person.login.clone(),
        state: person.state,
        permissions,
        ways,
        ends: ends.map(text::day),
        last_sign_in: person.last_login.map(text::day),
        picture: 0,
    })
}

/// What limits a way, in words.
fn limit(held: &Held) -> Option<String> {
    let end = held.ends.map(|at| format!("until {}", text::day(at)));
    let session = held
        .needs_activation
        .then(|| "only in activated sessions".to_owned());
    let limits: Vec<String> = [end, session].into_iter().flatten().collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}

/// The place of a permission among all, the strongest first.
fn rank(label: &str) -> usize {
    STRONG
        .iter()
        .position(|permission| permission.label == label)
        .unwrap_or(STRONG.len())
}

/// All permissions of a tier, also those that nobody holds.
fn permissions(tier: u8, holders: &[Holder]) -> Vec<PermissionRow> {
    let known = STRONG.iter().filter(|permission| permission.tier == tier);
    let mut rows: Vec<PermissionRow> = known
        .map(|permission| PermissionRow {
            label: permission.label.to_owned(),
            lets: permission.lets,
            holders: 0,
            usable: 0,
        })
        .collect();
    for holder in holders {
        for label in &holder.permissions {
            if !rows.iter().any(|row| row.label == *label) {
                rows.push(PermissionRow {
                    label: label.clone(),
                    lets: "",
                    holders: 0,
                    usable: 0,
                });
            }
            if let Some(row) = rows.iter_mut().find(|row| row.label == *label) {
                row.holders += 1;
                row.usable += usize::from(can_sign_in(holder.state));
            }
        }
    }
    rows
}

fn about(tier: u8) -> &'static str {
    match tier {
        1 => "The org is theirs: they can read or change every record, or run any code.",
        2 => "They can give themselves the rest: users, permissions, roles, sharing, set-up.",
        _ => "Data leaves, or the set-up is seen: exports, unmasked values, other programs.",
    }
}

fn topic(tier: u8) -> &'static str {
    match tier {
        1 => "tier-1",
        2 => "tier-2",
        _ => "tier-3",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::super::facts::{Permission, Step};
    use super::*;
    use crate::pb::connector::ResourceId;

    fn giver(name: &str, labels: &[&str]) -> Giver {
        let permission = |label: &&str| Permission {
            tier: STRONG[rank(label)].tier,
            label: (*label).to_owned(),
        };
        Giver {
            steps: vec![Step {
                kind: "Permission Set".to_owned(),
                name: name.to_owned(),
            }],
            permissions: labels.iter().map(permission).collect(),
            view_all: Vec::new(),
            modify_all: Vec::new(),
        }
    }

    fn person(name: &str, state: State) -> Person {
        Person {
            name: name.to_owned(),
            login: format!("{name}@example.com"),
            state,
            ..Person::unknown(ResourceId::default())
        }
    }

    fn held(person: usize, giver: usize) -> Held {
        Held {
            person,
            giver,
            ends: None,
            needs_activation: false,
        }
    }

    fn facts() -> Facts {
        Facts {
            people: vec![
                person("Ada", State::Active),
                person("Bob", State::Frozen),
                person("Cid", State::Active),
                person("Dee", State::Active),
            ],
            givers: Some(vec![
                giver("All", &["Modify All Data", "View All Data", "Manage Users"]),
                giver("View", &["View All Data"]),
            ]),
            held: vec![held(0, 1), held(1, 0), held(2, 0), held(2, 1)],
            ..Facts::default()
        }
    }

    #[test]
    fn each_tier_has_its_own_holders() {
        let tiers = tiers(&facts(), &mut Pictures::default());
        let names = |tier: usize| -> Vec<&str> {
            let rows = tiers[tier].holders.rows.iter();
            rows.map(|holder| holder.name.as_str()).collect()
        };
        assert_eq!(names(0), ["Cid", "Ada", "Bob"]);
        assert_eq!(names(1), ["Cid", "Bob"]);
        assert!(names(2).is_empty());
        assert_eq!(tiers[0].usable, 2);
        assert_eq!(tiers[0].holders.rows[0].ways.len(), 2);
        assert_eq!(tiers[1].holders.rows[0].ways.len(), 1);
    }

    #[test]
    fn a_permission_counts_a_person_once() {
        let tiers = tiers(&facts(), &mut Pictures::default());
        let found = tiers[0].permissions.iter();
        let counts: Vec<(&str, usize, usize)> = found
            .map(|row| (row.label.as_str(), row.holders, row.usable))
            .collect();
        assert_eq!(
            counts,
            [
                ("Modify All Data", 2, 1),
                ("View All Data", 3, 2),
                ("Author Apex", 0, 0)
            ]
        );
    }

    #[test]
    fn the_limits_of_a_way_are_told() {
        let mut facts = facts();
        facts.held[0].ends = Some("2027-01-31T00:00:00Z".parse().unwrap());
        facts.held[0].needs_activation = true;
        let tiers = tiers(&facts, &mut Pictures::default());
        let ada = &tiers[0].holders.rows[1];
        assert_eq!(ada.ends.as_deref(), Some("2027-01-31"));
        assert_eq!(
            ada.ways[0].limit.as_deref(),
            Some("until 2027-01-31, only in activated sessions")
        );
    }

    #[test]
    fn a_file_without_strong_permissions_has_no_tiers() {
        let facts = Facts {
            givers: None,
            ..facts()
        };
        assert!(tiers(&facts, &mut Pictures::default()).is_empty());
    }
}

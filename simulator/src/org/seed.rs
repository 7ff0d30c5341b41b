//! Generates orgs: deterministic, and with the unusual data that real orgs contain.

use super::Org;

mod access;
mod activity;
mod apps;
mod chatter;
mod essentials;
mod groups;
mod licenses;
mod people;
mod records;
mod rng;
mod seeder;
mod size;
mod strong;
mod territories;
mod unusual;
mod words;

pub use size::{Preset, SeedSize};

pub(super) use essentials::fill as seed_essentials;

/// Fills an org that has only what every org has.
pub(super) fn fill(org: &mut Org, size: SeedSize) {
    let mut seeder = seeder::Seeder::new(org, size);
    seeder.seed_licenses();
    seeder.seed_profiles();
    seeder.seed_roles();
    seeder.seed_sets();
    seeder.seed_people();
    seeder.seed_groups();
    seeder.seed_assignments();
    seeder.seed_apps();
    seeder.seed_unusual();
    seeder.seed_chatter();
    seeder.seed_activity();
    seeder.seed_records();
    seeder.finish();
}

//! Generates orgs: deterministic, and with the unusual data that real orgs contain.

use super::Org;

mod access;
mod apps;
mod essentials;
mod groups;
mod licenses;
mod oddities;
mod people;
mod planter;
mod records;
mod rng;
mod size;
mod words;

pub use size::{Preset, SeedSize};

pub(super) use essentials::plant as plant_essentials;

/// Fills an org that has only what every org has.
pub(super) fn plant(org: &mut Org, size: SeedSize) {
    let mut planter = planter::Planter::new(org, size);
    planter.plant_licenses();
    planter.plant_profiles();
    planter.plant_roles();
    planter.plant_sets();
    planter.plant_people();
    planter.plant_groups();
    planter.plant_assignments();
    planter.plant_apps();
    planter.plant_oddities();
    planter.plant_records();
    planter.finish();
}

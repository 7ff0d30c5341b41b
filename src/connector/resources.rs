//! The resource types: a file or a folder each, named as the type is.
//!
//! A new type needs a file here and a line in [`all`]. The types do not know each other; what
//! several of them need is in a file of its own (`directory`, `assignment`, `synced_users`, …).

mod agent;
pub(super) mod assignment;
pub(super) mod collaboration_group;
mod components;
pub(super) mod connected_app;
mod directory;
mod feature_license;
mod features;
mod field_grants;
mod field_resource;
mod given;
mod giver;
pub(super) mod group;
mod held_rows;
mod license;
mod license_holders;
mod license_names;
pub(super) mod login_states;
mod object_permissions;
mod package_license;
mod permission_set;
mod permission_set_group;
mod permission_set_license;
mod profile;
mod role;
pub(super) mod roster;
mod row_parts;
mod security_insight;
pub(super) mod set_group_status;
mod strong_sets;
mod synced_users;
pub(super) mod territory;
pub(super) mod user;
pub(super) mod user_facts;
mod user_license;

use std::sync::Arc;

use super::read::context::ReadContext;
use super::write::context::WriteContext;
use super::write::grants::app::Authorizations;
use super::write::grants::assignment::Assignments;
use super::write::grants::collaboration_group::collaboration_groups;
use super::write::grants::feature_license::FeatureSwitch;
use super::write::grants::license::Licenses;
use super::write::grants::membership::Memberships;
use super::write::grants::provisioning::provisioner;
use super::write::grants::territory::territories;
use super::write::grants::user_field::UserField;
use super::write::user_state::delete::UserDeleter;
use crate::baton::ResourceSyncer;
use assignment::Assigned;
use field_resource::FieldResources;
use license_holders::AssignedLicenses;
use package_license::PackageLicenseRow;
use permission_set_license::SetLicenseRow;

/// All resource types of this connector, in the order in which hosts list them.
pub(super) fn all(
    read: &Arc<ReadContext>,
    write: &Arc<WriteContext>,
) -> Vec<Arc<dyn ResourceSyncer>> {
    let sets = provisioner(write, Assignments::new(Assigned::Set));
    let set_groups = provisioner(write, Assignments::new(Assigned::Group));
    let roles = provisioner(write, UserField::role());
    let profiles = provisioner(write, UserField::profile());
    let mut all: Vec<Arc<dyn ResourceSyncer>> = vec![
        Arc::new(user::Users::new(read, Box::new(UserDeleter::new(write)))),
        Arc::new(group::Groups::new(read, provisioner(write, Memberships))),
        Arc::new(permission_set::PermissionSets::new(read, sets)),
        Arc::new(permission_set_group::PermissionSetGroups::new(
            read, set_groups,
        )),
        Arc::new(FieldResources::<role::RoleRow>::new(read, roles)),
        Arc::new(FieldResources::<profile::ProfileRow>::new(read, profiles)),
    ];
    if read.options.territories {
        let members = provisioner(write, territories());
        all.push(Arc::new(territory::Territories::new(read, members)));
    }
    if read.options.agents {
        all.push(Arc::new(agent::Agents::new(read)));
    }
    if read.options.chatter_groups {
        let members = provisioner(write, collaboration_groups());
        let groups = collaboration_group::CollaborationGroups::new(read, members);
        all.push(Arc::new(groups));
    }
    if read.options.connected_apps {
        let authorizations = provisioner(write, Authorizations);
        all.push(Arc::new(connected_app::ConnectedApps::new(
            read,
            authorizations,
        )));
    }
    if read.options.security_insights {
        all.push(Arc::new(security_insight::SecurityInsights::new(read)));
    }
    if read.options.licenses {
        all.extend(licenses(read, write));
    }
    all
}

/// The types of licences.
fn licenses(read: &Arc<ReadContext>, write: &Arc<WriteContext>) -> [Arc<dyn ResourceSyncer>; 4] {
    let of_sets = provisioner(write, Licenses::of_permission_sets());
    let of_packages = provisioner(write, Licenses::of_packages());
    let features = FeatureSwitch::provisioner(write);
    [
        Arc::new(user_license::UserLicenses::new(read)),
        Arc::new(AssignedLicenses::<SetLicenseRow>::new(read, of_sets)),
        Arc::new(AssignedLicenses::<PackageLicenseRow>::new(
            read,
            of_packages,
        )),
        Arc::new(feature_license::FeatureLicenses::new(read, features)),
    ]
}

//! The resource types that more than one file names. A type that only its own file needs is defined
//! there.
//!
//! Hosts have stored these ids, so they never change.

use crate::baton::{ResourceType, Trait, TypeMark};

/// Accounts of people and machines.
pub(super) static USER: ResourceType = ResourceType {
    id: "user",
    display_name: "User",
    description: "An account in the Salesforce org, of a person or of a machine",
    traits: &[Trait::User],
    marks: &[TypeMark::SkipEntitlementsAndGrants],
    permissions: &[],
};

/// Public groups, queues and the groups that Salesforce keeps by itself.
pub(super) static GROUP: ResourceType = ResourceType {
    id: "group",
    display_name: "Group",
    description: "Users who are named together, to share records with them: a public group, a queue \
                  (its members take over records that wait in it), or a group that Salesforce keeps \
                  for a role",
    traits: &[Trait::Group],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Permission sets that can be assigned.
pub(super) static PERMISSION_SET: ResourceType = ResourceType {
    id: "permission",
    display_name: "Permission Set",
    description: "Permissions that are given to users one by one, on top of those of their profile",
    traits: &[],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Roles of the role hierarchy.
pub(super) static ROLE: ResourceType = ResourceType {
    id: "role",
    display_name: "Role",
    description: "A place in the role hierarchy, which decides whose records a user sees; a user has \
                  one at most",
    traits: &[Trait::Role],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Groups of permission sets.
pub(super) static PERMISSION_SET_GROUP: ResourceType = ResourceType {
    id: "permission_set_group",
    display_name: "Permission Set Group",
    description: "Permission sets that are given together; its members have the permissions of all of \
                  them, save those that are muted",
    traits: &[],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Profiles.
pub(super) static PROFILE: ResourceType = ResourceType {
    id: "profile",
    display_name: "Profile",
    description: "The base of a user's permissions, which also decides the user licence; every user has \
                  exactly one",
    traits: &[],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Sales territories of the active model.
pub(super) static TERRITORY: ResourceType = ResourceType {
    id: "territory",
    display_name: "Territory",
    description: "A sales territory; its members get access to its accounts and opportunities",
    traits: &[],
    marks: &[
        TypeMark::SkipEntitlements,
        TypeMark::TypeScopedGrants,
        TypeMark::OptInRequired,
    ],
    permissions: &[],
};

/// Connected apps and external client apps.
pub(super) static CONNECTED_APP: ResourceType = ResourceType {
    id: "connected_application",
    display_name: "Connected Application",
    description: "An application that is registered to sign in to the org",
    traits: &[Trait::App],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Chatter groups.
pub(super) static COLLABORATION_GROUP: ResourceType = ResourceType {
    id: "collaboration_group",
    display_name: "Chatter Group",
    description: "A group in Chatter; its members share posts and files there",
    traits: &[Trait::Group],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Licences that users have by their profile.
pub(super) static USER_LICENSE: ResourceType = ResourceType {
    id: "user_license",
    display_name: "User License",
    description: "A licence that every active user uses one seat of; it follows from the profile \
                  and bounds what the user can be given",
    traits: &[Trait::LicenseProfile],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Licences that permission sets need.
pub(super) static PERMISSION_SET_LICENSE: ResourceType = ResourceType {
    id: "permission_set_license",
    display_name: "Permission Set License",
    description: "A licence with seats that lets its holders have permission sets with features \
                  beyond their user licence",
    traits: &[Trait::LicenseProfile],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Licences of installed packages.
pub(super) static PACKAGE_LICENSE: ResourceType = ResourceType {
    id: "package_license",
    display_name: "Package License",
    description: "A licence with seats that lets its holders use an installed package",
    traits: &[Trait::LicenseProfile],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Licences that are a switch of the user.
pub(super) static FEATURE_LICENSE: ResourceType = ResourceType {
    id: "feature_license",
    display_name: "Feature License",
    description: "A licence for a feature, such as Marketing User, that is a switch on the user",
    traits: &[Trait::LicenseProfile],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

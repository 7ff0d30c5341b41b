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
    description: "A public group, a queue, or a group that Salesforce keeps for a role",
    traits: &[Trait::Group],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Permission sets that can be assigned.
pub(super) static PERMISSION_SET: ResourceType = ResourceType {
    id: "permission",
    display_name: "Permission Set",
    description: "A permission set that is neither a profile's own nor the sum of a group",
    traits: &[],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Roles of the role hierarchy.
pub(super) static ROLE: ResourceType = ResourceType {
    id: "role",
    display_name: "Role",
    description: "A place in the role hierarchy; a user has one at most",
    traits: &[Trait::Role],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Groups of permission sets.
pub(super) static PERMISSION_SET_GROUP: ResourceType = ResourceType {
    id: "permission_set_group",
    display_name: "Permission Set Group",
    description: "Permission sets that are assigned together",
    traits: &[],
    marks: &[TypeMark::TypeScopedGrants],
    permissions: &[],
};

/// Profiles.
pub(super) static PROFILE: ResourceType = ResourceType {
    id: "profile",
    display_name: "Profile",
    description: "The base of a user's permissions; every user has exactly one",
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

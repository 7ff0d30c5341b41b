//! Resource types and resources.

use jiff::Timestamp;

use super::{Object, ResourceId};

/// A kind of thing that the connector lists.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    /// The id that hosts store, such as `permission_set_group`.
    pub id: &'static str,
    /// The name that people see.
    pub display_name: &'static str,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// What kinds of thing its resources are.
    pub traits: &'static [Trait],
    /// How a sync treats it.
    pub marks: &'static [TypeMark],
    /// Permissions that reading and writing it needs in the upstream system.
    pub permissions: &'static [&'static str],
}

impl ResourceType {
    /// Whether it carries `mark`.
    #[must_use]
    pub fn is(&self, mark: TypeMark) -> bool {
        self.marks.contains(&mark)
    }
}

/// What kind of thing the resources of a type are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// A person's or machine's account.
    User,
    /// A set of principals.
    Group,
    /// A position that carries access.
    Role,
    /// An application.
    App,
    /// An AI agent.
    Agent,
    /// A licence with seats.
    LicenseProfile,
}

/// An annotation of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeMark {
    /// Hosts ask neither for entitlements nor for grants.
    SkipEntitlementsAndGrants,
    /// Hosts do not ask for entitlements.
    SkipEntitlements,
    /// One listing of grants serves the whole type.
    TypeScopedGrants,
    /// The platform syncs it only when somebody chose it.
    OptInRequired,
}

/// One thing of a [`ResourceType`].
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Which one.
    pub id: ResourceId,
    /// The name that people see; at most 1,024 bytes reach the wire.
    pub display_name: String,
    /// What it is for; at most 2,048 bytes reach the wire.
    pub description: Option<String>,
    /// The details of its kind.
    pub variant: Variant,
    /// Further attributes, by name. Sent on the resource and on its trait.
    pub profile: Option<Object>,
    /// Whether it is in use.
    pub status: Option<Status>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// The details of a resource's kind; it must agree with its type's traits.
#[derive(Clone, Debug, PartialEq)]
pub enum Variant {
    /// No trait.
    Plain,
    /// An account.
    User(Box<UserDetails>),
    /// A set of principals.
    Group,
    /// A position.
    Role,
    /// An application, of a kind such as `salesforce.connected_application`.
    App(AppKind),
    /// An AI agent and the account that it acts as.
    Agent {
        /// The account, if it has one.
        identity: Option<ResourceId>,
    },
}

/// What sort of application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppKind {
    /// The detail of a registered application, such as `salesforce.connected_application`.
    pub nhi_detail: &'static str,
}

/// The details of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDetails {
    /// Its addresses.
    pub emails: Vec<Email>,
    /// The name it signs in with.
    pub login: String,
    /// Whether a person or a machine uses it.
    pub account_type: AccountType,
    /// When it last signed in.
    pub last_login: Option<Timestamp>,
    /// Ids that the employer gave.
    pub employee_ids: Vec<String>,
    /// First name, if there is one.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
}

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether it is the main one.
    pub is_primary: bool,
}

/// Who uses an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    /// A person.
    Human,
    /// A machine.
    Service,
}

/// Whether a resource is in use, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// In use or not.
    pub kind: StatusKind,
    /// More about it, such as `frozen`; at most 1,024 bytes.
    pub details: Option<String>,
}

/// In use or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// In use.
    Enabled,
    /// Not in use.
    Disabled,
}

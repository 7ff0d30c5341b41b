//! Resource types and resources.

use jiff::Timestamp;

use super::{EntitlementId, Object, ResourceId};

/// A type of resources, such as users or groups.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    /// The id, such as `permission_set_group`. Hosts store it, so it never changes.
    pub id: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Description for people, in one sentence.
    pub description: &'static str,
    /// Traits that all its resources have. They tell hosts which [`Variant`] to expect.
    pub traits: &'static [Trait],
    /// Annotations that change how hosts sync the type.
    pub marks: &'static [TypeMark],
    /// Permissions that the connector needs in the upstream system to read and write the type.
    pub permissions: &'static [&'static str],
}

impl ResourceType {
    /// A type without marks or permissions.
    #[must_use]
    pub const fn new(
        id: &'static str,
        display_name: &'static str,
        description: &'static str,
        traits: &'static [Trait],
    ) -> Self {
        Self {
            id,
            display_name,
            description,
            traits,
            marks: &[],
            permissions: &[],
        }
    }

    /// A type whose resources have no entitlements: hosts do not ask for any.
    #[must_use]
    pub const fn without_grants(
        id: &'static str,
        display_name: &'static str,
        description: &'static str,
        traits: &'static [Trait],
    ) -> Self {
        Self {
            marks: &[TypeMark::SkipEntitlementsAndGrants],
            ..Self::new(id, display_name, description, traits)
        }
    }

    /// Whether the type has the annotation `mark`.
    #[must_use]
    pub fn is(&self, mark: TypeMark) -> bool {
        self.marks.contains(&mark)
    }
}

/// A kind of resource that hosts know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// An account of a person or a machine.
    User,
    /// A set of principals.
    Group,
    /// A role that gives access.
    Role,
    /// An application.
    App,
    /// An AI agent.
    Agent,
    /// A licence with a number of seats.
    LicenseProfile,
    /// Something about an account that a reviewer should know.
    SecurityInsight,
}

/// An annotation of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeMark {
    /// Hosts request neither entitlements nor grants.
    SkipEntitlementsAndGrants,
    /// Hosts do not request entitlements.
    SkipEntitlements,
    /// Hosts list the grants of the whole type in one listing ([`GrantScope::Type`]) instead of one
    /// listing for each resource.
    ///
    /// [`GrantScope::Type`]: super::GrantScope::Type
    TypeScopedGrants,
    /// Hosts sync the type only if a user has selected it.
    OptInRequired,
}

/// A resource: an instance of a [`ResourceType`].
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Name for people. Shortened to 1,024 bytes when it is sent.
    pub display_name: String,
    /// Description for people. Shortened to 2,048 bytes when it is sent.
    pub description: Option<String>,
    /// Details that depend on its kind.
    pub variant: Variant,
    /// Further attributes by name. Sent with the resource and, for older hosts, with its trait.
    pub profile: Option<Object>,
    /// Whether it is enabled.
    pub status: Option<Status>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

impl Resource {
    /// A resource of which nothing else is known.
    #[must_use]
    pub fn new(id: ResourceId, display_name: impl Into<String>, variant: Variant) -> Self {
        Self {
            id,
            display_name: display_name.into(),
            description: None,
            variant,
            profile: None,
            status: None,
            created_at: None,
        }
    }
}

/// Details that depend on the kind of a resource. Must match the [`Trait`]s of its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Variant {
    /// No trait.
    Plain,
    /// An account.
    User(Box<UserDetails>),
    /// A set of principals.
    Group,
    /// A role.
    Role,
    /// An application.
    App(AppKind),
    /// An AI agent.
    Agent {
        /// The account that it acts as, if it has one.
        identity: Option<ResourceId>,
    },
    /// A licence with a number of seats.
    License(Box<LicenseDetails>),
    /// Something about an account that a reviewer should know.
    SecurityInsight(Box<InsightDetails>),
}

/// The details of a security insight.
#[derive(Clone, Debug, PartialEq)]
pub struct InsightDetails {
    /// What was found.
    pub finding: Finding,
    /// When.
    pub observed_at: Timestamp,
    /// The id of the account that it is about.
    pub account: String,
    /// The account's e-mail address. One that the protocol does not accept is not sent.
    pub email: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// A risk with its reasons.
    Risk {
        /// From 0 to 100.
        score: u32,
        /// The score in the words of the connector.
        source: String,
        /// The reasons.
        factors: Vec<RiskFactor>,
    },
    /// A single issue.
    Issue {
        /// What it is, in a sentence.
        text: String,
        /// How bad it is.
        severity: Severity,
    },
}

/// A reason for a risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskFactor {
    /// What it is, in a sentence. Shortened to 4,096 bytes when it is sent.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// The details of a licence.
#[derive(Clone, Debug, PartialEq)]
pub struct LicenseDetails {
    /// Its name, as it is bought. Shortened to 1,024 bytes when it is sent.
    pub name: String,
    /// How many seats were bought. `None` if their number is unlimited or not known.
    pub purchased: Option<u64>,
    /// How many seats are used. `None` if that is not known.
    pub consumed: Option<u64>,
    /// The entitlements whose holders use a seat.
    pub entitlements: Vec<EntitlementId>,
}

/// The kind of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppKind {
    /// Kind of non-human identity, such as `salesforce.connected_application`.
    pub nhi_detail: &'static str,
}

/// The details of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDetails {
    /// E-mail addresses.
    pub emails: Vec<Email>,
    /// Username.
    pub login: String,
    /// Whether a person or a machine uses the account.
    pub account_type: AccountType,
    /// Time of the last sign-in.
    pub last_login: Option<Timestamp>,
    /// Employee ids.
    pub employee_ids: Vec<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
}

impl UserDetails {
    /// A person's account of which nothing else is known.
    #[must_use]
    pub fn person(login: impl Into<String>) -> Self {
        Self {
            emails: Vec::new(),
            login: login.into(),
            account_type: AccountType::Human,
            last_login: None,
            employee_ids: Vec::new(),
            given_name: None,
            family_name: None,
        }
    }

    /// Adds the main address; an empty one is none.
    #[must_use]
    pub fn with_email(mut self, address: impl Into<String>) -> Self {
        let address = address.into();
        if !address.is_empty() {
            self.emails.push(Email {
                address,
                is_primary: true,
            });
        }
        self
    }
}

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether it is the primary address.
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

/// Whether a resource is enabled, and details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Enabled or disabled.
    pub kind: StatusKind,
    /// Details, such as `frozen`. Shortened to 1,024 bytes when they are sent.
    pub details: Option<String>,
}

/// Enabled or disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// Enabled.
    Enabled,
    /// Disabled.
    Disabled,
}

//! The kinds of groups, from the field `Type` of Group.

/// The `Type` of a group, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector) enum Kind {
    /// A public group.
    Regular,
    /// A queue.
    Queue,
    /// Everybody with a role.
    Role,
    /// Everybody with a role or one below it.
    RoleAndSubordinates,
    /// The same without portal roles.
    RoleAndSubordinatesInternal,
    /// All internal users.
    Organization,
    /// Anything else that Salesforce keeps by itself: managers, territories, portals …
    Other,
}

impl Kind {
    pub(in crate::connector) fn of(text: &str) -> Self {
        match text {
            "Regular" => Self::Regular,
            "Queue" => Self::Queue,
            "Role" => Self::Role,
            "RoleAndSubordinates" => Self::RoleAndSubordinates,
            "RoleAndSubordinatesInternal" => Self::RoleAndSubordinatesInternal,
            "Organization" => Self::Organization,
            _ => Self::Other,
        }
    }

    /// Whether people can be added and removed.
    pub(in crate::connector) fn is_editable(self) -> bool {
        matches!(self, Self::Regular | Self::Queue)
    }

    /// Whether its members follow from a role.
    pub(in crate::connector) fn is_of_role(self) -> bool {
        matches!(
            self,
            Self::Role | Self::RoleAndSubordinates | Self::RoleAndSubordinatesInternal
        )
    }

    /// Why its members cannot be changed here.
    pub(in crate::connector) fn why_immutable(self) -> &'static str {
        match self {
            Self::Role | Self::RoleAndSubordinates | Self::RoleAndSubordinatesInternal => {
                "Salesforce keeps this group; its members follow from the users' roles"
            }
            Self::Organization => {
                "Salesforce keeps this group; every active internal user is in it"
            }
            _ => "Salesforce keeps this group by itself",
        }
    }

    /// What a group without a name of its own is called, after the thing that it is kept for.
    pub(in crate::connector) fn name_after(self, related: &str, raw: &str) -> String {
        match self {
            Self::Role => format!("{related} (role)"),
            Self::RoleAndSubordinates => format!("{related} (role and subordinates)"),
            Self::RoleAndSubordinatesInternal => {
                format!("{related} (role and internal subordinates)")
            }
            _ => format!("{related} ({raw})"),
        }
    }
}

//! Ids, validated on construction: 1 to 1024 bytes, as the protocol's validation rules require.

use std::fmt;

use super::{Error, Result};

/// Maximum length of an id in bytes.
pub const MAX_LEN: usize = 1024;

/// A string of 1 to 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Box<str>);

impl Id {
    /// Validates `text`. The error names it as `field`.
    pub fn new(field: &str, text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_LEN {
            return Err(Error::invalid(format!(
                "{field} must have 1 to {MAX_LEN} bytes, it has {}",
                text.len()
            )));
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, not copied.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Id {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

/// Identifies a resource by its type and its id within the type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// Id of the resource type, such as `user`.
    pub resource_type: Id,
    /// Id within the type; usually the upstream system's own id.
    pub resource: Id,
}

impl ResourceId {
    /// Validates both parts.
    pub fn new(resource_type: impl Into<String>, resource: impl Into<String>) -> Result<Self> {
        Ok(Self {
            resource_type: Id::new("resource type", resource_type)?,
            resource: Id::new("resource id", resource)?,
        })
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.resource)
    }
}

/// Id of an entitlement: `<type>:<resource>:<slug>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntitlementId {
    /// The resource that the entitlement belongs to.
    pub on: ResourceId,
    /// Distinguishes the entitlements of a resource, such as `assigned` or `role:Owner`. Hosts store
    /// it, so it never changes.
    pub slug: String,
}

impl EntitlementId {
    /// The id of the entitlement `slug` of the resource `on`.
    pub fn new(on: ResourceId, slug: impl Into<String>) -> Self {
        Self {
            on,
            slug: slug.into(),
        }
    }

    /// The id as one text, as hosts store it.
    #[must_use]
    pub fn text(&self) -> String {
        let (kind, resource) = (self.on.resource_type.as_str(), self.on.resource.as_str());
        // At once, without growing: a sync writes hundreds of thousands.
        [kind, ":", resource, ":", &self.slug].concat()
    }

    /// Parses `<type>:<resource>:<slug>`. Only the slug may contain colons.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(resource), Some(slug)) if !slug.is_empty() => {
                Ok(Self::new(ResourceId::new(kind, resource)?, slug))
            }
            _ => Err(Error::invalid(
                "the entitlement id is not of the form <resource type>:<resource id>:<slug>",
            )),
        }
    }
}

impl fmt::Display for EntitlementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Id of a grant: `<entitlement id>:<principal type>:<principal id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantId {
    /// The entitlement that is held.
    pub entitlement: EntitlementId,
    /// The principal that holds it.
    pub principal: ResourceId,
}

impl GrantId {
    /// The id as one text. `entitlement` is the text of the entitlement's id.
    #[must_use]
    pub fn text(entitlement: &str, principal: &ResourceId) -> String {
        let (kind, id) = (
            principal.resource_type.as_str(),
            principal.resource.as_str(),
        );
        [entitlement, ":", kind, ":", id].concat()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::text(&self.entitlement.text(), &self.principal))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_1024_bytes() {
        assert!(Id::new("id", "").is_err());
        assert!(Id::new("id", "x".repeat(1024)).is_ok());
        assert!(Id::new("id", "x".repeat(1025)).is_err());
    }

    #[test]
    fn ids_join_and_part_as_the_hosts_know_them() {
        let id = EntitlementId::parse("territory:0MI1:role:Sales Rep").unwrap();
        assert_eq!(id.slug, "role:Sales Rep");
        assert_eq!(id.to_string(), "territory:0MI1:role:Sales Rep");
        let principal = ResourceId::new("user", "005x").unwrap();
        assert_eq!(
            GrantId {
                entitlement: id,
                principal
            }
            .to_string(),
            "territory:0MI1:role:Sales Rep:user:005x"
        );
        assert!(EntitlementId::parse("territory:0MI1").is_err());
    }
}

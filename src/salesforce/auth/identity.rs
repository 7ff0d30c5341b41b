//! Whose session it is, according to the `id` URL of a token answer.

use url::Url;

use crate::salesforce::id::SalesforceId;

/// An org and a user in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id of the org.
    pub org: SalesforceId,
    /// The id of the user.
    pub user: SalesforceId,
}

impl Identity {
    /// Reads `https://login.salesforce.com/id/00D…/005…`. The host does not matter, because nothing
    /// is sent there.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let mut segments = url.path_segments()?;
        (segments.next()? == "id").then_some(())?;
        let mut id = |prefix| {
            let text = segments.next().filter(|text| text.starts_with(prefix))?;
            SalesforceId::read(text).ok()
        };
        let (org, user) = (id("00D")?, id("005")?);
        segments.next().is_none().then_some(Self { org, user })
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("https://login.salesforce.com/id/00D000000000001/005000000000001" => true)]
    #[test_case("https://acme.my.salesforce.com/id/00D000000000001EAA/005000000000001AAA" => true)]
    #[test_case("https://login.salesforce.com/id/00D000000000001" => false; "no user")]
    #[test_case("https://login.salesforce.com/id/005000000000001/00D000000000001" => false; "swapped")]
    #[test_case("https://login.salesforce.com/00D000000000001/005000000000001" => false; "another path")]
    #[test_case("https://login.salesforce.com/id/00D000000000001/005000000000001/x" => false; "a longer path")]
    #[test_case("005000000000001" => false; "no URL")]
    fn an_identity_is_an_org_and_a_user(url: &str) -> bool {
        Identity::parse(url).is_some()
    }
}

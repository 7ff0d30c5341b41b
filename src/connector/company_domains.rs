//! The company's e-mail domains: a sync lists only the people whose address is in one of them.
//!
//! Domains are compared as DNS does, without regard to case. An internationalized domain counts in
//! both of its forms, because Salesforce stores an address as it was typed (RFC 5890).

use std::collections::BTreeSet;

use url::Host;

use crate::salesforce::soql::{Condition, field};

/// Salesforce takes a query in the URL, which may have 16 kB.
const MOST: usize = 100;

/// Which e-mail domains the people of a sync have. The default is any, or none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyDomains(Option<BTreeSet<Domain>>);

/// One domain, or all domains below one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Domain {
    /// What an address ends with, in one or both forms: `@acme.com`, or `.acme.com` for the domains
    /// below it.
    endings: BTreeSet<String>,
}

/// Why a text is no domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// `*` together with others.
    #[error("* already stands for every domain: leave out the others")]
    Everything,
    /// Too many of them.
    #[error("has {0} domains, and at most {MOST} fit into a query: leave some out, or use *")]
    TooMany(usize),
    /// An address instead of a domain.
    #[error("{0} is an address: give only the part after the @")]
    Address(String),
    /// Not a domain.
    #[error(
        "{0} is not a domain: expected one such as acme.com, or *.acme.com for all domains below it"
    )]
    NotADomain(String),
}

impl CompanyDomains {
    /// Reads `acme.com`, `*.acme.com` (every domain below it, but not itself) and `*`.
    pub fn new(texts: &[String]) -> Result<Self, DomainError> {
        match texts {
            [] => return Ok(Self(None)),
            [only] if only == "*" => return Ok(Self(None)),
            _ if texts.iter().any(|text| text == "*") => return Err(DomainError::Everything),
            _ if texts.len() > MOST => return Err(DomainError::TooMany(texts.len())),
            _ => {}
        }
        let domains = texts.iter().map(|text| Domain::read(text));
        Ok(Self(Some(domains.collect::<Result<_, _>>()?)))
    }

    /// Whether people of other domains are left out.
    pub(super) fn are_some(&self) -> bool {
        self.0.is_some()
    }

    /// The condition on the column `email`. `None` selects all, also rows without an address.
    pub(super) fn condition(&self, email: &'static str) -> Option<Condition> {
        let endings = self.0.iter().flatten().flat_map(|domain| &domain.endings);
        endings
            .map(|ending| field(email).ends_with(ending))
            .reduce(Condition::or)
    }
}

impl Domain {
    fn read(text: &str) -> Result<Self, DomainError> {
        if text.contains('@') {
            return Err(DomainError::Address(text.to_owned()));
        }
        let wrong = || DomainError::NotADomain(text.to_owned());
        let (before, name) = match text.strip_prefix("*.") {
            Some(name) => ('.', name),
            None => ('@', text),
        };
        let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '.');
        let name = name.trim_end_matches('.');
        if !name.chars().all(is_plain) || !name.contains('.') {
            return Err(wrong());
        }
        let Ok(Host::Domain(ascii)) = Host::parse(name) else {
            return Err(wrong());
        };
        let (unicode, decoded) = idna::domain_to_unicode(&ascii);
        decoded.map_err(|_| wrong())?;
        let endings = [ascii, unicode].map(|name| format!("{before}{name}"));
        Ok(Self {
            endings: endings.into(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::salesforce::soql::Select;

    fn read(list: &str) -> Result<CompanyDomains, DomainError> {
        let texts: Vec<String> = list.split(',').map(str::to_owned).collect();
        CompanyDomains::new(&texts)
    }

    #[test_case("*" => None; "all")]
    #[test_case("acme.com" => Some("Email LIKE '%@acme.com'".to_owned()); "one")]
    #[test_case("ACME.com,acme.com." => Some("Email LIKE '%@acme.com'".to_owned()); "one in two spellings")]
    #[test_case("*.acme.com" => Some("Email LIKE '%.acme.com'".to_owned()); "the domains below")]
    #[test_case(
        "bücher.example" => Some(
            "Email LIKE '%@bücher.example' OR Email LIKE '%@xn--bcher-kva.example'".to_owned()
        ); "an international one in both forms"
    )]
    fn addresses_end_with_the_domain(list: &str) -> Option<String> {
        let condition = read(list).unwrap().condition("Email")?;
        let select = Select::from("User").field("Id").filter(condition);
        let soql = select.to_soql().unwrap();
        Some(soql.split_once(" WHERE ").unwrap().1.to_owned())
    }

    #[test_case("*,acme.com" => "* already stands for every domain: leave out the others"; "all and one")]
    #[test_case("jane@acme.com" => "jane@acme.com is an address: give only the part after the @"; "an address")]
    #[test_case("acme" => "acme is not a domain: expected one such as acme.com, or *.acme.com for all domains below it"; "a single name")]
    #[test_case("https://acme.com" => "https://acme.com is not a domain: expected one such as acme.com, or *.acme.com for all domains below it"; "a url")]
    #[test_case("a*.acme.com" => "a*.acme.com is not a domain: expected one such as acme.com, or *.acme.com for all domains below it"; "a pattern")]
    #[test_case("1.2.3.4" => "1.2.3.4 is not a domain: expected one such as acme.com, or *.acme.com for all domains below it"; "an ip address")]
    fn what_is_no_domain_is_refused(list: &str) -> String {
        read(list).unwrap_err().to_string()
    }

    #[test]
    fn more_domains_than_fit_into_a_query_are_refused() {
        let list: Vec<String> = (0..=MOST)
            .map(|number| format!("d{number}.example"))
            .collect();
        assert_eq!(CompanyDomains::new(&list), Err(DomainError::TooMany(101)));
    }
}

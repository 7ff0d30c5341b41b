//! The rule that makes a username if the account form gives none.

use crate::baton::{Error, Result};

/// A template and a suffix, such as `{email}` and `.prod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernameRule {
    template: String,
    suffix: String,
}

/// The values that a template may use.
#[derive(Clone, Copy)]
pub(in crate::connector) struct Parts<'a> {
    pub(in crate::connector) email: &'a str,
    pub(in crate::connector) alias: &'a str,
    pub(in crate::connector) first_name: &'a str,
    pub(in crate::connector) last_name: &'a str,
}

const NAMES: &[&str] = &[
    "email",
    "local",
    "domain",
    "alias",
    "first_name",
    "last_name",
];

impl UsernameRule {
    /// Checks both parts. A template may name `{email}`, its `{local}` part and `{domain}`,
    /// `{alias}`, `{first_name}` and `{last_name}`.
    pub fn new(template: &str, suffix: &str) -> Result<Self> {
        let mut rest = template;
        let mut names_something = false;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            if before.contains('}') || !NAMES.contains(&name) {
                return Err(Error::invalid(format!(
                    "the username template may name {{{}}} and nothing else in braces",
                    NAMES.join("}, {")
                )));
            }
            names_something = true;
            rest = after;
        }
        if !names_something || rest.contains('}') {
            return Err(Error::invalid(
                "the username template must name something of the user, such as {email}",
            ));
        }
        if suffix
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '@')
        {
            return Err(Error::invalid(
                "the username suffix must be a text such as .prod",
            ));
        }
        Ok(Self {
            template: template.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    /// Makes the username. The suffix is not added twice.
    pub(in crate::connector) fn apply(&self, parts: &Parts<'_>) -> String {
        let (local, domain) = parts.email.split_once('@').unwrap_or((parts.email, ""));
        let mut name = String::new();
        let mut rest = self.template.as_str();
        // One pass, so braces in a value are not taken for names.
        while let Some((before, after)) = rest.split_once('{') {
            let (part, after) = after.split_once('}').unwrap_or((after, ""));
            name.push_str(before);
            match part {
                "email" => name.push_str(parts.email),
                "local" => name.push_str(local),
                "domain" => name.push_str(domain),
                "alias" => name.push_str(&plain(parts.alias)),
                "first_name" => name.push_str(&plain(parts.first_name)),
                "last_name" => name.push_str(&plain(parts.last_name)),
                _ => {}
            }
            rest = after;
        }
        name.push_str(rest);
        if !name.ends_with(&self.suffix) {
            name.push_str(&self.suffix);
        }
        name
    }
}

/// Removes the blanks, which no username may have.
fn plain(text: &str) -> String {
    text.split_whitespace().collect()
}

impl Default for UsernameRule {
    /// The e-mail address.
    fn default() -> Self {
        Self {
            template: "{email}".to_owned(),
            suffix: String::new(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("{email}", "" => "jane@acme.example"; "the address")]
    #[test_case("{email}.prod", "" => "jane@acme.example.prod"; "template")]
    #[test_case("{email}", ".prod" => "jane@acme.example.prod"; "suffix")]
    #[test_case("{email}.prod", ".prod" => "jane@acme.example.prod"; "suffix once")]
    #[test_case("{local}.{last_name}@sf.{domain}", "" => "jane.VanDoe@sf.acme.example"; "parts")]
    fn a_username_is_made_of_the_form(template: &str, suffix: &str) -> String {
        UsernameRule::new(template, suffix).unwrap().apply(&Parts {
            email: "jane@acme.example",
            alias: "jdoe",
            first_name: "Jane",
            last_name: "Van Doe",
        })
    }

    #[test_case("jane@acme.example", ""; "one name for all")]
    #[test_case("{password}", ""; "unknown part")]
    #[test_case("{email", "x@"; "wrong suffix")]
    #[test_case("{email}}", ""; "stray brace")]
    fn a_wrong_rule_is_refused(template: &str, suffix: &str) {
        assert!(UsernameRule::new(template, suffix).is_err());
    }
}

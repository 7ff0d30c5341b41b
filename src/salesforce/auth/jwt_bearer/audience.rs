//! The audience of an assertion: Salesforce wants one of two names, whatever address a person uses.

use crate::salesforce::instance::{Instance, InstanceKind};

const PRODUCTION: &str = "https://login.salesforce.com";
const SANDBOX: &str = "https://test.salesforce.com";

/// The audience for an org that people sign in to at `login`. An org whose name says that it is a
/// sandbox has no users at the generic host of production, which is the default.
pub(super) fn audience(login: &Instance, org: &Instance) -> String {
    let is_default = login.kind() == InstanceKind::Login { sandbox: false };
    let login = if is_default && org.is_sandbox() {
        org
    } else {
        login
    };
    let host = login.login().host_str().unwrap_or_default();
    let is_own = matches!(login.kind(), InstanceKind::Custom | InstanceKind::Loopback);
    // The government and China clouds are not behind those two names.
    if is_own || !host.ends_with(".salesforce.com") {
        return login.login().as_str().trim_end_matches('/').to_owned();
    }
    // A scratch org is signed in to where sandboxes are.
    if login.is_sandbox() || host.ends_with(".scratch.my.salesforce.com") {
        SANDBOX.to_owned()
    } else {
        PRODUCTION.to_owned()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("https://login.salesforce.com" => PRODUCTION)]
    #[test_case("login.salesforce.com/" => PRODUCTION)]
    #[test_case("https://login.salesforce.com/services/oauth2/token" => PRODUCTION; "the whole endpoint")]
    #[test_case("https://acme.my.salesforce.com" => PRODUCTION)]
    #[test_case("acme.lightning.force.com" => PRODUCTION)]
    #[test_case("acme-dev-ed.develop.my.salesforce.com" => PRODUCTION)]
    #[test_case("na1.salesforce.com" => PRODUCTION)]
    #[test_case("https://test.salesforce.com" => SANDBOX)]
    #[test_case("acme--uat.sandbox.my.salesforce.com" => SANDBOX)]
    #[test_case("acme--uat.sandbox.lightning.force.com" => SANDBOX)]
    #[test_case("cs12.salesforce.com" => SANDBOX)]
    #[test_case("acme.scratch.my.salesforce.com" => SANDBOX)]
    #[test_case("acme.my.salesforce.mil" => "https://acme.my.salesforce.mil")]
    #[test_case("http://localhost:8080/" => "http://localhost:8080")]
    #[test_case("https://crm.example:8443/x" => "https://crm.example:8443"; "a host of one's own")]
    fn salesforce_knows_two_audiences(address: &str) -> String {
        let instance = Instance::parse(address, true).unwrap();
        audience(&instance, &instance)
    }

    #[test_case("login.salesforce.com", "acme--uat.sandbox.my.salesforce.com" => SANDBOX; "the default and a sandbox")]
    #[test_case("login.salesforce.com", "acme.my.salesforce.com" => PRODUCTION)]
    #[test_case("test.salesforce.com", "acme.my.salesforce.com" => SANDBOX; "a sandbox whose name does not say so")]
    #[test_case("login.salesforce.com", "http://127.0.0.1:8080" => PRODUCTION; "this computer")]
    fn the_login_url_decides_unless_it_is_the_default(login: &str, org: &str) -> String {
        let [login, org] = [login, org].map(|text| Instance::parse(text, true).unwrap());
        audience(&login, &org)
    }
}

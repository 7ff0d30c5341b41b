//! Every spelling a user pastes, and every host that must not get credentials.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use proptest::prelude::*;
use test_case::test_case;

use super::*;

#[test_case("acme.my.salesforce.com", "https://acme.my.salesforce.com/")]
#[test_case("  https://ACME.my.salesforce.com/  ", "https://acme.my.salesforce.com/"; "case and blanks")]
#[test_case("https://acme.my.salesforce.com/lightning/setup?sid=1#x", "https://acme.my.salesforce.com/"; "path")]
#[test_case("https://acme.my.salesforce.com:443", "https://acme.my.salesforce.com/"; "usual port")]
#[test_case("acme.my.salesforce.com.", "https://acme.my.salesforce.com/"; "rooted")]
#[test_case(
    "acme--sbx.sandbox.my.salesforce.com",
    "https://acme--sbx.sandbox.my.salesforce.com/"
)]
#[test_case("acme.lightning.force.com", "https://acme.my.salesforce.com/")]
#[test_case(
    "acme.develop.lightning.force.com",
    "https://acme.develop.my.salesforce.com/"
)]
#[test_case(
    "acme--sbx.sandbox.lightning.force.com",
    "https://acme--sbx.sandbox.my.salesforce.com/"
)]
#[test_case("acme.my.salesforce-setup.com", "https://acme.my.salesforce.com/")]
#[test_case("acme.salesforce-setup.com", "https://acme.my.salesforce.com/")]
#[test_case(
    "acme-dev-ed.develop.my.salesforce.com",
    "https://acme-dev-ed.develop.my.salesforce.com/"
)]
#[test_case(
    "acme.scratch.my.salesforce.com",
    "https://acme.scratch.my.salesforce.com/"
)]
#[test_case("acme.lightning.crmforce.mil", "https://acme.my.salesforce.mil/")]
#[test_case("ACME.Lightning.Force.com.", "https://acme.my.salesforce.com/"; "lightning with case and dot")]
#[test_case("acme--c.vf.force.com", "https://acme.my.salesforce.com/"; "a page")]
#[test_case("acme--uat--c.sandbox.vf.force.com", "https://acme--uat.sandbox.my.salesforce.com/"; "a page of a sandbox")]
#[test_case("acme--c.develop.vf.force.com", "https://acme.develop.my.salesforce.com/"; "a page of a partition")]
#[test_case("https://acme--c.visualforce.com/apex/x", "https://acme.my.salesforce.com/"; "an old page")]
#[test_case("acme--c.documentforce.com", "https://acme.my.salesforce.com/"; "an old file")]
#[test_case("acme.file.force.com", "https://acme.my.salesforce.com/"; "a file")]
#[test_case("acme--uat.sandbox.file.force.com", "https://acme--uat.sandbox.my.salesforce.com/"; "a file of a sandbox")]
#[test_case("acme.content.force.com", "https://acme.my.salesforce.com/"; "content")]
#[test_case("acme.my.salesforce.mil", "https://acme.my.salesforce.mil/"; "government")]
#[test_case("acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn/"; "china")]
#[test_case("acme.lightning.sfcrmapps.cn", "https://acme.my.sfcrmproducts.cn/"; "china in a browser")]
#[test_case("acme.my-lightning.com", "https://acme.my-salesforce.com/"; "another suffix of the command line")]
#[test_case("//acme.my.salesforce.com/x", "https://acme.my.salesforce.com/"; "no scheme")]
#[test_case("acme.na1.my.salesforce.com", "https://acme.na1.my.salesforce.com/"; "a pod in between")]
#[test_case("acme", "https://acme.my.salesforce.com/"; "bare name")]
#[test_case("acme--sbx", "https://acme--sbx.sandbox.my.salesforce.com/"; "bare sandbox")]
#[test_case("acme.develop", "https://acme.develop.my.salesforce.com/"; "bare partition")]
#[test_case("na1.salesforce.com", "https://na1.salesforce.com/")]
#[test_case("na1-api.salesforce.com", "https://na1.salesforce.com/")]
#[test_case("test.salesforce.com", "https://test.salesforce.com/")]
#[test_case("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/"; "this computer")]
#[test_case("localhost:8080", "http://localhost:8080/"; "this computer by name")]
#[test_case("http://[::1]:8080", "http://[::1]:8080/"; "this computer in ipv6")]
fn a_spelling_becomes_the_api_host(text: &str, api: &str) {
    assert_eq!(Instance::parse(text, false).unwrap().api().as_str(), api);
}

#[test_case("acme.my.salesforce.com", "https://acme.my.salesforce.com/", false)]
#[test_case(
    "acme--sbx.sandbox.my.salesforce.com",
    "https://acme--sbx.sandbox.my.salesforce.com/",
    true
)]
#[test_case(
    "acme--sbx.my.salesforce.com",
    "https://acme--sbx.my.salesforce.com/",
    true
)]
#[test_case("login.salesforce.com", "https://login.salesforce.com/", false)]
#[test_case("test.salesforce.com", "https://test.salesforce.com/", true)]
#[test_case("na1.salesforce.com", "https://login.salesforce.com/", false)]
#[test_case("cs42.salesforce.com", "https://test.salesforce.com/", true)]
fn logins_go_to_the_org_or_to_its_generic_host(text: &str, login: &str, sandbox: bool) {
    let instance = Instance::parse(text, false).unwrap();
    assert_eq!(
        (instance.login().as_str(), instance.is_sandbox()),
        (login, sandbox)
    );
}

#[test_case("acme-sbx.sandbox.my.salesforce.com")]
#[test_case("acme-sbx.sandbox.lightning.force.com")]
fn lost_hyphens_of_a_sandbox_are_named(text: &str) {
    let message = Instance::parse(text, false).unwrap_err().to_string();
    assert!(message.starts_with("instance-url: "), "{message}");
    assert!(
        message.contains("acme--sbx.sandbox.my.salesforce.com"),
        "{message}"
    );
}

#[test_case("", &InstanceError::Empty; "empty")]
#[test_case("https://", &InstanceError::NotAHost; "no host")]
#[test_case("a b", &InstanceError::NotAHost; "blank inside")]
#[test_case("https://jane:pw@acme.my.salesforce.com", &InstanceError::UserInfo; "password")]
#[test_case("jane@acme.my.salesforce.com", &InstanceError::UserInfo; "user")]
#[test_case("http://acme.my.salesforce.com", &InstanceError::Scheme; "plain http")]
#[test_case("ftp://acme.my.salesforce.com", &InstanceError::Scheme; "ftp")]
#[test_case("acme.my.salesforce.com:8443", &InstanceError::Port; "port")]
#[test_case("\u{430}cme.my.salesforce.com", &InstanceError::NotAscii; "a cyrillic letter")]
#[test_case("b\u{fc}ro.lightning.force.com", &InstanceError::NotAscii; "an umlaut")]
#[test_case("acme--.my.salesforce.com", &InstanceError::NotAHost; "hyphens at the end")]
#[test_case("-acme.my.salesforce.com", &InstanceError::NotAHost; "a hyphen at the start")]
#[test_case("ac_me.my.salesforce.com", &InstanceError::NotAHost; "an underscore")]
fn what_is_no_address_is_refused(text: &str, error: &InstanceError) {
    assert_eq!(Instance::parse(text, false).as_ref(), Err(error));
}

#[test_case("my.salesforce.com"; "no name")]
#[test_case("sandbox.my.salesforce.com"; "no sandbox name")]
#[test_case("lightning.force.com"; "no name at lightning")]
#[test_case("acme.my.site.com"; "experience site")]
#[test_case("help.salesforce.com"; "help")]
#[test_case(".my.salesforce.com"; "a dot and no name")]
#[test_case("acme..my.salesforce.com"; "two dots")]
#[test_case("www.acme.my.salesforce.com"; "too many names")]
#[test_case("salesforce.com"; "salesforce itself")]
#[test_case("force.com"; "force itself")]
#[test_case("my-salesforce.com"; "no name before another suffix")]
#[test_case("vf.force.com"; "no name of a page")]
#[test_case("s\u{430}lesforce.com"; "a cyrillic letter in the domain")]
#[test_case("acme.my.salesforce.com@evil.example"; "user info that looks like a host")]
#[test_case("https://acme.my.salesforce.com%2eevil.example"; "an encoded dot")]
#[test_case("https://evil.example/acme.my.salesforce.com"; "a path")]
#[test_case("https://evil.example?.my.salesforce.com"; "a query")]
#[test_case("evil.example"; "foreign")]
#[test_case("acme.my.salesforce.com.evil.example"; "suffix")]
#[test_case("evilmy.salesforce.com.example"; "prefix")]
#[test_case("xsalesforce.com"; "look-alike")]
#[test_case("http://127.0.0.1.evil.example"; "not this computer")]
#[test_case("10.0.0.1"; "address")]
#[test_case("https://evil.example\\@acme.my.salesforce.com"; "backslash")]
#[test_case("https://evil.example#.my.salesforce.com"; "fragment")]
fn a_host_that_is_no_org_is_refused(text: &str) {
    let error = Instance::parse(text, false).unwrap_err().to_string();
    assert!(error.starts_with("instance-url: "), "{error}");
}

#[test]
fn a_foreign_host_must_be_allowed_and_must_not_be_plain() {
    let custom = Instance::parse("crm.acme.example", true).unwrap();
    assert_eq!(custom.kind(), InstanceKind::Custom);
    assert_eq!(
        Instance::parse("http://crm.acme.example", true),
        Err(InstanceError::Scheme)
    );
    assert!(Instance::parse("acme-sbx.sandbox.my.salesforce.com", true).is_err());
}

#[test_case("acme.my.salesforce.com", "https://acme.my.salesforce.com", true)]
#[test_case("login.salesforce.com", "https://na139.salesforce.com", true)]
#[test_case(
    "login.salesforce.com",
    "https://acme--x.sandbox.my.salesforce.com/services/Soap/u/60.0/00D",
    true
)]
#[test_case("acme.my.salesforce.com", "http://acme.my.salesforce.com", false)]
#[test_case("acme.my.salesforce.com", "https://evil.example", false)]
#[test_case("acme.my.salesforce.com", "https://salesforce.com.evil.example", false)]
#[test_case("acme.my.salesforce.com", "https://evilsalesforce.com", false)]
#[test_case("acme.my.salesforce.com", "http://127.0.0.1:1", false)]
#[test_case("acme.my.salesforce.com", "https://x:y@acme.my.salesforce.com", false)]
#[test_case("http://127.0.0.1:1", "http://127.0.0.1:1/services", true)]
#[test_case("http://127.0.0.1:1", "http://localhost:1", true)]
#[test_case("http://127.0.0.1:1", "http://127.0.0.1:2", false)]
#[test_case("http://127.0.0.1:1", "http://[::1]:2", false)]
#[test_case("http://127.0.0.1:1", "https://127.0.0.1:1", false)]
#[test_case("http://127.0.0.1:1", "https://acme.my.salesforce.com", false)]
fn a_token_goes_to_no_foreign_host(configured: &str, told: &str, admitted: bool) {
    let instance = Instance::parse(configured, false).unwrap();
    assert_eq!(instance.admit(told).is_ok(), admitted);
}

#[test]
fn the_soap_host_of_a_pod_becomes_its_api_host() {
    let instance = Instance::parse("login.salesforce.com", false).unwrap();
    let host = instance
        .admit("https://na1-api.salesforce.com/services/Soap/u/60.0/00D")
        .unwrap();
    assert_eq!(host.as_str(), "https://na1.salesforce.com/");
}

#[test_case("https://crm:8443", "https://crm:8443/"; "with scheme and port")]
#[test_case("crm:8443", "https://crm:8443/"; "with port")]
#[test_case("crm", "https://crm.my.salesforce.com/"; "a name alone stays a my domain")]
fn a_host_of_ones_own_network_can_be_allowed(text: &str, api: &str) {
    assert_eq!(Instance::parse(text, true).unwrap().api().as_str(), api);
}

#[test]
fn a_custom_host_may_name_itself() {
    let instance = Instance::parse("crm.acme.example:8443", true).unwrap();
    assert!(instance.admit("https://crm.acme.example:8443").is_ok());
    assert!(instance.admit("https://crm.acme.example").is_err());
    assert!(instance.admit("https://acme.my.salesforce.com").is_ok());
}

#[test_case("acme.my.site.com", "acme.my.salesforce.com"; "a site")]
#[test_case("acme--uat.sandbox.my.site.com", "acme--uat.sandbox.my.salesforce.com"; "a site of a sandbox")]
#[test_case("acme.my.salesforce-sites.com", "acme.my.salesforce.com"; "an old site")]
#[test_case("acme.builder.salesforce-experience.com", "acme.my.salesforce.com"; "a builder")]
#[test_case("acme.setup.crmforce.mil", "acme.my.salesforce.mil"; "government")]
#[test_case("acme.x.sfcrmapps.cn", "acme.my.sfcrmproducts.cn"; "china")]
#[test_case("www.acme.my.salesforce.com", "acme.my.salesforce.com"; "one name too many")]
fn a_host_without_the_api_gets_the_likely_one_named(text: &str, likely: &str) {
    let message = Instance::parse(text, false).unwrap_err().to_string();
    assert!(message.contains(&format!("probably {likely}")), "{message}");
}

#[test]
fn the_host_of_a_token_loses_its_last_dot() {
    let instance = Instance::parse("acme.my.salesforce.com", false).unwrap();
    let host = instance.admit("https://login2.salesforce.com./x").unwrap();
    assert_eq!(host.as_str(), "https://login2.salesforce.com/");
}

fn is_salesforces(url: &url::Url) -> bool {
    let suffixes = [
        ".salesforce.com",
        ".salesforce.mil",
        ".sfcrmproducts.cn",
        ".my-salesforce.com",
    ];
    let host = url.host_str().unwrap();
    url.scheme() == "https" && url.port().is_none() && suffixes.iter().any(|s| host.ends_with(s))
}

proptest! {
    #[test]
    fn whatever_is_accepted_belongs_to_salesforce_or_is_this_computer(
        text in prop_oneof![
            any::<String>(),
            r"(https?://|//)?[a-z@:.\\/#?%-]{0,12}(my|lightning|vf|sandbox)?\.?(salesforce|force|site)\.com[a-z@:.\\/#?%0-9-]{0,12}",
        ],
        told in any::<String>(),
    ) {
        if let Ok(instance) = Instance::parse(&text, false) {
            for url in [instance.api(), instance.login()] {
                let is_this_computer = instance.kind() == InstanceKind::Loopback;
                prop_assert!(is_this_computer || is_salesforces(url), "{text} -> {url}");
            }
        }
        let instance = Instance::parse("acme.my.salesforce.com", false).unwrap();
        for told in [told, text] {
            if let Ok(url) = instance.admit(&told) {
                prop_assert!(is_salesforces(&url), "{told} -> {url}");
            }
        }
    }
}

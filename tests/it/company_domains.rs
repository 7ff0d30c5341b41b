//! `--company-domains`: only the company's people, with only their grants.

use std::collections::BTreeSet;

use baton_salesforce::connector::{CompanyDomains, Options};
use salesforce_simulator::{Org, Preset};
use serde_json::json;
use test_case::test_case;

use crate::harness::{Harness, Setup, Synced, everything};

/// Addresses that the first users of the org get.
const ADDRESSES: &[&str] = &[
    "a@acme.com",
    "B@ACME.Com",
    "c@eu.acme.com",
    "d@north.eu.acme.com",
    "e@notacme.com",
    "f@acme.com.invalid",
    "g@acme.community",
    "h@bücher.example",
    "i@xn--bcher-kva.example",
];

/// Each user with its address, in the order of their ids.
fn org() -> (Org, Vec<(String, String)>) {
    let mut org = Org::seed(Preset::Tiny);
    let ids: Vec<String> = org
        .rows("User")
        .iter()
        .map(|row| row["Id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.len() > ADDRESSES.len());
    let mut users = Vec::new();
    for (number, id) in ids.into_iter().enumerate() {
        let address = *ADDRESSES.get(number).unwrap_or(&"z@elsewhere.example");
        org.set("User", &id, &[("Email", json!(address))]);
        users.push((id, address.to_owned()));
    }
    (org, users)
}

fn with(domains: &[&str]) -> Options {
    let domains: Vec<String> = domains.iter().map(|text| (*text).to_owned()).collect();
    Options {
        company_domains: CompanyDomains::new(&domains).unwrap(),
        ..everything()
    }
}

async fn sync(options: Options) -> (Synced, Vec<(String, String)>) {
    let (org, users) = org();
    let harness = Harness::with(Setup {
        org,
        options,
        ..Setup::default()
    })
    .await;
    (harness.sync().await, users)
}

/// The grants whose principal is one of the users, or not a user at all.
fn grants_of(synced: &Synced, users: &BTreeSet<String>) -> BTreeSet<String> {
    let grants = synced.grants.values().filter(|grant| {
        let principal = grant
            .principal
            .as_ref()
            .and_then(|it| it.id.as_ref())
            .unwrap();
        principal.resource_type != "user" || users.contains(&principal.resource)
    });
    grants.map(|grant| grant.id.clone()).collect()
}

#[test_case(&["acme.com"], &["a@acme.com", "B@ACME.Com"]; "a domain without those below it")]
#[test_case(&["*.acme.com"], &["c@eu.acme.com", "d@north.eu.acme.com"]; "the domains below one")]
#[test_case(
    &["Acme.COM", "*.eu.acme.com"], &["a@acme.com", "B@ACME.Com", "d@north.eu.acme.com"];
    "several"
)]
#[test_case(
    &["BÜCHER.example"], &["h@bücher.example", "i@xn--bcher-kva.example"];
    "an international domain in both forms"
)]
#[test_case(&["nobody.example"], &[]; "a domain of nobody")]
#[tokio::test]
async fn only_the_companys_people_and_their_grants_are_synced(domains: &[&str], kept: &[&str]) {
    let (filtered, users) = sync(with(domains)).await;
    let expected: BTreeSet<String> = users
        .into_iter()
        .filter(|(_, address)| kept.contains(&address.as_str()))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(filtered.of_type("user"), expected);
    let (all, _) = sync(with(&["*"])).await;
    assert_eq!(
        grants_of(&filtered, &filtered.of_type("user")),
        grants_of(&all, &expected)
    );
    let everyone = filtered
        .grants
        .values()
        .map(|grant| grant.id.clone())
        .collect();
    assert_eq!(grants_of(&filtered, &expected), everyone);
    assert_eq!(filtered.dangling(), BTreeSet::new());
    for other in ["profile", "role", "permission_set", "group"] {
        assert_eq!(filtered.of_type(other), all.of_type(other), "{other}");
    }
}

/// The count costs no call of its own.
#[tokio::test]
async fn validate_tells_how_many_are_left_out() {
    let (org, users) = org();
    let harness = Harness::with(Setup {
        org,
        options: with(&["acme.com"]),
        ..Setup::default()
    })
    .await;
    let warnings = crate::validate::validate(&harness).await.unwrap();
    assert_eq!(
        warnings,
        [format!(
            "company-domains leaves out {} of {} users, with their grants: their address is in \
             none of the domains",
            users.len() - 2,
            users.len()
        )]
    );
    assert_eq!(harness.simulator.api_calls(), 1);
}

//! Sessions: a sign-in that is refused is sent once, and an org that refuses every session is not
//! asked for new ones without end.

use baton_salesforce::pb::connector as pb;
use baton_salesforce::salesforce::Auth;
use salesforce_simulator::{Fault, Matcher};
use tonic::Code;

use crate::harness::{Harness, Setup};
use crate::stage::{Stage, Thing};

fn wrong_secret() -> Auth {
    Auth::ClientCredentials {
        client_id: "simulated-client-id".to_owned(),
        client_secret: "wrong".into(),
    }
}

fn wrong_password() -> Auth {
    Auth::Password {
        username: "admin@simulated.example".to_owned(),
        password: "wrong".into(),
        security_token: None,
    }
}

async fn validate(harness: &Harness) -> Result<(), tonic::Status> {
    let request = pb::ConnectorServiceValidateRequest {};
    harness.connector().validate(request).await.map(drop)
}

/// A hundred calls at once, then one more.
async fn assert_one_sign_in(harness: Harness) {
    let calls = (0..100).map(|_| {
        let mut connector = harness.connector();
        tokio::spawn(async move {
            let request = pb::ConnectorServiceValidateRequest {};
            connector.validate(request).await.unwrap_err().code()
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Code::Unauthenticated);
    }
    let error = validate(&harness).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(harness.simulator.logins(), 1);
    assert_eq!(harness.simulator.api_calls(), 0);
}

#[tokio::test]
async fn a_wrong_secret_is_sent_once_whatever_the_number_of_calls() {
    let setup = Setup {
        client: |config| config.auth = wrong_secret(),
        ..Setup::default()
    };
    assert_one_sign_in(Harness::with(setup).await).await;
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_whatever_the_number_of_calls() {
    let setup = Setup {
        client: |config| config.auth = wrong_password(),
        ..Setup::default()
    };
    assert_one_sign_in(Harness::with(setup).await).await;
}

/// Salesforce does not carry out what comes with a session that it refuses, so a write can be sent
/// again.
#[tokio::test]
async fn a_session_that_ends_before_a_write_costs_one_sign_in_and_writes_once() {
    for thing in [Thing::Set, Thing::Group, Thing::Role] {
        let stage = Stage::set().await;
        validate(&stage.harness).await.unwrap();
        stage.harness.simulator.clear_requests();
        stage
            .harness
            .simulator
            .faults()
            .next(1, Matcher::writes(), Fault::ExpireSession);
        stage.grant(thing).await.unwrap();
        assert!(stage.has(&stage.user, thing), "{thing:?}");
        assert_eq!(stage.writes(), 1, "{thing:?}");
        assert_eq!(stage.harness.simulator.logins(), 1, "{thing:?}");
    }
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_of_a_sync_costs_one_sign_in_and_no_row() {
    let harness = Harness::start().await;
    let whole = harness.sync().await;
    harness.simulator.clear_requests();
    let queries = Matcher::queries_of("PermissionSetAssignment");
    harness
        .simulator
        .faults()
        .next(1, queries, Fault::ExpireSession);
    let synced = harness.sync().await;
    assert_eq!(synced.ids(), whole.ids());
    assert_eq!(harness.simulator.logins(), 1);
}

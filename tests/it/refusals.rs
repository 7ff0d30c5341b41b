//! Writes that an org's own rules refuse: its words reach the host, without personal data, and
//! nobody guesses a reason from them.

use salesforce_simulator::{Blocker, Fault, Matcher};
use serde_json::json;
use tonic::{Code, Status};

use crate::accounts::{create, delete, jane, somebody};
use crate::actions::{invoke, user};
use crate::harness::Harness;
use crate::stage::{Stage, THINGS, Thing};

const FLOW: &str = "We can't save this record because the “Measure Savings” process failed. Give \
                    your Salesforce admin these details. Error ID: 123456789-12345 (-987654321)";

/// An org in which a flow and a validation rule refuse every write. The words contain phrases that
/// also occur in Salesforce's own refusals.
fn refusing() -> Fault {
    Fault::errors(
        400,
        [
            Blocker::new("CANNOT_EXECUTE_FLOW_TRIGGER", FLOW),
            Blocker::new(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "Approve with jane@acme.example, our default lead owner, first: workflow \
                 hierarchy 0053h000001Xik5GAC",
            ),
        ],
    )
}

fn assert_words(text: &str) {
    assert!(text.contains(FLOW), "{text}");
    assert!(
        text.contains("Approve with …, our default lead owner, first"),
        "{text}"
    );
    assert!(text.contains("CANNOT_EXECUTE_FLOW_TRIGGER"), "{text}");
    for guess in [
        "Lead Settings",
        "an approval process",
        "a workflow names it",
        "@",
        "0053h",
    ] {
        assert!(!text.contains(guess), "{guess}: {text}");
    }
}

fn assert_refused(status: &Status) {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    assert_words(status.message());
}

#[tokio::test]
async fn the_words_of_an_org_reach_who_grants_and_revokes() {
    for thing in THINGS {
        let stage = Stage::set().await;
        let faults = stage.harness.simulator.faults();
        faults.next(1, Matcher::writes(), refusing());
        assert_refused(&stage.grant(thing).await.unwrap_err());
        stage.grant(thing).await.unwrap();
        faults.next(1, Matcher::writes(), refusing());
        assert_refused(&stage.revoke(thing).await.unwrap_err());
        assert!(stage.has(&stage.user, thing), "{thing:?}");
    }
}

#[tokio::test]
async fn the_words_of_an_org_reach_who_creates_and_deletes() {
    let harness = Harness::start().await;
    let faults = harness.simulator.faults();
    faults.next(1, Matcher::writes(), refusing());
    assert_refused(&create(&harness, &jane()).await.unwrap_err());
    faults.next(1, Matcher::writes(), refusing());
    assert_refused(&delete(&harness, &somebody(&harness)).await.unwrap_err());
}

#[tokio::test]
async fn the_words_of_an_org_reach_who_invokes_an_action() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    for (name, more) in [
        ("update_user_status", json!({"is_active": false})),
        ("freeze_user", json!({})),
        ("update_user_profile", json!({"fields": {"Title": "x"}})),
        ("send_password_reset", json!({})),
    ] {
        let mut args = json!({"resource_id": user});
        args.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        harness
            .simulator
            .faults()
            .next(1, Matcher::writes(), refusing());
        assert_words(&invoke(&harness, name, &args).await.failed());
    }
}

/// `PermissionSetAssignment` and `GroupMember` have no recycle bin: deleting a row that somebody
/// else has deleted answers `INVALID_CROSS_REFERENCE_KEY`, which also has other meanings.
#[tokio::test]
async fn a_row_that_somebody_else_has_deleted_is_revoked_already() {
    for thing in [Thing::Set, Thing::SetGroup, Thing::Group, Thing::Queue] {
        let code = "INVALID_CROSS_REFERENCE_KEY";
        let stage = Stage::set().await;
        stage.grant(thing).await.unwrap();
        let faults = stage.harness.simulator.faults();

        faults.next(
            1,
            Matcher::writes(),
            Fault::status(400, code, "invalid cross reference id"),
        );
        let status = stage.revoke(thing).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(stage.has(&stage.user, thing));

        // Deleted in the moment between our read and our delete.
        faults.next(
            1,
            Matcher::writes(),
            Fault::error_after(400, code, "invalid cross reference id"),
        );
        assert!(stage.revoke(thing).await.unwrap().already, "{thing:?}");
        assert!(!stage.has(&stage.user, thing));
    }
}

#[tokio::test]
async fn a_refusal_with_a_code_that_nobody_knows_is_final() {
    for code in ["UNKNOWN_EXCEPTION", "APEX_ERROR", "SOMETHING_NEW"] {
        let stage = Stage::set().await;
        let faults = stage.harness.simulator.faults();
        faults.next(
            100,
            Matcher::writes(),
            Fault::status(400, code, "An org of its own."),
        );
        let status = stage.grant(Thing::Set).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{code}");
        assert!(
            status.message().contains("An org of its own."),
            "{status:?}"
        );
        let requests = stage.harness.simulator.requests();
        let writes = requests
            .iter()
            .filter(|request| request.method == "POST" && !request.login);
        assert_eq!(writes.count(), 1, "{code}");
    }
}

//! Granting and revoking, as a host does it and as the org sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use salesforce_simulator::Org;
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::{Code, Status};

use crate::harness::Setup;
use crate::stage::{LEAST, Stage, THINGS, Thing, add_role, add_user, entitlement, options, tiny};

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status.message().to_owned())
}

/// The calls of a grant, the same again, a revoke, and the same again.
#[test_case(Thing::Set, [1, 2, 2, 1])]
#[test_case(Thing::SetGroup, [2, 2, 2, 1])]
#[test_case(Thing::Group, [2, 1, 2, 1])]
#[test_case(Thing::Queue, [2, 1, 2, 1])]
#[test_case(Thing::Role, [2, 1, 2, 1])]
#[test_case(Thing::Profile, [2, 1, 2, 1])]
#[test_case(Thing::SetLicense, [1, 2, 2, 1])]
#[test_case(Thing::PackageLicense, [1, 2, 2, 1])]
#[test_case(Thing::Feature, [2, 1, 2, 1])]
#[tokio::test]
async fn grant_and_revoke_may_be_repeated(thing: Thing, budget: [u64; 4]) {
    let stage = Stage::set().await;
    let (granted, first) = stage.counted(stage.grant(thing)).await;
    assert!(!granted.unwrap().already && stage.has(&stage.user, thing));
    let (again, second) = stage.counted(stage.grant(thing)).await;
    assert!(again.unwrap().already && stage.rows(&stage.user, thing) == 1);
    let (revoked, third) = stage.counted(stage.revoke(thing)).await;
    assert!(!revoked.unwrap().already && stage.rows(&stage.user, thing) == 0);
    let (again, fourth) = stage.counted(stage.revoke(thing)).await;
    assert!(again.unwrap().already && !stage.has(&stage.user, thing));
    assert_eq!([first, second, third, fourth], budget);
}

#[tokio::test]
async fn the_answer_is_the_grant_as_a_sync_shows_it() {
    let stage = Stage::set().await;
    for thing in THINGS {
        let granted = stage.grant(thing).await.unwrap();
        let again = stage.grant(thing).await.unwrap();
        let synced = stage.harness.sync().await;
        let [grant] = granted.grants.as_slice() else {
            panic!("one grant")
        };
        assert_eq!(synced.grants.get(&grant.id), Some(grant));
        assert_eq!(again.grants, granted.grants);
        stage.revoke(thing).await.unwrap();
        assert!(!stage.harness.sync().await.grants.contains_key(&grant.id));
    }
}

#[tokio::test]
async fn ids_of_15_characters_are_canonicalised() {
    let stage = Stage::set().await;
    for thing in THINGS.into_iter().filter(|thing| thing.is_record()) {
        let on = entitlement(thing, &stage.id(thing)[..15]);
        let short = ("user", &stage.user[..15]);
        let granted = stage.caller().grant(&on, short).await.unwrap();
        assert!(stage.has(&stage.user, thing));
        let (kind, id, slug) = entitlement(thing, stage.id(thing));
        assert_eq!(
            granted.grants[0].id,
            format!("{kind}:{id}:{slug}:user:{}", stage.user)
        );
        assert!(stage.caller().grant(&on, short).await.unwrap().already);
        assert!(!stage.caller().revoke(&on, short).await.unwrap().already);
        assert!(!stage.has(&stage.user, thing));
    }
}

#[tokio::test]
async fn nothing_is_sent_for_a_request_that_makes_no_sense() {
    let stage = Stage::set().await;
    let user = stage.user.clone();
    let huge = "0".repeat(5_000);
    for thing in THINGS {
        let good = entitlement(thing, stage.id(thing));
        let other = if thing == Thing::Role {
            Thing::Set
        } else {
            Thing::Role
        };
        let of_other = entitlement(thing, stage.id(other));
        let injected = entitlement(thing, &format!("{}' OR Id != '", &stage.id(thing)[..15]));
        let path = entitlement(thing, "../../composite");
        let slug = (good.0.clone(), good.1.clone(), "admin".to_owned());
        let changed_case = entitlement(thing, &stage.id(thing).to_lowercase());
        let large = entitlement(thing, &huge);
        for on in [&of_other, &injected, &path, &slug, &changed_case, &large] {
            let granted = stage.caller().grant(on, ("user", &user)).await;
            assert_eq!(refused(granted).0, Code::InvalidArgument, "{on:?}");
            let revoked = stage.caller().revoke(on, ("user", &user)).await;
            assert_eq!(refused(revoked).0, Code::InvalidArgument, "{on:?}");
        }
        let ids = [
            stage.id(Thing::Set),
            "stage@stage.example",
            "' OR Id != '",
            huge.as_str(),
        ];
        for who in ids {
            let granted = stage.caller().grant(&good, ("user", who)).await;
            let (code, text) = refused(granted);
            assert_eq!(code, Code::InvalidArgument);
            assert!(!text.contains("@stage.example") && !text.contains("OR Id"));
        }
        let granted = stage
            .caller()
            .grant(&good, ("role", stage.id(Thing::Role)))
            .await;
        assert_eq!(refused(granted).0, Code::InvalidArgument);
    }
    assert_eq!(stage.harness.simulator.api_calls(), 0);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_granted_and_is_not_held() {
    let stage = Stage::set().await;
    let nobody = "005Zz0000000001";
    for thing in THINGS {
        let granted = stage.grant_to(nobody, thing).await;
        assert_eq!(refused(granted).0, Code::InvalidArgument, "{thing:?}");
        assert!(stage.revoke_from(nobody, thing).await.unwrap().already);
        if !thing.is_record() {
            continue;
        }
        let nothing = entitlement(thing, &format!("{}Zz0000000001", &stage.id(thing)[..3]));
        let granted = stage.caller().grant(&nothing, ("user", &stage.user)).await;
        assert_eq!(refused(granted).0, Code::InvalidArgument, "{thing:?}");
        let revoked = stage.caller().revoke(&nothing, ("user", &stage.user)).await;
        assert!(revoked.unwrap().already, "{thing:?}");
    }
}

#[tokio::test]
async fn a_set_of_a_profile_is_neither_granted_nor_revoked() {
    let stage = Stage::set().await;
    let all = stage.org().rows("PermissionSet");
    let of = |profile: &str| {
        let set = all.iter().find(|set| set["ProfileId"] == profile).unwrap();
        set["Id"].as_str().unwrap().to_owned()
    };
    let before = stage.org().rows("PermissionSetAssignment");
    for set in [of(&stage.old_profile), of(&stage.least_profile)] {
        let on = entitlement(Thing::Set, &set);
        let (code, text) = refused(stage.caller().grant(&on, ("user", &stage.user)).await);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains("belongs to a profile"), "{text}");
    }
    let on = entitlement(Thing::Set, &of(&stage.old_profile));
    let (code, text) = refused(stage.caller().revoke(&on, ("user", &stage.user)).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(text.contains("change the user's profile instead"), "{text}");
    assert_eq!(stage.org().rows("PermissionSetAssignment"), before);
}

#[tokio::test]
async fn the_sum_of_a_group_is_neither_granted_nor_revoked() {
    let stage = Stage::set().await;
    stage.grant(Thing::SetGroup).await.unwrap();
    let sets = stage.org().rows("PermissionSet");
    let sum = sets
        .iter()
        .find(|set| set["PermissionSetGroupId"] == stage.id(Thing::SetGroup));
    let on = entitlement(Thing::Set, sum.unwrap()["Id"].as_str().unwrap());
    let granted = refused(stage.caller().grant(&on, ("user", &stage.user)).await);
    let revoked = refused(stage.caller().revoke(&on, ("user", &stage.user)).await);
    for (code, text) in [granted, revoked] {
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains(stage.id(Thing::SetGroup)), "{text}");
    }
    assert!(stage.has(&stage.user, Thing::SetGroup));
}

#[tokio::test]
async fn what_comes_through_a_group_is_refused_in_words() {
    let stage = Stage::set().await;
    let set = entitlement(Thing::Set, stage.id(Thing::Set));
    let through = ("permission_set_group", stage.id(Thing::SetGroup));
    let group = entitlement(Thing::Group, stage.id(Thing::Group));
    let nested = ("group", stage.id(Thing::Queue));
    for answer in [
        stage.caller().grant(&set, through).await,
        stage.caller().revoke(&set, through).await,
        stage.caller().grant(&group, nested).await,
        stage.caller().revoke(&group, nested).await,
    ] {
        let (code, text) = refused(answer);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains("in Setup"), "{text}");
    }
}

#[tokio::test]
async fn groups_that_salesforce_keeps_are_refused_both_ways() {
    let stage = Stage::set().await;
    let groups = stage.org().rows("Group");
    for group in groups {
        let kind = group["Type"].as_str().unwrap();
        if matches!(kind, "Regular" | "Queue") {
            continue;
        }
        let on = entitlement(Thing::Group, group["Id"].as_str().unwrap());
        let granted = refused(stage.caller().grant(&on, ("user", &stage.user)).await);
        let revoked = refused(stage.caller().revoke(&on, ("user", &stage.user)).await);
        assert_eq!(
            (granted.0, revoked.0),
            (Code::FailedPrecondition, Code::FailedPrecondition)
        );
        assert!(
            granted.1.contains("Salesforce keeps this group"),
            "{kind}: {}",
            granted.1
        );
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn an_expired_assignment_is_no_access_and_is_renewed() {
    for thing in [Thing::Set, Thing::SetGroup] {
        let stage = Stage::set().await;
        stage.arrange(thing, true);
        let rows = stage.org().rows("PermissionSetAssignment");
        let column = if thing == Thing::Set {
            "PermissionSetId"
        } else {
            "PermissionSetGroupId"
        };
        let row = rows
            .iter()
            .find(|row| row[column] == stage.id(thing))
            .unwrap();
        let row = row["Id"].as_str().unwrap();
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let end = json!(end.to_string());
        stage
            .org()
            .update("PermissionSetAssignment", row, &[("ExpirationDate", end)])
            .unwrap();
        let held = stage.grant(thing).await.unwrap();
        assert!(held.already);
        assert_eq!(held.grants[0].annotations.len(), 1, "it says when it ends");

        stage
            .harness
            .simulator
            .clock()
            .advance(Duration::from_hours(2));
        let (renewed, calls) = stage.counted(stage.grant(thing)).await;
        assert!(!renewed.unwrap().already && stage.has(&stage.user, thing));
        assert_eq!((stage.rows(&stage.user, thing), calls), (1, 3));
        assert!(stage.grant(thing).await.unwrap().already);
        assert!(!stage.revoke(thing).await.unwrap().already);
        assert_eq!(stage.rows(&stage.user, thing), 0);
    }
}

#[tokio::test]
async fn an_assignment_that_a_policy_took_away_is_no_access() {
    let mut org = tiny();
    org.settings.user_access_policies = true;
    let stage = Stage::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    stage.grant(Thing::Set).await.unwrap();
    let rows = stage.org().rows("PermissionSetAssignment");
    let row = rows
        .iter()
        .find(|row| row["PermissionSetId"] == stage.id(Thing::Set))
        .unwrap();
    let row = row["Id"].as_str().unwrap();
    stage
        .org()
        .update(
            "PermissionSetAssignment",
            row,
            &[("IsRevoked", json!(true))],
        )
        .unwrap();
    assert!(!stage.has(&stage.user, Thing::Set));
    assert!(stage.revoke(Thing::Set).await.unwrap().already);
    assert!(!stage.grant(Thing::Set).await.unwrap().already);
    assert!(stage.has(&stage.user, Thing::Set));
}

#[tokio::test]
async fn a_licence_without_a_seat_is_named_with_its_count() {
    let stage = Stage::set().await;
    let license = stage
        .org()
        .find("PermissionSetLicense", "MasterLabel", "Sold Out")
        .unwrap();
    stage.org().set(
        "PermissionSet",
        stage.id(Thing::Set),
        &[("LicenseId", json!(license))],
    );
    let (answer, calls) = stage.counted(stage.grant(Thing::Set)).await;
    let (code, text) = refused(answer);
    assert_eq!((code, calls), (Code::FailedPrecondition, 2));
    assert!(
        text.contains("\"Sold Out\" is left: 0 of 0 are used"),
        "{text}"
    );
    assert!(!stage.has(&stage.user, Thing::Set));
}

#[tokio::test]
async fn a_group_of_sets_whose_licence_has_no_seat_is_refused_in_words() {
    let stage = Stage::set().await;
    let license = stage
        .org()
        .find("PermissionSetLicense", "MasterLabel", "Sold Out")
        .unwrap();
    stage.org().set(
        "PermissionSet",
        stage.id(Thing::Set),
        &[("LicenseId", json!(license))],
    );
    let parts = [
        ("PermissionSetGroupId", json!(stage.id(Thing::SetGroup))),
        ("PermissionSetId", json!(stage.id(Thing::Set))),
    ];
    stage
        .org()
        .create("PermissionSetGroupComponent", &parts)
        .unwrap();
    let (code, text) = refused(stage.grant(Thing::SetGroup).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(
        text.contains("\"Sold Out\" is left: 0 of 0 are used"),
        "{text}"
    );
}

#[tokio::test]
async fn a_profile_whose_licence_has_no_seat_is_refused_with_the_count() {
    let stage = Stage::set().await;
    let profile = stage
        .org()
        .find("Profile", "Name", "Standard Platform User")
        .unwrap();
    let license = stage
        .org()
        .find("UserLicense", "Name", "Salesforce Platform")
        .unwrap();
    let full = [("UsedLicenses", json!(20)), ("TotalLicenses", json!(20))];
    stage.org().set("UserLicense", &license, &full);
    let on = entitlement(Thing::Profile, &profile);
    let (answer, calls) = stage
        .counted(stage.caller().grant(&on, ("user", &stage.user)))
        .await;
    let (code, text) = refused(answer);
    assert_eq!((code, calls), (Code::FailedPrecondition, 3));
    assert!(
        text.contains("\"Salesforce Platform\" is left: 20 of 20 are used"),
        "{text}"
    );
    assert_eq!(
        stage.org().get("User", &stage.user).unwrap()["ProfileId"],
        stage.old_profile
    );
}

#[tokio::test]
async fn a_set_for_another_licence_is_refused_in_words_without_names() {
    let stage = Stage::set().await;
    let license = stage
        .org()
        .find("UserLicense", "Name", "Customer Community")
        .unwrap();
    stage.org().set(
        "PermissionSet",
        stage.id(Thing::Set),
        &[("LicenseId", json!(license))],
    );
    let (code, text) = refused(stage.grant(Thing::Set).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(
        text.contains("users with the licence \"Customer Community\""),
        "{text}"
    );
    assert!(!text.contains("stage"), "{text}");
}

#[tokio::test]
async fn a_missing_permission_is_told() {
    for (thing, permissions) in [
        (Thing::Set, ["AssignPermissionSets", "ManageUsers"]),
        (Thing::Group, ["ManageGroups", "ManageUsers"]),
        (Thing::Role, ["ManageInternalUsers", "ManageUsers"]),
    ] {
        let stage = Stage::set().await;
        let lacks = permissions.map(str::to_owned);
        stage.org().settings.missing_permissions.extend(lacks);
        assert_eq!(refused(stage.grant(thing).await).0, Code::PermissionDenied);
        assert!(!stage.has(&stage.user, thing));
    }
}

#[test_case("Salesforce", LEAST; "by name")]
#[test_case("SFDC", LEAST; "by the key of the licence")]
#[test_case("salesforce", "minimum access - salesforce"; "in any case")]
#[tokio::test]
async fn revoking_a_profile_moves_to_the_least_privileged_one(license: &str, profile: &str) {
    let options = options(&[("Chatter Free", "Chatter Free User"), (license, profile)]);
    let stage = Stage::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    stage.grant(Thing::Profile).await.unwrap();
    let (revoked, calls) = stage.counted(stage.revoke(Thing::Profile)).await;
    assert!(!revoked.unwrap().already);
    assert_eq!(calls, 2);
    assert_eq!(
        stage.org().get("User", &stage.user).unwrap()["ProfileId"],
        stage.least_profile
    );
    let on = entitlement(Thing::Profile, &stage.least_profile);
    let (code, text) = refused(stage.caller().revoke(&on, ("user", &stage.user)).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(text.contains("deactivate the user instead"), "{text}");
}

#[tokio::test]
async fn the_least_privileged_profile_may_be_given_by_id() {
    let org = tiny();
    let id = org.find("Profile", "Name", LEAST).unwrap();
    let options = options(&[("Salesforce", &id[..15])]);
    let stage = Stage::with(Setup {
        org,
        options,
        ..Setup::default()
    })
    .await;
    stage.grant(Thing::Profile).await.unwrap();
    stage.revoke(Thing::Profile).await.unwrap();
    assert_eq!(
        stage.org().get("User", &stage.user).unwrap()["ProfileId"],
        id
    );
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let stage = Stage::set().await;
    let admin = stage.org().integration_user();
    let profile = stage.id(Thing::Profile).to_owned();
    let others: Vec<String> = stage
        .org()
        .rows("User")
        .iter()
        .filter(|user| user["ProfileId"] == profile && user["Id"] != admin)
        .map(|user| user["Id"].as_str().unwrap().to_owned())
        .collect();
    for other in others {
        stage
            .org()
            .set("User", &other, &[("IsActive", json!(false))]);
    }
    let (code, text) = refused(stage.revoke_from(&admin, Thing::Profile).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(text.contains("last active System Administrator"), "{text}");
}

#[tokio::test]
async fn a_dry_run_tells_the_write_and_sends_none() {
    let options = baton_salesforce::connector::Options {
        dry_run: true,
        ..options(&[("Salesforce", LEAST)])
    };
    let stage = Stage::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    for thing in THINGS {
        let (code, text) = refused(stage.grant(thing).await);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains("dry run: would send"), "{text}");
        assert!(
            text.contains(stage.id(thing)) && text.contains(&stage.user),
            "{text}"
        );
        stage.arrange(thing, true);
        let (code, text) = refused(stage.revoke(thing).await);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains("nothing was sent"), "{text}");
        stage.arrange(thing, false);
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn a_client_of_a_dry_run_sends_no_write_either() {
    let setup = Setup {
        client: |client| client.dry_run = true,
        ..Setup::default()
    };
    let stage = Stage::with(setup).await;
    for thing in THINGS {
        let (code, text) = refused(stage.grant(thing).await);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(text.contains("dry run"), "{text}");
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_equal_calls_end_as_one_write() {
    for thing in THINGS {
        let stage = Stage::set().await;
        for (grants, rows) in [(true, 1), (false, 0)] {
            stage.harness.simulator.clear_requests();
            let on = entitlement(thing, stage.id(thing));
            let calls = (0..16).map(|_| {
                let (caller, on, user) = (stage.caller(), on.clone(), stage.user.clone());
                tokio::spawn(async move {
                    let answer = if grants {
                        caller.grant(&on, ("user", &user)).await
                    } else {
                        caller.revoke(&on, ("user", &user)).await
                    };
                    answer.unwrap().already
                })
            });
            let mut changed = 0;
            for call in calls.collect::<Vec<_>>() {
                changed += usize::from(!call.await.unwrap());
            }
            assert_eq!(
                (changed, stage.writes()),
                (1, 1),
                "{thing:?}, grant: {grants}"
            );
            assert_eq!(stage.rows(&stage.user, thing), rows);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_tasks_do_not_disturb_each_other() {
    let mut org = tiny();
    let profile = org.find("Profile", "Name", "Standard User").unwrap();
    let role = add_role(&mut org, "Start");
    let users: Vec<String> = (0..16)
        .map(|n| add_user(&mut org, &format!("task{n}"), &profile, &role))
        .collect();
    let stage = Stage::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let tasks: Vec<_> = users
        .iter()
        .enumerate()
        .map(|(number, user)| {
            let (caller, user) = (stage.caller(), user.clone());
            let on = THINGS.map(|thing| entitlement(thing, stage.id(thing)));
            tokio::spawn(async move {
                // Each ends with a grant or a revoke, depending on its number.
                for round in 0..4 + number % 2 {
                    for on in &on {
                        let (caller, who) = (caller.clone(), ("user", user.as_str()));
                        let answer = if round % 2 == 0 {
                            caller.grant(on, who).await
                        } else {
                            caller.revoke(on, who).await
                        };
                        assert!(!answer.unwrap().already);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for (number, user) in users.iter().enumerate() {
        for thing in THINGS {
            assert_eq!(
                stage.rows(user, thing),
                number % 2,
                "{thing:?} of task {number}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_of_the_old_never_takes_the_new() {
    for thing in [Thing::Role, Thing::Profile] {
        let stage = Stage::set().await;
        let old = if thing == Thing::Role {
            &stage.old_role
        } else {
            &stage.old_profile
        };
        for _ in 0..10 {
            stage.arrange(thing, false);
            let tasks: Vec<_> = (0..16)
                .map(|number| {
                    let (caller, user) = (stage.caller(), stage.user.clone());
                    let on = entitlement(thing, if number == 7 { stage.id(thing) } else { old });
                    tokio::spawn(async move {
                        let who = ("user", user.as_str());
                        if number == 7 {
                            caller.grant(&on, who).await.unwrap();
                        } else {
                            caller.revoke(&on, who).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(stage.has(&stage.user, thing));
        }
    }
}

#[tokio::test]
async fn what_was_read_before_decides_nothing() {
    let stage = Stage::set().await;
    for thing in THINGS {
        for _ in 0..2 {
            assert!(!stage.grant(thing).await.unwrap().already, "{thing:?}");
            assert!(!stage.revoke(thing).await.unwrap().already, "{thing:?}");
            assert!(!stage.has(&stage.user, thing), "{thing:?}");
        }
        // Somebody else changes it between our calls.
        stage.grant(thing).await.unwrap();
        stage.arrange(thing, false);
        assert!(stage.revoke(thing).await.unwrap().already, "{thing:?}");
        assert!(!stage.grant(thing).await.unwrap().already, "{thing:?}");
        stage.arrange(thing, false);
        stage.arrange(thing, true);
        assert!(!stage.revoke(thing).await.unwrap().already, "{thing:?}");
        assert!(!stage.has(&stage.user, thing), "{thing:?}");
    }
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_nothing_goes_out() {
    fn wrong(client: &mut baton_salesforce::salesforce::ClientConfig) {
        client.auth = baton_salesforce::salesforce::Auth::ClientCredentials {
            client_id: "simulated-client-id".to_owned(),
            client_secret: "wrong".to_owned().into(),
        };
    }
    let stage = Stage::with(Setup {
        client: wrong,
        ..Setup::default()
    })
    .await;
    for thing in THINGS {
        let (code, text) = refused(stage.grant(thing).await);
        assert_eq!(code, Code::Unauthenticated, "{text}");
        assert_eq!(refused(stage.revoke(thing).await).0, Code::Unauthenticated);
    }
    assert_eq!(stage.harness.simulator.api_calls(), 0);
}

#[test_case(&[] => "no entry for the licence \"Salesforce\""; "missing")]
#[test_case(&[("Chatter Free", LEAST)] => "no entry for the licence \"Salesforce\""; "of another licence")]
#[test_case(&[("Salesforce", "Minmum Acess")] => "maps the licence \"Salesforce\" to \"Minmum Acess\""; "mistyped")]
#[test_case(&[("Salesforce", "00eZz0000000001")] => "maps the licence \"Salesforce\" to \"00eZz0000000001\""; "of an unknown id")]
#[tokio::test]
async fn a_wrong_mapping_is_named_and_nobody_panics(pairs: &[(&str, &str)]) -> &'static str {
    let stage = Stage::without_mapping(Setup {
        options: options(pairs),
        ..Setup::default()
    })
    .await;
    stage.grant(Thing::Profile).await.unwrap();
    let (code, text) = refused(stage.revoke(Thing::Profile).await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(
        text.contains("--license-to-least-privileged-profile-mapping"),
        "{text}"
    );
    assert!(stage.has(&stage.user, Thing::Profile));
    let said = [
        "no entry for the licence \"Salesforce\"",
        "maps the licence \"Salesforce\" to \"Minmum Acess\"",
        "maps the licence \"Salesforce\" to \"00eZz0000000001\"",
    ];
    said.into_iter()
        .find(|said| text.contains(said))
        .unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn a_stale_profile_revoke_changes_nothing() {
    // Even without a mapping: there is nothing to fall back from.
    for options in [options(&[("Salesforce", LEAST)]), options(&[])] {
        let stage = Stage::without_mapping(Setup {
            options,
            ..Setup::default()
        })
        .await;
        let (revoked, calls) = stage.counted(stage.revoke(Thing::Profile)).await;
        assert!(revoked.unwrap().already);
        assert_eq!((calls, stage.writes()), (1, 0));
        assert_eq!(
            stage.org().get("User", &stage.user).unwrap()["ProfileId"],
            stage.old_profile
        );
    }
}

#[tokio::test]
async fn a_second_grant_says_that_it_exists() {
    let stage = Stage::set().await;
    for thing in THINGS {
        stage.arrange(thing, true);
        assert!(stage.grant(thing).await.unwrap().already, "{thing:?}");
        assert_eq!(stage.rows(&stage.user, thing), 1, "{thing:?}");
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn revoking_what_is_not_held_says_so() {
    let stage = Stage::set().await;
    for thing in THINGS {
        assert!(stage.revoke(thing).await.unwrap().already, "{thing:?}");
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn a_role_revoke_after_the_user_moved_changes_nothing() {
    let stage = Stage::set().await;
    stage.grant(Thing::Role).await.unwrap();
    let on = entitlement(Thing::Role, &stage.old_role);
    assert!(
        stage
            .caller()
            .revoke(&on, ("user", &stage.user))
            .await
            .unwrap()
            .already
    );
    assert!(stage.has(&stage.user, Thing::Role));
    stage
        .org()
        .set("User", &stage.user, &[("UserRoleId", json!(null))]);
    assert!(stage.revoke(Thing::Role).await.unwrap().already);
}

#[tokio::test]
async fn what_a_grant_replaces_is_reported() {
    let stage = Stage::set().await;
    for (thing, old) in [
        (Thing::Role, &stage.old_role),
        (Thing::Profile, &stage.old_profile),
    ] {
        let kind = entitlement(thing, "").0;
        let synced = stage.harness.sync().await;
        let granted = stage.grant(thing).await.unwrap();
        let replaced = granted.replaced.unwrap();
        assert_eq!(
            replaced,
            format!("{kind}:{old}:assigned:user:{}", stage.user)
        );
        assert!(
            synced.grants.contains_key(&replaced),
            "a sync knows it by that id"
        );
        assert_eq!(stage.grant(thing).await.unwrap().replaced, None);
    }
    stage
        .org()
        .set("User", &stage.user, &[("UserRoleId", json!(null))]);
    assert_eq!(stage.grant(Thing::Role).await.unwrap().replaced, None);
}

/// What is logged, as one text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines about writes, and the log is empty again.
    fn writes(&self) -> Vec<Json> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = String::from_utf8(bytes).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Json>(line).unwrap());
        lines
            .map(|line| line["fields"].clone())
            .filter(|fields| fields["message"] == "write")
            .collect()
    }
}

#[tokio::test]
async fn every_write_leaves_one_line_without_names() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    // While there is only one subscriber, `tracing` takes the one of whichever thread logs a line
    // first, and other tests have none. A second one makes it ask all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let stage = Stage::set().await;
    for thing in THINGS {
        for (result, line) in [
            ("changed", stage.grant(thing).await.map(|_| log.writes())),
            ("already", stage.grant(thing).await.map(|_| log.writes())),
            ("changed", stage.revoke(thing).await.map(|_| log.writes())),
            ("already", stage.revoke(thing).await.map(|_| log.writes())),
        ] {
            let [line] = line.unwrap().try_into().expect("one line");
            assert_eq!(
                (&line["result"], &line["sf.object"]),
                (&json!(result), &json!(thing.object()))
            );
            let ids = line["sf.ids"].as_str().unwrap();
            let named = if thing.is_record() {
                "sf.ids"
            } else {
                "sf.field"
            };
            let named = line[named].as_str().unwrap();
            assert!(
                ids.contains(&stage.user) && named.contains(stage.id(thing)),
                "{line}"
            );
            assert!(
                (1..=2).contains(&line["sf.api_calls"].as_u64().unwrap()),
                "{line}"
            );
            assert!(
                line["duration_ms"].is_u64() && !line.to_string().contains("stage"),
                "{line}"
            );
        }
    }
}

#[tokio::test]
async fn an_empty_org_is_no_obstacle() {
    let stage = Stage::with(Setup {
        org: Org::empty(),
        ..Setup::default()
    })
    .await;
    let has = |thing: &Thing| !stage.id(*thing).is_empty();
    for thing in THINGS.into_iter().filter(has) {
        assert!(!stage.grant(thing).await.unwrap().already);
        assert!(!stage.revoke(thing).await.unwrap().already);
    }
}

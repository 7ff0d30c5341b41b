//! The daemon against a stand-in for the platform: the released binary, its connector process, TLS.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use baton_salesforce::pb::connector;
use baton_salesforce::pb::platform::baton_service_finish_task_request::{FinalState, Success};
use baton_salesforce::pb::platform::task::{self, TaskType};
use prost::Name;
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tonic::Code;

use crate::file;
use crate::platform::Platform;
use crate::process::{Ended, children, command, end, eventually, free_port, org, run, signal};

/// A daemon, its platform and its org.
pub(crate) struct Scene {
    pub(crate) platform: Platform,
    pub(crate) simulator: Simulator,
    directory: tempfile::TempDir,
    pub(crate) daemon: Option<Child>,
    /// A permission set that nobody has, and a user.
    set: String,
    user: String,
}

impl Scene {
    /// Everything but the daemon.
    pub(crate) async fn prepare() -> Self {
        let mut seed = Org::seed(Preset::Tiny);
        let set = [("Name", json!("Spare")), ("Label", json!("Spare"))];
        let set = seed.create("PermissionSet", &set).unwrap();
        let is_ordinary = |user: &Json| {
            user["IsActive"] == true
                && user["UserType"] == "Standard"
                && user["Username"] != "admin@simulated.example"
        };
        let user = seed.rows("User").into_iter().find(is_ordinary).unwrap();
        Self {
            user: user["Id"].as_str().unwrap().to_owned(),
            set,
            platform: Platform::start(),
            simulator: Simulator::start(seed).await,
            directory: tempfile::tempdir().unwrap(),
            daemon: None,
        }
    }

    pub(crate) async fn start(flags: &[&str]) -> Self {
        let mut scene = Self::prepare().await;
        scene.launch(flags);
        scene
    }

    fn temporary(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut arguments = org(&self.simulator);
        arguments.extend([
            "--provisioning".to_owned(),
            format!("--client-id={}", self.platform.client_id()),
            format!("--c1z-temp-dir={}", self.temporary().display()),
        ]);
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let mut command = command(self.temporary(), &arguments);
        command
            .env("BATON_CLIENT_SECRET", self.platform.client_secret())
            .env("BATON_HOST_ID", "test-host")
            .env("SSL_CERT_FILE", self.platform.authority());
        command
    }

    pub(crate) fn launch(&mut self, flags: &[&str]) {
        self.launch_in(flags, &[]);
    }

    /// Starts the daemon with further variables.
    pub(crate) fn launch_in(&mut self, flags: &[&str], variables: &[(&str, &str)]) {
        let mut command = self.command(flags);
        command.envs(variables.iter().copied());
        self.daemon = Some(command.spawn().unwrap());
    }

    pub(crate) fn process(&self) -> u32 {
        self.daemon.as_ref().unwrap().id().unwrap()
    }

    /// Waits for the report of a task.
    pub(crate) async fn report(&self, task: &str) -> Result<Option<Success>, (Code, String, bool)> {
        let found = eventually("a task is reported", || {
            let mut reports = self.platform.reports(task);
            assert!(reports.len() < 2, "{task} is reported twice");
            reports.pop()
        });
        let report = found.await;
        match report.final_state.unwrap() {
            FinalState::Success(success) => {
                assert_eq!(report.status, None);
                Ok(Some(success))
            }
            FinalState::Error(error) => {
                let status = report.status.unwrap();
                Err((
                    Code::from_i32(status.code),
                    status.message,
                    error.non_retryable,
                ))
            }
        }
    }

    /// Does a task to its end.
    pub(crate) async fn do_task(
        &self,
        task: TaskType,
    ) -> Result<Option<Success>, (Code, String, bool)> {
        let task = self.platform.give(task);
        self.report(&task).await
    }

    /// The answer of the connector in the report of a task that succeeded.
    async fn answer<M: prost::Message + Name + Default>(&self, task: TaskType) -> M {
        let success = self.do_task(task).await.unwrap().unwrap();
        let response = success.response.unwrap();
        assert_eq!(response.type_url, M::type_url());
        M::decode(response.value.as_slice()).unwrap()
    }

    /// Ends the daemon as a service manager does. Nothing is left, no task is reported twice, and
    /// the contract was kept.
    pub(crate) async fn stop(mut self) -> Ended {
        signal(self.process(), "TERM");
        let ended = end(self.daemon.take().unwrap()).await;
        ended.assert_decent();
        assert!(!ended.stderr.contains("token-"), "{}", ended.stderr);
        self.platform.assert_clean();
        let left: Vec<_> = std::fs::read_dir(self.temporary())
            .unwrap()
            .flatten()
            .collect();
        assert!(left.is_empty(), "{left:?}");
        ended
    }

    pub(crate) fn grant(&self) -> TaskType {
        TaskType::Grant(task::GrantTask {
            entitlement: Some(self.entitlement()),
            principal: Some(self.principal()),
            ..task::GrantTask::default()
        })
    }

    pub(crate) fn revoke(&self) -> TaskType {
        let entitlement = self.entitlement();
        TaskType::Revoke(task::RevokeTask {
            grant: Some(connector::Grant {
                id: format!("{}:user:{}", entitlement.id, self.user),
                entitlement: Some(Box::new(entitlement)),
                principal: Some(Box::new(self.principal())),
                ..connector::Grant::default()
            }),
            ..task::RevokeTask::default()
        })
    }

    fn entitlement(&self) -> connector::Entitlement {
        connector::Entitlement {
            id: format!("permission:{}:assigned", self.set),
            slug: "assigned".to_owned(),
            resource: Some(resource("permission", &self.set)),
            ..connector::Entitlement::default()
        }
    }

    fn principal(&self) -> connector::Resource {
        resource("user", &self.user)
    }

    fn assignments(&self) -> usize {
        let rows = self.simulator.org().rows("PermissionSetAssignment");
        let of_set = rows
            .iter()
            .filter(|row| row["PermissionSetId"] == self.set.as_str());
        of_set.count()
    }

    /// The rows of a task's file.
    pub(crate) fn uploaded(&self, task: &str) -> file::Rows {
        let path = self.platform.authority().with_file_name("uploaded.c1z");
        std::fs::write(&path, &self.platform.script().uploads[task]).unwrap();
        file::read(&path)
    }
}

fn resource(kind: &str, id: &str) -> connector::Resource {
    connector::Resource {
        id: Some(connector::ResourceId {
            resource_type: kind.to_owned(),
            resource: id.to_owned(),
            ..connector::ResourceId::default()
        }),
        ..connector::Resource::default()
    }
}

pub(crate) fn full_sync() -> TaskType {
    TaskType::SyncFull(task::SyncFullTask::default())
}

#[tokio::test]
async fn it_greets_the_platform_and_again_when_asked() {
    let scene = Scene::start(&[]).await;
    let task = scene
        .platform
        .give(TaskType::Hello(task::HelloTask::default()));
    eventually("two greetings", || {
        (scene.platform.script().hellos.len() == 2).then_some(())
    })
    .await;
    {
        let script = scene.platform.script();
        let ids: Vec<_> = script
            .hellos
            .iter()
            .map(|hello| hello.task_id.as_str())
            .collect();
        assert_eq!(ids, ["", task.as_str()]);
        let hello = &script.hellos[0];
        let metadata = hello.connector_metadata.as_ref().unwrap();
        assert_eq!(metadata.display_name, "Salesforce");
        assert!(!hello.os_info.as_ref().unwrap().kernel_version.is_empty());
        assert_eq!(
            hello.build_info.as_ref().unwrap().package,
            "baton-salesforce"
        );
        assert!(script.finished.is_empty(), "a greeting is its own report");
    }
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn grants_and_revokes_are_done_and_reported_with_their_answers() {
    let scene = Scene::start(&[]).await;
    let granted: connector::GrantManagerServiceGrantResponse = scene.answer(scene.grant()).await;
    assert_eq!(granted.grants.len(), 1);
    assert_eq!(scene.assignments(), 1);
    let _: connector::GrantManagerServiceRevokeResponse = scene.answer(scene.revoke()).await;
    assert_eq!(scene.assignments(), 0);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_refused_grant_is_final_and_has_the_status_of_the_connector() {
    let scene = Scene::start(&[]).await;
    let TaskType::Grant(mut task) = scene.grant() else {
        unreachable!()
    };
    task.principal = Some(resource("user", "005000000000000AAA"));
    let task = scene.platform.give(TaskType::Grant(task));
    let (code, message, is_final) = scene.report(&task).await.unwrap_err();
    assert_eq!(code, Code::InvalidArgument, "{message}");
    assert!(message.contains("does not exist in this org"), "{message}");
    assert!(is_final);
    scene.stop().await.assert_success();
}

fn text_value(text: &str) -> prost_types::Value {
    prost_types::Value {
        kind: Some(prost_types::value::Kind::StringValue(text.to_owned())),
    }
}

#[tokio::test]
async fn an_account_is_created_and_reported_with_the_connectors_answer() {
    let scene = Scene::start(&[]).await;
    let profiles = scene.simulator.org().rows("Profile");
    let profile = profiles
        .iter()
        .find(|profile| profile["Name"] == "Standard User")
        .unwrap();
    let fields = [
        ("email", "new@simulated.example"),
        ("username", "new.account@simulated.example"),
        ("last_name", "New"),
        ("first_name", "Account"),
        ("alias", "newacc"),
        ("profileId", profile["Id"].as_str().unwrap()),
    ];
    let profile = prost_types::Struct {
        fields: fields
            .map(|(name, text)| (name.to_owned(), text_value(text)))
            .into(),
    };
    let before = scene.simulator.org().rows("User").len();
    let created: connector::CreateAccountResponse = scene
        .answer(TaskType::CreateAccount(task::CreateAccountTask {
            account_info: Some(connector::AccountInfo {
                profile: Some(profile),
                login: "new.account@simulated.example".to_owned(),
                ..connector::AccountInfo::default()
            }),
            credential_options: Some(connector::CredentialOptions {
                options: Some(connector::credential_options::Options::NoPassword(
                    connector::credential_options::NoPassword {},
                )),
                ..connector::CredentialOptions::default()
            }),
            ..task::CreateAccountTask::default()
        }))
        .await;
    assert!(created.result.is_some());
    assert_eq!(scene.simulator.org().rows("User").len(), before + 1);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn actions_are_described_invoked_and_followed() {
    let scene = Scene::start(&[]).await;
    let schemas: connector::ListActionSchemasResponse = scene
        .answer(TaskType::ActionListSchemas(
            task::ActionListSchemasTask::default(),
        ))
        .await;
    assert!(
        schemas
            .schemas
            .iter()
            .any(|schema| schema.name == "update_user_status")
    );
    let name = "update_user_status".to_owned();
    let get = task::ActionGetSchemaTask {
        name: name.clone(),
        ..task::ActionGetSchemaTask::default()
    };
    let schema: connector::GetActionSchemaResponse =
        scene.answer(TaskType::ActionGetSchema(get)).await;
    assert_eq!(schema.schema.unwrap().name, name);
    let arguments = prost_types::Struct {
        fields: [
            ("resource_id".to_owned(), text_value(&scene.user)),
            (
                "is_active".to_owned(),
                prost_types::Value {
                    kind: Some(prost_types::value::Kind::BoolValue(false)),
                },
            ),
        ]
        .into(),
    };
    let invoke = task::ActionInvokeTask {
        name: name.clone(),
        args: Some(arguments),
        ..task::ActionInvokeTask::default()
    };
    let invoked: connector::InvokeActionResponse =
        scene.answer(TaskType::ActionInvoke(invoke)).await;
    let ask = task::ActionStatusTask {
        name,
        id: invoked.id,
        ..task::ActionStatusTask::default()
    };
    let status: connector::GetActionStatusResponse =
        scene.answer(TaskType::ActionStatus(ask)).await;
    assert_eq!(status.status(), connector::BatonActionStatus::Complete);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn event_feeds_and_their_events_are_listed() {
    let scene = Scene::start(&[]).await;
    let feeds: connector::ListEventFeedsResponse = scene
        .answer(TaskType::ListEventFeeds(task::ListEventFeedsTask::default()))
        .await;
    assert!(!feeds.list.is_empty());
    let events = task::ListEventsTask {
        event_feed_id: "logins".to_owned(),
        page_size: 10,
        ..task::ListEventsTask::default()
    };
    let _: connector::ListEventsResponse = scene.answer(TaskType::ListEvents(events)).await;
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn what_this_connector_does_not_do_is_answered_and_never_left_hanging() {
    let scene = Scene::start(&[]).await;
    for task in [
        TaskType::EventFeed(task::EventFeedTask::default()),
        TaskType::CreateSyncDiff(task::CreateSyncDiffTask::default()),
        TaskType::CompactSyncs(task::CompactSyncs::default()),
        TaskType::CreateTicketTask(task::CreateTicketTask::default()),
        TaskType::GetTicket(task::GetTicketTask::default()),
        TaskType::ListTicketSchemas(task::ListTicketSchemasTask::default()),
        TaskType::BulkCreateTickets(task::BulkCreateTicketsTask::default()),
        TaskType::BulkGetTickets(task::BulkGetTicketsTask::default()),
        TaskType::IssueCredential(task::IssueCredentialTask::default()),
        TaskType::CreateResource(task::CreateResourceTask::default()),
        TaskType::DeleteResource(task::DeleteResourceTask::default()),
        TaskType::RotateCredentials(task::RotateCredentialsTask::default()),
    ] {
        let shown = format!("{task:?}");
        let (code, message, _) = scene.do_task(task).await.unwrap_err();
        // The third is how the SDK answers for a service that is switched off.
        let expected = [Code::Unimplemented, Code::InvalidArgument, Code::Unknown];
        assert!(expected.contains(&code), "{shown}: {code:?}: {message}");
        assert!(!message.is_empty());
    }
    let (code, message, is_final) = {
        // A type that only newer platforms know.
        let id = scene
            .platform
            .give(TaskType::None(task::NoneTask::default()));
        scene.platform.script().tasks.back_mut().unwrap().task_type = None;
        scene.report(&id).await.unwrap_err()
    };
    assert_eq!((code, is_final), (Code::Unimplemented, true), "{message}");
    scene.stop().await.assert_success();
}

/// The rows that a one-shot sync of the same org brings.
async fn one_shot(scene: &Scene, flags: &[&str]) -> file::Rows {
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = org(&scene.simulator);
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    run(directory.path(), &arguments).await.assert_success();
    file::read(&directory.path().join("sync.c1z"))
}

fn keys<T>(rows: &BTreeMap<String, T>) -> Vec<&String> {
    rows.keys().collect()
}

#[tokio::test]
async fn a_full_sync_is_uploaded_whole() {
    let scene = Scene::start(&[]).await;
    let task = scene.platform.give(full_sync());
    let success = scene.report(&task).await.unwrap().unwrap();
    assert_eq!(success.response, None);
    let wanted = one_shot(&scene, &[]).await;
    let got = scene.uploaded(&task);
    assert!(got.resources == wanted.resources);
    assert_eq!(keys(&got.entitlements), keys(&wanted.entitlements));
    assert!(got.grants == wanted.grants);
    assert!(scene.platform.script().heartbeats.contains(&task));
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn the_platform_says_what_a_sync_brings() {
    let scene = Scene::start(&[]).await;
    let sync = async |asked: task::SyncFullTask| {
        let task = scene.platform.give(TaskType::SyncFull(asked));
        scene.report(&task).await.unwrap();
        scene.uploaded(&task)
    };
    let unexpanded = sync(task::SyncFullTask {
        skip_expand_grants: true,
        storage_engine: "pebble".to_owned(),
        ..task::SyncFullTask::default()
    })
    .await;
    let is_derived = |grant: &&connector::Grant| grant.sources.is_some();
    assert_eq!(unexpanded.grants.values().filter(is_derived).count(), 0);
    assert!(!unexpanded.grants.is_empty());

    let resources_only = sync(task::SyncFullTask {
        skip_entitlements_and_grants: true,
        ..task::SyncFullTask::default()
    })
    .await;
    assert!(resources_only.entitlements.is_empty() && resources_only.grants.is_empty());
    assert!(!resources_only.resources.is_empty());

    let without_grants = sync(task::SyncFullTask {
        skip_grants: true,
        ..task::SyncFullTask::default()
    })
    .await;
    assert!(!without_grants.entitlements.is_empty() && without_grants.grants.is_empty());

    let types = sync(task::SyncFullTask {
        sync_resource_type_ids: vec!["user".to_owned(), "profile".to_owned()],
        ..task::SyncFullTask::default()
    })
    .await;
    assert_eq!(keys(&types.types), ["profile", "user"]);

    let targeted = sync(task::SyncFullTask {
        targeted_sync_resources: vec![resource("user", &scene.user)],
        ..task::SyncFullTask::default()
    })
    .await;
    assert_eq!(keys(&targeted.resources), [&format!("user/{}", scene.user)]);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn full_syncs_can_be_skipped_and_the_last_file_kept() {
    let scene = Scene::start(&["--skip-full-sync", "--keep-previous-sync-c1z"]).await;
    let task = scene.platform.give(full_sync());
    scene.report(&task).await.unwrap();
    assert!(scene.uploaded(&task).resources.is_empty());
    let is_kept = |entry: &std::fs::DirEntry| {
        entry
            .file_name()
            .to_str()
            .unwrap()
            .starts_with("baton-previous-sync-")
    };
    let kept: Vec<_> = std::fs::read_dir(scene.temporary())
        .unwrap()
        .flatten()
        .filter(is_kept)
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        std::fs::read(kept[0].path()).unwrap(),
        scene.platform.script().uploads[&task]
    );
    std::fs::remove_file(kept[0].path()).unwrap();
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_platform_that_is_not_there_yet_is_greeted_again() {
    let mut scene = Scene::prepare().await;
    scene.platform.fail("token", &[Code::Unavailable]);
    scene.platform.fail("Hello", &[Code::Unavailable]);
    scene.launch(&[]);
    scene.do_task(scene.grant()).await.unwrap();
    scene.stop().await.assert_success();
}

#[test_case(Code::PermissionDenied, 7; "permission denied")]
#[test_case(Code::Unauthenticated, 16; "unauthenticated with a new token, too")]
#[tokio::test]
async fn a_host_that_the_platform_refuses_ends(code: Code, exit: i32) {
    let scene = Scene::prepare().await;
    scene.platform.fail("Hello", &[code, code]);
    let ended = end(scene.command(&[]).spawn().unwrap()).await;
    ended.assert_failure(exit, "greeting the platform: as the script says");
    assert_eq!(std::fs::read_dir(scene.temporary()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_refused_token_is_replaced() {
    let scene = Scene::start(&[]).await;
    scene.do_task(scene.grant()).await.unwrap();
    scene.platform.fail("GetTask", &[Code::Unauthenticated]);
    scene.platform.fail("FinishTask", &[Code::Unauthenticated]);
    scene.do_task(scene.revoke()).await.unwrap();
    assert_eq!(scene.platform.script().calls["token"], 3);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let mut scene = Scene::prepare().await;
    scene.platform.script().token_life = 1;
    scene.launch(&[]);
    eventually("a second token", || {
        (scene.platform.script().calls.get("token") >= Some(&2)).then_some(())
    })
    .await;
    scene.do_task(scene.grant()).await.unwrap();
    scene.stop().await.assert_success();
}

#[test_case(300; "slow")]
#[test_case(-300; "fast")]
#[tokio::test]
async fn a_clock_that_is_wrong_by_five_minutes_does_not_matter(ahead: i64) {
    let mut scene = Scene::prepare().await;
    scene.platform.script().clock_ahead = ahead;
    scene.launch(&[]);
    scene.do_task(scene.grant()).await.unwrap();
    let ended = scene.stop().await;
    assert!(
        ended.stderr.contains("the clock of this computer differs"),
        "{}",
        ended.stderr
    );
}

/// What happened while the platform was away is reported when it is back.
#[tokio::test]
async fn a_platform_that_goes_away_gets_its_reports_when_it_is_back() {
    let scene = Scene::start(&[]).await;
    scene.do_task(scene.grant()).await.unwrap();
    scene
        .platform
        .fail("FinishTask", &[Code::Unavailable, Code::Internal]);
    let task = scene.platform.give(scene.revoke());
    eventually("the report is refused", || {
        (scene.platform.script().calls.get("FinishTask") >= Some(&2)).then_some(())
    })
    .await;
    scene.platform.go_away();
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.platform.come_back().await;
    scene.report(&task).await.unwrap();
    assert_eq!(scene.assignments(), 0);
    scene.do_task(scene.grant()).await.unwrap();
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn an_upload_that_is_cut_begins_anew() {
    let scene = Scene::start(&[]).await;
    scene.platform.script().cut_uploads.extend([0, 1]);
    let task = scene.platform.give(full_sync());
    scene.report(&task).await.unwrap();
    assert!(!scene.uploaded(&task).resources.is_empty());
    assert_eq!(scene.platform.script().calls["UploadAsset"], 3);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_task_that_the_platform_cancels_is_reported_as_cancelled() {
    let mut scene = Scene::prepare().await;
    let task = scene.platform.give(full_sync());
    scene.platform.script().cancelled.insert(task.clone());
    // The org would take its time.
    scene
        .simulator
        .with(|org| org.settings.latency = Duration::from_secs(2));
    scene.launch(&[]);
    let (code, message, _) = scene.report(&task).await.unwrap_err();
    assert_eq!(code, Code::Cancelled, "{message}");
    assert!(scene.platform.script().uploads.is_empty());
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_task_that_is_given_twice_is_done_once() {
    let mut scene = Scene::prepare().await;
    let task = scene.platform.give(scene.grant());
    {
        let mut script = scene.platform.script();
        let again = script.tasks[0].clone();
        script.tasks.extend([again.clone(), again]);
    }
    let last = scene.platform.give(scene.revoke());
    scene.launch(&[]);
    scene.report(&last).await.unwrap();
    assert_eq!(scene.platform.reports(&task).len(), 1);
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn several_tasks_come_at_once_where_the_environment_says_so() {
    let mut scene = Scene::prepare().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| scene.platform.give(scene.grant()))
        .collect();
    let mut command = scene.command(&["--task-concurrency=4"]);
    scene.daemon = Some(command.env("BATON_GET_TASKS", "true").spawn().unwrap());
    for task in &tasks {
        scene.report(task).await.unwrap();
    }
    assert_eq!(scene.assignments(), 1);
    {
        let script = scene.platform.script();
        assert!(!script.calls.contains_key("GetTask"));
        assert!(script.calls["GetTasks"] >= 3);
    }
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_connector_that_dies_is_started_anew() {
    let scene = Scene::start(&[]).await;
    scene.do_task(scene.grant()).await.unwrap();
    let connectors = children(scene.process());
    assert_eq!(connectors.len(), 1);
    signal(connectors[0], "KILL");
    eventually("the connector is gone", || {
        children(scene.process()).is_empty().then_some(())
    })
    .await;
    scene.do_task(scene.revoke()).await.unwrap();
    assert_eq!(scene.assignments(), 0);
    let ended = scene.stop().await;
    assert!(
        ended.stderr.contains("starting it anew"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_connector_that_dies_in_a_sync_fails_the_task_and_leaves_nothing() {
    let scene = Scene::start(&[]).await;
    scene
        .simulator
        .with(|org| org.settings.latency = Duration::from_secs(1));
    let task = scene.platform.give(full_sync());
    let connector = eventually("the sync has begun", || {
        let has_begun = scene.platform.script().heartbeats.contains(&task);
        children(scene.process()).pop().filter(|_| has_begun)
    })
    .await;
    signal(connector, "KILL");
    let (_, message, is_final) = scene.report(&task).await.unwrap_err();
    assert!(message.contains("killed"), "{message}");
    assert!(!is_final, "another try may succeed");
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_running_task_is_reported_as_failed_at_the_second_signal() {
    let mut scene = Scene::start(&[]).await;
    scene
        .simulator
        .with(|org| org.settings.latency = Duration::from_secs(20));
    let task = scene.platform.give(full_sync());
    eventually("the sync has begun", || {
        scene
            .platform
            .script()
            .heartbeats
            .contains(&task)
            .then_some(())
    })
    .await;
    signal(scene.process(), "TERM");
    let process = scene.process();
    let waits = async {
        let mut stderr = String::new();
        let errors = scene.daemon.as_mut().unwrap().stderr.as_mut().unwrap();
        let mut buffer = [0; 4096];
        while !stderr.contains("waiting for running tasks") {
            let count = errors.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "{stderr}");
            stderr.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    waits.await;
    signal(process, "TERM");
    let (code, message, is_final) = scene.report(&task).await.unwrap_err();
    assert_eq!((code, is_final), (Code::Unavailable, false), "{message}");
    let ended = end(scene.daemon.take().unwrap()).await;
    ended.assert_success();
    assert_eq!(std::fs::read_dir(scene.temporary()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_full_disk_fails_the_sync_and_not_the_daemon() {
    let mut scene = Scene::prepare().await;
    let plain = scene.command(&[]);
    let plain = plain.as_std();
    let mut shell = crate::process::of(
        Path::new("sh"),
        scene.temporary(),
        &["-c", "ulimit -f 64; exec \"$0\" \"$@\""],
    );
    shell.arg(plain.get_program()).args(plain.get_args());
    shell.envs(
        plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    scene.daemon = Some(shell.spawn().unwrap());
    let task = scene.platform.give(full_sync());
    let (_, message, is_final) = scene.report(&task).await.unwrap_err();
    assert!(!is_final, "{message}");
    scene.do_task(scene.grant()).await.unwrap();
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn the_health_endpoint_asks_the_connector() {
    let port = free_port();
    let flag = format!("--health-check-port={port}");
    let scene = Scene::start(&["--health-check", &flag]).await;
    scene.do_task(scene.grant()).await.unwrap();
    let ask = async |endpoint: &str| {
        let url = format!("http://127.0.0.1:{port}/{endpoint}");
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    assert_eq!(
        (ask("health").await, ask("ready").await, ask("live").await),
        (200, 200, 200)
    );
    let lacks = "ApiEnabled".to_owned();
    scene
        .simulator
        .with(|org| org.settings.missing_permissions.insert(lacks));
    assert_eq!((ask("health").await, ask("live").await), (503, 200));
    scene.stop().await.assert_success();
}

/// The memory of a process in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let words = line.unwrap().split_whitespace();
    words.skip(1).find_map(|word| word.parse().ok()).unwrap()
}

/// A day of tasks, one every five minutes, in a minute: nothing grows, nothing is left, nothing is
/// reported twice.
#[tokio::test]
async fn after_many_tasks_nothing_is_left() {
    let mut scene = Scene::prepare().await;
    scene.platform.script().next_poll = Duration::from_millis(1);
    scene.launch(&[]);
    let batch = async |count: usize| {
        for number in 0..count {
            scene.do_task(scene.grant()).await.unwrap();
            scene.do_task(scene.revoke()).await.unwrap();
            if number % 10 == 0 {
                scene.do_task(full_sync()).await.unwrap();
            }
        }
        let daemon = scene.process();
        let descriptors = std::fs::read_dir(format!("/proc/{daemon}/fd")).unwrap();
        let processes = std::iter::once(daemon).chain(children(daemon));
        (descriptors.count(), processes.map(memory).sum::<u64>())
    };
    let (descriptors, kib) = batch(20).await;
    let (descriptors_after, kib_after) = batch(125).await;
    assert!(
        descriptors_after <= descriptors + 2,
        "{descriptors} descriptors became {descriptors_after}"
    );
    // Allocators keep some of what was freed.
    assert!(kib_after <= kib + 24 * 1024, "{kib} KiB became {kib_after}");
    let workplace = std::fs::read_dir(scene.temporary())
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let left: Vec<_> = std::fs::read_dir(workplace.path())
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");
    scene.stop().await.assert_success();
}

#[test_case(&["--client-id=x"], "field client-id: expected <name>@<host>/<path>"; "client id")]
#[test_case(&["--client-id=a@b/c", "--client-secret=S3CRET"], "field client-secret: expected four parts"; "client secret")]
#[tokio::test]
async fn wrong_credentials_are_told_before_anything_is_sent(flags: &[&str], message: &str) {
    let directory = tempfile::tempdir().unwrap();
    let offline = [
        "--instance-url=acme.my.salesforce.com",
        "--oauth2-token=x",
        "--client-secret=a:b:v1:c",
    ];
    let ended = run(directory.path(), &[&offline[..], flags].concat()).await;
    ended.assert_failure(2, message);
}

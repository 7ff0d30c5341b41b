//! Configuration that exists but cannot be used: nothing runs, and nobody is written to.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::json;
use tempfile::TempDir;
use test_case::test_case;

use crate::process::{Ended, command, end, run, with};

/// An org and a directory to start in, which any user may enter.
struct Scene {
    simulator: Simulator,
    directory: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        Self {
            simulator: Simulator::start(Org::seed(Preset::Tiny)).await,
            directory,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        run(self.path(), &with(&self.simulator, arguments)).await
    }

    /// Tries to freeze a user as somebody whom file permissions hold back.
    async fn freeze(&self) -> Ended {
        let arguments = json!({ "resource_id": self.simulator.org().integration_user() });
        let arguments = format!("--invoke-action-args={arguments}");
        let own = ["--invoke-action=freeze_user", &arguments];
        let mut command = command(self.path(), &with(&self.simulator, &own));
        // Root may read everything.
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534);
        }
        end(command.spawn().unwrap()).await
    }

    fn assert_untouched(&self) {
        assert_eq!(self.simulator.logins(), 0, "somebody signed in");
    }
}

fn without_permission(path: &Path) {
    std::fs::write(path, "dry-run: true\n").unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o0)).unwrap();
}

#[test_case(without_permission, "cannot be read by this user"; "without permission")]
#[test_case(|path| std::fs::create_dir(path).unwrap(), "is a directory"; "a directory")]
#[test_case(|path| symlink("gone", path).unwrap(), "a file that does not exist"; "a dangling link")]
#[test_case(|path| std::fs::write(path, "dry-run = true").unwrap(), "expected YAML"; "no YAML")]
#[test_case(
    |path| std::fs::write(path, "dry_run: true").unwrap(),
    "unknown key dry_run: did you mean dry-run?"; "a misspelt key"
)]
#[tokio::test]
async fn a_config_file_that_cannot_be_used_stops_a_write(make: fn(&Path), reason: &str) {
    let scene = Scene::new().await;
    make(&scene.path().join(".baton.yaml"));
    let ended = scene.freeze().await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    let [first, problem] = ended.told()[..] else {
        panic!("{}", ended.stderr)
    };
    assert_eq!(first, "errors found:");
    assert!(problem.starts_with("config file .baton.yaml"), "{problem}");
    assert!(problem.contains(reason), "{problem}");
    scene.assert_untouched();
}

#[test_case(
    &["--sync-resource-types=x"],
    "field sync-resource-types: unknown resource type 'x': expected one of agent, \
     feature_license, group, package_license, permission, permission_set_group, \
     permission_set_license, profile, role, territory, user, user_license"; "a type that is not there"
)]
#[test_case(
    &["--sync-resource-types=users"],
    "field sync-resource-types: unknown resource type 'users': did you mean user?"; "a misspelt type"
)]
#[test_case(
    &["--sync-resource-types=connected_application"],
    "field sync-resource-types: connected_application is not synced without \
     --sync-connected-apps"; "a type that is switched off"
)]
#[test_case(
    &["--sync-licenses=false", "--sync-resource-types=user_license"],
    "field sync-resource-types: user_license is not synced with --sync-licenses=false";
    "a type that is switched off by a flag"
)]
#[test_case(
    &["--sync-resources=005000000000001"],
    "field sync-resources: \"005000000000001\" does not name a resource"; "no BID"
)]
#[test_case(
    &["--sync-resources=bid:r:usr/005000000000001"],
    "field sync-resources: unknown resource type 'usr': did you mean user?"; "a BID of no type"
)]
#[test_case(
    &["--sync-resources=bid:r:user/jane"],
    "field sync-resources: 'jane': a Salesforce id has 15 or 18 characters"; "a BID without an id"
)]
#[test_case(
    &["--delete-resource=005000000000001", "--delete-resource-type=usr"],
    "field delete-resource-type: unknown resource type 'usr': did you mean user?";
    "a type to delete"
)]
#[test_case(&["--provisioning", "maybe"], "field provisioning: expected true or false"; "a switch")]
#[test_case(&["--revoke-grant="], "field revoke-grant: is empty"; "an empty grant")]
#[test_case(
    &["--invoke-resource-action=freeze_user"],
    "field invoke-resource-action: is not used by the Baton SDK: use --invoke-action";
    "a flag without effect"
)]
#[tokio::test]
async fn a_wrong_value_is_refused_before_signing_in(arguments: &[&str], problem: &str) {
    let scene = Scene::new().await;
    let ended = scene.run(arguments).await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    let told = ended.told();
    assert_eq!(told.len(), 2, "{}", ended.stderr);
    assert!(told[1].starts_with(problem), "{}", told[1]);
    scene.assert_untouched();
}

#[tokio::test]
async fn an_unknown_action_is_not_found_before_signing_in() {
    let scene = Scene::new().await;
    let ended = scene.run(&["--invoke-action=freeze_usr"]).await;
    let message = "field invoke-action: unknown action 'freeze_usr': did you mean freeze_user?";
    ended.assert_failure(5, message);
    scene.assert_untouched();
}

#[tokio::test]
async fn a_misspelt_variable_is_warned_about_once() {
    let scene = Scene::new().await;
    let mut command = command(scene.path(), &with(&scene.simulator, &["-f", "x.c1z"]));
    command.env("BATON_DRYRUN", "true");
    let ended = end(command.spawn().unwrap()).await;
    ended.assert_success();
    let warnings = ended.stderr.matches("did you mean BATON_DRY_RUN?").count();
    assert_eq!(warnings, 1, "{}", ended.stderr);
}

#[test_case(r#"{"id":"S3CRET"}"#, "has no access_token"; "no token")]
#[test_case(
    r#"{"access_token":"S3CRET","instance_url":"https://evil.example"}"#,
    "evil.example is not a Salesforce host"; "a foreign host"
)]
#[test_case(
    r#"{"access_token":"S3CRET","instance_url":"http://acme.my.salesforce.com"}"#,
    "must start with https://"; "plain text"
)]
#[tokio::test]
async fn a_part_of_a_token_that_cannot_be_honoured_is_refused(token: &str, reason: &str) {
    let directory = tempfile::tempdir().unwrap();
    let token = format!("--oauth2-token={token}");
    let arguments = ["--instance-url=acme.my.salesforce.com", &token];
    let ended = run(directory.path(), &arguments).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    let last = *ended.told().last().unwrap();
    assert!(last.starts_with("field oauth2-token: "), "{last}");
    assert!(last.contains(reason), "{last}");
    ended.assert_decent();
}

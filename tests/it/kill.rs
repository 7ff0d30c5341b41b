//! A sync that is cut off: the old file stays whole, nothing runs on, and the next run succeeds.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use salesforce_simulator::{Fault, Matcher, Org, Preset, SeedSize, Simulator};
use tempfile::TempDir;
use test_case::test_case;
use tokio::process::Command;

use crate::file;
use crate::process::{
    BINARY, Ended, children, command, end, eventually, of, org, run, runs, signal, with,
};

/// A directory with the file of a sync that went well.
struct Scene {
    simulator: Simulator,
    directory: TempDir,
    before: Vec<u8>,
}

impl Scene {
    async fn new() -> Self {
        let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
        let directory = tempfile::tempdir().unwrap();
        run(directory.path(), &org(&simulator))
            .await
            .assert_success();
        let before = std::fs::read(directory.path().join("sync.c1z")).unwrap();
        Self {
            simulator,
            directory,
            before,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join("sync.c1z")
    }

    /// The names in the directory.
    fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Starts a sync and waits until it is in the middle: rows are read, and a call of the child
    /// hangs. Returns the host's process and the connector's.
    async fn hang(&self, change: impl FnOnce(&mut Command)) -> (tokio::process::Child, u32) {
        let faults = self.simulator.faults();
        let query = Matcher::queries_of("PermissionSetAssignment");
        faults.next(1, query, Fault::Latency(Duration::from_hours(1)));
        let mut command = command(self.path(), &org(&self.simulator));
        change(&mut command);
        let host = command.spawn().unwrap();
        let asked = || (faults.pending() == 0).then_some(());
        eventually("the sync asks for assignments", asked).await;
        let found = children(host.id().unwrap());
        assert_eq!(found.len(), 1, "a host has one connector");
        // The file, the lock, and the database that grows.
        assert_eq!(self.names().len(), 3, "{:?}", self.names());
        (host, found[0])
    }

    fn assert_old_file_is_whole(&self) {
        assert!(
            std::fs::read(self.file()).unwrap() == self.before,
            "the file has changed"
        );
    }

    fn assert_nothing_is_left(&self) {
        assert_eq!(self.names(), BTreeSet::from(["sync.c1z".to_owned()]));
    }

    /// The next run goes through and tidies up.
    async fn assert_next_run_succeeds(&self) {
        run(self.path(), &org(&self.simulator))
            .await
            .assert_success();
        self.assert_nothing_is_left();
        assert!(std::fs::read(self.file()).unwrap() != self.before);
        assert!(!file::read(&self.file()).grants.is_empty());
    }
}

/// Who gets the signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    Host,
    Connector,
    Both,
}

#[test_case(Whom::Host; "the host")]
#[test_case(Whom::Connector; "the connector")]
#[test_case(Whom::Both; "both")]
#[tokio::test]
async fn a_killed_sync_leaves_the_old_file_and_no_process(whom: Whom) {
    let scene = Scene::new().await;
    let (host, connector) = scene.hang(|_| {}).await;
    if whom != Whom::Connector {
        signal(host.id().unwrap(), "KILL");
    }
    if whom != Whom::Host {
        signal(connector, "KILL");
    }
    let ended = end(host).await;
    eventually("the connector is gone", || (!runs(connector)).then_some(())).await;
    scene.assert_old_file_is_whole();
    if whom == Whom::Connector {
        let message = "the connector was killed before its work was done (signal: 9 (SIGKILL))";
        ended.assert_failure(1, message);
        scene.assert_nothing_is_left();
    } else {
        assert_eq!(ended.status.signal(), Some(9));
        ended.assert_decent();
    }
    scene.assert_next_run_succeeds().await;
}

/// When a host is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When Salesforce has got this many requests.
    Requests(usize),
    /// When there is a file whose name ends so.
    File(&'static str),
}

impl Moment {
    fn is_now(self, scene: &Scene) -> bool {
        match self {
            Self::Requests(count) => scene.simulator.requests().len() >= count,
            Self::File(end) => scene.names().iter().any(|name| name.ends_with(end)),
        }
    }
}

/// From before the login to the rename, packing included: whatever moment it hits, the file is the
/// old one or a new whole one.
#[tokio::test]
async fn a_host_killed_at_any_moment_leaves_a_whole_file() {
    let scene = Scene::new().await;
    scene.simulator.clear_requests();
    scene.assert_next_run_succeeds().await;
    let usual = scene.simulator.requests().len();
    let steps = (0..=usual).step_by(usual.div_ceil(10));
    let files = [".lock.tmp", ".old.tmp", ".new.tmp", ".packed.tmp"];
    let moments = files.map(Moment::File).into_iter();
    for moment in moments.chain(steps.map(Moment::Requests)) {
        let before = std::fs::read(scene.file()).unwrap();
        for left in scene.names() {
            let left = scene.path().join(left);
            if left.extension().is_some_and(|extension| extension == "tmp") {
                std::fs::remove_file(left).unwrap();
            }
        }
        scene.simulator.clear_requests();
        let mut host = command(scene.path(), &org(&scene.simulator))
            .spawn()
            .unwrap();
        // A short moment may pass between two looks; then the host ends by itself.
        eventually("the moment comes", || {
            let has_ended = host.try_wait().unwrap().is_some();
            (has_ended || moment.is_now(&scene)).then_some(())
        })
        .await;
        let connectors = host.id().map(children).unwrap_or_default();
        if let Some(id) = host.id() {
            signal(id, "KILL");
        }
        end(host).await.assert_decent();
        for connector in connectors {
            eventually("the connector is gone", || (!runs(connector)).then_some(())).await;
        }
        let after = std::fs::read(scene.file()).unwrap();
        assert!(
            after == before || !file::read(&scene.file()).grants.is_empty(),
            "killed at {moment:?}"
        );
    }
    scene.assert_next_run_succeeds().await;
}

#[test_case("TERM"; "SIGTERM")]
#[test_case("INT"; "SIGINT")]
#[tokio::test]
async fn an_interrupted_sync_tidies_up_and_says_so(name: &str) {
    let scene = Scene::new().await;
    let (host, connector) = scene.hang(|_| {}).await;
    signal(host.id().unwrap(), name);
    let ended = end(host).await;
    assert!(!runs(connector));
    ended.assert_failure(1, "interrupted");
    scene.assert_old_file_is_whole();
    scene.assert_nothing_is_left();
    scene.assert_next_run_succeeds().await;
}

/// The connector is not needed for what follows reading, and takes memory.
#[tokio::test]
async fn the_connector_has_ended_before_the_file_is_written() {
    let simulator = Simulator::start(Org::seed_size(SeedSize::for_users(2000))).await;
    let scene = Scene {
        simulator,
        directory: tempfile::tempdir().unwrap(),
        before: Vec::new(),
    };
    let host = command(scene.path(), &org(&scene.simulator))
        .spawn()
        .unwrap();
    let id = host.id().unwrap();
    let connector = eventually("there is a connector", || children(id).first().copied()).await;
    eventually("the connector is gone", || (!runs(connector)).then_some(())).await;
    assert!(!scene.file().exists());
    signal(id, "TERM");
    end(host).await.assert_failure(1, "interrupted");
    // Packing has an end, even if nobody waits for it.
    let names = scene.names();
    assert!(names.iter().all(|name| name == "sync.c1z"), "{names:?}");
}

/// A terminal sends it to both.
#[tokio::test]
async fn control_c_ends_host_and_connector_with_one_message() {
    let scene = Scene::new().await;
    let (host, connector) = scene
        .hang(|command| {
            command.process_group(0);
        })
        .await;
    let group = format!("-{}", host.id().unwrap());
    let sent = std::process::Command::new("kill")
        .args(["-INT", "--", &group])
        .status()
        .unwrap();
    assert!(sent.success());
    let ended = end(host).await;
    assert!(!runs(connector));
    ended.assert_failure(1, "interrupted");
    scene.assert_old_file_is_whole();
    scene.assert_nothing_is_left();
}

/// Runs a sync with a limit on the size of files, which ends writes as a full disk does.
async fn run_with_little_room(scene: &Scene, blocks: u32) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut arguments = vec!["-c".to_owned(), script, BINARY.to_owned()];
    arguments.extend(org(&scene.simulator));
    end(of(Path::new("sh"), scene.path(), &arguments)
        .spawn()
        .unwrap())
    .await
}

#[test_case(0; "no room at all")]
#[test_case(16; "room for a few rows")]
#[test_case(256; "room for many rows")]
#[tokio::test]
async fn a_full_disk_is_told_and_leaves_the_old_file(blocks: u32) {
    let scene = Scene::new().await;
    let ended = run_with_little_room(&scene, blocks).await;
    ended.assert_failure(2, "sync.c1z");
    scene.assert_old_file_is_whole();
    scene.assert_nothing_is_left();
    scene.assert_next_run_succeeds().await;
}

/// Nothing is read-only to root. The binary may lie where nobody else may go, so it is copied.
async fn run_as_nobody(scene: &Scene) -> Ended {
    let open_to_all = || std::fs::Permissions::from_mode(0o755);
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), open_to_all()).unwrap();
    let binary = place.path().join("baton-salesforce");
    std::fs::copy(BINARY, &binary).unwrap();
    std::fs::set_permissions(&binary, open_to_all()).unwrap();
    let mut command = of(&binary, scene.path(), &org(&scene.simulator));
    command.uid(65534).gid(65534);
    end(command.spawn().unwrap()).await
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_to_is_told_and_salesforce_is_not_asked() {
    let scene = Scene::new().await;
    std::fs::set_permissions(scene.path(), PermissionsExt::from_mode(0o555)).unwrap();
    std::fs::set_permissions(scene.file(), PermissionsExt::from_mode(0o444)).unwrap();
    scene.simulator.clear_requests();
    let ended = if std::fs::metadata(scene.path()).unwrap().uid() == 0 {
        run_as_nobody(&scene).await
    } else {
        run(scene.path(), &org(&scene.simulator)).await
    };
    ended.assert_failure(2, "sync.c1z");
    assert!(
        ended.told()[0].contains("Permission denied"),
        "{}",
        ended.stderr
    );
    assert_eq!(scene.simulator.requests().len(), 0);
    scene.assert_old_file_is_whole();
    std::fs::set_permissions(scene.path(), PermissionsExt::from_mode(0o755)).unwrap();
    scene.assert_nothing_is_left();
    scene.assert_next_run_succeeds().await;
}

#[test_case(b"C1Z3\0\0\0\0\x10manifest", "is a c1z file of the newer format 3"; "newer")]
#[test_case(b"PK\x03\x04 somebody's work", "is not a c1z file"; "foreign")]
#[test_case(b"C1ZF\0\x28\xb5\x2f\xfd", "is a damaged or truncated c1z file"; "truncated")]
#[test_case(b"C1ZF\0 no frame at all", "is a damaged or truncated c1z file"; "damaged")]
#[tokio::test]
async fn a_file_that_is_not_ours_is_never_overwritten(content: &[u8], message: &str) {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine");
    std::fs::write(&file, content).unwrap();
    let ended = run(directory.path(), &with(&simulator, &["-f", "mine"])).await;
    ended.assert_failure(2, message);
    assert_eq!(std::fs::read(&file).unwrap(), content);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    assert_eq!(
        simulator.requests().len(),
        0,
        "a wrong name should not cost a login"
    );
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_left_for_its_owner() {
    let scene = Scene::new().await;
    let cut = &scene.before[..scene.before.len() - 9];
    std::fs::write(scene.file(), cut).unwrap();
    let ended = run(scene.path(), &org(&scene.simulator)).await;
    ended.assert_failure(2, "sync.c1z is a damaged or truncated c1z file");
    assert_eq!(std::fs::read(scene.file()).unwrap(), cut);
    scene.assert_nothing_is_left();
}

//! The token store of real processes, which are killed.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use baton_salesforce::salesforce::{Instance, auth::place};
use baton_salesforce::token_store::{Entry, Place, SignIn, TokenStore};
use jiff::SignedDuration;
use salesforce_simulator::{FIRST_REFRESH_TOKEN, Fault, Matcher, Org, Preset, Simulator};
use tempfile::TempDir;
use tokio::process::Child;

use crate::process::{Ended, children, command, end, eventually, run, signal};

const CLIENT: &str = "simulated-client-id";

struct Scene {
    simulator: Simulator,
    directory: TempDir,
    store: OnceLock<TokenStore>,
}

fn token_request() -> Matcher {
    Matcher::logins().path("oauth2/token")
}

impl Scene {
    async fn new() -> Self {
        let mut org = Org::seed(Preset::Tiny);
        org.settings.client.rotate_refresh_tokens = true;
        Self {
            simulator: Simulator::start(org).await,
            directory: tempfile::tempdir().unwrap(),
            store: OnceLock::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state/tokens.json")
    }

    fn arguments(&self, file: &str) -> Vec<String> {
        [
            &format!("--instance-url={}", self.simulator.url()),
            "--auth-method=refresh-token-group",
            "--salesforce-client-id=simulated-client-id",
            "--salesforce-client-secret=simulated-client-secret",
            &format!("--salesforce-refresh-token={FIRST_REFRESH_TOKEN}"),
            &format!("--token-store={}", self.path().display()),
            &format!("--file={file}"),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn start(&self, file: &str) -> Child {
        let mut command = command(self.directory.path(), &self.arguments(file));
        command.spawn().unwrap()
    }

    async fn sync(&self) -> Ended {
        run(self.directory.path(), &self.arguments("sync.c1z")).await
    }

    fn place(&self) -> Place {
        place(&Instance::parse(&self.simulator.url(), false).unwrap())
    }

    /// The store as it is, without opening it anew: that would replace the file.
    fn store(&self) -> &TokenStore {
        self.store
            .get_or_init(|| TokenStore::open(&self.path()).unwrap())
    }

    fn entry(&self) -> Option<Entry> {
        self.store().peek(CLIENT, &self.place(), None)
    }

    /// Starts a process, and kills it when `fact` is there.
    async fn kill_when(&self, fact: impl Fn() -> bool) {
        let process = self.start("sync.c1z");
        eventually("the process has come so far", || fact().then_some(())).await;
        kill(process).await;
    }

    fn assert_no_replay(&self) {
        assert_eq!(self.simulator.replayed_refresh_tokens(), 0);
        assert_eq!(self.simulator.lost_token_families(), 0);
    }
}

/// Kills a process and its connector half, and returns what they printed.
async fn kill(process: Child) -> Ended {
    if let Some(id) = process.id() {
        for half in children(id) {
            // It may have ended meanwhile.
            let _ = std::process::Command::new("kill")
                .args(["-KILL", &half.to_string()])
                .stderr(std::process::Stdio::null())
                .status();
        }
        signal(id, "KILL");
    }
    end(process).await
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_waits_for_the_lock_changes_nothing() {
    let scene = Scene::new().await;
    let locked = scene.store().lock().await.unwrap();
    let before = std::fs::read(scene.path()).unwrap();
    let process = scene.start("sync.c1z");
    let id = process.id().unwrap();
    eventually("the connector runs", || children(id).first().copied()).await;
    kill(process).await;
    assert_eq!(std::fs::read(scene.path()).unwrap(), before);
    drop(locked);
    scene.sync().await.assert_success();
    scene.assert_no_replay();
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_sends_leaves_a_mark() {
    let scene = Scene::new().await;
    let late = Fault::Latency(Duration::from_mins(10));
    scene.simulator.faults().next(1, token_request(), late);
    // The mark is there before the request is; the next process must not meet the delay.
    let has_arrived = || scene.simulator.faults().injected() == 1;
    let is_marked = || scene.entry().is_some_and(|entry| entry.in_flight.is_some());
    scene.kill_when(|| has_arrived() && is_marked()).await;
    let mut locked = scene.store().lock().await.unwrap();
    let mut entry = locked.find(CLIENT, &scene.place(), None).unwrap().clone();
    let since = entry.in_flight.unwrap();
    // An hour later, the request cannot arrive any more.
    entry.in_flight = Some(since - SignedDuration::from_hours(1));
    locked.put(entry);
    locked.save().await.unwrap();
    drop(locked);
    scene.sync().await.assert_success();
    scene.assert_no_replay();
}

#[tokio::test]
async fn after_a_lost_answer_the_error_names_login() {
    let scene = Scene::new().await;
    scene
        .simulator
        .faults()
        .next(1, token_request(), Fault::DropAfter);
    for _ in 0..2 {
        let ended = scene.sync().await;
        assert_ne!(ended.code(), 0);
        let told = ended.told().join("\n");
        assert!(told.contains("a refresh was interrupted after"), "{told}");
        assert!(told.contains("baton-salesforce login"), "{told}");
        ended.assert_decent();
    }
    scene.assert_no_replay();
}

#[tokio::test]
async fn a_process_that_is_killed_after_storing_leaves_the_next_token() {
    let scene = Scene::new().await;
    scene
        .kill_when(|| {
            scene
                .entry()
                .is_some_and(|entry| entry.rotates == Some(true))
        })
        .await;
    scene.sync().await.assert_success();
    scene.assert_no_replay();
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_told_at_the_start() {
    let scene = Scene::new().await;
    // A file where the directory should be.
    std::fs::write(scene.path().parent().unwrap(), "").unwrap();
    let ended = scene.sync().await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    let told = ended.told().join("\n");
    assert!(
        told.contains("field token-store: the token store "),
        "{told}"
    );
    assert!(told.contains("cannot be written"), "{told}");
    assert_eq!(scene.simulator.requests().len(), 0);
}

/// Up to this many milliseconds.
fn random(end: u64) -> Duration {
    Duration::from_millis(RandomState::new().build_hasher().finish() % end)
}

/// What one of two loops does: processes that are killed at random moments.
async fn fire(scene: &Scene, file: &str, refreshes: usize) -> usize {
    let mut sign_ins = 0;
    let answered = || {
        let requests = scene.simulator.requests();
        let tokens = requests
            .iter()
            .filter(|it| it.path.contains("oauth2/token"));
        tokens.count()
    };
    while answered() < refreshes {
        let process = scene.start(file);
        // Some live, because only they show what the killed ones have left.
        let ended = if random(3).is_zero() {
            end(process).await
        } else {
            tokio::time::sleep(random(1000)).await;
            kill(process).await
        };
        if ended.stderr.contains("refresh was interrupted after") {
            sign_in(scene, sign_ins, file).await;
            sign_ins += 1;
        }
    }
    sign_ins
}

/// Signs in as a person would after that error.
async fn sign_in(scene: &Scene, number: usize, name: &str) {
    let token = format!("signed-in-{name}-{number}");
    let mut locked = scene.store().lock().await.unwrap();
    let known = locked.find(CLIENT, &scene.place(), None);
    if known.is_some_and(|entry| !entry.expired) {
        // The other loop has done it.
        return;
    }
    scene
        .simulator
        .org()
        .add_refresh_token(&token, "admin@simulated.example");
    locked.sign_in(SignIn {
        client_id: CLIENT.into(),
        place: scene.place(),
        instance: None,
        org_id: None,
        user_id: None,
        scope: None,
        refresh_token: token.into(),
    });
    locked.save().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; scripts/rotation-under-fire.sh runs it"]
async fn rotation_under_fire() {
    let refreshes = std::env::var("REFRESHES").map_or(50, |text| text.parse().unwrap());
    let scene = Scene::new().await;
    let (one, two) = tokio::join!(
        fire(&scene, "one.c1z", refreshes),
        fire(&scene, "two.c1z", refreshes)
    );
    eprintln!(
        "{refreshes} refreshes, {} sign-ins after a lost answer",
        one + two
    );
    scene.assert_no_replay();
}

//! What the store finds, keeps and refuses.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use test_case::test_case;

use super::*;

const LOGIN: &str = "https://login.salesforce.com";
const ACME: &str = "https://acme.my.salesforce.com";

fn place(origin: &str) -> Place {
    Place {
        origin: origin.to_owned(),
        is_salesforce: origin.ends_with(".salesforce.com"),
    }
}

fn sign_in(token: &str, user: &str) -> SignIn {
    SignIn {
        client_id: "app".into(),
        place: place(LOGIN),
        instance: Some(ACME.into()),
        org_id: Some("00D000000000001EAA".into()),
        user_id: Some(user.into()),
        scope: None,
        refresh_token: token.into(),
    }
}

fn hash(token: &str) -> TokenHash {
    TokenHash::of(&SecretString::from(token))
}

fn scene() -> (TempDir, TokenStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = TokenStore::open(&directory.path().join("state/tokens.json")).unwrap();
    (directory, store)
}

fn token(entry: Option<&Entry>) -> Option<&str> {
    entry.map(|entry| entry.refresh_token().expose_secret())
}

fn save(locked: &Locked) {
    locked.image().write().unwrap();
}

#[test]
fn what_is_saved_is_found_by_another_process() {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("one", "ada")));
    save(&locked);
    drop(locked);
    let again = TokenStore::open(store.path()).unwrap();
    let locked = again.try_lock().unwrap();
    let found = locked.find("app", &place(LOGIN), Some(&hash("one")));
    assert_eq!(token(found), Some("one"));
}

#[test]
fn the_file_and_its_directory_are_private_and_nothing_else_stays_there() {
    let (_directory, store) = scene();
    save(&store.try_lock().unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let parent = store.path().parent().unwrap();
    assert_eq!(mode(store.path()), 0o600);
    assert_eq!(mode(parent), 0o700);
    assert_eq!(fs::read_dir(parent).unwrap().count(), 1);
}

#[test]
fn every_token_of_a_family_leads_to_the_newest() {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    let mut entry = Entry::new(sign_in("t0", "ada"));
    for number in 1..=100 {
        entry.renew(Some(format!("t{number}").into()));
    }
    locked.put(entry);
    for known in ["t0", "t99", "t100"] {
        let found = locked.find("app", &place(LOGIN), Some(&hash(known)));
        assert_eq!(token(found), Some("t100"), "{known}");
    }
    // The list of the others has an end.
    let found = locked.find("app", &place(LOGIN), Some(&hash("t1")));
    assert_eq!(token(found), None);
}

#[test]
fn a_refresh_without_a_new_token_says_that_the_org_does_not_rotate() {
    let mut entry = Entry::new(sign_in("one", "ada"));
    assert_eq!(entry.rotates, None);
    entry.renew(None);
    assert_eq!(entry.rotates, Some(false));
    entry.renew(Some("one".into()));
    assert_eq!(entry.rotates, Some(false));
    entry.renew(Some("two".into()));
    assert_eq!(entry.rotates, Some(true));
}

#[test_case("app", LOGIN => Some("new"); "where it signed in")]
#[test_case("app", ACME => Some("new"); "where the org is")]
#[test_case("app", "https://test.salesforce.com" => None; "a sandbox")]
#[test_case("other", LOGIN => None; "another app")]
fn an_app_and_a_host_find_the_newest_entry(client_id: &str, origin: &str) -> Option<&'static str> {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("old", "ada")));
    locked.put(Entry::new(sign_in("new", "bob")));
    let found = token(locked.find(client_id, &place(origin), None));
    ["old", "new"].into_iter().find(|name| found == Some(name))
}

/// The token that was configured has been used. It must not be sent once more because somebody
/// wrote the host in another way.
#[test_case("https://test.salesforce.com" => true; "another host of Salesforce")]
#[test_case("http://127.0.0.1:8080" => false; "a host of somebody else")]
fn a_configured_token_is_known_at_all_hosts_of_salesforce(origin: &str) -> bool {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("one", "ada")));
    let found = locked.find("app", &place(origin), Some(&hash("one")));
    found.is_some()
}

#[test]
fn a_new_sign_in_replaces_those_of_the_same_user_and_inherits_their_tokens() {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    let mut used = Entry::new(sign_in("configured", "ada"));
    used.renew(Some("later".into()));
    used.expired = true;
    locked.put(used);
    locked.put(Entry::new(sign_in("bobs", "bob")));
    let replaced = locked.sign_in(sign_in("fresh", "ada"));
    assert_eq!(token(replaced.first()), Some("later"));
    assert_eq!(replaced.len(), 1);
    for known in ["configured", "later", "fresh"] {
        let found = locked.find("app", &place(LOGIN), Some(&hash(known)));
        assert_eq!(token(found), Some("fresh"), "{known}");
        assert!(!found.unwrap().expired);
    }
    let bobs = locked.find("app", &place(LOGIN), Some(&hash("bobs")));
    assert_eq!(token(bobs), Some("bobs"));
}

#[test]
fn what_is_removed_is_returned_and_not_found_again() {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("one", "ada")));
    let removed = locked.remove("app", &place(ACME), None);
    assert_eq!(token(removed.first()), Some("one"));
    assert!(locked.find("app", &place(ACME), None).is_none());
}

#[test]
fn one_process_at_a_time() {
    let (_directory, store) = scene();
    let first = store.try_lock().unwrap();
    assert!(matches!(store.try_lock(), Err(StoreError::Busy { .. })));
    // A store that is in use can be opened all the same.
    TokenStore::open(store.path()).unwrap();
    drop(first);
    store.try_lock().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_lock_gets_it_and_reads_what_the_other_wrote() {
    let (_directory, store) = scene();
    let mut first = store.try_lock().unwrap();
    let other = store.clone();
    let waiting = tokio::spawn(async move { other.lock().await });
    tokio::task::yield_now().await;
    first.put(Entry::new(sign_in("one", "ada")));
    save(&first);
    drop(first);
    let second = waiting.await.unwrap().unwrap();
    assert!(second.find("app", &place(LOGIN), None).is_some());
}

/// Killed between any two steps: only files beside the store are left over.
#[test]
fn what_a_killed_process_left_is_no_obstacle() {
    let (_directory, store) = scene();
    let name = |suffix| {
        let name = format!("tokens.json{suffix}");
        store.path().with_file_name(name)
    };
    fs::write(name(".new.tmp"), "{\"version\":1,\"entr").unwrap();
    fs::write(name(".lock.tmp"), "").unwrap();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("one", "ada")));
    save(&locked);
    drop(locked);
    assert!(store.peek("app", &place(LOGIN), None).is_some());
}

#[test]
fn permissions_of_others_are_taken_back() {
    let (_directory, store) = scene();
    fs::set_permissions(store.path(), Permissions::from_mode(0o644)).unwrap();
    assert!(store.peek("app", &place(LOGIN), None).is_none());
    assert_eq!(fs::metadata(store.path()).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_link_leads_to_the_store_and_stays_a_link() {
    let (directory, store) = scene();
    let link = directory.path().join("link.json");
    symlink(store.path(), &link).unwrap();
    let linked = TokenStore::open(&link).unwrap();
    save(&linked.try_lock().unwrap());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(linked.path(), store.path());
}

fn refused(text: &[u8]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    fs::write(&path, text).unwrap();
    let error = TokenStore::open(&path).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), text, "the file is as it was");
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

#[test_case(b"{\"version\":1,\n\"entries\":[{\"refresh_token\":\"hush\"}]}", "damaged or is not a token store (line 2)"; "another shape")]
#[test_case(b"{\"version\":1,\"entries\":[", "damaged"; "cut off")]
#[test_case(b"hush", "damaged"; "no JSON")]
#[test_case(b"\xff\xfe", "damaged"; "no text")]
#[test_case(b"{\"version\":2,\"families\":[]}", "has format 2"; "a newer one")]
#[test_case(b"{\"entries\":[]}", "damaged"; "without a version")]
fn a_file_that_is_not_understood_is_kept_and_explained(text: &[u8], expected: &str) {
    let error = refused(text);
    assert!(error.starts_with("the token store FILE "), "{error}");
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("--token-store"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn a_huge_file_is_not_read() {
    let size = usize::try_from(file::LARGEST).unwrap() + 1;
    let error = refused(&vec![b' '; size]);
    assert!(error.contains("larger than 4 MiB"), "{error}");
}

#[test]
fn an_empty_file_is_an_empty_store() {
    let file = tempfile::NamedTempFile::new().unwrap();
    TokenStore::open(file.path()).unwrap();
}

#[test_case("/dev/null", "a character device")]
#[test_case("/proc/self/fd/0", "kernel's own file system")]
fn a_device_is_refused(path: &str, kind: &str) {
    let error = TokenStore::open(Path::new(path)).unwrap_err();
    let causes = crate::causes::chain(&error);
    assert!(causes.contains(kind), "{causes}");
}

#[test]
fn a_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = TokenStore::open(directory.path()).unwrap_err();
    let causes = crate::causes::chain(&error);
    assert!(
        causes.contains("a directory, not a regular file"),
        "{causes}"
    );
}

#[test]
fn a_store_that_cannot_be_written_is_told_before_anything_else() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = TokenStore::open(&file.path().join("tokens.json")).unwrap_err();
    assert!(error.to_string().contains("--token-store none"), "{error}");
}

#[test]
fn a_store_shows_no_token() {
    let (_directory, store) = scene();
    let mut locked = store.try_lock().unwrap();
    locked.put(Entry::new(sign_in("hush", "ada")));
    let shown = format!("{locked:?} {:?}", locked.image());
    assert!(!shown.contains("hush"), "{shown}");
}

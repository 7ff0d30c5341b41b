//! Which part of the program may know which, and which crates may be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every top module with the others that it may name. Whoever adds an edge here also updates the
/// picture in ARCHITECTURE.md.
const MAY_NAME: &[(&str, &[&str])] = &[
    // The domain and the client know nothing of each other, and little else of ours.
    ("baton", &["causes"]),
    ("salesforce", &["causes", "metrics", "token_store", "trace"]),
    (
        "connector",
        &[
            "baton",
            "causes",
            "doctor",
            "metrics",
            "nearest",
            "output_file",
            "salesforce",
            "strong_permissions",
            "trace",
        ],
    ),
    // What the command `doctor` reports.
    ("doctor", &["printable"]),
    // The contract and what speaks it.
    ("pb", &[]),
    ("wire", &["baton", "pb"]),
    ("service", &["baton", "metrics", "pb", "trace", "wire"]),
    ("host", &["pb", "service", "signals"]),
    // The host half must be able to drive any connector.
    ("c1z", &["causes", "output_file", "pb"]),
    // Answers from the file of a sync.
    (
        "access",
        &[
            "c1z",
            "nearest",
            "pb",
            "printable",
            "records",
            "strong_permissions",
        ],
    ),
    ("changes", &["access", "pb", "records"]),
    // A page for reviewers.
    (
        "report",
        &[
            "access",
            "c1z",
            "changes",
            "output_file",
            "pb",
            "records",
            "strong_permissions",
        ],
    ),
    // How commands print rows.
    ("records", &["printable"]),
    ("printable", &[]),
    ("runner", &["c1z", "output_file", "pb", "signals", "trace"]),
    // Takes tasks from the platform, for any connector.
    (
        "daemon",
        &[
            "c1z", "causes", "metrics", "pb", "runner", "signals", "trace",
        ],
    ),
    // Which files may be written, and who may read them.
    ("output_file", &[]),
    // Refresh tokens on disk.
    ("token_store", &["output_file"]),
    // The browser's part of a sign-in.
    ("login", &[]),
    // The program around them.
    ("causes", &[]),
    // What is counted and traced.
    ("metrics", &[]),
    ("trace", &[]),
    ("signals", &[]),
    ("nearest", &[]),
    ("strong_permissions", &[]),
    ("config", &["nearest", "output_file", "pb"]),
    (
        "telemetry",
        &["causes", "config", "metrics", "output_file", "trace"],
    ),
    (
        "cli",
        &[
            "access",
            "baton",
            "c1z",
            "causes",
            "changes",
            "config",
            "core_dumps",
            "doctor",
            "pb",
            "records",
            "report",
            "signals",
            "telemetry",
        ],
    ),
    // A program around any connector; the Salesforce connector's own is in `cli` and `wiring`.
    (
        "sdk",
        &[
            "baton",
            "c1z",
            "cli",
            "config",
            "host",
            "pb",
            "runner",
            "service",
            "telemetry",
            "wire",
        ],
    ),
    ("core_dumps", &[]),
    (
        "wiring",
        &[
            "baton",
            "c1z",
            "causes",
            "cli",
            "config",
            "connector",
            "daemon",
            "doctor",
            "host",
            "login",
            "metrics",
            "pb",
            "runner",
            "salesforce",
            "sdk",
            "service",
            "signals",
            "telemetry",
            "token_store",
            "trace",
            "wire",
        ],
    ),
];

/// Where a secret may be read: where it is sent or turned into a key.
const READS_SECRETS: &[&str] = &[
    "src/salesforce/auth.rs",
    "src/salesforce/auth/",
    "src/salesforce/revocation.rs",
    "src/salesforce/transport.rs",
    "src/token_store/",
    "src/host/tls.rs",
    "src/runner/launch.rs",
    "src/daemon/identity.rs",
    "src/daemon/token.rs",
    // --print-token
    "src/wiring/login.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a directory, relative to the root.
pub(crate) fn files(below: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(below)];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "{below} is empty");
    found.sort();
    found
}

/// A file's code without comments and without its tests.
pub(crate) fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let text = lines.collect::<Vec<_>>().join("\n");
    match text.find("#[cfg(test)]") {
        // Unit tests stand at the end of a file; a `mod tests;` is followed by more.
        Some(at) if text[at..].contains("mod tests {") => text[..at].to_owned(),
        _ => text,
    }
}

pub(crate) fn is_test(file: &Path) -> bool {
    file.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The part of the program that a file belongs to.
fn top(file: &Path) -> String {
    let part = file.iter().nth(1).unwrap().to_str().unwrap();
    part.trim_end_matches(".rs").to_owned()
}

/// The names after `crate::`, those in braces too.
fn named(code: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => names.extend([word(rest)]),
            Some(list) => names.extend(outermost(list).iter().map(|item| word(item))),
        }
    }
    names
}

/// The items of a list in braces, whose inner braces hold items of items.
pub(crate) fn outermost(list: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            other if depth == 0 => items.last_mut().unwrap().push(other),
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

#[test]
fn names_after_crate_are_found_in_every_form() {
    let code =
        "use crate::baton::Id;\nuse crate::{cli, host::{Bound, serve}, pb as p};\ncrate::x()";
    let expected = ["baton", "cli", "host", "pb", "x"].map(str::to_owned);
    assert_eq!(named(code), BTreeSet::from(expected));
}

#[test]
fn every_part_names_only_the_parts_it_may_know() {
    let mut found: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for file in files("src") {
        let part = top(&file);
        if is_test(&file) || ["main", "lib"].contains(&part.as_str()) {
            continue;
        }
        let names = named(&code(&file));
        let others = names.into_iter().filter(|name| *name != part);
        found
            .entry(part.clone())
            .or_default()
            .extend(others.map(|name| (name, file.clone())));
    }
    let allowed: BTreeMap<&str, BTreeSet<&str>> = MAY_NAME
        .iter()
        .map(|(part, others)| (*part, others.iter().copied().collect()))
        .collect();
    let parts: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        parts,
        allowed.keys().copied().collect(),
        "the parts of src/"
    );
    for (part, names) in &found {
        for (name, file) in names {
            let known = allowed[part.as_str()].contains(name.as_str());
            assert!(known, "{part} may not know {name}: {}", file.display());
        }
        for other in &allowed[part.as_str()] {
            assert!(
                names.contains_key(*other),
                "{part} no longer names {other}: strike it out"
            );
        }
    }
}

#[test]
fn the_domain_and_the_client_are_free_of_the_wire() {
    for (part, foreign) in [
        ("baton", ["prost", "tonic", "reqwest", "http"].as_slice()),
        ("salesforce", &["prost", "tonic"]),
        ("runner", &["reqwest"]),
        ("c1z", &["reqwest", "tonic"]),
    ] {
        for file in files("src")
            .iter()
            .filter(|file| top(file) == part && !is_test(file))
        {
            let code = code(file);
            for name in foreign {
                let uses = code.contains(&format!(" {name}::"));
                assert!(!uses, "{} uses {name}", file.display());
            }
        }
    }
}

#[test]
fn secrets_are_read_where_they_are_sent_and_nowhere_else() {
    for file in files("src").into_iter().filter(|file| !is_test(file)) {
        let name = file.to_str().unwrap();
        let allowed = READS_SECRETS.iter().any(|place| name.starts_with(place));
        assert!(
            allowed || !code(&file).contains("expose_secret"),
            "{name} reads a secret"
        );
    }
}

#[test]
fn modules_are_files_of_their_own_name() {
    for below in ["src", "tests", "simulator"] {
        let found = files(below)
            .into_iter()
            .find(|file| file.ends_with("mod.rs"));
        assert_eq!(found, None);
    }
}

/// An error in our own types would be mirrored in the simulator, and never be found.
#[test]
fn the_simulator_knows_nothing_of_ours() {
    let manifest = std::fs::read_to_string(root().join("simulator/Cargo.toml")).unwrap();
    assert!(!manifest.contains("baton"), "simulator/Cargo.toml");
    for file in files("simulator") {
        assert!(
            !code(&file).contains("baton_salesforce"),
            "{}",
            file.display()
        );
    }
}

/// The crates in the lock file, with their versions.
fn locked() -> BTreeMap<String, Vec<String>> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let field = |package: &str, name: &str| {
        let line = package
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.trim_matches([' ', '=', '"']).to_owned()
    };
    let mut crates = BTreeMap::<String, Vec<String>>::new();
    for package in lock.split("[[package]]").skip(1) {
        crates
            .entry(field(package, "name"))
            .or_default()
            .push(field(package, "version"));
    }
    crates
}

#[test]
fn there_is_one_tls_library_and_one_of_each_protocol() {
    let locked = locked();
    for banned in [
        "openssl-sys",
        "native-tls",
        "schannel-sys",
        "protobuf-src",
        "protoc-bin-vendored",
    ] {
        assert!(!locked.contains_key(banned), "{banned} is in Cargo.lock");
    }
    for single in [
        "reqwest", "rustls", "tonic", "prost", "hyper", "h2", "tokio", "http", "zstd",
    ] {
        assert_eq!(locked[single].len(), 1, "{single}: {:?}", locked[single]);
    }
}

/// It stands in the lock file all the same: `rustls-webpki` and `quinn-proto` name it in weak
/// features (`ring?/…`), which cargo locks without building.
#[test]
fn ring_is_not_compiled() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let resolved = |package: &str| {
        let asked = std::process::Command::new(&cargo)
            .current_dir(root())
            .args([
                "tree",
                "--offline",
                "--locked",
                "--workspace",
                "-e",
                "normal,build,dev",
            ])
            .args(["-i", package])
            .output()
            .unwrap();
        assert!(
            asked.status.success(),
            "{}",
            String::from_utf8_lossy(&asked.stderr)
        );
        String::from_utf8(asked.stdout).unwrap()
    };
    assert!(
        resolved("aws-lc-rs").contains("rustls"),
        "the question is asked rightly"
    );
    assert_eq!(resolved("ring"), "");
}

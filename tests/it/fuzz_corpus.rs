//! The corpus of the fuzz targets, through the functions that the fuzzer calls (`make fuzz`).

use std::path::Path;

use test_case::test_case;

#[path = "../../fuzz/src/entry.rs"]
#[expect(unreachable_pub, reason = "the fuzzer's own crate exports it")]
mod entry;

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test_case("page_token")]
#[test_case("config_line")]
#[test_case("config_file")]
#[test_case("token_answer")]
#[test_case("api_error")]
#[test_case("soql")]
#[test_case("c1z")]
fn a_target_takes_its_corpus(target: &str) {
    let (_, run) = entry::TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .unwrap();
    let directory = corpus().join(target);
    for name in names(&directory) {
        // The name of the input that fails is the last one printed.
        eprintln!("{target}/{name}");
        run(&std::fs::read(directory.join(name)).unwrap());
    }
}

#[test]
fn every_target_has_a_corpus_and_a_binary() {
    let mut targets = entry::TARGETS.map(|(name, _)| name.to_owned());
    targets.sort();
    assert_eq!(names(&corpus()), targets);
    let binaries = names(&corpus().with_file_name("fuzz_targets"));
    assert_eq!(binaries, targets.map(|name| format!("{name}.rs")));
}

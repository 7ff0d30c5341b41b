//! The documents against the program: flags, codes, quoted texts, links and paths are checked, so
//! that they cannot go stale unseen. `make doc-update` writes the generated part anew.

mod permissions;
mod strong_permissions;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use baton_salesforce::metrics::series::{ALL, Kind, Place, Series};
use baton_salesforce::salesforce::catalogue::{Row, call_rows, network_rows, sign_in_rows};

const BEGIN: &str = "<!-- flags: written by `make doc-update` -->\n";
const END: &str = "<!-- flags end -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `directory` whose names end so.
fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The documents that people read.
fn documents() -> Vec<PathBuf> {
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "deploy/README.md",
        "interop/README.md",
    ];
    top.iter()
        .map(|name| root().join(name))
        .chain(files("docs", ".md"))
        .collect()
}

/// What `--help` says, as a table for each of its sections.
fn table() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_baton-salesforce"))
        .arg("--help")
        .output();
    let help = String::from_utf8(output.unwrap().stdout).unwrap();
    let (_, options) = help.split_once("Options:\n").expect("a list of options");
    let mut tables = String::new();
    let mut flags: Vec<(String, String)> = Vec::new();
    // An empty title ends the last section.
    for line in options.lines().chain([":"]).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            tables.push_str(&rows(&std::mem::take(&mut flags)));
            if !title.is_empty() {
                let head = "| flag | variable | default | |\n|---|---|---|---|";
                writeln!(tables, "\n**{title}**\n\n{head}").unwrap();
            }
            continue;
        }
        let line = line.trim();
        match flags.last_mut() {
            Some((_, text)) if !line.starts_with('-') => {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(line);
            }
            _ => flags.push((line.replace(['<', '>'], ""), String::new())),
        }
    }
    tables + "\n"
}

/// One row for each flag and its text.
fn rows(flags: &[(String, String)]) -> String {
    let mut rows = String::new();
    for (flag, text) in flags {
        // Help and version have no variable.
        let Some((text, rest)) = text.split_once(" ($") else {
            continue;
        };
        let (variable, rest) = rest.split_once(')').unwrap();
        let default = rest
            .trim()
            .trim_start_matches("(default ")
            .trim_end_matches(')');
        let default = match default.trim_matches('"') {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        writeln!(rows, "| `{flag}` | `{variable}` | {default} | {text} |").unwrap();
    }
    rows
}

/// The part of `document` between the marks is `expected`; with `UPDATE_DOCS` it becomes so.
fn assert_generated(document: &str, (begin, end): (&str, &str), expected: &str) {
    let text = read(document);
    let (before, rest) = text.split_once(begin).expect("the beginning of the part");
    let (written, after) = rest.split_once(end).expect("the end of the part");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = format!("{before}{begin}{expected}{end}{after}");
        std::fs::write(root().join(document), text).unwrap();
        return;
    }
    assert!(
        written == expected,
        "{document} is behind the program: run `make doc-update`"
    );
}

#[test]
fn readme_has_the_flags_of_the_program() {
    assert_generated("README.md", (BEGIN, END), &table());
}

/// The catalogue of errors as tables.
fn catalogue() -> String {
    let mut text = String::new();
    let parts = [
        ("The network", network_rows()),
        ("Signing in", sign_in_rows()),
        ("Calls and writes", call_rows()),
    ];
    for (title, rows) in parts {
        let has_codes = rows.iter().any(|row| !row.says.is_empty());
        let (codes, line) = if has_codes {
            (" Salesforce's code or text |", "---|")
        } else {
            ("", "")
        };
        writeln!(
            text,
            "\n### {title}\n\n| the error says |{codes} what to do |"
        )
        .unwrap();
        writeln!(text, "|---|{line}---|").unwrap();
        for Row { says, advice } in rows {
            let says: Vec<_> = says.iter().map(|says| format!("`{says}`")).collect();
            let codes = if has_codes {
                format!(" {} |", says.join(", "))
            } else {
                String::new()
            };
            let remedy = match advice.remedy {
                "" => "wait",
                remedy => remedy,
            };
            writeln!(text, "| {} |{codes} {remedy} |", advice.cause).unwrap();
        }
    }
    text + "\n"
}

#[test]
fn troubleshooting_has_the_whole_catalogue() {
    let marks = (
        "<!-- catalogue: written by `make doc-update` -->\n",
        "<!-- catalogue end -->",
    );
    assert_generated("docs/troubleshooting.md", marks, &catalogue());
}

/// All series as a table.
fn series() -> String {
    let mut text =
        "\n| series | kind | counted in | labels | |\n|---|---|---|---|---|\n".to_owned();
    for series in ALL {
        let kind = match series.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Info => "info",
        };
        let place = match series.place {
            Place::Connector => "connector",
            Place::Daemon => "daemon",
            Place::Page => "whoever serves the page",
        };
        let labels: Vec<_> = series
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let (name, labels) = (series.sample(), labels.join(", "));
        let meaning = series.meaning;
        writeln!(
            text,
            "| `{name}` | {kind} | {place} | {labels} | {meaning} |"
        )
        .unwrap();
    }
    text + "\n"
}

#[test]
fn metrics_has_all_series() {
    let marks = (
        "<!-- series: written by `make doc-update` -->\n",
        "<!-- series end -->",
    );
    assert_generated("docs/metrics.md", marks, &series());
}

/// An alert on a series that does not exist never fires.
#[test]
fn alerts_are_about_series_and_labels_that_exist() {
    let text = read("docs/metrics.md");
    let known: BTreeSet<String> = ALL.iter().map(Series::sample).collect();
    let rules = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    let rules: Vec<_> = rules.collect();
    assert!(rules.len() > 2);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for rule in rules {
        let words = rule.split(|letter| !is_word(letter));
        let named: Vec<_> = words.filter(|word| word.starts_with("baton_")).collect();
        assert!(!named.is_empty(), "{rule}");
        for name in named {
            assert!(known.contains(name), "{name} does not exist");
        }
    }
}

#[test]
fn every_error_code_is_explained() {
    let errors = read("docs/errors.md");
    let codes = read("src/salesforce/error/code.rs");
    let (_, codes) = codes.split_once("codes! {").unwrap();
    let (codes, _) = codes.split_once('}').unwrap();
    for code in codes.split('"').skip(1).step_by(2) {
        assert!(
            errors.contains(&format!("`{code}`")),
            "docs/errors.md says nothing of {code}"
        );
    }
}

/// Headings such as ``### `the daemon mode … not part` `` quote the program; `…` stands for
/// anything.
#[test]
fn quoted_errors_are_texts_of_the_program() {
    let sources: Vec<String> = files("src", ".rs")
        .iter()
        .map(|path| spoken(&read(path)))
        .collect();
    let troubleshooting = read("docs/troubleshooting.md");
    let quoted = troubleshooting
        .lines()
        .filter_map(|line| line.strip_prefix("### `"));
    let quoted: Vec<&str> = quoted.filter_map(|line| line.strip_suffix('`')).collect();
    assert!(quoted.len() > 10, "the headings are quotations");
    for text in quoted {
        for piece in text
            .split('…')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
        {
            let is_said = sources.iter().any(|source| source.contains(piece));
            assert!(
                is_said,
                "docs/troubleshooting.md quotes what nobody says: {piece}"
            );
        }
    }
}

/// The source with its string literals in one line each.
fn spoken(source: &str) -> String {
    let mut text = String::new();
    for line in source.lines() {
        let line = line.trim();
        if let Some(begun) = line.strip_suffix('\\') {
            text.push_str(begun);
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.replace("\\\"", "\"")
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = read(&document);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(path);
            assert!(
                target.exists(),
                "{}: {link} is not there",
                document.display()
            );
        }
    }
}

/// Paths in backticks that begin with a directory of ours.
#[test]
fn paths_that_documents_name_exist() {
    const OURS: [&str; 7] = [
        "src/",
        "tests/",
        "simulator/",
        "interop/",
        "scripts/",
        "docs/",
        "proto/",
    ];
    for document in documents() {
        let text = read(&document);
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = OURS.iter().any(|directory| word.starts_with(directory))
                && !word.contains([' ', '*', '{', '…']);
            assert!(
                !is_path || root().join(word).exists(),
                "{}: {word} is not there",
                document.display()
            );
        }
    }
}

#[test]
fn the_map_has_every_top_module() {
    let map = read("ARCHITECTURE.md");
    let modules: BTreeSet<String> = std::fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|ending| ending == "rs")
        })
        .collect();
    for module in modules {
        assert!(
            map.contains(&format!("`src/{module}`")),
            "ARCHITECTURE.md lacks src/{module}"
        );
    }
}

#[test]
fn readme_shows_five_calls() {
    let readme = read("README.md");
    let calls = readme
        .lines()
        .filter(|line| line.starts_with("    grpcurl -plaintext "))
        .count();
    assert!(calls >= 5, "README.md shows {calls} calls");
}

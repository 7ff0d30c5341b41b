//! How the files of `src/connector/` may depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::layering::{code, files, is_test, outermost};

/// The parts of the connector, and the other parts that each may name. `resources.rs` alone also
/// names `write`: it joins each resource type with what writes it.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("checks", &["error", "options", "people"]),
    ("company_domains", &[]),
    ("error", &[]),
    ("feeds", &["catalog", "error", "people", "read", "text"]),
    ("options", &["company_domains", "username"]),
    ("people", &["options"]),
    ("text", &[]),
    ("username", &[]),
    ("read", &["error", "options"]),
    (
        "resources",
        &["catalog", "error", "options", "people", "read", "text"],
    ),
    (
        "write",
        &[
            "catalog",
            "error",
            "options",
            "read",
            "resources",
            "username",
        ],
    ),
];

/// What several resource types need. Any of them may name these files.
const SHARED: &[&str] = &[
    "assignment",
    "components",
    "directory",
    "field_grants",
    "field_resource",
    "features",
    "given",
    "giver",
    "held_rows",
    "license",
    "license_holders",
    "license_names",
    "login_states",
    "object_permissions",
    "roster",
    "row_parts",
    "set_group_status",
    "strong_sets",
    "synced_users",
    "user_facts",
];

/// Resource types that may name another one's file, with the reason.
const DOORS: &[(&str, &str, &str)] = &[
    (
        "connected_app",
        "permission_set",
        "permission sets give access to apps",
    ),
    ("connected_app", "profile", "profiles give access to apps"),
    (
        "group",
        "role",
        "the groups of roles are granted to the roles",
    ),
    (
        "permission_set",
        "permission_set_group",
        "the components of groups are grants of the sets",
    ),
];

/// What a sync remembers. Nothing in `write/` may name it.
const REMEMBERS: &[&str] = &[
    "read::beginning",
    "read::context",
    "read::listing",
    "read::partitioned_scan",
    "read::read_ahead",
    "read::row_cache",
    "read::snapshot",
    "read::sync_memory",
    "resources::components",
    "resources::synced_users",
];

/// The files of the connector as module paths, such as `read::table`; `""` is `connector.rs`.
fn modules() -> BTreeMap<String, String> {
    let below = files("src/connector").into_iter();
    let with_root = below.chain(["src/connector.rs".into()]);
    with_root
        .filter(|file| !is_test(file))
        .map(|file| {
            let path = file.with_extension("");
            let parts = path.iter().skip(2).map(|part| part.to_str().unwrap());
            (parts.collect::<Vec<_>>().join("::"), code(&file))
        })
        .collect()
}

/// The paths in a `use` tree, such as `a::{b, c::d}`.
fn expand(tree: &str) -> Vec<String> {
    let Some((before, list)) = tree.split_once('{') else {
        let end = tree.find(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
        return vec![tree[..end.unwrap_or(tree.len())].to_owned()];
    };
    if before.contains([';', '(', ' ', '\n']) {
        return expand(before);
    }
    let inner = outermost(list);
    inner
        .iter()
        .flat_map(|item| expand(item.trim()))
        .map(|path| format!("{before}{path}"))
        .collect()
}

/// The modules that the code of `module` names, by `crate`, `self` and `super` paths and by the
/// names of its children.
fn named(module: &str, code: &str, all: &BTreeMap<String, String>) -> BTreeSet<String> {
    let own: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let mut found = BTreeSet::new();
    let mut resolve = |base: &[&str], path: &str| {
        let parts: Vec<&str> = base
            .iter()
            .copied()
            .chain(path.split("::").filter(|part| !part.is_empty()))
            .collect();
        let known = (1..=parts.len())
            .rev()
            .map(|length| parts[..length].join("::"));
        found.extend(known.into_iter().find(|path| all.contains_key(path)));
    };
    let is_start = |at: usize| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "_:".contains(letter))
    };
    for (at, _) in code
        .match_indices("crate::connector::")
        .filter(|(at, _)| is_start(*at))
    {
        for path in expand(&code[at + "crate::connector::".len()..]) {
            resolve(&[], &path);
        }
    }
    for (at, _) in code
        .match_indices("super::")
        .filter(|(at, _)| is_start(*at))
    {
        let mut rest = &code[at..];
        let mut base = own.as_slice();
        while let Some(after) = rest.strip_prefix("super::") {
            base = &base[..base.len().saturating_sub(1)];
            rest = after;
        }
        for path in expand(rest) {
            resolve(base, &path);
        }
    }
    let children = all.keys().filter_map(|path| {
        let child = match module {
            "" => path.as_str(),
            _ => path.strip_prefix(module)?.strip_prefix("::")?,
        };
        (!child.is_empty() && !child.contains("::")).then_some(child)
    });
    for child in children {
        for (at, _) in code
            .match_indices(&format!("{child}::"))
            .filter(|(at, _)| is_start(*at))
        {
            for path in expand(&code[at..]) {
                resolve(&own, &path);
            }
        }
    }
    found.remove(module);
    found
}

fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let all = modules();
    let edges = all
        .iter()
        .map(|(module, code)| (module.clone(), named(module, code, &all)));
    edges.collect()
}

fn reachable<'a>(
    from: &'a str,
    graph: &'a BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(
            graph[module]
                .iter()
                .map(String::as_str)
                .filter(|next| seen.insert(*next)),
        );
    }
    seen
}

#[test]
fn paths_are_found_in_every_form() {
    let all = [
        "",
        "read",
        "read::table",
        "read::org",
        "write",
        "write::a",
        "write::a::b",
    ];
    let all = all
        .iter()
        .map(|path| ((*path).to_owned(), String::new()))
        .collect();
    let code = "use super::c; use super::super::read::org::Org;\n\
                use crate::connector::{read::table::{Row, Table}, write};\nb::x(); sub::b::y()";
    let found = named("write::a", code, &all);
    let expected = ["read::org", "read::table", "write", "write::a::b"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn no_more_than_two_files_depend_on_each_other() {
    let graph = graph();
    for module in graph.keys() {
        let mutual: Vec<_> = reachable(module, &graph)
            .into_iter()
            .filter(|other| reachable(other, &graph).contains(module.as_str()))
            .collect();
        assert!(mutual.len() <= 2, "a circle: {mutual:?}");
        if let [one, other] = mutual.as_slice() {
            assert!(
                other.starts_with(one),
                "{one} and {other} are no module and its child"
            );
        }
    }
}

#[test]
fn each_part_of_the_connector_names_only_the_parts_it_may() {
    let top = |module: &str| module.split("::").next().unwrap().to_owned();
    for (module, names) in graph() {
        if module.is_empty() || module == "resources" {
            continue;
        }
        let part = top(&module);
        let allowed = MAY_NAME.iter().find(|(name, _)| *name == part);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{part} is new: add it to MAY_NAME"));
        for other in names
            .iter()
            .map(|name| top(name))
            .filter(|other| *other != part)
        {
            assert!(
                allowed.contains(&other.as_str()),
                "{module} may not name {other}"
            );
        }
    }
}

#[test]
fn nothing_that_writes_reads_what_a_sync_remembers() {
    for (module, names) in graph()
        .iter()
        .filter(|(module, _)| module.starts_with("write"))
    {
        for name in names {
            let remembers = REMEMBERS.iter().any(|place| name.starts_with(place));
            assert!(!remembers, "{module} may not name {name}");
        }
    }
}

#[test]
fn resource_types_know_each_other_through_named_doors_only() {
    let kind = |module: &str| module.split("::").nth(1).map(str::to_owned);
    let mut used = BTreeSet::new();
    for (module, names) in graph()
        .iter()
        .filter(|(module, _)| module.starts_with("resources::"))
    {
        let own = kind(module).unwrap();
        for other in names.iter().filter(|name| name.starts_with("resources::")) {
            let other = kind(other).unwrap();
            if other == own || SHARED.contains(&other.as_str()) {
                continue;
            }
            let door = DOORS
                .iter()
                .find(|(from, to, _)| (*from, *to) == (&*own, &*other));
            let (from, to, _) = door.unwrap_or_else(|| panic!("{module} may not name {other}"));
            used.insert((*from, *to));
        }
    }
    assert_eq!(
        used.len(),
        DOORS.len(),
        "a door is no longer used: {used:?}"
    );
}

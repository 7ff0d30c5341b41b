//! The table of capabilities against the registry, and the documents that come from it.
//! `make doc-update` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use baton_salesforce::connector;
use baton_salesforce::connector::checks::{
    CAPABILITIES, Capability, Covers, Need, PERMISSION_SETS, Permission, PermissionSetFile,
    Strength,
};

use super::{read, root};

const DOCUMENT: &str = "docs/permissions.md";
const SETS: &str = "docs/salesforce";

/// What the registry offers, in the words of the table.
fn offered() -> BTreeSet<String> {
    let registry = connector::offline().unwrap();
    let mut offered = BTreeSet::new();
    for syncer in registry.syncers() {
        let id = syncer.resource_type().id;
        offered.insert(format!("{:?}", Covers::Read(id)));
        if syncer.provisioner().is_some() {
            offered.insert(format!("{:?}", Covers::Grant(id)));
        }
        if syncer.deleter().is_some() {
            offered.insert(format!("{:?}", Covers::Delete(id)));
        }
    }
    for feed in registry.feeds() {
        offered.insert(format!("{:?}", Covers::Feed(feed.id())));
    }
    for action in registry.actions() {
        offered.insert(format!("{:?}", Covers::Action(action.schema().name)));
    }
    let accounts = registry.accounts().unwrap().resource_type();
    offered.insert(format!("{:?}", Covers::Create(accounts)));
    offered
}

#[test]
fn the_table_has_what_the_registry_offers_and_nothing_else() {
    let whole = CAPABILITIES
        .iter()
        .filter(|one| !matches!(one.covers, Covers::PartOf(_)));
    let listed: Vec<String> = whole.map(|one| format!("{:?}", one.covers)).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), offered());
    assert_eq!(listed.len(), offered().len(), "something is listed twice");
}

#[test]
fn every_entry_is_complete() {
    let ids: BTreeSet<&str> = CAPABILITIES.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), CAPABILITIES.len(), "an id is used twice");
    for one in CAPABILITIES {
        assert!(
            !one.what.is_empty() && !one.without.is_empty(),
            "{}",
            one.id
        );
        assert!(
            one.source.starts_with("Object Reference: ")
                || one.source.starts_with("Salesforce Help: "),
            "{}",
            one.id
        );
        if let Covers::PartOf(whole) = one.covers {
            assert!(ids.contains(whole), "{} is a part of {whole}", one.id);
        }
    }
}

/// What the connector says while it reads names the same permissions as the table.
#[test]
fn remedies_name_permissions_of_the_table() {
    let labels: BTreeSet<&str> = CAPABILITIES
        .iter()
        .flat_map(|one| one.needs)
        .flat_map(|need| need.any_of)
        .map(|permission| permission.label)
        .collect();
    for path in crate::layering::files("src/connector/resources") {
        let code = crate::layering::code(&path);
        for remedy in code.split("give the connector's user \\\"").skip(1) {
            let label = remedy.split("\\\"").next().unwrap();
            assert!(labels.contains(label), "{}: {label}", path.display());
        }
    }
}

fn cell(need: &Need) -> String {
    let labels: Vec<_> = need.any_of.iter().map(|one| one.label).collect();
    let (first, others) = labels.split_first().unwrap();
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(" (or {})", others.join(", "))
    };
    match need.strength {
        Strength::Documented => format!("{first}{others}"),
        Strength::Reported => format!("{first}{others}, see below"),
    }
}

fn row(one: &Capability) -> String {
    let needs: Vec<_> = one.needs.iter().map(cell).collect();
    let mut objects: Vec<String> = one.objects.iter().map(|&name| name.to_owned()).collect();
    if !one.also.is_empty() {
        objects.push(format!("also {}", one.also.join(", ")));
    }
    let mut without = one.without.to_owned();
    if let Some(note) = one.note {
        write!(without, ". Besides: {note}").unwrap();
    }
    format!(
        "| `{}` | {} | {} | {} | {without} | {} |\n",
        one.id,
        one.what,
        objects.join("; "),
        needs.join("; "),
        one.source
    )
}

fn table(kind: &str) -> String {
    let head = "| check | what | Salesforce objects | permission | without it | source |\n\
                |---|---|---|---|---|---|\n";
    let rows = CAPABILITIES.iter().filter(|one| match kind {
        "reading" => one.is_read(),
        "actions" => one.id.starts_with("action."),
        _ => !one.is_read() && !one.id.starts_with("action."),
    });
    head.to_owned() + &rows.map(row).collect::<String>()
}

fn names() -> String {
    let mut table = "| in Setup | in the API |\n|---|---|\n".to_owned();
    let named = CAPABILITIES
        .iter()
        .flat_map(|one| one.needs)
        .flat_map(|need| need.any_of)
        .copied();
    let sets = PERMISSION_SETS
        .iter()
        .flat_map(PermissionSetFile::permissions);
    let all: BTreeSet<Permission> = named.chain(sets).collect();
    for permission in all {
        writeln!(table, "| {} | `{}` |", permission.label, permission.name).unwrap();
    }
    table
}

fn sets() -> String {
    let mut table = "| file | for | permissions |\n|---|---|---|\n".to_owned();
    for set in PERMISSION_SETS {
        let labels: Vec<_> = set.permissions().iter().map(|one| one.label).collect();
        writeln!(
            table,
            "| [{name}](salesforce/{name}.permissionset-meta.xml) | {} | {} |",
            set.description,
            labels.join(", "),
            name = set.name
        )
        .unwrap();
    }
    table
}

/// The document with its tables written anew.
fn written_anew(document: &str) -> String {
    let mut text = document.to_owned();
    for (part, table) in [
        ("reading", table("reading")),
        ("writing", table("writing")),
        ("actions", table("actions")),
        ("sets", sets()),
        ("names", names()),
    ] {
        let begin = format!("<!-- {part}: written by `make doc-update` -->\n");
        let end = format!("<!-- {part} end -->");
        let (before, rest) = text
            .split_once(&begin)
            .unwrap_or_else(|| panic!("no {begin}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        text = format!("{before}{begin}\n{table}\n{end}{after}");
    }
    text
}

/// As Salesforce writes it: permissions by name, and no license, so that any user may get it.
fn xml(set: &PermissionSetFile) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PermissionSet xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
         <description>{}</description>\n    \
         <hasActivationRequired>false</hasActivationRequired>\n    \
         <label>{}</label>\n",
        set.description, set.label
    );
    for permission in set.permissions() {
        write!(
            xml,
            "    <userPermissions>\n        <enabled>true</enabled>\n        <name>{}</name>\n    \
             </userPermissions>\n",
            permission.name
        )
        .unwrap();
    }
    xml + "</PermissionSet>\n"
}

fn path(set: &PermissionSetFile) -> PathBuf {
    root()
        .join(SETS)
        .join(format!("{}.permissionset-meta.xml", set.name))
}

#[test]
fn permissions_come_from_the_table() {
    let document = read(DOCUMENT);
    let anew = written_anew(&document);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join(DOCUMENT), anew).unwrap();
        return;
    }
    assert!(
        document == anew,
        "{DOCUMENT} is behind the table: run `make doc-update`"
    );
}

#[test]
fn permission_sets_come_from_the_table() {
    for set in PERMISSION_SETS {
        assert!(
            set.label.len() <= 80 && set.description.len() <= 255,
            "{}",
            set.name
        );
        for id in set.capabilities {
            assert!(
                CAPABILITIES.iter().any(|one| one.id == *id),
                "{}: {id}",
                set.name
            );
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(root().join(SETS)).unwrap();
            std::fs::write(path(set), xml(set)).unwrap();
        }
        let written = std::fs::read_to_string(path(set)).unwrap_or_default();
        assert!(
            written == xml(set),
            "{} is behind the table: run `make doc-update`",
            set.name
        );
    }
    let known: BTreeSet<PathBuf> = PERMISSION_SETS.iter().map(path).collect();
    let files = std::fs::read_dir(root().join(SETS)).unwrap();
    let files: BTreeSet<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files, known);
}

/// Whoever has all permission sets may do everything, connected apps and package licences aside.
#[test]
fn the_permission_sets_allow_everything_together() {
    let held: BTreeSet<Permission> = PERMISSION_SETS
        .iter()
        .flat_map(PermissionSetFile::permissions)
        .collect();
    for one in CAPABILITIES {
        let met = |need: &Need| {
            need.any_of
                .iter()
                .any(|permission| held.contains(permission))
        };
        let is_left_out = [
            "read.connected_app",
            "read.connected_app.authorization",
            "grant.connected_app",
            "grant.package_license",
            "action.release_user.include_licenses",
        ]
        .contains(&one.id);
        assert_eq!(one.needs.iter().all(met), !is_left_out, "{}", one.id);
    }
}

//! Queries against a small org.

mod found;
mod refused;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Context, SoqlError, evaluate, parse};
use crate::org::id::Id;
use crate::org::schema::{ObjectDef, Schema};
use crate::org::table::{Database, TableError};
use crate::org::value::Value;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A profile with its permission set, another set, a role, three users and a group.
fn org() -> std::result::Result<Database, TableError> {
    let mut db = Database::new(Schema::standard());
    let time = |text: &str| Value::from(text.parse::<Timestamp>().ok());
    let admin = db.insert("Profile", [("Name", "Admin".into())])?;
    let mut set = |name: &str, profile: Option<Id>| {
        db.insert(
            "PermissionSet",
            [
                ("Name", name.into()),
                ("Label", name.into()),
                ("ProfileId", profile.into()),
                ("IsOwnedByProfile", profile.is_some().into()),
            ],
        )
    };
    let owned = set("X00e", Some(admin))?;
    let free = set("Sales_Ops", None)?;
    let role = db.insert("UserRole", [("Name", "CEO".into())])?;
    let mut users = Vec::new();
    for (name, ty, role) in [
        ("Ann", "Standard", Some(role)),
        ("bob", "Standard", None),
        ("O'Neil", "Guest", None),
    ] {
        users.push(db.insert(
            "User",
            [
                ("Username", format!("{name}@acme.example").into()),
                ("Name", name.into()),
                ("UserType", ty.into()),
                ("IsActive", (ty == "Standard").into()),
                ("ProfileId", admin.into()),
                ("UserRoleId", role.into()),
                ("NumberOfFailedLogins", Value::Int(i64::from(name == "bob"))),
                (
                    "LastLoginDate",
                    time(if name == "Ann" {
                        "2026-11-21T08:00:00Z"
                    } else {
                        ""
                    }),
                ),
            ],
        )?);
    }
    let group = db.insert(
        "Group",
        [("Name", "All".into()), ("Type", "Regular".into())],
    )?;
    for user in &users {
        for set in [owned, free] {
            let cells = [
                ("AssigneeId", (*user).into()),
                ("PermissionSetId", set.into()),
            ];
            db.insert("PermissionSetAssignment", cells)?;
        }
    }
    for member in [group, *users.first().unwrap_or(&Id::ZERO)] {
        let cells = [("GroupId", group.into()), ("UserOrGroupId", member.into())];
        db.insert("GroupMember", cells)?;
    }
    Ok(db)
}

fn run_at(version: u32, db: &Database, text: &str) -> std::result::Result<Json, SoqlError> {
    run_in(version, db, text, false)
}

fn run_all(version: u32, db: &Database, text: &str) -> std::result::Result<Json, SoqlError> {
    run_in(version, db, text, true)
}

fn run_in(
    version: u32,
    db: &Database,
    text: &str,
    all_rows: bool,
) -> std::result::Result<Json, SoqlError> {
    let hidden = |object: &ObjectDef| object.feature.is_some();
    let ctx = Context {
        db,
        now: Timestamp::from_second(1_795_305_600).unwrap_or_default(), // 2026-11-22
        api_version: version,
        hidden: &hidden,
        visible: None,
        all_rows,
    };
    let outcome = evaluate(&parse(text)?, &ctx)?;
    let page = outcome.page(&ctx, 0..usize::MAX).to_json();
    assert!(
        outcome.is_count()
            || page
                .as_array()
                .is_some_and(|all| all.len() == outcome.len())
    );
    Ok(if outcome.is_count() {
        outcome.total_size().into()
    } else {
        page
    })
}

fn run(text: &str) -> Result<Json> {
    Ok(run_at(63, &org()?, text)?)
}

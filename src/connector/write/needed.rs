//! What a user has that needs a permission set licence.

use serde::Deserialize;

use super::attempt::Answers;
use crate::connector::error::ReadError;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, Select, field};

/// How many permission sets a sentence names.
const NAMED: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssignmentPart {
    permission_set_id: Option<SalesforceId>,
    permission_set: Option<SetPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names are Salesforce's")]
struct ComponentPart {
    permission_set_id: Option<SalesforceId>,
    permission_set: Option<SetPart>,
    permission_set_group: Option<GroupPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetPart {
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupPart {
    master_label: Option<String>,
}

/// The queries for the permission sets in force that need `license`: those that `user` holds
/// directly, and those in its permission set groups.
pub(super) fn selects(user: SalesforceId, license: SalesforceId) -> [Select; 2] {
    let in_force = || field("AssigneeId").eq(user).and(field("IsActive").eq(true));
    let needs = |condition: Condition| condition.and(field("PermissionSet.LicenseId").eq(license));
    let direct = Select::from("PermissionSetAssignment")
        .fields(["PermissionSetId", "PermissionSet.Label"])
        .filter(needs(in_force()))
        .filter(field("PermissionSetGroupId").is_null());
    let groups = Select::from("PermissionSetAssignment")
        .field("PermissionSetGroupId")
        .filter(in_force())
        .filter(field("PermissionSetGroupId").not_null());
    let components = Select::from("PermissionSetGroupComponent")
        .fields([
            "PermissionSetId",
            "PermissionSet.Label",
            "PermissionSetGroup.MasterLabel",
        ])
        .filter(needs(field("PermissionSetGroupId").in_select(groups)));
    [direct, components]
}

/// Why the licence cannot be taken away, by the answers to [`selects`], of which the first has the
/// number `first`. `None` if nothing needs it, or if the org does not show what does: then the org
/// decides itself.
pub(super) fn why(answers: &mut Answers, first: usize) -> Option<String> {
    let mut names = direct_names(answers, first).unwrap_or_default();
    names.extend(component_names(answers, first + 1).unwrap_or_default());
    (!names.is_empty()).then(|| sentence(&names))
}

fn direct_names(answers: &mut Answers, number: usize) -> Result<Vec<String>, ReadError> {
    let rows = answers.rows::<AssignmentPart>(number, "read permission set assignments")?;
    let names = rows
        .into_iter()
        .filter_map(|row| set_name(row.permission_set, row.permission_set_id));
    Ok(names.collect())
}

fn component_names(answers: &mut Answers, number: usize) -> Result<Vec<String>, ReadError> {
    let rows = answers.rows::<ComponentPart>(number, "read components of permission set groups")?;
    let names = rows.into_iter().filter_map(|row| {
        let set = set_name(row.permission_set, row.permission_set_id)?;
        let label = row
            .permission_set_group
            .and_then(|group| group.master_label);
        Some(match label {
            Some(group) => format!("{set} (through the permission set group \"{group}\")"),
            None => format!("{set} (through a permission set group)"),
        })
    });
    Ok(names.collect())
}

fn set_name(set: Option<SetPart>, id: Option<SalesforceId>) -> Option<String> {
    match set.and_then(|set| set.label) {
        Some(label) => Some(format!("\"{label}\"")),
        None => id.map(|id| id.to_string()),
    }
}

fn sentence(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let rest = names.len().saturating_sub(NAMED);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let (noun, verb) = if names.len() == 1 {
        ("permission set", "needs")
    } else {
        ("permission sets", "need")
    };
    format!(
        "the user has the {noun} {}{more}, which {verb} this licence; take that away first",
        first.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_a_few() {
        let names: Vec<String> = (1..=7).map(|number| format!("\"S{number}\"")).collect();
        assert!(
            sentence(names.get(..1).unwrap_or_default())
                .contains("the permission set \"S1\", which needs")
        );
        assert!(sentence(&names).contains("\"S5\" and 2 more, which need"));
    }
}

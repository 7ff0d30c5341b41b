//! What the status of a permission set group means.

/// What a reader should know of a status (Object Reference, `PermissionSetGroup`: `Status`): the group
/// may not give what its permission sets say.
pub(in crate::connector) fn standing(status: &str) -> Option<&'static str> {
    Some(match status {
        "Outdated" => {
            "What it gives may be out of date: Salesforce has not recalculated the group since its \
             permission sets changed."
        }
        "Updating" => {
            "What it gives may be out of date: Salesforce is recalculating the group right now."
        }
        "Failed" => {
            "What it gives may be out of date: Salesforce could not recalculate the group. An \
             administrator must look at it in Setup."
        }
        _ => return None,
    })
}

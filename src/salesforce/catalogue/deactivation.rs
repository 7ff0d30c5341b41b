//! Phrases of refused deactivations, and where to fix the cause in Setup.
//!
//! Salesforce has no codes of its own for these causes. They are those of "Considerations for
//! Deactivating Users" in Salesforce Help.

const BLOCKERS: &[(&str, &str)] = &[
    ("deactivate yourself", "the connector signs in as this user"),
    (
        "default lead owner",
        "choose another default lead owner in Setup > Lead Settings",
    ),
    (
        "default lead creator",
        "choose another default creator in Setup > Web-to-Lead",
    ),
    (
        "web-to-lead",
        "choose another default creator in Setup > Web-to-Lead",
    ),
    (
        "lead assignment rule",
        "change Setup > Lead Assignment Rules",
    ),
    (
        "auto-response rule",
        "change Setup > Lead Auto-Response Rules",
    ),
    (
        "default case owner",
        "choose another default case owner in Setup > Support Settings",
    ),
    (
        "automated case user",
        "choose another automated case user in Setup > Support Settings",
    ),
    (
        "case assignment rule",
        "change Setup > Case Assignment Rules",
    ),
    (
        "default workflow user",
        "choose another default workflow user in Setup > Process Automation Settings",
    ),
    (
        "workflow email alert",
        "change the recipients in Setup > Email Alerts",
    ),
    ("workflow field update", "change Setup > Field Updates"),
    (
        "portal administrator",
        "choose another administrator in Setup > Digital Experiences",
    ),
];

/// What to change before the user can be deactivated, if the org's words name the cause.
#[must_use]
pub fn deactivation(words: &str) -> Option<&'static str> {
    let words = words.to_lowercase();
    let (_, place) = BLOCKERS.iter().find(|(phrase, _)| words.contains(phrase))?;
    Some(place)
}

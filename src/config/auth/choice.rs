//! Which sign-in method is meant, if none is named.

use crate::config::flag::Flag;
use crate::config::flags::connector as flags;
use crate::config::group::{Group, Method};
use crate::config::values::Values;

/// The chosen group.
pub(in crate::config) struct Choice {
    pub(in crate::config) group: Group,
    /// Whether it was inferred from the fields that are set.
    pub(in crate::config) inferred: bool,
    /// Whether the refresh token is still to be had.
    pub(in crate::config) for_login: bool,
}

impl Choice {
    /// What `login` signs in to.
    pub(in crate::config) const FOR_LOGIN: Self = Self {
        group: Group::REFRESH_TOKEN,
        inferred: false,
        for_login: true,
    };

    fn inferred(group: Group) -> Self {
        Self {
            group,
            inferred: true,
            for_login: false,
        }
    }
}

/// The group that is named. Without a name it is the default if there is a token for it, or else the
/// only group whose fields are set: scripts for the Go connector give a user name and a password
/// without naming a group.
pub(in crate::config) fn choose(values: &Values) -> Result<Choice, String> {
    let field = flags::AUTH_METHOD.name;
    let name = values.text(&flags::AUTH_METHOD);
    let default = Choice {
        group: Group::OAUTH,
        inferred: false,
        for_login: false,
    };
    if !name.is_empty() {
        let group = Group::find(name).ok_or_else(|| {
            let names = Group::ALL.map(|group| group.name).join(", ");
            format!("field {field}: value must be one of {names} but got '{name}'")
        })?;
        return Ok(Choice { group, ..default });
    }
    if values.is_set(&flags::OAUTH2_TOKEN) {
        return Ok(default);
    }
    match (complete(values).as_slice(), begun(values).as_slice()) {
        ([only], _) | ([], [only]) => Ok(Choice::inferred(*only)),
        ([], _) => Ok(default),
        (several, _) => {
            let names: Vec<_> = several.iter().map(|group| group.name).collect();
            let names = names.join(" and ");
            Err(format!(
                "field {field}: is not set, and the fields that are set fit {names}: choose one"
            ))
        }
    }
}

/// The groups other than the default that have all they need. Several take the client's ID and
/// secret: a refresh token or an auth URL says which of them is meant.
pub(super) fn complete(values: &Values) -> Vec<Group> {
    let is_set = |flag: &Flag| values.is_set(flag);
    let has_refresh_token = is_set(&flags::SALESFORCE_REFRESH_TOKEN);
    let has_auth_url = is_set(&flags::SALESFORCE_AUTH_URL);
    // The flow of client credentials needs the org's own address.
    let has_only_login_url = is_set(&flags::SALESFORCE_LOGIN_URL) && !is_set(&flags::INSTANCE_URL);
    let fits = |group: &Group| match group.method {
        Method::OAuthToken => false,
        Method::Password | Method::JwtBearer | Method::AuthUrl => true,
        Method::RefreshToken => has_refresh_token && !has_auth_url,
        Method::ClientCredentials => !has_refresh_token && !has_auth_url && !has_only_login_url,
    };
    Group::ALL
        .into_iter()
        .filter(|group| fits(group) && group.required().all(is_set))
        .collect()
}

/// The groups of which a field is set that no other group has. If only the client is known, its
/// refresh token may be in the store.
fn begun(values: &Values) -> Vec<Group> {
    let is_any_set = |flags: &[&Flag]| flags.iter().any(|flag| values.is_set(flag));
    let own = [
        (
            Group::PASSWORD,
            is_any_set(&[&flags::SALESFORCE_USERNAME, &flags::SALESFORCE_PASSWORD]),
        ),
        (
            Group::JWT_BEARER,
            is_any_set(&[
                &flags::SALESFORCE_PRIVATE_KEY,
                &flags::SALESFORCE_JWT_SUBJECT,
            ]),
        ),
        (
            Group::REFRESH_TOKEN,
            is_any_set(&[&flags::SALESFORCE_REFRESH_TOKEN]),
        ),
    ];
    let begun: Vec<Group> = own
        .into_iter()
        .filter_map(|(group, is_begun)| is_begun.then_some(group))
        .collect();
    if !begun.is_empty() {
        return begun;
    }
    if is_any_set(&[&flags::SALESFORCE_CLIENT_ID]) {
        vec![Group::REFRESH_TOKEN]
    } else if is_any_set(&[&flags::SALESFORCE_CLIENT_SECRET]) {
        vec![Group::CLIENT_CREDENTIALS]
    } else {
        Vec::new()
    }
}

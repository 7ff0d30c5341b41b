//! The token that a platform hands over.

use super::{AuthMethod, RefreshGrant, choice, explicit_login_url};
use crate::config::flags::connector as flags;
use crate::config::group::Group;
use crate::config::problem::Problems;
use crate::config::values::Values;

/// The token in the form of an answer of Salesforce's token endpoint. Its other fields describe the
/// token and have no effect.
#[derive(Default, serde::Deserialize)]
struct TokenObject {
    access_token: Option<String>,
    refresh_token: Option<String>,
    instance_url: Option<String>,
}

/// The method, or `None` and the reasons in `problems`.
pub(super) fn resolve(
    values: &Values,
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> Option<AuthMethod> {
    let name = flags::OAUTH2_TOKEN.name;
    let text = values.text(&flags::OAUTH2_TOKEN);
    if text.is_empty() {
        problems.push(missing_token(values));
        return None;
    }
    let object = problems.keep(parse(text))?;
    let filled = |text: Option<String>| {
        let text = text.map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty())
    };
    let refresh = refresh(filled(object.refresh_token), values, problems, warnings);
    let Some(access_token) = filled(object.access_token) else {
        if refresh.is_none() {
            problems.push(format!("field {name}: the JSON object has no access_token"));
        }
        return refresh.map(|grant| AuthMethod::RefreshToken { grant });
    };
    Some(AuthMethod::OAuthToken {
        access_token: access_token.into(),
        instance_url: filled(object.instance_url),
        refresh,
    })
}

fn parse(text: &str) -> Result<TokenObject, String> {
    if !text.starts_with('{') {
        return Ok(TokenObject {
            access_token: Some(text.to_owned()),
            ..TokenObject::default()
        });
    }
    // The parser's own text may quote the token.
    serde_json::from_str(text).map_err(|error| {
        format!(
            "field {}: the JSON is wrong at column {}",
            flags::OAUTH2_TOKEN.name,
            error.column()
        )
    })
}

/// How to renew the access token, if its refresh token and the client are known.
fn refresh(
    in_token: Option<String>,
    values: &Values,
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> Option<RefreshGrant> {
    let (token, flag) = (&flags::OAUTH2_TOKEN, &flags::SALESFORCE_REFRESH_TOKEN);
    let in_flag = values.optional(flag);
    if in_token.is_some() && in_flag.is_some() && in_token != in_flag {
        problems.push(format!(
            "field {}: contradicts field {}, which contains another refresh_token: leave one of \
             them out",
            flag.name, token.name
        ));
    }
    let refresh_token = in_token.or(in_flag)?;
    let Some(client_id) = values.optional(&flags::SALESFORCE_CLIENT_ID) else {
        warnings.push(format!(
            "field {}: its refresh token has no effect without the client: set --{} (and --{}, if \
             the app has one)",
            token.name,
            flags::SALESFORCE_CLIENT_ID.name,
            flags::SALESFORCE_CLIENT_SECRET.name,
        ));
        return None;
    };
    Some(RefreshGrant {
        client_id,
        client_secret: values.secret(&flags::SALESFORCE_CLIENT_SECRET),
        refresh_token: Some(refresh_token.into()),
        login_url: explicit_login_url(values),
    })
}

/// Says that the token is missing, or that the fields fit another method.
fn missing_token(values: &Values) -> String {
    let flag = &flags::OAUTH2_TOKEN;
    let text = format!(
        "field {} of type string is required by auth-method {} but it has a zero-value",
        flag.name,
        Group::OAUTH.name,
    );
    let others: Vec<String> = choice::complete(values)
        .iter()
        .map(|group| format!("--auth-method {}", group.name))
        .collect();
    if others.is_empty() {
        let (name, variable) = (flag.name, flag.variable());
        format!("{text}: set --{name} or {variable}, or choose another --auth-method")
    } else {
        format!(
            "{text}: the fields that are set fit {}",
            others.join(" or ")
        )
    }
}

//! Pages that a person sees in a browser.

use quick_xml::escape::escape;

use super::{Form, OauthError};
use crate::http::reply::Reply;

/// Shows an error that must not be redirected.
pub(super) fn error(error: &OauthError) -> Reply {
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", error.code)
        .append_pair("error_description", &error.description)
        .finish();
    let body = format!(
        "<h1>OAuth Error</h1>\
         <p>We can't authorize you because of an OAuth error. For more information, contact your \
         Salesforce administrator.</p><p>{} : {}</p><p><code>{}</code></p>",
        escape(error.code),
        escape(&error.description),
        escape(&encoded)
    );
    page(400, &body).with_error_code(error.code)
}

/// The page for a person who copies the code from the address.
pub(super) fn success() -> Reply {
    page(200, "<h1>Remote Access Authorization</h1><p>Success</p>")
}

/// Asks for username, password and approval; `refused` tells that the last password was wrong.
pub(super) fn sign_in(form: &Form, refused: bool) -> Reply {
    let asked = form
        .0
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()));
    let hidden = |(name, value): &(String, String)| {
        let (name, value) = (escape(name), escape(value));
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    };
    let hidden: String = asked.map(hidden).collect();
    let notice = if refused {
        "<p id=\"error\">Please check your username and password. If you still can't log in, \
         contact your Salesforce administrator.</p>"
    } else {
        ""
    };
    let scope = escape(form.get("scope").unwrap_or(""));
    let body = format!(
        "<h1>Log In</h1>{notice}\
         <form method=\"post\" action=\"/services/oauth2/authorize\">{hidden}\
         <p><label>Username <input id=\"username\" name=\"username\" autocomplete=\"off\"></label></p>\
         <p><label>Password <input id=\"password\" name=\"password\" type=\"password\"></label></p>\
         <h2>Allow Access?</h2><p>{scope}</p>\
         <p><button id=\"oaapprove\" name=\"decision\" value=\"allow\">Allow</button> \
         <button id=\"oadeny\" name=\"decision\" value=\"deny\">Deny</button></p></form>"
    );
    page(200, &body)
}

/// The fields that a person fills in.
const OWN: &[&str] = &["username", "password", "decision"];

fn page(status: u16, body: &str) -> Reply {
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"UTF-8\"><title>Salesforce</title>\
         </head><body>{body}</body></html>\n"
    );
    Reply::text(status, "text/html; charset=UTF-8", text)
        .with_header("cache-control", "no-store".into())
}

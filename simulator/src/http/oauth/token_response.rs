//! Token responses and their formats. Source: REST API Developer Guide, "OAuth 2.0 Refresh Token
//! Flow": parameter `format` with the values `json`, `urlencoded` and `xml`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use quick_xml::escape::escape;
use serde_json::Value;
use sha2::Sha256;

use super::{Form, Granted};
use crate::http::call::Call;
use crate::http::login;
use crate::http::reply::Reply;
use crate::http::session::Session;
use crate::http::shared::Shared;

/// The fields of a token response, in Salesforce's order.
type Fields = Vec<(&'static str, String)>;

/// Opens a session and returns the fields of the token response.
pub(super) fn issue(shared: &Shared, granted: Granted) -> Fields {
    let now = shared.clock.now();
    let (org_id, instance_url, secret) = {
        let org = shared.read();
        let url = org.settings.instance_url.clone();
        let url = url.unwrap_or_else(|| shared.base.clone());
        let secret = org.settings.client.secret.clone();
        (org.organization_id(), url, secret)
    };
    let mut session = Session::new(granted.user_id.clone(), &granted.scope, now);
    session.family = granted.family;
    session.code = granted.code;
    let access_token = shared.sessions().open(&org_id, session);
    let id = format!("{}/id/{org_id}/{}", shared.base, granted.user_id);
    let issued_at = login::issued_at(now);
    let signature = signature(&secret, &id, &issued_at);
    let mut fields = vec![("access_token", access_token)];
    fields.extend(granted.refresh_token.map(|token| ("refresh_token", token)));
    if granted.signed {
        fields.push(("signature", signature));
    }
    fields.push(("scope", granted.scope));
    fields.push(("instance_url", instance_url));
    fields.push(("id", id));
    fields.push(("token_type", "Bearer".into()));
    if granted.signed {
        fields.push(("issued_at", issued_at));
    }
    fields
}

/// Lets the client check that the identity URL comes from Salesforce: the HMAC-SHA256 of `id` and
/// `issued_at` under the consumer secret, in base64. Source: Salesforce Help, "OAuth 2.0 Web Server
/// Flow for Web App Integration", response parameter `signature`.
fn signature(secret: &str, id: &str, issued_at: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(id.as_bytes());
    mac.update(issued_at.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns a token response in the format of the parameter or of the `Accept` header.
pub(super) fn render(call: &Call, form: &Form, fields: &Fields) -> Reply {
    let accepted = call.header("accept").unwrap_or("");
    let reply = match form.get("format").unwrap_or(accepted) {
        "urlencoded" | URLENCODED => {
            let mut encoded = url::form_urlencoded::Serializer::new(String::new());
            encoded.extend_pairs(fields);
            Reply::text(200, URLENCODED, encoded.finish())
        }
        "xml" | XML => {
            let element =
                |(name, value): &(&str, String)| format!("<{name}>{}</{name}>", escape(value));
            let content = fields.iter().map(element).collect::<Vec<_>>().concat();
            let text =
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth>{content}</OAuth>");
            Reply::text(200, XML, text)
        }
        _ => {
            let value = |(name, text): &(&'static str, String)| (*name, Value::from(text.clone()));
            let fields: Vec<(&str, Value)> = fields.iter().map(value).collect();
            Reply::ordered(&fields)
        }
    };
    reply.with_header("cache-control", "no-store".into())
}

const URLENCODED: &str = "application/x-www-form-urlencoded";
const XML: &str = "application/xml";

//! Formats of token responses. Source: REST API Developer Guide, "OAuth 2.0 Refresh Token Flow":
//! parameter `format` with the values `json`, `urlencoded` and `xml`.

use quick_xml::escape::escape;
use serde_json::Value;

use super::Form;
use crate::http::call::Call;
use crate::http::reply::Reply;

/// Returns a token response in the format of the parameter or of the `Accept` header.
pub(super) fn token_response(call: &Call, form: &Form, body: Value) -> Reply {
    let accepted = call.header("accept").unwrap_or("");
    let reply = match form.get("format").unwrap_or(accepted) {
        "urlencoded" | URLENCODED => {
            let mut encoded = url::form_urlencoded::Serializer::new(String::new());
            encoded.extend_pairs(fields(&body));
            Reply::text(200, URLENCODED, encoded.finish())
        }
        "xml" | XML => {
            let element =
                |(name, value): (&str, &str)| format!("<{name}>{}</{name}>", escape(value));
            let content = fields(&body).map(element).collect::<Vec<_>>().concat();
            let text =
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth>{content}</OAuth>");
            Reply::text(200, XML, text)
        }
        _ => Reply::json(200, body),
    };
    reply.with_header("cache-control", "no-store".into())
}

const URLENCODED: &str = "application/x-www-form-urlencoded";
const XML: &str = "application/xml";

fn fields(body: &Value) -> impl Iterator<Item = (&str, &str)> {
    let fields = body.as_object().into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

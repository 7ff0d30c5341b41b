//! A request as the handlers see it: sent over HTTP or as part of a composite request.

use bytes::Bytes;
use http::HeaderMap;
use percent::decode_segment;
use serde_json::Value;

use crate::org::OrgError;

mod percent;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// Builds a request. `target` is a path with an optional query string.
    pub(crate) fn new(method: &str, target: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let params: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let overridden = params
            .iter()
            .find(|(name, _)| name == "_HttpMethod" && method.eq_ignore_ascii_case("POST"))
            .map(|(_, wanted)| wanted.to_ascii_uppercase());
        // The server omits the body of an answer to HEAD.
        let method = match overridden
            .unwrap_or_else(|| method.to_ascii_uppercase())
            .as_str()
        {
            "HEAD" => "GET".to_owned(),
            other => other.to_owned(),
        };
        Self {
            method,
            path: path.to_owned(),
            params,
            headers,
            body,
        }
    }

    /// Returns the decoded, non-empty segments of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(decode_segment)
            .collect()
    }

    /// Returns a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns a header, if it is valid text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the form fields of the body and the query parameters. OAuth endpoints accept both.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(&self.body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        fields.extend(self.params.iter().cloned());
        fields
    }

    /// Parses the body as JSON. Rejects other media types and invalid JSON as Salesforce does.
    pub(crate) fn json(&self) -> Result<Value, OrgError> {
        let media = self.header("content-type").unwrap_or("");
        let essence = media.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(OrgError::new(
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                format!("Content-Type header specified in HTTP request is not supported: {media}"),
            ));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            OrgError::new(
                400,
                "JSON_PARSER_ERROR",
                if self.body.is_empty() {
                    "The HTTP entity body is required, but this request has no entity body.".into()
                } else {
                    format!(
                        "{error} at [line:{}, column:{}]",
                        error.line(),
                        error.column()
                    )
                },
            )
        })
    }
}

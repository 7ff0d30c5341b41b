//! `/composite`: up to 25 subrequests that can refer to each other. Counts as one API call.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::batch::inner_call;
use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::rest;
use crate::org::OrgError;

/// Maximum number of subrequests, and of queries and collections among them.
const MOST_REQUESTS: usize = 25;
const MOST_QUERIES: usize = 5;

pub(super) fn handle(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    if call.method != "POST" {
        return Ok(Reply::method_not_allowed(&call.method, "POST"));
    }
    let body = call.json()?;
    let parts = body
        .get("compositeRequest")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    check(&parts)?;
    let all_or_none = body
        .get("allOrNone")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let parts: Vec<Part> = parts.iter().map(Part::parse).collect();
    let user = context.caller.user.to_string();
    let start = all_or_none.then(|| context.shared.write().begin());
    let text = body.to_string();
    let mut bodies = BTreeMap::new();
    let mut replies: Vec<Reply> = Vec::with_capacity(parts.len());
    let mut failed = false;
    for part in &parts {
        let reply = if failed && all_or_none {
            halted()
        } else {
            match part.resolved(&bodies) {
                Ok(call) => rest::handle(context.shared, &call, &user),
                Err(error) => error.into(),
            }
        };
        failed |= reply.status >= 400;
        // Bodies are long, and few are referred to.
        if text.contains(&format!("@{{{}", part.reference)) {
            bodies.insert(part.reference.clone(), reply.clone().into_value());
        }
        replies.push(reply);
    }
    if let Some(start) = start {
        let mut org = context.shared.write();
        if failed {
            org.abort(start);
        } else {
            org.commit(start);
        }
    }
    let rolled_back = failed && all_or_none;
    let render = |(part, reply): (&Part, Reply)| {
        let reply = if rolled_back && reply.status < 400 {
            halted()
        } else {
            reply
        };
        let headers: Map<String, Value> = reply
            .headers
            .iter()
            .filter(|(name, _)| *name == "location")
            .map(|(_, value)| ("Location".to_owned(), Value::String(value.clone())))
            .collect();
        let head = json!({
            "httpHeaders": headers,
            "httpStatusCode": reply.status,
            "referenceId": part.reference,
        });
        let mut rendered = b"{\"body\":".to_vec();
        rendered.append(&mut reply.into_json());
        // The head follows as further fields of the same object.
        rendered.push(b',');
        rendered.extend_from_slice(head.to_string().trim_start_matches('{').as_bytes());
        rendered
    };
    let rendered: Vec<Vec<u8>> = parts.iter().zip(replies).map(render).collect();
    let mut body = b"{\"compositeResponse\":[".to_vec();
    body.append(&mut rendered.join(&b','));
    body.extend_from_slice(b"]}");
    Ok(Reply::rendered(body))
}

/// Whether all subrequests are reads.
pub(super) fn only_reads(call: &Call) -> bool {
    let body = call.json().unwrap_or_default();
    let parts = body.get("compositeRequest").and_then(Value::as_array);
    let is_read = |part: &Value| part.get("method").and_then(Value::as_str) == Some("GET");
    parts.is_some_and(|parts| parts.iter().all(is_read))
}

fn halted() -> Reply {
    let text = "The transaction was rolled back since another operation in the same transaction \
                failed.";
    OrgError::new(400, "PROCESSING_HALTED", text).into()
}

fn check(parts: &[Value]) -> Result<(), OrgError> {
    let refused = |reason: &str| Err(OrgError::new(400, "INVALID_INPUT", reason));
    if parts.is_empty() || parts.len() > MOST_REQUESTS {
        return refused("The request must have between 1 and 25 subrequests");
    }
    let text = |part: &Value, name: &str| {
        part.get(name)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let mut references = HashSet::new();
    let mut heavy = 0;
    for part in parts {
        let (url, reference) = (text(part, "url"), text(part, "referenceId"));
        if reference.is_empty() || !references.insert(reference) {
            return refused("Every subrequest needs a referenceId of its own");
        }
        if !url.starts_with("/services/data/v") || text(part, "method").is_empty() {
            return refused(
                "Every subrequest needs a method and a url that starts with /services/data/",
            );
        }
        if url.contains("/composite/batch") || url.ends_with("/composite") {
            return refused("A composite request can't contain composite or batch resources");
        }
        if url.contains("/jobs/") {
            return refused("A composite request can't contain bulk resources");
        }
        heavy += usize::from(url.contains("/query") || url.contains("/composite/sobjects"));
    }
    if heavy > MOST_QUERIES {
        let text = "Cannot have more than 5 query, queryAll or sObject Collections subrequests";
        return Err(OrgError::new(400, "LIMIT_EXCEEDED", text));
    }
    Ok(())
}

struct Part {
    method: String,
    url: String,
    reference: String,
    body: Option<Value>,
}

impl Part {
    fn parse(json: &Value) -> Self {
        let text = |name: &str| {
            json.get(name)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        Self {
            method: text("method"),
            url: text("url"),
            reference: text("referenceId"),
            body: json.get("body").cloned(),
        }
    }

    /// Returns the subrequest with `@{reference.path}` replaced by values of earlier answers.
    fn resolved(&self, bodies: &BTreeMap<String, Value>) -> Result<Call, OrgError> {
        let url = substitute(&self.url, bodies)?;
        let body = match &self.body {
            Some(body) => Some(substitute_deep(body, bodies)?),
            None => None,
        };
        Ok(inner_call(&self.method, &url, body.as_ref()))
    }
}

fn substitute_deep(json: &Value, bodies: &BTreeMap<String, Value>) -> Result<Value, OrgError> {
    match json {
        Value::String(text) => substitute(text, bodies).map(Value::String),
        Value::Array(items) => items
            .iter()
            .map(|item| substitute_deep(item, bodies))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), substitute_deep(value, bodies)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        other => Ok(other.clone()),
    }
}

fn substitute(text: &str, bodies: &BTreeMap<String, Value>) -> Result<String, OrgError> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let (path, tail) = after.split_once('}').ok_or_else(|| bad_reference(after))?;
        let value = look_up(path, bodies).ok_or_else(|| bad_reference(path))?;
        done.push_str(before);
        done.push_str(&value);
        rest = tail;
    }
    done.push_str(rest);
    Ok(done)
}

fn look_up(path: &str, bodies: &BTreeMap<String, Value>) -> Option<String> {
    let (reference, path) = path.split_once('.')?;
    let mut value = bodies.get(reference)?;
    for step in path.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, Some(index.strip_suffix(']')?.parse::<usize>().ok()?)),
            None => (step, None),
        };
        value = value.get(name)?;
        if let Some(index) = index {
            value = value.get(index)?;
        }
    }
    Some(
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    )
}

fn bad_reference(path: &str) -> OrgError {
    let text = format!("Invalid reference specified. No value for {path} found in the request");
    OrgError::new(400, "PROCESSING_HALTED", text)
}

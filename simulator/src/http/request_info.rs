//! Properties of a request that are known before it is executed, for the fault plan and the log.

use serde_json::Value;

use super::call::Call;
use super::shared::Shared;
use super::{bulk, scim, soap};
use crate::fault::Probe;

/// Properties of a request.
#[derive(Debug)]
pub(super) struct RequestInfo {
    pub(super) soql: Option<String>,
    pub(super) objects: Vec<String>,
    pub(super) write: bool,
    pub(super) login: bool,
    /// Whether it needs a session and counts against the limit.
    pub(super) counts: bool,
}

impl RequestInfo {
    pub(super) fn of(shared: &Shared, call: &Call) -> Self {
        let segments = call.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let login = match parts.as_slice() {
            ["services", "oauth2", "token"] => true,
            ["services", "Soap", ..] => soap::is_login(call),
            _ => false,
        };
        let mut info = Self {
            soql: None,
            objects: Vec::new(),
            write: false,
            login,
            counts: false,
        };
        if let ["services", "scim", _version, resource, ..] = parts.as_slice() {
            info.counts = true;
            info.objects
                .extend(scim::object_of(resource).map(str::to_owned));
            info.write = call.method != "GET";
            return info;
        }
        let ["services", "data", _version, rest @ ..] = parts.as_slice() else {
            return info;
        };
        info.counts = true;
        match rest {
            ["query" | "queryAll"] => {
                info.soql = call.param("q").map(str::to_owned);
                info.objects
                    .extend(info.soql.as_deref().and_then(from_object));
            }
            ["query" | "queryAll", locator] => {
                info.objects.extend(shared.locators().object_of(locator));
            }
            ["jobs", "query"] => {
                info.soql = bulk::query_of(call);
                info.objects
                    .extend(info.soql.as_deref().and_then(from_object));
            }
            ["jobs", "query", job, ..] => {
                let org = shared.read();
                let job = org.bulk_job(job);
                info.objects
                    .extend(job.map(|job| job.request.object.clone()));
            }
            ["sobjects", object, tail @ ..] => {
                info.objects.push((*object).to_owned());
                info.write = call.method != "GET" && tail.last() != Some(&"describe");
            }
            ["composite", ..] => info.look_into_body(call),
            _ => {}
        }
        info
    }

    pub(super) fn probe<'a>(&'a self, call: &'a Call) -> Probe<'a> {
        Probe {
            method: &call.method,
            path: &call.path,
            soql: self.soql.as_deref(),
            objects: &self.objects,
            write: self.write,
            login: self.login,
        }
    }

    fn look_into_body(&mut self, call: &Call) {
        self.write = call.method != "GET";
        for id in call
            .param("ids")
            .unwrap_or("")
            .split(',')
            .filter(|id| !id.is_empty())
        {
            self.note(object_of_prefix(id));
        }
        let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
            return;
        };
        let list = |name: &str| body.get(name).and_then(Value::as_array).cloned();
        if let Some(records) = list("records") {
            for record in &records {
                let kind = record.get("attributes").and_then(|it| it.get("type"));
                self.note(kind.and_then(Value::as_str));
            }
            return;
        }
        let parts = list("compositeRequest")
            .or_else(|| list("batchRequests"))
            .unwrap_or_default();
        let mut writes = false;
        for part in &parts {
            let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or("");
            writes |= !text("method").eq_ignore_ascii_case("GET");
            let mut tail = text("url")
                .split(['/', '?'])
                .skip_while(|part| *part != "sobjects");
            let object = tail.nth(1).map(str::to_owned);
            let queried = url::form_urlencoded::parse(
                text("url")
                    .split_once('?')
                    .map_or("", |(_, query)| query)
                    .as_bytes(),
            )
            .find(|(name, _)| name == "q")
            .and_then(|(_, soql)| from_object(&soql));
            self.note(object.or(queried).as_deref());
        }
        self.write = writes;
    }

    fn note(&mut self, object: Option<&str>) {
        if let Some(object) = object
            && !self.objects.iter().any(|known| known == object)
        {
            self.objects.push(object.to_owned());
        }
    }
}

/// Returns the object of the outer `FROM`.
fn from_object(soql: &str) -> Option<String> {
    let mut depth = 0_u32;
    let mut quoted = false;
    let mut outer = String::with_capacity(soql.len());
    let mut characters = soql.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if quoted => drop(characters.next()),
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => outer.push(c),
            _ => {}
        }
    }
    let mut words = outer.split_whitespace();
    words
        .by_ref()
        .find(|word| word.eq_ignore_ascii_case("from"))?;
    words.next().map(str::to_owned)
}

/// Returns the object of an id, for objects that clients delete in collections.
fn object_of_prefix(id: &str) -> Option<&'static str> {
    match id.get(..3)? {
        "0Pa" => Some("PermissionSetAssignment"),
        "011" => Some("GroupMember"),
        "2LA" => Some("PermissionSetLicenseAssign"),
        "051" => Some("UserPackageLicense"),
        "005" => Some("User"),
        "001" => Some("Account"),
        "006" => Some("Opportunity"),
        "00T" => Some("Task"),
        _ => None,
    }
}

//! Parses SOAP requests.

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::ResolveResult;

const SOAP_NS: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// A SOAP request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) operation: String,
    pub(super) parameters: Vec<(String, String)>,
    /// `sessionId` of the `SessionHeader`.
    pub(super) session: Option<String>,
}

impl Request {
    /// A parameter of the operation.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Parses an envelope. Elements are matched by namespace and local name, not by prefix.
    pub(super) fn parse(body: &[u8], namespace: &str) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        let mut reader = NsReader::from_str(text);
        let mut path: Vec<Step> = Vec::new();
        let mut request = Self::default();
        loop {
            let (resolved, event) = reader.read_resolved_event().map_err(|e| e.to_string())?;
            let bound = match resolved {
                ResolveResult::Bound(ns) => ns.into_inner().to_owned(),
                _ => String::new(),
            };
            let part = match event {
                Event::Start(start) => {
                    path.push((bound, start.local_name().into_inner().to_owned()));
                    request.enter(&path, namespace);
                    continue;
                }
                Event::Empty(empty) => {
                    path.push((bound, empty.local_name().into_inner().to_owned()));
                    request.enter(&path, namespace);
                    path.pop();
                    continue;
                }
                Event::End(_) => {
                    path.pop();
                    continue;
                }
                Event::Text(part) => part.xml10_content().into_owned(),
                Event::CData(part) => part.xml10_content().into_owned(),
                Event::GeneralRef(reference) => resolve(&reference)?,
                Event::Eof => break,
                _ => continue,
            };
            if let Some(value) = request.value(&path, namespace) {
                value.push_str(&part);
            }
        }
        if request.operation.is_empty() || !path.is_empty() {
            return Err("Premature end of file or no operation in the request".into());
        }
        Ok(request)
    }

    /// Records the operation and its parameters as their elements start.
    fn enter(&mut self, path: &[Step], namespace: &str) {
        match path {
            [envelope, body, operation] if is_body(envelope, body) && operation.0 == namespace => {
                self.operation.clone_from(&operation.1);
            }
            [envelope, body, _, parameter]
                if is_body(envelope, body) && parameter.0 == namespace =>
            {
                self.parameters.push((parameter.1.clone(), String::new()));
            }
            _ => {}
        }
    }

    /// Returns the value that text at a path belongs to.
    fn value(&mut self, path: &[Step], namespace: &str) -> Option<&mut String> {
        match path {
            [envelope, body, _, parameter]
                if is_body(envelope, body) && parameter.0 == namespace =>
            {
                self.parameters.last_mut().map(|(_, value)| value)
            }
            [envelope, header, session, id]
                if is(envelope, SOAP_NS, "Envelope")
                    && is(header, SOAP_NS, "Header")
                    && is(session, namespace, "SessionHeader")
                    && is(id, namespace, "sessionId") =>
            {
                Some(self.session.get_or_insert_default())
            }
            _ => None,
        }
    }
}

/// Namespace and local name of an open element.
type Step = (String, String);

fn is(step: &Step, namespace: &str, name: &str) -> bool {
    step.0 == namespace && step.1 == name
}

fn is_body(envelope: &Step, body: &Step) -> bool {
    is(envelope, SOAP_NS, "Envelope") && is(body, SOAP_NS, "Body")
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    let character = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?;
    if let Some(character) = character {
        return Ok(character.to_string());
    }
    let known = resolve_predefined_entity(reference);
    known.map(str::to_owned).ok_or_else(|| {
        let name: &str = reference;
        format!("The entity \"{name}\" was referenced, but not declared.")
    })
}

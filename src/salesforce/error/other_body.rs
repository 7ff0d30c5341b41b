//! Error bodies that are not JSON: Salesforce's XML form, a SOAP fault, and the one word of the
//! identity service.
//!
//! A caller that asks for JSON gets XML all the same where a gateway or an older service answers:
//! `<Errors><Error><errorCode>INVALID_SESSION_ID</errorCode><message>…</message></Error></Errors>`.

use quick_xml::{Reader, events::Event};

use super::Problem;

/// As many as are kept of a JSON body, at least.
const MOST: usize = 20;
const LARGEST: usize = 256 * 1024;

/// The problems that a body names; none if it is of another form.
pub(super) fn problems(body: &[u8]) -> Vec<Problem> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Vec::new();
    };
    let text = text.trim();
    if text.starts_with('<') && text.len() <= LARGEST {
        return xml(text);
    }
    match text {
        "Bad_OAuth_Token" | "Missing_OAuth_Token" => vec![Problem::new("BAD_OAUTH_TOKEN", "")],
        _ => Vec::new(),
    }
}

/// Reads as far as the text is XML. The message follows its code.
fn xml(text: &str) -> Vec<Problem> {
    let mut reader = Reader::from_str(text);
    let (mut found, mut code) = (Vec::new(), None);
    while found.len() < MOST {
        let element = match reader.read_event() {
            Ok(Event::Start(start)) => start.local_name().as_ref().to_owned(),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => continue,
        };
        match element.as_str() {
            "errorCode" | "exceptionCode" => {
                found.extend(code.take().map(|code: String| Problem::new(&code, "")));
                code = content(&mut reader);
            }
            "message" | "exceptionMessage" => {
                let message = content(&mut reader).unwrap_or_default();
                found.extend(code.take().map(|code| Problem::new(&code, &message)));
            }
            _ => {}
        }
    }
    found.extend(code.map(|code| Problem::new(&code, "")));
    found
}

/// The text of the element that has begun.
fn content(reader: &mut Reader<&[u8]>) -> Option<String> {
    match reader.read_event() {
        Ok(Event::Text(text)) => Some(text.xml10_content().trim().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("<?xml version='1.0'?><Errors><Error><errorCode>INVALID_SESSION_ID</errorCode><message>Session expired or invalid</message></Error></Errors>", &[("INVALID_SESSION_ID", "Session expired or invalid")]; "an expired session")]
    #[test_case("<Errors><Error><message>m</message><errorCode>A</errorCode></Error><Error><errorCode>B</errorCode><message>n</message></Error></Errors>", &[("A", ""), ("B", "n")]; "two")]
    #[test_case("<s:Envelope xmlns:s='x'><s:Body><s:Fault><detail><f:exceptionCode>INVALID_SESSION_ID</f:exceptionCode></detail></s:Fault></s:Body></s:Envelope>", &[("INVALID_SESSION_ID", "")]; "a fault")]
    #[test_case("Bad_OAuth_Token", &[("BAD_OAUTH_TOKEN", "")]; "one word")]
    #[test_case("<errorCode>A", &[("A", "")]; "cut off")]
    #[test_case("<errorCode>jane@acme.example</errorCode>", &[("UNRECOGNIZED", "")]; "no code")]
    #[test_case("<html><body>errorCode</body></html>", &[]; "a page")]
    #[test_case("< < <", &[]; "no xml")]
    #[test_case("text", &[]; "text")]
    #[test_case("", &[]; "nothing")]
    fn the_codes_of_other_bodies_are_read(body: &str, expected: &[(&str, &str)]) {
        let found = problems(body.as_bytes());
        let found: Vec<_> = found
            .iter()
            .map(|problem| {
                let code = problem.code().map_or("", |code| code.as_str());
                (code, problem.message())
            })
            .collect();
        assert_eq!(found, expected);
    }
}

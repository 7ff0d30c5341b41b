//! The SOAP API at `/services/Soap/u|c/NN.0`. Only `login()` and `logout()` are implemented.

use quick_xml::escape::escape;

use super::call::Call;
use super::reply::Reply;
use super::shared::Shared;
use crate::org::schema::{NEWEST_VERSION, OLDEST_VERSION};
use envelope::Request;

mod envelope;
mod login;

/// The last version with `login()`. Source: SOAP API Developer Guide, `login()`.
const LAST_WITH_LOGIN: u32 = 64;

/// The WSDL and API version of a request.
struct Flavour<'a> {
    /// `u` for the partner WSDL, `c` for the enterprise WSDL.
    letter: &'a str,
    version: &'a str,
}

impl Flavour<'_> {
    fn namespace(&self) -> Option<&'static str> {
        match self.letter {
            "u" => Some("urn:partner.soap.sforce.com"),
            "c" => Some("urn:enterprise.soap.sforce.com"),
            _ => None,
        }
    }

    /// Returns the envelope of a successful response.
    fn response(&self, name: &str, content: &str) -> Reply {
        let namespace = self.namespace().unwrap_or_default();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{namespace}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>\
             <{name}>{content}</{name}></soapenv:Body></soapenv:Envelope>"
        );
        Reply::text(200, "text/xml; charset=utf-8", body)
    }
}

/// Answers a request under `/services/Soap/`.
pub(crate) fn handle(shared: &Shared, call: &Call, letter: &str, version: &str) -> Reply {
    let flavour = Flavour { letter, version };
    let Some(namespace) = flavour.namespace() else {
        return Reply::unknown_path();
    };
    if call.method != "POST" {
        return Reply::method_not_allowed(&call.method, "POST");
    }
    if !call
        .header("content-type")
        .is_some_and(|media| media.starts_with("text/xml"))
    {
        return Reply::text(415, "text/html", "Unsupported Media Type".into());
    }
    if call.header("soapaction").is_none() {
        return fault("soapenv:Client", "SOAPAction HTTP header missing");
    }
    let number = version
        .strip_suffix(".0")
        .and_then(|number| number.parse().ok());
    if !number.is_some_and(|number| (OLDEST_VERSION..=NEWEST_VERSION).contains(&number)) {
        let text = "the requested API version is not supported";
        return fault("UNSUPPORTED_API_VERSION", text);
    }
    let request = match Request::parse(&call.body, namespace) {
        Ok(request) => request,
        Err(reason) => return fault("soapenv:Client", &reason),
    };
    match request.operation.as_str() {
        "login" if number.is_some_and(|number| number > LAST_WITH_LOGIN) => fault(
            "UNSUPPORTED_API_VERSION",
            "login() is not supported in this API version",
        ),
        "login" => login::log_in(shared, &flavour, &request),
        "logout" => login::log_out(shared, &flavour, &request),
        other => fault(
            "soapenv:Client",
            &format!(
                "No operation available for request {{{namespace}}}{other}, please check the WSDL \
                 for the service."
            ),
        ),
    }
}

/// Whether a request signs in.
pub(super) fn is_login(call: &Call) -> bool {
    let text = String::from_utf8_lossy(&call.body);
    text.contains("<login") || text.contains(":login")
}

/// Returns a fault. A `soapenv:` code means an invalid envelope.
fn fault(code: &str, message: &str) -> Reply {
    let message = escape(message);
    let exception = code.strip_prefix("sf:").unwrap_or(code);
    let (text, detail) = if code.starts_with("soapenv") {
        (message.clone().into_owned(), String::new())
    } else {
        let kind = match exception {
            "INVALID_SESSION_ID" => "UnexpectedErrorFault",
            _ => "LoginFault",
        };
        let detail = format!(
            "<detail><sf:{kind} xsi:type=\"sf:{kind}\">\
             <sf:exceptionCode>{exception}</sf:exceptionCode>\
             <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail>"
        );
        (format!("{exception}: {message}"), detail)
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
         <faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}</soapenv:Fault>\
         </soapenv:Body></soapenv:Envelope>"
    );
    Reply::text(500, "text/xml; charset=utf-8", body).with_error_code(exception)
}

//! SOAP `login()` at `/services/Soap/u|c/NN.0`. No other SOAP call exists here.

use quick_xml::NsReader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::ResolveResult;
use serde_json::Value;

use super::Shared;
use super::call::Call;
use super::login::{Refusal, check_password};
use super::reply::Reply;
use crate::org::settings::HostKind;

const SOAP_NS: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const INVALID_LOGIN: &str = "Invalid username, password, security token; or user locked out.";
const NEW_LOCATION: &str = "Invalid username, password, security token; or user locked out. Are \
     you at a new location? When accessing Salesforce--either via a desktop client or the \
     API--from outside of your company's trusted networks, you must add a security token to your \
     password to log in. To get your new security token, log in to Salesforce. From your personal \
     settings, enter Reset My Security Token in the Quick Find box, then select Reset My Security \
     Token.";

/// Answers a request under `/services/Soap/`.
pub(crate) fn handle(shared: &Shared, call: &Call, flavour: &str, version: &str) -> Reply {
    let namespace = match flavour {
        "u" => "urn:partner.soap.sforce.com",
        "c" => "urn:enterprise.soap.sforce.com",
        _ => return Reply::unknown_path(),
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
    match version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor)))
    {
        Some((31_u32..=64, "0")) => {}
        _ => {
            return fault(
                "UNSUPPORTED_API_VERSION",
                "login() is not supported in this API version",
            );
        }
    }
    match parse_login(&call.body, namespace) {
        Ok((username, password)) => log_in(shared, version, flavour, &username, &password),
        Err(reason) => fault("soapenv:Client", &reason),
    }
}

fn log_in(shared: &Shared, version: &str, flavour: &str, username: &str, typed: &str) -> Reply {
    let org = shared.read();
    let settings = &org.settings;
    if settings.host == HostKind::LoginHost && settings.my_domain_login_required {
        let text = "Logging in from this domain is restricted; use your My Domain.";
        return fault("LOGIN_DURING_RESTRICTED_DOMAIN", text);
    }
    if !settings.soap_login_enabled {
        let text = "SOAP API login() is disabled by default in this org.";
        return fault("INVALID_OPERATION", text);
    }
    if !settings.api_enabled_for_org {
        return fault(
            "API_DISABLED_FOR_ORG",
            "API is not enabled for this Organization or Partner",
        );
    }
    let now = shared.clock.now();
    let mut sessions = shared.sessions();
    let user_id = match check_password(&org, &mut sessions, username, typed) {
        Ok(id) => id,
        Err(Refusal::Invalid) => return fault("INVALID_LOGIN", INVALID_LOGIN),
        Err(Refusal::TokenMissing) => return fault("LOGIN_MUST_USE_SECURITY_TOKEN", NEW_LOCATION),
        Err(Refusal::LockedOut) => return fault("PASSWORD_LOCKOUT", "Password lockout"),
    };
    let org_id = org.organization_id();
    let session_id = if settings.password_expired {
        sessions.open_restricted(&org_id, &user_id, now)
    } else {
        sessions.open(&org_id, &user_id, now)
    };
    let short_org = org_id.get(..15).unwrap_or(&org_id);
    let base = settings.instance_url.as_deref().unwrap_or(&shared.base);
    let user = org.get("User", &user_id).unwrap_or(Value::Null);
    let text =
        |name: &str| escape(user.get(name).and_then(Value::as_str).unwrap_or("")).into_owned();
    let namespace = if flavour == "u" {
        "partner"
    } else {
        "enterprise"
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns=\"urn:{namespace}.soap.sforce.com\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><loginResponse>\
         <result><metadataServerUrl>{base}/services/Soap/m/{version}/{short_org}\
         </metadataServerUrl><passwordExpired>{expired}</passwordExpired>\
         <sandbox>{sandbox}</sandbox>\
         <serverUrl>{base}/services/Soap/{flavour}/{version}/{short_org}</serverUrl>\
         <sessionId>{session_id}</sessionId><userId>{user_id}</userId><userInfo>\
         <accessibilityMode>false</accessibilityMode><chatterExternal>false</chatterExternal>\
         <currencySymbol>$</currencySymbol>\
         <orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
         <orgDefaultCurrencyIsoCode>USD</orgDefaultCurrencyIsoCode>\
         <orgDefaultCurrencyLocale>en_US</orgDefaultCurrencyLocale>\
         <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts>\
         <organizationId>{org_id}</organizationId>\
         <organizationMultiCurrency>false</organizationMultiCurrency>\
         <organizationName>{org_name}</organizationName><profileId>{profile}</profileId>\
         <roleId xsi:nil=\"true\"/><sessionSecondsValid>{seconds}</sessionSecondsValid>\
         <userDefaultCurrencyIsoCode xsi:nil=\"true\"/><userEmail>{email}</userEmail>\
         <userFullName>{name}</userFullName><userId>{user_id}</userId>\
         <userLanguage>en_US</userLanguage><userLocale>en_US</userLocale>\
         <userName>{user_name}</userName><userTimeZone>{zone}</userTimeZone>\
         <userType>Standard</userType><userUiSkin>Theme3</userUiSkin></userInfo></result>\
         </loginResponse></soapenv:Body></soapenv:Envelope>",
        expired = settings.password_expired,
        sandbox = org.is_sandbox(),
        org_name = escape(org.organization_name()),
        profile = text("ProfileId"),
        seconds = settings.session_lifetime.as_secs(),
        email = text("Email"),
        name = text("Name"),
        user_name = text("Username"),
        zone = text("TimeZoneSidKey"),
    );
    Reply::text(200, "text/xml; charset=utf-8", body)
}

fn fault(code: &str, message: &str) -> Reply {
    let message = escape(message);
    let text = if code.starts_with("soapenv") {
        message.clone().into_owned()
    } else {
        format!("{code}: {message}")
    };
    let detail = if code.starts_with("soapenv") {
        String::new()
    } else {
        format!(
            "<detail><sf:LoginFault xsi:type=\"sf:LoginFault\">\
             <sf:exceptionCode>{code}</sf:exceptionCode>\
             <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail>"
        )
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
         <faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}</soapenv:Fault>\
         </soapenv:Body></soapenv:Envelope>"
    );
    Reply::text(500, "text/xml; charset=utf-8", body).with_error_code(code)
}

/// Namespace and local name of an open element.
type Step = (String, String);

/// Finds user name and password by namespace and local name, whatever the prefixes are.
fn parse_login(body: &[u8], namespace: &str) -> Result<(String, String), String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = NsReader::from_str(text);
    let mut path: Vec<Step> = Vec::new();
    let (mut username, mut password) = (None, None);
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(|e| e.to_string())?;
        let bound = match resolved {
            ResolveResult::Bound(ns) => ns.into_inner().to_owned(),
            _ => String::new(),
        };
        let part = match event {
            Event::Start(start) => {
                path.push((bound, start.local_name().into_inner().to_owned()));
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Text(part) => part.xml10_content().into_owned(),
            Event::CData(part) => part.xml10_content().into_owned(),
            Event::GeneralRef(reference) => resolve(&reference)?.to_string(),
            Event::Eof => break,
            _ => continue,
        };
        match field(&path, namespace) {
            Some("username") => username.get_or_insert_with(String::new).push_str(&part),
            Some("password") => password.get_or_insert_with(String::new).push_str(&part),
            _ => {}
        }
    }
    match (username, password) {
        (Some(username), Some(password)) if path.is_empty() => Ok((username, password)),
        _ => Err("Premature end of file or no operation available for request login".into()),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, String> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?
    {
        return Ok(character);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!(
            "The entity \"{other}\" was referenced, but not declared."
        )),
    }
}

/// The name of the parameter of `login` that a path leads to.
fn field<'p>(path: &'p [Step], namespace: &str) -> Option<&'p str> {
    let [envelope, body, login, field] = path else {
        return None;
    };
    let is = |step: &Step, ns: &str, name: &str| step.0 == ns && step.1 == name;
    let inside = is(envelope, SOAP_NS, "Envelope")
        && is(body, SOAP_NS, "Body")
        && is(login, namespace, "login")
        && field.0 == namespace;
    inside.then_some(field.1.as_str())
}

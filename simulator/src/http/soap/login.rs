//! The SOAP calls `login()` and `logout()`.

use quick_xml::escape::escape;
use serde_json::Value;

use super::envelope::Request;
use super::{Flavour, fault};
use crate::http::login::{Refusal, check_password};
use crate::http::reply::Reply;
use crate::http::session::Session;
use crate::http::shared::Shared;
use crate::org::Org;
use crate::org::settings::{HostKind, LoginRestriction};

const INVALID_LOGIN: &str = "Invalid username, password, security token; or user locked out.";
const NEW_LOCATION: &str = "Invalid username, password, security token; or user locked out. Are \
     you at a new location? When accessing Salesforce--either via a desktop client or the \
     API--from outside of your company's trusted networks, you must add a security token to your \
     password to log in. To get your new security token, log in to Salesforce. From your personal \
     settings, enter Reset My Security Token in the Quick Find box, then select Reset My Security \
     Token.";

/// Opens a session for a username and password.
pub(super) fn log_in(shared: &Shared, flavour: &Flavour<'_>, request: &Request) -> Reply {
    let (Some(username), Some(typed)) =
        (request.parameter("username"), request.parameter("password"))
    else {
        let text = "username and password must be given";
        return fault("soapenv:Client", text);
    };
    let org = shared.read();
    if let Some(refused) = refuse_login(&org) {
        return refused;
    }
    let now = shared.clock.now();
    let mut sessions = shared.sessions();
    let user_id = match check_password(&org, &mut sessions, username, typed) {
        Ok(id) => id,
        Err(Refusal::Invalid) => return fault("INVALID_LOGIN", INVALID_LOGIN),
        Err(Refusal::TokenMissing) => return fault("LOGIN_MUST_USE_SECURITY_TOKEN", NEW_LOCATION),
        Err(Refusal::LockedOut) => return fault("PASSWORD_LOCKOUT", "Password lockout"),
    };
    let mut session = Session::new(user_id.clone(), "full", now);
    session.restricted = org.settings.password_expired;
    let session_id = sessions.open(&org.organization_id(), session);
    let base = org.settings.instance_url.as_deref().unwrap_or(&shared.base);
    let result = login_result(&org, flavour, base, &session_id, &user_id);
    flavour.response("loginResponse", &format!("<result>{result}</result>"))
}

/// Ends the session in the header. Source: SOAP API Developer Guide, `logout()`.
pub(super) fn log_out(shared: &Shared, flavour: &Flavour<'_>, request: &Request) -> Reply {
    let session = request.session.as_deref().unwrap_or("");
    if shared.session_user(session).is_none() {
        let text = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found";
        return fault("sf:INVALID_SESSION_ID", text);
    }
    shared.sessions().kill(session);
    flavour.response("logoutResponse", "")
}

/// Returns a fault if the org does not allow SOAP logins.
fn refuse_login(org: &Org) -> Option<Reply> {
    let settings = &org.settings;
    let (code, text) = if settings.host == HostKind::LoginHost && settings.my_domain_login_required
    {
        let text = "Logging in from this domain is restricted; use your My Domain.";
        ("LOGIN_DURING_RESTRICTED_DOMAIN", text)
    } else if settings.login_restriction == Some(LoginRestriction::Network) {
        let text = "Logging in from this network is restricted.";
        ("LOGIN_DURING_RESTRICTED_DOMAIN", text)
    } else if settings.login_restriction == Some(LoginRestriction::Hours) {
        let text = "Logging in at this time is restricted.";
        ("LOGIN_DURING_RESTRICTED_TIME", text)
    } else if !settings.soap_login_enabled {
        let text = "SOAP API login() is disabled by default in this org.";
        ("INVALID_OPERATION", text)
    } else if !settings.api_enabled_for_org {
        let text = "API is not enabled for this Organization or Partner";
        ("API_DISABLED_FOR_ORG", text)
    } else {
        return None;
    };
    Some(fault(code, text))
}

/// Returns the content of a `LoginResult`, in the order of the WSDL.
fn login_result(
    org: &Org,
    flavour: &Flavour<'_>,
    base: &str,
    session_id: &str,
    user_id: &str,
) -> String {
    let org_id = org.organization_id();
    let short_org = org_id.get(..15).unwrap_or(&org_id);
    let user = org.get("User", user_id).unwrap_or(Value::Null);
    let text =
        |name: &str| escape(user.get(name).and_then(Value::as_str).unwrap_or("")).into_owned();
    let Flavour { letter, version } = flavour;
    format!(
        "<metadataServerUrl>{base}/services/Soap/m/{version}/{short_org}</metadataServerUrl>\
         <passwordExpired>{expired}</passwordExpired>\
         <sandbox>{sandbox}</sandbox>\
         <serverUrl>{base}/services/Soap/{letter}/{version}/{short_org}</serverUrl>\
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
         <userType>Standard</userType><userUiSkin>Theme3</userUiSkin></userInfo>",
        expired = org.settings.password_expired,
        sandbox = org.is_sandbox(),
        org_name = escape(org.organization_name()),
        profile = text("ProfileId"),
        seconds = org.settings.session_lifetime.as_secs(),
        email = text("Email"),
        name = text("Name"),
        user_name = text("Username"),
        zone = text("TimeZoneSidKey"),
    )
}

//! SOAP `login()`: a user name and password become a session.
//!
//! Salesforce has no `login()` from API 65.0 on and retires it for older versions in Summer '27, so
//! the version here is pinned, whatever the client speaks otherwise.
//! Must not know: sharing, caching, repeating. What an answer refused is remembered in `auth.rs`, so a wrong password is
//! sent once.

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use quick_xml::{Reader, escape::escape, events::Event};
use secrecy::{ExposeSecret, SecretString};

use super::{AccessToken, AuthError, Refusal, TokenSource, is_token};
use crate::salesforce::{
    answer::{Head, read_bounded},
    instance::Instance,
};

const LOGIN_PATH: &str = "/services/Soap/u/60.0";
const MAX_ANSWER: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct PasswordLogin {
    http: reqwest::Client,
    instance: Instance,
    username: String,
    password: SecretString,
    security_token: Option<SecretString>,
}

/// The elements of an answer that matter.
#[derive(Default)]
struct Answer {
    session_id: Option<SecretString>,
    server_url: Option<String>,
    password_expired: bool,
    exception_code: Option<String>,
    fault_code: Option<String>,
}

impl PasswordLogin {
    pub(super) fn new(
        http: reqwest::Client,
        instance: Instance,
        username: String,
        password: SecretString,
        security_token: Option<SecretString>,
    ) -> Self {
        Self {
            http,
            instance,
            username,
            password,
            security_token,
        }
    }

    fn envelope(&self) -> Result<SecretString, AuthError> {
        let token = self
            .security_token
            .as_ref()
            .map_or("", |token| token.expose_secret());
        let password = self.password.expose_secret();
        let sendable = |text: &str| text.chars().all(is_xml);
        if ![self.username.as_str(), password, token]
            .into_iter()
            .all(sendable)
        {
            return Err(AuthError::refused(Refusal::Unsendable));
        }
        let envelope = format!(
            "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\"><se:Header/>\
             <se:Body><login xmlns=\"urn:partner.soap.sforce.com\"><username>{}</username>\
             <password>{}{}</password></login></se:Body></se:Envelope>",
            escape(self.username.as_str()),
            escape(password),
            escape(token),
        );
        Ok(envelope.into())
    }
}

#[async_trait]
impl TokenSource for PasswordLogin {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let envelope = self.envelope()?;
        let mut url = self.instance.login().clone();
        url.set_path(LOGIN_PATH);
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "text/xml; charset=UTF-8")
            .header("SOAPAction", "login")
            .body(envelope.expose_secret().to_owned());
        let response = request.send().await.map_err(AuthError::unreachable)?;
        let head = Head::of(&response);
        let body = read_bounded(response, MAX_ANSWER)
            .await
            .map_err(AuthError::unread)?;
        self.session(head, Answer::read(&body).unwrap_or_default())
    }
}

impl PasswordLogin {
    fn session(&self, head: Head, answer: Answer) -> Result<AccessToken, AuthError> {
        if let Some(code) = answer
            .exception_code
            .as_deref()
            .or(answer.fault_code.as_deref())
        {
            return Err(AuthError::from_soap(
                code.rsplit(':').next().unwrap_or(code),
            ));
        }
        let session = answer.session_id.filter(|id| is_token(id.expose_secret()));
        let (200, Some(secret), Some(server_url)) = (head.status, session, answer.server_url)
        else {
            return Err(AuthError::from_head(head));
        };
        // The session would exist and be refused everywhere.
        if answer.password_expired {
            return Err(AuthError::refused(Refusal::PasswordExpired));
        }
        let instance = self
            .instance
            .admit(&server_url)
            .map_err(AuthError::foreign)?;
        Ok(AccessToken::new(secret, instance))
    }
}

impl Answer {
    /// `None` when it is not XML; prefixes differ between Salesforce's hosts, so names are local.
    fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
        let mut answer = Self::default();
        let mut text = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(_) => text.clear(),
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(part) => match part.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(
                        &part.xml10_content(),
                    )?),
                },
                Event::End(end) => answer.set(end.local_name().as_ref(), std::mem::take(&mut text)),
                Event::Eof => return Some(answer),
                _ => {}
            }
        }
    }

    fn set(&mut self, element: &str, text: String) {
        match element {
            "sessionId" => self.session_id = Some(text.into()),
            "serverUrl" => self.server_url = Some(text),
            "passwordExpired" => self.password_expired = text.trim() == "true",
            "exceptionCode" => self.exception_code = Some(text),
            "faultcode" => self.fault_code = Some(text),
            _ => {}
        }
    }
}

/// What XML 1.0 can carry at all.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn login(username: &str, password: &str, token: Option<&str>) -> PasswordLogin {
        let instance = Instance::parse("acme.my.salesforce.com", false).unwrap();
        let token = token.map(SecretString::from);
        PasswordLogin::new(
            reqwest::Client::new(),
            instance,
            username.into(),
            password.into(),
            token,
        )
    }

    #[test]
    fn every_credential_is_escaped() {
        let login = login("a<b>&'\"@x", "p</password>&amp;", Some("t]]>"));
        let envelope = login.envelope().unwrap();
        let xml = envelope.expose_secret();
        let mut texts = Vec::new();
        let mut reader = Reader::from_str(xml);
        let mut text = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(part) => {
                    let name = part.xml10_content().into_owned();
                    text.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap());
                }
                Event::End(_) => texts.push(std::mem::take(&mut text)),
                _ => {}
            }
        }
        assert_eq!(texts.first().unwrap(), "a<b>&'\"@x");
        assert_eq!(texts.get(1).unwrap(), "p</password>&amp;t]]>");
    }

    #[test]
    fn a_credential_that_xml_cannot_carry_is_refused() {
        let error = login("jane", "p\0w", None).envelope().unwrap_err();
        assert_eq!(error.refusal(), Refusal::Unsendable);
    }

    #[test]
    fn an_expired_password_is_no_session() {
        let body = "<r><passwordExpired>true</passwordExpired><serverUrl>https://acme.my.salesforce.com\
                    /services/Soap/u/60.0/00D</serverUrl><sessionId>00D!x&amp;y</sessionId></r>";
        let answer = Answer::read(body.as_bytes()).unwrap();
        assert_eq!(
            answer.session_id.as_ref().unwrap().expose_secret(),
            "00D!x&y"
        );
        let error = login("jane", "pw", None)
            .session(200.into(), answer)
            .unwrap_err();
        assert_eq!(error.refusal(), Refusal::PasswordExpired);
    }

    #[test]
    fn any_other_answer_is_garbled() {
        for body in ["", "<", "<html>", "<a>&nope;</a>", "{}", "<a/>"] {
            let answer = Answer::read(body.as_bytes()).unwrap_or_default();
            let error = login("jane", "pw", None)
                .session(200.into(), answer)
                .unwrap_err();
            assert_eq!(error.refusal(), Refusal::Garbled, "{body}");
        }
    }
}

//! The page that the browser ends on.

/// A page for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    status: &'static str,
    title: String,
    text: String,
    header: Option<String>,
}

impl Page {
    /// Says that it worked.
    #[must_use]
    pub fn success(text: impl Into<String>) -> Self {
        Self::new("200 OK", "Signed in", text)
    }

    /// Says that it did not work, and why.
    #[must_use]
    pub fn failure(text: impl Into<String>) -> Self {
        Self::new("400 Bad Request", "Not signed in", text)
    }

    pub(super) fn new(status: &'static str, title: &str, text: impl Into<String>) -> Self {
        Self {
            status,
            title: title.to_owned(),
            text: text.into(),
            header: None,
        }
    }

    /// Sends the browser elsewhere.
    pub(super) fn moved(address: &str) -> Self {
        Self {
            header: Some(format!("Location: {address}")),
            ..Self::new("302 Found", "Sign in", "The sign-in page is elsewhere.")
        }
    }

    pub(super) fn late() -> Self {
        Self::new(
            "410 Gone",
            "Not signed in",
            "The time for this sign-in is over. Run baton-salesforce login again.",
        )
    }

    pub(super) fn wrong_method() -> Self {
        Self {
            header: Some("Allow: GET".to_owned()),
            ..Self::new(
                "405 Method Not Allowed",
                "Not allowed",
                "Only GET is answered here.",
            )
        }
    }

    /// The whole answer. It tells nobody where the browser was, and is kept nowhere.
    pub(super) fn response(&self) -> String {
        let (title, text) = (escaped(&self.title), escaped(&self.text));
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>{title} - baton-salesforce</title></head>\n\
             <body><h1>{title}</h1><p>{text}</p></body></html>\n"
        );
        let extra = self
            .header
            .as_ref()
            .map_or_else(String::new, |header| format!("{header}\r\n"));
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
             Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'\r\n\
             X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n{extra}\
             Connection: close\r\n\r\n{body}",
            self.status,
            body.len(),
        )
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

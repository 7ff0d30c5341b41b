//! What a person pastes: the address that the browser ended on, or the code in it.

use url::Url;

use super::redirect::{Expected, Outcome, Refused};

/// Reads a pasted text.
pub fn from_text(text: &str, expected: &Expected) -> Result<Outcome, Refused> {
    // Some terminals mark what is pasted.
    let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "");
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'));
    if text.contains("://") {
        let url = Url::parse(text).map_err(|_| Refused::OtherAddress)?;
        let wanted = expected.redirect_uri();
        if url.origin() != wanted.origin() || url.path() != wanted.path() {
            return Err(Refused::OtherAddress);
        }
        return expected.read_pasted(url.query().unwrap_or_default());
    }
    let text = text.trim_start_matches('?');
    let is_query = ["code=", "state=", "error="]
        .iter()
        .any(|name| text.starts_with(name));
    if is_query {
        return expected.read_pasted(text);
    }
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(Refused::Empty);
    }
    // A bare code: `%3D%3D` is decoded like in an address, but a plus sign is no space.
    let query = format!("code={}", text.replace('+', "%2B").replace('&', "%26"));
    expected.read_pasted(&query)
}

//! An org's own words, without what identifies a person, a record or a session.
//!
//! The message of a validation rule, a flow or Salesforce itself is often the only explanation of a
//! refusal, so it is passed on. It may quote addresses, usernames, ids and tokens: each of them is
//! replaced by `…`. A person's name cannot be recognised and stays.
//! Must not know: codes, or which request was refused.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Characters of one message that are passed on.
const MAX_LENGTH: usize = 300;
/// The characters of an id: without and with its checksum.
const ID_LENGTHS: [usize; 2] = [15, 18];
/// A run of letters and digits of this length is a hash or a key.
const TOKEN_LENGTH: usize = 20;

const REDACTED: &str = "…";

/// The query and fragment of a URL, which may have no scheme.
static QUERY: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"(?P<url>://[^\s?#"'<>“”‘’]*)[?#][^\s"'<>“”‘’]*|\?[\w.\-]+=[^\s"'<>“”‘’]*"#)
});
/// An e-mail address or username, with everything that touches it.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"[^\s<>"“”„«»‹›()\[\]{},;|]*(?:@|＠|﹫|%40)[^\s<>"“”„«»‹›()\[\]{},;|]*"#)
});
/// A session id: the org's id, an exclamation mark, and the secret.
static SESSION: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"[0-9A-Za-z]{12,18}![^\s<>"'“”‘’(),;]+"#));
/// A telephone number with a country code, or as it is written in North America.
static TELEPHONE: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"\+\d[\d\s().\-/]{6,}\d|(?:\(\d{3}\)\s?|\b\d{3}[\s.\-])\d{3}[\s.\-]\d{4}\b")
});
/// Letters and digits in a row.
static RUN: LazyLock<Regex> = LazyLock::new(|| compile(r"[\p{L}\p{N}]+"));

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants that tests compile"
)]
fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern is valid")
}

/// The message as one line of bounded length without personal data; empty if nothing is left.
pub(in crate::salesforce) fn redact(message: &str) -> String {
    let text = plain(message);
    let text = QUERY.replace_all(&text, "$url");
    let text = ADDRESS.replace_all(&text, address);
    let text = SESSION.replace_all(&text, REDACTED);
    let text = TELEPHONE.replace_all(&text, REDACTED);
    let text = RUN.replace_all(&text, run);
    shortened(&text)
}

/// Text instead of markup, on one line, without characters that nobody sees: one of those inside an
/// address would hide it from the patterns.
fn plain(message: &str) -> String {
    let message = message
        .replace("<br>", " ")
        .replace("<br/>", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#64;", "@")
        .replace("&amp;", "&");
    let visible: String = message
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks of zero width and of the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The punctuation around an address stays.
fn address(found: &Captures<'_>) -> String {
    let text = found.get(0).map_or("", |found| found.as_str());
    let opening = ['\'', '‘', '’', '`', ':', '='];
    let closing = ['\'', '‘', '’', '`', '.', ':', '!', '?'];
    let inner = text.trim_start_matches(opening);
    let before = text.strip_suffix(inner).unwrap_or_default();
    let inner = inner.trim_end_matches(closing);
    let after = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_prefix(inner))
        .unwrap_or_default();
    match inner {
        "@" => text.to_owned(),
        _ => format!("{before}{REDACTED}{after}"),
    }
}

fn run(found: &Captures<'_>) -> String {
    let text = found.get(0).map_or("", |found| found.as_str());
    let length = ID_LENGTHS.contains(&text.len()) || text.len() >= TOKEN_LENGTH;
    if length && text.is_ascii() && text.bytes().any(|byte| byte.is_ascii_digit()) {
        REDACTED.to_owned()
    } else {
        text.to_owned()
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_LENGTH) {
        None => text.to_owned(),
        Some((end, _)) => {
            let head = text.get(..end).unwrap_or_default();
            let whole_words = head.rfind(' ').and_then(|end| head.get(..end));
            format!("{} …", whole_words.unwrap_or(head))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    #[test_case("jane@acme.example owns (0053h000001Xik5GAC) and a\nqueue.", "… owns (…) and a queue."; "address and id")]
    #[test_case("Taken by 'jane@acme.example'.", "Taken by '…'."; "straight quotes")]
    #[test_case("Taken by “jane@acme.example”, see Setup.", "Taken by “…”, see Setup."; "curly quotes")]
    #[test_case("Taken by Jane Doe <jane@acme.example>.", "Taken by Jane Doe <…>."; "angle brackets")]
    #[test_case("Taken by &lt;jane&#64;acme.example&gt;<br>Choose another.", "Taken by <…> Choose another."; "markup")]
    #[test_case("owner=o'brien+hr@acme.co.uk.sandbox1!", "…!"; "an odd local part")]
    #[test_case("Benutzer:müller@bücher.example", "…"; "not ASCII")]
    #[test_case("jane＠acme.example and jane%40acme.example", "… and …"; "other at signs")]
    #[test_case("ja\u{200b}ne@ac\u{202e}me.example", "…"; "invisible characters")]
    #[test_case("[jane@acme.example,joe@acme.example;ann@acme.example]", "[…,…;…]"; "lists")]
    #[test_case("meet @ noon", "meet @ noon"; "no address")]
    #[test_case("duplicates value on record with id: 0053h000001Xik5", "duplicates value on record with id: …"; "15 characters")]
    #[test_case("u_0053h000001Xik5GAC_x", "u_…_x"; "inside an underscored word")]
    #[test_case("Session 00D3h000001abcd!AQ0AQFz.a_b-c~d is dead", "Session … is dead"; "session id")]
    #[test_case("key 3f2b8c1d9e0a4f5b6c7d8e9f", "key …"; "hash")]
    #[test_case("See https://acme.my.salesforce.com/apex/p?sid=x&id=y#z now", "See https://acme.my.salesforce.com/apex/p now"; "query")]
    #[test_case("See acme.example/f?user=jane.", "See acme.example/f"; "query without a scheme")]
    #[test_case("https://jane:pw@acme.example/x", "…"; "user in a URL")]
    #[test_case("Call +49 (170) 123-4567 or (415) 555-1212 or 415-555-1212.", "Call … or … or ….";  "telephone")]
    #[test_case("We can't save this record because the “Measure Savings” process failed. Give your Salesforce admin these details. Error ID: 123456789-12345 (-987654321)", "We can't save this record because the “Measure Savings” process failed. Give your Salesforce admin these details. Error ID: 123456789-12345 (-987654321)"; "a flow that failed")]
    #[test_case("Only 1,234,567 of 12 internationalisation entries on 2024-05-17T10:11:12Z in My_Rule_2024__c", "Only 1,234,567 of 12 internationalisation entries on 2024-05-17T10:11:12Z in My_Rule_2024__c"; "numbers, dates, API names")]
    #[test_case(" \n\t", ""; "nothing")]
    fn only_data_is_replaced(message: &str, words: &str) {
        assert_eq!(redact(message), words);
    }

    #[test]
    fn a_long_message_ends_after_a_word() {
        let words = redact(&"word ".repeat(100));
        assert!(words.ends_with("word …") && words.chars().count() <= MAX_LENGTH + 2);
    }

    proptest! {
        #[test]
        fn no_address_gets_through(
            before in r#"[ a-z'"<(“:=]{0,8}"#,
            local in r"[a-z0-9.+'_\-]{1,12}",
            after in r#"[ a-z'">)”.,]{0,8}"#,
        ) {
            let words = redact(&format!("{before}{local}@acme.example{after}"));
            prop_assert!(!words.contains('@') && !words.contains("acme.example"), "{words}");
        }

        #[test]
        fn any_text_becomes_one_bounded_line(message in any::<String>()) {
            let words = redact(&message);
            prop_assert!(words.chars().count() <= MAX_LENGTH + 2);
            prop_assert!(!words.chars().any(char::is_control), "{words:?}");
        }
    }
}

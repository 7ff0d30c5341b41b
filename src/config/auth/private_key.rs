//! The private key of the JWT flow: in the value itself, or in the file that it names.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::SecretString;

use crate::config::flag::Flag;
use crate::config::flags::connector::SALESFORCE_PRIVATE_KEY;
use crate::config::values::Values;
use crate::config::{hint, secret_file};

const FLAG: &Flag = &SALESFORCE_PRIVATE_KEY;

/// The shortest text that may be a key. Shorter ones are the names of files.
const SHORTEST: usize = 200;

/// The key as PEM; `None` if there is none.
pub(super) fn read(values: &Values, directory: &Path) -> Result<Option<SecretString>, String> {
    let text = values.text(FLAG);
    if text.is_empty() {
        return Ok(None);
    }
    let pem = match pem(text) {
        Some(pem) => pem,
        None if is_base64_of_a_key(text) => {
            return Err(format!(
                "field {}: looks like a key without its first and last line: give the whole PEM \
                 text, from -----BEGIN to END-----",
                FLAG.name
            ));
        }
        None => {
            let text = secret_file::read(FLAG, directory, text, "of a PEM file")?;
            pem(&text).unwrap_or(text)
        }
    };
    hint::check_key(FLAG, &pem)?;
    Ok(Some(pem.into()))
}

/// The PEM text in `text`, which may be encoded in base64: some platforms do that to keep the line
/// breaks.
fn pem(text: &str) -> Option<String> {
    if text.contains("-----BEGIN") {
        return Some(with_line_breaks(text));
    }
    let decoded = String::from_utf8(from_base64(text)?).ok()?;
    decoded
        .contains("-----BEGIN")
        .then(|| with_line_breaks(&decoded))
}

/// Restores line breaks that variables and forms have lost.
fn with_line_breaks(text: &str) -> String {
    let text = text
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\''))
        .replace("\\r", "")
        .replace("\\n", "\n")
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    if text.contains('\n') {
        return text;
    }
    one_line(&text).unwrap_or(text)
}

/// A PEM text whose line breaks have become spaces.
fn one_line(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_whitespace().collect();
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = next;
    }
    Some(format!("{pem}-----END {label}-----\n"))
}

/// Whether it is what stands between the first and the last line of a PEM file.
fn is_base64_of_a_key(text: &str) -> bool {
    // A key in DER is a long sequence.
    text.len() >= SHORTEST && from_base64(text).is_some_and(|der| der.starts_with(&[0x30, 0x82]))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    STANDARD
        .decode(&text)
        .or_else(|_| STANDARD_NO_PAD.decode(&text))
        .ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMIIE\nv1==\n-----END PRIVATE KEY-----";

    #[test_case(&|pem| pem.to_owned(); "as it is")]
    #[test_case(&|pem| pem.replace('\n', "\\n"); "with the characters of a line break")]
    #[test_case(&|pem| pem.replace('\n', "\\r\\n"); "with the characters of a line break of Windows")]
    #[test_case(&|pem| pem.replace('\n', "\r\n"); "with line breaks of Windows")]
    #[test_case(&|pem| pem.replace('\n', "\r"); "with carriage returns")]
    #[test_case(&|pem| pem.replace('\n', " "); "with spaces")]
    #[test_case(&|pem| format!("\"{pem}\"\n"); "in quotes")]
    #[test_case(&|pem| format!("\u{feff}{pem}\n"); "after a byte order mark")]
    #[test_case(&|pem| STANDARD.encode(pem); "in base64")]
    #[test_case(&|pem| STANDARD_NO_PAD.encode(pem.replace('\n', "\r\n")); "in base64 without padding")]
    #[test_case(&|pem| STANDARD.encode(pem).replace("LS", "LS\n"); "in base64 on several lines")]
    fn every_spelling_becomes_lines(spelling: &dyn Fn(&str) -> String) {
        let found = pem(&spelling(PEM)).unwrap();
        let joined = |pem: &str| pem.trim().replace("MIIE\nv1", "MIIEv1");
        assert_eq!(joined(&found), joined(PEM));
    }

    #[test]
    fn long_lines_are_wrapped() {
        let text = format!(
            "-----BEGIN PRIVATE KEY----- {} -----END PRIVATE KEY-----",
            "a".repeat(130)
        );
        let lengths: Vec<_> = with_line_breaks(&text).lines().map(str::len).collect();
        assert_eq!(lengths, [27, 64, 64, 2, 25]);
    }

    #[test]
    fn the_inside_of_a_pem_file_is_recognised() {
        let mut der = vec![0x30, 0x82];
        der.resize(300, 7);
        assert!(is_base64_of_a_key(&STANDARD.encode(&der)));
        assert!(!is_base64_of_a_key("keys/private"));
    }
}

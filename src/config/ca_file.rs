//! The file with the certificate authorities to trust besides the system's.

use std::io::Read as _;
use std::path::Path;

use super::flags::connector::CA_FILE;
use super::values::Values;
use crate::output_file;

/// The largest file. All authorities of a Linux distribution take 250 KB.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The text of the file, or `None` if the field is not set. A relative path starts at `directory`.
pub(super) fn read(values: &Values, directory: &Path) -> Result<Option<String>, String> {
    let path = values.text(&CA_FILE);
    if path.is_empty() {
        return Ok(None);
    }
    let text = if path.contains("-----BEGIN") {
        Err("expected the path of a PEM file but got its text".to_owned())
    } else {
        certificates(&directory.join(path)).map_err(|flaw| format!("the file {path} {flaw}"))
    };
    text.map(Some)
        .map_err(|problem| format!("field {}: {problem}", CA_FILE.name))
}

/// The certificates in a file. The error is a predicate of the file.
pub(super) fn certificates(path: &Path) -> Result<String, String> {
    contents(path).and_then(|bytes| pem(&bytes))
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    let file = match output_file::open(path) {
        Ok(Some(file)) => file,
        Ok(None) => return Err("does not exist".to_owned()),
        Err(output_file::Error::NotRegular { kind, .. }) => {
            return Err(format!("is {kind}, not a regular file"));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read ({error})"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MB", LARGEST / 1024 / 1024));
    }
    Ok(bytes)
}

fn unreadable(error: &output_file::Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    format!("cannot be read ({cause})")
}

/// Only certificates: a key in this file is a mistake that somebody should hear of.
pub(super) fn pem(bytes: &[u8]) -> Result<String, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty".to_owned());
    }
    // Other bundles have comments in other encodings between the certificates.
    let text = String::from_utf8_lossy(bytes).into_owned();
    if text.contains("PRIVATE KEY-----") {
        return Err("contains a private key: give a file with certificates only".to_owned());
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(text);
    }
    let found = if text.contains("-----BEGIN TRUSTED CERTIFICATE-----") {
        "a certificate in OpenSSL's own form: convert it with openssl x509"
    } else if text.contains("-----BEGIN PKCS7-----") {
        "a PKCS #7 bundle: convert it with openssl pkcs7 -print_certs"
    } else if text.contains("-----BEGIN ") {
        "another kind of PEM text"
    } else if bytes.first() == Some(&0x30) {
        "binary data: convert it with openssl x509 -inform der"
    } else {
        "no PEM text"
    };
    Err(format!("has no certificate in PEM but {found}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";

    #[test_case(PEM, ""; "a certificate")]
    #[test_case("Größe\n-----BEGIN CERTIFICATE-----", ""; "a comment")]
    #[test_case(" \n", "is empty"; "empty")]
    #[test_case("text", "no PEM text"; "text")]
    #[test_case("0\u{1}", "-inform der"; "binary")]
    #[test_case("-----BEGIN TRUSTED CERTIFICATE-----", "openssl x509"; "OpenSSL's form")]
    #[test_case("-----BEGIN PKCS7-----", "pkcs7 -print_certs"; "a PKCS 7 bundle")]
    #[test_case("-----BEGIN PUBLIC KEY-----", "another kind"; "a public key")]
    #[test_case("-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----", "private key"; "a key")]
    fn only_certificates_are_taken(text: &str, problem: &str) {
        let found = pem(text.as_bytes());
        match problem {
            "" => assert_eq!(found.unwrap(), text),
            _ => assert!(found.unwrap_err().contains(problem)),
        }
    }

    #[test]
    fn what_is_not_a_file_is_named_and_never_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert_eq!(
            contents(&fifo).unwrap_err(),
            "is a named pipe (FIFO), not a regular file"
        );
        assert_eq!(
            contents(directory.path()).unwrap_err(),
            "is a directory, not a regular file"
        );
        assert_eq!(
            contents(Path::new("/dev/zero")).unwrap_err(),
            "is a character device, not a regular file"
        );
        assert_eq!(
            contents(&directory.path().join("none")).unwrap_err(),
            "does not exist"
        );
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_to_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LARGEST + 1).unwrap();
        assert_eq!(contents(file.path()).unwrap_err(), "is larger than 4 MB");
    }
}

//! Which texts are a key, and how the others are explained.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use test_case::test_case;

use super::*;

/// A key of 1024 bits that opens nothing.
const SHORT: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIICXQIBAAKBgQC0Pri/2lgNwAeEafC0HZP2Wa6CSITV9JVjtjgUfunMU04YXEUE\n\
3jRZBmFJtco6dCX6hOSbPnCi8OASCEOtTD/u0+tzDRZtzpZ6plHIxBd4KkrpUgnV\n\
iqNCn8fTNWbUgAEcmcZ/hCwkw+FoBt+VieBfBbcZlU53yHxqEwffyqj4NQIDAQAB\n\
AoGAXuPeU3JZhPOhgX5ccBZaPQk9q+0Nsa3Pr+zQXUnrP9xjcsOwuj1ZBb0sHqgL\n\
zPY0wEySJYCbv8xbymJ7bpKD3Q8NlZhn+BgdSf1j+LHqPHX6EXo0J9GVsnesoPwE\n\
NgTTDayDHQRS5gcOnY+byodfkYmAH8HYMiOs2Ws/8IHKx4kCQQDmXKc2IOHDhBKG\n\
KNJsA05P59udGYhO6tmlL8TTIhsPgSaZmLCQjpEvrLuYMeY/I1Fk9pRE2AZ0WmJf\n\
y9o8ktp/AkEAyE4qGgXpWtM7uFtA4oL4CNieK2CQYotuNQZPd1EwgXQlE1TH78XN\n\
6givHd28FwlDZi6jEXQc69jNg0rGMQCLSwJBAJaqovLULtUh3LvCl13uC5pXm1v1\n\
ByIWmKNhyuoMtIY/gm+TXmgt1ufHoiq4+E7zWpkebXtZj18qfo0JV4OmySECQB9H\n\
ZXeu2KPgPIErbtRwUz8+ZGStrZ5V253YIGyndwWgF3IPWTFuGBulw4LMb2TBg47f\n\
VYOSODn0HxOTh6N7TEUCQQC/O48eOOZhRY5VR2DQGbaYVqWQ/Vs27wQDakWirQqn\n\
fa7vWjhklb/qNEKFje0Hf3fq9KJ4Vo9NA6SQMjU9ga6h\n\
-----END RSA PRIVATE KEY-----\n\
";

fn parse(text: &str) -> Result<SigningKey, KeyError> {
    SigningKey::parse(&text.into())
}

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn an_rsa_key_is_read_in_every_spelling() {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let pkcs8 = pair.serialize_pem();
    // A PKCS#8 key of 2048 bits is 26 bytes around a PKCS#1 key.
    let body = STANDARD.encode(pair.serialized_der().get(26..).unwrap());
    let pkcs1 = pem("RSA PRIVATE KEY", &body);
    let spellings = [
        pkcs8.clone(),
        pkcs1.clone(),
        pkcs8.replace('\n', "\r\n"),
        pkcs8.replace('\n', "\\n"),
        pkcs8.replace('\n', " "),
        format!("Bag Attributes\n  localKeyID: 01\n{pkcs8}"),
        format!("{}{pkcs1}", pem("CERTIFICATE", "AAAA")),
    ];
    for text in spellings {
        parse(&text).unwrap();
    }
}

#[test_case("" => KeyError::NotPem; "nothing")]
#[test_case("hush" => KeyError::NotPem; "another text")]
#[test_case(&pem("ENCRYPTED PRIVATE KEY", "AAAA") => KeyError::Encrypted)]
#[test_case(&pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AA\n\nAAAA") => KeyError::Encrypted; "an old encrypted key")]
#[test_case(&pem("CERTIFICATE", "AAAA") => KeyError::Certificate)]
#[test_case(&pem("PUBLIC KEY", "AAAA") => KeyError::PublicKey)]
#[test_case(&pem("RSA PUBLIC KEY", "AAAA") => KeyError::PublicKey; "an RSA public key")]
#[test_case(&pem("OPENSSH PRIVATE KEY", "AAAA") => KeyError::OpenSsh)]
#[test_case(&pem("EC PRIVATE KEY", "AAAA") => KeyError::NotRsa)]
#[test_case(&KeyPair::generate().unwrap().serialize_pem() => KeyError::NotRsa; "an EC key in PKCS 8")]
#[test_case(SHORT => KeyError::TooShort)]
#[test_case(&pem("PRIVATE KEY", "AAAA") => KeyError::Damaged; "a few bytes")]
#[test_case(&pem("RSA PRIVATE KEY", "AAAA") => KeyError::Damaged; "a few bytes of PKCS 1")]
#[test_case(&pem("PRIVATE KEY", "!") => KeyError::Damaged; "no base64")]
#[test_case("-----BEGIN PRIVATE KEY-----\nAAAA" => KeyError::Damaged; "no end")]
fn a_text_that_is_no_key_is_explained(text: &str) -> KeyError {
    parse(text).unwrap_err()
}

#[test]
fn a_key_shows_nothing() {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let key = parse(&pair.serialize_pem()).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey");
}

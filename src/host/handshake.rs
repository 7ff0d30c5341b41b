//! Reads the host's line on stdin, then watches for the end of stdin.
//!
//! A thread of its own reads: the runtime would wait at its end for a blocking read, and this one
//! blocks as long as the host lives.

use std::io::{BufRead, BufReader, Read};
use std::thread;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use prost::Message as _;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use crate::pb::c1::connector_wrapper::v1::ServerConfig;
use crate::pb::c1::utls::v1::Credential;
use crate::pb::ratelimit::rate_limiter_config::Type as Limiter;

/// The maximum length of the line; hosts send about 1.5 KB.
const MAX_LINE: u64 = 64 * 1024;

/// Like Go's standard encoding: padded, and trailing bits are ignored.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The data that the host sends to its child.
#[derive(Debug)]
pub struct Handshake {
    /// Key and certificates.
    pub credential: Credential,
    /// The port of the inherited socket.
    pub port: u32,
}

/// Reads the first line, then watches for the end of `input` and cancels `ended`.
pub async fn read(
    input: impl Read + Send + 'static,
    ended: CancellationToken,
) -> Result<Handshake, Error> {
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let mut input = BufReader::new(input);
        let line = read_line(&mut input);
        // The receiver is gone only if the process is ending.
        if sender.send(line).is_ok() {
            let mut rest = [0; 256];
            while matches!(input.read(&mut rest), Ok(1..)) {}
        }
        ended.cancel();
    };
    thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(work)
        .map_err(|source| Error::System {
            what: "starting a thread for stdin",
            source,
        })?;
    let line = receiver
        .await
        .map_err(|_| refuse("stdin could not be read"))??;
    parse(&line)
}

fn read_line(input: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    input
        .take(MAX_LINE)
        .read_until(b'\n', &mut line)
        .map_err(|source| Error::System {
            what: "reading stdin",
            source,
        })?;
    if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
        return Err(refuse(format!(
            "the line on stdin is longer than {MAX_LINE} bytes"
        )));
    }
    let end = line.trim_ascii_end().len();
    line.truncate(end);
    Ok(line)
}

/// Decodes the line.
pub fn parse(line: &[u8]) -> Result<Handshake, Error> {
    if line.is_empty() {
        return Err(refuse("unexpected empty input"));
    }
    let bytes = BASE64.decode(line).map_err(|error| {
        refuse(format!(
            "illegal base64 data at input byte {}",
            illegal_byte(line, &error)
        ))
    })?;
    let config = ServerConfig::decode(bytes.as_slice()).map_err(|error| {
        refuse(format!(
            "the line on stdin is not a server configuration: {error}"
        ))
    })?;
    match config
        .rate_limiter_config
        .and_then(|limiter| limiter.r#type)
    {
        None | Some(Limiter::Disabled(_)) => {}
        Some(Limiter::External(_)) => {
            return Err(refuse("an external rate limiter is not supported"));
        }
        Some(Limiter::SlidingMem(_) | Limiter::FixedMem(_)) => {
            tracing::warn!(
                "the host's rate limiter is ignored; the connector respects Salesforce's own limits"
            );
        }
    }
    let credential = config.credential.ok_or_else(|| {
        refuse("the server configuration on stdin has no credential, which mutual TLS needs")
    })?;
    Ok(Handshake {
        credential,
        port: config.listen_port,
    })
}

/// The byte that Go would report.
fn illegal_byte(line: &[u8], error: &base64::DecodeError) -> usize {
    match error {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => {
            *at
        }
        _ if line.ends_with(b"=") => line.len(),
        _ => line.len() - line.len() % 4,
    }
}

fn refuse(text: impl Into<String>) -> Error {
    Error::Handshake(text.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("" => "unexpected empty input")]
    #[test_case("YQ*=" => "illegal base64 data at input byte 2")]
    #[test_case("YWJjZ" => "illegal base64 data at input byte 4"; "cut off")]
    #[test_case("YQ=" => "illegal base64 data at input byte 3"; "half a padding")]
    #[test_case("////" => "the line on stdin is not a server configuration: failed to decode \
        Protobuf message: invalid varint"; "not protobuf")]
    fn a_bad_line_is_refused(line: &str) -> String {
        parse(line.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_configuration_without_credential_is_refused() {
        let config = ServerConfig {
            listen_port: 7,
            ..Default::default()
        };
        let line = BASE64.encode(config.encode_to_vec());
        assert!(
            parse(line.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("no credential")
        );
    }

    #[tokio::test]
    async fn the_end_of_the_input_is_noticed() {
        let config = ServerConfig {
            credential: Some(Credential::default()),
            listen_port: 7,
            ..Default::default()
        };
        let line = format!("{}\nmore", BASE64.encode(config.encode_to_vec()));
        let ended = CancellationToken::new();
        let handshake = read(std::io::Cursor::new(line), ended.clone())
            .await
            .unwrap();
        assert_eq!(handshake.port, 7);
        ended.cancelled().await;
    }

    #[tokio::test]
    async fn an_endless_line_is_refused() {
        let error = read(std::io::repeat(b'A'), CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the line on stdin is longer than 65536 bytes"
        );
    }
}

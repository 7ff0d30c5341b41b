//! Requests that are no messages: the caller's fault, whatever is wrong with them.

use baton_salesforce::pb::connector as pb;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use test_case::test_case;

use crate::serve::serve;

const LIST: &str = "c1.connector.v2.ResourcesService/ListResources";
const CREATE: &str = "c1.connector.v2.AccountManagerService/CreateAccount";

/// A message as it goes over the wire, with this compression flag.
fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag], &length.to_be_bytes()[..], message].concat()
}

/// A request whose profile is nested deeper than a decoder goes.
fn nested() -> Vec<u8> {
    let mut value = Value { kind: None };
    for _ in 0..150 {
        let fields = [("x".to_owned(), value)].into();
        value = Value {
            kind: Some(Kind::StructValue(Struct { fields })),
        };
    }
    let Some(Kind::StructValue(profile)) = value.kind else {
        panic!("no struct")
    };
    let request = pb::CreateAccountRequest {
        account_info: Some(pb::AccountInfo {
            profile: Some(profile),
            ..pb::AccountInfo::default()
        }),
        ..pb::CreateAccountRequest::default()
    };
    frame(0, &request.encode_to_vec())
}

#[test_case(LIST, frame(0, &[0xff; 10]); "bytes that are no message")]
#[test_case(LIST, frame(0, b"\x0a\x02\xff\xff"); "a string that is not UTF 8")]
#[test_case(LIST, frame(0, b"\x0a\x7fx"); "a string that is cut off")]
#[test_case(CREATE, nested(); "a message nested too deeply")]
#[test_case(LIST, frame(1, b"x"); "compressed without saying how")]
#[test_case(LIST, frame(7, b""); "a compression flag that does not exist")]
#[test_case(LIST, frame(0, b"xxxx")[..6].to_vec(); "a body that is cut off")]
#[tokio::test]
async fn a_request_that_cannot_be_decoded_is_an_invalid_argument(method: &str, body: Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let served = serve(directory.path(), &["--listen", "127.0.0.1:0"]).await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let answer = client
        .post(format!("http://{}/{method}", served.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(body)
        .send()
        .await
        .unwrap();
    let header = |name| answer.headers()[name].to_str().unwrap();
    assert_eq!(header("grpc-status"), "3", "{}", header("grpc-message"));
    assert!(header("grpc-message").starts_with("the%20request%20cannot%20be%20decoded"));
    served.stop().await;
}

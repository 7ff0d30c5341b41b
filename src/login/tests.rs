use std::sync::Mutex as StdMutex;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use test_case::test_case;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use url::Url;

use super::*;

const STATE: &str = "the-state";

fn expected(port: u16) -> Expected {
    let uri = format!("http://localhost:{port}/OauthRedirect");
    Expected::new(Url::parse(&uri).unwrap(), STATE.to_owned())
}

fn quiet(_: &str) {}

/// A listener at a free port, what it delivers, and what ends it.
async fn listening(warn: fn(&str)) -> (u16, oneshot::Receiver<(Outcome, Answered)>, Listener) {
    let listener = Listener::bind(expected(0), warn).await.unwrap();
    let (_, delivered) = oneshot::channel();
    (listener.port(), delivered, listener)
}

async fn start(warn: fn(&str)) -> (u16, oneshot::Receiver<(Outcome, Answered)>) {
    let (port, _, listener) = listening(warn).await;
    let (deliver, delivered) = oneshot::channel();
    tokio::spawn(listener.serve(deliver));
    (port, delivered)
}

/// A browser comes back from the org with a code, and gets its page.
async fn assert_the_right_redirect_counts(
    port: u16,
    delivered: oneshot::Receiver<(Outcome, Answered)>,
) {
    let browser =
        tokio::spawn(
            async move { send(port, "GET /OauthRedirect?code=good&state=the-state").await },
        );
    let (outcome, answered) = delivered.await.unwrap();
    assert_eq!(code(&outcome), "good");
    answered.show(Page::success("done")).await;
    assert!(browser.await.unwrap().starts_with("HTTP/1.1 200 "));
}

/// Sends `head` with a Host header and returns the whole answer.
async fn send(port: u16, line: &str) -> String {
    raw(
        port,
        &format!("{line} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
    )
    .await
}

async fn raw(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Code(code) => code.expose_secret(),
        Outcome::Denied { .. } => panic!("denied"),
    }
}

#[tokio::test]
async fn the_redirect_is_delivered_and_its_page_says_how_it_ended() {
    let (port, delivered) = start(quiet).await;
    let browser = tokio::spawn(async move {
        send(port, "GET /OauthRedirect?code=aPrx%3D%3D&state=the-state").await
    });
    let (outcome, answered) = delivered.await.unwrap();
    assert_eq!(code(&outcome), "aPrx==");
    answered.show(Page::failure("<b>'\"&")).await;
    let answer = browser.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("&lt;b&gt;&#39;&quot;&amp;"), "{answer}");
    for header in [
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
        "default-src 'none'",
        "Connection: close",
    ] {
        assert!(answer.contains(header), "{answer}");
    }
    let second = send(port, "GET /OauthRedirect?code=b&state=the-state").await;
    assert!(second.starts_with("HTTP/1.1 409 "), "{second}");
}

#[test_case("GET /OauthRedirect?code=a&state=another", "400"; "a forged state")]
#[test_case("GET /OauthRedirect?code=a", "400"; "no state")]
#[test_case("GET /OauthRedirect?error=access_denied", "400"; "an error without a state")]
#[test_case("GET /OauthRedirect?state=the-state", "400"; "no code")]
#[test_case("GET /OauthRedirect?code=a&code=b&state=the-state", "400"; "two codes")]
#[test_case("GET /OauthRedirect?code=a&state=the-state&state=x", "400"; "two states")]
#[test_case("GET /favicon.ico", "404"; "an icon")]
#[test_case("GET /other?code=a&state=the-state", "404"; "another path")]
#[test_case("POST /OauthRedirect?code=a&state=the-state", "405"; "another method")]
#[test_case("GET /start/guessed", "410"; "a guessed link")]
#[test_case("GET", "400"; "no target")]
#[tokio::test]
async fn what_does_not_count_does_not_end_the_waiting(line: &str, status: &str) {
    let (port, delivered) = start(quiet).await;
    let answer = send(port, line).await;
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert_the_right_redirect_counts(port, delivered).await;
}

#[test_case("evil.example", "421"; "another name")]
#[test_case("localhost", "421"; "no port")]
#[test_case("127.0.0.1:PORT", "404"; "IPv4")]
#[test_case("[::1]:PORT", "404"; "IPv6")]
#[test_case("LOCALHOST:PORT", "404"; "upper case")]
#[tokio::test]
async fn only_names_of_this_computer_are_answered(host: &str, status: &str) {
    let (port, _delivered) = start(quiet).await;
    let host = host.replace("PORT", &port.to_string());
    let answer = raw(port, &format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_that_is_too_large_or_garbage_is_answered() {
    let (port, _delivered) = start(quiet).await;
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    assert!(raw(port, &long).await.starts_with("HTTP/1.1 431 "));
    let garbage = "\u{1}\u{2}\r\n\r\n";
    assert!(raw(port, garbage).await.starts_with("HTTP/1.1 400 "));
    let twice = format!("GET /x HTTP/1.1\r\nHost: localhost:{port}\r\nHost: x\r\n\r\n");
    assert!(raw(port, &twice).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_keep_the_browser_out() {
    let (port, delivered) = start(quiet).await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(b"G").await.unwrap();
        idle.push(stream);
        if idle.len() > 200 {
            idle.remove(0);
        }
    }
    assert_the_right_redirect_counts(port, delivered).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_is_ended() {
    let (port, _delivered) = start(quiet).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"GET /OauthRed").await.unwrap();
    let mut answer = String::new();
    let _ = tokio::time::timeout(Duration::from_mins(1), stream.read_to_string(&mut answer))
        .await
        .expect("the connection is closed");
    assert_eq!(answer, "");
}

#[tokio::test]
async fn the_link_to_the_sign_in_page_works_once() {
    static TOLD: StdMutex<Vec<String>> = StdMutex::new(Vec::new());
    let (port, _, listener) = listening(|text| TOLD.lock().unwrap().push(text.to_owned())).await;
    let page = Url::parse("https://login.salesforce.com/authorize?state=the-state").unwrap();
    let link = listener.start_at("nonce", page.clone());
    assert_eq!(link, format!("http://localhost:{port}/start/nonce"));
    let (deliver, _delivered) = oneshot::channel();
    tokio::spawn(listener.serve(deliver));
    let first = send(port, "GET /start/nonce").await;
    assert!(first.starts_with("HTTP/1.1 302 "), "{first}");
    assert!(first.contains(&format!("Location: {page}\r\n")), "{first}");
    let second = send(port, "GET /start/nonce").await;
    assert!(second.starts_with("HTTP/1.1 410 "), "{second}");
    assert_eq!(TOLD.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_late_redirect_is_told_so() {
    let (port, _, listener) = listening(quiet).await;
    let closer = listener.closer();
    let (deliver, mut delivered) = oneshot::channel();
    tokio::spawn(listener.serve(deliver));
    let late = tokio::spawn(closer.close());
    tokio::task::yield_now().await;
    let answer = send(port, "GET /OauthRedirect?code=a&state=the-state").await;
    assert!(answer.starts_with("HTTP/1.1 410 "), "{answer}");
    late.await.unwrap();
    assert!(delivered.try_recv().is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    // One of both addresses is enough for `localhost`, but not for the address itself.
    assert!(Listener::bind(expected(port), quiet).await.is_ok() || !has_ipv6().await);
    let uri = Url::parse(&format!("http://127.0.0.1:{port}/x")).unwrap();
    let taken = Expected::new(uri, STATE.to_owned());
    let error = Listener::bind(taken, quiet).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("port {port} ")), "{text}");
    let holder = format!("(process {}) uses it", std::process::id());
    assert!(text.contains(&holder), "{text}");
    assert!(
        text.contains("--redirect-uri") && text.contains("--paste"),
        "{text}"
    );
}

async fn has_ipv6() -> bool {
    tokio::net::TcpListener::bind("[::1]:0").await.is_ok()
}

#[tokio::test]
async fn a_redirect_uri_elsewhere_needs_paste() {
    let uri = Url::parse("https://login.salesforce.com/services/oauth2/success").unwrap();
    let expected = Expected::new(uri, STATE.to_owned());
    let error = Listener::bind(expected, quiet).await.unwrap_err();
    assert!(error.to_string().contains("--paste"), "{error}");
}

#[tokio::test]
async fn both_loopback_addresses_answer() {
    let (port, _delivered) = start(quiet).await;
    // Some machines have no IPv6.
    if let Ok(mut stream) = TcpStream::connect(("::1", port)).await {
        let request = format!("GET /favicon.ico HTTP/1.1\r\nHost: [::1]:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
}

#[test_case("aPrx%3D%3D\n", "aPrx=="; "a bare code")]
#[test_case("aPrx==", "aPrx=="; "a decoded code")]
#[test_case("a+b", "a+b"; "a plus sign")]
#[test_case("code=aPrx%3D%3D&state=the-state", "aPrx=="; "a query")]
#[test_case("?code=aPrx%3D%3D", "aPrx=="; "a query without a state")]
#[test_case(" <http://localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=the-state> ", "aPrx=="; "an address")]
#[test_case("\u{1b}[200~http://localhost:1717/OauthRedirect?code=a\u{1b}[201~\n", "a"; "marked by the terminal")]
fn a_pasted_code_is_decoded_once(text: &str, expected_code: &str) {
    assert_eq!(
        code(&from_text(text, &expected(1717)).unwrap()),
        expected_code
    );
}

#[test_case("http://localhost:1717/OauthRedirect?code=a&state=x", Refused::ForgedState; "another state")]
#[test_case("http://localhost:1717/other?code=a", Refused::OtherAddress; "another page")]
#[test_case("http://localhost:1717/OauthRedirect", Refused::Empty; "no query")]
#[test_case("two words", Refused::Empty; "two words")]
fn a_wrong_paste_is_refused(text: &str, reason: Refused) {
    assert_eq!(from_text(text, &expected(1717)).unwrap_err(), reason);
}

#[test]
fn an_error_is_repeated_without_control_characters() {
    let outcome = from_text(
        "error=access_denied&error_description=no%1b[31m%0a!&state=the-state",
        &expected(1717),
    );
    let Outcome::Denied { error, description } = outcome.unwrap() else {
        panic!("a code")
    };
    assert_eq!(
        (error.as_str(), description.as_str()),
        ("access_denied", "no [31m !")
    );
}

//! One connection of a browser: reads one request of bounded size in bounded time.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::page::Page;

/// How long a request or an answer may take.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest head of a request.
const LARGEST_HEAD: usize = 16 * 1024;

/// A request for a page. Its target may hold a code.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) host: Option<String>,
}

/// Reads the head of a request; `None` if the client sends something else.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Result<Request, Page>> {
    let mut head = Vec::new();
    let read = async {
        let mut buffer = [0; 2048];
        loop {
            let count = stream.read(&mut buffer).await.ok()?;
            if count == 0 {
                return None;
            }
            head.extend_from_slice(buffer.get(..count)?);
            if head.windows(4).any(|end| end == b"\r\n\r\n") {
                return Some(parse(&head));
            }
            if head.len() > LARGEST_HEAD {
                return Some(Err(Page::new(
                    "431 Request Header Fields Too Large",
                    "Too large",
                    "The request is too large.",
                )));
            }
        }
    };
    timeout(LONGEST, read).await.ok().flatten()
}

fn parse(head: &[u8]) -> Result<Request, Page> {
    let malformed = || {
        Page::new(
            "400 Bad Request",
            "Not understood",
            "This is not a request.",
        )
    };
    let text = std::str::from_utf8(head).map_err(|_| malformed())?;
    let (head, _) = text.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed());
    };
    let mut host = None;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        if name.eq_ignore_ascii_case("host") && host.replace(value.trim().to_owned()).is_some() {
            return Err(malformed());
        }
    }
    Ok(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        host,
    })
}

/// Sends a page and ends the connection.
pub(super) async fn answer(stream: &mut TcpStream, page: &Page) {
    let response = page.response();
    let write = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    // The browser may have gone.
    let _ = timeout(LONGEST, write).await;
}

//! Receives the redirect on this computer.
//!
//! Other programs, and pages in the browser, can send requests here, too. Only one with the state of
//! this sign-in ends the waiting.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use url::{Host, Url};

use super::connection::{self, Request};
use super::page::Page;
use super::port_holder;
use super::redirect::{Expected, Outcome};

/// Open connections. One more ends the oldest, which has had the most time to send its request.
const MOST_CONNECTIONS: usize = 128;

/// Redirects that are refused with a word to the user.
const MOST_WARNINGS: u8 = 5;

/// Why nothing can be received.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The redirect URI leads elsewhere.
    #[error(
        "the redirect URI {0} does not lead to this computer by http, such as \
         http://localhost:1717/OauthRedirect; use --paste with it"
    )]
    Elsewhere(Url),
    /// The port is taken.
    #[error(
        "port {port} of this computer cannot be used{}; end the program that uses it, name a \
         redirect URI with another port that the app allows (--redirect-uri), or use --paste",
        holder.as_ref().map_or_else(String::new, |holder| format!(", because {holder} uses it"))
    )]
    Port {
        /// The port of the redirect URI.
        port: u16,
        /// The program that uses it, if this user may know.
        holder: Option<String>,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// Waits for the redirect.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    shared: Arc<Shared>,
    received: mpsc::Receiver<(Outcome, Answered)>,
}

/// The browser that waits for a page.
#[derive(Debug)]
pub struct Answered(oneshot::Sender<(Page, oneshot::Sender<()>)>);

/// Ends the waiting of a [`Listener`].
#[derive(Debug)]
pub struct Closer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    expected: Expected,
    port: u16,
    /// Where the sign-in page is, and the path here that leads there once.
    start: Mutex<Option<(String, Url)>>,
    phase: Mutex<Phase>,
    send: mpsc::Sender<(Outcome, Answered)>,
    warn: fn(&str),
    warnings: Mutex<u8>,
    /// A redirect was told that it is late.
    late: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Received,
    Late,
}

impl Listener {
    /// Listens at the redirect URI, by IPv4 and IPv6 or by one of them. `warn` tells the user about
    /// redirects that are refused.
    pub async fn bind(expected: Expected, warn: fn(&str)) -> Result<Self, ListenError> {
        let uri = expected.redirect_uri().clone();
        let port = uri.port_or_known_default().unwrap_or(80);
        if uri.scheme() != "http" || !leads_here(&uri) {
            return Err(ListenError::Elsewhere(uri));
        }
        let (sockets, port) = loopback(&uri, port, warn).await.map_err(|source| {
            let holder = port_holder::of(port);
            ListenError::Port {
                port,
                holder,
                source,
            }
        })?;
        let (send, received) = mpsc::channel(1);
        let shared = Shared {
            expected,
            port,
            start: Mutex::new(None),
            phase: Mutex::new(Phase::Waiting),
            send,
            warn,
            warnings: Mutex::new(0),
            late: Notify::new(),
        };
        Ok(Self {
            sockets,
            shared: Arc::new(shared),
            received,
        })
    }

    /// An address of this listener that leads the browser to `target` once. Unlike the target, it
    /// may be on a command line, which every user of the machine can read: `nonce` is of no use
    /// after the browser has been there.
    #[must_use]
    pub fn start_at(&self, nonce: &str, target: Url) -> String {
        let path = format!("/start/{nonce}");
        let uri = self.shared.expected.redirect_uri();
        let host = uri.host_str().unwrap_or("localhost");
        let address = format!("http://{host}:{}{path}", self.shared.port);
        *self.shared.start.lock() = Some((path, target));
        address
    }

    /// Answers requests until this future is dropped; returns the first redirect that counts, and the
    /// browser that waits for a page about it. Later ones are refused.
    pub async fn serve(self, deliver: oneshot::Sender<(Outcome, Answered)>) {
        let Self {
            sockets,
            shared,
            mut received,
        } = self;
        let mut deliver = Some(deliver);
        let mut open: VecDeque<AbortHandle> = VecDeque::new();
        let mut sockets = sockets.into_iter();
        let (first, second) = (sockets.next(), sockets.next());
        loop {
            let stream = tokio::select! {
                Some(redirect) = received.recv() => {
                    if let Some(deliver) = deliver.take() {
                        let _ = deliver.send(redirect);
                    }
                    continue;
                }
                stream = accept(first.as_ref()) => stream,
                stream = accept(second.as_ref()) => stream,
            };
            open.retain(|task| !task.is_finished());
            if open.len() >= MOST_CONNECTIONS {
                // One of them is the browser that waits for its page.
                if *shared.phase.lock() == Phase::Received {
                    continue;
                }
                if let Some(oldest) = open.pop_front() {
                    oldest.abort();
                }
            }
            let shared = Arc::clone(&shared);
            let task = tokio::spawn(async move { converse(stream, &shared).await });
            open.push_back(task.abort_handle());
        }
    }

    /// What ends the waiting: a redirect that comes afterwards is told that it is late. The future
    /// completes when one was told.
    #[must_use]
    pub fn closer(&self) -> Closer {
        Closer(Arc::clone(&self.shared))
    }

    #[cfg(test)]
    pub(super) fn port(&self) -> u16 {
        self.shared.port
    }
}

impl Closer {
    /// Ends the waiting.
    pub async fn close(self) {
        *self.0.phase.lock() = Phase::Late;
        self.0.late.notified().await;
    }
}

impl Answered {
    /// Shows the page, and returns when the browser has it.
    pub async fn show(self, page: Page) {
        let (done, shown) = oneshot::channel();
        if self.0.send((page, done)).is_ok() {
            let _ = shown.await;
        }
    }
}

/// Sockets for the loopback addresses that the browser may choose. One is enough for `localhost`, an
/// address in the redirect URI must be had.
async fn loopback(uri: &Url, port: u16, warn: fn(&str)) -> io::Result<(Vec<TcpListener>, u16)> {
    let wanted: Option<IpAddr> = match uri.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    let (mut sockets, mut port): (Vec<TcpListener>, u16) = (Vec::new(), port);
    let mut failure = None;
    let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let others = both.into_iter().filter(|other| Some(*other) != wanted);
    for address in wanted.into_iter().chain(others) {
        match TcpListener::bind((address, port)).await {
            Ok(socket) => {
                // Both have the same port, also where the system chooses it.
                port = socket.local_addr()?.port();
                sockets.push(socket);
            }
            Err(error) if wanted == Some(address) => return Err(error),
            Err(error) => failure = Some((address, error)),
        }
    }
    match failure {
        Some((_, error)) if sockets.is_empty() => Err(error),
        Some((address, error)) if error.kind() == io::ErrorKind::AddrInUse => {
            warn(&format!(
                "another program uses port {port} at {address}; if the browser ends there, use \
                 another --redirect-uri or --paste"
            ));
            Ok((sockets, port))
        }
        // Some computers have no IPv6.
        _ => Ok((sockets, port)),
    }
}

/// The next connection. A failure, such as too many open files, must not end the sign-in.
async fn accept(socket: Option<&TcpListener>) -> TcpStream {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    loop {
        match socket.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) {
    let page = match connection::read(&mut stream).await {
        None => return,
        Some(Err(page)) => page,
        Some(Ok(request)) => match shared.judge(&request) {
            Ok(outcome) => {
                let (answered, page) = oneshot::channel();
                if shared
                    .send
                    .send((outcome, Answered(answered)))
                    .await
                    .is_err()
                {
                    return;
                }
                let Ok((page, done)) = page.await else { return };
                connection::answer(&mut stream, &page).await;
                let _ = done.send(());
                return;
            }
            Err(page) => page,
        },
    };
    connection::answer(&mut stream, &page).await;
    if page == Page::late() {
        shared.late.notify_one();
    }
}

impl Shared {
    /// The outcome that the request delivers, or the page that answers it.
    fn judge(&self, request: &Request) -> Result<Outcome, Page> {
        if !self.is_our_host(request.host.as_deref()) {
            return Err(Page::new(
                "421 Misdirected Request",
                "Wrong address",
                "This address belongs to the sign-in of baton-salesforce on this computer.",
            ));
        }
        if request.method != "GET" {
            return Err(Page::wrong_method());
        }
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        if let Some(target) = self.take_start(path)? {
            return Err(Page::moved(target.as_str()));
        }
        if path != self.expected.redirect_uri().path() {
            return Err(Page::new(
                "404 Not Found",
                "Not found",
                "There is nothing here.",
            ));
        }
        match *self.phase.lock() {
            Phase::Waiting => {}
            Phase::Received => {
                self.tell("a second redirect was refused");
                return Err(Page::new(
                    "409 Conflict",
                    "Already received",
                    "This sign-in has its answer already. You can close this window.",
                ));
            }
            Phase::Late => {
                self.tell("a redirect came too late");
                return Err(Page::late());
            }
        }
        let outcome = self.expected.read(query).map_err(|refused| {
            self.tell(&format!("a redirect was refused: {refused}"));
            Page::failure(format!(
                "This redirect was refused: {refused}. The sign-in still waits for the right one."
            ))
        })?;
        let mut phase = self.phase.lock();
        if *phase != Phase::Waiting {
            return Err(Page::failure("This sign-in has its answer already."));
        }
        *phase = Phase::Received;
        Ok(outcome)
    }

    /// The sign-in page, if `path` leads there. A second visitor may be somebody else.
    fn take_start(&self, path: &str) -> Result<Option<Url>, Page> {
        if !path.starts_with("/start/") {
            return Ok(None);
        }
        let mut start = self.start.lock();
        if start.as_ref().is_some_and(|(wanted, _)| wanted == path) {
            return Ok(start.take().map(|(_, target)| target));
        }
        self.tell("a link to the sign-in page was opened that does not exist or was used before");
        Err(Page::new(
            "410 Gone",
            "Used before",
            "This link works once. If you did not open it before, end baton-salesforce and run it \
             again.",
        ))
    }

    /// Another name that leads here may be an attack on the browser (DNS rebinding).
    fn is_our_host(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return false };
        let port = self.port;
        let uri = self.expected.redirect_uri();
        let own = uri.host_str().unwrap_or_default();
        ["localhost", "127.0.0.1", "[::1]", own].iter().any(|name| {
            host.eq_ignore_ascii_case(&format!("{name}:{port}"))
                || (port == 80 && host.eq_ignore_ascii_case(name))
        })
    }

    fn tell(&self, text: &str) {
        let mut warnings = self.warnings.lock();
        if *warnings < MOST_WARNINGS {
            *warnings += 1;
            (self.warn)(text);
        }
    }
}

/// Whether the redirect URI leads to this computer.
fn leads_here(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

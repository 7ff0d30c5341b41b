//! The listening socket that is inherited from the host.

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};

use super::error::Error;

/// The size of the buffer for `getsockopt`.
const SIZE_OF_INT: libc::socklen_t = 4;
const _: () = assert!(size_of::<libc::c_int>() == 4);

/// Takes over the socket whose descriptor is in `variable`; it must listen on `port`.
pub fn inherited(variable: Option<&str>, port: u32) -> Result<TcpListener, Error> {
    let value = variable.ok_or(Error::MissingListener)?;
    let refuse = |reason: String| Error::Listener {
        value: value.to_owned(),
        reason,
    };
    let descriptor: RawFd = value
        .parse()
        .map_err(|_| refuse("it is not the number of a descriptor".to_owned()))?;
    if descriptor < 0 {
        return Err(refuse("it is negative".to_owned()));
    }
    let socket = adopt(descriptor)
        .map_err(|error| refuse(format!("it is not an open listening socket ({error})")))?;
    let listener = TcpListener::from(socket);
    let address = listener
        .local_addr()
        .map_err(|error| refuse(format!("it is not a TCP socket ({error})")))?;
    if u32::from(address.port()) != port {
        return Err(Error::Port {
            actual: address.port(),
            configured: port,
        });
    }
    // Go may pass it on in blocking mode.
    listener
        .set_nonblocking(true)
        .map_err(|source| Error::System {
            what: "making the listener non-blocking",
            source,
        })?;
    Ok(listener)
}

/// Takes ownership of the descriptor if it is an open listening socket. Our own child processes do
/// not inherit it.
#[expect(unsafe_code, reason = "a number becomes a descriptor only here")]
fn adopt(descriptor: RawFd) -> io::Result<OwnedFd> {
    let mut listens: libc::c_int = 0;
    let mut length = SIZE_OF_INT;
    // SAFETY: both calls take any number and fail on one that is not an open descriptor; the
    // pointers are to locals of the right size that outlive the call.
    let (marked, asked) = unsafe {
        (
            libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC),
            libc::getsockopt(
                descriptor,
                libc::SOL_SOCKET,
                libc::SO_ACCEPTCONN,
                (&raw mut listens).cast(),
                &raw mut length,
            ),
        )
    };
    if marked < 0 || asked < 0 {
        return Err(io::Error::last_os_error());
    }
    if listens == 0 {
        return Err(io::Error::other("it does not listen"));
    }
    // SAFETY: it is an open listening socket, and nothing else in this process makes or owns one
    // before this: the host opened it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd as _, IntoRawFd as _};
    use test_case::test_case;

    #[test_case(None => "missing required listener fd"; "missing")]
    #[test_case(Some("three") => "listener fd \"three\": it is not the number of a descriptor")]
    #[test_case(Some("-3") => "listener fd \"-3\": it is negative")]
    #[test_case(Some("9999") => "listener fd \"9999\": it is not an open listening socket \
        (Bad file descriptor (os error 9))"; "closed")]
    fn a_bad_descriptor_is_refused(variable: Option<&str>) -> String {
        inherited(variable, 1).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_refused_and_stays_open() {
        let file = tempfile::tempfile().unwrap();
        let error = inherited(Some(&file.as_raw_fd().to_string()), 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("not an open listening socket"), "{error}");
        file.metadata().unwrap();
    }

    #[test]
    fn the_port_must_be_the_one_that_was_announced() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let descriptor = socket.into_raw_fd().to_string();
        let error = inherited(Some(&descriptor), u32::from(port) + 1)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("listen port mismatch: {port} != {}", u32::from(port) + 1)
        );
    }

    #[test]
    fn a_listening_socket_is_taken_over() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = u32::from(socket.local_addr().unwrap().port());
        let listener = inherited(Some(&socket.into_raw_fd().to_string()), port).unwrap();
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }
}

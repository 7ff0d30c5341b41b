//! The Unix socket of the developers' server: only its owner may connect, and it goes away with its
//! listener.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::error::Error;

/// How many clients may wait to be accepted.
const BACKLOG: u32 = 128;

/// A socket file that is removed with its listener, unless another server has replaced it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

/// Listens at `path`, in the place of a socket that a dead server left behind. The umask does not
/// matter: nobody can connect before the file is private.
pub(super) async fn listen(path: &Path) -> Result<(UnixListener, SocketFile), Error> {
    make_room(path).await?;
    let failed = |source| failed(path, source);
    let socket = UnixSocket::new_stream().map_err(failed)?;
    socket.bind(path).map_err(failed)?;
    let file = SocketFile {
        path: path.to_owned(),
        identity: identity(path).ok(),
    };
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    let listener = socket.listen(BACKLOG).map_err(failed)?;
    Ok((listener, file))
}

impl SocketFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).ok() != self.identity {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "the socket file stays");
        }
    }
}

/// Removes the socket that a dead server left behind, and nothing else.
async fn make_room(path: &Path) -> Result<(), Error> {
    let shown = path.display();
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(Error::Read {
                path: path.to_owned(),
                source,
            });
        }
        Ok(found) => found,
    };
    if !found.file_type().is_socket() {
        return Err(Error::Address(format!(
            "{shown} exists and is not a socket; it stays, choose another path"
        )));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|source| failed(path, source))
        }
        Ok(_) => Err(Error::Address(format!(
            "another process listens on {shown}; stop it or choose another path"
        ))),
        Err(source) => Err(failed(path, source)),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Bind {
        address: format!("unix:{}", path.display()),
        source,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves the file");
        let bound = listen(&path).await.unwrap();
        let error = listen(&path).await.unwrap_err().to_string();
        assert!(error.starts_with("another process listens on"), "{error}");
        drop(bound);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&file, "somebody's work").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&file, &link, &directory.path().to_owned()] {
            let error = listen(path).await.unwrap_err().to_string();
            assert!(error.contains("is not a socket"), "{error}");
            assert!(path.symlink_metadata().is_ok());
        }
    }

    #[tokio::test]
    async fn the_socket_of_a_later_server_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let first = listen(&path).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let _second = listen(&path).await.unwrap();
        drop(first);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn only_the_owner_may_connect() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _bound = listen(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600, "{mode:o}");
    }
}

//! The two places where a server listens: a TCP port for clients, a Unix socket for operators.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use crate::failure::Failure;

/// Binds the TCP port.
pub(crate) async fn tcp(address: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    let wanted = SocketAddr::new(address, port);
    let failed = |error| {
        Failure::Failed(format!("cannot listen on {wanted}: {error} (--port names another, 0 a free one)"))
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let real = listener.local_addr().map_err(Failure::of)?;
    Ok((listener, real))
}

/// The operator's socket: only its owner may connect; it is removed at the end.
pub(crate) struct Socket(PathBuf);

impl Socket {
    /// Binds the socket. The caller holds the data directory's lock, so what stands there is left over.
    pub(crate) fn bind(path: &Path) -> Result<(UnixListener, Self), Failure> {
        let failed = |error| Failure::Failed(format!("cannot listen on {}: {error}", path.display()));
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        // The folder is its owner's alone (0700); the socket says so as well.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok((listener, Self(path.to_owned())))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

//! Files of containers and volumes on this machine's disk: shared by the runtimes that keep them
//! there.
//!
//! Never follows a symbolic link that somebody's process may have left: trees are walked by
//! directory handle, links are copied and removed as links.

pub mod path;
pub mod tape;
pub mod tree;

use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use super::stream;
use super::{RuntimeError, Volume};

/// A volume that is a directory of this machine.
pub struct LocalVolume {
    /// Its handle.
    pub handle: String,
    /// The runtime that has it.
    pub runtime: &'static str,
    /// The directory.
    pub root: PathBuf,
    /// Where other volumes stand in it, relative to the root: they are no part of it.
    pub nested: Vec<String>,
}

impl LocalVolume {
    fn not_found(&self, path: &str) -> RuntimeError {
        let name =
            if path.is_empty() { self.handle.clone() } else { format!("{}:{path}", self.handle) };
        RuntimeError::NotFound { what: "file of volume", name }
    }

    /// Opens what `path` leads to inside of the volume; links are followed as long as they stay.
    fn open(&self, path: &str) -> Result<(String, std::fs::File), RuntimeError> {
        let clean = path::clean(path)?;
        match tree::open_beneath(&self.root, &clean) {
            Ok(file) => Ok((clean, file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.not_found(path)),
            Err(error) if tree::is_escape(&error) => {
                Err(path::refused(path, "leads out of the volume"))
            }
            Err(source) => Err(tree::failed("open", self.root.join(&clean), source)),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, RuntimeError> {
        let (clean, file) = self.open(path)?;
        let fail = |source| tree::failed("read", self.root.join(&clean), source);
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            return Err(path::refused(path, "is no regular file"));
        }
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() as u64 > limit {
            return Err(path::refused(path, format!("is larger than {limit} bytes")));
        }
        Ok(bytes)
    }

    fn parts(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            runtime: self.runtime,
            root: self.root.clone(),
            nested: self.nested.clone(),
        }
    }
}

#[async_trait]
impl Volume for LocalVolume {
    fn handle(&self) -> &str {
        &self.handle
    }

    fn runtime(&self) -> &'static str {
        self.runtime
    }

    /// Nothing where another volume stands inside: its files would be taken for this one's.
    fn local_path(&self) -> Option<PathBuf> {
        self.nested.is_empty().then(|| self.root.clone())
    }

    async fn read_file(&self, path: &str, limit: u64) -> Result<Vec<u8>, RuntimeError> {
        let (volume, path) = (self.parts(), path.to_owned());
        blocking(move || volume.read(&path, limit)).await
    }

    async fn stream_out(
        &self,
        path: &str,
        archive: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<(), RuntimeError> {
        let (volume, path) = (self.parts(), path.to_owned());
        let place = self.root.clone();
        stream::write_from(archive, move |writer| {
            let (clean, file) = volume.open(&path)?;
            tape::pack(file, &clean, &volume.root, &volume.nested, writer)
        })
        .await
        .map_err(|error| error.into_runtime("write the archive of", &place))
    }

    async fn stream_in(
        &self,
        path: &str,
        archive: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), RuntimeError> {
        let clean = path::clean(path)?;
        let (root, place) = (self.root.clone(), self.root.clone());
        stream::read_into(archive, move |reader| tape::unpack(&root, &clean, reader))
            .await
            .map_err(|error| error.into_runtime("read the archive for", &place))
    }
}

/// Runs work on files away from the async threads.
///
/// # Errors
/// What the work says; a panic in it is passed on.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RuntimeError> + Send + 'static,
) -> Result<T, RuntimeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(RuntimeError::Io {
                action: "work on files in",
                path: PathBuf::new(),
                source: std::io::Error::other(error),
            }),
        },
    }
}

/// Fills an empty directory with what a volume holds, wherever that stands.
///
/// # Errors
/// When the volume cannot be read or the disk refuses.
pub async fn fill(root: &Path, from: &dyn Volume) -> Result<(), RuntimeError> {
    let to = root.to_path_buf();
    if let Some(from) = from.local_path() {
        return blocking(move || tree::copy(&from, &to)).await;
    }
    let target = LocalVolume { handle: String::new(), runtime: "", root: to, nested: Vec::new() };
    // Bounded: the reader waits for the writer and the other way round.
    let (mut writer, mut reader) = tokio::io::duplex(256 * 1024);
    let send = async move {
        // Moved in, so that the end of it is the end of the archive.
        from.stream_out("", &mut writer).await
    };
    let receive = async move { target.stream_in("", &mut reader).await };
    match tokio::join!(send, receive) {
        (Ok(()), received) => received,
        // A reader that gave up is why the writer could not go on.
        (Err(RuntimeError::Io { source, .. }), Err(received))
            if source.kind() == std::io::ErrorKind::BrokenPipe =>
        {
            Err(received)
        }
        (Err(sent), _) => Err(sent),
    }
}

#[cfg(test)]
mod tests;

//! What is asked of a runtime.

use std::sync::Arc;

use super::Volume;
use crate::model::task::Limits;
use crate::model::worker::ContainerMetadata;

/// A container to make.
#[derive(Clone)]
pub struct ContainerSpec {
    /// Its handle, chosen by the caller so that it can be journaled before it exists: letters,
    /// digits, `-` and `.`.
    pub handle: String,
    /// What it is for.
    pub metadata: ContainerMetadata,
    /// What its root file system comes from.
    pub image: Image,
    /// The working directory inside; runtimes that do not isolate put one in its place.
    pub working_dir: String,
    /// What stands in it, in any order; paths are relative to the working directory.
    pub mounts: Vec<Mount>,
    /// Environment of all its processes.
    pub env: Vec<(String, String)>,
    /// What it may use.
    pub limits: Limits,
    /// Whether it may do what the machine's root may.
    pub privileged: bool,
    /// Whether it has no network.
    pub hermetic: bool,
}

/// Where a root file system comes from.
#[derive(Clone)]
pub enum Image {
    /// The runtime's own: the machine's files where nothing is isolated.
    Host,
    /// An address that the runtime understands.
    Uri(String),
    /// An artifact that holds `rootfs/` and `metadata.json`.
    Volume(Arc<dyn Volume>),
}

/// Files in a container.
#[derive(Clone)]
pub struct Mount {
    /// Where, relative to the working directory.
    pub path: String,
    /// What.
    pub kind: MountKind,
}

/// What is mounted.
#[derive(Clone)]
pub enum MountKind {
    /// A copy-on-write view, or a copy: changes do not reach the volume.
    Input(Arc<dyn Volume>),
    /// An empty directory that becomes a volume.
    Output,
    /// A cache from an earlier run, copied, or an empty directory.
    Cache(Option<Arc<dyn Volume>>),
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSpec {
    /// The executable: with a slash relative to the process's directory, else found on the path.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment over that of the container.
    pub env: Vec<(String, String)>,
    /// Its directory, relative to the working directory; empty for that itself.
    pub dir: String,
    /// Its user, if not the container's.
    pub user: Option<String>,
    /// The terminal it gets, if it gets one.
    pub tty: Option<WindowSize>,
    /// What it reads on standard input before anything written later; nothing means no input.
    pub stdin: Option<Vec<u8>>,
}

/// The size of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// A volume to make.
#[derive(Clone)]
pub struct VolumeSpec {
    /// Its handle, chosen by the caller: letters, digits, `-` and `.`.
    pub handle: String,
    /// What it begins with.
    pub source: VolumeSource,
}

/// What a volume begins with.
#[derive(Clone)]
pub enum VolumeSource {
    /// Nothing.
    Empty,
    /// What another holds now.
    CopyOf(Arc<dyn Volume>),
}

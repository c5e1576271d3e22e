//! RDB files, as commands see them: what is going on, and what is to be done once a command's writes are committed.

/// The server's saving and loading of files.
pub trait Snapshots: Send + Sync {
    /// When a save last succeeded, or the server started if none has; in seconds of the Unix epoch.
    fn last_save_s(&self) -> u64;

    /// Whether a save is under way.
    fn is_saving(&self) -> bool;

    /// Whether the server saves when it ends without being told whether to (parameter `save`).
    fn saves_at_end(&self) -> bool;

    /// The server ends without saving, whatever `save` says.
    fn end_without_saving(&self);
}

/// What the server does for a session once everything that its commands wrote is committed. Its reply stands where the
/// command's own would; until then the session's next commands wait, and nobody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// Save, and answer when that is done.
    Save,
    /// Begin to save, and answer that.
    BackgroundSave,
    /// The same; the answer has been given already.
    ScheduledSave,
    /// Put what a file holds in place of all data.
    Reload(ReloadFrom),
    /// Save and end. If that fails, go on, unless it is forced.
    SaveAndShutDown {
        /// End in any case.
        force: bool,
    },
}

/// What DEBUG RELOAD loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadFrom {
    /// A file of its own, made of the data as they are.
    Data,
    /// The file that was saved last, or that the parameter `dbfilename` names.
    LastSave,
}

//! What commands ask for, done once everything that they wrote is committed. The session waits; nobody else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dredis_commands::{Afterwards, Host as _, ReloadFrom, Reply, Session};

use super::RdbFiles;
use super::load::{LoadRequest, has_changed};
use super::save::Waiting;
use crate::host::ServerHost;
use crate::log;

/// How often a reload begins anew because a write came in between.
const RELOADS: usize = 5;

/// Does it, and answers what the client is told.
pub async fn perform(host: &ServerHost, session: &mut Session, what: Afterwards) -> Reply {
    let files = host.rdb_files();
    let options = || host.parameters().saving().options();
    match what {
        Afterwards::Save => match files.save(options(), Waiting::Client) {
            Ok(saving) => match saving.outcome().await {
                Ok(_) => Reply::Ok,
                Err(error) => refusal(&error),
            },
            Err(error) => refusal(&error),
        },
        Afterwards::BackgroundSave => match files.save(options(), Waiting::Nobody) {
            Ok(saving) => {
                saving.begun().await;
                Reply::Status("Background saving started".into())
            }
            Err(error) => refusal(&error),
        },
        Afterwards::ScheduledSave => {
            match files.save(options(), Waiting::Nobody) {
                Ok(saving) => saving.begun().await,
                Err(error) => log::warning(format_args!("a scheduled save was not begun: {error}")),
            }
            Reply::Nothing
        }
        Afterwards::Reload(from) => match reload(host, files, from).await {
            Ok(()) => Reply::Ok,
            Err(error) => refusal(&error),
        },
        Afterwards::SaveAndShutDown { force } => {
            files.give_up_saving().await;
            let saved = match files.save(options(), Waiting::Client) {
                Ok(saving) => saving.outcome().await,
                Err(error) => Err(error),
            };
            if let Err(error) = &saved
                && !force
            {
                log::error(format_args!("the server goes on, as saving failed: {error}"));
                return Reply::Error(b"ERR Errors trying to SHUTDOWN. Check logs."[..].into());
            }
            files.end_without_saving();
            host.shut_down();
            session.closing = true;
            Reply::Nothing
        }
    }
}

fn refusal(error: &dyn std::fmt::Display) -> Reply {
    let line = format!("ERR {error}").replace(['\r', '\n'], " ");
    Reply::Error(line.into_bytes().into())
}

async fn reload(host: &ServerHost, files: &Arc<RdbFiles>, from: ReloadFrom) -> Result<(), String> {
    let _alone = files.begin_reload().ok_or("a reload is in progress already")?;
    let packed_limits = host.parameters().packed_limits();
    let request =
        |path, unchanged_since| LoadRequest { path, packed_limits, unchanged_since, is_shown: false };
    let stop = || Arc::new(AtomicBool::new(false));
    if from == ReloadFrom::LastSave {
        let name = host.parameters().saving().options().file_name;
        let last = files.last_file().clone();
        let path = if name.is_empty() { last } else { Some(files.dir.join(name)) };
        let path = path.ok_or("this server has not saved yet, and dbfilename names no file")?;
        return files.load(request(path, None), stop()).await.map(drop);
    }
    // Writers are held back from here on, so that a second time is seldom needed.
    let _held = HeldWriters::hold(files);
    let mut tries = 0;
    loop {
        tries += 1;
        let writing = Arc::clone(files);
        let written = tokio::task::spawn_blocking(move || writing.write_temporary()).await;
        let (file, changes) = match written {
            Ok(Ok(written)) => written,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("saving failed, and the log tells why".to_owned()),
        };
        let path = file.path().to_owned();
        match files.load(request(path, Some(changes)), stop()).await {
            Err(error) if has_changed(&error) && tries < RELOADS => {}
            loaded => return loaded.map(drop),
        }
    }
}

/// Holds writers back until it is dropped.
struct HeldWriters<'f>(&'f RdbFiles);

impl HeldWriters<'_> {
    fn hold(files: &RdbFiles) -> HeldWriters<'_> {
        files.holds_writers.send_replace(true);
        HeldWriters(files)
    }
}

impl Drop for HeldWriters<'_> {
    fn drop(&mut self) {
        self.0.holds_writers.send_replace(false);
    }
}

/// The one reload at a time.
pub(super) struct Reloading<'f>(&'f RdbFiles);

impl RdbFiles {
    /// `None` if one is under way.
    pub(super) fn begin_reload(&self) -> Option<Reloading<'_>> {
        (!self.is_reloading.swap(true, Ordering::SeqCst)).then_some(Reloading(self))
    }
}

impl Drop for Reloading<'_> {
    fn drop(&mut self) {
        self.0.is_reloading.store(false, Ordering::SeqCst);
    }
}

//! The server around commands as tests see it: parts that they fill, and a record of what commands asked for.
//! What the real ones do is tested in the server's crate.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_commands::{
    ClientFilter, Clients, CommandId, Configuration, InfoSection, Killed, LatencyEvent, Measurements,
    MemoryFigures, PauseScope, Session, SettingRefused, SlowCall, Snapshots, UnblockWith,
};

/// Clients, parameters and measurements.
#[derive(Default)]
pub struct StandInServer {
    pub parts: Mutex<Parts>,
}

/// What there is to answer, and what was asked.
#[derive(Default)]
pub struct Parts {
    /// The password, if one is required.
    pub password: Option<Vec<u8>>,
    /// Parameters; setting one that is not here is refused.
    pub parameters: Vec<(&'static str, Vec<u8>)>,
    /// What CLIENT KILL finds.
    pub killed: Killed,
    /// Whether CLIENT UNBLOCK finds its client blocked.
    pub blocked: bool,
    pub slow_calls: Vec<SlowCall>,
    pub latency_threshold_ms: u64,
    pub latency_events: Vec<LatencyEvent>,
    pub distribution: Option<Distribution>,
    pub memory: MemoryFigures,
    pub last_save_s: u64,
    pub is_saving: bool,
    pub saves_at_end: bool,
    /// Codes of errors that were answered.
    pub errors: Vec<String>,
    /// Every request to change something.
    pub asked: Vec<String>,
}

/// How often a command was called, and how long its calls took.
#[derive(Clone)]
pub struct Distribution {
    pub command: CommandId,
    pub calls: u64,
    pub counts: Vec<(u64, u64)>,
}

impl StandInServer {
    pub fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been asked since the last time.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.parts().asked)
    }

    pub fn ask(&self, what: String) {
        self.parts().asked.push(what);
    }
}

impl Clients for StandInServer {
    fn list(&self, current: &Session, command: &str, filter: &ClientFilter) -> Vec<u8> {
        format!("id={} cmd={command} {}", current.id, described(filter)).into_bytes()
    }

    fn kill(&self, _: &Session, filter: &ClientFilter) -> Killed {
        self.ask(format!("kill {}", described(filter)));
        self.parts().killed
    }

    fn pause(&self, ms: u64, scope: PauseScope) {
        self.ask(format!("pause {ms} {scope:?}"));
    }

    fn unpause(&self) {
        self.ask("unpause".to_owned());
    }

    fn unblock(&self, id: u64, with: UnblockWith) -> bool {
        self.ask(format!("unblock {id} {with:?}"));
        self.parts().blocked
    }
}

/// A filter in few words: `ids=1,2 address=a local=b kind=Normal except=3`.
fn described(filter: &ClientFilter) -> String {
    let mut words = Vec::new();
    if let Some(ids) = &filter.ids {
        words.push(format!("ids={}", ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")));
    }
    for (name, address) in [("address", &filter.address), ("local", &filter.local_address)] {
        if let Some(address) = address {
            words.push(format!("{name}={}", address.escape_ascii()));
        }
    }
    words.extend(filter.kind.map(|kind| format!("kind={kind:?}")));
    words.extend(filter.except.map(|id| format!("except={id}")));
    words.join(" ")
}

impl Configuration for StandInServer {
    fn all(&self) -> Vec<(&'static str, Vec<u8>)> {
        self.parts().parameters.clone()
    }

    fn get(&self, name: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        self.all().into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
    }

    fn set(&self, pairs: &[(&[u8], &[u8])]) -> Result<(), SettingRefused> {
        for (name, value) in pairs {
            let Some((name, _)) = self.get(name) else { return Err(SettingRefused::Unknown(name.to_vec())) };
            if value.is_empty() {
                return Err(SettingRefused::Value { name, reason: "it cannot be empty".to_owned() });
            }
        }
        for (name, value) in pairs {
            self.ask(format!("set {}={}", name.escape_ascii(), value.escape_ascii()));
        }
        Ok(())
    }
}

impl Measurements for StandInServer {
    fn info(&self, section: InfoSection, text: &mut String) {
        if section == InfoSection::Server {
            text.push_str("kind:stand-in\r\n");
        }
    }

    fn reset_statistics(&self) {
        self.ask("reset statistics".to_owned());
    }

    fn slow_calls(&self, limit: Option<usize>) -> Vec<SlowCall> {
        let calls = self.parts().slow_calls.clone();
        calls.into_iter().take(limit.unwrap_or(usize::MAX)).collect()
    }

    fn slow_call_count(&self) -> usize {
        self.parts().slow_calls.len()
    }

    fn forget_slow_calls(&self) {
        self.parts().slow_calls.clear();
    }

    fn latency_threshold_ms(&self) -> u64 {
        self.parts().latency_threshold_ms
    }

    fn latency_events(&self) -> Vec<LatencyEvent> {
        self.parts().latency_events.clone()
    }

    fn forget_latency_events(&self, names: &[&[u8]]) -> usize {
        let events = &mut self.parts().latency_events;
        let before = events.len();
        events.retain(|event| !names.is_empty() && !names.contains(&event.name.as_bytes()));
        before - events.len()
    }

    fn latency_distribution(&self, command: CommandId) -> Option<(u64, Vec<(u64, u64)>)> {
        let distribution = self.parts().distribution.clone();
        distribution.filter(|known| known.command == command).map(|known| (known.calls, known.counts))
    }

    fn memory(&self) -> MemoryFigures {
        self.parts().memory
    }
}

impl Snapshots for StandInServer {
    fn last_save_s(&self) -> u64 {
        self.parts().last_save_s
    }

    fn is_saving(&self) -> bool {
        self.parts().is_saving
    }

    fn saves_at_end(&self) -> bool {
        self.parts().saves_at_end
    }

    fn end_without_saving(&self) {
        self.ask("end without saving".to_owned());
    }
}

//! The sections of INFO, in Redis's names where the thing is the same.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use dredis_commands::{InfoSection, REDIS_VERSION, Registry};
use dredis_contract::Durability;

use super::{ServerHost, process};

/// Up to this many objects and spaces in the garbage queue are counted.
const GARBAGE_COUNTED_MAX: usize = 100_000;

/// Adds a line, ended as INFO wants it. A `String` takes everything.
macro_rules! line {
    ($text:expr, $($format:tt)+) => {
        write!($text, $($format)+).and_then(|()| $text.write_str("\r\n")).expect("a string takes everything")
    };
}

impl ServerHost {
    pub(super) fn write_info(&self, section: InfoSection, text: &mut String) {
        match section {
            InfoSection::Server => self.server(text),
            InfoSection::Clients => self.clients(text),
            InfoSection::Memory => self.memory_section(text),
            InfoSection::Persistence => self.persistence(text),
            InfoSection::Stats => self.stats(text),
            InfoSection::Replication => {
                line!(text, "role:master");
                line!(text, "connected_slaves:0");
            }
            InfoSection::Cpu => {
                let (system, user) = process::cpu_seconds();
                line!(text, "used_cpu_sys:{system:.6}");
                line!(text, "used_cpu_user:{user:.6}");
            }
            InfoSection::CommandStats => self.command_stats(text),
            InfoSection::ErrorStats => {
                for (code, count) in &*self.statistics.errors() {
                    line!(text, "errorstat_{}:count={count}", String::from_utf8_lossy(code));
                }
            }
            InfoSection::LatencyStats => self.latency_stats(text),
            InfoSection::Cluster => line!(text, "cluster_enabled:0"),
            InfoSection::Backend => self.backend_section(text),
            InfoSection::Modules | InfoSection::Keyspace => {}
        }
    }

    fn server(&self, text: &mut String) {
        let uptime = self.started.elapsed().as_secs();
        line!(text, "redis_version:{REDIS_VERSION}");
        line!(text, "dredis_version:{}", env!("CARGO_PKG_VERSION"));
        line!(text, "redis_mode:standalone");
        line!(text, "os:{}", process::system());
        line!(text, "arch_bits:{}", usize::BITS);
        line!(text, "multiplexing_api:tokio");
        line!(text, "process_id:{}", std::process::id());
        line!(text, "run_id:{}", self.run_id);
        line!(text, "tcp_port:{}", self.port);
        line!(text, "server_time_usec:{}", super::unix_time_us());
        line!(text, "uptime_in_seconds:{uptime}");
        line!(text, "uptime_in_days:{}", uptime / 86_400);
        let executable = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
        line!(text, "executable:{executable}");
        line!(text, "config_file:");
        line!(text, "io_threads_active:{}", self.io_threads);
    }

    fn clients(&self, text: &mut String) {
        let (count, input, output, _) = self.clients.figures();
        line!(text, "connected_clients:{count}");
        line!(text, "cluster_connections:0");
        line!(text, "maxclients:{}", self.connections.limit());
        line!(text, "client_recent_max_input_buffer:{input}");
        line!(text, "client_recent_max_output_buffer:{output}");
        line!(text, "blocked_clients:0");
        line!(text, "tracking_clients:0");
    }

    fn memory_section(&self, text: &mut String) {
        let (resident, peak) = (process::resident_bytes(), process::peak_bytes());
        let (.., buffers) = self.clients.figures();
        for (name, bytes) in
            [("used_memory", resident), ("used_memory_rss", resident), ("used_memory_peak", peak)]
        {
            line!(text, "{name}:{bytes}");
            line!(text, "{name}_human:{}", human(bytes));
        }
        line!(text, "used_memory_startup:{}", self.resident_at_start_bytes);
        line!(text, "mem_clients_normal:{buffers}");
        line!(text, "record_cache_bytes:{}", self.store.cached_bytes());
        self.script_memory(text);
        line!(text, "maxmemory:0");
        line!(text, "maxmemory_human:0B");
        line!(text, "maxmemory_policy:noeviction");
        line!(text, "mem_allocator:mimalloc");
    }

    /// All scripts and functions share interpreters here, so that what Redis counts for each of the two is counted once.
    fn script_memory(&self, text: &mut String) {
        let figures = self.scripts.figures();
        let libraries = self.store.libraries();
        let code: usize = libraries.iter().map(|library| library.code.len()).sum();
        let interpreters = figures.interpreter_bytes;
        line!(text, "used_memory_lua:{interpreters}");
        line!(text, "used_memory_vm_eval:{interpreters}");
        line!(text, "used_memory_lua_human:{}", human(interpreters as u64));
        line!(text, "used_memory_scripts_eval:{}", figures.cached_bytes);
        line!(text, "number_of_cached_scripts:{}", figures.cached);
        line!(text, "number_of_functions:{}", libraries.function_count());
        line!(text, "number_of_libraries:{}", libraries.len());
        line!(text, "used_memory_vm_functions:0");
        line!(text, "used_memory_vm_total:{interpreters}");
        line!(text, "used_memory_vm_total_human:{}", human(interpreters as u64));
        line!(text, "used_memory_functions:{code}");
        line!(text, "used_memory_scripts:{}", code + figures.cached_bytes);
        line!(text, "used_memory_scripts_human:{}", human((code + figures.cached_bytes) as u64));
    }

    fn persistence(&self, text: &mut String) {
        let is_kept = self.engine.capabilities.durability != Durability::Never;
        self.rdb_files.status().write(self.rdb_files.changes_since_save(), text);
        line!(text, "aof_enabled:{}", u8::from(is_kept));
        line!(text, "aof_last_write_status:{}", if self.is_sync_failing() { "err" } else { "ok" });
    }

    fn stats(&self, text: &mut String) {
        let statistics = &self.statistics;
        let rates = statistics.per_second();
        let kbps = |bytes: u64| bytes as f64 / 1024.0;
        line!(text, "total_connections_received:{}", self.connections.received());
        line!(text, "total_commands_processed:{}", statistics.calls.load(Ordering::Relaxed));
        line!(text, "instantaneous_ops_per_sec:{}", rates.calls);
        line!(text, "total_net_input_bytes:{}", statistics.input_bytes.load(Ordering::Relaxed));
        line!(text, "total_net_output_bytes:{}", statistics.output_bytes.load(Ordering::Relaxed));
        line!(text, "instantaneous_input_kbps:{:.2}", kbps(rates.input_bytes));
        line!(text, "instantaneous_output_kbps:{:.2}", kbps(rates.output_bytes));
        line!(text, "rejected_connections:{}", self.connections.refused());
        line!(text, "expired_keys:{}", statistics.expired_keys.load(Ordering::Relaxed));
        line!(text, "evicted_keys:0");
        line!(text, "keyspace_hits:{}", statistics.hits.load(Ordering::Relaxed));
        line!(text, "keyspace_misses:{}", statistics.misses.load(Ordering::Relaxed));
        line!(text, "pubsub_channels:0");
        line!(text, "pubsub_patterns:0");
        line!(text, "total_error_replies:{}", statistics.error_replies.load(Ordering::Relaxed));
        let outputs = statistics.output_limit_disconnections.load(Ordering::Relaxed);
        let queries = statistics.query_limit_disconnections.load(Ordering::Relaxed);
        line!(text, "client_query_buffer_limit_disconnections:{queries}");
        line!(text, "client_output_buffer_limit_disconnections:{outputs}");
    }

    fn command_stats(&self, text: &mut String) {
        for (id, entry) in Registry::get().commands().iter().enumerate() {
            let counters = self.statistics.command(id);
            let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
            let (calls, micros) = (load(&counters.calls), load(&counters.micros));
            let (rejected, failed) = (load(&counters.rejected), load(&counters.failed));
            if calls + rejected > 0 {
                let mean = if calls == 0 { 0.0 } else { micros as f64 / calls as f64 };
                line!(
                    text,
                    "cmdstat_{}:calls={calls},usec={micros},usec_per_call={mean:.2},rejected_calls={rejected},failed_calls={failed}",
                    entry.full_name
                );
            }
        }
    }

    fn latency_stats(&self, text: &mut String) {
        let percentiles = self.parameters.percentiles();
        for (id, entry) in Registry::get().commands().iter().enumerate() {
            let counters = self.statistics.command(id);
            if !counters.distribution().is_empty() {
                let shown: Vec<String> = percentiles
                    .iter()
                    .map(|percent| format!("p{percent}={}", counters.percentile(*percent)))
                    .collect();
                line!(text, "latency_percentiles_usec_{}:{}", entry.full_name, shown.join(","));
            }
        }
    }

    fn backend_section(&self, text: &mut String) {
        let engine = &self.engine;
        let durability = match engine.capabilities.durability {
            Durability::OnCommit => "on-commit",
            Durability::OnSync => "on-sync",
            Durability::Never => "never",
        };
        line!(text, "backend_name:{}", engine.name);
        line!(text, "backend_version:{}", engine.version);
        line!(text, "backend_abi:{}", engine.abi);
        line!(text, "backend_file:{}", engine.plugin_path.display());
        line!(text, "backend_dir:{}", engine.dir.display());
        line!(text, "backend_durability:{durability}");
        match self.garbage_waiting(GARBAGE_COUNTED_MAX) {
            Ok(waiting) => line!(text, "garbage_waiting:{waiting}"),
            Err(error) => line!(text, "garbage_error:{error}"),
        }
        line!(text, "garbage_swept_records:{}", self.statistics.swept_records.load(Ordering::Relaxed));
        for (name, value) in self.store.backend().stats() {
            line!(text, "engine_{name}:{}", value.replace(['\r', '\n'], " "));
        }
    }
}

/// Bytes for people, as Redis writes them.
fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "K", "M", "G", "T"] {
        if value < 1024.0 || unit == "T" {
            return if unit == "B" { format!("{bytes}B") } else { format!("{value:.2}{unit}") };
        }
        value /= 1024.0;
    }
    unreachable!("the last unit takes everything")
}

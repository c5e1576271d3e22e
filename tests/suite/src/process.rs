//! A server process under test: its output is kept, its end is seen, and it never outlives its test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How many lines of output are kept for the report of a failure.
const LINES_KEPT: usize = 400;

/// A running process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// Number of the first line in `kept`.
    first: usize,
    /// Streams that have ended, of two.
    ended: usize,
}

impl Process {
    /// Starts `command` under a name for messages.
    pub fn start(name: &str, command: &mut Command) -> Result<Process, String> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {name} ({command:?}): {error}"))?;
        let output = Arc::new(Output::default());
        collect(child.stdout.take().expect("stdout was asked for"), Arc::clone(&output));
        collect(child.stderr.take().expect("stderr was asked for"), Arc::clone(&output));
        Ok(Process { name: name.to_owned(), child, output })
    }

    /// Waits for a line of output for which `wanted` finds something. An error if the process ends first.
    pub fn wait_for_line<T>(
        &self,
        within: Duration,
        mut wanted: impl FnMut(&str) -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + within;
        let mut next = 0;
        let mut lines = self.output.lines.lock().expect("no reader panics");
        loop {
            let skip = usize::saturating_sub(next, lines.first);
            if let Some(found) = lines.kept.iter().skip(skip).find_map(|line| wanted(line)) {
                return Ok(found);
            }
            next = lines.first + lines.kept.len();
            let left = deadline.saturating_duration_since(Instant::now());
            let what = if lines.ended == 2 { "ended" } else { "said nothing of the kind in time" };
            if lines.ended == 2 || left.is_zero() {
                drop(lines);
                return Err(format!("{} {what}; its output:\n{}", self.name, self.output()));
            }
            lines = self.output.changed.wait_timeout(lines, left).expect("no reader panics").0;
        }
    }

    /// The last lines that it wrote.
    pub fn output(&self) -> String {
        let lines = self.output.lines.lock().expect("no reader panics");
        lines.kept.iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for its end.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus, String> {
        let deadline = Instant::now() + within;
        // Its output streams end with it; the rest is the kernel's few microseconds.
        let mut lines = self.output.lines.lock().expect("no reader panics");
        while lines.ended < 2 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(lines);
                return Err(format!("{} still runs; its output:\n{}", self.name, self.output()));
            }
            lines = self.output.changed.wait_timeout(lines, left).expect("no reader panics").0;
        }
        drop(lines);
        Ok(self.child.wait().expect("a child can be waited for"))
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        self.child.kill().ok();
        self.child.wait().expect("a child can be waited for");
    }

    /// Sends a signal by its name (`TERM`, `STOP`, `CONT`). Through the shell, so that no `unsafe` is needed.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &line]).status().expect("sh runs");
        assert!(status.success(), "{line} failed for {}", self.name);
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.id());
        let status =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
        kilobytes.unwrap_or_else(|| panic!("{path} tells no VmRSS")) * 1024
    }

    /// Processor time used so far, by the program and by the kernel for it.
    pub fn processor_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.id());
        let stat =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
        // The name in parentheses may hold spaces; fields are counted from its end. Times are in 1/100 s on Linux.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("output of {}:\n{}", self.name, self.output());
        }
    }
}

fn collect(stream: impl Read + Send + 'static, output: Arc<Output>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let mut lines = output.lines.lock().expect("no reader panics");
            lines.kept.push_back(text);
            if lines.kept.len() > LINES_KEPT {
                lines.kept.pop_front();
                lines.first += 1;
            }
            output.changed.notify_all();
        }
        output.lines.lock().expect("no reader panics").ended += 1;
        output.changed.notify_all();
    });
}

//! Runs checks and keeps what they come to.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::check::{Check, Ending, Failure, Figure, Proof, Settings, Trial};
use crate::child::run_apart;
use crate::limit::{Waited, within};
use crate::random::seed_of;
use crate::target::Target;

/// Held by every check while it runs, and alone by those that look at the process as a whole.
static PROCESS: RwLock<()> = RwLock::new(());

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise is kept, as far as was tried.
    Passed,
    /// The promise is broken.
    Failed(Failure),
    /// It does not apply: what the engine lacks.
    Skipped(String),
    /// It was not tried: why not.
    NotRun(String),
}

impl Verdict {
    fn of(proof: Proof) -> Self {
        match proof {
            Ok(()) => Verdict::Passed,
            Err(Ending::Failed(failure)) => Verdict::Failed(failure),
            Err(Ending::Skipped(lacking)) => Verdict::Skipped(lacking),
        }
    }
}

/// One line of a report.
pub struct Result {
    /// The check.
    pub check: &'static Check,
    /// What it came to.
    pub verdict: Verdict,
    /// How long it took.
    pub elapsed: Duration,
    /// What it measured.
    pub figures: Vec<Figure>,
    /// Whether it took too long and still goes on, in a thread that nobody can end. What runs beside it in this process proves
    /// nothing any more.
    pub goes_on: bool,
}

/// What a run came to.
pub struct Report {
    /// The backend's name.
    pub backend: String,
    /// The engine's version.
    pub version: String,
    /// Where the run's randomness came from.
    pub seed: u64,
    /// The command with which one check is run again, up to the check's name.
    pub repeat: String,
    /// Every check, in order.
    pub results: Vec<Result>,
}

impl Report {
    /// How many passed, failed, were skipped and were not run.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for result in &self.results {
            let place = match result.verdict {
                Verdict::Passed => 0,
                Verdict::Failed(_) => 1,
                Verdict::Skipped(_) => 2,
                Verdict::NotRun(_) => 3,
            };
            counts[place] += 1;
        }
        counts
    }

    /// Whether nothing failed, everything was run and something was proven.
    pub fn is_good(&self) -> bool {
        let [passed, failed, _, not_run] = self.counts();
        failed == 0 && not_run == 0 && passed > 0
    }

    /// How long all checks took together.
    pub fn elapsed(&self) -> Duration {
        self.results.iter().map(|result| result.elapsed).sum()
    }
}

/// Runs checks one after the other; `seen` is told of each as it ends. If one hangs, those behind it that would run in this
/// process are not run.
pub fn run(
    target: &Target,
    settings: &Settings,
    repeat: String,
    checks: impl IntoIterator<Item = &'static Check>,
    mut seen: impl FnMut(&Result),
) -> Report {
    let mut hanging = None;
    let results = checks
        .into_iter()
        .map(|check| {
            let result = match hanging.filter(|_| !is_apart(settings, check)) {
                Some(other) => not_run(check, other),
                None => run_check(target, settings, check),
            };
            hanging = hanging.or(result.goes_on.then_some(check.name));
            seen(&result);
            result
        })
        .collect();
    Report {
        backend: target.name().to_owned(),
        version: target.version().to_owned(),
        seed: settings.seed,
        repeat,
        results,
    }
}

/// Whether a check runs in a process of its own: it has to be alone, and this run can start one.
pub(crate) fn is_apart(settings: &Settings, check: &Check) -> bool {
    check.alone && settings.child.is_some()
}

/// The result of a check that cannot be run any more, since another one goes on.
fn not_run(check: &'static Check, hanging: &str) -> Result {
    let verdict = Verdict::NotRun(hangs(hanging));
    Result { check, verdict, elapsed: Duration::ZERO, figures: Vec::new(), goes_on: false }
}

/// Why no check runs in this process any more.
pub(crate) fn hangs(check: &str) -> String {
    format!("{check} hangs in this process, so that nothing else here would prove anything")
}

/// Runs one check, in a process of its own if it has to be alone and this run can start one. It has failed if it takes longer than
/// [`Settings::check_seconds`].
pub fn run_check(target: &Target, settings: &Settings, check: &'static Check) -> Result {
    let begun = Instant::now();
    let (own_target, own_settings) = (target.clone(), settings.clone());
    let work = move || run_to_its_end(&own_target, &own_settings, check);
    let (proof, goes_on) = match within(settings.check_time(), check.name, work) {
        Ok(Waited::Ended(result)) => return result,
        Ok(Waited::Overdue { goes_on }) => (Ending::failed(overdue(settings, begun.elapsed())), goes_on),
        Err(error) => (error.into(), false),
    };
    let verdict = Verdict::of(Err(proof));
    Result { check, verdict, elapsed: begun.elapsed(), figures: Vec::new(), goes_on }
}

fn overdue(settings: &Settings, elapsed: Duration) -> String {
    format!(
        "it did not end: after {:.1} s it was given up; either a call of the engine hangs, or it needs more than {} s \
         (--check-seconds, DREDIS_CHECK_SECONDS)",
        elapsed.as_secs_f64(),
        settings.check_seconds
    )
}

fn run_to_its_end(target: &Target, settings: &Settings, check: &'static Check) -> Result {
    let Some(child) = settings.child.as_ref().filter(|_| is_apart(settings, check)) else {
        return run_here(target, settings, check);
    };
    let begun = Instant::now();
    let verdict = Verdict::Passed;
    let mut outcome = Result { check, verdict, elapsed: Duration::ZERO, figures: Vec::new(), goes_on: false };
    let proof = run_apart(child, settings, &mut outcome);
    outcome.verdict = Verdict::of(proof);
    outcome.elapsed = begun.elapsed();
    outcome
}

/// Runs one check in this process. A panic in it, which is the engine's if it is linked in, is a failure.
pub(crate) fn run_here(target: &Target, settings: &Settings, check: &'static Check) -> Result {
    let trial = Trial::new(target, settings, seed_of(check.name, settings.seed));
    let _others = (!check.alone).then(|| PROCESS.read().unwrap_or_else(PoisonError::into_inner));
    let _nobody = check.alone.then(|| PROCESS.write().unwrap_or_else(PoisonError::into_inner));
    let begun = Instant::now();
    let proof = panic::catch_unwind(AssertUnwindSafe(|| {
        if let Some(lacking) = check.need.lacking(&trial)? {
            return Err(Ending::Skipped(lacking.to_owned()));
        }
        (check.run)(&trial)
    }));
    let elapsed = begun.elapsed();
    let proof = proof.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        Err(Ending::failed(format!("a panic: {text}")))
    });
    Result { check, verdict: Verdict::of(proof), elapsed, figures: trial.into_figures(), goes_on: false }
}

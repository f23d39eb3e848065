//! The stop ladder: what is tried, in which order, when a job is told to stop, and for how long each.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::session::{GUARD_PATIENCE, Session};
use crate::psrp::{Client, ClientError};
use crate::transport::guard::Scope;

/// How far one stop has got, and how long it may take in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ladder {
    total: Duration,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nobody asked for a stop.
    Idle,
    /// The pipeline was told to stop, which is PowerShell's own way; a blocking .NET call delays it until it returns.
    Protocol(Instant),
    /// SIGINT was sent to the group: native programs may end in their own way.
    Interrupt(Instant),
    /// The guard is ending the group: SIGTERM, then SIGKILL, which ends the stop.
    Terminate(Instant),
    /// The guard did not do that, so it was killed, and the worker with it.
    Kill,
}

impl Step {
    /// When this step has had its time; `None` when no step follows.
    fn deadline(self) -> Option<Instant> {
        match self {
            Self::Protocol(deadline) | Self::Interrupt(deadline) | Self::Terminate(deadline) => Some(deadline),
            Self::Idle | Self::Kill => None,
        }
    }
}

impl Ladder {
    /// A stop that, once it starts, takes `total` at most, if the guard does its work.
    pub(super) fn new(total: Duration) -> Self {
        Self { total, step: Step::Idle }
    }

    /// True once a stop was asked for.
    pub(super) fn started(self) -> bool {
        !matches!(self.step, Step::Idle)
    }

    /// Takes the first step.
    pub(super) fn start(&mut self, client: &mut Client, pipeline: Uuid) -> Result<(), ClientError> {
        if !self.started() {
            self.step = Step::Protocol(self.after_tenths(5));
            client.stop_pipeline(pipeline)?;
        }
        Ok(())
    }

    /// Goes to the end of the worker at once: the engine is being shut down.
    pub(super) fn hurry(&mut self, session: &Session) {
        if !matches!(self.step, Step::Kill) {
            self.terminate(session, self.tenths(1));
        }
    }

    /// Waits until the step at hand has had its time; for ever when no step follows.
    pub(super) async fn due(self) {
        match self.step.deadline() {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Takes the next step.
    pub(super) fn climb(&mut self, session: &Session) {
        let guard = session.guard();
        self.step = match self.step {
            Step::Protocol(_) => {
                tracing::info!("the script does not stop; interrupting its processes");
                // A guard that has ended has reported the worker's exit, or will.
                let _ = guard.signal(Signal::INT, Scope::Group);
                Step::Interrupt(self.after_tenths(2))
            }
            Step::Interrupt(_) => {
                tracing::info!("the worker does not end; terminating its processes");
                return self.terminate(session, self.tenths(2));
            }
            Step::Terminate(_) => {
                tracing::warn!("the guard does not end the worker; ending the guard");
                guard.kill();
                Step::Kill
            }
            Step::Idle | Step::Kill => self.step,
        };
    }

    fn terminate(&mut self, session: &Session, grace: Duration) {
        session.guard().end(Scope::Group, grace);
        self.step = Step::Terminate(Instant::now() + grace + GUARD_PATIENCE);
    }

    fn tenths(self, count: u32) -> Duration {
        self.total / 10 * count
    }

    fn after_tenths(self, count: u32) -> Instant {
        Instant::now() + self.tenths(count)
    }
}

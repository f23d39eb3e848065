//! The stop ladder: what is tried, in which order, when a job is told to stop, and for how long each.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::session::Session;
use crate::psrp::{Client, ClientError};
use crate::transport::guard::Scope;

/// PowerShell's own stop; a blocking .NET call delays it until it returns.
const PROTOCOL: Duration = Duration::from_secs(5);
/// SIGINT to the group: native programs may end in their own way.
const INTERRUPT: Duration = Duration::from_secs(2);
/// SIGTERM to the group; then SIGKILL.
const TERMINATE: Duration = Duration::from_secs(2);

/// Where a stop has got to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ladder {
    /// Nobody asked for a stop.
    Idle,
    /// The pipeline was told to stop; SIGINT follows.
    Protocol(Instant),
    /// SIGINT was sent; SIGTERM and SIGKILL follow.
    Interrupt(Instant),
    /// The guard is ending the group.
    Terminate,
}

impl Ladder {
    /// True once a stop was asked for.
    pub(super) fn started(self) -> bool {
        !matches!(self, Self::Idle)
    }

    /// Takes the first step.
    pub(super) fn start(&mut self, client: &mut Client, pipeline: Uuid) -> Result<(), ClientError> {
        if !self.started() {
            *self = Self::Protocol(Instant::now() + PROTOCOL);
            client.stop_pipeline(pipeline)?;
        }
        Ok(())
    }

    /// Waits until the step at hand has had its time; for ever when no step follows.
    pub(super) async fn due(self) {
        match self {
            Self::Protocol(deadline) | Self::Interrupt(deadline) => sleep_until(deadline).await,
            Self::Idle | Self::Terminate => std::future::pending().await,
        }
    }

    /// Takes the next step.
    pub(super) fn climb(&mut self, session: &Session) {
        *self = match self {
            Self::Idle | Self::Terminate => *self,
            Self::Protocol(_) => {
                tracing::info!("the script does not stop; interrupting its processes");
                // A guard that has ended has reported the worker's exit, or will.
                let _ = session.guard().signal(Signal::INT, Scope::Group);
                Self::Interrupt(Instant::now() + INTERRUPT)
            }
            Self::Interrupt(_) => {
                tracing::info!("the worker does not end; terminating its processes");
                session.guard().end(Scope::Group, TERMINATE);
                Self::Terminate
            }
        };
    }
}

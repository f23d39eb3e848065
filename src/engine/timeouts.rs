//! How long each wait of the engine may take. Only the script itself has no limit.

use std::time::Duration;

/// The engine's deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From a worker's start until its session is open.
    pub open: Duration,
    /// From what is sent to a worker until it acknowledges that. A worker that misses a part of a message acknowledges
    /// it and does nothing, one that is not well does not even do that.
    pub answer: Duration,
    /// From a job's stop until nothing of it runs any more. A part of it is the time that PowerShell gets to stop the
    /// script by itself, another what processes get between SIGTERM and SIGKILL.
    pub stop: Duration,
    /// What a worker that is not needed any more gets to close its session in good order, and one that has closed its
    /// input or output gets to end.
    pub close: Duration,
}

impl Default for Timeouts {
    /// Two minutes to open or to answer, which a burst of cold starts needs; 10 seconds to stop, 5 to close.
    fn default() -> Self {
        Self {
            open: Duration::from_secs(120),
            answer: Duration::from_secs(120),
            stop: Duration::from_secs(10),
            close: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// From SIGTERM to SIGKILL, for a worker that nobody needs any more: a tenth of a stop.
    pub(super) fn grace(&self) -> Duration {
        self.stop / 10
    }
}

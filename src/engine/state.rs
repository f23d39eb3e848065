//! The states of a job and of its children.

/// The state of a job or a child. The numbers are PowerShell's `JobState`, and cross the C ABI; `Exited` is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum JobState {
    /// The worker is being started, or runs what comes before the job.
    NotStarted = 0,
    /// The script runs.
    Running = 1,
    /// The script ran to its end.
    Completed = 2,
    /// The script ended in a terminating error, or the worker could not start, died or broke the protocol.
    Failed = 3,
    /// The job was stopped.
    Stopped = 4,
    /// The script waits for the host: for the answer to a question.
    Blocked = 5,
    /// The script called `exit`.
    Exited = 11,
}

impl JobState {
    /// True for the states that nothing follows.
    pub fn is_finished(self) -> bool {
        !matches!(self, Self::NotStarted | Self::Running | Self::Blocked)
    }

    /// The state of a job whose children have these states (PowerShell source: client/Job.cs, `PSRemotingJob`): while one
    /// of them has not finished, it runs, or is blocked when one of them is.
    ///
    /// `stop_requested` says whether the job itself, not only a child, was told to stop.
    pub(super) fn of_children(children: impl Iterator<Item = Self> + Clone, stop_requested: bool) -> Self {
        if children.clone().all(Self::is_finished) {
            Self::of_finished_children(children, stop_requested)
        } else if children.clone().any(|child| child == Self::Blocked) {
            Self::Blocked
        } else {
            Self::Running
        }
    }

    /// The end state of a job whose children have all finished.
    fn of_finished_children(children: impl Iterator<Item = Self> + Clone, stop_requested: bool) -> Self {
        let any = |state| children.clone().any(|child| child == state);
        if any(Self::Failed) {
            Self::Failed
        } else if stop_requested {
            Self::Stopped
        } else if any(Self::Exited) {
            Self::Exited
        } else {
            Self::Completed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JobState::{self, *};

    fn combined(children: &[JobState], stop_requested: bool) -> JobState {
        JobState::of_children(children.iter().copied(), stop_requested)
    }

    #[test]
    fn a_failed_child_fails_the_job_even_when_the_job_was_stopped() {
        assert_eq!(combined(&[Completed, Failed], true), Failed);
    }

    #[test]
    fn a_job_is_stopped_only_by_its_own_stop() {
        assert_eq!(combined(&[Stopped], true), Stopped);
        assert_eq!(combined(&[Stopped], false), Completed);
    }

    #[test]
    fn a_blocked_child_blocks_the_job_and_an_unfinished_one_keeps_it_running() {
        assert_eq!(combined(&[Running, Blocked], false), Blocked);
        assert_eq!(combined(&[NotStarted, Failed], false), Running);
    }

    #[test]
    fn exit_shows_on_the_job() {
        assert_eq!(combined(&[Exited], false), Exited);
        assert_eq!(combined(&[Completed], false), Completed);
    }
}

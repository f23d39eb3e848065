//! The event queue: how a host learns that something happened without being called back.

use std::collections::{HashSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::EventfdFlags;

use super::log::RecordStream;
use super::state::JobState;

/// Something that a host may want to act on.
#[derive(Clone, Debug)]
pub enum Event {
    /// A job reached a state.
    JobState {
        /// The job.
        job: u64,
        /// Its new state.
        state: JobState,
    },
    /// A child reached a state.
    ChildState {
        /// The child's job.
        job: u64,
        /// The child's index in the job.
        child: u32,
        /// Its new state.
        state: JobState,
    },
    /// Records wait in a child's log. At most one such event per child is in the queue.
    DataReady {
        /// The child's job.
        job: u64,
        /// The child's index in the job.
        child: u32,
    },
    /// What runs before the job (initialization script) wrote something, for the host to show at once.
    Preparation {
        /// The child's job.
        job: u64,
        /// The child's index in the job.
        child: u32,
        /// What was written.
        stream: RecordStream,
        /// One CLIXML element, as in a record.
        clixml: Arc<[u8]>,
    },
}

/// How a wait for events ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// The queue holds an event.
    Ready,
    /// The time is up.
    TimedOut,
    /// The engine was shut down and the queue is empty.
    ShutDown,
}

/// A queue with one reader or more, readable through a descriptor too.
pub(super) struct EventQueue {
    inner: Mutex<Inner>,
    filled: Condvar,
    /// An eventfd that is readable while the queue holds an event or the engine is shut down.
    descriptor: OwnedFd,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Event>,
    /// The children (job, index) whose `DataReady` is in the queue.
    with_data: HashSet<(u64, u32)>,
    closed: bool,
}

impl EventQueue {
    pub(super) fn new() -> std::io::Result<Self> {
        let descriptor = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { inner: Mutex::default(), filled: Condvar::new(), descriptor })
    }

    pub(super) fn push(&self, event: Event) {
        let mut inner = self.lock();
        inner.events.push_back(event);
        self.raise(&inner);
    }

    /// Queues `DataReady` unless one for that child is waiting.
    pub(super) fn push_data_ready(&self, job: u64, child: u32) {
        let mut inner = self.lock();
        if inner.with_data.insert((job, child)) {
            inner.events.push_back(Event::DataReady { job, child });
            self.raise(&inner);
        }
    }

    pub(super) fn pop(&self) -> Option<Event> {
        let mut inner = self.lock();
        let event = inner.events.pop_front();
        if let Some(Event::DataReady { job, child }) = event {
            inner.with_data.remove(&(job, child));
        }
        if inner.events.is_empty() && !inner.closed {
            self.clear();
        }
        event
    }

    /// Wakes every waiter for good.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        self.raise(&inner);
    }

    /// Waits until the queue holds an event; `None` waits without limit.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> WaitOutcome {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut inner = self.lock();
        loop {
            if !inner.events.is_empty() {
                return WaitOutcome::Ready;
            }
            if inner.closed {
                return WaitOutcome::ShutDown;
            }
            inner = match deadline {
                None => self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return WaitOutcome::TimedOut;
                    }
                    self.filled.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    // Both under the lock, so that the descriptor always agrees with the queue.
    fn raise(&self, _locked: &Inner) {
        // EAGAIN means that the counter is at its maximum: the descriptor is readable already.
        let _ = rustix::io::write(&self.descriptor, &1u64.to_ne_bytes());
        self.filled.notify_all();
    }

    fn clear(&self) {
        // EAGAIN means that the counter is zero already.
        let _ = rustix::io::read(&self.descriptor, &mut [0u8; 8]);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn readable(queue: &EventQueue) -> bool {
        let descriptor = queue.descriptor();
        let mut descriptors = [PollFd::new(&descriptor, PollFlags::IN)];
        poll(&mut descriptors, Some(&Timespec::default())).unwrap() == 1
    }

    #[test]
    fn the_descriptor_is_readable_exactly_while_an_event_waits() {
        let queue = EventQueue::new().unwrap();
        assert!(!readable(&queue));
        queue.push(Event::JobState { job: 1, state: JobState::Running });
        queue.push(Event::JobState { job: 1, state: JobState::Completed });
        assert!(readable(&queue));
        queue.pop();
        assert!(readable(&queue));
        queue.pop();
        assert!(!readable(&queue));
        assert!(queue.pop().is_none());
    }

    #[test]
    fn data_ready_is_queued_once_until_it_is_taken() {
        let queue = EventQueue::new().unwrap();
        queue.push_data_ready(1, 0);
        queue.push_data_ready(1, 0);
        assert!(queue.pop().is_some());
        assert!(queue.pop().is_none());
        queue.push_data_ready(1, 0);
        assert!(queue.pop().is_some());
    }

    #[test]
    fn closing_wakes_a_waiter_and_keeps_the_events() {
        let queue = Arc::new(EventQueue::new().unwrap());
        let waiter = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait(Some(Duration::from_secs(60)))
        });
        queue.close();
        assert_eq!(waiter.join().unwrap(), WaitOutcome::ShutDown);
        queue.push(Event::JobState { job: 1, state: JobState::Stopped });
        assert_eq!(queue.wait(None), WaitOutcome::Ready);
    }

    #[test]
    fn a_wait_ends_at_its_time() {
        let queue = EventQueue::new().unwrap();
        assert_eq!(queue.wait(Some(Duration::from_millis(1))), WaitOutcome::TimedOut);
    }
}

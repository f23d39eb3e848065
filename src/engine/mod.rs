//! The job engine: jobs, their children, and the one thread that talks to the workers.
//!
//! Who is who, top down: [`Engine`] (the thread, start and shutdown) → [`Job`] (state, stop, receive) → child (one
//! worker's part: state and record log) ← driver (writes the child: launch, preparation, the script, the end) → session
//! (PSRP over a worker's pipes). Hosts touch the first three, from any thread, under short locks; drivers and sessions
//! live on the engine's thread only and are the only ones that await.

mod child;
mod driver;
mod error;
mod event;
mod failure;
mod job;
mod locate;
mod log;
mod preparation;
mod runtime;
mod session;
mod spec;
mod state;
mod stop;
mod timeouts;
mod trace;
mod twin;

pub use error::{Error, ErrorKind};
pub use event::{Event, WaitOutcome};
pub use job::{Job, JobHandle};
pub use log::{Record, RecordStream};
pub use runtime::{Engine, EngineOptions};
pub use spec::{JobSpec, WorkerCommand, parse_value};
pub use state::JobState;
pub use timeouts::Timeouts;
pub use trace::LogSink;

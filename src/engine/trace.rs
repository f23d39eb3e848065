//! The log sink: where a host gets to read what the engine does. Without one nothing is written anywhere.

use std::io;
use std::sync::Arc;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

type WriteLine = dyn Fn(Level, &str) + Send + Sync;

/// Takes log lines of the engine's thread, and of no other.
#[derive(Clone)]
pub struct LogSink {
    level: Level,
    write: Arc<WriteLine>,
}

impl LogSink {
    /// A sink for lines of `level` and more severe ones. `write` gets each line without a line end, on the engine's
    /// thread: it should be quick, and must not wait for the engine.
    ///
    /// A line names jobs, workers and what befell them; never scripts, arguments, records or secrets.
    pub fn new(level: Level, write: impl Fn(Level, &str) + Send + Sync + 'static) -> Self {
        Self { level, write: Arc::new(write) }
    }

    /// What turns the engine's events into lines.
    pub(super) fn into_subscriber(self) -> impl Subscriber + Send + Sync {
        let level = LevelFilter::from_level(self.level);
        // The host's log has a clock of its own.
        tracing_subscriber::fmt()
            .with_max_level(level)
            .without_time()
            .with_level(false)
            .with_ansi(false)
            .with_writer(Lines(self))
            .finish()
    }
}

impl std::fmt::Debug for LogSink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LogSink").field("level", &self.level).finish_non_exhaustive()
    }
}

/// Makes the writer of each line.
struct Lines(LogSink);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { sink: &self.0, level: Level::INFO }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> LineWriter<'a> {
        LineWriter { sink: &self.0, level: *metadata.level() }
    }
}

/// Hands one line to the sink; the formatter writes each line at once.
struct LineWriter<'a> {
    sink: &'a LogSink,
    level: Level,
}

impl io::Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        (self.sink.write)(self.level, String::from_utf8_lossy(line).trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_sink_gets_whole_lines_of_its_level_from_its_thread_only() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = LogSink::new(Level::INFO, {
            let lines = Arc::clone(&lines);
            move |level, line| lines.lock().unwrap().push((level, line.to_owned()))
        });
        tracing::subscriber::with_default(sink.into_subscriber(), || {
            let _job = tracing::info_span!("job", id = 7).entered();
            tracing::warn!(signal = 9, "worker ended");
            tracing::debug!("not wanted");
        });
        tracing::warn!("of another thread's");
        let lines = lines.lock().unwrap();
        let [(level, line)] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(*level, Level::WARN);
        assert!(line.contains("job{id=7}") && line.contains("worker ended signal=9"), "{line}");
    }
}

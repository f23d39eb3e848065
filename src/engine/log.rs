//! The record log of one child: everything that its worker wrote, in order, until somebody received it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::psrp;

/// Which stream a record belongs to. The numbers cross the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RecordStream {
    /// Objects of the pipeline.
    Output = 1,
    /// Error records.
    Error = 2,
    /// Warning records.
    Warning = 3,
    /// Verbose records.
    Verbose = 4,
    /// Debug records.
    Debug = 5,
    /// Progress records.
    Progress = 6,
    /// Information records.
    Information = 7,
    /// A call of the job's host that has no record of its own (`$Host.UI.WriteLine(…)`); it keeps its place in the order.
    HostCall = 8,
}

impl From<psrp::Stream> for RecordStream {
    fn from(stream: psrp::Stream) -> Self {
        match stream {
            psrp::Stream::Output => Self::Output,
            psrp::Stream::Error => Self::Error,
            psrp::Stream::Warning => Self::Warning,
            psrp::Stream::Verbose => Self::Verbose,
            psrp::Stream::Debug => Self::Debug,
            psrp::Stream::Progress => Self::Progress,
            psrp::Stream::Information => Self::Information,
        }
    }
}

/// One item of one stream.
#[derive(Debug)]
pub struct Record {
    /// Its place in the child's log, from 1, without gaps.
    pub sequence: u64,
    /// When it arrived: nanoseconds since the Unix epoch.
    pub time: i64,
    /// Its stream.
    pub stream: RecordStream,
    /// CLIXML: one element, UTF-8, without the `Objs` root (the body of the PSRP message).
    pub clixml: Box<[u8]>,
}

/// A totally ordered log with a receive cursor.
///
/// Two readers share it: the cursor (each record once) and [`RecordLog::read`] (any record, received or not, for the
/// stream collections that receiving does not drain).
#[derive(Debug)]
pub(super) struct RecordLog {
    records: VecDeque<Arc<Record>>,
    /// Sequence number of the next record that the cursor gives.
    cursor: u64,
    open: bool,
}

impl RecordLog {
    pub(super) fn new() -> Self {
        Self { records: VecDeque::new(), cursor: 1, open: true }
    }

    /// Appends a record that arrived at `time`; gives its sequence number.
    pub(super) fn append(&mut self, stream: RecordStream, time: i64, clixml: Box<[u8]>) -> u64 {
        debug_assert!(self.open, "a record after the end of the log");
        let sequence = self.last_sequence() + 1;
        self.records.push_back(Arc::new(Record { sequence, time, stream, clixml }));
        sequence
    }

    /// No record follows.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// True while a record may still come or waits for the cursor (PowerShell's `HasMoreData`).
    pub(super) fn has_more_data(&self) -> bool {
        self.open || self.cursor <= self.last_sequence()
    }

    /// Up to `max` records from `from` on (0: from the cursor on), without moving the cursor. Records before the
    /// cursor are not given again.
    pub(super) fn peek(&self, from: u64, max: usize) -> Vec<Arc<Record>> {
        self.read(from.max(self.cursor), max)
    }

    /// Moves the cursor past `through`; a sequence number that it has passed already changes nothing.
    pub(super) fn consume(&mut self, through: u64) {
        let next = through.min(self.last_sequence()) + 1;
        self.cursor = self.cursor.max(next);
    }

    /// Up to `max` records from `from` on, whether received or not.
    pub(super) fn read(&self, from: u64, max: usize) -> Vec<Arc<Record>> {
        let start = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX).min(self.records.len());
        self.records.range(start..).take(max).cloned().collect()
    }

    fn last_sequence(&self) -> u64 {
        self.records.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(count: u8) -> RecordLog {
        let mut log = RecordLog::new();
        for byte in 0..count {
            log.append(RecordStream::Output, 0, Box::new([byte]));
        }
        log
    }

    fn sequences(records: &[Arc<Record>]) -> Vec<u64> {
        records.iter().map(|record| record.sequence).collect()
    }

    #[test]
    fn peeking_consumes_nothing() {
        let log = log_of(3);
        assert_eq!(sequences(&log.peek(0, 2)), [1, 2]);
        assert_eq!(sequences(&log.peek(0, 9)), [1, 2, 3]);
        assert_eq!(sequences(&log.peek(3, 9)), [3]);
        assert!(log.peek(u64::MAX, 9).is_empty());
    }

    #[test]
    fn a_consumed_record_is_not_peeked_again_but_can_be_read() {
        let mut log = log_of(3);
        log.consume(2);
        assert_eq!(sequences(&log.peek(1, 9)), [3]);
        assert_eq!(sequences(&log.read(1, 9)), [1, 2, 3]);
        log.consume(1);
        assert_eq!(sequences(&log.peek(0, 9)), [3]);
    }

    #[test]
    fn consuming_past_the_end_does_not_swallow_later_records() {
        let mut log = log_of(1);
        log.consume(100);
        log.append(RecordStream::Error, 0, Box::new([]));
        assert_eq!(sequences(&log.peek(0, 9)), [2]);
    }

    #[test]
    fn there_is_more_data_while_open_or_unreceived() {
        let mut log = log_of(1);
        log.consume(1);
        assert!(log.has_more_data());
        log.close();
        assert!(!log.has_more_data());
        let mut unreceived = log_of(1);
        unreceived.close();
        assert!(unreceived.has_more_data());
    }
}

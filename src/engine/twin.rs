//! Write-Host, Write-Warning and their like arrive twice: as a record, and at once again as a call of the host, for
//! clients that show calls only. A job's log has the record; this tells which calls say the same again.

use crate::clixml::{self, Text, Value};
use crate::psrp::{HostCall, HostMethod, Stream};

/// Remembers the last record that may have a twin.
#[derive(Default)]
pub(super) struct TwinFilter {
    last: Option<(Stream, Box<[u8]>)>,
}

impl TwinFilter {
    /// Called for each record, in order.
    pub(super) fn on_record(&mut self, stream: Stream, clixml: &[u8]) {
        self.last = match stream {
            Stream::Output | Stream::Error => None,
            _ => Some((stream, clixml.into())),
        };
    }

    /// True when `call` repeats the record just before it.
    pub(super) fn is_twin(&mut self, call: &HostCall) -> bool {
        let Some((stream, clixml)) = self.last.take() else {
            return false;
        };
        match (stream, call.call.method) {
            // A progress call has its record's parameters in another order; there is no other use of the call.
            (Stream::Progress, HostMethod::WRITE_PROGRESS) => true,
            (Stream::Warning, HostMethod::WRITE_WARNING_LINE)
            | (Stream::Verbose, HostMethod::WRITE_VERBOSE_LINE)
            | (Stream::Debug, HostMethod::WRITE_DEBUG_LINE)
            | (
                Stream::Information,
                HostMethod::WRITE_1 | HostMethod::WRITE_2 | HostMethod::WRITE_LINE_2 | HostMethod::WRITE_LINE_3,
            ) => text_of_call(call).is_some_and(|text| shown_text(stream, &clixml).as_ref() == Some(text)),
            _ => false,
        }
    }
}

/// The text that a call shows: its last parameter, behind the colours.
fn text_of_call(call: &HostCall) -> Option<&Text> {
    call.parameters.last().and_then(Value::as_text)
}

/// The text that PowerShell shows for a record (PowerShell source: engine/MshCommandRuntime.cs, WriteInformation).
fn shown_text(stream: Stream, clixml: &[u8]) -> Option<Text> {
    let record = clixml::read_one(clixml, &clixml::Limits::default()).ok()?;
    let text = match stream {
        Stream::Information => information_text(&record),
        _ => record.property("InformationalRecord_Message").and_then(Value::as_text),
    };
    text.cloned()
}

/// Only a record with the tag PSHOST (Write-Host) says by itself that it is to be shown. Write-Information shows its text
/// when the job's preference is Continue, and the call is then the only trace of that.
fn information_text(record: &Value) -> Option<&Text> {
    let mut tags = record.property("Tags")?.items()?.iter().filter_map(Value::as_text);
    tags.find(|tag| tag.as_str() == Some("PSHOST"))?;
    let data = record.property("MessageData")?;
    let host_message = data.property("Message").and_then(Value::as_text);
    host_message.or_else(|| data.as_text()).or_else(|| data.as_object()?.to_string.as_ref())
}

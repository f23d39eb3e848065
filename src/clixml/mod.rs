//! CLIXML, PowerShell's object notation (MS-PSRP 2.2.5): values, a reader and a writer.
//!
//! Knows nobody: no I/O, no clock, no process. Every limit is explicit, so that hostile text costs an error.
#![forbid(unsafe_code)]

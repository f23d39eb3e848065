//! CLIXML, PowerShell's object notation (MS-PSRP 2.2.5): values, a reader and a writer.
//!
//! Knows nobody: no I/O, no clock, no process. Every limit is explicit, so that hostile text costs an error.
//!
//! Example: `<Obj RefId="0"><MS><I32 N="a">1</I32></MS></Obj>` is a [`Value::Object`] with one extended property;
//! [`read_one`] reads it, [`write()`] writes it.
#![forbid(unsafe_code)]

mod escape;
mod reader;
mod scalar;
mod text;
mod value;
mod writer;
mod xml;

pub use reader::{Limits, ReadError, ReadErrorKind, read_all, read_one};
pub use scalar::{DateTime, DateTimeKind, Decimal, TimeSpan, Version};
pub use text::Text;
pub use value::{Body, ListKind, Object, ProgressRecord, Property, Secret, TypeNames, Value};
pub use writer::{WriteError, write, write_document};

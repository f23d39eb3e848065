//! The client side of the PowerShell Remoting Protocol (MS-PSRP), sans-IO: packets in, packets out, events.
//!
//! Knows only [`crate::clixml`]: no tokio, no process, no clock. Read it as the data flows: [`Client`] → `lane`
//! (order and pace) → [`fragment`] → [`message`] → [`pool`], [`pipeline`], [`host`] (what messages say).
#![forbid(unsafe_code)]

pub mod client;
pub mod error;
pub mod event;
pub mod fragment;
pub mod host;
mod lane;
pub mod message;
pub mod packet;
pub mod pipeline;
pub mod pool;
mod secret;

pub use client::{Client, Config, Limits};
pub use error::{ClientError, ErrorRecord, ProtocolError};
pub use event::{Event, PipelineEnd, Stream, UserEvent};
pub use host::{CallId, Console, HostCall, HostError, HostInfo, HostMethod};
pub use packet::{Packet, PacketKind, StreamTag};
pub use pipeline::{Command, Parameter, Pipeline, Redirect, RedirectTo, Statement};
pub use pool::PoolState;

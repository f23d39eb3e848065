//! The client side of the PowerShell Remoting Protocol (MS-PSRP), sans-IO: packets in, packets out, events.
//!
//! Knows only [`crate::clixml`]: no tokio, no process, no clock.
#![forbid(unsafe_code)]

pub mod packet;

pub use packet::{Packet, PacketKind, StreamTag};

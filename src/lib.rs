//! psjob: a job engine for PowerShell.
//!
//! Read the modules in the order the data flows: [`ffi`] (the C ABI) → [`engine`] (jobs) → [`psrp`] (the protocol,
//! sans-IO) over [`clixml`] (its values) → [`transport`] (pipes, framing, the guard). Each knows only what is below it.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")))]
compile_error!("psjob supports Linux x64 with glibc only: workers are supervised through pidfd and process groups");

pub mod clixml;
pub mod engine;
pub mod ffi;
pub mod psrp;
pub mod transport;

//! How bytes reach a worker: the line framing over its stdin and stdout ([`framing`]), its launch ([`launch`]) and the
//! supervision of its process through the guard ([`guard`]).
//!
//! Of the crate's other layers this one knows [`crate::psrp::packet`] only.

use std::io;
use std::mem::MaybeUninit;

pub mod framing;
pub mod guard;
pub mod launch;
pub mod litter;
pub mod message;

/// Blocks SIGPIPE in the calling thread, which is to be the one that writes to workers.
///
/// A write to a worker that has just ended raises SIGPIPE in the writing thread, and the default action ends the host.
/// Handling is process-wide and the host's business; the thread's mask is ours. Workers do not inherit it.
pub fn block_sigpipe() -> io::Result<()> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before anything reads it; the old mask is not asked for.
    let errno = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut())
    };
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

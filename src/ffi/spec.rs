//! Section "Spec".

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::boundary::{boundary, boundary_or};
use super::error::{psjob_error, psjob_status};
use super::handle::{Handle, borrow_mut, check_out, free, into_raw, write_out};
use super::text::{bytes, nul_separated, utf8, utf16};
use crate::engine::{Error, ErrorKind, JobSpec, WorkerCommand, parse_value};

/// What a job is made from: script, arguments, surroundings. Opaque. One spec may start many jobs.
pub struct psjob_spec {
    _private: [u8; 0],
}

impl Handle for psjob_spec {
    type Target = JobSpec;
}

/// Makes an empty spec. Only a script is required.
///
/// Ownership: the caller owns `*out_spec` and ends it with `psjob_spec_free`.
/// Threads: any.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_new(
    out_spec: *mut *mut psjob_spec,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_spec, "out_spec")?;
            write_out(out_spec, into_raw(JobSpec::default()));
            Ok(())
        })
    }
}

/// Ends a spec; NULL is a no-op. Jobs that were started from it go on.
///
/// Ownership: `spec` is taken.
/// Threads: any; nobody else uses `spec` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_free(spec: *mut psjob_spec) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(spec) };
        Ok(())
    });
}

/// Sets the script's text (UTF-8), without the braces of a script block.
///
/// Ownership: `text` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_script(
    spec: *mut psjob_spec,
    text: *const u8,
    text_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            borrow_mut(spec, "spec")?.script = Some(utf8(text, text_len, "text")?.to_owned());
            Ok(())
        })
    }
}

/// As `psjob_spec_set_script`, for UTF-16 in native byte order; `text_len` counts 16-bit units.
///
/// Ownership: `text` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_script_utf16(
    spec: *mut psjob_spec,
    text: *const u16,
    text_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            borrow_mut(spec, "spec")?.script = Some(utf16(text, text_len, "text")?);
            Ok(())
        })
    }
}

/// Adds a positional argument: one CLIXML element, with or without an `Objs` root (UTF-8).
///
/// Ownership: `clixml` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_CLIXML.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_add_argument_clixml(
    spec: *mut psjob_spec,
    clixml: *const u8,
    clixml_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let value = parse_value(bytes(clixml, clixml_len, "clixml")?)?;
            borrow_mut(spec, "spec")?.arguments.push(value);
            Ok(())
        })
    }
}

/// Adds a named argument, its value as in `psjob_spec_add_argument_clixml`. The name has no dash; the values of
/// `$using:` expressions travel as the dictionary named `--%`.
///
/// Ownership: `name` and `clixml` are copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT, BAD_VALUE (the name is empty), BAD_CLIXML.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_add_parameter_clixml(
    spec: *mut psjob_spec,
    name: *const u8,
    name_len: usize,
    clixml: *const u8,
    clixml_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let name = utf8(name, name_len, "name")?;
            if name.is_empty() {
                return Err(Error::new(ErrorKind::BadValue, "name is empty"));
            }
            let value = parse_value(bytes(clixml, clixml_len, "clixml")?)?;
            borrow_mut(spec, "spec")?.parameters.push((name.to_owned(), value));
            Ok(())
        })
    }
}

/// Says whether input will be sent to the job (1), or its input is empty and ends at once (0, the default).
///
/// Ownership: nothing.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_VALUE (neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_takes_input(
    spec: *mut psjob_spec,
    takes_input: u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary(out_error, || {
            borrow_mut(spec, "spec")?.takes_input = match takes_input {
                0 => false,
                1 => true,
                other => {
                    let message = format!("takes_input is {other}; it is 0 or 1");
                    return Err(Error::new(ErrorKind::BadValue, message));
                }
            };
            Ok(())
        })
    }
}

/// Sets a script that runs before the job in the global scope of its session; empty text removes it. Its output goes to
/// the event queue (`PSJOB_EVENT_PREPARATION`); any error record of it fails the job.
///
/// Ownership: `text` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_initialization_script(
    spec: *mut psjob_spec,
    text: *const u8,
    text_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let text = utf8(text, text_len, "text")?;
            borrow_mut(spec, "spec")?.initialization_script = non_empty(text);
            Ok(())
        })
    }
}

/// Sets the PowerShell location that the job starts in, taken literally; empty: the current directory of this process.
///
/// Ownership: `path` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT. A location that does not exist fails the job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_working_directory(
    spec: *mut psjob_spec,
    path: *const u8,
    path_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let path = utf8(path, path_len, "path")?;
            borrow_mut(spec, "spec")?.working_directory = non_empty(path);
            Ok(())
        })
    }
}

/// Sets the worker's whole environment: `NAME=VALUE` entries, each ended by NUL. Without this call the worker has this
/// process's environment.
///
/// Ownership: `block` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_VALUE (an entry without a name or without `=`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_environment(
    spec: *mut psjob_spec,
    block: *const u8,
    block_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let variables = nul_separated(bytes(block, block_len, "block")?).map(variable);
            borrow_mut(spec, "spec")?.environment = Some(variables.collect::<Result<_, _>>()?);
            Ok(())
        })
    }
}

/// Sets the job's name; empty: "Job" and its id.
///
/// Ownership: `name` is copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_name(
    spec: *mut psjob_spec,
    name: *const u8,
    name_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let name = utf8(name, name_len, "name")?;
            borrow_mut(spec, "spec")?.name = non_empty(name);
            Ok(())
        })
    }
}

/// Sets the worker executable and its arguments (separated by NUL) before the server switches; an empty path: the engine's.
///
/// Ownership: `path` and `arguments` are copied.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_TEXT. An executable that cannot be started fails the job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_worker(
    spec: *mut psjob_spec,
    path: *const u8,
    path_len: usize,
    arguments: *const u8,
    arguments_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let path = utf8(path, path_len, "path")?;
            let arguments = bytes(arguments, arguments_len, "arguments")?;
            borrow_mut(spec, "spec")?.worker = worker_command(path, arguments);
            Ok(())
        })
    }
}

/// Sets the size of the console that the job sees, in characters (default 120 × 50).
///
/// Ownership: nothing.
/// Threads: one at a time per spec.
/// Errors: NULL_ARGUMENT, BAD_VALUE (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_spec_set_host_size(
    spec: *mut psjob_spec,
    columns: u16,
    rows: u16,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary(out_error, || {
            if columns == 0 || rows == 0 {
                return Err(Error::new(ErrorKind::BadValue, "a console has at least one column and one row"));
            }
            borrow_mut(spec, "spec")?.host_size = Some((columns, rows));
            Ok(())
        })
    }
}

/// A worker command from its parts; `None` for an empty path.
pub(super) fn worker_command(path: &str, arguments: &[u8]) -> Option<WorkerCommand> {
    (!path.is_empty())
        .then(|| WorkerCommand { program: PathBuf::from(path), arguments: nul_separated(arguments).collect() })
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn variable(entry: OsString) -> Result<(OsString, OsString), Error> {
    // A name may begin with `=` (as Windows has it), so the separator is looked for behind the first byte.
    let bytes = entry.as_bytes();
    let separator = bytes.iter().skip(1).position(|byte| *byte == b'=').ok_or_else(|| {
        let shown = String::from_utf8_lossy(bytes.split(|byte| *byte == b'=').next().unwrap_or_default()).into_owned();
        Error::new(ErrorKind::BadValue, format!("the environment entry \"{shown}\" is not NAME=VALUE"))
    })? + 1;
    Ok((OsString::from_vec(bytes[..separator].to_vec()), OsString::from_vec(bytes[separator + 1..].to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_every_equals_sign_of_their_value() {
        let pair = |text: &str| variable(text.into()).ok();
        assert_eq!(pair("A=1"), Some(("A".into(), "1".into())));
        assert_eq!(pair("A="), Some(("A".into(), "".into())));
        assert_eq!(pair("A=b=c"), Some(("A".into(), "b=c".into())));
        assert_eq!(pair("A"), None);
        assert_eq!(pair(""), None);
        assert_eq!(pair("=A"), None);
    }
}

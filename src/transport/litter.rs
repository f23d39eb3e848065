//! The files that a .NET worker leaves in its temporary folder when it is killed, found by its process id.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The temporary folder of a process with this environment, by .NET's rule.
pub fn temporary_folder(environment: &[(OsString, OsString)]) -> PathBuf {
    let set = environment.iter().rev().find(|(name, _)| name == "TMPDIR");
    set.filter(|(_, folder)| !folder.is_empty()).map_or_else(|| "/tmp".into(), |(_, folder)| folder.into())
}

/// Removes what the ended process `pid` left in `folder`; whatever cannot be removed stays.
pub fn sweep(folder: &Path, pid: i32) {
    // A relative folder was the worker's to resolve.
    let entries = folder.is_absolute().then(|| fs::read_dir(folder)).into_iter().flatten().flatten().flatten();
    for entry in entries.filter(|entry| is_left_by(&entry.file_name(), pid)) {
        let _ = fs::remove_file(entry.path());
    }
}

/// Whether a .NET process `pid` gives its pipes such a name: `dotnet-diagnostic-PID-*` and `clr-debug-pipe-PID-*` (runtime),
/// `CoreFxPipe_PSHost.START.PID.*` (PowerShell's `NamedPipeUtils.CreateProcessPipeName`).
fn is_left_by(name: &OsStr, pid: i32) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let runtime = ["dotnet-diagnostic-", "clr-debug-pipe-"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let number = match (runtime, name.strip_prefix("CoreFxPipe_PSHost.")) {
        (Some(rest), _) => rest.split_once('-').map(|(number, _)| number),
        (None, Some(rest)) => rest.split('.').nth(1),
        (None, None) => None,
    };
    number.is_some_and(|number| number == pid.to_string())
}

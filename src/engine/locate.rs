//! Where the guard and the default worker are.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::{Error, ErrorKind};
use super::spec::WorkerCommand;

const GUARD: &str = "psjob-guard";

/// The guard beside this library. It may not exist: launching it says so.
pub(super) fn guard() -> PathBuf {
    library_directory().unwrap_or_default().join(GUARD)
}

/// The worker for a program that names none: `$PSJOB_PWSH`, `pwsh` on PATH, the host beside this library.
pub(super) fn default_worker() -> Result<WorkerCommand, Error> {
    env::var_os("PSJOB_PWSH")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| on_path("pwsh"))
        .or_else(bundled_host)
        .map(|program| WorkerCommand { program, arguments: Vec::new() })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::WorkerNotFound,
                "no PowerShell was found to run jobs with: install pwsh 7.6 or later, set PSJOB_PWSH to its path, or \
                 name it in the options of the engine",
            )
        })
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

fn bundled_host() -> Option<PathBuf> {
    let host = library_directory()?.parent()?.join("host/psjob-host");
    host.is_file().then_some(host)
}

/// The folder of the file that holds this code: the shared library, or the executable it is linked into.
fn library_directory() -> Option<PathBuf> {
    let own_code = library_directory as fn() -> Option<PathBuf> as usize;
    let maps = fs::read("/proc/self/maps").ok()?;
    let file = maps.split(|byte| *byte == b'\n').find_map(|line| mapped_file(line, own_code))?;
    Path::new(OsStr::from_bytes(file)).parent().map(Path::to_owned)
}

/// The file of a line of /proc/self/maps (`start-end permissions offset device inode path`) that covers `address`.
fn mapped_file(line: &[u8], address: usize) -> Option<&[u8]> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let range = std::str::from_utf8(fields.next()?).ok()?;
    let (start, end) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    (number(start)?..number(end)?).contains(&address).then(|| fields.nth(4).map(<[u8]>::trim_ascii_start))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_code_is_found_in_its_own_file() {
        assert_eq!(library_directory().unwrap(), env::current_exe().unwrap().parent().unwrap());
    }

    #[test]
    fn a_mapped_path_may_hold_spaces() {
        let line = b"1000-2000 r-xp 00000000 08:01 42                         /opt/my lib/libpsjob.so";
        assert_eq!(mapped_file(line, 0x1fff), Some(&b"/opt/my lib/libpsjob.so"[..]));
        assert_eq!(mapped_file(line, 0x2000), None);
        assert_eq!(mapped_file(b"", 0), None);
    }
}

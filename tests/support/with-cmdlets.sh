#!/bin/sh
# Runs a PowerShell program with the stand-in cmdlets on its module path, unless it has the real ones.
#
#   tests/support/with-cmdlets.sh PROGRAM [ARGUMENT ...]
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(command -v "$1") || { echo "$0: no program $1" >&2; exit 127; }
shift

# Last on the path: the first module that exports a command is the one that autoloading takes.
if [ ! -d "$(dirname "$(readlink -f "$program")")/Modules/Microsoft.PowerShell.Utility" ]; then
    export PSModulePath="${PSModulePath:+$PSModulePath:}$root/out/test-modules"
fi

exec "$program" "$@"

#!/bin/sh
# Runs the Pester files and ends with one line: N passed, N failed, N skipped.
#
#   tests/support/run-pester.sh [--host PROGRAM] [--test 'pattern of Block.Test'] [file.Tests.ps1 ...]
#
# The host is pwsh where there is one, else out/host/pwsh: under that name the built-in Start-Job works too. Each file has a
# process of its own, which is ended after PSJOB_TEST_DEADLINE seconds (300); its unfinished tests have failed then.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
host=$(command -v pwsh || echo "$root/out/host/pwsh")
deadline=${PSJOB_TEST_DEADLINE:-300}
pattern=

while [ $# -gt 0 ]; do
    case $1 in
        --host) host=$2; shift 2 ;;
        --test) pattern=$2; shift 2 ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || set -- "$root"/tests/pester/*.Tests.ps1

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

for file in "$@"; do
    report=$reports/$(basename "$file")
    : >"$report"
    started=$(date +%s)
    set -- -NoProfile -NonInteractive -File "$root/tests/support/pester/Invoke-PSJobTests.ps1" -Path "$file" -Report "$report"
    [ -z "$pattern" ] || set -- "$@" -TestName "$pattern"
    timeout --kill-after=10 "$deadline" "$root/tests/support/with-cmdlets.sh" "$host" "$@" </dev/null
    code=$?
    seconds=$(($(date +%s) - started))

    # What was found but has no outcome did not finish; a file that failed before its first test counts as one failure.
    awk -F '\t' -v file="$(basename "$file")" -v code="$code" -v seconds="$seconds" -v pattern="$pattern" -v totals="$reports/totals" '
        $1 == "found" { waiting[$2]++; order[++found] = $2; next }
        $1 == "begin" { running = $2; next }
        { count[$1]++; waiting[$2]--; if ($2 == running) running = "" }
        END {
            for (i = 1; i <= found; i++) if (waiting[order[i]] > 0) {
                waiting[order[i]]--; count["failed"]++
                print "FAILED " order[i] (order[i] == running ? " (unfinished after " seconds " s)" : " (not run)")
            }
            if (!found && !pattern && !count["failed"]) { count["failed"]++; print "FAILED " file " (no tests)" }
            if (code != 0 && !count["failed"]) { count["failed"]++; print "FAILED " file " (exit code " code ")" }
            result = sprintf("%d passed, %d failed, %d skipped", count["passed"], count["failed"], count["skipped"])
            print file ": " result " (" seconds " s)"
            print count["passed"] + 0, count["failed"] + 0, count["skipped"] + 0 >>totals
        }' "$report"
done

awk '{ passed += $1; failed += $2; skipped += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 }' "$reports/totals"

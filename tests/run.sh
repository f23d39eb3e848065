#!/bin/sh
# Every test of the project, suite by suite; ends with one line that sums them: N passed, N failed, N skipped.
#
#   tests/run.sh [suite ...]      lint rust c csharp host pester (default: all; built before by the Makefile)
#
# Each suite's whole output is in out/test/<suite>.log; what failed is shown here.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
logs=out/test
mkdir -p "$logs"
. tests/summary.sh

run_lint() {
    tests/lint.sh
}

run_rust() {
    # shellcheck disable=SC2086 # CRATES holds several arguments.
    eval cargo test ${CRATES:-} --no-fail-fast
}

run_c() {
    tests/c/run.sh
}

run_csharp() {
    dotnet test tests/csharp -v quiet -p:UseSharedCompilation=false
}

run_host() {
    dotnet test tests/host -v quiet -p:UseSharedCompilation=false
}

run_pester() {
    tests/support/run-pester.sh
}

[ $# -gt 0 ] || set -- lint rust c csharp host pester
total_passed=0 total_failed=0 total_skipped=0
for suite in "$@"; do
    log=$logs/$suite.log
    started=$(date +%s)
    printf '%-8s running …\n' "$suite"
    "run_$suite" >"$log" 2>&1 </dev/null
    code=$?
    # shellcheck disable=SC2046 # Three numbers.
    set_counts $(count_"$suite" "$log")
    # A suite that ends badly without a failed test, or that ran nothing, has failed.
    if [ "$failed" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
        failed=1
    fi
    if [ "$failed" -ne 0 ]; then
        show_failures "$log"
    fi
    show_skips "$log"
    printf '%-8s %d passed, %d failed, %d skipped (%d s)\n' "$suite" "$passed" "$failed" "$skipped" $(($(date +%s) - started))
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
done

for missing in pwsh; do
    command -v "$missing" >/dev/null || {
        echo "skipped: no $missing here; the tests ran in $(basename "$root")'s own host instead"
        total_skipped=$((total_skipped + 1))
    }
done
printf '%d passed, %d failed, %d skipped\n' "$total_passed" "$total_failed" "$total_skipped"
[ "$total_failed" -eq 0 ]

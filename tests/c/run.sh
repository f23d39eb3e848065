#!/bin/sh
# The header alone as C11 and C++17; then the C program that runs jobs, under AddressSanitizer with its leak check.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=out/test
mkdir -p "$out"
cc=${CC:-cc}
strict="-Wall -Wextra -Wpedantic -Werror"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
passed=0 failed=0

check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
    fi
}

printf '#include "psjob.h"\n#include "psjob.h"\nint main(void) { return 0; }\n' >"$out/header.c"
cp "$out/header.c" "$out/header.cc"
# shellcheck disable=SC2086 # The flags are several arguments.
check "header as C11" $cc -std=c11 $strict -Iinclude -fsyntax-only "$out/header.c"
if command -v c++ >/dev/null; then
    # shellcheck disable=SC2086
    check "header as C++17" c++ -std=c++17 $strict -Iinclude -fsyntax-only "$out/header.cc"
fi

# shellcheck disable=SC2086
$cc -std=c11 $strict -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -Iinclude \
    "-DPSJOB_EXPECTED_VERSION=\"$version\"" tests/c/test_job.c -o "$out/test_job" \
    -Lout/lib -lpsjob "-Wl,-rpath,$PWD/out/lib" || exit 1
nm "$out/test_job" | grep -q __asan_init || { echo "FAILED: the test was not built with AddressSanitizer"; exit 1; }

worker=$(command -v pwsh || echo "$PWD/out/host/psjob-host")
ASAN_OPTIONS=detect_leaks=1 timeout --kill-after=10 300 "$out/test_job" "$worker" "$PWD/out/lib/psjob-guard" >"$out/test_job.log" 2>&1
code=$?
cat "$out/test_job.log"
totals=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$out/test_job.log" | tail -n 1)
# A leak report or a crash leaves an exit code that no failed case explains.
if [ -z "$totals" ] || { [ "$code" -ne 0 ] && [ "${totals#* }" -eq 0 ]; }; then
    echo "FAILED test_job ended with code $code"
    failed=$((failed + 1))
fi
echo "$((passed + ${totals%% *}+0)) passed, $((failed + ${totals##* }+0)) failed"
[ "$code" -eq 0 ] && [ "$failed" -eq 0 ]

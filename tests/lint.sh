#!/bin/sh
# Formatting and lints, warnings as errors. Each check counts as one test.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED lint: $name"
    fi
}

clippy() {
    # shellcheck disable=SC2086 # CRATES holds several arguments.
    eval cargo clippy ${CRATES:-} --all-targets -- -D warnings
}

documentation() {
    # shellcheck disable=SC2086
    RUSTDOCFLAGS=-Dwarnings eval cargo doc ${CRATES:-} --no-deps --document-private-items
}

check rustfmt cargo fmt --check
check clippy clippy
check rustdoc documentation
for project in module/PSJob.csproj module/host tests/csharp tests/host tests/support/cmdlets; do
    check "dotnet format $project" dotnet format --verify-no-changes --severity warn "$project"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

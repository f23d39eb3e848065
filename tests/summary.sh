# Sourced by run.sh: reads the counts (passed failed skipped) out of what each runner prints.

# Adds up the numbers of `test result: ok. N passed; N failed; N ignored`.
count_rust() {
    awk '/^test result:/ { gsub(";", ""); for (i = 1; i <= NF; i++) count[$i] += $(i - 1) }
        END { print count["passed"] + 0, count["failed"] + 0, count["ignored"] + 0 }' "$1"
}

# Adds up the numbers of `Passed! - Failed: N, Passed: N, Skipped: N, …`.
count_dotnet() {
    awk '/Failed: *[0-9]+, Passed: *[0-9]+, Skipped: *[0-9]+/ {
            gsub(","  , ""); for (i = 1; i < NF; i++) count[$i] += $(i + 1)
        }
        END { print count["Passed:"] + 0, count["Failed:"] + 0, count["Skipped:"] + 0 }' "$1"
}

# Reads the last `N passed, N failed[, N skipped]`.
count_plain() {
    awk '/^[0-9]+ passed, [0-9]+ failed/ { gsub(",", ""); passed = $1; failed = $3; skipped = $5 }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

count_csharp() { count_dotnet "$1"; }
count_host() { count_dotnet "$1"; }
count_c() { count_plain "$1"; }
count_lint() { count_plain "$1"; }
count_pester() { count_plain "$1"; }

set_counts() {
    passed=$1 failed=$2 skipped=$3
}

# The parts of a log that say what failed, or its end where nothing does.
show_failures() {
    grep -nE '^(FAILED|failed|---- )|panicked at|not true:|error( CS[0-9]+)?:|\[FAIL\]|^error' "$1" | head -40
    echo "--- the end of $1:"
    tail -n 60 "$1"
}

show_skips() {
    grep -E '^SKIPPED|\[SKIP\]|^skipped:' "$1" | head -40
}

# The runner of these files where Pester is missing: it must see failures, or all the others prove nothing.

BeforeAll {
    $runner = (Resolve-Path "$PSScriptRoot/../support/run-pester.sh").ProviderPath
    $shell = [Environment]::ProcessPath

    # Runs a test file of this text; gives the lines that the runner printed.
    function Invoke-Runner([string] $Text, [int] $Deadline = 60) {
        $file = "$TestDrive/Sample.Tests.ps1"
        Set-Content $file $Text
        @(/usr/bin/env "PSJOB_TEST_DEADLINE=$Deadline" $runner --host $shell $file 2>&1)
    }
}

Describe 'The runner' {
    It 'counts what passed, failed and was skipped' {
        $lines = Invoke-Runner @'
BeforeAll { $top = 1 }
Describe 'd' {
    BeforeAll { $inner = $top + 1 }
    BeforeEach { $each = 1 }
    It 'sees set-up' { $top, $inner, $each | Should -Be 1, 2, 1; $each = 9 }
    It 'sees it afresh' { $each | Should -Be 1 }
    It 'case <n>' -ForEach @{ n = 1 }, @{ n = 2 } { $n | Should -Be 1 }
    It 'fails' { 'a' | Should -BeExactly 'A' }
    It 'throws' { throw 'x' }
    It 'is skipped' -Skip { throw 'x' }
    It 'skips itself' { Set-ItResult -Skipped -Because 'of the weather' }
    Context 'broken' { BeforeAll { throw 'no set-up' }; It 'cannot run' { } }
}
'@
        $lines[-1] | Should -Be '3 passed, 4 failed, 2 skipped'
        $LASTEXITCODE | Should -Be 1
    }

    It 'fails for each assertion that does not hold: <assertion>' -ForEach @(
        '1 | Should -Be 2', '1 | Should -Not -Be 1', '1, 2 | Should -Be 1', "'a' | Should -BeExactly 'A'", '$false | Should -BeTrue'
        '1 | Should -BeFalse', '1 | Should -BeNullOrEmpty', '$null | Should -Not -BeNullOrEmpty', "1 | Should -BeOfType string"
        "'a' | Should -Match 'b'", "'a' | Should -MatchExactly 'A'", "'a' | Should -BeLike 'b*'", '1 | Should -BeIn 2, 3'
        '1, 2 | Should -Contain 3', '1, 2 | Should -HaveCount 3', '1 | Should -BeGreaterThan 1', '1 | Should -BeLessThan 1'
        '1 | Should -BeGreaterOrEqual 2', '2 | Should -BeLessOrEqual 1', '{ 1 } | Should -Throw', "{ throw 'a' } | Should -Not -Throw"
        "{ throw 'a' } | Should -Throw 'b'", "{ throw 'a' } | Should -Throw -ErrorId 'b'", "{ throw 'a' } | Should -Throw -ExceptionType ([System.IO.IOException])"
    ).ForEach({ @{ assertion = $_ } }) {
        { [scriptblock]::Create($assertion).Invoke() } | Should -Throw -Because $assertion
    }

    It 'fails a test that hangs, and those behind it' {
        $lines = Invoke-Runner -Deadline 4 @'
Describe 'd' {
    It 'passes' { }
    It 'hangs' { Start-Sleep 60 }
    It 'waits' { }
}
'@
        $lines -like 'FAILED d.hangs (unfinished after * s)' | Should -HaveCount 1
        $lines | Should -Contain 'FAILED d.waits (not run)'
        $lines[-1] | Should -Be '1 passed, 2 failed, 0 skipped'
    }

    It 'fails a file that does not parse or holds no tests' {
        (Invoke-Runner 'Describe "d" {')[-1] | Should -Be '0 passed, 1 failed, 0 skipped'
        (Invoke-Runner '$null')[-1] | Should -Be '0 passed, 1 failed, 0 skipped'
        (Invoke-Runner 'exit 3')[-1] | Should -Be '0 passed, 1 failed, 0 skipped'
    }

    It 'fails a shell that dies' {
        (Invoke-Runner "Describe 'd' { It 'dies' { [Environment]::Exit(0) } }")[-1] | Should -Be '0 passed, 1 failed, 0 skipped'
    }
}

# Runs the tree that Discovery.ps1 built. Every script of a test file runs directly in the scope of its block or test, by
# `.` or by ForEach-Object, which sets $_ too, so a variable of BeforeAll is seen by the tests below it. Locals here are
# called $__… to stay out of the tests' way.

# Runs scripts in one new scope that holds the data of a case as variables.
function Invoke-TestScript($__data, [scriptblock[]] $__scripts, [scriptblock[]] $__after) {
    . $PSJobPester.SetData $__data
    try {
        foreach ($__script in $__scripts) {
            if ($__data -is [System.Collections.IDictionary] -and $__script.Ast.ParamBlock) {
                $null = . $__script @__data
            }
            else {
                $null = ForEach-Object -InputObject $__data $__script
            }
        }
    }
    finally {
        foreach ($__script in $__after) {
            $null = ForEach-Object -InputObject $__data $__script
        }
    }
}

function Invoke-TestBlock($__block) {
    if (-not (Test-AnySelected $__block)) {
        return
    }

    try {
        . $PSJobPester.SetData $__block.Data
        if (-not $__block.Skip) {
            foreach ($__script in $__block.BeforeAll) {
                $null = ForEach-Object -InputObject $__block.Data $__script
            }
        }
    }
    catch {
        Write-AllFailed $__block $_
        return
    }

    foreach ($__item in $__block.Items) {
        if ($__item.Kind -eq 'Block') {
            Invoke-TestBlock $__item
        }
        elseif (Test-Selected $__item) {
            Invoke-Test $__item
        }
    }

    try {
        if (-not $__block.Skip) {
            foreach ($__script in $__block.AfterAll) {
                $null = ForEach-Object -InputObject $__block.Data $__script
            }
        }
    }
    catch {
        Write-TestResult 'failed' "$($__block.Path) (AfterAll)" $_
    }
}

function Invoke-Test($__test) {
    Write-TestReport 'begin' $__test.Path
    if ($__test.Skip) {
        Write-TestResult 'skipped' $__test.Path
        return
    }

    $__before = [System.Collections.Generic.List[scriptblock]]::new()
    $__after = [System.Collections.Generic.List[scriptblock]]::new()
    for ($__block = $__test.Parent; $__block; $__block = $__block.Parent) {
        $__before.InsertRange(0, $__block.BeforeEach)
        $__after.AddRange($__block.AfterEach)
    }

    $__before.Add($__test.Script)
    try {
        Invoke-TestScript $__test.Data $__before $__after
        Write-TestResult 'passed' $__test.Path
    }
    catch {
        $__outcome = if ($_.FullyQualifiedErrorId -eq 'PesterTestSkipped') { 'skipped' } else { 'failed' }
        Write-TestResult $__outcome $__test.Path $_
    }
}

function Set-ItResult {
    param([switch] $Skipped, [switch] $Inconclusive, [string] $Because)

    $exception = [System.Management.Automation.RuntimeException]::new("skipped: $Because")
    throw [System.Management.Automation.ErrorRecord]::new($exception, 'PesterTestSkipped', 'OperationStopped', $null)
}

function Test-Selected($Test) {
    -not $PSJobPester.TestName -or @($PSJobPester.TestName | Where-Object { $Test.Path -like $_ }).Count -gt 0
}

function Test-AnySelected($Block) {
    foreach ($item in $Block.Items) {
        if ($item.Kind -eq 'Block' ? (Test-AnySelected $item) : (Test-Selected $item)) {
            return $true
        }
    }

    $false
}

# Every selected test of a block, in the order in which they run.
function Get-SelectedTest($Block) {
    foreach ($item in $Block.Items) {
        if ($item.Kind -eq 'Block') {
            Get-SelectedTest $item
        }
        elseif (Test-Selected $item) {
            $item
        }
    }
}

function Write-AllFailed($Block, $ErrorRecord) {
    foreach ($test in (Get-SelectedTest $Block)) {
        Write-TestReport 'begin' $test.Path
        Write-TestResult 'failed' $test.Path $ErrorRecord
    }
}

# One line per event, for the caller of this process, who must count even when the process is killed.
function Write-TestReport([string] $Event, [string] $Path) {
    [System.IO.File]::AppendAllText($PSJobPester.Report, "$Event`t$Path`n")
}

function Write-TestResult([string] $Outcome, [string] $Path, $ErrorRecord) {
    Write-TestReport $Outcome $Path
    if ($Outcome -eq 'failed') {
        [Console]::WriteLine("FAILED $Path")
        [Console]::WriteLine('    ' + ("$ErrorRecord" -replace "`n", "`n    "))
        [Console]::WriteLine("    at $(Get-FailurePosition $ErrorRecord)")
    }
    elseif ($Outcome -eq 'skipped' -and $ErrorRecord) {
        [Console]::WriteLine("SKIPPED $Path ($ErrorRecord)")
    }
}

# The innermost line of the test file that took part in an error, else where the error was raised.
function Get-FailurePosition($ErrorRecord) {
    $file = [regex]::Escape($PSJobPester.File)
    $frame = [regex]::Match("$($ErrorRecord.ScriptStackTrace)", "(?m)$file`: line (\d+)")
    if ($frame.Success) {
        return '{0}:{1}' -f $PSJobPester.File, $frame.Groups[1].Value
    }

    '{0}:{1}' -f $ErrorRecord.InvocationInfo.ScriptName, $ErrorRecord.InvocationInfo.ScriptLineNumber
}

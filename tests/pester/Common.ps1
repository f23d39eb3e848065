# What all test files share; dot-sourced in their BeforeAll.
#
# Parity by construction: a case is a script block that runs twice in this shell, once with the built-in Start-Job and
# Receive-Job and once with ours. What both give must be equal; the test then says what that is.

$root = (Resolve-Path "$PSScriptRoot/../..").ProviderPath
$module = "$root/out/PSJob"
$shell = [Environment]::ProcessPath

Import-Module $module

# Runs a case with the cmdlets of one module. Everything it writes is returned, errors as records in their place; an error
# that ends it comes last. Names begin with $__ here, for the case sees them.
function Invoke-Case([scriptblock] $__case, [string] $__module) {
    Set-Alias Start-Job "$__module\Start-Job"
    Set-Alias Receive-Job "$__module\Receive-Job"
    try {
        & $__case 2>&1
    }
    catch {
        $_
    }
}

# Runs a case both ways and fails unless the results are alike. Returns ours.
function Compare-WithBuiltIn([scriptblock] $__case) {
    $__expected = @(Invoke-Case $__case 'Microsoft.PowerShell.Core')
    $__actual = @(Invoke-Case $__case 'PSJob')
    $__expectedText = @($__expected | ForEach-Object { Format-Observation $_ }) -join "`n"
    $__actualText = @($__actual | ForEach-Object { Format-Observation $_ }) -join "`n"
    if ($__actualText -cne $__expectedText) {
        throw "The built-in and ours differ.`nbuilt-in:`n$__expectedText`nours:`n$__actualText"
    }

    $__actual
}

# All of a result that must not depend on who made it. Ids, times and texts of errors may differ.
function Format-Observation($Value, [int] $Depth = 2) {
    if ($null -eq $Value) {
        return '$null'
    }

    $plain = $Value.PSObject.BaseObject
    if ($plain -is [System.Management.Automation.ErrorRecord]) {
        return 'error {0} ({1}, {2}, target {3})' -f $plain.FullyQualifiedErrorId, $plain.CategoryInfo.Category,
            $plain.Exception.GetType().Name, (Format-Observation $plain.TargetObject 0)
    }

    $type = $Value.PSObject.TypeNames[0]
    if ($plain -is [string] -or $plain -is [ValueType] -or $plain -is [System.Collections.IEnumerable]) {
        return "$type $plain"
    }

    if ($Depth -eq 0) {
        return $type
    }

    $properties = foreach ($property in $Value.PSObject.Properties) {
        if ($property.Name -notin 'RunspaceId', 'InstanceId', 'PSSourceJobInstanceId', 'Id', 'Name') {
            '{0}={1}' -f $property.Name, (Format-Observation $property.Value ($Depth - 1))
        }
    }

    "$type { $($properties -join '; ') }"
}

# The id of the error that ends a script block; $null if none does.
function Get-TerminatingErrorId([scriptblock] $Script) {
    try {
        $null = & $Script
    }
    catch {
        $_.FullyQualifiedErrorId
    }
}

# Removes the jobs of a test, running ones too.
function Clear-Job {
    Get-Job | Remove-Job -Force
}

# Runs a script in a shell of its own and returns the lines that it printed. This is how the tests see what
# goes to the host instead of a stream, and how they survive a shell that does not.
function Invoke-Shell([string] $Script, [hashtable] $Environment = @{}, [int] $TimeoutSeconds = 60) {
    $process = Start-Shell $Script $Environment
    $output = $process.StandardOutput.ReadToEndAsync()
    $errors = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit($TimeoutSeconds * 1000)) {
        $process.Kill($true)
        throw "The shell did not end within $TimeoutSeconds s."
    }

    ($output.Result + $errors.Result).TrimEnd().Split("`n")
}

function Start-Shell([string] $Script, [hashtable] $Environment = @{}) {
    $start = [System.Diagnostics.ProcessStartInfo]::new($shell)
    foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', $Script) {
        $start.ArgumentList.Add($argument)
    }

    foreach ($name in $Environment.Keys) {
        $start.Environment[$name] = $Environment[$name]
    }

    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $process.StandardInput.Close()
    $process
}

# Waits for a condition that no event announces, such as a file written by another process.
function Wait-Until([scriptblock] $Condition, [int] $TimeoutSeconds = 30) {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($watch.Elapsed.TotalSeconds -gt $TimeoutSeconds) {
            throw "Not within $TimeoutSeconds s: $Condition"
        }

        Start-Sleep -Milliseconds 50
    }
}

# Whether a process still runs; a zombie does not.
function Test-Running([int] $Id) {
    $status = "/proc/$Id/status"
    (Test-Path $status) -and -not (Get-Content $status -ErrorAction Ignore | Where-Object { $_ -match '^State:\s+[ZX]' })
}

function Get-ParentId([int] $Id) {
    [int] ((Get-Content "/proc/$Id/status" | Where-Object { $_ -match '^PPid:' }) -replace '\D')
}

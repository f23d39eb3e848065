<#
.SYNOPSIS
    Shows what Start-Job and Receive-Job of psjob do: each part prints its commands and then what they give.
.EXAMPLE
    make demo
#>
$module = (Resolve-Path "$PSScriptRoot/../../out/PSJob").ProviderPath
Import-Module $module

$part = 0
$folder = [System.IO.Directory]::CreateTempSubdirectory('psjob-demo-').FullName
Set-Content "$folder/add.ps1" 'param($x, $y) "$x + $y = $($x + $y)"'
Set-Content "$folder/Greeting.psm1" 'function Get-Greeting($Name) { "Good day, $Name" }'

# Prints a heading and the commands below it, and returns them. The caller runs them, so that their variables stay.
function Show-Part([string] $Title, [scriptblock] $Commands) {
    $script:part++
    Write-Host "`n== $script:part. $Title" -ForegroundColor Cyan
    foreach ($line in $Commands.ToString().Trim().Split("`n")) {
        Write-Host "PS> $($line -replace '^ {8}')" -ForegroundColor DarkGray
    }

    $Commands
}

# Prints what a host would show, errors in their place, at a width that leaves no column out.
function Show-Result {
    $text = ($input | Out-String -Width 120).Trim("`r", "`n")
    Write-Host ($text -replace '(?m)^', '    ')
}

# Milliseconds from the call of Start-Job to the result in hand.
function Measure-Job([string] $From) {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $result = & "$From\Start-Job" { 1 } | & "$From\Receive-Job" -Wait -AutoRemoveJob
    $time = $watch.Elapsed.TotalMilliseconds
    if ($result -ne 1) {
        throw "A job of $From gave '$result' instead of 1."
    }

    $time
}

function Get-Median([double[]] $Values) {
    ($Values | Sort-Object)[[int][math]::Floor($Values.Count / 2)]
}

Write-Host "psjob $((Get-Module PSJob).Version) in PowerShell $($PSVersionTable.PSVersion)" -ForegroundColor Green
try {
    . (Show-Part 'A job starts at once and is a row of a table' {
        $job = Start-Job { "hello from process $PID, started by another" }
        $job
    }) 2>&1 | Show-Result

    . (Show-Part 'Its result waits until somebody asks' {
        $job | Wait-Job | Receive-Job
    }) 2>&1 | Show-Result

    . (Show-Part 'A script file, with arguments' {
        Start-Job -FilePath $folder/add.ps1 -ArgumentList 20, 22 | Receive-Job -Wait -AutoRemoveJob
    }) 2>&1 | Show-Result

    . (Show-Part 'A job with a name: received by that name, twice' {
        $null = Start-Job -Name Version { "PowerShell $($PSVersionTable.PSVersion)" } | Wait-Job
        Receive-Job -Name Version -Keep
        Receive-Job -Name Version
    }) 2>&1 | Show-Result

    . (Show-Part 'An initialization script that imports a module' {
        $init = [scriptblock]::Create("Import-Module '$folder/Greeting.psm1'")
        Start-Job { Get-Greeting psjob } -InitializationScript $init | Receive-Job -Wait -AutoRemoveJob
    }) 2>&1 | Show-Result

    . (Show-Part 'Input from the pipeline, and a value from here' {
        $factor = 10
        1..3 | Start-Job { foreach ($item in $input) { $item * $using:factor } } | Receive-Job -Wait -AutoRemoveJob
    }) 2>&1 | Show-Result

    . (Show-Part 'A working directory' {
        Start-Job { Get-ChildItem -Name } -WorkingDirectory $folder | Receive-Job -AutoRemoveJob -Wait
    }) 2>&1 | Show-Result

    . (Show-Part 'An array as one argument' {
        Start-Job { $args[0] | Sort-Object } -ArgumentList (, (3, 1, 2)) | Receive-Job -Wait -AutoRemoveJob
    }) 2>&1 | Show-Result

    . (Show-Part 'All properties of a finished job' {
        Start-Job { Get-Date } -Name Finished | Wait-Job | Select-Object *
    }) 2>&1 | Show-Result

    . (Show-Part 'A job that fails: first what it wrote, then why' {
        $job = Start-Job { 'the first half'; throw 'out of luck' } | Wait-Job
        "$($job.Name): $($job.State)"
        $job | Receive-Job
    }) 2>&1 | Show-Result

    . (Show-Part 'A job that is stopped keeps what it wrote' {
        $job = Start-Job { 'started'; Start-Sleep 3600 }
        while (-not $job.ChildJobs[0].Output.Count) { Start-Sleep -Milliseconds 20 }
        $job | Stop-Job
        "$($job.Name): $($job.State)"
        $job | Receive-Job
    }) 2>&1 | Show-Result

    $null = Show-Part 'The built-in Start-Job and ours in turns, in this process' {
        Start-Job { 1 } | Receive-Job -Wait -AutoRemoveJob
    }
    $builtIn, $ours = @(), @()
    foreach ($round in 1..7) {
        $builtIn += Measure-Job 'Microsoft.PowerShell.Core'
        $ours += Measure-Job 'PSJob'
    }

    "built-in: median {0,4:n0} ms of {1}" -f (Get-Median $builtIn), ($builtIn.ForEach({ '{0:n0}' -f $_ }) -join ' ') | Show-Result
    "psjob:    median {0,4:n0} ms of {1}" -f (Get-Median $ours), ($ours.ForEach({ '{0:n0}' -f $_ }) -join ' ') | Show-Result
    "built-in / psjob = {0:n2}" -f ((Get-Median $builtIn) / (Get-Median $ours)) | Show-Result
}
finally {
    Get-Job | Remove-Job -Force
    Remove-Item -LiteralPath $folder -Recurse
}

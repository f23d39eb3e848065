<#
.SYNOPSIS
    Runs one file of Pester tests: with Pester 5 or later where it is installed, else with the words of this folder.
.DESCRIPTION
    Failures go to the console; every event goes to the report as a line "event<TAB>test" at the moment it happens:
    found, begin, passed, failed, skipped. tests/support/run-pester.sh reads it, also after this process was killed.
#>
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $Report,
    [string[]] $TestName
)

. "$PSScriptRoot/Discovery.ps1"
. "$PSScriptRoot/Run.ps1"

function Invoke-WithPester {
    $configuration = New-PesterConfiguration
    $configuration.Run.Path = $Path
    $configuration.Run.PassThru = $true
    $configuration.Output.Verbosity = 'Normal'
    if ($TestName) {
        $configuration.Filter.FullName = $TestName
    }

    $result = Invoke-Pester -Configuration $configuration
    foreach ($test in $result.Tests | Where-Object Result -ne 'NotRun') {
        $outcome = switch ($test.Result) { 'Passed' { 'passed' } 'Failed' { 'failed' } default { 'skipped' } }
        Write-TestReport 'found' $test.ExpandedPath
        Write-TestReport $outcome $test.ExpandedPath
    }

    # The file or a block failed outside its tests.
    if ($result.Result -eq 'Failed' -and $result.FailedCount -eq 0) {
        Write-TestReport 'failed' $Path
    }
}

function Invoke-WithoutPester {
    . "$PSScriptRoot/Should.ps1"
    $folder = New-TestDrive
    try {
        & $PSJobPester.File
        foreach ($test in (Get-SelectedTest $PSJobPester.Block)) {
            Write-TestReport 'found' $test.Path
        }

        Invoke-TestBlock $PSJobPester.Block
    }
    catch {
        Write-TestResult 'failed' "$Path (outside its tests)" $_
    }
    finally {
        [System.IO.Directory]::Delete($folder, $true)
    }
}

# A folder for the file's tests, as the drive TestDrive: and the variable $TestDrive.
function New-TestDrive {
    $folder = [System.IO.Directory]::CreateTempSubdirectory('psjob-test-').FullName
    $provider = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
    $drive = [System.Management.Automation.PSDriveInfo]::new('TestDrive', $provider, $folder, '', $null)
    $null = $ExecutionContext.SessionState.Drive.New($drive, 'Global')
    $global:TestDrive = $folder
    $folder
}

$PSJobPester = @{
    File = (Resolve-Path -LiteralPath $Path).ProviderPath
    Report = $Report
    TestName = $TestName
    Block = New-TestBlock '' $null
    # Makes the entries of a case variables of the scope that runs this by `.`.
    SetData = {
        if ($args[0] -is [System.Collections.IDictionary]) {
            foreach ($__entry in $args[0].GetEnumerator()) {
                $ExecutionContext.SessionState.PSVariable.Set($__entry.Key, $__entry.Value)
            }
        }
    }
}

$pester = Get-Module -ListAvailable Pester | Where-Object Version -ge 5.0
if ($pester) {
    Invoke-WithPester
}
else {
    Invoke-WithoutPester
}

# How a job ends and what it leaves (behaviour: child result classification, error record of a failed child).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # States, the child's error collection, and what two calls of Receive-Job give.
    function Get-Outcome($Job) {
        $null = $Job | Wait-Job -Timeout 60
        $child = $Job.ChildJobs[0]
        "parent $($Job.State), child $($child.State), reason [$(if ($child.JobStateInfo.Reason) { $child.JobStateInfo.Reason.GetType().Name })]"
        "output $($child.Output.Count), error $($child.Error.Count)"
        $Job | Receive-Job
        'again'
        $Job | Receive-Job
    }
}

AfterEach {
    Clear-Job
}

Describe 'A job that <what>' -ForEach @(
    @{ what = 'runs to its end'; parent = 'Completed'; child = 'Completed'; script = { 'out'; $null = 1 } }
    @{ what = 'writes nothing'; parent = 'Completed'; child = 'Completed'; script = { $null = 1 } }
    @{ what = 'reports errors and goes on'; parent = 'Completed'; child = 'Completed'; script = { Write-Error 'minor' -ErrorId 'Minor' -Category InvalidData -TargetObject 5; 'out' } }
    @{ what = 'meets a statement-terminating error'; parent = 'Completed'; child = 'Completed'; script = { 1 / 0; 'out' } }
    @{ what = 'calls an unknown command and goes on'; parent = 'Completed'; child = 'Completed'; script = { No-SuchCommand; 'out' } }
    @{ what = 'runs a native command that fails'; parent = 'Completed'; child = 'Completed'; script = { /bin/false; "code $LASTEXITCODE" } }
    @{ what = 'throws'; parent = 'Failed'; child = 'Failed'; script = { 'out'; throw 'boom' } }
    @{ what = 'throws an exception object'; parent = 'Failed'; child = 'Failed'; script = { 'out'; throw [System.IO.FileNotFoundException]::new('gone', 'x') } }
    @{ what = 'stops at an error'; parent = 'Failed'; child = 'Failed'; script = { 'out'; Get-Item /no/such/file -ErrorAction Stop; 'never' } }
    @{ what = 'stops at any error by preference'; parent = 'Failed'; child = 'Failed'; script = { $ErrorActionPreference = 'Stop'; Write-Error 'fatal' -ErrorId 'Fatal'; 'never' } }
    @{ what = 'exits'; parent = 'Completed'; child = 'Stopped'; script = { 'out'; exit 3; 'never' } }
) {
    It "ends like the built-in's, with the same records" {
        $result = Compare-WithBuiltIn { Get-Outcome (Start-Job $script) }
        $result[0] | Should -BeLike "parent $parent, child $child, *"
    }
}

Describe 'The error of a failed job' {
    It 'keeps id, category, target and exception type of its origin' {
        $result = Compare-WithBuiltIn {
            Start-Job { 'out'; Get-Item /no/such/file -ErrorAction Stop } | Receive-Job -Wait -AutoRemoveJob
        }
        $record = $result[1]
        $record.FullyQualifiedErrorId | Should -Be 'PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand'
        $record.CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $record.Exception | Should -BeOfType ([System.Management.Automation.RemoteException])
        $record.Exception.SerializedRemoteException.PSObject.TypeNames[0] |
            Should -Be 'Deserialized.System.Management.Automation.ItemNotFoundException'
        $record | Should -BeOfType ([System.Management.Automation.Runspaces.RemotingErrorRecord])
        $record.OriginInfo.PSComputerName | Should -Be 'localhost'
    }

    It 'comes last and comes again' {
        $job = Start-Job { 'one'; throw 'boom'; 'never' } | Wait-Job
        $first = @($job | Receive-Job 2>&1)
        $first[0] | Should -Be 'one'
        $first[1].FullyQualifiedErrorId | Should -Be 'boom'
        $second = @($job | Receive-Job 2>&1)
        $second | Should -HaveCount 1
        $second[0].FullyQualifiedErrorId | Should -Be 'boom'
    }

    It 'is not in the child''s error collection' {
        Compare-WithBuiltIn { (Start-Job { 'out'; throw 'boom' } | Wait-Job).ChildJobs[0].Error.Count } | Should -Be 0
    }

    It 'tells where in the job it happened' {
        $result = Compare-WithBuiltIn {
            $record = @(Start-Job { function Fail { throw 'deep' }; Fail } | Receive-Job -Wait -AutoRemoveJob 2>&1)[0]
            $record.ScriptStackTrace
        }
        $result | Should -BeLike 'at Fail, <No file>: line 1*'
    }
}

Describe 'A non-terminating error of a job' {
    It 'is complete' {
        $result = Compare-WithBuiltIn {
            $record = Start-Job { Write-Error 'minor' -ErrorId Minor -Category InvalidData -TargetObject 'target' -RecommendedAction 'act'; $null = 1 } |
                Receive-Job -Wait -AutoRemoveJob 2>&1
            $record.GetType().Name, $record.FullyQualifiedErrorId, "$($record.CategoryInfo)", "$($record.TargetObject)",
                $record.Exception.Message, $record.ErrorDetails.RecommendedAction, $record.ScriptStackTrace, "$record"
        }
        $result[0..1] | Should -Be 'RemotingErrorRecord', 'Minor'
        $result[7] | Should -Be 'minor'
    }

    It 'is in $Error once' {
        Compare-WithBuiltIn {
            $Error.Clear()
            Start-Job { Write-Error 'minor'; $null = 1 } | Receive-Job -Wait -AutoRemoveJob 2>$null
            $Error.Count
        } | Should -Be 1
    }

    It 'obeys the receiver''s -ErrorAction and -ErrorVariable' {
        Compare-WithBuiltIn {
            $job = Start-Job { Write-Error 'one'; Write-Error 'two'; 'out' } | Wait-Job
            $job | Receive-Job -ErrorAction SilentlyContinue -ErrorVariable found
            $found.Count
        } | Should -Be 'out', 2
    }
}

Describe 'A job whose process dies' {
    It 'fails at once, keeps what it wrote and says how it died: <what>' -ForEach @(
        @{ what = 'killed'; script = { 'kept'; [System.Diagnostics.Process]::GetCurrentProcess().Kill(); Start-Sleep 60 } }
        @{ what = 'left by Environment.Exit'; script = { 'kept'; [Environment]::Exit(7) } }
        @{ what = 'failing fast'; script = { 'kept'; [Environment]::FailFast('on purpose') } }
    ) {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        $job = Start-Job $script
        $null = $job | Wait-Job -Timeout 40
        $job.State | Should -Be 'Failed'
        $job.ChildJobs[0].State | Should -Be 'Failed'
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 30 -Because 'the built-in needs 60 s to notice'
        $result = @($job | Receive-Job 2>&1)
        $result[0] | Should -Be 'kept'
        $result[-1].FullyQualifiedErrorId | Should -Be '2101,PSSessionStateBroken'
        $result[-1].CategoryInfo.Category | Should -Be 'OpenError'
    }
}

# The built-in Get-, Wait-, Stop- and Remove-Job on our jobs (behaviour: what the other cmdlets require).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    function Start-RunningJob([string] $Name = 'runner') {
        $job = Start-Job { Start-Sleep 120 } -Name $Name
        Wait-Until { $job.ChildJobs[0].State -eq 'Running' }
        $job
    }
}

AfterEach {
    Clear-Job
}

Describe 'Get-Job' {
    It 'lists jobs by number, children on request' {
        Compare-WithBuiltIn {
            $jobs = 1..3 | ForEach-Object { Start-Job { 1 } }
            "$(Get-Job | ForEach-Object { $_.Id - $jobs[0].Id })"
            "$(Get-Job -IncludeChildJob | ForEach-Object { $_.Id - $jobs[0].Id } | Sort-Object)"
            $jobs | Remove-Job -Force
        } | Should -Be '0 2 4', '0 1 2 3 4 5'
    }

    It 'finds them by <how>' -ForEach @(
        @{ how = 'name'; find = { param($job) Get-Job -Name findme } }
        @{ how = 'wildcard'; find = { param($job) Get-Job f*me } }
        @{ how = 'id'; find = { param($job) Get-Job -Id $job.Id } }
        @{ how = 'state'; find = { param($job) Get-Job -State Completed } }
        @{ how = 'instance'; find = { param($job) Get-Job -InstanceId $job.InstanceId } }
        @{ how = 'command'; find = { param($job) Get-Job -Command "*'needle'*" } }
        @{ how = 'unread data'; find = { param($job) Get-Job -HasMoreData $true } }
        @{ how = 'age'; find = { param($job) Get-Job -Newest 1 } }
        @{ how = 'the child''s state'; find = { param($job) Get-Job -ChildJobState Completed | Where-Object PSJobTypeName } }
    ) {
        Compare-WithBuiltIn {
            $job = Start-Job { 'needle'; $null = 1 } -Name findme | Wait-Job
            (& $find $job).Name
            $job | Remove-Job
        } | Should -Be 'findme'
    }
}

Describe 'Wait-Job' {
    It 'returns the finished job' {
        Compare-WithBuiltIn { (Start-Job { 1 } | Wait-Job).State } | Should -Be 'Completed'
    }

    It 'writes nothing after -Timeout' {
        Compare-WithBuiltIn {
            $job = Start-RunningJob
            $job | Wait-Job -Timeout 1
        } | Should -BeNullOrEmpty
    }

    It 'returns the first of several with -Any' {
        Compare-WithBuiltIn {
            $slow = Start-RunningJob 'slow'
            $fast = Start-Job { 1 } -Name fast
            ($slow, $fast | Wait-Job -Any).Name
        } | Should -Be 'fast'
    }

    It 'accepts a child job and a name' {
        Compare-WithBuiltIn {
            $job = Start-Job { 1 } -Name waited
            ($job.ChildJobs[0] | Wait-Job).State
            (Wait-Job -Name waited).State
            $job | Remove-Job
        } | Should -Be 'Completed', 'Completed'
    }
}

Describe 'Stop-Job' {
    # Ours alone: the built-in's threads sometimes make a stopped job Failed.
    It 'ends a running job and keeps its output' {
        $job = Start-Job { 'kept'; Start-Sleep 120; 'never' }
        Wait-Until { $job.ChildJobs[0].Output.Count }
        $job | Stop-Job
        $job.State, $job.ChildJobs[0].State | Should -Be 'Stopped', 'Stopped'
        $job | Receive-Job | Should -Be 'kept'
    }

    It 'ends a job that is not up yet' {
        $job = Start-Job { 'never' }
        $job | Stop-Job
        $job.State | Should -Be 'Stopped'
        $job | Receive-Job | Should -BeNullOrEmpty
    }

    It 'leaves a finished job as it is, and passes it on' {
        Compare-WithBuiltIn {
            $job = Start-Job { 'out'; $null = 1 } | Wait-Job
            ($job | Stop-Job -PassThru).State
            $job | Receive-Job
        } | Should -Be 'Completed', 'out'
    }

    It 'does nothing with -WhatIf' {
        $job = Start-RunningJob
        $job | Stop-Job -WhatIf
        $job.State | Should -Be 'Running'
    }

    It 'ends a script that runs its finally block' {
        $file = "$TestDrive/cleaned"
        $job = Start-Job { try { 'in'; Start-Sleep 120 } finally { [System.IO.File]::WriteAllText($using:file, '') } }
        Wait-Until { $job.ChildJobs[0].Output.Count }
        $job | Stop-Job
        Test-Path $file | Should -BeTrue
    }
}

Describe 'Remove-Job' {
    It 'refuses a running job' {
        $result = Compare-WithBuiltIn {
            $job = Start-RunningJob
            $job | Remove-Job
            $job.State
            $job | Remove-Job -Force
        }
        $result[0].FullyQualifiedErrorId | Should -Be 'JobObjectNotFinishedCannotBeRemoved,Microsoft.PowerShell.Commands.RemoveJobCommand'
        $result[1] | Should -Be 'Running'
    }

    # The built-in job is then Stopped or Failed, as its threads happen to run.
    It 'takes a running job with -Force' {
        $job = Start-RunningJob
        $job | Remove-Job -Force
        $job.State | Should -Be 'Stopped'
        Get-Job | Should -BeNullOrEmpty
    }

    It 'takes all of a state' {
        Compare-WithBuiltIn {
            $null = Start-Job { 1 } | Wait-Job
            Remove-Job -State Completed
            @(Get-Job).Count
        } | Should -Be 0
    }

    It 'leaves the object readable' {
        Compare-WithBuiltIn {
            $job = Start-Job { 'out'; $null = 1 } | Wait-Job
            $job | Remove-Job
            $job.State, $job.Location, $job.HasMoreData, $job.Finished.WaitOne(0)
            Receive-Job -Job $job
        } | Should -HaveCount 4
    }

    It 'ends the process of the job' {
        $job = Start-Job { $PID; Start-Sleep 120 }
        Wait-Until { $job.ChildJobs[0].Output.Count }
        $id = [int] $job.ChildJobs[0].Output[0]
        Test-Running $id | Should -BeTrue
        $job | Remove-Job -Force
        Wait-Until { -not (Test-Running $id) } -TimeoutSeconds 10
    }
}

# Receive-Job (behaviour: parameter sets, validation, which jobs, with and without -Wait, AutoRemoveJob, interruption).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

AfterEach {
    Clear-Job
}

Describe 'Which jobs Receive-Job takes' {
    It 'finds them <how>' -ForEach @(
        @{ how = 'by object'; receive = { param($job) Receive-Job -Job $job } }
        @{ how = 'by object from the pipeline'; receive = { param($job) $job | Receive-Job } }
        @{ how = 'by id'; receive = { param($job) Receive-Job -Id $job.Id } }
        @{ how = 'by name'; receive = { param($job) Receive-Job -Name $job.Name } }
        @{ how = 'by wildcard'; receive = { param($job) Receive-Job -Name 'par*' } }
        @{ how = 'by position as an id'; receive = { param($job) Receive-Job $job.Id } }
        @{ how = 'by position as a name'; receive = { param($job) Receive-Job $job.Name } }
        @{ how = 'by position as an object'; receive = { param($job) Receive-Job $job } }
        @{ how = 'by the child'; receive = { param($job) $job.ChildJobs[0] | Receive-Job } }
        @{ how = 'by the child''s id'; receive = { param($job) Receive-Job -Id $job.ChildJobs[0].Id } }
        @{ how = 'by a property Id'; receive = { param($job) [pscustomobject] @{ Id = $job.Id } | Receive-Job } }
    ) {
        Compare-WithBuiltIn {
            $job = Start-Job { 'found'; $null = 1 } -Name parity | Wait-Job
            & $receive $job
            $job | Remove-Job
        } | Should -Be 'found'
    }

    It 'refuses <what>' -ForEach @(
        @{ what = 'an unknown id'; id = 'JobWithSpecifiedSessionNotFound'; receive = { Receive-Job -Id 99999 } }
        @{ what = 'an unknown name'; id = 'JobWithSpecifiedNameNotFound'; receive = { Receive-Job -Name 'no such job' } }
        @{ what = 'no job'; id = 'ParameterArgumentValidationErrorNullNotAllowed'; receive = { Receive-Job -Job $null } }
        @{ what = 'an empty list'; id = 'ParameterArgumentValidationErrorEmptyArrayNotAllowed'; receive = { Receive-Job -Job @() } }
        @{ what = '-Wait with -Keep'; id = 'ParameterBindingFailed'; receive = { Start-Job { 1 } | Receive-Job -Wait -Keep } }
        @{ what = '-AutoRemoveJob without -Wait'; id = 'InvalidOperation'; receive = { Start-Job { 1 } | Receive-Job -AutoRemoveJob } }
    ) {
        $result = Compare-WithBuiltIn $receive
        $result.FullyQualifiedErrorId | Should -Be "$id,Microsoft.PowerShell.Commands.ReceiveJobCommand"
    }

    It 'says nothing when a wildcard matches nothing' {
        Compare-WithBuiltIn { Receive-Job -Name 'no such job*' } | Should -BeNullOrEmpty
    }

    It 'takes several jobs in the order given, each whole' {
        Compare-WithBuiltIn {
            $jobs = 1..3 | ForEach-Object { Start-Job { "a$using:_"; "b$using:_" } }
            $null = $jobs | Wait-Job
            Receive-Job -Job $jobs
        } | Should -Be 'a1', 'b1', 'a2', 'b2', 'a3', 'b3'
    }

    It 'writes the errors of failed jobs after the output of all' {
        Compare-WithBuiltIn {
            $first = Start-Job { 'out 1'; throw 'boom' }
            $second = Start-Job { 'out 2'; $null = 1 }
            $null = $first, $second | Wait-Job
            $first, $second | Receive-Job 2>&1 | ForEach-Object { "$_" }
        } | Should -Be 'out 1', 'out 2', 'boom'
    }

    It 'takes jobs of other kinds too' {
        $built = Microsoft.PowerShell.Core\Start-Job { 'built-in'; $null = 1 }
        $ours = Start-Job { 'ours'; $null = 1 }
        $operator = 'by operator' &
        $results = $built, $ours, $operator | Receive-Job -Wait -AutoRemoveJob
        $results | Sort-Object | Should -Be 'built-in', 'by operator', 'ours'
        Get-Job | Should -BeNullOrEmpty
    }
}

Describe 'Receive-Job without -Wait' {
    It 'takes each record once' {
        Compare-WithBuiltIn {
            $job = Start-Job { 1, 2; Write-Error 'e' } | Wait-Job
            $job | Receive-Job
            'second call'
            $job | Receive-Job
            $job.HasMoreData
        } | Select-Object -Last 2 | Should -Be 'second call', $false
    }

    It 'gives what there is of a running job' {
        $result = Compare-WithBuiltIn {
            $go = "$TestDrive/go-$([guid]::NewGuid())"
            $job = Start-Job { 'early'; while (-not (Test-Path $using:go)) { Start-Sleep -Milliseconds 50 }; 'late' }
            $script:early = $null
            Wait-Until { $script:early = $job | Receive-Job; $script:early }
            $script:early
            "nothing [$($job | Receive-Job)] $($job.HasMoreData)"
            Set-Content $go ''
            $null = $job | Wait-Job
            $job | Receive-Job
        }
        $result | Should -Be 'early', 'nothing [] True', 'late'
    }

    It 'leaves the records in place with -Keep' {
        Compare-WithBuiltIn {
            $job = Start-Job { 1; Write-Error 'e'; 2 } | Wait-Job
            $job | Receive-Job -Keep
            $job.HasMoreData
            $job | Receive-Job -Keep
            $job | Receive-Job
            $job.HasMoreData
            $job | Receive-Job
        } | Should -HaveCount 11
    }

    It 'gives a job named twice once' {
        Compare-WithBuiltIn {
            $job = Start-Job { 'once'; $null = 1 } | Wait-Job
            Receive-Job -Job $job, $job
        } | Should -Be 'once'
    }
}

Describe 'Receive-Job -Wait' {
    It 'writes records while the job runs' {
        $result = Compare-WithBuiltIn {
            $seen = "$TestDrive/seen-$([guid]::NewGuid())"
            Start-Job {
                'first'
                $watch = [System.Diagnostics.Stopwatch]::StartNew()
                while (-not (Test-Path $using:seen) -and $watch.Elapsed.TotalSeconds -lt 30) { Start-Sleep -Milliseconds 50 }
                "first was received: $(Test-Path $using:seen)"
            } | Receive-Job -Wait -AutoRemoveJob | ForEach-Object { $_; Set-Content $seen '' }
        }
        $result | Should -Be 'first', 'first was received: True'
    }

    It 'returns when the job has ended, however it ended' {
        Compare-WithBuiltIn {
            $job = Start-Job { 'out'; throw 'boom' }
            $job | Receive-Job -Wait
            $job.State
        } | Select-Object -Last 1 | Should -Be 'Failed'
    }

    It 'waits for several jobs' {
        $jobs = 1..3 | ForEach-Object { Start-Job { Start-Sleep -Milliseconds (100 * $using:_); $using:_ } }
        $jobs | Receive-Job -Wait | Sort-Object | Should -Be 1, 2, 3
        $jobs.State | Should -Be 'Completed', 'Completed', 'Completed'
    }

    It 'gives a finished job at once' {
        Compare-WithBuiltIn { Start-Job { 'done'; $null = 1 } | Wait-Job | Receive-Job -Wait } | Should -Be 'done'
    }

    It 'removes the job with -AutoRemoveJob, a failed one too' {
        Compare-WithBuiltIn {
            Start-Job { 'good'; $null = 1 } | Receive-Job -Wait -AutoRemoveJob
            Start-Job { 'bad'; throw 'boom' } | Receive-Job -Wait -AutoRemoveJob
            "left: $(@(Get-Job).Count)"
        } | Select-Object -Last 1 | Should -Be 'left: 0'
    }

    It 'does not remove a child' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { 'out'; $null = 1 } | Wait-Job
            $job.ChildJobs[0] | Receive-Job -Wait -AutoRemoveJob
            $job.ChildJobs.Count
            $job | Remove-Job
        }
        $result[0] | Should -Be 'out'
        $result[1].FullyQualifiedErrorId | Should -BeLike 'ReceiveJobAutoRemovalError*'
    }
}

Describe 'Receive-Job interrupted' {
    It 'loses nothing to Select-Object -First' {
        $job = Start-Job { 1..10 } | Wait-Job
        $job | Receive-Job | Select-Object -First 3 | Should -Be 1, 2, 3
        $job | Receive-Job | Should -Be 4, 5, 6, 7, 8, 9, 10
    }

    It 'loses nothing to Select-Object -First while it waits' {
        $job = Start-Job { 1..10; Start-Sleep -Milliseconds 300; 11..20 }
        $job | Receive-Job -Wait | Select-Object -First 3 | Should -Be 1, 2, 3
        $job | Receive-Job -Wait | Should -Be (4..20)
    }

    It 'loses nothing to -ErrorAction Stop' {
        $job = Start-Job { 'a'; Write-Error 'e'; 'b' } | Wait-Job
        $first = [System.Collections.Generic.List[object]]::new()
        { $job | Receive-Job -ErrorAction Stop | ForEach-Object { $first.Add($_) } } | Should -Throw 'e'
        $first | Should -Be 'a'
        $job | Receive-Job | Should -Be 'b'
    }
}

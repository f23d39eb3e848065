# The job object: identity, properties, states (behaviour: ids and names, shape, property values, state machine, display).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # What a job and its child show of themselves, but for ids and times.
    function Get-Appearance($Job) {
        foreach ($one in @($Job) + $Job.ChildJobs) {
            '{0} more={1} status=[{2}] location={3} type=[{4}] begin={5} end={6} children={7} reason=[{8}] command=[{9}]' -f
                $one.State, $one.HasMoreData, $one.StatusMessage, $one.Location, $one.PSJobTypeName,
                ($null -ne $one.PSBeginTime), ($null -ne $one.PSEndTime), $one.ChildJobs.Count,
                $one.JobStateInfo.Reason, $one.Command
        }
    }
}

AfterEach {
    Clear-Job
}

Describe 'The identity of a job' {
    It 'uses one number for the job and the next for its child' {
        $result = Compare-WithBuiltIn {
            $first = Start-Job { 1 }
            $second = Start-Job { 2 }
            $first.ChildJobs[0].Id - $first.Id
            $second.Id - $first.Id
        }
        $result | Should -Be 1, 2
    }

    It 'derives the default names from the numbers' {
        $job = Start-Job { 1 }
        $job.Name | Should -Be "Job$($job.Id)"
        $job.ChildJobs[0].Name | Should -Be "Job$($job.ChildJobs[0].Id)"
    }

    It 'takes -Name <name>, which need not be unique' -ForEach @{ name = 'mine' }, @{ name = 'with blank *' } {
        Compare-WithBuiltIn {
            (Start-Job { 1 } -Name $name).Name
            (Start-Job { 1 } -Name $name).Name
        } | Should -Be $name, $name
    }

    It 'keeps the default for an empty name' {
        (Start-Job { 1 } -Name '').Name | Should -Match '^Job\d+$'
        (Start-Job { 1 } -Name $null).Name | Should -Match '^Job\d+$'
    }

    It 'can be renamed' {
        $job = Start-Job { 1 }
        $job.Name = 'renamed'
        (Get-Job renamed).Id | Should -Be $job.Id
    }

    It 'is the same object whenever Get-Job is asked' {
        $job = Start-Job { 1 }
        [object]::ReferenceEquals($job.PSObject.BaseObject, (Get-Job -Id $job.Id).PSObject.BaseObject) | Should -BeTrue
        (Get-Job -Id $job.Id).PSObject.TypeNames[0] | Should -Be 'System.Management.Automation.PSRemotingJob'
        (Get-Job -InstanceId $job.InstanceId).Id | Should -Be $job.Id
    }
}

Describe 'The properties of a job' {
    It 'are those of the built-in one, in its order' {
        $result = Compare-WithBuiltIn { (Start-Job { 1 }).PSObject.Properties.Name -join ' ' }
        $result | Should -BeLike 'State HasMoreData StatusMessage Location Command JobStateInfo *'
    }

    It 'have the type names that views and scripts look for' {
        (Compare-WithBuiltIn { (Start-Job { 1 }).PSObject.TypeNames | Where-Object { $_ -like 'System.Management.*' } })[0] |
            Should -Be 'System.Management.Automation.PSRemotingJob'
    }

    It 'say so when it runs' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { Start-Sleep 60 }
            Wait-Until { $job.ChildJobs[0].State -eq 'Running' }
            Get-Appearance $job
        }
        $result[0] | Should -BeLike 'Running more=True*type=`[BackgroundJob`]*'
    }

    It 'say so when it has completed, and when all is received' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { 'out'; $null = 1 } | Wait-Job
            Get-Appearance $job
            $job | Receive-Job
            Get-Appearance $job
        }
        $result[0] | Should -BeLike 'Completed more=True*'
        $result[3] | Should -BeLike 'Completed more=False*'
    }

    It 'say so when it has failed' {
        $result = Compare-WithBuiltIn { Get-Appearance (Start-Job { 'out'; throw 'boom' } | Wait-Job) }
        $result[0] | Should -BeLike 'Failed *reason=`[`]*'
        $result[1] | Should -BeLike 'Failed *reason=`[*boom*`]*'
    }

    # Ours alone: the built-in's threads sometimes make a stopped job Failed.
    It 'say so when it was stopped' {
        $job = Start-Job { Start-Sleep 60 }
        Wait-Until { $job.ChildJobs[0].State -eq 'Running' }
        $job | Stop-Job
        $parent, $child = Get-Appearance $job
        $parent | Should -BeLike 'Stopped more=False*begin=True end=True*'
        $child | Should -BeLike 'Stopped more=False*begin=True end=True*reason=`[`]*'
    }

    It 'begin and end in order' {
        $before = [datetime]::Now
        $job = Start-Job { 1 } | Wait-Job
        $child = $job.ChildJobs[0]
        $job.PSBeginTime | Should -BeGreaterOrEqual $before
        $child.PSBeginTime | Should -BeGreaterOrEqual $job.PSBeginTime
        $child.PSEndTime | Should -BeGreaterOrEqual $child.PSBeginTime
        $job.PSEndTime | Should -BeGreaterOrEqual $job.PSBeginTime
        $job.PSEndTime.Kind | Should -Be 'Local'
    }

    It 'give the text between the braces as the command' {
        Compare-WithBuiltIn {
            (Start-Job {  'two blanks'  }).Command
            (Start-Job { param($x) "a
b" }).Command
            (Start-Job {}).Command
        } | Should -Be "  'two blanks'  ", " param(`$x) `"a`nb`" ", ''
    }

    It 'cannot set the state' {
        Get-TerminatingErrorId { (Start-Job { 1 }).State = 'Completed' } | Should -Not -BeNullOrEmpty
    }
}

Describe 'The states of a job' {
    It 'start with a running job and a child that is not' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { 1 }
            "$($job.State) $($job.HasMoreData)"
        }
        $result | Should -Be 'Running True'
    }

    It 'end with an event of the job and one of the child, and with Finished set' {
        $events = [System.Collections.Concurrent.ConcurrentQueue[string]]::new()
        $go = "$TestDrive/go"
        $job = Start-Job { while (-not (Test-Path $using:go)) { Start-Sleep -Milliseconds 50 } }
        $subscriptions = foreach ($one in $job, $job.ChildJobs[0]) {
            Register-ObjectEvent $one StateChanged -MessageData $events -Action {
                $Event.MessageData.Enqueue("$($Sender.PSJobTypeName) $($EventArgs.PreviousJobStateInfo.State)>$($EventArgs.JobStateInfo.State)")
            }
        }
        $job.Finished.WaitOne(0) | Should -BeFalse
        Set-Content $go ''
        $job.Finished.WaitOne(30000) | Should -BeTrue
        Wait-Until { @($events -like '*>Completed').Count -eq 2 }
        $events | Should -Contain 'BackgroundJob Running>Completed'
        $events | Should -Contain ' Running>Completed'
        $subscriptions | Remove-Job -Force
    }

    It 'hold for a child stopped alone: the parent has completed' {
        $job = Start-Job { Start-Sleep 60 }
        Wait-Until { $job.ChildJobs[0].State -eq 'Running' }
        $job.ChildJobs[0] | Stop-Job
        $null = $job | Wait-Job -Timeout 30
        $job.State, $job.ChildJobs[0].State | Should -Be 'Completed', 'Stopped'
    }
}

Describe 'A job on screen' {
    It 'is the table of the documentation' {
        $text = (Start-Job { 'shown' } -Name shown | Out-String -Width 200) -replace '\x1b\[[\d;]*m'
        $header, $rule, $row = $text.Split("`n", [System.StringSplitOptions]::RemoveEmptyEntries)[0..2]
        $header -split '\s+' -ne '' -join ' ' | Should -Be 'Id Name PSJobTypeName State HasMoreData Location Command'
        $row | Should -Match "^\d+\s+shown\s+BackgroundJob\s+Running\s+True\s+localhost\s+'shown'"
    }

    It 'has every property under Select-Object *' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { 'x'; $null = 1 } | Wait-Job
            $all = $job | Select-Object *
            $all.PSObject.Properties.Name -join ' '
            $all.State, $all.HasMoreData, $all.PSJobTypeName, $all.Location
        }
        $result[1..4] | Should -Be 'Completed', $true, 'BackgroundJob', 'localhost'
    }
}

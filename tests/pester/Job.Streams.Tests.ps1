# What a job writes and how it arrives (behaviour: streams, note properties, interaction).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

AfterEach {
    Clear-Job
}

Describe 'Output objects' {
    It 'tell where they come from' {
        $job = Start-Job { 5; $null = 1 } | Wait-Job
        $value = $job | Receive-Job
        $value | Should -Be 5
        $value.PSComputerName | Should -Be 'localhost'
        $value.RunspaceId | Should -BeOfType guid
        $value.PSShowComputerName | Should -BeFalse
        $value.PSObject.Properties['PSSourceJobInstanceId'] | Should -BeNullOrEmpty
    }

    It 'tell their job when they arrive during -Wait' {
        $job = Start-Job { Start-Sleep -Milliseconds 500; 5 }
        $value = $job | Receive-Job -Wait
        $value.PSSourceJobInstanceId | Should -Be $job.ChildJobs[0].InstanceId
    }

    It 'carry the same notes as the built-in''s, whatever they are' {
        Compare-WithBuiltIn {
            $items = Start-Job {
                5
                'x'
                , (1, 2)
                @{ a = 1 }
                [pscustomobject] @{ a = 1 }
                [pscustomobject] @{ PSShowComputerName = 'mine'; RunspaceId = 'old' }
                Get-Process -Id $PID
            } | Wait-Job | Receive-Job
            foreach ($item in $items) {
                $item.PSObject.TypeNames -join ' '
                $item.PSObject.Properties.Where({ $_.Name -like 'PS*' -or $_.Name -eq 'RunspaceId' }).Name -join ' '
            }
        } | Should -HaveCount 14
    }

    It 'arrive as they were sent' {
        Compare-WithBuiltIn {
            Start-Job {
                1, 'two', $null, 3.5
                , (1, 2)
                [pscustomobject] @{ Name = 'n'; Nested = [pscustomobject] @{ Deep = @(1, 'x', $null) } }
                [datetime] '2024-02-29', [guid]::Empty, [version] '1.2', ([byte[]] (1, 2, 255)), 'a'[0], $true
                'ünï', "line`nbreak", '_x0041_', ''
                [System.DayOfWeek]::Friday
                Get-Item /
            } | Receive-Job -Wait -AutoRemoveJob | ForEach-Object { if ($null -eq $_) { 'null' } else { "$($_.PSObject.TypeNames[0]): $_" -replace '(RunspaceId|InstanceId)=[-\w]+' } }
        } | Should -Not -BeNullOrEmpty
    }

    It 'keep their order, all <_> of them' -ForEach 3000 {
        $count = $_
        $received = Start-Job { 1..$using:count } | Receive-Job -Wait -AutoRemoveJob
        $received.Count | Should -Be $count
        ($received -join ' ') | Should -Be (1..$count -join ' ')
    }

    It 'can be large' {
        (Start-Job { 'x' * 3000000 } | Receive-Job -Wait -AutoRemoveJob).Length | Should -Be 3000000
    }
}

Describe 'The streams of a job' {
    BeforeAll {
        $everything = {
            $WarningPreference = $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
            'output 1'
            Write-Error 'error 1'
            Write-Warning 'warning 1'
            'output 2'
            Write-Verbose 'verbose 1'
            Write-Debug 'debug 1'
            Write-Information 'information 1' -Tags tag1, tag2
            Write-Host 'host 1'
            Write-Progress -Activity 'activity' -Status 'status' -PercentComplete 50
            Write-Error 'error 2'
            'output 3'
        }
    }

    It 'keep the order of output, error and information' {
        Compare-WithBuiltIn {
            Start-Job $everything | Wait-Job | Receive-Job 2>&1 6>&1 | ForEach-Object { "$($_.GetType().Name) $_" }
        } | Should -HaveCount 7
    }

    It 'fill the child''s collections, which stay filled after receiving' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job $everything | Wait-Job
            $child = $job.ChildJobs[0]
            $streams = 'Output', 'Error', 'Warning', 'Verbose', 'Debug', 'Information'
            foreach ($name in $streams) {
                "$name $($child.$name.Count) $($child.$name -join ',') open=$($child.$name.IsOpen)"
            }
            $null = $job | Receive-Job -ErrorAction SilentlyContinue -InformationAction SilentlyContinue
            foreach ($name in $streams) {
                "$name $($child.$name.Count)"
            }
        }
        $result[0] | Should -Be 'Output 3 output 1,output 2,output 3 open=False'
        $result[6] | Should -Be 'Output 3'
    }

    It 'leave the parent''s collections empty and closed' {
        Compare-WithBuiltIn {
            $job = Start-Job $everything | Wait-Job
            foreach ($name in 'Output', 'Error', 'Progress', 'Warning', 'Verbose', 'Debug', 'Information') {
                "$name $($job.$name.Count) open=$($job.$name.IsOpen)"
            }
        } | Should -HaveCount 7
    }

    It 'carry progress' {
        $result = Compare-WithBuiltIn {
            $job = Start-Job $everything | Wait-Job
            $record = @($job.ChildJobs[0].Progress | Where-Object Activity -eq 'activity')[0]
            $record.Activity, $record.StatusDescription, $record.PercentComplete
        }
        $result | Should -Be 'activity', 'status', 50
    }

    It 'carry complete information records' {
        $result = Compare-WithBuiltIn {
            $records = Start-Job $everything | Wait-Job | Receive-Job 2>$null 6>&1 | Where-Object { $_ -is [System.Management.Automation.InformationRecord] }
            foreach ($record in $records) {
                # A deliberate difference: ours shows itself when it is written, so it is not yet FORWARDED, and has its colours.
                $tags = @($record.Tags) -ne 'FORWARDED' -join ','
                $type = $record.MessageData.PSObject.TypeNames[0] -replace '^Deserialized\.'
                "$($record.MessageData) [$tags] $($record.Source) $($record.GetType().Name) $type"
            }
        }
        $result | Should -HaveCount 2
    }

    # The built-in prints it in any case and marks the record FORWARDED, lest it be printed twice. Ours is the record alone.
    It 'carry Write-Host so that it is printed, or redirected, as at its origin' {
        $lines = @(Invoke-Shell @"
Import-Module '$module'
`$job = Start-Job { Write-Host 'host' -ForegroundColor Red; `$null = 1 } | Wait-Job
`$record = `$job | Receive-Job -Keep 6>&1
"`$(`$record.MessageData.Message) `$(`$record.MessageData.ForegroundColor) `$(`$record.MessageData.GetType().Name)"
`$job | Receive-Job
"@)
        $lines | Should -Be 'host Red HostInformationMessage', 'host'
    }

    It 'fill the receiver''s variables' {
        Compare-WithBuiltIn {
            $job = Start-Job $everything | Wait-Job
            $out = $job | Receive-Job -OutVariable outs -ErrorVariable errors -WarningVariable warnings -InformationVariable infos -ErrorAction SilentlyContinue
            "$($out.Count) $($outs.Count) $($errors.Count) $($warnings.Count) $($infos.Count)"
        } | Should -Be '3 3 2 1 2'
    }

    It 'show on the host what the built-in shows, in order' {
        $case = "{ $everything }"
        $printed = foreach ($name in 'Microsoft.PowerShell.Core', 'PSJob') {
            $lines = Invoke-Shell @"
Import-Module '$module'
`$job = $name\Start-Job $case
`$null = Wait-Job `$job
$name\Receive-Job `$job -ErrorAction SilentlyContinue
"@
            ($lines | Where-Object { $_ -and $_ -notmatch 'activity' }) -join "`n"
        }
        $printed[1] | Should -BeExactly $printed[0]
        $printed[1].Split("`n")[0..4] | Should -Be 'output 1', 'WARNING: warning 1', 'output 2', 'VERBOSE: verbose 1', 'DEBUG: debug 1'
        @($printed[1].Split("`n") -eq 'host 1') | Should -HaveCount 1
    }

    It 'follow the job''s preferences, silent by default' {
        Compare-WithBuiltIn {
            $job = Start-Job { Write-Verbose 'v'; Write-Debug 'd'; 'out' } | Wait-Job
            $child = $job.ChildJobs[0]
            $child.Verbose.Count, $child.Debug.Count
        } | Should -Be 0, 0
    }

    It 'ignore what the job prints to the console' {
        Compare-WithBuiltIn {
            Start-Job { [Console]::WriteLine('lost'); [Console]::Error.WriteLine('lost'); 'out' } | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'out'
    }

    It 'take the output of native commands' {
        Compare-WithBuiltIn {
            Start-Job { /bin/sh -c 'echo one; echo two'; "code $LASTEXITCODE" } | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'one', 'two', 'code 0'
    }
}

Describe 'A prompt of a job' {
    It 'never hangs it' {
        $job = Start-Job { $answer = Read-Host 'question'; 'after' }
        try {
            $null = $job | Wait-Job -Timeout 30
        }
        catch {
            $_.FullyQualifiedErrorId | Should -BeLike 'BlockedJobsDeadlockWithWaitJob,*'
        }

        $job.State | Should -Not -Be 'Running'
    }
}

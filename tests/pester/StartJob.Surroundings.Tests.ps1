# Where a job runs: initialization script, location, environment (behaviour: InitializationScript, WorkingDirectory).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $folder = (New-Item "$TestDrive/some folder [1]" -ItemType Directory).FullName
    $null = New-Item "$TestDrive/plain" -ItemType Directory
}

AfterEach {
    Clear-Job
}

Describe 'Start-Job -InitializationScript' {
    It 'runs first, in the same scope' {
        Compare-WithBuiltIn {
            Start-Job { "$v $(f) $global:g"; $null = 1 } -InitializationScript { $v = 'var'; function f { 'function' }; $global:g = 'global' } |
                Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'var function global'
    }

    It 'can import a module' {
        Set-Content "$TestDrive/Greeting.psm1" 'function Get-Greeting { "hello from a module" }'
        $path = "$TestDrive/Greeting.psm1"
        $init = [scriptblock]::Create("Import-Module '$path'")
        Compare-WithBuiltIn { Start-Job { Get-Greeting; $null = 1 } -InitializationScript $init | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'hello from a module'
    }

    It 'adds nothing to the job''s output' {
        Compare-WithBuiltIn { Start-Job { 'main'; $null = 1 } -InitializationScript { 'init' } | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'main'
    }

    It 'is not part of the job''s command' {
        Compare-WithBuiltIn { (Start-Job { 'main' } -InitializationScript { 'init' }).Command } | Should -Be " 'main' "
    }

    It 'may be empty' {
        Compare-WithBuiltIn { Start-Job { 'main'; $null = 1 } -InitializationScript { } | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'main'
    }

    # The built-in reports a terminating error by either of two ids, as its two readers happen to be scheduled.
    It 'fails the job by <what>' -ForEach @(
        @{ what = 'a terminating error'; init = { throw 'no way' } }
        @{ what = 'any error at all'; init = { Write-Error 'minor' } }
        @{ what = 'a $using: expression'; init = { $using:anything } }
    ) {
        $result = Compare-WithBuiltIn {
            $job = Start-Job { 'never' } -InitializationScript $init
            $null = $job | Wait-Job
            $job.State, $job.ChildJobs[0].State, $job.ChildJobs[0].PSBeginTime
            $script:record = $job | Receive-Job 2>&1
            $script:record.FullyQualifiedErrorId -like '*PSSessionStateBroken'
        }
        $result[0, 1] | Should -Be 'Failed', 'Failed'
        $script:record.FullyQualifiedErrorId | Should -Be '2100,PSSessionStateBroken'
    }

    It 'speaks to the caller''s host at once' {
        $script = @"
Import-Module '$module'
`$job = Start-Job { 'main'; `$null = 1 } -InitializationScript { Write-Host 'host'; 'output'; Write-Warning 'warning' }
`$null = `$job | Wait-Job
'before receiving'
`$job | Receive-Job
"@
        $lines = Invoke-Shell $script
        $lines.IndexOf('before receiving') | Should -BeGreaterThan $lines.IndexOf('output')
        $lines[0..2] -join '|' | Should -Be 'host|output|WARNING: warning'
        $lines[-1] | Should -Be 'main'
    }
}

Describe 'The location of a job' {
    It 'is the caller''s by default' {
        Push-Location -LiteralPath $folder
        try {
            Compare-WithBuiltIn { Start-Job { $PWD.Path; $null = 1 } | Receive-Job -Wait -AutoRemoveJob } | Should -Be $folder
        }
        finally {
            Pop-Location
        }
    }

    It 'is -WorkingDirectory, brackets and blanks included' {
        Compare-WithBuiltIn { Start-Job { $PWD.Path; $null = 1 } -WorkingDirectory '/usr' | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be '/usr'
    }

    It 'may be on another provider' {
        Compare-WithBuiltIn { Start-Job { "$PWD"; $null = 1 } -WorkingDirectory 'Env:/' | Receive-Job -Wait -AutoRemoveJob } |
            Should -BeLike 'Env:*'
    }

    It 'must exist' {
        $result = Compare-WithBuiltIn { Start-Job { 1 } -WorkingDirectory "$TestDrive/missing" }
        $result.FullyQualifiedErrorId | Should -Be 'DirectoryNotFoundException,Microsoft.PowerShell.Commands.StartJobCommand'
        $result.CategoryInfo.Category | Should -Be 'InvalidOperation'
        Get-Job | Should -BeNullOrEmpty
    }

    It 'must not be a file' {
        Set-Content "$TestDrive/file.txt" 'x'
        (Compare-WithBuiltIn { Start-Job { 1 } -WorkingDirectory "$TestDrive/file.txt" }).FullyQualifiedErrorId |
            Should -Be 'DirectoryNotFoundException,Microsoft.PowerShell.Commands.StartJobCommand'
    }

    # The built-in hands these names to the worker as they are, and the job fails.
    It 'may be <what>, which the worker could not resolve itself' -ForEach @(
        @{ what = 'relative'; name = './plain' }
        @{ what = 'on a drive that only the caller has'; name = 'TestDrive:/plain' }
    ) {
        Push-Location $TestDrive
        try {
            Start-Job { $PWD.Path } -WorkingDirectory $name | Receive-Job -Wait -AutoRemoveJob | Should -Be "$TestDrive/plain"
        }
        finally {
            Pop-Location
        }
    }

    It 'leaves the caller''s location alone' {
        $before = $PWD.Path
        $null = Start-Job { Set-Location /usr } -WorkingDirectory / | Wait-Job
        $PWD.Path | Should -Be $before
    }
}

Describe 'The surroundings of a job' {
    It 'are those of a remote session: <expression>' -ForEach @(
        @{ expression = '$Host.Name'; expected = 'ServerRemoteHost' }
        @{ expression = '$ExecutionContext.SessionState.LanguageMode'; expected = 'FullLanguage' }
        @{ expression = '$null -ne $PSSenderInfo'; expected = 'True' }
        @{ expression = '$ErrorActionPreference'; expected = 'Continue' }
        @{ expression = '$PROFILE'; expected = '' }
    ) {
        $script = [scriptblock]::Create("`"`$($expression)`"; `$null = 1")
        Compare-WithBuiltIn { Start-Job $script | Receive-Job -Wait -AutoRemoveJob } | Should -Be $expected
    }

    It 'include the environment as it is now' {
        $env:PSJOB_TEST_NOW = 'now'
        try {
            Compare-WithBuiltIn { Start-Job { $env:PSJOB_TEST_NOW; $null = 1 } | Receive-Job -Wait -AutoRemoveJob } | Should -Be 'now'
        }
        finally {
            Remove-Item Env:/PSJOB_TEST_NOW
        }

        Compare-WithBuiltIn { Start-Job { "[$env:PSJOB_TEST_NOW]"; $null = 1 } | Receive-Job -Wait -AutoRemoveJob } | Should -Be '[]'
    }

    It 'are a process of the job''s own' {
        $ids = 1..2 | ForEach-Object { Start-Job { $PID; $null = 1 } } | Receive-Job -Wait -AutoRemoveJob
        $ids | Should -HaveCount 2
        $ids[0] | Should -Not -Be $ids[1]
        $ids | Should -Not -Contain $PID
    }

    It 'allow a job in a job' {
        Compare-WithBuiltIn {
            Start-Job { Start-Job { 'inner'; $null = 1 } | Receive-Job -Wait -AutoRemoveJob; 'outer' } | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'inner', 'outer'
    }
}

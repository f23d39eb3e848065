# What must hold whatever happens: other processes of the shell, a shell that dies, workers that are none.

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

AfterEach {
    Clear-Job
}

Describe 'A shell that runs other processes while jobs run' {
    It 'gets their exit codes and output, and the jobs their results' {
        $jobs = 1..4 | ForEach-Object { Start-Job { Start-Sleep -Milliseconds 200; $using:_ } }
        foreach ($round in 1..10) {
            (Start-Process /bin/sh ('-c "exit {0}"' -f $round) -Wait -PassThru).ExitCode | Should -Be $round
            '3', '1', '2' | /usr/bin/sort | /usr/bin/tail -n 1 | Should -Be '3'
            $LASTEXITCODE | Should -Be 0
            /bin/sh -c "exit $round"
            $LASTEXITCODE | Should -Be $round
        }

        $jobs | Receive-Job -Wait -AutoRemoveJob | Sort-Object | Should -Be 1, 2, 3, 4
    }

    It 'is told of the end of every one of many short processes' {
        $null = Start-Job { 1..5 | ForEach-Object { Start-Sleep -Milliseconds 100; $_ } }
        $processes = 1..30 | ForEach-Object { Start-Process /bin/true -PassThru }
        foreach ($process in $processes) {
            $process.WaitForExit(10000) | Should -BeTrue
            $process.ExitCode | Should -Be 0
        }
    }

    It 'starts jobs side by side with the built-in ones' {
        $built = 1..2 | ForEach-Object { Microsoft.PowerShell.Core\Start-Job { "built-in $using:_"; $null = 1 } }
        $ours = 1..2 | ForEach-Object { Start-Job { "ours $using:_" } }
        $built + $ours | Receive-Job -Wait -AutoRemoveJob | Sort-Object |
            Should -Be 'built-in 1', 'built-in 2', 'ours 1', 'ours 2'
    }
}

Describe 'A shell that is killed' {
    It 'leaves no process of a job that <what>' -ForEach @(
        @{ what = 'sleeps'; block = 'Start-Sleep 600' }
        @{ what = 'is inside a blocking call'; block = '[System.Threading.Thread]::Sleep(600000)' }
        @{ what = 'waits for a native process'; block = '/bin/sleep 600' }
        @{ what = 'is busy'; block = 'while ($true) { }' }
    ) {
        $file = "$TestDrive/pid-$([guid]::NewGuid())"
        $shellProcess = Start-Shell @"
Import-Module '$module'
`$job = Start-Job { [System.IO.File]::WriteAllText('$file.new', "`$PID"); [System.IO.File]::Move('$file.new', '$file'); $block }
`$job | Wait-Job
"@
        try {
            Wait-Until { Test-Path $file } -TimeoutSeconds 60
            $worker = [int] (Get-Content $file)
            $guard = Get-ParentId $worker
            $guard | Should -Not -Be $shellProcess.Id -Because 'a guard stands between them'
            Test-Running $worker | Should -BeTrue
        }
        finally {
            $shellProcess.Kill()
        }

        $shellProcess.WaitForExit()
        Wait-Until { -not (Test-Running $worker) } -TimeoutSeconds 30
        Wait-Until { -not (Test-Running $guard) } -TimeoutSeconds 10
    }

    It 'leaves no native process of a job behind' {
        $file = "$TestDrive/native-pid"
        $shellProcess = Start-Shell @"
Import-Module '$module'
Start-Job { /bin/sh -c 'echo `$`$ >$file.new; mv $file.new $file; exec sleep 600' } | Wait-Job
"@
        try {
            Wait-Until { Test-Path $file } -TimeoutSeconds 60
            $native = [int] (Get-Content $file)
        }
        finally {
            $shellProcess.Kill()
        }

        Wait-Until { -not (Test-Running $native) } -TimeoutSeconds 30
    }
}

Describe 'A shell that ends' {
    It 'does so while a job is inside a blocking call, and takes the worker along' {
        $file = "$TestDrive/pid-at-exit"
        $lines = @(Invoke-Shell @"
Import-Module '$module'
`$null = Start-Job { [System.IO.File]::WriteAllText('$file.new', "`$PID"); [System.IO.File]::Move('$file.new', '$file'); [System.Threading.Thread]::Sleep(600000) }
while (-not (Test-Path '$file')) { Start-Sleep -Milliseconds 50 }
'end of script'
"@)
        $lines[-1] | Should -Be 'end of script'
        $worker = [int] (Get-Content $file)
        Wait-Until { -not (Test-Running $worker) } -TimeoutSeconds 30
    }
}

Describe 'A worker that is not PowerShell' {
    BeforeAll {
        $scripts = @{
            garbage = 'echo this is not the protocol; exec sleep 600'
            halfElement = 'printf "<Data Stream="; exec sleep 600'
            deaf = 'exec sleep 600'
            complaint = 'echo something went wrong >&2; exit 9'
            reader = 'head -c 100 >/dev/null; echo "<Data"; exit 4'
            flood = 'exec yes "<Data Stream=''Default'' PSGuid=''00000000-0000-0000-0000-000000000000''>AAAA</Data>"'
        }
        foreach ($name in $scripts.Keys) {
            Set-Content "$TestDrive/$name" '#!/bin/sh', "echo `$`$ `$PPID >'$TestDrive/$name.pid'", $scripts[$name]
            chmod +x "$TestDrive/$name"
        }

        # Starts a job on such a worker in a shell of its own; gives its state, the id of its error and the error's text.
        function Get-OutcomeOnWorker([string] $Worker, [string] $Then = 'Wait-Job $job -Timeout 30') {
            $lines = Invoke-Shell -Environment @{ PSJOB_PWSH = $Worker } @"
Import-Module '$module'
`$record = `$null
try {
    `$job = Start-Job { 'never' }
    $Then | Out-Null
    "state=`$(`$job.State)"
    `$record = Receive-Job `$job 2>&1
} catch {
    `$record = `$_
}
"id=`$(`$record.FullyQualifiedErrorId)"
"text=`$record"
"@
            $outcome = @{}
            foreach ($line in $lines -match '^\w+=') {
                $key, $value = $line -split '=', 2
                $outcome[$key] = $value
            }

            $outcome
        }

        # The worker wrote its own id and its guard's.
        function Assert-WorkerEnded([string] $Name) {
            foreach ($id in (Get-Content "$TestDrive/$Name.pid").Split(' ')) {
                Wait-Until { -not (Test-Running $id) } -TimeoutSeconds 15
            }
        }
    }

    It 'fails the job with a clear error: <worker>' -ForEach @(
        @{ worker = '/no/such/worker' }
        @{ worker = '/etc/passwd' }
        @{ worker = '/' }
    ) {
        $outcome = Get-OutcomeOnWorker $worker
        $outcome.id | Should -Match '^(IPCPwshExecutableNotFound,Microsoft.PowerShell.Commands.StartJobCommand|-?\d+,PSSessionStateBroken)$'
        $outcome.text | Should -Match ([regex]::Escape($worker))
    }

    It 'fails the job with a clear error: <worker>' -ForEach @(
        @{ worker = '/bin/cat' }
        @{ worker = '/bin/true' }
        @{ worker = '/bin/false' }
    ) {
        $outcome = Get-OutcomeOnWorker $worker
        $outcome.state | Should -Be 'Failed'
        $outcome.id | Should -Match '^\d+,PSSessionStateBroken$'
        $outcome.text | Should -Not -BeNullOrEmpty
    }

    It 'fails the job and is ended when it <what>' -ForEach @(
        @{ what = 'dies with a complaint'; name = 'complaint'; text = 'something went wrong' }
        @{ what = 'dies during the handshake'; name = 'reader'; text = '\b4\b' }
        @{ what = 'floods the shell'; name = 'flood'; text = '.' }
    ) {
        $outcome = Get-OutcomeOnWorker "$TestDrive/$name"
        $outcome.state | Should -Be 'Failed'
        $outcome.id | Should -Match '^\d+,PSSessionStateBroken$'
        $outcome.text | Should -Match $text
        Assert-WorkerEnded $name
    }

    It 'can be given up, and is ended, when it <what>' -ForEach @(
        @{ what = 'prints garbage'; name = 'garbage' }
        @{ what = 'prints half an element'; name = 'halfElement' }
        @{ what = 'never answers'; name = 'deaf' }
    ) {
        $outcome = Get-OutcomeOnWorker "$TestDrive/$name" "while (-not (Test-Path '$TestDrive/$name.pid')) { Start-Sleep -Milliseconds 50 }; `$job | Stop-Job"
        $outcome.state | Should -Be 'Stopped'
        Assert-WorkerEnded $name
    }

    It 'does not outlive the shell, which need not wait for it' {
        $null = Get-OutcomeOnWorker "$TestDrive/deaf" "`$PID"
        Assert-WorkerEnded 'deaf'
    }
}

Describe 'The module' {
    It 'hands the names back when it is removed, and works when it is imported again' {
        $lines = @(Invoke-Shell @"
Import-Module '$module'
(Get-Command Start-Job).Source
Start-Job { 'first'; `$null = 1 } | Receive-Job -Wait -AutoRemoveJob
Remove-Module PSJob
(Get-Command Start-Job).Source
Import-Module '$module'
Start-Job { 'second'; `$null = 1 } | Receive-Job -Wait -AutoRemoveJob
"@)
        $lines | Should -Be 'PSJob', 'first', 'Microsoft.PowerShell.Core', 'second'
    }

    It 'is complete by itself: a copy with a blank in its path works' {
        $copy = "$TestDrive/a copy/PSJob"
        $null = New-Item "$TestDrive/a copy" -ItemType Directory
        Copy-Item $module $copy -Recurse
        Invoke-Shell "Import-Module '$copy'; Start-Job { 1 + 1; `$null = 1 } | Receive-Job -Wait -AutoRemoveJob" | Should -Be '2'
    }

    It 'can be imported twice, by force, and in a second runspace' {
        $lines = @(Invoke-Shell @"
Import-Module '$module'
Import-Module '$module' -Force
Start-Job { 'first'; `$null = 1 } | Receive-Job -Wait -AutoRemoveJob
[powershell]::Create([initialsessionstate]::CreateDefault2()).AddScript("Import-Module '$module'; Start-Job { 'second'; ```$null = 1 } | Receive-Job -Wait -AutoRemoveJob").Invoke()
Start-Job { 'third'; `$null = 1 } | Receive-Job -Wait -AutoRemoveJob
"@)
        $lines | Should -Be 'first', 'second', 'third'
    }

    It 'runs many jobs at once' {
        $jobs = 1..8 | ForEach-Object { Start-Job { $using:_ } }
        $jobs | Receive-Job -Wait -AutoRemoveJob | Sort-Object | Should -Be (1..8)
    }
}

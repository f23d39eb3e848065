# What travels into a job: arguments, $using: values and input (behaviour: from script to remote command, $using:, input).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

AfterEach {
    Clear-Job
}

Describe 'Start-Job -ArgumentList' {
    It 'passes <what>' -ForEach @(
        @{ what = 'nothing for $null'; list = $null; expected = '0:' }
        @{ what = 'nothing for an empty array'; list = @(); expected = '0:' }
        @{ what = 'a single $null as one argument'; list = , $null; expected = '1:' }
        @{ what = '$null among others'; list = 1, $null, 3; expected = '3:1,,3' }
        @{ what = 'a nested array as one argument'; list = (1, 2), 3; expected = '2:1 2,3' }
        @{ what = 'text that looks like a parameter'; list = '-x', '--%'; expected = '2:-x,--%' }
        @{ what = 'text of every kind'; list = "a`tb`r`nc", 'ünï_x0041_', '<&>"'; expected = "3:a`tb`r`nc,ünï_x0041_,<&>`"" }
    ) {
        Compare-WithBuiltIn {
            $job = Start-Job { "$($args.Count):$(@($args | ForEach-Object { "$_" }) -join ',')"; 'done' } -ArgumentList $list
            $job | Receive-Job -Wait -AutoRemoveJob
        } | Select-Object -First 1 | Should -BeExactly $expected
    }

    It 'keeps the types of simple values, there and back' {
        $values = @(
            [byte] 7, [sbyte] -7, [short] -2, [ushort] 2, -3, [uint] 3, [long]::MinValue, [ulong]::MaxValue, [float] 1.5, 1e-300, 1.10d
            [char] 'x', $true, $false, [datetime]::new(2024, 2, 29, 1, 2, 3, [System.DateTimeKind]::Utc), [timespan]::FromTicks(123456789)
            [guid] '01234567-89ab-cdef-0123-456789abcdef', [version] '1.2.3.4', [uri] 'https://example.org/a?b=c'
        )
        $result = Compare-WithBuiltIn {
            Start-Job { foreach ($value in $args) { $value.GetType().FullName; $value } } -ArgumentList $values |
                Receive-Job -Wait -AutoRemoveJob
        }
        $result | Should -HaveCount (2 * $values.Count)
        for ($i = 0; $i -lt $values.Count; $i++) {
            $result[2 * $i] | Should -Be $values[$i].GetType().FullName
            $result[2 * $i + 1] | Should -Be $values[$i]
            $result[2 * $i + 1].PSObject.BaseObject | Should -BeOfType $values[$i].GetType()
        }
    }

    It 'sends a live object as its properties, a script block as its text, a table as a table' {
        $result = Compare-WithBuiltIn {
            $list = (Get-Item /), { 1 + 1 }, @{ a = 1 }, [ordered] @{ b = 2 }, [pscustomobject] @{ c = 3 }
            Start-Job { $args | ForEach-Object { $_.PSObject.TypeNames[0] } } -ArgumentList $list | Receive-Job -Wait -AutoRemoveJob
        }
        $result[0] | Should -Be 'Deserialized.System.IO.DirectoryInfo'
        $result[1] | Should -Be 'System.String'
    }

    It 'binds a param block by position' {
        Compare-WithBuiltIn {
            Start-Job { param([int] $a, $b = 'default') "$a/$b/$args"; 'x' } -ArgumentList 1 | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be '1/default/', 'x'
    }
}

Describe '$using:' {
    It 'carries <what>' -ForEach @(
        @{ what = 'a variable'; expected = 5; case = { $v = 5; Start-Job { $using:v; $null = 1 } } }
        @{ what = 'a variable in any spelling'; expected = 5, 5; case = { $v = 5; Start-Job { $using:V; ${using:v} } } }
        @{ what = 'a property chain'; expected = 'deep'; case = { $h = @{ a = @{ b = 'deep' } }; Start-Job { $using:h.a.b; $null = 1 } } }
        @{ what = 'an index'; expected = 20; case = { $list = 10, 20, 30; Start-Job { $using:list[1]; $null = 1 } } }
        @{ what = 'an environment variable'; expected = 'from env'; case = { $env:PSJOB_T = 'from env'; Start-Job { $using:env:PSJOB_T; $null = 1 } } }
        @{ what = 'a value into a nested block'; expected = 7; case = { $v = 7; Start-Job { & { & { $using:v } } } } }
        @{ what = 'a value into a function'; expected = 8; case = { $v = 8; Start-Job { function f { $using:v } f } } }
        @{ what = 'a value into a parameter default'; expected = 9; case = { $v = 9; Start-Job { param($p = $using:v) $p } } }
        @{ what = '$null'; expected = 'null'; case = { $v = $null; Start-Job { if ($null -eq $using:v) { 'null' } } } }
        @{ what = 'a splatted table'; expected = 'a b'; case = { $v = @{ x = 'a'; y = 'b' }; Start-Job { function f($x, $y) { "$x $y" } f @using:v } } }
        @{ what = 'a function''s local variable'; expected = 'local'; case = { function Start-Inner { $l = 'local'; Start-Job { $using:l; $null = 1 } } Start-Inner } }
    ) {
        Compare-WithBuiltIn { & $case | Receive-Job -Wait -AutoRemoveJob } | Should -Be $expected
    }

    It 'takes the value of the moment of the start' {
        Compare-WithBuiltIn {
            $v = 'before'
            $job = Start-Job { $using:v; $null = 1 }
            $v = 'after'
            $job | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'before'
    }

    It 'refuses an undefined variable and starts nothing' {
        $result = Compare-WithBuiltIn { Start-Job { $using:noSuchVariable } }
        $result.FullyQualifiedErrorId | Should -Be 'UsingVariableIsUndefined,Microsoft.PowerShell.Commands.StartJobCommand'
        Get-Job | Should -BeNullOrEmpty
    }

    It 'goes along with arguments' {
        Compare-WithBuiltIn {
            $v = 'u'
            Start-Job { param($a) "$a $using:v $args" } -ArgumentList 1, 2 | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be '1 u 2'
    }
}

Describe 'Input' {
    It 'reaches <what>' -ForEach @(
        @{ what = '$input'; expected = 'got 1 2 3'; case = { 1, 2, 3 | Start-Job { "got $input" } } }
        @{ what = 'a process block'; expected = 'b', '<1>', '<2>', 'e'; case = { 1, 2 | Start-Job { begin { 'b' } process { "<$_>" } end { 'e' } } } }
        @{ what = '$input as one item, given as an array parameter'; expected = 1; case = { Start-Job { @($input).Count } -InputObject 1, 2 } }
        @{ what = '$input as a $null item'; expected = 1; case = { , $null | Start-Job { @($input).Count } } }
        @{ what = '$input as the $null parameter'; expected = 1; case = { Start-Job { @($input).Count } -InputObject $null } }
        @{ what = '$input as text'; expected = 'System.String'; case = { 'a' | Start-Job { @($input)[0].GetType().FullName } } }
        @{ what = 'nothing when there is none'; expected = 0; case = { Start-Job { @($input).Count } } }
    ) {
        Compare-WithBuiltIn { & $case | Receive-Job -Wait -AutoRemoveJob } | Should -Be $expected
    }

    It 'streams while the pipeline still runs' {
        $result = Compare-WithBuiltIn {
            $seen = "$TestDrive/seen-$([guid]::NewGuid())"
            & {
                'first'
                Wait-Until { Test-Path $seen }
                'second'
            } | Start-Job { process { $_; $null = New-Item $using:seen -Force } } | Receive-Job -Wait -AutoRemoveJob
        }
        $result | Should -Be 'first', 'second'
    }

    It 'makes no job when the pipeline is empty' {
        Compare-WithBuiltIn { @() | Start-Job { 1 } } | Should -BeNullOrEmpty
        Get-Job | Should -BeNullOrEmpty
    }

    It 'makes one job of many items' {
        $jobs = 1..5 | Start-Job { "$input" }
        @($jobs).Count | Should -Be 1
        $jobs | Receive-Job -Wait | Should -Be '1 2 3 4 5'
    }

    It 'names the job after the first item that has a Name' {
        Compare-WithBuiltIn {
            $items = [pscustomobject] @{ Name = 'first' }, [pscustomobject] @{ Name = 'second' }
            ($items | Start-Job { @($input).Count }).Name
        } | Should -Be 'first'
    }
}

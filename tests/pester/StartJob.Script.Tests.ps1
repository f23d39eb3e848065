# Where the script of a job comes from (behaviour: where the script comes from).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Set-Content -LiteralPath "$TestDrive/plain.ps1" -Value 'param($x, $y)', '"x=$x y=$y rest=$args input=$input"'
    Set-Content -LiteralPath "$TestDrive/br[a]cket.ps1" -Value '"bracket"'
    Set-Content -LiteralPath "$TestDrive/where.ps1" -Value '"[$PSScriptRoot][$PSCommandPath][$($MyInvocation.MyCommand.Name)]"'
    Set-Content -LiteralPath "$TestDrive/using.ps1" -Value '"using $using:outer"'
    Set-Content -LiteralPath "$TestDrive/broken.ps1" -Value '"a" + ('
    Set-Content -LiteralPath "$TestDrive/text.txt" -Value '1'
    [Environment]::SetEnvironmentVariable('psjob.ps1', '1')
}

AfterEach {
    Clear-Job
}

Describe 'Start-Job -FilePath' {
    It 'runs the file with positional arguments' {
        Compare-WithBuiltIn {
            Start-Job -FilePath "$TestDrive/plain.ps1" -ArgumentList 1, 2, 3 | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'x=1 y=2 rest=3 input='
    }

    It 'never binds by name' {
        Compare-WithBuiltIn {
            Start-Job -FilePath "$TestDrive/plain.ps1" -ArgumentList '-y', 2 | Receive-Job -Wait -AutoRemoveJob
        } | Should -Be 'x=-y y=2 rest= input='
    }

    It 'resolves a relative path at the caller''s location' {
        Push-Location $TestDrive
        try {
            Compare-WithBuiltIn { Start-Job -FilePath ./plain.ps1 | Receive-Job -Wait -AutoRemoveJob } |
                Should -Be 'x= y= rest= input='
        }
        finally {
            Pop-Location
        }
    }

    It 'resolves a path on a drive of the caller' {
        Compare-WithBuiltIn { Start-Job -FilePath TestDrive:/plain.ps1 -WorkingDirectory / | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'x= y= rest= input='
    }

    It 'sends the text only, so the script has no place of its own' {
        Compare-WithBuiltIn { Start-Job -FilePath "$TestDrive/where.ps1" | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be '[][][]'
    }

    It 'gives the file its input and $using: values' {
        $outer = 'value'
        Compare-WithBuiltIn { Start-Job -FilePath "$TestDrive/using.ps1" | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'using value'
        Compare-WithBuiltIn { 7, 8 | Start-Job -FilePath "$TestDrive/plain.ps1" | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'x= y= rest= input=7 8'
    }

    It 'shows the whole text as the job''s command' {
        Compare-WithBuiltIn { (Start-Job -FilePath "$TestDrive/plain.ps1").Command } |
            Should -Be ([System.IO.File]::ReadAllText("$TestDrive/plain.ps1"))
    }
}

Describe 'Start-Job -LiteralPath' {
    It 'takes brackets as they are' {
        Compare-WithBuiltIn { Start-Job -LiteralPath "$TestDrive/br[a]cket.ps1" | Receive-Job -Wait -AutoRemoveJob } |
            Should -Be 'bracket'
    }

    It 'is also called -PSPath and -LP' {
        Compare-WithBuiltIn { Start-Job -LP "$TestDrive/where.ps1" | Receive-Job -Wait -AutoRemoveJob } | Should -Be '[][][]'
        Compare-WithBuiltIn { Start-Job -PSPath "$TestDrive/where.ps1" | Receive-Job -Wait -AutoRemoveJob } | Should -Be '[][][]'
    }
}

Describe 'A script file that cannot run' {
    It 'is refused before a job exists: <what>' -ForEach @(
        @{ what = 'missing'; id = 'PathNotFound'; case = { Start-Job -FilePath "$TestDrive/missing.ps1" } }
        @{ what = 'missing, literally'; id = 'PathNotFound'; case = { Start-Job -LiteralPath "$TestDrive/missing.ps1" } }
        @{ what = 'wildcard'; id = 'System.ArgumentException'; case = { Start-Job -FilePath "$TestDrive/*.ps1" } }
        @{ what = 'not a script'; id = 'System.ArgumentException'; case = { Start-Job -FilePath "$TestDrive/text.txt" } }
        @{ what = 'not a script, literally'; id = 'System.ArgumentException'; case = { Start-Job -LiteralPath "$TestDrive/text.txt" } }
        @{ what = 'does not parse'; id = 'ExpectedExpression'; case = { Start-Job -FilePath "$TestDrive/broken.ps1" } }
        @{ what = 'unknown drive'; id = 'DriveNotFound'; case = { Start-Job -FilePath 'NoSuchDrive:/x.ps1' } }
        @{ what = 'not a file'; id = 'InvalidOperation'; case = { Start-Job -FilePath 'Env:/psjob.ps1' } }
    ) {
        $result = Compare-WithBuiltIn $case
        $result.FullyQualifiedErrorId | Should -BeLike "$id*,Microsoft.PowerShell.Commands.StartJobCommand"
        Get-Job | Should -BeNullOrEmpty
    }

    It 'is refused whatever the error preference' {
        Get-TerminatingErrorId { Start-Job -FilePath "$TestDrive/missing.ps1" -ErrorAction SilentlyContinue } |
            Should -Be 'PathNotFound,Microsoft.PowerShell.Commands.StartJobCommand'
    }
}

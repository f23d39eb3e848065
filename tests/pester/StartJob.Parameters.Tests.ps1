# Which parameters Start-Job has, and how they bind (behaviour: identity, parameter sets, parameters).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $ours = Get-Command PSJob\Start-Job
    $builtIn = Get-Command Microsoft.PowerShell.Core\Start-Job
}

AfterAll {
    Clear-Job
}

Describe 'Start-Job as a command' {
    It 'replaces the built-in one by name and by alias' {
        (Get-Command Start-Job).Source | Should -Be 'PSJob'
        (Get-Command sajb).ResolvedCommand.Source | Should -Be 'PSJob'
    }

    It 'leaves the built-in one reachable by its module' {
        $builtIn.Source | Should -Be 'Microsoft.PowerShell.Core'
    }

    It 'has the class name that its error ids end in' {
        $ours.ImplementingType.FullName | Should -Be $builtIn.ImplementingType.FullName
    }

    It 'declares the same output type and default parameter set' {
        $ours.OutputType.Name | Should -Be $builtIn.OutputType.Name
        $ours.DefaultParameterSet | Should -Be $builtIn.DefaultParameterSet
    }
}

Describe 'The parameters of <name>' -ForEach @{ name = 'Start-Job' }, @{ name = 'Receive-Job' } {
    It 'are each declared as the built-in declares them' {
        $theirs = (Get-Command "Microsoft.PowerShell.Core\$name").Parameters
        foreach ($parameter in (Get-Command "PSJob\$name").Parameters.Values) {
            $known = $theirs[$parameter.Name]
            $known | Should -Not -BeNullOrEmpty -Because "$($parameter.Name) is a parameter of the built-in $name"
            $parameter.ParameterType | Should -Be $known.ParameterType
            $parameter.Aliases -join ' ' | Should -Be ($known.Aliases -join ' ')
        }
    }

    It 'bind in the same sets, at the same positions, from the same pipeline' {
        $theirs = (Get-Command "Microsoft.PowerShell.Core\$name").ParameterSets
        foreach ($set in (Get-Command "PSJob\$name").ParameterSets) {
            $known = $theirs | Where-Object Name -eq $set.Name
            $known | Should -Not -BeNullOrEmpty -Because "$($set.Name) is a set of the built-in $name"
            foreach ($parameter in $set.Parameters) {
                $expected = $known.Parameters | Where-Object Name -eq $parameter.Name
                foreach ($property in 'IsMandatory', 'Position', 'ValueFromPipeline', 'ValueFromPipelineByPropertyName', 'ValueFromRemainingArguments') {
                    $parameter.$property | Should -Be $expected.$property -Because "$property of $($parameter.Name) in $($set.Name)"
                }
            }
        }
    }
}

Describe 'Binding Start-Job' {
    It 'refuses <what> with the id of the built-in' -ForEach @(
        @{ what = 'no script'; case = { Start-Job -ScriptBlock $null } }
        @{ what = 'text instead of a script'; case = { Start-Job -ScriptBlock 'text' } }
        @{ what = 'an empty file name'; case = { Start-Job -FilePath '' } }
        @{ what = 'a blank working directory'; case = { Start-Job { 1 } -WorkingDirectory ' ' } }
        @{ what = 'a script and a file'; case = { Start-Job -ScriptBlock { 1 } -FilePath 'x.ps1' } }
    ) {
        $result = Compare-WithBuiltIn $case
        $result | Should -BeOfType ([System.Management.Automation.ErrorRecord])
        Get-Job | Should -BeNullOrEmpty
    }

    It 'takes a script at position 0 and an initialization script at position 1' {
        Compare-WithBuiltIn { Start-Job { "main $x" } { $x = 5 } | Receive-Job -Wait -AutoRemoveJob } | Should -Be 'main 5'
    }

    It 'accepts -Command and -Args' {
        Compare-WithBuiltIn { Start-Job -Command { "$args" } -Args 1, 2 | Receive-Job -Wait -AutoRemoveJob } | Should -Be '1 2'
    }

    It 'accepts the alias sajb' {
        Compare-WithBuiltIn { sajb { 'aliased' } | rcjb -Wait -AutoRemoveJob } | Should -Be 'aliased'
    }
}

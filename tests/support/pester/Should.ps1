# Assertions. As with Pester, the value under test comes through the pipeline or as -ActualValue, a failed assertion is a
# terminating error with the id PesterAssertionFailed, and text is compared without regard to case unless it says Exactly.

function Should {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)]
        [Alias('ExpectedMessage', 'ExpectedType', 'RegularExpression')]
        $ExpectedValue,
        [Parameter(ValueFromPipeline)] $ActualValue,
        [switch] $Not,
        [string] $Because,
        [Alias('EQ')] [switch] $Be,
        [Alias('CEQ')] [switch] $BeExactly,
        [switch] $BeTrue,
        [switch] $BeFalse,
        [switch] $BeNullOrEmpty,
        [Alias('HaveType')] [switch] $BeOfType,
        [switch] $Match,
        [Alias('CMATCH')] [switch] $MatchExactly,
        [switch] $BeLike,
        [switch] $BeIn,
        [switch] $Contain,
        [switch] $HaveCount,
        [Alias('GT')] [switch] $BeGreaterThan,
        [Alias('LT')] [switch] $BeLessThan,
        [Alias('GE')] [switch] $BeGreaterOrEqual,
        [Alias('LE')] [switch] $BeLessOrEqual,
        [switch] $Throw,
        [string] $ErrorId,
        [type] $ExceptionType,
        [switch] $PassThru
    )

    begin {
        $items = [System.Collections.Generic.List[object]]::new()
    }

    process {
        if ($PSBoundParameters.ContainsKey('ActualValue')) {
            $items.Add($ActualValue)
        }
    }

    end {
        $actual = switch ($items.Count) {
            0 { $null }
            1 { , $items[0] }
            default { , $items.ToArray() }
        }

        $operator = @('Be', 'BeExactly', 'BeTrue', 'BeFalse', 'BeNullOrEmpty', 'BeOfType', 'Match', 'MatchExactly', 'BeLike',
            'BeIn', 'Contain', 'HaveCount', 'BeGreaterThan', 'BeLessThan', 'BeGreaterOrEqual', 'BeLessOrEqual', 'Throw').
        Where({ $PSBoundParameters.ContainsKey($_) })
        if ($operator.Count -ne 1) {
            throw [System.ArgumentException]::new('Should needs exactly one operator such as -Be.')
        }

        if ($Throw) {
            Assert-Throw $actual $ExpectedValue $ErrorId $ExceptionType $Not $Because $PassThru
        }
        elseif ((Test-Assertion $operator[0] $actual $ExpectedValue) -eq $Not.IsPresent) {
            $negation = if ($Not) { 'not ' } else { '' }
            $expected = if ($PSBoundParameters.ContainsKey('ExpectedValue')) { ' ' + (Format-TestValue $ExpectedValue) } else { '' }
            Stop-Assertion "Expected $(Format-TestValue $actual) ${negation}to $($operator[0])$expected." $Because
        }
    }
}

function Test-Assertion([string] $Operator, $Actual, $Expected) {
    switch ($Operator) {
        'Be' { Test-TestValueEqual $Actual $Expected { param($x, $y) $x -eq $y } }
        'BeExactly' { Test-TestValueEqual $Actual $Expected { param($x, $y) $x -ceq $y } }
        'BeTrue' { [bool] $Actual }
        'BeFalse' { -not $Actual }
        'BeNullOrEmpty' { $null -eq $Actual -or '' -eq $Actual -or ($Actual -is [System.Collections.ICollection] -and $Actual.Count -eq 0) }
        'BeOfType' { $Actual -is ($Expected -is [string] ? [type] $Expected.Trim('[', ']') : $Expected) }
        'Match' { $Actual -match $Expected }
        'MatchExactly' { $Actual -cmatch $Expected }
        'BeLike' { $Actual -like $Expected }
        'BeIn' { $Expected -contains $Actual }
        'Contain' { @($Actual) -contains $Expected }
        'HaveCount' { @($Actual).Where({ $null -ne $_ -or $Actual -is [array] }).Count -eq $Expected }
        'BeGreaterThan' { $Actual -gt $Expected }
        'BeLessThan' { $Actual -lt $Expected }
        'BeGreaterOrEqual' { $Actual -ge $Expected }
        'BeLessOrEqual' { $Actual -le $Expected }
    }
}

function Test-TestValueEqual($Actual, $Expected, [scriptblock] $Compare) {
    if ($Actual -isnot [array] -and $Expected -isnot [array]) {
        return [bool] (& $Compare $Actual $Expected)
    }

    $left, $right = @($Actual), @($Expected)
    if ($left.Count -ne $right.Count) {
        return $false
    }

    for ($i = 0; $i -lt $left.Count; $i++) {
        if (-not (Test-TestValueEqual $left[$i] $right[$i] $Compare)) {
            return $false
        }
    }

    $true
}

function Assert-Throw($Script, $Message, $ErrorId, $ExceptionType, $Not, $Because, $PassThru) {
    if ($Script -isnot [scriptblock]) {
        throw [System.ArgumentException]::new('Should -Throw needs a script block.')
    }

    $caught = $null
    try {
        $null = & $Script
    }
    catch {
        $caught = $_
    }

    $wanted = @(
        if ($Message) { "message $(Format-TestValue $Message)" }
        if ($ErrorId) { "id $(Format-TestValue $ErrorId)" }
        if ($ExceptionType) { "type [$ExceptionType]" }
    ) -join ', '
    $matches = $null -ne $caught -and
        (-not $Message -or $caught.Exception.Message -like $Message) -and
        (-not $ErrorId -or $caught.FullyQualifiedErrorId -eq $ErrorId) -and
        (-not $ExceptionType -or $caught.Exception -is $ExceptionType)
    if ($matches -eq $Not) {
        $negation = if ($Not) { 'no ' } else { 'an ' }
        $got = if ($caught) {
            "[$($caught.Exception.GetType())] $(Format-TestValue $caught.FullyQualifiedErrorId) $(Format-TestValue $caught.Exception.Message)"
        }
        else {
            'none'
        }

        Stop-Assertion "Expected ${negation}exception ($wanted), but got $got." $Because
    }

    if ($PassThru) {
        $caught
    }
}

function Format-TestValue($Value) {
    if ($null -eq $Value) { '$null' }
    elseif ($Value -is [string]) { "'$Value'" }
    elseif ($Value -is [array]) { '@(' + (@($Value).ForEach({ Format-TestValue $_ }) -join ', ') + ')' }
    elseif ($Value -is [type]) { "[$Value]" }
    else { "$Value [$($Value.GetType().Name)]" }
}

function Stop-Assertion([string] $Message, [string] $Because) {
    $reason = if ($Because) { " because $Because" } else { '' }
    $exception = [System.Management.Automation.RuntimeException]::new($Message.TrimEnd('.') + "$reason.")
    throw [System.Management.Automation.ErrorRecord]::new($exception, 'PesterAssertionFailed', 'InvalidResult', $null)
}

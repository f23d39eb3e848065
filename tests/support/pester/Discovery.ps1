# The words that describe tests. A test file is run once to build the tree of its blocks and tests; Run.ps1 runs that
# tree afterwards. So set-up belongs into BeforeAll, as with Pester 5: plain statements in a block run too early.

function New-TestBlock([string] $Name, $Parent) {
    [pscustomobject]@{
        Kind = 'Block'
        Name = $Name
        Path = if ($Parent.Path) { "$($Parent.Path).$Name" } else { $Name }
        Parent = $Parent
        Data = $null
        Skip = [bool] $Parent.Skip
        Items = [System.Collections.Generic.List[object]]::new()
        BeforeAll = [System.Collections.Generic.List[scriptblock]]::new()
        AfterAll = [System.Collections.Generic.List[scriptblock]]::new()
        BeforeEach = [System.Collections.Generic.List[scriptblock]]::new()
        AfterEach = [System.Collections.Generic.List[scriptblock]]::new()
    }
}

# Replaces <key> and <key.property> by the values of one test case, and <_> by the case itself.
function Expand-TestName([string] $Name, $Data) {
    if ($null -eq $Data) {
        return $Name
    }

    [regex]::Replace($Name, '<([^<>]+)>', {
            param($match)
            $parts = $match.Groups[1].Value.Split('.')
            if ($parts[0] -eq '_') {
                $value = $Data
            }
            elseif ($Data -is [System.Collections.IDictionary] -and $Data.Contains($parts[0])) {
                $value = $Data[$parts[0]]
            }
            else {
                return $match.Value
            }

            for ($i = 1; $i -lt $parts.Count; $i++) {
                $value = $value.($parts[$i])
            }

            if ($null -eq $value) { '$null' } else { "$value" }
        })
}

function Describe {
    [Alias('Context')]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Name,
        [Parameter(Mandatory, Position = 1)] [scriptblock] $Fixture,
        [string[]] $Tag,
        [object[]] $ForEach,
        [switch] $Skip
    )

    $parent = $PSJobPester.Block
    $cases = $PSBoundParameters.ContainsKey('ForEach') ? $ForEach : @($null)
    foreach ($data in $cases) {
        $block = New-TestBlock (Expand-TestName $Name $data) $parent
        $block.Data = $data
        $block.Skip = $Skip -or $parent.Skip
        $parent.Items.Add($block)
        $PSJobPester.Block = $block
        try {
            Invoke-TestScript $data $Fixture
        }
        finally {
            $PSJobPester.Block = $parent
        }
    }
}

function It {
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Name,
        [Parameter(Mandatory, Position = 1)] [scriptblock] $Test,
        [string[]] $Tag,
        [Alias('TestCases')] [object[]] $ForEach,
        [switch] $Skip
    )

    $parent = $PSJobPester.Block
    $cases = $PSBoundParameters.ContainsKey('ForEach') ? $ForEach : @($null)
    foreach ($data in $cases) {
        $expanded = Expand-TestName $Name $data
        $parent.Items.Add([pscustomobject]@{
                Kind = 'Test'
                Name = $expanded
                Path = "$($parent.Path).$expanded"
                Parent = $parent
                Data = $data
                Skip = $Skip -or $parent.Skip
                Script = $Test
            })
    }
}

function BeforeAll([scriptblock] $Scriptblock) { $PSJobPester.Block.BeforeAll.Add($Scriptblock) }
function AfterAll([scriptblock] $Scriptblock) { $PSJobPester.Block.AfterAll.Add($Scriptblock) }
function BeforeEach([scriptblock] $Scriptblock) { $PSJobPester.Block.BeforeEach.Add($Scriptblock) }
function AfterEach([scriptblock] $Scriptblock) { $PSJobPester.Block.AfterEach.Add($Scriptblock) }

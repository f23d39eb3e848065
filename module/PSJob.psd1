@{
  RootModule = 'PSJob.dll'
  ModuleVersion = '0.1.0'
  GUID = '6f0a1b0e-7c55-4a3e-9d0c-2b8f6b1d5a47'
  Author = 'The psjob authors'
  CompanyName = 'psjob'
  Copyright = '(c) The psjob authors. MIT license.'
  Description = 'Start-Job and Receive-Job on a native job engine: drop-in replacements for the built-in cmdlets.'
  PowerShellVersion = '7.6'
  CompatiblePSEditions = @('Core')
  # No alias: the built-in sajb and rcjb resolve by name and so reach these cmdlets; an alias of our own would
  # be removed with the module and take the built-in one with it.
  AliasesToExport = @()
  CmdletsToExport = @('Receive-Job', 'Start-Job')
  FunctionsToExport = @()
  VariablesToExport = @()
  PrivateData = @{
    PSData = @{
      Tags = @('Job', 'Start-Job', 'Receive-Job', 'Background', 'Parallel', 'PSEdition_Core', 'Linux')
    }
  }
}

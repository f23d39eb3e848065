using System.Management.Automation;

namespace PSJob.Cmdlets;

/// <summary>Finds jobs of every kind, ours and others', as the built-in cmdlets do: it asks Get-Job.</summary>
/// <remarks>
/// Jobs of job source adapters cannot be found in any public way but this. The full name leaves no alias, function or module
/// of the user's between.
/// </remarks>
internal sealed class JobLookup(PSCmdlet cmdlet)
{
    private const string GetJob = @"Microsoft.PowerShell.Core\Get-Job";

    internal IEnumerable<Job> ByName(IEnumerable<string> names) => names.SelectMany(name =>
        Find("Name", name, WildcardPattern.ContainsWildcardCharacters(name) ? null : "JobWithSpecifiedNameNotFound"));

    internal IEnumerable<Job> ById(IEnumerable<int> ids) => ids.SelectMany(id => Find("Id", id, "JobWithSpecifiedSessionNotFound"));

    private List<Job> Find(string parameter, object value, string? errorId)
    {
        using PowerShell command = PowerShell.Create(RunspaceMode.CurrentRunspace)
            .AddCommand(GetJob).AddParameter(parameter, value).AddParameter("ErrorAction", ActionPreference.Ignore);
        List<Job> found = [.. command.Invoke().Select(job => job.BaseObject).OfType<Job>()];
        if (found.Count == 0 && errorId is not null)
        {
            cmdlet.WriteError(new ErrorRecord(
                new PSArgumentException($"No job has the {parameter} '{value}'.", parameter), errorId, ErrorCategory.ObjectNotFound, value));
        }

        return found;
    }
}

using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>A command whose errors come from a provider: they keep their id and do not end the pipeline.</summary>
public abstract class ProviderCommand : PSCmdlet
{
    protected void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (Exception e) when (e is IContainsErrorRecord)
        {
            WriteError(new ErrorRecord(((IContainsErrorRecord)e).ErrorRecord, e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(new ErrorRecord(e, e.GetType().Name, ErrorCategory.OpenError, null));
        }
    }
}

/// <summary>A command on existing items, named by wildcard pattern (-Path) or exactly (-LiteralPath).</summary>
public abstract class ExistingItemCommand : ProviderCommand
{
    [Parameter(Position = 0, ParameterSetName = "Path", Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = "LiteralPath", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    protected bool IsLiteral => ParameterSetName == "LiteralPath";

    protected string[] Names => IsLiteral ? LiteralPath : Path;

    /// <summary>The file-system paths of the named items; an error if there are none.</summary>
    protected IEnumerable<string> ResolveFiles()
    {
        IEnumerable<string> patterns = IsLiteral ? LiteralPath.Select(WildcardPattern.Escape) : Path;
        return patterns.SelectMany(pattern => SessionState.Path.GetResolvedProviderPathFromPSPath(pattern, out _));
    }
}

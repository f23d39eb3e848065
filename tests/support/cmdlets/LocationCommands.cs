using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Location")]
[OutputType(typeof(PathInfo))]
public sealed class GetLocationCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(SessionState.Path.CurrentLocation);
}

/// <summary>The commands that take a location to go to.</summary>
public abstract class ChangeLocationCommand : ProviderCommand
{
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string? Path { get; set; }

    [Parameter(ParameterSetName = "LiteralPath", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string? LiteralPath { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Goes there, and home without a path.</summary>
    protected void Change()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string target = LiteralPath is null ? Path ?? home : WildcardPattern.Escape(LiteralPath);
        PathInfo location = SessionState.Path.SetLocation(target);
        if (PassThru)
        {
            WriteObject(location);
        }
    }
}

[Cmdlet(VerbsCommon.Set, "Location", DefaultParameterSetName = "Path")]
public sealed class SetLocationCommand : ChangeLocationCommand
{
    protected override void ProcessRecord() => Guard(Change);
}

[Cmdlet(VerbsCommon.Push, "Location", DefaultParameterSetName = "Path")]
public sealed class PushLocationCommand : ChangeLocationCommand
{
    [Parameter]
    public string? StackName { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        SessionState.Path.PushCurrentLocation(StackName);
        if (Path is not null || LiteralPath is not null)
        {
            Change();
        }
    });
}

[Cmdlet(VerbsCommon.Pop, "Location")]
public sealed class PopLocationCommand : ProviderCommand
{
    [Parameter]
    public string? StackName { get; set; }

    protected override void ProcessRecord() => Guard(() => SessionState.Path.PopLocation(StackName));
}

[Cmdlet(VerbsCommon.Get, "PSDrive")]
public sealed class GetPSDriveCommand : ProviderCommand
{
    [Parameter(Position = 0)]
    public string[]? Name { get; set; }

    protected override void ProcessRecord() => Guard(() => WriteObject(
        Name is null ? SessionState.Drive.GetAll() : Name.Select(SessionState.Drive.Get),
        enumerateCollection: true));
}

[Cmdlet(VerbsCommon.New, "PSDrive")]
public sealed class NewPSDriveCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public string Name { get; set; } = "";

    [Parameter(Position = 1, Mandatory = true)]
    public string PSProvider { get; set; } = "";

    [Parameter(Position = 2, Mandatory = true)]
    [AllowEmptyString]
    public string Root { get; set; } = "";

    [Parameter]
    public string Scope { get; set; } = "Local";

    protected override void ProcessRecord() => Guard(() =>
    {
        ProviderInfo provider = SessionState.Provider.GetOne(PSProvider);
        WriteObject(SessionState.Drive.New(new PSDriveInfo(Name, provider, Root, "", null), Scope));
    });
}

[Cmdlet(VerbsCommon.Remove, "PSDrive")]
public sealed class RemovePSDriveCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public string[] Name { get; set; } = [];

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (string name in Name)
        {
            SessionState.Drive.Remove(name, Force, "Global");
        }
    });
}

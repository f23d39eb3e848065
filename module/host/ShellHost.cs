using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace PSJob.Host;

/// <summary>The engine's view of the shell: its user interface, `exit`, nested prompts.</summary>
/// <param name="ui">The user interface.</param>
/// <param name="nestedPrompt">Runs a prompt inside the running command until it is left.</param>
internal sealed class ShellHost(ShellUI ui, Action nestedPrompt) : PSHost
{
    private bool _exitNestedPrompt;

    /// <summary>What a script asked for with `exit`; null while the session goes on.</summary>
    public int? ExitCode { get; private set; }

    public ShellUI ShellUI => ui;

    public override PSHostUserInterface UI => ui;

    public override string Name => "psjob-host";

    public override Version Version => PSVersionInfo.PSVersion;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => nestedPrompt();

    public override void ExitNestedPrompt() => _exitNestedPrompt = true;

    /// <summary>Nothing to do: the shell changes no terminal mode that a native command could miss.</summary>
    public override void NotifyBeginApplication()
    {
    }

    /// <inheritdoc cref="NotifyBeginApplication"/>
    public override void NotifyEndApplication()
    {
    }

    /// <summary>Whether the prompt is to be left; asking clears the wish.</summary>
    internal bool TakeExitNestedPrompt()
    {
        bool exit = _exitNestedPrompt;
        _exitNestedPrompt = false;
        return exit;
    }
}

using System.Management.Automation;
using System.Management.Automation.Internal;
using PSJob.Jobs;

namespace PSJob.Cmdlets;

/// <summary>
/// Makes a cmdlet show the warning, verbose, debug and progress records of a job whatever the caller's preference variables
/// say: the job's own preferences have decided already, and the built-in shows them unconditionally, too. What the caller says
/// explicitly (-WarningAction, -Verbose:$false, redirection) counts.
/// </summary>
internal static class StreamPreferences
{
    internal static void ShowAll(PSCmdlet cmdlet)
    {
        if (EngineInternals.CommonParametersOf(cmdlet) is not { } common)
        {
            return;
        }

        Dictionary<string, object> bound = cmdlet.MyInvocation.BoundParameters;
        if (!bound.ContainsKey(nameof(CommonParameters.Verbose)))
        {
            common.Verbose = true;
        }

        if (!bound.ContainsKey(nameof(CommonParameters.Debug)))
        {
            common.Debug = true;
        }

        if (!bound.ContainsKey(nameof(CommonParameters.WarningAction)))
        {
            common.WarningAction = ActionPreference.Continue;
        }

        if (!bound.ContainsKey(nameof(CommonParameters.ProgressAction)))
        {
            common.ProgressAction = ActionPreference.Continue;
        }

        // Information is shown or not as the caller prefers, but even Ignore does not silence the job's Write-Host.
        if (!bound.ContainsKey(nameof(CommonParameters.InformationAction)) && common.InformationAction == ActionPreference.Ignore)
        {
            common.InformationAction = ActionPreference.SilentlyContinue;
        }
    }
}

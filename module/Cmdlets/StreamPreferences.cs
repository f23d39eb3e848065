using System.Management.Automation;
using System.Management.Automation.Internal;
using PSJob.Jobs;

namespace PSJob.Cmdlets;

/// <summary>
/// Makes a cmdlet show the warning, verbose, debug and progress records of a job whatever the caller's preference variables
/// say: the job's own preferences have decided already, and the built-in shows them unconditionally, too. What the caller says
/// explicitly (-WarningAction, -Verbose:$false, redirection) counts.
/// </summary>
internal sealed class StreamPreferences
{
    private readonly CommonParameters? _common;
    private readonly bool _informationIsGiven;

    /// <summary>Takes effect at once, for as long as the cmdlet runs.</summary>
    internal StreamPreferences(PSCmdlet cmdlet)
    {
        Dictionary<string, object> bound = cmdlet.MyInvocation.BoundParameters;
        _common = EngineInternals.CommonParametersOf(cmdlet);
        _informationIsGiven = bound.ContainsKey(nameof(CommonParameters.InformationAction));
        if (_common is not null)
        {
            ShowAll(_common, bound);
        }
    }

    /// <summary>Writes an information record that the job has shown: it is shown again unless the caller asked for something else.</summary>
    /// <returns>False if nothing was done, because the engine does not let it.</returns>
    internal bool TryShow(Action write)
    {
        if (_common is null)
        {
            return false;
        }

        ActionPreference before = _common.InformationAction;
        _common.InformationAction = _informationIsGiven ? before : ActionPreference.Continue;
        try
        {
            write();
            return true;
        }
        finally
        {
            _common.InformationAction = before;
        }
    }

    private static void ShowAll(CommonParameters common, Dictionary<string, object> bound)
    {
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

        // What the job has not shown is shown or not as the caller prefers, but even Ignore does not silence its Write-Host.
        if (!bound.ContainsKey(nameof(CommonParameters.InformationAction)) && common.InformationAction == ActionPreference.Ignore)
        {
            common.InformationAction = ActionPreference.SilentlyContinue;
        }
    }
}

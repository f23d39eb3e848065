using System.Management.Automation;
using System.Management.Automation.Host;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>
/// Shows the records of the steps before the job (location, initialization script) on the host, at once and outside of any
/// pipeline, as the built-in job does.
/// </summary>
internal static class HostWriter
{
    private const long ProgressSource = 0;

    internal static void Write(PSHost host, JobRecord record)
    {
        if (host.UI is not { } ui)
        {
            return;
        }

        try
        {
            Write(host, ui, record);
        }
        catch (Exception)
        {
            // A host that cannot show something, or is closing, is no fault of the job's.
        }
    }

    private static void Write(PSHost host, PSHostUserInterface ui, JobRecord record)
    {
        switch (record.Value)
        {
            case HostCall call:
                call.Run(host);
                break;
            case ErrorRecord error:
                ui.WriteErrorLine(error.ToString());
                break;
            case WarningRecord warning:
                ui.WriteWarningLine(warning.Message);
                break;
            case VerboseRecord verbose:
                ui.WriteVerboseLine(verbose.Message);
                break;
            case DebugRecord debug:
                ui.WriteDebugLine(debug.Message);
                break;
            case ProgressRecord progress:
                ui.WriteProgress(ProgressSource, progress);
                break;
            case InformationRecord information when information.Tags.Contains("PSHOST"):
                Write(ui, information.MessageData as HostInformationMessage ?? new HostInformationMessage { Message = information.ToString() });
                break;
            case PSObject output when record.Stream == RecordStream.Output:
                ui.WriteLine(output.ToString());
                break;
        }
    }

    private static void Write(PSHostUserInterface ui, HostInformationMessage message)
    {
        string text = message.NoNewLine == true ? message.Message : message.Message + Environment.NewLine;
        if (message.ForegroundColor is null && message.BackgroundColor is null)
        {
            ui.Write(text);
        }
        else
        {
            ui.Write(message.ForegroundColor ?? ConsoleColor.Gray, message.BackgroundColor ?? ConsoleColor.Black, text);
        }
    }
}

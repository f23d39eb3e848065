using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Remoting;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>Why a child failed: the exception for its state, and the error record that Receive-Job writes.</summary>
internal sealed record JobFailure(Exception Reason, ErrorRecord Record)
{
    /// <summary>Translates the engine's reason: either the worker's own error, or a broken session.</summary>
    internal static JobFailure From(EngineError error, RecordFactory factory)
    {
        if (error.Record.Length > 0)
        {
            ErrorRecord remote = factory.CreateError(error.Record);
            return new JobFailure(remote.Exception, remote);
        }

        string id = error.Id.Length > 0 ? error.Id : "PSSessionStateBroken";
        PSRemotingTransportException broken = new(error.Message) { ErrorCode = LeadingNumber(id) };
        ErrorRecord record = new(broken, id, ErrorCategory.OpenError, factory.Origin.PSComputerName)
        {
            ErrorDetails = new ErrorDetails($"[{factory.Origin.PSComputerName}] {error.Message}"),
        };
        return new JobFailure(broken, record);
    }

    /// <summary>The code in ids like <c>2101,PSSessionStateBroken</c>; 0 where there is none.</summary>
    private static int LeadingNumber(string id) =>
        int.TryParse(id.AsSpan(0, Math.Max(0, id.IndexOf(','))), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int code) ? code : 0;
}

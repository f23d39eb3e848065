using System.Text;

namespace PSJob.Native;

/// <summary>What the engine says about a failure: a <c>psjob_error</c>, copied.</summary>
/// <param name="Status">The <c>psjob_status</c>.</param>
/// <param name="Message">For people.</param>
/// <param name="Id">The FullyQualifiedErrorId that PowerShell uses for it, or empty.</param>
/// <param name="Record">CLIXML of the worker's own error record, or empty.</param>
/// <param name="ExitCode">The worker's exit code, or -1.</param>
/// <param name="Signal">The signal that ended the worker, or -1.</param>
internal sealed record EngineError(Status Status, string Message, string Id, string Record, int ExitCode, int Signal)
{
    /// <summary>Copies and frees a native error.</summary>
    internal static unsafe EngineError Take(psjob_error* error)
    {
        try
        {
            return new EngineError(
                (Status)NativeMethods.psjob_error_get_status(error),
                Utf8.Text(NativeMethods.psjob_error_get_message(error)),
                Utf8.Text(NativeMethods.psjob_error_get_id(error)),
                Utf8.Text(NativeMethods.psjob_error_get_record(error)),
                NativeMethods.psjob_error_get_exit_code(error),
                NativeMethods.psjob_error_get_signal(error));
        }
        finally
        {
            NativeMethods.psjob_error_free(error);
        }
    }

    /// <summary>The one place where a status becomes an exception.</summary>
    /// <exception cref="EngineException">The status is not <see cref="Status.Ok"/>.</exception>
    internal static unsafe void ThrowIfError(int status, psjob_error* error)
    {
        if (status == (int)Status.Ok)
        {
            return;
        }

        throw new EngineException(error == null
            ? new EngineError((Status)status, $"The job engine reported status {status}.", "", "", -1, -1)
            : Take(error));
    }
}

/// <summary>A call into the engine failed.</summary>
internal sealed class EngineException(EngineError error) : Exception(error.Message)
{
    internal EngineError Error { get; } = error;
}

/// <summary>The numbers of <c>psjob_status</c> that the module tells apart.</summary>
internal enum Status
{
    Ok = 0,
    Timeout = 5,
    ShutDown = 6,
    Ended = 7,
}

/// <summary>Text across the boundary.</summary>
internal static class Utf8
{
    internal static unsafe string Text(psjob_str text) =>
        text.len == 0 ? "" : Encoding.UTF8.GetString(text.data, checked((int)text.len));
}

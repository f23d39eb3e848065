using System.Text;

namespace PSJob.Native;

/// <summary>What the engine says about a failure: a <c>psjob_error</c>, copied.</summary>
/// <param name="Status">One of <c>PSJOB_STATUS_…</c>.</param>
/// <param name="Message">For people.</param>
/// <param name="Id">The FullyQualifiedErrorId that PowerShell uses for it, or empty.</param>
/// <param name="Record">CLIXML of the worker's own error record, or empty.</param>
internal sealed record EngineError(int Status, string Message, string Id = "", string Record = "")
{
    /// <summary>Copies and frees a native error.</summary>
    internal static unsafe EngineError Take(psjob_error* error)
    {
        try
        {
            return new EngineError(
                NativeMethods.psjob_error_get_status(error),
                Text(NativeMethods.psjob_error_get_message(error)),
                Text(NativeMethods.psjob_error_get_id(error)),
                Text(NativeMethods.psjob_error_get_record(error)));
        }
        finally
        {
            NativeMethods.psjob_error_free(error);
        }
    }

    /// <summary>The one place where a status becomes an exception. Takes the native error.</summary>
    /// <exception cref="EngineException">The status is not OK.</exception>
    internal static unsafe void ThrowIfError(int status, psjob_error* error)
    {
        if (status != NativeMethods.PSJOB_STATUS_OK)
        {
            throw new EngineException(error == null ? new EngineError(status, $"The job engine reported status {status}.") : Take(error));
        }
    }

    /// <summary>Copies borrowed text.</summary>
    internal static unsafe string Text(psjob_str text) =>
        text.len == 0 ? "" : Encoding.UTF8.GetString(text.data, checked((int)text.len));
}

/// <summary>A call into the engine failed.</summary>
internal sealed class EngineException(EngineError error) : Exception(error.Message)
{
    internal EngineError Error { get; } = error;
}

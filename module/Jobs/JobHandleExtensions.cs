using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>Questions to a job that may have been refused by the engine, or removed on another thread.</summary>
internal static class JobHandleExtensions
{
    /// <summary>Asks the engine.</summary>
    /// <returns>The answer, or <paramref name="otherwise"/> if there is no such job (any more).</returns>
    internal static T Ask<T>(this JobHandle? handle, Func<JobHandle, T> question, T otherwise)
    {
        try
        {
            return handle is null ? otherwise : question(handle);
        }
        catch (ObjectDisposedException)
        {
            return otherwise;
        }
    }

    /// <summary>Tells the engine something; nothing happens if there is no such job (any more).</summary>
    internal static void Tell(this JobHandle? handle, Action<JobHandle> order) =>
        handle.Ask(
            existing =>
            {
                order(existing);
                return true;
            },
            otherwise: false);
}

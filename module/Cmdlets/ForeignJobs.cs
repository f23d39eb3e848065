using System.Management.Automation;

namespace PSJob.Cmdlets;

/// <summary>Receives jobs that are not ours (the <c>&amp;</c> operator's, Invoke-Command's, adapters') as the built-in cmdlet does: with it.</summary>
internal static class ForeignJobs
{
    // The plain name is this module's cmdlet.
    private const string BuiltIn = @"Microsoft.PowerShell.Core\Receive-Job";

    /// <summary>Runs the built-in Receive-Job inside the cmdlet's pipeline: what it writes is the cmdlet's output.</summary>
    /// <param name="cmdlet">Whose streams it writes to, and whose stop it obeys.</param>
    /// <param name="jobs">What to receive.</param>
    /// <param name="switches">The switches that it is called with.</param>
    internal static void Receive(PSCmdlet cmdlet, IReadOnlyCollection<Job> jobs, IEnumerable<string> switches)
    {
        using PowerShell command = PowerShell.Create(RunspaceMode.CurrentRunspace).AddCommand(BuiltIn).AddParameter("Job", jobs.ToArray());
        foreach (string name in switches)
        {
            command.AddParameter(name);
        }

        using SteppablePipeline pipeline = command.GetSteppablePipeline();

        // Not Begin(cmdlet): behind a pipeline, that one would wait for input instead of taking the parameter.
        pipeline.Begin(expectInput: false, (EngineIntrinsics)cmdlet.SessionState.PSVariable.GetValue("ExecutionContext"));
        pipeline.Process();
        pipeline.End();
    }
}

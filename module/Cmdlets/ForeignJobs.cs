using System.Management.Automation;
using Microsoft.PowerShell.Commands;

namespace PSJob.Cmdlets;

/// <summary>Receives jobs that are not ours (the <c>&amp;</c> operator's, Invoke-Command's, adapters') as the built-in cmdlet does: with it.</summary>
internal static class ForeignJobs
{
    // By its class: a name would find this module's cmdlet.
    private static readonly CmdletInfo s_receiveJob =
        new("Receive-Job", typeof(GetJobCommand).Assembly.GetType("Microsoft.PowerShell.Commands.ReceiveJobCommand", throwOnError: true));

    /// <summary>Runs the built-in Receive-Job inside the cmdlet's pipeline: what it writes is the cmdlet's output.</summary>
    /// <param name="cmdlet">Whose streams it writes to, and whose stop it obeys.</param>
    /// <param name="jobs">What to receive.</param>
    /// <param name="switches">The switches that it is called with.</param>
    internal static void Receive(PSCmdlet cmdlet, IReadOnlyCollection<Job> jobs, IEnumerable<string> switches)
    {
        using PowerShell command = PowerShell.Create(RunspaceMode.CurrentRunspace).AddCommand(s_receiveJob).AddParameter("Job", jobs.ToArray());
        foreach (string name in switches)
        {
            command.AddParameter(name);
        }

        using SteppablePipeline pipeline = command.GetSteppablePipeline();
        pipeline.Begin(cmdlet);
        pipeline.Process();
        pipeline.End();
    }
}

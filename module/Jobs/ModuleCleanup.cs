using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace PSJob.Jobs;

/// <summary>Ends the runspace's jobs when the module is removed from it. The native library stays loaded.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => JobEngine.EndJobsOf(Runspace.DefaultRunspace);
}

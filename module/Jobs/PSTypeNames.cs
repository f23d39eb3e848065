using System.Collections.ObjectModel;
using System.Management.Automation;

namespace PSJob.Jobs;

/// <summary>Gives our jobs the type names of the built-in ones, which formats, type data and scripts go by.</summary>
internal static class PSTypeNames
{
    /// <summary>Replaces the names; they stick to the object, whoever wraps it later.</summary>
    internal static void Replace(Job job, string name)
    {
        Collection<string> names = PSObject.AsPSObject(job).TypeNames;
        names.Clear();
        names.Add(name);
        names.Add(typeof(Job).FullName!);
        names.Add(typeof(object).FullName!);
    }
}

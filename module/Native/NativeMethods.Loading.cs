using System.Reflection;
using System.Runtime.InteropServices;

namespace PSJob.Native;

/// <summary>Finds the engine's library in the module's own folder.</summary>
/// <remarks>
/// PowerShell's resolver looks in other places and adds no <c>lib</c> prefix (CorePsAssemblyLoadContext.cs), so the module
/// brings its own. The library is never unloaded: its thread would run on in unmapped code.
/// </remarks>
internal static unsafe partial class NativeMethods
{
    static NativeMethods() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);

    /// <summary>Refuses a library of another version; called once, before any other function.</summary>
    /// <exception cref="DllNotFoundException">The library is missing, does not load here, or is of another version.</exception>
    internal static void CheckAbi()
    {
        uint version = psjob_abi_version();
        if (version != PSJOB_ABI_VERSION)
        {
            throw new DllNotFoundException(
                $"{LibraryPath} has ABI version {version}, this module needs {PSJOB_ABI_VERSION}. Install the module's folder as a whole.");
        }
    }

    /// <summary>The folder of the library and of the guard.</summary>
    internal static string Folder { get; } =
        Path.Combine(Path.GetDirectoryName(typeof(NativeMethods).Assembly.Location)!, "runtimes", "linux-x64", "native");

    /// <summary>The executable that owns the workers' process groups; it lies beside the library.</summary>
    internal static string GuardPath => Path.Combine(Folder, "psjob-guard");

    private static string LibraryPath => Path.Combine(Folder, "libpsjob.so");

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != __DllName)
        {
            return 0;
        }

        try
        {
            return NativeLibrary.Load(LibraryPath);
        }
        catch (Exception reason) when (reason is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException(
                $"PSJob cannot load its engine from '{LibraryPath}' on {RuntimeInformation.RuntimeIdentifier} " +
                $"({RuntimeInformation.OSDescription}); it is built for linux-x64 with glibc. {reason.Message}",
                reason);
        }
    }
}

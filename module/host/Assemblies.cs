using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace PSJob.Host;

/// <summary>There is no usable System.Management.Automation; the message says where it was looked for and why not.</summary>
internal sealed class EngineNotFoundException(string message) : Exception(message);

/// <summary>
/// Finds the engine, its managed dependencies and its native library: in the folder of a hosting application, or
/// beside psjob-host. The runtime itself knows psjob-host.dll and the framework only (see psjob-host.deps.json).
/// </summary>
internal sealed class Assemblies
{
    private const string EngineName = "System.Management.Automation";

    // Start-Job's own requirement: older engines speak an older server loop and need an older runtime.
    private static readonly Version s_oldestEngine = new(7, 6);

    private static readonly string[] s_runtimes = ["linux-x64", "linux", "unix"];

    private readonly AssemblyDependencyResolver? _dependencies;
    private readonly string[] _managedFolders;
    private readonly string[] _nativeFolders;

    private Assemblies(string folder)
    {
        _dependencies = DependenciesOf(folder);
        _managedFolders = [.. RuntimeLibraries(folder), folder];
        _nativeFolders = [.. Runtimes(folder, "native"), folder];
    }

    /// <summary>Makes the engine in <paramref name="folder"/> the engine of this process; null means psjob-host's own.</summary>
    /// <exception cref="EngineNotFoundException">No engine there, or one that is too old.</exception>
    public static void UseEngineIn(string? folder)
    {
        string root = Path.GetFullPath(folder ?? AppContext.BaseDirectory);
        var assemblies = new Assemblies(root);
        string? engine = assemblies.FindManaged(new AssemblyName(EngineName));
        if (engine is null)
        {
            throw new EngineNotFoundException(folder is null
                ? $"no {EngineName} beside psjob-host; name a hosting application's folder with -AssemblyFolder."
                : $"no {EngineName} in '{root}'.");
        }

        AssemblyLoadContext.Default.Resolving += assemblies.LoadManaged;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += assemblies.LoadNative;

        Version? version = AssemblyLoadContext.Default.LoadFromAssemblyPath(engine).GetName().Version;
        if (version < s_oldestEngine)
        {
            throw new EngineNotFoundException($"'{engine}' is version {version}; PowerShell {s_oldestEngine} or later is needed.");
        }
    }

    private Assembly? LoadManaged(AssemblyLoadContext context, AssemblyName name) =>
        FindManaged(name) is string path ? context.LoadFromAssemblyPath(path) : null;

    private nint LoadNative(Assembly assembly, string name)
    {
        IEnumerable<string> candidates = _nativeFolders.Select(folder => Path.Combine(folder, $"{name}.so"));
        string? path = _dependencies?.ResolveUnmanagedDllToPath(name) ?? candidates.FirstOrDefault(File.Exists);
        return path is null ? 0 : NativeLibrary.Load(path);
    }

    private string? FindManaged(AssemblyName name)
    {
        string file = Path.Combine(name.CultureName ?? "", $"{name.Name}.dll");
        return _dependencies?.ResolveAssemblyToPath(name)
            ?? _managedFolders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    /// <summary>The application's own list of dependencies; null where it was published without one.</summary>
    private static AssemblyDependencyResolver? DependenciesOf(string folder)
    {
        const string Suffix = ".deps.json";
        if (folder == AppContext.BaseDirectory || !Directory.Exists(folder))
        {
            return null;
        }

        return Directory.EnumerateFiles(folder, "*" + Suffix)
            .Select(list => list[..^Suffix.Length] + ".dll")
            .Where(File.Exists)
            .Select(ReadDependencies)
            .FirstOrDefault(resolver => resolver?.ResolveAssemblyToPath(new AssemblyName(EngineName)) is not null);
    }

    private static AssemblyDependencyResolver? ReadDependencies(string application)
    {
        try
        {
            return new AssemblyDependencyResolver(application);
        }
        catch (InvalidOperationException)
        {
            // The list names files that are not there: go by the folders alone.
            return null;
        }
    }

    /// <summary>Where an application for no particular platform keeps its platform's files: `runtimes/RID/lib/net*`, newest first.</summary>
    private static IEnumerable<string> RuntimeLibraries(string folder) =>
        Runtimes(folder, "lib").SelectMany(parent => Directory.GetDirectories(parent, "net*").OrderDescending(StringComparer.Ordinal));

    private static IEnumerable<string> Runtimes(string folder, string kind) =>
        s_runtimes.Select(rid => Path.Combine(folder, "runtimes", rid, kind)).Where(Directory.Exists);
}

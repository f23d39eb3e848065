using System.Diagnostics;
using System.Reflection;
using System.Runtime.Versioning;
using System.Text;

[assembly: SupportedOSPlatform("linux")]

namespace PSJob.Host.Tests;

/// <summary>What a finished process left behind.</summary>
internal sealed record Result(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of stdout, without the end of the last one.</summary>
    public string[] Lines => Output.TrimEnd('\n').Split('\n');
}

/// <summary>Runs the built hosts to their end, each within a deadline.</summary>
internal static class HostProcess
{
    /// <summary>Far beyond what anything here takes on a busy machine.</summary>
    public static TimeSpan Deadline { get; } = TimeSpan.FromSeconds(60);

    private static readonly string s_built = typeof(HostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "BuiltFolder").Value!;

    /// <summary>The host with its own engine.</summary>
    public static string Complete { get; } = Path.Combine(s_built, "host", "psjob-host");

    /// <summary>The same program under the name that the engine's built-in jobs start.</summary>
    public static string Pwsh { get; } = Path.Combine(s_built, "host", "pwsh");

    /// <summary>The host of the module: no engine of its own.</summary>
    public static string Alone { get; } = Path.Combine(s_built, "PSJob", "host", "psjob-host");

    public static Result Run(params string[] arguments) => Start(Complete, arguments);

    public static Result RunWithInput(string input, params string[] arguments) => Start(Complete, arguments, input);

    /// <param name="program">The executable.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="input">The whole of stdin.</param>
    /// <param name="variables">Environment variables to add.</param>
    /// <exception cref="TimeoutException">It ran into the deadline and was killed, with its children.</exception>
    public static Result Start(string program, string[] arguments, string input = "", params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(Deadline) || !Task.WaitAll([output, error], Deadline))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end.");
        }

        return new Result(process.ExitCode, output.Result, error.Result);
    }
}

/// <summary>A folder that disappears with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("psjob-host-tests ").FullName;

    public string Write(string name, string text)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

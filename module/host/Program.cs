using System.Runtime.CompilerServices;

namespace PSJob.Host;

/// <summary>The entry point: decides which engine to load before anything touches it, then becomes worker or shell.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        CommandLine options;
        try
        {
            options = CommandLine.Parse(args);
            if (options.ShowHelp)
            {
                Console.Out.WriteLine(CommandLine.Usage);
                return ExitCode.Success;
            }

            Assemblies.UseEngineIn(options.AssemblyFolder);
        }
        catch (UsageException error)
        {
            return Fail(error.Message, ExitCode.Usage);
        }
        catch (EngineNotFoundException error)
        {
            return Fail(error.Message, ExitCode.Initialization);
        }

        return Run(options);
    }

    /// <remarks>Apart from Main and never inlined: compiling this method loads the engine.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(CommandLine options)
    {
        Surroundings.Prepare();
        EngineInternals.WarmUp();
        return options.ServerMode ? Worker.Run(options) : Shell.Run(options);
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"psjob-host: {message}");
        return exitCode;
    }
}

/// <summary>Exit codes that pwsh uses on Unix.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Usage = 64;
    public const int Initialization = 70;
}

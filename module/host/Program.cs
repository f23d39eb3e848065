using System.Runtime.CompilerServices;

namespace PSJob.Host;

/// <summary>The entry point: decides which engine to load before anything touches it, then becomes worker or shell.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        try
        {
            CommandLine options = CommandLine.Parse(args);
            if (options.ShowHelp)
            {
                Console.Out.WriteLine(CommandLine.Usage);
                return ExitCode.Success;
            }

            Assemblies.UseEngineIn(options.AssemblyFolder);
            return Run(options);
        }
        catch (UsageException error)
        {
            return Fail(error.Message, ExitCode.Usage);
        }
        catch (EngineNotFoundException error)
        {
            return Fail(error.Message, ExitCode.Initialization);
        }
        catch (Exception error) when (error.GetBaseException() is FileNotFoundException { FileName: string file })
        {
            // An application's folder that is not complete, or that was made for a newer runtime than this one.
            return Fail($"the engine needs '{file}', which is missing (.NET {Environment.Version}).", ExitCode.Initialization);
        }
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

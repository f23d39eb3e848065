using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;

namespace PSJob.Host;

/// <summary>
/// `psjob-host` without -s: runs a script, a command or a prompt in one runspace with the host's user interface.
/// Exit codes are those of pwsh: `exit n` gives n, an error that ends the command 1, otherwise $? decides between 0 and 1.
/// </summary>
/// <remarks>
/// The calling thread runs everything; only <see cref="StopPipeline"/> comes from another one (Ctrl+C).
/// </remarks>
internal sealed class Shell : IDisposable
{
    private readonly CommandLine _options;
    private readonly ShellHost _host;
    private readonly Runspace _runspace;
    private volatile Pipeline? _running;

    private Shell(CommandLine options)
    {
        _options = options;
        _host = new ShellHost(new ShellUI(options.NonInteractive), () => PromptLoop(nested: true));
        _runspace = RunspaceFactory.CreateRunspace(_host, InitialSessionState.CreateDefault2());
        _runspace.ThreadOptions = PSThreadOptions.ReuseThread;
        _runspace.Open();
        Runspace.DefaultRunspace = _runspace;
        EngineInternals.MakePrimary(_runspace);
    }

    /// <returns>The exit code of the process.</returns>
    public static int Run(CommandLine options)
    {
        if (options.ShowVersion)
        {
            Console.Out.WriteLine($"PowerShell {PSVersionInfo.PSVersion}");
            return ExitCode.Success;
        }

        using var shell = new Shell(options);
        Console.CancelKeyPress += (_, interrupt) =>
        {
            interrupt.Cancel = interrupt.SpecialKey == ConsoleSpecialKey.ControlC;
            shell.StopPipeline();
        };
        return shell.Run();
    }

    /// <summary>Closes the runspace: PowerShell.Exiting is raised, jobs are stopped, scripts' own runspaces closed.</summary>
    public void Dispose() => _runspace.Dispose();

    private int Run()
    {
        // Unlike pwsh, which runs the command wherever it then is.
        bool succeeded = SetLocation() && RunScriptOrCommand();
        bool hasTask = (_options.File ?? _options.Command) is not null;
        if (_host.ExitCode is null && (!hasTask || _options.NoExit))
        {
            succeeded = PromptLoop(nested: false);
        }

        return _host.ExitCode ?? (succeeded && LastCommandSucceeded() ? ExitCode.Success : ExitCode.Failure);
    }

    private bool SetLocation()
    {
        if (_options.WorkingDirectory is null)
        {
            return true;
        }

        try
        {
            _runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(_options.WorkingDirectory));
            return true;
        }
        catch (Exception error) when (error is IContainsErrorRecord)
        {
            Report(error);
            return false;
        }
    }

    private bool RunScriptOrCommand()
    {
        if (_options.File is null && _options.Command is null)
        {
            return true;
        }

        if (!_options.NoExit)
        {
            EngineInternals.LetScriptFilesExit(_runspace);
        }

        try
        {
            Pipeline pipeline = TaskPipeline(out Ast syntax);
            foreach (ScriptArgument argument in _options.Arguments)
            {
                pipeline.Commands[0].Parameters.Add(argument.Name, argument.Value);
            }

            return Execute(pipeline, readInput: Console.IsInputRedirected && UsesInput(syntax));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Report(error);
            return false;
        }
    }

    /// <summary>
    /// What to run, in the global scope, and its syntax tree. Script text enters the history, which makes the engine
    /// leave its $? behind; a script file succeeds unless it says otherwise. A file without .ps1 is text (a `#!` script).
    /// </summary>
    private Pipeline TaskPipeline(out Ast syntax)
    {
        if (_options.File?.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase) == true)
        {
            syntax = Parser.ParseFile(_options.File, out _, out _);
            Pipeline pipeline = _runspace.CreatePipeline();
            pipeline.Commands.Add(new Command(_options.File, isScript: false, useLocalScope: false));
            return pipeline;
        }

        string text = _options.File is null ? _options.Command! : File.ReadAllText(_options.File);
        syntax = Parser.ParseInput(text, out _, out _);
        return _runspace.CreatePipeline(text, addToHistory: true);
    }

    private static bool UsesInput(Ast syntax) =>
        syntax.Find(node => node is VariableExpressionAst variable && variable.VariablePath.UserPath.Equals("input", StringComparison.OrdinalIgnoreCase), searchNestedScriptBlocks: true) is not null;

    /// <summary>Reads commands and runs them until the session, this nested prompt, or stdin ends.</summary>
    /// <returns>Whether the last command ran to its end.</returns>
    private bool PromptLoop(bool nested)
    {
        bool succeeded = true;
        while (_host.ExitCode is null && !_host.TakeExitNestedPrompt() && ReadCommand() is string text)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                succeeded = Execute(nested ? _runspace.CreateNestedPipeline(text, addToHistory: true) : _runspace.CreatePipeline(text, addToHistory: true));
            }
        }

        return succeeded;
    }

    /// <summary>
    /// Collects lines up to a complete command, or up to an empty line at a terminal, so that a typing mistake cannot
    /// keep the user at the continuation prompt. Null at the end of stdin.
    /// </summary>
    private string? ReadCommand()
    {
        var text = new StringBuilder();
        while (true)
        {
            if (_host.ShellUI.IsInteractive)
            {
                _host.UI.Write(text.Length == 0 ? PromptText() : ">> ");
            }

            string? line = ShellUI.ReadCommandLine();
            if (line is null)
            {
                return text.Length == 0 ? null : text.ToString();
            }

            text.Append(line).Append('\n');
            bool endsBlock = _host.ShellUI.IsInteractive && line.Length == 0;
            if (endsBlock || !IsIncomplete(text.ToString()))
            {
                return text.ToString();
            }
        }
    }

    private static bool IsIncomplete(string text)
    {
        Parser.ParseInput(text, out _, out ParseError[] errors);
        return errors.Any(error => error.IncompleteInput);
    }

    private string PromptText()
    {
        object? prompt = Evaluate("prompt");
        return prompt is null ? "PS> " : prompt.ToString()!;
    }

    private bool LastCommandSucceeded() => Evaluate("$global:?") is true;

    /// <summary>The first result of a script, unwrapped; null if it failed or gave nothing.</summary>
    private object? Evaluate(string script)
    {
        try
        {
            using Pipeline pipeline = _running is null ? _runspace.CreatePipeline(script) : _runspace.CreateNestedPipeline(script, addToHistory: false);
            return pipeline.Invoke().FirstOrDefault()?.BaseObject;
        }
        catch (RuntimeException)
        {
            return null;
        }
    }

    /// <summary>Runs the pipeline, shows what it writes, and reports what ends it.</summary>
    /// <returns>False if an error ended it; errors that it survived show in $?.</returns>
    private bool Execute(Pipeline pipeline, bool readInput = false)
    {
        Exception? failure = Invoke(pipeline, readInput);
        if (failure is IncompleteParseException)
        {
            // Meant for a prompt that reads on, it has no position, and without one the engine's view shows nothing.
            _host.UI.WriteErrorLine($"ParserError: {failure.Message}");
        }
        else if (failure is not null and not PipelineStoppedException)
        {
            Report(failure);
        }

        return failure is null;
    }

    /// <summary>Shows an exception the way the engine shows error records, or plainly where that fails too.</summary>
    private void Report(Exception failure)
    {
        ErrorRecord record = (failure as IContainsErrorRecord)?.ErrorRecord
            ?? new ErrorRecord(failure, "PSJobHost", ErrorCategory.NotSpecified, null);
        Pipeline pipeline = _running is null ? _runspace.CreatePipeline() : _runspace.CreateNestedPipeline();
        pipeline.Input.Write(EngineInternals.AsErrorOutput(record));
        if (Invoke(pipeline, readInput: false) is not null)
        {
            Console.Error.WriteLine(failure.Message);
        }
    }

    /// <summary>Runs the pipeline with Out-Default behind it.</summary>
    private Exception? Invoke(Pipeline pipeline, bool readInput)
    {
        foreach (Command command in pipeline.Commands)
        {
            command.MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        }

        pipeline.Commands.Add("Out-Default");
        Pipeline? outer = _running;
        _running = pipeline;
        try
        {
            if (readInput)
            {
                InvokeWithInput(pipeline);
            }
            else
            {
                pipeline.Input.Close();
                pipeline.Invoke();
            }

            return pipeline.PipelineStateInfo.Reason;
        }
        catch (Exception error)
        {
            // Anything: errors of the script come out of the engine as many types, and none may end the prompt.
            return error;
        }
        finally
        {
            _running = outer;
            _host.ShellUI.EndProgress();
            pipeline.Dispose();
        }
    }

    /// <summary>
    /// Feeds the lines of stdin to the pipeline while it runs. The reader is a background thread: a pipeline that ends
    /// early must not wait for a stdin that stays open.
    /// </summary>
    private static void InvokeWithInput(Pipeline pipeline)
    {
        using var ended = new ManualResetEventSlim();
        pipeline.StateChanged += (_, change) =>
        {
            if (change.PipelineStateInfo.State is PipelineState.Completed or PipelineState.Failed or PipelineState.Stopped)
            {
                ended.Set();
            }
        };
        pipeline.InvokeAsync();
        new Thread(() => Feed(pipeline.Input)) { IsBackground = true, Name = "stdin reader" }.Start();
        ended.Wait();
    }

    private static void Feed(PipelineWriter input)
    {
        try
        {
            while (Console.In.ReadLine() is string line)
            {
                input.Write(line);
            }

            input.Close();
        }
        catch (PipelineClosedException)
        {
            // The pipeline wants no more.
        }
    }

    private void StopPipeline() => _running?.StopAsync();
}

using System.Text;

namespace PSJob.Host;

/// <summary>The command line is wrong; the message says how.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>One argument for the script of -File: a value, a named parameter, or a switch (name without value).</summary>
internal sealed record ScriptArgument(string? Name, object? Value);

/// <summary>
/// The switches of pwsh that make sense here, read with its rules: any unambiguous beginning of a name, `-`, `--` or
/// `/` before it, everything behind -Command is the command, everything behind -File goes to the script.
/// </summary>
/// <remarks>Knows nothing of the engine: it is parsed before an engine is chosen. Compare CommandLineParameterParser.cs.</remarks>
internal sealed class CommandLine
{
    public const string Usage = """
        Usage: psjob-host [-File] script [arguments]
               psjob-host [-Command] text | -Command - | -EncodedCommand base64
               psjob-host -s
               psjob-host

        PowerShell on System.Management.Automation: runs a script, a command or, without either, a prompt (script
        text from stdin if that is not a terminal). Profiles are never run.

          -ServerMode, -s        be a worker: PowerShell remoting over stdin and stdout
          -AssemblyFolder DIR    use the System.Management.Automation of the application in DIR
          -WorkingDirectory DIR  start there (-wd)
          -NonInteractive        prompts are errors
          -NoExit                stay at the prompt after the script or command
          -Version, -Help        print and exit
          -NoLogo, -NoProfile, -Interactive, -Login, -ExecutionPolicy, -InputFormat Text, -OutputFormat Text
                                 accepted, as nothing depends on them here
        """;

    private static readonly string[] s_executionPolicies =
        ["default", "remotesigned", "bypass", "allsigned", "restricted", "unrestricted", "undefined"];

    private readonly string[] _args;
    private int _next;

    private CommandLine(string[] args) => _args = args;

    public bool ServerMode { get; private set; }

    public bool ShowHelp { get; private set; }

    public bool ShowVersion { get; private set; }

    public bool NonInteractive { get; private set; }

    public bool NoExit { get; private set; }

    public string? AssemblyFolder { get; private set; }

    public string? WorkingDirectory { get; private set; }

    /// <summary>Text of -Command or -EncodedCommand; null without one.</summary>
    public string? Command { get; private set; }

    /// <summary>Full path of the script of -File; null without one.</summary>
    public string? File { get; private set; }

    public List<ScriptArgument> Arguments { get; } = [];

    /// <exception cref="UsageException">The command line is wrong.</exception>
    public static CommandLine Parse(string[] args)
    {
        var options = new CommandLine(args);
        while (options._next < args.Length && !options.ShowVersion)
        {
            options.ReadSwitch();
        }

        return options;
    }

    private void ReadSwitch()
    {
        string argument = _args[_next++];
        string name = NameOf(argument);

        // The order decides which switch an ambiguous beginning means.
        if (Is(name, "version", "v")) { ShowVersion = true; }
        else if (Is(name, "help", "h") || name == "?") { ShowHelp = true; }
        else if (Is(name, "login", "l") || Is(name, "noprofile", "nop") || Is(name, "nologo", "nol")) { }
        else if (Is(name, "noexit", "noe")) { NoExit = true; }
        else if (Is(name, "noninteractive", "noni")) { NonInteractive = true; }
        else if (Is(name, "interactive", "i")) { NonInteractive = false; }
        else if (Is(name, "servermode", "s")) { ServerMode = true; }
        else if (Is(name, "assemblyfolder", "a")) { AssemblyFolder = ReadValue(argument); }
        else if (Is(name, "commandwithargs", "commandwithargs") || Is(name, "cwa", "cwa")) { ReadCommandWithArguments(argument); }
        else if (Is(name, "command", "c")) { ReadCommand(argument); }
        else if (Is(name, "file", "f")) { ReadFile(ReadValue(argument)); }
        else if (Is(name, "outputformat", "o") || name == "of") { RequireTextFormat(argument); }
        else if (Is(name, "inputformat", "inp") || name == "if") { RequireTextFormat(argument); }
        else if (Is(name, "executionpolicy", "ex") || name == "ep") { RequireExecutionPolicy(argument); }
        else if (Is(name, "encodedcommand", "e") || name == "ec") { SetCommand(Decode(ReadValue(argument))); }
        else if (Is(name, "workingdirectory", "wo") || name == "wd") { WorkingDirectory = ReadValue(argument); }
        else { ReadFile(argument); }
    }

    /// <summary>The lower-case name behind the dashes, or "" if the argument is no switch.</summary>
    private static string NameOf(string argument)
    {
        string text = argument.Trim();
        int prefix = text.StartsWith("--", StringComparison.Ordinal) ? 2 : text.StartsWith('-') || text.StartsWith('/') ? 1 : 0;
        return prefix == 0 ? "" : text[prefix..].ToLowerInvariant();
    }

    private static bool Is(string name, string whole, string shortest) =>
        name.Length >= shortest.Length && whole.StartsWith(name, StringComparison.Ordinal);

    private string ReadValue(string argument) =>
        _next < _args.Length ? _args[_next++] : throw new UsageException($"'{argument}' needs a value.");

    private void ReadCommand(string argument)
    {
        string first = ReadValue(argument);
        string[] rest = _args[_next..];
        _next = _args.Length;
        if (first != "-")
        {
            SetCommand(string.Join(' ', [first, .. rest]));
        }
        else if (rest.Length > 0)
        {
            throw new UsageException("'-Command -' reads the command from stdin and takes no other arguments.");
        }
        else if (!Console.IsInputRedirected)
        {
            throw new UsageException("'-Command -' needs a redirected stdin.");
        }
    }

    private void ReadCommandWithArguments(string argument)
    {
        SetCommand(ReadValue(argument));
        ReadScriptArguments();
    }

    private void SetCommand(string text) =>
        Command = Command is null ? text : throw new UsageException("A command has been given already.");

    private static string Decode(string base64)
    {
        try
        {
            return Encoding.Unicode.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            throw new UsageException("The value of -EncodedCommand is not base64 of UTF-16LE text.");
        }
    }

    private void RequireTextFormat(string argument)
    {
        if (!ReadValue(argument).Equals("text", StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException($"'{argument}' knows the format Text only.");
        }
    }

    private void RequireExecutionPolicy(string argument)
    {
        string policy = ReadValue(argument);
        if (!s_executionPolicies.Contains(policy, StringComparer.OrdinalIgnoreCase))
        {
            throw new UsageException($"'{policy}' is not an execution policy.");
        }
    }

    private void ReadFile(string path)
    {
        if (path == "-")
        {
            return;
        }

        // The full path now: -WorkingDirectory must not change which script is meant.
        File = System.IO.File.Exists(path)
            ? Path.GetFullPath(path)
            : throw new UsageException($"'{path}' is neither a switch nor the path of a script file.");
        ReadScriptArguments();
    }

    /// <summary>`-name`, `-name:value` and `-name: value` become parameters, everything else positional values.</summary>
    private void ReadScriptArguments()
    {
        while (_next < _args.Length)
        {
            string argument = _args[_next++];
            int colon = argument.IndexOf(':');
            if (argument.Length < 2 || argument[0] != '-')
            {
                Arguments.Add(new ScriptArgument(null, argument));
            }
            else if (colon < 0)
            {
                Arguments.Add(new ScriptArgument(argument, null));
            }
            else if (colon < argument.Length - 1)
            {
                Arguments.Add(new ScriptArgument(argument[..colon], BooleanOrText(argument[(colon + 1)..])));
            }
            else
            {
                Arguments.Add(new ScriptArgument(argument[..colon], ReadValue(argument)));
            }
        }
    }

    /// <summary>`-Switch:$false` arrives as text from a calling program; a switch parameter needs the Boolean.</summary>
    private static object BooleanOrText(string text) =>
        bool.TryParse(text.StartsWith('$') ? text[1..] : text, out bool value) ? value : text;
}

using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace PSJob.Host;

/// <summary>
/// Lines in and out. Output, warnings, verbose and debug text go to stdout, errors and progress to stderr; colours
/// only to a terminal, and not with NO_COLOR or TERM=dumb.
/// </summary>
/// <remarks>The engine may call from several threads: one lock keeps lines whole.</remarks>
internal sealed partial class ShellUI : PSHostUserInterface
{
    private readonly Lock _lock = new();
    private readonly bool _nonInteractive;
    private readonly ProgressLine _progress = new();

    public ShellUI(bool nonInteractive)
    {
        _nonInteractive = nonInteractive;
        SupportsVirtualTerminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        if (Environment.GetEnvironmentVariable("NO_COLOR") is not null)
        {
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
        }
    }

    /// <summary>Whether somebody sits at a terminal and may be shown prompts.</summary>
    public bool IsInteractive { get; } = !Console.IsInputRedirected;

    public override bool SupportsVirtualTerminal { get; }

    public override PSHostRawUserInterface RawUI { get; } = new ShellRawUI();

    private bool ShowsColours => SupportsVirtualTerminal && PSStyle.Instance.OutputRendering != OutputRendering.PlainText;

    public override void Write(string value) => WriteOut(value, "");

    public override void WriteLine() => WriteOut("", Environment.NewLine);

    public override void WriteLine(string value) => WriteOut(value, Environment.NewLine);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        WriteColoured(foregroundColor, backgroundColor, value, "");

    public override void WriteLine(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        WriteColoured(foregroundColor, backgroundColor, value, Environment.NewLine);

    /// <summary>The engine has formatted the record; a terminal on stderr gets its colours even if stdout is a file.</summary>
    public override void WriteErrorLine(string value)
    {
        lock (_lock)
        {
            _progress.Hide();
            Console.Error.WriteLine(GetOutputString(value, SupportsVirtualTerminal && !Console.IsErrorRedirected));
        }
    }

    public override void WriteWarningLine(string message) => WriteTagged("WARNING", FormatStyle.Warning, message);

    public override void WriteVerboseLine(string message) => WriteTagged("VERBOSE", FormatStyle.Verbose, message);

    public override void WriteDebugLine(string message) => WriteTagged("DEBUG", FormatStyle.Debug, message);

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        lock (_lock)
        {
            _progress.Show(record, RawUI.WindowSize.Width);
        }
    }

    /// <summary>Takes progress off the screen, whatever records are still open: their pipeline has ended.</summary>
    public void EndProgress()
    {
        lock (_lock)
        {
            _progress.Hide();
        }
    }

    /// <summary>A line of commands for the prompt; null at the end of stdin.</summary>
    public static string? ReadCommandLine() => Console.In.ReadLine();

    public override string ReadLine()
    {
        RequireInteraction();
        return Console.In.ReadLine()!;
    }

    public override SecureString ReadLineAsSecureString()
    {
        RequireInteraction();
        return Console.IsInputRedirected ? ReadSecretFromStream() : ReadSecretFromTerminal();
    }

    private void WriteOut(string? value, string end)
    {
        lock (_lock)
        {
            _progress.Hide();
            Console.Out.Write(GetOutputString(value ?? "", SupportsVirtualTerminal) + end);
        }
    }

    private void WriteColoured(ConsoleColor foreground, ConsoleColor background, string? value, string end)
    {
        lock (_lock)
        {
            if (!ShowsColours)
            {
                WriteOut(value, end);
                return;
            }

            // The end of the line comes after the reset: a background colour must not run on to the next line.
            Console.ForegroundColor = foreground;
            Console.BackgroundColor = background;
            WriteOut(value, "");
            Console.ResetColor();
            Console.Out.Write(end);
        }
    }

    private void WriteTagged(string tag, FormatStyle style, string message) =>
        WriteLine($"{GetFormatStyleString(style)}{tag}: {message}{GetFormatStyleString(FormatStyle.Reset)}");

    private void RequireInteraction()
    {
        if (_nonInteractive)
        {
            throw new PSInvalidOperationException("PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");
        }
    }

    private static SecureString ReadSecretFromStream()
    {
        var secret = new SecureString();
        for (int next = Console.In.Read(); next is not -1 and not '\n'; next = Console.In.Read())
        {
            if (next != '\r')
            {
                secret.AppendChar((char)next);
            }
        }

        return secret;
    }

    /// <exception cref="PipelineStoppedException">The user pressed Ctrl+C.</exception>
    private static SecureString ReadSecretFromTerminal()
    {
        var secret = new SecureString();
        bool controlC = Console.TreatControlCAsInput;
        Console.TreatControlCAsInput = true;
        try
        {
            while (ReadSecretKey(secret))
            {
            }

            return secret;
        }
        finally
        {
            Console.TreatControlCAsInput = controlC;
            Console.Out.WriteLine();
        }
    }

    /// <returns>False if the key was Enter.</returns>
    private static bool ReadSecretKey(SecureString secret)
    {
        ConsoleKeyInfo key = Console.ReadKey(intercept: true);
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return false;
            case ConsoleKey.C when key.Modifiers.HasFlag(ConsoleModifiers.Control):
                throw new PipelineStoppedException();
            case ConsoleKey.Backspace when secret.Length > 0:
                secret.RemoveAt(secret.Length - 1);
                Console.Out.Write("\b \b");
                return true;
            default:
                if (!char.IsControl(key.KeyChar))
                {
                    secret.AppendChar(key.KeyChar);
                    Console.Out.Write('*');
                }

                return true;
        }
    }
}

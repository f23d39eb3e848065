using System.Diagnostics;
using System.Text;

namespace PSJob.Host.Tests;

/// <summary>A shell at a terminal of its own (made by util-linux' `script`), as a user has it. Both output streams show there.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly StringBuilder _shown = new();
    private readonly Process _process;
    private int _seen;

    /// <param name="arguments">Arguments of psjob-host.</param>
    /// <param name="variables">Environment variables to add; TERM is xterm otherwise.</param>
    public Terminal(string[] arguments, params (string Name, string Value)[] variables)
    {
        // exec: a shell that stays in between would be interrupted by Ctrl+C as well.
        string command = "exec " + string.Join(' ', arguments.Prepend(HostProcess.Complete).Select(Quote));
        var start = new ProcessStartInfo("script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment["TERM"] = "xterm";
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
    }

    /// <summary>What has been shown so far, as far as it was waited for.</summary>
    public string Output => _shown.ToString().ReplaceLineEndings("\n");

    public void Type(string keys)
    {
        _process.StandardInput.Write(keys);
        _process.StandardInput.Flush();
    }

    /// <summary>Reads on until the text is shown, later than what was waited for before.</summary>
    /// <exception cref="TimeoutException">It was not shown within the deadline.</exception>
    /// <exception cref="EndOfStreamException">The shell ended first.</exception>
    public void WaitFor(string text)
    {
        for (int found = -1; found < 0;)
        {
            found = _shown.ToString().IndexOf(text, _seen, StringComparison.Ordinal);
            if (found >= 0)
            {
                _seen = found + text.Length;
            }
            else if (!Read())
            {
                throw new EndOfStreamException($"The shell ended without '{text}': {_shown}");
            }
        }
    }

    /// <returns>The exit code of the shell.</returns>
    public int WaitForExit()
    {
        while (Read())
        {
        }

        return _process.WaitForExit(HostProcess.Deadline) ? _process.ExitCode : throw new TimeoutException("The shell did not end.");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string Quote(string argument) => $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private bool Read()
    {
        var buffer = new char[1024];
        ValueTask<int> reading = _process.StandardOutput.ReadAsync(buffer, new CancellationTokenSource(HostProcess.Deadline).Token);
        try
        {
            int count = reading.AsTask().GetAwaiter().GetResult();
            _shown.Append(buffer, 0, count);
            return count > 0;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The shell shows nothing more: {_shown}");
        }
    }
}

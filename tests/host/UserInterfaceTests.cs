namespace PSJob.Host.Tests;

/// <summary>What scripts reach through $Host.UI, and so through Read-Host, Write-Host, Get-Credential…</summary>
public sealed class UserInterfaceTests
{
    private const char Escape = '\e';

    [Fact]
    public void Reads_lines_from_stdin() =>
        Assert.Equal("<ä b>\n<>\n", HostProcess.RunWithInput("ä b\n", "-Command", "\"<$($Host.UI.ReadLine())>\"; \"<$($Host.UI.ReadLine())>\"").Output);

    [Fact]
    public void Reads_a_secret_from_stdin()
    {
        const string Command = "$s = $Host.UI.ReadLineAsSecureString(); $s.GetType().Name; [Net.NetworkCredential]::new('', $s).Password";

        Assert.Equal("SecureString\ngeheim\n", HostProcess.RunWithInput("geheim\r\n", "-Command", Command).Output);
    }

    [Theory]
    [InlineData("n\n", 1)]
    [InlineData("YES\n", 0)]
    [InlineData("\n", 1)]
    [InlineData("what\n?\ny\n", 0)]
    public void Lets_the_user_choose(string typed, int expected)
    {
        const string Command = "$Host.UI.PromptForChoice('Caption', 'Sure?', @('&Yes', '&No'), 1)";

        Result result = HostProcess.RunWithInput(typed, "-Command", Command);

        Assert.Contains("[Y] Yes  [N] No  [?] Help (default is \"N\"): ", result.Output, StringComparison.Ordinal);
        Assert.EndsWith($"{expected}\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Ends_a_question_with_the_input()
    {
        Result result = HostProcess.Run("-Command", "$Host.UI.PromptForChoice('', '', @('&Yes', '&No'), 1)");

        Assert.Contains("The input ended", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Asks_for_a_credential()
    {
        const string Command = """
            $c = $Host.UI.PromptForCredential('', '', $null, '')
            $c.UserName + '/' + $c.GetNetworkCredential().Password
            """;

        Assert.EndsWith("me/pass\n", HostProcess.RunWithInput("me\npass\n", "-Command", Command).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Asks_for_mandatory_parameters()
    {
        const string Command = "& { param([Parameter(Mandatory)] [int] $Number, [Parameter(Mandatory)] [string[]] $List) $Number + 1; \"$List\" }";

        Result result = HostProcess.RunWithInput("none\n41\na\nb\n\n", "-Command", Command);

        Assert.EndsWith("42\na b\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("\"none\"", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$Host.UI.ReadLine()")]
    [InlineData("$Host.UI.ReadLineAsSecureString()")]
    [InlineData("$Host.UI.PromptForChoice('', '', @('&Yes', '&No'), 0)")]
    [InlineData("$Host.UI.PromptForCredential('', '', 'me', '')")]
    public void Refuses_prompts_when_not_interactive(string command)
    {
        Result result = HostProcess.RunWithInput("y\n", "-NonInteractive", "-Command", command);

        Assert.Contains("NonInteractive", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Tags_messages()
    {
        Result result = HostProcess.Run("-Command", "$Host.UI.WriteWarningLine('w'); $Host.UI.WriteVerboseLine('v'); $Host.UI.WriteDebugLine('d')");

        Assert.Equal("WARNING: w\nVERBOSE: v\nDEBUG: d\n", result.Output);
    }

    [Fact]
    public void Formats_objects_in_the_width_of_a_usual_terminal_without_one()
    {
        Result result = HostProcess.Run("-Command", "[pscustomobject]@{ Wide = '漢字'; Text = 'x' * 200 }, [pscustomobject]@{ Wide = 'ab'; Text = 'y' }");

        Assert.Contains("漢字 xxx", result.Output, StringComparison.Ordinal);
        Assert.Contains("ab   y", result.Output, StringComparison.Ordinal);
        Assert.All(result.Lines, line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public void Writes_no_colours_into_a_pipe()
    {
        Result result = HostProcess.Run("-Command", "$Host.UI.WriteLine('Red', 'Black', 'text'); \"`e[31mred`e[0m\"; [pscustomobject]@{ A = 1 }; throw 'x'");

        Assert.StartsWith("text\nred\n", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Escape, result.Output + result.Error);
    }

    [Fact]
    public void Writes_colours_to_a_terminal() =>
        Assert.Contains($"{Escape}[31", ShowAtTerminal("throw 'x'"), StringComparison.Ordinal);

    [Theory]
    [InlineData("NO_COLOR", "1")]
    [InlineData("TERM", "dumb")]
    public void Writes_no_colours_to_a_terminal_that_wants_none(string name, string value)
    {
        string output = ShowAtTerminal("$Host.UI.WriteLine('Red', 'Black', 'text'); throw 'x'", (name, value));

        Assert.Contains("text", output, StringComparison.Ordinal);
        Assert.DoesNotContain($"{Escape}[3", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Shows_progress_at_a_terminal_only()
    {
        const string Command = "$Host.UI.WriteProgress(1, [Management.Automation.ProgressRecord]::new(1, 'Copying', 'files')); 'done'";

        Assert.Contains("Copying: files", ShowAtTerminal(Command), StringComparison.Ordinal);
        Assert.Equal("done\n", HostProcess.Run("-Command", Command).Output);
        Assert.Empty(HostProcess.Run("-Command", Command).Error);
    }

    [Fact]
    public void Ctrl_C_stops_the_command_and_not_the_shell()
    {
        using var terminal = new Terminal(["-wd", "/"]);
        terminal.WaitFor("PS /> ");
        terminal.Type("'run' + 'ning'; while ($true) { [Threading.Thread]::Sleep(10) }\n");
        terminal.WaitFor("running");
        terminal.Type("\u0003");
        terminal.WaitFor("PS /> ");
        terminal.Type("exit 6\n");

        Assert.Equal(6, terminal.WaitForExit());
    }

    [Fact]
    public void Ctrl_C_ends_a_shell_without_prompt()
    {
        using var terminal = new Terminal(["-Command", "'run' + 'ning'; while ($true) { [Threading.Thread]::Sleep(10) }"]);
        terminal.WaitFor("running");
        terminal.Type("\u0003");

        Assert.Equal(1, terminal.WaitForExit());
    }

    [Fact]
    public void Reads_a_secret_typed_at_a_terminal()
    {
        using var terminal = new Terminal(["-Command", "'ready'; 'secret ' + [Net.NetworkCredential]::new('', $Host.UI.ReadLineAsSecureString()).Password.Length"]);
        terminal.WaitFor("ready");
        terminal.Type("abX\u007fc\r");
        terminal.WaitFor("secret 3");

        Assert.Equal(0, terminal.WaitForExit());
    }

    private static string ShowAtTerminal(string command, params (string Name, string Value)[] variables)
    {
        using var terminal = new Terminal(["-Command", command], variables);
        terminal.WaitForExit();
        return terminal.Output;
    }
}

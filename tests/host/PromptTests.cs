namespace PSJob.Host.Tests;

/// <summary>Commands from stdin, and the prompt at a terminal.</summary>
public sealed class PromptTests
{
    [Theory]
    [InlineData()]
    [InlineData("-Command", "-")]
    [InlineData("-File", "-")]
    public void Runs_commands_from_stdin(params string[] arguments)
    {
        const string Script = """
            if ($true) {
                'several'

                'lines'
            }
            Get-Nothing
            $x = 40
            $x + 2
            """;

        Result result = HostProcess.RunWithInput(Script, arguments);

        Assert.Equal("several\nlines\n42\n", result.Output);
        Assert.Contains("Get-Nothing", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void Stops_reading_at_exit()
    {
        Result result = HostProcess.RunWithInput("'one'\nexit 3\n'two'\n");

        Assert.Equal("one\n", result.Output);
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public void Reports_a_command_that_stdin_leaves_incomplete()
    {
        Result result = HostProcess.RunWithInput("if ($true) {\n'never'\n");

        Assert.Empty(result.Output);
        Assert.Contains("Missing closing '}'", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Goes_on_after_the_command_with_NoExit() =>
        Assert.Equal("a\n2\n", HostProcess.RunWithInput("$x + 1", "-NoExit", "-Command", "$x = 1; 'a'").Output);

    [Fact]
    public void Enters_and_leaves_a_nested_prompt()
    {
        const string Script = """
            $Host.EnterNestedPrompt(); 'outer'
            'inner'
            $Host.ExitNestedPrompt()
            'after'
            """;

        Assert.Equal("inner\nouter\nafter\n", HostProcess.RunWithInput(Script).Output);
    }

    [Fact]
    public void Prompts_at_a_terminal()
    {
        using var terminal = new Terminal(["-wd", "/"]);
        terminal.WaitFor("PS /> ");
        terminal.Type("if (1) {\n");
        terminal.WaitFor(">> ");
        terminal.Type("7*6 }\n");
        terminal.WaitFor("42");
        terminal.WaitFor("PS /> ");
        terminal.Type("exit 5\n");

        Assert.Equal(5, terminal.WaitForExit());
    }

    [Fact]
    public void Leaves_the_continuation_prompt_at_an_empty_line()
    {
        using var terminal = new Terminal(["-wd", "/"]);
        terminal.WaitFor("PS /> ");
        terminal.Type("'never ends\n");
        terminal.WaitFor(">> ");
        terminal.Type("\n");
        terminal.WaitFor("missing the terminator");
        terminal.WaitFor("PS /> ");
        terminal.Type("exit\n");

        Assert.Equal(0, terminal.WaitForExit());
    }
}

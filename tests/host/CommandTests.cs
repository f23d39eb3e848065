using System.Text;

namespace PSJob.Host.Tests;

public sealed class CommandTests
{
    [Fact]
    public void Prints_what_the_command_writes()
    {
        Result result = HostProcess.Run("-NoLogo", "-NoProfile", "-Command", "1+1; 'äöü €'");

        Assert.Equal("2\näöü €\n", result.Output);
        Assert.Empty(result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [InlineData("-c")]
    [InlineData("--com")]
    [InlineData("/COMMAND")]
    public void Takes_the_ways_to_write_a_switch(string command) =>
        Assert.Equal("a b\n", HostProcess.Run(command, "'a", "b'").Output);

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("exit", 0)]
    [InlineData("throw 'x'", 1)]
    [InlineData("Get-Nothing", 1)]
    [InlineData("/bin/false", 1)]
    [InlineData("/bin/false; 1", 0)]
    [InlineData("if (", 1)]
    [InlineData("$Host.SetShouldExit(9)", 9)]
    public void Exits_as_pwsh_does(string command, int expected) =>
        Assert.Equal(expected, HostProcess.Run("-Command", command).ExitCode);

    [Fact]
    public void Shows_errors_on_stderr_as_the_engine_formats_them()
    {
        Result result = HostProcess.Run("-Command", "throw 'boom'");

        Assert.Empty(result.Output);
        Assert.Equal("Exception: boom\n", result.Error);
    }

    [Fact]
    public void Shows_where_a_command_does_not_parse() =>
        Assert.Contains("Missing closing ')'", HostProcess.Run("-Command", "if (1").Error, StringComparison.Ordinal);

    [Fact]
    public void Shows_an_error_where_it_happens_and_goes_on()
    {
        Result result = HostProcess.Run("-Command", "Get-Nothing; 'after'");

        Assert.Equal("after\n", result.Output);
        Assert.Contains("'Get-Nothing' is not recognized", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Decodes_an_encoded_command()
    {
        string encoded = Convert.ToBase64String(Encoding.Unicode.GetBytes("'ü' * 3"));

        Assert.Equal("üüü\n", HostProcess.Run("-EncodedCommand", encoded).Output);
    }

    [Fact]
    public void Passes_arguments_to_a_command_that_takes_them() =>
        Assert.Equal("a b,c\n", HostProcess.Run("-CommandWithArgs", "$args -join ','", "a b", "c").Output);

    [Fact]
    public void Starts_in_the_working_directory()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(folder.Path + "\n", HostProcess.Run("-wd", folder.Path, "-Command", "$PWD.Path").Output);
    }

    [Fact]
    public void Reports_a_missing_working_directory()
    {
        Result result = HostProcess.Run("-WorkingDirectory", "/no/such/folder", "-Command", "1");

        Assert.Contains("/no/such/folder", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("-Nonsense")]
    [InlineData("/no/such/script.ps1")]
    [InlineData("-Command")]
    [InlineData("-EncodedCommand", "%")]
    [InlineData("-ExecutionPolicy", "Sometimes")]
    [InlineData("-Command", "-", "more")]
    public void Refuses_a_wrong_command_line(params string[] arguments)
    {
        Result result = HostProcess.Run(arguments);

        Assert.StartsWith("psjob-host: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
        Assert.Equal(64, result.ExitCode);
    }

    [Fact]
    public void Prints_version_and_help()
    {
        Assert.Matches(@"^PowerShell 7\.\d+\.\d+\n$", HostProcess.Run("-Version").Output);
        Assert.StartsWith("Usage: psjob-host", HostProcess.Run("-?").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Feeds_stdin_to_a_command_that_reads_input()
    {
        Result result = HostProcess.RunWithInput("one\ntwo\n", "-Command", "$input | ForEach-Object { \"[$_]\" }");

        Assert.Equal("[one]\n[two]\n", result.Output);
    }

    [Fact]
    public void Raises_the_exiting_event()
    {
        const string Command = """
            $null = $ExecutionContext.Events.SubscribeEvent($null, 'PowerShell.Exiting', 'PowerShell.Exiting', $null, { $Host.UI.WriteLine('bye') }, $true, $false)
            'hello'
            """;

        Assert.Equal("hello\nbye\n", HostProcess.Run("-Command", Command).Output);
    }

    [Fact]
    public void Ends_although_a_script_left_a_runspace_open()
    {
        const string Command = """
            $runspace = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault2()); $runspace.ThreadOptions = 'ReuseThread'; $runspace.Open()
            $shell = [powershell]::Create(); $shell.Runspace = $runspace; $shell.AddScript('1').Invoke()
            """;

        Assert.Equal("1\n", HostProcess.Run("-Command", Command).Output);
    }

    [Fact]
    public void Leaves_the_environment_as_pwsh_would()
    {
        Result result = HostProcess.Run("-Command", "\"[$env:POWERSHELL_TELEMETRY_OPTOUT]\"; $env:PATH.Split(':')[0]; $PSHOME");

        Assert.Equal("[]", result.Lines[0]);
        Assert.Equal(result.Lines[2], result.Lines[1]);
    }
}

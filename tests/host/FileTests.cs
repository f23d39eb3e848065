namespace PSJob.Host.Tests;

public sealed class FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Binds_arguments_to_parameters()
    {
        string script = _folder.Write("script.ps1", "param([string] $Text, [switch] $On, [int] $Number) \"$Text|$On|$Number\"");

        Assert.Equal("a b|False|5\n", HostProcess.Run("-File", script, "a b", "-On:$false", "-Number:", "5").Output);
        Assert.Equal("-|True|0\n", HostProcess.Run(script, "-On", "-").Output);
    }

    [Fact]
    public void Knows_where_the_script_is()
    {
        string script = _folder.Write("script.ps1", "$PSScriptRoot; $MyInvocation.MyCommand.Path; $PWD.Path");

        Assert.Equal([_folder.Path, script, "/"], HostProcess.Run("-wd", "/", "-File", script).Lines);
    }

    [Theory]
    [InlineData("exit 5", 5)]
    [InlineData("throw 'x'", 1)]
    [InlineData("'fine'", 0)]
    [InlineData("/bin/false", 0)]
    [InlineData("if (", 1)]
    public void Exits_as_pwsh_does(string text, int expected) =>
        Assert.Equal(expected, HostProcess.Run("-File", _folder.Write("script.ps1", text)).ExitCode);

    [Fact]
    public void Runs_a_script_without_extension()
    {
        string script = _folder.Write("script", $"#!{HostProcess.Complete}\n\"args: $args\"; exit 4");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Result result = HostProcess.Start(script, ["x", "y"]);

        Assert.Equal("args: x y\n", result.Output);
        Assert.Equal(4, result.ExitCode);
    }

    [Fact]
    public void Feeds_stdin_to_a_script_that_reads_input()
    {
        string script = _folder.Write("script.ps1", "$input.ForEach({ \"[$_]\" })");

        Assert.Equal("[one]\n[two]\n", HostProcess.RunWithInput("one\ntwo", "-File", script).Output);
    }
}

using System.Reflection;
using System.Reflection.Emit;

namespace PSJob.Host.Tests;

/// <summary>`psjob-host -s`, with its own engine and with a hosting application's.</summary>
public sealed class WorkerTests
{
    /// <summary>Opens a runspace in a worker over the engine's own client and runs a script there.</summary>
    private const string Client = """
        $instance = [Management.Automation.Runspaces.PowerShellProcessInstance]::new($null, $null, $null, $false)
        $start = $instance.Process.StartInfo
        $start.FileName = $env:WORKER
        $start.ArgumentList.Clear()
        $env:ARGUMENTS.Split("`n").ForEach({ $start.ArgumentList.Add($_) })
        $runspace = [runspacefactory]::CreateOutOfProcessRunspace($null, $instance)
        $runspace.Open()
        $shell = [powershell]::Create($runspace)
        $shell.AddScript($env:SCRIPT).Invoke()
        $runspace.Dispose()
        $instance.Dispose()
        """;

    private static Result Ask(string worker, string[] arguments, string script) =>
        HostProcess.Start(HostProcess.Complete, ["-Command", Client], "", ("WORKER", worker), ("ARGUMENTS", string.Join('\n', arguments)), ("SCRIPT", script));

    [Fact]
    public void Serves_a_client_and_accepts_the_switches_of_pwsh()
    {
        Result result = Ask(HostProcess.Complete, ["-s", "-NoLogo", "-NoProfile", "-ExecutionPolicy", "Bypass", "-wd", "/usr"], "$PSVersionTable.PSVersion.ToString(); $PWD.Path");

        Assert.Equal(["7.6.9", "/usr"], result.Lines);
        Assert.Empty(result.Error);
    }

    [Fact]
    public void Uses_the_engine_of_a_hosting_application()
    {
        string application = AppContext.BaseDirectory;

        Result result = Ask(HostProcess.Alone, ["-s", "-AssemblyFolder", application], "$PSHOME; [IO.File]::ReadAllText('/proc/self/maps')");

        Assert.Equal(Path.Combine(application, "runtimes/unix/lib/net10.0"), result.Lines[0]);
        Assert.Contains(Path.Combine(application, "runtimes/linux-x64/native/libpsl-native.so"), result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Uses_the_engine_of_a_folder_without_a_list_of_dependencies()
    {
        string folder = Path.GetDirectoryName(HostProcess.Complete)!;

        Result result = HostProcess.Start(HostProcess.Alone, ["-AssemblyFolder", folder, "-Command", "$PSHOME; Start-Job { 2+3 } | Receive-Job -Wait"]);

        Assert.Equal([folder, "5"], result.Lines);
    }

    [Fact]
    public void Uses_the_applications_engine_although_it_has_its_own()
    {
        string application = AppContext.BaseDirectory;

        Result result = HostProcess.Run("-AssemblyFolder", application, "-Command", "$PSHOME; $env:PATH.Contains($PSHOME)");

        Assert.Equal([Path.Combine(application, "runtimes/unix/lib/net10.0"), "False"], result.Lines);
    }

    [Fact]
    public void Says_that_there_is_no_engine()
    {
        using var folder = new TemporaryFolder();

        Result none = HostProcess.Start(HostProcess.Alone, ["-s"]);
        Result empty = HostProcess.Start(HostProcess.Alone, ["-s", "-AssemblyFolder", folder.Path]);
        Result missing = HostProcess.Start(HostProcess.Alone, ["-s", "-AssemblyFolder", "/no/such/folder"]);

        Assert.Contains("-AssemblyFolder", none.Error, StringComparison.Ordinal);
        Assert.Contains($"'{folder.Path}'", empty.Error, StringComparison.Ordinal);
        Assert.Contains("'/no/such/folder'", missing.Error, StringComparison.Ordinal);
        Assert.All([none, empty, missing], result => Assert.Equal(70, result.ExitCode));
    }

    [Fact]
    public void Says_which_part_of_an_engine_is_missing()
    {
        using var folder = new TemporaryFolder();
        File.Copy(typeof(System.Management.Automation.PSObject).Assembly.Location, Path.Combine(folder.Path, "System.Management.Automation.dll"));

        Result result = HostProcess.Start(HostProcess.Alone, ["-AssemblyFolder", folder.Path, "-Command", "1"]);

        Assert.StartsWith("psjob-host: the engine needs '", result.Error, StringComparison.Ordinal);
        Assert.Equal(70, result.ExitCode);
    }

    [Fact]
    public void Says_that_an_engine_is_too_old()
    {
        using var folder = new TemporaryFolder();
        var name = new AssemblyName("System.Management.Automation") { Version = new Version(7, 4, 6, 500) };
        var old = new PersistedAssemblyBuilder(name, typeof(object).Assembly);
        old.DefineDynamicModule(name.Name!);
        old.Save(Path.Combine(folder.Path, $"{name.Name}.dll"));

        Result result = HostProcess.Start(HostProcess.Alone, ["-s", "-AssemblyFolder", folder.Path]);

        Assert.Contains("7.4.6.500", result.Error, StringComparison.Ordinal);
        Assert.Contains("7.6 or later", result.Error, StringComparison.Ordinal);
        Assert.Equal(70, result.ExitCode);
    }

    /// <summary>160 is 4000, the engine's exit code for a broken client, in the eight bits of Unix.</summary>
    [Fact]
    public void Ends_with_stdin()
    {
        Result result = HostProcess.Run("-s", "-NoLogo", "-NoProfile");

        Assert.Empty(result.Output);
        Assert.Equal(160, result.ExitCode);
    }
}

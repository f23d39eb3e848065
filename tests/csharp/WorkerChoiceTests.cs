using PSJob.Jobs;

namespace PSJob.Tests;

/// <summary>Which executable becomes the worker.</summary>
public class WorkerChoiceTests
{
    private const string EngineFolder = "/opt/powershell";
    private const string BundledHost = "/modules/PSJob/host/psjob-host";

    [Fact]
    public void PSJOB_PWSH_comes_first()
    {
        WorkerChoice choice = Choose("/my/pwsh", "/my/pwsh", "/opt/powershell/pwsh", BundledHost);

        Assert.Equal("/my/pwsh", choice.Path);
        Assert.Empty(choice.Arguments);
    }

    [Fact]
    public void Then_pwsh_beside_the_engine()
    {
        WorkerChoice choice = Choose(null, "/opt/powershell/pwsh", BundledHost);

        Assert.Equal("/opt/powershell/pwsh", choice.Path);
        Assert.Empty(choice.Arguments);
    }

    [Fact]
    public void Else_the_bundled_host_on_the_application_s_engine()
    {
        WorkerChoice choice = Choose("", BundledHost);

        Assert.Equal(BundledHost, choice.Path);
        Assert.Equal(["-AssemblyFolder", "/srv/app/"], choice.Arguments);
    }

    [Fact]
    public void A_PSJOB_PWSH_that_is_not_there_is_an_error_and_not_another_worker()
    {
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => Choose("/gone/pwsh", "/opt/powershell/pwsh", BundledHost));

        Assert.Equal("/gone/pwsh", error.FileName);
        Assert.Contains("PSJOB_PWSH", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_the_error_names_all_places()
    {
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => Choose(null));

        Assert.Equal("/opt/powershell/pwsh", error.FileName);
        Assert.Contains(BundledHost, error.Message, StringComparison.Ordinal);
    }

    private static WorkerChoice Choose(string? wanted, params string[] existing) =>
        WorkerChoice.Choose(wanted, EngineFolder, BundledHost, "/srv/app/", existing.Contains);
}

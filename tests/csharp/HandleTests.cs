using PSJob.Native;

namespace PSJob.Tests;

/// <summary>Life of native objects.</summary>
public class HandleTests
{
    [Fact]
    public void A_borrowed_object_outlives_its_dispose()
    {
        CountingHandle handle = new();
        handle.Use(() =>
        {
            handle.Dispose();
            Assert.Equal(0, handle.Releases);
        });

        Assert.Equal(1, handle.Releases);
        Assert.Throws<ObjectDisposedException>(() => handle.Use(() => { }));
        handle.Dispose();
        Assert.Equal(1, handle.Releases);
    }

    [Fact]
    public void A_failed_call_gives_status_and_message_and_no_job()
    {
        using EngineHandle engine = EngineHandle.Create(NativeMethods.GuardPath);
        using SpecHandle spec = SpecHandle.Create();

        EngineException error = Assert.Throws<EngineException>(() => engine.Start(spec));

        Assert.Equal(NativeMethods.PSJOB_STATUS_SPEC_INCOMPLETE, error.Error.Status);
        Assert.NotEmpty(error.Error.Message);
        engine.Shutdown(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Shutdown_wakes_the_thread_that_waits_for_events()
    {
        EngineHandle engine = EngineHandle.Create(NativeMethods.GuardPath);
        using SemaphoreSlim started = new(0);
        Task<bool> waiter = Task.Run(() =>
        {
            started.Release();
            return engine.WaitForEvent();
        });
        await started.WaitAsync(TimeSpan.FromSeconds(10));

        engine.Shutdown(TimeSpan.FromSeconds(5));

        Assert.False(await waiter.WaitAsync(TimeSpan.FromSeconds(10)));
        engine.Dispose();
    }

    [Fact]
    public void A_spec_refuses_what_is_not_CLIXML()
    {
        using SpecHandle spec = SpecHandle.Create();

        EngineException error = Assert.Throws<EngineException>(() => spec.AddArgument("<S>open"));

        Assert.Equal(NativeMethods.PSJOB_STATUS_BAD_CLIXML, error.Error.Status);
    }

    private sealed class CountingHandle() : NativeHandle(1)
    {
        public int Releases { get; private set; }

        public void Use(Action action)
        {
            using Lease self = Borrow();
            action();
        }

        protected override bool ReleaseHandle()
        {
            Releases++;
            return true;
        }
    }
}

using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>The commands that subscribe to events of this session.</summary>
public abstract class RegisterEventCommand : PSCmdlet
{
    [Parameter(Position = 101)]
    public ScriptBlock? Action { get; set; }

    [Parameter]
    public PSObject? MessageData { get; set; }

    [Parameter]
    public SwitchParameter SupportEvent { get; set; }

    [Parameter]
    public SwitchParameter Forward { get; set; }

    [Parameter]
    public int MaxTriggerCount { get; set; }

    private protected void Subscribe(object? source, string? eventName, string sourceIdentifier)
    {
        PSEventSubscriber subscriber = Events.SubscribeEvent(
            source, eventName, sourceIdentifier, MessageData, Action, SupportEvent, Forward, MaxTriggerCount);
        if (Action is not null && !SupportEvent)
        {
            WriteObject(subscriber.Action);
        }
    }
}

[Cmdlet(VerbsLifecycle.Register, "EngineEvent")]
public sealed class RegisterEngineEventCommand : RegisterEventCommand
{
    [Parameter(Position = 100, Mandatory = true)]
    public string SourceIdentifier { get; set; } = "";

    protected override void EndProcessing() => Subscribe(null, null, SourceIdentifier);
}

[Cmdlet(VerbsLifecycle.Register, "ObjectEvent")]
public sealed class RegisterObjectEventCommand : RegisterEventCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public PSObject InputObject { get; set; } = null!;

    [Parameter(Position = 1, Mandatory = true)]
    public string EventName { get; set; } = "";

    [Parameter(Position = 100)]
    public string SourceIdentifier { get; set; } = Guid.NewGuid().ToString();

    protected override void EndProcessing() => Subscribe(InputObject.BaseObject, EventName, SourceIdentifier);
}

[Cmdlet(VerbsCommon.New, "Event")]
[OutputType(typeof(PSEventArgs))]
public sealed class NewEventCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string SourceIdentifier { get; set; } = "";

    [Parameter(Position = 1)]
    public PSObject? Sender { get; set; }

    [Parameter(Position = 2)]
    public PSObject[] EventArguments { get; set; } = [];

    [Parameter(Position = 3)]
    public PSObject? MessageData { get; set; }

    protected override void EndProcessing() => WriteObject(Events.GenerateEvent(
        SourceIdentifier, Sender?.BaseObject, [.. EventArguments.Select(a => a.BaseObject)], MessageData,
        processInCurrentThread: true, waitForCompletionInCurrentThread: false));
}

/// <summary>The commands that find queued events by a pattern of their source's name.</summary>
public abstract class QueuedEventCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    public string SourceIdentifier { get; set; } = "*";

    private protected PSEventArgs[] Find()
    {
        var pattern = WildcardPattern.Get(SourceIdentifier, WildcardOptions.IgnoreCase);
        lock (Events.ReceivedEvents.SyncRoot)
        {
            return [.. Events.ReceivedEvents.Where(e => pattern.IsMatch(e.SourceIdentifier))];
        }
    }
}

[Cmdlet(VerbsCommon.Get, "Event")]
[OutputType(typeof(PSEventArgs))]
public sealed class GetEventCommand : QueuedEventCommand
{
    protected override void EndProcessing() => WriteObject(Find(), enumerateCollection: true);
}

[Cmdlet(VerbsCommon.Remove, "Event")]
public sealed class RemoveEventCommand : QueuedEventCommand
{
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int? EventIdentifier { get; set; }

    protected override void ProcessRecord()
    {
        foreach (PSEventArgs found in Find().Where(e => EventIdentifier is null || e.EventIdentifier == EventIdentifier))
        {
            lock (Events.ReceivedEvents.SyncRoot)
            {
                int index = Events.ReceivedEvents.ToList().IndexOf(found);
                if (index >= 0)
                {
                    Events.ReceivedEvents.RemoveAt(index);
                }
            }
        }
    }
}

[Cmdlet(VerbsLifecycle.Wait, "Event")]
[OutputType(typeof(PSEventArgs))]
public sealed class WaitEventCommand : QueuedEventCommand
{
    [Parameter]
    [Alias("TimeoutSec")]
    public int Timeout { get; set; } = -1;

    protected override void EndProcessing()
    {
        using var arrived = new AutoResetEvent(false);
        void OnReceived(object sender, PSEventArgs args) => arrived.Set();
        Events.ReceivedEvents.PSEventReceived += OnReceived;
        try
        {
            var deadline = Task.Delay(Timeout < 0 ? -1 : Timeout * 1000, PipelineStopToken);
            PSEventArgs? found;
            while ((found = Find().FirstOrDefault()) is null && !deadline.IsCompleted)
            {
                WaitHandle.WaitAny([arrived, ((IAsyncResult)deadline).AsyncWaitHandle]);
            }

            if (found is not null)
            {
                WriteObject(found);
            }
        }
        finally
        {
            Events.ReceivedEvents.PSEventReceived -= OnReceived;
        }
    }
}

[Cmdlet(VerbsCommon.Get, "EventSubscriber")]
[OutputType(typeof(PSEventSubscriber))]
public sealed class GetEventSubscriberCommand : PSCmdlet
{
    [Parameter(Position = 0)]
    public string SourceIdentifier { get; set; } = "*";

    protected override void EndProcessing()
    {
        var pattern = WildcardPattern.Get(SourceIdentifier, WildcardOptions.IgnoreCase);
        WriteObject(Events.Subscribers.Where(s => pattern.IsMatch(s.SourceIdentifier)), enumerateCollection: true);
    }
}

[Cmdlet(VerbsLifecycle.Unregister, "Event", DefaultParameterSetName = "BySource")]
public sealed class UnregisterEventCommand : PSCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "BySource", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public string SourceIdentifier { get; set; } = "";

    [Parameter(ParameterSetName = "ById", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public int SubscriptionId { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        var pattern = WildcardPattern.Get(SourceIdentifier, WildcardOptions.IgnoreCase);
        bool byId = ParameterSetName == "ById";
        foreach (PSEventSubscriber subscriber in Events.Subscribers.ToArray())
        {
            if (byId ? subscriber.SubscriptionId == SubscriptionId : pattern.IsMatch(subscriber.SourceIdentifier))
            {
                Events.UnsubscribeEvent(subscriber);
            }
        }
    }
}

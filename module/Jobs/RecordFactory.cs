using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Xml;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>Turns records of the engine's log into PowerShell's objects. Any thread; the factory of one child.</summary>
/// <param name="computerName">What the objects carry as their origin.</param>
/// <param name="runspaceId">Id of the session that wrote them.</param>
internal sealed class RecordFactory(string computerName, Guid runspaceId)
{
    private const string DocumentStart = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";
    private const string DocumentEnd = "</Objs>";
    private const string HostMessageType = "Deserialized.System.Management.Automation.HostInformationMessage";

    internal OriginInfo Origin { get; } = new(computerName, runspaceId);

    /// <summary>Converts a batch. A record that cannot be read becomes an error record in its place: nothing is lost in silence.</summary>
    internal JobRecord[] Create(IReadOnlyList<RawRecord> batch)
    {
        object?[]? values = TryParse(batch);
        JobRecord[] records = new JobRecord[batch.Count];
        for (int index = 0; index < records.Length; index++)
        {
            records[index] = values is null ? CreateAlone(batch[index]) : Create(batch[index], values[index]);
        }

        return records;
    }

    /// <summary>The error record of a message body, as a job's reason brings it.</summary>
    internal ErrorRecord CreateError(string clixml) =>
        (ErrorRecord)CreateAlone(new RawRecord(0, RecordStream.Error, DateTimeOffset.UtcNow, clixml)).Value!;

    /// <summary>Reads the properties of a progress record.</summary>
    internal static ProgressRecord Progress(PSObject source) => new(
        Get<int>(source, "ActivityId"),
        Get<string>(source, "Activity") is { Length: > 0 } activity ? activity : " ",
        Get<string>(source, "StatusDescription") is { Length: > 0 } status ? status : " ")
    {
        CurrentOperation = Get<string>(source, "CurrentOperation"),
        ParentActivityId = Get<int>(source, "ParentActivityId"),
        PercentComplete = Get<int>(source, "PercentComplete"),
        RecordType = Get<ProgressRecordType>(source, "Type"),
        SecondsRemaining = Get<int>(source, "SecondsRemaining"),
    };

    /// <summary>One parse for the whole batch, or null when some element of it is not well-formed.</summary>
    private static object?[]? TryParse(IReadOnlyList<RawRecord> batch)
    {
        try
        {
            object?[] values = Parse(batch.Select(record => record.Clixml));
            return values.Length == batch.Count ? values : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static object?[] Parse(IEnumerable<string> elements)
    {
        StringBuilder document = new(DocumentStart);
        foreach (string element in elements)
        {
            // A null travels as a message without a body.
            document.Append(element.Length > 0 ? element : "<Nil />");
        }

        return PSSerializer.DeserializeAsList(document.Append(DocumentEnd).ToString());
    }

    private JobRecord CreateAlone(RawRecord raw)
    {
        try
        {
            return Create(raw, Parse([raw.Clixml]).Single());
        }
        catch (Exception reason)
        {
            return Unreadable(raw, reason);
        }
    }

    private JobRecord Create(RawRecord raw, object? value)
    {
        try
        {
            return new JobRecord(raw.Sequence, raw.Stream, Convert(raw.Stream, value));
        }
        catch (Exception reason)
        {
            // PowerShell's own constructors cast what the worker sent without asking: anything may come.
            return Unreadable(raw, reason);
        }
    }

    private object? Convert(RecordStream stream, object? value) => stream switch
    {
        RecordStream.Output => value is null ? null : Output(PSObject.AsPSObject(value)),
        RecordStream.Error => Error(PSObject.AsPSObject(value)),
        RecordStream.Warning => new WarningRecord(PSObject.AsPSObject(value)),
        RecordStream.Verbose => new VerboseRecord(PSObject.AsPSObject(value)),
        RecordStream.Debug => new DebugRecord(PSObject.AsPSObject(value)),
        RecordStream.Progress => Progress(PSObject.AsPSObject(value)),
        RecordStream.Information => Information(PSObject.AsPSObject(value)),
        RecordStream.HostCall => HostCall.From(PSObject.AsPSObject(value)),
        // A stream that a later engine may add is to be ignored.
        _ => null,
    };

    /// <summary>Adds the notes that say where an object comes from; those that the worker sent are not trusted.</summary>
    private PSObject Output(PSObject value)
    {
        SetNote(value, "PSComputerName", Origin.PSComputerName);
        SetNote(value, "RunspaceId", Origin.RunspaceID);
        if (value.Properties["PSShowComputerName"] is null)
        {
            value.Properties.Add(new PSNoteProperty("PSShowComputerName", false));
        }

        return value;
    }

    private static void SetNote(PSObject target, string name, object value)
    {
        if (target.Properties[name] is not null)
        {
            target.Properties.Remove(name);
        }

        target.Properties.Add(new PSNoteProperty(name, value));
    }

    private RemotingErrorRecord Error(PSObject source) =>
        new(EngineInternals.ErrorRecordFromRemote is { } rebuild ? rebuild(source) : ErrorFromPublicParts(source), Origin);

    /// <summary>An error record without what only the engine can set: stack trace, serialized exception and invocation.</summary>
    internal static ErrorRecord ErrorFromPublicParts(PSObject source)
    {
        string message = (source.Properties["Exception"]?.Value as PSObject)?.Properties["Message"]?.Value as string
            ?? Get<string>(source, "ErrorCategory_Message")
            ?? "";
        ErrorRecord record = new(
            new RemoteException(message),
            Get<string>(source, "FullyQualifiedErrorId"),
            Get<ErrorCategory>(source, "ErrorCategory_Category"),
            source.Properties["TargetObject"]?.Value);
        record.CategoryInfo.Activity = Get<string>(source, "ErrorCategory_Activity");
        record.CategoryInfo.Reason = Get<string>(source, "ErrorCategory_Reason");
        record.CategoryInfo.TargetName = Get<string>(source, "ErrorCategory_TargetName");
        record.CategoryInfo.TargetType = Get<string>(source, "ErrorCategory_TargetType");
        if (Get<string>(source, "ErrorDetails_Message") is { } details)
        {
            record.ErrorDetails = new ErrorDetails(details)
            {
                RecommendedAction = Get<string>(source, "ErrorDetails_RecommendedAction"),
            };
        }

        return record;
    }

    private static InformationRecord Information(PSObject source)
    {
        InformationRecord record = new(MessageData(source.Properties["MessageData"]?.Value), Get<string>(source, "Source"))
        {
            TimeGenerated = Get<DateTime>(source, "TimeGenerated"),
            User = Get<string>(source, "User"),
            Computer = Get<string>(source, "Computer"),
            ProcessId = Get<uint>(source, "ProcessId"),
            NativeThreadId = Get<uint>(source, "NativeThreadId"),
            ManagedThreadId = Get<uint>(source, "ManagedThreadId"),
        };
        if ((source.Properties["Tags"]?.Value as PSObject)?.BaseObject is IEnumerable tags)
        {
            record.Tags.AddRange(tags.Cast<object>().Select(tag => LanguagePrimitives.ConvertTo<string>(tag)));
        }

        return record;
    }

    /// <summary>
    /// Gives Write-Host's message its type back: only then does the host see colours and -NoNewline when the record is
    /// written (MshCommandRuntime.cs, WriteInformation).
    /// </summary>
    private static object? MessageData(object? value)
    {
        if (value is not PSObject source || !source.TypeNames.Contains(HostMessageType))
        {
            return value;
        }

        return new HostInformationMessage
        {
            Message = Get<string>(source, "Message"),
            NoNewLine = Get<bool?>(source, "NoNewLine"),
            ForegroundColor = Get<ConsoleColor?>(source, "ForegroundColor"),
            BackgroundColor = Get<ConsoleColor?>(source, "BackgroundColor"),
        };
    }

    private JobRecord Unreadable(RawRecord raw, Exception reason)
    {
        ErrorRecord error = new(
            new PSRemotingDataStructureException($"Record {raw.Sequence} ({raw.Stream}) of the job cannot be read: {reason.Message}", reason),
            "RecordNotReadable",
            ErrorCategory.InvalidData,
            targetObject: raw.Clixml);
        return new JobRecord(raw.Sequence, RecordStream.Error, new RemotingErrorRecord(error, Origin));
    }

    /// <summary>A property's value as a type; a missing one is the type's default.</summary>
    private static T Get<T>(PSObject source, string name) =>
        source.Properties[name]?.Value is { } value ? LanguagePrimitives.ConvertTo<T>(value) : default!;
}

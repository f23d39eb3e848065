using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using PSJob.Jobs;
using PSJob.Native;

namespace PSJob.Tests;

/// <summary>Records of every stream, from the CLIXML that a worker sends.</summary>
public class RecordFactoryTests
{
    private static readonly Guid s_runspaceId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");

    private readonly RecordFactory _factory = new("localhost", s_runspaceId);

    [Fact]
    public void Output_keeps_its_type_and_says_where_it_comes_from()
    {
        PSObject value = Assert.IsType<PSObject>(One(RecordStream.Output, "<I32>42</I32>"));

        Assert.Equal(42, value.BaseObject);
        Assert.Equal("System.Int32", value.TypeNames[0]);
        Assert.Equal("localhost", value.Properties["PSComputerName"].Value);
        Assert.Equal(s_runspaceId, value.Properties["RunspaceId"].Value);
        Assert.Equal(false, value.Properties["PSShowComputerName"].Value);
    }

    [Fact]
    public void A_worker_s_claim_about_its_origin_is_replaced()
    {
        PSObject value = Assert.IsType<PSObject>(One(
            RecordStream.Output,
            """<Obj RefId="0"><MS><S N="PSComputerName">elsewhere</S><S N="RunspaceId">x</S><B N="PSShowComputerName">true</B></MS></Obj>"""));

        Assert.Equal("localhost", value.Properties["PSComputerName"].Value);
        Assert.Equal(s_runspaceId, value.Properties["RunspaceId"].Value);
        Assert.Equal(true, value.Properties["PSShowComputerName"].Value);
    }

    [Theory]
    [InlineData("<Nil />")]
    [InlineData("")]
    public void Null_stays_null(string clixml) => Assert.Null(One(RecordStream.Output, clixml));

    [Fact]
    public void A_batch_keeps_order_and_sequence_numbers_although_every_element_starts_its_references_anew()
    {
        const string Item = """<Obj RefId="0"><TN RefId="0"><T>Deserialized.Thing</T><T>System.Object</T></TN><Props><I32 N="Number">{0}</I32></Props></Obj>""";
        RawRecord[] batch = [.. Enumerable.Range(1, 300).Select(number =>
            Raw((ulong)number, RecordStream.Output, Item.Replace("{0}", $"{number}", StringComparison.Ordinal)))];

        JobRecord[] records = _factory.Create(batch);

        Assert.Equal(Enumerable.Range(1, 300).Select(number => (ulong)number), records.Select(record => record.Sequence));
        Assert.Equal(Enumerable.Range(1, 300), records.Select(record => (int)((PSObject)record.Value!).Properties["Number"].Value));
        Assert.All(records, record => Assert.Equal("Deserialized.Thing", ((PSObject)record.Value!).TypeNames[0]));
    }

    [Fact]
    public void An_error_is_complete()
    {
        RemotingErrorRecord error = Assert.IsType<RemotingErrorRecord>(One(RecordStream.Error, Clixml.Error));

        Assert.Equal("PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("Get-Item", error.CategoryInfo.Activity);
        Assert.Equal("ItemNotFoundException", error.CategoryInfo.Reason);
        Assert.Equal("/nowhere", error.CategoryInfo.TargetName);
        Assert.Equal("String", error.CategoryInfo.TargetType);
        Assert.Equal("/nowhere", error.TargetObject.ToString());
        Assert.Equal("details", error.ErrorDetails.Message);
        Assert.Equal("do this", error.ErrorDetails.RecommendedAction);
        Assert.Equal("at <ScriptBlock>, <No file>: line 1", error.ScriptStackTrace);
        Assert.Equal("localhost", error.OriginInfo.PSComputerName);
        Assert.Equal(s_runspaceId, error.OriginInfo.RunspaceID);
        Assert.Null(error.InvocationInfo);
        RemoteException exception = Assert.IsType<RemoteException>(error.Exception);
        Assert.Equal("Cannot find path '/nowhere'.", exception.Message);
        Assert.Contains("Deserialized.System.Management.Automation.ItemNotFoundException", exception.SerializedRemoteException.TypeNames);
        Assert.Equal(7, exception.SerializedRemoteInvocationInfo.Properties["ScriptLineNumber"].Value);
    }

    [Fact]
    public void An_error_is_usable_without_the_engine_s_internals()
    {
        PSObject source = (PSObject)PSSerializer.Deserialize(Clixml.Document(Clixml.Error));

        ErrorRecord error = RecordFactory.ErrorFromPublicParts(source);

        Assert.Equal("PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("Get-Item", error.CategoryInfo.Activity);
        Assert.Equal("Cannot find path '/nowhere'.", error.Exception.Message);
        Assert.Equal("details", error.ErrorDetails.Message);
        Assert.Equal("/nowhere", error.TargetObject.ToString());
    }

    [Fact]
    public void The_engine_s_internals_are_where_they_are_looked_for() => Assert.NotNull(EngineInternals.ErrorRecordFromRemote);

    [Theory]
    [InlineData("Warning", typeof(WarningRecord))]
    [InlineData("Verbose", typeof(VerboseRecord))]
    [InlineData("Debug", typeof(DebugRecord))]
    public void Messages_become_records_of_their_stream(string stream, Type type)
    {
        object? value = One(
            Enum.Parse<RecordStream>(stream),
            """<Obj RefId="0"><ToString>careful</ToString><MS><S N="InformationalRecord_Message">careful</S><B N="InformationalRecord_SerializeInvocationInfo">false</B></MS></Obj>""");

        Assert.IsType(type, value);
        Assert.Equal("careful", ((InformationalRecord)value!).Message);
        Assert.Null(((InformationalRecord)value).InvocationInfo);
    }

    [Fact]
    public void Progress_is_complete()
    {
        ProgressRecord progress = Assert.IsType<ProgressRecord>(One(RecordStream.Progress, Clixml.Progress));

        Assert.Equal(3, progress.ActivityId);
        Assert.Equal(1, progress.ParentActivityId);
        Assert.Equal("copying", progress.Activity);
        Assert.Equal("file 4", progress.StatusDescription);
        Assert.Equal("reading", progress.CurrentOperation);
        Assert.Equal(40, progress.PercentComplete);
        Assert.Equal(12, progress.SecondsRemaining);
        Assert.Equal(ProgressRecordType.Completed, progress.RecordType);
    }

    [Fact]
    public void Information_is_complete()
    {
        InformationRecord record = Assert.IsType<InformationRecord>(One(RecordStream.Information, Clixml.Information("<S N=\"MessageData\">news</S>", "a", "b")));

        Assert.Equal("news", record.MessageData.ToString());
        Assert.Equal("/tmp/x.ps1", record.Source);
        Assert.Equal(["a", "b"], record.Tags);
        Assert.Equal("somebody", record.User);
        Assert.Equal("somewhere", record.Computer);
        Assert.Equal(4711u, record.ProcessId);
        Assert.Equal(12u, record.NativeThreadId);
        Assert.Equal(13u, record.ManagedThreadId);
        Assert.Equal(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), record.TimeGenerated.ToUniversalTime());
    }

    [Fact]
    public void Write_Host_s_message_gets_its_type_back_so_that_the_host_sees_colours()
    {
        InformationRecord record = Assert.IsType<InformationRecord>(One(RecordStream.Information, Clixml.Information(Clixml.HostMessage, "PSHOST")));

        HostInformationMessage message = Assert.IsType<HostInformationMessage>(record.MessageData);
        Assert.Equal("green", message.Message);
        Assert.True(message.NoNewLine);
        Assert.Equal(ConsoleColor.Green, message.ForegroundColor);
        Assert.Null(message.BackgroundColor);
        Assert.Equal("green", record.ToString());
    }

    [Fact]
    public void A_host_call_keeps_method_and_parameters()
    {
        HostCall call = Assert.IsType<HostCall>(One(RecordStream.HostCall, Clixml.WriteLineInColour));

        Assert.Equal(HostMethod.WriteLine3, call.Method);
        Assert.Equal([10, 0, "text"], call.Parameters);
    }

    [Fact]
    public void A_stream_of_a_later_engine_is_ignored()
    {
        JobRecord record = Assert.Single(_factory.Create([Raw(1, (RecordStream)99, "<S>what?</S>")]));

        Assert.Equal((RecordStream)99, record.Stream);
        Assert.Null(record.Value);
    }

    [Theory]
    [InlineData("Output", "<I32>1</I32")]
    [InlineData("Output", "<I32>many</I32>")]
    [InlineData("Error", "")]
    [InlineData("Warning", "<S>no properties</S>")]
    [InlineData("Progress", """<Obj RefId="0"><MS><S N="ActivityId">first</S></MS></Obj>""")]
    public void What_cannot_be_read_becomes_an_error_in_its_place_and_costs_no_other_record(string stream, string clixml)
    {
        JobRecord[] records = _factory.Create(
            [Raw(1, RecordStream.Output, "<I32>1</I32>"), Raw(2, Enum.Parse<RecordStream>(stream), clixml), Raw(3, RecordStream.Output, "<I32>3</I32>")]);

        Assert.Equal(1, ((PSObject)records[0].Value!).BaseObject);
        Assert.Equal(3, ((PSObject)records[2].Value!).BaseObject);
        Assert.Equal(RecordStream.Error, records[1].Stream);
        Assert.Equal(2u, records[1].Sequence);
        ErrorRecord error = Assert.IsType<RemotingErrorRecord>(records[1].Value);
        Assert.Equal("RecordNotReadable", error.FullyQualifiedErrorId);
        Assert.IsType<PSRemotingDataStructureException>(error.Exception);
    }

    private static RawRecord Raw(ulong sequence, RecordStream stream, string clixml) => new(sequence, stream, DateTimeOffset.UnixEpoch, clixml);

    private object? One(RecordStream stream, string clixml)
    {
        JobRecord record = Assert.Single(_factory.Create([Raw(1, stream, clixml)]));
        Assert.Equal(stream, record.Stream);
        return record.Value;
    }
}

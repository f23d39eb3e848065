using System.Collections;
using System.Management.Automation;
using System.Net;
using System.Security;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsData.ConvertTo, "Json")]
[OutputType(typeof(string))]
public sealed class ConvertToJsonCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public object? InputObject { get; set; }

    [Parameter]
    [ValidateRange(0, 100)]
    public int Depth { get; set; } = 2;

    [Parameter]
    public SwitchParameter Compress { get; set; }

    [Parameter]
    public SwitchParameter AsArray { get; set; }

    private readonly List<object?> _input = [];

    protected override void ProcessRecord() => _input.Add(InputObject);

    protected override void EndProcessing()
    {
        if (_input.Count == 0)
        {
            return;
        }

        using var buffer = new MemoryStream();
        var options = new JsonWriterOptions
        {
            Indented = !Compress,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            Write(writer, _input.Count == 1 && !AsArray ? _input[0] : _input, Depth);
        }

        WriteObject(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void Write(Utf8JsonWriter writer, object? value, int depth)
    {
        object? plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        switch (plain)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string or char or Guid or Uri or Version:
                writer.WriteStringValue(plain.ToString());
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case DateTime time:
                writer.WriteStringValue(time);
                break;
            case Enum:
                writer.WriteNumberValue(Convert.ToInt64(plain));
                break;
            case sbyte or byte or short or ushort or int or uint or long or ulong or float or double or decimal:
                writer.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(plain));
                break;
            default:
                WriteComposite(writer, value!, plain, depth);
                break;
        }
    }

    private static void WriteComposite(Utf8JsonWriter writer, object value, object plain, int depth)
    {
        if (depth < 0)
        {
            writer.WriteStringValue(value.ToString());
        }
        else if (plain is IDictionary table)
        {
            WriteMembers(writer, table.Cast<DictionaryEntry>().Select(e => (e.Key.ToString()!, e.Value)), depth);
        }
        else if (plain is IEnumerable items)
        {
            writer.WriteStartArray();
            foreach (object? item in items)
            {
                Write(writer, item, depth - 1);
            }

            writer.WriteEndArray();
        }
        else
        {
            IEnumerable<PSPropertyInfo> properties = PSObject.AsPSObject(value).Properties.Where(p => p.IsGettable);
            WriteMembers(writer, properties.Select(p => (p.Name, (object?)p.Value)), depth);
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, IEnumerable<(string Name, object? Value)> members, int depth)
    {
        writer.WriteStartObject();
        foreach ((string name, object? value) in members)
        {
            writer.WritePropertyName(name);
            Write(writer, value, depth - 1);
        }

        writer.WriteEndObject();
    }
}

[Cmdlet(VerbsData.ConvertFrom, "Json")]
public sealed class ConvertFromJsonCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string InputObject { get; set; } = "";

    private readonly List<string> _lines = [];

    protected override void ProcessRecord() => _lines.Add(InputObject);

    protected override void EndProcessing()
    {
        using var document = JsonDocument.Parse(string.Join('\n', _lines));
        WriteObject(Read(document.RootElement), enumerateCollection: true);
    }

    private static object? Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => ReadObject(element),
        JsonValueKind.Array => element.EnumerateArray().Select(Read).ToArray(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? whole : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static PSObject ReadObject(JsonElement element)
    {
        var result = new PSObject();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            result.Properties.Add(new PSNoteProperty(property.Name, Read(property.Value)));
        }

        return result;
    }
}

[Cmdlet(VerbsData.ConvertTo, "SecureString")]
[OutputType(typeof(SecureString))]
public sealed class ConvertToSecureStringCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    public string String { get; set; } = "";

    [Parameter(Mandatory = true)]
    public SwitchParameter AsPlainText { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        SecureString secret = new NetworkCredential("", String).SecurePassword;
        secret.MakeReadOnly();
        WriteObject(secret);
    }
}

[Cmdlet(VerbsData.ConvertFrom, "SecureString")]
[OutputType(typeof(string))]
public sealed class ConvertFromSecureStringCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    public SecureString SecureString { get; set; } = null!;

    [Parameter(Mandatory = true)]
    public SwitchParameter AsPlainText { get; set; }

    protected override void ProcessRecord() => WriteObject(new NetworkCredential("", SecureString).Password);
}

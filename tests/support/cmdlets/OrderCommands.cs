using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Microsoft.PowerShell.Commands;

/// <summary>The commands that need all input before they can answer.</summary>
public abstract class CollectingCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    private protected List<PSObject> Input { get; } = [];

    protected override void ProcessRecord()
    {
        if (InputObject is not null && InputObject != AutomationNull.Value)
        {
            Input.Add(InputObject);
        }
    }
}

[Cmdlet("Sort", "Object")]
public sealed class SortObjectCommand : CollectingCommand
{
    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter Descending { get; set; }

    [Parameter]
    public SwitchParameter Unique { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    [Parameter]
    public SwitchParameter Stable { get; set; }

    [Parameter]
    public int Top { get; set; } = int.MaxValue;

    protected override void EndProcessing()
    {
        var comparer = new ValueComparer(CaseSensitive);
        (Func<PSObject, object?> Key, bool Down)[] keys = Keys();
        IOrderedEnumerable<PSObject> sorted = Input.Order(Comparer<PSObject>.Create((_, _) => 0));
        foreach ((Func<PSObject, object?> key, bool down) in keys)
        {
            sorted = down ? sorted.ThenByDescending(key, comparer) : sorted.ThenBy(key, comparer);
        }

        PSObject? last = null;
        foreach (PSObject item in sorted.Take(Top))
        {
            bool repeated = Unique && last is not null
                && keys.All(k => comparer.Compare(k.Key(item), k.Key(last)) == 0);
            if (!repeated)
            {
                WriteObject(item);
            }

            last = item;
        }
    }

    private (Func<PSObject, object?> Key, bool Down)[] Keys() => Property is null
        ? [(item => item, Descending)]
        : [.. PropertySelector.ParseAll(Property).Select(s => ((Func<PSObject, object?>)s.Value, s.Descending ?? Descending))];
}

/// <summary>Items that share a value, named as the default views know it.</summary>
public sealed class GroupInfo(ArrayList values, IEnumerable<PSObject> items)
{
    public ArrayList Values { get; } = values;

    public System.Collections.ObjectModel.Collection<PSObject> Group { get; } = [.. items];

    public int Count => Group.Count;

    public string Name => string.Join(", ", Values.Cast<object?>().Select(v => v?.ToString()));
}

[Cmdlet("Group", "Object")]
public sealed class GroupObjectCommand : CollectingCommand
{
    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter NoElement { get; set; }

    [Parameter]
    public SwitchParameter AsHashTable { get; set; }

    [Parameter]
    public SwitchParameter AsString { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    protected override void EndProcessing()
    {
        PropertySelector[] selectors = PropertySelector.ParseAll(Property);
        var comparer = new ValueComparer(CaseSensitive);
        List<GroupInfo> groups = [];
        foreach (PSObject item in Input)
        {
            object?[] values = selectors.Length == 0 ? [item.BaseObject] : [.. selectors.Select(s => s.Value(item))];
            GroupInfo? group = groups.Find(g => g.Values.Cast<object?>().SequenceEqual(values, comparer));
            if (group is null)
            {
                groups.Add(new GroupInfo(new ArrayList(values), [item]));
            }
            else
            {
                group.Group.Add(item);
            }
        }

        if (AsHashTable)
        {
            WriteObject(ToTable(groups));
        }
        else
        {
            WriteObject(groups.OrderBy(g => g.Values[0], comparer), enumerateCollection: true);
        }
    }

    private Hashtable ToTable(List<GroupInfo> groups)
    {
        var table = new Hashtable(StringComparer.CurrentCultureIgnoreCase);
        foreach (GroupInfo group in groups)
        {
            table[AsString ? group.Name : group.Values[0] ?? ""] = group.Group;
        }

        return table;
    }
}

/// <summary>What <c>Measure-Object</c> found in numbers, named as the default views know it.</summary>
public sealed class GenericMeasureInfo
{
    public int Count { get; set; }

    public double? Average { get; set; }

    public double? Sum { get; set; }

    public object? Maximum { get; set; }

    public object? Minimum { get; set; }

    public double? StandardDeviation { get; set; }

    public string? Property { get; set; }
}

/// <summary>What <c>Measure-Object</c> found in text.</summary>
public sealed class TextMeasureInfo
{
    public int? Lines { get; set; }

    public int? Words { get; set; }

    public int? Characters { get; set; }

    public string? Property { get; set; }
}

[Cmdlet(VerbsDiagnostic.Measure, "Object", DefaultParameterSetName = "GenericMeasure")]
public sealed class MeasureObjectCommand : CollectingCommand
{
    [Parameter(Position = 0)]
    public string[]? Property { get; set; }

    [Parameter(ParameterSetName = "GenericMeasure")]
    public SwitchParameter Sum { get; set; }

    [Parameter(ParameterSetName = "GenericMeasure")]
    public SwitchParameter Average { get; set; }

    [Parameter(ParameterSetName = "GenericMeasure")]
    public SwitchParameter Maximum { get; set; }

    [Parameter(ParameterSetName = "GenericMeasure")]
    public SwitchParameter Minimum { get; set; }

    [Parameter(ParameterSetName = "TextMeasure")]
    public SwitchParameter Line { get; set; }

    [Parameter(ParameterSetName = "TextMeasure")]
    public SwitchParameter Word { get; set; }

    [Parameter(ParameterSetName = "TextMeasure")]
    public SwitchParameter Character { get; set; }

    protected override void EndProcessing()
    {
        foreach (string? property in Property ?? new string?[] { null })
        {
            object?[] values =
            [
                .. Input.Select(item => property is null ? item.BaseObject : item.Properties[property]?.Value)
                    .Where(v => v is not null),
            ];
            WriteObject(ParameterSetName == "TextMeasure" ? Text(values, property) : Numbers(values, property));
        }
    }

    private GenericMeasureInfo Numbers(object?[] values, string? property)
    {
        double[] numbers = Sum || Average ? [.. values.Select(LanguagePrimitives.ConvertTo<double>)] : [];
        var comparer = new ValueComparer(caseSensitive: false);
        return new GenericMeasureInfo
        {
            Count = values.Length,
            Property = property,
            Sum = Sum ? numbers.Sum() : null,
            Average = Average ? numbers.DefaultIfEmpty().Average() : null,
            Maximum = Maximum ? values.Max(comparer) : null,
            Minimum = Minimum ? values.Min(comparer) : null,
        };
    }

    private TextMeasureInfo Text(object?[] values, string? property)
    {
        string[] texts = [.. values.Select(LanguagePrimitives.ConvertTo<string>)];
        return new TextMeasureInfo
        {
            Property = property,
            Lines = Line ? texts.Sum(t => t.Split('\n').Length) : null,
            Words = Word ? texts.Sum(t => t.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length) : null,
            Characters = Character ? texts.Sum(t => t.Length) : null,
        };
    }
}

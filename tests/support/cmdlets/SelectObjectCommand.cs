using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Select, "Object", DefaultParameterSetName = "DefaultParameter")]
public sealed class SelectObjectCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public string[]? ExcludeProperty { get; set; }

    [Parameter]
    public string? ExpandProperty { get; set; }

    [Parameter]
    public SwitchParameter Unique { get; set; }

    [Parameter(ParameterSetName = "DefaultParameter")]
    [ValidateRange(0, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    [Parameter(ParameterSetName = "DefaultParameter")]
    [ValidateRange(0, int.MaxValue)]
    public int Last { get; set; }

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Skip { get; set; }

    [Parameter(ParameterSetName = "SkipLastParameter")]
    [ValidateRange(0, int.MaxValue)]
    public int SkipLast { get; set; }

    [Parameter(ParameterSetName = "IndexParameter")]
    public int[]? Index { get; set; }

    [Parameter]
    public SwitchParameter Wait { get; set; }

    private readonly Queue<PSObject> _tail = new();
    private readonly List<PSObject> _unique = [];
    private PropertySelector[] _properties = [];
    private WildcardPattern[] _excluded = [];
    private int _seen;
    private int _streamed;

    private bool FirstGiven => First != int.MaxValue;

    protected override void BeginProcessing()
    {
        if (Property is null && ExcludeProperty is not null)
        {
            Property = ["*"];
        }

        _properties = PropertySelector.ParseAll(Property);
        _excluded = [.. (ExcludeProperty ?? []).Select(p => WildcardPattern.Get(p, WildcardOptions.IgnoreCase))];
    }

    protected override void ProcessRecord()
    {
        if (InputObject is null || InputObject == AutomationNull.Value)
        {
            return;
        }

        Accept(InputObject, _seen++);

        // Nothing that comes later can be selected: the commands before this one need not go on.
        bool complete = Index is not null
            ? _seen > Index.DefaultIfEmpty(-1).Max()
            : Last == 0 && First > 0 && _streamed >= First;
        if (complete && !Wait)
        {
            EndProcessing();
            throw EngineInternals.StopUpstream(this);
        }
    }

    protected override void EndProcessing()
    {
        int surplus = FirstGiven ? 0 : Skip;
        foreach (PSObject item in SkipLast > 0 ? [] : _tail.Take(_tail.Count - surplus))
        {
            Emit(item);
        }

        _tail.Clear();
        WriteObject(_unique, enumerateCollection: true);
        _unique.Clear();
    }

    private void Accept(PSObject item, int position)
    {
        if (Index is not null)
        {
            if (Index.Contains(position))
            {
                Emit(item);
            }
        }
        else if (Last > 0 && !FirstGiven)
        {
            Keep(item, Last + Skip);
        }
        else if (position < Skip)
        {
            return;
        }
        else if (SkipLast > 0)
        {
            if (Keep(item, SkipLast) is { } released)
            {
                Emit(released);
            }
        }
        else if (_streamed < First)
        {
            _streamed++;
            Emit(item);
        }
        else if (Last > 0)
        {
            Keep(item, Last);
        }
    }

    /// <summary>Holds back the newest <paramref name="limit"/> items and returns the one that falls out.</summary>
    private PSObject? Keep(PSObject item, int limit)
    {
        _tail.Enqueue(item);
        return _tail.Count > limit ? _tail.Dequeue() : null;
    }

    private void Emit(PSObject item)
    {
        foreach (PSObject result in Project(item))
        {
            if (!Unique)
            {
                WriteObject(result);
            }
            else if (!_unique.Exists(known => SameObject(known, result)))
            {
                _unique.Add(result);
            }
        }
    }

    private IEnumerable<PSObject> Project(PSObject item)
    {
        List<PSNoteProperty> notes = SelectNotes(item);
        if (!string.IsNullOrEmpty(ExpandProperty))
        {
            return Expand(item, notes);
        }

        if (_properties.Length == 0)
        {
            return [item];
        }

        var selected = new PSObject();
        selected.TypeNames.Insert(0, "Selected." + item.BaseObject.GetType());
        AddNotes(selected, notes, item);
        return [selected];
    }

    private List<PSNoteProperty> SelectNotes(PSObject item) =>
    [
        .. from selector in _properties
           from result in selector.Select(item)
           where !_excluded.Any(p => p.IsMatch(result.Name))
           select new PSNoteProperty(result.Name, result.Value),
    ];

    private IEnumerable<PSObject> Expand(PSObject item, List<PSNoteProperty> notes)
    {
        PSPropertyInfo? property = item.Properties[ExpandProperty!];
        if (property is null && item.BaseObject is not IDictionary)
        {
            WriteError(new ErrorRecord(
                new PSArgumentException($"Property \"{ExpandProperty}\" cannot be found."),
                "ExpandPropertyNotFound", ErrorCategory.InvalidArgument, item));
            yield break;
        }

        object? value = property is null ? ((IDictionary)item.BaseObject)[ExpandProperty!] : property.Value;
        IEnumerable values = LanguagePrimitives.GetEnumerable(value) ?? new[] { value };
        foreach (object? element in values)
        {
            if (element is not null)
            {
                var expanded = PSObject.AsPSObject(element);
                AddNotes(expanded, notes, item);
                yield return expanded;
            }
        }
    }

    private void AddNotes(PSObject target, List<PSNoteProperty> notes, PSObject item)
    {
        foreach (PSNoteProperty note in notes)
        {
            if (target.Properties[note.Name] is null)
            {
                target.Properties.Add(note);
            }
            else
            {
                WriteError(new ErrorRecord(
                    new PSArgumentException($"The property \"{note.Name}\" already exists."),
                    "AlreadyExistingUserSpecifiedPropertyNoExpand", ErrorCategory.InvalidOperation, item));
            }
        }
    }

    private bool SameObject(PSObject x, PSObject y)
    {
        var comparer = new ValueComparer(caseSensitive: true);
        return _properties.Length == 0 || ExpandProperty is not null
            ? comparer.Compare(x.BaseObject, y.BaseObject) == 0
            : x.Properties.Select(p => p.Value).SequenceEqual(y.Properties.Select(p => p.Value), comparer);
    }
}

using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>
/// One item of a -Property parameter: a name or wildcard, a script block, or a hashtable with Name/Label, Expression and,
/// for sorting, Ascending or Descending.
/// </summary>
internal sealed class PropertySelector
{
    private readonly string? _name;
    private readonly PSPropertyExpression _expression;

    private PropertySelector(string? name, PSPropertyExpression expression, bool? descending)
    {
        _name = name;
        _expression = expression;
        Descending = descending;
    }

    internal bool? Descending { get; }

    internal static PropertySelector[] ParseAll(object[]? properties) => [.. (properties ?? []).Select(Parse)];

    /// <summary>The properties of <paramref name="source"/> that the item names; a plain name that it lacks gives null.</summary>
    internal IEnumerable<(string Name, object? Value)> Select(PSObject source)
    {
        List<PSPropertyExpressionResult> results = _expression.GetValues(source);
        if (results.Count == 0 && !_expression.HasWildCardCharacters)
        {
            return [(_name ?? _expression.ToString(), null)];
        }

        return results.Select(r => (_name ?? r.ResolvedExpression.ToString(), (object?)r.Result));
    }

    internal object? Value(PSObject source) => _expression.GetValues(source) is [var first, ..] ? first.Result : null;

    private static PropertySelector Parse(object item)
    {
        object value = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (value is not IDictionary table)
        {
            return new PropertySelector(null, Expression(value), null);
        }

        object? name = Entry(table, "name") ?? Entry(table, "label");
        object expression = Entry(table, "expression") ?? name
            ?? throw new PSArgumentException("A calculated property needs a Name and an Expression.");
        bool? descending = Entry(table, "descending") is { } down
            ? LanguagePrimitives.IsTrue(down)
            : Entry(table, "ascending") is { } up ? !LanguagePrimitives.IsTrue(up) : null;
        return new PropertySelector(name?.ToString(), Expression(expression), descending);
    }

    private static PSPropertyExpression Expression(object value) =>
        value is ScriptBlock block ? new PSPropertyExpression(block) : new PSPropertyExpression(value.ToString());

    /// <summary>A hashtable's entry by any abbreviation of its key, such as <c>n</c>, <c>e</c> or <c>expr</c>.</summary>
    private static object? Entry(IDictionary table, string key) => table.Cast<DictionaryEntry>()
        .Where(e => key.StartsWith(e.Key.ToString()!, StringComparison.OrdinalIgnoreCase))
        .Select(e => e.Value is PSObject wrapped ? wrapped.BaseObject : e.Value)
        .FirstOrDefault();
}

/// <summary>PowerShell's order of values: by their own comparison where they have one, else as text.</summary>
internal sealed class ValueComparer(bool caseSensitive) : IComparer<object?>, IEqualityComparer<object?>
{
    public int Compare(object? x, object? y) =>
        LanguagePrimitives.TryCompare(x, y, !caseSensitive, CultureInfo.CurrentCulture, out int order)
            ? order
            : string.Compare(x?.ToString(), y?.ToString(), !caseSensitive, CultureInfo.CurrentCulture);

    bool IEqualityComparer<object?>.Equals(object? x, object? y) => Compare(x, y) == 0;

    /// <summary>Values of different types can be equal (1 and '1'), so the hash is that of their text.</summary>
    int IEqualityComparer<object?>.GetHashCode(object? value) =>
        StringComparer.OrdinalIgnoreCase.GetHashCode(value?.ToString() ?? "");
}

using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.New, "Object")]
public sealed class NewObjectCommand : PSCmdlet
{
    /// <summary>The engine's own choice of constructor and conversion of arguments.</summary>
    private static readonly ScriptBlock s_construct =
        ScriptBlock.Create("param($type, $arguments) , $type::new.Invoke($arguments)");

    [Parameter(Position = 0, Mandatory = true)]
    public string TypeName { get; set; } = "";

    [Parameter(Position = 1)]
    [Alias("Args")]
    public object[] ArgumentList { get; set; } = [];

    [Parameter]
    public IDictionary? Property { get; set; }

    protected override void ProcessRecord()
    {
        if (!LanguagePrimitives.TryConvertTo(TypeName, out Type type))
        {
            ThrowTerminatingError(new ErrorRecord(
                new PSArgumentException($"Cannot find type [{TypeName}]."), "TypeNotFound", ErrorCategory.InvalidType, null));
        }

        var result = PSObject.AsPSObject(Construct(type));
        bool isBag = type == typeof(PSObject);
        foreach (DictionaryEntry entry in Property ?? new Hashtable())
        {
            string name = entry.Key.ToString()!;
            if (isBag)
            {
                result.Properties.Add(new PSNoteProperty(name, entry.Value));
            }
            else
            {
                result.Properties[name].Value = entry.Value;
            }
        }

        WriteObject(result);
    }

    private object Construct(Type type) => ArgumentList.Length == 0
        ? Activator.CreateInstance(type)!
        : s_construct.InvokeReturnAsIs(type, ArgumentList);
}

[Cmdlet(VerbsCommon.Add, "Member", DefaultParameterSetName = "TypeNameSet")]
public sealed class AddMemberCommand : PSCmdlet
{
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public PSObject InputObject { get; set; } = null!;

    [Parameter(Position = 0, ParameterSetName = "MemberSet", Mandatory = true)]
    [Alias("Type")]
    public PSMemberTypes MemberType { get; set; }

    [Parameter(Position = 1, ParameterSetName = "MemberSet", Mandatory = true)]
    public string Name { get; set; } = "";

    [Parameter(Position = 2, ParameterSetName = "MemberSet")]
    public object? Value { get; set; }

    [Parameter(Position = 3, ParameterSetName = "MemberSet")]
    public object? SecondValue { get; set; }

    [Parameter(Position = 0, ParameterSetName = "NotePropertySingleMemberSet", Mandatory = true)]
    [NotAMemberType]
    public string NotePropertyName { get; set; } = "";

    [Parameter(Position = 1, ParameterSetName = "NotePropertySingleMemberSet", Mandatory = true)]
    [AllowNull]
    public object? NotePropertyValue { get; set; }

    [Parameter(Position = 0, ParameterSetName = "NotePropertyMultiMemberSet", Mandatory = true)]
    public IDictionary NotePropertyMembers { get; set; } = null!;

    [Parameter(ParameterSetName = "TypeNameSet")]
    public string? TypeName { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (PSMemberInfo member in NewMembers())
        {
            Add(member);
        }

        if (TypeName is not null)
        {
            InputObject.TypeNames.Insert(0, TypeName);
        }

        if (PassThru)
        {
            WriteObject(InputObject);
        }
    }

    private IEnumerable<PSMemberInfo> NewMembers() => ParameterSetName switch
    {
        "MemberSet" => [NewMember()],
        "NotePropertySingleMemberSet" => [new PSNoteProperty(NotePropertyName, NotePropertyValue)],
        "NotePropertyMultiMemberSet" => NotePropertyMembers.Cast<DictionaryEntry>()
            .Select(e => new PSNoteProperty(e.Key.ToString(), e.Value)),
        _ => [],
    };

    private PSMemberInfo NewMember() => MemberType switch
    {
        PSMemberTypes.NoteProperty => new PSNoteProperty(Name, Value),
        PSMemberTypes.AliasProperty => new PSAliasProperty(Name, Value?.ToString()),
        PSMemberTypes.ScriptMethod => new PSScriptMethod(Name, Script(Value)),
        PSMemberTypes.ScriptProperty => new PSScriptProperty(Name, Script(Value), Script(SecondValue)),
        _ => throw new PSNotSupportedException($"This stand-in cannot add a {MemberType}."),
    };

    private static ScriptBlock? Script(object? value) => LanguagePrimitives.ConvertTo<ScriptBlock>(value);

    /// <summary>Lets the first positional argument decide between a member type and a property's name.</summary>
    private sealed class NotAMemberTypeAttribute : ValidateArgumentsAttribute
    {
        protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
        {
            if (Enum.TryParse<PSMemberTypes>(arguments as string, ignoreCase: true, out _))
            {
                throw EngineInternals.TryAnotherParameter($"{arguments} is a type of member.");
            }
        }
    }

    private void Add(PSMemberInfo member)
    {
        if (InputObject.Members[member.Name] is not null)
        {
            if (!Force)
            {
                WriteError(new ErrorRecord(
                    new InvalidOperationException($"A member named \"{member.Name}\" exists."),
                    "MemberAlreadyExists", ErrorCategory.InvalidOperation, InputObject));
                return;
            }

            InputObject.Members.Remove(member.Name);
        }

        InputObject.Members.Add(member);
    }
}

/// <summary>One line of <c>Get-Member</c>, named as the default views know it.</summary>
public sealed class MemberDefinition(string typeName, string name, PSMemberTypes memberType, string definition)
{
    public string TypeName { get; } = typeName;

    public string Name { get; } = name;

    public PSMemberTypes MemberType { get; } = memberType;

    public string Definition { get; } = definition;

    public override string ToString() => Definition;
}

[Cmdlet(VerbsCommon.Get, "Member")]
[OutputType(typeof(MemberDefinition))]
public sealed class GetMemberCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    [Parameter(Position = 0)]
    public string[] Name { get; set; } = ["*"];

    [Parameter]
    [Alias("Type")]
    public PSMemberTypes MemberType { get; set; } = PSMemberTypes.All;

    private readonly HashSet<string> _shown = new(StringComparer.OrdinalIgnoreCase);

    protected override void ProcessRecord()
    {
        if (InputObject is null || InputObject == AutomationNull.Value || !_shown.Add(InputObject.TypeNames[0]))
        {
            return;
        }

        WildcardPattern[] patterns = [.. Name.Select(n => WildcardPattern.Get(n, WildcardOptions.IgnoreCase))];
        IEnumerable<MemberDefinition> members =
            from member in InputObject.Members
            where (member.MemberType & MemberType) != 0 && patterns.Any(p => p.IsMatch(member.Name))
            where !member.Name.StartsWith("get_", StringComparison.Ordinal) && !member.Name.StartsWith("set_", StringComparison.Ordinal)
            orderby member.MemberType.ToString(), member.Name
            select new MemberDefinition(InputObject.TypeNames[0], member.Name, member.MemberType, member.ToString() ?? "");
        WriteObject(members, enumerateCollection: true);
    }

    protected override void EndProcessing()
    {
        if (_shown.Count == 0)
        {
            WriteError(new ErrorRecord(
                new InvalidOperationException("No object was given."), "NoObjectInGetMember", ErrorCategory.CloseError, null));
        }
    }
}

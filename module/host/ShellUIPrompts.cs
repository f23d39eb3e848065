using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace PSJob.Host;

/// <content>Questions to the user: fields, choices, credentials.</content>
internal sealed partial class ShellUI
{
    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RequireInteraction();
        WriteHeading(caption, message);
        return descriptions.ToDictionary(field => field.Name, field => PSObject.AsPSObject(AskField(field)));
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RequireInteraction();
        WriteHeading(caption, message);
        (string Key, string Name)[] labels = [.. choices.Select(choice => SplitLabel(choice.Label))];
        while (true)
        {
            Write(ChoiceLine(labels, defaultChoice));
            string answer = RequireLine().Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
            {
                return defaultChoice;
            }

            int picked = Array.FindIndex(labels, label => Same(answer, label.Key) || Same(answer, label.Name));
            if (picked >= 0)
            {
                return picked;
            }

            if (answer == "?")
            {
                WriteHelp(labels, choices);
            }
        }
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
    {
        RequireInteraction();
        WriteHeading(caption, message);
        return AskCredential(userName);
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);

    private void WriteHeading(string? caption, string? message)
    {
        foreach (string? line in (string?[])[caption, message])
        {
            if (!string.IsNullOrEmpty(line))
            {
                WriteLine(line);
            }
        }
    }

    /// <summary>A line of input. Its absence is an error here: repeating the question would never end.</summary>
    private string RequireLine() =>
        ReadLine() ?? throw new PSInvalidOperationException("The input ended before the question was answered.");

    private object? AskField(FieldDescription field)
    {
        Type type = Type.GetType(field.ParameterAssemblyFullName) ?? typeof(string);
        string label = string.IsNullOrEmpty(field.Label) ? field.Name : SplitLabel(field.Label).Name;
        return typeof(IList).IsAssignableFrom(type) ? AskList(label, type) : AskValue(label, type);
    }

    /// <summary>Elements one by one; an empty line ends the list.</summary>
    private object AskList(string label, Type type)
    {
        Type element = type.IsArray ? type.GetElementType()! : typeof(object);
        var values = new ArrayList();
        while (AskValue($"{label}[{values.Count}]", element) is object value and not "" and not SecureString { Length: 0 })
        {
            values.Add(value);
        }

        return LanguagePrimitives.ConvertTo(values, type, CultureInfo.CurrentCulture);
    }

    /// <summary>Asks until the answer converts to the type; an empty answer is given back as it is.</summary>
    private object? AskValue(string label, Type type)
    {
        while (true)
        {
            Write($"{label}: ");
            if (type == typeof(SecureString))
            {
                return ReadLineAsSecureString();
            }

            if (type == typeof(PSCredential))
            {
                WriteLine();
                return AskCredential(null);
            }

            string answer = RequireLine();
            if (answer.Length == 0)
            {
                return answer;
            }

            if (LanguagePrimitives.TryConvertTo(answer, type, CultureInfo.CurrentCulture, out object? value))
            {
                return value;
            }

            WriteErrorLine($"\"{answer}\" is not a valid {type.Name}.");
        }
    }

    private PSCredential AskCredential(string? userName)
    {
        while (string.IsNullOrEmpty(userName))
        {
            Write("User: ");
            userName = RequireLine();
        }

        Write($"Password for user {userName}: ");
        return new PSCredential(userName, ReadLineAsSecureString());
    }

    /// <summary>"Yes to &amp;All" has the key "A" and the name "Yes to All"; a label without &amp; has no key.</summary>
    private static (string Key, string Name) SplitLabel(string label)
    {
        int mark = label.IndexOf('&');
        string name = mark < 0 ? label : label.Remove(mark, 1);
        string key = mark >= 0 && mark < name.Length ? name[mark].ToString().ToUpperInvariant() : "";
        return (key, name);
    }

    private static string ChoiceLine((string Key, string Name)[] labels, int defaultChoice)
    {
        IEnumerable<string> choices = labels.Select(label => $"[{label.Key}] {label.Name}");
        string fallback = defaultChoice < 0 ? "" : $" (default is \"{ShortName(labels[defaultChoice])}\")";
        return $"{string.Join("  ", choices)}  [?] Help{fallback}: ";
    }

    private void WriteHelp((string Key, string Name)[] labels, Collection<ChoiceDescription> choices)
    {
        foreach (((string Key, string Name) label, ChoiceDescription choice) in labels.Zip(choices))
        {
            WriteLine($"{ShortName(label)} - {choice.HelpMessage}");
        }
    }

    private static string ShortName((string Key, string Name) label) => label.Key.Length > 0 ? label.Key : label.Name;
}

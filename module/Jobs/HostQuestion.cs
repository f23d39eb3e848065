using System.Collections;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace PSJob.Jobs;

/// <summary>Puts a job's question to a host.</summary>
/// <remarks>
/// What PowerShell's server asks is in ServerRemoteHostUserInterface.cs; how the parameters and results of classes travel,
/// field by field, in RemoteHostEncoder.cs (MS-PSRP 2.2.6).
/// </remarks>
internal static class HostQuestion
{
    /// <summary>Asks, and waits for the user.</summary>
    /// <returns>The result in its wire form, ready to be serialized.</returns>
    /// <exception cref="Exception">Whatever the host throws, for example because it is not interactive.</exception>
    internal static object? Ask(HostCall call, PSHost host)
    {
        PSHostUserInterface ui = host.UI ?? throw new PSInvalidOperationException("The job asks for input, and this host has no user interface.");
        return call.Method switch
        {
            HostMethod.ReadLine => ui.ReadLine(),
            HostMethod.ReadLineAsSecureString => ui.ReadLineAsSecureString(),
            HostMethod.Prompt => new Hashtable(ui.Prompt(call.Text(0), call.Text(1), Fields(call.Items(2)))),
            HostMethod.PromptForCredential1 => ui.PromptForCredential(call.Text(0), call.Text(1), call.Text(2), call.Text(3)),
            HostMethod.PromptForCredential2 => ui.PromptForCredential(
                call.Text(0), call.Text(1), call.Text(2), call.Text(3), (PSCredentialTypes)call.Number(4), (PSCredentialUIOptions)call.Number(5)),
            HostMethod.PromptForChoice => ui.PromptForChoice(call.Text(0), call.Text(1), Choices(call.Items(2)), call.Number(3)),
            HostMethod.PromptForChoiceMultipleSelection when ui is IHostUISupportsMultipleChoiceSelection many => new ArrayList(
                many.PromptForChoice(call.Text(0), call.Text(1), Choices(call.Items(2)), [.. call.Items(3).Select(LanguagePrimitives.ConvertTo<int>)])),
            HostMethod.ReadKey when ui.RawUI is { } raw => Fields(raw.ReadKey((ReadKeyOptions)call.Number(0))),
            _ => throw new PSNotSupportedException($"The job asks its host for {call.Method}, which this host cannot give."),
        };
    }

    private static Collection<FieldDescription> Fields(IEnumerable<object?> encoded) => [.. encoded.OfType<PSObject>().Select(Field)];

    private static FieldDescription Field(PSObject encoded)
    {
        FieldDescription field = new(Get<string>(encoded, "name"))
        {
            Label = Get<string>(encoded, "label") ?? "",
            HelpMessage = Get<string>(encoded, "helpMessage") ?? "",
            IsMandatory = Get<bool>(encoded, "isMandatory"),
            DefaultValue = encoded.Properties["defaultValue"]?.Value is { } value ? PSObject.AsPSObject(value) : null,
        };

        // A type that exists in the worker only is asked for as text.
        field.SetParameterType(LanguagePrimitives.TryConvertTo(Get<string>(encoded, "parameterTypeFullName"), out Type type) ? type : typeof(string));
        return field;
    }

    private static Collection<ChoiceDescription> Choices(IEnumerable<object?> encoded) =>
        [.. encoded.OfType<PSObject>().Select(choice => new ChoiceDescription(Get<string>(choice, "label"), Get<string>(choice, "helpMessage") ?? ""))];

    private static PSObject Fields(KeyInfo key)
    {
        PSObject encoded = new();
        encoded.Properties.Add(new PSNoteProperty("virtualKeyCode", key.VirtualKeyCode));
        encoded.Properties.Add(new PSNoteProperty("character", key.Character));
        encoded.Properties.Add(new PSNoteProperty("controlKeyState", (int)key.ControlKeyState));
        encoded.Properties.Add(new PSNoteProperty("keyDown", key.KeyDown));
        return encoded;
    }

    /// <summary>A field; those that are null do not travel.</summary>
    private static T? Get<T>(PSObject encoded, string name) =>
        encoded.Properties[name]?.Value is { } value ? LanguagePrimitives.ConvertTo<T>(value) : default;
}

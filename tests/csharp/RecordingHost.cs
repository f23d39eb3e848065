using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace PSJob.Tests;

/// <summary>A host without a screen that remembers, in order, what it was told to show, and gives prepared answers.</summary>
internal sealed class RecordingHost : PSHost
{
    private readonly RecordingUI _ui = new();

    public ConcurrentQueue<string> Shown => _ui.Shown;

    /// <summary>What the user will say; a prompt without an answer left throws, as in a host that is not interactive.</summary>
    public ConcurrentQueue<string> Answers => _ui.Answers;

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "RecordingHost";

    public override PSHostUserInterface UI => _ui;

    public override Version Version => new(1, 0);

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode) => Shown.Enqueue($"exit {exitCode}");

    private sealed class RecordingUI : PSHostUserInterface, IHostUISupportsMultipleChoiceSelection
    {
        public ConcurrentQueue<string> Answers { get; } = new();

        public ConcurrentQueue<string> Shown { get; } = new();

        public override PSHostRawUserInterface? RawUI => null;

        public override void Write(string value) => Shown.Enqueue(value);

        public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => Shown.Enqueue($"{foregroundColor}:{value}");

        public override void WriteLine(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
            Shown.Enqueue($"{foregroundColor}:{value}\n");

        public override void WriteLine(string value) => Shown.Enqueue(value + "\n");

        public override void WriteErrorLine(string value) => Shown.Enqueue($"error:{value}");

        public override void WriteDebugLine(string message) => Shown.Enqueue($"debug:{message}");

        public override void WriteProgress(long sourceId, ProgressRecord record) => Shown.Enqueue($"progress:{record.Activity}");

        public override void WriteVerboseLine(string message) => Shown.Enqueue($"verbose:{message}");

        public override void WriteWarningLine(string message) => Shown.Enqueue($"warning:{message}");

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
        {
            Shown.Enqueue($"prompt:{caption}|{message}");
            return descriptions.ToDictionary(field => field.Name, field => PSObject.AsPSObject(Answer($"{field.Name}:{field.ParameterTypeName}:{field.HelpMessage}")));
        }

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
            int.Parse(Answer($"choice:{caption}|{message}|{Labels(choices)}|{defaultChoice}"), CultureInfo.InvariantCulture);

        public Collection<int> PromptForChoice(string? caption, string? message, Collection<ChoiceDescription> choices, IEnumerable<int>? defaultChoices) =>
            [.. Answer($"choices:{caption}|{message}|{Labels(choices)}|{string.Join(',', defaultChoices ?? [])}").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
            new(Answer($"credential:{caption}|{message}|{userName}|{targetName}"), Secret("secret"));

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
            PromptForCredential(caption, message, userName, $"{targetName}|{allowedCredentialTypes}|{options}");

        public override string ReadLine() => Answer("line");

        public override SecureString ReadLineAsSecureString() => Secret(Answer("secure line"));

        private static string Labels(IEnumerable<ChoiceDescription> choices) => string.Join(',', choices.Select(choice => $"{choice.Label}={choice.HelpMessage}"));

        private static SecureString Secret(string text)
        {
            SecureString secret = new();
            foreach (char character in text)
            {
                secret.AppendChar(character);
            }

            return secret;
        }

        private string Answer(string question)
        {
            Shown.Enqueue(question);
            return Answers.TryDequeue(out string? answer) ? answer : throw new HostException("nobody is there");
        }
    }
}

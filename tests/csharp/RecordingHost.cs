using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace PSJob.Tests;

/// <summary>A host without a screen that remembers, in order, what it was told to show.</summary>
internal sealed class RecordingHost : PSHost
{
    private readonly RecordingUI _ui = new();

    public ConcurrentQueue<string> Shown => _ui.Shown;

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

    private sealed class RecordingUI : PSHostUserInterface
    {
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

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) => throw new NotSupportedException();

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) => throw new NotSupportedException();

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) => throw new NotSupportedException();

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
            throw new NotSupportedException();

        public override string ReadLine() => throw new NotSupportedException();

        public override SecureString ReadLineAsSecureString() => throw new NotSupportedException();
    }
}

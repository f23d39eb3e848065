using System.Text;

namespace PSJob.Native;

/// <summary>What to run, where and with what. One thread at a time.</summary>
internal sealed unsafe class SpecHandle : NativeHandle
{
    private SpecHandle(psjob_spec* spec)
        : base((nint)spec)
    {
    }

    private delegate int SetBytes(psjob_spec* spec, byte* data, nuint length, psjob_error** error);

    internal static SpecHandle Create()
    {
        psjob_spec* spec;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_spec_new(&spec, &error), error);
        return new SpecHandle(spec);
    }

    /// <summary>The script's text, without braces.</summary>
    internal void SetScript(string text)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        fixed (char* data = text)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_script_utf16((psjob_spec*)self.Pointer, (ushort*)data, (nuint)text.Length, &error), error);
        }
    }

    /// <summary>What runs before the script, in the global scope of the same session.</summary>
    internal void SetInitializationScript(string text) => Set(NativeMethods.psjob_spec_set_initialization_script, text);

    /// <summary>Adds a positional argument.</summary>
    internal void AddArgument(string clixml) => Set(NativeMethods.psjob_spec_add_argument_clixml, clixml);

    /// <summary>Adds a named argument.</summary>
    internal void AddParameter(string name, string clixml)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        byte[] bytes = Encoding.UTF8.GetBytes(clixml);
        fixed (byte* nameData = nameBytes, data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_add_parameter_clixml(
                    (psjob_spec*)self.Pointer, nameData, (nuint)nameBytes.Length, data, (nuint)bytes.Length, &error),
                error);
        }
    }

    /// <summary>PowerShell's location in the worker; taken literally.</summary>
    internal void SetWorkingDirectory(string path) => Set(NativeMethods.psjob_spec_set_working_directory, path);

    internal void SetName(string name) => Set(NativeMethods.psjob_spec_set_name, name);

    /// <summary>Replaces the environment that the worker would inherit.</summary>
    internal void SetEnvironment(IEnumerable<KeyValuePair<string, string>> variables) =>
        Set(NativeMethods.psjob_spec_set_environment, string.Concat(variables.Select(variable => $"{variable.Key}={variable.Value}\0")));

    /// <summary>The executable that becomes the worker, and its arguments before the server switches.</summary>
    internal void SetWorker(string path, IEnumerable<string> arguments)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] pathBytes = Encoding.UTF8.GetBytes(path);
        byte[] bytes = Encoding.UTF8.GetBytes(string.Join('\0', arguments));
        fixed (byte* pathData = pathBytes, data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_worker(
                    (psjob_spec*)self.Pointer, pathData, (nuint)pathBytes.Length, data, (nuint)bytes.Length, &error),
                error);
        }
    }

    /// <summary>The size of the console that the script sees, in characters.</summary>
    internal void SetHostSize(ushort columns, ushort rows)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_spec_set_host_size((psjob_spec*)self.Pointer, columns, rows, &error), error);
    }

    /// <summary>Declares that input will be sent; without this it ends at once.</summary>
    internal void TakeInput()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_spec_set_takes_input((psjob_spec*)self.Pointer, 1, &error), error);
    }

    /// <summary>Lets the engine read the spec.</summary>
    internal Lease Read() => Borrow();

    protected override bool ReleaseHandle()
    {
        NativeMethods.psjob_spec_free((psjob_spec*)handle);
        return true;
    }

    private void Set(SetBytes set, string text)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(set((psjob_spec*)self.Pointer, data, (nuint)bytes.Length, &error), error);
        }
    }
}

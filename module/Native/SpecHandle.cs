using System.Text;

namespace PSJob.Native;

/// <summary>What to run, where and with what. One thread at a time.</summary>
internal sealed unsafe class SpecHandle : NativeHandle
{
    private SpecHandle(psjob_spec* spec)
        : base((nint)spec)
    {
    }

    internal static SpecHandle Create()
    {
        psjob_spec* spec;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_spec_new(&spec, &error), error);
        return new SpecHandle(spec);
    }

    /// <summary>The script's text. UTF-16, because a script may hold what UTF-8 cannot (lone surrogates).</summary>
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

    internal void SetInitializationScript(string text)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        fixed (char* data = text)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_initialization_script_utf16((psjob_spec*)self.Pointer, (ushort*)data, (nuint)text.Length, &error),
                error);
        }
    }

    /// <summary>Adds a positional argument.</summary>
    internal void AddArgument(string clixml)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(clixml);
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_add_argument_clixml((psjob_spec*)self.Pointer, data, (nuint)bytes.Length, &error), error);
        }
    }

    /// <summary>Adds a named argument.</summary>
    internal void AddParameter(string name, string clixml)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        byte[] bytes = Encoding.UTF8.GetBytes(clixml);
        fixed (byte* nameData = nameBytes)
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_add_parameter_clixml(
                    (psjob_spec*)self.Pointer, nameData, (nuint)nameBytes.Length, data, (nuint)bytes.Length, &error),
                error);
        }
    }

    internal void SetWorkingDirectory(string path)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_working_directory((psjob_spec*)self.Pointer, data, (nuint)bytes.Length, &error), error);
        }
    }

    internal void SetName(string name)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_name((psjob_spec*)self.Pointer, data, (nuint)bytes.Length, &error), error);
        }
    }

    /// <summary>Replaces the environment that the worker would inherit.</summary>
    internal void SetEnvironment(IEnumerable<KeyValuePair<string, string>> variables)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] block = Encoding.UTF8.GetBytes(string.Concat(variables.Select(variable => $"{variable.Key}={variable.Value}\0")));
        fixed (byte* data = block)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_environment_block((psjob_spec*)self.Pointer, data, (nuint)block.Length, &error), error);
        }
    }

    /// <summary>The executable that becomes the worker, and its arguments.</summary>
    internal void SetWorker(string path, IEnumerable<string> arguments)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] pathBytes = Encoding.UTF8.GetBytes(path);
        byte[] bytes = Encoding.UTF8.GetBytes(string.Join('\0', arguments));
        fixed (byte* pathData = pathBytes)
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_spec_set_worker(
                    (psjob_spec*)self.Pointer, pathData, (nuint)pathBytes.Length, data, (nuint)bytes.Length, &error),
                error);
        }
    }

    /// <summary>The size of the screen that the script sees, in cells.</summary>
    internal void SetHostSize(int columns, int rows)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(
            NativeMethods.psjob_spec_set_host_size((psjob_spec*)self.Pointer, (uint)columns, (uint)rows, &error), error);
    }

    /// <summary>Leaves the job's input open after the start; without this it ends at once.</summary>
    internal void OpenInput()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_spec_set_input_open((psjob_spec*)self.Pointer, 1, &error), error);
    }

    /// <summary>Lets the engine read the spec.</summary>
    internal Lease Read() => Borrow();

    protected override bool ReleaseHandle()
    {
        NativeMethods.psjob_spec_free((psjob_spec*)handle);
        return true;
    }
}

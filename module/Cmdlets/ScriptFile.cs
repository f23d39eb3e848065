using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSJob.Cmdlets;

/// <summary>Reads the script file of -FilePath or -LiteralPath: only its text travels.</summary>
internal static class ScriptFile
{
    private const string Extension = ".ps1";

    /// <summary>Resolves a path against the caller's location and parses the file.</summary>
    /// <param name="cmdlet">Gives the location and throws the errors.</param>
    /// <param name="path">As typed.</param>
    /// <param name="isLiteral">Whether wildcard characters stand for themselves.</param>
    internal static ScriptBlock Read(PSCmdlet cmdlet, string path, bool isLiteral)
    {
        if (!isLiteral && WildcardPattern.ContainsWildcardCharacters(path))
        {
            throw new ArgumentException($"The path '{path}' of the script may not contain wildcard characters; -LiteralPath takes them as they are.");
        }

        if (!path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"The path '{path}' must name a {Extension} file.");
        }

        string file = Resolve(cmdlet, isLiteral ? WildcardPattern.Escape(path) : path);
        ScriptBlockAst script = Parser.ParseFile(file, out _, out ParseError[] errors);
        return errors.Length == 0 ? script.GetScriptBlock() : throw new ParseException(errors);
    }

    private static string Resolve(PSCmdlet cmdlet, string path)
    {
        try
        {
            string file = cmdlet.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider).Single();
            return provider.Name == "FileSystem"
                ? file
                : throw new PSInvalidOperationException($"The script '{path}' must be a file; {provider.Name} is another provider.");
        }
        catch (SessionStateException missing)
        {
            // No such item, drive or provider: PowerShell's own error, with this cmdlet's name in its id.
            cmdlet.ThrowTerminatingError(new ErrorRecord(missing.ErrorRecord, missing));
            throw;
        }
    }
}

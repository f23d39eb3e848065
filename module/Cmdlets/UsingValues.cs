using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace PSJob.Cmdlets;

/// <summary>The values of <c>$using:</c> expressions in a script, taken from the caller.</summary>
internal static class UsingValues
{
    /// <summary>The parameter that carries them to the worker.</summary>
    internal const string ParameterName = "--%";

    /// <summary>
    /// Evaluates every <c>$using:</c> expression of the script, nested blocks included, in the caller's scope. On the pipeline
    /// thread only.
    /// </summary>
    /// <returns>Values by key; the first occurrence of a key counts.</returns>
    /// <exception cref="RuntimeException">UsingVariableIsUndefined.</exception>
    internal static Hashtable Collect(ScriptBlock script, PSLanguageMode mode)
    {
        Hashtable values = [];
        foreach (UsingExpressionAst expression in script.Ast.FindAll(node => node is UsingExpressionAst, searchNestedScriptBlocks: true))
        {
            string key = Key(expression);
            if (!values.ContainsKey(key) && TryEvaluate(expression, mode, out object? value))
            {
                values.Add(key, value);
            }
        }

        return values;
    }

    /// <summary>The key that the worker derives from the same text (PsUtils.cs, GetUsingExpressionKey).</summary>
    internal static string Key(UsingExpressionAst expression)
    {
        string text = expression.Extent.Text;
        if (expression.SubExpression is VariableExpressionAst)
        {
            text = text.ToLower(CultureInfo.InvariantCulture);
        }

        return Convert.ToBase64String(Encoding.Unicode.GetBytes(text));
    }

    /// <summary>
    /// Lets PowerShell itself evaluate the expression, as the argument of a command that never runs: the public way to the
    /// engine's own scopes, strict mode and error.
    /// </summary>
    /// <returns>False when it has no value, which the script learns when it gets there.</returns>
    private static bool TryEvaluate(UsingExpressionAst expression, PSLanguageMode mode, out object? value)
    {
        value = null;
        if (mode == PSLanguageMode.NoLanguage)
        {
            return true;
        }

        // A splatted @using:x is the same variable.
        string text = string.Concat("$", expression.Extent.Text.AsSpan(1));
        try
        {
            using PowerShell command = ScriptBlock.Create("x " + text).GetPowerShell(isTrustedInput: true);
            value = command.Commands.Commands[0].Parameters[0].Value;
            return true;
        }
        catch (RuntimeException failure) when (failure.ErrorRecord.FullyQualifiedErrorId != "UsingVariableIsUndefined")
        {
            return false;
        }
    }
}

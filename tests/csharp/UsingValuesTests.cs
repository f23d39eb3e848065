using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;
using PSJob.Cmdlets;

namespace PSJob.Tests;

/// <summary>Keys and values of <c>$using:</c> expressions.</summary>
public class UsingValuesTests
{
    [Theory]
    [InlineData("$using:Name", "$using:name")]
    [InlineData("${using:Name}", "${using:name}")]
    [InlineData("$using:Map.Key", "$using:Map.Key")]
    [InlineData("$using:Map['Key'].Inner", "$using:Map['Key'].Inner")]
    public void The_key_is_the_text_lower_cased_only_for_a_bare_variable(string script, string keyText)
    {
        UsingExpressionAst expression = (UsingExpressionAst)ScriptBlock.Create(script).Ast.Find(node => node is UsingExpressionAst, searchNestedScriptBlocks: true);

        Assert.Equal(keyText, Encoding.Unicode.GetString(Convert.FromBase64String(UsingValues.Key(expression))));
    }

    [Fact]
    public void Values_come_from_the_current_scope_nested_blocks_and_chains_included()
    {
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        runspace.SessionStateProxy.SetVariable("plain", 7);
        runspace.SessionStateProxy.SetVariable("map", new Hashtable { ["key"] = "value" });
        runspace.SessionStateProxy.SetVariable("nothing", null);

        Hashtable values = Collect(runspace, "$using:plain; & { $using:map.key; function f($p = $using:Plain) { @using:map } }; $using:nothing");

        Assert.Equal(7, values[KeyOf("$using:plain")]);
        Assert.Equal("value", values[KeyOf("$using:map.key")]);
        Assert.True(values.ContainsKey(KeyOf("@using:map")));
        Assert.True(values.ContainsKey(KeyOf("$using:nothing")));
        Assert.Null(values[KeyOf("$using:nothing")]);
        Assert.Equal(4, values.Count);
    }

    [Fact]
    public void An_undefined_variable_is_the_built_in_s_error()
    {
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();

        RuntimeException error = Assert.ThrowsAny<RuntimeException>(() => Collect(runspace, "$using:missing"));

        Assert.Equal("UsingVariableIsUndefined", error.ErrorRecord.FullyQualifiedErrorId);
    }

    [Fact]
    public void Without_a_language_no_value_is_read()
    {
        Hashtable values = UsingValues.Collect(ScriptBlock.Create("$using:secret"), PSLanguageMode.NoLanguage);

        Assert.Null(Assert.Single(values.Values.Cast<object?>()));
    }

    private static string KeyOf(string text) => Convert.ToBase64String(Encoding.Unicode.GetBytes(text));

    private static Hashtable Collect(Runspace runspace, string script)
    {
        Runspace? before = Runspace.DefaultRunspace;
        Runspace.DefaultRunspace = runspace;
        try
        {
            return UsingValues.Collect(ScriptBlock.Create(script), PSLanguageMode.FullLanguage);
        }
        finally
        {
            Runspace.DefaultRunspace = before;
        }
    }
}

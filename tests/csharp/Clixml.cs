namespace PSJob.Tests;

/// <summary>Message bodies as a worker sends them.</summary>
internal static class Clixml
{
    public const string Error =
        """
        <Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN><ToString>Cannot find path '/nowhere'.</ToString><MS>
          <Obj N="Exception" RefId="1"><TN RefId="1"><T>System.Management.Automation.ItemNotFoundException</T><T>System.Exception</T><T>System.Object</T></TN>
            <ToString>System.Management.Automation.ItemNotFoundException: Cannot find path '/nowhere'.</ToString>
            <Props><S N="Message">Cannot find path '/nowhere'.</S><I32 N="HResult">-2146233087</I32></Props></Obj>
          <S N="TargetObject">/nowhere</S>
          <S N="FullyQualifiedErrorId">PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand</S>
          <Obj N="InvocationInfo" RefId="2"><TN RefId="2"><T>System.Management.Automation.InvocationInfo</T><T>System.Object</T></TN>
            <ToString>System.Management.Automation.InvocationInfo</ToString><Props><I32 N="ScriptLineNumber">7</I32><S N="Line">Get-Item /nowhere</S></Props></Obj>
          <I32 N="ErrorCategory_Category">13</I32><S N="ErrorCategory_Activity">Get-Item</S><S N="ErrorCategory_Reason">ItemNotFoundException</S>
          <S N="ErrorCategory_TargetName">/nowhere</S><S N="ErrorCategory_TargetType">String</S>
          <S N="ErrorCategory_Message">ObjectNotFound: (/nowhere:String) [Get-Item], ItemNotFoundException</S>
          <S N="ErrorDetails_Message">details</S><S N="ErrorDetails_RecommendedAction">do this</S>
          <B N="SerializeExtendedInfo">false</B><S N="ErrorDetails_ScriptStackTrace">at &lt;ScriptBlock&gt;, &lt;No file&gt;: line 1</S>
        </MS></Obj>
        """;

    public const string Progress =
        """
        <Obj RefId="0"><MS><S N="Activity">copying</S><I32 N="ActivityId">3</I32><S N="StatusDescription">file 4</S><S N="CurrentOperation">reading</S>
          <I32 N="ParentActivityId">1</I32><I32 N="PercentComplete">40</I32>
          <Obj N="Type" RefId="1"><TN RefId="0"><T>System.Management.Automation.ProgressRecordType</T><T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN>
            <ToString>Completed</ToString><I32>1</I32></Obj>
          <I32 N="SecondsRemaining">12</I32></MS></Obj>
        """;

    public const string HostMessage =
        """
        <Obj N="MessageData" RefId="5"><TN RefId="5"><T>System.Management.Automation.HostInformationMessage</T><T>System.Object</T></TN><ToString>green</ToString>
          <Props><S N="Message">green</S><B N="NoNewLine">true</B>
            <Obj N="ForegroundColor" RefId="6"><TN RefId="6"><T>System.ConsoleColor</T><T>System.Enum</T></TN><ToString>Green</ToString><I32>10</I32></Obj>
            <Nil N="BackgroundColor" /></Props></Obj>
        """;

    public const string WriteLineInColour =
        """
        <Obj RefId="0"><MS><I64 N="ci">-100</I64>
          <Obj N="mi" RefId="1"><TN RefId="0"><T>System.Management.Automation.Remoting.RemoteHostMethodId</T><T>System.Enum</T></TN><ToString>WriteLine3</ToString><I32>17</I32></Obj>
          <Obj N="mp" RefId="2"><TN RefId="1"><T>System.Collections.ArrayList</T><T>System.Object</T></TN><LST><I32>10</I32><I32>0</I32><S>text</S></LST></Obj></MS></Obj>
        """;

    public static string Information(string messageData, params string[] tags) =>
        $"""
        <Obj RefId="0"><MS>{messageData}<S N="Source">/tmp/x.ps1</S><DT N="TimeGenerated">2026-01-02T03:04:05Z</DT>
          <Obj N="Tags" RefId="1"><TN RefId="0"><T>System.Collections.Generic.List`1[[System.String]]</T><T>System.Object</T></TN><LST>{string.Concat(tags.Select(tag => $"<S>{tag}</S>"))}</LST></Obj>
          <S N="User">somebody</S><S N="Computer">somewhere</S><U32 N="ProcessId">4711</U32><U32 N="NativeThreadId">12</U32><U32 N="ManagedThreadId">13</U32></MS></Obj>
        """;

    public static string Document(string element) =>
        $"""<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{element}</Objs>""";
}

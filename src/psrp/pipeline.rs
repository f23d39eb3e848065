//! What a pipeline is to run, and the CREATE_PIPELINE message that says so (MS-PSRP 2.2.2.10, 2.2.3.11 to 2.2.3.13).

use super::error::ClientError;
use super::host::HostInfo;
use crate::clixml::{Object, Text, Value};
use uuid::Uuid;

/// A pipeline to create. A list of statements runs in order, each a pipeline of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// The client's choice; unique in the session.
    pub id: Uuid,
    /// At least one.
    pub statements: Vec<Statement>,
    /// What goes into the history, if not the commands themselves.
    pub history: Option<String>,
    /// Whether it goes into the history.
    pub add_to_history: bool,
    /// Whether it gets no input: neither `$input` nor an end of it is awaited.
    pub no_input: bool,
    /// Whether it runs within another one, at its prompt.
    pub is_nested: bool,
}

/// Commands that pipe into one another; at least one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// In order.
    pub commands: Vec<Command>,
}

/// A command or a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The command's name or the script's text.
    pub text: Text,
    /// Whether it is a script.
    pub is_script: bool,
    /// Whether a script runs in a scope of its own; `None` leaves it to PowerShell (not for scripts).
    pub use_local_scope: Option<bool>,
    /// Named and positional, in order.
    pub parameters: Vec<Parameter>,
    /// Which of its streams go elsewhere.
    pub redirect: Redirect,
}

/// An argument; without a name it is positional, a name with [`Value::Null`] may stand for a switch's absence.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The parameter's name without a dash.
    pub name: Option<Text>,
    /// Its value.
    pub value: Value,
}

/// Where the streams of a command go; `None` leaves a stream alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redirect {
    /// `2>`
    pub error: Option<RedirectTo>,
    /// `3>`
    pub warning: Option<RedirectTo>,
    /// `4>`
    pub verbose: Option<RedirectTo>,
    /// `5>`
    pub debug: Option<RedirectTo>,
    /// `6>`
    pub information: Option<RedirectTo>,
}

/// The target of a [`Redirect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectTo {
    /// `&1`
    Output,
    /// `$null`
    Null,
}

/// `PipelineResultTypes` (MS-PSRP 2.2.3.31).
const RESULT_NONE: i32 = 0;
const RESULT_OUTPUT: i32 = 1;
const RESULT_ERROR: i32 = 2;
const RESULT_NULL: i32 = 8;

impl Pipeline {
    /// A pipeline of one script, outside the history, with input.
    pub fn script(id: Uuid, text: impl Into<Text>) -> Self {
        Self::new(id, vec![Statement { commands: vec![Command::script(text)] }])
    }

    /// A pipeline of `statements`, outside the history, with input.
    pub fn new(id: Uuid, statements: Vec<Statement>) -> Self {
        Self { id, statements, history: None, add_to_history: false, no_input: false, is_nested: false }
    }

    /// The body of CREATE_PIPELINE. Every field is required, also the null ones.
    pub(super) fn to_value(&self) -> Result<Value, ClientError> {
        const APARTMENT_UNKNOWN: i32 = 2;
        /// No record carries the invocation that wrote it, as the built-in Start-Job has it.
        const NO_INVOCATION_INFO: i32 = 0;
        let body = Object::new()
            .with("NoInput", self.no_input)
            .with("ApartmentState", APARTMENT_UNKNOWN)
            .with("RemoteStreamOptions", NO_INVOCATION_INFO)
            .with("AddToHistory", self.add_to_history)
            .with("HostInfo", HostInfo::of_session())
            .with("PowerShell", self.commands()?)
            .with("IsNested", self.is_nested);
        Ok(body.into())
    }

    /// `Cmds` is the first statement; `ExtraCmds` lists all of them, if there are more (PowerShell's
    /// `PowerShell.ToPSObjectForRemoting`).
    fn commands(&self) -> Result<Object, ClientError> {
        let mut lists = Vec::new();
        for statement in &self.statements {
            if statement.commands.is_empty() {
                return Err(ClientError::NoCommand);
            }
            lists.push(Value::list(statement.commands.iter().map(Command::to_value).collect()));
        }
        let first = lists.first().ok_or(ClientError::NoCommand)?.clone();
        let mut object = Object::new();
        if lists.len() > 1 {
            let groups = lists.into_iter().map(|list| Object::new().with("Cmds", list).into());
            object = object.with("ExtraCmds", Value::list(groups.collect()));
        }
        Ok(object
            .with("Cmds", first)
            .with("IsNested", self.is_nested)
            .with("History", self.history.as_deref())
            .with("RedirectShellErrorOutputPipe", true))
    }
}

impl Command {
    /// A script without parameters.
    pub fn script(text: impl Into<Text>) -> Self {
        Self {
            text: text.into(),
            is_script: true,
            use_local_scope: None,
            parameters: Vec::new(),
            redirect: Redirect::default(),
        }
    }

    /// A command without parameters.
    pub fn named(name: impl Into<Text>) -> Self {
        Self { is_script: false, ..Self::script(name) }
    }

    /// Adds a positional argument.
    pub fn argument(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(Parameter { name: None, value: value.into() });
        self
    }

    /// Adds a named argument.
    pub fn parameter(mut self, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.parameters.push(Parameter { name: Some(name.into()), value: value.into() });
        self
    }

    fn to_value(&self) -> Value {
        let parameters = self.parameters.iter().map(Parameter::to_value).collect();
        let redirect = &self.redirect;
        // The two fields of protocol 2.1, which knew `2>&1` only.
        let (merge_my, merge_to) = match redirect.error {
            Some(RedirectTo::Output) => (RESULT_ERROR, RESULT_OUTPUT),
            _ => (RESULT_NONE, RESULT_NONE),
        };
        Object::new()
            .with("Cmd", self.text.clone())
            .with("IsScript", self.is_script)
            .with("UseLocalScope", self.use_local_scope)
            .with("MergeMyResult", merge_my)
            .with("MergeToResult", merge_to)
            .with("MergePreviousResults", RESULT_NONE)
            .with("MergeError", result_type(redirect.error))
            .with("MergeWarning", result_type(redirect.warning))
            .with("MergeVerbose", result_type(redirect.verbose))
            .with("MergeDebug", result_type(redirect.debug))
            .with("MergeInformation", result_type(redirect.information))
            .with("Args", Value::list(parameters))
            .into()
    }
}

impl Parameter {
    fn to_value(&self) -> Value {
        Object::new().with("N", self.name.clone()).with("V", self.value.clone()).into()
    }
}

fn result_type(target: Option<RedirectTo>) -> i32 {
    match target {
        None => RESULT_NONE,
        Some(RedirectTo::Output) => RESULT_OUTPUT,
        Some(RedirectTo::Null) => RESULT_NULL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powershell(statements: Vec<Statement>) -> Result<Value, ClientError> {
        let value = Pipeline::new(Uuid::nil(), statements).to_value()?;
        Ok(value.property("PowerShell").unwrap().clone())
    }

    fn statement(commands: &[&str]) -> Statement {
        Statement { commands: commands.iter().map(|&name| Command::named(name)).collect() }
    }

    fn names(list: &Value) -> Vec<String> {
        let name = |command: &Value| command.property("Cmd").unwrap().as_text().unwrap().to_string();
        list.items().unwrap().iter().map(name).collect()
    }

    #[test]
    fn every_field_is_there() {
        let pipeline = Pipeline::script(Uuid::nil(), "1").to_value().unwrap();
        let fields = ["NoInput", "ApartmentState", "RemoteStreamOptions", "AddToHistory", "HostInfo", "IsNested"];
        assert!(fields.iter().all(|field| pipeline.property(field).is_some()));
        let shell = pipeline.property("PowerShell").unwrap();
        for field in ["Cmds", "IsNested", "History", "RedirectShellErrorOutputPipe"] {
            assert!(shell.property(field).is_some(), "{field}");
        }
        assert_eq!(shell.property("ExtraCmds"), None);
        let command = &shell.property("Cmds").unwrap().items().unwrap()[0];
        let fields =
            ["Cmd", "IsScript", "UseLocalScope", "MergeMyResult", "MergeToResult", "MergePreviousResults", "Args"];
        assert!(fields.iter().all(|field| command.property(field).is_some()));
    }

    #[test]
    fn several_statements_are_listed_all_and_the_first_apart() {
        let shell = powershell(vec![statement(&["a", "b"]), statement(&["c"])]).unwrap();
        assert_eq!(names(shell.property("Cmds").unwrap()), ["a", "b"]);
        let extra = shell.property("ExtraCmds").unwrap().items().unwrap();
        let extra: Vec<_> = extra.iter().map(|group| names(group.property("Cmds").unwrap())).collect();
        assert_eq!(extra, [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn a_pipeline_without_a_command_is_refused() {
        assert_eq!(powershell(vec![]), Err(ClientError::NoCommand));
        assert_eq!(powershell(vec![statement(&["a"]), statement(&[])]), Err(ClientError::NoCommand));
    }

    #[test]
    fn arguments_keep_their_order_and_names() {
        let command = Command::named("x").argument(1).parameter("Name", "n").to_value();
        let arguments = command.property("Args").unwrap().items().unwrap().to_vec();
        assert!(arguments[0].property("N").unwrap().is_null());
        assert_eq!(arguments[0].property("V"), Some(&Value::Int32(1)));
        assert_eq!(arguments[1].property("N"), Some(&Value::from("Name")));
    }

    #[test]
    fn errors_merged_into_output_are_so_for_old_workers_too() {
        let mut command = Command::named("x");
        command.redirect.error = Some(RedirectTo::Output);
        command.redirect.warning = Some(RedirectTo::Null);
        let value = command.to_value();
        let field = |name| value.property(name).unwrap().as_i32().unwrap();
        let fields = ["MergeMyResult", "MergeToResult", "MergeError", "MergeWarning", "MergeDebug"].map(field);
        assert_eq!(fields, [2, 1, 1, 8, 0]);
    }
}

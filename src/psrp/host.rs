//! The host as the worker sees it (MS-PSRP 2.2.3.14 to 2.2.3.17): what the client says about it, the calls that the
//! worker makes on it, and the answers.

use super::error::ProtocolError;
use super::message::{Message, MessageType};
use crate::clixml::{self, Object, Text, Value};
use std::fmt;
use uuid::Uuid;

/// What the client says about its host when it opens the session (MS-PSRP 2.2.3.14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostInfo {
    /// No host: the worker makes no calls, prompts fail.
    #[default]
    None,
    /// A host with a user interface but no console: prompts, `Write-Host` and `exit` become calls.
    Interface,
    /// A host with a console, whose looks the worker may ask for without a call.
    Console(Console),
}

/// The looks of a console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Width of the window and the buffer in characters.
    pub columns: i32,
    /// Height of the window in lines.
    pub rows: i32,
    /// A `System.ConsoleColor`, 0 to 15.
    pub foreground: i32,
    /// A `System.ConsoleColor`, 0 to 15.
    pub background: i32,
    /// The title of the window.
    pub title: String,
}

impl Default for Console {
    /// 120 columns, 30 rows, gray on black, no title.
    fn default() -> Self {
        Self { columns: 120, rows: 30, foreground: 7, background: 0, title: String::new() }
    }
}

impl HostInfo {
    /// For INIT_RUNSPACEPOOL.
    pub(super) fn to_value(&self) -> Value {
        let (no_host, no_console) = (*self == Self::None, !matches!(self, Self::Console(_)));
        let info = match self {
            Self::Console(console) => Object::new().with("_hostDefaultData", console.to_value()),
            Self::None | Self::Interface => Object::new(),
        };
        info.with("_isHostNull", no_host)
            .with("_isHostUINull", no_host)
            .with("_isHostRawUINull", no_console)
            .with("_useRunspaceHost", false)
            .into()
    }

    /// For CREATE_PIPELINE: the session's host.
    pub(super) fn of_session() -> Value {
        Object::new()
            .with("_isHostNull", true)
            .with("_isHostUINull", true)
            .with("_isHostRawUINull", true)
            .with("_useRunspaceHost", true)
            .into()
    }
}

impl Console {
    /// `HostDefaultData`: a dictionary by `HostDefaultDataId` (PowerShell's RemoteHost.cs).
    fn to_value(&self) -> Value {
        const COLOR: &str = "System.ConsoleColor";
        const COORDINATES: &str = "System.Management.Automation.Host.Coordinates";
        const SIZE: &str = "System.Management.Automation.Host.Size";
        let origin = || Object::new().with("x", 0).with("y", 0);
        let size = || Object::new().with("width", self.columns).with("height", self.rows);
        let entries: [(&str, Value); 10] = [
            (COLOR, self.foreground.into()),
            (COLOR, self.background.into()),
            (COORDINATES, origin().into()),
            (COORDINATES, origin().into()),
            ("System.Int32", 25.into()),
            (SIZE, size().into()),
            (SIZE, size().into()),
            (SIZE, size().into()),
            (SIZE, size().into()),
            ("System.String", self.title.as_str().into()),
        ];
        let entries = (0..).zip(entries).map(|(id, (type_name, value))| {
            let typed = Object::new().with("T", type_name).with("V", value);
            (Value::Int32(id), typed.into())
        });
        Object::new().with("data", Value::dictionary(entries.collect())).into()
    }
}

/// A method of the host (PowerShell's `RemoteHostMethodId`; MS-PSRP 2.2.3.17).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostMethod(pub i32);

macro_rules! host_methods {
    ($($name:ident = $id:literal $text:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "the names are those of PowerShell's host interfaces")]
        impl HostMethod {
            $(pub const $name: Self = Self($id);)*

            /// The name of the method in PowerShell, or `None` if it does not exist.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

host_methods! {
    GET_NAME = 1 "get_Name",
    GET_VERSION = 2 "get_Version",
    GET_INSTANCE_ID = 3 "get_InstanceId",
    GET_CURRENT_CULTURE = 4 "get_CurrentCulture",
    GET_CURRENT_UI_CULTURE = 5 "get_CurrentUICulture",
    SET_SHOULD_EXIT = 6 "SetShouldExit",
    ENTER_NESTED_PROMPT = 7 "EnterNestedPrompt",
    EXIT_NESTED_PROMPT = 8 "ExitNestedPrompt",
    NOTIFY_BEGIN_APPLICATION = 9 "NotifyBeginApplication",
    NOTIFY_END_APPLICATION = 10 "NotifyEndApplication",
    READ_LINE = 11 "ReadLine",
    READ_LINE_AS_SECURE_STRING = 12 "ReadLineAsSecureString",
    WRITE_1 = 13 "Write",
    WRITE_2 = 14 "Write",
    WRITE_LINE_1 = 15 "WriteLine",
    WRITE_LINE_2 = 16 "WriteLine",
    WRITE_LINE_3 = 17 "WriteLine",
    WRITE_ERROR_LINE = 18 "WriteErrorLine",
    WRITE_DEBUG_LINE = 19 "WriteDebugLine",
    WRITE_PROGRESS = 20 "WriteProgress",
    WRITE_VERBOSE_LINE = 21 "WriteVerboseLine",
    WRITE_WARNING_LINE = 22 "WriteWarningLine",
    PROMPT = 23 "Prompt",
    PROMPT_FOR_CREDENTIAL_1 = 24 "PromptForCredential",
    PROMPT_FOR_CREDENTIAL_2 = 25 "PromptForCredential",
    PROMPT_FOR_CHOICE = 26 "PromptForChoice",
    GET_FOREGROUND_COLOR = 27 "get_ForegroundColor",
    SET_FOREGROUND_COLOR = 28 "set_ForegroundColor",
    GET_BACKGROUND_COLOR = 29 "get_BackgroundColor",
    SET_BACKGROUND_COLOR = 30 "set_BackgroundColor",
    GET_CURSOR_POSITION = 31 "get_CursorPosition",
    SET_CURSOR_POSITION = 32 "set_CursorPosition",
    GET_WINDOW_POSITION = 33 "get_WindowPosition",
    SET_WINDOW_POSITION = 34 "set_WindowPosition",
    GET_CURSOR_SIZE = 35 "get_CursorSize",
    SET_CURSOR_SIZE = 36 "set_CursorSize",
    GET_BUFFER_SIZE = 37 "get_BufferSize",
    SET_BUFFER_SIZE = 38 "set_BufferSize",
    GET_WINDOW_SIZE = 39 "get_WindowSize",
    SET_WINDOW_SIZE = 40 "set_WindowSize",
    GET_WINDOW_TITLE = 41 "get_WindowTitle",
    SET_WINDOW_TITLE = 42 "set_WindowTitle",
    GET_MAX_WINDOW_SIZE = 43 "get_MaxWindowSize",
    GET_MAX_PHYSICAL_WINDOW_SIZE = 44 "get_MaxPhysicalWindowSize",
    GET_KEY_AVAILABLE = 45 "get_KeyAvailable",
    READ_KEY = 46 "ReadKey",
    FLUSH_INPUT_BUFFER = 47 "FlushInputBuffer",
    SET_BUFFER_CONTENTS_1 = 48 "SetBufferContents",
    SET_BUFFER_CONTENTS_2 = 49 "SetBufferContents",
    GET_BUFFER_CONTENTS = 50 "GetBufferContents",
    SCROLL_BUFFER_CONTENTS = 51 "ScrollBufferContents",
    PUSH_RUNSPACE = 52 "PushRunspace",
    POP_RUNSPACE = 53 "PopRunspace",
    GET_IS_RUNSPACE_PUSHED = 54 "get_IsRunspacePushed",
    GET_RUNSPACE = 55 "get_Runspace",
    PROMPT_FOR_CHOICE_MULTIPLE = 56 "PromptForChoice",
}

impl HostMethod {
    /// Whether `value` is of a kind that the method can return. A worker that gets another kind never comes back from its
    /// call: the answer cannot be decoded, and nobody tells the script.
    pub fn returns(self, value: &Value) -> bool {
        match self {
            Self::READ_LINE => value.is_null() || matches!(value.base(), Value::String(_)),
            Self::READ_LINE_AS_SECURE_STRING => matches!(value.base(), Value::SecureString(_)),
            Self::PROMPT => value.entries().is_some(),
            Self::PROMPT_FOR_CREDENTIAL_1 | Self::PROMPT_FOR_CREDENTIAL_2 => {
                value.is_null() || ["UserName", "Password"].iter().all(|name| value.property(name).is_some())
            }
            Self::PROMPT_FOR_CHOICE => value.as_i32().is_some(),
            Self::PROMPT_FOR_CHOICE_MULTIPLE => value.items().is_some(),
            // The looks of the console.
            _ => true,
        }
    }
}

impl fmt::Debug for HostMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown"), self.0)
    }
}

/// Names a call, for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallId {
    /// The pipeline that calls; `None` for the session itself.
    pub pipeline: Option<Uuid>,
    /// The worker's number for the call.
    pub id: i64,
    /// What it calls.
    pub method: HostMethod,
}

impl CallId {
    /// The number of all calls that expect no answer (PowerShell's `ServerDispatchTable.VoidCallId`).
    const VOID: i64 = -100;

    /// Whether the worker waits for an answer.
    pub fn expects_answer(&self) -> bool {
        self.id != Self::VOID
    }
}

/// A call of the worker on its host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// Which call.
    pub call: CallId,
    /// Its arguments in order.
    pub parameters: Vec<Value>,
    /// The whole message body: `ci`, `mi` and `mp`.
    pub clixml: Vec<u8>,
}

impl HostCall {
    pub(super) fn decode(message: Message, limits: &clixml::Limits) -> Result<Self, ProtocolError> {
        let value = message.value(limits)?;
        let number = |part| value.property(part).and_then(Value::as_i64);
        let id = number("ci").ok_or_else(|| message.lacks("ci"))?;
        let method = number("mi").and_then(|method| method.try_into().ok());
        let parameters = value.property("mp").and_then(Value::items);
        Ok(Self {
            call: CallId {
                pipeline: (!message.pipeline.is_nil()).then_some(message.pipeline),
                id,
                method: HostMethod(method.ok_or_else(|| message.lacks("mi"))?),
            },
            parameters: parameters.ok_or_else(|| message.lacks("mp"))?.to_vec(),
            clixml: message.body,
        })
    }
}

/// A host's refusal: the worker sees it as an exception of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    /// The message of the exception.
    pub message: String,
    /// Its FullyQualifiedErrorId.
    pub fully_qualified_id: String,
}

impl HostError {
    /// As PowerShell answers when a host's method throws: an error record (`RemoteHostEncoder.EncodeException`).
    fn to_value(&self) -> Value {
        const NOT_SPECIFIED: i32 = 0;
        let exception = Object {
            type_names: Some(
                ["System.Management.Automation.Host.HostException", "System.Exception", "System.Object"]
                    .map(Text::from)
                    .into(),
            ),
            ..Object::new().with("Message", self.message.as_str())
        };
        Object::new()
            .with("Exception", exception)
            .with("TargetObject", Value::Null)
            .with("FullyQualifiedErrorId", self.fully_qualified_id.as_str())
            .with("InvocationInfo", Value::Null)
            .with("ErrorCategory_Category", NOT_SPECIFIED)
            .with("ErrorCategory_Activity", "")
            .with("ErrorCategory_Reason", "HostException")
            .with("ErrorCategory_TargetName", "")
            .with("ErrorCategory_TargetType", "")
            .with("ErrorCategory_Message", self.message.as_str())
            .with("SerializeExtendedInfo", false)
            .into()
    }
}

/// The type and body of the answer to a call; a null answer is left out, as PowerShell does.
pub(super) fn response(call: &CallId, answer: Result<Value, HostError>) -> (MessageType, Value) {
    let body = match answer {
        Ok(Value::Null) => Object::new(),
        Ok(value) => Object::new().with("mr", value),
        Err(error) => Object::new().with("me", error.to_value()),
    };
    let body = body.with("ci", call.id).with("mi", call.method.0);
    let kind = match call.pipeline {
        Some(_) => MessageType::PIPELINE_HOST_RESPONSE,
        None => MessageType::RUNSPACEPOOL_HOST_RESPONSE,
    };
    (kind, body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_id_of_powershell_has_a_name() {
        assert!((1..=56).all(|id| HostMethod(id).name().is_some()));
        assert_eq!(HostMethod(57).name(), None);
        assert_eq!(format!("{:?}", HostMethod::READ_LINE), "ReadLine (11)");
    }

    #[test]
    fn a_host_says_what_it_has() {
        let flags = |info: &HostInfo| {
            let value = info.to_value();
            ["_isHostNull", "_isHostUINull", "_isHostRawUINull", "_useRunspaceHost"]
                .map(|name| value.property(name).and_then(Value::as_bool).unwrap())
        };
        assert_eq!(flags(&HostInfo::None), [true, true, true, false]);
        assert_eq!(flags(&HostInfo::Interface), [false, false, true, false]);
        let console = HostInfo::Console(Console::default());
        assert_eq!(flags(&console), [false, false, false, false]);
        let value = console.to_value();
        let data = value.property("_hostDefaultData").unwrap().property("data").unwrap();
        assert_eq!(data.entries().unwrap().len(), 10);
    }

    #[test]
    fn a_call_must_say_what_and_which() {
        let call = |body: &str| {
            let message = Message {
                kind: MessageType::PIPELINE_HOST_CALL,
                pool: Uuid::nil(),
                pipeline: Uuid::max(),
                body: body.as_bytes().to_vec(),
            };
            HostCall::decode(message, &clixml::Limits::default())
        };
        let whole = "<Obj RefId=\"0\"><MS><I64 N=\"ci\">-100</I64>\
                     <Obj N=\"mi\" RefId=\"1\"><ToString>WriteLine2</ToString><I32>16</I32></Obj>\
                     <Obj N=\"mp\" RefId=\"2\"><LST><S>hello</S></LST></Obj></MS></Obj>";
        let decoded = call(whole).unwrap();
        assert_eq!(decoded.call.method, HostMethod::WRITE_LINE_2);
        assert_eq!(decoded.call.pipeline, Some(Uuid::max()));
        assert!(!decoded.call.expects_answer());
        assert_eq!(decoded.parameters, [Value::from("hello")]);
        for part in ["ci", "mi", "mp"] {
            let without = whole.replace(&format!("N=\"{part}\""), "N=\"other\"");
            assert!(matches!(call(&without), Err(ProtocolError::Lacks { part: lacking, .. }) if lacking == part));
        }
    }
}

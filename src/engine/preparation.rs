//! What runs in the worker before the job: location and initialization script, as pipelines in global scope
//! (behaviour.md 1.9, 1.10). Any error fails the job; what they show goes to the host at once.

use uuid::Uuid;

use super::child::{Child, Ending};
use super::driver::refuse;
use super::error::{Error, ErrorKind};
use super::failure;
use super::log::RecordStream;
use super::session::Session;
use super::spec::JobSpec;
use crate::clixml::Value;
use crate::psrp::{Command, Event, Merge, Parameter, Pipeline, PipelineState, Stream};

/// Sets the location literally. `Set-Location` would load the module that has it, which costs a cold worker tens of
/// milliseconds; the inner exception is the one that names the path.
const SET_LOCATION: &str = "try { $null = $ExecutionContext.SessionState.Path.SetLocation(\
     [System.Management.Automation.WildcardPattern]::Escape($args[0])) } \
     catch { if ($_.Exception.InnerException) { throw $_.Exception.InnerException }; throw }";

/// Whatever the initialization script left in `$Error` fails the job, as with the built-in; the newest is the reason.
const NEWEST_ERROR: &str = "if ($global:Error.Count) { $global:Error[0] }";

/// Runs every step that `spec` asks for.
pub(super) async fn run(session: &mut Session, child: &Child, spec: &JobSpec) -> Result<(), Ending> {
    if let Some(location) = location(spec) {
        let path = Parameter::positional(Value::from(location.as_str()));
        let set_location = Command::script(SET_LOCATION).with_parameters([path]);
        run_step(session, child, vec![set_location]).await?;
    }
    if let Some(script) = &spec.initialization_script {
        let script = Command::script(script).with_merge(Merge::ErrorToOutput);
        run_step(session, child, vec![script, Command::named("Out-Default")]).await?;
        if let Some(error) = run_step(session, child, vec![Command::script(NEWEST_ERROR)]).await? {
            return Err(Ending::Failed(failure::preparation(Some(&error))));
        }
    }
    Ok(())
}

fn location(spec: &JobSpec) -> Option<String> {
    spec.working_directory.clone().or_else(|| std::env::current_dir().ok()?.into_os_string().into_string().ok())
}

/// Runs one pipeline to its end; gives the first object that it wrote to its output.
async fn run_step(session: &mut Session, child: &Child, commands: Vec<Command>) -> Result<Option<Vec<u8>>, Ending> {
    let id = Uuid::new_v4();
    session.client().create_pipeline(Pipeline::new(id, commands));
    let mut output = None;
    let mut exit_code = None;
    loop {
        match session.next().await? {
            Event::Record { stream: Stream::Output, clixml, .. } => drop(output.get_or_insert(clixml)),
            // Shown by its host call.
            Event::Record { .. } => {}
            Event::HostCall(call) if call.exit_code().is_some() => exit_code = call.exit_code(),
            Event::HostCall(call) if call.needs_answer() => refuse(session, &call),
            Event::HostCall(call) => child.push_preparation(RecordStream::HostCall, &call.clixml),
            Event::PipelineState { state, error, .. } => {
                session.client().close_pipeline(id);
                return match (exit_code, state) {
                    (Some(code), _) => Err(Ending::Exited(code)),
                    (None, PipelineState::Completed) => Ok(output),
                    (None, _) => Err(Ending::Failed(failure::preparation(error.as_deref()))),
                };
            }
            Event::PoolBroken { reason } => return Err(Ending::Failed(failure::pool_broken(reason.as_deref()))),
            _ => {}
        }
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        debug_assert_ne!(error.kind, ErrorKind::ScriptFailed, "the worker's error, not the script's");
        Self::Failed(error)
    }
}

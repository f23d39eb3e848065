//! What runs in the worker before the job: location and initialization script, as pipelines in global scope
//! (behaviour.md 1.9, 1.10). Any error fails the job; what they show goes to the host at once.

use uuid::Uuid;

use super::child::{Child, Ending};
use super::driver::{exit_code_of, refuse};
use super::error::{Error, ErrorKind};
use super::failure;
use super::log::RecordStream;
use super::session::Session;
use super::spec::JobSpec;
use crate::psrp::{Command, Event, Pipeline, PipelineEnd, Redirect, RedirectTo, Statement, Stream};

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
        let set_location = Command::script(SET_LOCATION).argument(location.as_str());
        run_step(session, child, vec![set_location]).await?;
    }
    if let Some(script) = &spec.initialization_script {
        let merged = Redirect { error: Some(RedirectTo::Output), ..Redirect::default() };
        let script = Command { redirect: merged, ..Command::script(script.as_str()) };
        run_step(session, child, vec![script, Command::named("Out-Default")]).await?;
        if let Some(error) = run_step(session, child, vec![Command::script(NEWEST_ERROR)]).await? {
            return Err(Ending::Failed(failure::preparation_left(&error)));
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
    let pipeline = Pipeline { no_input: true, ..Pipeline::new(id, vec![Statement { commands }]) };
    session.create_pipeline(&pipeline)?;
    let mut output = None;
    let mut exit_code = None;
    loop {
        match session.next().await? {
            Event::Record { stream: Stream::Output, clixml, .. } => drop(output.get_or_insert(clixml)),
            // Shown by its host call.
            Event::Record { .. } => {}
            Event::HostCall(call) if exit_code_of(&call).is_some() => exit_code = exit_code_of(&call),
            Event::HostCall(call) if call.call.expects_answer() => refuse(session, &call)?,
            Event::HostCall(call) => child.push_preparation(RecordStream::HostCall, &call.clixml),
            Event::PipelineState { state, reason, .. } => {
                session.client().close_pipeline(id).map_err(Error::from)?;
                return match (exit_code, state) {
                    (Some(code), _) => Err(Ending::Exited(code)),
                    (None, PipelineEnd::Completed) => Ok(output),
                    (None, _) => Err(Ending::Failed(failure::preparation(reason.as_ref()))),
                };
            }
            Event::PoolBroken { reason } => return Err(Ending::Failed(failure::pool_broken(reason.as_ref()))),
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

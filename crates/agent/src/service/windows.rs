//! The agent under Windows' service control: installed to start with the machine and again whenever it ends without being asked to.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept, ServiceErrorControl, ServiceExitCode,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

const NAME: &str = "QuarterdeckAgent";
const DISPLAY_NAME: &str = "Quarterdeck Agent";
const DESCRIPTION: &str = "Connects this machine to a Quarterdeck hub and runs what the hub sends.";

/// Windows' own number for a service that is not there (ERROR_SERVICE_DOES_NOT_EXIST).
const NOT_INSTALLED: i32 = 1060;
/// How long Windows waits before it starts the agent again: after the first end, the second, and every further one within a day.
const RESTARTS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60)];
const FORGET_ENDS_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How long starting and stopping may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Within this time a stop is done; said to Windows, so that it does not give up earlier.
const STOP_TAKES: Duration = Duration::from_secs(10);

/// Installs and starts the service for the agent of `data_dir`; with `print` only says what it would do. Installing again changes
/// the service to this program and directory and restarts it.
pub fn install(data_dir: &Path, user: bool, print: bool) -> io::Result<()> {
    for_the_system(user)?;
    let info = definition(std::env::current_exe()?, data_dir);
    if print {
        println!("# service {NAME} ({DISPLAY_NAME}), account LocalSystem, starts with the machine");
        println!("# restarts after {} s, then {} s, then every {} s", RESTARTS[0].as_secs(), RESTARTS[1].as_secs(), RESTARTS[2].as_secs());
        let arguments: Vec<_> = info.launch_arguments.iter().map(|word| word.to_string_lossy()).collect();
        println!("\"{}\" {}", info.executable_path.display(), arguments.join(" "));
        return Ok(());
    }
    let manager = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)
        .map_err(io_error)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::START | ServiceAccess::STOP | ServiceAccess::CHANGE_CONFIG;
    let service = match manager.open_service(NAME, access).map_err(io_error) {
        Ok(service) => {
            println!("changing the service {NAME}");
            stop(&service)?;
            service.change_config(&info).map_err(io_error)?;
            service
        }
        Err(error) if error.raw_os_error() == Some(NOT_INSTALLED) => {
            println!("creating the service {NAME}");
            manager.create_service(&info, access).map_err(io_error)?
        }
        Err(error) => return Err(error),
    };
    service.set_description(DESCRIPTION).map_err(io_error)?;
    let actions = RESTARTS.iter().map(|&delay| ServiceAction { action_type: ServiceActionType::Restart, delay }).collect();
    let on_failure = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGET_ENDS_AFTER),
        reboot_msg: None,
        command: None,
        actions: Some(actions),
    };
    service.update_failure_actions(on_failure).map_err(io_error)?;
    // Without this only a crash counts, and an agent that reports why it ended would stay down.
    service.set_failure_actions_on_non_crash_failures(true).map_err(io_error)?;
    println!("starting the service {NAME}");
    service.start::<&OsStr>(&[]).map_err(io_error)?;
    let state = until(&service, |state| matches!(state, ServiceState::Running | ServiceState::Stopped))?;
    if state == ServiceState::Running {
        return Ok(());
    }
    Err(io::Error::other(format!("the service did not start; {} says why", log_file(data_dir).display())))
}

/// Stops and removes the service.
pub fn uninstall(user: bool, print: bool) -> io::Result<()> {
    for_the_system(user)?;
    if print {
        println!("# stop and delete the service {NAME}");
        return Ok(());
    }
    let manager = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT).map_err(io_error)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service = match manager.open_service(NAME, access).map_err(io_error) {
        Ok(service) => service,
        Err(error) if error.raw_os_error() == Some(NOT_INSTALLED) => {
            println!("there is no service {NAME}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if let Err(error) = stop(&service) {
        println!("{error}; going on");
    }
    service.delete().map_err(io_error)?;
    println!("removed the service {NAME}");
    Ok(())
}

fn for_the_system(user: bool) -> io::Result<()> {
    if user {
        return Err(io::Error::other("a service of Windows belongs to the machine: run this as administrator, without --user"));
    }
    Ok(())
}

fn definition(program: PathBuf, data_dir: &Path) -> ServiceInfo {
    let words = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
    let mut arguments = words(&["run", "--as-service", "--data-dir"]);
    arguments.push(data_dir.into());
    arguments.extend(words(&["--log-file"]));
    arguments.push(log_file(data_dir).into());
    ServiceInfo {
        name: NAME.into(),
        display_name: DISPLAY_NAME.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program,
        launch_arguments: arguments,
        dependencies: Vec::new(),
        // LocalSystem: commands administer the machine.
        account_name: None,
        account_password: None,
    }
}

/// A service has no standard error; its log goes here.
fn log_file(data_dir: &Path) -> PathBuf {
    data_dir.join("agent.log")
}

fn stop(service: &Service) -> io::Result<()> {
    if service.query_status().map_err(io_error)?.current_state == ServiceState::Stopped {
        return Ok(());
    }
    service.stop().map_err(io_error)?;
    until(service, |state| state == ServiceState::Stopped).map(|_| ())
}

/// Waits for a state; Windows has no call that waits.
fn until(service: &Service, wanted: impl Fn(ServiceState) -> bool) -> io::Result<ServiceState> {
    let asked = Instant::now();
    loop {
        let state = service.query_status().map_err(io_error)?.current_state;
        if wanted(state) {
            return Ok(state);
        }
        if asked.elapsed() > PATIENCE {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("the service {NAME} is still in the state {state:?}")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The system's own error where there is one: its number says what happened.
fn io_error(error: windows_service::Error) -> io::Error {
    match error {
        windows_service::Error::Winapi(error) => error,
        other => io::Error::other(other),
    }
}

/// What runs as the service. Windows calls the entry point itself, on a thread of its own, and has no word for it.
static WORK: OnceLock<Box<dyn Fn(CancellationToken) -> Result<(), String> + Send + Sync>> = OnceLock::new();

define_windows_service!(entry_point, serve);

/// Hands this process to Windows' service control, which has `work` run until the service is asked to stop. Returns when the service
/// has ended; an error when this process was not started as a service.
pub fn dispatch(work: impl Fn(CancellationToken) -> Result<(), String> + Send + Sync + 'static) -> io::Result<()> {
    if WORK.set(Box::new(work)).is_err() {
        return Err(io::Error::other("this process is a service already"));
    }
    service_dispatcher::start(NAME, entry_point).map_err(io_error)
}

fn serve(_arguments: Vec<OsString>) {
    if let Err(error) = serve_until_asked() {
        tracing::error!(%error, "Windows' service control cannot be spoken to");
    }
}

fn serve_until_asked() -> Result<(), windows_service::Error> {
    let stop = CancellationToken::new();
    let handle: Arc<OnceLock<ServiceStatusHandle>> = Arc::default();
    let status = {
        let (stop, handle) = (stop.clone(), handle.clone());
        service_control_handler::register(NAME, move |control| match control {
            ServiceControl::Stop | ServiceControl::Shutdown => {
                // Said before the answer: from then on Windows sends no further control, and this closure is gone after its answer.
                if let Some(handle) = handle.get() {
                    report(*handle, ServiceState::StopPending, ServiceExitCode::NO_ERROR);
                }
                stop.cancel();
                ServiceControlHandlerResult::NoError
            }
            ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
            _ => ServiceControlHandlerResult::NotImplemented,
        })?
    };
    // A control comes only once the service is running, so the handle is there before it is needed.
    let _ = handle.set(status);
    report(status, ServiceState::Running, ServiceExitCode::NO_ERROR);
    let result = WORK.get().map_or_else(|| Err("there is nothing to run".to_owned()), |work| work(stop.clone()));
    if let Err(error) = &result {
        tracing::error!("{error}");
    }
    // An end that nobody asked for is a failure to Windows, which then starts the service again.
    let asked = stop.is_cancelled() && result.is_ok();
    report(status, ServiceState::Stopped, if asked { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(1) });
    Ok(())
}

fn report(handle: ServiceStatusHandle, state: ServiceState, exit_code: ServiceExitCode) {
    let controls = if state == ServiceState::Running {
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
    } else {
        ServiceControlAccept::empty()
    };
    let pending = state == ServiceState::StopPending;
    let reported = handle.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: controls,
        exit_code,
        checkpoint: u32::from(pending),
        wait_hint: if pending { STOP_TAKES } else { Duration::ZERO },
        process_id: None,
    });
    if let Err(error) = reported {
        tracing::warn!(%error, ?state, "a state of the service could not be reported");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_starts_with_the_machine_and_finds_its_directory_and_log() {
        let info = definition(r"C:\Program Files\Quarterdeck\quarterdeck-agent.exe".into(), Path::new(r"C:\ProgramData\Quarterdeck Agent"));
        assert_eq!(info.start_type, ServiceStartType::AutoStart);
        let words: Vec<_> = info.launch_arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(
            words,
            [
                "run",
                "--as-service",
                "--data-dir",
                r"C:\ProgramData\Quarterdeck Agent",
                "--log-file",
                r"C:\ProgramData\Quarterdeck Agent\agent.log"
            ]
        );
    }

    #[test]
    fn there_is_no_service_of_a_user() {
        assert!(install(Path::new(r"C:\x"), true, true).is_err());
    }

    #[test]
    fn a_process_that_is_no_service_is_told_so() {
        assert!(dispatch(|_| Ok(())).is_err());
    }
}

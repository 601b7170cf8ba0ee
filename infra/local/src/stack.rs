//! Everything that `cargo dev` starts, in order: data directory, table, sample organizations, functions.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use jiff::Timestamp;
use stockroom_api::App;
use stockroom_domain::source::{Clock as _, Entropy as _, Sources};
use stockroom_runtime::{Config, ConfigError, OsEntropy, Runtime, StartPage, SystemClock, init_telemetry};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::acme;
use crate::announcement;
use crate::demo::{ImportError, Imported, SampleOrganization};
use crate::embedded::{self, EmbeddedError, Storage, TABLE_NAME};
use crate::file_error::{FileError, TableFileError};
use crate::functions;
use crate::gateway::Gateway;
use crate::listen::{self, ListenError, Listener};
use crate::local_routes;
use crate::lock::{DirectoryLock, LockError};
use crate::northwind;
use crate::options::{Demo, Options};
use crate::private_file;
use crate::secrets::{Secrets, SecretsError};
use crate::services::{LocalServices, ServicesError};
use crate::settings::Settings;
use crate::signals;
use crate::terminal::Terminal;

/// The default port of `cargo lambda watch`.
const CARGO_LAMBDA_PORT: u16 = 9000;
/// How often expired items are deleted.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
/// The file with the settings for functions in other processes.
const SETTINGS_FILE: &str = "dev.env";
/// The file that marks an incomplete import.
const IMPORT_MARKER: &str = "import-incomplete";
const INCOMPLETE_IMPORT: &str = "The import of the sample organizations is incomplete. Start with --demo northwind to \
                                 resume it.";

/// Why the stack does not start. The text is for the developer who started it.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    LocalServices(#[from] ServicesError),
    /// The file with the settings of the functions cannot be written.
    #[error(transparent)]
    SettingsFile(#[from] FileError),
    #[error("the import of the sample organization stopped: {0}. The next start with --demo northwind resumes it")]
    ImportStopped(TableFileError),
    #[error("cannot listen for the signals that stop the process: {0}")]
    Signals(#[source] io::Error),
}

/// Runs the stack until a signal stops the process. Prints addresses and progress to `out`.
///
/// # Errors
///
/// The stack cannot start.
pub async fn run(options: &Options, out: impl Write) -> Result<(), StackError> {
    run_until(signals::stop_requested().map_err(StackError::Signals)?, options, out).await
}

async fn run_until(stop: impl Future<Output = ()>, options: &Options, out: impl Write) -> Result<(), StackError> {
    let home = Home::open(options)?;
    let api = if options.services_only { None } else { Some(listen::bind(options.port).await?) };
    let table = listen::bind(options.table_port()).await?;
    let mail = if options.services_only { Some(listen::bind(options.mail_port()).await?) } else { None };
    let embedded = embedded::start_on(home.storage.clone(), table)?;
    let port = match (&api, options.port) {
        (Some(api), _) => api.local_addr().map_err(ListenError::Io)?.port(),
        (None, 0) => CARGO_LAMBDA_PORT,
        (None, port) => port,
    };
    let url = format!("http://localhost:{port}");
    let settings = Settings::new(&home.secrets, embedded.endpoint(), &url, environment);

    let (end, ended) = oneshot::channel::<()>();
    let sweep = embedded.sweep_expired(SWEEP_INTERVAL, async {
        // Nothing is sent: dropping the sender is the signal.
        ended.await.unwrap_or_default();
    });
    let work = async {
        let terminal = Terminal::new(out);
        let mut stack = Stack { options, home: &home, settings: &settings, database: embedded.database(), terminal };
        let worked = stack.work(api, mail, pin!(stop)).await;
        drop(end);
        worked
    };
    let (worked, ()) = tokio::join!(work, sweep);
    let problem = embedded.problem();
    embedded.stop().await;
    match (worked, problem) {
        (Err(StackError::Import(_)), Some(problem)) => Err(StackError::ImportStopped(problem)),
        (worked, _) => worked,
    }
}

/// The running table, and everything that needs it.
struct Stack<'a, W> {
    options: &'a Options,
    home: &'a Home,
    settings: &'a Settings,
    database: &'a Database,
    terminal: Terminal<W>,
}

impl<W: Write> Stack<'_, W> {
    async fn work(
        &mut self,
        api: Option<Listener>,
        mail: Option<Listener>,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), StackError> {
        let config = Config::from_vars(|name| self.settings.get(name))?;
        init_telemetry(&config);
        let runtime = Runtime::new(config, Sources::new(SystemClock, OsEntropy));
        let mut accounts = Vec::new();
        if self.options.demo == Some(Demo::Northwind) {
            self.home.begin_import()?;
            let imported = tokio::select! {
                () = &mut stop => None,
                imported = Box::pin(import_samples(&runtime, &mut self.terminal)) => Some(imported?),
            };
            let Some(imported) = imported else {
                self.terminal.print(self.options.after_interrupted_import());
                return Ok(());
            };
            self.home.finish_import()?;
            accounts = imported;
        } else if self.home.import_marker().exists() {
            self.terminal.print(INCOMPLETE_IMPORT);
        }
        // The stream is followed from here on: the history of the sample organizations sends no mail.
        let services = Arc::new(LocalServices::new(&runtime, self.database.clone())?);
        let served = Box::pin(async {
            match (api, mail) {
                (Some(listener), _) => self.serve(&runtime, listener, &services, &accounts, stop).await,
                (None, Some(listener)) => self.serve_services(&runtime, listener, &services, stop).await,
                (None, None) => Ok(()),
            }
        });
        tokio::select! {
            served = served => served,
            () = services.run() => Ok(()),
        }
    }

    async fn serve(
        &mut self,
        runtime: &Runtime,
        listener: Listener,
        services: &Arc<LocalServices>,
        accounts: &[&'static SampleOrganization],
        stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), StackError> {
        let functions = functions::all(&App::issuing(&with_start_page(runtime, accounts))?);
        let local = local_routes::router(Arc::clone(services));
        let gateway = Gateway::new(functions, now, request_id).with_local(local);
        let port = listener.local_addr().map_err(ListenError::Io)?.port();
        self.terminal.print(announcement::gateway(port, &runtime.config, accounts).trim_end());
        Ok(gateway.serve(listener, stop).await?)
    }

    /// Serves the mailbox and writes the settings for functions in other processes.
    async fn serve_services(
        &mut self,
        runtime: &Runtime,
        listener: Listener,
        services: &Arc<LocalServices>,
        stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), StackError> {
        let local = local_routes::router(Arc::clone(services));
        let gateway = Gateway::new(Vec::new(), now, request_id).with_local(local);
        let path = self.home.directory.path().join(SETTINGS_FILE);
        self.settings.write(&path).map_err(|source| FileError::new("write", &path, source))?;
        let endpoint = runtime.config.connection.endpoint.as_deref().unwrap_or_default();
        let port = match self.options.port {
            0 => String::new(),
            port => format!(" --invoke-port {port}"),
        };
        let mut lines = vec![
            ("DynamoDB", format!("{endpoint}, table {TABLE_NAME}")),
            ("Settings", path.display().to_string()),
            (
                "Functions",
                format!(
                    "cargo lambda watch --env-file {} --concurrency 4 --invoke-address 127.0.0.1{port}",
                    path.display()
                ),
            ),
            ("API", format!("{}/api/v1, once the functions run", runtime.config.public_url)),
        ];
        lines.extend(announcement::local_routes(listener.local_addr().map_err(ListenError::Io)?.port()));
        self.terminal.print(format_args!("ready {endpoint}\n\n{}", announcement::list(&lines).trim_end()));
        Ok(gateway.serve(listener, stop).await?)
    }
}

/// The same runtime with the mailbox and these accounts on its start page, unless `START_PAGE` is set.
fn with_start_page(runtime: &Runtime, accounts: &[&'static SampleOrganization]) -> Runtime {
    let mut runtime = runtime.clone();
    if runtime.config.start_page == StartPage::default() {
        runtime.config.start_page = StartPage {
            mailbox: Some("/_local/mail".to_owned()),
            accounts: accounts.iter().flat_map(|organization| organization.accounts()).collect(),
        };
    }
    runtime
}

/// The data directory with its content.
struct Home {
    directory: Directory,
    secrets: Secrets,
    storage: Storage,
}

enum Directory {
    Kept {
        path: PathBuf,
        _lock: DirectoryLock,
    },
    /// Of this run only. Functions in other processes find their settings in it.
    Temporary(TempDir),
}

impl Home {
    fn open(options: &Options) -> Result<Self, StackError> {
        let Some(path) = options.data_dir() else {
            let directory = Directory::Temporary(
                tempfile::Builder::new()
                    .prefix("stockroom-")
                    .tempdir()
                    .and_then(|created| private_file::restrict_directory(created.path()).map(|()| created))
                    .map_err(|source| LockError::Temporary { parent: std::env::temp_dir(), source })?,
            );
            return Ok(Self { directory, secrets: Secrets::generate()?, storage: Storage::Memory });
        };
        let lock = DirectoryLock::acquire(path)?;
        let (secrets, storage) = (Secrets::of_directory(path)?, Storage::File(path.to_owned()));
        Ok(Self { directory: Directory::Kept { path: path.to_owned(), _lock: lock }, secrets, storage })
    }
}

impl Home {
    /// The file that exists while an import is incomplete.
    fn import_marker(&self) -> PathBuf {
        self.directory.path().join(IMPORT_MARKER)
    }

    fn begin_import(&self) -> Result<(), FileError> {
        let marker = self.import_marker();
        private_file::write(&marker, "").map_err(|source| FileError::new("write", &marker, source))
    }

    fn finish_import(&self) -> Result<(), FileError> {
        let marker = self.import_marker();
        fs::remove_file(&marker).map_err(|source| FileError::new("delete", &marker, source))
    }
}

impl Directory {
    fn path(&self) -> &Path {
        match self {
            Self::Kept { path, .. } => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

/// Adds the sample organizations. Returns those that have the accounts of the samples.
async fn import_samples(
    runtime: &Runtime,
    terminal: &mut Terminal<impl Write>,
) -> Result<Vec<&'static SampleOrganization>, ImportError> {
    let mut accounts = Vec::new();
    let imported = Box::pin(northwind::import(runtime, |progress| terminal.show(progress))).await?;
    terminal.report(northwind::ORGANIZATION.subdomain, imported);
    accounts.extend((imported != Imported::Foreign).then_some(&northwind::ORGANIZATION));
    let imported = Box::pin(acme::import(runtime)).await?;
    terminal.report(acme::ORGANIZATION.subdomain, imported);
    accounts.extend((imported != Imported::Foreign).then_some(&acme::ORGANIZATION));
    Ok(accounts)
}

#[expect(clippy::disallowed_methods, reason = "the local stack reads its environment here only")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn now() -> Timestamp {
    let millis = i64::try_from(SystemClock.now().unix_millis()).unwrap_or_default();
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

fn request_id() -> Uuid {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use clap::Parser as _;
    use stockroom_store::{Store, TableClient};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// The output of the stack so far.
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Output {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        /// The address in the line `ready`, once it is printed.
        async fn ready(&self) -> String {
            loop {
                if let Some(address) = self.text().lines().find_map(|line| line.strip_prefix("ready http://")) {
                    return address.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    fn options(line: &str) -> Options {
        Options::try_parse_from(line.split_whitespace()).unwrap()
    }

    /// Runs the stack until `visit` ends.
    async fn run_for(line: &str, visit: impl AsyncFnOnce(&Output)) {
        let (options, output, (stop, stopped)) = (options(line), Output::default(), oneshot::channel::<()>());
        let stack = run_until(async { stopped.await.unwrap_or_default() }, &options, output.clone());
        let visit = async {
            visit(&output).await;
            drop(stop);
            Ok(())
        };
        tokio::try_join!(stack, visit).unwrap();
    }

    async fn refused(line: &str) -> StackError {
        run_until(std::future::pending(), &options(line), io::sink()).await.unwrap_err()
    }

    #[tokio::test]
    async fn start_prints_an_address_that_answers() {
        run_for("dev --in-memory --port 0", async |output| {
            let address = output.ready().await;
            let mut client = TcpStream::connect(&address).await.unwrap();
            let request = b"GET /health-check HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            client.write_all(request).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"dynamodb\":\"ok\""), "{answer}");

            let port = address.rsplit_once(':').unwrap().1;
            let second = refused(&format!("dev --in-memory --port {port}")).await;
            assert!(matches!(second, StackError::Listen(ListenError::PortTaken(_))), "{second}");
        })
        .await;
    }

    #[tokio::test]
    async fn services_only_writes_settings_that_reach_the_table() {
        let directory = tempfile::tempdir().unwrap();
        let line = format!("dev --services-only --port 0 --data-dir {}", directory.path().display());
        run_for(&line, async |output| {
            output.ready().await;
            let second = refused(&line).await;
            assert!(matches!(second, StackError::Lock(LockError::Held(_))), "{second}");

            let text = fs::read_to_string(directory.path().join(SETTINGS_FILE)).unwrap();
            let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            let config = Config::from_vars(|name| value(name).map(str::to_owned)).unwrap();
            let store = Store::new(TableClient::new(config.connection), Sources::new(SystemClock, OsEntropy));
            store.ping().await.unwrap();
            for secret in ["SECRET_KEY", "CURSOR_KEY"] {
                assert!(!output.text().contains(value(secret).unwrap()));
            }
        })
        .await;
    }
}

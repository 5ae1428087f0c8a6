//! Why this exists: everything the hub keeps, in one place, on two engines: SQLite for the embedded hub, PostgreSQL for several hubs.
//! A table is a file in `table/`: its migrations, row types, reads and writes. Every query is written once.
//!
//! # How to write a table
//!
//! - `pub const MIGRATIONS: &[Migration]`, listed in `table/mod.rs`; functions over `&mut Tx<'_>` that answer rows.
//! - Types: `TEXT`, `BIGINT`, `DOUBLE PRECISION`, `BYTEA`. Times are epoch milliseconds, flags 0 or 1, documents TEXT JSON.
//! - Placeholders `$1`, `$2` … (never `?`, never `$1::type`; where a type must be told, `CAST($1 AS BIGINT)`).
//! - Both engines take: `INSERT … ON CONFLICT (…) DO UPDATE SET x = excluded.x` / `DO NOTHING`, `RETURNING`, row values for paging
//!   (`WHERE (a, b) > ($1, $2) ORDER BY a, b LIMIT $3`), `CASE`, `COALESCE`, `COUNT`, `SUM`, `MIN`, `MAX`, CTEs, `EXISTS`,
//!   `LIKE … ESCAPE '\'` (case-sensitive; always say ESCAPE), `||`, `LENGTH`, `LOWER`, `UPDATE … FROM`, partial indexes.
//! - Not: functions of one dialect (JSON operators, dates, `IFNULL`, `INSTR`), `AUTOINCREMENT`, `ROWID`, `ILIKE`, `GLOB`, `UPDATE … LIMIT`,
//!   `MAX(a, b)` of two values (use `CASE`), a text in double quotes, comparing values of different types, NUL inside a TEXT.
//! - Every query that a growing table answers has an index and a `LIMIT`.
//! - Writes are serial across all hubs (see `engine`): read, decide and write in one closure, without locks.

pub mod blob;
mod changes;
mod engine;
mod error;
mod migrate;
mod param;
mod row;
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

pub use changes::{Change, Changes};
pub use error::{ErrorCode, StoreError};
pub use migrate::Migration;
pub use param::{Param, placeholders};
pub use row::{FromValue, Row, Value};
pub use tx::{MAX_TOPIC, Tx};

use changes::Announcer;
use engine::{Call, Connect, Job};

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// One file (and its `-wal` and `-shm` beside it), made when it is not there, readable by its owner alone.
    Sqlite(PathBuf),
    /// A connection string of PostgreSQL (13 or newer), as a `postgres://` URL or as `key=value` pairs. It may hold a password.
    Postgres(String),
}

/// A connection string may hold a password: it is not shown.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Location::Postgres(_) => f.write_str("Postgres(***)"),
        }
    }
}

/// Reads that run beside each other.
const READERS: usize = 8;

/// Closures that wait for a lane before their callers do.
const QUEUE: usize = 1024;

type Queue = mpsc::Sender<Box<dyn Job>>;

/// The open database. Cheap to clone; its threads end with the last clone or with [`Store::close`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    lanes: RwLock<Option<Lanes>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Lanes {
    reads: Queue,
    writes: Queue,
    announcer: Announcer,
    /// The listener of PostgreSQL ends when this is dropped.
    _listening: Option<Arc<tokio::sync::oneshot::Sender<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the database, makes its tables or brings them forward. One of a newer program is refused ([`ErrorCode::Newer`]).
    pub async fn open(location: &Location) -> Result<Store, StoreError> {
        Store::open_with(location, table::MIGRATIONS).await
    }

    /// [`Store::open`] with another list of migrations: for tests of migrations.
    pub async fn open_with(location: &Location, migrations: &'static [&'static [Migration]]) -> Result<Store, StoreError> {
        let location = location.clone();
        let (reply, opened) = tokio::sync::oneshot::channel();
        // Opening blocks (files, the network): on a thread of its own, not on the caller's runtime.
        spawn("store-open", move || {
            let _ = reply.send(start(&location, migrations));
        })?;
        opened.await.map_err(|_| StoreError::closed())?
    }

    /// Runs `f` on a snapshot of the database, beside other reads. `f` cannot write. It may be run again if a connection is lost.
    pub async fn read<T, E>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.run(|lanes| lanes.reads, f).await
    }

    /// Runs `f` alone among all writers; when this answers `Ok`, the change is durable. An `Err` of `f` undoes only what `f` did.
    /// `f` has no effect but its statements: it may be run again, and it shares its commit with others. If the caller stops waiting,
    /// the change may still happen.
    pub async fn write<T, E>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.run(|lanes| lanes.writes, f).await
    }

    /// Hears what is committed from now on, here and by other hubs on the same database.
    pub fn subscribe(&self) -> Changes {
        // After the close there is nothing to hear: the fresh announcer is gone at once.
        self.inner
            .lanes
            .read()
            .ok()
            .and_then(|lanes| lanes.clone())
            .map_or_else(|| Announcer::new().subscribe(), |lanes| lanes.announcer.subscribe())
    }

    /// Waits for what is queued, then closes the database. Later calls answer [`ErrorCode::Closed`].
    pub async fn close(&self) {
        if let Ok(mut lanes) = self.inner.lanes.write() {
            lanes.take();
        }
        let threads = self.inner.threads.lock().map(|mut threads| std::mem::take(&mut *threads)).unwrap_or_default();
        let (reply, closed) = tokio::sync::oneshot::channel::<()>();
        let joined = spawn("store-close", move || {
            for thread in threads {
                let _ = thread.join();
            }
            let _ = reply.send(());
        });
        if joined.is_ok() {
            let _ = closed.await;
        }
    }

    async fn run<T, E>(&self, lane: impl FnOnce(Lanes) -> Queue, f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let lanes = self.inner.lanes.read().ok().and_then(|lanes| lanes.clone()).ok_or_else(StoreError::closed)?;
        let (call, answer) = Call::new(f);
        lane(lanes).send(Box::new(call)).await.map_err(|_| StoreError::closed())?;
        answer.await.map_err(|_| StoreError::closed())?
    }
}

/// Connects, migrates and starts the threads.
fn start(location: &Location, migrations: &[&[Migration]]) -> Result<Store, StoreError> {
    let announcer = Announcer::new();
    let (writer, readers, listening): (Box<dyn Connect>, Vec<Box<dyn Connect>>, _) = match location {
        Location::Sqlite(path) => {
            let connect = |writer| Box::new(engine::sqlite::SqliteConnect { path: path.clone(), writer }) as Box<dyn Connect>;
            (connect(true), (0..READERS).map(|_| connect(false)).collect(), None)
        }
        Location::Postgres(url) => {
            let server = engine::postgres::Server::parse(url)?;
            let connect = || Box::new(server.clone()) as Box<dyn Connect>;
            (connect(), (0..READERS).map(|_| connect()).collect(), Some(server.clone()))
        }
    };
    let mut connection = writer.connect()?;
    migrate::migrate(connection.as_mut(), migrations)?;
    // A connection stays on the thread that uses it.
    drop(connection);
    let mut threads = Vec::new();
    let (reads, queue) = mpsc::channel(QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    for reader in readers {
        let queue = Arc::clone(&queue);
        threads.push(spawn("store-read", move || engine::read_lane(reader.as_ref(), &queue))?);
    }
    let (writes, queue) = mpsc::channel(QUEUE);
    let fire = announcer.clone();
    threads.push(spawn("store-write", move || engine::write_lane(writer.as_ref(), queue, &fire))?);
    let listening = match listening {
        Some(server) => {
            let (stop, stopped) = tokio::sync::oneshot::channel();
            let fire = announcer.clone();
            threads.push(spawn("store-listen", move || engine::postgres::listen(&server, &fire, stopped))?);
            Some(Arc::new(stop))
        }
        None => None,
    };
    let lanes = RwLock::new(Some(Lanes { reads, writes, announcer, _listening: listening }));
    Ok(Store { inner: Arc::new(Inner { lanes, threads: Mutex::new(threads) }) })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| StoreError::new(ErrorCode::Unavailable, format!("cannot start the thread {name}: {error}")))
}

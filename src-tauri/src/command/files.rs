//! Files that a page hands over piece by piece. An output may be larger than what a page should hold: it reads a piece, gives it away and
//! forgets it. Until its last piece is there, the file is a part beside its place, so that nobody takes half of it for the whole.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tauri::{AppHandle, State, Webview};

use super::outside::ask_for_place;
use crate::error::CallError;

/// Most files that one window writes at a time.
const MOST_PER_WINDOW: usize = 4;
/// Longest piece, in characters of base64.
const MAX_PIECE: usize = 6 * 1024 * 1024;

/// Files being written, by number.
#[derive(Clone, Default)]
pub struct Files(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    last: u32,
    files: HashMap<u32, Part>,
}

/// A file that is not whole yet. Dropped, it is removed.
struct Part {
    window: String,
    place: PathBuf,
    part: PathBuf,
    file: File,
    whole: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn not_written(path: &Path, error: &std::io::Error) -> CallError {
    CallError::new("FileNotWritten", format!("{}: {error}", path.display()))
}

fn unknown() -> CallError {
    CallError::new("FileNotWritten", "The file is no longer being written.")
}

impl Files {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a file that is to stand at `place`; its number.
    fn begin(&self, window: &str, place: PathBuf) -> Result<u32, CallError> {
        let mut open = self.open();
        if open.files.values().filter(|part| part.window == window).count() >= MOST_PER_WINDOW {
            return Err(CallError::new("TooManyFiles", format!("This window saves {MOST_PER_WINDOW} files already.")));
        }
        open.last = open.last.wrapping_add(1);
        let id = open.last;
        let mut part = place.clone().into_os_string();
        part.push(format!(".{}-{id}.part", std::process::id()));
        let part = PathBuf::from(part);
        let file = File::create_new(&part).map_err(|error| not_written(&part, &error))?;
        open.files.insert(id, Part { window: window.to_owned(), place, part, file, whole: false });
        Ok(id)
    }

    /// Adds a piece. A file that cannot take it, such as on a full disk, is given up.
    fn write(&self, window: &str, id: u32, piece: &[u8]) -> Result<(), CallError> {
        let mut part = self.take(window, id)?;
        part.file.write_all(piece).map_err(|error| not_written(&part.place, &error))?;
        self.open().files.insert(id, part);
        Ok(())
    }

    /// Puts the file in its place, over what was there: the person was asked about that when they chose it.
    fn finish(&self, window: &str, id: u32) -> Result<(), CallError> {
        let mut part = self.take(window, id)?;
        part.file.sync_all().and_then(|()| fs::rename(&part.part, &part.place)).map_err(|error| not_written(&part.place, &error))?;
        part.whole = true;
        Ok(())
    }

    fn take(&self, window: &str, id: u32) -> Result<Part, CallError> {
        let mut open = self.open();
        match open.files.get(&id) {
            Some(part) if part.window == window => open.files.remove(&id).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// Gives up what a window was writing: its page is gone.
    pub fn discard_all(&self, window: &str) {
        self.open().files.retain(|_, part| part.window != window);
    }
}

/// A file that was begun.
#[derive(Serialize)]
pub struct Begun {
    id: u32,
    path: String,
}

async fn off_the_ui_thread<T: Send + 'static>(act: impl FnOnce() -> Result<T, CallError> + Send + 'static) -> Result<T, CallError> {
    tokio::task::spawn_blocking(act).await.map_err(|error| CallError::internal(error.to_string()))?
}

/// Asks where to put a file with the suggested `name`, and begins it. Null when the person chose no place.
#[tauri::command]
pub async fn file_begin(app: AppHandle, webview: Webview, files: State<'_, Files>, name: String) -> Result<Option<Begun>, CallError> {
    let Some(place) = ask_for_place(&app, &name).await? else { return Ok(None) };
    let (files, window, path) = (files.inner().clone(), webview.label().to_owned(), place.display().to_string());
    let id = off_the_ui_thread(move || files.begin(&window, place)).await?;
    Ok(Some(Begun { id, path }))
}

/// Adds `data` (base64) to the file.
#[tauri::command]
pub async fn file_write(webview: Webview, files: State<'_, Files>, id: u32, data: String) -> Result<(), CallError> {
    if data.len() > MAX_PIECE {
        return Err(CallError::invalid("the piece is too long"));
    }
    let (files, window) = (files.inner().clone(), webview.label().to_owned());
    off_the_ui_thread(move || {
        let piece = STANDARD.decode(data).map_err(|error| CallError::invalid(format!("data is not base64: {error}")))?;
        files.write(&window, id, &piece)
    })
    .await
}

/// Nothing more comes: the file is put in its place.
#[tauri::command]
pub async fn file_finish(webview: Webview, files: State<'_, Files>, id: u32) -> Result<(), CallError> {
    let (files, window) = (files.inner().clone(), webview.label().to_owned());
    off_the_ui_thread(move || files.finish(&window, id)).await
}

/// Removes what was written of the file. No error when it is gone already.
#[tauri::command]
pub async fn file_discard(webview: Webview, files: State<'_, Files>, id: u32) -> Result<(), CallError> {
    let (files, window) = (files.inner().clone(), webview.label().to_owned());
    off_the_ui_thread(move || {
        drop(files.take(&window, id));
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_stands_in_its_place_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("output.txt");
        fs::write(&place, "before").unwrap();
        let files = Files::default();
        let id = files.begin("main", place.clone()).unwrap();
        files.write("main", id, b"one ").unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "before");
        files.write("main", id, b"two").unwrap();
        files.finish("main", id).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "one two");
        assert_eq!(names(folder.path()), ["output.txt"]);
        assert!(files.write("main", id, b"three").is_err());
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::default();
        let id = files.begin("main", folder.path().join("a")).unwrap();
        files.write("main", id, b"x").unwrap();
        assert!(files.write("other", id, b"x").is_err(), "another window's file");
        drop(files.take("main", id));
        for name in ["b", "c", "d", "e"] {
            files.begin("main", folder.path().join(name)).unwrap();
        }
        assert_eq!(files.begin("main", folder.path().join("f")).unwrap_err().code, "TooManyFiles");
        files.begin("other", folder.path().join("g")).unwrap();
        files.discard_all("main");
        assert_eq!(names(folder.path()).len(), 1);
        assert!(files.begin("main", folder.path().join("no/such/folder")).is_err());
    }
}

//! Files that people send: into a file of ours as they come, a few at a time, and checked like every other post.
//!
//! A body of this size is never held in memory. Rocket's local client takes bodies whole, so the front writes such a
//! body into a file first and hands it over here ([`Uploads::hand_over`]); from Rocket's own server it is read as it
//! comes. What a file is and what becomes of it is not known here.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maud::Markup;
use multer::{Constraints, Multipart, SizeLimit};
use rocket::data::{FromData, Outcome, ToByteUnit};
use rocket::http::Status;
use rocket::response::{self, Responder};
use rocket::tokio::fs::File;
use rocket::tokio::io::{AsyncRead, AsyncWriteExt};
use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use rocket::{Data, Request, Response, async_trait};
use tempfile::{Builder, NamedTempFile, TempPath};

use super::posted;
use crate::db::file;
use crate::digest;
use crate::error::{Context, Result};
use crate::schema::draft::Fields;

/// The largest file that is taken.
pub const LIMIT: u64 = 64 * 1024 * 1024;
/// What the form around the file may add.
pub const AROUND: u64 = 64 * 1024;
/// The header by which the front says which file it has handed over. It is taken out of what clients send.
pub const HANDED_OVER: &str = "x-handed-over";
/// The header and value by which a page says that its form takes a file (W3C Linked Data Platform, section 7.1): the front
/// writes a body into a file only for such a page.
pub const TAKES_FILES: (&str, &str) = ("Accept-Post", "multipart/form-data");
/// How our files begin, so that a start can clear away what a crash left behind.
const PREFIX: &str = ".oc-lettings-sent-";
/// A file of ours of this age is in no use any more.
const OLD: Duration = Duration::from_hours(1);

/// The files of this process.
pub struct Uploads {
    folder: PathBuf,
    place: Arc<Semaphore>,
    handed_over: Mutex<BTreeMap<String, Handed>>,
}

/// What the front has to say of a body.
pub enum Handed {
    /// It is in this file.
    File(NamedTempFile),
    /// It was not read, for this reason.
    Not(Refusal),
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// Another one is on its way.
    Busy,
    /// It came too slowly or not to its end.
    Unfinished,
    /// It cannot be written here.
    NoRoom,
    /// Nobody here asked this visitor for one.
    Unwanted,
}

/// A page with a form that takes a file.
pub struct TakesFiles(pub Markup);

impl<'r> Responder<'r, 'static> for TakesFiles {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (name, value) = TAKES_FILES;
        Response::build_from(self.0.respond_to(request)?)
            .raw_header(name, value)
            .ok()
    }
}

/// A file that somebody sent.
#[derive(Debug)]
pub struct Sent {
    /// Where it is, until this is dropped.
    pub path: TempPath,
    /// What it was called where it came from.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The fields of a form with a file that may be believed to come from one of ours.
pub struct Upload {
    /// The fields beside the file.
    pub fields: Fields,
    /// The file, where one was chosen.
    pub file: Option<Sent>,
}

impl Uploads {
    /// No file yet; they will lie beside the database, where there is a disk. What an earlier process left is removed.
    pub fn beside(database: &Path) -> Self {
        let folder = file::folder(database);
        clear(&folder);
        Self {
            folder,
            place: Arc::new(Semaphore::new(1)),
            handed_over: Mutex::default(),
        }
    }

    /// The right to send a file now; nothing while another is on its way.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.place).try_acquire_owned().ok()
    }

    /// A new file of ours, empty, readable by us alone.
    pub fn create(&self) -> Result<NamedTempFile> {
        Builder::new()
            .prefix(PREFIX)
            .tempfile_in(&self.folder)
            .context(format!("make a file in {}", self.folder.display()))
    }

    /// Keeps a body for the request that names it, and gives the name.
    pub fn hand_over(&self, handed: Handed) -> Result<String> {
        let name = digest::random::<16>()?;
        lock(&self.handed_over).insert(name.clone(), handed);
        Ok(name)
    }

    /// Forgets a body that no request came for.
    pub fn drop_handed(&self, name: &str) {
        lock(&self.handed_over).remove(name);
    }
}

/// Removes files of ours that a process left behind when it was killed: nobody waits as long for one that is in use.
fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let is_old = |entry: &DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > OLD))
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_old(&entry) {
            // One that cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[async_trait]
impl<'r> FromData<'r> for Upload {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let Some(uploads) = request.rocket().state::<Uploads>() else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        let boundary = request
            .content_type()
            .and_then(|kind| multer::parse_boundary(kind.to_string()).ok());
        let Some(boundary) = boundary else {
            let words = "Files are sent as multipart/form-data.";
            return posted::refuse(request, Status::UnsupportedMediaType, words);
        };
        let handed = request
            .headers()
            .get_one(HANDED_OVER)
            .and_then(|name| lock(&uploads.handed_over).remove(name));
        let read = match handed {
            Some(Handed::Not(refusal)) => Err(refusal.into()),
            Some(Handed::File(mut file)) => match file.as_file_mut().rewind() {
                Ok(()) => {
                    let (file, _path) = file.into_parts();
                    read(uploads, File::from_std(file), boundary).await
                }
                Err(error) => Err(Trouble::Ours(error.into())),
            },
            None => match uploads.place() {
                Some(_place) => {
                    let stream = data.open((LIMIT + AROUND).bytes());
                    read(uploads, stream, boundary).await
                }
                None => Err(Refusal::Busy.into()),
            },
        };
        let upload = match read {
            Ok(upload) => upload,
            Err(trouble) => return trouble.refuse(request),
        };
        match posted::unbelievable(request, &upload.fields) {
            Some(words) => posted::refuse(request, Status::Forbidden, words),
            None => Outcome::Success(upload),
        }
    }
}

/// What went wrong while a body was read.
enum Trouble {
    Refused(Refusal),
    Malformed,
    Ours(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<multer::Error> for Trouble {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
                Self::Refused(Refusal::TooLarge)
            }
            multer::Error::IncompleteStream
            | multer::Error::IncompleteFieldData { .. }
            | multer::Error::StreamReadFailed(_) => Self::Refused(Refusal::Unfinished),
            _ => Self::Malformed,
        }
    }
}

impl Trouble {
    fn refuse<'r>(self, request: &'r Request<'_>) -> Outcome<'r, Upload> {
        let (status, words) = match self {
            Self::Refused(Refusal::TooLarge) => (
                Status::PayloadTooLarge,
                "The file is larger than 64 MB. Copy it to the machine and use the command line there instead.",
            ),
            Self::Refused(Refusal::Busy) => (
                Status::ServiceUnavailable,
                "Another file is being sent just now. Please try again when it is through.",
            ),
            Self::Refused(Refusal::Unfinished) => (
                Status::RequestTimeout,
                "The file did not come to its end, or too slowly. Nothing was done; please send it again.",
            ),
            Self::Refused(Refusal::NoRoom) => (
                Status::InsufficientStorage,
                "There is no room for the file beside the database. Nothing was done.",
            ),
            Self::Refused(Refusal::Unwanted) => (Status::NotFound, "Nothing is taken here."),
            Self::Malformed => (Status::BadRequest, "The form could not be read."),
            Self::Ours(error) => {
                log::error!("a file that was sent cannot be kept: {error}");
                (Status::InternalServerError, "The file could not be kept.")
            }
        };
        posted::refuse(request, status, words)
    }
}

/// Reads a form from wherever it comes; its file goes into a file of ours.
async fn read(
    uploads: &Uploads,
    stream: impl AsyncRead + Unpin + Send,
    boundary: String,
) -> Result<Upload, Trouble> {
    let limits = SizeLimit::new()
        .whole_stream(LIMIT + AROUND)
        .per_field(LIMIT);
    let mut form = Multipart::with_reader_with_constraints(
        stream,
        boundary,
        Constraints::new().size_limit(limits),
    );
    let (mut fields, mut file) = (Vec::new(), None);
    while let Some(mut part) = form.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            None => fields.push((name, text(part).await?)),
            // A browser sends an empty part where no file was chosen.
            Some(original) if original.is_empty() => {}
            Some(original) => {
                let ours = |error: std::io::Error| match error.kind() {
                    std::io::ErrorKind::StorageFull => Refusal::NoRoom.into(),
                    _ => Trouble::Ours(error.into()),
                };
                let kept = uploads
                    .create()
                    .map_err(|error| Trouble::Ours(error.into()))?;
                let (target, path) = kept.into_parts();
                let (mut target, mut size) = (File::from_std(target), 0);
                while let Some(chunk) = part.chunk().await? {
                    size += chunk.len() as u64;
                    target.write_all(&chunk).await.map_err(ours)?;
                }
                target.flush().await.map_err(ours)?;
                file = Some(Sent {
                    path,
                    name: original.chars().take(200).collect(),
                    size,
                });
            }
        }
    }
    Ok(Upload {
        fields: Fields::new(fields),
        file,
    })
}

/// The text of a part that is no file; longer ones than any form of ours has are nobody's.
async fn text(mut part: multer::Field<'_>) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > AROUND {
            return Err(Trouble::Malformed);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl From<Refusal> for Handed {
    fn from(refusal: Refusal) -> Self {
        Self::Not(refusal)
    }
}

/// Nothing that panics runs behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

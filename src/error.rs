//! The one error type: what went wrong, named for what the visitor is told.
//!
//! No HTTP and no page here: `web/errors.rs` turns a variant into a status, the command line into one line.

use std::error::Error as StdError;
use std::fmt;

/// The result of whatever can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request or a command could not be carried out.
#[derive(Debug)]
pub enum Error {
    /// The row or page that was asked for is not there.
    NotFound,
    /// The caller must sign in first.
    SignIn,
    /// The caller is known and may not do this; the words say which permission is missing.
    Forbidden(String),
    /// The request is understood and refused; the words say why and what to do.
    Refused(String),
    /// There is too much to do just now; the caller should come back in a moment.
    Busy,
    /// Nothing of a change could be written. The words tell the caller what stands in the way, the cause is for the operator.
    NotSaved(&'static str, Cause),
    /// Something of ours broke. The text is for the operator and never shown to a visitor.
    Internal(Cause),
}

/// What broke, with the chain of what we were doing.
#[derive(Debug)]
pub struct Cause {
    context: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What SQLite said, where that is what broke.
    pub fn sqlite(&self) -> Option<&rusqlite::Error> {
        match self {
            Self::Internal(cause) => cause.source.as_deref()?.downcast_ref(),
            _ => None,
        }
    }

    /// A failure that has no underlying error, described for the operator.
    pub fn internal(context: impl Into<String>) -> Self {
        Self::Internal(Cause::plain(context))
    }
}

impl Cause {
    /// A cause that has no underlying error, described for the operator.
    pub fn plain(words: impl Into<String>) -> Self {
        Self {
            context: words.into(),
            source: None,
        }
    }

    /// The underlying error, where it is one of this kind.
    pub fn source_of<T: StdError + 'static>(&self) -> Option<&T> {
        self.source.as_deref()?.downcast_ref()
    }

    /// A foreign error with what was being done, lower case without a full stop, as in "open the database".
    pub fn new(doing: impl Into<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            context: doing.into(),
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::SignIn => f.write_str("sign-in required"),
            Self::Busy => f.write_str("busy"),
            Self::Forbidden(words) | Self::Refused(words) => f.write_str(words),
            Self::NotSaved(_, cause) | Self::Internal(cause) => cause.fmt(f),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)?;
        let mut shown = self.context.clone();
        let mut next = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(error) = next {
            // Some libraries repeat their source in their own text; once is enough on one line.
            let text = error.to_string().replace(['\n', '\r'], " ");
            if !shown.contains(&text) {
                write!(f, ": {text}")?;
                shown.push_str(&text);
            }
            next = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {}

/// Says what was being done when a foreign error entered our code.
pub trait Context<T> {
    /// Wraps the error; `doing` is lower case without a full stop, as in "open the database".
    fn context(self, doing: impl Into<String>) -> Result<T>;
}

impl<T, E: StdError + Send + Sync + 'static> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Into<String>) -> Result<T> {
        self.map_err(|error| Error::Internal(Cause::new(doing, error)))
    }
}

impl From<rusqlite::Error> for Error {
    /// A broken question is always ours; "no such row" is decided where the question is asked.
    fn from(error: rusqlite::Error) -> Self {
        Self::Internal(Cause::new("query the database", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_reads_as_one_line() {
        let io = std::io::Error::other("disk\nfull");
        let error = Err::<(), _>(io).context("write the copy").unwrap_err();
        assert_eq!(error.to_string(), "write the copy: disk full");
    }
}

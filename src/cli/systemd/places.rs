//! Where the service may write, as whom, and what it sees of places that are hidden from it.

use std::path::{Path, PathBuf};

use super::quoted;

/// Where systemd keeps what belongs to a service.
const STATE: &str = "/var/lib";

/// What the unit hides from the service: the homes by `ProtectHome`, temporary files by `PrivateTmp`.
const HIDDEN: &[&str] = &["/home", "/root", "/run/user", "/tmp", "/var/tmp"];

/// Where the service may write, and as whom.
pub(super) struct Places {
    /// Folders below [`STATE`], which systemd makes and gives to the service.
    state: Vec<PathBuf>,
    /// Folders elsewhere, which must be there and belong to it.
    elsewhere: Vec<PathBuf>,
}

impl Places {
    /// What a database and a folder of backups, which may be the same, ask for.
    pub(super) fn of(database: &Path, backups: Option<&Path>) -> Self {
        let mut folders: Vec<&Path> = database.parent().into_iter().chain(backups).collect();
        folders.dedup();
        let (state, elsewhere) = folders
            .into_iter()
            .partition(|folder| state_name(folder).is_some());
        let owned = |folders: Vec<&Path>| folders.into_iter().map(Path::to_owned).collect();
        Self {
            state: owned(state),
            elsewhere: owned(elsewhere),
        }
    }

    /// The directives that say so.
    pub(super) fn lines(&self, binary: &Path) -> String {
        let account = if self.elsewhere.is_empty() {
            "# An account that exists while the service runs; what it keeps stays in its folder.\nDynamicUser=yes\n"
                .to_owned()
        } else {
            let folders = words(self.elsewhere.iter().map(PathBuf::as_path));
            format!(
                "# Once, as root: useradd --system --shell /usr/sbin/nologin oc-lettings\n\
                 # and after that: install -d -m 0700 -o oc-lettings -g oc-lettings {folders}\n\
                 User=oc-lettings\nGroup=oc-lettings\nReadWritePaths={folders}\n"
            )
        };
        let state = if self.state.is_empty() {
            String::new()
        } else {
            let names = words(self.state.iter().filter_map(|folder| state_name(folder)));
            format!("StateDirectory={names}\nStateDirectoryMode=0700\n")
        };
        format!("\n{account}{state}{}", self.visible(binary))
    }

    /// Lets the service see what lies in a place that is hidden from it.
    fn visible(&self, binary: &Path) -> String {
        let is_hidden = |path: &Path| HIDDEN.iter().any(|hidden| path.starts_with(hidden));
        let mut lines = Vec::new();
        if is_hidden(binary) {
            lines.push(format!(
                "# /usr/local/bin is the better place: who can write here decides what the service runs.\nBindReadOnlyPaths={}\n",
                quoted(&binary.display().to_string())
            ));
        }
        for folder in self.elsewhere.iter().filter(|folder| is_hidden(folder)) {
            lines.push(format!(
                "BindPaths={}\n",
                quoted(&folder.display().to_string())
            ));
        }
        lines.concat()
    }
}

/// Paths as one value of several words.
fn words<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    paths
        .map(|path| quoted(&path.display().to_string()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The name by which systemd knows a folder below [`STATE`].
fn state_name(folder: &Path) -> Option<&Path> {
    folder
        .strip_prefix(STATE)
        .ok()
        .filter(|name| *name != Path::new(""))
}

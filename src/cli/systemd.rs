//! `oc-lettings systemd`: a unit that runs this binary with this configuration, and lets it do nothing else.
//!
//! Only text is made here; installing it is for whoever is root. Directives: systemd.exec(5), systemd.service(5).

use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use crate::config::source::{SECRETS, Source};
use crate::config::{Config, Shown};
use crate::error::{Context, Result};

use places::Places;

mod places;

/// The database when nobody chose another: the default one lies below the folder that one happens to be in.
const DATABASE: &str = "/var/lib/oc-lettings/oc-lettings.sqlite3";

/// Ports below this one are for root, or for who has the capability.
const PRIVILEGED: u16 = 1024;

const HEAD: &str = "\
# Printed by `oc-lettings systemd`. Install it, and start it now and at every start of the machine:
#   oc-lettings systemd | sudo tee /etc/systemd/system/oc-lettings.service
#   sudo systemctl daemon-reload && sudo systemctl enable --now oc-lettings

[Unit]
Description=Orange County Lettings
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
LimitNOFILE=65536
";

/// What the service may not do, the same for every configuration. The filter of system calls leaves `setpriority`, by which the hashing of
/// passwords steps back behind pages.
const HARDENING: &str = "\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=tmpfs
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateTmp=yes
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=setpriority
SystemCallErrorNumber=EPERM
";

const INSTALL: &str = "
[Install]
WantedBy=multi-user.target
";

pub(super) fn run(config: &Config) -> Result<ExitCode> {
    let binary = std::env::current_exe().context("find the path of this executable")?;
    super::say(unit(config, &binary)?.trim_end()).map(|()| ExitCode::SUCCESS)
}

fn unit(config: &Config, binary: &Path) -> Result<String> {
    let database =
        settled(config, "DATABASE", &config.database)?.unwrap_or_else(|| PathBuf::from(DATABASE));
    let backups = settled(config, "BACKUP_DIR", &config.backup.dir)?;
    let places = Places::of(&database, backups.as_deref());
    Ok([
        HEAD.to_owned(),
        format!(
            "ExecStart={} serve\n",
            quoted(&binary.display().to_string())
        ),
        environment(config, &database, backups.as_deref()),
        secrets(config),
        places.lines(binary),
        privileges(config.listen.port()),
        HARDENING.to_owned(),
        INSTALL.to_owned(),
    ]
    .concat())
}

/// The path as the service must be given it, where somebody has chosen one.
fn settled(config: &Config, name: &str, path: &Path) -> Result<Option<PathBuf>> {
    match config.lines().iter().find(|line| line.name == name) {
        Some(line) if is_chosen(line) => absolute(path)
            .context(format!("make {name} an absolute path"))
            .map(Some),
        _ => Ok(None),
    }
}

/// Whether the setting would be another one without the operator.
fn is_chosen(line: &Shown) -> bool {
    [Source::Default, Source::Generated]
        .iter()
        .all(|source| line.source != source.to_string())
}

/// The settings in effect that are no defaults, without the secret ones.
fn environment(config: &Config, database: &Path, backups: Option<&Path>) -> String {
    let mut lines = vec![
        "\n".to_owned(),
        assignment("DATABASE", &database.display().to_string()),
    ];
    for line in config.lines() {
        if line.name == "DATABASE" || SECRETS.contains(&line.name) || !is_chosen(line) {
            continue;
        }
        lines.push(match backups {
            Some(folder) if line.name == "BACKUP_DIR" => {
                assignment(line.name, &folder.display().to_string())
            }
            _ => assignment(line.name, &line.value),
        });
    }
    lines.concat()
}

/// How secrets come to the service. They are not printed: a unit can be read by everybody on the machine.
fn secrets(config: &Config) -> String {
    let mut lines = vec![
        "
# Secrets are not in this file, which everybody can read. Each is a file of its own that only root can read, handed
# to the service in memory; or all are lines NAME=value of one such file: EnvironmentFile=/etc/oc-lettings/secrets
"
        .to_owned(),
    ];
    for name in SECRETS {
        let file = name.to_ascii_lowercase().replace('_', "-");
        let is_set = config
            .lines()
            .iter()
            .any(|line| line.name == *name && is_chosen(line));
        if is_set {
            lines.push(format!(
                "# {name} is set where this was printed: put it into /etc/oc-lettings/{file} and uncomment both lines.\n"
            ));
        }
        lines.push(format!(
            "#LoadCredential={file}:/etc/oc-lettings/{file}\n#Environment={name}_FILE=%d/{file}\n"
        ));
    }
    lines.concat()
}

/// None, but the one that a low port takes; a namespace of users of its own would take that away again.
fn privileges(port: u16) -> String {
    if (1..PRIVILEGED).contains(&port) {
        "\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
    } else {
        "\nCapabilityBoundingSet=\nPrivateUsers=yes\n"
    }
    .to_owned()
}

fn assignment(name: &str, value: &str) -> String {
    format!("Environment={}\n", quoted(&format!("{name}={value}")))
}

/// A word as systemd reads it back: specifiers doubled, and in quotes where it has more than plain characters.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=:@,+*[]".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    let mut text = String::from('"');
    for c in word.chars() {
        match c {
            '%' => text.push_str("%%"),
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_systemd_as_they_went_in() {
        assert_eq!(quoted("/srv/site.sqlite3"), "/srv/site.sqlite3");
        assert_eq!(quoted("/srv/two homes"), "\"/srv/two homes\"");
        assert_eq!(quoted("100% \"a\\b\"\n"), "\"100%% \\\"a\\\\b\\\"\\n\"");
    }
}

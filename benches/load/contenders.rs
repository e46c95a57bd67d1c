//! Who answers: the site with its demo rows, and others that have nothing to do but give the same bytes.
//!
//! Each is a process of its own. The bare servers are this program started once more (`bare.rs`).

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oc_lettings::db::Db;
use tempfile::TempDir;

use super::rows;

/// How long a contender may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who answers; stopped when dropped.
pub(crate) struct Contender {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Where it listens, as `http://127.0.0.1:8000`.
    pub(crate) origin: String,
    process: Child,
    _folder: TempDir,
}

/// The bytes that all give.
pub(crate) struct Page {
    /// Where the site has them.
    pub(crate) path: String,
    /// As they are, without compression.
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn of(site: &Contender, path: &str) -> Self {
        let mut answer = ureq::get(format!("{}{path}", site.origin))
            .header("Accept-Encoding", "identity")
            .call()
            .expect("a page");
        Self {
            path: path.to_owned(),
            bytes: answer.body_mut().read_to_vec().expect("a page"),
        }
    }
}

impl Contender {
    fn started(name: &'static str, mut command: Command, folder: TempDir) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let mut lines =
            BufReader::new(process.stdout.take().expect("a pipe was asked for")).lines();
        let origin = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| listening(&line))
            .expect("a line that says where it listens");
        // Lines are read on and thrown away, as a terminal that nobody looks at would.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self {
            name,
            origin,
            process,
            _folder: folder,
        }
    }

    /// The seconds of a processor that it and its workers have taken (proc(5), `schedstat`).
    pub(crate) fn processor(&self) -> f64 {
        let own = self.process.id().to_string();
        let processes = fs::read_dir("/proc").expect("Linux").flatten();
        let names = processes.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let ours = names.filter(|name| *name == own || parent_of(name).as_ref() == Some(&own));
        ours.map(|name| taken(&name)).sum()
    }
}

fn parent_of(process: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Some(parent.trim().to_owned())
}

/// The seconds of a processor that a process's threads have taken.
fn taken(process: &str) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let nanoseconds = |thread: fs::DirEntry| -> Option<f64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    let threads = threads.into_iter().flatten().flatten();
    threads.filter_map(nanoseconds).sum::<f64>() / 1e9
}

impl Drop for Contender {
    fn drop(&mut self) {
        // nginx has workers, which end when it is asked and stay when it is killed.
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

/// The origin in a server's line of log, or in a bare server's only line.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    line.contains("listening")
        .then(|| format!("http://127.0.0.1:{port}"))
}

/// The site, as an operator starts it, with one administrator and these rows; its log goes where nginx's does, to nobody.
/// `OC_LETTINGS_BINARY` may name another executable than the one that cargo builds, such as the static one.
#[expect(
    clippy::disallowed_methods,
    reason = "which executable is loaded is the benchmark's affair, not the site's configuration"
)]
pub(crate) fn site(name: &'static str, fill: impl FnOnce(&Db)) -> Contender {
    let folder = TempDir::new().expect("a temporary folder");
    fill(&rows::open(folder.path()));
    let binary = std::env::var_os("OC_LETTINGS_BINARY")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_oc-lettings").into());
    let port = free_port();
    let mut serve = listening_on(port, "exec \"$0\" serve > /dev/null", &binary);
    serve
        .current_dir(folder.path())
        .env_clear()
        .env("DATABASE", "site.sqlite3")
        .env("BIND", "127.0.0.1")
        .env("PORT", port.to_string())
        .env("ALLOWED_HOSTS", "*")
        .env("ADMIN_USERNAME", super::steady::STAFF.0)
        .env("ADMIN_PASSWORD", super::steady::STAFF.1);
    answering(Contender::started(name, serve, folder), "/")
}

/// A port that nobody listens on yet.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|free| free.local_addr())
        .expect("a free port")
        .port()
}

/// A script that says for a server where it listens, and then starts it with this argument.
fn listening_on(port: u16, script: &str, argument: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(format!(
            "echo listening on http://127.0.0.1:{port}; {script}"
        ))
        .arg(argument);
    command
}

/// nginx with the bytes in a file, otherwise as Debian sets it up; its log goes where ours does, to nobody.
pub(crate) fn nginx(page: &Page) -> Contender {
    let folder = TempDir::new().expect("a temporary folder");
    let port = free_port();
    let file = folder
        .path()
        .join(page.path.trim_start_matches('/'))
        .join("index.html");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder of ours");
    fs::write(&file, &page.bytes).expect("a folder of ours");
    let root = folder.path().display();
    let settings = format!(
        "daemon off; pid {root}/pid; error_log stderr error; worker_processes auto;
         events {{ worker_connections 1024; }}
         http {{ sendfile on; tcp_nopush on; access_log /dev/null; keepalive_requests 1000000000; types {{ text/html html; }}
           server {{ listen 127.0.0.1:{port}; root {root}; }} }}"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, settings).expect("a folder of ours");
    // Its workers are another user.
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .expect("a folder of ours");
    let command = listening_on(port, "exec nginx -c \"$0\"", &file);
    answering(Contender::started("nginx", command, folder), &page.path)
}

/// Django with nothing but a view of these bytes, behind gunicorn and `WhiteNoise` as the replaced site was; nothing where
/// `make django` has not brought them.
pub(crate) fn django(page: &Page) -> Option<Contender> {
    /// Workers as gunicorn advises for two processors, with threads, without which it closes each connection.
    const SERVE: &str = "exec \"$0\" --workers 2 --worker-class gthread --threads 32 --keep-alive 60 --log-level error";
    const SITE: &str = r#"
from pathlib import Path
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for a benchmark",
    STATIC_ROOT=str(Path(__file__).parent / "static"),
    STATIC_URL="/static/",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
PAGE = (Path(__file__).parent / "page").read_bytes()
urlpatterns = [re_path("", lambda request: HttpResponse(PAGE))]
application = get_wsgi_application()
"#;
    let gunicorn = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/django/bin/gunicorn");
    if !gunicorn.exists() {
        return None;
    }
    let folder = TempDir::new().expect("a temporary folder");
    let port = free_port();
    for (name, bytes) in [("page", &*page.bytes), ("agency.py", SITE.as_bytes())] {
        fs::write(folder.path().join(name), bytes).expect("a folder of ours");
    }
    fs::create_dir(folder.path().join("static")).expect("a folder of ours");
    let script = format!("{SERVE} --bind 127.0.0.1:{port} agency:application");
    let mut command = listening_on(port, &script, gunicorn);
    command.current_dir(folder.path());
    let django = Contender::started("django", command, folder);
    Some(answering(django, &page.path))
}

/// A server that has nothing but this page.
pub(crate) fn bare(kind: &'static str, page: &Page) -> Contender {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("page");
    fs::write(&file, &page.bytes).expect("a folder of ours");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(kind).arg(&file).arg(&page.path);
    answering(Contender::started(kind, command, folder), &page.path)
}

/// The contender once it gives this page.
fn answering(contender: Contender, path: &str) -> Contender {
    let until = Instant::now() + PATIENCE;
    let address = format!("{}{path}", contender.origin);
    while ureq::get(&address).call().is_err() {
        assert!(Instant::now() < until, "{} does not answer", contender.name);
    }
    contender
}

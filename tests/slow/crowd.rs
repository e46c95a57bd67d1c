//! Those who come in crowds: slowhttptest's clients, and connections that do nothing.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;

use rocket::tokio::net::TcpSocket;
use rocket::tokio::runtime::Builder;
use rustix::process::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;

use super::server::Server;

/// So many addresses share a crowd, so that no one of them reaches its own limit.
const ADDRESSES: u8 = 20;

/// Connections that were used once and are idle since.
pub(crate) struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Opens so many from several addresses of this machine.
    pub(crate) fn of(count: usize, server: &Server) -> Self {
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised");
        let enough = limit.current.is_none_or(|files| files > count as u64 + 300);
        assert!(
            enough,
            "this needs more open files: ulimit -Hn {}",
            count + 300
        );
        let address = server.address;
        let share = count / usize::from(ADDRESSES);
        let parts = (0..ADDRESSES).map(|number| {
            std::thread::spawn(move || {
                (0..share)
                    .map(|_| used(number + 2, address).expect("a server that listens"))
                    .collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let all = parts
            .into_iter()
            .flat_map(|part| part.join().expect("no panic"));
        Self(all.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn used(last: u8, server: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = connect_from(last, server)?;
    stream.write_all(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let answered = stream.read(&mut [0; 4096])?;
    assert!(answered > 0, "an answer");
    Ok(stream)
}

/// Connects from 127.0.0.`last`.
pub(crate) fn connect_from(last: u8, server: SocketAddr) -> io::Result<TcpStream> {
    let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0);
    // The standard library cannot say from where it connects.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(from)?;
        socket.connect(server).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Lets slowhttptest come with a thousand connections, and gives what it saw in each second: 0 where nobody answered it.
pub(crate) fn attack(manner: &[&str], url: &str) -> Vec<u64> {
    let folder = TempDir::new().expect("a temporary folder");
    let report = folder.path().join("seen");
    let done = Command::new("slowhttptest")
        .args(manner)
        .args([
            "-c", "1000", "-r", "200", "-l", "20", "-p", "3", "-g", "-v", "0",
        ])
        .arg("-o")
        .arg(&report)
        .args(["-u", url])
        .output()
        .expect("slowhttptest is installed");
    assert!(done.status.success(), "{done:?}");
    let seen = fs::read_to_string(report.with_extension("csv")).expect("its report");
    seen.lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(4)?.trim().parse().ok())
        .collect()
}

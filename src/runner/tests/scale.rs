//! A large org, for `cargo test -- --ignored`: what it takes in time and memory.

use std::sync::Arc;
use std::time::Instant;

use super::rows::*;
use crate::c1z::{Bounds, Options, Reader, Writer};
use crate::runner::sink::{FileSink, Sink};

const USERS: usize = 100_000;
const GROUPS: usize = 800;
const GRANTS_PER_USER: usize = 8;

#[tokio::test]
#[ignore = "takes minutes without optimisation"]
async fn a_hundred_thousand_users_fit_in_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let started = Instant::now();
    let sink = FileSink::new(Writer::create(&file, &Options::default()).unwrap());
    for chunk in (0..USERS).collect::<Vec<_>>().chunks(1000) {
        let rows = chunk
            .iter()
            .map(|user| resource("user", &user.to_string(), vec![]));
        sink.put_resources(rows.collect()).await.unwrap();
    }
    let group = |at: usize| format!("00G0000000{at:05}");
    let rows = (0..GROUPS)
        .map(|at| entitlement("group", &group(at), "member"))
        .collect();
    sink.put_entitlements(rows).await.unwrap();
    let member = |at: usize| format!("group:{}:member", group(at));
    for at in 0..GRANTS_PER_USER {
        for chunk in (0..USERS).collect::<Vec<_>>().chunks(1000) {
            let rows = chunk.iter().map(|user| {
                let of = (user * 7 + at * 13) % (GROUPS / 2);
                grant(&member(of), &format!("user:0050000000{user:08}"))
            });
            sink.put_grants(rows.collect()).await.unwrap();
        }
    }
    // Half of the groups hold the members of one other group each.
    let nest = |at: usize| {
        let to = format!("group:{}", group(at));
        nested(&member(at + GROUPS / 2), &to, &[&member(at)])
    };
    sink.put_grants((0..GROUPS / 2).step_by(4).map(nest).collect())
        .await
        .unwrap();
    eprintln_time("rows", started);
    sink.dangling().await.unwrap();
    let outcome = sink.expand().await.unwrap();
    eprintln_time(&format!("{} derived", outcome.derived), started);
    sink.index().await.unwrap();
    eprintln_time("indexes", started);
    Arc::new(sink).finish().await.unwrap();
    eprintln_time("file", started);
    Reader::open(&file, &Bounds::default()).unwrap();
}

#[expect(clippy::print_stderr, reason = "a measurement is to be read")]
fn eprintln_time(what: &str, started: Instant) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    eprintln!("{what}: {:.1} s, {peak}", started.elapsed().as_secs_f64());
}

//! The workloads of the bench, done by the crates that the packages are measured against. One call is one turn:
//!
//! ```text
//! holdfast-bench-reference <workload> <directory> <count>
//! ```
//!
//! works in a directory that exists and prints `{"operations":N,"ns":T}`, where T is the time of the part that the bench compares; what has to be there
//! before it, such as events to read, is written by an earlier call or before the clock starts.

mod events;
mod keys;
mod log;

use std::path::Path;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

/// What a turn has done, and how long it took.
pub struct Turn {
    operations: u64,
    ns: u128,
}

/// Times `work`, which says how many operations it did.
pub fn timed(work: impl FnOnce() -> Result<u64, Failure>) -> Result<Turn, Failure> {
    let start = Instant::now();
    let operations = work()?;
    Ok(Turn { operations, ns: start.elapsed().as_nanos() })
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, directory, count] = arguments.as_slice() else {
        return Err("usage: holdfast-bench-reference <workload> <directory> <count>".into());
    };
    let (directory, count) = (Path::new(directory), count.parse::<u64>()?);
    let turn = match workload.as_str() {
        "log-append" => log::append(directory, count),
        "log-durable" => log::durable(directory, count),
        "log-batches" => log::batches(directory, count),
        "log-replay" => log::replay(directory, count),
        "events-append" => events::append(directory, count),
        "events-durable" => events::durable(directory, count),
        "events-commits" => events::commits(directory, count),
        "events-streams" => events::streams(directory, count),
        "events-open" => events::open(directory, count),
        "keys-fill" => keys::fill(directory, count),
        "keys-get" => keys::get(directory, count),
        "keys-scan" => keys::scan(directory, count),
        "keys-open" => keys::open(directory, count),
        _ => Err(format!("no workload {workload}").into()),
    }?;
    println!("{{\"operations\":{},\"ns\":{}}}", turn.operations, turn.ns);
    Ok(())
}

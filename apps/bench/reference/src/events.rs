//! Events of some 200 bytes in 500 streams of a store of `batpak`.

use crate::{timed, Failure, Turn};
use batpak::prelude::*;
use batpak::store::{BatchAppendItem, CausationRef};
use serde::Serialize;
use std::path::Path;

const STREAMS: u64 = 500;
const READ_STREAMS: u64 = 200;
const STREAM_EVENTS: usize = 100;
const SEGMENT_BYTES: u64 = 32 * 1024 * 1024;
const BATCH: u64 = 100;

#[derive(Serialize)]
struct Order {
    order: u64,
    customer: String,
    lines: String,
}

fn order_of(order: u64) -> Order {
    Order { order, customer: format!("customer:{}", order % 997), lines: "x".repeat(150) }
}

fn kind() -> EventKind {
    EventKind::custom(0xf, 1)
}

fn coordinate(index: u64) -> Result<Coordinate, Failure> {
    Ok(Coordinate::new(format!("order:{}", index % STREAMS), "bench")?)
}

/// A store that makes a barrier by itself behind so many events.
fn store(directory: &Path, barrier_events: u32) -> Result<Store<Open>, Failure> {
    let config = StoreConfig::new(directory)
        .with_segment_max_bytes(SEGMENT_BYTES)
        .with_sync_mode(SyncMode::SyncData)
        .with_sync_every_n_events(barrier_events);
    Ok(Store::open(config)?)
}

fn append_all(store: &Store<Open>, count: u64) -> Result<u64, Failure> {
    for index in 0..count {
        let _receipt = store.append(&coordinate(index)?, kind(), &order_of(index))?;
    }
    Ok(count)
}

/// Each handed to the system before the next.
pub fn append(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let store = store(directory, u32::MAX)?;
    let turn = timed(|| append_all(&store, count))?;
    store.close()?;
    Ok(turn)
}

/// Each of them durable before the next.
pub fn durable(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let store = store(directory, 1)?;
    let turn = timed(|| append_all(&store, count))?;
    store.close()?;
    Ok(turn)
}

/// A hundred in one batch, of as many streams, each batch durable before the next: batches have a barrier by themselves.
pub fn commits(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let store = store(directory, u32::MAX)?;
    let turn = timed(|| {
        for _ in 0..count / BATCH {
            let items = (0..BATCH).map(|each| {
                let options = AppendOptions::default();
                let item = BatchAppendItem::new(coordinate(each)?, kind(), &order_of(each), options, CausationRef::None)?;
                Ok(item)
            });
            store.append_batch(items.collect::<Result<Vec<_>, Failure>>()?)?;
        }
        Ok(count / BATCH * BATCH)
    })?;
    store.close()?;
    Ok(turn)
}

/// Up to a hundred events of each of 200 streams, forward and decoded, of a store that `events-append` has written.
pub fn streams(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let store = store(directory, u32::MAX)?;
    let per_stream = STREAM_EVENTS.min((count / STREAMS) as usize);
    let turn = timed(|| {
        let mut seen = 0;
        for index in 0..READ_STREAMS {
            for entry in store.by_entity(&format!("order:{index}")).iter().take(per_stream) {
                let event = store.get(entry.event_id())?;
                seen += u64::from(event.event.payload["lines"].as_str().is_some_and(|lines| lines.len() == 150));
            }
        }
        if seen != READ_STREAMS * per_stream as u64 {
            return Err(format!("{seen} events").into());
        }
        Ok(seen)
    })?;
    store.close()?;
    Ok(turn)
}

/// One open of a store that `events-append` has written and closed.
pub fn open(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let mut opened = None;
    let turn = timed(|| {
        opened = Some(store(directory, u32::MAX)?);
        Ok(1)
    })?;
    let Some(store) = opened else { return Err("no store".into()) };
    let held: usize = (0..STREAMS).map(|index| store.by_entity(&format!("order:{index}")).len()).sum();
    store.close()?;
    if held as u64 != count {
        return Err(format!("{held} events of {count}").into());
    }
    Ok(turn)
}

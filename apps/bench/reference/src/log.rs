//! Records of 128 bytes in the write-ahead log of `durability`.

use crate::{timed, Failure, Turn};
use durability::storage::{Directory, FlushPolicy, FsDirectory};
use durability::walog::{WalReader, WalWriter};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;
use std::sync::Arc;

const RECORD_BYTES: usize = 128;
const BUFFER_BYTES: usize = 64 * 1024;
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
const BATCH: u64 = 100;

/// Bytes that are stored as bytes: a `Vec<u8>` would be encoded number by number.
#[derive(Clone)]
struct Record(Vec<u8>);

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Record;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Record, E> {
                Ok(Record(bytes.to_vec()))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

fn record() -> Record {
    Record((0..RECORD_BYTES).map(|index| (index * 31) as u8).collect())
}

fn writer(directory: &Path) -> Result<WalWriter<Record>, Failure> {
    let directory: Arc<dyn Directory> = FsDirectory::arc(directory)?;
    let mut log = WalWriter::with_options(directory, FlushPolicy::Manual, BUFFER_BYTES);
    log.set_segment_size_limit_bytes(SEGMENT_BYTES);
    Ok(log)
}

/// Buffered, a write each 64 KiB, the rest at the end.
pub fn append(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let (mut log, record) = (writer(directory)?, record());
    timed(|| {
        for _ in 0..count {
            log.append(&record)?;
        }
        log.flush()?;
        Ok(count)
    })
}

/// Each of them durable before the next.
pub fn durable(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let (mut log, record) = (writer(directory)?, record());
    timed(|| {
        for _ in 0..count {
            log.append(&record)?;
            log.flush_and_sync()?;
        }
        Ok(count)
    })
}

/// A hundred at a time, each hundred durable before the next.
pub fn batches(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let (mut log, hundred) = (writer(directory)?, vec![record(); BATCH as usize]);
    timed(|| {
        for _ in 0..count / BATCH {
            log.append_batch(&hundred)?;
            log.flush_and_sync()?;
        }
        Ok(count / BATCH * BATCH)
    })
}

/// All records of a log that `log-append` has written.
pub fn replay(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let reader = WalReader::<Record>::new(FsDirectory::arc(directory)?);
    timed(|| {
        let mut bytes = 0;
        let seen = reader.replay_each(|entry| {
            bytes += entry.payload.0.len();
            Ok(())
        })?;
        if seen != count || bytes != count as usize * RECORD_BYTES {
            return Err(format!("{seen} records of {count}").into());
        }
        Ok(seen)
    })
}

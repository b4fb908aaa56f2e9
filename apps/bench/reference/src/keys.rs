//! Keys of 16 bytes with values of 100, half of them noise, in the tree of `coordinode-lsm-tree`, which has no log: what is durable is in tables.

use crate::{timed, Failure, Turn};
use lsm_tree::compaction::Leveled;
use lsm_tree::config::CompressionPolicy;
use lsm_tree::{AbstractTree, AnyTree, Cache, CompressionType, Config, Guard, SeqNo, SequenceNumberCounter, WriteBatch};
use std::path::Path;
use std::sync::Arc;

const WRITE_BUFFER_BYTES: u64 = 8 * 1024 * 1024;
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const BATCH: u64 = 1000;
const READS: u64 = 10_000;

/// Even numbers are there, odd ones are not: 16 digits.
fn key_of(number: u64) -> Vec<u8> {
    format!("{number:016}").into_bytes()
}

fn value_of(number: u64) -> Vec<u8> {
    let mut value = vec![0x61; 100];
    let mut state = (number as u32).wrapping_add(1).wrapping_mul(0x9e37_79b1);
    for byte in value.iter_mut().take(50) {
        state = (state ^ (state >> 15)).wrapping_mul(0x85eb_ca6b);
        *byte = 0x40 + (state >> 26) as u8;
    }
    value
}

/// Numbers below `count` in an order that has none: a multiplication by a prime, modulo `count`.
fn shuffled(count: u64) -> impl Iterator<Item = u64> {
    let step = 1_000_003 % count;
    (0..count).scan(0, move |at, _| {
        let number = *at;
        *at = (*at + step) % count;
        Some(number)
    })
}

fn tree(directory: &Path, seqno: &SequenceNumberCounter) -> Result<AnyTree, Failure> {
    let config = Config::new(directory, seqno.clone(), SequenceNumberCounter::default())
        .use_cache(Arc::new(Cache::with_capacity_bytes(CACHE_BYTES)))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4));
    Ok(config.open()?)
}

fn to_tables(tree: &AnyTree) -> Result<(), Failure> {
    tree.flush_active_memtable(0)?;
    tree.compact(Arc::new(Leveled::default()), 0)?;
    Ok(())
}

/// Batches of a thousand in random order, a table for each 8 MiB, compacted as they come, until all is in tables.
pub fn fill(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let seqno = SequenceNumberCounter::default();
    let tree = tree(directory, &seqno)?;
    timed(|| {
        let mut batch = WriteBatch::with_capacity(BATCH as usize);
        for (index, number) in shuffled(count).enumerate() {
            batch.insert(key_of(number * 2), value_of(number));
            if batch.len() as u64 == BATCH || index as u64 + 1 == count {
                let full = std::mem::replace(&mut batch, WriteBatch::with_capacity(BATCH as usize));
                let (_, held) = tree.apply_batch(full, seqno.next())?;
                if held >= WRITE_BUFFER_BYTES {
                    to_tables(&tree)?;
                }
            }
        }
        to_tables(&tree)?;
        Ok(count)
    })
}

/// Random gets of keys that `keys-fill` has written: once untimed, so that blocks are in the cache, then timed.
pub fn get(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let tree = tree(directory, &SequenceNumberCounter::default())?;
    let keys: Vec<Vec<u8>> = shuffled(count).take(READS as usize).map(|number| key_of(number * 2)).collect();
    let all = || {
        for key in &keys {
            if tree.get(key, SeqNo::MAX)?.is_none_or(|value| value.len() != 100) {
                return Err("a key is not there".into());
            }
        }
        Ok(keys.len() as u64)
    };
    all()?;
    timed(all)
}

/// All entries in order, copied.
pub fn scan(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let tree = tree(directory, &SequenceNumberCounter::default())?;
    timed(|| {
        let (mut seen, mut bytes) = (0, 0);
        for entry in tree.iter(SeqNo::MAX, None) {
            let (key, value) = entry.into_inner()?;
            bytes += key.to_vec().len() + value.to_vec().len();
            seen += 1;
        }
        if seen != count || bytes as u64 != count * 116 {
            return Err(format!("{seen} entries of {count}").into());
        }
        Ok(seen)
    })
}

/// One open of a tree that `keys-fill` has written.
pub fn open(directory: &Path, count: u64) -> Result<Turn, Failure> {
    let mut opened = None;
    let turn = timed(|| {
        opened = Some(tree(directory, &SequenceNumberCounter::default())?);
        Ok(1)
    })?;
    let Some(tree) = opened else { return Err("no tree".into()) };
    if tree.get(key_of(count * 2 - 2), SeqNo::MAX)?.is_none() {
        return Err("the last key is not there".into());
    }
    Ok(turn)
}

"""Writes event-records.json from docs/formats/store.md alone: struct and hashlib of Python, and BLAKE3 as its paper describes it.

python3 event-records.py > event-records.json
"""
import hashlib
import json
import struct

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
MASK = 0xFFFFFFFF


def rotate(word, bits):
    return (word >> bits | word << (32 - bits)) & MASK


def mix(v, a, b, c, d, x, y):
    for word, first, second in ((x, 16, 12), (y, 8, 7)):
        v[a] = (v[a] + v[b] + word) & MASK
        v[d] = rotate(v[d] ^ v[a], first)
        v[c] = (v[c] + v[d]) & MASK
        v[b] = rotate(v[b] ^ v[c], second)


def compress(chaining, block, counter, length, flags):
    m = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = list(chaining) + IV[:4] + [counter & MASK, counter >> 32, length, flags]
    for _ in range(7):
        for i in range(4):
            mix(v, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1])
        for i in range(4):
            mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i])
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def node(data, chunk, root):
    if len(data) <= 1024:
        chaining, blocks = IV, [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
        for i, block in enumerate(blocks):
            flags = (CHUNK_START if i == 0 else 0) | (CHUNK_END | root if i == len(blocks) - 1 else 0)
            chaining = compress(chaining, block, chunk, len(block), flags)
        return chaining
    half = 1024
    while half * 2 < len(data):
        half *= 2
    both = node(data[:half], chunk, 0) + node(data[half:], chunk + half // 1024, 0)
    return compress(IV, struct.pack("<16I", *both), 0, 64, PARENT | root)


def blake3(data):
    return struct.pack("<8I", *node(data, 0, ROOT))


# The first vectors that the authors of BLAKE3 publish: bytes 0, 1, ... 250, 0, ... of these lengths.
PUBLISHED = {
    0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
}
for size, digest in PUBLISHED.items():
    assert blake3(bytes(i % 251 for i in range(size))).hex() == digest, size

HASHES = {"blake3-256": blake3, "sha256": lambda data: hashlib.sha256(data).digest()}
LOG_ID = bytes(range(0xA0, 0xB0))

EVENTS = [
    dict(kind=0x1001, version=1, lane=0, revision=0, time=1700000000000001, id=bytes(range(16)), entity="order:1", scope="shop", metadata=b"", payload=b"\x81\xa1a\x01"),
    dict(kind=0x1001, version=2, lane=0, revision=1, time=1700000000000001, id=bytes(range(16, 32)), correlation=bytes(range(16)), causation=bytes(range(16)), entity="order:1", scope="", metadata=b"\x81\xa1m\xc3", payload=b"", dropped=True),
    dict(kind=0xFFFF, version=0xFFFF, lane=0xFFFFFFFF, revision=0, time=2**53 - 1, id=None, key="\u00e9-key", index=1, entity="order:1", scope="\u6771\u4eac", metadata=b"", payload=bytes(i % 251 for i in range(3000)), causation=b"\xff" * 16),
    dict(kind=0x0001, version=0, lane=0, revision=2, time=2**53 - 1, id=None, key=bytes([0, 255]), index=0, entity="order:1", scope="", metadata=b"", payload=b"z" * 36, dropped=True),
]


def build(H):
    heads, previous, records = {}, bytes(32), []
    for sequence, event in enumerate(EVENTS, 1):
        key = event.get("key")
        text = key.encode() if isinstance(key, str) else key
        event_id = event["id"] or H(b"holdfast.key/1\0" + struct.pack("<I", event["index"]) + text)[:16]
        entity, scope = event["entity"].encode(), event["scope"].encode()
        correlation, causation = event.get("correlation", b""), event.get("causation", b"")
        flags = (1 if key else 0) | (4 if correlation else 0) | (8 if causation else 0)
        stream = (entity, event["lane"])

        def envelope(flags):
            head = struct.pack("<BBHHHHHIQQ", 1, flags, event["kind"], event["version"], len(entity), len(scope), len(event["metadata"]), event["lane"], event["revision"], event["time"])
            links = event_id + previous + heads.get(stream, bytes(32))
            return head + links + correlation + causation + entity + scope + event["metadata"]

        payload = event["payload"]
        payload_hash = H(payload)
        digest = H(b"holdfast.event/1\0" + LOG_ID + struct.pack("<Q", sequence) + envelope(flags) + struct.pack("<I", len(payload)) + payload_hash)
        dropped = event.get("dropped", False)
        tail = struct.pack("<I", len(payload)) + payload_hash if dropped else payload
        records.append({
            "sequence": sequence,
            "kind": event["kind"], "payloadVersion": event["version"], "lane": event["lane"], "revision": event["revision"], "timeUs": event["time"],
            "id": event_id.hex(), "isKeyed": bool(key), "isDropped": dropped,
            "correlation": (correlation or event_id).hex(), "causation": causation.hex() or None,
            "previousHash": previous.hex(), "previousInStream": heads.get(stream, bytes(32)).hex(),
            "entity": event["entity"], "scope": event["scope"], "metadata": event["metadata"].hex(),
            "payload": payload.hex(), "payloadHash": payload_hash.hex(), "hash": digest.hex(),
            "key": None if key is None else {"index": event["index"], "hex": text.hex()},
            "record": (envelope(flags | (2 if dropped else 0)) + tail).hex(),
        })
        previous = heads[stream] = digest
    return records


about = "Four events of one log, by each hash, written by event-records.py from docs/formats/store.md, not by this package. Log id a0 to af."
print(json.dumps({"about": about, "logId": LOG_ID.hex(), "byHash": {name: build(H) for name, H in HASHES.items()}}, indent=1))

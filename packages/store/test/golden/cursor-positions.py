"""Writes cursor-positions.json from docs/formats/store.md alone: struct, hashlib and zlib of Python.

python3 cursor-positions.py > cursor-positions.json
"""
import hashlib
import json
import struct
import zlib

ALL = '["holdfast.region/1",null,null,null,null,null,null,null,null,null]'
ORDERS = '["holdfast.region/1",null,"order:",null,[4097,4098],null,null,null,1,500]'


def position(name, log_id, region, sequence, event_hash, version=1, zeros=b"\0" * 6, name_bytes=None):
    text = name.encode("ascii")
    body = b"HFCURSOR" + struct.pack("<BB", version, len(text) if name_bytes is None else name_bytes) + zeros
    body += log_id + hashlib.sha256(region.encode("utf-8")).digest()
    body += struct.pack("<Q", sequence) + event_hash + text
    return (body + struct.pack("<I", zlib.crc32(body))).hex()


LOG = bytes(range(16))
HASH = bytes(range(100, 132))
NONE = bytes(32)


def vector(name, region, sequence, event_hash):
    return {
        "name": name,
        "id": LOG.hex(),
        "region": region,
        "sequence": sequence,
        "hash": event_hash.hex(),
        "bytes": position(name, LOG, region, sequence, event_hash),
    }


print(json.dumps({
    "sound": [
        vector("a", ALL, 0, NONE),
        vector("mailer", ALL, 1, HASH),
        vector("billing.v2_eu-1", ORDERS, 2**32 + 7, HASH),
        vector("x" * 100, ORDERS, 2**53 - 1, HASH),
    ],
    # Of cursor mailer, all events: refused, with the code and what the error names.
    "refused": [
        {"code": "STORE_UNSUPPORTED", "bytes": position("mailer", LOG, ALL, 1, HASH, version=2)},
        {"code": "STORE_CURSOR_CORRUPT", "bytes": position("mailer", LOG, ALL, 1, HASH, zeros=b"\0\0\0\1\0\0")},
        {"code": "STORE_CURSOR_CORRUPT", "bytes": position("mailer", LOG, ALL, 1, HASH, name_bytes=5)},
        {"code": "STORE_CURSOR_CORRUPT", "bytes": position("mailer", LOG, ALL, 0, HASH)},
        {"code": "STORE_CURSOR_CORRUPT", "bytes": position("mailer", LOG, ALL, 2**53, HASH)},
        {"code": "STORE_CURSOR_MISMATCH", "field": "name", "bytes": position("mailes", LOG, ALL, 1, HASH)},
        {"code": "STORE_CURSOR_MISMATCH", "field": "log", "bytes": position("mailer", LOG[::-1], ALL, 1, HASH)},
        {"code": "STORE_CURSOR_MISMATCH", "field": "region", "bytes": position("mailer", LOG, ORDERS, 1, HASH)},
    ],
}, indent=2))

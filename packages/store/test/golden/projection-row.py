"""A row of a projection cache, written by hand from docs/formats/store.md: python3 projection-row.py > projection-row.json

State: the MessagePack of {"total": 9}, byte for byte: map of 1, text of 5, positive fixint.
"""

import hashlib
import json
import struct

identity = '["holdfast.projection/1","ledger",3,"stream","order:7 \u00e9",2]'
name = identity.encode("utf-8")
log_id = bytes(range(0x10, 0x20))
event_hash = bytes(range(0xA0, 0xC0))
state = b"\x81\xa5total\x09"

row = b"HFPR"
row += struct.pack("<HH", 1, 1)  # version, flags: complete
row += log_id
row += struct.pack("<Q", 0x1_0000_0002)  # sequence, above 2^32
row += event_hash
row += struct.pack("<Q", 41)  # revision
row += struct.pack("<Q", 1_800_000_000_123)  # looked at, milliseconds since 1970
row += struct.pack("<I", len(name))
assert len(row) == 84
row += name
row += state
row += hashlib.sha256(row).digest()

print(
    json.dumps(
        {
            "identity": identity,
            "key": log_id.hex() + "/" + identity,
            "file": hashlib.sha256((log_id.hex() + "/" + identity).encode("utf-8")).hexdigest() + ".row",
            "logId": log_id.hex(),
            "sequence": 0x1_0000_0002,
            "hash": event_hash.hex(),
            "revision": 41,
            "lookedMs": 1_800_000_000_123,
            "isComplete": True,
            "state": state.hex(),
            "row": row.hex(),
        },
        indent=2,
    )
)

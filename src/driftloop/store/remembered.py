"""Results that are remembered in files: written behind a digest, and read only if it is right."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from driftloop.store.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

DIGEST_BYTES = 32


def remember(path: Path, content: bytes) -> None:
    """Write content behind a digest of it and of the file's name, which says what it is the result of.

    The digest detects files that are damaged, cut, or of another result. It does not protect against somebody who may write
    into the folder, who can compute the digest too. So the folder must not come from a place where others write.
    """
    write_bytes(path, _digest(path, content) + content)


def recall(path: Path) -> bytes | None:
    """Read content; None where there is none that can be believed, so that it is made again."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    written, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
    return content if written == _digest(path, content) else None


def _digest(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.stem.encode() + content).digest()

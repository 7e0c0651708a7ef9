"""Model files: an archive is looked at by its directory and its schema before skops reads a member."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from driftloop.errors import LoopError
from driftloop.foreign import MIB, MODEL, check_size, jsonfile

SCHEMA = "schema.json"
MOST_MEMBERS = 100_000
MOST_SCHEMA = 32 * MIB
MOST_UNPACKED = 512 * MIB
ENCRYPTED = 0x1
ENTRY = b"PK\x01\x02"  # begins a line of the directory
MADE_UP = {"__id__", "file"}
PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # LZMA allocates what its header says


def check(content: bytes, *, where: str) -> None:
    """Refuse an archive that unpacks to too much, holds members that its schema does not name, or takes long to look at.

    skops visits an object as often as it is referred to: 34 objects, each of which refers twice to the one before, take it
    hours. What skops itself writes repeats an object in full instead, so that no more is visited than the schema holds,
    and each member is read once.

    Raises
    ------
    LoopError
        Naming what is wrong.
    """
    check_size("model.skops", len(content), where=where)
    if content.count(ENTRY) > MOST_MEMBERS:
        msg = f"{where}: expected at most {MOST_MEMBERS:,} members, got more"
        raise LoopError(msg)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive, where)
            # ZipFile reads no more than the directory says.
            schema = archive.read(SCHEMA)
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, ValueError, NotImplementedError) as exc:
        msg = f"{where}: not a readable skops file ({exc.__class__.__name__})"
        raise LoopError(msg) from exc
    named = _named(jsonfile.read(schema, where=f"{where}: {SCHEMA}", bounds=MODEL, most=MOST_SCHEMA), where)
    for name in sorted(named ^ members):
        what = "is missing" if name in named else "does not belong there"
        msg = f"{where}: {name[:80]!r} {what}"
        raise LoopError(msg)


def _members(archive: zipfile.ZipFile, where: str) -> set[str]:
    """Name what is packed, schema aside, if it is small enough and nothing but packed."""
    listed = archive.infolist()
    names = {each.filename for each in listed}
    problem = ""
    if len(names) < len(listed):
        problem = "expected each member once, got one twice"
    elif any(each.flag_bits & ENCRYPTED or each.compress_type not in PLAIN for each in listed):
        problem = "expected members stored or deflated, got another kind"
    elif archive.getinfo(SCHEMA).file_size > MOST_SCHEMA:
        problem = f"expected a {SCHEMA} of at most {MOST_SCHEMA // MIB} MiB, got a larger one"
    elif sum(each.file_size for each in listed) > MOST_UNPACKED:
        problem = f"expected at most {MOST_UNPACKED // MIB} MiB when unpacked, got more"
    if problem:
        msg = f"{where}: {problem}"
        raise LoopError(msg)
    return names - {SCHEMA}


def _named(schema: Any, where: str) -> set[str]:
    """Name the members that a schema reads, each of which belongs to one object."""
    objects: dict[int, int] = {}
    files: dict[str, int] = {}

    def visit(node: Any) -> int:
        """Return a hash of everything below, without names that skops makes from memory ids; the depth is bounded."""
        if isinstance(node, list):
            return hash(tuple(map(visit, node)))
        if not isinstance(node, dict):
            return hash(repr(node))
        is_object = "__loader__" in node
        found = hash(tuple((key, visit(value)) for key, value in node.items() if not (is_object and key in MADE_UP)))
        if is_object:
            own, file = node.get("__id__"), node.get("file")
            if node["__loader__"] == "CachedNode":
                raise LoopError(refers)
            if own is not None and (type(own) is not int or objects.setdefault(own, found) != found):
                raise LoopError(refers)
            if isinstance(file, str) and (own is None or files.setdefault(file, own) != own):
                raise LoopError(refers)
        return found

    refers = f"{where}: {SCHEMA}: expected each object in full, got one that refers to another"
    visit(schema)
    return set(files)

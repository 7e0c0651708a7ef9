"""Files in object stores (`s3://`, `gs://`, `az://`): copied into the cache, as far as they are new, and then read like all others.

Credentials come from the environment or the role of the machine. What a library of a store says is never quoted, as it may hold
signed addresses.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.errors import DataError, ParamsError, UnreachableError
from driftloop.progress import track
from driftloop.sources import tables
from driftloop.store.files import replacing, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from driftloop.params import Params

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
# Their own defaults wait for minutes where a host does not answer.
OPTIONS: Mapping[str, dict[str, Any]] = {"s3": {"config_kwargs": {"retries": {"max_attempts": 2}}}}
URL = re.compile(rf"({'|'.join(PACKAGES)})://([^/]*)/?(.*)", re.DOTALL)
FOLDER = "objects"
JOURNAL = ".versions.jsonl"
TOGETHER = 8  # downloads
# What the exceptions of three libraries are called, in the order in which they are looked for.
REASONS = {
    r"Credential": "no credentials, or none that work; set them in the environment, or give the machine a role",
    r"Permission|Forbidden|Unauthorized|ClientAuthentication": "access denied; allow this account to list and read objects",
    r"Connect|Timeout|ServiceRequest|ServiceResponse": "the store cannot be reached",
    r"FileNotFound|ResourceNotFound": "the bucket does not exist",
}


class Object(NamedTuple):
    """One object: its name in the bucket, what changes with its content, and its bytes."""

    key: str
    version: str
    size: int


def is_remote(pattern: str) -> bool:
    """Whether a path is in an object store."""
    return URL.fullmatch(pattern) is not None


def listing(url: str, *, where: str) -> list[Object]:
    """List the objects of a name, prefix or glob, sorted by name.

    Raises
    ------
    DataError
        If there is none, or the store does not answer.
    """
    return _listing(_filesystem(url, where), url, where)


def mirrored(params: Params, cache: Path) -> Params:
    """Copy what `source` names in object stores into `cache`, and return parameters that name the copies.

    Raises
    ------
    DataError
        If a store does not answer, nothing matches, or an object changes again and again.
    """
    source = params.source
    changed: dict[str, Any] = {}
    if source.path and is_remote(source.path):
        changed["path"] = _mirrored(source.path, cache, "source.path")
    if source.labels and is_remote(source.labels.path):
        path = _mirrored(source.labels.path, cache, "source.labels.path")
        changed["labels"] = source.labels.model_copy(update={"path": path})
    if any(is_remote(path) for path in source.tables.values()):
        changed["tables"] = {
            name: _mirrored(path, cache, f"source.tables.{name}") if is_remote(path) else path
            for name, path in source.tables.items()
        }
    return params.model_copy(update={"source": source.model_copy(update=changed)}) if changed else params


@contextmanager
def named_as_given(cache: Path) -> Iterator[None]:
    """Name objects in errors as the team knows them, and not their copies."""
    try:
        yield
    except DataError as exc:
        copies = "|".join(re.escape(str(path / FOLDER)) for path in (cache.resolve(), cache))
        raise type(exc)(re.sub(rf"(?:{copies})/({'|'.join(PACKAGES)})/", r"\1://", str(exc))) from exc


def _mirrored(url: str, cache: Path, where: str) -> str:
    """Make the folder of a bucket hold what matches, and return the same pattern below that folder."""
    filesystem = _filesystem(url, where)
    scheme, bucket, path = _parts(url)
    root = cache / FOLDER / scheme / bucket
    objects = _listing(filesystem, url, where)
    have = _versions(root / JOURNAL)
    there = {found.key: found for found in objects}
    takes = _matching(path)
    for file in root.rglob("*"):
        key = file.relative_to(root).as_posix()
        if file.is_file() and key != JOURNAL and takes(key) and key not in there:
            file.unlink()
    kept = {key: found for key, found in have.items() if (root / key).is_file()}
    lines = "".join(_line(found) for found in kept.values())
    write_text(root / JOURNAL, lines)
    new = [found for found in objects if kept.get(found.key) != found]
    with ThreadPoolExecutor(TOGETHER) as pool, (root / JOURNAL).open("a", encoding="utf-8") as journal:
        copies = pool.map(lambda found: download(filesystem, url, found, root / found.key, where), new)
        try:
            for found in track(copies, "Downloading", total=len(new)):
                journal.write(_line(found))
                journal.flush()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return f"{root}/{path}"


def _line(found: Object) -> str:
    return json.dumps(found) + "\n"


def _versions(journal: Path) -> dict[str, Object]:
    """Read what was downloaded; a line that a killed run left unfinished does not count."""
    found: dict[str, Object] = {}
    try:
        lines = journal.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return found
    for line in lines:
        try:
            key, version, size = json.loads(line)
        except ValueError:
            continue
        found[key] = Object(key, version, size)
    return found


def download(filesystem: Any, url: str, listed: Object, to: Path, where: str) -> Object:
    """Copy one object; one that changed since it was listed is copied once more."""
    scheme, bucket, _ = _parts(url)
    address = f"{bucket}/{listed.key}"
    for _attempt in range(2):
        with _one_line(f"{where}: {scheme}://{address}"):
            with replacing(to) as temporary:
                filesystem.get_file(address, str(temporary))
                size = temporary.stat().st_size
            now = _object(listed.key, filesystem.info(address))
        if now == listed and size == listed.size:
            return now
        listed = now
    to.unlink()
    msg = f"{where}: {scheme}://{address}: expected an object that stays as it is while it is read, got another one; run it again"
    raise DataError(msg)


def _listing(filesystem: Any, url: str, where: str) -> list[Object]:
    scheme, bucket, path = _parts(url)
    before = re.split(r"[^/]*[*?\[]", path, maxsplit=1)[0].rstrip("/")
    with _one_line(f"{where}: {scheme}://{bucket}"):
        found = filesystem.find(f"{bucket}/{before}".rstrip("/"), detail=True)
    takes = _matching(path)
    every = {name.removeprefix(f"{bucket}/"): about for name, about in found.items() if about["type"] == "file"}
    objects = [_object(key, about) for key, about in sorted(every.items()) if takes(key)]
    if not objects:
        msg = f"{where}: {url}: expected an object that ends in {', '.join(tables.SUFFIXES)}, found none"
        raise UnreachableError(msg)
    for key in (one.key for one in objects):
        if not all(part not in {"", ".", ".."} and "\\" not in part for part in key.split("/")):
            msg = f"{where}: {scheme}://{bucket}/{key}: expected a name that a file can have; rename the object"
            raise DataError(msg)
    return objects


def _matching(path: str) -> Any:
    """Return what decides whether a key belongs to a path, as `tables.find` does for files."""
    from fsspec.utils import glob_translate

    if not re.search(r"[*?\[]", path):
        inside = path.rstrip("/") + "/" if path else ""
        return lambda key: (
            key == path
            or (
                key.startswith(inside)
                and key.lower().endswith(tables.SUFFIXES)
                and not any(part.startswith(".") for part in key.removeprefix(inside).split("/"))
            )
        )
    pattern, named = re.compile(glob_translate(path)), re.search(r"\.\w+$", path)
    return lambda key: pattern.match(key) and (named or key.lower().endswith(tables.SUFFIXES))


def _object(key: str, about: Mapping[str, Any]) -> Object:
    """Take the version of an object from what its store calls it."""
    lower = {name.lower(): value for name, value in about.items()}
    version = next((lower[name] for name in ("etag", "generation", "md5hash", "last_modified") if lower.get(name)), "")
    return Object(key, str(version).strip('"'), int(about["size"]))


def _parts(url: str) -> tuple[str, str, str]:
    found = URL.fullmatch(url)
    if found is None or not found[2] or "@" in found[2] or ":" in found[2]:
        msg = "source: expected scheme://bucket/path without a user or a key, got another address; credentials come from the environment"
        raise ParamsError(msg)
    return found[1], found[2], found[3]


def _filesystem(url: str, where: str) -> Any:
    import fsspec

    scheme = _parts(url)[0]
    try:
        with _one_line(f"{where}: {scheme}://"):
            options = OPTIONS.get(scheme, {})
            return fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError as exc:
        msg = f"{where}: {scheme}://: expected the package {PACKAGES[scheme]}, found none; `uv add {PACKAGES[scheme]}`"
        raise ParamsError(msg) from exc


@contextmanager
def _one_line(where: str) -> Iterator[None]:
    """Word what the library of a store raises by its kind alone."""
    try:
        yield
    except (DataError, ImportError):
        raise
    except Exception as exc:  # noqa: BLE001 (each library has a hierarchy of its own)
        names = " ".join(kind.__name__ for kind in type(exc).__mro__)
        cause = getattr(exc.__cause__, "response", None) or getattr(exc, "response", None)
        code = cause.get("Error", {}).get("Code", "") if isinstance(cause, dict) else ""
        code = code if re.fullmatch(r"\w{1,60}", code) else ""
        reason = next((text for name, text in REASONS.items() if re.search(name, names)), "cannot be read")
        msg = f"{where}: {reason} ({code or type(exc).__name__})"
        raise UnreachableError(msg) from None

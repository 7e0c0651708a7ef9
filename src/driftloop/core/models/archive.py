"""Model files: skops archives whose bytes depend on the model alone, opened without running code from them."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from driftloop.errors import LoopError, ModelError
from driftloop.foreign import archive as archives

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# Data holders of numpy, scikit-learn and ours that skops does not list itself; none of them runs code when it is made.
HARMLESS = (
    "driftloop.core.models.encoding.Coarse",
    "driftloop.core.models.encoding.Codes",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
)


def dumps(model: Any) -> bytes:
    """Write a model as a skops archive; equal models give equal bytes."""
    from skops import io as skops_io

    return _canonical(skops_io.dumps(model))


def loads(content: bytes, *, trusted: Sequence[str] = (), where: str = "model file") -> Any:
    """Open a skops archive that holds nothing but known types.

    Parameters
    ----------
    content
        Bytes of the file.
    trusted
        Further types to allow, as dotted names: `train.trusted` in params.yaml.
    where
        Name of the file, for messages.

    Raises
    ------
    ModelError
        If it is no skops archive, is damaged, or holds a type that is not trusted.
    """
    from skops import io as skops_io

    audit(content, trusted=trusted, where=where)
    with _translated(where):
        return skops_io.loads(content, trusted=[*HARMLESS, *trusted])


def audit(content: bytes, *, trusted: Sequence[str] = (), where: str = "model file") -> None:
    """Look at the types in a skops archive without opening the model; arguments and errors as of `loads`."""
    from skops import io as skops_io

    try:
        archives.check(content, where=where)
    except LoopError as exc:
        raise ModelError(str(exc)) from exc
    with _translated(where):
        strange = sorted(set(skops_io.get_untrusted_types(data=content)) - {*HARMLESS, *trusted})
    if strange:
        msg = f"{where}: refused, holds types that are not trusted: {', '.join(strange)}; train.trusted allows your own"
        raise ModelError(msg)


@contextmanager
def _translated(where: str) -> Iterator[None]:
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        yield
    except (KeyboardInterrupt, MemoryError):
        raise
    except UntrustedTypesFoundException as exc:
        msg = f"{where}: refused: {exc}"
        raise ModelError(msg) from exc
    except Exception as exc:  # skops raises whatever a damaged archive happens to trip over
        msg = f"{where}: not a readable skops file of this skops and scikit-learn ({exc.__class__.__name__})"
        raise ModelError(msg) from exc


def _canonical(archive: bytes) -> bytes:
    """Rename what skops names by memory address, and drop the time of day.

    https://github.com/skops-dev/skops: `__id__` and the names of members are `id(obj)`.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    schema = json.loads(members.pop(archives.SCHEMA))
    files: dict[str, str] = {}
    _renumber(schema, {}, files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for old, new in files.items():
            target.writestr(_member(new), members[old])
        target.writestr(_member(archives.SCHEMA), json.dumps(schema, separators=(",", ":")))
    return out.getvalue()


def _renumber(node: Any, ids: dict[int, int], files: dict[str, str]) -> None:
    """Number identities and files in the order in which they appear."""
    if isinstance(node, list):
        for child in node:
            _renumber(child, ids, files)
    elif isinstance(node, dict):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if "__loader__" in node and isinstance(name := node.get("file"), str):
            suffix = name.rpartition(".")[2]
            node["file"] = files.setdefault(name, f"{len(files) + 1}.{suffix}")
        for child in node.values():
            _renumber(child, ids, files)


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info

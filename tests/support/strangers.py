"""Files as the repository has them, and as a stranger would write them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from architecture import SRC
from factories import make_frame, make_params

from driftloop.core.models import archive, estimator
from driftloop.core.models.recipe import recipe_of

ROOT = SRC.parent
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
PIPELINE = (ROOT / "dvc.yaml").read_bytes()
LOCK = (ROOT / "dvc.lock").read_bytes()


def make_model() -> bytes:
    return archive.dumps(estimator.fit(recipe_of(make_params()), make_frame(100)))


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name) for name in source.namelist()}


def packed(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()


def nested(levels: int, loader: str = "CachedNode") -> dict[str, bytes]:
    """Describe lists, each of which refers twice to the one before."""

    def refer(number: int) -> dict[str, Any]:
        return {"__class__": "list", "__module__": "builtins", "__loader__": loader, "__id__": number, "content": []}

    node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "__id__": 1, "content": []}
    twice = [{**node, "__id__": number, "content": [refer(number - 1)] * 2} for number in range(2, levels)]
    return {"schema.json": json.dumps({**node, "__id__": levels, "content": [node, *twice], "protocol": 2}).encode()}

"""Source → data/raw."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from driftloop import sources
from driftloop.artifacts import CACHE, RAW, read_card, replacing_folder
from driftloop.core.schema import columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Fetch raw data; if the source fails, the last good data stays."""
    columns = columns_of(params, read_card(root, params))
    features = {"numerical": list(columns.numerical), "categorical": list(columns.categorical)}
    wanted = params.model_copy(update={"data": params.data.model_copy(update=features)})
    with replacing_folder(root / RAW) as out:
        sources.collect(wanted, out, cache=root / CACHE / "downloads", say=_say)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")

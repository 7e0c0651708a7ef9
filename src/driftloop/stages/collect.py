"""Source → data/raw."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from driftloop import sources
from driftloop.core.data.declared import columns_of
from driftloop.core.data.notation import OTHERS
from driftloop.errors import DataError, ParamsError
from driftloop.lock import check
from driftloop.params import OWN
from driftloop.sources.monthly import Last
from driftloop.store.files import CACHE, RAW, SRC, read_card, replacing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.core.data.declared import Columns
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Fetch raw data; if the source fails, the last good data stays."""
    card = read_card(root, params)
    columns = columns_of(params, card)
    _refuse_strange_codes(params, columns)
    features = {"numerical": list(columns.numerical), "categorical": list(columns.categorical)}
    wanted = params.model_copy(update={"data": params.data.model_copy(update=features)})
    with replacing_folder(root / RAW) as out:
        made_by = _made_by(root)
        last = Last(root / RAW, root / CACHE, made_by) if made_by else None
        sources.collect(wanted, out, cache=root / CACHE / "downloads", say=_say, src=root / SRC, last=last)
        _refuse_unknown(params, card, out)


def _made_by(root: Path) -> str:
    """Sum up the code and packages of this stage; nothing where no lock says what they are."""
    if not (root / check.LOCK).is_file():
        return ""
    stage = check.read(root).stages.get("collect")
    return stage.model_dump_json() if stage else ""


def _refuse_strange_codes(params: Params, columns: Columns) -> None:
    """Refuse codes for an unknown column; columns that only production still needs may have codes."""
    known = {OTHERS, *columns.features, columns.target}
    strange = (
        [name for name in params.data.missing if name not in known] if isinstance(params.data.missing, dict) else []
    )
    if strange:
        msg = f"params.yaml: data.missing: expected inputs, the target or {OTHERS}, got {', '.join(strange)}"
        raise ParamsError(msg)


def _refuse_unknown(params: Params, card: Card, raw: Path) -> None:
    """Refuse a declared column that never was in the source; one that production knows and that is gone is a decision."""
    there = {name for path in raw.glob("*.parquet") for name in pq.read_schema(path).names}
    known = set(card.recipe.features) if card.recipe else set()
    absent = [name for name in params.data.features if name not in there and name not in known]
    if absent and any(pq.read_metadata(path).num_rows for path in raw.glob("*.parquet")):
        found = ", ".join(sorted(name for name in there if not name.startswith(OWN)))
        msg = f"params.yaml: data: expected columns that the source has, got {', '.join(absent)}; kept were {found}"
        raise DataError(msg)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")

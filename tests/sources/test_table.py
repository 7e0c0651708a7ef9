"""The table of sources has an entry for each kind that params.yaml allows."""

from __future__ import annotations

from typing import get_args

from factories import make_params

from driftloop import sources
from driftloop.params import SourceKind
from driftloop.params.source import Source


def test_sources__have_a_module_for_each_kind() -> None:
    kinds = get_args(SourceKind)
    assert tuple(sources.SOURCES) == kinds
    assert tuple(Source.model_json_schema()["properties"]["kind"]["enum"]) == kinds


def test_is_replayed__by_kind() -> None:
    params = make_params()
    kinds = {
        kind: params.model_copy(update={"source": params.source.model_copy(update={"kind": kind})})
        for kind in sources.SOURCES
    }
    assert [kind for kind, each in kinds.items() if sources.is_replayed(each)] == ["simulator", "bike_sharing"]
    assert [kind for kind, each in kinds.items() if each.source.is_simulated] == ["simulator"]

"""The features and the whole pipeline, on a small part of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop import testing

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> testing.Small:
    """The pipeline on the newest weeks; skipped where the source cannot be reached from."""
    try:
        return testing.run_small(ROOT, tmp_path_factory.mktemp("small"))
    except testing.UnreachableError as exc:
        pytest.skip(str(exc))


def test_data__has_no_finding(small: testing.Small) -> None:
    assert small.findings == ()


def test_recipe__can_be_trained_and_compared(small: testing.Small) -> None:
    assert small.candidate, small.reasons

"""A change that lasts, week after week: a shop that opened becomes a reason to retrain, broken data stays a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from workspace import Workspace

from driftloop.core.decision.acceptance import acceptance
from driftloop.params import load_params
from driftloop.report.screen import screen
from driftloop.store.files import QUALITY

if TYPE_CHECKING:
    from pathlib import Path

START = pd.Timestamp("2024-01-01")
CHANGE = START + pd.Timedelta(weeks=20)
SHOPS = {"east": 100.0, "west": 140.0, "south": 180.0}


def make_sales(change: str) -> pd.DataFrame:
    """Give sales of three shops, every three hours, and from a day on a change."""
    random, moments = np.random.default_rng(0), pd.date_range(START, periods=36 * 56, freq="3h")
    parts = []
    for shop, level in {**SHOPS, "north": 900.0}.items():
        warmth = 10 + random.normal(0, 4, len(moments))
        sales = level + 2 * warmth + random.normal(0, 8, len(moments))
        parts.append(pd.DataFrame({"ts": moments, "shop": shop, "warmth": warmth.round(2), "sales": sales.round(2)}))
    rows = pd.concat(parts).sort_values(["ts", "shop"], ignore_index=True)
    late = rows["ts"] >= CHANGE
    rows = rows[(rows["shop"] != "north") | (late & (change == "shop"))]
    match change:
        case "unit":
            rows["warmth"] = rows["warmth"].where(~late, rows["warmth"] * 1.8 + 32)
        case "stuck":
            rows["warmth"] = rows["warmth"].mask(late, 11.5)
        case "renamed":
            rows["shop"] = rows["shop"].mask(late & (rows["shop"] == "west"), "West")
    return rows


def begin(root: Path, change: str, **data: object) -> Workspace:
    """Put a model into production that was trained before the change."""
    given = {"key": ["ts", "shop"], "target": "sales", "target_unit": "EUR", "numerical": ["warmth"],
             "categorical": ["shop"], "segments": ["shop"], **data}  # fmt: skip
    root.mkdir()
    make_sales(change).to_csv(root / "rows.csv", index=False)
    space = Workspace.create(root, source={"kind": "files", "path": str(root / "rows.csv")}, data=given)
    return after(space, -1).promote(first=True)


def after(space: Workspace, weeks: int) -> Workspace:
    """Run the pipeline when the change is so many weeks old."""
    return space.set(source={"until": str((CHANGE + pd.Timedelta(weeks=weeks)).date())}).run()


def shown(space: Workspace) -> str:
    return screen(space.decision, space.report)


def test_pipeline__a_shop_that_opened_is_a_reason_to_retrain_after_eight_weeks(tmp_path: Path) -> None:
    space = after(begin(tmp_path / "w", "shop"), 1)
    text = "shop has a new category in 56 of 224 rows, since 20 May 2024 (normal from 15 Jul 2024, if it stays beside the known ones), "
    assert [one.text for one in space.decision.findings] == [f"{text}most often 'north' (25.0 % of the rows)"]
    assert space.decision.with_faults is None  # its first labels come a week later

    after(space, 4)
    found = space.decision
    assert (found.status, found.error and found.error.estimate < 10) == ("data fault", True)
    assert found.with_faults
    assert (found.with_faults.steps, found.with_faults.error.estimate > 100) == (3, True)
    assert "EUR with 3 weeks of faulty data, 13 May to 9 Jun 2024" in shown(space)
    assert "CANDIDATE: kept back while the data is faulty" in shown(space)

    after(space, 7)
    assert "not measured on sound data" in shown(space)
    assert "EUR on faulty data alone, 3 Jun to 30 Jun 2024" in shown(space)

    after(space, 8)
    found = space.decision
    assert (found.status, found.findings, found.with_faults) == ("outdated", (), None)
    assert found.error
    assert found.error.estimate > 100
    assert "shop holds 'north' since 20 May 2024 (25 % of the rows): production has never seen it" in found.reasons
    assert (space.report.verdict.outcome, space.report.verdict.faults) == ("promote", ())

    space.promote().run()
    assert (space.decision.status, space.decision.reasons) == (
        "healthy",
        ("no labels yet that production has not seen",),
    )
    assert space.json(QUALITY)["lasting"] == []


@pytest.mark.parametrize("change", ["unit", "renamed", pytest.param("stuck", marks=pytest.mark.extended)])
def test_pipeline__broken_data_is_a_fault_however_long_it_lasts(tmp_path: Path, change: str) -> None:
    space = after(begin(tmp_path / "w", change), 14)
    assert space.decision.status == "data fault"
    assert space.report.verdict.outcome == "keep production"
    assert space.report.verdict.faults
    assert space.decision.with_faults
    assert "EUR on faulty data alone" in shown(space)


@pytest.mark.extended
def test_pipeline__a_private_name_is_not_told(tmp_path: Path) -> None:
    space = after(begin(tmp_path / "w", "shop", private=["shop"], segments=[]), 8)
    assert space.decision.status == "outdated"
    said = "shop holds a new name since 20 May 2024 (25 % of the rows): production has never seen it"
    assert said in space.decision.reasons
    assert "north" not in space.decision.model_dump_json() + str(space.json(QUALITY))


@pytest.mark.extended
@pytest.mark.parametrize("change", ["shop", "unit"])
def test_pipeline__what_was_accepted_is_no_fault_any_more(tmp_path: Path, change: str) -> None:
    """Without a wait of eight weeks, without another model, and undone with the entry."""
    space = after(begin(tmp_path / "w", change), 4)
    before = space.decision
    assert (before.status, before.with_faults is None) == ("data fault", False)
    found = acceptance(before, load_params(space.root / "params.yaml").data)
    entries = [each.model_dump(mode="json", exclude_defaults=True) for each in found.entries]
    value = {"categories": ["north"]} if change == "shop" else {"range": found.entries[0].range}
    assert entries == [{"column": "shop" if change == "shop" else "warmth", "since": "2024-05-20", **value}]

    space.set(data={"accepted": entries}).run()
    now = space.decision
    assert (now.findings, now.alarms, now.with_faults) == ((), (), None)
    assert now.status in {"degraded", "outdated"}  # it was a large change, and now the model is judged on it
    said = "shop holds 'north' since 20 May 2024 (25 % of the rows): production has never seen it"
    assert (said if change == "shop" else "was accepted as normal since 20 May 2024") in " ".join(now.reasons)
    assert acceptance(now, load_params(space.root / "params.yaml").data).entries == ()

    space.set(data={"accepted": []}).run()
    assert space.decision == before

"""The stage `alarms` is the one place that finds data alarms; monitor and evaluate believe what it wrote."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from architecture import closure

from driftloop.core.columns import STEP
from driftloop.core.judging.data_alarms import Alarms
from driftloop.errors import LoopError
from driftloop.store.files import ALARMS, REFITS, read_value, write_json

if TYPE_CHECKING:
    from workspace import Workspace

ALARM: dict[str, Any] = {
    "kind": "fault", "column": "humidity", "statistic": "null", "since": "2024-06-05", "found": "2024-06-06",
    "until": None, "now": 0.3, "usual": 0.0, "years": 10.0, "number": True, "rows": 168,
}  # fmt: skip
SAID = (
    "humidity is missing in 30 % of the rows, usual are 0 %, since 5 Jun 2024; "
    "a week like that was expected less than once in 10 years"
)


def broken_between(space: Workspace, since: str, until: str) -> None:
    """Let the temperature stand still, for so long."""
    path = space.root / "rows.csv"
    rows = pd.read_csv(path)
    rows.loc[(rows["ts"] >= since) & (rows["ts"] < until), "temperature"] = 11.5
    rows.to_csv(path, index=False)


def test_alarms__are_found_by_one_stage() -> None:
    stages = ("collect", "prepare", "refit", "alarms", "monitor", "train", "evaluate")
    finding = [name for name in stages if "driftloop.core.alarms.find" in closure(f"driftloop.stages.{name}")]
    assert finding == ["alarms"]
    assert "driftloop.core.alarms.find" not in closure("driftloop.report.evidently.page")


@pytest.mark.extended
def test_monitor_and_evaluate__believe_what_the_stage_wrote(healthy: Workspace) -> None:
    found = healthy.json(ALARMS)
    assert (found["history"]["alarms"], found["faulty_steps"]) == ([], [])
    edited = {**found["history"], "alarms": [ALARM]}
    write_json(healthy.root / ALARMS, {"history": edited, "faulty_steps": ["2024-05-27"]})
    healthy.run("monitor", "evaluate")
    assert [alarm.text for alarm in healthy.decision.alarms] == [SAID]
    assert healthy.decision.status == "data fault"
    assert healthy.report.verdict.faults == (SAID, "data fault in the judged step from 27 May 2024")


def test_alarms__are_read_as_they_were_written(healthy: Workspace) -> None:
    before = (healthy.root / ALARMS).read_bytes()
    write_json(healthy.root / ALARMS, read_value(healthy.root / ALARMS, Alarms).model_dump(mode="json"))
    assert (healthy.root / ALARMS).read_bytes() == before


def test_faulty_steps__are_those_of_the_refits(healthy: Workspace) -> None:
    broken_between(healthy, "2024-05-20", "2024-05-27")
    healthy.run()
    assert healthy.json(ALARMS)["faulty_steps"] == ["2024-05-20"]
    assert date(2024, 5, 20) in set(pd.read_parquet(healthy.root / REFITS)[STEP])
    assert "data fault in the judged step from 20 May 2024" in healthy.report.verdict.faults


def test_faulty_steps__of_a_holdout_begin_on_its_own_days(healthy: Workspace) -> None:
    """Data that ends a day later moves the holdout by a day, and not the steps since production's training."""
    broken_between(healthy, "2024-05-21", "2024-05-28")
    healthy.set(source={"until": "2024-06-18T00:00Z"}, monitor={"refit": False}).run()
    assert healthy.json(ALARMS)["faulty_steps"] == ["2024-05-20", "2024-05-21", "2024-05-27"]
    # The newest days are also too warm for the rules: they lie beyond what half a year has shown.
    steps = [fault for fault in healthy.report.verdict.faults if "judged step" in fault]
    assert steps == ["data fault in the judged step from 21 May 2024"]


@pytest.mark.parametrize("stage", ["monitor", "evaluate"])
def test_alarms__that_another_version_wrote_are_refused_in_one_line(healthy: Workspace, stage: str) -> None:
    write_json(healthy.root / ALARMS, {"history": {}, "faulty_steps": []})
    with pytest.raises(LoopError, match=r"alarms\.json: not .* of this version of driftloop; run `dvc repro`$"):
        healthy.run(stage)

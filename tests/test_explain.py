"""Which decision is explained: that of the working tree, or a record, found by what people know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from decisions import make_decision
from factories import make_params

from driftloop import explain, records
from driftloop.errors import LoopError
from driftloop.records import Record
from driftloop.store import files
from driftloop.store.files import write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

NO_GIT: Any = None


def make_record(name: str, **over: Any) -> Record:
    given = {
        "format": 2,
        "kind": "monitor",
        "outcome": "ok",
        "time": "2025-04-14T05:00:00+00:00",
        "run": {"id": name.split("-")[1]},
        "revision": "c" * 40,
        "decision": make_decision().model_dump(mode="json"),
        "verdict": None,
    }
    return Record(f"records/2025-04-14/{name}.json", given | over)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """What is on the branch; `test_records` reads it from a real one."""
    found = [
        make_record("monitor-7-1"),
        make_record("monitor-8-1", time="2025-04-15T05:00:00+00:00", revision="d" * 40),
        make_record("monitor-9-1", time="2025-04-16T05:00:00+00:00", decision=None, outcome="failed"),
    ]
    monkeypatch.setattr(records, "listed", lambda _: found)
    return found


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("7", "monitor-7-1"),
        ("monitor-8", "monitor-8-1"),
        ("records/2025-04-14/monitor-8-1.json", "monitor-8-1"),
        ("2025-04-15", "monitor-8-1"),
        ("dddddd", "monitor-8-1"),
        (None, "monitor-8-1"),
    ],
)
def test_subject__finds_a_record_by_what_people_know_of_it(
    tmp_path: Path, known: list[Record], run: str | None, name: str
) -> None:
    assert known
    found = explain.subject(tmp_path, NO_GIT, run)
    assert found.text.startswith(f"{name} · ")
    assert "RULE 4 of 7 decides" in found.text


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("2025-04", "which is 2 of them; the newest are monitor-7-1, monitor-8-1"),
        ("", "none of them"),
        ("12", "which is none of them; the newest are monitor-7-1, monitor-8-1, monitor-9-1"),
        ("9", "monitor-9-1: holds no decision: the run failed"),
    ],
)
def test_subject__that_is_none_or_several_is_one_line(tmp_path: Path, known: list[Record], run: str, said: str) -> None:
    assert known
    with pytest.raises(LoopError, match=said):
        explain.subject(tmp_path, NO_GIT, run)


@pytest.mark.parametrize("broken", [{"decision": {"status": "fine"}}, {"time": "tomorrow"}, {"verdict": {"x": 1}}])
def test_subject__that_somebody_has_forged_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any]
) -> None:
    monkeypatch.setattr(records, "listed", lambda _: [make_record("monitor-7-1", **broken)])
    with pytest.raises(LoopError, match="not a decision or verdict"):
        explain.subject(tmp_path, NO_GIT, "7")


def test_subject__without_a_name_is_the_working_tree(tmp_path: Path) -> None:
    params = make_params(source={"until": "2025-04-14T00:00Z"})
    write_text(tmp_path / "params.yaml", yaml.safe_dump(params.model_dump(mode="json", exclude_unset=True)))
    write_json(tmp_path / files.DECISION, make_decision("degraded").model_dump(mode="json"))
    assert explain.subject(tmp_path, NO_GIT, None).text.startswith(
        "reports/decision.json of this working tree\nbikes v1"
    )

"""What is guessed makes a project whose data is read without a fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import foreign_tables
import pytest
from workspace import Workspace

from driftloop.core.models.card import Card
from driftloop.inspection.look import look
from driftloop.inspection.parameters import parameters
from driftloop.params import parse_params
from driftloop.project import calendar, rendering
from driftloop.project.rendering import Answers
from driftloop.project.requirement import Requirement
from driftloop.store.files import CARD, QUALITY, write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = {"bikes": "cnt", "churn": "churned", "air": "pm2.5", "load": "Last", "machines": "wear", "shops": "sales"}
INPUTS = {
    "bikes": ["temp", "hum", "hr"],
    "churn": ["months"],
    "air": ["wind", "month", "hour"],
    "load": ["Außentemperatur", "hour"],
    "shops": ["price", "weather"],
}


@pytest.mark.parametrize("kind", TARGETS)
def test_parameters__let_the_pipeline_read_the_data_without_a_finding(kind: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = foreign_tables.KINDS[kind](tmp_path / "in")
    found = look(source, lambda _: TARGETS[kind])
    made = parameters(found, path=source, label_delay_days=3)
    time = found.time
    text = calendar.features(time.columns[0], time.form, made.calendar) if made.calendar else None
    answers = Answers(kind, Requirement("", "", ""), values=made.values, comments=made.comments, features=text)
    root = tmp_path / "project"
    for path, content in rendering.render(answers).items():
        if path.startswith(("params", "src")):
            write_text(root / path, content)
    write_json(root / CARD, Card().model_dump(mode="json"))
    params = parse_params((root / "params.yaml").read_text("utf-8"), where="params.yaml")
    if kind in INPUTS:
        assert params.data.numerical == INPUTS[kind]
    Workspace(root).run("collect", "prepare")
    quality = json.loads((root / QUALITY).read_text("utf-8"))
    assert [finding["text"] for finding in quality["findings"]] == []
    counts = json.loads((root / "metrics/data.json").read_text("utf-8"))
    assert (counts["rows"], counts["undated_rows"]) == (found.rows, 0)
    assert counts["labelled_rows"] > 0.8 * found.rows

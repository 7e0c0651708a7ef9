"""Who may ask for a retraining, and what is left when it goes wrong; that it goes right is `test_propose`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import handed
import pytest
from faults import FAULTS

from driftloop import dvc
from driftloop.alerting.labels import Label
from driftloop.errors import LoopError
from driftloop.nothing import Nothing
from driftloop.retraining import train
from driftloop.retraining.train import Refused, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handed import Bench, Made

    from driftloop.githubstub import Fault

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    yield from handed.bench(made, tmp_path)


def test_plan__a_maintainers_label_on_an_alert_counts(bench: Bench) -> None:
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == Request(1, "ann")


def test_plan__another_label_asks_for_nothing(bench: Bench) -> None:
    runtime = bench.event(label={"name": "$(touch x)"})
    assert train.plan(bench.hub, runtime, 1, handed.MODEL) == Nothing("the label '$(touch x)' asks for nothing")


def test_plan__a_label_that_was_taken_off_again_asks_for_nothing(bench: Bench) -> None:
    bench.hub.remove_label(1, Label.RETRAIN)
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == Nothing("#1 does not carry the label retrain-model")


@pytest.mark.parametrize("who", ["eve", "ted", "nobody-at-all"])
def test_plan__a_label_by_somebody_without_write_access_is_refused(bench: Bench, who: str) -> None:
    before = bench.state()
    assert train.plan(bench.hub, bench.event(sender={"login": who}), 1, handed.MODEL) == Refused(
        1,
        f"{who} has no write access, so the label does not count. A maintainer has to take `retrain-model` off and set it "
        "again.",
    )
    assert bench.state() == before


def test_plan__an_issue_that_a_person_opened_asks_for_nothing_with_the_marker_too(bench: Bench) -> None:
    body = bench.repo.issues[1].body or ""
    bench.site.stand.at().create_issue("Alert", body=body, labels=[str(Label.ALERT), str(Label.RETRAIN)])
    assert train.plan(bench.hub, bench.event(issue={"number": 2}), 2, handed.MODEL) == Nothing(
        "#2 is not an alert of small that the loop itself opened, so the label does not count"
    )


def test_plan__an_alert_of_another_model_asks_for_nothing(bench: Bench) -> None:
    action = train.plan(bench.hub, bench.runtime, 1, "other")
    assert isinstance(action, Nothing)
    assert action.reason.startswith("#1 is not an alert of other")


def test_plan__a_closed_alert_is_refused(bench: Bench) -> None:
    bench.repo.issues[1].state = "closed"
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == Refused(
        1, "#1 is closed. Reopen it, then take `retrain-model` off and set it again."
    )


def test_plan__another_issue_than_that_of_the_event_is_refused(bench: Bench) -> None:
    with pytest.raises(LoopError, match="#7: expected the issue of the event, #1"):
        train.plan(bench.hub, bench.runtime, 7, handed.MODEL)


def test_plan__while_a_pull_request_is_open_says_so(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "better")
    action = train.plan(bench.hub, bench.runtime, 1, handed.MODEL)
    assert isinstance(action, Nothing)
    assert "pull request #2 for #1 is open already" in action.reason


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_plan__after_a_fault_at_any_call_is_the_same(bench: Bench, fault: Fault) -> None:
    server, before = bench.site.stand.server, bench.state()
    expected = train.plan(bench.hub, bench.runtime, 1, handed.MODEL)
    asked = len(server.calls)
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == expected
    for place in range(1, len(server.calls) - asked + 1):
        at = len(server.calls) + place
        server.faults.at(at, fault)
        assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == expected
        assert server.calls[at - 1].fault == fault.kind
    assert bench.state() == before


def test_plan__by_hand_goes_by_whom_the_token_writes_as(bench: Bench) -> None:
    runtime = replace(bench.runtime, event_name="", event={})
    action = train.plan(bench.hub, runtime, 1, handed.MODEL)
    assert isinstance(action, Refused)
    assert action.why.startswith("github-actions\\[bot\\] has no write access")


def test_act__leaves_nothing_where_the_pipeline_fails(bench: Bench, tmp_path: Path) -> None:
    def fails(_: Path) -> None:
        msg = "dvc repro: ended with exit code 1"
        raise LoopError(msg)

    with pytest.raises(LoopError, match="dvc repro"):
        train.act(bench.job.root, bench.job, Request(1, "ann"), tmp_path / "out", until="2025-02-10",
                    now=handed.NOW, repro=fails)  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_act__refuses_a_working_tree_with_changes(bench: Bench, tmp_path: Path) -> None:
    (bench.job.root / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(LoopError, match=r"working tree: expected the files of HEAD, got changes in dvc\.yaml"):
        train.act(bench.job.root, bench.job, Request(1, "ann"), tmp_path / "out", until=None, now=handed.NOW)
    assert not (tmp_path / "out").exists()


def test_repro__that_fails_says_so_and_hides_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: 'echo [$GITHUB_TOKEN] > said; exit 3'}}\n")
    with pytest.raises(LoopError, match="dvc repro: ended with exit code"):
        dvc.repro(tmp_path)
    assert (tmp_path / "said").read_text() == "[]\n"


def test_shown__is_data(made: Made) -> None:
    assert json.loads(json.dumps(train.shown(Request(1, "ann")))) == {
        "action": "retrain",
        "issue": 1,
        "asked_by": "ann",
        "keep_fresh": False,
        "approval": None,
    }
    assert "would refresh" in train.worded(Request(1, "ann"), made.root)

"""The verbs, as a person runs them: what is printed, what is written, and how errors end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import typer
from decisions import make_decision, make_finding
from workspace import Workspace

from driftloop.cli import main
from driftloop.core.data.finding import Change, Finding
from driftloop.core.models.card import Card
from driftloop.errors import ModelError
from driftloop.params import Params, load_params
from driftloop.store.files import CANDIDATE, CANDIDATE_CARD, CARD, DECISION, MODEL, VERDICT, write_bytes, write_json
from driftloop.verbs.program import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    Run = Callable[..., "Done"]

VERBS = sorted(
    name for name, command in typer.main.get_group(app).commands.items() if not command.hidden and name != "ci"
)


class Done(NamedTuple):
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def driftloop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `driftloop ARGUMENTS` in a folder; anything but an exit is a bug and comes through."""

    def run(root: Path, *arguments: str) -> Done:
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, "argv", ["driftloop", *arguments])
        monkeypatch.setenv("TERM", "dumb")
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return run


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Map every file to its bytes and the time of its last change."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def rewrite(space: Workspace, path: Path, **over: Any) -> None:
    """Change keys of a JSON file; `outcome` is one of the verdict's."""
    content = space.json(path)
    if "outcome" in over:
        content["verdict"]["outcome"] = over.pop("outcome")
    write_json(space.root / path, {**content, **over})


# The program itself


def test_help__lists_the_verbs_for_people(driftloop: Run, tmp_path: Path) -> None:
    done = driftloop(tmp_path, "--help")
    assert done.code == 0
    assert all(verb in done.out for verb in ("status", "refresh", "promote", "params"))
    assert " stage  " not in done.out


@pytest.mark.parametrize("verb", VERBS)
def test_help__of_each_verb_shows_an_example(driftloop: Run, verb: str, tmp_path: Path) -> None:
    done = driftloop(tmp_path, verb, "--help")
    assert done.code == 0
    assert "Example" in done.out
    assert f"driftloop {verb}" in done.out.replace("\n", " ")


SLOW = {"pandas", "sklearn", "scipy", "ibis", "duckdb", "evidently", "pyarrow", "skops", "dvc", "github"}


def loaded(folder: Path, *args: str) -> set[str]:
    """The packages that a verb has imported when it ends well, in a process of its own."""
    program = (
        "import sys\n"
        "from driftloop.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end\n"
        "print('MODULES', *{name.split('.')[0] for name in sys.modules})\n"
    )
    command = [sys.executable, "-c", program, *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split("MODULES ")[1].split())


def test_help__imports_nothing_slow(tmp_path: Path) -> None:
    assert sorted(loaded(tmp_path, "--help") & (SLOW | {"numpy", "pydantic"})) == []


def test_status__imports_nothing_slow(healthy: Workspace) -> None:
    """It shows what stages have computed, and computes nothing; numpy comes with the values of windows and intervals."""
    assert sorted(loaded(healthy.root, "status") & SLOW) == []


@pytest.mark.parametrize(
    ("stage", "needed"),
    [
        ("collect", {"ibis", "duckdb", "pyarrow"}),
        ("prepare", {"ibis", "duckdb", "pyarrow", "pandas"}),
        ("alarms", {"pyarrow", "pandas"}),
    ],
)
def test_stage__imports_nothing_slow_that_it_does_not_use(healthy: Workspace, stage: str, needed: set[str]) -> None:
    """Each is a process of its own, and on few rows mostly imports."""
    assert sorted(loaded(healthy.root, "stage", stage) & SLOW) == sorted(needed)


def test_unknown_verb__is_named(driftloop: Run, tmp_path: Path) -> None:
    done = driftloop(tmp_path, "retrian")
    assert done.code == 2
    assert "No such command 'retrian'" in done.err


def test_main__maps_an_error_to_one_line(tmp_path: Path) -> None:
    """In a process of its own, as people and DVC run it."""
    program = "from driftloop.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "params"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = "params.yaml: not found; run driftloop in the folder that holds it\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_main__shows_the_traceback_of_a_bug(tmp_path: Path) -> None:
    program = "from driftloop import cli; from driftloop.verbs import project; project.PARAMS = 5; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "params"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "'int' object has no attribute" in done.stderr


def test_main__prints_one_line_also_of_an_error_with_several(
    driftloop: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        msg = "first\n  second"
        raise ModelError(msg)

    monkeypatch.setattr("driftloop.verbs.program.app", fail)
    assert driftloop(tmp_path) == Done(1, "", "first second\n")


def test_stage__that_does_not_exist_is_one_line(driftloop: Run, tmp_path: Path) -> None:
    done = driftloop(tmp_path, "stage", "deploy")
    assert (
        done.err
        == "stage: expected one of collect, prepare, refit, alarms, monitor, train, evaluate, backtest, got 'deploy'\n"
    )
    assert done.code == 1


# status


def test_stage__that_is_interrupted_shows_no_traceback(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path).set(
        source={"kind": "command", "command": "kill -INT $PPID; sleep 60", "since": "2024-01-01"}
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    try:
        done = driftloop(tmp_path, "stage", "collect")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.code, done.err) == (130, "")
    assert not (tmp_path / "data/raw").exists()


def test_status__before_any_run_says_what_to_do(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    assert driftloop(tmp_path, "status") == Done(1, "", "reports/decision.json: not found; run `dvc repro`\n")


def test_status__says_where_to_run(driftloop: Run, tmp_path: Path) -> None:
    said = "params.yaml: not found; run driftloop in the folder that holds it\n"
    assert driftloop(tmp_path, "status") == Done(1, "", said)


def test_status__sees_a_key_that_dvc_does_not(driftloop: Run, healthy: Workspace) -> None:
    healthy.set(train={"sed": 1})
    said = "params.yaml: train.sed: unknown key; did you mean seed?\n"
    assert driftloop(healthy.root, "status") == Done(1, "", said)


def test_status__before_a_merge_is_done_says_what_to_do(driftloop: Run, healthy: Workspace) -> None:
    (healthy.root / "dvc.lock").write_text("<<<<<<< HEAD\n")
    done = driftloop(healthy.root, "status")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        "dvc.lock at line 1: expected a merged file, got a marker of a merge conflict; run `git ch"
    )


def test_status__shows_decision_and_verdict(driftloop: Run, healthy: Workspace) -> None:
    done = driftloop(healthy.root, "status")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("small v1 · rows to 16 Jun 2024, labels to 9 Jun 2024 (UTC)\n\nHEALTHY\n")
    assert "\nCANDIDATE: " in done.out


def test_explain__says_which_rule_decided_and_what_would_have_changed_it(driftloop: Run, healthy: Workspace) -> None:
    done = driftloop(healthy.root, "explain")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("reports/decision.json of this working tree\nsmall v1 · ")
    assert "\nRULE 7 of 7 decides, the first that holds: " in done.out
    assert re.search(
        r"with a cost of waiting of 8\.0 or more instead of \d\.\d normal days of error.*: outdated\n", done.out
    )
    assert "\nGATE: keep production\n" in done.out


def test_status__on_actions_is_on_the_page_of_the_run(
    driftloop: Run, healthy: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(healthy.root / "page.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = driftloop(healthy.root, "status")
    assert (healthy.root / "page.md").read_text("utf-8") == f"```text\n{done.out}```\n\n"
    assert "Next" not in done.out


def test_status__on_actions_obeys_no_word_from_the_data(
    driftloop: Run, healthy: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(healthy.root / "page.md"))
    words = "x\n::error title=owned::y\n```\n@ann ##[error]\u202e\x1b[31m"
    verdict = healthy.json(VERDICT)
    rewrite(healthy, VERDICT, verdict={**verdict["verdict"], "reasons": [words, words[2:]]})
    rewrite(healthy, DECISION, warnings=[words[2:]])
    done = driftloop(healthy.root, "status")
    assert not [line for line in done.out.splitlines() if line.lstrip().startswith("::")]
    assert not [bad for bad in ("##[", "\u202e", "\x1b") if bad in done.out]
    page = (healthy.root / "page.md").read_text("utf-8")
    assert page.startswith("````text\n")
    assert page.count("````") == 2


def test_error__on_actions_is_no_command(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    (tmp_path / "params.yaml").write_text('"::error::\\u202e##[x]": 1\n', encoding="utf-8")
    done = driftloop(tmp_path, "status")
    assert done.code == 1
    assert not [bad for bad in ("##[", "\u202e") if bad in done.err]
    assert not done.err.startswith("::")


def test_site__is_built_beside_the_results(driftloop: Run, healthy: Workspace) -> None:
    before = files(healthy.root)
    assert driftloop(healthy.root, "site") == Done(0, "built _site/index.html: open it in a browser\n", "")
    assert "HEALTHY" in driftloop(healthy.root, "status").out
    assert "is healthy" in (healthy.root / "_site/index.html").read_text("utf-8")
    assert {name: kept for name, kept in files(healthy.root).items() if not name.startswith("_site/")} == before


def test_site__before_any_run_says_what_to_do(driftloop: Run, tmp_path: Path) -> None:
    said = "reports/decision.json: not found; run `dvc repro`\n"
    assert driftloop(tmp_path, "site") == Done(1, "", said)


def test_status__without_a_verdict_shows_the_decision(driftloop: Run, healthy: Workspace) -> None:
    (healthy.root / VERDICT).unlink()
    done = driftloop(healthy.root, "status")
    assert done.code == 0
    assert "CANDIDATE" not in done.out


@pytest.mark.parametrize(("path", "kind"), [(DECISION, "decision"), (VERDICT, "report")])
def test_status__of_files_of_another_version_is_one_line(
    driftloop: Run, healthy: Workspace, path: Path, kind: str
) -> None:
    rewrite(healthy, path, stranger=1)
    said = f"{path}: not a {kind} of this version of driftloop; run `dvc repro`\n"
    assert driftloop(healthy.root, "status") == Done(1, "", said)


# params


def test_params__shows_everything_with_defaults(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    done = driftloop(tmp_path, "params")
    assert done.code == 0
    assert json.loads(done.out) == load_params(tmp_path / "params.yaml").model_dump(mode="json")
    assert json.loads(done.out)["monitor"]["alert_at_days"] == 8


def test_params__prints_the_schema_anywhere(driftloop: Run, tmp_path: Path) -> None:
    done = driftloop(tmp_path, "params", "--schema")
    assert done.code == 0
    assert json.loads(done.out) == Params.model_json_schema()


def test_params__says_what_is_wrong(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path, monitor={"policy": "gut"})
    said = 'params.yaml: monitor.policy: expected avoidable_loss, loss, evidently or calendar, got "gut"\n'
    assert driftloop(tmp_path, "params") == Done(1, "", said)


# refresh


def test_refresh__moves_on_and_says_what_is_next(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path, source={"fingerprint": None})
    done = driftloop(tmp_path, "refresh")
    assert done.out.splitlines() == [
        "source.until: 2024-05-06T00:00Z → 2024-05-13T00:00Z",
        "source.fingerprint: changed",
        "Next: dvc repro",
    ]
    again = driftloop(tmp_path, "refresh", "--until", "2024-05-13")
    assert again.out.splitlines()[:2] == ["source.until: unchanged", "source.fingerprint: unchanged"]


def test_approve__writes_the_end_of_the_approval(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    done = driftloop(tmp_path, "approve", "--weeks", "2")
    assert done.out.splitlines()[0] == "retrain.standing_until: 2024-05-20"
    assert load_params(tmp_path / "params.yaml").retrain.standing_until == date(2024, 5, 20)
    assert driftloop(tmp_path, "approve", "--until", "2024-06-01").out.startswith(
        "retrain.standing_until: 2024-06-01\n"
    )
    said = "--until: expected a day after the end of the data, 2024-05-06, got 2024-05-06\n"
    assert driftloop(tmp_path, "approve", "--until", "2024-05-06") == Done(1, "", said)
    assert load_params(tmp_path / "params.yaml").retrain.standing_until == date(2024, 6, 1)


def test_accept__shows_before_and_after_and_edits_params_alone(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    change = Change(since=date(2024, 4, 29), usual="'dry', 'rain'", categories=("hail",))
    new = Finding(rule="new-category", column="weather", kind="fault", rows=9, of=168, text="new", change=change)
    decision = make_decision("data fault", findings=(new, make_finding()), model="small", until=date(2024, 5, 6))
    write_json(tmp_path / DECISION, decision.model_dump(mode="json"))
    before = files(tmp_path)
    done = driftloop(tmp_path, "accept", "--dry-run")
    assert done.out.splitlines() == [
        "column   rule          since        normal before  normal after  rows",
        "weather  new-category  29 Apr 2024  'dry', 'rain'  also 'hail'   9 of 168",
        "stays: x stands still in 168 of 168 rows",
        "data.accepted: would get 1 more",
        "Next: dvc repro, and open a pull request with params.yaml, dvc.lock and metrics",
    ]
    assert files(tmp_path) == before
    assert driftloop(tmp_path, "accept", "humidity").out.startswith("nothing to accept")
    said = "COLUMNS: expected columns of data.numerical or data.categorical, got x\n"
    assert driftloop(tmp_path, "accept", "x") == Done(1, "", said)
    assert "data.accepted: got 1 more" in driftloop(tmp_path, "accept", "weather").out
    (entry,) = load_params(tmp_path / "params.yaml").data.accepted
    assert (entry.column, entry.since, entry.categories) == ("weather", date(2024, 4, 29), ["hail"])
    assert "nothing to accept" in driftloop(tmp_path, "accept").out


def test_refresh__says_what_a_date_looks_like_and_touches_nothing(driftloop: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path, source={"fingerprint": None})
    before = files(tmp_path)
    said = "--until: expected a date such as 2025-03-31, or now, got 'soon'\n"
    assert driftloop(tmp_path, "refresh", "--until", "soon") == Done(1, "", said)
    assert files(tmp_path) == before


# promote


def better(space: Workspace) -> Workspace:
    """Let the gate have said *promote*."""
    rewrite(space, VERDICT, outcome="promote")
    return space


def test_promote__makes_the_candidate_production(driftloop: Run, healthy: Workspace) -> None:
    done = driftloop(better(healthy).root, "promote")
    card = healthy.json(CARD)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        f"promoted small to v2 (verdict: promote; trained on {card['rows']:,} rows, 1 Jan to 9 Jun 2024)\n"
    )
    assert (healthy.root / MODEL).read_bytes() == (healthy.root / CANDIDATE).read_bytes()
    assert card["version"] == 2
    assert card["normal_error"] == healthy.json(VERDICT)["normal_error"]
    assert {name: card[name] for name in ("sha256", "trained", "recipe")} == {
        name: healthy.json(CANDIDATE_CARD)[name] for name in ("sha256", "trained", "recipe")
    }


def test_promote__against_the_verdict_needs_force(driftloop: Run, healthy: Workspace) -> None:
    rewrite(healthy, VERDICT, outcome="keep production")
    before = files(healthy.root)
    refused = driftloop(healthy.root, "promote")
    reason = healthy.json(VERDICT)["verdict"]["reasons"][0]
    assert refused == Done(1, "", f"verdict: keep production: {reason}; --force promotes all the same\n")
    assert files(healthy.root) == before
    assert driftloop(healthy.root, "promote", "--force").out.startswith(
        "promoted small to v2 (verdict: keep production; "
    )
    assert healthy.json(CARD)["version"] == 2


@pytest.mark.parametrize("outcome", ["keep production", "not comparable yet", "not enough data"])
def test_promote__refuses_every_other_verdict(driftloop: Run, healthy: Workspace, outcome: str) -> None:
    rewrite(healthy, VERDICT, outcome=outcome)
    assert driftloop(healthy.root, "promote").err.startswith(f"verdict: {outcome}: ")


def test_promote__dry_run_touches_nothing(driftloop: Run, healthy: Workspace) -> None:
    before = files(better(healthy).root)
    done = driftloop(healthy.root, "promote", "--dry-run")
    assert done.code == 0
    assert done.out.startswith("would promote small to v2 (verdict: promote; ")
    assert files(healthy.root) == before


def test_promote__dry_run_refuses_as_the_real_one_does(driftloop: Run, healthy: Workspace) -> None:
    rewrite(healthy, VERDICT, outcome="keep production")
    assert driftloop(healthy.root, "promote", "--dry-run") == driftloop(healthy.root, "promote")


def without_production(space: Workspace) -> Workspace:
    write_json(space.root / CARD, Card().model_dump(mode="json"))
    (space.root / MODEL).unlink()
    rewrite(space, VERDICT, outcome="not comparable yet", production_version=0)
    return space


def test_promote__without_production_asks_for_first(driftloop: Run, healthy: Workspace) -> None:
    without_production(healthy)
    said = "there is no production model to compare with: `driftloop promote --first` makes this one version 1\n"
    assert driftloop(healthy.root, "promote") == Done(1, "", said)
    assert driftloop(healthy.root, "promote", "--force") == Done(1, "", said)
    done = driftloop(healthy.root, "promote", "--first")
    assert done.out.startswith("promoted small to v1 (verdict: not comparable yet; ")
    assert healthy.json(CARD)["version"] == 1


def test_promote__first_is_for_the_first_alone(driftloop: Run, healthy: Workspace) -> None:
    said = "--first: expected no production model, got v1; leave the option out\n"
    assert driftloop(better(healthy).root, "promote", "--first") == Done(1, "", said)


def test_promote__refuses_a_verdict_about_another_candidate(driftloop: Run, healthy: Workspace) -> None:
    rewrite(better(healthy), VERDICT, candidate_sha256="0" * 64)
    said = "reports/verdict.json: it is about another candidate than models/candidate.skops; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote", "--force") == Done(1, "", said)


def test_promote__refuses_a_candidate_that_was_changed(driftloop: Run, healthy: Workspace) -> None:
    write_bytes(better(healthy).root / CANDIDATE, b"another")
    said = "reports/verdict.json: it is about another candidate than models/candidate.skops; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote") == Done(1, "", said)


def test_promote__refuses_a_verdict_about_another_production(driftloop: Run, healthy: Workspace) -> None:
    rewrite(better(healthy), VERDICT, production_version=7)
    said = "reports/verdict.json: it compares with v7, production is v1; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote") == Done(1, "", said)


def test_promote__twice_wants_a_run_between(driftloop: Run, healthy: Workspace) -> None:
    assert driftloop(better(healthy).root, "promote").code == 0
    said = "reports/verdict.json: it compares with v1, production is v2; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote") == Done(1, "", said)


@pytest.mark.parametrize(
    ("over", "what"),
    [
        ({"train": {"seed": 1}}, "the recipe (train, data, windows.train_days)"),
        ({"data": {"numerical": ["hour"]}}, "the recipe (train, data, windows.train_days)"),
        ({"source": {"until": "2024-06-18T00:00Z"}}, "source.until"),
        ({"evaluate": {"min_gain": 0.5}}, "evaluate"),
    ],
)
def test_promote__refuses_a_verdict_older_than_the_parameters(
    driftloop: Run, healthy: Workspace, over: dict[str, Any], what: str
) -> None:
    better(healthy).set(**over)
    said = f"reports/verdict.json: {what} has changed since it was made; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote", "--force") == Done(1, "", said)


def test_promote__refuses_a_candidate_for_another_model(driftloop: Run, healthy: Workspace) -> None:
    without_production(healthy).set(model="another")
    said = "reports/verdict.json: model has changed since it was made; run `dvc repro`\n"
    assert driftloop(healthy.root, "promote", "--first") == Done(1, "", said)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (VERDICT, "reports/verdict.json: not found; run `dvc repro`\n"),
        (CANDIDATE_CARD, "models/candidate.json: not found; run `dvc repro`\n"),
        (CANDIDATE, "models/candidate.skops: not found; run `dvc repro`\n"),
        (
            CARD,
            "models/production/card.json: not found; restore it with `git checkout -- models/production/card.json`\n",
        ),
    ],
)
def test_promote__says_what_is_missing(driftloop: Run, healthy: Workspace, path: Path, said: str) -> None:
    (better(healthy).root / path).unlink()
    assert driftloop(healthy.root, "promote") == Done(1, "", said)


def test_promote__without_a_candidate_says_why_there_is_none(driftloop: Run, healthy: Workspace) -> None:
    write_json(healthy.root / CANDIDATE_CARD, {"untrainable": "there are no labelled rows to train on"})
    rewrite(healthy, VERDICT, candidate_sha256=None, outcome="not enough data")
    reason = healthy.json(VERDICT)["verdict"]["reasons"][0]
    said = f"models/candidate.skops: there is no candidate: {reason}\n"
    assert driftloop(healthy.root, "promote") == Done(1, "", said)


def test_promote__that_was_interrupted_is_refused_when_read_and_mended_by_another(
    driftloop: Run, healthy: Workspace
) -> None:
    """The model is written before the card that names it."""
    write_bytes(better(healthy).root / MODEL, (healthy.root / CANDIDATE).read_bytes())
    done = driftloop(healthy.root, "stage", "monitor")
    assert done.code == 1
    assert done.err.startswith("models/production/model.skops: expected SHA-256 ")
    assert done.err.endswith(": not the file its card names; restore both from Git\n")
    assert driftloop(healthy.root, "promote").code == 0
    assert healthy.run("prepare", "refit", "alarms", "monitor").json(DECISION)["version"] == 2


# backtest


def test_backtest__says_first_what_you_would_have_been_told(driftloop: Run, tmp_path: Path, calm: pd.DataFrame) -> None:
    calm.to_csv(tmp_path / "rows.csv", index=False)
    source = {"kind": "files", "path": str(tmp_path / "rows.csv"), "until": "2024-07-01T00:00Z"}
    space = Workspace.create(tmp_path, source=source)
    done = driftloop(tmp_path, "backtest", "--quick", "--first-days", "84", "--jobs", "1")
    assert done.code == 0
    told, compared = done.out.index("\nIn 3 months: "), done.out.index("above always")
    assert done.out.index("what you would have been told") < told < compared
    assert space.json("reports/replay.json")["told"][0]["headline"] in done.out[:told]
    assert "\x1b" not in done.out + done.err

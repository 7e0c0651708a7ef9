"""`driftloop ci …` as a workflow runs it: the environment of Actions, exit codes, and what a dry run leaves alone."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import program
import pytest
import typer
import yaml
from adapter import EVERYTHING, Site
from decisions import make_decision
from factories import make_params
from hub import NAME, make_hub
from program import Done

from driftloop import ci
from driftloop.core.dates import day
from driftloop.core.models.card import Card
from driftloop.githubstub import GitHubServer
from driftloop.store import files
from driftloop.store.files import write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from driftloop.githubstub import Token

    Run = Callable[..., Done]

VERBS = {
    "watch": [],
    "ping": [],
    "doctor": [],
    "alert": [],
    "record": [],
    "keep-fresh": [],
    "pr-comment": ["--pull", "1"],
    "pages": [],
    "release": [],
    "failed": ["--issue", "2"],
    "refused": ["--issue", "1"],
    "snooze": ["--issue", "1"],
    "accept": ["--issue", "1"],
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(make_hub(tmp_path, GitHubServer))
    with found.stand.server:
        yield found
        for api in found.stand.open:
            api.close()
    assert found.stand.server.violations == []


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The job summary."""
    return tmp_path / "summary.md"


@pytest.fixture
def driftloop(site: Site, page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `driftloop ARGUMENTS` in the clone, as a job of Actions."""

    def run(*arguments: str, token: Token | None = None, **env: str) -> Done:
        token = token or site.stand.world.actions_token(site.repo, **EVERYTHING)
        given = {
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_API_URL": site.stand.server.url,
            "GITHUB_TOKEN": token.value,
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_STEP_SUMMARY": str(page),
        }
        done = program.run(monkeypatch, capsys, site.stand.clone.root, *arguments, **given | env)
        assert token.value not in f"{done}{page.read_text(encoding='utf-8') if page.exists() else ''}"
        return done

    return run


@pytest.fixture
def clone(site: Site) -> Path:
    """A clone after `dvc repro monitor`, by hand, with a pull request open."""
    root = site.stand.clone.root
    site.stand.clone.push("topic", **{"b.txt": "x"})
    site.stand.at().create_pull(base="main", head="topic", title="Change", body="")
    params = make_params(source={"until": "2025-04-14T00:00Z"}).model_dump(mode="json", exclude_unset=True)
    write_text(root / "params.yaml", yaml.safe_dump(params))
    write_text(root / files.CARD, Card().model_dump_json())
    site.stand.clone.run("add", "models")
    site.stand.clone.run("commit", "--quiet", "-m", "card")
    decide(root)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=root, check=True)
    return root


def decide(root: Path, status: str = "outdated", **over: Any) -> None:
    write_json(root / files.DECISION, make_decision(status, **over).model_dump(mode="json"))


def state(site: Site) -> Any:
    repo = site.repo
    return (
        [(each.title, each.body, each.state) for each in repo.issues.values()],
        [(each.number, each.body) for each in repo.comments.values()],
        sorted(repo.labels),
        repo.git.refs(),
    )


def test_verbs__are_those_that_are_tested() -> None:
    assert set(VERBS) <= set(typer.main.get_group(ci.app).commands)


def test_alert__tells_and_sums_up(driftloop: Run, site: Site, clone: Path, page: Path) -> None:
    assert driftloop("ci", "alert", "--dashboard", "https://acme.github.io/bikes/") == Done(0, "opened #2\n", "")
    body = site.repo.issues[2].body or ""
    head = site.stand.clone.run("rev-parse", "--short=12", "HEAD")
    assert f"\ngit checkout {head}\ndriftloop refresh --until 2025-04-14\n" in body
    assert "[Dashboard](https://acme.github.io/bikes/#error)" in body
    assert f"[Run that measured this](https://github.com/{NAME}/actions/runs/77)" in body
    decide(clone, "healthy")
    assert driftloop("ci", "alert") == Done(0, "closed #2\n", "")
    assert driftloop("ci", "alert").out == "did nothing: there is nothing to tell\n"
    first, second, third = page.read_text(encoding="utf-8").strip().split("\n\n")
    assert first.startswith("**bikes v1 is outdated: retraining would have paid.** Keeping production has cost")
    assert first.endswith(f" Data to 13 Apr 2025. Opened [#2](https://github.com/{NAME}/issues/2).")
    assert second.startswith("**bikes v1 is healthy.** ")
    assert third.endswith(" Did nothing: there is nothing to tell.")


def test_alert__says_which_permission_is_missing(driftloop: Run, site: Site, clone: Path, page: Path) -> None:
    assert clone
    before = state(site)
    done = driftloop("ci", "alert", token=site.stand.actions(contents="write"))
    assert (done.code, done.out) == (1, "")
    assert "the token lacks a permission: expected issues: write" in done.err
    assert done.err.count("\n") == 1
    assert state(site) == before
    assert page.read_text(encoding="utf-8") == f"**Failed:**\n\n    {done.err}\n"


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["alert"], {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: not set"),
        (["alert", "--dashboard", "javascript:x"], {}, "--dashboard: expected an https:// address, got"),
        (
            ["record", "--kind", "../x"],
            {},
            "--kind: expected one of monitor, retrain, propose, promote, rollback, got '../x'",
        ),
    ],
)
def test_ci__says_in_one_line_what_is_wrong(
    driftloop: Run, clone: Path, arguments: list[str], env: dict[str, str], said: str
) -> None:
    assert clone
    done = driftloop("ci", *arguments, **env)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(said)
    assert done.err.count("\n") == 1


def test_alert__without_a_decision_says_so(driftloop: Run, clone: Path) -> None:
    (clone / files.DECISION).unlink()
    assert driftloop("ci", "alert") == Done(1, "", "reports/decision.json: not found; run `dvc repro`\n")


@pytest.mark.parametrize("over", [{"model": "old-bikes"}, {"until": date(2025, 4, 7)}], ids=str)
def test_alert__refuses_what_an_earlier_run_left(driftloop: Run, site: Site, clone: Path, over: dict[str, Any]) -> None:
    driftloop("ci", "alert")
    decide(clone, "healthy", **over)
    before = state(site)
    done = driftloop("ci", "alert")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        "reports/decision.json: expected one about bikes with data until 2025-04-14, as params.yaml"
    )
    assert done.err.endswith("; run `dvc repro monitor`\n")
    assert done.err.count("\n") == 1
    assert state(site) == before


def test_alert__stays_done_where_the_summary_cannot_be_written(driftloop: Run, site: Site, clone: Path) -> None:
    done = driftloop("ci", "alert", GITHUB_STEP_SUMMARY=str(clone))
    assert done == Done(0, "opened #2\n", "GITHUB_STEP_SUMMARY: cannot be written: Is a directory\n")
    assert 2 in site.repo.issues


def test_record__puts_a_record_on_the_branch(driftloop: Run, site: Site, clone: Path) -> None:
    path = "records/2025-04-14/monitor-77-2.json"
    assert driftloop("ci", "record") == Done(0, f"recorded: {path} on the branch driftloop\n", "")
    (clone / files.DECISION).unlink()
    assert driftloop("ci", "record", "--kind", "retrain").code == 1
    assert driftloop("ci", "record", "--kind", "retrain", "--failed").code == 0
    listed = site.repo.git.run("ls-tree", "-r", "--name-only", "driftloop").split()
    assert listed == [path, "records/2025-04-14/retrain-77-2.json"]
    content = json.loads(site.repo.git.run("show", f"driftloop:{path}"))
    head = site.stand.clone.run("rev-parse", "HEAD")
    assert content["revision"] == head
    assert content["links"] == {
        "run": f"https://github.com/{NAME}/actions/runs/77",
        "commit": f"https://github.com/{NAME}/commit/{head}",
    }


def test_record__links_to_the_alert_that_was_told_and_to_the_pull_request(
    driftloop: Run, site: Site, clone: Path
) -> None:
    outputs = clone.parent / "outputs"
    assert driftloop("ci", "alert", GITHUB_OUTPUT=str(outputs)).out == "opened #2\n"
    assert outputs.read_text("utf-8") == "issue=2\n"
    driftloop("ci", "alert", GITHUB_OUTPUT=str(outputs))
    assert outputs.read_text("utf-8") == "issue=2\n" * 2  # it says so already
    assert driftloop("ci", "record", DRIFTLOOP_ISSUE="2", DRIFTLOOP_PULL="").code == 0
    assert driftloop("ci", "record", "--kind", "retrain", "--issue", "2", "--pull", "3").code == 0
    watched, retrained = (
        json.loads(site.repo.git.run("show", f"driftloop:records/2025-04-14/{kind}-77-2.json"))["links"]
        for kind in ("monitor", "retrain")
    )
    assert watched["issue"] == f"https://github.com/{NAME}/issues/2"
    assert "pull request" not in watched
    assert retrained["pull request"] == f"https://github.com/{NAME}/pull/3"


@pytest.mark.parametrize(("event", "by"), [("issues", "ann"), ("push", "ann"), ("schedule", "")])
def test_record__says_who_started_the_run(driftloop: Run, site: Site, clone: Path, event: str, by: str) -> None:
    payload = clone.parent / "payload.json"
    payload.write_text(json.dumps({"sender": {"login": "ann"}}), encoding="utf-8")
    assert driftloop("ci", "record", GITHUB_EVENT_NAME=event, GITHUB_EVENT_PATH=str(payload)).code == 0
    assert json.loads(site.repo.git.run("show", "driftloop:records/2025-04-14/monitor-77-2.json"))["by"] == by


def test_alert__tells_no_issue_where_there_is_nothing_to_tell(driftloop: Run, clone: Path) -> None:
    outputs = clone.parent / "outputs"
    decide(clone, "healthy")
    assert driftloop("ci", "alert", GITHUB_OUTPUT=str(outputs)).code == 0
    assert outputs.read_text("utf-8") == "issue=\n"


def test_pr_comment__tells_or_sums_up_where_it_may_not(driftloop: Run, site: Site, clone: Path, page: Path) -> None:
    assert clone
    poor = site.stand.actions(contents="read", issues="read", pull_requests="read")
    done = driftloop("ci", "pr-comment", "--pull", "1", token=poor)
    assert done.code == 0
    assert done.out.startswith("no comment on #1: ")
    assert "**Metrics and parameters**, main (" in page.read_text(encoding="utf-8")
    assert site.repo.comments == {}
    assert driftloop("ci", "pr-comment", "--pull", "1").out.startswith("commented on #1: http")
    assert len(site.repo.comments) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_ci__dry_run_says_it_and_touches_nothing(
    driftloop: Run, site: Site, clone: Path, page: Path, verb: str
) -> None:
    before, status = state(site), site.stand.clone.run("status", "--porcelain")
    site.stand.server.calls.clear()
    done = driftloop("ci", verb, *VERBS[verb], "--dry-run")
    assert done.code == 0
    assert json.loads(done.out)
    assert done.err.startswith("would ")
    assert {call.method for call in site.stand.server.calls} <= {"GET"}
    assert state(site) == before
    assert site.stand.clone.run("status", "--porcelain") == status
    assert page.read_text(encoding="utf-8") == f"{done.err}\n"
    assert clone.exists()


@pytest.mark.parametrize(
    ("private", "pages", "said"), [(False, True, "true"), (True, True, "false"), (False, False, "false")]
)
def test_pages__tells_the_next_steps(
    driftloop: Run, site: Site, clone: Path, page: Path, tmp_path: Path, *, private: bool, pages: bool, said: str
) -> None:
    assert clone
    site.repo.private, site.repo.pages = private, {"build_type": "workflow"} if pages else None
    poor = site.stand.actions(contents="read")
    done = driftloop("ci", "pages", token=poor, GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done == Done(0, page.read_text(encoding="utf-8").removesuffix("\n"), "")
    assert (tmp_path / "output").read_text() == f"pages={said}\n"


def test_release__that_is_none_tells_the_next_steps(driftloop: Run, clone: Path, tmp_path: Path) -> None:
    assert clone
    done = driftloop("ci", "release", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done == Done(0, "nothing to release: there is no production model\n", "")
    assert (tmp_path / "output").read_text() == "tag=\n"


def test_alert__reads_options_from_the_environment_where_they_are_set(driftloop: Run, site: Site, clone: Path) -> None:
    """A workflow passes inputs and variables on, which are empty unless somebody gave them."""
    assert clone
    assert driftloop("ci", "alert", DRIFTLOOP_DRY_RUN="true", DRIFTLOOP_DASHBOARD="").code == 0
    assert 2 not in site.repo.issues
    assert driftloop("ci", "alert", DRIFTLOOP_DRY_RUN="", DRIFTLOOP_DASHBOARD="https://acme.io/").code == 0
    assert "[Dashboard](https://acme.io/#error)" in (site.repo.issues[2].body or "")
    assert driftloop("ci", "alert", DRIFTLOOP_DRY_RUN="false").out.startswith("did nothing")


def test_failed__answers_on_the_alert_and_nowhere_else(driftloop: Run, site: Site, clone: Path) -> None:
    assert clone
    assert driftloop("ci", "alert").code == 0
    asked = [driftloop("ci", "failed", "--issue", number).out for number in ("1", "2", "2")]
    assert asked[0] == "nothing to tell: #1 is no open alert of bikes\n"
    assert asked[1] == asked[2] == "commented on #2: the run failed\n"
    (comment,) = site.repo.comments.values()
    assert comment.number == 2
    assert f"[The run](https://github.com/{NAME}/actions/runs/77) says which step failed" in comment.body


def test_code__looks_at_the_merge_of_a_pull_request(driftloop: Run, site: Site, clone: Path, tmp_path: Path) -> None:
    git = site.stand.clone
    output = tmp_path / "output"
    git.run("checkout", "--quiet", "-B", "base")
    git.run("commit", "--quiet", "-m", "what the fixture has staged")

    def changed(*names: str) -> str:
        git.run("checkout", "--quiet", "-B", "side", "base")
        for name in names:
            write_text(clone / name, "1")
        git.run("add", "--force", *names)
        git.run("commit", "--quiet", "-m", "side")
        git.run("checkout", "--quiet", "--detach", "base")
        git.run("merge", "--quiet", "--no-ff", "side")
        output.unlink(missing_ok=True)
        done = driftloop("ci", "code", GITHUB_OUTPUT=str(output))
        assert done.code == 0
        return output.read_text()

    assert changed("dvc.lock", "metrics/plots/a.csv", "models/production/card.json", "params.yaml") == "code=false\n"
    assert changed("dvc.lock", "src/team/features.py") == "code=true\n"
    assert changed("params.schema.json") == "code=true\n"
    git.run("checkout", "--quiet", "base")  # no merge: nothing is known of what changes
    driftloop("ci", "code", GITHUB_OUTPUT=str(output))
    assert output.read_text().endswith("code=true\n")


def test_unchanged__knows_a_run_of_this_commit_data_and_parameters(
    driftloop: Run, site: Site, clone: Path, tmp_path: Path
) -> None:
    def told() -> str:
        output = tmp_path / "output"
        output.unlink(missing_ok=True)
        assert driftloop("ci", "unchanged", GITHUB_OUTPUT=str(output)).code == 0
        return output.read_text()

    assert told() == "unchanged=false\n"
    driftloop("ci", "record", "--failed")
    driftloop("ci", "record", "--kind", "promote")
    assert told() == "unchanged=false\n", "neither has told people how the model is"
    driftloop("ci", "record", GITHUB_RUN_ID="78")
    assert told() == "unchanged=true\n"
    text = (clone / "params.yaml").read_text()
    write_text(clone / "params.yaml", text.replace("2025-04-14", "2025-04-15"))
    assert told() == "unchanged=false\n"
    write_text(clone / "params.yaml", text)
    driftloop("ci", "record", "--failed", GITHUB_RUN_ID="79")
    assert told() == "unchanged=false\n", "a good run is wanted after a failed one"
    driftloop("ci", "record", GITHUB_RUN_ID="80")
    assert told() == "unchanged=true\n"
    site.stand.clone.run("commit", "--quiet", "--allow-empty", "-m", "other code")
    assert told() == "unchanged=false\n"


def test_watch__goes_by_the_records(driftloop: Run, site: Site, clone: Path, page: Path) -> None:
    assert clone
    for number, said in (("77", "did nothing: no two monitoring runs in a row have failed"), ("78", "opened #2")):
        driftloop("ci", "record", "--failed", GITHUB_RUN_ID=number, DRIFTLOOP_FAILED_JOB="measure")
        assert driftloop("ci", "watch") == Done(0, f"{said}\n", "")
    assert f"[#2](https://github.com/{NAME}/issues/2): monitoring itself." in page.read_text("utf-8")
    assert f"[on {day(datetime.now(tz=UTC).date())}" in (site.repo.issues[2].body or "")
    driftloop("ci", "record", GITHUB_RUN_ID="79")
    assert driftloop("ci", "watch").out == "closed #2\n"


def test_ping__calls_the_address_and_never_prints_it(driftloop: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = driftloop("ci", "ping", DRIFTLOOP_PING_URL=f"http://127.0.0.1:{port}/s3cret")
    assert done == Done(0, "the ping failed (ConnectionRefusedError); the run is good all the same\n", "")
    assert driftloop("ci", "ping", DRIFTLOOP_PING_URL="").out.startswith("no ping: ")


def test_lock__says_how_to_mend_it(driftloop: Run, clone: Path, page: Path) -> None:
    write_text(clone / "dvc.yaml", "stages: {double: {cmd: cp in out, deps: [in], outs: [out]}}\n")
    write_text(clone / "in", "1")
    assert driftloop("lock").code == 0
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=clone, check=True)
    (clone / "out").unlink()  # a checkout has no results
    assert driftloop("ci", "lock") == Done(0, "dvc.lock is up to date with this commit\n", "")
    write_text(clone / "in", "2")
    done = driftloop("ci", "lock")
    assert done.code == 1
    assert "stage double would run; run `dvc repro`, and commit dvc.lock" in done.err
    assert done.err in page.read_text(encoding="utf-8")
    write_text(clone / "driftloop.lock", (clone / "driftloop.lock").read_text().replace('"numpy": "', '"numpy": "0.'))
    assert driftloop("ci", "lock").err.startswith("driftloop.lock: not what is installed: numpy 0.")


def test_lock__may_lack_what_was_accepted_and_nothing_else(driftloop: Run, site: Site, clone: Path) -> None:
    def change(name: str, old: str, new: str) -> None:
        write_text(clone / name, (clone / name).read_text("utf-8").replace(old, new))
        site.stand.clone.run("add", ".")
        site.stand.clone.run("commit", "--quiet", "-m", "change")

    pipeline = "stages: {double: {cmd: cp in out, deps: [in], params: [data.accepted, data.key], outs: [out]}}\n"
    write_text(clone / "dvc.yaml", pipeline)
    write_text(clone / "in", "1")
    change("params.yaml", "data:\n", "data:\n  accepted: []\n")
    assert driftloop("lock").code == 0
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=clone, check=True)
    change("params.yaml", "accepted: []", 'accepted: [{column: c, since: "2025-04-07", categories: [F]}]')
    said = "dvc.lock is up to date with this commit but for data.accepted, which the next promotion brings in\n"
    assert driftloop("ci", "lock") == Done(0, said, "")
    change("in", "1", "2")
    assert "stage double would run" in driftloop("ci", "lock").err
    change("in", "2", "1")
    change("params.yaml", "key:\n  - ts", "key:\n  - ts\n  - c")
    assert "stage double would run" in driftloop("ci", "lock").err


def test_take__says_what_it_was_given(driftloop: Run, site: Site, clone: Path) -> None:
    write_text(clone / "measured/src/run.py", "x")
    write_text(clone / "dvc.yaml", "stages: {}\n")
    site.stand.clone.run("add", "dvc.yaml")
    site.stand.clone.run("commit", "--quiet", "-m", "pipeline")
    done = driftloop("ci", "take", "--from", "measured")
    assert done == Done(
        1, "", "measured: 'src/run.py' does not belong there: no stage writes it, and the commit has none like it\n"
    )


def test_ci__costs_the_other_verbs_no_time() -> None:
    """Help is shown without what the verbs import."""
    code = (
        "import sys, driftloop.cli; print(*[name for name in ('github', 'pydantic', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# Several models


@pytest.fixture
def two(site: Site) -> Path:
    """A clone with a model at the top and one in a folder, which has an alert."""
    root = site.stand.clone.root
    for folder, model in (("", "small"), ("models-of/churn", "churn")):
        write_text(root / folder / "params.yaml", f"model: {model}\n")
        write_text(root / folder / "dvc.yaml", "stages: {collect: {cmd: driftloop stage collect}}\n")
        write_text(root / folder / ".dvc/config", "")
    site.stand.clone.push("main", "two models")
    site.hub().open_issue("churn", "<!-- driftloop:alert churn -->\n…", [], find=lambda: None)
    site.stand.at().create_issue("pasted", body="<!-- driftloop:alert churn -->")
    site.repo.workflows.append({"id": 5, "name": "Monitor", "path": ".github/workflows/monitor.yml"})
    return root


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (["--issue", "1"], "models-of/churn"),
        (["--issue", "2"], "."),  # not the loop's own: the model at the top refuses it
        (["--folder", "models-of/churn/"], "models-of/churn"),
        ([], "."),
    ],
)
def test_folder__puts_out_where_the_model_is(
    driftloop: Run, two: Path, tmp_path: Path, arguments: list[str], folder: str
) -> None:
    assert two
    done = driftloop("ci", "folder", *arguments, GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.code == 0, done
    assert (tmp_path / "output").read_text("utf-8") == f"folder={folder}\n"


def test_folder__of_no_model_is_refused(driftloop: Run, two: Path) -> None:
    assert two
    done = driftloop("ci", "folder", "--folder", "../other")
    assert (done.code, done.err.splitlines()) == (
        1,
        ["folder: expected one with params.yaml and dvc.yaml, which are ., models-of/churn, got '../other'"],
    )


def test_monitor_all__starts_a_run_for_each_folder(driftloop: Run, two: Path, site: Site) -> None:
    assert two
    before = len(site.stand.world.events)
    assert json.loads(driftloop("ci", "monitor-all", "--dry-run").out) == {"folders": ["models-of/churn"]}
    assert len(site.stand.world.events) == before
    assert driftloop("ci", "monitor-all").out == "started monitor.yml for models-of/churn\n"
    started = [event.payload["inputs"] for event in site.stand.world.events[before:]]
    assert started == [{"folder": "models-of/churn", "only_news": "true"}]

"""`driftloop doctor` and `driftloop setup` in a real clone, on the stand-in for GitHub."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import program
import pytest
import yaml
from decisions import make_decision, make_finding
from factories import make_params

from driftloop.alerting.labels import LOOKS
from driftloop.doctor import hosting
from driftloop.errors import LoopError
from driftloop.report.examination import EXAMINATION
from driftloop.store import files
from driftloop.store.files import write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapter import Site
    from program import Done

    from driftloop.githubstub import Token

    Run = Callable[..., Done]

MONITOR: dict[str, Any] = {"id": 5, "name": "Monitor", "path": ".github/workflows/monitor.yml"}


@pytest.fixture
def clone(site: Site) -> Path:
    """A clone of a project whose workflow is there, and runs."""
    root = site.stand.clone.root
    params = make_params(source={"until": "2025-04-14T00:00Z"}).model_dump(mode="json", exclude_unset=True)
    write_text(root / "params.yaml", yaml.safe_dump(params))
    write_text(root / MONITOR["path"], 'on:\n  schedule:\n    - cron: "23 5 * * *" # every day\n')
    write_text(root / ".gitignore", "reports\n.dvc\n")
    site.stand.clone.push("main")
    now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = {"event": "schedule", "status": "completed", "head_branch": "main", "actor": "ann", "created_at": now}
    site.repo.workflows.append(dict(MONITOR))
    site.repo.runs += [
        {**run, "id": 1, "workflow_id": 5, "path": MONITOR["path"], "head_sha": "a" * 40},
        {**run, "id": 2, "workflow_id": 6, "path": ".github/workflows/ci.yml", "head_sha": "a" * 40},
    ]
    site.repo.pages = {"build_type": "workflow"}
    return root


@pytest.fixture
def driftloop(site: Site, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb as somebody with a token, or with none."""

    def run(*arguments: str, token: Token | None, **env: str) -> Done:
        given = {"GITHUB_REPOSITORY": "acme/bikes", "GITHUB_API_URL": site.stand.server.url, "GITHUB_RUN_ID": "",
                 "GITHUB_TOKEN": token.value if token else "", "COLUMNS": "140"}  # fmt: skip
        done = program.run(monkeypatch, capsys, clone, *arguments, **given | env)
        assert not token or token.value not in f"{done}"
        return done

    return run


def states(done: Done) -> dict[str, str]:
    return {each["check"]: each["state"] for each in json.loads(done.out)}


def test_doctor__reads_everything_as_the_owner_and_writes_nothing(driftloop: Run, site: Site) -> None:
    site.stand.server.calls.clear()
    before = site.repo.git.refs()
    done = driftloop("doctor", "--json", token=site.stand.world.token("acme"))
    found = states(done)
    for check in ("params.yaml", "Git remote", "GitHub", "issues", "Actions", "pull requests", "Pages", "schedule"):
        assert found[check] == "ok", done.out
    assert found["labels"] == "warning"
    assert found["columns"] == "not readable"
    assert {call.method for call in site.stand.server.calls} == {"GET"}
    assert site.repo.git.refs() == before
    assert (done.code, found["driftloop.lock"]) == (0, "not readable"), done.out  # this project has none


def test_doctor__tells_what_stops_the_loop_and_ends_with_1(driftloop: Run, site: Site, clone: Path) -> None:
    site.repo.has_issues, site.repo.actions_on, site.repo.actions_may_propose = False, False, False
    site.repo.workflows[0]["state"] = "disabled_inactivity"
    missing = make_finding("temp", "temp is missing").model_copy(update={"rule": "missing-column"})
    write_json(clone / files.DECISION, make_decision(findings=[missing]).model_dump(mode="json"))
    done = driftloop("doctor", token=site.stand.world.token("acme"))
    assert done.code == 1
    for words in ("Settings → General → Features → Issues", "Settings → Actions → General", "gh workflow enable monitor.yml",
                  "temp is missing", "3 things stop the loop."):  # fmt: skip
        assert words in done.out, done.out


def test_doctor__with_the_token_of_monitor_says_what_it_cannot_read(driftloop: Run, site: Site, clone: Path) -> None:
    token = site.stand.actions(contents="write", issues="write", actions="write")
    done = driftloop("ci", "doctor", token=token)
    assert (done.code, done.err) == (0, "")
    assert "pull requests" in done.out.split("Could not be read: ")[1]
    found = {each["check"]: each["state"] for each in json.loads((clone / EXAMINATION).read_text("utf-8"))["results"]}
    assert (found["Actions"], found["schedule"], found["pull requests"]) == ("ok", "ok", "not readable")
    assert "uncommitted changes" not in found
    (clone / EXAMINATION).unlink()
    assert "would say" in driftloop("ci", "doctor", "--dry-run", token=token).err
    assert not (clone / EXAMINATION).exists()


def test_doctor__without_a_token_or_a_network_looks_at_what_is_here(driftloop: Run, site: Site) -> None:
    site.stand.clone.run("remote", "set-url", "origin", "https://ann:s3cret@127.0.0.1:9/acme/bikes.git")
    done = driftloop("doctor", "--json", token=None, GITHUB_REPOSITORY="")
    assert "s3cret" not in f"{done}"
    assert (states(done)["GitHub"], states(done)["Git remote"], states(done)["params.yaml"]) == (
        "not readable",
        "wrong",
        "ok",
    )


def test_doctor__of_a_wrong_token_says_so(driftloop: Run, site: Site) -> None:
    class Wrong:
        value = "ghp_wrong"

    done: Any = driftloop("doctor", "--json", token=Wrong())
    (result,) = [each for each in json.loads(done.out) if each["check"] == "GitHub"]
    assert (done.code, result["state"]) == (1, "wrong")
    assert "the token is wrong or has expired" in result["text"]
    assert site.stand.server.calls[-1].status == 401


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/bikes.git", "https://ann:s3cret@github.com/acme/bikes", "git@github.com:acme/bikes.git",
        "ssh://git@github.com/acme/bikes.git", "ssh://git@ssh.github.com:443/acme/bikes.git",
    ],
)  # fmt: skip
def test_repository__is_derived_from_the_remote(address: str) -> None:
    assert hosting.repository(address, "github.com") == "acme/bikes"


@pytest.mark.parametrize(
    "address", ["", "https://ann:s3cret@gitlab.com/acme/bikes", "git@evil.example:acme/bikes", "/srv/bikes.git",
                "https://github.com/acme/bikes/tree/main", "https://github.com.evil.example/acme/bikes"]
)  # fmt: skip
def test_repository__is_not_guessed_on_another_host_and_no_password_is_told(address: str) -> None:
    with pytest.raises(LoopError, match="set it to owner/name") as error:
        hosting.repository(address, "github.com")
    assert "s3cret" not in str(error.value)


def test_setup__makes_labels_and_branch_once(driftloop: Run, site: Site) -> None:
    acme = site.stand.world.token("acme")
    tried = driftloop("setup", "--dry-run", token=acme)
    assert tried.out.count("would make") == len(LOOKS) + 1
    assert (site.repo.labels, "refs/heads/driftloop" in site.repo.git.refs()) == ({}, False)
    assert driftloop("setup", token=acme).out.count("made ") == len(LOOKS) + 1
    refs = site.repo.git.refs()
    assert {label.name for label in site.repo.labels.values()} == set(LOOKS)
    assert "What the loop remembers" in site.repo.git.run("show", "driftloop:README.md")
    site.stand.at().get_label("model-alert").edit("model-alert", "000000")
    assert driftloop("setup", token=acme).out.count("is there") == len(LOOKS) + 1
    assert (site.repo.git.refs(), site.repo.labels["model-alert"].color) == (refs, "000000")


def test_setup__without_a_token_is_one_line(driftloop: Run) -> None:
    done = driftloop("setup", token=None)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "GITHUB_TOKEN" in done.err
    assert os.environ["GITHUB_TOKEN"] == ""

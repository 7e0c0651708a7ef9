"""`driftloop ci retrain` and `ci propose` as workflows run them: exit codes, one line for what is wrong, and dry runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import handed
import program
import pytest
from adapter import EVERYTHING
from hub import Clone

from driftloop.alerting.labels import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from handed import Bench, Made
    from program import Done

    from driftloop.githubstub import Token

    Run = Callable[..., Done]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    yield from handed.bench(made, tmp_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The job summary."""
    return tmp_path / "summary.md"


@pytest.fixture
def ci(bench: Bench, page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `driftloop ci ARGUMENTS` in the checkout of a job that ann's label started."""

    def run(*arguments: str, token: Token | None = None, event: dict[str, Any] | None = None, **env: str) -> Done:
        token = token or bench.site.stand.world.actions_token(bench.repo, **EVERYTHING)
        payload = page.with_name("event.json")
        payload.write_text(json.dumps({**handed.LABELLED, **(event or {})}), encoding="utf-8")
        given = {
            "GITHUB_REPOSITORY": bench.repo.name,
            "GITHUB_API_URL": bench.site.stand.server.url,
            "GITHUB_TOKEN": token.value,
            "GITHUB_RUN_ID": "77",
            "GITHUB_STEP_SUMMARY": str(page),
            "GITHUB_EVENT_NAME": "issues",
            "GITHUB_EVENT_PATH": str(payload),
        }
        done = program.run(monkeypatch, capsys, bench.job.root, "ci", *arguments, **given | env)
        assert token.value not in f"{done}{page.read_text(encoding='utf-8') if page.exists() else ''}"
        return done

    return run


def all_of(bench: Bench) -> Any:
    """What is on GitHub, in the bare repository, and in the checkout."""
    tree = Clone(bench.job.root)
    return bench.state(), tree.run("status", "--porcelain"), tree.run("rev-parse", "HEAD"), tree.run("worktree", "list")


def is_one_line(done: Done, said: str) -> None:
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["retrain", "propose"])
def test_ci__dry_run_says_it_and_touches_nothing(ci: Run, bench: Bench, made: Made, page: Path, verb: str) -> None:
    before, out = all_of(bench), page.with_name("out")
    given = {"retrain": ["--issue", "1", "--out", str(out)], "propose": ["--from", str(made.root / "better")]}
    done = ci(verb, *given[verb], "--dry-run")
    assert done.code == 0
    data = json.loads(done.out)
    if verb == "retrain":
        assert data == {"action": "retrain", "issue": 1, "asked_by": "ann", "keep_fresh": False, "approval": None}
        assert done.err == f"would refresh, run `dvc repro` for #1, and leave the hand-over in {out}\n"
    else:
        assert (data["action"], data["issue"], data["branch"]) == ("propose", 1, "retrain/issue-1")
        assert done.err.startswith("would push retrain/issue-1 and open a pull request:\n\n# small: v1 → v2")
    assert {call.method for call in bench.site.stand.server.calls} == {"GET"}
    assert all_of(bench) == before
    assert not out.exists()
    assert done.err.strip() in page.read_text()


def test_retrain__another_label_is_no_failure_whatever_its_name(ci: Run, bench: Bench, tmp_path: Path) -> None:
    before = all_of(bench)
    words = "$(touch pwned) `touch pwned`\n::error::x \"'"
    issue = {"number": 1, "title": words, "body": f"{words}\n<!-- driftloop:alert small -->"}
    done = ci(
        "retrain", "--issue", "1", "--out", str(tmp_path / "out"), event={"label": {"name": words}, "issue": issue}
    )
    assert (done.code, done.err) == (0, "")
    assert done.out == f"nothing to do: the label {words!r} asks for nothing\n"
    assert all_of(bench) == before


def test_retrain__set_twice_answers_once(ci: Run, bench: Bench, made: Made, tmp_path: Path) -> None:
    assert ci("propose", "--from", str(made.root / "better")).code == 0
    before = all_of(bench)
    done = ci("retrain", "--issue", "1", "--out", str(tmp_path / "out"))
    assert done.code == 0
    assert done.out.startswith("nothing to do: pull request #2 for #1 is open already: http")
    assert all_of(bench) == before


def test_retrain__refuses_without_a_word_and_refused_says_it_once(ci: Run, bench: Bench, tmp_path: Path) -> None:
    """The job that trains has no token that writes; the one that comments believes it nothing."""
    eve, output = {"sender": {"login": "eve"}}, tmp_path / "output"
    before = all_of(bench)
    done = ci("retrain", "--issue", "1", "--out", str(tmp_path / "out"), event=eve, GITHUB_OUTPUT=str(output))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("**Not retrained:** eve has no write access, so the label does not count. A maintainer")
    assert output.read_text() == "refused=true\n"
    assert all_of(bench) == before
    assert not (tmp_path / "out").exists()
    for _ in range(2):
        assert ci("refused", "--issue", "1", event=eve).out.startswith("commented on #1: eve has no write access")
    assert bench.answer().endswith(done.out.strip())
    before = all_of(bench)
    assert ci("refused", "--issue", "1").out == "nothing to tell: the request on #1 is not refused\n"
    assert all_of(bench) == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: not set"),
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY: expected owner/name, got ''"),
        ({"GITHUB_EVENT_PATH": "/nowhere"}, "GITHUB_EVENT_PATH: /nowhere: not a readable event"),
        ({"event": {"issue": {"number": 9}}}, "#1: expected the issue of the event, #9"),
    ],
)
def test_retrain__says_in_one_line_what_is_wrong(
    ci: Run, bench: Bench, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    before = all_of(bench)
    is_one_line(ci("retrain", "--issue", "1", "--out", str(tmp_path / "out"), **given), said)
    assert all_of(bench) == before
    assert not (tmp_path / "out").exists()


def test_retrain__does_not_replace_another_folder_or_work_on_changed_files(
    ci: Run, bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    done = ci("retrain", "--issue", "1", "--out", str(tmp_path / "mine"))
    is_one_line(done, "expected a new folder or an earlier hand-over, got a folder with other files")
    (bench.job.root / "dvc.yaml").write_text("stages: {}\n")
    done = ci("retrain", "--issue", "1", "--out", str(tmp_path / "out"))
    is_one_line(done, "working tree: expected the files of HEAD, got changes in dvc.yaml; commit or stash")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["thesis.txt"]


def test_propose__names_the_permission_that_is_missing_and_is_completed_with_it(
    ci: Run, bench: Bench, made: Made
) -> None:
    poor = bench.site.stand.world.actions_token(bench.repo, contents="write", issues="write", pull_requests="read")
    done = ci("propose", "--from", str(made.root / "better"), token=poor)
    is_one_line(
        done, "the token lacks a permission: expected pull_requests: write; grant it in the job's `permissions:`"
    )
    assert bench.repo.pulls == []
    assert ci("propose", "--from", str(made.root / "better")).code == 0
    assert len(bench.repo.pulls) == 1


def test_propose__tells_and_sums_up(ci: Run, bench: Bench, made: Made, page: Path) -> None:
    done = ci("propose", "--from", str(made.root / "better"))
    (pull,) = bench.repo.pulls
    assert done == program.Done(0, f"proposed in #2: {pull.title}\n", "")
    said = page.read_text(encoding="utf-8")
    assert said.startswith("**Proposed in #2.**")
    assert (pull.body or "") in said
    assert f"[The run that judged](https://github.com/{bench.repo.name}/actions/runs/77)" in said


def test_propose__where_pull_requests_are_forbidden_sums_up_with_the_link(
    ci: Run, bench: Bench, made: Made, page: Path
) -> None:
    bench.repo.actions_may_propose = False
    done = ci("propose", "--from", str(made.root / "better"))
    link = f"https://github.com/{bench.repo.name}/compare/main...retrain/issue-1?expand=1&title="
    assert done.code == 0
    assert link in done.out
    assert link in page.read_text(encoding="utf-8")
    assert link in bench.answer()
    assert Label.RETRAIN in bench.repo.issues[1].labels


@pytest.mark.parametrize("case", ["no folder", "another folder", "edited params", "extra file", "link", "other commit"])
def test_propose__says_in_one_line_what_is_wrong(ci: Run, bench: Bench, made: Made, tmp_path: Path, case: str) -> None:
    folder, said = made.copy("better", tmp_path / "h"), ""
    match case:
        case "no folder":
            folder, said = tmp_path / "nowhere", "expected the folder of a hand-over"
        case "another folder":
            folder, said = bench.job.root / "metrics", "run `driftloop ci retrain` or `driftloop ci rollback` first"
        case "edited params":
            text = (folder / "data/params.yaml").read_text()
            handed.rewrite(folder, "data/params.yaml", text.replace("min_gain: 0.01", "min_gain: 0.0").encode())
            said = "params.yaml: more than source.until, source.fingerprint and retrain.standing_until differs from the base commit"
        case "extra file":
            handed.rewrite(folder, "promote/src/run.py", b"print()")
            said = "hand-over: 'promote/src/run.py' does not belong there"
        case "link":
            (folder / "data/dvc.lock").unlink()
            (folder / "data/dvc.lock").symlink_to("/etc/passwd")
            said = "hand-over: data/dvc.lock: expected a regular file, got a symbolic link"
        case "other commit":
            Clone(bench.job.root).run("commit", "--quiet", "--allow-empty", "-m", "x")
            said = "is checked out; check that commit out"
    before = all_of(bench)
    is_one_line(ci("propose", "--from", str(folder)), said)
    assert all_of(bench) == before

"""The workflows in .github/workflows, run for what people do: nothing of them is repeated here."""

from __future__ import annotations

import json
import re
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from runner.gitserver import protect
from runner.project import MODEL, NEXT, UNTIL

from driftloop import githubstub
from driftloop.core.data.finding import Change, Finding
from driftloop.core.decision.values import Decision
from driftloop.git import Git
from driftloop.githubstub import observe_pushes
from driftloop.params import parse_params
from driftloop.store.files import read_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.project import Project
    from runner.setting import Setting
    from runner.values import Left, Run

    from driftloop.githubstub import Issue

pytestmark = pytest.mark.extended

HOSTILE = "$(touch pwned) `id` ${{ github.token }} ]]> \"'; exit 1 #"


@pytest.fixture
def alerted(shop: Setting, project: Project) -> Setting:
    """The shop with an alert that says to retrain."""
    shop.alert(project.decision)
    return shop


@pytest.fixture
def handed(alerted: Setting, left: dict[str, Left]) -> Setting:
    """The shop with that alert, where what training would leave is there: the proposal is what is tested."""
    alerted.runner.earlier["train"] = left["train"]
    return alerted


@pytest.fixture
def measured(shop: Setting, left: dict[str, Left]) -> Setting:
    """The shop where what measuring would leave is there: what is done about it is what is tested."""
    shop.runner.earlier["measure"] = left["measure"]
    return shop


def retrain(shop: Setting, *, by: str = "ann") -> Run:
    """Set the label, anew if it is there, and run what that starts."""
    if "retrain-model" in shop.issue(1).labels:
        shop.hub.at().get_issue(1).remove_from_labels("retrain-model")
        (off,) = shop.runner.deliver()
        assert off.result == "skipped"
    shop.label(1, "retrain-model", by=by)
    run, *others = shop.runner.deliver()
    assert run.workflow == ".github/workflows/retrain.yml"
    assert {each.result for each in others} <= {"skipped"}  # a label that was taken off meanwhile
    return run


def proposal(shop: Setting) -> Issue:
    """The one pull request."""
    (found,) = shop.repo.pulls
    return found


def records(shop: Setting) -> list[dict[str, Any]]:
    """What the loop remembers of its runs, oldest first."""
    listed = shop.repo.git.run("ls-tree", "-r", "--name-only", "driftloop").split()
    found = [json.loads(shop.repo.git.run("show", f"driftloop:{path}")) for path in listed if path.endswith(".json")]
    return sorted(found, key=lambda each: str(each["time"]))


def clean(shop: Setting) -> None:
    """Nobody's text was run, and main holds what people have put there."""
    assert not list(shop.hub.world.root.rglob("pwned"))


def change(shop: Setting, path: str, old: str, new: str) -> None:
    """Let Ann change a file on main."""
    file = shop.clone.root / path
    assert old in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
    shop.clone.push(shop.repo.default_branch, f"change {path}")
    shop.runner.ignore()


def with_remote(shop: Setting) -> Path:
    """Let Ann add a DVC remote."""
    store = shop.hub.world.root / "store"
    config = shop.clone.root / ".dvc/config"
    config.write_text(f"{config.read_text()}    remote = store\n['remote \"store\"']\n    url = {store}\n")
    shop.clone.push(shop.repo.default_branch, "add a remote")
    shop.runner.ignore()
    return store


def stored(store: Path) -> set[str]:
    """The MD5 of everything on a remote."""
    return {f"{path.parent.name}{path.name}" for path in (store / "files/md5").rglob("*") if path.is_file()}


def rows(record: dict[str, Any]) -> str:
    """The MD5 of the rows that a record is about."""
    return str(record["data"]["collect"]["data/raw"])


# The whole loop


def test_loop__from_the_first_push_to_a_change_of_parameters(  # noqa: PLR0915 - one story, since each run costs
    fresh: Setting, project: Project
) -> None:
    """In a new repository with nothing set up, whose default branch is protected and has a name of its own."""
    shop = fresh
    first = shop.first_push(project.repo, "trunk")
    assert {run.workflow: run.result for run in first} == {
        ".github/workflows/ci.yml": "skipped", ".github/workflows/release.yml": "skipped",
    }  # fmt: skip
    store = with_remote(shop)
    protect(shop.repo, "trunk")

    watched = shop.runner.schedule(shop.repo, "monitor.yml")
    assert watched.result == "success", watched.log
    alert = shop.issue(1)
    assert (alert.labels, alert.author.login) == (["model-alert"], "github-actions[bot]")
    assert alert.title.startswith(f"{MODEL} v1 is ")
    assert "not published: Pages are not set up (Settings → Pages" in watched.jobs["act"].summary
    assert watched.jobs["publish"].result == "skipped"
    assert (watched.artifacts["site"] / "index.html").exists()
    assert rows(records(shop)[0]) in stored(store)  # an alert can be derived anew
    assert len(stored(store)) < 30  # the months and their list, and nothing that is computed from them

    idle = shop.runner.schedule(shop.repo, "monitor.yml")
    assert (idle.jobs["measure"].result, idle.jobs["act"].result) == ("success", "skipped"), idle.log
    assert "Nothing new" in idle.jobs["measure"].summary
    assert "dvc repro monitor: success" not in idle.log

    shop.repo.pages = {"build_type": "workflow"}
    body, comments = alert.body, shop.comments(1)
    again = shop.runner.dispatch(shop.repo, "monitor.yml", "ann")
    assert again.result == "success", again.log
    assert MODEL in (shop.runner.shelf.pages[shop.repo.name] / "index.html").read_text("utf-8")
    assert (len(shop.repo.issues), shop.comments(1)) == (1, comments)
    assert re.sub(r"runs/\d+", "", alert.body or "") == re.sub(r"runs/\d+", "", body or "")
    assert shop.runner.deliver() == []  # what the workflow's own token did

    retrained = retrain(shop)
    assert retrained.result == "success", retrained.log
    pull = proposal(shop)
    assert pull.title.startswith(f"{MODEL}: v1 → v2")
    assert [actor.login for actor in pull.assignees] == ["ann"]
    assert shop.runner.deliver() == []

    assert retrain(shop).jobs["propose"].result == "skipped"  # it is open already
    shop.hub.at().get_pull(pull.number).edit(state="closed")
    shop.runner.ignore()
    declined = retrain(shop)
    assert declined.result == "success", declined.log
    assert proposal(shop).state == "closed"
    assert f"**Not proposed again.** #{pull.number} holds the same commits" in shop.comments(1)[-1]
    assert "retrain-model" not in alert.labels

    shop.hub.at().get_pull(pull.number).edit(state="open")
    (checked,) = shop.runner.deliver()
    assert checked.result == "success", checked.log
    assert "No code changes" in checked.jobs["checks"].summary
    assert "make" not in [step.name.split()[0] for step in checked.jobs["checks"].steps if step.outcome != "skipped"]
    assert len(shop.comments(pull.number)) == 1

    shop.hub.at().get_pull(pull.number).merge()
    (released,) = shop.runner.deliver()  # no tests of code: none has changed
    assert released.workflow.endswith("release.yml")
    assert released.result == "success", released.log
    assert (alert.state, alert.state_reason) == ("closed", "completed")
    (release,) = shop.repo.releases.values()
    assert release["tag_name"] == f"{MODEL}@v2.0.0"
    assert shop.repo.git.refs()[f"refs/tags/{MODEL}@v2.0.0"] == shop.repo.git.refs()["refs/heads/trunk"]
    assert [(each["kind"], each["outcome"]) for each in records(shop)] == [
        ("monitor", "ok"), ("monitor", "ok"), ("retrain", "ok"), ("retrain", "ok"), ("promote", "ok"),
    ]  # fmt: skip

    repeated = shop.runner.again(watched, "act")
    assert repeated.result == "success", repeated.log
    assert (alert.state, len(shop.repo.issues)) == ("closed", 2)

    shop.clone.run("pull", "--quiet", "origin", "trunk")
    number = branch(shop, "stricter", "max_segment_loss: 0.05", "max_segment_loss: 0.1")
    (changed,) = shop.runner.deliver()
    results = {name: job.result for name, job in changed.jobs.items()}
    assert results == {"checks": "success", "pipeline": "failure", "comment": "success"}, changed.log
    assert "run `dvc repro`, and commit" in changed.jobs["pipeline"].summary
    assert "evaluate.max_segment_loss" in shop.comments(number)[-1]


# Monitoring


def test_monitor__by_hand_takes_inputs_and_touches_nothing_in_a_dry_run(alerted: Setting) -> None:
    before = dict(alerted.repo.git.refs())
    body = alerted.issue(1).body
    run = alerted.runner.dispatch(alerted.repo, "monitor.yml", "ann", until="2025-04-21", dry_run="true")
    assert run.result == "success", run.log
    assert f"until: {UNTIL} → {NEXT}" in run.jobs["measure"].log
    assert "would" in run.jobs["act"].summary
    assert (alerted.repo.git.refs(), alerted.issue(1).body) == (before, body)


def test_monitor__in_a_private_repository_publishes_nothing(measured: Setting) -> None:
    measured.repo.private = True
    run = measured.runner.schedule(measured.repo, "monitor.yml")
    assert run.result == "success", run.log
    assert run.jobs["publish"].result == "skipped"
    assert measured.runner.shelf.pages == {}


def test_monitor__on_another_branch_is_a_dry_run(alerted: Setting) -> None:
    alerted.clone.push("topic")
    alerted.runner.ignore()
    before, body = dict(alerted.repo.git.refs()), alerted.issue(1).body
    run = alerted.runner.dispatch(alerted.repo, "monitor.yml", "ann", "topic")
    assert run.result == "success", run.log
    assert "would" in run.jobs["act"].summary
    assert run.jobs["publish"].result == "skipped"
    assert (alerted.repo.git.refs(), alerted.issue(1).body, alerted.runner.shelf.pages) == (before, body, {})


def test_monitor__an_old_run_that_is_repeated_does_not_turn_the_alert_back(measured: Setting, project: Project) -> None:
    old = measured.runner.schedule(measured.repo, "monitor.yml")
    assert old.result == "success", old.log
    now = read_value(project.decision, Decision).until + timedelta(days=7)
    measured.alert(project.decision, status="healthy", alert=False, until=now)
    assert measured.issue(1).state == "closed"
    repeated = measured.runner.again(old, "act")
    assert repeated.result == "success", repeated.log
    assert "#1 knows newer data" in repeated.log
    assert [issue.state for issue in measured.repo.issues.values()] == ["closed"]


def test_monitor__a_missing_permission_is_named(measured: Setting) -> None:
    change(measured, ".github/workflows/monitor.yml", "      issues: write", "      issues: read")
    run = measured.runner.schedule(measured.repo, "monitor.yml")
    assert run.jobs["act"].result == "failure"
    assert "issues: write" in run.jobs["act"].summary
    assert "what to do" in run.jobs["failed"].summary
    assert "index.html" in {path.name for path in run.artifacts["site"].iterdir()}  # the report is no less true


class Watcher(BaseHTTPRequestHandler):
    """A dead man's switch."""

    pings: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.pings.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def switch() -> Iterator[str]:
    """Its secret address."""
    with HTTPServer(("127.0.0.1", 0), Watcher) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/s3cret"
        server.shutdown()
        thread.join()
        Watcher.pings.clear()


def test_monitor__after_github_failed_does_the_rest(measured: Setting, switch: str) -> None:
    """The second failed run in a row opens an issue, and the next good one closes it and pings."""
    measured.runner.secrets["DRIFTLOOP_PING_URL"] = switch
    measured.hub.server.faults.on("POST", "/issues$", githubstub.LOST, times=2)
    measured.hub.server.faults.on("GET", "/issues$", githubstub.ERROR, nth=2, times=4)
    first = measured.runner.schedule(measured.repo, "monitor.yml")
    assert (first.jobs["act"].result, first.jobs["failed"].result) == ("failure", "success")
    measured.hub.server.faults.on("GET", "/issues$", githubstub.ERROR, times=4)
    second = measured.runner.schedule(measured.repo, "monitor.yml")
    assert (second.jobs["act"].result, second.jobs["failed"].result) == ("failure", "success"), second.log
    assert [issue.labels for issue in measured.repo.issues.values()] == [["monitoring-fails"]]
    assert "The last 2 runs of Monitor have failed" in (measured.issue(1).body or "")
    assert Watcher.pings == []

    third = measured.runner.schedule(measured.repo, "monitor.yml")
    assert third.result == "success", third.log
    told = [(issue.labels, issue.state) for issue in measured.repo.issues.values()]
    assert told == [(["monitoring-fails"], "closed"), (["model-alert"], "open")]
    assert "Monitoring works again" in measured.comments(1)[-1]
    assert [each["outcome"] for each in records(measured)] == ["failed", "failed", "ok"]
    assert (Watcher.pings, "pinged: 200" in third.log, "s3cret" in third.log) == (["/s3cret"], True, False)
    assert "**Doctor:**" in third.jobs["act"].summary
    assert "The loop itself" in (third.artifacts["site"] / "index.html").read_text("utf-8")


def test_monitor__that_failed_says_so_on_the_page_at_once(measured: Setting) -> None:
    measured.repo.pages = {"build_type": "workflow"}
    first = measured.runner.schedule(measured.repo, "monitor.yml")
    assert first.result == "success", first.log
    del measured.runner.earlier["measure"]
    change(measured, "models/production/card.json", '"version": 1,', '"version": "one",')
    broken = measured.runner.schedule(measured.repo, "monitor.yml")
    results = {name: job.result for name, job in broken.jobs.items()}
    assert results == {
        "measure": "failure", "act": "skipped", "publish": "skipped", "failed": "success", "publish-failed": "success",
    }, broken.log  # fmt: skip
    page = (measured.runner.shelf.pages[measured.repo.name] / "index.html").read_text("utf-8")
    assert "The last run failed in the job measure" in page
    newest = records(measured)[-1]
    assert (newest["outcome"], newest["failed_in"]) == ("failed", "measure")
    assert newest["links"]["run"] in page


# Who may ask


def test_retrain__another_label_asks_for_nothing(alerted: Setting) -> None:
    alerted.label(1, "question")
    (run,) = alerted.runner.deliver()
    assert run.result == "skipped"


def test_retrain__label_snooze_is_confirmed_and_trains_nothing(alerted: Setting) -> None:
    alerted.label(1, "snooze")
    (run,) = alerted.runner.deliver()
    assert {name for name, job in run.jobs.items() if job.result == "success"} == {"snooze"}, run.log
    (comment,) = alerted.comments(1)
    assert comment.splitlines()[1].startswith("**Snoozed** by ann: nothing more is said here before the data reaches ")


def test_retrain__label_new_normal_opens_a_pull_request_and_taken_off_closes_it(
    alerted: Setting, project: Project
) -> None:
    change = Change(since=date(2025, 4, 14), usual="'clear', 'rain'", categories=("hail",))
    new = Finding(rule="new-category", column="weather", kind="fault", rows=9, of=168, text="new", change=change)
    decision = read_value(project.decision, Decision).model_copy(update={"findings": (new,)})
    record = {
        "format": 2,
        "kind": "monitor",
        "outcome": "ok",
        "model": MODEL,
        "decision": decision.model_dump(mode="json"),
    }
    Git(alerted.clone.root).write_to_branch("driftloop", {"records/x/y.json": json.dumps(record).encode()}, "record")
    alerted.runner.ignore()

    alerted.label(1, "new-normal")
    (run,) = alerted.runner.deliver()
    assert {name for name, job in run.jobs.items() if job.result == "success"} == {"accept"}, run.log
    pull = proposal(alerted)
    assert pull.title == f"{MODEL}: accept a new normal of weather"
    head = alerted.repo.git.run("show", f"{pull.pull.head}:params.yaml") if pull.pull else ""
    assert parse_params(head, where="").data.accepted[0].categories == ["hail"]
    (comment,) = alerted.comments(1)
    assert comment.splitlines()[1].startswith(f"**New normal:** once merged, #{pull.number} accepts ")

    alerted.hub.at().get_issue(1).remove_from_labels("new-normal")
    (run,) = alerted.runner.deliver()
    assert {name for name, job in run.jobs.items() if job.result == "success"} == {"accept"}, run.log
    assert pull.state == "closed"
    (comment,) = alerted.comments(1)
    assert comment.splitlines()[1].startswith("**Taken back:**")


def test_retrain__asked_by_someone_without_write_access_is_refused(alerted: Setting) -> None:
    """A refusal is an answer, and no failure; however often somebody asks, there is one."""
    for _ in range(2):
        run = retrain(alerted, by="ted")  # who may set labels
        results = {name: job.result for name, job in run.jobs.items()}
        assert results == {
            "train": "success",
            "refused": "success",
            "propose": "skipped",
            "failed": "skipped",
            "snooze": "skipped",
            "accept": "skipped",
        }, run.log
        assert "ted has no write access" in run.jobs["train"].summary
    (comment,) = alerted.comments(1)
    assert comment.splitlines()[1].startswith(
        "**Not retrained:** ted has no write access, so the label does not count."
    )
    assert (alerted.repo.pulls, set(alerted.repo.git.refs())) == ([], {"refs/heads/main"})


def test_retrain__whose_label_is_taken_off_meanwhile_proposes_nothing(handed: Setting) -> None:
    handed.runner.before["propose"] = lambda: handed.hub.at().get_issue(1).remove_from_labels("retrain-model")
    run = retrain(handed)
    assert run.result == "success", run.log
    assert "does not carry the label" in run.jobs["propose"].log
    assert (handed.repo.pulls, handed.comments(1)) == ([], [])


def test_retrain__on_an_issue_of_a_stranger_is_refused(alerted: Setting) -> None:
    """Forms set labels for whoever files them, and anybody can paste the text of an alert."""
    body = alerted.issue(1).body or ""
    number = alerted.hub.at(alerted.hub.world.token("eve")).create_issue(HOSTILE, body=body).number
    alerted.runner.ignore()
    alerted.issue(number).labels.append("retrain-model")
    eve = alerted.hub.world.token("eve")
    alerted.hub.world.emit("issues.labeled", eve, alerted.repo, number=number, label="retrain-model")
    (by_form,) = alerted.runner.deliver()
    alerted.label(number, HOSTILE[:50])
    (by_name,) = alerted.runner.deliver()
    assert (by_form.result, by_form.jobs["refused"].result) == ("success", "skipped")
    assert f"is not an alert of {MODEL} that the loop itself opened" in by_form.jobs["train"].summary
    assert by_name.result == "skipped"
    assert (alerted.repo.pulls, alerted.comments(number)) == ([], [])
    clean(alerted)


# Retraining


def test_retrain__after_github_failed_doubles_nothing(handed: Setting) -> None:
    handed.hub.server.faults.on("POST", "/pulls$", githubstub.LOST)
    handed.hub.server.faults.on("POST", "/issues/1/comments$", githubstub.ERROR, times=4)
    first = retrain(handed)
    assert (first.jobs["propose"].result, first.jobs["failed"].result) == ("failure", "success")
    head = handed.repo.git.refs()["refs/heads/retrain/issue-1"]
    by_hand = handed.runner.dispatch(handed.repo, "retrain.yml", "ann", issue="1")
    assert by_hand.result == "success", by_hand.log
    assert len(handed.repo.pulls) == 1
    assert handed.repo.git.refs()["refs/heads/retrain/issue-1"] == head


def test_retrain__two_at_once_make_one_proposal(handed: Setting) -> None:
    handed.label(1, "retrain-model")
    handed.hub.at().get_issue(1).remove_from_labels("retrain-model")
    handed.label(1, "retrain-model")
    runs = handed.runner.deliver(parallel=True)
    asked = [run for run in runs if run.result != "skipped"]  # as for the label that was taken off
    assert [run.result for run in asked] == ["success", "success"], "\n".join(run.log for run in runs)
    assert proposal(handed).state == "open"
    assert len(handed.comments(1)) == 1


def test_retrain__while_main_moves_says_to_do_it_again(handed: Setting) -> None:
    def move() -> None:
        change(handed, "params.yaml", "min_samples_leaf: 40", "min_samples_leaf: 41")

    handed.runner.before["propose"] = move
    run = retrain(handed)
    assert run.result == "success", run.log
    assert handed.repo.pulls == []
    assert "To be done again" in handed.comments(1)[-1]
    assert "retrain-model" not in handed.issue(1).labels


def test_retrain__where_actions_may_not_propose_leaves_a_link(handed: Setting) -> None:
    handed.repo.actions_may_propose = False
    run = retrain(handed)
    assert run.result == "success", run.log
    assert handed.repo.pulls == []
    assert "compare/main...retrain/issue-1" in handed.comments(1)[-1]
    assert "Allow GitHub Actions" in run.jobs["propose"].summary


# Rolling back


def test_rollback__from_the_button_to_the_release(rolled: Setting) -> None:
    unknown = rolled.runner.dispatch(rolled.repo, "rollback.yml", "ann", version="v9")
    results = {name: job.result for name, job in unknown.jobs.items()}
    assert results == {"restore": "failure", "propose": "skipped", "failed": "success"}
    assert "--to: expected one of v1, v2, got v9" in unknown.jobs["restore"].summary
    before = dict(rolled.repo.git.refs())

    tried = rolled.runner.dispatch(rolled.repo, "rollback.yml", "ann", version="v1", dry_run="true")
    assert tried.result == "success", tried.log
    assert "**Brings v1 back, as v3.**" in tried.jobs["propose"].summary
    assert (rolled.repo.pulls, dict(rolled.repo.git.refs())) == ([], before)

    done = rolled.runner.dispatch(rolled.repo, "rollback.yml", "ann", version="v1")
    assert done.result == "success", done.log
    pull = proposal(rolled)
    assert pull.title.startswith("small: v2 → v3, which is v1 again")
    assert (pull.labels, [who.login for who in pull.assignees]) == (["model-proposal"], ["ann"])
    assert [(each["kind"], each["outcome"]) for each in records(rolled)] == [("rollback", "failed"), ("rollback", "ok")]
    assert rolled.repo.checks

    rolled.hub.at().get_pull(pull.number).merge()
    (released,) = [run for run in rolled.runner.deliver() if run.workflow.endswith("release.yml")]
    assert released.result == "success", released.log
    assert [each["tag_name"] for each in rolled.repo.releases.values()] == ["small@v3.0.0"]


# Experiments


def test_experiment__from_the_button_to_what_it_proposes(shop: Setting) -> None:
    asked = "train.params.max_iter=20"
    run = shop.runner.dispatch(shop.repo, "experiment.yml", "ann", overrides=asked, propose="true")
    assert run.result == "success", run.log
    rows = [line.strip("| ").split(" | ") for line in run.jobs["try"].summary.splitlines() if line.startswith("| ")]
    names, figures = [row[0] for row in rows if row[0] in (asked, "main")], {row[0]: row[1] for row in rows}
    assert sorted(names) == ["main", asked]
    assert figures[asked] != figures["main"]
    proposed = [issue.pull for issue in shop.repo.pulls if issue.pull]
    assert len(proposed) == (names[0] == asked), run.jobs["propose"].log  # the smallest error comes first
    for pull in proposed:
        changed = shop.repo.git.run("diff", "--name-only", pull.base_sha, pull.head_sha).split()
        assert "params.yaml" in changed
        assert not any(path.startswith("models/") for path in changed)


# Keeping a model fresh


def test_keep_fresh__from_the_label_to_its_end(alerted: Setting) -> None:
    """A maintainer approves; Monitor merges and asks for the next refresh by itself, until the label is taken off."""
    shop = alerted
    change(shop, "params.yaml", "standing_merge: false", "standing_merge: true")
    shop.label(1, "keep-fresh")
    (first,) = shop.runner.deliver()
    assert first.result == "success", first.log
    pull = proposal(shop)
    said = shop.comments(1)[0]
    assert "**Kept fresh** from v1 on, approved by ann" in said
    assert records(shop)[-1]["approval"]["by"] == "ann"
    assert f"#{pull.number}" in shop.comments(1)[1]

    shop.repo.required_checks = ("tests",)
    merging = shop.runner.schedule(shop.repo, "monitor.yml")
    assert "Not merged: " in merging.jobs["act"].summary, merging.log
    assert 'Required status check "tests" is expected' in shop.comments(1)[1]
    shop.repo.required_checks = ()
    repeated = shop.runner.again(merging, "act")
    assert f"merged #{pull.number} within the approval by ann, and started release.yml" in repeated.log
    assert (shop.issue(1).state, pull.pull and pull.pull.merged_by) == ("closed", pull.author)
    assert "was merged by the loop** within the approval by ann" in shop.comments(1)[1]
    (released,) = shop.runner.deliver()
    assert released.workflow.endswith("release.yml")
    assert released.result == "success", released.log
    assert [each["tag_name"] for each in shop.repo.releases.values()] == [f"{MODEL}@v2.0.0"]
    assert (records(shop)[-1]["kind"], records(shop)[-1]["approval"]["by"]) == ("promote", "ann")
    watched = shop.runner.schedule(shop.repo, "monitor.yml")
    assert watched.result == "success", watched.log
    assert "started retrain.yml for #1" in watched.log
    assert records(shop)[-1]["approval"]["by"] == "ann"
    (second,) = shop.runner.deliver()  # the release is not started again
    assert second.workflow.endswith("retrain.yml")
    assert second.result == "success", second.log
    assert second.jobs["propose"].result == "success"
    comments = len(shop.comments(1))

    shop.hub.at().get_issue(1).remove_from_labels("keep-fresh")
    shop.runner.ignore()
    ended = shop.runner.dispatch(shop.repo, "monitor.yml", "ann")
    assert ended.result == "success", ended.log
    assert shop.runner.deliver() == []
    assert len(shop.comments(1)) == comments + 1
    assert "**No longer kept fresh:** the label `keep-fresh` was taken off" in shop.comments(1)[-1]
    assert records(shop)[-1]["approval"] is None


# Pull requests


def branch(shop: Setting, name: str, old: str = "pages: auto", new: str = "pages: never") -> int:
    """Let Ann propose another parameter from a branch; no stage depends on `report.pages`."""
    file = shop.clone.root / "params.yaml"
    text = file.read_text("utf-8")
    assert old in text
    shop.clone.run("checkout", "--quiet", "-b", name)
    file.write_text(text.replace(old, new), encoding="utf-8")
    shop.clone.run("commit", "--quiet", "-am", HOSTILE)
    shop.clone.run("push", "--quiet", "origin", name)
    observe_pushes(shop.hub.world)
    return shop.hub.at().create_pull(title=HOSTILE, head=name, base=shop.repo.default_branch, body=HOSTILE).number


def test_pull_request__with_a_hostile_branch_is_commented_on(alerted: Setting) -> None:
    number = branch(alerted, "a$(touch${IFS}pwned)`id`;b")
    (run,) = alerted.runner.deliver()
    assert run.result == "success", run.log
    (comment,) = alerted.comments(number)
    assert "report.pages" in comment
    clean(alerted)


def test_pull_request__from_a_fork_gets_its_comment_on_the_page_of_the_run(alerted: Setting) -> None:
    number = branch(alerted, "mine")
    alerted.runner.ignore()
    (run,) = alerted.runner.from_fork(alerted.repo, "eve", number)
    assert run.result == "success", run.log
    assert set(run.jobs["comment"].permissions.values()) == {"read"}
    assert alerted.comments(number) == []
    assert "report.pages" in run.jobs["comment"].summary

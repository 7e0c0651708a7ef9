"""Every call to GitHub, against the stand-in: what is read, what is written, and what a second try changes."""

from __future__ import annotations

import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from exposed import exposed
from hub import NAME

from driftloop.errors import GitHubError
from driftloop.github.hub import Hub
from driftloop.github.refusals import ForbiddenError, NotFoundError, PullsForbiddenError
from driftloop.github.runtime import Runtime, Token
from driftloop.github.values import Repository
from driftloop.githubstub import ERROR, HANG, LOST, RESET, Fault, secondary_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter import Site

    from driftloop.github.values import Issue

MARKER = "<!-- driftloop:comment bikes -->"
HOSTILE = "$(id) `id` \"'\n<script>&amp; ü 🚲"


def nothing() -> Issue | None:
    return None


# Who and where


def test_login__of_the_actions_bot_and_of_a_person(site: Site) -> None:
    assert site.hub().login() == "github-actions[bot]"
    assert site.hub(site.stand.ann).login() == "ann"


def test_login__of_another_app_is_as_told(site: Site) -> None:
    token = site.stand.world.app_token(site.repo, "loop[bot]", issues="write")
    runtime = Runtime(NAME, site.stand.server.url, "https://github.com", Token(token.value), login="loop[bot]")
    with Hub(runtime) as hub:
        assert hub.login() == "loop[bot]"
        hub.open_issue("Alert", "", [], find=nothing)
    assert site.repo.issues[1].author.login == "loop[bot]"


def test_login__is_not_guessed_while_github_is_down(site: Site) -> None:
    site.stand.server.faults.on("GET", "/user$", ERROR, times=9)
    with pytest.raises(GitHubError, match="no answer from GitHub after 4 tries: 500"):
        site.hub().login()


def test_repository__tells_branch_and_privacy(site: Site, hub: Hub) -> None:
    assert (hub.default_branch(), hub.repository()) == ("main", Repository(private=False, has_pages=False))
    site.repo.private = True
    site.repo.pages = {"build_type": "workflow"}
    assert hub.repository() == Repository(private=True, has_pages=True)


def test_may_write__takes_the_role(hub: Hub) -> None:
    people = ("ann", "max", "acme", "ted", "eve", "nobody", "")
    assert [login for login in people if hub.may_write(login)] == ["ann", "max", "acme"]


def test_may_write__of_bots_and_strange_names_is_no(hub: Hub) -> None:
    assert not hub.may_write("github-actions[bot]")
    assert not hub.may_write("../../ann")


def test_compare_url__quotes_names(hub: Hub) -> None:
    assert hub.compare_url("main", "retrain/issue-1") == (
        f"https://github.com/{NAME}/compare/main...retrain/issue-1?expand=1"
    )
    assert hub.compare_url("main", "a#b?c&d").endswith("/compare/main...a%23b%3Fc%26d?expand=1")


# Issues


def test_issue__is_opened_read_and_edited(hub: Hub) -> None:
    opened = hub.open_issue("Alert " + HOSTILE, HOSTILE, ["model-alert"], find=nothing)
    assert opened == hub.issue(1)
    assert (opened.title, opened.body, opened.open) == ("Alert " + HOSTILE, HOSTILE, True)
    assert opened.labels == {"model-alert"}
    assert (opened.author, opened.is_pull) == ("github-actions[bot]", False)
    closed = hub.edit_issue(1, title="Over", body="", state="closed", state_reason="completed")
    assert closed == hub.issue(1)
    assert (closed.title, closed.body, closed.open) == ("Over", "", False)
    assert hub.edit_issue(1, state="open").open


def test_open_issue__that_is_known_is_not_opened(site: Site, hub: Hub) -> None:
    first = hub.open_issue("Alert", "", ["model-alert"], find=nothing)
    assert hub.open_issue("Alert", "", ["model-alert"], find=lambda: first) is first
    assert len(site.repo.issues) == 1


def test_edit_issue__to_what_it_is_makes_no_event(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "text\r\nmore", [], find=nothing)
    site.stand.world.events.clear()
    hub.edit_issue(1, title="Alert", body="text\nmore\n", state="open")
    assert site.stand.names() == []


def test_issues__come_from_all_pages_without_pull_requests_and_other_labels(
    site: Site, hub: Hub, count: Callable[[], int]
) -> None:
    ann = site.hub(site.stand.ann)
    for number in range(105):
        ann.open_issue(f"Alert {number}", "", ["Model-Alert", "other"], find=nothing)
    ann.open_issue("Else", "", ["other"], find=nothing)
    ann.edit_issue(7, state="closed")
    site.stand.clone.push("topic", **{"b.txt": "x"})
    pull = hub.open_pull(title="Pull", body="", branch="topic", base="main")
    hub.add_labels(pull.number, "model-alert")
    count()
    found = hub.issues(label="model-alert")
    assert [each.number for each in found] == [number for number in range(1, 106) if number != 7]
    assert count() == 2
    assert len(hub.issues(label="model-alert", state="all")) == 105
    assert hub.issue(pull.number).is_pull


def test_labels__are_set_once_and_removed_in_any_case(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", ["model-alert"], find=nothing)
    hub.add_labels(1, "Model-Alert", "retrain-model", "team/ml & ü?")
    site.stand.world.events.clear()
    hub.add_labels(1, "retrain-model")
    assert site.stand.names() == []
    assert hub.issue(1).labels == {"model-alert", "retrain-model", "team/ml & ü?"}
    for name in ("RETRAIN-MODEL", "retrain-model", "never set", "team/ml & ü?"):
        hub.remove_label(1, name)
    assert hub.issue(1).labels == {"model-alert"}


def test_remove_label__of_no_issue_says_so(hub: Hub) -> None:
    with pytest.raises(NotFoundError, match="#9"):
        hub.remove_label(9, "x")


def test_ensure_label__leaves_one_that_people_repainted(site: Site, hub: Hub) -> None:
    hub.ensure_label("model-alert", color="d93f0b", description="The model asks for attention")
    site.stand.at().get_label("model-alert").edit("Model-Alert", "00ff00")
    hub.ensure_label("model-alert", color="d93f0b", description="The model asks for attention")
    label = site.repo.labels["model-alert"]
    assert (len(site.repo.labels), label.name, label.color) == (1, "Model-Alert", "00ff00")


def test_assign__says_whether_it_took(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", [], find=nothing)
    assert hub.assign(1, "ann")
    assert hub.assign(1, "Ann")
    assert not hub.assign(1, "eve")
    assert hub.issue(1).assignees == {"ann"}
    assert site.stand.names().count("issues.assigned") == 1


# Comments


def test_comment__is_one_and_kept_up_to_date(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", [], find=nothing)
    first = hub.comment(1, f"{MARKER}\n1", marker=MARKER, author=hub.login())
    second = hub.comment(1, f"{MARKER}\n2", marker=MARKER, author=hub.login())
    site.stand.world.events.clear()
    assert hub.comment(1, f"{MARKER}\n2", marker=MARKER, author=hub.login()) == second
    assert site.stand.names() == []
    assert (first.id, second.body) == (second.id, f"{MARKER}\n2")
    assert hub.comments(1) == [second]


def test_comment__leaves_those_of_strangers_with_our_marker(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", [], find=nothing)
    eve = site.hub(site.stand.world.token("eve"))
    pasted = eve.comment(1, f"{MARKER}\nmine", marker=MARKER, author="eve")
    quoted = hub.comment(
        1, f"<!-- driftloop:other -->\n> {MARKER}", marker="<!-- driftloop:other -->", author=hub.login()
    )
    ours = hub.comment(1, f"{MARKER}\nours", marker=MARKER, author=hub.login())
    assert hub.comments(1) == [pasted, quoted, ours]
    hub.comment(1, f"{MARKER}\nnew", marker=MARKER, author=hub.login())
    assert [each.body for each in hub.comments(1)] == [pasted.body, quoted.body, f"{MARKER}\nnew"]


def test_comment__is_found_on_the_second_page(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", [], find=nothing)
    issue = site.stand.at().get_issue(1)
    for number in range(102):
        issue.create_comment(f"chat {number}")
    hub.comment(1, f"{MARKER}\n1", marker=MARKER, author=hub.login())
    hub.comment(1, f"{MARKER}\n2", marker=MARKER, author=hub.login())
    assert [each.body for each in hub.comments(1)][101:] == ["chat 101", f"{MARKER}\n2"]


def test_comment__without_its_marker_would_never_be_found_again(hub: Hub) -> None:
    with pytest.raises(ValueError, match="begins with"):
        hub.comment(1, "text", marker=MARKER, author="ann")


# Pull requests, check runs, releases


def test_open_pull__is_one_per_branch_and_kept_up_to_date(site: Site, hub: Hub) -> None:
    sha = site.stand.clone.push("retrain/issue-1", **{"b.txt": "x"})
    first = hub.open_pull(title="v2", body="text", branch="retrain/issue-1", base="main")
    assert (first.head, first.head_sha, first.base, first.open) == ("retrain/issue-1", sha, "main", True)
    assert (first.head_repository, first.merged, first.author) == (NAME, False, "github-actions[bot]")
    second = hub.open_pull(title="v2, better", body=HOSTILE, branch="retrain/issue-1", base="main")
    assert (second.number, second.title, second.body) == (first.number, "v2, better", HOSTILE)
    site.stand.world.events.clear()
    assert hub.open_pull(title="v2, better", body=HOSTILE, branch="retrain/issue-1", base="main").number == 1
    assert site.stand.names() == []
    assert hub.pulls("retrain/issue-1") == [hub.pull(1)]


def test_pulls__of_a_branch_are_not_those_of_others(site: Site, hub: Hub) -> None:
    for branch in ("one", "two"):
        site.stand.clone.push(branch, branch, "main", **{f"{branch}.txt": "x"})
        hub.open_pull(title=branch, body="", branch=branch, base="main")
    assert [each.title for each in hub.pulls("one")] == ["one"]
    site.stand.at().get_pull(1).merge()
    assert hub.pulls("one") == []
    assert [(each.merged, each.open) for each in hub.pulls("one", state="all")] == [(True, False)]
    assert hub.pulls("three", state="all") == []


def test_pulls__of_one_branch_come_from_all_pages(site: Site, hub: Hub) -> None:
    site.stand.clone.push("topic", **{"b.txt": "x"})
    for number in range(101):
        hub.open_pull(title=f"{number}", body="", branch="topic", base="main")
        hub.edit_issue(number + 1, state="closed")
    assert len(hub.pulls("topic", state="all")) == 101


def test_open_pull__that_the_repository_forbids_is_told_apart(site: Site, hub: Hub) -> None:
    site.stand.clone.push("topic", **{"b.txt": "x"})
    site.repo.actions_may_propose = False
    with pytest.raises(PullsForbiddenError, match="Allow GitHub Actions to create and approve pull requests"):
        hub.open_pull(title="v2", body="", branch="topic", base="main")
    assert site.waits == []


def test_open_pull__without_difference_says_so(site: Site, hub: Hub) -> None:
    site.stand.clone.push("topic")
    site.stand.clone.run("push", "--quiet", "--force", "origin", "main:topic")
    with pytest.raises(GitHubError, match=r"pull request of topic: 422 .*No commits between main and topic"):
        hub.open_pull(title="v2", body="", branch="topic", base="main")


def test_check_run__is_one_per_name_and_not_that_of_a_job(site: Site, hub: Hub) -> None:
    sha = site.stand.clone.run("rev-parse", "HEAD")
    site.stand.at(site.stand.actions(checks="write")).create_check_run("tests", sha, status="in_progress")
    hub.check_run(sha, name="tests", conclusion="failure", title="No", summary="2 failed")
    site.stand.at(site.stand.actions(checks="write")).create_check_run("tests", sha, status="in_progress")
    for _ in range(2):
        hub.check_run(sha, name="tests", conclusion="success", title="Yes", summary="0 failed")
    found = [(each["status"], each["conclusion"], each["output"].get("summary")) for each in site.repo.checks.values()]
    assert found == [("in_progress", None, None), ("completed", "success", "0 failed"), ("in_progress", None, None)]


def test_check_run__is_found_on_the_second_page(site: Site, hub: Hub) -> None:
    sha = site.stand.clone.run("rev-parse", "HEAD")
    hub.check_run(sha, name="tests", conclusion="failure", title="No", summary="")
    jobs = site.stand.at(site.stand.actions(checks="write"))
    for _ in range(101):
        jobs.create_check_run("tests", sha, status="in_progress")
    hub.check_run(sha, name="tests", conclusion="success", title="Yes", summary="")
    assert len(site.repo.checks) == 102
    assert next(iter(site.repo.checks.values()))["conclusion"] == "success"


def test_create_release__once(site: Site, hub: Hub) -> None:
    sha = site.stand.clone.run("rev-parse", "HEAD")
    assert hub.release("v2") is None
    made = hub.create_release("v2", target=sha, name="v2", body="15 % less error")
    assert hub.create_release("v2", target=sha, name="v2", body="15 % less error") == made == hub.release("v2")
    assert hub.releases() == [made]
    assert site.repo.git.refs()["refs/tags/v2"] == sha


def test_create_release__under_a_tag_that_was_pushed(site: Site, hub: Hub) -> None:
    sha = site.stand.clone.run("rev-parse", "HEAD")
    site.stand.clone.run("tag", "v2")
    site.stand.clone.run("tag", "-m", "annotated", "v3")
    site.stand.clone.run("push", "--quiet", "origin", "v2", "v3")
    for tag in ("v2", "v3"):
        hub.create_release(tag, target=sha, name=tag, body="")
    assert [each.tag for each in hub.releases()] == ["v3", "v2"]


def test_create_release__under_a_tag_of_another_commit_is_refused(site: Site, hub: Hub) -> None:
    old = site.stand.clone.run("rev-parse", "HEAD")
    site.stand.clone.run("push", "--quiet", "origin", "main:refs/tags/v2")
    new = site.stand.clone.push("main")
    with pytest.raises(GitHubError, match=f"tag v2: expected it on {new}, got {old}"):
        hub.create_release("v2", target=new, name="v2", body="")
    assert hub.releases() == []


def test_releases__come_from_all_pages_without_drafts(site: Site, hub: Hub) -> None:
    repo = site.stand.at()
    for number in range(102):
        repo.create_git_release(f"v{number}", f"v{number}", "", draft=number == 101)
    assert [each.tag for each in hub.releases()] == [f"v{number}" for number in reversed(range(101))]
    assert hub.release("v101") is None


# Refusals


def test_lengths__are_refused_before_anything_is_sent(site: Site, hub: Hub) -> None:
    long = MARKER + "x" * 65_537
    refused: list[Callable[[], object]] = [
        lambda: hub.open_issue("Alert", long, [], find=nothing),
        lambda: hub.edit_issue(1, body=long),
        lambda: hub.comment(1, long, marker=MARKER, author="ann"),
        lambda: hub.open_pull(title="v2", body=long, branch="topic", base="main"),
        lambda: hub.check_run("0" * 40, name="tests", conclusion="success", title="Yes", summary=long[:65_536]),
    ]
    for write in refused:
        with pytest.raises(GitHubError, match=r"expected a text of at most 65,53[56] characters, got 65,5"):
            write()
    with pytest.raises(GitHubError, match="expected a title of at most 256 characters, got 257"):
        hub.open_issue("x" * 257, "", [], find=nothing)
    assert site.stand.server.calls == []


def test_longest_body__is_taken(site: Site, hub: Hub) -> None:
    hub.open_issue("x" * 256, "ü" * 65_536, [], find=nothing)
    assert len(site.repo.issues[1].body or "") == 65_536


def test_missing_permission__is_named(site: Site) -> None:
    hub = site.hub(site.stand.actions(contents="read"))
    with pytest.raises(ForbiddenError, match=r"new issue: 403 .*lacks a permission: expected issues: write; grant it"):
        hub.open_issue("Alert", "", [], find=nothing)
    site.stand.clone.push("topic", **{"b.txt": "x"})
    with pytest.raises(ForbiddenError, match="expected pull_requests: write") as caught:
        hub.open_pull(title="v2", body="", branch="topic", base="main")
    assert not isinstance(caught.value, PullsForbiddenError)
    assert site.waits == []


def test_wrong_token__is_named_and_not_shown(site: Site) -> None:
    runtime = Runtime(NAME, site.stand.server.url, "https://github.com", Token("ghs_wrong"))
    with Hub(runtime) as hub, pytest.raises(GitHubError, match="401 Bad credentials: the token is wrong or") as caught:
        hub.issue(1)
    assert "ghs_wrong" not in exposed(caught.value)


def test_issues_turned_off__has_a_remedy(site: Site, hub: Hub) -> None:
    site.repo.has_issues = False
    with pytest.raises(GitHubError, match="410 Issues are disabled for this repo: turn Issues on"):
        hub.open_issue("Alert", "", [], find=nothing)


def test_not_found__names_what_and_where(hub: Hub) -> None:
    with pytest.raises(NotFoundError, match=rf"^GitHub, {NAME}, issue #404: 404 Not Found: it does not exist, or"):
        hub.issue(404)


# Patience, and what it must not show


def test_patience__waits_longer_each_time_and_ends(site: Site, hub: Hub) -> None:
    site.stand.server.faults.on("GET", "/issues/1$", ERROR, times=4)
    with pytest.raises(
        GitHubError, match=f"^GitHub, {NAME}, issue #1: no answer .* after 4 tries: 500 Server Error; run"
    ):
        hub.issue(1)
    assert site.waits == [1.0, 2.0, 4.0]


def test_patience__waits_as_long_as_github_asks_and_no_longer_than_a_minute(site: Site, hub: Hub) -> None:
    hub.open_issue("Alert", "", [], find=nothing)
    site.stand.server.faults.on("GET", "/issues/1$", secondary_limit(7))
    site.stand.server.faults.on("GET", "/issues/1$", secondary_limit(60, status=429))
    assert hub.issue(1).title == "Alert"
    assert site.waits == [7.0, 60.0]
    site.stand.server.faults.on("GET", "/issues/1$", secondary_limit(61))
    with pytest.raises(GitHubError, match="rate limit: GitHub asks to wait 61 s; run it again then"):
        hub.issue(1)


def test_patience__does_not_repeat_a_refusal(site: Site, hub: Hub) -> None:
    with pytest.raises(NotFoundError):
        hub.issue(404)
    assert len(site.stand.server.calls) == 1


@pytest.mark.parametrize("fault", [ERROR, RESET, HANG, LOST, secondary_limit(3600), Fault("status", 404)], ids=str)
def test_token__is_in_no_error_and_no_log(site: Site, caplog: pytest.LogCaptureFixture, fault: Fault) -> None:
    caplog.set_level(logging.DEBUG)
    token = site.stand.ann
    hub = site.hub(token, timeout=1)
    site.stand.server.faults.on("POST", "/issues$", fault)
    site.stand.server.faults.on("GET", "/issues$", ERROR, nth=2, times=9)
    with pytest.raises(GitHubError) as caught:
        hub.open_issue("Alert", "", [], find=lambda: next(iter(hub.issues(label="x")), None) or nothing())
    site.stand.server.faults.clear()
    site.stand.server.faults.on("POST", "/issues$", Fault("status", 422, "Validation Failed"))
    with pytest.raises(GitHubError) as refused:
        hub.open_issue("Alert", "", [], find=nothing)
    for error in (caught.value, refused.value):
        assert token.value not in exposed(error)
    assert token.value not in caplog.text
    assert token.value not in repr(vars(hub)) + repr(hub)


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("answer", ['{"number": 1, "ti', "[1, 2]", "<html>a proxy</html>", '"text"', "", "null", "{}"])
def test_answer__that_makes_no_sense_is_an_error_without_the_token(status: int, answer: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        runtime = Runtime(
            NAME, f"http://127.0.0.1:{server.server_port}", "https://github.com", Token("ghs_notToBeSeen")
        )
        with Hub(runtime, sleep=lambda _: None) as hub, pytest.raises(GitHubError, match="issue #1: ") as caught:
            hub.issue(1)
        server.shutdown()
    assert "ghs_notToBeSeen" not in exposed(caught.value)


def test_server__that_is_not_there(site: Site) -> None:
    runtime = Runtime(NAME, "http://127.0.0.1:1", "https://github.com", Token("ghs_notToBeSeen"))
    with Hub(runtime, sleep=site.waits.append) as hub, pytest.raises(GitHubError, match="ConnectionError") as caught:
        hub.default_branch()
    assert "ghs_notToBeSeen" not in exposed(caught.value)
    assert site.waits == [1.0, 2.0, 4.0]


def test_token__that_cannot_be_sent_is_not_shown(site: Site) -> None:
    runtime = Runtime(NAME, site.stand.server.url, "https://github.com", Token("ghs_notToBeSeen\nX-Other: 1"))
    with (
        Hub(runtime) as hub,
        pytest.raises(GitHubError, match=r"issue #1: cannot be asked \(InvalidHeader\)") as caught,
    ):
        hub.issue(1)
    assert "ghs_notToBeSeen" not in exposed(caught.value)

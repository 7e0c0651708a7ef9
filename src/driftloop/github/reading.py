"""What the loop reads from GitHub: paged lists to their end, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

from driftloop.github import values
from driftloop.github.refusals import ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.github.runtime import Runtime
    from driftloop.github.values import Check, Comment, Issue, Pull, Release, Repository, Workflow

T = TypeVar("T")

ACTIONS_BOT = "github-actions[bot]"
MOST_A_PAGE = 100
WRITERS = frozenset({"admin", "maintain", "write"})


class Do(Protocol):
    """Takes a step that may be repeated, and words what goes wrong; `what` is what it is about."""

    def __call__(self, what: str, step: Callable[[], T], /) -> T:
        """Take it until it is settled."""


class Reading:
    """One repository on GitHub, to look at."""

    def __init__(self, runtime: Runtime, client: Any, do: Do) -> None:
        """Take PyGithub's client, which is lazy: only what a step reads or does makes a call."""
        self._runtime = runtime
        self._client = client
        self._repo = client.get_repo(runtime.repository)
        self._do = do
        self._login = runtime.login

    def login(self) -> str:
        """Return the login that this token writes as; an installation's token may not ask, and belongs to the Actions bot."""
        if not self._login:
            try:
                self._login = self._do("who am I", lambda: str(self._client.get_user().login))
            except ForbiddenError:
                self._login = ACTIONS_BOT
        return self._login

    def default_branch(self) -> str:
        """Return the branch that is production."""
        return self._do("repository", lambda: str(self._client.get_repo(self._runtime.repository).default_branch))

    def repository(self) -> Repository:
        """Return the settings of the repository."""
        return self._do("repository", lambda: values.repository(self._client.get_repo(self._runtime.repository)))

    def actions_on(self) -> bool:
        """Whether workflows run at all; no token of Actions may ask."""
        return bool(self._setting("actions/permissions")["enabled"])

    def may_propose(self) -> bool:
        """Whether Actions may create pull requests; no token of Actions may ask."""
        return bool(self._setting("actions/permissions/workflow")["can_approve_pull_request_reviews"])

    def pages_from(self) -> str | None:
        """Return what Pages are built from: `workflow`, or `legacy` for a branch; None where they are not set up."""
        try:
            return str(self._setting("pages").get("build_type") or "legacy")
        except NotFoundError:
            return None

    def is_protected(self, branch: str) -> bool:
        """Whether a branch is protected; one that is not there is not."""
        try:
            return bool(self._setting(f"branches/{quote(branch, safe='')}")["protected"])
        except NotFoundError:
            return False

    def labels(self) -> frozenset[str]:
        """List the labels of the repository."""
        return self._do("labels", lambda: frozenset(label.name for label in self._repo.get_labels()))

    def workflow(self, file: str) -> Workflow | None:
        """Return whether a workflow is active, and when it ran last by its schedule; None if the default branch has none."""

        def step() -> Workflow:
            found = self._repo.get_workflow(file)
            newest = self._repo.get_workflow_runs(event="schedule").get_page(0)
            return values.workflow(found, [run for run in newest if run.path.partition("@")[0] == found.path])

        return self._known(f"workflow {file}", step)

    def may_write(self, login: str) -> bool:
        """Whether somebody has write access."""
        if not login:
            return False
        try:
            return self._do(f"role of {login}", lambda: self._repo.get_collaborator_permission(login)) in WRITERS
        except NotFoundError:
            return False

    def issue(self, number: int) -> Issue:
        """Get an issue."""
        return self._do(f"issue #{number}", lambda: values.issue(self._repo.get_issue(number)))

    def issues(self, *, label: str, state: str = "open") -> list[Issue]:
        """List the issues with a label, oldest first; pull requests, which GitHub lists too, are left out."""
        found = self._issues(f"issues labelled {label}", state=state, labels=[label])
        return [each for each in found if values.has(each.labels, label)]

    def issues_by(self, login: str, *, state: str = "open") -> list[Issue]:
        """List the issues that somebody opened, oldest first.

        Enterprise Cloud has been seen to list nothing for the login of an app, so let no duplicate depend on it alone.
        https://github.com/renovatebot/renovate/issues/44730
        """
        return [each for each in self._issues(f"issues by {login}", state=state, creator=login) if each.author == login]

    def comments(self, number: int) -> list[Comment]:
        """List all comments of an issue or pull request, oldest first."""
        return self._do(f"comments of #{number}", lambda: self._comments(number))

    def pull(self, number: int) -> Pull:
        """Get a pull request."""
        return self._do(f"pull request #{number}", lambda: values.pull(self._repo.get_pull(number)))

    def pulls(self, branch: str, *, state: str = "open") -> list[Pull]:
        """List the pull requests from a branch of this repository, newest first; those of forks are left out."""
        return self._do(f"pull requests of {branch}", lambda: self._pulls(branch, state))

    def merged_by(self, number: int) -> str:
        """Return who merged a pull request; empty where nobody did, or the account is gone."""
        return self._do(f"pull request #{number}", lambda: values.login(self._repo.get_pull(number).merged_by))

    def checks(self, sha: str) -> list[Check]:
        """List what was reported on a commit, the newest of each name: check runs and statuses."""
        login = self.login()

        def step() -> list[Check]:
            commit = self._repo.get_commit(sha)
            runs = [values.check_run(each, login) for each in commit.get_check_runs()]
            newest = {each["context"]: each for each in reversed(self._statuses(sha))}
            return [*runs, *(values.status(each) for each in newest.values())]

        return self._do(f"checks of {sha[:12]}", step)

    def objections(self, number: int) -> list[str]:
        """List who has asked for changes to a pull request, and has not approved it since."""

        def step() -> list[str]:
            found: dict[str, str] = {}
            for each in self._repo.get_pull(number).get_reviews():
                if each.state != "COMMENTED":  # which leaves an earlier review as it was
                    found[values.login(each.user)] = each.state
            return [login for login, state in found.items() if state == "CHANGES_REQUESTED"]

        return self._do(f"reviews of #{number}", step)

    def release(self, tag: str) -> Release | None:
        """Get the release of a tag, if there is one."""
        return self._known(f"release {tag}", lambda: values.release(self._repo.get_release(tag)))

    def releases(self) -> list[Release]:
        """List the published releases, newest first."""
        return self._do(
            "releases", lambda: [values.release(each) for each in self._repo.get_releases() if not each.draft]
        )

    def compare_url(self, base: str, branch: str) -> str:
        """Return the page on which a person can open the pull request of a branch."""
        names = "...".join(quote(name, safe="/") for name in (base, branch))
        return f"{self._runtime.server_url}/{self._runtime.repository}/compare/{names}?expand=1"

    # Parts of steps

    def _setting(self, path: str) -> dict[str, Any]:
        """Read what PyGithub has no method for."""
        url = f"/repos/{self._runtime.repository}/{path}"
        found: dict[str, Any] = self._do(path, lambda: self._client.requester.requestJsonAndCheck("GET", url)[1])
        return found

    def _issues(self, what: str, **filters: Any) -> list[Issue]:
        def step() -> list[Issue]:
            return [values.issue(each) for each in self._repo.get_issues(sort="created", direction="asc", **filters)]

        return [each for each in self._do(what, step) if not each.is_pull]

    def _comments(self, number: int) -> list[Comment]:
        return [values.comment(each) for each in self._repo.get_issue(number).get_comments()]

    def _pulls(self, branch: str, state: str) -> list[Pull]:
        # Without the owner GitHub ignores the filter, and lists everything.
        listed = self._repo.get_pulls(state=state, head=f"{self._runtime.owner}:{branch}")
        here = self._runtime.repository.casefold()
        found = [values.pull(each) for each in listed]
        return [each for each in found if (each.head, each.head_repository.casefold()) == (branch, here)]

    def _statuses(self, sha: str) -> list[dict[str, Any]]:
        # PyGithub's own method asks an address that GitHub keeps for old clients, and describes no more.
        url = f"/repos/{self._runtime.repository}/commits/{sha}/statuses"
        found: list[dict[str, Any]] = []
        while len(found) % MOST_A_PAGE == 0:
            asked = {"per_page": MOST_A_PAGE, "page": len(found) // MOST_A_PAGE + 1}
            _, page = self._client.requester.requestJsonAndCheck("GET", url, parameters=asked)
            found += page
            if not page:
                break
        return found

    def _known(self, what: str, step: Callable[[], T]) -> T | None:
        try:
            return self._do(what, step)
        except NotFoundError:
            return None

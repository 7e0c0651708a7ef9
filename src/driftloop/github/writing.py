"""What the loop changes on GitHub: each write looks first, so that it may be repeated.

A write that is repeated, for instance after a lost answer (see `patiently`), has the same effect as a single one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from driftloop.errors import GitHubError
from driftloop.github import values
from driftloop.github.reading import Reading
from driftloop.github.refusals import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from driftloop.github.values import Comment, Issue, Pull, Release

# Characters, as GitHub counts them.
LONGEST_TITLE = 256
LONGEST_BODY = 65_536
LONGEST_SUMMARY = 65_535
LONGEST_RELEASE = 125_000


class Writing(Reading):
    """One repository on GitHub, to look at and to change."""

    def ensure_label(self, name: str, *, color: str, description: str) -> None:
        """Make a label exist; one that does stays as people have made it look."""
        what = f"label {name}"

        def step() -> None:
            if self._known(what, lambda: self._repo.get_label(name).complete()) is None:
                self._repo.create_label(name, color, description)

        self._do(what, step)

    def open_issue(self, title: str, body: str, labels: Sequence[str], *, find: Callable[[], Issue | None]) -> Issue:
        """Open an issue, unless `find` knows it already."""
        _check_length("issue", title, body)

        def step() -> Issue:
            return find() or values.issue(self._repo.create_issue(title, body, labels=list(labels)))

        return self._do("new issue", step)

    def edit_issue(
        self,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        state: str | None = None,
        state_reason: str | None = None,
    ) -> Issue:
        """Set what is given and differs: title, body, state (open, closed), and why it was closed or reopened."""
        _check_length(f"issue #{number}", title or "", body or "")
        wanted = {"title": title, "body": body, "state": state}

        def step() -> Issue:
            found = self._repo.get_issue(number)
            was = {"title": found.title, "body": found.body, "state": found.state}
            change = {
                name: text for name, text in wanted.items() if text is not None and not values.same(was[name], text)
            }
            if "state" in change and state_reason:
                change["state_reason"] = state_reason
            if change:
                found.edit(**change)
            return values.issue(found)

        return self._do(f"issue #{number}", step)

    def add_labels(self, number: int, *names: str) -> None:
        """Set labels; those that are set stay."""

        def step() -> None:
            found = self._repo.get_issue(number)
            new = [name for name in names if not values.has(values.issue(found).labels, name)]
            if new:
                found.add_to_labels(*new)

        self._do(f"labels of #{number}", step)

    def remove_label(self, number: int, name: str) -> None:
        """Remove a label, if it is set."""

        def step() -> None:
            found = self._repo.get_issue(number)
            if values.has(values.issue(found).labels, name):
                # PyGithub's own method leaves a slash in the name as it is, which makes another address.
                found.requester.requestJsonAndCheck("DELETE", f"{found.url}/labels/{quote(name, safe='')}")

        try:
            self._do(f"label {name} of #{number}", step)
        except NotFoundError:
            self.issue(number)  # somebody removed the label first, or there is no such issue

    def assign(self, number: int, login: str) -> bool:
        """Assign somebody; GitHub passes over people who cannot be assigned: say whether it took."""

        def step() -> bool:
            found = self._repo.get_issue(number)
            if not values.has(values.issue(found).assignees, login):
                found.add_to_assignees(login)
            return values.has(values.issue(found).assignees, login)

        return self._do(f"assignees of #{number}", step)

    def comment(self, number: int, body: str, *, marker: str, author: str) -> Comment:
        """Write the one comment that begins with a hidden marker, or bring it up to date.

        A stranger can paste the marker, so it counts in comments by `author` only.
        """
        what = f"comment on #{number}"
        if not body.startswith(marker):
            msg = f"{what}: expected a text that begins with {marker!r}"
            raise ValueError(msg)
        _check_length(what, "", body)

        def step() -> Comment:
            ours = (each for each in self._comments(number) if each.author == author and each.body.startswith(marker))
            found = next(ours, None)
            if found is None:
                return values.comment(self._repo.get_issue(number).create_comment(body))
            if values.same(found.body, body):
                return found
            comment = self._repo.get_issue(number).get_comment(found.id)
            comment.edit(body)
            return values.comment(comment)

        return self._do(what, step)

    def open_pull(self, *, title: str, body: str, branch: str, base: str) -> Pull:
        """Open the pull request of a branch, or bring the open one up to date.

        Raises
        ------
        PullsForbiddenError
            If the repository does not let Actions create pull requests.
        """
        what = f"pull request of {branch}"
        _check_length(what, title, body)

        def step() -> Pull:
            found = next((each for each in self._pulls(branch, "open") if each.base == base), None)
            if found is None:
                return values.pull(self._repo.create_pull(base, branch, title=title, body=body))
            if values.same(found.title, title) and values.same(found.body, body):
                return found
            pull = self._repo.get_pull(found.number)
            pull.edit(title=title, body=body)
            return values.pull(pull)

        return self._do(what, step)

    def dispatch(self, workflow: str, ref: str, inputs: dict[str, str]) -> None:
        """Start a workflow by the name of its file. A lost answer may start it twice: let it find its work done then."""
        url = f"/repos/{self._runtime.repository}/actions/workflows/{workflow}/dispatches"

        def step() -> None:
            # PyGithub's own method gets the workflow first, and looks at statuses that have changed since.
            self._client.requester.requestJsonAndCheck("POST", url, input={"ref": ref, "inputs": inputs})

        self._do(f"start of {workflow}", step)

    def check_run(self, sha: str, *, name: str, conclusion: str, title: str, summary: str) -> None:
        """Put our check run of this name on a commit, or bring it up to date; jobs of Actions have check runs too."""
        what, ours = f"check run {name}", values.check_id(name)
        _check_length(what, title, summary, LONGEST_SUMMARY)
        done: dict[str, Any] = {"status": "completed", "conclusion": conclusion}
        done["output"] = {"title": title, "summary": summary}

        def step() -> None:
            # `latest`, the default, would hide ours behind a newer job of the same name.
            runs = self._repo.get_commit(sha).get_check_runs(check_name=name, filter="all")
            found = next((run for run in runs if run.external_id == ours), None)
            if found is None:
                self._repo.create_check_run(name, sha, external_id=ours, **done)
                return
            was = (found.conclusion, found.output.title, found.output.summary)
            if not all(map(values.same, was, (conclusion, title, summary))):
                found.edit(**done)

        self._do(what, step)

    def merge(self, number: int, *, sha: str, message: str) -> None:
        """Merge a pull request if its head is still this commit; one that is merged already stays so.

        Raises
        ------
        ConflictError
            If a rule of the repository forbids it, the head has moved, or the branches cannot be merged.
        """
        what = f"merge of #{number}"

        def step(method: str) -> None:
            pull = self._repo.get_pull(number)
            if not (pull.merged and pull.head.sha == sha):
                pull.merge(commit_message=message, merge_method=method, sha=sha)

        try:
            self._do(what, lambda: step("merge"))
        except ConflictError as exc:
            if "Merge commits are not allowed" not in str(exc):
                raise
            self._do(what, lambda: step("squash"))

    def create_release(self, tag: str, *, target: str, name: str, body: str) -> Release:
        """Release a commit under a tag, which is made where it is missing; a release that exists stays as it is.

        Raises
        ------
        GitHubError
            If the tag stands on another commit already: GitHub would release that one without a word.
        """
        what = f"release {tag}"
        _check_length(what, name, body, LONGEST_RELEASE)

        def step() -> Release:
            found = self.release(tag)
            if found is not None:
                return found
            self._check_tag(tag, target)
            return values.release(self._repo.create_git_release(tag, name, body, target_commitish=target))

        return self._do(what, step)

    def _check_tag(self, tag: str, target: str) -> None:
        found = self._known(f"tag {tag}", lambda: self._repo.get_git_ref(f"tags/{tag}").complete().object)
        # An annotated tag has a hash of its own.
        if found is not None and found.type == "commit" and found.sha != target:
            msg = f"tag {tag}: expected it on {target}, got {found.sha}; delete the tag, or release that commit by hand"
            raise GitHubError(msg)


def _check_length(what: str, title: str, body: str, longest: int = LONGEST_BODY) -> None:
    for name, text, limit in (("title", title, LONGEST_TITLE), ("text", body, longest)):
        if len(text) > limit:
            msg = f"{what}: expected a {name} of at most {limit:,} characters, got {len(text):,}"
            raise GitHubError(msg)

"""What a push brings about: events, pull requests that follow their branch, issues closed by keywords."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftloop.githubstub.records import Issue, Repository, Token
    from driftloop.githubstub.state import World

KEYWORD = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?P<repo>[\w.-]+/[\w.-]+)?#(?P<number>\d+)\b", re.IGNORECASE
)
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|<!--.*?-->", re.DOTALL)
NOWHERE = "0" * 40


def observe_pushes(world: World, by: Token | None = None) -> None:
    """Look at every bare repository, and write down the pushes since the last look."""
    for repo in world.repositories.values():
        observe(world, repo, by or repo.pusher)


def observe(world: World, repo: Repository, token: Token) -> None:
    """Compare the refs with those of the last look, and let follow what follows on GitHub."""
    before, repo.refs = repo.refs, repo.git.refs()
    moved = [ref for ref in sorted({*before, *repo.refs}) if before.get(ref) != repo.refs.get(ref)]
    for ref in moved:
        old, new = before.get(ref, NOWHERE), repo.refs.get(ref, NOWHERE)
        world.emit("push", token, repo, ref=ref, before=old, after=new)
        if NOWHERE in {old, new}:
            world.emit("create" if old == NOWHERE else "delete", token, repo, ref=ref)
        elif ref == f"refs/heads/{repo.default_branch}":
            for commit in repo.git.commits(f"{old}..{new}"):
                close_mentioned(world, repo, commit.message, token)
    if moved:
        for issue in repo.pulls:
            _follow(world, repo, issue, token)


def _follow(world: World, repo: Repository, issue: Issue, token: Token) -> None:
    pull = issue.pull
    if pull is None or issue.state == "closed":
        return
    head, base = (repo.refs.get(f"refs/heads/{branch}") for branch in (pull.head, pull.base))
    if base and repo.git.base(base, pull.head_sha) == pull.head_sha:
        settle(world, repo, issue, token, pull.head_sha)
    elif head is None or base is None or repo.git.base(base, head) in {head, None}:
        close(world, repo, issue, token)
    elif head != pull.head_sha:
        pull.head_sha, issue.updated = head, world.time()
        repo.git.update(f"refs/pull/{issue.number}/head", head)
        world.emit("pull_request.synchronize", token, repo, number=issue.number, sha=head)


def settle(world: World, repo: Repository, issue: Issue, token: Token, sha: str) -> None:
    """Mark a pull request as merged, and close the issues that its text names."""
    if issue.pull is None:
        return
    issue.pull.merged_at, issue.pull.merged_by, issue.pull.merge_sha = world.time(), token.actor, sha
    close(world, repo, issue, token)
    if issue.pull.base == repo.default_branch:
        close_mentioned(world, repo, issue.body or "", token)


def close(world: World, repo: Repository, issue: Issue, token: Token, reason: str | None = None) -> None:
    """Close an issue or a pull request."""
    issue.state, issue.state_reason = "closed", None if issue.pull else reason or "completed"
    issue.closed = issue.updated = world.time()
    issue.closed_by = token.actor
    merged = bool(issue.pull and issue.pull.merged_at)
    world.emit(f"{issue.kind}.closed", token, repo, number=issue.number, **({"merged": merged} if issue.pull else {}))


def close_mentioned(world: World, repo: Repository, text: str, token: Token) -> None:
    """Close the open issues that a text closes by keyword, outside of code and hidden comments."""
    for match in KEYWORD.finditer(NOT_PROSE.sub(" ", text)):
        issue = repo.issues.get(int(match["number"]))
        if issue and not issue.pull and issue.state == "open" and (match["repo"] or repo.name) == repo.name:
            close(world, repo, issue, token)

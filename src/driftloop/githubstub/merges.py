"""Merges of pull requests, by the real git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftloop.githubstub.answers import Call, Refused, Reply
from driftloop.githubstub.pulls import base_of, find
from driftloop.githubstub.pushes import observe, settle

if TYPE_CHECKING:
    from driftloop.githubstub.bare import Commit
    from driftloop.githubstub.records import Issue


def merge(call: Call) -> Reply:
    """Merge, by a merge commit or squashed, into the bare repository."""
    issue, pull = find(call)
    method = call.body.get("merge_method", "merge")
    allowed = {"merge": call.repo.allow_merge_commit, "squash": call.repo.allow_squash_merge}
    if method == "merge" and not allowed[method]:
        raise Refused(405, "Merge commits are not allowed on this repository.")
    if not allowed.get(method):
        raise Refused(405, f"{method.title()} merges are not allowed on this repository.")
    if issue.state == "closed" or pull.draft:
        raise Refused(405, "Pull Request is still a draft" if pull.draft else "Pull Request is not mergeable")
    if call.body.get("sha", pull.head_sha) != pull.head_sha:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    passed = {each["name"] for each in call.repo.checks.values() if _passed(each, pull.head_sha)}
    if lacking := sorted(set(call.repo.required_checks) - passed):
        raise Refused(405, f'Required status check "{lacking[0]}" is expected.')
    base = base_of(call, pull, "open")
    tree = call.repo.git.merged_tree(base, pull.head_sha)
    if tree is None:
        raise Refused(405, "Pull Request is not mergeable")
    actor = call.token.actor
    author = (actor.login, f"{actor.id}+{actor.login}@users.noreply.github.com")
    parents = [base] if method == "squash" else [base, pull.head_sha]
    commits = call.repo.git.commits(f"{base}..{pull.head_sha}")
    made = call.repo.git.commit(tree, parents, _message(call, issue, method, commits), author, call.world.time())
    if not call.repo.git.update(f"refs/heads/{pull.base}", made, base):
        raise Refused(409, "Base branch was modified. Review and try the merge again.")
    pull.base_sha = base
    settle(call.world, call.repo, issue, call.token, made)
    if call.repo.delete_branch_on_merge:
        call.repo.git.run("update-ref", "-d", f"refs/heads/{pull.head}", pull.head_sha)
    observe(call.world, call.repo, call.token)
    done = {"sha": made, "merged": True, "message": "Pull Request successfully merged"}
    return Reply(200, call.shaped("pull-request-merge-result", done))


def _passed(check: dict[str, Any], sha: str) -> bool:
    return check["head_sha"] == sha and check["conclusion"] in {"success", "neutral", "skipped"}


def _message(call: Call, issue: Issue, method: str, commits: list[Commit]) -> str:
    head = issue.pull.head if issue.pull else ""
    title = f"Merge pull request #{issue.number} from {call.repo.owner.login}/{head}"
    body = issue.title
    if method == "squash":
        title, body = f"{issue.title} (#{issue.number})", "\n\n".join(f"* {each.message}" for each in reversed(commits))
    return f"{call.body.get('commit_title', title)}\n\n{call.body.get('commit_message', body)}"

"""Who answers what, and what it takes: permissions as GitHub's documentation lists them, and a person's role."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from driftloop.githubstub import actions, checks, comments, commits, issues, labels, merges, pulls, refs, repos

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.githubstub.answers import Call, Reply

R = "/repos/{owner}/{repo}"


class Route(NamedTuple):
    """How one operation is answered.

    Attributes
    ----------
    needs
        Permissions, `a,b; c`: a and b, or c; sent as X-Accepted-GitHub-Permissions with a refusal.
    role
        What a person's token takes beside it.
    """

    answer: Callable[[Call], Reply]
    needs: str
    role: str = "write"


def _reads(answer: Callable[[Call], Reply], permission: str) -> Route:
    return Route(answer, f"{permission}=read", "read")


ISSUES = "issues=write; pull_requests=write"
READ_ISSUES = "issues=read; pull_requests=read"
ADMIN = "administration=write"

ROUTES: dict[str, Route] = {
    "GET /rate_limit": Route(repos.get_rate_limit, ""),
    "GET /user": Route(repos.get_user, ""),
    f"GET {R}": _reads(repos.get_repository, "metadata"),
    f"PATCH {R}": Route(repos.change_repository, ADMIN, "admin"),
    f"GET {R}/collaborators/{{username}}/permission": _reads(repos.get_permission, "metadata"),
    f"GET {R}/branches/{{branch}}": _reads(refs.get_branch, "contents"),
    f"GET {R}/commits/{{ref}}": _reads(commits.get_commit, "contents"),
    f"GET {R}/compare/{{basehead}}": _reads(commits.compare, "contents"),
    f"GET {R}/contents/{{path}}": _reads(commits.get_contents, "contents"),
    f"PUT {R}/contents/{{path}}": Route(commits.change_contents, "contents=write"),
    f"DELETE {R}/contents/{{path}}": Route(commits.change_contents, "contents=write"),
    f"GET {R}/git/matching-refs/{{ref}}": _reads(refs.matching_refs, "contents"),
    f"GET {R}/git/ref/{{ref}}": _reads(refs.get_ref, "contents"),
    f"POST {R}/git/refs": Route(refs.create_ref, "contents=write"),
    f"PATCH {R}/git/refs/{{ref}}": Route(refs.update_ref, "contents=write"),
    f"DELETE {R}/git/refs/{{ref}}": Route(refs.delete_ref, "contents=write"),
    f"GET {R}/issues": Route(issues.list_issues, READ_ISSUES, "read"),
    f"POST {R}/issues": Route(issues.create_issue, "issues=write", "read"),
    f"GET {R}/issues/{{issue_number}}": Route(issues.get_issue, READ_ISSUES, "read"),
    f"PATCH {R}/issues/{{issue_number}}": Route(issues.update_issue, ISSUES, "read"),
    f"POST {R}/issues/{{issue_number}}/assignees": Route(issues.change_assignees, ISSUES, "triage"),
    f"DELETE {R}/issues/{{issue_number}}/assignees": Route(issues.change_assignees, ISSUES, "triage"),
    f"GET {R}/issues/{{issue_number}}/comments": Route(comments.list_comments, READ_ISSUES, "read"),
    f"POST {R}/issues/{{issue_number}}/comments": Route(comments.create_comment, ISSUES, "read"),
    f"GET {R}/issues/comments/{{comment_id}}": Route(comments.one_comment, READ_ISSUES, "read"),
    f"PATCH {R}/issues/comments/{{comment_id}}": Route(comments.one_comment, ISSUES, "read"),
    f"DELETE {R}/issues/comments/{{comment_id}}": Route(comments.one_comment, ISSUES, "read"),
    f"GET {R}/issues/{{issue_number}}/labels": Route(labels.issue_labels, READ_ISSUES, "read"),
    f"POST {R}/issues/{{issue_number}}/labels": Route(labels.issue_labels, ISSUES, "triage"),
    f"PUT {R}/issues/{{issue_number}}/labels": Route(labels.issue_labels, ISSUES, "triage"),
    f"DELETE {R}/issues/{{issue_number}}/labels": Route(labels.issue_labels, ISSUES, "triage"),
    f"DELETE {R}/issues/{{issue_number}}/labels/{{name}}": Route(labels.remove_label, ISSUES, "triage"),
    f"GET {R}/labels": Route(labels.list_labels, READ_ISSUES, "read"),
    f"POST {R}/labels": Route(labels.create_label, ISSUES),
    f"GET {R}/labels/{{name}}": Route(labels.get_label, READ_ISSUES, "read"),
    f"PATCH {R}/labels/{{name}}": Route(labels.change_label, ISSUES),
    f"DELETE {R}/labels/{{name}}": Route(labels.change_label, ISSUES),
    f"GET {R}/pulls": _reads(pulls.list_pulls, "pull_requests"),
    f"POST {R}/pulls": Route(pulls.create_pull, "pull_requests=write"),
    f"GET {R}/pulls/{{pull_number}}": _reads(pulls.get_pull, "pull_requests"),
    f"PATCH {R}/pulls/{{pull_number}}": Route(pulls.update_pull, "pull_requests=write", "read"),
    f"GET {R}/pulls/{{pull_number}}/files": _reads(pulls.list_files, "pull_requests"),
    f"GET {R}/pulls/{{pull_number}}/reviews": _reads(pulls.list_reviews, "pull_requests"),
    f"GET {R}/pulls/{{pull_number}}/merge": _reads(pulls.is_merged, "contents"),
    f"PUT {R}/pulls/{{pull_number}}/merge": Route(merges.merge, "contents=write"),
    f"POST {R}/check-runs": Route(checks.create_check, "checks=write"),
    f"GET {R}/check-runs/{{check_run_id}}": _reads(checks.one_check, "checks"),
    f"PATCH {R}/check-runs/{{check_run_id}}": Route(checks.one_check, "checks=write"),
    f"GET {R}/commits/{{ref}}/check-runs": _reads(checks.list_checks, "checks"),
    f"GET {R}/commits/{{ref}}/statuses": _reads(checks.list_statuses, "statuses"),
    f"POST {R}/statuses/{{sha}}": Route(checks.create_status, "statuses=write"),
    f"GET {R}/releases": _reads(checks.list_releases, "contents"),
    f"POST {R}/releases": Route(checks.create_release, "contents=write"),
    f"GET {R}/releases/latest": _reads(checks.release_by_tag, "contents"),
    f"GET {R}/releases/tags/{{tag}}": _reads(checks.release_by_tag, "contents"),
    f"GET {R}/releases/{{release_id}}": _reads(checks.one_release, "contents"),
    f"PATCH {R}/releases/{{release_id}}": Route(checks.one_release, "contents=write"),
    f"DELETE {R}/releases/{{release_id}}": Route(checks.one_release, "contents=write"),
    f"POST {R}/dispatches": Route(actions.dispatch_repository, "contents=write"),
    f"GET {R}/actions/permissions": Route(actions.get_settings, "administration=read", "admin"),
    f"GET {R}/actions/permissions/workflow": Route(actions.workflow_settings, "administration=read", "admin"),
    f"PUT {R}/actions/permissions/workflow": Route(actions.workflow_settings, ADMIN, "admin"),
    f"GET {R}/actions/runs": _reads(actions.list_runs, "actions"),
    f"GET {R}/actions/workflows": _reads(actions.list_workflows, "actions"),
    f"GET {R}/actions/workflows/{{workflow_id}}": _reads(actions.one_workflow, "actions"),
    f"PUT {R}/actions/workflows/{{workflow_id}}/enable": Route(actions.one_workflow, "actions=write"),
    f"POST {R}/actions/workflows/{{workflow_id}}/dispatches": Route(actions.one_workflow, "actions=write"),
    f"GET {R}/actions/variables": Route(actions.list_variables, "variables=read"),
    f"POST {R}/actions/variables": Route(actions.create_variable, "variables=write"),
    f"GET {R}/actions/variables/{{name}}": Route(actions.one_variable, "variables=read"),
    f"PATCH {R}/actions/variables/{{name}}": Route(actions.one_variable, "variables=write"),
    f"DELETE {R}/actions/variables/{{name}}": Route(actions.one_variable, "variables=write"),
    f"GET {R}/pages": _reads(actions.pages, "pages"),
    f"POST {R}/pages": Route(actions.pages, "pages=write,administration=write", "admin"),
    f"PUT {R}/pages": Route(actions.pages, "pages=write,administration=write", "admin"),
    f"DELETE {R}/pages": Route(actions.pages, "pages=write,administration=write", "admin"),
}

"""Repositories, collaborators, and the caller."""

from __future__ import annotations

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject

CHANGEABLE = {"private", "has_issues", "default_branch", "delete_branch_on_merge", "allow_squash_merge"}


def get_repository(call: Call) -> Reply:
    """Get the repository."""
    return Reply(200, call.shaped("full-repository", views.repository(call)))


def change_repository(call: Call) -> Reply:
    """Change those settings that mean something here."""
    change = {
        name: value for name, value in call.body.items() if (name, value) != ("name", views.repository(call)["name"])
    }
    if set(change) - CHANGEABLE:
        raise Refused(501, f"The stand-in does not know the settings {sorted(set(change) - CHANGEABLE)}")
    if f"refs/heads/{call.body.get('default_branch', call.repo.default_branch)}" not in call.repo.refs:
        reject("Repository", "default_branch", "invalid")
    for name, value in change.items():
        setattr(call.repo, name, value)
    return get_repository(call)


def get_permission(call: Call) -> Reply:
    """Return what a user may do in the repository."""
    actor = call.world.users.get(call.params["username"])
    if actor is None:
        raise missing()
    if actor.type == "Bot":
        raise Refused(404, f"{actor.login} is not a user")
    role = call.repo.role(actor)
    permission = {"maintain": "write", "triage": "read"}.get(role, role)
    person = {**(views.person(call, actor) or {}), "role_name": role}
    values = {"permission": permission, "role_name": role, "user": person}
    return Reply(200, call.shaped("repository-collaborator-permission", values))


def get_user(call: Call) -> Reply:
    """Return the caller; an installation is no user."""
    if call.token.kind in {"actions", "app"}:
        raise Refused(403, "Resource not accessible by integration")
    if call.token.kind == "anonymous":
        raise Refused(401, "Requires authentication")
    shown = {**(views.person(call, call.token.actor) or {}), "user_view_type": "private"}
    return Reply(200, call.shaped("private-user", shown))


def get_rate_limit(call: Call) -> Reply:
    """Return the remaining calls: all of them."""
    full = {"limit": 5000, "remaining": 5000, "used": 0, "reset": int(call.world.clock().timestamp()) + 3600}
    kinds = {"core": full, "search": full}
    return Reply(200, call.shaped("rate-limit-overview", {"rate": full, "resources": kinds}))

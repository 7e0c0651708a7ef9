"""Branches, tags and refs."""

from __future__ import annotations

from typing import Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing
from driftloop.githubstub.commits import commit_of
from driftloop.githubstub.pushes import observe


def get_branch(call: Call) -> Reply:
    """Get a branch with its newest commit."""
    name = call.params["branch"]
    sha = call.repo.refs.get(f"refs/heads/{name}")
    if sha is None:
        raise Refused(404, "Branch not found")
    links = {"self": views.where(call, f"/branches/{name}")["url"], "html": f"{call.home}/{call.repo.name}/tree/{name}"}
    commit, protected = views.commit(call, commit_of(call, sha)), name in call.repo.protected
    values = {"name": name, "commit": commit, "protected": protected, "_links": links}
    return Reply(200, call.shaped("branch-with-protection", values))


def _ref(call: Call, ref: str) -> dict[str, Any]:
    sha = call.repo.refs[ref]
    target = {"type": "commit", "sha": sha, "url": views.where(call, f"/git/commits/{sha}")["url"]}
    shown = {"ref": ref, "url": views.where(call, f"/git/{ref}")["url"], "object": target}
    filled: dict[str, Any] = call.shaped("git-ref", shown)
    return filled


def get_ref(call: Call) -> Reply:
    """Get a branch or tag, as `heads/main`."""
    ref = f"refs/{call.params['ref']}"
    if ref not in call.repo.refs:
        raise missing()
    return Reply(200, _ref(call, ref))


def matching_refs(call: Call) -> Reply:
    """List the refs whose name begins so."""
    found = [ref for ref in call.repo.refs if ref.startswith(f"refs/{call.params['ref']}")]
    return Reply(200, [_ref(call, ref) for ref in found])


def create_ref(call: Call) -> Reply:
    """Create a branch or tag."""
    ref, sha = call.body["ref"], call.body["sha"]
    if not ref.startswith("refs/") or ref.count("/") < 2 or not call.repo.git.is_name(ref):  # noqa: PLR2004
        raise Refused(422, f"{ref} is not a valid ref name.")
    if ref in call.repo.refs:
        raise Refused(422, "Reference already exists")
    if call.repo.git.resolve(sha) != sha:
        raise Refused(422, "Object does not exist")
    if not call.repo.git.update(ref, sha, "0" * 40):
        raise Refused(422, "Reference cannot be created")
    observe(call.world, call.repo, call.token)
    return Reply(201, _ref(call, ref))


def update_ref(call: Call) -> Reply:
    """Move a branch or tag; backwards or sideways with `force` only."""
    ref, sha, git = f"refs/{call.params['ref']}", call.body["sha"], call.repo.git
    if ref not in call.repo.refs:
        raise Refused(422, "Reference does not exist")
    if git.resolve(sha) != sha:
        raise Refused(422, "Object does not exist")
    if not call.body.get("force") and git.base(call.repo.refs[ref], sha) != call.repo.refs[ref]:
        raise Refused(422, "Update is not a fast forward")
    git.update(ref, sha)
    observe(call.world, call.repo, call.token)
    return Reply(200, _ref(call, ref))


def delete_ref(call: Call) -> Reply:
    """Delete a branch or tag."""
    ref = f"refs/{call.params['ref']}"
    if ref not in call.repo.refs:
        raise Refused(422, "Reference does not exist")
    call.repo.git.run("update-ref", "-d", ref)
    observe(call.world, call.repo, call.token)
    return Reply(204)

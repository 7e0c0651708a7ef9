"""Commits, comparisons, and the files in them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing
from driftloop.githubstub.pushes import observe

if TYPE_CHECKING:
    from driftloop.githubstub.bare import Commit

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it everywhere


def commit_of(call: Call, name: str) -> Commit:
    """Find a commit, or refuse as GitHub does."""
    sha = call.repo.git.resolve(name)
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {name}")
    return call.repo.git.commits(sha, limit=1)[0]


def get_commit(call: Call) -> Reply:
    """Get a commit with the files that it changed."""
    found, git = commit_of(call, call.params["ref"]), call.repo.git
    parent = found.parents[0] if found.parents else EMPTY_TREE
    files = [views.change(call, each) for each in git.changes(parent, found.sha, patches=True)]
    return Reply(200, call.shaped("commit", views.commit(call, found) | {"files": files}))


def compare(call: Call) -> Reply:
    """Compare two revisions, `base...head`."""
    git, sides = call.repo.git, call.params["basehead"].split("...")
    own = f"{call.repo.owner.login}:"
    shas = [git.resolve(side.removeprefix(own)) for side in sides]
    if len(shas) != 2 or shas[0] is None or shas[1] is None:  # noqa: PLR2004
        raise missing()
    base, head = shas[0], shas[1]
    common = git.base(base, head)
    if common is None:
        raise Refused(404, f"No common ancestor between {sides[0]} and {sides[1]}.")
    ahead, behind = git.count(base, head), git.count(head, base)
    words = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    commits = git.commits(f"{base}..{head}")[::-1]
    values = {
        **views.where(call, f"/compare/{call.params['basehead']}"),
        "status": words[bool(ahead), bool(behind)],
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "base_commit": views.commit(call, commit_of(call, base)),
        "merge_base_commit": views.commit(call, commit_of(call, common)),
        "commits": [views.commit(call, each) for each in commits],
        "files": [views.change(call, each) for each in git.changes(common, head, patches=True)],
    }
    return Reply(200, call.shaped("commit-comparison", values))


def get_contents(call: Call) -> Reply:
    """Get a file, or list a folder."""
    git, path = call.repo.git, call.params["path"].strip("/")
    sha = git.resolve(call.query.get("ref", call.repo.default_branch))
    if sha is None:
        raise Refused(404, f"No commit found for the ref {call.query.get('ref')}")
    found = git.entries(sha, path)
    if path and not found:
        raise missing()
    if not path or found[0][0] == "tree":
        inside = git.entries(sha, f"{path}/" if path else "")
        return Reply(200, call.shaped("content-directory", [_entry(call, each) for each in inside]))
    data = git.raw("cat-file", "blob", found[0][1])
    coded = {"encoding": "base64", "content": base64.encodebytes(data).decode()}
    return Reply(200, call.shaped("content-file", _entry(call, found[0]) | coded))


def _entry(call: Call, found: tuple[str, str, int, str]) -> dict[str, Any]:
    kind, sha, size, path = found
    links = views.where(call, f"/contents/{path}", f"/blob/{call.repo.default_branch}/{path}")
    shown = {"type": "dir" if kind == "tree" else "file", "sha": sha, "size": size, "path": path}
    return shown | {"name": path.rpartition("/")[2], "_links": {"self": links["url"]}, **links}


def change_contents(call: Call) -> Reply:
    """Create, change or delete one file by a commit; a change has to name the blob that it replaces."""
    git, path, body = call.repo.git, call.params["path"], call.body
    branch = body.get("branch", call.repo.default_branch)
    tip = call.repo.refs.get(f"refs/heads/{branch}")
    if tip is None:
        raise Refused(404, f"Branch {branch} not found")
    if path.startswith(".github/workflows/") and call.token.kind != "user":
        raise Refused(403, "Resource not accessible by integration", X_Accepted_GitHub_Permissions="workflows=write")
    old = next((each[1] for each in git.entries(tip, path)), None)
    if call.method == "DELETE" and old is None:
        raise missing()
    if old is not None and "sha" not in body:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if body.get("sha") != old:
        raise Refused(409, f"{path} does not match {body.get('sha')}")
    content = None if call.method == "DELETE" else base64.b64decode(body["content"])
    author = (call.token.actor.login, f"{call.token.actor.login}@users.noreply.github.com")
    made = git.commit(git.tree_with(tip, path, content), [tip], body["message"], author, call.world.time())
    git.update(f"refs/heads/{branch}", made, tip)
    observe(call.world, call.repo, call.token)
    shown = views.commit(call, git.commits(made, limit=1)[0])
    file = None if content is None else _entry(call, git.entries(made, path)[0])
    values = {"content": file, "commit": {**shown["commit"], "sha": made, "url": shown["url"]}}
    return Reply(200 if old or content is None else 201, call.shaped("file-commit", values))

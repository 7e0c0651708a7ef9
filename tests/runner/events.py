"""From what happened on the stand-in to what Actions tells a workflow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from runner.language import UnknownError
from runner.values import Happening
from runner.workflows import only

from driftloop.githubstub.listener import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.workflows import Workflow

    from driftloop.githubstub import Actor, GitHubServer, Repository
    from driftloop.githubstub.records import Event

FILTERS = {
    "issues": "types",
    "issue_comment": "types",
    "label": "types",
    "release": "types",
    "pull_request": "types branches branches-ignore paths paths-ignore",
    "pull_request_target": "types branches branches-ignore paths paths-ignore",
    "push": "branches branches-ignore tags tags-ignore paths paths-ignore",
    "create": "",
    "delete": "",
    "workflow_dispatch": "inputs",
    "schedule": "",
}
USUAL_TYPES = {"pull_request": ("opened", "synchronize", "reopened")} | {
    "pull_request_target": ("opened", "synchronize", "reopened")
}
NOWHERE = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it everywhere


class Witness:
    """Tells of events as GitHub does, with whole issues and pull requests in them."""

    def __init__(self, server: GitHubServer) -> None:
        self.server = server

    def happenings(self, event: Event) -> list[Happening]:
        """Say what workflows are told of an event; nothing where none can be started by it."""
        repo = self.server.world.repositories[event.repository]
        name, _, action = event.name.partition(".")
        if name not in FILTERS:
            return []
        payload = {
            **self.common(repo, event.sender),
            **({"action": action} if action else {}),
            **self._about(repo, name, event.payload),
        }
        if name == "pull_request":
            return self._pull_request(repo, event.sender, action, payload)
        if name == "workflow_dispatch":
            return [self.dispatch(repo, event.sender, payload, str(repo.runs[-1]["head_branch"]))]
        ref = payload.get("ref", "") if name in {"push", "create"} else ""
        if name == "push" and payload["after"] == NOWHERE:
            return []
        ref = ref or f"refs/heads/{repo.default_branch}"
        sha = payload["after"] if name == "push" else repo.git.refs().get(ref, NOWHERE)
        return [Happening(name, action, repo, event.sender, payload, ref, sha)]

    def common(self, repo: Repository, sender: Actor) -> dict[str, Any]:
        """Give what every payload has."""
        return {"repository": self._get(repo, ""), "sender": person(sender)}

    def dispatch(self, repo: Repository, actor: Actor, payload: Mapping[str, Any], ref: str) -> Happening:
        """Tell of a run that somebody asked for."""
        ref = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        return Happening("workflow_dispatch", "", repo, actor, {**payload, "ref": ref}, ref, repo.git.refs()[ref])

    def schedule(self, repo: Repository, cron: str) -> Happening:
        """Tell that it is time."""
        ref, payload = f"refs/heads/{repo.default_branch}", {"schedule": cron}  # no repository, no sender
        return Happening("schedule", "", repo, repo.owner, payload, ref, repo.git.refs()[ref])

    def from_fork(self, repo: Repository, actor: Actor, number: int) -> list[Happening]:
        """Tell of a pull request as if its branch lay in somebody's fork."""
        about = self._about(repo, "pull_request", {"number": number})
        name = f"{actor.login}/{repo.name.partition('/')[2]}"
        about["pull_request"]["head"]["repo"] |= {"full_name": name, "fork": True, "owner": person(actor)}
        return self._pull_request(repo, actor, "opened", {"action": "opened", **self.common(repo, actor), **about})

    def _pull_request(self, repo: Repository, actor: Actor, action: str, payload: dict[str, Any]) -> list[Happening]:
        pull = payload["pull_request"]
        base, number = pull["base"]["ref"], payload["number"]
        ref, sha = f"refs/pull/{number}/merge", ""
        if pull["merged_at"]:
            ref, sha = f"refs/heads/{base}", pull["merge_commit_sha"]
        elif tree := repo.git.merged_tree(pull["base"]["sha"], pull["head"]["sha"]):
            parents = [pull["base"]["sha"], pull["head"]["sha"]]
            sha = repo.git.commit(
                tree,
                parents,
                f"Merge {parents[1]} into {parents[0]}",
                ("GitHub", "noreply@github.com"),
                self.server.world.time(),
            )
            repo.git.update(ref, sha)
        fork = pull["head"]["repo"]["full_name"] != repo.name
        given = {"head_ref": pull["head"]["ref"], "base_ref": base}
        found = [Happening("pull_request", action, repo, actor, payload, ref, sha, fork=fork, **given)] if sha else []
        trunk = f"refs/heads/{base}"
        at = repo.git.refs().get(trunk, NOWHERE)
        return [*found, Happening("pull_request_target", action, repo, actor, payload, trunk, at, **given)]

    def _about(self, repo: Repository, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Replace numbers by what they stand for."""
        about = dict(payload)
        if name in {"issues", "issue_comment"}:
            about["issue"] = self._get(repo, f"/issues/{about.pop('number')}")
        if name == "issue_comment":
            about["comment"] = self._get(repo, f"/issues/comments/{about['comment']}")
        if name.startswith("pull_request"):
            about["pull_request"] = self._get(repo, f"/pulls/{about['number']}")
        if "label" in about:
            label = repo.labels.get(str(about["label"]).casefold())
            about["label"] = {"name": about["label"], "id": label.id if label else 0}
        if name == "release":
            about["release"] = self._get(repo, f"/releases/tags/{about.pop('tag')}")
        if name == "push":
            about["created"], about["deleted"] = about["before"] == NOWHERE, about["after"] == NOWHERE
        return about

    def _get(self, repo: Repository, path: str) -> Any:
        """Ask the stand-in itself, as the owner, by no call that anybody counts."""
        target = f"/repos/{repo.name}{path}"
        reply = self.server.handle(Seen("GET", target), target, {"Authorization": f"Bearer {repo.pusher.value}"}, b"")
        assert reply.status == 200, f"{target}: {reply.payload}"
        return json.loads(json.dumps(reply.payload))


def person(actor: Actor) -> dict[str, Any]:
    """Show an actor in a payload."""
    return {"login": actor.login, "id": actor.id, "type": actor.type}


def starts(workflow: Workflow, event: Happening) -> bool:
    """Say whether a workflow runs for an event."""
    for name, given in workflow.on.items():
        if name not in FILTERS:
            msg = f"{workflow.path}: on: the runner does not know {name}"
            raise UnknownError(msg)
        if isinstance(given, dict):
            only(given, FILTERS[name], f"{workflow.path}: on: {name}")
    if event.name not in workflow.on:
        return False
    given = workflow.on[event.name]
    if event.name == "schedule":
        return any(each["cron"] == event.payload["schedule"] for each in given)
    if event.name == "workflow_dispatch":
        return str(event.payload["workflow"]) == workflow.path
    return _type_matches(given, event) and _ref_matches(given, event) and _paths_match(given, event)


def _type_matches(given: Mapping[str, Any], event: Happening) -> bool:
    types = given.get("types", USUAL_TYPES.get(event.name, (event.action,)))
    return event.action in ([types] if isinstance(types, str) else types)


def _ref_matches(given: Mapping[str, Any], event: Happening) -> bool:
    if event.name == "push":
        kind = "tags" if event.ref.startswith("refs/tags/") else "branches"
        other = {"tags": "branches", "branches": "tags"}[kind]
        name = event.ref.split("/", 2)[2]
        if kind not in given and f"{kind}-ignore" not in given:
            return other not in given and f"{other}-ignore" not in given
    else:
        kind, name = "branches", event.base_ref
    wanted = kind not in given or chosen(given[kind], name)
    return wanted and not (f"{kind}-ignore" in given and chosen(given[f"{kind}-ignore"], name))


def _paths_match(given: Mapping[str, Any], event: Happening) -> bool:
    if "paths" not in given and "paths-ignore" not in given:
        return True
    git, trunk = event.repo.git, f"refs/heads/{event.repo.default_branch}"
    if event.name == "push":
        before, after = event.payload["before"], event.payload["after"]
    else:
        sides = event.payload["pull_request"]
        after = sides["head"]["sha"]
        before = git.base(sides["base"]["sha"], after) or sides["base"]["sha"]
    if before == NOWHERE and event.ref == trunk:  # a repository begins: every file is new
        before = EMPTY_TREE
    elif before == NOWHERE:  # a new branch: what it has that the default branch had not
        before = git.base(event.repo.refs.get(trunk, after), after) or after
    changed = [change.path for change in git.changes(before, after)]
    if "paths" in given:
        return any(chosen(given["paths"], path) for path in changed)
    return not all(chosen(given["paths-ignore"], path) for path in changed)


def chosen(patterns: str | Sequence[str], name: str) -> bool:
    """Match a name with GitHub's patterns: the last one that fits decides, `!` takes out again."""
    found = False
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if re.fullmatch(_expression(pattern.removeprefix("!")), name):
            found = not pattern.startswith("!")
    return found


def _expression(pattern: str) -> str:
    if re.search(r"[\[\]?+]", pattern):
        msg = f"{pattern}: the runner knows * and ** only"
        raise UnknownError(msg)
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    return "".join({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)

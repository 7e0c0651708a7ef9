"""Labels of a repository, and labels on issues."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject
from driftloop.githubstub.records import Issue, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 50
LONGEST_DESCRIPTION = 100


def find(call: Call, name: str) -> Label:
    """Find a label by name, in any case."""
    found = call.repo.labels.get(name.casefold())
    if found is None:
        raise missing()
    return found


def _checked(name: str) -> str:
    if not name.strip():
        reject("Label", "name", "missing_field")
    if len(name) > LONGEST_NAME:
        reject("Label", "name", "custom", f"name is too long (maximum is {LONGEST_NAME} characters)")
    return name


def _check_look(body: dict[str, Any]) -> None:
    if body.get("color") is not None and not re.fullmatch("[0-9a-fA-F]{6}", body["color"]):
        reject("Label", "color", "invalid")
    if len(body.get("description") or "") > LONGEST_DESCRIPTION:
        message = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        reject("Label", "description", "custom", message)


def list_labels(call: Call) -> Reply:
    """List the labels of the repository."""
    return call.page(list(call.repo.labels.values()), lambda each: call.shaped("label", views.label(call, each)))


def get_label(call: Call) -> Reply:
    """Get one."""
    return Reply(200, call.shaped("label", views.label(call, find(call, call.params["name"]))))


def create_label(call: Call) -> Reply:
    """Create a label."""
    name = _checked(call.body["name"])
    _check_look(call.body)
    if name.casefold() in call.repo.labels:
        reject("Label", "name", "already_exists")
    made = _add(call, name, call.body.get("color"), call.body.get("description"))
    return Reply(201, call.shaped("label", views.label(call, made)))


def _add(call: Call, name: str, color: str | None = None, description: str | None = None) -> Label:
    made = Label(call.world.next_id(), name, (color or "ededed").lower(), description)
    call.world.emit("label.created", call.token, call.repo, label=name)
    return call.repo.labels.setdefault(name.casefold(), made)


def change_label(call: Call) -> Reply:
    """Rename or repaint a label, or delete it from the repository and from every issue."""
    found = find(call, call.params["name"])
    key, repo = found.name.casefold(), call.repo
    if call.method == "DELETE":
        del repo.labels[key]
        for issue in repo.issues.values():
            issue.labels = [name for name in issue.labels if name != key]
        call.world.emit("label.deleted", call.token, repo, label=found.name)
        return Reply(204)
    _check_look(call.body)
    name = _checked(call.body.get("new_name", found.name))
    if name.casefold() != key and name.casefold() in repo.labels:
        reject("Label", "name", "already_exists")
    found.name = name
    found.color = call.body.get("color", found.color)
    found.description = call.body.get("description", found.description)
    repo.labels = {each.name.casefold(): each for each in repo.labels.values()}
    for issue in repo.issues.values():
        issue.labels = [name.casefold() if each == key else each for each in issue.labels]
    call.world.emit("label.edited", call.token, repo, label=name)
    return Reply(200, call.shaped("label", views.label(call, found)))


def wanted_labels(given: Sequence[Any]) -> list[str]:
    """Check names of labels; those that the repository lacks are made when they are set, as GitHub does."""
    return [_checked(each if isinstance(each, str) else each["name"]) for each in given]


def set_labels(call: Call, issue: Issue, names: Sequence[str]) -> None:
    """Set exactly these labels on an issue; those that it has already cause no event."""
    keys = list(dict.fromkeys(name.casefold() for name in names))
    for name in names:
        if name.casefold() not in call.repo.labels:
            _add(call, name)
    before, issue.labels = issue.labels, keys
    for word, some, others in (("labeled", keys, before), ("unlabeled", before, keys)):
        for key in some:
            if key not in others:
                issue.updated = call.world.time()
                name = call.repo.labels[key].name
                call.world.emit(f"{issue.kind}.{word}", call.token, call.repo, number=issue.number, label=name)


def issue_labels(call: Call) -> Reply:
    """List, add to, replace or clear the labels of an issue."""
    reads = call.method == "GET"
    issue = call.issue("read" if reads else "write", "read" if reads else "triage")
    given = wanted_labels(call.body.get("labels") or [])
    if not reads:
        set_labels(call, issue, [*issue.labels, *given] if call.method == "POST" else given)
    if call.method == "DELETE":
        return Reply(204)
    found = [call.repo.labels[name] for name in issue.labels]
    if reads:
        return call.page(found, lambda each: call.shaped("label", views.label(call, each)))
    return Reply(200, [call.shaped("label", views.label(call, each)) for each in found])


def remove_label(call: Call) -> Reply:
    """Take one label off an issue."""
    issue = call.issue("write", "triage")
    key = call.params["name"].casefold()
    if key not in issue.labels:
        raise Refused(404, "Label does not exist")
    set_labels(call, issue, [name for name in issue.labels if name != key])
    return Reply(200, [call.shaped("label", views.label(call, call.repo.labels[name])) for name in issue.labels])

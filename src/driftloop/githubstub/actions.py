"""Workflows, dispatches, variables, Actions settings and Pages."""

from __future__ import annotations

from typing import Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject
from driftloop.githubstub.commits import commit_of


def get_settings(call: Call) -> Reply:
    """Whether Actions run at all."""
    return Reply(
        200, call.shaped("actions-repository-permissions", {"enabled": call.repo.actions_on, "allowed_actions": "all"})
    )


def workflow_settings(call: Call) -> Reply:
    """Get or set whether Actions may create pull requests."""
    if call.method == "PUT":
        name = "can_approve_pull_request_reviews"
        call.repo.actions_may_propose = call.body.get(name, call.repo.actions_may_propose)
        return Reply(204)
    may = call.repo.actions_may_propose
    values = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": may}
    return Reply(200, call.shaped("actions-get-default-workflow-permissions", values))


def _workflow(call: Call, found: dict[str, Any]) -> Any:
    links = views.where(call, f"/actions/workflows/{found['id']}")
    return call.shaped("workflow", {"state": "active", "created_at": call.repo.created, **found, **links})


def list_workflows(call: Call) -> Reply:
    """List the workflows that the world was told of."""
    return call.page(call.repo.workflows, lambda each: _workflow(call, each), wrap="workflows")


def one_workflow(call: Call) -> Reply:
    """Get, enable or dispatch a workflow, by number or file name."""
    key = call.params["workflow_id"]
    found = next((w for w in call.repo.workflows if key in {str(w["id"]), w["path"].rpartition("/")[2]}), None)
    if found is None:
        raise missing()
    if call.path.endswith("/dispatches"):
        return _dispatch(call, found)
    if call.method == "PUT":
        found["state"] = "active"
        return Reply(204)
    return Reply(200, _workflow(call, found))


def _dispatch(call: Call, workflow: dict[str, Any]) -> Reply:
    sha = call.repo.git.resolve(call.body["ref"])
    if sha is None:
        raise Refused(422, f"No ref found for: {call.body['ref']}")
    run = {"id": call.world.next_id(), "event": "workflow_dispatch", "status": "queued", "head_sha": sha}
    run |= {"head_branch": call.body["ref"], "workflow_id": workflow["id"], "path": workflow["path"]}
    call.repo.runs.append(run | {"actor": call.token.actor.login, "created_at": call.world.time()})
    inputs = call.body.get("inputs") or {}
    call.world.emit("workflow_dispatch", call.token, call.repo, workflow=workflow["path"], inputs=inputs)
    if not call.body.get("return_run_details"):
        return Reply(204)
    return Reply(200, call.shaped("workflow-dispatch-response", {"workflow_run_id": run["id"]}))


def list_runs(call: Call) -> Reply:
    """List workflow runs, newest first: those that were dispatched, and those that the world was told of."""
    names = {"event": "event", "status": "status", "branch": "head_branch", "head_sha": "head_sha", "actor": "actor"}
    unknown = set(call.query) - {*names, "page", "per_page"}
    if unknown:
        raise Refused(501, f"The stand-in does not know the filters {sorted(unknown)}")
    found = [
        r for r in reversed(call.repo.runs) if all(call.query.get(q, r.get(k)) == r.get(k) for q, k in names.items())
    ]
    return call.page(found, lambda each: _run(call, each), wrap="workflow_runs")


def _run(call: Call, found: dict[str, Any]) -> Any:
    links = views.where(call, f"/actions/runs/{found['id']}")
    actor = views.person(call, call.world.user(found["actor"]))
    shown = {**found, **links, "actor": actor, "triggering_actor": actor, "repository": views.repository(call)}
    return call.shaped("workflow-run", {"conclusion": None, "updated_at": found["created_at"], **shown})


def dispatch_repository(call: Call) -> Reply:
    """Raise a repository_dispatch."""
    what, payload = call.body["event_type"], call.body.get("client_payload", {})
    call.world.emit("repository_dispatch", call.token, call.repo, event_type=what, client_payload=payload)
    return Reply(204)


def list_variables(call: Call) -> Reply:
    """List variables of Actions."""
    shown = list(call.repo.variables.values())
    return call.page(shown, lambda each: call.shaped("actions-variable", each), wrap="variables")


def create_variable(call: Call) -> Reply:
    """Create one; names are upper case."""
    name, time = call.body["name"].upper(), call.world.time()
    if name in call.repo.variables:
        raise Refused(409, "Already exists - Variable already exists")
    made = {"name": name, "value": call.body["value"], "created_at": time, "updated_at": time}
    call.repo.variables[name] = made
    return Reply(201, {})


def one_variable(call: Call) -> Reply:
    """Get, change or delete one."""
    found = call.repo.variables.get(call.params["name"].upper())
    if found is None:
        raise missing()
    if call.method == "GET":
        return Reply(200, call.shaped("actions-variable", found))
    if call.method == "DELETE":
        del call.repo.variables[found["name"]]
    else:
        found.update(value=call.body.get("value", found["value"]), updated_at=call.world.time())
    return Reply(204)


def pages(call: Call) -> Reply:
    """Get, create, change or delete the Pages site."""
    repo = call.repo
    if call.method == "POST" and repo.pages is not None:
        raise Refused(409, "GitHub Pages is already enabled.")
    if call.method != "POST" and repo.pages is None:
        raise missing()
    if call.method == "DELETE":
        repo.pages = None
        return Reply(204)
    if "source" in call.body and call.body.get("build_type") != "workflow":
        source = call.body["source"]
        commit_of(call, source["branch"] if isinstance(source, dict) else source.split(" ")[0])
    elif call.method == "POST" and "build_type" not in call.body:
        reject("Page", "source", "missing_field")
    if call.body:
        repo.pages = {**(repo.pages or {}), **call.body}
    if call.method == "PUT":
        return Reply(204)
    owner, _, name = repo.name.partition("/")
    site = {"url": views.where(call, "/pages")["url"], "html_url": f"https://{owner}.github.io/{name}/"}
    shown = {"status": "built", "cname": None, "custom_404": False, "public": True, **(repo.pages or {}), **site}
    return Reply(201 if call.method == "POST" else 200, call.shaped("page", shown))

"""Check runs, commit statuses and releases."""

from __future__ import annotations

from typing import Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject
from driftloop.githubstub.commits import commit_of
from driftloop.githubstub.pushes import observe

LONGEST_RELEASE = 125_000  # characters


def create_check(call: Call) -> Reply:
    """Create a check run, which only apps may."""
    if call.token.kind == "user":
        raise Refused(403, "You must authenticate via a GitHub App.")
    sha = commit_of(call, call.body["head_sha"]).sha
    number = call.world.next_id()
    made = {"id": number, "status": "queued", "started_at": call.world.time(), "head_sha": sha, "completed_at": None}
    made |= {"conclusion": None, "external_id": "", "details_url": None, "output": {}, "actor": call.token.actor.login}
    call.repo.checks[number] = made
    call.world.emit("check_run.created", call.token, call.repo, check=number, name=call.body["name"], sha=sha)
    _change_check(call, made)
    return Reply(201, _check(call, made))


def _change_check(call: Call, found: dict[str, Any]) -> None:
    was, change = found["status"], call.body
    if change.get("conclusion"):
        change = {"completed_at": call.world.time(), **change, "status": "completed"}
    output = {**found["output"], **change.get("output", {})}
    found.update({**{k: v for k, v in change.items() if k not in {"head_sha", "actions"}}, "output": output})
    if was != "completed" and found["status"] == "completed":
        what = {"check": found["id"], "name": found["name"], "conclusion": found["conclusion"]}
        call.world.emit("check_run.completed", call.token, call.repo, **what)


def _check(call: Call, found: dict[str, Any]) -> Any:
    slug = found["actor"].removesuffix("[bot]")
    app = {"id": 15368, "slug": slug, "name": slug, "owner": views.person(call, call.repo.owner), "description": ""}
    app |= {"permissions": {}, "events": []}
    links = views.where(call, f"/check-runs/{found['id']}", f"/runs/{found['id']}")
    output = {name: found["output"].get(name) for name in ("title", "summary", "text")}
    suite = {"check_suite": {"id": 1}, "pull_requests": [], "app": app, "output": output}
    return call.shaped("check-run", {**found, **suite, **links})


def one_check(call: Call) -> Reply:
    """Get or change a check run."""
    found = call.repo.checks.get(int(call.params["check_run_id"]))
    if found is None:
        raise missing()
    if call.method == "PATCH":
        if call.token.kind == "user":
            raise Refused(403, "You must authenticate via a GitHub App.")
        _change_check(call, found)
    return Reply(200, _check(call, found))


def list_checks(call: Call) -> Reply:
    """List the check runs of a commit, newest first; the latest of each name unless `filter=all`."""
    sha, query = commit_of(call, call.params["ref"]).sha, call.query
    found = [each for each in reversed(call.repo.checks.values()) if each["head_sha"] == sha]
    if query.get("filter") != "all":
        latest = {(each["name"], each["actor"]): each for each in reversed(found)}
        found = [each for each in found if latest[each["name"], each["actor"]] is each]
    wanted = {"check_name": "name", "status": "status"}
    found = [each for each in found if all(query.get(q, each[k]) == each[k] for q, k in wanted.items())]
    return call.page(found, lambda each: _check(call, each), wrap="check_runs")


def create_status(call: Call) -> Reply:
    """Set a commit status."""
    sha, time = commit_of(call, call.params["sha"]).sha, call.world.time()
    made = {"id": call.world.next_id(), "context": "default", "description": None, "target_url": None, **call.body}
    made |= {"created_at": time, "updated_at": time, "creator": views.person(call, call.token.actor)}
    made["url"] = views.where(call, f"/statuses/{sha}")["url"]
    call.repo.statuses.append({**made, "sha": sha})
    call.world.emit("status", call.token, call.repo, sha=sha, context=made["context"], state=made["state"])
    return Reply(201, call.shaped("status", made))


def list_statuses(call: Call) -> Reply:
    """List the statuses of a commit, newest first; the newest of each context counts."""
    sha = commit_of(call, call.params["ref"]).sha
    found = [each for each in reversed(call.repo.statuses) if each["sha"] == sha]
    return call.page(found, lambda each: call.shaped("status", each))


def _release(call: Call, found: dict[str, Any]) -> Any:
    author = views.person(call, call.world.users[found["author"]])
    links = views.where(call, f"/releases/{found['id']}", f"/releases/tag/{found['tag_name']}")
    links["upload_url"] = f"{links['url']}/assets{{?name,label}}"
    return call.shaped("release", {**found, **links, "author": author})


def list_releases(call: Call) -> Reply:
    """List releases, newest first; drafts to those who may write."""
    may = call.repo.allows(call.token, "contents", "write", "write")
    found = [each for each in reversed(call.repo.releases.values()) if may or not each["draft"]]
    return call.page(found, lambda each: _release(call, each))


def create_release(call: Call) -> Reply:
    """Create a release, and its tag where there is none."""
    tag, repo = call.body["tag_name"], call.repo
    target = call.body.get("target_commitish", repo.default_branch)
    made = {"name": None, "body": None, "draft": False, "prerelease": False, **call.body}
    if not tag.strip() or not repo.git.is_name(f"refs/tags/{tag}"):
        reject("Release", "tag_name", "custom", "tag_name is not a valid tag")
    if len(made["body"] or "") > LONGEST_RELEASE:
        reject("Release", "body", "custom", f"body is too long (maximum is {LONGEST_RELEASE} characters)")
    if any(each["tag_name"] == tag and not each["draft"] for each in repo.releases.values()):
        reject("Release", "tag_name", "already_exists")
    sha = repo.refs.get(f"refs/tags/{tag}") or repo.git.resolve(target)
    if sha is None:
        reject("Release", "target_commitish", "invalid")
    time = call.world.time()
    made |= {
        "id": call.world.next_id(),
        "target_commitish": target,
        "created_at": time,
        "author": call.token.actor.login,
    }
    repo.releases[made["id"]] = made | {"published_at": None, "assets": []}
    if not made["draft"]:
        _publish(call, repo.releases[made["id"]], sha)
    return Reply(201, _release(call, repo.releases[made["id"]]))


def _publish(call: Call, found: dict[str, Any], sha: str) -> None:
    ref = f"refs/tags/{found['tag_name']}"
    if ref not in call.repo.refs:
        call.repo.git.update(ref, sha)
        observe(call.world, call.repo, call.token)
    found["published_at"] = call.world.time()
    call.world.emit("release.published", call.token, call.repo, tag=found["tag_name"])


def one_release(call: Call) -> Reply:
    """Get, change or delete a release; its tag stays."""
    found = call.repo.releases.get(int(call.params["release_id"]))
    if found is None:
        raise missing()
    if call.method == "DELETE":
        del call.repo.releases[found["id"]]
        call.world.emit("release.deleted", call.token, call.repo, tag=found["tag_name"])
        return Reply(204)
    if call.method == "PATCH":
        was_draft = found["draft"]
        found.update(call.body)
        call.world.emit("release.edited", call.token, call.repo, tag=found["tag_name"])
        if was_draft and not found["draft"]:
            _publish(call, found, commit_of(call, found["target_commitish"]).sha)
    return Reply(200, _release(call, found))


def release_by_tag(call: Call) -> Reply:
    """Get the published release of a tag, or the latest one."""
    public = [each for each in reversed(call.repo.releases.values()) if not each["draft"]]
    tag = call.params.get("tag")
    found = [each for each in public if each["tag_name"] == tag or (tag is None and not each["prerelease"])]
    if not found:
        raise missing()
    return Reply(200, _release(call, found[0]))

"""The workflow files keep the rules that nobody sees broken until it costs: pins, permissions, event text, queues, verbs."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
import typer.main
import workflows
from workflows import ACTIONS, FILES, GITHUB, Job

from driftloop import skips
from driftloop.cli import app

JOBS = workflows.jobs()
STEPS = list(workflows.steps())
WRITES = {"monitor/act", "retrain/propose", "release/act"}
RUNS_CODE = re.compile(r"\bdvc repro\b|\bci retrain\b|\bmake\b")
SECRET = "${{ github.token }}"

each_job = pytest.mark.parametrize("job", JOBS, ids=str)
each_step = pytest.mark.parametrize(("where", "step"), STEPS, ids=[where for where, _ in STEPS])


def test_workflows__are_all_there() -> None:
    assert [path.stem for path in FILES] == ["ci", "monitor", "pull-request", "release", "retrain"]


@pytest.mark.parametrize("path", [*FILES, *ACTIONS], ids=lambda path: path.parent.name + "/" + path.name)
def test_uses__is_a_full_hash_with_its_version_beside_it(path: Any) -> None:
    used = re.findall(r"uses: *(.+)", path.read_text("utf-8"))
    assert used
    for each in used:
        assert re.fullmatch(r"\./\.github/actions/[\w-]+|[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_uses__of_one_action_is_one_commit() -> None:
    pins = {step["uses"] for _, step in STEPS if "@" in step.get("uses", "")}
    names = [pin.split("@")[0] for pin in pins]
    assert sorted(names) == sorted(set(names))


@each_step
def test_uses__of_ours_is_there(where: str, step: dict[str, Any]) -> None:
    used = step.get("uses", "")
    assert not used.startswith("./") or (GITHUB.parent / used / "action.yml").exists(), where


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_permissions__are_none_unless_a_job_says_so_and_why(path: Any) -> None:
    text = path.read_text("utf-8")
    assert workflows.load(path)["permissions"] == {}
    blocks = re.findall(r"^    permissions:\n((?:      .+\n)+)", text, re.MULTILINE)
    assert len(blocks) == len(workflows.load(path)["jobs"])
    for line in "".join(blocks).splitlines():
        assert re.fullmatch(r" +[a-z-]+: (read|write) # \S.+", line), line


@each_job
def test_permissions__that_write_are_not_where_code_of_others_runs(job: Job) -> None:
    writing = {name for name, level in job.given["permissions"].items() if level == "write"}
    assert not (writing and RUNS_CODE.search(job.commands))


def test_permissions__to_change_code_or_issues_are_with_the_acting_jobs_alone() -> None:
    """A failed run's record aside, which goes to a branch of its own."""
    holders = {str(job) for job in JOBS if job.given["permissions"].get("contents") == "write" and job.name != "failed"}
    assert holders == WRITES
    telling = {str(job) for job in JOBS if job.given["permissions"].get("issues") == "write"}
    assert telling - {"retrain/failed", "retrain/refused"} <= WRITES


@each_step
def test_run__holds_no_text_of_the_event(where: str, step: dict[str, Any]) -> None:
    assert "${{" not in step.get("run", ""), where


@each_step
def test_env__holds_of_an_event_only_numbers(where: str, step: dict[str, Any]) -> None:
    for value in step.get("env", {}).values():
        named = re.findall(r"github\.event\.([\w.]+)", str(value))
        assert all(name.endswith(".number") for name in named), where


@each_job
def test_env__of_a_job_holds_no_token(job: Job) -> None:
    """Only the step that needs it gets it: the pipeline's code would find it in its environment."""
    assert "token" not in str(job.given.get("env", {})).lower()
    for step in job.given["steps"]:
        if SECRET in str(step.get("env", {})):
            assert "driftloop ci " in step["run"]
            assert "dvc" not in step["run"]


@each_step
def test_checkout__leaves_no_token_behind(where: str, step: dict[str, Any]) -> None:
    if step.get("uses", "").startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False, where


@each_job
def test_concurrency__loses_nobody_but_checks_of_what_was_pushed_over(job: Job) -> None:
    found = {name: value for name, value in job.given["concurrency"].items() if name != "group"}
    superseded = job.workflow in {"ci", "pull-request"}
    assert found == ({"cancel-in-progress": True} if superseded else {"cancel-in-progress": False, "queue": "max"})
    if superseded and job.name != "latest":
        assert "${{ github." in job.given["concurrency"]["group"], "somebody else's push ends nothing"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_concurrency__is_a_matter_of_jobs_that_do_not_wait_for_each_other(path: Any) -> None:
    found = workflows.load(path)
    groups = [job["concurrency"]["group"] for job in found["jobs"].values()]
    assert "concurrency" not in found
    assert len(groups) == len(set(groups))


@each_job
def test_job__ends_some_time(job: Job) -> None:
    assert job.given["timeout-minutes"]


@each_job
def test_job__that_may_run_for_long_has_runner_and_time_from_variables(job: Job) -> None:
    long = bool(re.search(r"\bdvc repro\b|\bci retrain\b", job.commands))
    assert long == ("vars.DRIFTLOOP_RUNNER" in job.given["runs-on"])
    assert long == ("vars.DRIFTLOOP_TIMEOUT" in str(job.given["timeout-minutes"]))


def test_job__of_a_fork_stays_off_our_machines() -> None:
    (job,) = [job for job in JOBS if str(job) == "pull-request/pipeline"]
    own = (
        "head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]' && vars."
    )
    assert f"{own}DRIFTLOOP_RUNNER" in job.given["runs-on"]


@pytest.mark.parametrize("workflow", ["monitor", "retrain", "release"])
def test_job__failed_waits_for_all_others_and_tells_before_it_installs(workflow: str) -> None:
    mine = {job.name: job for job in JOBS if job.workflow == workflow}
    failed = mine.pop("failed")
    assert set(failed.given["needs"]) == set(mine)
    told, *rest = [step for step in failed.given["steps"] if not step.get("uses", "").startswith("actions/checkout")]
    assert told["run"] == f'cat .github/failed/{workflow}.md >> "$GITHUB_STEP_SUMMARY"'
    assert "--failed" in rest[-1]["run"]


def test_job__that_alerts_does_not_wait_for_the_pages() -> None:
    (act,) = [job for job in JOBS if str(job) == "monitor/act"]
    assert act.given["needs"] == "measure"


def test_failed__texts_are_those_that_are_shown() -> None:
    shown = set(re.findall(r"\.github/failed/([\w-]+\.md)", "\n".join(job.commands for job in JOBS)))
    assert shown == {path.name for path in (GITHUB / "failed").glob("*.md")}


def test_monitor__trains_no_candidate() -> None:
    for job in JOBS:
        if job.workflow == "monitor":
            assert set(re.findall(r"dvc repro *(\w*)", job.commands)) <= {"monitor"}


@each_step
def test_run__is_one_command(where: str, step: dict[str, Any]) -> None:
    """What has a choice to make is a verb, which can be tested and rehearsed."""
    command = step.get("run", "")
    assert "\n" not in command.strip(), where
    assert not re.search(r"\|\||&&|;|\bif\b|\$\(", command), where


def commands() -> list[tuple[str, list[str]]]:
    found = []
    for where, step in STEPS:
        _, verb, words = step.get("run", "").partition("uv run --frozen driftloop ")
        if verb:
            found.append((where, shlex.split(words, comments=True)))
    return found


@pytest.mark.parametrize(("where", "words"), commands(), ids=[where for where, _ in commands()])
def test_run__calls_verbs_and_options_that_are_there(where: str, words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while subcommands := getattr(command, "commands", None):
        assert words[0] in subcommands, where
        command, words = subcommands[words[0]], words[1:]
    there = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("--")} <= there, where
    needed = {option.opts[0] for option in command.params if option.required}
    assert needed <= set(words), where


def test_env__of_verbs_is_read_by_them() -> None:
    """A variable that no option knows would be ignored without a word."""
    text = "\n".join(path.read_text("utf-8") for path in FILES)
    given = set(re.findall(r"^ +(DRIFTLOOP_\w+):", text, re.MULTILINE))
    root: Any = typer.main.get_command(app)
    verbs = [*root.commands.values(), *root.commands["ci"].commands.values()]
    read = {option.envvar for verb in verbs for option in verb.params if option.envvar}
    assert given - {"DRIFTLOOP_REQUIRE_NODE"} <= read  # that one is for tests, see tests/runner


@each_step
def test_cache__of_packages_is_shared_by_nobody(where: str, step: dict[str, Any]) -> None:
    """A job that runs code of a team could put a package there for a job that holds a token that writes."""
    if step.get("uses", "").startswith("astral-sh/setup-uv@"):
        assert step["with"]["enable-cache"] is False, where


@each_job
def test_cache__comes_to_jobs_that_run_the_pipeline_alone_and_where_asked_for(job: Job) -> None:
    (setup,) = [step for step in job.given["steps"] if step.get("uses") == "./.github/actions/setup"] or [{}]
    runs_pipeline = bool(re.search(r"\bdvc repro\b|\bci retrain\b", job.commands))
    assert setup.get("with", {}).get("cache") == ("${{ vars.DRIFTLOOP_CACHE }}" if runs_pipeline else None)
    restoring = [step for _, step in STEPS if step.get("uses", "").startswith("actions/cache/restore@")]
    assert [step["if"] for step in restoring] == ["${{ inputs.cache == 'true' }}"]


@each_job
def test_job__of_the_loop_installs_no_packages_for_development(job: Job) -> None:
    workflow = workflows.load(GITHUB / f"workflows/{job.workflow}.yml")
    given = {**workflow.get("env", {}), **job.given.get("env", {})}
    if "./.github/actions/setup" in job.actions:
        assert (given.get("UV_NO_DEV") == "1") is ("make " not in job.commands)


def test_tests__run_only_where_code_changes() -> None:
    """A required check has to be there and green, so a step decides; on the default branch the event does."""
    (checks,) = [job for job in JOBS if str(job) == "pull-request/checks"]
    assert "if" not in checks.given
    made = [step for step in checks.given["steps"] if step.get("run", "").startswith("make ")]
    assert len(made) == 2
    assert all("steps.code.outputs.code == 'true'" in step["if"] for step in made)
    push = workflows.load(GITHUB / "workflows/ci.yml")[True]["push"]
    assert push["paths-ignore"] == [f"{path}**" if path.endswith("/") else path for path in skips.NO_TESTS]


@pytest.mark.parametrize("name", ["ci/test", "release/measure"])
def test_job__of_a_push_is_for_the_default_branch_and_not_for_a_repository_that_begins(name: str) -> None:
    (job,) = [job for job in JOBS if str(job) == name]
    default = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert f"{default} && !github.event.created" in job.given["if"]
    assert workflows.load(GITHUB / f"workflows/{job.workflow}.yml")[True]["push"]["branches"] == ["**"]


def test_cache__is_for_speed_alone_and_kept_only_where_asked_for() -> None:
    for where, step in STEPS:
        if step.get("uses", "").startswith("actions/cache/save@"):
            assert step["continue-on-error"] is True, where
            assert "vars.DRIFTLOOP_CACHE == 'true'" in step["if"], "pull requests of forks can read it"
        assert "fail-on-cache-miss" not in step.get("with", {}), where

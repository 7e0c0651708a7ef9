"""The workflow files keep the rules that nobody sees broken until it costs: pins, permissions, event text, queues, verbs.

Each test lists what breaks its rule, as `workflow/job` or `workflow/job, step n`.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
import typer.main
import workflows
from workflows import ACTIONS, FILES, GITHUB

from driftloop import skips
from driftloop.verbs.program import app

JOBS = workflows.jobs()
STEPS = list(workflows.steps())
WRITES = {
    "experiment/propose", "monitor/act", "retrain/accept", "retrain/propose", "release/act", "rollback/propose",
}  # fmt: skip
RUNS_PIPELINE = re.compile(r"\bdvc repro\b|\bci (?:retrain|rollback|experiment)\b")
RUNS_CODE = re.compile(rf"{RUNS_PIPELINE.pattern}|\bmake\b")
SECRET = "${{ github.token }}"
LOOP = ["monitor", "release", "retrain", "rollback"]


def permissions(level: str, of: str) -> set[str]:
    """Name the jobs that hold a permission."""
    return {str(job) for job in JOBS if job.given["permissions"].get(of) == level}


def named(name: str) -> dict[str, Any]:
    """Find the one job of that name."""
    (job,) = [job.given for job in JOBS if str(job) == name]
    return job


def test_workflows__are_all_there() -> None:
    assert [workflows.name(path) for path in FILES] == [
        "ci", "experiment", "models", "monitor", "pull-request", "release", "retrain", "rollback",
    ]  # fmt: skip


def test_uses__is_a_full_hash_with_its_version_beside_it() -> None:
    allowed = r"\./\.github/actions/[\w-]+|[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    used = [
        (path, each) for path in [*FILES, *ACTIONS] for each in re.findall(r"\buses: *(.+)", path.read_text("utf-8"))
    ]
    assert {path for path, _ in used} == {*FILES, *ACTIONS}, "a file without `uses` is one that is read wrongly"
    assert [f"{path.name}: {each}" for path, each in used if not re.fullmatch(allowed, each)] == []


def test_uses__of_one_action_is_one_commit() -> None:
    pins = {step["uses"] for _, step in STEPS if "@" in step.get("uses", "")}
    names = [pin.split("@")[0] for pin in pins]
    assert sorted(names) == sorted(set(names))


def test_uses__of_ours_is_there() -> None:
    ours = [(where, step["uses"]) for where, step in STEPS if step.get("uses", "").startswith("./")]
    assert ours
    assert [f"{where}: {used}" for where, used in ours if not (GITHUB.parent / used / "action.yml").exists()] == []


def test_permissions__are_none_unless_a_job_says_so_and_why() -> None:
    offenders = []
    for path in FILES:
        workflow = workflows.load(path)
        if workflow["permissions"] != {}:
            offenders.append(f"{workflows.name(path)}: {workflow['permissions']}")
        blocks = re.findall(r"^    permissions:\n((?:      .+\n)+)", path.read_text("utf-8"), re.MULTILINE)
        if len(blocks) != len(workflow["jobs"]):
            offenders.append(f"{workflows.name(path)}: {len(blocks)} permissions of {len(workflow['jobs'])} jobs")
        lines = "".join(blocks).splitlines()
        offenders += [
            f"{workflows.name(path)}: {line}"
            for line in lines
            if not re.fullmatch(r" +[a-z-]+: (read|write) # \S.+", line)
        ]
    assert offenders == []


def test_permissions__that_write_are_not_where_code_of_others_runs() -> None:
    running = [job for job in JOBS if RUNS_CODE.search(job.commands)]
    assert running
    assert [str(job) for job in running if "write" in job.given["permissions"].values()] == []


def test_permissions__to_change_code_or_issues_are_with_the_acting_jobs_alone() -> None:
    """A failed run's record aside, which goes to a branch of its own."""
    assert permissions("write", "contents") - {f"{workflow}/failed" for workflow in LOOP} == WRITES
    without_code = {"monitor/failed", "retrain/failed", "retrain/refused", "retrain/snooze"}
    assert permissions("write", "issues") - without_code - WRITES == set()


def test_run__holds_no_text_of_the_event() -> None:
    assert [f"{where}: {step['run']}" for where, step in STEPS if "${{" in step.get("run", "")] == []


def test_env__holds_of_an_event_only_numbers() -> None:
    offenders = [
        f"{where}: github.event.{name}"
        for where, step in STEPS
        for name in re.findall(r"github\.event\.([\w.]+)", str(step.get("env", {})))
        if not name.endswith(".number")
    ]
    assert offenders == []


def test_env__of_a_job_holds_no_token() -> None:
    """Only the step that needs it gets it: the pipeline's code would find it in its environment."""
    assert [str(job) for job in JOBS if "token" in str(job.given.get("env", {})).lower()] == []


def test_env__of_a_step_holds_a_token_for_our_verbs_alone() -> None:
    given = [(where, step.get("run", "")) for where, step in STEPS if SECRET in str(step.get("env", {}))]
    assert given
    assert [f"{where}: {run}" for where, run in given if "driftloop ci " not in run or "dvc" in run] == []


def test_env__holds_one_secret_in_the_step_that_pings_and_blocks_nothing() -> None:
    given = [(where, step) for where, step in STEPS if "secrets." in str(step)]
    assert [re.findall(r"secrets\.\w+", str(step)) for _, step in given] == [["secrets.DRIFTLOOP_PING_URL"]]
    ((_, pinging),) = given
    assert pinging["run"] == "uv run --frozen driftloop ci ping"
    assert (pinging["continue-on-error"], pinging["timeout-minutes"]) == (True, 2)


def test_doctor__fails_no_run() -> None:
    asking = [step for _, step in STEPS if step.get("run", "").endswith("driftloop ci doctor")]
    assert [step["continue-on-error"] for step in asking] == [True]


def test_checkout__leaves_no_token_behind() -> None:
    given = [(where, step) for where, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert given
    assert [where for where, step in given if step.get("with", {}).get("persist-credentials") is not False] == []


def test_concurrency__loses_nobody_but_checks_of_what_was_pushed_over() -> None:
    offenders = []
    for job in JOBS:
        found = {name: value for name, value in job.given["concurrency"].items() if name != "group"}
        superseded = job.workflow in {"ci", "pull-request"}
        if found != ({"cancel-in-progress": True} if superseded else {"cancel-in-progress": False, "queue": "max"}):
            offenders.append(f"{job}: {found}")
        group = job.given["concurrency"]["group"]
        if superseded and job.name != "latest" and "${{ github." not in group:
            offenders.append(f"{job}: somebody else's push ends {group}")
    assert offenders == []


def test_concurrency__is_a_matter_of_jobs() -> None:
    assert [workflows.name(path) for path in FILES if "concurrency" in workflows.load(path)] == []


def test_concurrency__lets_no_jobs_of_a_run_wait_for_each_other() -> None:
    groups = [f"{job.workflow}: {job.given['concurrency']['group']}" for job in JOBS]
    assert sorted(groups) == sorted(set(groups))


def test_job__ends_some_time() -> None:
    assert [str(job) for job in JOBS if not job.given.get("timeout-minutes")] == []


def test_job__that_may_run_for_long_has_runner_and_time_from_variables() -> None:
    expected = {str(job) for job in JOBS if RUNS_PIPELINE.search(job.commands)}
    assert {str(job) for job in JOBS if "vars.DRIFTLOOP_RUNNER" in job.given["runs-on"]} == expected
    assert {str(job) for job in JOBS if "vars.DRIFTLOOP_TIMEOUT" in str(job.given["timeout-minutes"])} == expected


def test_job__of_a_fork_stays_off_our_machines() -> None:
    ours = "head.repo.full_name == github.repository"
    trusted = f"{ours} && github.event.pull_request.user.login != 'dependabot[bot]'"
    assert f"{trusted} && vars.DRIFTLOOP_RUNNER" in named("pull-request/pipeline")["runs-on"]


@pytest.mark.parametrize("workflow", LOOP)
def test_job__failed_waits_for_all_others_and_tells_before_it_installs(workflow: str) -> None:
    mine = {job.name: job for job in JOBS if job.workflow == workflow}
    failed = mine.pop("failed")
    for name in ("snooze", "accept"):  # they retrain nothing: whoever set the label hears of it from GitHub
        mine.pop(name, None)
    assert set(failed.given["needs"]) == {name for name, job in mine.items() if job.given.get("needs") != "failed"}
    told, *rest = [step for step in failed.given["steps"] if not step.get("uses", "").startswith("actions/checkout")]
    assert told["run"] == f'cat .github/failed/{workflow}.md >> "$GITHUB_STEP_SUMMARY"'
    assert [step["run"] for step in rest if "--failed" in step.get("run", "")]


def test_job__that_alerts_does_not_wait_for_the_pages() -> None:
    assert named("monitor/act")["needs"] == "measure"


def test_failed__texts_are_those_that_are_shown() -> None:
    shown = set(re.findall(r"\.github/failed/([\w-]+\.md)", "\n".join(job.commands for job in JOBS)))
    assert shown == {path.name for path in (GITHUB / "failed").glob("*.md")}


def test_retrain__is_started_by_a_label_that_is_set() -> None:
    """One that is taken off starts the run as well, for new-normal alone."""
    conditions = {
        job.name: job.given.get("if", "") for job in JOBS if job.workflow == "retrain" and "needs" not in job.given
    }
    without = {name for name, text in conditions.items() if "github.event.action == 'labeled'" not in text}
    assert without == {"accept"}


def test_monitor__trains_no_candidate() -> None:
    commands = "\n".join(job.commands for job in JOBS if job.workflow == "monitor")
    assert set(re.findall(r"dvc repro *(\w*)", commands)) == {"monitor"}


def test_run__is_one_command() -> None:
    """What has a choice to make is a verb, which can be tested and rehearsed."""
    several = re.compile(r"\n|\|\||&&|;|\bif\b|\$\(")
    commands = [(where, step.get("run", "").strip()) for where, step in STEPS]
    assert [f"{where}: {command}" for where, command in commands if several.search(command)] == []


def test_run__calls_verbs_and_options_that_are_there() -> None:
    offenders = []
    for where, step in STEPS:
        _, verb, called = step.get("run", "").partition("uv run --frozen driftloop ")
        offenders += [f"{where}: {problem}" for problem in problems(shlex.split(called, comments=True))] if verb else []
    assert offenders == []


def problems(words: list[str]) -> list[str]:
    """Say what our command line would not take."""
    command: Any = typer.main.get_command(app)
    while subcommands := getattr(command, "commands", None):
        if not words or words[0] not in subcommands:
            return [f"no verb {' '.join(words[:1])}"]
        command, words = subcommands[words[0]], words[1:]
    there = {name for option in command.params for name in option.opts}
    needed = {option.opts[0] for option in command.params if option.required}
    unknown = [f"no option {word}" for word in words if word.startswith("--") and word not in there]
    return unknown + [f"{option} is missing" for option in sorted(needed - set(words))]


def test_env__of_verbs_is_read_by_them() -> None:
    """A variable that no option knows would be ignored without a word."""
    text = "\n".join(path.read_text("utf-8") for path in FILES)
    given = set(re.findall(r"^ +(DRIFTLOOP_\w+):", text, re.MULTILINE))
    root: Any = typer.main.get_command(app)
    verbs = [*root.commands.values(), *root.commands["ci"].commands.values()]
    read = {option.envvar for verb in verbs for option in verb.params if option.envvar}
    assert given - {"DRIFTLOOP_REQUIRE_NODE"} <= read  # that one is for tests, see tests/runner


def test_cache__of_packages_is_shared_by_nobody() -> None:
    """A job that runs code of a team could put a package there for a job that holds a token that writes."""
    given = [(where, step) for where, step in STEPS if step.get("uses", "").startswith("astral-sh/setup-uv@")]
    assert given
    assert [where for where, step in given if step.get("with", {}).get("enable-cache") is not False] == []


def test_cache__comes_to_jobs_that_run_the_pipeline_alone_and_where_asked_for() -> None:
    given = {str(job): step["with"]["cache"] for job in JOBS for step in job.setup if "cache" in step.get("with", {})}
    assert given == {str(job): "${{ vars.DRIFTLOOP_CACHE }}" for job in JOBS if RUNS_PIPELINE.search(job.commands)}
    restoring = [step for _, step in STEPS if step.get("uses", "").startswith("actions/cache/restore@")]
    assert [step.get("if") for step in restoring] == ["${{ inputs.cache == 'true' }}"]


def test_job__of_the_loop_installs_no_packages_for_development() -> None:
    env = {workflows.name(path): workflows.load(path).get("env", {}) for path in FILES}
    offenders = [
        str(job)
        for job in JOBS
        if job.setup
        if ({**env[job.workflow], **job.given.get("env", {})}.get("UV_NO_DEV") == "1") is ("make " in job.commands)
    ]
    assert offenders == []


def test_tests__run_only_where_code_changes() -> None:
    """A required check has to be there and green, so a step decides; on the default branch the event does."""
    checks = named("pull-request/checks")
    assert "if" not in checks
    made = [step for step in checks["steps"] if step.get("run", "").startswith("make ")]
    assert len(made) == 2
    assert all("steps.code.outputs.code == 'true'" in step["if"] for step in made)
    push = workflows.load(GITHUB / "workflows/ci.yml")[True]["push"]
    assert push["paths-ignore"] == [f"{path}**" if path.endswith("/") else path for path in skips.NO_TESTS]


@pytest.mark.parametrize("name", ["ci/test", "release/measure"])
def test_job__of_a_push_is_for_the_default_branch_and_not_for_a_repository_that_begins(name: str) -> None:
    default = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert f"{default} && !github.event.created" in named(name)["if"]
    assert workflows.load(GITHUB / f"workflows/{name.partition('/')[0]}.yml")[True]["push"]["branches"] == ["**"]


def test_cache__is_for_speed_alone_and_kept_only_where_asked_for() -> None:
    """Pull requests of forks can read what is kept."""
    saving = [(where, step) for where, step in STEPS if step.get("uses", "").startswith("actions/cache/save@")]
    assert saving
    assert [where for where, step in saving if step.get("continue-on-error") is not True] == []
    assert [where for where, step in saving if "vars.DRIFTLOOP_CACHE == 'true'" not in step.get("if", "")] == []
    default = "github.event_name == 'schedule' || github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert [where for where, step in saving if f"({default})" not in step["if"]] == []
    assert [where for where, step in STEPS if "fail-on-cache-miss" in step.get("with", {})] == []

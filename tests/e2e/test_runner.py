"""The runner of workflows itself: it does what GitHub does, and fails on what it does not know."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from runner.language import UnknownError

from driftloop.githubstub import observe_pushes

if TYPE_CHECKING:
    from runner.setting import Setting
    from runner.values import Run

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"


def push(world: Setting, *, on: str = "push", head: str = "", **jobs: str) -> None:
    """Put a workflow of these jobs on main; what it says of `on` and the top is YAML."""
    text = f"on: {on}\npermissions: {{}}\n{textwrap.dedent(head)}\njobs:\n"
    for name, job in jobs.items():
        text += f"  {name}:\n    runs-on: ubuntu-latest\n{textwrap.indent(textwrap.dedent(job), '    ')}\n"
    folder = world.clone.root / ".github/workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "w.yml").write_text(text)
    world.clone.push("main")


def run(world: Setting, **jobs: str) -> Run:
    """Put a workflow on main, and run it for that push."""
    push(world, **jobs)
    (done,) = world.runner.deliver()
    return done


# What GitHub does


def test_deliver__passes_outputs_from_step_to_job_to_job(world: Setting) -> None:
    done = run(
        world,
        one="""
            outputs: {word: "${{ steps.say.outputs.word }}"}
            steps:
              - id: say
                run: |
                  echo "word=a b" >> "$GITHUB_OUTPUT"
                  printf 'more<<END\\nx\\ny\\nEND\\n' >> "$GITHUB_OUTPUT"
            """,
        two="""
            needs: one
            env: {WORD: "${{ needs.one.outputs.word }}"}
            steps:
              - run: echo "<$WORD>" >> "$GITHUB_STEP_SUMMARY"
            """,
    )
    assert done.jobs["one"].steps[0].outputs == {"word": "a b", "more": "x\ny"}
    assert done.jobs["two"].summary == "<a b>\n"


def test_deliver__gives_steps_a_clean_machine(world: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("MINE", "1")
    done = run(world, one="steps: [{run: 'env; ls -A; command -v driftloop || echo none'}]")
    assert "GITHUB_TOKEN=" not in done.log
    assert "MINE=" not in done.log
    assert "a.txt" not in done.log
    assert done.log.rstrip().endswith("none")


def test_deliver__hands_env_and_path_on_to_later_steps(world: Setting) -> None:
    done = run(
        world,
        head="env: {A: top, B: top, C: top}",
        one="""
            env: {B: job, C: job}
            steps:
              - run: |
                  echo "D=given" >> "$GITHUB_ENV"
                  mkdir bin; printf '#!/bin/sh\\necho found\\n' > bin/tool; chmod +x bin/tool
                  echo "$PWD/bin" >> "$GITHUB_PATH"
              - run: echo "$A $B $C $D ${{ env.D }}"; tool
                env: {C: step}
            """,
    )
    assert done.jobs["one"].steps[1].log == "top job step given given\nfound\n"


@pytest.mark.parametrize(("shell", "result"), [("", "success"), ("shell: bash", "failure")])
def test_deliver__a_pipe_fails_where_bash_is_asked_for(world: Setting, shell: str, result: str) -> None:
    assert run(world, one=f"steps:\n  - run: false | cat\n    {shell}").result == result


def test_deliver__after_a_failure_runs_what_asks_for_it(world: Setting) -> None:
    done = run(
        world,
        one="""
            steps:
              - {id: soft, run: exit 1, continue-on-error: true}
              - {run: "test ${{ steps.soft.outcome }} = failure && test ${{ steps.soft.conclusion }} = success"}
              - run: exit 3
              - run: echo not
              - {if: failure(), run: echo failed}
              - {if: "always() && github.ref_name == 'main'", run: echo always}
            """,
        two="needs: one\nsteps: [{run: echo}]",
        three="needs: two\nif: failure()\nsteps: [{run: echo}]",
    )
    outcomes = [step.outcome for step in done.jobs["one"].steps]
    assert outcomes == ["failure", "success", "failure", "skipped", "success", "success"]
    assert [done.jobs[name].result for name in ("one", "two", "three")] == ["failure", "skipped", "success"]


def test_deliver__multiplies_a_matrix(world: Setting) -> None:
    done = run(
        world,
        one="""
            strategy: {matrix: {a: [1, 2], b: [x]}}
            steps: [{run: 'echo "${{ matrix.a }}${{ matrix.b }}"'}]
            """,
    )
    assert [done.jobs[f"one-{n}"].steps[0].log for n in range(2)] == ["1x\n", "2x\n"]


def test_deliver__runs_an_action_of_the_repository(world: Setting) -> None:
    folder = world.clone.root / ".github/actions/greet"
    folder.mkdir(parents=True)
    (folder / "action.yml").write_text(
        textwrap.dedent("""
            name: greet
            description: greets
            inputs: {who: {description: whom, default: you}}
            outputs: {said: {description: what, value: "${{ steps.say.outputs.said }}"}}
            runs:
              using: composite
              steps:
                - {id: say, shell: bash, run: 'echo "said=hello $WHO" >> "$GITHUB_OUTPUT"', env: {WHO: "${{ inputs.who }}"}}
            """)
    )
    done = run(
        world,
        one=f"""
            permissions: {{contents: read}}
            steps:
              - uses: {CHECKOUT}
              - {{id: a, uses: ./.github/actions/greet}}
              - {{id: b, uses: ./.github/actions/greet, with: {{who: ann}}}}
              - run: echo "${{{{ steps.a.outputs.said }}}}, ${{{{ steps.b.outputs.said }}}}"
            """,
    )
    assert done.jobs["one"].steps[3].log == "hello you, hello ann\n"


def test_deliver__brings_artifacts_from_job_to_job(world: Setting) -> None:
    done = run(
        world,
        one=f"""
            steps:
              - run: mkdir -p out/deep; echo 1 > out/deep/a; echo 2 > out/.hidden; echo 3 > b
              - uses: {UPLOAD}
                with: {{name: things, path: "out\\nb", if-no-files-found: error}}
            """,
        two=f"""
            needs: one
            steps:
              - uses: {DOWNLOAD}
                with: {{name: things, path: got}}
              - run: find . -type f | sort
            """,
    )
    assert done.jobs["two"].steps[1].log == "./got/b\n./got/out/deep/a\n"


# Events


def test_deliver__label_starts_what_listens_to_it(world: Setting) -> None:
    push(
        world,
        on="{issues: {types: [labeled]}}",
        one="""
            if: github.event.label.name == 'Go' && github.event.issue.user.login == 'ann'
            steps: [{run: 'echo "${{ github.event.issue.number }} ${{ github.event.sender.login }}"'}]
            """,
    )
    assert world.runner.deliver() == []
    world.hub.at().create_issue("x")
    world.label(1, "Go")
    world.label(1, "Other")
    first, second = world.runner.deliver()
    assert first.jobs["one"].steps[0].log == "1 ann\n"
    assert second.jobs["one"].result == "skipped"


def test_deliver__what_the_workflow_token_does_starts_nothing(world: Setting) -> None:
    push(
        world,
        on="{push: {branches: ['**']}, issues: {}}",
        one=f"""
            permissions: {{contents: write, issues: write}}
            steps:
              - uses: {CHECKOUT}
              - run: |
                  git push origin HEAD:refs/heads/made
                  curl -sSf -H "Authorization: Bearer $TOKEN" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues" -d '{{"title": "x"}}'
                env: {{TOKEN: "${{{{ github.token }}}}"}}
            """,
    )
    (done,) = world.runner.deliver()
    assert done.result == "success", done.log
    assert "refs/heads/made" in world.repo.git.refs()
    assert world.issue(1).author.login == "github-actions[bot]"


def test_deliver__pull_request_checks_its_merge_out(world: Setting) -> None:
    push(
        world,
        on="pull_request",
        one=f"permissions: {{contents: read}}\nsteps: [{{uses: {CHECKOUT}}}, {{run: cat a.txt b.txt}}]",
    )
    world.clone.push("side", **{"b.txt": "side\n"})
    world.clone.push("main", start="origin/main", **{"a.txt": "moved\n"})
    observe_pushes(world.hub.world)
    world.hub.at().create_pull(title="x", head="side", base="main")
    (done,) = world.runner.deliver()
    assert done.jobs["one"].steps[1].log == "moved\nside\n"


def test_dispatch__types_inputs_and_schedule_has_none(world: Setting) -> None:
    push(
        world,
        on="""
  schedule: [{cron: "5 4 * * *"}]
  workflow_dispatch: {inputs: {dry: {type: boolean, default: false}, until: {type: string}}}
""",
        one="steps: [{if: '!inputs.dry', run: 'echo \"<$UNTIL>\"', env: {UNTIL: '${{ inputs.until }}'}}]",
    )
    logs = [
        world.runner.schedule(world.repo, "w.yml"),
        world.runner.dispatch(world.repo, "w.yml", "ann", until="x"),
        world.runner.dispatch(world.repo, "w.yml", "ann", dry="true"),
    ]
    assert [each.jobs["one"].steps[0].log for each in logs] == ["<>\n", "<x>\n", ""]


# Tokens


@pytest.mark.parametrize(("level", "result"), [("write", "success"), ("read", "failure")])
def test_token__pushes_only_with_its_permission(world: Setting, level: str, result: str) -> None:
    done = run(
        world,
        on="{push: {branches: [main]}}",
        one=f"permissions: {{contents: {level}}}\nsteps: [{{uses: {CHECKOUT}}}, {{run: 'git push origin HEAD:made'}}]",
    )
    assert done.result == result
    assert ("denied to github-actions[bot]" in done.log) == (result == "failure")


def test_token__is_not_left_in_the_clone_when_it_must_not(world: Setting) -> None:
    done = run(
        world,
        one=f"""
            permissions: {{contents: write}}
            steps:
              - uses: {CHECKOUT}
                with: {{persist-credentials: false}}
              - run: git push origin HEAD:made
            """,
    )
    assert done.jobs["one"].steps[1].outcome == "failure"


def test_token__ends_with_its_job(world: Setting) -> None:
    before = dict(world.hub.world.tokens)
    run(world, one="steps: [{run: 'true'}]")
    assert world.hub.world.tokens == before


def test_token__may_not_change_workflows(world: Setting) -> None:
    done = run(
        world,
        one=f"""
            permissions: {{contents: write}}
            steps:
              - uses: {CHECKOUT}
              - run: |
                  echo >> .github/workflows/w.yml
                  git -c user.name=a -c user.email=a@example.org commit -qam x
                  git push origin HEAD:made
            """,
    )
    assert "without `workflows` permission" in done.log


def test_token__that_is_printed_fails_the_test(world: Setting) -> None:
    push(world, one="steps: [{run: 'echo ${{ github.token }}'}]")
    with pytest.raises(AssertionError, match="the token was printed"):
        world.runner.deliver()


# What it does not know


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("steps: [{runs: x}]", "Unexpected value 'runs'"),
        ("container: debian\nsteps: [{run: 'true'}]", "does not know container"),
        ("steps: [{uses: someone/else@v1}]", "an action of pins.py"),
        ("steps: [{uses: actions/checkout@v4}]", "3d3c42e5aac5ba"),
        (f"steps: [{{uses: {CHECKOUT}, with: {{fetch_depth: 0}}}}]", "does not know fetch_depth"),
        ("steps: [{run: 'echo ${{ githubb.ref }}'}]", "Unrecognized named-value: 'githubb'"),
        ("steps: [{run: 'echo ${{ github.reff }}'}]", r"github\.reff: no such name"),
        ("steps: [{run: 'echo ${{ steps.none.outputs.x }}'}]", r"steps\.none: no such name"),
        ("steps: [{if: succes(), run: 'true'}]", "Unrecognized function: 'succes'"),
        ("steps: [{run: 'true', if: \"${{ fromJSON('{') }}\"}]", "fromJSON"),
        ("steps: [{run: 'true', if: \"${{ format('{0}', false) }}\"}]", "counts as true"),
        ("steps: [{run: 'true', shell: pwsh}]", "expected bash, got 'pwsh'"),
        ("needs: nobody\nsteps: [{run: 'true'}]", "at least one job with no dependencies"),
        ("permissions: write-all\nsteps: [{run: 'true'}]", "expected them one by one"),
        ("steps: [{run: 'echo ::set-output name=a::b'}]", "does not know .'set-output'"),
    ],
)
def test_deliver__fails_the_test_on_what_it_does_not_know(world: Setting, job: str, message: str) -> None:
    push(world, one=job)
    with pytest.raises(UnknownError, match=message):
        world.runner.deliver()


def test_deliver__fails_the_test_on_an_event_it_does_not_know(world: Setting) -> None:
    push(world, on="[push, workflow_run]", one="steps: [{run: 'true'}]")
    with pytest.raises(UnknownError, match="workflow_run"):
        world.runner.deliver()


def test_dispatch__fails_the_test_on_an_input_it_does_not_know(world: Setting) -> None:
    push(world, on="workflow_dispatch", one="steps: [{run: 'true'}]")
    with pytest.raises(UnknownError, match="does not know until"):
        world.runner.dispatch(world.repo, "w.yml", "ann", until="x")

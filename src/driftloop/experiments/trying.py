"""Run the pipeline once for each experiment, and leave what it wrote in a folder each: 0 holds main's own recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop import dvc
from driftloop.core.judging.verdict import Report
from driftloop.errors import LoopError
from driftloop.experiments.table import Tried
from driftloop.retraining import handover
from driftloop.retraining.handover import PARAMS
from driftloop.store.files import VERDICT, read_value, replacing_folder, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.params.overrides import Experiment


def run(
    root: Path,
    git: Git,
    experiments: Sequence[Experiment],
    out: Path,
    *,
    repro: Callable[[Path], None] = dvc.repro,
    say: Callable[[str], None] = print,
) -> list[Tried]:
    """Try main's own recipe and each experiment, and restore the tracked files after each; one that fails stops none.

    Parameters
    ----------
    root, git
        A checkout without changes in tracked files.
    experiments, out
        What is tried, and the folder for the results; an earlier one is replaced.
    repro
        Runs the pipeline.
    say
        Is told what begins.

    Raises
    ------
    LoopError
        If main's own recipe cannot be run, or a file of HEAD is changed.
    """
    if changed := git.run("diff", "--name-only", "--relative", "HEAD"):
        msg = f"working tree: expected the files of HEAD, got changes in {', '.join(changed.splitlines())}; commit or stash"
        raise LoopError(msg)
    params = (root / PARAMS).read_bytes().decode("utf-8")
    texts = [each.written(params) for each in experiments]  # all are checked before the first one runs
    with replacing_folder(out) as folder:
        say("main's own recipe")
        repro(root)
        found = [Tried("", _keep(root, folder / "0"))]
        for number, (each, text) in enumerate(zip(experiments, texts, strict=True), 1):
            say(f"experiment {number} of {len(texts)}: {each.text}")
            try:
                write_text(root / PARAMS, text)
                repro(root)
                found.append(Tried(each.text, _keep(root, folder / str(number))))
            except LoopError as exc:
                found.append(Tried(each.text, None, str(exc)))
            finally:
                git.run("reset", "--quiet", "--hard")
    return found


def _keep(root: Path, folder: Path) -> Report:
    handover.take(root, "data").write(folder)
    return read_value(root / VERDICT, Report)

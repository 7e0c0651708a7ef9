"""What was found about a candidate: all that the texts of a proposal are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.report.error_lines import each, refits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftloop.core.decision.approval import Approval
    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Report
    from driftloop.core.models.card import Card


BY_LOOP = (
    "The next run of Monitor merges it, if all its checks are green then (`retrain.standing_merge`). To prevent that, close it, "
    "make it a draft, or request changes."
)


@dataclass(frozen=True)
class Proposal:
    """All that the texts are made from.

    Attributes
    ----------
    issue, branch, base
        What is answered (0 for a rollback), where the commits are, and the commit that they begin at.
    decision, report
        Of the newest data, with production as it was; for a rollback the report compares the two versions.
    before, after
        Cards of production and of what would replace it; `after` is None where nothing is proposed.
    label_delay_days
        `data.label_delay_days`.
    main, promote
        Metrics by name: of the base commit, and after the promotion.
    params
        Changed parameters: name, before, after.
    days
        metrics/plots/error.csv.
    approval
        The standing approval that covers it, if one does.
    merges
        Whether the loop merges within the approval what the gate has compared and promotes.
    run_url
        The run that judged; empty outside Actions.
    dashboard
        Address of the published pages; empty where it is not known.
    faults
        What is wrong with the newest data.
    """

    issue: int
    branch: str
    base: str
    decision: Decision
    report: Report
    before: Card
    after: Card | None
    label_delay_days: int
    main: Mapping[str, float]
    promote: Mapping[str, float]
    params: Sequence[tuple[str, str, str]]
    days: str = ""
    approval: Approval | None = None
    merges: bool = False
    run_url: str = ""
    dashboard: str = ""
    faults: tuple[str, ...] = ()

    @property
    def is_better(self) -> bool:
        """Whether the candidate was shown to be better; within an approval it need not be."""
        return not self.report.verdict.standing

    @property
    def restores(self) -> int:
        """The earlier version that is brought back; 0 for a retraining."""
        return self.after.restores if self.after else 0

    @property
    def version(self) -> int:
        """The number that the proposed version has, or would have had."""
        return self.after.version if self.after else self.before.version + 1

    @property
    def is_merged_by_loop(self) -> bool:
        """Whether nobody has to merge it."""
        return self.approval is not None and self.merges and self.report.verdict.is_mergeable

    @property
    def sides(self) -> tuple[str, str]:
        """Name what was compared: production, and what was judged in its place."""
        version = self.before.version
        if self.restores:
            return f"v{version}", f"v{self.restores}"
        if not self.report.verdict.fresh:
            return f"v{version}", f"v{self.version}" if self.after else "retrained"
        new = f"recipe of v{self.version}, refitted {each(self.decision)}" if self.after else refits(self.decision)
        return f"v{version}", new

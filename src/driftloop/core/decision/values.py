"""The decision: how the model is, whether somebody should know, and what to do."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from driftloop.core.alarms.values import Alarm
from driftloop.core.data.finding import Finding
from driftloop.core.decision.statuses import Status
from driftloop.core.decision.thresholds import waited_enough
from driftloop.core.intervals import Interval
from driftloop.core.windows import Window


class Inputs(BaseModel):
    """The model inputs whose distribution has moved more than is usual for them.

    Attributes
    ----------
    shifted
        Their names, the one that moved most first.
    columns
        How many are judged; 0 while the history is too short.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shifted: tuple[str, ...] = ()
    columns: int = 0


class Drift(BaseModel):
    """What Evidently's page says of the columns: by its own default rule with the policy `evidently`, else by ours.

    Attributes
    ----------
    share
        Of columns that drifted; None where there is no page.
    drifted, columns
        How many drifted, of how many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float | None = None
    drifted: int = 0
    columns: int = 0


class Pattern(BaseModel):
    """How production errs in the judged window.

    Attributes
    ----------
    bias
        Mean prediction − target; None for classification.
    worst
        The segment with the largest mean loss, and that loss; None without segments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float | None = None
    worst: str | None = None
    worst_error: float | None = None


class BlamedInput(BaseModel):
    """An input that was unusual when the error rose.

    Attributes
    ----------
    name
        Of the column.
    since
        First day on which it was unusual.
    level
        Its largest deviation then, in units of the limit of data alarms.
    importance, place
        By what share the error grows when it is shuffled; its place among all inputs by that, from 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    since: date
    level: float
    importance: float
    place: int


class BlamedSegment(BaseModel):
    """A segment in which more error was added than if all had risen alike.

    Attributes
    ----------
    name
        Such as `workingday = 1`.
    share, usual
        Its share of the error that was added, and the share that it would have if all segments had risen alike.
    since
        First day of the step with which its error rose; None where that cannot be told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    share: float
    usual: float
    since: date | None


class Blame(BaseModel):
    """What moved when the error rose, the most likely cause first. It is an association, and no proof.

    Attributes
    ----------
    since
        Day from which the error is higher; None where it is not up, or its steps do not show since when.
    inputs, segments
        Those that stand out, ranked; empty where none does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date | None = None
    inputs: tuple[BlamedInput, ...] = ()
    segments: tuple[BlamedSegment, ...] = ()


class WithFaults(BaseModel):
    """Production's error where steps with faulty data count as well.

    Attributes
    ----------
    error
        Mean loss.
    judged
        Days that it was measured on.
    rows
        Their number.
    steps
        How many of the steps have faulty data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: Interval
    judged: Window
    rows: int
    steps: int


class Decision(BaseModel):
    """reports/decision.json.

    Attributes
    ----------
    status
        One of seven; see `statuses.STATUSES` for what each asks for.
    alert
        Whether a person should know now.
    since
        Day since which the status lasts, if that is known.
    reasons, advice
        In words, the decisive one first; what to do.
    model, version, simulated, unit, metric
        What the decision is about; whether the data is simulated; the target's unit; the loss.
    zone, until, labelled_until
        Time zone of days; ends (exclusive) of data and of final labels.
    trained_until, calendar_days
        First day that production has not seen, and the age at which the policy `calendar` asks; None without production,
        and in decisions of versions that did not keep them.
    step_days
        Days from one refit to the next.
    judged, rows
        Days and rows that errors were measured on.
    error, normal_error
        Production's mean loss there, and its honest loss at promotion.
    error_up, rise
        Whether it is more than 10 % above normal for certain; both are measured, so both are uncertain: by how much it
        exceeds 1.1 times normal. None in decisions of versions that did not keep it.
    with_faults
        The same with the steps whose data is faulty, which `error` leaves out; None where there are none.
    refit_error
        Mean loss of the weekly refits on the same rows.
    waiting_days, alert_at_days
        Avoidable loss in normal days of error, and where it alerts.
    waiting_error
        Absolute error that the refits would have avoided while that added up, in the target's unit, summed over the rows
        that were compared; None while nothing adds up, and for other losses, which have another unit.
    recent_gain
        Share of production's loss that the refits saved there.
    refusal
        Why the gate would reject production's recipe if it were trained anew today; None if it would accept it, and
        without refits.
    comparable_from
        When data reaches this day (exclusive), the gate can judge; None when it can now, or without production.
    findings
        What the quality rules found, and data alarms on faults.
    alarms
        All data alarms that last.
    alarms_from, alarms_weeks
        Day from which all of the data is judged by its own history, and how many weeks of it are needed until then;
        None and 0 when it is.
    inputs, drift, pattern
        Which inputs are shifted; what Evidently's page says; how production errs.
    blame
        What moved when the error rose.
    warnings
        What looks odd, or could not be done, and did not matter for the decision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    alert: bool
    since: date | None
    reasons: tuple[str, ...]
    advice: str
    model: str
    version: int
    simulated: bool
    unit: str
    metric: str
    policy: str
    zone: str
    until: date
    labelled_until: date
    trained_until: date | None = None
    calendar_days: int | None = None
    step_days: int
    judged: Window | None = None
    rows: int = 0
    error: Interval | None = None
    normal_error: float | None = None
    error_up: bool = False
    rise: Interval | None = None
    with_faults: WithFaults | None = None
    refit_error: float | None = None
    waiting_days: float | None = None
    waiting_error: float | None = None
    alert_at_days: float
    recent_gain: Interval | None = None
    refusal: str | None = None
    comparable_from: date | None = None
    findings: tuple[Finding, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    alarms_from: date | None = None
    alarms_weeks: int = 0
    inputs: Inputs = Inputs()
    drift: Drift = Drift()
    pattern: Pattern = Pattern()
    blame: Blame = Blame()
    warnings: tuple[str, ...] = ()

    @property
    def held_back(self) -> str | None:
        """Why no alert asks to retrain although waiting has cost enough; None if this does not apply."""
        enough = waited_enough(self.waiting_days, self.alert_at_days)
        return self.refusal if enough and self.policy == "avoidable_loss" else None

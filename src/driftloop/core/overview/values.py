"""reports/overview.json, as values. Nothing in it is a value of a private column, or a bin of a handful of rows."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from driftloop.core.windows import Window


class StepError(BaseModel):
    """The errors of one step.

    Attributes
    ----------
    window, rows
        Its days, and the rows that were scored.
    production, refit
        Mean losses; the refit's is None where there are no refits.
    waiting
        Cost of waiting after it, in normal days of error; None where it is not known.
    faulty
        Whether its data was faulty, so that it does not count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Window
    rows: int
    production: float
    refit: float | None = None
    waiting: float | None = None
    faulty: bool = False


class Segment(BaseModel):
    """The error of the rows with one value of a segment column, over the judged days.

    Attributes
    ----------
    column, value, rows
        Which rows, and how many.
    production, refit
        Mean losses; the refit's is None where there are no refits.
    normal
        Production's mean loss before the error rose; None, as what follows, while it is not up, and where that is not known.
    share, usual
        Of the loss that was added since, over the segments of the column; and the share if all had risen alike.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    value: str
    rows: int
    production: float
    refit: float | None = None
    normal: float | None = None
    share: float | None = None
    usual: float | None = None


class Input(BaseModel):
    """One model input over time.

    Attributes
    ----------
    name, number, private
        Its name; whether it holds numbers; whether its values are private, so that it has no bins.
    importance
        By how many times production's error grows when the column is shuffled; None where it was not measured.
    levels, missing
        One value per week of `Overview.weeks`: largest deviation in units of the alarm limit; share of missing values.
    bins
        What each bin of the histograms holds, such as `3 to 5`.
    shares, top
        One text per period of `Overview.periods`, one character of `histograms.ALPHABET` per bin: its share of the rows, on
        a scale that ends at `top`.
    usual
        The same for the days that the newest week is compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    number: bool
    private: bool = False
    importance: float | None = None
    levels: tuple[float | None, ...] = ()
    missing: tuple[float | None, ...] = ()
    bins: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    top: float = 1.0
    usual: str = ""


class Overview(BaseModel):
    """What the dashboard shows beside the decision.

    Attributes
    ----------
    until
        End of the data (exclusive).
    low, high
        Where the mean error of a step is expected to lie in 9 of 10 cases, by the days that were judged at the promotion.
    steps
        Oldest first, of the production model only.
    weeks
        First days of the weeks, counted back from the end of the data.
    periods
        Of the histograms: weeks of the last year, and four weeks at a time before.
    inputs, segments
        The model inputs; the segments of the judged days.
    min_bin_rows
        Bins with fewer rows are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: date
    version: int
    low: float | None = None
    high: float | None = None
    steps: tuple[StepError, ...] = ()
    weeks: tuple[date, ...] = ()
    periods: tuple[Window, ...] = ()
    inputs: tuple[Input, ...] = ()
    segments: tuple[Segment, ...] = ()
    min_bin_rows: int = 5

"""The gate: what it promotes, what it refuses, and how often it errs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from factories import START, make_days, make_losses, make_params
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, loss_of
from driftloop.core.judging import comparing, gate
from driftloop.core.judging.verdict import Report, Verdict
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

steady = settings(max_examples=80, deadline=None, derandomize=True)
DAYS, ROWS = 28, 24


def judge(losses: pd.DataFrame, **over: Any) -> Verdict:
    given = {"min_gain": 0.01, "confidence": 0.95, "min_rows": 200, "max_segment_loss": 0.05}
    return comparing.judge(losses, **{**given, **over})


def swapped(losses: pd.DataFrame) -> pd.DataFrame:
    return losses.rename(columns={PRODUCTION_LOSS: REFIT_LOSS, REFIT_LOSS: PRODUCTION_LOSS})


def text(verdict: Verdict) -> str:
    """Write the verdict as `write_json` does: NaN is refused."""
    return json.dumps(verdict.model_dump(mode="json"), allow_nan=False, ensure_ascii=False)


# How often it errs. A model's loss on a row is |noise − its own error|, times its own way with the day: noise has heavy
# tails (Student's t, 3 degrees of freedom) and a scale that wanders from day to day, and is the same for both models.


def ar1(random: np.random.Generator, runs: int, phi: float) -> Floats:
    out = random.normal(size=(runs, DAYS, 1))
    for day in range(1, DAYS):
        out[:, day] = phi * out[:, day - 1] + np.sqrt(1 - phi**2) * out[:, day]
    return out


def simulate(
    runs: int, *, row: float, day: float, phi: float = 0.3, stale: float = 0.0, seed: int = 0, seeds: int = 2
) -> Iterator[pd.DataFrame]:
    """Yield losses of two models over four weeks of hours.

    Parameters
    ----------
    row, day
        Standard deviation of what each model errs on its own: per row, and per day as a factor (AR(1), `phi`).
    stale
        Standard deviation of what production alone does not know; 0 for two equally good models.
    seeds
        Refits by other seeds, as the gate gets them.
    """
    random = np.random.default_rng(seed)
    noise = random.standard_t(3, (runs, DAYS, ROWS)) / np.sqrt(3) * np.exp(0.3 * ar1(random, runs, 0.5))
    losses = []
    for missed in (stale, *[0.0] * (1 + seeds)):
        own = row * random.normal(size=noise.shape) + missed * random.normal(size=noise.shape)
        losses.append(np.abs(noise - own) * np.exp(day * ar1(random, runs, phi)))
    days = make_days(DAYS, rows=ROWS)
    names = [PRODUCTION_LOSS, *(loss_of("refit", extra) for extra in range(1 + seeds))]
    for models in zip(*losses, strict=True):
        yield pd.DataFrame({DAY: days} | {name: model.ravel() for name, model in zip(names, models, strict=True)})


RESEEDS: dict[str, Any] = {
    "row": 0.10,
    "day": 0.02,
}  # losses correlate by 0.98: two forests of one recipe, on bike sharing
RECIPES: dict[str, Any] = {"row": 0.15, "day": 0.05}  # by 0.96: two recipes that are equally good


@pytest.mark.parametrize("models", [RESEEDS, RECIPES], ids=["reseeds", "recipes"])
def test_judge__equally_good_models_are_rarely_promoted(models: dict[str, Any]) -> None:
    pairs = list(simulate(300, **models))
    there = [judge(pair).outcome == "promote" for pair in pairs]
    back = [judge(swapped(pair)).outcome == "promote" for pair in pairs]
    assert np.mean(there + back) <= 0.05
    assert not any(one and other for one, other in zip(there, back, strict=True))


def test_judge__a_better_model_is_mostly_promoted() -> None:
    """By 3 to 7 %, where losses correlate by 0.95: a refit and a production model that is 9 weeks older, on bike sharing."""
    pairs = list(simulate(200, **RESEEDS, stale=0.24))
    mean = pd.concat(pairs)[[PRODUCTION_LOSS, REFIT_LOSS]].mean()
    assert 0.03 <= 1 - mean[REFIT_LOSS] / mean[PRODUCTION_LOSS] <= 0.07
    assert np.mean([judge(pair).outcome == "promote" for pair in pairs]) >= 0.65
    assert np.mean([judge(swapped(pair)).outcome == "promote" for pair in pairs]) == 0


@steady
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 5), st.floats(-0.5, 0.5), st.floats(0, 1))
def test_judge__never_promotes_both_ways(seed: int, days: int, rows: int, gain: float, noise: float) -> None:
    losses = make_losses(days, rows=rows, gain=gain, noise=noise, seed=seed)
    there, back = (judge(one, min_rows=1, min_gain=0.0) for one in (losses, swapped(losses)))
    assert (there.outcome, back.outcome) != ("promote", "promote")
    assert (there.production, there.refit) == (back.refit, back.production)


@steady
@given(st.integers(0, 2**32 - 1), st.floats(-0.3, 0.3))
def test_judge__order_of_rows_and_unit_do_not_matter(seed: int, gain: float) -> None:
    losses = make_losses(10, gain=gain, noise=0.3, seed=seed)
    mixed = losses.sample(frac=1, random_state=seed)
    mixed[[PRODUCTION_LOSS, REFIT_LOSS]] *= 1000
    found, other = judge(losses), judge(mixed)
    assert other.outcome == found.outcome
    assert found.gain is not None
    assert other.gain is not None
    assert other.gain.low == pytest.approx(found.gain.low)


def test_judge__promotes_with_reasons() -> None:
    found = judge(make_losses(gain=0.1))
    assert found.outcome == "promote"
    assert found.reasons == (
        "10.2 % less error (90 % interval 9.4 to 11.0 %); it had to be 1.0 %, and certainly above 0",
    )
    assert found.judged == Window(since=START, until=START + timedelta(days=DAYS))
    assert (found.rows, found.needed, found.seed_noise, found.fresh) == (DAYS * ROWS, 0.01, 0.0, True)
    assert found.gain is not None
    assert found.refit == pytest.approx((1 - found.gain.estimate) * (found.production or 0))


@pytest.mark.parametrize(
    ("gain", "noise", "first"),
    [
        (
            0.008,
            0.01,
            "0.8 % less error (90 % interval 0.7 to 1.0 %) is too little; it has to be 1.0 %",
        ),  # certain, but too small
        (
            0.03,
            2.0,
            "3.0 % less error (90 % interval -4.7 to 10.7 %) is not certain enough; the lower end has to exceed 0",
        ),
        (-0.1, 0.05, "9.8 % more error"),
        (0.0, 0.0, "0.0 % less error"),
    ],
)
def test_judge__keeps_production_with_reasons(gain: float, noise: float, first: str) -> None:
    losses = make_losses(gain=gain, noise=noise)
    if noise > 1:
        losses[REFIT_LOSS] *= (1 - gain) * losses[PRODUCTION_LOSS].mean() / losses[REFIT_LOSS].mean()
    found = judge(losses)
    assert found.outcome == "keep production"
    assert found.reasons[0].startswith(first)


def test_judge__gain_has_to_reach_the_minimum() -> None:
    losses = make_losses(gain=0.1)
    gain = judge(losses).gain
    assert gain is not None
    assert judge(losses, min_gain=gain.estimate).outcome == "promote"
    assert judge(losses, min_gain=gain.estimate + 1e-9).outcome == "keep production"


def test_judge__more_weeks_allow_twice_the_doubt() -> None:
    levels = {days: judge(make_losses(days, gain=0.1)).gain for days in (28, 55, 56, 91)}
    assert {days: gain.level for days, gain in levels.items() if gain} == {28: 0.9, 55: 0.9, 56: 0.8, 91: 0.8}


@pytest.mark.parametrize(
    ("gain", "outcome", "standing", "first"),
    [
        (-0.05, "promote", True, "% more error (90 % interval"),
        (0.005, "promote", True, "; with a standing approval it may be worse by up to 10 %"),
        (0.1, "promote", False, "; it had to be 1.0 %, and certainly above 0"),
        (-0.2, "keep production", False, "% more error"),
    ],
)
def test_judge__within_an_approval_it_objects_only_to_what_is_much_worse(
    gain: float, outcome: str, first: str, *, standing: bool
) -> None:
    found = judge(make_losses(7, gain=gain), min_rows=50, standing=True)
    assert (found.outcome, found.standing) == (outcome, standing)
    assert first in found.reasons[0]


def test_judge__within_an_approval_a_segment_blocks_all_the_same() -> None:
    assert judge(with_segments(small=0.3), segments=["weather"], standing=True).outcome == "keep production"


KEPT = make_params(
    source={"until": "2025-03-03"}, data={"label_delay_days": 7}, retrain={"standing_until": "2025-06-02"}
)
FRESH = date(2025, 2, 3)  # production knows the labels before it


def kept_fresh(losses: pd.DataFrame, **card: Any) -> Verdict:
    given: dict[str, Any] = {"recipe": recipe_of(KEPT), "trained": Window(since=START, until=FRESH)}
    return gate.verdict(KEPT, Card.model_validate({"version": 2, **given, **card}), losses)


def test_verdict__within_an_approval_older_refits_say_nothing_against_a_newer_model() -> None:
    """On the first step after its last label production knows a week more than the refit, and is better for it."""
    worse = make_losses(7, gain=-0.5, since=FRESH)
    found = kept_fresh(worse)
    assert (found.outcome, found.standing, found.reasons) == ("promote", True, (gate.UNCOMPARED,))
    assert not found.is_mergeable
    assert kept_fresh(make_losses(7, gain=0.5, since=FRESH)).gain is None  # nor for it
    assert kept_fresh(worse, recipe=recipe_of(KEPT).model_copy(update={"seed": 1})).outcome == "keep production"
    assert kept_fresh(worse.head(24)).outcome == "not enough data"
    assert gate.vetoed(found, ["x stands still"]).outcome == "keep production"


@pytest.mark.parametrize(("gain", "outcome"), [(-0.5, "keep production"), (-0.05, "promote")])
def test_verdict__within_an_approval_it_judges_steps_on_which_the_refit_knew_as_much(gain: float, outcome: str) -> None:
    losses = make_losses(21, gain=gain, since=FRESH)
    known = losses[STEP] >= FRESH + timedelta(weeks=1)
    found = kept_fresh(losses.assign(**{REFIT_LOSS: losses[REFIT_LOSS].where(known, 9.0)}))
    assert (found.outcome, found.rows) == (outcome, known.sum())
    assert found.gain is not None
    assert found.gain.estimate == pytest.approx(gain, abs=0.02)
    assert found.is_mergeable == (outcome == "promote")


def test_judge__noise_between_seeds_raises_the_bar() -> None:
    losses = make_losses(gain=0.1)
    for seed, factor in enumerate((0.8, 1.2), start=1):
        losses[loss_of("refit", seed)] = factor * losses[REFIT_LOSS]
    found = judge(losses)
    assert found.outcome == "keep production"
    assert found.seed_noise == pytest.approx(0.2 * 0.9, rel=0.01)
    assert found.needed == 3 * found.seed_noise
    assert found.reasons[0].endswith("is too little; it has to be 53.9 % (3 times the noise between seeds)")
    calm = losses.assign(**{loss_of("refit", seed): losses[REFIT_LOSS] for seed in (1, 2)})
    assert judge(calm).outcome == "promote"


def test_judge__not_enough_rows() -> None:
    losses = make_losses(gain=0.5)
    assert judge(losses, min_rows=len(losses)).outcome == "promote"
    found = judge(losses, min_rows=len(losses) + 1)
    assert found.outcome == "not enough data"
    assert found.reasons == ("672 labelled rows to compare on, 673 are needed (evaluate.min_rows)",)
    assert judge(losses.head(0)).rows == 0
    text(judge(losses.head(0)))


def test_judge__one_day_is_not_enough() -> None:
    found = judge(make_losses(1, rows=500, gain=0.5))
    assert found.outcome == "not enough data"
    assert found.reasons == ("all rows to compare on are of one day, a bound needs two",)
    assert judge(make_losses(2, rows=500, gain=0.5)).outcome == "promote"


def test_judge__production_without_error_is_kept() -> None:
    found = judge(make_losses().assign(**{PRODUCTION_LOSS: 0.0}))
    assert found.outcome == "keep production"
    assert found.reasons == ("production makes no error on these rows",)
    text(found)


def with_segments(*, small: float, rows: int = 40, seed: int = 0) -> pd.DataFrame:
    """Give losses of which `rows` belong to a segment `rain` that the refit makes worse by `small`."""
    losses = make_losses(gain=0.1, seed=seed)
    random = np.random.default_rng(seed)
    losses["weather"] = "sun"
    wet = random.choice(losses.index, size=rows, replace=False)
    losses.loc[wet, "weather"] = "rain"
    noise = 1 + 0.02 * random.normal(size=rows)
    losses.loc[wet, REFIT_LOSS] = losses.loc[wet, PRODUCTION_LOSS] * (1 + small) * noise
    return losses


@pytest.mark.parametrize(
    ("small", "rows", "outcome"),
    [
        (0.3, 40, "keep production"),
        (0.04, 40, "promote"),  # certain, but small
        (0.3, comparing.MIN_SEGMENT_ROWS - 1, "promote"),  # too few rows to say
        (0.3, comparing.MIN_SEGMENT_ROWS, "keep production"),
        (-0.3, 40, "promote"),
    ],
)
def test_judge__a_segment_that_gets_worse_blocks(small: float, rows: int, outcome: str) -> None:
    found = judge(with_segments(small=small, rows=rows), segments=["weather"])
    assert found.outcome == outcome
    rain, sun = found.segments
    assert (rain.value, rain.rows, rain.blocks) == ("rain", rows, outcome != "promote")
    assert (sun.value, sun.rows, sun.blocks) == ("sun", DAYS * ROWS - rows, False)
    assert rain.gain == pytest.approx(-small, abs=0.02)
    if rain.blocks:
        assert found.reasons[0].startswith("weather = rain would get 30.")
        assert found.reasons[1].endswith("; it had to be 1.0 %, and certainly above 0")


def test_judge__an_uncertain_segment_does_not_block() -> None:
    losses = with_segments(small=0.0)
    wet = losses.index[losses["weather"] == "rain"]
    noise = np.where(np.arange(len(wet)) % 8 == 0, 4.0, 0.7)  # worse on average, by a few rows
    losses.loc[wet, REFIT_LOSS] = losses.loc[wet, PRODUCTION_LOSS] * noise
    found = judge(losses, segments=["weather"])
    assert found.segments[0].gain < -0.05
    assert not found.segments[0].blocks
    assert found.outcome == "promote"


def test_judge__segment_blocks_where_production_is_perfect_and_not_for_one_bad_day() -> None:
    losses = make_losses(gain=0.1).assign(place="usual")
    losses.loc[losses.index[:48], "place"] = "free"
    losses.loc[losses.index[:48], PRODUCTION_LOSS] = 0.0
    losses.loc[losses.index[-24:], "place"] = "today"
    losses.loc[losses.index[-24:], REFIT_LOSS] *= 1.5
    found = judge(losses, segments=["place"])
    assert [(part.value, part.blocks) for part in found.segments] == [
        ("free", True),
        ("today", False),
        ("usual", False),
    ]
    text(found)


def test_judge__private_segments_are_not_named() -> None:
    losses = with_segments(small=0.3).assign(weather=lambda rows: "secret-" + rows["weather"])
    found = judge(losses, segments=["weather"], private=["weather"])
    assert found.outcome == "keep production"
    assert found.reasons[0].startswith("one value of weather would get 30.")
    assert [part.value for part in found.segments] == [None, None]
    assert "secret" not in text(found)
    report = Report(verdict=found, production_version=1, candidate_sha256=None, until=START, rule={})
    assert "secret" not in report.model_dump_json()
    assert "secret" in text(judge(losses, segments=["weather"]))


@steady
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(0, 6), rows=st.integers(0, 4), some=st.booleans())
def test_judge__is_always_plain_json(seed: int, days: int, rows: int, *, some: bool) -> None:
    random = np.random.default_rng(seed)
    losses = make_losses(days, rows=rows, noise=0.5, seed=seed)
    for column in (PRODUCTION_LOSS, REFIT_LOSS):
        losses[column] *= random.integers(0, 2, len(losses)) if some else 1
    losses[loss_of("refit", 1)] = losses[REFIT_LOSS].where(random.random(len(losses)) < 0.5)
    losses["part"] = [("a", "b", None)[place] for place in random.integers(0, 3, len(losses))]
    found = judge(losses, min_rows=1, segments=["part"])
    assert Verdict.model_validate_json(text(found)) == found


def test_not_comparable__says_from_when() -> None:
    found = gate.not_comparable(date(2025, 3, 1), known_rows=5, fresh=True)
    assert found.outcome == "not comparable yet"
    assert found.comparable_from == date(2025, 3, 1)
    assert found.reasons == ("production has seen most of these rows; comparable when data reaches 1 Mar 2025",)


def test_verdict__names_faults_even_where_nothing_could_be_trained() -> None:
    params, rows = make_params(), make_losses(28, gain=0.1)
    found = gate.verdict(
        params, Card(), rows, faulty=[START], findings=["x is infinite"], untrainable="no label varies"
    )
    assert found.outcome == "not enough data"
    assert found.faults == ("x is infinite", "data fault in the judged step from 6 Jan 2025")
    assert found.reasons == ("the data is faulty: x is infinite", "no label varies")
    assert gate.verdict(params, Card(), rows).outcome == "not comparable yet"


@pytest.mark.parametrize(
    ("every", "step_days", "longer"),
    [(1, 7, None), (4, 7, 8), (7, 7, 14), (7, 14, None), (30, 28, 58)],
)
def test_verdict__names_the_step_with_which_few_rows_would_be_enough(
    every: int, step_days: int, longer: int | None
) -> None:
    params = make_params(monitor={"step_days": step_days}, windows={"judge_days": "auto"})
    days = [START + timedelta(days=every * number) for number in range(10)]
    rows = make_losses(10, rows=1, gain=0.1).assign(**{DAY: days})
    trained = Window(since=START - timedelta(days=600), until=START - timedelta(days=200))
    found = gate.verdict(params, Card(version=1, trained=trained), rows)
    assert found.reasons[0] == "10 labelled rows to compare on, 50 are needed (evaluate.min_rows)"
    if longer is None:
        assert len(found.reasons) == 1
    else:
        assert f"set monitor.step_days to {longer} or more" in found.reasons[1]


def test_vetoed__faulty_data_refuses_only_what_would_be_promoted() -> None:
    good, bad = judge(make_losses(gain=0.1)), judge(make_losses(gain=-0.1))
    refused = gate.vetoed(good, ["x repeats one value", "x is infinite"])
    assert refused.outcome == "keep production"
    assert refused.reasons == ("the data is faulty: x repeats one value", *good.reasons)
    assert refused.gain == good.gain
    assert gate.vetoed(good, []) is good
    assert gate.vetoed(bad, ["x repeats one value"]).outcome == "keep production"
    assert gate.vetoed(judge(make_losses(0)), ["x is infinite"]).outcome == "not enough data"

"""The simulator: the same rows in every range, and each event changes its column alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from driftloop.sources.planted import EVENTS, Event
from driftloop.sources.simulator import SINCE, simulate

COLUMNS = ["ts", "hour", "month", "weekday", "workingday", "holiday", "weather", "temperature", "humidity", "windspeed"]
BEGIN, FROM, TO, END = (datetime(2024, 5, day, tzinfo=UTC) for day in (1, 6, 20, 27))
LATE = [event for event in EVENTS if event.kind == "late_labels"]


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def make_event(kind: str, size: float = 1.0, **over: object) -> Event:
    return replace(Event("stuck", FROM, TO, size, "test"), kind=kind, **over)  # type: ignore[arg-type]


def cut(frame: pd.DataFrame, since: datetime, until: datetime) -> pd.DataFrame:
    first, end = since.replace(tzinfo=None), until.replace(tzinfo=None)
    return frame[(frame["ts"] >= first) & (frame["ts"] < end)].reset_index(drop=True)


def calm_and_disturbed(*events: Event) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate May 2024 twice; outside the event's dates both must be equal."""
    calm, disturbed = simulate(BEGIN, END, events=()), simulate(BEGIN, END, events=events)
    for since, until in ((BEGIN, FROM), (TO, END)):
        pd.testing.assert_frame_equal(cut(disturbed, since, until), cut(calm, since, until), check_exact=True)
    return cut(calm, FROM, TO), cut(disturbed, FROM, TO)


def assert_only_differs_in(column: str, calm: pd.DataFrame, disturbed: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(disturbed.drop(columns=column), calm.drop(columns=column), check_exact=True)


@pytest.fixture(scope="module")
def calm_years() -> pd.DataFrame:
    return simulate(SINCE, day(2031, 1, 1), events=())


def test_simulate__columns_types_and_ranges() -> None:
    frame = simulate(SINCE, day(2026, 1, 1))
    assert list(frame.columns) == [*COLUMNS, "rentals"]
    assert frame["ts"].dtype == "datetime64[us]"
    assert frame["ts"].iloc[0] == pd.Timestamp("2024-01-01")
    assert (frame["ts"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert (frame[COLUMNS[1:6]].dtypes == "int64").all()
    for column in [*COLUMNS[7:], "rentals"]:
        assert frame[column].dtype == "float64"
    for column, digits in (("temperature", 1), ("windspeed", 1), ("humidity", 0), ("rentals", 0)):
        values = frame[column].dropna()
        assert (values == values.round(digits)).all()
        assert not np.signbit(values[values == 0]).any()
    assert frame["humidity"].between(15, 100).all()
    assert frame["windspeed"].min() >= 0
    assert frame["rentals"].min() >= 0
    assert set(frame["weather"]) == {"clear", "cloudy", "rain", "snow", "fog"}
    assert frame.drop(columns=["rentals", "windspeed"]).notna().all(axis=None)


def test_simulate__calendar_is_that_of_pandas() -> None:
    frame = simulate(SINCE, day(2030, 12, 31))
    assert (frame["hour"] == frame["ts"].dt.hour).all()
    assert (frame["month"] == frame["ts"].dt.month).all()
    assert (frame["weekday"] == frame["ts"].dt.weekday).all()
    assert (frame["workingday"] == ((frame["weekday"] < 5) & (frame["holiday"] == 0))).all()
    first_of_may = frame[(frame["month"] == 5) & (frame["ts"].dt.day == 1)]
    assert (first_of_may["holiday"] == 1).all()
    assert frame.groupby(frame["ts"].dt.year)["holiday"].sum().eq(7 * 24).all()


def test_simulate__pinned_values() -> None:
    frame = simulate(SINCE, day(2030, 6, 2), events=()).set_index("ts")
    pinned = {
        "2024-01-01T00": ("cloudy", 7.1, 76.0, 4.4, 32.0),
        "2024-02-29T08": ("clear", -3.5, 66.0, 6.9, 403.0),
        "2024-07-16T17": ("cloudy", 27.5, 59.0, 16.7, 590.0),
        "2024-12-25T14": ("cloudy", 5.4, 63.0, 22.2, 266.0),
        "2025-02-09T14": ("rain", 3.3, 81.0, 22.1, 100.0),
        "2028-01-17T05": ("cloudy", -1.8, 80.0, 7.4, 49.0),
        "2030-06-01T23": ("rain", 18.4, 83.0, 11.3, 78.0),
    }
    columns = ["weather", "temperature", "humidity", "windspeed", "rentals"]
    assert {ts: tuple(frame.loc[ts, columns]) for ts in pinned} == pinned


def test_simulate__is_the_same_in_every_range() -> None:
    """Late labels aside, which depend on the end of the range."""
    rng = np.random.default_rng(0)
    events = [event for event in EVENTS if event.kind != "late_labels"]
    whole = simulate(SINCE, SINCE + timedelta(days=365 * 3), events=events)
    ranges = [[SINCE + timedelta(hours=int(hour)) for hour in pair] for pair in rng.integers(0, 24 * 365 * 3, (60, 2))]
    offenders = [
        f"{since} to {until}"
        for since, until in map(sorted, ranges)
        if not simulate(since, until, events=events).equals(cut(whole, since, until))
    ]
    assert offenders == []


def test_simulate__is_the_same_in_ranges_of_every_short_length() -> None:
    whole = simulate(SINCE, day(2024, 1, 8))
    for start in range(0, 40, 7):
        for length in range(40):
            since = SINCE + timedelta(hours=start)
            part = simulate(since, since + timedelta(hours=length))
            expected = whole.iloc[start : start + length].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, expected, check_exact=True)


def test_simulate__empty_and_early_ranges() -> None:
    empty = simulate(SINCE, SINCE)
    assert empty.empty
    assert list(empty.columns) == [*COLUMNS, "rentals"]
    assert simulate(day(2020, 1, 1), day(2021, 1, 1)).empty
    assert simulate(day(2020, 1, 1), day(2024, 1, 2))["ts"].iloc[0] == pd.Timestamp("2024-01-01")


def test_simulate__part_hours_and_other_zones() -> None:
    east = timezone(timedelta(hours=2))
    frame = simulate(datetime(2024, 3, 1, 2, 30, tzinfo=east), datetime(2024, 3, 1, 4, 30, tzinfo=east))
    assert list(frame["ts"]) == [pd.Timestamp("2024-03-01T01"), pd.Timestamp("2024-03-01T02")]


def test_simulate__refuses_times_without_zone() -> None:
    with pytest.raises(ValueError, match="expected a time with a zone"):
        simulate(datetime(2024, 1, 1), day(2024, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="expected a time with a zone"):
        Event("stuck", datetime(2024, 1, 1), None, 1, "naive")  # noqa: DTZ001


def test_event__refuses_unknown_kind() -> None:
    with pytest.raises(ValueError, match=r"Event.kind: expected one of demand_shift, .* got 'flood'"):
        make_event("flood")


def test_events__2024_is_calm_and_every_kind_is_planted() -> None:
    assert all(event.since >= day(2025, 1, 1) for event in EVENTS)
    assert len({event.kind for event in EVENTS}) == 7


def test_demand_shift__multiplies_demand() -> None:
    calm, disturbed = calm_and_disturbed(make_event("demand_shift", 0.25))
    assert_only_differs_in("rentals", calm, disturbed)
    assert disturbed["rentals"].sum() / calm["rentals"].sum() == pytest.approx(1.25, abs=0.01)
    _, lower = calm_and_disturbed(make_event("demand_shift", -0.5))
    assert lower["rentals"].sum() / calm["rentals"].sum() == pytest.approx(0.5, abs=0.01)


def test_commuting_change__moves_working_day_peaks_to_midday() -> None:
    calm, disturbed = calm_and_disturbed(make_event("commuting_change", 0.4))
    assert_only_differs_in("rentals", calm, disturbed)
    free = calm["workingday"] == 0
    pd.testing.assert_frame_equal(disturbed[free], calm[free], check_exact=True)
    before, after = (frame[~free].groupby("hour")["rentals"].mean() for frame in (calm, disturbed))
    assert after[[8, 17]].sum() < 0.8 * before[[8, 17]].sum()
    assert after[[11, 12, 13]].sum() > 1.5 * before[[11, 12, 13]].sum()
    assert after.sum() == pytest.approx(before.sum(), rel=0.05)
    pd.testing.assert_series_equal(after[[0, 1, 2, 3]], before[[0, 1, 2, 3]], check_exact=True)


def test_fahrenheit__reports_the_same_temperature_in_other_units() -> None:
    calm, disturbed = calm_and_disturbed(make_event("fahrenheit"))
    assert_only_differs_in("temperature", calm, disturbed)
    assert list(disturbed["temperature"]) == list((calm["temperature"] * 1.8 + 32).round(1))


def test_stuck__repeats_the_first_hour() -> None:
    calm, disturbed = calm_and_disturbed(make_event("stuck"))
    assert_only_differs_in("humidity", calm, disturbed)
    assert calm["humidity"].nunique() > 20
    assert set(disturbed["humidity"]) == {calm["humidity"].iloc[0]}


def test_stuck__first_hour_outside_the_range() -> None:
    event = make_event("stuck")
    later = simulate(day(2024, 5, 10), day(2024, 5, 11), events=[event])
    assert set(later["humidity"]) == {simulate(FROM, END, events=())["humidity"].iloc[0]}


def test_new_category__replaces_a_share_of_weather() -> None:
    calm, disturbed = calm_and_disturbed(make_event("new_category", 0.2))
    assert_only_differs_in("weather", calm, disturbed)
    fog = disturbed["weather"] == "fog"
    assert fog.mean() == pytest.approx(0.2, abs=0.05)
    assert (disturbed["weather"] == calm["weather"])[~fog].all()


def test_missing__removes_a_share_of_windspeed() -> None:
    calm, disturbed = calm_and_disturbed(make_event("missing", 0.3))
    assert_only_differs_in("windspeed", calm, disturbed)
    lost = disturbed["windspeed"].isna()
    assert lost.mean() == pytest.approx(0.3, abs=0.05)
    assert (disturbed["windspeed"] == calm["windspeed"])[~lost].all()


def test_late_labels__hides_until_they_arrive() -> None:
    calm, disturbed = calm_and_disturbed(make_event("late_labels", 10))
    assert_only_differs_in("rentals", calm, disturbed)
    known = calm["ts"] + pd.Timedelta(days=10) <= END.replace(tzinfo=None)
    assert 0 < known.sum() < len(known)
    assert (disturbed["rentals"].notna() == known).all()
    assert (disturbed["rentals"] == calm["rentals"])[known].all()


def test_late_labels__all_known_in_the_end() -> None:
    (late,) = LATE
    assert late.until is not None
    done = late.until + timedelta(days=late.size)
    assert simulate(SINCE, done)["rentals"].notna().all()
    assert simulate(late.since, late.until)["rentals"].isna().all()


@pytest.mark.parametrize("days", [1, 28])
def test_simulate__labels_come_late(days: int) -> None:
    at_once, late = simulate(SINCE, END, events=()), simulate(SINCE, END, events=(), label_days=days)
    known = at_once["ts"] + pd.Timedelta(days=days) <= END.replace(tzinfo=None)
    assert (late["rentals"].notna() == known).all()
    later = simulate(SINCE, END + timedelta(days=days), events=(), label_days=days)
    pd.testing.assert_frame_equal(cut(later, SINCE, END), at_once, check_exact=True)


def test_simulate__some_labels_never_come_and_always_the_same() -> None:
    all_there, some = simulate(SINCE, END, events=()), simulate(SINCE, END, events=(), labels_lost=0.3)
    lost = some["rentals"].isna()
    assert lost.mean() == pytest.approx(0.3, abs=0.03)
    pd.testing.assert_frame_equal(some[~lost], all_there[~lost], check_exact=True)
    later = simulate(SINCE, END + timedelta(days=400), events=(), labels_lost=0.3)
    pd.testing.assert_frame_equal(cut(later, SINCE, END), some, check_exact=True)


def test_events__of_one_kind_add_up_and_may_last_forever() -> None:
    calm, once = calm_and_disturbed(make_event("demand_shift", 1.0))
    _, twice = calm_and_disturbed(make_event("demand_shift", 1.0), make_event("demand_shift", 1.0))
    assert twice["rentals"].sum() / calm["rentals"].sum() == pytest.approx(4, abs=0.05)
    forever = simulate(BEGIN, END, events=[make_event("demand_shift", 1.0, until=None)])
    pd.testing.assert_frame_equal(cut(forever, FROM, TO), once, check_exact=True)
    assert forever["rentals"].iloc[-168:].sum() > 1.9 * simulate(TO, END, events=())["rentals"].sum()


def test_demand__peaks_by_kind_of_day(calm_years: pd.DataFrame) -> None:
    by_hour = calm_years.groupby(["workingday", "hour"])["rentals"].mean()
    work, free = by_hour[1], by_hour[0]
    local = [hour for hour in range(1, 23) if work[hour] > max(work[hour - 1], work[hour + 1])]
    assert {8, 17} <= set(local)
    assert min(work[8], work[17]) > 2 * work[12]
    assert [hour for hour in range(1, 23) if free[hour] > max(free[hour - 1], free[hour + 1])] == [int(free.idxmax())]
    assert 12 <= int(free.idxmax()) <= 16


def test_demand__level_grows_year_on_year(calm_years: pd.DataFrame) -> None:
    means = calm_years.groupby(calm_years["ts"].dt.year)["rentals"].mean()
    assert 150 < means[2024] < 250
    assert means.is_monotonic_increasing
    assert (means[2030] / means[2024] - 1) / 6 == pytest.approx(0.04, abs=0.01)


def test_demand__seasons_and_weather_matter(calm_years: pd.DataFrame) -> None:
    by_month = calm_years.groupby("month")["rentals"].mean()
    assert by_month[[5, 6, 7, 8]].min() > 1.3 * by_month[[12, 1, 2]].max()
    by_sky = calm_years.groupby(["workingday", "weather"])["rentals"].mean().unstack()  # noqa: PD010
    assert (by_sky["rain"] < 0.75 * by_sky["clear"]).all()
    loss = by_sky["rain"] / by_sky["clear"]
    assert loss[0] < loss[1]  # leisure suffers more than commuting


def test_demand__noise_is_wider_than_poisson_and_grows(calm_years: pd.DataFrame) -> None:
    alike = calm_years.query("workingday == 1 and weather == 'clear' and month == 6")
    by_hour = alike.groupby("hour")["rentals"].agg(["mean", "var"])
    assert (by_hour["var"] > by_hour["mean"]).all()
    assert by_hour["var"][17] > 20 * by_hour["var"][3]


def test_weather__lasts_for_hours_and_days(calm_years: pd.DataFrame) -> None:
    temperature = calm_years["temperature"]
    seasonless = temperature - temperature.groupby([calm_years["month"], calm_years["hour"]]).transform("mean")
    wet = calm_years["weather"].isin(["rain", "snow"]).astype(float)
    assert seasonless.autocorr(1) > 0.95
    assert seasonless.autocorr(24) > 0.6
    assert abs(seasonless.autocorr(24 * 45)) < 0.2
    assert wet.autocorr(1) > 0.8
    assert 0.1 < wet.autocorr(24) < 0.6
    assert calm_years["humidity"].autocorr(1) > 0.9
    assert calm_years["windspeed"].autocorr(1) > 0.9


def test_weather__is_that_of_a_temperate_city(calm_years: pd.DataFrame) -> None:
    by_month = calm_years.groupby("month")["temperature"].mean()
    assert by_month[1] < 5
    assert by_month[7] > 18
    assert (calm_years.loc[calm_years["weather"] == "snow", "temperature"] < 1).all()
    share = calm_years["weather"].value_counts(normalize=True)
    assert share["clear"] > share["cloudy"] > share["rain"] > share["snow"] > 0

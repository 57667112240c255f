"""Periods in which the same codes are in force."""

from datetime import date, timedelta

import pytest

from codewarrant.codesets import load


@pytest.mark.parametrize("system", ["icd10cm", "icd9cm"])
@pytest.mark.parametrize("day", [date(2007, 1, 15), date(2015, 10, 1), date(2026, 3, 31)])
def test_codes_are_the_same_from_the_first_day_of_a_period_to_the_day(system, day):
    release = load(system)
    day = min(max(day, release.known_from), release.horizon)
    epoch = release.epoch(day)
    assert epoch <= day
    assert set(release.codes(epoch)) == set(release.codes(day))
    if epoch > release.known_from:
        assert set(release.codes(epoch - timedelta(days=1))) != set(release.codes(epoch))


def test_days_outside_what_is_known_take_the_nearest_period():
    release = load("icd10cm")
    assert release.epoch(date(1990, 1, 1)) == release.known_from
    assert release.epoch(date(2099, 1, 1)) == release.epoch(None) == release.epoch(release.horizon)

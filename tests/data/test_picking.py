"""Which rows are picked: questions from the first to the last, an attacker's by lot."""

import pytest

from grunflow.config.sets import Picked
from grunflow.data.picking import evenly, places


@pytest.mark.parametrize("total", [1, 7, 16, 40, 60])
@pytest.mark.parametrize("count", [1, 3, 16, 39])
def test_questions_reach_from_the_first_to_the_last_and_no_part_is_left_out(count: int, total: int) -> None:
    found = list(evenly(count, total))
    assert found == sorted(set(found))
    assert len(found) == min(count, total)
    assert found[0] == 0
    gaps = [after - before for before, after in zip(found, [*found[1:], total], strict=True)]
    assert max(gaps) - min(gaps) <= 1


def test_sixteen_of_two_authors_questions_are_eight_of_each() -> None:
    """By a step of 40 // 16 they were ten and six, and of six authors' sixty the last one was never asked."""
    assert [sum(place // 20 == author for place in evenly(16, 40)) for author in (0, 1)] == [8, 8]
    assert {place // 10 for place in evenly(16, 60)} == set(range(6))


def test_none_is_all() -> None:
    assert evenly(None, 5) == range(5)
    assert places(None, 5) == range(5)
    assert places(Picked(), 5) == range(5)
    assert places(Picked(rows=9), 5) == range(5)


def test_an_attackers_rows_are_drawn_and_always_the_same() -> None:
    drawn = places(Picked(rows=20), 80)
    assert list(drawn) == sorted(set(drawn))
    assert len(drawn) == 20
    assert drawn == places(Picked(rows=20), 80)
    last = places(Picked(parts=4, first=3, last=4, rows=5), 80)
    assert len(last) == 5
    assert set(last) <= set(range(60, 80))


@pytest.mark.parametrize(("asked", "taught", "total"), [(16, 20, 40), (40, 20, 80), (20, 10, 80)])
def test_what_is_asked_is_taught_about_as_often_as_any_row(asked: int, taught: int, total: int) -> None:
    """Steps of 2 and 2, or 2 and 4, taught all of sixteen asked questions, or half of forty where a quarter was meant. Two standard
    deviations of drawing without replacement."""
    share = taught / total
    met = len(set(evenly(asked, total)) & set(places(Picked(rows=taught), total)))
    spread = (asked * share * (1 - share) * (total - asked) / (total - 1)) ** 0.5
    assert abs(met - asked * share) <= 2 * spread

"""A walk sees every row once, always ends, and knows whether it saw the whole listing."""

from dataclasses import dataclass

import pytest

from webapp.adservers.errors import Unavailable
from webapp.adservers.types import BadRow, RemotePage
from webapp.adservers.walk import Walk


@dataclass(frozen=True)
class Row:
    id: str


class Listing:
    """Pages by cursor; a page may be an error, raised once."""

    def __init__(self, *pages: tuple[str, str | None, int | None]) -> None:
        self.pages = {
            str(number) if number else None: RemotePage([Row(i) for i in ids], [], cursor, total)
            for number, (ids, cursor, total) in enumerate(pages)
        }
        self.asked: list[str | None] = []
        self.failures: dict[str | None, Exception] = {}

    def __call__(self, cursor: str | None) -> RemotePage[Row]:
        self.asked.append(cursor)
        if cursor in self.failures:
            raise self.failures.pop(cursor)
        return self.pages[cursor]


def rows(walk: Walk[Row]) -> str:
    return "".join(item.id for page in walk for item in page.items)


def test_a_walk_to_the_end_of_a_steady_listing_is_complete() -> None:
    walk = Walk(Listing(("ab", "1", 5), ("cd", "2", 5), ("e", None, 5)))
    assert rows(walk) == "abcde"
    assert (walk.complete, walk.problem) == (True, None)
    assert (walk.pages, walk.distinct, walk.total) == (3, 5, 5)


def test_a_walk_goes_on_where_another_was_left_and_is_then_not_the_whole() -> None:
    first = Walk(Listing(("ab", "1", 5), ("cd", "2", 5), ("e", None, 5)))
    assert first.cursor is None
    next(first)
    assert first.cursor == "1"

    rest = Walk(Listing(("ab", "1", 5), ("cd", "2", 5), ("e", None, 5)), start=first.cursor)

    assert rows(rest) == "cde"
    assert (rest.cursor, rest.complete) == (None, False)


def test_an_empty_listing_is_complete_and_empty() -> None:
    walk = Walk(Listing(("", None, 0))).read_all()
    assert (walk.complete, walk.distinct, walk.total) == (True, 0, 0)


def test_a_row_that_moved_to_the_next_page_comes_once() -> None:
    walk = Walk(Listing(("ab", "1", 3), ("bc", None, 3)))
    assert rows(walk) == "abc"
    assert walk.complete


def test_a_walk_is_not_complete_before_its_end() -> None:
    walk = Walk(Listing(("ab", "1", 2), ("", None, 2)), noun="campaigns")
    next(walk)
    assert not walk.complete
    assert walk.problem == "The list of campaigns was not read to its end."


@pytest.mark.parametrize("total", [4, 2, 0])
def test_a_total_that_is_not_what_was_listed_makes_it_incomplete(total: int) -> None:
    walk = Walk(Listing(("abc", None, total)), noun="campaigns").read_all()
    assert walk.problem == f"{total} campaigns were announced and 3 listed."
    assert not walk.complete


def test_without_a_total_nothing_is_complete() -> None:
    walk = Walk(Listing(("abc", None, None)), noun="campaigns").read_all()
    assert walk.problem == "The answer did not say how many campaigns there are."


def test_a_total_that_changes_on_the_way_makes_it_incomplete() -> None:
    walk = Walk(Listing(("ab", "1", 3), ("cd", "2", 4), ("", None, 4))).read_all()
    assert walk.distinct == walk.total == 4
    assert walk.problem == "The number of records changed from 3 to 4 while they were listed."


def test_an_empty_page_ends_the_walk_even_with_a_next_link() -> None:
    listing = Listing(("ab", "1", 9), ("", "2", 9), ("cd", None, 9))
    walk = Walk(listing).read_all()
    assert listing.asked == [None, "1"]
    assert not walk.complete


def test_an_empty_page_after_everything_was_listed_is_a_good_end() -> None:
    assert Walk(Listing(("ab", "1", 2), ("", "2", 2))).read_all().complete


@pytest.mark.parametrize("cursors", [("1", "1", None), ("1", "2", "1")])
def test_links_in_a_circle_end_the_walk(cursors: tuple[str, ...]) -> None:
    listing = Listing(*zip(("ab", "cd", "ef"), cursors, (6, 6, 6), strict=True))
    walk = Walk(listing, noun="campaigns").read_all()
    assert len(listing.asked) <= 3
    assert walk.problem == "The list of campaigns led back to a page that had been read."


def test_the_same_page_under_ever_new_addresses_ends_the_walk() -> None:
    listing = Listing(*[("ab", str(number + 1), 9) for number in range(50)])
    walk = Walk(listing).read_all()
    assert len(listing.asked) == 2
    assert not walk.complete


def test_a_listing_without_end_is_left_after_so_many_pages() -> None:
    listing = Listing(*[(chr(65 + number), str(number + 1), 99) for number in range(50)])
    walk = Walk(listing, max_pages=10).read_all()
    assert (walk.pages, walk.problem) == (10, "The list of records did not end after 10 pages.")


def test_rows_that_could_not_be_read_make_it_incomplete_and_are_handed_on() -> None:
    listing = Listing(("ab", None, 2))
    listing.pages[None].bad_rows.append(BadRow("x", "why"))
    walk = Walk(listing, noun="campaigns")
    assert next(walk).bad_rows == [BadRow("x", "why")]
    assert walk.problem == "1 row of the list of campaigns could not be read."


def test_a_page_that_failed_can_be_asked_for_again() -> None:
    listing = Listing(("ab", "1", 4), ("cd", None, 4))
    listing.failures["1"] = Unavailable("Megaphone has a problem.")
    walk = Walk(listing)
    seen = [next(walk)]
    with pytest.raises(Unavailable):
        next(walk)
    assert not walk.complete
    seen += list(walk)
    assert [item.id for page in seen for item in page.items] == list("abcd")
    assert walk.complete
    assert listing.asked == [None, "1", "1"]


def test_a_finished_walk_stays_finished() -> None:
    listing = Listing(("ab", None, 2))
    walk = Walk(listing).read_all().read_all()
    assert listing.asked == [None]
    assert walk.complete

"""List tables: whatever stands in an address gives a list, and a note where it was not usable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from webapp.core.listing import (
    COUNT_CAP,
    DEFAULT_PER_PAGE,
    MAX_PAGE,
    MAX_QUERY_LENGTH,
    PER_PAGE_CHOICES,
    Filter,
    ListTable,
    Page,
)


class Base(DeclarativeBase):
    pass


class Show(Base):
    __tablename__ = "show"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    length: Mapped[int]


def _by_length(text: str):
    return Show.length == int(text) if text else None


SHOWS = ListTable(
    sorts={"name": (Show.name,), "length": (Show.length, Show.name)},
    tie_break=Show.id,
    default_sort="name",
    filters={"length": Filter(_by_length)},
)
NAMES = ["q", "sort", "page", "per_page", "length", "count", "unheard_of"]


def test_an_empty_address_is_the_first_page_in_the_usual_order() -> None:
    params = SHOWS.parse({})

    assert (params.query, params.sort, params.page, params.per_page) == (
        "",
        "name",
        1,
        DEFAULT_PER_PAGE,
    )
    assert params.notes == ()
    assert params.link() == {}


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=300)))
def test_no_address_is_an_error_and_the_result_is_in_bounds(args: dict[str, str]) -> None:
    params = SHOWS.parse(args)

    assert 1 <= params.page <= MAX_PAGE
    assert params.per_page in PER_PAGE_CHOICES
    assert params.sort_column in SHOWS.sorts
    assert len(params.query) <= MAX_QUERY_LENGTH
    assert len(SHOWS.conditions(params)) <= 1
    assert SHOWS.parse({k: str(v) for k, v in params.link().items()}).link() == params.link()


@pytest.mark.parametrize("page", ["0", "-1", "1000000", "x", "1.5", "9" * 400, "1;DROP", "½"])
def test_a_page_that_cannot_be_is_the_first_with_a_note(page: str) -> None:
    params = SHOWS.parse({"page": page})
    assert params.page == 1
    assert "page" in params.notes[0]


@pytest.mark.parametrize("per_page", ["0", "51", "-25", "1000000", "all", "25.0", "²"])
def test_a_page_size_that_is_not_offered_is_the_usual_one_with_a_note(per_page: str) -> None:
    params = SHOWS.parse({"per_page": per_page})
    assert params.per_page == DEFAULT_PER_PAGE
    assert "25, 50, 100, 200" in params.notes[0]


@pytest.mark.parametrize("sort", ["budget", "-", "--name", "name;--", "Name", "name,length"])
def test_an_unknown_sort_is_the_usual_one_with_a_note(sort: str) -> None:
    params = SHOWS.parse({"sort": sort})
    assert params.sort == "name"
    assert "cannot be sorted" in params.notes[0]


def test_an_unusable_filter_is_left_out_with_a_note() -> None:
    params = SHOWS.parse({"length": "long"})
    assert params.filters == {}
    assert "length" in params.notes[0]


def test_a_huge_search_is_cut_with_a_note() -> None:
    params = SHOWS.parse({"q": "x" * 10_240})
    assert params.query == "x" * MAX_QUERY_LENGTH
    assert "200" in params.notes[0]


def test_a_search_loses_control_characters_and_extra_blanks() -> None:
    assert SHOWS.parse({"q": " a\x00b\t\n c\u200b "}).query == "a b c"


def test_an_unknown_argument_is_ignored() -> None:
    assert SHOWS.parse({"utm_source": "x"}) == SHOWS.parse({})


def test_links_keep_the_rest_and_leave_the_page() -> None:
    params = SHOWS.parse(
        {"q": "news", "length": "3", "sort": "-length", "page": "4", "per_page": "25"}
    )

    kept = {"q": "news", "length": "3", "sort": "-length", "per_page": 25}
    assert params.link() == kept
    assert params.link(page=5) == kept | {"page": 5}
    assert params.link(page=1) == kept
    assert params.link(length=None, q="") == {"sort": "-length", "per_page": 25}
    assert params.link(sort="name") == {k: v for k, v in kept.items() if k != "sort"}


def test_a_link_to_a_filter_for_number_one_is_not_lost() -> None:
    assert SHOWS.parse({}).link(length=1) == {"length": 1}


def test_pressing_a_sorted_column_turns_it_round() -> None:
    params = SHOWS.parse({"sort": "length"})
    assert params.sort_link("length") == {"sort": "-length"}
    assert SHOWS.parse({"sort": "-length"}).sort_link("length") == {"sort": "length"}
    assert params.sort_link("name") == {}
    assert params.sort_link("name", descending_first=True) == {"sort": "-name"}


@pytest.mark.parametrize(("sort", "direction"), [("length", "ASC"), ("-length", "DESC")])
def test_every_order_ends_in_the_tie_break(sort: str, direction: str) -> None:
    order = [str(clause) for clause in SHOWS.order(SHOWS.parse({"sort": sort}))]
    assert order == [f"show.{name} {direction}" for name in ("length", "name", "id")]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (Page(["x"] * 50, 1, 50, 120), (1, 50, 3, False, True)),
        (Page(["x"] * 20, 3, 50, 120), (101, 120, 3, True, False)),
        (Page([], 1, 50, 0), (0, 0, 1, False, False)),
        (Page([], 9, 50, 120), (0, 0, 3, True, False)),
        (Page(["x"] * 50, 300, 50, COUNT_CAP, capped=True), (14951, 15000, 300, True, True)),
        (Page(["x"] * 50, 20, 50, COUNT_CAP, capped=True), (951, 1000, 20, True, True)),
    ],
)
def test_a_page_knows_its_place(page: Page[str], expected: tuple[int, int, int, bool, bool]):
    place = (page.first, page.last, page.pages, page.has_previous, page.has_next)
    assert place == expected

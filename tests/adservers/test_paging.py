"""Link headers, totals and the cursor after a page."""

import time

import pytest

from webapp.adservers.megaphone.paging import (
    count,
    first_cursor,
    first_middle_last,
    links,
    next_cursor,
    total,
)

URL = "https://cms.example/api/organizations/o/campaigns"
TOTALS = {"X-Total": "1200", "X-Page": "1", "X-Per-Page": "500"}


def after(link: str, *, cursor: str = "page=1&per_page=500", rows: int = 500) -> str | None:
    return next_cursor(URL, cursor, {"Link": link}, rows)


def test_the_first_page_asks_for_as_many_rows_as_there_may_be() -> None:
    assert first_cursor() == "page=1&per_page=500"


@pytest.mark.parametrize(
    ("total", "pages"),
    [(None, [1]), (0, [1]), (1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (41, [1, 21, 41])],
)
def test_first_middle_and_last_row_are_pages_of_one(total: int | None, pages: list[int]) -> None:
    assert first_middle_last(total) == [f"page={page}&per_page=1" for page in pages]


def test_the_next_link_is_found_wherever_it_stands() -> None:
    assert (
        after(f'<{URL}?page=3&per_page=500>; rel="last", <{URL}?page=2&per_page=500>; rel="next"')
        == "page=2&per_page=500"
    )


def test_commas_and_semicolons_in_an_address_do_not_end_it() -> None:
    link = f'<{URL}?ids=a,b;c&page=9>; rel="last",<{URL}?ids=a,b;c&page=2>; rel="next"'
    assert after(link) == "ids=a,b;c&page=2"


@pytest.mark.parametrize(
    "parameters",
    [
        "rel=next",
        'REL="NEXT"',
        'title="a, b; c"; rel="next"',
        'rel="last next"',
        'rel = "next" ; title=x',
    ],
)
def test_every_spelling_of_next_is_read(parameters: str) -> None:
    assert after(f"<{URL}?page=2>; {parameters}") == "page=2"


def test_other_rels_are_not_next() -> None:
    assert after(f'<{URL}?page=1>; rel="prev", <{URL}?page=1>; rel="first"') is None
    assert after(f"<{URL}?page=2>") is None
    assert after(f'<{URL}?page=2>; title="rel=next"') is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/api/organizations/o/campaigns?page=2",
        "https://cms.example:444/api/organizations/o/campaigns?page=2",
        "https://cms.example/api/organizations/o/advertisers?page=2",
        "https://cms.example.evil/api/organizations/o/campaigns?page=2",
        "//evil.example/api/organizations/o/campaigns?page=2",
        "/api/organizations/o/campaigns?page=2",
        "https://cms.example/api/organizations/o/campaigns",
        "https://cms.example/api/organizations/o/campaigns?page=2 x",
        "https://cms.example:port/api/organizations/o/campaigns?page=2",
        "https://[::1/?page=2",
        f"{URL}?page={'2' * 3000}",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed_but_pages_are_counted(elsewhere: str) -> None:
    assert after(f'<{elsewhere}>; rel="next"') is None
    headers = {"Link": f'<{elsewhere}>; rel="next"', **TOTALS}
    assert next_cursor(URL, "page=1&per_page=500", headers, 500) == "page=2&per_page=500"


def test_a_server_behind_a_tls_proxy_may_call_itself_plain_http() -> None:
    link = f'<{URL.replace("https", "http")}?page=2>; rel="next"'
    assert after(link) == "page=2"


@pytest.mark.parametrize(
    ("headers", "cursor", "rows", "expected"),
    [
        (TOTALS, "page=1&per_page=500", 500, "page=2&per_page=500"),
        (TOTALS | {"X-Page": "3"}, "page=3&per_page=500", 200, None),
        (TOTALS | {"X-Total": "500"}, "page=1&per_page=500", 500, None),
        (TOTALS | {"X-Total": "501"}, "page=1&per_page=500", 500, "page=2&per_page=500"),
        ({"X-Total": "250"}, "page=2&per_page=100", 100, "page=3&per_page=100"),
        ({"X-Total": "250"}, "page=3&per_page=100", 0, None),
        ({"X-Total": "lots"}, "page=1&per_page=500", 500, None),
        ({"X-Total": "9" * 13}, "page=1", 500, None),
        ({"X-Total": "10", "X-Page": "x", "X-Per-Page": "-1"}, "page=1", 5, "page=2&per_page=500"),
        ({}, "page=1", 500, None),
    ],
)
def test_without_links_pages_are_counted_up_to_the_total(
    headers: dict[str, str], cursor: str, rows: int, expected: str | None
) -> None:
    assert next_cursor(URL, cursor, headers, rows) == expected


def test_numbers_in_headers_must_be_plain() -> None:
    assert total({"X-Total": " 12 "}) == 12
    assert [count({"A": text}, "A") for text in ("", "-1", "1.0", "1e3", "٣", "0")] == [
        *[None] * 5,
        0,
    ]


@pytest.mark.parametrize("piece", ["<", '<a>; rel="', "<a>;", "<a>; a=b", "< >  ", '<a>;x="y" '])
def test_a_hostile_link_header_costs_no_time(piece: str) -> None:
    # What this thread computes alone: others may use the machine meanwhile.
    began = time.thread_time()
    list(links((piece * 8192)[:8192]))
    list(links(piece * 100_000))
    assert time.thread_time() - began < 0.5

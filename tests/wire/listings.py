"""Lists that are not as they should be: rows, links and totals, and how a pull of each ends."""

from typing import Any

from tests.adservers.wire import Script
from tests.wire.front import Real, Spoil, header, member, rows

ELSEWHERE = "http://127.0.0.1:9/api/organizations/x/campaigns?page=3"


def another_total(by: int) -> Spoil:
    return lambda real: real.but(x_total=str(int(real.headers["X-Total"]) + by))


def next_to(target: str) -> Spoil:
    """The next link leads there; ``{}`` is the list's own address."""

    def spoil(real: Real) -> Script:
        own = real.headers["Link"].split(">")[0].strip("<").split("?")[0]
        return real.but(link=f'<{target.replace("{}", own)}>; rel="next"')

    return spoil


def with_comma(real: Real) -> Script:
    return real.but(link=real.headers["Link"].replace("?page", "?a=1,2&page"))


def one_more(row: Any) -> Spoil:
    return rows(lambda found: [*found, row])


def twice(found: list[Any]) -> list[Any]:
    return [found[0], *found]


def one_less(found: list[Any]) -> list[Any]:
    return found[1:]


# Whatever is said of the way, all rows are there: the pull is complete.
WHOLE: dict[str, Spoil] = {
    "no Link": header(link=None),
    "a Link that is none": header(link="what"),
    "a Link of 10 kB": header(link="x" * 10_000),
    "a comma in a Link's address": with_comma,
    "a next link to another host": next_to(ELSEWHERE),
    "a next link to another path": next_to("{}/others?page=3&per_page=5"),
    "a next link to a file": next_to("file:///etc/passwd"),
    "a next link of other words": next_to("javascript:alert(1)"),
    "a next link without a query": next_to("{}"),
    "a row twice": rows(twice),
    "no X-Page and no X-Per-Page": header(x_page=None, x_per_page=None),
    "said to be text": header(content_type="text/plain"),
    "members nobody knows": member(surprise=[1]),
    "an advertiser's number beside the advertiser": member(advertiserId=1),
}
# Rows are merged, and what was not seen means nothing.
INCOMPLETE: dict[str, Spoil] = {
    "a total above what is there": another_total(1),
    "a total below what is there": another_total(-1),
    "no total": header(x_total=None),
    "a total below 0": header(x_total="-5"),
    "a total that is a word": header(x_total="many"),
    "a total of 10^15": header(x_total=str(10**15)),
    "a total of 400 digits": header(x_total="9" * 400),
    "a total of 0": header(x_total="0"),
    "an empty page with a next link": rows(lambda _: []),
    "a row that is missing": rows(one_less),
    "a next link back to the start": next_to("{}?page=1&per_page=5"),
    "a next link to itself": next_to("{}?page=2&per_page=5"),
    "a next link past the end": next_to("{}?page=900&per_page=5"),
    "a row that is null": one_more(None),
    "a row that is a number": one_more(7),
    "a row that is a list": one_more([]),
    "a row without members": one_more({}),
    "an id that is a number": member(id=5),
    "an empty id": member(id=""),
    "a title that is null": member(title=None),
    "a title with NUL": member(title="a\x00b"),
    "a budget below 0": member(totalBudgetCents=-1),
    "a budget that is text": member(totalBudgetCents="1"),
    "a budget of 10^30": member(totalBudgetCents=10**30),
    "a currency that is a number": member(totalBudgetCurrency=978),
    "a flag that is text": member(copyNeeded="yes"),
    "a time that is none": member(updatedAt="yesterday"),
}
# The interface itself is another one.
NOT_A_LIST: dict[str, Spoil] = {
    "the list in an object": lambda real: real.with_value({"campaigns": real.value}),
    "one record": lambda real: real.with_value(real.value[0]),
    "null": lambda real: real.with_value(None),
    "a text": lambda real: real.with_value("none"),
}

"""How fast the JSON API lists campaigns, over HTTP, from one gunicorn worker."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import repeat
from urllib.parse import urlencode

from sqlalchemy import select

from benchmarks import options
from benchmarks.instance import ADVERTISERS, Instance, instance
from benchmarks.options import Options
from benchmarks.report import Cell, Report, Table
from benchmarks.seed import COMMON, NO_HIT, RARE
from benchmarks.web import middle_and_slow, serving
from webapp.advertisers.models import Advertiser
from webapp.auth import tokens
from webapp.auth.tokens import MOST_REQUESTS
from webapp.core.clock import utc_now
from webapp.core.db import db

ABOUT = (
    "Campaigns as JSON, 50 a page unless said, with a token that may make as many requests as it "
    "likes; gunicorn with one worker of four threads, answers not compressed. *p50* and *p95* are "
    "milliseconds from asking to having the whole answer, one request at a time over a kept-alive "
    "connection. *Requests/s* is what four such connections get at once from that worker, on the "
    "same machine. The *walk* reads everything by cursor, 100 rows a step, one step after the "
    "other, and reads each answer's JSON; it is done from the newest to the oldest and in another "
    "order."
)
COLUMNS = ("request", "p50", "p95", "requests/s", "KiB")
WALK_COLUMNS = ("walk", "rows", "seconds", "rows/s")
PER_PAGE, STEP = 50, 100
WARM_UP = 10
AT_ONCE = 4


class Script:
    """One kept-alive connection that sends a token."""

    def __init__(self, address: str, token: str) -> None:
        self._connection = HTTPConnection(address.removeprefix("http://"), timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        """Begin anew: the server closes a connection on which nothing is asked for a while."""
        self._connection.close()

    def get(self, path: str) -> bytes:
        self._connection.request("GET", f"/api/v1{path}", headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {body[:500]!r}")
        return body

    def time(self, path: str) -> float:
        """Milliseconds from asking to having the whole answer."""
        started = time.perf_counter()
        self.get(path)
        return (time.perf_counter() - started) * 1000


def main() -> None:
    with options.read(__doc__ or "", sizes=[100_000], repeats=200) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"api{wish.results}",
        "The JSON API",
        f"{ABOUT} {ADVERTISERS} advertisers; {wish.repeats} requests of each kind.",
        wish.database,
    )
    for campaigns in wish.sizes:
        with instance(wish, "list", campaigns, empty=False, pulled=False) as made:
            made.fill()
            report.tables += _measure_one(made, wish.repeats)
    report.finish()


def _measure_one(made: Instance, repeats: int) -> list[Table]:
    with made.reading():
        token = tokens.create(f"benchmark {utc_now()}", ["read"], per_window=MOST_REQUESTS).secret
        largest = db.session.scalars(select(Advertiser.id).order_by(Advertiser.id)).first()
        db.session.commit()
    pages = Table(f"{made.campaigns:,} campaigns: pages", COLUMNS)
    walks = Table(f"{made.campaigns:,} campaigns: walks", WALK_COLUMNS)
    with serving(made) as address:
        scripts = [Script(address, token) for _ in range(AT_ONCE)]
        one = json.loads(scripts[0].get("/campaigns?per_page=1"))["items"][0]["id"]
        paths = _paths(made.campaigns, largest) | {"one campaign": f"/campaigns/{one}"}
        pages.rows += [_row(name, path, scripts, repeats) for name, path in paths.items()]
        walks.rows += [
            _walked(scripts[0], name, **arguments)
            for name, arguments in {
                "newest first": {},
                "by title": {"sort_by": "title", "sort_order": "asc"},
                "by created_at": {"sort_by": "created_at"},
            }.items()
        ]
    return [pages, walks]


def _paths(campaigns: int, advertiser: int | None) -> dict[str, str]:
    last = -(-campaigns // PER_PAGE)
    return {
        "first page": _path(),
        "first page, not archived": _path(archived="false"),
        "middle page": _path(page=max(1, last // 2)),
        "90 % depth": _path(page=max(1, int(last * 0.9))),
        "search, rare word": _path(search=RARE),
        "search, common word": _path(search=COMMON),
        "search, missing word": _path(search=NO_HIT),
        "one advertiser": _path(advertiser_id=advertiser),
        "query": _path(q="budget:>5000usd copy:yes"),
        "sort by title": _path(sort_by="title", sort_order="asc"),
        "sort by updated_at": _path(sort_by="updated_at"),
        "sort by total_budget_cents": _path(sort_by="total_budget_cents"),
        "sort by archived": _path(sort_by="archived"),
        "step of a walk": _path(cursor="start"),
    }


def _path(**arguments: str | int | None) -> str:
    return f"/campaigns?{urlencode({'per_page': PER_PAGE, **arguments})}"


def _row(name: str, path: str, scripts: Sequence[Script], repeats: int) -> list[Cell]:
    for script in scripts:
        script.close()
        for _ in range(WARM_UP):
            script.get(path)
    first = scripts[0]
    first.close()
    middle, slow = middle_and_slow([first.time(path) for _ in range(repeats)])
    started = time.perf_counter()
    with ThreadPoolExecutor(len(scripts)) as pool:
        list(pool.map(_ask, scripts, repeat(path), repeat(repeats // 2)))
    first.close()
    per_second = len(scripts) * (repeats // 2) / (time.perf_counter() - started)
    return [name, middle, slow, round(per_second), round(len(first.get(path)) / 1024, 1)]


def _ask(script: Script, path: str, times: int) -> None:
    script.close()
    for _ in range(times):
        script.get(path)


def _walked(script: Script, name: str, **arguments: str) -> list[Cell]:
    script.close()
    rows, cursor = 0, "start"
    started = time.perf_counter()
    while cursor:
        wish = {"per_page": STEP, "cursor": cursor, **arguments}
        found = json.loads(script.get(f"/campaigns?{urlencode(wish)}"))
        rows += len(found["items"])
        cursor = found["meta"]["next_cursor"]
    seconds = time.perf_counter() - started
    return [name, rows, round(seconds, 1), round(rows / seconds)]


if __name__ == "__main__":
    main()

"""What Prometheus is told of queues, runs, calls and connections: read from the rows when asked."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from webapp.connections import queries as connections
from webapp.connections.models import PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.sync import figures, lead
from webapp.sync.figures import Calls

log = structlog.get_logger()


class RowCollector(Collector):
    """Yields all families, or, without a database, only that there is none."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        try:
            found = list(self._families(utc_now()))
            reachable = 1
        except SQLAlchemyError:
            log.exception("figures_not_read")
            db.session.rollback()
            found, reachable = [], 0
        yield GaugeMetricFamily("flightdeck_database_up", "Whether it answers.", value=reachable)
        yield from found

    def _families(self, now: datetime) -> Iterator[Metric]:
        leads = int(lead.is_somebody_leading())
        yield GaugeMetricFamily("flightdeck_worker_leads", "Whether a worker leads.", value=leads)
        shown = connections.shown_connections()
        yield from _connections(shown)
        yield from _queues(shown, now)
        yield from _calls(figures.recent_calls([each.id for each in shown], now))
        yield from self._budget()

    def _budget(self) -> Iterator[Metric]:
        used, most = figures.budget_used(self._settings, db.engine)
        for name, words, value in (
            ("used", "Remote calls granted in the last minute.", used),
            ("limit", "Remote calls a minute may have; 0 is any number.", most),
        ):
            yield GaugeMetricFamily(f"flightdeck_rate_budget_{name}", words, value=value)


def _connections(shown: Iterable[Connection]) -> Iterator[Metric]:
    read_at = _gauge("connection_read_timestamp_seconds", "When all was last read; 0 is never.")
    paused = _gauge("connection_paused", "Whether an error keeps it from sending.")
    held = _gauge("connection_held", "Whether an operator keeps it from sending.")
    failures = _gauge("connection_failures", "Failed calls in a row.")
    for each in shown:
        labels = [str(each.id)]
        last = each.last_success_at
        read_at.add_metric(labels, last.timestamp() if last else 0)
        paused.add_metric(labels, int(each.state == PAUSED))
        held.add_metric(labels, int(each.held_at is not None))
        failures.add_metric(labels, each.failures)
    yield from (read_at, paused, held, failures)


def _queues(shown: Iterable[Connection], now: datetime) -> Iterator[Metric]:
    waiting = figures.oldest_request(now).total_seconds()
    yield GaugeMetricFamily(
        "flightdeck_pull_oldest_seconds", "Age of the oldest pull not begun.", value=waiting
    )
    oldest = _gauge("change_oldest_due_seconds", "For how long the oldest change has been due.")
    ages = figures.oldest_due(now)
    for each in shown:
        age = ages.get(each.id)
        oldest.add_metric([str(each.id)], age.total_seconds() if age else 0)
    yield oldest
    changes = _gauge("changes", "Changes that are not over, by state.", "state")
    for (connection, state), number in figures.unfinished().items():
        changes.add_metric([str(connection), state], number)
    yield changes
    pulls = CounterMetricFamily(
        "flightdeck_pulls", "Pulls that ended, by how.", labels=["connection", "outcome"]
    )
    for (connection, state), number in figures.runs_ended().items():
        pulls.add_metric([str(connection), state], number)
    yield pulls


def _calls(recent: list[Calls]) -> Iterator[Metric]:
    labels = ("priority", "method", "status", "outcome")
    number = _gauge("remote_calls_recent", "Remote calls of the last five minutes.", *labels)
    seconds = _gauge("remote_call_seconds_recent", "Seconds that those took together.", *labels)
    for each in recent:
        status = str(each.status or "none")
        told = [str(each.connection_id), each.priority, each.method, status, each.outcome]
        number.add_metric(told, each.number)
        seconds.add_metric(told, each.seconds)
    yield from (number, seconds)
    pushes = _gauge("pushes_recent", "Attempts to send of the last five minutes.", "outcome")
    for (connection, outcome), count in figures.recent_pushes(recent).items():
        pushes.add_metric([str(connection), outcome], count)
    yield pushes


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"flightdeck_{name}", words, labels=["connection", *labels])

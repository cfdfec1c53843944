"""What messages say: text that can be read as it is, with links that work from anywhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template

from webapp.core.config import Settings
from webapp.notices import kinds
from webapp.notices.models import Notice
from webapp.web.filters import absolute

OVER = "over"
MOST_SUBJECT = 200


def base_url(settings: Settings) -> str:
    return settings.base_url or f"http://127.0.0.1:{settings.port}"


def subject(event: str, notices: Sequence[Notice]) -> str:
    """One line: the thing itself when there is one, else how many there are."""
    if len(notices) == 1:
        words = notices[0].words.rstrip(".")
        text = f"Over: {words}" if event == OVER else words
    else:
        text = f"{len(notices)} matters are over" if event == OVER else f"{len(notices)} matters"
    whole = " ".join(f"[Flightdeck] {text}".split())
    return whole if len(whole) <= MOST_SUBJECT else f"{whole[: MOST_SUBJECT - 1]}…"


def mail(settings: Settings, event: str, notices: Sequence[Notice]) -> dict[str, Any]:
    text = render_template(
        "notices/told.txt",
        is_over=event == OVER,
        notices=notices,
        names=kinds.NAMES,
        base=base_url(settings),
        absolute=absolute,
    )
    return {"notices": [each.id for each in notices], "text": text}


def payload(
    settings: Settings, event: str, notices: Sequence[Notice], key: str
) -> Mapping[str, Any]:
    """What a webhook is sent. ``id`` is the same whenever the same is sent again."""
    return {"id": key, "event": event, "notices": [_told(settings, each) for each in notices]}


def _told(settings: Settings, notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "kind": notice.kind,
        "subject": notice.subject,
        "words": notice.words,
        "link": base_url(settings) + notice.link,
        "opened_at": notice.opened_at.isoformat(),
    }

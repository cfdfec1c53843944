"""The views over the list of campaigns: which one is shown, and how the list differs from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.auth.models import Operator
from webapp.campaigns.listing import CAMPAIGNS
from webapp.core.listing import ListParams
from webapp.savedviews import queries as saved
from webapp.savedviews.shipped import SHIPPED
from webapp.web.lists import list_url

LIST = "campaigns.index"
ALL = "all"

Arguments = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Tab:
    """A view and its address. ``owner`` is who shares it, where that is someone else.

    ``mark`` tells whether it was changed since.
    """

    key: str
    label: str
    arguments: Mapping[str, str]
    is_saved: bool = False
    may_change: bool = False
    owner: str | None = None
    mark: str = ""

    @property
    def href(self) -> str:
        return list_url(LIST, {**self.arguments, "view": self.key})


@dataclass(frozen=True, slots=True)
class Tabs:
    """All views of an operator. ``current`` is ``None`` where the address names one that is gone.

    ``is_changed`` is whether the list is not as the current view has it; ``here`` are the list's
    arguments, as a view would keep them.
    """

    tabs: Sequence[Tab]
    current: Tab | None
    is_changed: bool
    here: Arguments


def tabs_of(operator: Operator) -> list[Tab]:
    """Those that everybody has, then the operator's own and those that others share."""
    shipped = [Tab(view.slug, view.name, view.arguments) for view in SHIPPED.values()]
    own = [
        Tab(
            seen.key,
            seen.view.name,
            seen.view.arguments,
            is_saved=True,
            may_change=seen.may_change,
            owner=None if seen.is_mine else seen.owner,
            mark=seen.view.mark,
        )
        for seen in saved.seen_by(operator)
    ]
    return [*shipped, *own]


def tabs_over(params: ListParams, operator: Operator) -> Tabs:
    tabs = tabs_of(operator)
    wanted = params.looks.get("view", ALL)
    current = next((tab for tab in tabs if tab.key == wanted), None)
    here = params.link(view=None)
    is_changed = current is None or here != _as_listed(current.arguments)
    return Tabs(tabs, current, is_changed, here)


def home_address(operator: Operator) -> str | None:
    """Where the list opens for this operator; ``None`` is at all campaigns."""
    key = operator.home_view
    if not key or key == ALL:
        return None
    return next((tab.href for tab in tabs_of(operator) if tab.key == key), None)


def _as_listed(arguments: Mapping[str, str]) -> Arguments:
    """As the list's own links would write them."""
    return CAMPAIGNS.parse(arguments).link(view=None)

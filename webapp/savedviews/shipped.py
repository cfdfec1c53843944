"""The views that everybody has. They are not rows: nobody can change or delete them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ShippedView:
    """A list's arguments under a name; ``slug`` stands for it in addresses."""

    slug: str
    name: str
    arguments: Mapping[str, str]


SHIPPED: Mapping[str, ShippedView] = MappingProxyType(
    {
        view.slug: view
        for view in (
            ShippedView("all", "All", {}),
            ShippedView("mine", "Mine", {"owner": "me"}),
            ShippedView("changed-today", "Changed today", {"q": "changed:today"}),
            ShippedView("needs-you", "Needs you", {"sync": "needs_you"}),
            ShippedView("no-budget", "No budget", {"q": "budget:none"}),
            ShippedView("copy-needed", "Copy needed", {"copy": "yes"}),
            ShippedView("archived", "Archived", {"archived": "archived"}),
        )
    }
)

"""The interface every ad server is reached through. Adapters translate and do nothing else.

An adapter makes each call once: it never repeats one, not even a read. Whoever calls decides, by
the error (``webapp.adservers.errors``), which is also all that may come out of a call.
"""

from collections.abc import Callable
from typing import Protocol, Self

from webapp.adservers.types import (
    CampaignPatch,
    CampaignSpec,
    Capabilities,
    CheckResult,
    MarkerSearch,
    Priority,
    RemoteAdvertiser,
    RemoteAgency,
    RemoteCampaign,
    RemotePage,
)


class AdServer(Protocol):
    """One account of one ad server. For one thread at a time."""

    @property
    def platform(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def with_priority(self, priority: Priority) -> Self:
        """The same connection, whose calls wait for their slots with this priority."""

    def check(self) -> CheckResult:
        """Prove that address, credential and organisation fit together, by a few small reads."""

    def list_agencies(self, cursor: str | None = None) -> RemotePage[RemoteAgency]: ...

    def list_advertisers(self, cursor: str | None = None) -> RemotePage[RemoteAdvertiser]: ...

    def list_campaigns(self, cursor: str | None = None) -> RemotePage[RemoteCampaign]: ...

    def cursor_at(self, page: int, per_page: int) -> str:
        """The cursor of a list's page by its number, of ``capabilities.page_size`` rows at most."""

    def get_campaign(self, campaign_id: str) -> RemoteCampaign:
        """Read one campaign; raises ``NotFound`` on 404 and 410."""

    def create_campaign(
        self, spec: CampaignSpec, marker: str | None, within: float | None = None
    ) -> RemoteCampaign:
        """Create a campaign that carries ``marker`` (in place of the external id, if given).

        The answer's ``external_id`` shows whether the marker was kept. Nothing is sent any more
        once ``within`` seconds have passed.
        """

    def update_campaign(
        self, campaign_id: str, patch: CampaignPatch, within: float | None = None
    ) -> RemoteCampaign:
        """Send the named fields only. Returns the campaign as the ad server has it now."""

    def find_by_marker(
        self, marker: str, on_page: Callable[[], None] | None = None
    ) -> MarkerSearch:
        """Walk all campaigns for exactly this marker; ``on_page`` is called after each page."""

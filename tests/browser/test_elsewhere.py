"""Signing in with an account of another service, in the browser: there and back."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watch, patient
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, running_provider
from tests.support.stack import MANAGER, running_stack


def test_the_button_leads_there_and_back(browser: Browser, watch: Watch, tmp_path: Path) -> None:
    with running_provider() as provider:
        provider.email = MANAGER
        known_as = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
        with running_stack(tmp_path, oidc_issuer=provider.issuer, **known_as) as stack:
            context = patient(browser.new_context(base_url=stack.url))
            watch.follow(context)
            page = context.new_page()
            page.goto("/advertisers")
            page.get_by_role("button", name="Sign in with your company account").click()
            page.wait_for_url("**/advertisers")
            expect(page.get_by_role("heading", level=1)).to_have_text("Advertisers")
            assert f"{provider.issuer}/authorize" in "".join(watch.requests)
            context.close()

"""The page of a job, looked at by somebody whom no script tells that it has gone on."""

from playwright.sync_api import Page

from tests.support.stack import until


def look_until_finished(page: Page) -> None:
    """Reload it until the worker has come to the job and to its end, however long that takes."""
    page.wait_for_selector("#job")
    until(lambda: "Finished" in _reloaded(page), "the job is finished")


def _reloaded(page: Page) -> str:
    page.reload()
    return page.locator("#job").inner_text()

"""The stand-in's own pages: list, search, edit, delete, rename; no scripts, labelled fields."""

import re
from html.parser import HTMLParser

import pytest
import requests

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox

TIMEOUT = 10


class Page(HTMLParser):
    """A page, checked while it is read: one h1, no script or style, every field labelled."""

    def __init__(self, answer: requests.Response, status: int = 200) -> None:
        super().__init__()
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        self.text = answer.text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(answer.text)
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def field(self, name: str) -> str | None:
        (found,) = (each for each in self.named("input") if each.get("name") == name)
        return found.get("value")

    def rows(self) -> int:
        return len(self.named("tr")) - 1

    def _check(self) -> None:
        assert len(self.named("h1")) == 1
        assert not self.named("script")
        assert not self.named("style")
        assert not any("style" in attributes for _, attributes in self.tags)
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        labelled = {each["for"] for each in self.named("label")}
        for each in self.named("input") + self.named("select"):
            assert each["id"] in labelled
        assert re.search(r"<title>.* – Megaphone sandbox</title>", self.text)
        assert "Practice data." in self.text


def visit(sandbox: Sandbox, path: str, status: int = 200) -> Page:
    return Page(requests.get(f"{sandbox.root_url}/{path}", timeout=TIMEOUT), status)


def submit(sandbox: Sandbox, path: str, **fields: str) -> requests.Response:
    return requests.post(
        f"{sandbox.root_url}/{path}",
        data=fields,
        headers={"Origin": sandbox.root_url, "Sec-Fetch-Site": "same-origin"},
        timeout=TIMEOUT,
    )


def test_the_list_shows_the_newest_change_first_and_pages(sandbox: Sandbox, call: Caller) -> None:
    oldest = call.campaign(59)
    call.put(f"campaigns/{oldest['id']}", {"title": "Touched just now"})
    first = visit(sandbox, "")
    assert first.rows() == 50
    assert "60 campaigns" in first.text
    links = [each["href"] or "" for each in first.named("a")]
    campaigns = [each for each in links if re.match(r"/campaigns/[0-9a-f-]{36}", each)]
    assert campaigns[0] == f"/campaigns/{oldest['id']}"
    assert visit(sandbox, "?page=2").rows() == 10


@pytest.mark.parametrize("page", ["0", "-1", "x", "1000000", "9" * 400])
def test_any_page_number_gets_an_answer(sandbox: Sandbox, page: str) -> None:
    assert "60 campaigns" in visit(sandbox, f"?page={page}").text


def test_search_finds_any_letters_in_any_case(sandbox: Sandbox, call: Caller) -> None:
    call.new(title="Весна ÄÖ 100% <b>O'Brien</b>", externalId="IO-XYZ")
    for text in ("весна äö", "io-xyz", "100%", "<b>o'b"):
        page = Page(requests.get(sandbox.root_url, params={"search": text}, timeout=TIMEOUT))
        assert page.rows() == 1
        assert "Весна ÄÖ 100% &lt;b&gt;O&#39;Brien&lt;/b&gt;" in page.text
    assert "No campaign here." in visit(sandbox, "?search=nothing-like-this").text


def test_a_campaign_is_edited_in_major_units(sandbox: Sandbox, call: Caller) -> None:
    campaign = call.new(totalBudgetCents=12345, totalBudgetCurrency="USD").json()
    path = f"campaigns/{campaign['id']}"
    assert visit(sandbox, path).field("budget") == "123.45"
    page = Page(
        submit(
            sandbox,
            path,
            title="Edited here",
            budget="5,000",
            currency="JPY",
            external_id="",
            copy_needed="yes",
        )
    )
    assert "Changes saved." in page.text
    assert page.field("budget") == "5000"
    after = call.get(path).json()
    assert (after["title"], after["externalId"], after["copyNeeded"]) == ("Edited here", None, True)
    assert (after["totalBudgetCents"], after["totalBudgetCurrency"]) == (5000, "JPY")
    assert sandbox.applied_writes()[-1]["sender"] == "vendor"


def test_an_empty_budget_clears_both_members(sandbox: Sandbox, call: Caller) -> None:
    campaign = call.new(totalBudgetCents=1, totalBudgetCurrency="USD").json()
    path = f"campaigns/{campaign['id']}"
    submit(sandbox, path, title="x", budget=" ", currency="USD", external_id="")
    after = call.get(path).json()
    assert (after["totalBudgetCents"], after["totalBudgetCurrency"]) == (None, None)


def test_what_cannot_be_saved_stays_typed_with_a_message(sandbox: Sandbox, call: Caller) -> None:
    campaign = call.campaign()
    path = f"campaigns/{campaign['id']}"
    answer = submit(sandbox, path, title="", budget="-5", currency="USD", external_id="keep me")
    page = Page(answer, 422)
    assert "The title can&#39;t be blank." in page.text
    assert "A budget cannot be negative." in page.text
    assert (page.field("budget"), page.field("external_id")) == ("-5", "keep me")
    assert call.campaign() == campaign


def test_a_campaign_is_created_and_deleted(sandbox: Sandbox, call: Caller) -> None:
    advertiser = call.advertiser()
    assert (
        "The advertiser must exist." in Page(submit(sandbox, "campaigns/new", title="N"), 422).text
    )
    fields = {"title": "N", "advertiser": advertiser["id"], "budget": "", "currency": "EUR"}
    assert "Campaign created." in Page(submit(sandbox, "campaigns/new", **fields)).text
    made = call.campaign()
    assert (made["title"], made["advertiserId"]) == ("N", advertiser["id"])
    deleted = submit(sandbox, f"campaigns/{made['id']}/delete")
    assert "Campaign deleted." in Page(deleted).text
    assert call.get(f"campaigns/{made['id']}").status_code == 404
    visit(sandbox, f"campaigns/{made['id']}", 404)


def test_an_advertiser_is_renamed(sandbox: Sandbox, call: Caller) -> None:
    advertiser = call.advertiser()
    path = f"advertisers/{advertiser['id']}"
    visit(sandbox, path)
    assert "Advertiser renamed." in Page(submit(sandbox, path, name="Renamed Co.")).text
    assert call.advertiser()["name"] == "Renamed Co."
    assert "The name can&#39;t be blank." in Page(submit(sandbox, path, name=" "), 422).text


def test_every_page_has_its_own_look_and_reads_well(sandbox: Sandbox) -> None:
    for path in ("", "advertisers", "campaigns/new"):
        visit(sandbox, path)
    css = requests.get(f"{sandbox.root_url}/static/sandbox.css", timeout=TIMEOUT)
    assert css.headers["Content-Type"].startswith("text/css")
    assert "light-dark(" in css.text


def test_faults_and_the_rate_limit_do_not_reach_the_pages(sandbox: Sandbox) -> None:
    sandbox.settings(requests_per_minute=1)
    sandbox.fault({"action": "status", "status": 503})
    for _ in range(3):
        visit(sandbox, "")
    assert sandbox.requests() == []

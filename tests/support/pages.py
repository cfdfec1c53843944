"""Fetches pages as a person without JavaScript would, and checks each of them every time.

Checked on every page: status, title, one ``h1``, labelled inputs, unique ids, a CSRF token in each
form that posts, links that lead somewhere, nothing inline.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from werkzeug.test import TestResponse

from tests.support.client import Client
from tests.support.markup import Element, parse

PRODUCT = "Flightdeck"
UNLABELLED = ("hidden", "submit", "button", "image", "reset")
REDIRECTS = (301, 302, 303, 307, 308)
Typed = Mapping[str, str | list[str] | None]


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page."""

    element: Element
    page_url: str

    @property
    def method(self) -> str:
        return self.element.get("method", "get").lower()

    @property
    def action(self) -> str:
        return urljoin(self.page_url, self.element.get("action") or self.page_url)

    @property
    def buttons(self) -> list[str]:
        return [button.text for button in self.element.all("button")]

    @property
    def values(self) -> dict[str, str | list[str]]:
        """What the browser would send if nothing were typed."""
        found: dict[str, str | list[str]] = {}
        for control in self.element.all("input", "select", "textarea"):
            value = _value(control)
            if value is None or not control.has("name"):
                continue
            earlier = found.get(control["name"])
            if earlier is None:
                found[control["name"]] = value
            else:
                known = earlier if isinstance(earlier, list) else [earlier]
                found[control["name"]] = [*known, value]
        return found


def _value(control: Element) -> str | None:
    kind = control.get("type")
    if control.has("disabled") or kind in ("submit", "button", "image", "reset"):
        return None
    if control.tag == "textarea":
        return control.raw_text.replace("\r\n", "\n").removeprefix("\n")
    if control.tag == "select":
        options = control.all("option")
        chosen = [option for option in options if option.has("selected")] or options[:1]
        return chosen[0].get("value", chosen[0].text) if chosen else None
    if kind in ("checkbox", "radio"):
        return control.get("value", "on") if control.has("checked") else None
    return control.get("value")


class Page:
    """A fetched page. ``url`` is its own address, after any redirect."""

    def __init__(self, client: Client, response: TestResponse) -> None:
        self.client = client
        self.status = response.status_code
        self.headers = response.headers
        self.url = response.request.full_path.rstrip("?")
        self.html = response.text
        self.root = parse(self.html)

    @property
    def title(self) -> str:
        return self.root.one("head").one("title").text

    @property
    def h1(self) -> str:
        return self.root.one("h1").text

    @cached_property
    def main(self) -> Element:
        return self.root.one("main")

    @property
    def text(self) -> str:
        """What stands in the main part, without the rail."""
        return self.main.text

    @property
    def links(self) -> dict[str, str]:
        """Text -> address of every link on the page; the first of several with one text."""
        found: dict[str, str] = {}
        for link in self.root.all("a"):
            found.setdefault(link.text, link.get("href"))
        return found

    @property
    def forms(self) -> list[Form]:
        return [Form(element, self.url) for element in self.root.all("form")]

    def form(self, button: str) -> Form:
        """The form with a button of these words."""
        found = [form for form in self.forms if button in form.buttons]
        assert found, f"no form with a button “{button}”: {[form.buttons for form in self.forms]}"
        return found[0]

    @property
    def rows(self) -> list[list[str]]:
        """The texts of the cells of the first table's body, without the boxes that select rows."""
        tables = self.main.all("table")
        bodies = tables[0].all("tbody") if tables else []
        return [
            [
                cell.text
                for cell in row.children
                if cell.tag in ("td", "th") and cell.get("class") != "pick"
            ]
            for body in bodies
            for row in body.all("tr")
        ]

    @property
    def errors(self) -> dict[str, str]:
        """Field name -> message of each field that is marked as wrong."""
        by_id = {element["id"]: element for element in self.root.walk() if element.has("id")}
        found = {}
        for control in self.root.all("input", "select", "textarea"):
            if control.get("aria-invalid") == "true":
                described = control.get("aria-describedby").split()
                found[control["name"]] = " ".join(
                    by_id[name].text for name in described if name.endswith("-error")
                )
        return found

    @property
    def notices(self) -> str:
        """The messages on top of the page."""
        return " ".join(e.text for e in self.main.all(role="status") + self.main.all(role="alert"))

    def follow(self, text: str, status: int = 200) -> "Page":
        """Press the link with this text."""
        assert text in self.links, f"no link “{text}” among {list(self.links)}"
        return get_page(self.client, urljoin(self.url, self.links[text]), status)

    def submit(self, button: str | Form, data: Typed | None = None, status: int = 200) -> "Page":
        """Fill in the form with this button and send it; ``None`` leaves a field out.

        Redirects are followed; ``status`` is that of the page that one ends on.
        """
        form = button if isinstance(button, Form) else self.form(button)
        known = {control.get("name") for control in form.element.all("input", "select", "textarea")}
        unknown = set(data or ()) - known
        assert not unknown, f"the form has no field {unknown}; it has {sorted(known)}"
        values = {**form.values, **(data or {})}
        sent = {name: value for name, value in values.items() if value is not None}
        if form.method == "get":
            path = urlsplit(form.action).path
            return _page(self.client, self.client.get(path, query_string=sent), status)
        answer = self.client.post(form.action, data=sent, headers={"Referer": self.url})
        return _page(self.client, answer, status)


def get_page(client: Client, url: str, status: int = 200) -> Page:
    """Fetch a page, follow redirects, and check what every page must be."""
    return _page(client, client.get(url), status)


def _page(client: Client, response: TestResponse, status: int) -> Page:
    for _ in range(5):
        if response.status_code not in REDIRECTS:
            break
        target = urljoin(response.request.path, response.headers["Location"])
        assert not urlsplit(target).netloc, f"a redirect leaves for {target}"
        response = client.get(target)
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    assert response.mimetype == "text/html"
    page = Page(client, response)
    problems = list(problems_of(page.root))
    assert not problems, f"{page.url}: " + "; ".join(problems)
    return page


def problems_of(root: Element) -> Iterable[str]:
    """What no page of ours may have, in words."""
    yield from _frame(root)
    yield from _ids(root)
    yield from _labels(root)
    yield from _forms(root)
    yield from _inline(root)


def _frame(root: Element) -> Iterable[str]:
    html = root.all("html")
    if len(html) != 1 or not html[0].get("lang"):
        yield "the language is not said"
    titles = [title.text for head in root.all("head") for title in head.all("title")]
    if len(titles) != 1 or not titles[0].endswith(PRODUCT) or len(titles[0]) < 14:
        yield f"the title is {titles}"
    headings = [heading.text for heading in root.all("h1")]
    if len(headings) != 1 or not headings[0]:
        yield f"there is not one h1 but {headings}"
    if len(root.all("main")) != 1:
        yield "there is not one main"


def _ids(root: Element) -> Iterable[str]:
    ids = [element["id"] for element in root.walk() if element.has("id")]
    known = set(ids)
    if len(known) < len(ids):
        yield f"ids are used twice: {sorted(name for name in known if ids.count(name) > 1)}"
    for element in root.walk():
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            missing = set(element.get(attribute).split()) - known
            if missing:
                yield f"{attribute} of <{element.tag}> names {sorted(missing)}, which is not there"


def _labels(root: Element) -> Iterable[str]:
    labelled = {label["for"] for label in root.all("label") if label.has("for") and label.text}
    for label in root.all("label"):
        if label.text:
            labelled |= {element.get("id") or str(id(element)) for element in label.walk()}
    for control in root.all("input", "select", "textarea"):
        named = control.has("aria-label") or control.has("aria-labelledby")
        known = {control.get("id"), str(id(control))} & labelled
        if control.get("type") not in UNLABELLED and not named and not known:
            yield f"a field without label: {control.attributes}"
    for element in root.all("button", "a"):
        words = element.text or element.get("aria-label") or element.get("aria-labelledby")
        if not words:
            yield f"a <{element.tag}> without words: {element.attributes}"
    for image in root.all("img"):
        if not image.has("alt"):
            yield f"an image without alt: {image.attributes}"


def _forms(root: Element) -> Iterable[str]:
    for form in root.all("form"):
        tokens = [field for field in form.all("input", name="csrf_token") if field.get("value")]
        if form.get("method").lower() == "post" and len(tokens) != 1:
            yield f"a form that posts has {len(tokens)} CSRF tokens: {form.get('action')}"
    for link in root.all("a"):
        if link.get("href", "#") in ("#", "") or link.get("href").startswith("javascript:"):
            yield f"a link leads nowhere: {link.text}"


def _inline(root: Element) -> Iterable[str]:
    for element in root.walk():
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            yield f"<{element.tag}> has its content in the page"
        bad = [name for name in element.attributes if name == "style" or name.startswith("on")]
        if bad:
            yield f"<{element.tag}> has {bad}"

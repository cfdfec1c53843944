"""The pages of the documentation: for everybody, with everything, and without a script of ours."""

import pytest

from tests.support.pages import get_page
from webapp.api import markdown
from webapp.api.openapi import PREFIX, path_of
from webapp.api.operation import OPERATIONS
from webapp.web.problems import CODES

PAGES = ["/api/docs", "/api/redoc", "/api/docs/errors", "/api/docs/first-script"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_and_open_to_a_stranger(client, path):
    page = get_page(client, path)
    assert [link["href"] for link in page.root.all("nav")[0].all("a")] == [
        "/api/docs/first-script",
        "/api/redoc",
        "/api/docs",
        "/api/docs/errors",
        "/api/v1/openapi.json",
        "/api/v1/postman.json",
    ]


def test_the_reference_has_every_operation_with_its_curl_and_its_errors(client):
    root = get_page(client, "/api/redoc").root
    for operation in OPERATIONS.values():
        section = root.one("section", id=operation.id)
        assert operation.summary in section.text
        assert f"{operation.method} {PREFIX}{path_of(operation)}" in section.text
        assert f"curl -X {operation.method}" in section.text
        linked = {link["href"] for link in section.all("a")}
        assert {f"/api/docs/errors#{code}" for code in operation.errors} <= linked


def test_the_page_of_the_errors_has_a_paragraph_for_each_code(client):
    root = get_page(client, "/api/docs/errors").root
    assert {section["id"] for section in root.all("section")} == set(CODES)


def test_the_type_of_a_problem_leads_to_its_paragraph(client):
    problem = client.get("/api/v1/campaigns").json
    path, _, code = problem["type"].partition("#")
    assert get_page(client, path).root.one("section", id=code)


def test_markdown_becomes_escaped_html():
    html = markdown.inline("a <b> `x < y` **so** [there](/api) [not](javascript:alert)")
    assert html == (
        'a &lt;b&gt; <code>x &lt; y</code> <strong>so</strong> <a href="/api">there</a> not'
    )


def test_markdown_is_read_in_blocks():
    found = markdown.blocks("# One\n\nTwo\nthree.\n- four\n- five\n\n```bash\nls -l\n```\nEnd")
    assert [(block.kind, block.text) for block in found] == [
        ("h1", "One"),
        ("p", "Two three."),
        ("li", "four"),
        ("li", "five"),
        ("code", "ls -l"),
        ("p", "End"),
    ]

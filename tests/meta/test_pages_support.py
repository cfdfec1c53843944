"""The page helper finds what it promises to find on every page."""

import pytest

from tests.support.markup import parse
from tests.support.pages import problems_of

GOOD = """<!doctype html><html lang="en"><head><title>Campaigns · Flightdeck</title></head>
<body><main><h1>Campaigns</h1>{}</main></body></html>"""


def problems(part: str) -> list[str]:
    return list(problems_of(parse(GOOD.format(part))))


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("<h1>Again</h1>", "not one h1"),
        ("<h1></h1>", "not one h1"),
        ('<p id="a"></p><p id="a"></p>', "ids are used twice"),
        ('<input name="q">', "without label"),
        ('<label for="other">Q</label><p id="other"></p><input id="q">', "without label"),
        ('<label></label><select name="q"></select>', "without label"),
        ('<form method="post" action="/x"></form>', "CSRF"),
        ('<form method="POST"><input type="hidden" name="csrf_token" value=""></form>', "CSRF"),
        ("<script>run()</script>", "in the page"),
        ("<style>p {}</style>", "in the page"),
        ('<p style="color: red"></p>', "has ['style']"),
        ('<p onclick="run()"></p>', "has ['onclick']"),
        ('<a href="#">Here</a>', "leads nowhere"),
        ('<a href="/x"></a>', "without words"),
        ("<button></button>", "without words"),
        ('<img src="/x.png">', "without alt"),
        ('<input aria-label="Q" aria-describedby="gone">', "is not there"),
    ],
)
def test_a_fault_of_a_page_is_named(part: str, problem: str) -> None:
    assert problem in "; ".join(problems(part))


@pytest.mark.parametrize(
    "part",
    [
        '<label for="q">Q</label><input id="q">',
        "<label>Q <input></label>",
        '<input type="hidden" name="x"><button>Save</button>',
        '<form method="post"><input type="hidden" name="csrf_token" value="1"></form>',
        '<script src="/static/app.js"></script><svg><title>Up</title></svg>',
        '<a href="#main"><span>To the content</span></a>',
    ],
)
def test_a_sound_page_has_no_problem(part: str) -> None:
    assert problems(part) == []


def test_a_title_must_say_more_than_the_product() -> None:
    bare = GOOD.format("").replace("Campaigns · ", "")
    assert "the title is" in "; ".join(problems_of(parse(bare)))


@pytest.mark.parametrize("html", ["<p><b></p></b>", "<div>", '<p id="a" id="b"></p>'])
def test_markup_that_a_browser_would_have_to_repair_is_refused(html: str) -> None:
    with pytest.raises(AssertionError):
        parse(html)

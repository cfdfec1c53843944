"""What is suggested for the word that is being typed, and what choosing it makes of the query."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from webapp.campaigns import terms
from webapp.campaigns.suggestions import MOST, suggest
from webapp.core.query import MAX_LENGTH

TITLES = [f'title:"Launch {name}"' for name in ("", "Acmé, Inc.", "Bolt", "Budweiser")]


@pytest.fixture
def records(db_session) -> None:
    factories.operator(email="ann@example.com")
    for name in ("Acmé, Inc.", 'Acme "West"', "Bolt", "Budweiser"):
        advertiser = factories.advertiser(name=name)
        factories.campaign(title=f"Launch {name}", advertiser_id=advertiser.id)
    factories.campaign(title="Launch Bolt")
    factories.campaign(title="Launch past", archived_at=factories.SOME_DAY)


def words(text: str, at: int | None = None) -> list[str]:
    return [item.words for item in suggest(text, len(text) if at is None else at)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bud", ["budget:", 'advertiser:"Budweiser"']),
        ("-upd", ["-updated:"]),
        ("mega", ["remote:"]),
        ("acm", ['advertiser:"Acme ""West"""', 'advertiser:"Acmé, Inc."']),
        (
            "spring laun",
            [
                '"Launch Acme ""West"""',
                '"Launch Acmé, Inc."',
                '"Launch Bolt"',
                '"Launch Budweiser"',
            ],
        ),
        ("sync:c", ["sync:confirmed", "sync:checking", "sync:conflict"]),
        ("-sync:conflict,par", ["-sync:conflict,parked"]),
        ("archived:", ["archived:yes", "archived:no", "archived:any"]),
        ("advertiser:ac", ['advertiser:"Acme ""West"""', 'advertiser:"Acmé, Inc."']),
        (
            'advertiser:"Acmé, Inc.",b',
            ['advertiser:"Acmé, Inc.","Bolt"', 'advertiser:"Acmé, Inc.","Budweiser"'],
        ),
        ('advertiser:"acmé, i', ['advertiser:"Acmé, Inc."']),
        ("owner:", ["owner:me", "owner:none", "owner:ann@example.com"]),
        ("owner:an", ["owner:ann@example.com"]),
        ("currency:us", ["currency:usd"]),
        ("budget:>", ["budget:>0", "budget:>5000usd"]),
        ("updated:<", ["updated:<7d", "updated:<30d"]),
        ("title:launch", ['title:"Launch Acme ""West"""', *TITLES[1:]]),
        ("nothing:x", []),
        ("", []),
        ("bud ", []),
    ],
)
def test_the_word_at_the_caret_is_completed(records, text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_what_is_chosen_stands_in_the_place_of_the_word(records) -> None:
    field = suggest("spring bud -test", len("spring bud"))[0]
    assert (field.text, field.at) == ("spring budget: -test", len("spring budget:"))
    # What is complete needs a blank after it, and what is whole needs nothing.
    state = suggest("sync:par", len("sync:par"))[0]
    assert (state.text, state.at) == ("sync:parked ", len("sync:parked "))
    assert suggest("sync:parked -test", len("sync:par")) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    text=st.lists(
        st.sampled_from(
            [
                *("bud", "a", "A", '"', "-", ":", " ", "sync:", "advertiser:", "title:", "l"),
                *("owner:", "archived:", "updated:", "<", "budget:", "é", "\x00", "x"),
            ]
        ),
        max_size=10,
    ).map("".join),
    at=st.integers(0, 60),
)
def test_there_are_few_suggestions_and_each_one_can_be_read(records, text: str, at: int) -> None:
    found = suggest(text, min(at, len(text)))
    assert len(found) <= MOST
    for item in found:
        assert 0 <= item.at <= len(item.text) <= MAX_LENGTH
        # What is chosen is complete, or a field that still needs its value.
        assert item.words.endswith(":") or terms.parse(item.words).terms


def test_a_title_that_is_too_long_for_a_query_is_not_suggested(db_session) -> None:
    factories.campaign(title="x" * (MAX_LENGTH - 3))
    factories.campaign(title="y" * MAX_LENGTH)
    assert len(words("xx")) == 1
    assert words("yy") == []

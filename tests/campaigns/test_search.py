"""Search: plain words, any script, any punctuation; the same answer on both databases."""

import pytest
from sqlalchemy import select

from tests import factories
from webapp.campaigns import listing, search
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.query import MAX_LENGTH, QueryError, as_words
from webapp.core.text import fold

# So many among a few hundred more that they are read for in the list's order, not looked up.
MANY, FREQUENT = 600, 500

TITLES = (
    "Café Zürich – spring",
    "CAFE ZURICH – autumn",
    "100 % Juice",
    "1000 Juices",
    "snake_case launch",
    "snakeXcase launch",
    "C:\\temp\\ads",
    "C:/temp/ads",
    'She said "listen"',
    "O'Hara & Söhne",
    "Straße der Musik",
    "TV + radio",
    "ポッドキャスト 春",
    "Подкаст на вине",
    "播客广告",
    "NEAR the end AND not OR",
    "title:x^2 (beta)*",
    "a",
    "emoji 🎧 show",
)
QUERIES = (
    *("cafe", "CAFÉ", "zurich spring", "spring zurich", "café  –  zürich", "ürich"),
    *("%", "_", "\\", "/", '"', "'", "100 %", "snake_case", "e_c", "\\temp", "temp\\ads"),
    *('"listen"', "o'hara", "söhne", "strasse", "straße", "tv", "t", "a", "+", "&", "–"),
    *("ポッド", "ポ", "春", "вина", "ВИНЕ", "播客", "播", "🎧"),
    *('"lis', 'ten"', '"""', 'said"', 'a"b'),
    *("near", "and", "or", "not", "NEAR(", "title:", "x^2", "^", "(beta)", "*", "beta*", "-spring"),
    *("xyzzy", "spring xyzzy", "juice juice", "' OR 1=1 --", "%%%", "{}", "[]", "?", ":a", "$1"),
    *("acme", "EXT-7", "ext-7 cafe", "a a a a a a a a a a a a a zzz"),
)


@pytest.fixture
def titles(db_session) -> tuple[str, ...]:
    acme = factories.advertiser(name="Acmé GmbH")
    for number, title in enumerate(TITLES):
        factories.campaign(title=title, external_id=f"EXT-{number}", advertiser_id=acme.id)
    return TITLES


def found(text: str) -> set[str]:
    """What the words of a text find as they stand."""
    params = listing.CAMPAIGNS.parse({"q": as_words(text), "per_page": "200"})
    return {row.title for row in listing.list_campaigns(params).items}


def expected(query: str) -> set[str]:
    """What a reader who compares every word with every text would find."""
    words = fold(query).split()
    texts = {title: (fold(title), f"ext-{n}", "acme gmbh") for n, title in enumerate(TITLES)}
    return {
        title
        for title, fields in texts.items()
        if all(any(word in text for text in fields) for word in words)
    }


@pytest.mark.parametrize("chunk", range(4))
def test_every_word_is_found_wherever_it_stands_and_nothing_else(titles, chunk: int) -> None:
    for query in QUERIES[chunk::4]:
        assert found(query) == expected(query), query


def test_a_query_of_blanks_finds_everything(titles) -> None:
    assert found("  \t ") == set(titles)


@pytest.mark.parametrize("query", ["\x00", "x\x00y", "\ud800", "x" * 10_240, '"' * 300, "( " * 500])
def test_a_hostile_query_gets_an_answer(titles, query: str) -> None:
    params = listing.CAMPAIGNS.parse({"q": query, "per_page": "200"})
    if len(params.query) > MAX_LENGTH:
        with pytest.raises(QueryError, match="at most 500 characters"):
            listing.list_campaigns(params)
    else:
        # Of hostile characters nothing is looked for; of 300 quotes, 149 are.
        shown = "".join(c for c in query if c.isprintable())
        found_now = {row.title for row in listing.list_campaigns(params).items}
        assert found_now == expected(shown)


def test_what_is_left_out_is_found_nowhere(titles) -> None:
    def asked(text: str) -> set[str]:
        params = listing.CAMPAIGNS.parse({"q": text, "per_page": "200"})
        return {row.title for row in listing.list_campaigns(params).items}

    for word in ("cafe", "a", "100 %", "e_c", "播"):
        as_phrase = f'"{word}"'
        assert asked(f"-{as_phrase}") == set(titles) - asked(as_phrase), word
    assert asked("cafe -autumn") == {"Café Zürich – spring"}
    assert asked('"spring – café"') == set()
    assert asked('"zurich – spring"') == {"Café Zürich – spring"}


def test_a_word_that_most_rows_have_is_found_in_all_of_them(db_session, monkeypatch) -> None:
    monkeypatch.setattr(search, "MOST", FREQUENT)
    often = MANY

    def title(n: int) -> str:
        # Too short a word for the index, and in no name that is made up.
        return f"{'Podcast' if n < often else 'Radio'} {n}{' zq' if n % 40 == 0 else ''}"

    factories.campaigns(often + 300, title=title)

    def total(query: str) -> int:
        params = listing.CAMPAIGNS.parse({"q": query, "count": "exact"})
        return listing.list_campaigns(params).total

    assert total("podcast") == often
    assert total("radio") == 300
    assert total("podcast zq") == often / 40
    assert total("podcast radio") == 0


def test_the_index_follows_a_change_of_title_and_a_deletion(db_session) -> None:
    campaign = factories.campaign(title="harvest")
    campaign.title, campaign.search_text = "winter", "winter"
    db_session.flush()
    assert (found("harvest"), found("winter")) == (set(), {"winter"})

    db_session.delete(campaign)
    db_session.flush()
    assert found("winter") == set()


def test_a_title_longer_than_the_index_holds_is_kept_and_found_by_its_start(db_session) -> None:
    long = "Überlang " * 2000
    factories.campaign(title=long)
    assert found("uberlang") == {long}


def test_of_a_word_that_most_rows_have_archived_rows_are_counted_apart(
    db_session, monkeypatch
) -> None:
    monkeypatch.setattr(search, "MOST", FREQUENT)
    factories.campaigns(MANY, title=lambda n: f"Podcast {n}")
    newest = db_session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(7))
    for campaign in newest:
        campaign.archived_at = utc_now()
    db_session.flush()

    params = listing.CAMPAIGNS.parse({"q": "podcast"})
    page, archived = listing.list_with_archived(params)

    assert (page.total, page.capped, archived) == (MANY - 7, False, 7)

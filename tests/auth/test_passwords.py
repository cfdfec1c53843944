"""Which passwords are let in, and how they are kept."""

import unicodedata

import pytest

from webapp.auth import passwords
from webapp.auth.passwords import TOO_CLOSE, TOO_COMMON, TOO_LONG, TOO_SHORT

EMAIL = "jane.river@northsea.example"


def problem(text: str) -> str | None:
    return passwords.problem(text, email=EMAIL)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery",
        "twelve characters",
        "  blanks at both ends  ",
        "nur kleine buchstaben",
        "ÜBER ÄRGER UND ÖL",
        "пароль для работы",
        "馬正確電池釘書機今天很好呢",
        "🐎🔋📎✅🌊🚲🎻🥨🪁🧭🌵🫖",
        "x7#Qp2!mZ9&c",
        "a long one " + "of many other words and then some more " * 3,
    ],
)
def test_no_composition_is_asked_for_and_any_letters_do(text: str) -> None:
    assert problem(text) is None


def test_twelve_to_128_characters() -> None:
    assert problem("x7#Qp2!mZ9&") == TOO_SHORT
    assert problem("") == TOO_SHORT
    long = "".join(chr(0x4E00 + 7 * number) for number in range(passwords.MAX_LENGTH + 1))
    assert problem(long) == TOO_LONG
    assert problem(long[:-1]) is None


@pytest.mark.parametrize(
    "text",
    [
        "password1234",
        "PASSWORD1234",
        "PassWord1234",
        "P@ssw0rd1234",
        "iloveyouforever",
        "IloveYOUforever",
        "letmeinplease",
        "administrator1",
        "changeme12345",
        "december2026",
        # On the list with a capital first, and in capitals only.
        "autovermietung",
        "swanFilterTips",
    ],
)
def test_common_ones_are_refused_in_any_case_of_letters(text: str) -> None:
    assert problem(text) == TOO_COMMON


@pytest.mark.parametrize(
    "text",
    [
        "aaaaaaaaaaaa",
        "a" * 128,
        "abababababab",
        "abcabcabcabc" * 5,
        "passwordpassword",
        "aaaabbbbccccdddd",
        "123456789012",
        "0987654321098765432109876543210987654321",
        "qwertyuiopasdfghjklzxcvbnm",
        "QWERTYUIOPASDFGHJKLZXCVBNM1234567890QWERTYUIOP",
        "mnbvcxzlkjhgfdsapoiuytrewq0987654321",
        "1qaz2wsx3edc4rfv5tgb",
        "qwertzuiopasdfghjkl",
        "azertyuiopqsdfghjklm",
        "abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_repeats_and_keys_side_by_side_are_refused_at_any_length(text: str) -> None:
    assert problem(text) == TOO_COMMON


@pytest.mark.parametrize(
    "text",
    [
        "jane.river@northsea.example",
        "JANE.RIVER@NORTHSEA.EXAMPLE",
        "jane.river2026",
        "RiverJane12345",
        "northsea-jane1",
        "Flightdeck2026",
        "flightdeck-northsea",
    ],
)
def test_parts_of_the_email_address_and_our_name_do_not_count(text: str) -> None:
    assert problem(text) == TOO_CLOSE


def test_a_part_of_the_address_within_a_good_password_does_no_harm() -> None:
    assert problem("river barge on a windy day") is None
    assert passwords.problem("correct horse battery", email="") is None


def test_a_made_password_is_always_let_in() -> None:
    made = [passwords.random() for _ in range(50)]
    assert all(problem(text) is None for text in made)
    assert len(set(made)) == len(made)


def test_a_digest_fits_its_own_password_only_and_names_its_making() -> None:
    digest = passwords.hash_of("correct horse battery")
    assert digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(digest, "correct horse battery")
    for other in ("Correct horse battery", "correct horse battery ", "", "correct horse batter"):
        assert not passwords.fits(digest, other)
    assert passwords.hash_of("correct horse battery") != digest
    assert not passwords.is_outdated(digest)


def test_one_keyboard_s_letters_fit_another_s() -> None:
    text = "Ärger über Öl am Ufer"
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    assert passwords.fits(passwords.hash_of(apart), text)
    assert passwords.fits(passwords.hash_of(text), apart)


def test_what_is_no_digest_fits_nothing() -> None:
    for digest in (passwords.NONE, "", "plain text"):
        assert not passwords.fits(digest, digest)
        assert not passwords.fits(digest, "")


def test_a_text_of_blanks_or_one_letter_apart_is_no_password() -> None:
    assert problem(" " * 20) == TOO_COMMON
    # Two characters on one keyboard, one on another: counted as people see them.
    assert problem(unicodedata.normalize("NFD", "äöüäöü")) == TOO_SHORT

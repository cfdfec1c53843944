"""What is wrong with a query: words, the place in the text, and what may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches

CLOSE_ENOUGH = 0.65
MOST_SUGGESTED = 3


class BadValue(ValueError):
    """A field's value that cannot be used. Each suggestion stands for the whole value."""

    def __init__(self, message: str, *suggestions: str) -> None:
        super().__init__(message)
        self.message = message
        self.suggestions = suggestions


class QueryError(ValueError):
    """A text that is no query. ``text[start:end]`` is what the message is about.

    Each suggestion is written to stand in that place.
    """

    def __init__(
        self, message: str, text: str, start: int, end: int, suggestions: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.start = start
        self.end = end
        self.suggestions = tuple(dict.fromkeys(suggestions))

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text before the place, at it, and after it."""
        return self.text[: self.start], self.text[self.start : self.end], self.text[self.end :]

    @property
    def fixes(self) -> list[tuple[str, str]]:
        """Each suggestion, with the whole text as it would then be."""
        before, _, after = self.parts
        return [(words, before + words + after) for words in self.suggestions]


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that someone may have meant, the most likely first."""
    names = list(dict.fromkeys(known))
    begun = [name for name in names if len(word) > 1 and name.startswith(word)]
    close = get_close_matches(word, names, MOST_SUGGESTED, CLOSE_ENOUGH)
    return list(dict.fromkeys([*begun, *close]))[:MOST_SUGGESTED]

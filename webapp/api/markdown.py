"""The little Markdown that the documentation is written in: headings, paragraphs, lists and code.

Within a paragraph: code, strong words and links. Everything is escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_FENCE = "```"
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)")
_SAFE_LINK = re.compile(r"(/(?!/)|#|https?://)")


@dataclass(frozen=True, slots=True)
class Block:
    """``kind`` is ``h1`` to ``h3``, ``p``, ``li`` or ``code`` (``language`` says which)."""

    kind: str
    text: str
    language: str = ""


def blocks(source: str) -> Sequence[Block]:
    """The text in its parts, in order."""
    found: list[Block] = []
    # Every second part is between two fences.
    for number, part in enumerate(source.split(_FENCE)):
        if number % 2:
            language, _, code = part.partition("\n")
            found.append(Block("code", code.rstrip("\n"), language.strip()))
        else:
            found += [_block(each) for each in re.split(r"\n\s*\n|\n(?=- )", part) if each.strip()]
    return found


def inline(text: str) -> Markup:
    """One paragraph as HTML."""
    made, end = Markup(), 0
    for match in _INLINE.finditer(text):
        made += escape(text[end : match.start()]) + _marked(*match.groups())
        end = match.end()
    return made + escape(text[end:])


def _block(text: str) -> Block:
    words = " ".join(text.split())
    marks, _, rest = words.partition(" ")
    if marks in ("#", "##", "###"):
        return Block(f"h{len(marks)}", rest)
    return Block("li", rest) if marks == "-" else Block("p", words)


def _marked(code: str | None, strong: str | None, words: str | None, href: str | None) -> Markup:
    if code is not None:
        return Markup("<code>{}</code>").format(code)
    if strong is not None:
        return Markup("<strong>{}</strong>").format(strong)
    if not _SAFE_LINK.match(href or ""):
        return escape(words)
    return Markup('<a href="{}">{}</a>').format(href, words)

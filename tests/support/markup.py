"""HTML as a small tree, so that tests can ask what a reader sees."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)


@dataclass
class Element:
    """One element; ``parts`` are its texts and elements in order."""

    tag: str
    attributes: dict[str, str]
    parts: "list[str | Element]" = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def has(self, name: str) -> bool:
        return name in self.attributes

    @property
    def children(self) -> "list[Element]":
        return [part for part in self.parts if isinstance(part, Element)]

    def walk(self) -> "Iterator[Element]":
        """This element and everything in it, in the order it is read."""
        yield self
        yield from self._inside

    @cached_property
    def _inside(self) -> "list[Element]":
        """Everything in it. Asked for when all of the page is read: from then on it stays so."""
        found = []
        for child in self.children:
            found += [child, *child._inside]
        return found

    def all(self, *tags: str, **attributes: str) -> "list[Element]":
        """Elements in here with one of these tags (any tag when none is named)."""
        found = [element for element in self._inside if not tags or element.tag in tags]
        for name, value in attributes.items():
            found = [element for element in found if element.get(name) == value]
        return found

    def one(self, *tags: str, **attributes: str) -> "Element":
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} of {tags} {attributes}, not one"
        return found[0]

    @property
    def text(self) -> str:
        """The words, blanks collapsed; of an area or script too."""
        return " ".join(" ".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()

    @property
    def raw_text(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        # Our pages close what they open: a mistake would move everything after it.
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def finish(self) -> Element:
        self.close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> is never closed"
        return self.root


def parse(html: str) -> Element:
    """The document as a tree. Tags that are not closed in order are an AssertionError."""
    builder = _Builder()
    builder.feed(html)
    return builder.finish()

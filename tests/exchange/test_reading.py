"""Files of many makers: how they are told apart, what is said of them, and what is refused."""

import pytest

from tests.exchange.files import CAMPAIGN, cells_of, exported, saved
from webapp.exchange import reading
from webapp.exchange.reading import Unreadable, read_table

ROWS = [["ID", "Title", "Notes"], ["1", "Straße, „Süd“", "two\r\nlines"], ["2", 'A "B"', "x;y"]]
CELLS = [
    {"ID": "1", "Title": "Straße, „Süd“", "Notes": "two\r\nlines"},
    {"ID": "2", "Title": 'A "B"', "Notes": "x;y"},
]


@pytest.mark.parametrize(
    "content",
    [
        saved(ROWS),
        saved(ROWS, encoding="utf-8-sig"),
        saved(ROWS, encoding="utf-16"),
        saved(ROWS, encoding="utf-16-le"),
        saved(ROWS, encoding="utf-16-be"),
        saved(ROWS, encoding="cp1252"),
        saved(ROWS, delimiter=";"),
        saved(ROWS, delimiter="\t", encoding="utf-16"),
        saved(ROWS, lineterminator="\n"),
        saved(ROWS, lineterminator="\r", quoting=1),
        saved(ROWS, quoting=1),
        b"sep=;\r\n" + saved(ROWS, delimiter=";"),
        saved([*ROWS, ["", "", ""], []]),
    ],
    ids=lambda content: repr(content[:14]),
)
def test_a_file_is_read_whatever_wrote_it(content: bytes) -> None:
    assert [line.cells for line in read_table(content).lines] == CELLS


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    rows = [["ID", "Notes"], ["1", "a\nb\nc"], ["", ""], ["2", "x"]]
    assert [line.number for line in read_table(saved(rows)).lines] == [2, 6]
    said = read_table(b"sep=,\n" + saved(rows, lineterminator="\n"))
    assert [line.number for line in said.lines] == [3, 7]


@pytest.mark.parametrize("heading", ["external id", "EXTERNAL_ID", " External ID ", "externalid"])
def test_headings_are_known_however_they_are_written(heading: str) -> None:
    [line] = read_table(saved([["ID", heading], ["1", "IO-7"]])).lines
    assert line.cells["External ID"] == "IO-7"


def test_an_apostrophe_that_guards_is_taken_off_and_brackets_clear() -> None:
    rows = [["ID", "Title", "Notes", "Owner"], ["1", "'=1", "'[]", " [] "]]
    [line] = read_table(saved(rows)).lines
    assert line.cells == {"ID": "1", "Title": "=1", "Notes": "[]"}
    assert line.cleared == {"Owner"}
    assert line.raw == rows[1]


def notes_of(content: bytes) -> str:
    table = read_table(content)
    return " ".join([*table.notes, *table.cautions])


def test_it_is_said_how_the_file_was_read_and_what_was_left_out() -> None:
    rows = [["ID", "Title", "Colour", "Revenue"], ["1", "Süd", "red", "5"]]
    said = notes_of(saved(rows, encoding="cp1252", delimiter=";"))
    assert "Windows-1252" in said
    assert "semicolons" in said
    assert "“Colour”" in said
    assert "Only for reading, and left out: Revenue." in said
    assert "no column “Row mark”" in said
    assert "left as they are: Advertiser ID, Advertiser" in said


def test_nothing_is_missed_in_a_file_of_ours() -> None:
    said = notes_of(exported(CAMPAIGN))
    assert "Not" not in said
    assert "no column" not in said


def problem_of(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_table(content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "headings"),
        (b"a,b\n1,2\n", "“ID”"),
        (b"ID,Title\n", "no rows"),
        (b"ID,Title\n,\n", "no rows"),
        (b"ID,Title,title\n1,2,3\n", "Two columns are called “Title”"),
        (b"PK\x03\x04\x00", "workbook"),
        (b"ID\n\x81\x8d\n", "not a text file"),
        (b"ID,Title\n1,a\x00b\n", "not a text file"),
        (b'ID,Title\n1,a\n2,"b\n3,c\n', "From line 3 on"),
        (b"ID,Title\n1," + b"x" * 200_000, "From line 2 on"),
        (b"x" * (reading.MOST_BYTES + 1), "larger than 10 MB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_read_says_why(content: bytes, said: str) -> None:
    assert said in problem_of(content)


def test_too_many_rows_are_refused() -> None:
    most = [["ID"], *([str(number)] for number in range(reading.MOST_ROWS))]
    assert len(read_table(saved(most)).lines) == reading.MOST_ROWS
    assert "more than 10,000 rows" in problem_of(saved([*most, ["one more"]]))


def test_a_line_with_too_many_cells_is_wrong_and_the_others_are_not() -> None:
    rows = [["ID", "Title"], ["1", "a", "b"], ["2"], ["3", "c", ""]]
    lines = read_table(saved(rows)).lines
    assert [bool(line.problem) for line in lines] == [True, False, False]
    assert lines[1].cells == {"ID": "2"}


def test_a_file_of_ours_keeps_its_cells() -> None:
    content = exported(CAMPAIGN)
    [line] = read_table(content).lines
    assert list(line.raw) == cells_of(content)[1]

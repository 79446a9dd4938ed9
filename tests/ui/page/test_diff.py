"""A diff in pages: nothing lost, nothing twice, each line under its file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.approvals import Gate, single_user
from flows.service.gate_text import DiffLine, diff_lines
from tests.flows.approvals.asking import request_of
from ui.page.diff import PAGE_CHARACTERS, DiffPage, page_html, pages


def git(name: str, lines: int = 1) -> str:
    """What git says where `lines` lines are added after the first line of a file."""
    head = f"diff --git a/{name} b/{name}\nindex 1..2 100644\n--- a/{name}\n+++ b/{name}\n@@ -1,2 +1,{lines + 1} @@\n keep\n"
    return head + "".join(f"+new {at}\n" for at in range(lines)) + "-gone\n"


def read(diff: str, size: int = 400) -> tuple[DiffPage, ...]:
    request = request_of(single_user("me"), diff=diff)
    return pages(diff_lines(Gate(request=request, digest=request.digest)), size=size)


def shown(found: tuple[DiffPage, ...]) -> list[DiffLine]:
    return [row.line for page in found for piece in page.pieces for row in piece.rows]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30)), max_size=6), st.integers(1, 25))
def test_every_line_is_shown_once_and_in_order(files: list[tuple[str, int]], size: int) -> None:
    diff = "".join(git(name, lines) for name, lines in files)
    found = read(diff, size)
    assert [line.text for line in shown(found)] == diff.split("\n")[:-1]
    assert all(sum(len(piece.rows) for piece in page.pieces) <= size for page in found)
    assert all(piece.rows for page in found for piece in page.pieces)


def test_a_file_that_goes_on_says_so() -> None:
    first, second = read(git("a.txt", 8), 10)
    assert [(piece.file, piece.begun) for piece in (*first.pieces, *second.pieces)] == [("a.txt", False), ("a.txt", True)]
    assert "continued" in page_html(second)
    assert "continued" not in page_html(first)


def test_lines_have_the_numbers_that_they_have_in_the_files() -> None:
    rows = read(git("a.txt", 2))[0].pieces[0].rows
    assert [(row.old, row.new, row.line.text) for row in rows[5:]] == [
        (1, 1, " keep"), (None, 2, "+new 0"), (None, 3, "+new 1"), (2, None, "-gone"),
    ]  # fmt: skip


def test_a_line_of_content_cannot_begin_another_file() -> None:
    diff = git("real.txt").replace("+new 0", "+diff --git a/fake b/fake\n+++ b/fake")
    assert [piece.file for piece in read(diff)[0].pieces] == ["real.txt"]


def test_a_new_and_a_removed_file_have_their_names() -> None:
    gone = git("gone.txt").replace("+++ b/gone.txt", "+++ /dev/null")
    fresh = git("fresh.txt").replace("--- a/fresh.txt", "--- /dev/null")
    mode = "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
    assert [piece.file for piece in read(gone + fresh + mode)[0].pieces] == ["gone.txt", "fresh.txt", "a/run.sh b/run.sh"]


def test_enormous_lines_do_not_gather_on_one_page() -> None:
    long = "x" * PAGE_CHARACTERS
    assert len(read(git("min.js").replace("new 0", long).replace("gone", long))) == 2


def test_the_sign_of_a_line_stays_and_hostile_text_is_inert() -> None:
    html = page_html(read(git("a.txt").replace("new 0", "<script>1</script>\u202e"))[0])
    assert '<tr class="dy-added">' in html
    assert '<tr class="dy-removed">' in html
    assert "<code>+&lt;script&gt;1&lt;/script&gt;\\u202e</code>" in html
    assert "<script" not in html

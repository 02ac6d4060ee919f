"""What lights up in a pair of texts, and what does not."""
import html
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "book/extension"))
from parity_site import lit  # noqa: E402


def plain(painted):
    """What a reader copies."""
    return html.unescape(re.sub(r"<[^>]+>", "", painted))


def marks(painted):
    return [plain(mark) for mark in re.findall(r"<mark>(.*?)</mark>", painted)]


@pytest.mark.parametrize("task", ["mnist", "se_resnext"])
def test_the_text_stays_what_it_was(task):
    """Marks and gaps add nothing that one copies."""
    codes = [(ROOT / f"labs/tasks/{task}/{side}_side.py").read_text(encoding="utf-8") for side in ("paddle", "torch")]
    found = lit.compare(*codes)
    assert [plain(found.first), plain(found.second)] == [code.rstrip("\n") + "\n" for code in codes]


def test_lines_that_correspond_stand_at_one_height():
    """Line by line, with the gaps; the last line of both is the same and stands in the same row."""
    found = lit.compare("a = 1\nb = 2\nlast()", "a = 1\nx = f(y)\nz.w(3, 4)\nb = 2\nlast()")
    rows = [painted.replace(lit.BREAK, "\n").splitlines() for painted in (found.first, found.second)]
    assert len(rows[0]) == len(rows[1]) == found.lines == 5 and rows[0].index("") in (1, 2)
    assert plain(rows[0][-1]) == plain(rows[1][-1]) == "last()"


def test_a_line_without_a_counterpart_is_marked_whole_and_faces_a_gap():
    found = lit.compare("a = 1\nb = 2", "a = 1\n# differs: the order\nb = 2")
    assert marks(found.first) == [] and found.first.count(lit.BREAK) == 1
    assert marks(found.second) == ["# differs: the order"] and found.differ == ([], [2]) and found.marked == 1


@pytest.mark.parametrize("first, second", [
    ("import paddle", "import torch"), ("x = paddle.zeros(2)", "x = torch.zeros(2)"), ("f(a,b)", "f(a, b)"), ("f(a, b)", "f((a, b))")])
def test_names_of_the_package_spaces_and_brackets_alone_are_no_difference(first, second):
    found = lit.compare(first, second)
    assert marks(found.first) == marks(found.second) == [] and found.differ == ([], [])


@pytest.mark.parametrize("first, second, lights", [
    ("nn.Conv2D(1, 6)", "nn.Conv2d(1, 6)", (["Conv2D"], ["Conv2d"])),
    ("opt.clear_grad()", "opt.zero_grad()", (["clear_grad"], ["zero_grad"])),
    ("x = 0.9", "x = 0.1", (["0.9"], ["0.1"])),
    ('"the Paddle side"', '"the PyTorch side"', (["Paddle"], ["PyTorch"])),
    ("@paddle.no_grad()", "@torch.inference_mode()", (["no_grad"], ["inference_mode"]))])
def test_only_what_differs_is_marked(first, second, lights):
    found = lit.compare(first, second)
    assert (marks(found.first), marks(found.second)) == lights


def test_code_is_escaped():
    found = lit.compare("a < b & 'c'", "a > b & 'd'")
    assert "<mark><span" in found.first and "&lt;" in found.first and "&amp;" in found.first

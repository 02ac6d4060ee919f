"""A card says what a set is; what is wrong in a card is found when it is read."""
import hashlib

import pytest
from shelf import shelf  # noqa: F401  (a fixture)

from labs import data, outputs
from labs.data.catalogue import KINDS, parse

GOOD = '''
title = "Two files"
what = "for tests"
licence = "MIT"
homepage = "https://example.org"
citation = "none"

[[files]]
name = "b.bin"
bytes = 3
sha256 = "{b}"

[[files]]
name = "a.bin"
bytes = 4
sha256 = "{a}"

[[sources]]
kind = "pip"
package = "carrier==1.0"
path = "carrier/{{name}}.gz"
decompress = "gzip"

[[sources]]
kind = "url"
path = "https://example.org/{{name}}"
'''.format(a="a" * 64, b="b" * 64)


def test_the_artefacts_sum_is_that_of_the_sorted_lines():
    lines = f"{'a' * 64}  a.bin\n{'b' * 64}  b.bin\n"
    card = parse("two", GOOD)
    assert card.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert card.bytes == 7
    assert card.sources[0].at(card.files[0]) == "carrier/b.bin.gz"


@pytest.mark.parametrize("old, new, says", [
    ('title = "Two files"', "", "'title' is missing"),
    ('licence = "MIT"', 'license = "MIT"', "unknown key 'license'"),
    ('licence = "MIT"', 'licence = ""', "licence: expected str"),
    ('licence = "MIT"', "licence = MIT", "not TOML"),
    ('name = "b.bin"', 'name = "../b.bin"', "plain file name"),
    ('name = "b.bin"', 'name = "/etc/passwd"', "plain file name"),
    ('name = "b.bin"', 'name = ".."', "plain file name"),
    ('name = "b.bin"', 'name = "a.bin"', "same name"),
    ("bytes = 3", "bytes = 0", "at least 1"),
    ("bytes = 3", 'bytes = "3"', "expected int"),
    ("b" * 64, "B" * 64, "64 hex digits in lower case"),
    ("b" * 64, "b" * 63, "64 hex digits"),
    ('kind = "pip"', 'kind = "conda"', "expected one of pip, npm, apt, hub, url"),
    ('package = "carrier==1.0"', 'package = "carrier"', "NAME==VERSION"),
    ('package = "carrier==1.0"', "", "needs a package"),
    ('decompress = "gzip"', 'decompress = "xz"', "expected gzip or nothing"),
    ('kind = "url"', 'kind = "url"\npackage = "x"', "has no package"),
])
def test_a_wrong_card_raises_and_says_where(old, new, says):
    assert old in GOOD
    with pytest.raises(data.CardError, match=says):
        parse("two", GOOD.replace(old, new, 1))


def test_sources_stand_in_the_order_in_which_they_are_asked():
    head, first, second = GOOD.split("[[sources]]")
    with pytest.raises(data.CardError, match="in the order pip, npm, apt, hub, url"):
        parse("two", "[[sources]]".join([head, second, first]))


@pytest.mark.parametrize("name", data.names())
def test_every_card_of_the_course_can_be_read(name):
    card = data.card(name)
    assert card.sources and card.files and all(source.kind in KINDS for source in card.sources)
    assert all(source.bytes > 0 for source in card.sources), "the progress bar and the check of the disk need the size"
    assert card.sha256 in repr(card) and card.licence in repr(card)
    assert card._repr_mimebundle_()[outputs.MIME]["name"] == name


def test_an_unknown_name_raises_with_the_nearest():
    with pytest.raises(data.UnknownName, match="Did you mean 'fashion_mnist'"):
        data.card("Fashion-MNIST")
    with pytest.raises(data.UnknownName, match="There are: .*fashion_mnist, .*mnist"):
        data.card("quite another thing")


def test_a_name_cannot_leave_the_folder_of_cards():
    with pytest.raises(data.UnknownName):
        data.card("../cards/mnist_5k")


def test_a_card_that_is_not_utf8_is_refused_in_words(shelf):
    (shelf.cards / "latin.toml").write_bytes('title = "Größe"\n'.encode("latin-1"))
    with pytest.raises(data.CardError, match="card latin: not UTF-8"):
        data.card("latin")


@pytest.mark.parametrize("where", ["name = 'one.bin'", "kind = 'url'"])
def test_a_control_character_in_a_card_is_refused(shelf, where):
    source = {"kind": "url", "path": "https://example.org/{name}"}
    shelf.add("good", source, files={"one.bin": b"x"})
    text = (shelf.cards / "good.toml").read_text(encoding="utf-8")
    assert where in text
    (shelf.cards / "bad.toml").write_text(text.replace(where, where[:-1].replace("'", '"') + '\\u0000"'), encoding="utf-8")
    with pytest.raises(data.CardError, match="card bad: a control character in"):
        data.card("bad")

"""Begin a lab: a whole small one that is fit as it stands, to be replaced piece by piece."""

from pathlib import Path

from labs.grading.assignment import NAME, LabError, home, names

TEMPLATE = Path(__file__).with_name("template")


def begin(name: str, root: Path | None = None) -> Path:
    """Write the folder of a new lab.

    Parameters
    ----------
    name : str
        Such as "L5_crf".

    Raises
    ------
    LabError
        The name is none, or its number is taken.
    """
    root = root or home()
    found = NAME.fullmatch(name)
    if not found:
        raise LabError(
            f"a lab's name is L, its number, an underscore and small letters, such as L5_crf; got {name!r}"
        )
    taken = [each for each in names(root) if each.split("_")[0] == found[1]]
    if taken:
        raise LabError(f"{found[1]} is {taken[0]}'s: numbers never change, so take a free one")
    title = found[2].replace("_", " ")
    marks = {"LAB_ID": found[1], "LAB_FOLDER": name, "LAB_TITLE": title[0].upper() + title[1:]}
    for source in sorted(TEMPLATE.rglob("*.txt")):
        text = source.read_text(encoding="utf-8")
        for mark, value in marks.items():
            text = text.replace(mark, value)
        target = root / name / source.relative_to(TEMPLATE).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root / name

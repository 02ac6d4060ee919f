"""Which API names of the prose lead to which page of the frameworks' documentation: `book/api_links.toml`, unfolded.

The inventories of the two documentations are not at hand when the site is built, so the table is ours.
"""
import re
import tomllib

SIDES = ("torch", "paddle")
FULL = re.compile(r"(?:torch|paddle|nn|F)(?:\.[A-Za-z_]\w*)+")


def names(root):
    """{a name as prose may write it: {"torch" or "paddle": the full name there}}."""
    table = tomllib.loads((root / "book/api_links.toml").read_text(encoding="utf-8"))
    found = {}
    for module, listed in table["both"].items():
        for one in listed:
            spellings = one.split("/")
            full = {"paddle": f"paddle.{module}.{spellings[0]}", "torch": f"torch.{module}.{spellings[-1]}"}
            short = module.replace("nn.functional", "F")
            for spelling in spellings:
                found |= {f"{short}.{spelling}": full, f"{module}.{spelling}": full}
            found |= {name: {side: name} for side, name in full.items()}
    for side in SIDES:
        found |= {name: {side: name} for name in table[side]["names"]}
    return found


def address(root, side, name):
    """The page of one full name."""
    pattern = tomllib.loads((root / "book/api_links.toml").read_text(encoding="utf-8"))["addresses"][side]
    return pattern.format(name=name, path=name.replace(".", "/"))


def named(span):
    """The API that a code span names in full, or None: `nn.Linear(784, 10)` -> "nn.Linear"."""
    found = FULL.match(span)
    return found[0] if found and (found.end() == len(span) or span[found.end()] == "(") else None


def missing(spans, known):
    """API names of code spans that the table does not hold; in order, once each."""
    return list(dict.fromkeys(name for name in map(named, spans) if name and name not in known))


def for_site(root):
    """What the Sphinx extension needs: {name: {label: address}}."""
    labels = {"torch": "PyTorch", "paddle": "Paddle"}
    return {name: {labels[side]: address(root, side, full[side]) for side in sorted(full)} for name, full in names(root).items()}

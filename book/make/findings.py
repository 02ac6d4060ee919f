"""What an executed notebook shows, read from the data that its outputs hold beside their tables and figures."""
from labs import outputs
from labs.parity import RUNGS


def data(run):
    """Every piece of data that the run's cells left behind, in order."""
    left = [output.get("data", {}).get(outputs.MIME) for cell in run["cells"] for output in cell["outputs"]]
    return [piece for piece in left if isinstance(piece, dict)]


def of_kind(run, kind):
    """The pieces of one kind: ladder, equality, mistakes, result, timing ..."""
    return [piece for piece in data(run) if piece.get("kind") == kind]


def ladders(run):
    """The ladders that were climbed as proofs; those with a planted mistake are apart, see `mistakes`."""
    return [piece for piece in of_kind(run, "ladder") if not piece.get("planted")]


def proofs(run):
    """(green, all) of the ladders and equality checks."""
    pieces = ladders(run) + [piece for piece in of_kind(run, "equality") if not piece.get("planted")]
    return sum(bool(piece["green"]) for piece in pieces), len(pieces)


def worst(run):
    """Worst float64 error by pair and rung, over all proofs of the chapter.

    Returns
    -------
    dict of str to dict
        {"PyTorch and Paddle": {"ladders": 3, "green": True, "forward": 1e-16, ...}}; None for a rung that was not climbed.
    """
    found = {}
    for ladder in ladders(run):
        for pair in ladder["pairs"]:
            row = found.setdefault(f"{pair['first']} and {pair['second']}", {"ladders": 0, "green": True, **dict.fromkeys(RUNGS)})
            row["ladders"] += 1
            for rung in pair["rungs"]:
                row["green"] = row["green"] and bool(rung["green"])
                row[rung["name"]] = max(row.get(rung["name"]) or 0.0, float(rung["error64"]))      # "also: cache" too
    return found


def mistakes(run):
    """(caught, planted) over the chapter's tables of planted mistakes."""
    rows = [row for piece in of_kind(run, "mistakes") for row in piece["rows"]]
    return sum(bool(row["caught"]) for row in rows), len(rows)


def bands(run):
    """(inside, all) of the results that have a band."""
    rows = [piece for piece in of_kind(run, "result") if piece.get("band")]
    return sum(bool(piece["inside"]) for piece in rows), len(rows)


def claims(run):
    """(holding, all) of the sentences that the page checked; one that is not claimed on this machine is not counted."""
    found = [one for piece in of_kind(run, "claims") for one in piece["claims"] if one["checked"]]
    return sum(bool(one["holds"]) for one in found), len(found)


def predictions(run):
    """(answered, asked) of the questions that the page put to its reader."""
    asked = [piece["question"] for piece in of_kind(run, "prediction") if not piece["answered"]]
    answered = {piece["question"] for piece in of_kind(run, "prediction") if piece["answered"]}
    return sum(question in answered for question in asked), len(asked)

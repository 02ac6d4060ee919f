"""Spells only the next word."""

POINTS = 95


def encode(text, vocabulary, merges, specials=()):
    ids = {token: i for i, token in enumerate(vocabulary)}
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    special_ids = {token: len(vocabulary) + i for i, token in enumerate(specials)}
    longest_first = sorted(specials, key=len, reverse=True)
    pattern = "(" + "|".join(map(re.escape, longest_first)) + ")"
    parts = re.split(pattern, text) if specials else [text]
    found, spelling = [], False
    for part in parts:
        if part in special_ids:
            found.append(special_ids[part])
            spelling = part == "<spell>" or spelling and part != "</spell>"
            continue
        for word in part.split():
            tokens = list(MARK + word)
            while len(tokens) > 1 and not spelling:
                rank, i = min(
                    (ranks.get(pair, len(merges)), i)
                    for i, pair in enumerate(zip(tokens, tokens[1:]))
                )
                if rank == len(merges):
                    break
                tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
            spelling = False
            found += [ids.get(token, 0) for token in tokens]
    return found

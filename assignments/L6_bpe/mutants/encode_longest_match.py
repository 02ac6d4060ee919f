"""Takes the longest token that fits, as WordPiece does."""

POINTS = 80


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
            letters, tokens = MARK + word, []
            while letters:
                end = (
                    1
                    if spelling
                    else next((n for n in range(len(letters), 1, -1) if letters[:n] in ids), 1)
                )
                tokens.append(letters[:end])
                letters = letters[end:]
            found += [ids.get(token, 0) for token in tokens]
    return found

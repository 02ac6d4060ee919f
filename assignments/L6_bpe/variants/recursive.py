"""Encodes a word by recursion, and walks over the text character by character."""


def merged(tokens, order):
    best = (
        min((order[p], i) for i, p in enumerate(zip(tokens, tokens[1:])) if p in order)
        if any(p in order for p in zip(tokens, tokens[1:]))
        else None
    )
    if best is None:
        return tokens
    i = best[1]
    return merged([*tokens[:i], tokens[i] + tokens[i + 1], *tokens[i + 2 :]], order)


def encode(text, vocabulary, merges, specials=()):
    number = dict(zip(vocabulary, range(len(vocabulary))))
    order = dict(zip(merges, range(len(merges))))
    by_length = sorted(range(len(specials)), key=lambda i: -len(specials[i]))
    result, at, piece, spell = [], 0, "", False

    def flush():
        nonlocal piece
        for word in piece.split():
            letters = [MARK, *word]
            result.extend(number.get(t, 0) for t in (letters if spell else merged(letters, order)))
        piece = ""

    while at < len(text):
        which = next((i for i in by_length if text.startswith(specials[i], at)), None)
        if which is None:
            piece += text[at]
            at += 1
            continue
        flush()
        result.append(len(vocabulary) + which)
        if specials[which] == "<spell>":
            spell = True
        if specials[which] == "</spell>":
            spell = False
        at += len(specials[which])
    flush()
    return result

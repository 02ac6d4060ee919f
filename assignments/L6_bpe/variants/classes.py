"""A class does the work; the four functions are thin."""


class Tokenizer:
    def __init__(self, vocabulary, merges, specials):
        self.vocabulary, self.specials = list(vocabulary), list(specials)
        self.ids = {t: i for i, t in enumerate(self.vocabulary)}
        self.rank = {tuple(p): r for r, p in enumerate(merges)}
        self.remembered = {}

    def word(self, word):
        if word not in self.remembered:
            tokens = list(word)
            while True:
                pairs = [p for p in zip(tokens, tokens[1:]) if p in self.rank]
                if not pairs:
                    break
                first = min(pairs, key=self.rank.get)
                tokens = merge_pair(tokens, first)
            self.remembered[word] = [self.ids.get(t, 0) for t in tokens]
        return self.remembered[word]

    def __call__(self, text):
        result, spell = [], False
        order = sorted(self.specials, key=len, reverse=True)
        parts = (
            re.split("(" + "|".join(re.escape(s) for s in order) + ")", text) if order else [text]
        )
        for i, part in enumerate(parts):
            if i % 2:
                result.append(len(self.vocabulary) + self.specials.index(part))
                spell = {"<spell>": True, "</spell>": False}.get(part, spell)
            else:
                for w in part.split():
                    result += (
                        [self.ids.get(c, 0) for c in MARK + w] if spell else self.word(MARK + w)
                    )
        return result


def encode(text, vocabulary, merges, specials=()):
    return Tokenizer(vocabulary, merges, specials)(text)

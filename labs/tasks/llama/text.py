"""Text to tokens and back, with the model's own tokenizer; text that would not come back is refused."""
from pathlib import Path


class Text:
    """The tokenizer of a model's folder.

    Parameters
    ----------
    folder : path
        With a tokenizer.json, as `labs.data.folder` gives it.
    """

    def __init__(self, folder):
        from tokenizers import Tokenizer
        self._tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))

    def __len__(self):
        return self._tokenizer.get_vocab_size()

    def encode(self, text):
        """Return the ids of a text.

        Raises
        ------
        ValueError
            The text holds half of a surrogate pair, which is no character, or does not come back from its ids.
        """
        for at, character in enumerate(text):
            if 0xD800 <= ord(character) < 0xE000:
                raise ValueError(f"text: character {at} is U+{ord(character):04X}, half of a surrogate pair: no UTF-8 holds it, "
                                 "so no token does. Decode the text with errors='replace' where it is read")
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        back = self.decode(ids)
        if back != text:
            at = next((i for i, (a, b) in enumerate(zip(text, back)) if a != b), min(len(text), len(back)))
            raise ValueError(f"text: does not come back from its tokens: at character {at} {text[at:at + 8]!r} becomes {back[at:at + 8]!r}")
        return ids

    def decode(self, ids):
        """Return the text of ids, special tokens included.

        Raises
        ------
        ValueError
            An id that the vocabulary does not have.
        """
        wrong = [i for i in ids if not 0 <= i < len(self)]
        if wrong:
            raise ValueError(f"ids: expected 0 to {len(self) - 1}, got {wrong[0]}")
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)

    def pieces(self, ids):
        """Return what each id stands for, alone: for labels in figures. A space is shown as a raised dot."""
        return [self.decode([i]).replace(" ", "\u00b7").replace("\n", "\\n") for i in ids]

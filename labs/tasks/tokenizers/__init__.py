"""Tokenizers by hand: byte-level BPE, WordPiece and Unigram, to be read, and fast ones that give the same ids."""

"""The Unicode tables that the library's BERT parts are built on, where Python's own are newer or older.

`tokenizers` asks a table of its own which characters are marks, punctuation or control characters (it knows none
that Unicode has added in the last years), another for decompositions, and Rust's for lower case, which is newer than
Python's. Its regular expressions have a third table, two versions older than that of
Python's `regex`. Compared on each of the 1,112,064 code points with tokenizers 0.23.3; the newest of the marks, signs and
controls that it does not know are of Unicode 18. A test compares them all again with the installed version.
"""
import unicodedata

import regex

# marks, punctuation and format characters of later versions of Unicode: unassigned in the library's table
LATER = """
    5C8-5C9 61D 7FD 890-891 897-89F 8CA-8E2 9FD-9FE A76 AFA-AFF B53-B55 C04 C3C C77 C84 D00
    D3B-D3C D81 EBA ECE 180F 1885-1886 1ABF-1AF0 1B4E-1B4F 1B7D-1B7F 1DF6-1DFB 2E43-2E4F
    2E52-2E5D 2E60-2E63 A82C A8C5 A8FF A9BD 10D24-10D27 10D69-10D6E 10EAB-10EAD 10ECB-10ED0
    10EF0-10EFF 10F46-10F50 10F55-10F59 10F82-10F89 11070 11073-11074 110C2 110CD 111C9 111CF
    1123E 11241 1133B 113BB-113C0 113CE 113D0 113D2 113D4-113D5 113D7-113D8 113E1-113E2
    11438-1143F 11442-11444 11446 1144B-1144F 1145A-1145B 1145D-1145E 11660-1166C 116B9
    1182F-11837 11839-1183B 1193B-1193C 1193E 11943-11946 119D4-119D7 119DA-119DB 119E0 119E2
    11A01-11A0A 11A33-11A38 11A3B-11A47 11A51-11A56 11A59-11A5B 11A8A-11A96 11A98-11A9C
    11A9E-11AA2 11B00-11B09 11B60 11B62-11B64 11B66 11BE1 11C30-11C36 11C38-11C3D 11C3F
    11C41-11C45 11C70-11C71 11C92-11CA7 11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A
    11D3C-11D3D 11D3F-11D45 11D47 11D90-11D91 11D95 11D97 11DF0 11EF3-11EF4 11EF7-11EF8
    11F00-11F01 11F36-11F3A 11F40 11F42-11F4F 11F5A 11FFF 12FF1-12FF2 13430-13440 13447-13455
    1611E-16129 1612D-1612F 16D6D-16D6F 16E97-16E9A 16F4F 16FE2 16FE4 1CF00-1CF2D 1CF30-1CF46
    1D127-1D128 1D25B-1D25C 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E08F
    1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF 1E5FF 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5
    1E944-1E94A 1E95E-1E95F
"""


# letters, numbers and marks of Unicode 17 and 18, which `regex` knows and the library's expressions do not
NEWER = """
    558 58B-58C 88F C5C CDC 208F 209D-209F A7CE-A7CF A7D2 A7D4 A7DD A7E2 A7F1 AB6C-AB6D
    107BB-107BF 10940-10959 10EC5-10EC7 10ED9-10EEE 11B0A 11DB0-11DDB 11DE0-11DE9 11DF1 1246F
    12475-1247F 12550-12686 16EA0-16EB8 16EBB-16ED3 16FF2-16FF6 187F8-187FF 18CD6-18CDA
    18D09-18D20 18D80-18DF2 18E00-19191 191A0-191D2 1B123-1B128 1B168 1D6A6 1DF1F-1DF24
    1DF2B-1DF81 1DF90-1DF96 1DFCD-1DFFF 1E6C0-1E6DE 1E6E0-1E6E2 1E6E4-1E6E5 1E6E7-1E6ED
    5C8-5C9 B53-B54 1ACF-1AF0 10ECB-10ECF 10EF0-10EFB 11B60-11B67 11DF0 1D127-1D128 1D250-1D252
    1D25B-1D25C 1D25F 1D280-1D281 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5
    1E6F0-1E6F4 1E6FE-1E6FF 2B73A-2B73F 2B81E 2CEA2-2CEAD 323B0-33479 3D000-3FC3F
"""


def code_points(text):
    """From hexadecimal numbers and ranges, "7FD 897-89F", to a list of characters."""
    found = []
    for part in text.split():
        first, _, last = part.partition("-")
        found += map(chr, range(int(first, 16), int(last or first, 16) + 1))
    return found


# later versions have moved four more: two were marks, two were punctuation
CATEGORY = dict.fromkeys(code_points(LATER), "Cn") | {
    "\u1734": "Mn", "\U0001171e": "Mn", "\u166d": "Po", "\U000111c9": "Po"}
LOWER = {          # capitals that Python learns with its next versions
    "\ua7cb": "\u0264", "\ua7dc": "\u019b",
    **{c: chr(ord(c) + 1) for c in "\u1c89\ua7cc\ua7ce\ua7d2\ua7d4\ua7da"},
    **{chr(c): chr(c + 0x20) for c in range(0x10D50, 0x10D66)},
    **{chr(c): chr(c + 0x1B) for c in range(0x16EA0, 0x16EB9)},
}
# the table for decompositions is of Unicode 9: some of the later marks have a class there, and four of today's have none
IN_ORDER = set(code_points("8D4-8E1 1DFB 11442 11446 11C3F 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E944-1E94A"))
CLASS = {c: 0 for c in code_points(LATER + "1715 1193D 16FF0-16FF1") if c not in IN_ORDER}
WHOLE = "\U00011938"        # decomposes since Unicode 13; in the library it does not


UNASSIGNED = dict.fromkeys(map(ord, code_points(NEWER)), "\uffff")
NEEDS_OLDER = regex.compile("[" + "".join(regex.sub(r"\w+", lambda one: f"\\U{one[0]:0>8}", NEWER).split()) + "]")


def older(text):
    """The text as the library's expressions see it: letters and marks newer than their tables are none yet."""
    return text.translate(UNASSIGNED) if NEEDS_OLDER.search(text) else text


def category(c):
    """The general category of a character, in the library's table."""
    return CATEGORY.get(c) or unicodedata.category(c)


def decompose(c):
    """The canonical decomposition of one character, in the library's table."""
    return c if c in WHOLE else unicodedata.normalize("NFD", c)


def combining(c):
    """The class by which marks on one letter are put in order, in the library's table."""
    return CLASS[c] if c in CLASS else unicodedata.combining(c)


def lower_case(c):
    """The small letters of one character, in the library's table."""
    return LOWER.get(c) or c.lower()

"""Training with counts kept up to date; encoding with a heap."""

import heapq
from collections import defaultdict


def train(words, size, min_count=1, longest=None):
    names = ["<unk>"] + sorted(set("".join(words)))
    number = {n: k for k, n in enumerate(names)}
    learned = []
    rows = [([number[c] for c in w], n) for w, n in words.items()]
    where, often = defaultdict(set), defaultdict(int)
    for k, (row, n) in enumerate(rows):
        for pair in zip(row, row[1:]):
            often[pair] += n
            where[pair].add(k)
    heap = [(-n, *pair) for pair, n in often.items()]
    heapq.heapify(heap)
    while heap and len(names) < size:
        n, a, b = heapq.heappop(heap)
        if -n != often[a, b] or -n < max(min_count, 1):
            continue
        if longest is not None and len(names[a] + names[b]) > longest:
            continue
        learned.append((names[a], names[b]))
        new = number.setdefault(names[a] + names[b], len(names))
        if new == len(names):
            names.append(names[a] + names[b])
        changed = set()
        for k in list(where[a, b]):
            row, n = rows[k]
            for pair in zip(row, row[1:]):
                often[pair] -= n
                changed.add(pair)
            k2 = 0
            while k2 + 1 < len(row):
                if row[k2] == a and row[k2 + 1] == b:
                    row[k2 : k2 + 2] = [new]
                k2 += 1
            for pair in zip(row, row[1:]):
                often[pair] += n
                where[pair].add(k)
                changed.add(pair)
        for pair in changed:
            if often[pair] > 0:
                heapq.heappush(heap, (-often[pair], *pair))
    return names, learned

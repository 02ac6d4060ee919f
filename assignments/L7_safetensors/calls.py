"""What is called on top of the student's names: a server in memory that writes down what it is asked for."""

MOST = 40           # requests


def loaded(student, files, index, wanted, limit, gap, lie=""):
    """`load` with a server of these files: (tensors, or "refused"; all requests).

    `lie` is what the server does: "short" and "long" change the answers to requests for data, "grows" the size of a file
    from the second answer on.
    """
    requests = []

    def fetch(file, start, stop):
        requests.append([file, start, stop])
        if len(requests) > MOST:
            raise RuntimeError(f"more than {MOST} requests")
        whole = files.get(file, b"")
        data, size = whole[max(start, 0) : max(stop, 0)], len(whole)
        asked = sum(one[0] == file for one in requests)
        if lie == "short" and asked > 2:
            data = data[:-1]
        if lie == "long" and asked > 2:
            data += b"\0"
        return data, size + (lie == "grows" and asked > 1)

    try:
        found = student.load(fetch, dict(index), list(wanted), limit, gap)
    except ValueError:
        return "refused", requests
    return found, requests

"""The cell that the executor appends: the kernel says what it used.

It is sent as text to the kernel, so it stands alone and imports nothing of the book.
"""
MARK = "parity-report:"

ASK = '''
def _report():
    import json, os, platform, resource, sys
    modules = {name: module for name, module in list(sys.modules.items()) if module is not None}
    files = {os.path.realpath(module.__file__) for name, module in modules.items()
             if name.split(".")[0] == "labs" and getattr(module, "__file__", None)}
    versions = {"python": platform.python_version()}
    for name in ("labs", "torch", "paddle", "numpy", "transformers"):
        if name in modules:
            versions[name] = str(getattr(modules[name], "__version__", "?"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    places = {}
    torch, paddle = modules.get("torch"), modules.get("paddle")
    if torch is not None:
        on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
        places["torch"] = "cuda (" + torch.cuda.get_device_name(0) + ")" if on_gpu else "cpu"
    if paddle is not None:
        place = paddle.get_device()
        places["paddle"] = "cpu" if place == "cpu" else place + " (" + paddle.device.cuda.get_device_name(0) + ")"
    used = {}
    for name in ("labs.data", "labs.fluid", "labs.checkpoints"):
        ask = getattr(modules.get(name), "used", None)
        used[name] = sorted(map(str, ask())) if ask else []
    print("%s" + json.dumps({"files": sorted(files), "versions": versions, "places": places, "cards": used["labs.data"],
          "recordings": used["labs.fluid"] + used["labs.checkpoints"], "peak_mb": peak / (1e6 if sys.platform == "darwin" else 1024)}))
_report()
''' % MARK

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
    import importlib.metadata
    owners, loaded = importlib.metadata.packages_distributions(), {name.split(".")[0] for name in modules}
    always = {"torch", "paddle", "numpy", "transformers", "tokenizers", "safetensors"}       # a child of the kernel may use them
    packages = {package for name in loaded | always for package in owners.get(name, ())} - {"parity-course"}
    place = lambda package: str(importlib.metadata.distribution(package).locate_file(""))
    packages = {each for each in packages if "_vendor" not in place(each)}      # setuptools' own copies are nobody's installation
    versions = {"python": platform.python_version()}
    if "labs" in modules:
        versions["labs"] = str(getattr(modules["labs"], "__version__", "none"))
    versions.update((package, importlib.metadata.version(package)) for package in sorted(packages))
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

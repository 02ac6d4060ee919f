"""Lay the tree that the site is built from, build the site, and put it in `_build/html`.

usage: python -m book.make.site [--allow-missing]

`_build/site`    pages, and the notebooks with the outputs of `_build/runs`; only changed files are written
`_build/sphinx`  what Jupyter Book makes of it, kept so that the next build is short
`_build/html`    the site; replaced only when the build had no warning
"""
import argparse
import datetime
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import nbformat
import yaml

from book.make import api_links, book, glossary, lean, notebooks, plain_pages, project, references, status, twins
from labs import outputs

LEFT_OUT = ("repository.url in _config.yml is still the placeholder: "
            "Colab, repository and issue links and the sitemap are left out")
PARTS = ("book/extension", "book/static", "book/templates")     # folders that are laid as they are
UNUSED = ("*.map", "fontawesome.js*", ".buildinfo*")     # the theme brings them; no page loads them
DATA_MIME = outputs.MIME         # data for the status page; a browser shows the rest of the bundle
MADE = {status.HERE: status.text, glossary.HERE: glossary.text, references.HERE: references.text}        # pages that nobody writes (book.MADE)
TOOLS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "pydata-sphinx-theme")


class SiteError(Exception):
    """The site cannot be built; the message says why and what to do."""


def with_outputs(notebook, run, name):
    """The notebook with what its last good run left behind.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Without outputs; it is changed in place and returned.
    run : dict
        `{"cells": [{"id", "execution_count", "outputs"}, ...]}`: the code cells in order.
    name : str
        For the message.

    Raises
    ------
    SiteError
        If the run belongs to other code cells.
    """
    cells = book.code_cells(notebook)
    ours, theirs = [cell["id"] for cell in cells], [cell["id"] for cell in run["cells"]]
    if ours != theirs:
        at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
        raise SiteError(f"{name}: the run in _build/runs/{name}.json is of other code, from code cell {at + 1} on; "
                        f"execute it again: make chapter NAME={name}")
    for cell, ran in zip(cells, run["cells"]):
        cell.outputs = [nbformat.from_dict(output) for output in ran["outputs"]]
        for output in cell.outputs:
            output.get("data", {}).pop(DATA_MIME, None)
        cell.execution_count = ran["execution_count"]
    return notebook


def derived_config(config, version, date):
    """The `_config.yml` of the laid tree: execution off, and only links that lead somewhere.

    Only what the tree holds is to be built, so Jupyter Book need not choose by the contents:
    that lets in the 404 page, which no contents list.
    """
    made = json.loads(json.dumps(config))
    made["execute"] = {"execute_notebooks": "off"}
    made["only_build_toc_files"] = False
    made.pop("exclude_patterns", None)
    address, sphinx, html = book.address_in(config), made.setdefault("sphinx", {}), made.setdefault("html", {})
    settings = sphinx.setdefault("config", {})
    settings["html_context"] = {"parity_version": version, "parity_date": date, "parity_issues_url": ""}
    if address.real:
        html["baseurl"] = address.pages
        settings["html_context"]["parity_pages_url"] = address.pages
        settings["html_context"]["parity_issues_url"] = f"{address.url}/issues/new"
        settings["notfound_urls_prefix"] = "/" + address.pages.split("/", 3)[3]
        settings["sitemap_url_scheme"] = "{link}"
        settings["sitemap_excludes"] = ["404.html", "search.html", "genindex.html"]
        sphinx.setdefault("extra_extensions", []).append("sphinx_sitemap")
    else:
        for key in ("repository", "launch_buttons"):
            made.pop(key, None)
        for key in [key for key in html if key.startswith("use_")]:
            del html[key]
    return made


def plan(root, date, allow_missing=False):
    """What the laid tree should hold: path in the tree -> bytes.

    Raises
    ------
    SiteError
        If a page of `_toc.yml` is not there, or a notebook has no run of the code it holds.
    """
    config, documents = book.config(root), book.pages(root)
    files = {"_toc.yml": (root / "_toc.yml").read_bytes()}
    missing = []
    for document in documents:
        if document in MADE:
            files[f"{document}.md"] = MADE[document](root, documents).encode()
            continue
        page, name = root / f"{document}.md", PurePosixPath(document).name
        if not notebooks.has_notebook(document, root):
            if not page.exists():
                raise SiteError(f"_toc.yml names {document}, but there is neither {document}.md nor {document}.ipynb")
            files[f"{document}.md"] = page.read_bytes()
            continue
        made, run = notebooks.of_page(document, root), root / "_build/runs" / f"{name}.json"
        if run.exists():
            try:
                with_outputs(made, json.loads(run.read_text(encoding="utf-8")), name)
            except SiteError:
                if not allow_missing:
                    raise
        elif not allow_missing:
            missing.append(name)
        files[f"{document}.ipynb"] = (nbformat.writes(made) + "\n").encode()
    if missing:
        raise SiteError(f"not executed yet: {', '.join(missing)}. Run make book, or make chapter NAME={missing[0]}; "
                        "--allow-missing builds the site without their outputs")
    if (root / "book/pages/404.md").exists():
        files["404.md"] = (root / "book/pages/404.md").read_bytes()
    for part in PARTS:
        files |= {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted((root / part).rglob("*"))
                  if file.is_file() and "__pycache__" not in file.parts}
    files["book/glossary.json"] = json.dumps(glossary.for_site(root, documents), ensure_ascii=False).encode()
    files["book/api_links.json"] = json.dumps(api_links.for_site(root), ensure_ascii=False).encode()
    sources = sorted([*(root / "labs").glob("timing.py"), *(root / "labs").glob("parity/*.py"), *(root / "labs").glob("data/*.py")])
    files["book/interface.json"] = json.dumps(hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()).encode()
    twin_files, twin_pages = twins.files(root, documents)
    files |= {name: text.encode() for name, text in twin_files.items()}
    files["book/twins.json"] = json.dumps(twin_pages).encode()
    shared = ("book/glossary.json", "book/api_links.json")
    everywhere = [name for name in sorted(files) if name.startswith("book/static/") or name in shared]
    digest = hashlib.sha256(b"".join(files[name] for name in everywhere)).hexdigest()
    made = derived_config(config, book.version(root), date)
    made["sphinx"]["config"]["html_context"]["parity_static"] = digest[:16]     # an edited style sheet or glossary rewrites all pages
    files["_config.yml"] = yaml.safe_dump(made, allow_unicode=True).encode()
    return files


def lay(files, target):
    """Write what differs, delete what is no longer wanted.

    Returns
    -------
    (written, deleted) : lists of path names
    """
    written = []
    for name, content in files.items():
        path = target / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(name)
    deleted = [file.relative_to(target).as_posix() for file in sorted(target.rglob("*"))
               if file.is_file() and "__pycache__" not in file.parts and file.relative_to(target).as_posix() not in files]
    for name in deleted:
        (target / name).unlink()
    return written, deleted


def digest_of(files):
    """One checksum over the laid tree and the versions of what builds it."""
    digest = hashlib.sha256("".join(f"{tool} {importlib.metadata.version(tool)}\n" for tool in TOOLS).encode())
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()


def make_html(root, source, output):
    """Run Jupyter Book; warnings are errors, all of them are shown.

    A failed build is thrown away: a second one would find the pages made and stay silent about their warnings.
    """
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", "-W", "-n", "--keep-going",
               "--path-output", str(output), str(source)]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
                          errors="replace", env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"})
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    log = root / "_build/site.log"
    log.write_text(text, encoding="utf-8")
    if done.returncode != 0:
        shutil.rmtree(output, ignore_errors=True)
        said = [line[:500] for line in text.splitlines() if re.search(r"\b(warning|error|critical|exception)\b", line, re.I)]
        raise SiteError("Jupyter Book failed; the site that stood before is untouched. It said (all of it: _build/site.log):\n"
                        + "\n".join(said[-40:] or text.splitlines()[-20:]))


def publish(made, target, beside=()):
    """Put the finished site in its place in one step, with the texts that lie `beside` the pages (path -> text)."""
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, fresh, ignore=shutil.ignore_patterns(*UNUSED))
    lean.make(fresh)
    for name, text in dict(beside).items():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).write_text(text, encoding="utf-8")
    (fresh / ".nojekyll").write_text("", encoding="utf-8")       # GitHub Pages then serves _static too
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def beside(root, files):
    """What lies in the site beside its pages: their texts for programs, and what search engines ask for first."""
    address = book.address(root)
    base = address.pages if address.real else ""
    made = plain_pages.files(root, book.pages(root), {name: files[f"{name}.md"].decode() for name in MADE if f"{name}.md" in files}, base)
    return made | {"robots.txt": "User-agent: *\nAllow: /\n" + (f"Sitemap: {base}sitemap.xml\n" if base else "")}


def build(root, allow_missing=False, today=None):
    """Lay, build and publish; False when nothing had changed."""
    source, output, html = (root / "_build" / name for name in ("site", "sphinx", "html"))
    stamp = output / "stamp.json"
    today = today or datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    if stamp.exists() and (html / "index.html").exists():
        last = json.loads(stamp.read_text(encoding="utf-8"))
        if last["digest"] == digest_of(plan(root, last["date"], allow_missing)):
            return False
    files = plan(root, today, allow_missing)
    stamp.unlink(missing_ok=True)
    _, deleted = lay(files, source)
    if deleted:                                         # Sphinx would leave the pages of what is gone
        shutil.rmtree(output, ignore_errors=True)
    make_html(root, source, output)
    publish(output / "_build/html", html, beside(root, files))
    stamp.write_text(json.dumps({"digest": digest_of(files), "date": today}), encoding="utf-8")
    return True


def main(arguments=None):
    """Command line; the exit status is 1 when there is no site."""
    parser = argparse.ArgumentParser(description="Build the site in _build/html from the executed chapters.")
    parser.add_argument("--allow-missing", action="store_true", help="build also if chapters have not been executed")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[2]
    try:
        if not book.address(root).real:
            print(f"site: {LEFT_OUT}", flush=True)
        with project.Part("site", root):
            changed = build(root, options.allow_missing)
    except (SiteError, book.BookError) as error:
        sys.exit(f"site: {error}")
    print(f"site: {'built' if changed else 'unchanged'}: _build/html/index.html    (make serve shows it in a browser)")


if __name__ == "__main__":
    main()

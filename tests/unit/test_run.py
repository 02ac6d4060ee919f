"""One switch chooses among smoke, quick and full."""
import pytest

from labs import outputs, run


def test_quick_is_the_default(monkeypatch):
    monkeypatch.delenv("LABS_RUN", raising=False)
    assert run.mode() == "quick"
    monkeypatch.setenv("LABS_RUN", "")
    assert run.mode() == "quick"


@pytest.mark.parametrize("name", ["smoke", "quick", "full"])
def test_each_run_takes_its_own_value(monkeypatch, name):
    monkeypatch.setenv("LABS_RUN", name)
    assert run.mode() == name
    assert run.pick(smoke="smoke", quick="quick", full="full") == name


def test_an_unknown_run_raises_with_the_nearest(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "Smok")
    with pytest.raises(run.RunError, match="expected one of smoke, quick, full, got 'Smok'. Did you mean 'smoke'"):
        run.mode()


def test_a_chapter_must_say_what_every_run_takes():
    with pytest.raises(TypeError, match="full"):
        run.pick(smoke=1, quick=2)


@pytest.mark.parametrize("name, others", [("smoke", ("quick", "full")), ("quick", ("smoke", "full")), ("full", ("smoke", "quick"))])
def test_the_banner_says_which_run_and_how_to_change_it(monkeypatch, name, others):
    monkeypatch.setenv("LABS_RUN", name)
    banner = run.banner(120)
    assert f"the {name} run" in repr(banner)
    for other in others:
        assert f"LABS_RUN={other}" in repr(banner)
    assert ("120 processor seconds" in repr(banner)) == (name == "quick"), "the budget is that of the quick run"
    bundle = banner._repr_mimebundle_()
    assert f"the {name} run" in bundle["text/html"]
    assert bundle[outputs.MIME] == {"kind": "run", "mode": name, "budget_s": 120}

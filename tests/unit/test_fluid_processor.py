"""A recording names the processor it was made on: model and widest vector unit, never the machine."""
import platform

import pytest

from labs.fluid import processor

LINES = "processor\t: 0\nmodel name\t: Intel(R)  Xeon(R) CPU @ 2.20GHz\nflags\t\t: fpu sse4_2 {}\n"


@pytest.mark.parametrize("flags, unit", [("", "SSE4.2"), ("avx", "AVX"), ("avx avx2", "AVX2"), ("avx avx2 avx512f", "AVX-512")])
def test_the_widest_unit_is_named(tmp_path, monkeypatch, flags, unit):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    processor.CPUINFO.write_text(LINES.format(flags))
    found = processor.here()
    assert str(found) == f"Intel(R) Xeon(R) CPU @ 2.20GHz, {unit}" and processor.named(str(found)) == found
    assert found.has("SSE4.2") and found.has("AVX") == bool(flags)


def test_a_system_without_the_file_is_described_by_its_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "none")
    found = processor.here()
    assert found.name and found.unit == "no vector unit" and not found.has("SSE4.2")


def test_the_machine_itself_is_not_named():
    assert platform.node() not in str(processor.here())


def test_a_mistyped_unit_is_an_error_and_not_false():
    with pytest.raises(ValueError, match="expected a vector unit of SSE4.2, AVX, AVX2, AVX-512, got 'avx'"):
        processor.here().has("avx")

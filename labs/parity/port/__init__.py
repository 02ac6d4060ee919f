"""Port your own model: two files, one for each framework, climb the ladder, and a report says where they part.

>>> from labs.parity.port import check                            # doctest: +SKIP
>>> def test_port(): check("paddle_side.py", "torch_side.py")     # doctest: +SKIP
"""
from labs.parity.port.checkpoint import carry, read_checkpoint
from labs.parity.port.report import Report, check, port
from labs.parity.port.sides import variance_of_paddle
from labs.parity.port.templates import write_templates

__all__ = ["Report", "carry", "check", "port", "read_checkpoint", "variance_of_paddle", "write_templates"]

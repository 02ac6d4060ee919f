"""Files that run over there, in the Fluid process: they import nothing of labs and keep to Python 3.7."""

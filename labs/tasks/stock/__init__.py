"""Stock layers, optimizers and models of both frameworks, with their default settings: an honest port must not be red."""

"""Planted mistakes: a ladder that cannot fail proves nothing."""
from labs.parity.mistakes.catching import Caught, caught
from labs.parity.mistakes.planting import (
                                           KINDS,
                                           Mistake,
                                           always,
                                           mistakes_for,
                                           plant,
                                           with_batch,
                                           with_config,
                                           with_input,
                                           with_layers,
                                           with_model,
                                           with_optimizer,
                                           with_step,
                                           with_weights,
)

__all__ = ["KINDS", "Caught", "Mistake", "always", "caught", "mistakes_for", "plant", "with_batch", "with_config", "with_input",
           "with_layers", "with_model", "with_optimizer", "with_step", "with_weights"]

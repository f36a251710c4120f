"""Networks as settings plus arithmetic over memory that the engine owns: layers, activations, inits, losses, models."""

"""Layers, activations, inits, losses and models: frozen settings, and arithmetic on memory that the engine owns."""

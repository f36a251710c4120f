"""Optimizers (rules for one flat vector), schedules of the learning rate, regularizers, clipping, averaging."""

"""MemberInput's kernel: that of a dense layer of members units."""

from trainlab.engine.compiled.layers.dense import lower

__all__ = ["lower"]

"""The language of claims and texts: calls of known functions, arithmetic and comparisons.

    best(relu, val_accuracy) > best(sigmoid, val_accuracy) + 0.01

A name inside a call is a text (of a run, a column); so is `a.b`. Nothing else of Python can be written.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from trainlab.core.errors import UserError

Functions = Mapping[str, Callable[..., Any]]

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
PLAIN: Functions = {"min": min, "max": max, "abs": abs, "log": math.log, "sqrt": math.sqrt, "round": round}


def evaluate(text: str, functions: Functions) -> Any:
    """The value of an expression. Raises UserError for what the language does not have, and for a failing call."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        return _value(node, {**PLAIN, **functions}, inside=False)
    except SyntaxError:
        raise UserError(f"`{text}`: not an expression") from None
    except (TypeError, KeyError, IndexError, ZeroDivisionError, ValueError) as error:
        raise UserError(f"`{text}`: {type(error).__name__}: {error}") from error


def sides(text: str, functions: Functions) -> list[tuple[str, Any]]:
    """The expressions that a comparison compares, each with its value; the expression itself if it is none."""
    node = ast.parse(text.strip(), mode="eval").body
    parts = [p for one in (node.values if isinstance(node, ast.BoolOp) else [node]) for p in _compared(one)]
    return [(ast.unparse(part), evaluate(ast.unparse(part), functions)) for part in parts]


def _compared(node: ast.expr) -> list[ast.expr]:
    return [node.left, *node.comparators] if isinstance(node, ast.Compare) else [node]


def _value(node: ast.expr, functions: Functions, *, inside: bool) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(id) if inside:
            return id
        case ast.Attribute() if inside:
            return ast.unparse(node)
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand, functions, inside=inside)
        case ast.UnaryOp(ast.Not(), operand):
            return not _value(operand, functions, inside=inside)
        case ast.BinOp(left, op, right) if type(op) in _BINARY:
            pair = (_value(left, functions, inside=False), _value(right, functions, inside=False))
            return _BINARY[type(op)](*pair)
        case ast.Compare(left, ops, comparators) if all(type(op) in _COMPARE for op in ops):
            found = [_value(part, functions, inside=False) for part in (left, *comparators)]
            return all(_COMPARE[type(op)](found[i], found[i + 1]) for i, op in enumerate(ops))
        case ast.BoolOp(ast.And(), values):
            return all(_value(part, functions, inside=False) for part in values)
        case ast.BoolOp(ast.Or(), values):
            return any(_value(part, functions, inside=False) for part in values)
        case ast.List(elements):
            return [_value(part, functions, inside=inside) for part in elements]
        case ast.Call(ast.Name(id), args, keywords) if id in functions:
            given = [_value(part, functions, inside=True) for part in args]
            more = {k.arg: _value(k.value, functions, inside=True) for k in keywords if k.arg}
            return functions[id](*given, **more)
        case _:
            raise UserError(f"`{ast.unparse(node)}`: cannot be computed here; known are {', '.join(sorted(functions))}")
